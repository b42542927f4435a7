-- What the month comes to, counted from the event log alone: no state table, no view, no code of the engine. Rows (unit, figure, amount)
-- in the words of the statistics. A column of a row is what the last fact that names it says; an object is merged key by key, one level
-- deep. Parameters: the first instant of the month and of the next, Unix milliseconds.
with fact as materialized (
    select e.seq, x.place, x.f from policegrid.event e cross join lateral jsonb_array_elements(e.facts) with ordinality as x (f, place)),

report_patch as (
    select f -> 'set' ->> 'id' as id, seq, place, f -> 'set' as set from fact where f ->> 'fact' = 'report_made'
    union all
    select f ->> 'report', seq, place, f -> 'set' from fact where f ->> 'fact' = 'report_changed'),
report as (
    select p.id, jsonb_object_agg(c.key, c.value order by p.seq, p.place) as now
      from report_patch p cross join lateral jsonb_each(p.set) c group by p.id),
counted_report as (
    select now ->> 'unit' as unit, now ->> 'kind' as kind, now -> 'fields' as fields,
           coalesce((now ->> 'occurred_at')::numeric, (now ->> 'received_at')::numeric) as at
      from report where now ->> 'reality' = 'Actual' and now ->> 'state' not in ('merged', 'dismissed')),

task_made as (
    select t.value -> 'set' ->> 'id' as id, t.value -> 'set' ->> 'case_id' as case_id, seq, place, f -> 'common' as common, t.value -> 'set' as set
      from fact cross join lateral jsonb_array_elements(f -> 'tasks') t where f ->> 'fact' = 'tasks'),
task_patch as (
    select id, seq, place, 0 as part, common as set from task_made
    union all
    select id, seq, place, 1, set from task_made
    union all
    select f ->> 'id', seq, place, 2, f -> 'set' from fact where f ->> 'fact' = 'task' and f ? 'set'),
task_column as (
    select p.id, c.key, c.value, p.seq, p.place, p.part from task_patch p cross join lateral jsonb_each(p.set) c where c.key <> 'body'
    union all
    select p.id, 'body.' || b.key, b.value, p.seq, p.place, p.part
      from task_patch p cross join lateral jsonb_each(case when jsonb_typeof(p.set -> 'body') = 'object' then p.set -> 'body' else '{}' end) b),
task as materialized (
    select id, jsonb_object_agg(key, value order by seq, place, part) as now from task_column group by id),
actual_task as (
    select id, now, now ->> 'unit' as unit, now ->> 'kind' as kind, coalesce(nullif(now ->> 'step', ''), 'task') as step,
           now -> 'body.result' as result, (now ->> 'issued_at')::numeric as issued_at, (now ->> 'completed_at')::numeric as completed_at,
           now ->> 'completed_at' is not null and now ->> 'state' in ('completed', 'closed') as stands
      from task where now ->> 'reality' = 'Actual'),

case_made as (
    select t.value -> 'case' ->> 'id' as id, seq, place, (f -> 'case_common') || (t.value -> 'case') as set, t.value -> 'set' ->> 'unit' as unit
      from fact cross join lateral jsonb_array_elements(f -> 'tasks') t where f ->> 'fact' = 'tasks' and t.value ? 'case'),
case_patch as (
    select id, seq, place, set from case_made
    union all
    select f ->> 'id', seq, place, f -> 'set' from fact where f ->> 'fact' = 'case'),
case_now as (
    select p.id, jsonb_object_agg(c.key, c.value order by p.seq, p.place) as now
      from case_patch p cross join lateral jsonb_each(p.set) c group by p.id),
playbook as (
    select distinct f ->> 'hash' as hash, f ->> 'name' as name from fact where f ->> 'fact' = 'playbook'),
actual_case as (
    select c.now, coalesce(p.name, 'task') as kind, case when c.now ->> 'origin_type' = 'report' then c.now ->> 'origin_unit' else m.unit end as unit
      from case_now c left join playbook p on p.hash = c.now ->> 'playbook'
      join (select distinct on (id) id, unit from case_made order by id, seq, place) m on m.id = c.id
     where c.now ->> 'reality' = 'Actual'),

hazard as (
    select t.unit, t.completed_at as at, (t.result ->> 'hazards')::bigint as hazards, t.now ->> 'case_id' as case_id
      from actual_task t where t.stands and jsonb_typeof(t.result -> 'hazards') = 'number'),
last_left as (
    select distinct on (t.now ->> 'case_id') t.now ->> 'case_id' as case_id, (t.result ->> 'left')::bigint as remains
      from actual_task t join (select distinct on (id) id, seq, place from task_made order by id, seq) b on b.id = t.id
     where t.completed_at is not null and jsonb_typeof(t.result -> 'left') = 'number'
     order by t.now ->> 'case_id', b.seq desc, b.place desc),
notice as (
    select distinct now ->> 'case_id' as case_id from actual_task where completed_at is not null and result ->> 'notice' = 'written'),

line as (
    select unit, at, 'reports.' || kind as figure, 1::bigint as amount from counted_report
    union all
    select r.unit, r.at, 'reports.' || r.kind || '.' || e.key, (e.value #>> '{}')::bigint
      from counted_report r cross join lateral jsonb_each(coalesce(r.fields, '{}')) e where jsonb_typeof(e.value) = 'number'
    union all
    select unit, issued_at, 'work.issued', 1 from actual_task
    union all
    select unit, completed_at, 'work.completed', 1 from actual_task where stands
    union all
    select unit, completed_at, 'tasks.' || kind, 1 from actual_task where stands
    union all
    select t.unit, t.completed_at, 'tasks.' || t.kind || '.' || t.step || '.' || e.key, (e.value #>> '{}')::bigint
      from actual_task t cross join lateral jsonb_each(case when jsonb_typeof(t.result) = 'object' then t.result else '{}' end) e
     where t.stands and jsonb_typeof(e.value) = 'number'
    union all
    select f -> 'set' ->> 'from_unit', (f -> 'set' ->> 'opened_at')::numeric, 'work.escalated', 1
      from fact join actual_task t on t.id = f -> 'set' ->> 'task' where f ->> 'fact' = 'escalation_opened'
    union all
    select unit, (now ->> 'opened_at')::numeric, 'cases.' || kind, 1 from actual_case
    union all
    select unit, (now ->> 'ended_at')::numeric, 'cases.' || kind || '.' || (now ->> 'outcome'), 1 from actual_case where now ->> 'ended_at' is not null
    union all
    select f -> 'set' ->> 'unit', (f -> 'set' ->> 'posted_at')::numeric, 'warnings', 1
      from fact where f ->> 'fact' = 'warning_posted' and f -> 'set' ->> 'reality' = 'Actual'
    union all
    select h.unit, h.at, x.figure, x.amount
      from hazard h left join last_left l on l.case_id = h.case_id left join notice n on n.case_id = h.case_id
     cross join lateral (values ('hazards.checked', 1::bigint), ('hazards.found_at', (h.hazards > 0)::integer), ('hazards.found', h.hazards),
                                ('hazards.notices', (h.hazards > 0 and n.case_id is not null)::integer),
                                ('hazards.rectified', case when h.hazards > 0 and l.remains is not null then greatest(h.hazards - l.remains, 0) else 0 end))
           as x (figure, amount))

select unit, figure, sum(amount)::bigint as amount from line
 where at >= :from and at < :until group by unit, figure having sum(amount) <> 0
