-- What dashboards read. Views run with the owner's rights, so the reader needs no right on any table and sees no secret, no free
-- text and no log. Times are timestamptz; `status` is CAP's: Actual, Exercise, Test.

-- A clock that has run out: none while suspended, none after the end.
create function policegrid.task_is_overdue(state text, accept_by timestamptz, start_by timestamptz, finish_by timestamptz,
                                           verify_by timestamptz, at timestamptz) returns boolean
    language sql immutable parallel safe as $$
    select coalesce(case state
        when 'issued' then least(accept_by, start_by, finish_by) < at
        when 'accepted' then least(start_by, finish_by) < at
        when 'in_progress' then finish_by < at
        when 'completed' then verify_by < at
    end, false)
$$;

create view policegrid.task_status as
select t.area,
       t.id as task,
       t.number,
       t.unit,
       u.title as unit_title,
       t.tier,
       t.kind,
       t.step,
       t.brief ->> 'title' as title,
       t.brief ->> 'title_en' as title_en,
       t.state,
       t.severity,
       t.reality as status,
       t.card,
       t.card_clock,
       t.handler,
       t.assignee,
       t.audience,
       t.case_id,
       t.origin_type,
       t.origin_id,
       t.origin_unit,
       case when t.origin_type = 'warning' then t.origin_id::uuid end as warning,
       t.issued_at,
       t.not_before,
       t.accept_by,
       t.accepted_at,
       t.start_by,
       t.started_at,
       t.finish_by,
       t.completed_at,
       t.verify_by,
       case when t.state = 'closed' then t.ended_at end as closed_at,
       t.ended_at,
       t.suspend_until,
       t.outcome,
       t.body -> 'result' as result,
       policegrid.task_is_overdue(t.state, t.accept_by, t.start_by, t.finish_by, t.verify_by, now()) as overdue,
       e.id as escalation,
       e.level as escalation_level,
       e.state as escalation_state,
       e.to_unit as escalation_to,
       t.follows,
       t.place,
       t.device,
       t.hops,
       t.raised,
       t.returns,
       t.late,
       t.revision,
       t.state_revision
  from policegrid.task t
  join policegrid.unit u on u.area = t.area and u.id = t.unit
  left join lateral (select * from policegrid.escalation x where x.area = t.area and x.task = t.id
                      order by x.opened_at desc, x.born desc limit 1) e on true;

create view policegrid.escalation_history as
select h.area,
       h.escalation,
       h.task,
       t.number,
       h.seq,
       h.ordinal,
       h.at,
       h.level,
       h.from_unit,
       h.to_unit,
       h.state,
       h.state as action,
       h.cause,
       h.reason,
       h.by_member as by,
       case when e.ended_at is not null and h.state = e.state then e.outcome end as outcome,
       t.severity,
       t.reality as status
  from policegrid.escalation_event h
  join policegrid.escalation e on e.area = h.area and e.id = h.escalation
  join policegrid.task t on t.area = h.area and t.id = h.task;

create view policegrid.escalation_status as
select e.area,
       e.id as escalation,
       e.task,
       t.number,
       t.kind,
       t.brief ->> 'title' as title,
       t.brief ->> 'title_en' as title_en,
       t.unit,
       e.level,
       e.from_unit,
       e.to_unit,
       e.state,
       e.ended_at is null as open,
       e.cause,
       e.reason,
       e.opened_by as by,
       e.opened_by,
       e.opened_at,
       e.assignee,
       e.accept_by,
       e.accepted_at,
       (select h.by_member from policegrid.escalation_event h
         where h.area = e.area and h.escalation = e.id and h.state = 'accepted' order by h.seq, h.ordinal limit 1) as accepted_by,
       e.finish_by,
       e.ended_at,
       (select h.by_member from policegrid.escalation_event h
         where h.area = e.area and h.escalation = e.id and e.ended_at is not null and h.state = e.state
         order by h.seq desc, h.ordinal desc limit 1) as ended_by,
       e.outcome,
       e.passed_to,
       e.bundle,
       e.ended_at is null and least(case when e.state = 'open' then e.accept_by end, e.finish_by) < now() as overdue,
       t.state as task_state,
       t.severity,
       t.reality as status,
       case when t.origin_type = 'warning' then t.origin_id::uuid end as warning,
       e.revision
  from policegrid.escalation e
  join policegrid.task t on t.area = e.area and t.id = e.task;

