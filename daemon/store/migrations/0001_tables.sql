-- The tables that the engine writes (daemon/engine/table.c names the same columns in the same order) and the store's own two.
--
-- Every key begins with the area, so that towns can share a database. Keys across tables are checked wherever a row of the one makes
-- no sense without the other; where both may be written by one batch in either order, the check waits for the commit.
-- Only primary keys begin with the area; other indexes have it last. Sessions keep the plans that they made while a table was empty, and
-- to a planner without statistics every index that begins with the area looks as good as the key.
-- Rows are replaced whole (insert … on conflict do update): columns without a value are NULL, never an empty text.

-- ---- the store's own ----

create table policegrid.writer (
    area     text primary key check (area ~ '^[0-9]{2,12}$'),
    epoch    bigint not null check (epoch > 0),
    holder   text not null,
    taken_at timestamptz not null default now()
);

create table policegrid.quarantine (
    id          bigint generated always as identity primary key,
    area        text not null check (area ~ '^[0-9]{2,12}$'),
    at          timestamptz not null default now(),
    received_at timestamptz not null,
    sender      text not null,
    message_id  text,
    topic       text not null,
    payload     bytea,
    sqlstate    text,
    why         text not null,
    retries     integer not null default 0 check (retries >= 0),
    retried_at  timestamptz,
    check ((retries > 0) = (retried_at is not null))
);
create index quarantine_by_area on policegrid.quarantine (area, id);

-- ---- the area and its log ----

create table policegrid.area (
    area    text primary key check (area ~ '^[0-9]{2,12}$'),
    seq     bigint not null check (seq >= 0),
    numbers jsonb not null check (jsonb_typeof(numbers) = 'object')
);

create table policegrid.event (
    area        text not null,
    seq         bigint not null check (seq > 0),
    at          timestamptz not null,
    kind        text not null check (kind <> ''),
    sender      text not null check (sender <> ''),
    unit        text,
    message_id  text,
    fact_schema integer not null check (fact_schema > 0),
    facts       jsonb not null check (jsonb_typeof(facts) = 'array'),
    primary key (area, seq, at)
) partition by range (at);
-- takes what no month's partition takes, so that no date of an event can stop the town
create table policegrid.event_other partition of policegrid.event default;

create table policegrid.outcome (
    area      text not null,
    sender    text not null check (sender <> ''),
    id        text not null check (id <> '' and length(id) <= 64),
    body_hash text not null,
    seq       bigint not null check (seq > 0),
    at        timestamptz not null,
    outcome   text not null check (outcome in ('accepted', 'rejected')),
    code      text,
    detail    text,
    late      boolean not null,
    masked    boolean not null,
    created   jsonb,
    revision  bigint,
    event     bigint,
    epoch     bigint not null,
    primary key (area, sender, id),
    -- accepted ones have no code, or that they came late
    check (outcome = 'rejected' and code is not null or outcome = 'accepted' and (code is null or code = 'late' and late)),
    check (outcome = 'accepted' or (created is null and not late))
);
create index outcome_by_age on policegrid.outcome (at);

-- ---- the organisation ----

create table policegrid.unit (
    area          text not null,
    id            text not null check (id ~ '^[a-z0-9][a-z0-9-]{0,31}$'),
    unit_type     text not null,
    tier          integer not null check (tier between 1 and 3),
    parent        text,
    staffed_by    text,
    title         text not null,
    title_en      text not null,
    division_code text,
    tags          jsonb not null check (jsonb_typeof(tags) = 'array'),
    links         jsonb check (jsonb_typeof(links) = 'array'),
    ordinal       integer not null,
    active        boolean not null,
    changed_seq   bigint not null,
    primary key (area, id),
    foreign key (area, parent) references policegrid.unit deferrable initially deferred,
    foreign key (area, staffed_by) references policegrid.unit deferrable initially deferred,
    check (parent <> id),
    check (staffed_by <> id)
);

