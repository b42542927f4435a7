-- Statistics. One view, figure_row, says what is counted: a row for each thing that a figure is made of, and every figure here is a sum
-- over it, so that every figure can be traced to its rows. Exercises and tests are in none. Months are months of the town's zone.
--
-- Views run with the owner's rights and functions with those of who asks; so views read tables and functions read views.

-- ---- the town's months ----

create function policegrid.month_start(month text, ahead interval) returns timestamptz
    language sql stable parallel safe as $$
    select ((month || '-01')::timestamp - ahead) at time zone 'UTC'
$$;
create function policegrid.month_after(month text, months integer) returns text
    language sql stable parallel safe as $$
    select to_char((month || '-01')::timestamp + make_interval(months => months), 'YYYY-MM')
$$;
create function policegrid.month_of(at timestamptz, ahead interval) returns text
    language sql stable parallel safe as $$
    select to_char(at at time zone 'UTC' + ahead, 'YYYY-MM')
$$;
create function policegrid.day_of(at timestamptz, ahead interval) returns date
    language sql stable parallel safe as $$
    select (at at time zone 'UTC' + ahead)::date
$$;
create function policegrid.day_start(day date, ahead interval) returns timestamptz
    language sql stable parallel safe as $$
    select (day::timestamp - ahead) at time zone 'UTC'
$$;
-- Ends of a case in which the matter is settled: not passed on to a court, not given up.
create function policegrid.outcome_settles(outcome text) returns boolean
    language sql immutable parallel safe as $$
    select coalesce(outcome in ('settled', 'done', 'resolved', 'rectified', 'clean', 'handled', 'agreed', 'holds'), false)
$$;

-- Whole numbers that name something, or are marks, and are never summed.
create function policegrid.field_is_counted(field text) returns boolean
    language sql immutable parallel safe as $$
    select field not in ('month', 'date', 'receipt', 'score')
$$;
-- Whether fields say what is asked: each the value named, or one of them.
create function policegrid.fields_match(fields jsonb, conditions jsonb) returns boolean
    language sql immutable parallel safe as $$
    select not exists (select from jsonb_each(conditions) c
                        where not coalesce(case jsonb_typeof(c.value) when 'array' then c.value @> (fields -> c.key) else c.value = fields -> c.key end, false))
$$;

create view policegrid.town_zone as
select area, make_interval(mins => utc_offset) as ahead from policegrid.organisation where is_current;

-- Each unit under itself and under every unit above it.
create view policegrid.unit_line as
with recursive line as (
    select area, id as unit, id as above, parent, 0 as distance from policegrid.unit
    union all
    select l.area, l.unit, u.id, u.parent, l.distance + 1
      from line l join policegrid.unit u on u.area = l.area and u.id = l.parent
     where l.distance < 16)
select area, unit, above, distance from line;

create view policegrid.unit_tree as
select area, id, parent, tier, title, title_en, ordinal, active from policegrid.unit;

-- ---- what is set out in the catalogue ----

create view policegrid.catalogue_figure as
select c.area, f.key as figure, f.value -> 'title' ->> 'zh' as title, f.value -> 'title' ->> 'en' as title_en, f.value ->> 'report' as report,
       f.value ->> 'task' as task, coalesce(f.value -> 'where', '{}') as conditions, f.value ->> 'sum' as field
  from policegrid.catalogue c, jsonb_each(c.body::jsonb -> 'figures') f
 where c.is_current;

create view policegrid.campaign as
select c.area, k.key as campaign, k.value -> 'title' ->> 'zh' as title, k.value -> 'title' ->> 'en' as title_en,
       (k.value ->> 'from')::date as first_day, (k.value ->> 'until')::date as last_day,
       array(select jsonb_array_elements_text(k.value -> 'kinds')) as kinds
  from policegrid.catalogue c, jsonb_each(c.body::jsonb -> 'campaigns') k
 where c.is_current;

create view policegrid.zero_counter as
select c.area, z.key as counter, z.value -> 'title' ->> 'zh' as title, z.value -> 'title' ->> 'en' as title_en, z.value ->> 'report' as report,
       coalesce(z.value -> 'where', '{}') as conditions, (z.value ->> 'baseline')::date as baseline
  from policegrid.catalogue c, jsonb_each(c.body::jsonb -> 'zero_days') z
 where c.is_current;

