-- The task list and the results list (M02) as views; the duty list stands with the duties. Exercises and tests are listed with their
-- status: whoever counts leaves them out. And the monthly assessment (M01, M33), which joins a person's mark with what is known.

create index task_by_end on policegrid.task (ended_at, area) where ended_at is not null;

-- The clock that runs out next: none while suspended, none after the end.
create function policegrid.task_due(state text, accept_by timestamptz, start_by timestamptz, finish_by timestamptz, verify_by timestamptz)
    returns timestamptz language sql immutable parallel safe as $$
    select case state
        when 'issued' then least(accept_by, start_by, finish_by)
        when 'accepted' then least(start_by, finish_by)
        when 'in_progress' then finish_by
        when 'completed' then verify_by
    end
$$;

-- Today and this week (from Monday) in the town's zone, which is `ahead` of UTC.
create function policegrid.due_when(due timestamptz, at timestamptz, ahead interval) returns text
    language sql immutable parallel safe as $$
    select case
        when due is null then 'open'
        when due < at then 'overdue'
        when date_trunc('day', due at time zone 'UTC' + ahead) = date_trunc('day', at at time zone 'UTC' + ahead) then 'today'
        when date_trunc('week', due at time zone 'UTC' + ahead) = date_trunc('week', at at time zone 'UTC' + ahead) then 'week'
        else 'later'
    end
$$;

-- A row for each unit that an open task stands with: the one that does it, and those that take part or are informed.
create view policegrid.task_list as
select t.area,
       w.unit,
       u.title as unit_title,
       u.title_en as unit_title_en,
       w.part,
       t.id as task,
       t.number,
       t.kind,
       t.step,
       t.brief ->> 'title' as title,
       t.brief ->> 'title_en' as title_en,
       t.audience,
       t.state,
       t.severity,
       t.reality as status,
       coalesce(t.assignee, t.body -> 'accepted' ->> 0) as member,
       t.assignee,
       policegrid.due_when(d.due_at, now(), z.ahead) as due,
       d.due_at,
       t.accept_by,
       t.finish_by,
       t.card,
       t.escalation is not null as escalated,
       t.handler,
       t.case_id,
       t.origin_type,
       t.origin_id,
       t.place,
       t.issued_at,
       t.revision
  from policegrid.task t
  cross join lateral (select policegrid.task_due(t.state, t.accept_by, t.start_by, t.finish_by, t.verify_by) as due_at) d
  cross join lateral (select make_interval(mins => coalesce((select o.utc_offset from policegrid.organisation o
                                                              where o.area = t.area and o.is_current), 480)) as ahead) z
  cross join lateral (select t.unit, 'lead' as part
                       union all
                      select p.unit, p.part from policegrid.task_part p
                       where p.area = t.area and p.task = t.id and p.unit <> t.unit and p.part_state <> 'transferred') w
  join policegrid.unit u on u.area = t.area and u.id = w.unit
 where t.live and t.ended_at is null;

-- What was done, by the unit whose work it was: neither what was declined nor what came right by itself. In time: null where no such clock was set.
create view policegrid.result_list as
select t.area,
       t.unit,
       u.title as unit_title,
       u.title_en as unit_title_en,
       t.tier,
       t.id as task,
       t.number,
       t.case_id,
       t.kind,
       t.step,
       t.brief ->> 'title' as title,
       t.brief ->> 'title_en' as title_en,
       t.audience,
       t.severity,
       t.reality as status,
       t.origin_type,
       t.origin_id,
       t.outcome,
       t.body ->> 'completed_by' as completed_by,
       t.accepted_at,
       t.completed_at,
       t.ended_at as closed_at,
       coalesce(t.accepted_at, t.completed_at, t.ended_at) <= t.accept_by as accepted_in_time,
       coalesce(t.completed_at, t.ended_at) <= t.finish_by as completed_in_time,
       t.returns,
       t.late,
       t.raised,
       exists (select from policegrid.escalation e where e.area = t.area and e.task = t.id) as escalated,
       t.place,
       t.body -> 'result' as result,
       (select sum(e.points) from policegrid.points_entry e
         where e.origin_id = t.id::text and e.area = t.area and e.origin_type = 'task' and e.kind in ('base', 'bonus'))::bigint as points
  from policegrid.task t
  join policegrid.unit u on u.area = t.area and u.id = t.unit
 where t.state = 'closed' and t.outcome in ('done', 'resolved');