create table policegrid.member (
    area            text not null,
    id              text not null check (id <> ''),
    device          text,
    revoked         boolean not null,
    secret          text check (secret ~ '^[0-9a-f]{64}$'),
    secret_until    timestamptz,
    previous_secret text check (previous_secret ~ '^[0-9a-f]{64}$'),
    previous_until  timestamptz,
    enrolment       text check (enrolment ~ '^[0-9a-f]{64}$'),
    enrolment_until timestamptz,
    made_at         timestamptz not null,
    revoked_at      timestamptz,
    changed_seq     bigint not null,
    primary key (area, id),
    check (revoked = (revoked_at is not null)),
    -- a one-time code without an end would be a password
    check (enrolment is null or enrolment_until is not null),
    check (previous_secret is null or previous_until is not null)
);

create table policegrid.seat (
    area          text not null,
    id            uuid not null,
    member        text not null,
    unit          text,
    role          text not null check (role in ('commander', 'officer', 'auxiliary', 'grid_head', 'grid_worker', 'volunteer', 'partner',
                                               'device', 'gateway', 'shop', 'dashboard', 'admin', 'security_admin', 'auditor')),
    seat_position text,
    from_at       timestamptz,
    until_at      timestamptz,
    acting_for    text,
    ended         boolean not null,
    changed_seq   bigint not null,
    primary key (area, id),
    foreign key (area, member) references policegrid.member,
    foreign key (area, unit) references policegrid.unit,
    -- only these sit at the area itself
    check (unit is not null or role in ('admin', 'security_admin', 'auditor')),
    check (until_at >= from_at)
);
create index seat_by_member on policegrid.seat (member, area);
create index seat_by_unit on policegrid.seat (unit, area) where not ended;

create table policegrid.place (
    area        text not null,
    id          text not null check (id ~ '^[a-z0-9][a-z0-9-]{0,31}$'),
    kind        text not null,
    unit        text not null,
    title       text not null,
    title_en    text not null,
    active      boolean not null,
    changed_seq bigint not null,
    primary key (area, id),
    foreign key (area, unit) references policegrid.unit
);

create table policegrid.device (
    area        text not null,
    id          text not null check (id ~ '^[a-z0-9][a-z0-9-]{0,31}$'),
    kind        text not null,
    unit        text not null,
    gateway     text,
    silence_ms  bigint not null check (silence_ms >= 0),
    active      boolean not null,
    changed_seq bigint not null,
    primary key (area, id),
    foreign key (area, unit) references policegrid.unit
);

create table policegrid.device_status (
    area        text not null,
    device      text not null,
    online      boolean not null,
    fault       boolean not null,
    fault_code  text,
    since       timestamptz,
    seen_at     timestamptz,
    revision    bigint not null check (revision >= 0),
    timers      jsonb not null check (jsonb_typeof(timers) = 'object'),
    live        boolean not null,
    born        bigint not null,
    changed_seq bigint not null,
    primary key (area, device),
    foreign key (area, device) references policegrid.device,
    check (fault or fault_code is null)
);

create table policegrid.organisation (
    area        text not null,
    version     bigint not null check (version >= 0),
    title       text not null,
    title_en    text not null,
    utc_offset  integer not null check (utc_offset between -840 and 840),
    body        jsonb not null,
    is_current  boolean not null,
    applied_by  text not null,
    applied_at  timestamptz not null,
    changed_seq bigint not null,
    primary key (area, version),
    constraint organisation_one_current exclude using btree (area with =) where (is_current) deferrable initially deferred
);

create table policegrid.playbook (
    area        text not null,
    hash        text not null check (hash ~ '^[0-9a-f]{64}$'),
    name        text not null check (name <> ''),
    version     bigint not null,
    title       text not null,
    title_en    text not null,
    body        text not null,
    is_current  boolean not null,
    applied_by  text not null,
    applied_at  timestamptz not null,
    changed_seq bigint not null,
    primary key (area, hash),
    constraint playbook_one_current exclude using btree (area with =, name with =) where (is_current) deferrable initially deferred
);

-- ---- warnings and reports ----

