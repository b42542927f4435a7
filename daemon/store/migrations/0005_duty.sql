-- Standing duties, the rounds that their quotas make, and rosters' shifts (daemon/engine/duty, daemon/engine/shift).

create table policegrid.duty (
    area          text not null,
    name          text not null check (name ~ '^[a-z0-9][a-z0-9_-]{0,31}$'),
    state         text not null check (state in ('active', 'ended')),
    definition    jsonb not null check (jsonb_typeof(definition) = 'object'),
    next_at       timestamptz,
    last_at       timestamptz,
    round_ends_at timestamptz,
    occurrences   integer not null check (occurrences >= 0),
    skipped       integer not null check (skipped >= 0),
    left_out      integer not null check (left_out >= 0),
    timers        jsonb not null check (jsonb_typeof(timers) = 'object'),
    live          boolean not null,
    born          bigint not null,
    changed_seq   bigint not null,
    primary key (area, name),
    constraint duty_next check ((state = 'active') = (next_at is not null)),
    check (next_at > last_at)
);

-- One target's part of one occurrence. Unit, member and place as they were then: an organisation file may take them away later.
create table policegrid.duty_round (
    area        text not null,
    id          uuid not null,
    duty        text not null,
    unit        text not null,
    member      text,
    place       text,
    state       text not null check (state in ('open', 'met', 'missed', 'late', 'waived')),
    starts_at   timestamptz not null,
    ends_at     timestamptz not null,
    wanted      integer not null check (wanted between 1 and 366),
    done        integer not null check (done >= 0),
    marks       jsonb not null check (jsonb_typeof(marks) = 'object'),
    met_at      timestamptz,
    closed_at   timestamptz,
    timers      jsonb not null check (jsonb_typeof(timers) = 'object'),
    live        boolean not null,
    born        bigint not null,
    changed_seq bigint not null,
    primary key (area, id),
    foreign key (area, duty) references policegrid.duty,
    foreign key (area, unit) references policegrid.unit,
    foreign key (area, member) references policegrid.member,
    check (ends_at > starts_at),
    check (member is null or place is null),
    constraint duty_round_met check ((state in ('met', 'late')) = (met_at is not null) and (met_at is null or done >= wanted)),
    constraint duty_round_closed check (closed_at is not null or state in ('open', 'met')),
    constraint duty_round_open check (state <> 'open' or (closed_at is null and done < wanted))
) with (fillfactor = 80);
create index duty_round_live on policegrid.duty_round (born, area) where live;
create index duty_round_by_duty on policegrid.duty_round (duty, starts_at, area);
create index duty_round_by_unit on policegrid.duty_round (unit, starts_at, area);
create index duty_round_by_member on policegrid.duty_round (member, starts_at, area) where member is not null;

create table policegrid.roster_shift (
    area        text not null,
    id          uuid not null,
    roster      text not null check (roster ~ '^[a-z0-9][a-z0-9_-]{0,31}$'),
    unit        text not null,
    slot        text not null check (slot ~ '^[a-z0-9][a-z0-9_-]{0,31}$'),
    starts_at   timestamptz not null,
    ends_at     timestamptz not null,
    members     jsonb not null check (jsonb_typeof(members) = 'array'),
    swaps       jsonb not null check (jsonb_typeof(swaps) = 'object'),
    handover    jsonb not null check (jsonb_typeof(handover) = 'object'),
    takeover    jsonb not null check (jsonb_typeof(takeover) = 'object'),
    revision    bigint not null check (revision > 0),
    timers      jsonb not null check (jsonb_typeof(timers) = 'object'),
    live        boolean not null,
    born        bigint not null,
    changed_seq bigint not null,
    primary key (area, id),
    foreign key (area, unit) references policegrid.unit,
    check (ends_at > starts_at)
) with (fillfactor = 80);
create index roster_shift_live on policegrid.roster_shift (born, area) where live;
create index roster_shift_by_unit on policegrid.roster_shift (unit, starts_at, area);
-- one shift a roster, slot and time: a second planning replaces the first
create unique index roster_shift_once on policegrid.roster_shift (roster, starts_at, slot, area);

grant select, insert, update on policegrid.duty, policegrid.duty_round, policegrid.roster_shift to policegrid_daemon;

comment on table policegrid.duty is '常设职责及其周期 / standing duties, and where their recurrence stands';
comment on table policegrid.duty_round is '职责每轮每个对象的完成情况 / one target''s part of one occurrence of a duty: asked, done';
comment on table policegrid.roster_shift is '值班班次 / shifts of rosters: who is on duty from when to when';

-- ---- views ----

create view policegrid.duty_status as
    select d.area, d.name as duty, d.definition #>> '{title,zh}' as title, d.definition #>> '{title,en}' as title_en, d.state,
           d.definition ->> 'rrule' as rrule, d.next_at, d.last_at, d.round_ends_at, d.occurrences, d.skipped, d.left_out,
           count(r.id)::integer as targets, (count(r.id) filter (where r.state in ('met', 'late')))::integer as met,
           (count(r.id) filter (where r.state = 'missed'))::integer as missed
    from policegrid.duty d
    left join policegrid.duty_round r on r.area = d.area and r.duty = d.name and r.starts_at = d.last_at
    group by d.area, d.name;
comment on view policegrid.duty_status is '职责及最近一轮 / duties with their latest round';
comment on column policegrid.duty_status.skipped is '停机期间未补的次数 / occurrences that downtime left out';

-- What each unit was asked and did, a round a row; members and places are counted.
create view policegrid.duty_rounds as
    select r.area, r.duty, r.unit, r.starts_at, r.ends_at, count(*)::integer as targets,
           (count(*) filter (where r.state = 'open'))::integer as open, (count(*) filter (where r.state = 'met'))::integer as met,
           (count(*) filter (where r.state = 'late'))::integer as late, (count(*) filter (where r.state = 'missed'))::integer as missed,
           sum(r.wanted)::integer as wanted, sum(r.done)::integer as done
    from policegrid.duty_round r
    where r.state <> 'waived'
    group by r.area, r.duty, r.unit, r.starts_at, r.ends_at;
comment on view policegrid.duty_rounds is '各单位各轮职责完成数 / rounds of duties by unit: targets, met, missed';

create view policegrid.roster_status as
    select s.area, s.roster, s.unit, s.slot, s.id as shift, s.starts_at, s.ends_at, jsonb_array_length(s.members) as members,
           s.handover <> '{}' as handed_over, s.takeover <> '{}' as taken_over, (s.takeover ->> 'differs')::integer as differs
    from policegrid.roster_shift s;
comment on view policegrid.roster_status is '班次：人数与交接 / shifts: how many people, handed over or not';

grant select on policegrid.duty_status, policegrid.duty_rounds, policegrid.roster_status to policegrid_reader;