-- Each unit that was assessed, by the month that it was assessed for: the one before. Marks are people's; the figures are of the clocks
-- that fell due in that month and of the work that was done in it, and never of presence. A clock is asked of a unit unless the work had
-- ended before it ran out without having been answered (cancelled, resolved from above, right by itself).
create view policegrid.assessment as
select t.area,
       to_char(m.first, 'YYYY-MM') as month,
       t.unit,
       u.title as unit_title,
       u.title_en as unit_title_en,
       u.tier,
       x.unit as assessor,
       case when x.completed_at is not null then 'assessed'
            when x.id is not null and x.ended_at is null then 'mark'
            when t.ended_at is null then 'self'
            else 'none' end as state,
       (t.body -> 'result' ->> 'self')::integer as self,
       case when x.completed_at is not null then (x.body -> 'result' ->> 'mark')::integer end as mark,
       case when x.completed_at is not null then x.body -> 'result' ->> 'reason' end as reason,
       x.completed_at as assessed_at,
       f.accept_asked,
       f.accepted_in_time,
       f.finish_asked,
       f.finished_in_time,
       f.results,
       f.returned,
       (select count(*) from policegrid.report r
         where r.area = t.area and r.unit = t.unit and r.reality = 'Actual' and r.state not in ('merged', 'dismissed')
           and coalesce(r.occurred_at, r.received_at) >= m.since and coalesce(r.occurred_at, r.received_at) < m.until) as reports,
       t.case_id,
       t.id as self_task,
       x.id as mark_task
  from policegrid.task t
  join policegrid.unit u on u.area = t.area and u.id = t.unit
  cross join lateral (select make_interval(mins => coalesce((select o.utc_offset from policegrid.organisation o
                                                              where o.area = t.area and o.is_current), 480)) as ahead) z
  cross join lateral (select date_trunc('month', t.issued_at at time zone 'UTC' + z.ahead) - interval '1 month' as first) l
  cross join lateral (select l.first, (l.first - z.ahead) at time zone 'UTC' as since,
                             (l.first + interval '1 month' - z.ahead) at time zone 'UTC' as until) m
  left join lateral (select y.* from policegrid.task y
                      where y.area = t.area and y.case_id = t.case_id and y.step = 'mark' and y.state <> 'cancelled'
                      order by y.born desc limit 1) x on true
  cross join lateral (
        select count(*) filter (where a.asked) as accept_asked,
               count(*) filter (where a.asked and coalesce(y.accepted_at, y.completed_at) <= y.accept_by) as accepted_in_time,
               count(*) filter (where d.asked) as finish_asked,
               count(*) filter (where d.asked and y.completed_at <= y.finish_by) as finished_in_time,
               count(*) filter (where y.state = 'closed' and y.outcome = 'done' and y.ended_at >= m.since and y.ended_at < m.until) as results,
               coalesce(sum((select count(*) from policegrid.task_event e
                              where e.area = y.area and e.task = y.id and e.verb = 'return' and e.at >= m.since and e.at < m.until)), 0)::bigint
                   as returned
          from policegrid.task y
          cross join lateral (select y.accept_by >= m.since and y.accept_by < m.until
                                     and not coalesce(y.accepted_at is null and y.completed_at is null and y.ended_at <= y.accept_by, false) as asked) a
          cross join lateral (select y.finish_by >= m.since and y.finish_by < m.until
                                     and not coalesce(y.completed_at is null and y.ended_at <= y.finish_by, false) as asked) d
         where y.area = t.area and y.unit = t.unit and y.reality = 'Actual' and y.kind <> 'assessment') f
 where t.kind = 'assessment' and t.step = 'self' and t.reality = 'Actual' and t.state <> 'cancelled';

create index task_by_kind on policegrid.task (kind, area) where kind = 'assessment';

revoke all on function policegrid.task_due(text, timestamptz, timestamptz, timestamptz, timestamptz),
    policegrid.due_when(timestamptz, timestamptz, interval) from public;
grant execute on function policegrid.task_due(text, timestamptz, timestamptz, timestamptz, timestamptz),
    policegrid.due_when(timestamptz, timestamptz, interval) to policegrid_reader, policegrid_daemon;
grant select on policegrid.task_list, policegrid.result_list, policegrid.assessment to policegrid_reader, policegrid_daemon;

comment on view policegrid.task_list is '任务清单：每个单位的未结任务，按到期分为逾期、今日、本周、以后 / the task list: open tasks of each unit, by when they are due: overdue, today, week, later, open (no clock runs)';
comment on column policegrid.task_list.member is '承办人：指派的，或首先签收的 / who is to do it: assigned, or the first who took it on';
comment on column policegrid.task_list.status is '实战、演练或测试 / Actual, Exercise or Test';
comment on view policegrid.result_list is '成绩清单：已结任务及其计数 / the results list: what was closed, with what was counted in it and whether it was in time';
comment on column policegrid.result_list.completed_by is '办结人（成员编号） / who completed it, or resolved it from above';
comment on column policegrid.result_list.status is '实战、演练或测试 / Actual, Exercise or Test';
comment on column policegrid.result_list.points is '该任务所计积分 / points that were credited for it; null when none';
comment on view policegrid.assessment is '月度考评：二级对三级的评分及理由，并列该月签收、办结的及时情况 / monthly assessment: the mark of the unit above with its reason, beside what was accepted and finished in time, returned and done in that month';
comment on column policegrid.assessment.state is '环节：self 自评、mark 待上级评、assessed 已评、none 未评 / self: rates itself; mark: the unit above is asked; assessed; none: ended without a mark';
comment on column policegrid.assessment.accept_asked is '当月到期的签收时限 / clocks of acceptance that fell due in the month';
comment on column policegrid.assessment.finish_asked is '当月到期的办结时限 / clocks of completion that fell due in the month';
comment on column policegrid.assessment.results is '当月办结件数 / tasks done in the month';
comment on column policegrid.assessment.returned is '当月被退回次数 / times that work was returned in the month';