create table policegrid.warning (
    area        text not null,
    id          uuid not null,
    identifier  text not null check (identifier <> '' and length(identifier) <= 64),
    sender      text not null,
    unit        text not null,
    event_code  text,
    state       text not null check (state in ('active', 'cancelled', 'expired', 'superseded')),
    severity    text not null check (severity in ('Unknown', 'Minor', 'Moderate', 'Severe', 'Extreme')),
    reality     text not null check (reality in ('Actual', 'Exercise', 'Test')),
    sent        timestamptz not null,
    expires     timestamptz,
    posted_at   timestamptz not null,
    ended_at    timestamptz,
    revision    bigint not null check (revision >= 0),
    playbook    text,
    identifiers jsonb not null check (jsonb_typeof(identifiers) = 'array'),
    units       jsonb not null check (jsonb_typeof(units) = 'array'),
    cap         jsonb not null check (jsonb_typeof(cap) = 'object'),
    timers      jsonb not null check (jsonb_typeof(timers) = 'object'),
    live        boolean not null,
    born        bigint not null,
    changed_seq bigint not null,
    primary key (area, id),
    constraint warning_identifier unique (identifier, area) deferrable initially deferred,
    foreign key (area, unit) references policegrid.unit,
    check ((state = 'active') = (ended_at is null)),
    check (live or state <> 'active')
);
create index warning_by_identifiers on policegrid.warning using gin (identifiers) with (fastupdate = off);
create index warning_live on policegrid.warning (area, born) where live;

create table policegrid.notice (
    area          text not null,
    warning       uuid not null,
    unit          text not null,
    withdrawn     boolean not null,
    revision      bigint not null check (revision >= 0),
    ack_wanted_at timestamptz,
    acks          jsonb not null check (jsonb_typeof(acks) = 'object'),
    timers        jsonb not null check (jsonb_typeof(timers) = 'object'),
    live          boolean not null,
    born          bigint not null,
    changed_seq   bigint not null,
    primary key (area, warning, unit),
    foreign key (area, warning) references policegrid.warning,
    foreign key (area, unit) references policegrid.unit
);
create index notice_live on policegrid.notice (area, born) where live;

create table policegrid.report (
    area           text not null,
    id             uuid not null,
    number         text not null check (number ~ '^[0-9]{4}-[0-9]{4,}$'),
    kind           text not null check (kind <> ''),
    unit           text not null,
    sender         text not null,
    state          text not null check (state in ('open', 'dispatched', 'merged', 'dismissed', 'recorded')),
    severity       text not null check (severity in ('Unknown', 'Minor', 'Moderate', 'Severe', 'Extreme')),
    reality        text not null check (reality in ('Actual', 'Exercise', 'Test')),
    received_at    timestamptz not null,
    occurred_at    timestamptz,
    ended_at       timestamptz,
    revision       bigint not null check (revision >= 0),
    state_revision bigint not null check (state_revision >= 0 and state_revision <= revision),
    case_id        uuid,
    merged_into    uuid,
    place          text,
    device         text,
    note           uuid,
    fields         jsonb not null check (jsonb_typeof(fields) = 'object'),
    timers         jsonb not null check (jsonb_typeof(timers) = 'object'),
    live           boolean not null,
    born           bigint not null,
    changed_seq    bigint not null,
    primary key (area, id),
    unique (number, area),
    foreign key (area, unit) references policegrid.unit,
    foreign key (area, merged_into) references policegrid.report deferrable initially deferred,
    check ((state = 'merged') = (merged_into is not null)),
    check (merged_into <> id)
);
create index report_live on policegrid.report (area, born) where live;
create index report_by_unit on policegrid.report (unit, area);

-- ---- work ----

