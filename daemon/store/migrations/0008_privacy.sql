-- Privacy: contacts that only the responder is shown, by an audited grant, and that are erased when the work is over; and how long
-- everything is kept: retention_apply with the periods of policegridd.conf, [retention].

create table policegrid.contact (
    area        text not null,
    id          uuid not null,
    owner       uuid not null,
    unit        text not null,
    kept_at     timestamptz not null,
    erase_at    timestamptz not null,
    erased_at   timestamptz,
    timers      jsonb not null check (jsonb_typeof(timers) = 'object'),
    live        boolean not null,
    born        bigint not null,
    changed_seq bigint not null,
    primary key (area, id),
    foreign key (area, id) references policegrid.private_text deferrable initially deferred,
    foreign key (area, owner) references policegrid.report deferrable initially deferred,
    check (live = (erased_at is null))
);
create index contact_by_owner on policegrid.contact (owner, area);

create table policegrid.contact_grant (
    area    text not null,
    contact uuid not null,
    seq     bigint not null check (seq > 0),
    at      timestamptz not null,
    member  text not null,
    unit    text,
    task    uuid not null,
    primary key (area, contact, seq),
    foreign key (area, contact) references policegrid.contact deferrable initially deferred,
    foreign key (area, member) references policegrid.member,
    foreign key (area, task) references policegrid.task deferrable initially deferred
);
create index contact_grant_by_task on policegrid.contact_grant (task, area);
create index contact_grant_by_age on policegrid.contact_grant (at);

grant select, insert, update on policegrid.contact to policegrid_daemon;
grant select, insert on policegrid.contact_grant to policegrid_daemon;
comment on table policegrid.contact is '联系方式的存放与清除（内容另存） / contacts: kept, erased; their words are in private_text';
comment on table policegrid.contact_grant is '谁在何时为哪项任务查看过联系方式（只追加） / who was shown a contact, when, for which task; append-only';

-- ---- words may go, and never change ----

create function policegrid.refuse_rewording() returns trigger
    language plpgsql as $$
begin
    if new.words is not null and new.words is distinct from old.words or
       (new.area, new.id, new.owner_kind, new.owner_id, new.unit, new.at) is distinct from
       (old.area, old.id, old.owner_kind, old.owner_id, old.unit, old.at) then
        raise exception 'words of % may be erased, not changed', tg_table_name using errcode = 'insufficient_privilege';
    end if;
    return new;
end
$$;
comment on function policegrid.refuse_rewording is '自由文字只可清除，不可改写 / free text may be erased, not changed';
create trigger erase_only before update on policegrid.private_text
    for each row execute function policegrid.refuse_rewording();
grant update on policegrid.private_text to policegrid_daemon;

-- ---- retention alone may delete from what only grows, and nothing that is younger than half a year ----

create or replace function policegrid.refuse_change() returns trigger
    language plpgsql as $$
begin
    if tg_op = 'DELETE' and tg_level = 'ROW' then
        if current_setting('policegrid.retention', true) = 'on' and old.at < now() - interval '183 days' then
            return old;
        end if;
    end if;
    raise exception '% is append-only', tg_table_name using errcode = 'insufficient_privilege';
end
$$;
create trigger append_only before update or delete on policegrid.contact_grant
    for each row execute function policegrid.refuse_change();
create trigger no_truncate before truncate on policegrid.contact_grant
    for each statement execute function policegrid.refuse_change();

-- Device history has its own period, which may be shorter.
create function policegrid.retention_days(periods jsonb, name text, floor_days integer) returns interval
    language plpgsql immutable as $$
declare
    days integer := (periods ->> name)::integer;
begin
    if days is null or days < floor_days then
        raise exception 'retention: % must be at least % days', name, floor_days using errcode = 'invalid_parameter_value';
    end if;
    return make_interval(days => days);
end
$$;

-- What is kept no longer, in bounded steps so that no lock is held for long; returns how many rows: who gets 10000 or more asks again.
-- periods: {"notes", "contacts", "quarantine", "devices", "audit"}, in days.
create function policegrid.retention_apply(of_area text, periods jsonb) returns integer
    language plpgsql security definer set search_path = policegrid, pg_temp as $$
declare
    notes      interval := policegrid.retention_days(periods, 'notes', 1);
    contacts   interval := policegrid.retention_days(periods, 'contacts', 1);
    quarantines interval := policegrid.retention_days(periods, 'quarantine', 1);
    devices    interval := policegrid.retention_days(periods, 'devices', 31);
    audit      interval := policegrid.retention_days(periods, 'audit', 183);
    n          integer;
    total      integer := 0;
begin
    update private_text set words = null
     where (area, id) in (select area, id from private_text
                           where words is not null and area = of_area
                             and (erase_at <= now() or at < now() - case owner_kind when 'contact' then contacts else notes end)
                           limit 10000);
    get diagnostics n = row_count;
    total := total + n;
    -- an id older than 400 days is refused anyway: what was answered to it is of no more use
    delete from outcome
     where (area, sender, id) in (select area, sender, id from outcome
                                   where at < now() - interval '400 days' and area = of_area limit 10000);
    get diagnostics n = row_count;
    total := total + n;
    update quarantine set payload = null
     where id in (select id from quarantine where area = of_area and payload is not null and at < now() - quarantines limit 10000);
    get diagnostics n = row_count;
    total := total + n;
    delete from quarantine where id in (select id from quarantine where area = of_area and at < now() - audit limit 10000);
    get diagnostics n = row_count;
    total := total + n;
    -- the last event before the period says how the device stood when it began
    delete from device_event
     where (area, device, seq, ordinal) in
           (select o.area, o.device, o.seq, o.ordinal from device_event o
             where o.at < now() - devices and o.area = of_area
               and exists (select from device_event y where y.area = o.area and y.device = o.device and y.at < now() - devices
                              and (y.seq, y.ordinal) > (o.seq, o.ordinal))
             limit 10000);
    get diagnostics n = row_count;
    total := total + n;
    perform set_config('policegrid.retention', 'on', true);
    delete from event where (area, seq, at) in (select area, seq, at from event where at < now() - audit and area = of_area limit 10000);
    get diagnostics n = row_count;
    total := total + n;
    delete from contact_grant
     where (area, contact, seq) in (select area, contact, seq from contact_grant where at < now() - audit and area = of_area limit 10000);
    get diagnostics n = row_count;
    perform set_config('policegrid.retention', 'off', true);
    return total + n;
end
$$;
comment on function policegrid.retention_apply(text, jsonb) is '按配置执行保存期限（审计至少六个月） / enforces the configured retention periods; audit records at least six months';

-- a daemon of the release before asks without periods
create or replace function policegrid.retention_apply(of_area text) returns integer
    language sql security definer set search_path = policegrid, pg_temp as $$
    select policegrid.retention_apply(of_area, '{"notes": 90, "contacts": 30, "quarantine": 90, "devices": 400, "audit": 1095}'::jsonb)
$$;

revoke all on function policegrid.refuse_rewording(), policegrid.retention_days(jsonb, text, integer),
    policegrid.retention_apply(text, jsonb) from public;
grant execute on function policegrid.retention_apply(text, jsonb) to policegrid_daemon;