-- Exercises and tests count in no statistic.
create view policegrid.unit_status as
select u.area,
       u.id as unit,
       u.tier,
       u.parent,
       u.title,
       u.title_en,
       coalesce(t.total, 0) as total,
       coalesce(t.open, 0) as open,
       coalesce(t.issued, 0) as issued,
       coalesce(t.accepted, 0) as accepted,
       coalesce(t.in_progress, 0) as in_progress,
       coalesce(t.completed, 0) as completed,
       coalesce(t.suspended, 0) as suspended,
       coalesce(t.closed, 0) as closed,
       coalesce(t.cancelled, 0) as cancelled,
       coalesce(t.expired, 0) as expired,
       coalesce(t.overdue, 0) as overdue,
       coalesce(t.yellow, 0) as yellow,
       coalesce(t.red, 0) as red,
       coalesce(t.escalated, 0) as escalated,
       coalesce(e.open, 0) as escalations_open,
       coalesce(e.total, 0) as escalations_total,
       coalesce(t.closed_today, 0) as closed_today
  from policegrid.unit u
  left join lateral (
        select count(*) as total,
               count(*) filter (where x.ended_at is null) as open,
               count(*) filter (where x.state = 'issued') as issued,
               count(*) filter (where x.state = 'accepted') as accepted,
               count(*) filter (where x.state = 'in_progress') as in_progress,
               count(*) filter (where x.state = 'completed') as completed,
               count(*) filter (where x.state = 'suspended') as suspended,
               count(*) filter (where x.state = 'closed') as closed,
               count(*) filter (where x.state = 'cancelled') as cancelled,
               count(*) filter (where x.state = 'expired') as expired,
               count(*) filter (where policegrid.task_is_overdue(x.state, x.accept_by, x.start_by, x.finish_by, x.verify_by, now())) as overdue,
               count(*) filter (where x.ended_at is null and x.card = 'yellow') as yellow,
               count(*) filter (where x.ended_at is null and x.card = 'red') as red,
               count(*) filter (where x.escalation is not null) as escalated,
               count(*) filter (where x.state = 'closed' and x.ended_at >= day.began) as closed_today
          from policegrid.task x,
               (select (date_trunc('day', now() at time zone 'UTC' + zone.ahead) - zone.ahead) at time zone 'UTC' as began
                  from (select make_interval(mins => coalesce((select o.utc_offset from policegrid.organisation o
                                                                where o.area = u.area and o.is_current), 480)) as ahead) zone) day
         where x.area = u.area and x.unit = u.id and x.reality = 'Actual') t on true
  left join lateral (
        select count(*) as total, count(*) filter (where x.ended_at is null) as open
          from policegrid.escalation x join policegrid.task k on k.area = x.area and k.id = x.task
         where x.area = u.area and x.to_unit = u.id and k.reality = 'Actual') e on true
 where u.active;

create view policegrid.warning_progress as
select w.area,
       w.id as warning,
       w.identifier,
       w.unit,
       w.sender,
       w.cap -> 'info' -> 0 ->> 'event' as event,
       w.event_code,
       w.cap -> 'info' -> 0 ->> 'headline' as headline,
       w.severity,
       w.state,
       w.reality as status,
       w.sent,
       w.expires,
       w.posted_at,
       w.ended_at,
       w.revision,
       t.units,
       (select count(*) from policegrid.notice n where n.area = w.area and n.warning = w.id and not n.withdrawn) as notices,
       (select count(*) from policegrid.notice n where n.area = w.area and n.warning = w.id and not n.withdrawn and n.acks <> '{}') as acknowledged,
       t.tasks,
       t.open,
       t.issued,
       t.accepted,
       t.in_progress,
       t.completed,
       t.closed,
       t.cancelled,
       t.expired,
       t.suspended,
       t.escalated,
       t.escalations_open,
       t.overdue,
       t.yellow,
       t.red
  from policegrid.warning w
  cross join lateral (
        select count(distinct x.unit) as units,
               count(*) as tasks,
               count(*) filter (where x.ended_at is null) as open,
               count(*) filter (where x.state = 'issued') as issued,
               count(*) filter (where x.accepted_at is not null) as accepted,
               count(*) filter (where x.state = 'in_progress') as in_progress,
               count(*) filter (where x.completed_at is not null) as completed,
               count(*) filter (where x.state = 'closed') as closed,
               count(*) filter (where x.state = 'cancelled') as cancelled,
               count(*) filter (where x.state = 'expired') as expired,
               count(*) filter (where x.state = 'suspended') as suspended,
               count(*) filter (where exists (select from policegrid.escalation e where e.area = x.area and e.task = x.id)) as escalated,
               count(*) filter (where x.escalation is not null) as escalations_open,
               count(*) filter (where policegrid.task_is_overdue(x.state, x.accept_by, x.start_by, x.finish_by, x.verify_by, now())) as overdue,
               count(*) filter (where x.ended_at is null and x.card = 'yellow') as yellow,
               count(*) filter (where x.ended_at is null and x.card = 'red') as red
          from policegrid.task x
         where x.area = w.area and x.origin_id = w.id::text and x.origin_type = 'warning') t;