create table policegrid.work_case (
    area        text not null,
    id          uuid not null,
    number      text not null check (number ~ '^[0-9]{4}-[0-9]{4,}$'),
    playbook    text,
    origin_type text not null check (origin_type in ('warning', 'report', 'duty', 'device', 'member')),
    origin_id   text not null,
    origin_unit text,
    reality     text not null check (reality in ('Actual', 'Exercise', 'Test')),
    results     jsonb not null check (jsonb_typeof(results) = 'object'),
    visits      jsonb not null check (jsonb_typeof(visits) = 'object'),
    outcome     text,
    opened_at   timestamptz not null,
    ended_at    timestamptz,
    timers      jsonb not null check (jsonb_typeof(timers) = 'object'),
    live        boolean not null,
    born        bigint not null,
    changed_seq bigint not null,
    primary key (area, id),
    check ((outcome is null) = (ended_at is null))
);
create index work_case_live on policegrid.work_case (area, born) where live;
alter table policegrid.report add foreign key (area, case_id) references policegrid.work_case deferrable initially deferred;

create table policegrid.task (
    area           text not null,
    id             uuid not null,
    number         text not null check (number ~ '^[0-9]{4}-[0-9]{4,}$'),
    case_id        uuid not null,
    kind           text not null check (kind <> ''),
    playbook       text,
    step           text,
    unit           text not null,
    tier           integer not null check (tier between 1 and 3),
    handler        text not null,
    origin_type    text not null check (origin_type in ('warning', 'report', 'duty', 'device', 'member')),
    origin_id      text not null,
    origin_unit    text,
    state          text not null check (state in ('issued', 'accepted', 'in_progress', 'completed', 'closed', 'suspended', 'cancelled', 'expired')),
    resume_state   text check (resume_state in ('issued', 'accepted', 'in_progress', 'completed')),
    outcome        text,
    severity       text not null check (severity in ('Unknown', 'Minor', 'Moderate', 'Severe', 'Extreme')),
    reality        text not null check (reality in ('Actual', 'Exercise', 'Test')),
    audience       text not null check (audience in ('all', 'staff', 'named')),
    assignee       text,
    revision       bigint not null check (revision >= 0),
    state_revision bigint not null check (state_revision >= 0 and state_revision <= revision),
    base_at        timestamptz not null,
    issued_at      timestamptz not null,
    not_before     timestamptz,
    accept_by      timestamptz,
    start_by       timestamptz,
    finish_by      timestamptz,
    verify_by      timestamptz,
    accepted_at    timestamptz,
    started_at     timestamptz,
    completed_at   timestamptz,
    ended_at       timestamptz,
    suspended_at   timestamptz,
    suspend_until  timestamptz,
    card           text not null check (card in ('none', 'yellow', 'red')),
    card_clock     text,
    verifier       text,
    escalation     uuid,
    follows        uuid,
    place          text,
    device         text,
    dedup          text,
    hops           integer not null check (hops >= 0),
    raised         integer not null check (raised >= 0),
    returns        integer not null check (returns >= 0),
    late           integer not null check (late >= 0),
    unlisted       boolean not null,
    brief          jsonb not null check (jsonb_typeof(brief) = 'object'),
    body           jsonb not null check (jsonb_typeof(body) = 'object'),
    timers         jsonb not null check (jsonb_typeof(timers) = 'object'),
    live           boolean not null,
    born           bigint not null,
    changed_seq    bigint not null,
    primary key (area, id),
    unique (number, area),
    foreign key (area, case_id) references policegrid.work_case,
    foreign key (area, unit) references policegrid.unit,
    foreign key (area, handler) references policegrid.unit,
    foreign key (area, assignee) references policegrid.member,
    foreign key (area, follows) references policegrid.task deferrable initially deferred,
    -- the same alarm while its task is open raises a count, never a second task; by ended_at and not by state, which is in no other
    -- index, so that most changes of state need no new index entries
    constraint task_one_open_per_dedup exclude using btree (area with =, dedup with =)
        where (dedup is not null and ended_at is null) deferrable initially deferred,
    -- ended means ended: a time, no open escalation, no card's clock running
    constraint task_end check ((state in ('closed', 'cancelled', 'expired')) = (ended_at is not null)),
    constraint task_end_escalation check (ended_at is null or escalation is null),
    constraint task_live check (live or ended_at is not null),
    constraint task_suspended check ((state = 'suspended') = (resume_state is not null)),
    constraint task_completed check (state <> 'completed' or completed_at is not null),
    constraint task_started check (state <> 'in_progress' or started_at is not null),
    constraint task_accepted check (state <> 'accepted' or accepted_at is not null),
    check (follows <> id)
) with (fillfactor = 80);
create index task_live on policegrid.task (area, born) where live;
create index task_by_unit on policegrid.task (unit, area);
create index task_by_case on policegrid.task (case_id, area);
create index task_by_origin on policegrid.task (origin_id, area);