-- Kinds whose figures are not for walls: those that the catalogue calls sensitive, and playbooks that work behind closed doors, every step
-- of which is for named readers only (a village's mark).
create view policegrid.sensitive_kind as
select c.area, s.key as kind
  from policegrid.catalogue c,
       lateral (select k.key, k.value from jsonb_each(c.body::jsonb -> 'report_kinds') k
                union all select f.key, f.value from jsonb_each(c.body::jsonb -> 'figures') f) s
 where c.is_current and s.value -> 'sensitive' = 'true'
union
select p.area, p.name
  from policegrid.playbook p
 where p.is_current and p.body::jsonb ? 'steps'
   and not exists (select from jsonb_each(p.body::jsonb -> 'steps') s where coalesce(s.value ->> 'audience', 'all') <> 'named');

-- ---- what is counted ----

-- Reports that stand, by business day.
create view policegrid.report_counted as
select r.*, coalesce(r.occurred_at, r.received_at) as at
  from policegrid.report r
 where r.reality = 'Actual' and r.state not in ('merged', 'dismissed');

-- Tasks whose completion stands, by the time of completion.
create view policegrid.task_counted as
select t.*, t.completed_at as at, t.body -> 'result' as result
  from policegrid.task t
 where t.reality = 'Actual' and t.completed_at is not null and t.state in ('completed', 'closed');

-- A case with its playbook's name, and the unit whose matter it is: that of the report, else that of its first task.
create view policegrid.case_counted as
select c.*, coalesce(p.name, 'task') as kind,
       coalesce(case when c.origin_type = 'report' then c.origin_unit end,
                (select t.unit from policegrid.task t where t.case_id = c.id and t.area = c.area order by t.born limit 1), c.origin_unit) as unit
  from policegrid.work_case c
  left join policegrid.playbook p on p.area = c.area and p.hash = c.playbook
 where c.reality = 'Actual';

-- Inspections: a row a check that was done. Its case says what became of the hazards that it found.
create view policegrid.hazard_chain as
select t.area, t.unit, t.kind, t.id as task, t.number, t.case_id, t.place, l.kind as place_kind, t.at,
       h.hazards, h.hazards > 0 as with_hazard,
       h.hazards > 0 and exists (select from policegrid.task x where x.case_id = t.case_id and x.area = t.area and x.completed_at is not null
                                    and (x.body -> 'result' ->> 'notice' = 'written' or x.step = 'notice')) as notice,
       case when h.hazards > 0 and r.remains is not null then greatest(h.hazards - r.remains, 0) else 0 end as rectified,
       h.hazards > 0 and c.ended_at is null as open, c.outcome
  from policegrid.task_counted t
  join policegrid.work_case c on c.area = t.area and c.id = t.case_id
  cross join lateral (select (t.result ->> 'hazards')::bigint as hazards) h
  left join lateral (select (x.body -> 'result' ->> 'left')::bigint as remains
                       from policegrid.task x
                      where x.case_id = t.case_id and x.area = t.area and x.completed_at is not null
                        and jsonb_typeof(x.body -> 'result' -> 'left') = 'number'
                      order by x.born desc limit 1) r on true
  left join policegrid.place l on l.area = t.area and l.id = t.place
 where jsonb_typeof(t.result -> 'hazards') = 'number';

-- Matters that somebody has to settle: a row a report that became work or waits for it.
create view policegrid.resolution as
select r.area, r.unit, r.id as report, r.number, r.kind, r.at,
       coalesce(jsonb_path_query_first(c.results, '$.*.kind') #>> '{}', r.fields ->> 'kind') as subject,
       r.fields ->> 'source' as source,
       policegrid.outcome_settles(c.outcome) as settled,
       case when policegrid.outcome_settles(c.outcome) then c.ended_at end as settled_at,
       c.outcome, c.id as case_id
  from policegrid.report_counted r
  left join policegrid.work_case c on c.area = r.area and c.id = r.case_id
 where r.state in ('open', 'dispatched');

create view policegrid.figure_row as
-- reports, and the sums of their counts
select r.area, r.unit, r.at, r.kind, f.figure, f.amount, f.weight, 'report' as source, r.id::text as id, r.number
  from policegrid.report_counted r
 cross join lateral (select 'reports.' || r.kind as figure, 1::bigint as amount, 1::bigint as weight
                     union all
                     select 'reports.' || r.kind || '.' || e.key, (e.value #>> '{}')::numeric::bigint, 1
                       from jsonb_each(r.fields) e where jsonb_typeof(e.value) = 'number' and e.value <> '0' and policegrid.field_is_counted(e.key)) f
union all
-- work as it was given out
select t.area, t.unit, t.issued_at, t.kind, f.figure, 1, 1, 'task', t.id::text, t.number
  from policegrid.task t
 cross join lateral (values ('work.issued', true), ('work.accepted', t.accepted_at is not null),
                            ('work.accepted_in_time', t.accepted_at is not null and (t.accept_by is null or t.accepted_at <= t.accept_by)))
       as f (figure, holds)
 where t.reality = 'Actual' and f.holds
union all
-- work as it was done, and the sums of its results
select t.area, t.unit, t.at, t.kind, f.figure, f.amount, f.weight, 'task', t.id::text, t.number
  from policegrid.task_counted t
 cross join lateral (select 'tasks.' || t.kind as figure, 1::bigint as amount, 1::bigint as weight
                     union all select 'work.completed', 1, 1
                     union all select 'work.completed_in_time', 1, 1 where t.finish_by is null or t.completed_at <= t.finish_by
                     union all select 'work.returned', t.returns, 1 where t.returns > 0
                     union all
                     select 'tasks.' || t.kind || '.' || coalesce(t.step, 'task') || '.' || e.key, (e.value #>> '{}')::numeric::bigint, 1
                       from jsonb_each(case when jsonb_typeof(t.result) = 'object' then t.result else '{}' end) e
                      where jsonb_typeof(e.value) = 'number' and e.value <> '0' and policegrid.field_is_counted(e.key)) f
union all
select e.area, e.from_unit, e.opened_at, t.kind, 'work.escalated', 1, 1, 'task', t.id::text, t.number
  from policegrid.escalation e join policegrid.task t on t.area = e.area and t.id = e.task
 where t.reality = 'Actual'
union all
select c.area, c.unit, c.opened_at, c.kind, 'cases.' || c.kind, 1, 1, 'case', c.id::text, c.number
  from policegrid.case_counted c
union all
select c.area, c.unit, c.ended_at, c.kind, 'cases.' || c.kind || '.' || c.outcome, 1, 1, 'case', c.id::text, c.number
  from policegrid.case_counted c
 where c.ended_at is not null
union all
select h.area, h.unit, h.at, h.kind, f.figure, f.amount, 1, 'task', h.task::text, h.number
  from policegrid.hazard_chain h
 cross join lateral (values ('hazards.checked', 1::bigint), ('hazards.found_at', h.with_hazard::integer), ('hazards.found', h.hazards),
                            ('hazards.notices', h.notice::integer), ('hazards.rectified', h.rectified)) as f (figure, amount)
 where f.amount > 0
union all
select w.area, w.unit, w.posted_at, coalesce(w.event_code, 'warning'), 'warnings', 1, 1, 'warning', w.id::text, w.identifier
  from policegrid.warning w
 where w.reality = 'Actual'
union all
-- rounds of standing duties that are over, by their end
select d.area, d.unit, d.ends_at, d.duty, 'rounds.' || d.duty || '.' || d.state, 1, 1, 'round', d.id::text, null
  from policegrid.duty_round d
 where d.state <> 'open' and d.unit is not null
union all
select e.area, e.unit, e.at, 'devices', 'devices.' || e.what, 1, 1, 'device', e.device, null
  from policegrid.device_event e
 where e.unit is not null and e.what in ('offline', 'fault', 'restored')
union all
-- points by the unit that earned or redeemed them; cards are not named
select p.area, p.unit, p.at, 'points', case when p.points > 0 then 'points.earned' else 'points.redeemed' end, abs(p.points), 1, 'points', p.origin_id, null
  from policegrid.points_entry p
 where p.unit is not null and p.kind in ('base', 'bonus', 'award', 'redeem')
union all
-- figures with a name of the town's own
select c.area, r.unit, r.at, c.figure, c.figure, case when c.field is null then 1 else (r.fields ->> c.field)::numeric::bigint end, 1, 'report',
       r.id::text, r.number
  from policegrid.catalogue_figure c
  join policegrid.report_counted r on r.area = c.area and r.kind = c.report and policegrid.fields_match(r.fields, c.conditions)
 where c.field is null or (jsonb_typeof(r.fields -> c.field) = 'number' and r.fields -> c.field <> '0')
union all
select c.area, t.unit, t.at, c.figure, c.figure, case when c.field is null then 1 else (t.result ->> c.field)::numeric::bigint end, 1, 'task',
       t.id::text, t.number
  from policegrid.catalogue_figure c
  join policegrid.task_counted t on t.area = c.area and t.kind = c.task and policegrid.fields_match(t.result, c.conditions)
 where c.field is null or (jsonb_typeof(t.result -> c.field) = 'number' and t.result -> c.field <> '0')
union all
-- months from before the software: a small number is a small cell, however few lines it came on
select i.area, i.unit, policegrid.month_start(i.month, z.ahead), i.figure, i.figure, i.amount, i.amount, 'import', i.month || '/' || i.unit, null
  from policegrid.figure i join policegrid.town_zone z on z.area = i.area
 where i.amount > 0;

-- ---- months ----

-- Own figures of every unit between two times; of the times alone, so that the planner has only them and no month to compute.
create function policegrid.figures_between(of_area text, from_at timestamptz, until_at timestamptz)
    returns table (unit text, figure text, amount bigint, weight bigint)
    language sql stable parallel safe as $$
    select f.unit, f.figure, sum(f.amount)::bigint, sum(f.weight)::bigint
      from policegrid.figure_row f
     where f.area = of_area and f.at >= from_at and f.at < until_at
     group by f.unit, f.figure
$$;

-- Months one by one, so that whoever asks for one reads the rows of that one.
create view policegrid.town_month as
select z.area, z.ahead, to_char(m, 'YYYY-MM') as month, policegrid.month_start(to_char(m, 'YYYY-MM'), z.ahead) as from_at,
       policegrid.month_start(policegrid.month_after(to_char(m, 'YYYY-MM'), 1), z.ahead) as until_at
  from policegrid.town_zone z, generate_series(timestamp '2020-01-01', now() at time zone 'UTC' + interval '1 day', interval '1 month') m;

create view policegrid.month_figure as
select m.area, f.unit, m.month, f.figure, f.amount, f.weight
  from policegrid.town_month m cross join lateral policegrid.figures_between(m.area, m.from_at, m.until_at) f;

-- Closed months as the books have them: what was corrected since, else what stood there when they closed.
create view policegrid.month_book as
select area, unit, month, closed_at, corrected_at, coalesce(corrected, figures) as figures, figures as closed_figures from policegrid.closed_month;

create view policegrid.month_closed as
select b.area, b.unit, b.month, b.closed_at, b.corrected_at, x.figure, x.amount, x.weight, x.closed_amount
  from policegrid.month_book b
  left join lateral (select k.figure, coalesce((b.figures -> k.figure ->> 0)::bigint, 0) as amount,
                            coalesce((b.figures -> k.figure ->> 1)::bigint, 0) as weight,
                            coalesce((b.closed_figures -> k.figure ->> 0)::bigint, 0) as closed_amount
                       from (select jsonb_object_keys(b.figures) as figure union select jsonb_object_keys(b.closed_figures)) k) x on true;

-- The same figure of the month before and of the same month a year before; what is not there counts as 0.
create view policegrid.year_on_year as
select m.area, f.unit, m.month, f.figure, f.amount, f.month_before, f.year_before,
       case when f.year_before > 0 then round(100.0 * (f.amount - f.year_before) / f.year_before, 1) end as change_percent
  from policegrid.town_month m
 cross join lateral (
        select x.unit, x.figure, coalesce(sum(x.amount) filter (where x.back = 0), 0)::bigint as amount,
               coalesce(sum(x.amount) filter (where x.back = 1), 0)::bigint as month_before,
               coalesce(sum(x.amount) filter (where x.back = 12), 0)::bigint as year_before
          from (select b.back, f.unit, f.figure, f.amount
                  from (values (0), (1), (12)) b (back)
                 cross join lateral policegrid.figures_between(m.area, policegrid.month_start(policegrid.month_after(m.month, -b.back), m.ahead),
                                                               policegrid.month_start(policegrid.month_after(m.month, 1 - b.back), m.ahead)) f) x
         group by x.unit, x.figure) f;

-- Own figures of one month: from the books when it is closed, else counted now.
create function policegrid.month_cells(of_area text, of_month text)
    returns table (unit text, figure text, amount bigint, weight bigint, is_closed boolean, is_corrected boolean)
    language plpgsql stable parallel safe as $$
declare
    ahead interval := (select z.ahead from policegrid.town_zone z where z.area = of_area);
begin
    return query select m.unit, m.figure, m.amount, m.weight, true, m.amount <> m.closed_amount
                   from policegrid.month_closed m where m.area = of_area and m.month = of_month;
    if not found then
        return query select f.unit, f.figure, f.amount, f.weight, false, false
                       from policegrid.figures_between(of_area, policegrid.month_start(of_month, ahead),
                                                       policegrid.month_start(policegrid.month_after(of_month, 1), ahead)) f;
    end if;
end
$$;

-- ---- what may hang on a wall ----

-- What a figure is about: the kind of report, the playbook, or its own name.
create function policegrid.figure_kind(figure text) returns text
    language sql immutable parallel safe as $$
    select case when split_part(figure, '.', 1) in ('reports', 'tasks', 'cases', 'rounds') then split_part(figure, '.', 2) else figure end
$$;

-- A cell that one could tell persons from: below 3, or made of fewer than 3 rows.
create function policegrid.cell_is_small(amount bigint, weight bigint) returns boolean
    language sql immutable parallel safe as $$
    select amount in (1, 2, -1, -2) or weight in (1, 2)
$$;

-- Figures of each unit with all that is below it, small ones withheld (value NULL), sensitive kinds left out. What is withheld cannot
-- be had by subtraction either: from a total that is shown, at least two of its parts are withheld, of 3 rows or more together; under
-- a total that is withheld, at least one. Parts are the units below and the unit's own; decided from the root down.
create function policegrid.public_cells(of_area text, of_month text)
    returns table (unit text, figure text, value bigint, is_closed boolean, is_corrected boolean)
    language sql stable as $$
    with recursive cell as materialized (
        select c.* from policegrid.month_cells(of_area, of_month) c
         where c.figure is not null and c.amount <> 0
           and policegrid.figure_kind(c.figure) not in (select s.kind from policegrid.sensitive_kind s where s.area = of_area)),
    total as materialized (
        select l.above as unit, c.figure, sum(c.amount)::bigint as amount, sum(c.weight)::bigint as weight, bool_or(c.is_closed) as is_closed,
               bool_or(c.is_corrected) as is_corrected
          from cell c join policegrid.unit_line l on l.area = of_area and l.unit = c.unit
         group by l.above, c.figure),
    part as materialized (
        select u.parent as above, t.unit, t.figure, t.amount, t.weight, t.is_closed, t.is_corrected
          from total t join policegrid.unit_tree u on u.area = of_area and u.id = t.unit
        union all
        select c.unit, null, c.figure, c.amount, c.weight, c.is_closed, c.is_corrected from cell c),
    walk as (
        select p.unit, p.figure, p.amount, p.is_closed, p.is_corrected, policegrid.cell_is_small(p.amount, p.weight) as hidden
          from part p where p.above is null
        union all
        select x.unit, x.figure, x.amount, x.is_closed, x.is_corrected,
               x.small or (x.n_small > 0 and not x.above_hidden and (x.n_before < 2 or x.weight_before < 3))
                       or (x.n_small = 0 and x.above_hidden and x.n_before = 0)
          from (select p.unit, p.figure, p.amount, p.is_closed, p.is_corrected, w.hidden as above_hidden,
                       policegrid.cell_is_small(p.amount, p.weight) as small,
                       count(*) filter (where policegrid.cell_is_small(p.amount, p.weight)) over (partition by w.unit, p.figure) as n_small,
                       count(*) over before as n_before,
                       coalesce(sum(p.weight) over before, 0) as weight_before
                  from walk w join part p on p.above = w.unit and p.figure = w.figure
                window before as (partition by w.unit, p.figure
                                  order by policegrid.cell_is_small(p.amount, p.weight) desc, p.weight, p.unit
                                  rows between unbounded preceding and 1 preceding)) x)
    select w.unit, w.figure, case when not w.hidden then w.amount end, w.is_closed, w.is_corrected from walk w where w.unit is not null
$$;

-- ---- what the daemon asks for ----

-- A unit's retained month document: the month and those before it, as they may hang on a wall, beside the same months a year before.
create function policegrid.month_documents(of_area text, of_month text, back integer)
    returns table (unit text, tier integer, months jsonb)
    language sql stable as $$
    with month as materialized (
        select n, policegrid.month_after(of_month, -n) as month,
               (select max(b.closed_at) from policegrid.month_book b where b.area = of_area and b.month = policegrid.month_after(of_month, -n)) as closed_at
          from generate_series(0, back) n),
    now_cell as materialized (select m.month, c.* from month m cross join lateral policegrid.public_cells(of_area, m.month) c),
    year_cell as materialized (
        select m.month, c.* from month m cross join lateral policegrid.public_cells(of_area, policegrid.month_after(m.month, -12)) c),
    cell as (
        select coalesce(c.month, y.month) as month, coalesce(c.unit, y.unit) as unit, coalesce(c.figure, y.figure) as figure,
               case when c.unit is null then 0 else c.value end as value, c.unit is not null and c.value is null as withheld, c.is_corrected,
               case when y.unit is not null then y.value when exists (select from year_cell k where k.month = c.month) then 0 end as year_before
          from now_cell c full join year_cell y on y.month = c.month and y.unit = c.unit and y.figure = c.figure),
    entry as (
        select c.month, c.unit, jsonb_agg(jsonb_strip_nulls(jsonb_build_object('figure', c.figure, 'value', c.value,
                   'withheld', case when c.withheld then true end, 'year_before', c.year_before,
                   'change', case when m.closed_at is not null and c.year_before > 0 then round(100.0 * (c.value - c.year_before) / c.year_before, 1) end,
                   'corrected', case when c.is_corrected then true end)) order by c.figure) filter (where c.place <= 120) as figures,
               count(*) > 120 as truncated
          from (select x.*, row_number() over (partition by x.month, x.unit order by x.figure) as place from cell x) c
          join month m on m.month = c.month
         group by c.month, c.unit)
    select u.id, u.tier, jsonb_agg(jsonb_strip_nulls(jsonb_build_object('month', m.month,
               'state', case when m.closed_at is null then 'open' else 'closed' end, 'closed_at', m.closed_at,
               'truncated', case when e.truncated then true end, 'figures', coalesce(e.figures, '[]'))) order by m.month desc)
      from policegrid.unit_tree u
     cross join month m
      left join entry e on e.unit = u.id and e.month = m.month
     where u.area = of_area and u.active
     group by u.id, u.tier
$$;

-- Figures of one month as a book holds them: {"unit": {"figure": [amount, rows behind it]}}, every unit that works or has any.
create function policegrid.month_counted(of_area text, from_at timestamptz, until_at timestamptz)
    returns table (unit text, figures jsonb)
    language sql stable as $$
    select coalesce(f.unit, u.id), coalesce(jsonb_object_agg(f.figure, jsonb_build_array(f.amount, f.weight)) filter (where f.figure is not null), '{}')
      from (select id from policegrid.unit_tree where area = of_area and active) u
      full join policegrid.figures_between(of_area, from_at, until_at) f on f.unit = u.id
     group by coalesce(f.unit, u.id)
$$;

-- What the books need: the oldest month that ended a day ago or earlier and is not closed, and the oldest closed one of the last `back`
-- whose rows no longer say what stands there. {"close": {"month", "units"}, "correct": {"month", "units"}}, either may be missing.
create function policegrid.month_books(of_area text, of_now timestamptz, back integer) returns jsonb
    language sql stable as $$
    with closing as (
        select m.month, m.from_at, m.until_at
          from policegrid.town_month m
         where m.area = of_area and m.until_at + interval '1 day' <= of_now and m.until_at > of_now - interval '25 months'
           and not exists (select from policegrid.month_book b where b.area = of_area and b.month = m.month)
           and (exists (select from policegrid.month_book b where b.area = of_area and b.month < m.month)
                or exists (select from policegrid.figure_row f where f.area = of_area and f.at >= m.from_at and f.at < m.until_at))
         order by m.month limit 1),
    changed as (
        select m.month, x.unit, x.now_figures, x.closed_figures, k.closed_at
          from policegrid.town_month m
         cross join lateral (select max(b.closed_at) as closed_at from policegrid.month_book b where b.area = of_area and b.month = m.month) k
         cross join lateral (
                select coalesce(c.unit, b.unit) as unit, coalesce(c.figures, '{}') as now_figures, coalesce(b.figures, '{}') as book_figures,
                       coalesce(b.closed_figures, '{}') as closed_figures
                  from policegrid.month_counted(of_area, m.from_at, m.until_at) c
                  full join (select * from policegrid.month_book y where y.area = of_area and y.month = m.month) b on b.unit = c.unit) x
         where m.area = of_area and m.until_at <= of_now and m.until_at > of_now - make_interval(months => back)
           and k.closed_at is not null and x.now_figures <> x.book_figures),
    correcting as (
        select month, jsonb_object_agg(unit, jsonb_build_object('closed_at', (extract(epoch from closed_at) * 1000)::bigint,
                                                                'closed', closed_figures, 'now', now_figures)) as units
          from changed group by month order by month limit 1)
    select jsonb_strip_nulls(jsonb_build_object(
        'close', (select jsonb_build_object('month', k.month, 'units', (select jsonb_object_agg(c.unit, c.figures)
                                                                          from policegrid.month_counted(of_area, k.from_at, k.until_at) c))
                    from closing k),
        'correct', (select jsonb_build_object('month', k.month, 'units', k.units) from correcting k)))
$$;

-- ---- rates, campaigns, days without ----

create view policegrid.campaign_total as
select k.area, k.campaign, k.title, k.title_en, k.first_day, k.last_day, t.unit, t.figure, t.amount, t.weight
  from policegrid.campaign k
  join policegrid.town_zone z on z.area = k.area
 cross join lateral (
        select f.unit, f.figure, sum(f.amount)::bigint as amount, sum(f.weight)::bigint as weight
          from policegrid.figure_row f
         where f.area = k.area and f.kind = any(k.kinds) and f.at >= policegrid.day_start(k.first_day, z.ahead)
           and f.at < policegrid.day_start(k.last_day + 1, z.ahead)
         group by f.unit, f.figure) t;

-- Days since the latest report of that kind in a unit or below it, or since the day from which the town counts.
create view policegrid.zero_days as
select c.area, c.counter, c.title, c.title_en, u.id as unit, greatest(x.latest, c.baseline) as since, x.latest,
       policegrid.day_of(now(), z.ahead) - greatest(x.latest, c.baseline) as days
  from policegrid.zero_counter c
  join policegrid.town_zone z on z.area = c.area
  join policegrid.unit u on u.area = c.area and u.active
  left join (select c.area, c.counter, l.above as unit, max(policegrid.day_of(r.at, z.ahead)) as latest
               from policegrid.zero_counter c
               join policegrid.town_zone z on z.area = c.area
               join policegrid.report_counted r on r.area = c.area and r.kind = c.report and policegrid.fields_match(r.fields, c.conditions)
                    and r.at >= coalesce(policegrid.day_start(c.baseline, z.ahead), '-infinity')
               join policegrid.unit_line l on l.area = r.area and l.unit = r.unit
              group by c.area, c.counter, l.above) x on x.area = c.area and x.counter = c.counter and x.unit = u.id;

create view policegrid.unit_ranking as
select m.area, m.month, m.figure, u.tier, m.unit, u.title, u.title_en, m.amount,
       rank() over (partition by m.area, m.month, m.figure, u.tier order by m.amount desc) as place
  from policegrid.month_figure m join policegrid.unit u on u.area = m.area and u.id = m.unit and u.active;

-- ---- who may read them, and what they are ----

grant select on policegrid.town_zone, policegrid.town_month, policegrid.unit_tree, policegrid.unit_line, policegrid.catalogue_figure, policegrid.campaign,
    policegrid.zero_counter, policegrid.sensitive_kind, policegrid.hazard_chain, policegrid.resolution, policegrid.figure_row,
    policegrid.month_figure, policegrid.month_book, policegrid.month_closed, policegrid.year_on_year, policegrid.campaign_total, policegrid.zero_days,
    policegrid.unit_ranking to policegrid_reader, policegrid_daemon;
do $$
declare
    made regprocedure;
begin
    foreach made in array array['policegrid.field_is_counted(text)', 'policegrid.fields_match(jsonb, jsonb)', 'policegrid.month_start(text, interval)', 'policegrid.month_after(text, integer)',
        'policegrid.month_of(timestamptz, interval)', 'policegrid.day_of(timestamptz, interval)', 'policegrid.day_start(date, interval)',
        'policegrid.outcome_settles(text)', 'policegrid.figure_kind(text)', 'policegrid.cell_is_small(bigint, bigint)',
        'policegrid.figures_between(text, timestamptz, timestamptz)', 'policegrid.month_cells(text, text)',
        'policegrid.public_cells(text, text)', 'policegrid.month_documents(text, text, integer)',
        'policegrid.month_counted(text, timestamptz, timestamptz)', 'policegrid.month_books(text, timestamptz, integer)']::regprocedure[]
    loop
        execute format('revoke all on function %s from public', made);
        execute format('grant execute on function %s to policegrid_reader, policegrid_daemon', made);
    end loop;
end
$$;

comment on view policegrid.town_zone is '本镇时区 / how far the town''s clock is ahead of UTC';
comment on view policegrid.town_month is '逐月起止时刻 / months of the town, with the moments at which each begins and ends';
comment on view policegrid.unit_tree is '单位树 / units with their parents, those that have left included';
comment on view policegrid.unit_line is '单位及其上级各一行 / each unit under itself and under every unit above it';
comment on view policegrid.catalogue_figure is '目录中的数字 / figures with a name of the town''s own';
comment on view policegrid.campaign is '目录中的专项行动 / campaigns: a period and kinds';
comment on view policegrid.zero_counter is '目录中的零发案计数 / counters of days without';
comment on view policegrid.sensitive_kind is '不上墙的类别 / kinds whose figures are not for walls';
comment on view policegrid.report_counted is '计入统计的上报 / reports that count, by business day';
comment on view policegrid.task_counted is '计入统计的办结任务 / completed tasks that count';
comment on view policegrid.case_counted is '计入统计的事由及其单位 / cases that count, with the unit whose matter each is';
comment on view policegrid.hazard_chain is '检查链：每次检查一行，隐患、通知书、已整改 / inspections, one row a check: hazards found, notice written, rectified';
comment on column policegrid.hazard_chain.rectified is '复查后已整改的隐患数 / hazards gone at the latest recheck';
comment on view policegrid.resolution is '化解情况：每件一行，来源、类型、是否化解 / matters to be settled, one row each: source, subject, settled or not';
comment on view policegrid.figure_row is '每个数字由哪些行构成 / what every figure is made of: one row for each thing counted';
comment on column policegrid.figure_row.at is '业务时间（按此限定范围可用索引） / business time; bound it, and indexes serve';
comment on column policegrid.figure_row.amount is '计入的数量（金额为分） / what it adds; money in fen';
comment on column policegrid.figure_row.weight is '背后的件数，用于小数抑制 / how many cases stand behind it, for withholding small cells';
comment on column policegrid.figure_row.source is '来源 / report, task, case, warning, round, device, points or import; id is its key, of points that of what earned them';
comment on view policegrid.month_figure is '月度数字（本单位，未抑制） / figures by month and unit, nothing withheld';
comment on view policegrid.month_book is '月结账本（结账时与现在） / books of closed months: then and now';
comment on view policegrid.month_closed is '月结数字及更正 / closed months: what stands now, and what stood when they closed';
comment on view policegrid.year_on_year is '环比与同比 / against the month before and the same month a year before';
comment on column policegrid.year_on_year.change_percent is '同比 % / change against the year before; empty where that was 0';
comment on view policegrid.campaign_total is '专项行动合计 / totals of campaigns by unit and figure';
comment on view policegrid.zero_days is '连续未发天数 / days without, by counter and unit with all below it';
comment on view policegrid.unit_ranking is '单位排名（不排个人） / ranking of units by figure and month, never of members';
comment on function policegrid.public_cells is '可上墙的月度数字（小数已抑制） / a month''s figures for walls: small cells withheld, and not to be had by subtraction';
comment on function policegrid.month_cells is '一个月的各单位数字 / own figures of one month, from the books when it is closed';
comment on function policegrid.figures_between is '时段内各单位数字 / own figures between two times';
