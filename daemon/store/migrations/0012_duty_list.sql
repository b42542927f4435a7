-- The duty list: every standing duty in force, and for each unit that its latest round asks, how far it is. A duty that starts a playbook has
-- no rounds and stands once, without a unit: its tasks are in task_list.
create view policegrid.duty_list as
    select d.area, r.unit, d.name as duty, coalesce(d.definition #>> '{title,zh}', d.name) as title,
           coalesce(d.definition #>> '{title,en}', d.name) as title_en, d.definition ->> 'rrule' as rrule, d.last_at, d.next_at,
           r.ends_at, r.targets, r.open, r.met, r.late, r.missed, r.wanted, r.done
    from policegrid.duty d
    left join policegrid.duty_rounds r on r.area = d.area and r.duty = d.name and r.starts_at = d.last_at
    where d.state = 'active';
comment on view policegrid.duty_list is '职责清单：在行的职责，及各单位最近一轮的完成数 / the duty list: duties in force, and how far each unit is in the latest round';
comment on column policegrid.duty_list.unit is '没有轮次的职责为空 / empty for a duty that opens no rounds';
grant select on policegrid.duty_list to policegrid_reader;