create table policegrid.task_part (
    area        text not null,
    task        uuid not null,
    unit        text not null,
    part        text not null check (part in ('lead', 'joint', 'informed')),
    part_state  text not null,
    accepted_at timestamptz,
    agreed_at   timestamptz,
    changed_seq bigint not null,
    primary key (area, task, unit),
    foreign key (area, task) references policegrid.task,
    foreign key (area, unit) references policegrid.unit,
    constraint task_part_one_lead exclude using btree (area with =, task with =) where (part = 'lead') deferrable initially deferred
);

create table policegrid.task_event (
    area       text not null,
    task       uuid not null,
    seq        bigint not null check (seq > 0),
    ordinal    integer not null check (ordinal >= 0),
    at         timestamptz not null,
    member     text not null,
    unit       text,
    verb       text not null check (verb <> ''),
    from_state text,
    to_state   text,
    reason     text,
    note       uuid,
    primary key (area, task, seq, ordinal),
    foreign key (area, task) references policegrid.task
);

create table policegrid.escalation (
    area           text not null,
    id             uuid not null,
    task           uuid not null,
    from_unit      text not null,
    to_unit        text not null,
    level          integer not null check (level >= 1),
    state          text not null check (state in ('open', 'accepted', 'resolved', 'returned', 'passed_up', 'withdrawn')),
    cause          text not null check (cause in ('accept', 'start', 'finish', 'verify', 'escalate', 'decline')),
    reason         text,
    note           uuid,
    opened_by      text not null,
    assignee       text,
    bundle         uuid,
    passed_to      uuid,
    opened_at      timestamptz not null,
    accept_by      timestamptz,
    finish_by      timestamptz,
    accepted_at    timestamptz,
    ended_at       timestamptz,
    alerted_at     timestamptz,
    outcome        text,
    revision       bigint not null check (revision >= 0),
    state_revision bigint not null check (state_revision >= 0 and state_revision <= revision),
    timers         jsonb not null check (jsonb_typeof(timers) = 'object'),
    live           boolean not null,
    born           bigint not null,
    changed_seq    bigint not null,
    primary key (area, id),
    foreign key (area, task) references policegrid.task,
    foreign key (area, from_unit) references policegrid.unit,
    foreign key (area, to_unit) references policegrid.unit,
    foreign key (area, assignee) references policegrid.member,
    foreign key (area, passed_to) references policegrid.escalation deferrable initially deferred,
    constraint escalation_one_open_per_task exclude using btree (area with =, task with =)
        where (ended_at is null) deferrable initially deferred,
    constraint escalation_end check ((state in ('open', 'accepted')) = (ended_at is null)),
    constraint escalation_accepted check (state <> 'accepted' or accepted_at is not null),
    constraint escalation_passed check ((state = 'passed_up') = (passed_to is not null)),
    constraint escalation_live check (live or ended_at is not null),
    check (passed_to <> id),
    check (from_unit <> to_unit)
);
create index escalation_live on policegrid.escalation (area, born) where live;
create index escalation_by_task on policegrid.escalation (task, area);
create index escalation_by_unit on policegrid.escalation (to_unit, area);
alter table policegrid.task add foreign key (area, escalation) references policegrid.escalation deferrable initially deferred;