grant select on policegrid.task_status, policegrid.escalation_history, policegrid.escalation_status, policegrid.unit_status,
    policegrid.warning_progress to policegrid_reader, policegrid_daemon;
-- a view of one owner calls functions with the rights of who asks
revoke all on function policegrid.task_is_overdue(text, timestamptz, timestamptz, timestamptz, timestamptz, timestamptz) from public;
grant execute on function policegrid.task_is_overdue(text, timestamptz, timestamptz, timestamptz, timestamptz, timestamptz)
    to policegrid_reader, policegrid_daemon;

comment on view policegrid.task_status is '任务现状：每个任务一行，含期限、卡片与上报 / tasks as they stand: clocks, cards, escalation; one row a task';
comment on column policegrid.task_status.number is '任务编号（口头使用） / number for speaking';
comment on column policegrid.task_status.state is '状态 / issued, accepted, in_progress, completed, closed, suspended, cancelled, expired';
comment on column policegrid.task_status.status is '实战、演练或测试 / Actual, Exercise or Test (CAP 1.2)';
comment on column policegrid.task_status.card is '黄牌催办、红牌督办 / none, yellow (reminded), red (supervised)';
comment on column policegrid.task_status.handler is '当前办理单位 / unit that works on it now';
comment on column policegrid.task_status.warning is '来源预警 / the warning that it came from';
comment on column policegrid.task_status.overdue is '是否超期 / whether a clock has run out (never while suspended or ended)';
comment on column policegrid.task_status.escalation is '最近一次上报 / its latest escalation, open or ended';
comment on column policegrid.task_status.escalation_level is '上报层级 / rung of the latest escalation, 1 = first';
comment on column policegrid.task_status.late is '结束后才到的办结次数 / completions that came after its end';

comment on view policegrid.escalation_status is '上报现状：每级一行，谁、何时、哪级、为何、如何结束 / escalations, open and ended: who, when, which level, why, how it ended; one row a rung';
comment on column policegrid.escalation_status.cause is '起因 / the clock that ran out (accept, start, finish, verify) or the verb (escalate, decline)';
comment on column policegrid.escalation_status.opened_by is '由谁上报 / who; daemon = a clock';
comment on column policegrid.escalation_status.outcome is '结束方式 / how it ended';
comment on column policegrid.escalation_status.passed_to is '再上一级的上报 / the next rung''s escalation';
comment on column policegrid.escalation_status.bundle is '同源同向的上报合并提醒 / escalations of one origin to one unit share it';

comment on view policegrid.escalation_history is '上报全过程：每一步一行（只追加） / every step of every escalation: who, when, which level, why, how it ended';
comment on column policegrid.escalation_history.action is '该步后的状态 / state after the step: open, accepted, resolved, returned, passed_up, withdrawn';
comment on column policegrid.escalation_history.by is '经办人 / who; daemon = a clock';
comment on column policegrid.escalation_history.seq is '事实日志序号 / sequence in the log of facts';

comment on view policegrid.unit_status is '单位统计：在办、超期、牌、上报（不含演练与测试） / counters of each unit, exercises and tests left out';
comment on column policegrid.unit_status.open is '未结束任务 / tasks not ended';
comment on column policegrid.unit_status.escalated is '正在上报的本单位任务 / own tasks with an open escalation';
comment on column policegrid.unit_status.escalations_open is '报到本单位、未了结的上报 / open escalations addressed to it';
comment on column policegrid.unit_status.closed_today is '今日结案（本镇时区） / closed today in the town''s time zone';

comment on view policegrid.warning_progress is '预警进展：签收、办结、上报数 / how far each warning has come: one row a warning';
comment on column policegrid.warning_progress.units is '有任务的单位数 / units that have or had a task of it';
comment on column policegrid.warning_progress.notices is '当前收到预警的单位数 / units that the warning is addressed to now';
comment on column policegrid.warning_progress.acknowledged is '已签收预警的单位数 / units that acknowledged the warning itself';
comment on column policegrid.warning_progress.accepted is '曾签收的任务数 / tasks ever accepted';
comment on column policegrid.warning_progress.completed is '曾办结的任务数 / tasks ever completed (closed ones included)';
comment on column policegrid.warning_progress.escalated is '曾上报的任务数 / tasks ever escalated';