create table policegrid.escalation_event (
    area       text not null,
    escalation uuid not null,
    seq        bigint not null check (seq > 0),
    ordinal    integer not null check (ordinal >= 0),
    task       uuid not null,
    level      integer not null check (level >= 1),
    from_unit  text not null,
    to_unit    text not null,
    state      text not null check (state in ('open', 'accepted', 'resolved', 'returned', 'passed_up', 'withdrawn')),
    cause      text not null,
    reason     text,
    by_member  text not null,
    at         timestamptz not null,
    note       uuid,
    primary key (area, escalation, seq, ordinal),
    foreign key (area, escalation) references policegrid.escalation
);
create index escalation_event_by_task on policegrid.escalation_event (task, area);

-- ---- what may be erased ----

create table policegrid.private_text (
    area       text not null,
    id         uuid not null,
    owner_kind text not null,
    owner_id   text not null,
    unit       text,
    at         timestamptz not null,
    erase_at   timestamptz not null,
    words      text,
    primary key (area, id),
    check (erase_at >= at)
);
create index private_text_to_erase on policegrid.private_text (erase_at) where words is not null;
create index private_text_by_owner on policegrid.private_text (owner_id, area);

alter table policegrid.report add foreign key (area, note) references policegrid.private_text deferrable initially deferred;
alter table policegrid.task_event add foreign key (area, note) references policegrid.private_text deferrable initially deferred;
alter table policegrid.escalation add foreign key (area, note) references policegrid.private_text deferrable initially deferred;
alter table policegrid.escalation_event add foreign key (area, note) references policegrid.private_text deferrable initially deferred;

-- ---- who may do what ----

grant select, insert, update on policegrid.writer, policegrid.quarantine, policegrid.area, policegrid.unit, policegrid.member,
    policegrid.seat, policegrid.place, policegrid.device, policegrid.device_status, policegrid.organisation, policegrid.playbook,
    policegrid.warning, policegrid.notice, policegrid.report, policegrid.work_case, policegrid.task, policegrid.task_part,
    policegrid.escalation to policegrid_daemon;
-- logs: insert only
grant select, insert on policegrid.event, policegrid.outcome, policegrid.task_event, policegrid.escalation_event,
    policegrid.private_text to policegrid_daemon;

-- ---- what they are ----

comment on table policegrid.writer is '每个辖区当前唯一的写入者 / the one writer of each area, by epoch';
comment on table policegrid.quarantine is '无法处理而隔离的消息 / messages that could not be processed, kept for an operator';
comment on table policegrid.area is '辖区计数器 / counters of an area: the latest event, the year''s numbers';
comment on table policegrid.event is '事实日志（只追加） / log of facts, append-only';
comment on table policegrid.outcome is '每条上行消息的唯一结果 / the one outcome of every upward message, by sender and id';
comment on table policegrid.unit is '单位 / units: command, rooms, villages';
comment on table policegrid.member is '成员（仅编号与密钥哈希） / members: generated ids and hashes of secrets';
comment on table policegrid.seat is '席位 / who sits where, in which role';
comment on table policegrid.place is '场所 / places: venues, firms, dormitories, alarm points; never a home';
comment on table policegrid.device is '设备 / devices and gateways';
comment on table policegrid.device_status is '设备最近状态 / what each device last said';
comment on table policegrid.organisation is '组织文件各版本 / organisation files as applied, by version';
comment on table policegrid.playbook is '预案各版本（不可变） / playbook versions, immutable, by hash';
comment on table policegrid.warning is '预警 / warnings, one row a chain of Alert, Update, Cancel';
comment on table policegrid.notice is '各单位的预警签收 / a warning at a unit, and who acknowledged it';
comment on table policegrid.report is '上报事件 / what members found';
comment on table policegrid.work_case is '事由：同一来源的任务 / cases: tasks of one origin';
comment on table policegrid.task is '任务 / tasks';
comment on table policegrid.task_part is '联办单位 / participants of joint tasks';
comment on table policegrid.task_event is '任务经过（只追加） / history of tasks, append-only';
comment on table policegrid.escalation is '上报（逐级） / escalations, one row a rung';
comment on table policegrid.escalation_event is '上报经过（只追加） / history of escalations, append-only';
comment on table policegrid.private_text is '可清除的自由文字 / erasable free text, outside the log';
