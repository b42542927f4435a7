-- What the tables cannot say by themselves: one writer by epoch, logs that only grow, and the functions of maintenance. Functions of
-- maintenance run with the owner's rights and a fixed search_path; the daemon may call them and nothing more.

-- ---- one writer (every batch calls this first) ----

create function policegrid.writer_check(writer_area text, writer_epoch bigint) returns void
    language plpgsql as $$
begin
    perform from policegrid.writer where area = writer_area and epoch = writer_epoch for update;
    if not found then
        raise exception 'epoch % of area % is over', writer_epoch, writer_area using errcode = 'PG001';
    end if;
end
$$;
comment on function policegrid.writer_check is '写入前核对并锁定本届写入者 / locks the area''s writer row, fails on a foreign epoch';

-- ---- logs only grow, whoever asks ----

create function policegrid.refuse_change() returns trigger
    language plpgsql as $$
begin
    raise exception '% is append-only', tg_table_name using errcode = 'insufficient_privilege';
end
$$;

create trigger append_only before update or delete on policegrid.event
    for each row execute function policegrid.refuse_change();
create trigger append_only before update or delete on policegrid.task_event
    for each row execute function policegrid.refuse_change();
create trigger append_only before update or delete on policegrid.escalation_event
    for each row execute function policegrid.refuse_change();
create trigger append_only before update on policegrid.outcome
    for each row execute function policegrid.refuse_change();
create trigger no_truncate before truncate on policegrid.task_event
    for each statement execute function policegrid.refuse_change();
create trigger no_truncate before truncate on policegrid.escalation_event
    for each statement execute function policegrid.refuse_change();

-- playbook versions and applied organisation files are what work in progress refers to: only is_current may move
create function policegrid.refuse_rewriting() returns trigger
    language plpgsql as $$
begin
    if new.body is distinct from old.body then
        raise exception 'a version in % is immutable', tg_table_name using errcode = 'integrity_constraint_violation';
    end if;
    return new;
end
$$;
create trigger immutable before update on policegrid.playbook
    for each row execute function policegrid.refuse_rewriting();

-- ---- maintenance ----

-- Months of the log, this one and `months` ahead. A table is made first and attached then: attaching locks out nobody who inserts,
-- creating it as a partition would. Months of which the default partition already holds rows stay there.
create function policegrid.partitions_ensure(months integer) returns integer
    language plpgsql security definer set search_path = policegrid, pg_temp as $$
declare
    month_start timestamptz;
    month_end   timestamptz;
    partition   text;
    made        integer := 0;
begin
    if months not between 0 and 24 then
        raise exception 'months ahead: 0 to 24, not %', months;
    end if;
    for i in 0..months loop
        month_start := (date_trunc('month', now() at time zone 'UTC') + make_interval(months => i)) at time zone 'UTC';
        month_end   := (date_trunc('month', now() at time zone 'UTC') + make_interval(months => i + 1)) at time zone 'UTC';
        partition   := 'event_' || to_char(month_start at time zone 'UTC', 'YYYY_MM');
        continue when to_regclass('policegrid.' || partition) is not null;
        continue when exists (select from policegrid.event_other where at >= month_start and at < month_end);
        execute format('create table policegrid.%I (like policegrid.event including all)', partition);
        execute format('alter table policegrid.event attach partition policegrid.%I for values from (%L) to (%L)',
                       partition, month_start, month_end);
        made := made + 1;
    end loop;
    return made;
end
$$;
comment on function policegrid.partitions_ensure is '预建事实日志的月分区 / makes the log''s partitions of the months to come';

-- What is kept no longer: free text past its day, outcomes of ids that are refused as too old anyway (400 days), the payloads of
-- quarantined messages after 90 days. In bounded steps, so that no lock is held for long; the next run takes the rest.
create function policegrid.retention_apply(of_area text) returns integer
    language plpgsql security definer set search_path = policegrid, pg_temp as $$
declare
    n     integer;
    total integer := 0;
begin
    update private_text set words = null
     where (area, id) in (select area, id from private_text
                           where erase_at <= now() and words is not null and area = of_area limit 10000);
    get diagnostics n = row_count;
    total := total + n;
    delete from outcome
     where (area, sender, id) in (select area, sender, id from outcome
                                   where at < now() - interval '400 days' and area = of_area limit 10000);
    get diagnostics n = row_count;
    total := total + n;
    update quarantine set payload = null
     where area = of_area and payload is not null and at < now() - interval '90 days';
    get diagnostics n = row_count;
    return total + n;
end
$$;
comment on function policegrid.retention_apply is '执行保存期限 / enforces retention periods';

revoke all on function policegrid.writer_check(text, bigint), policegrid.partitions_ensure(integer),
    policegrid.retention_apply(text), policegrid.refuse_change(), policegrid.refuse_rewriting() from public;
grant execute on function policegrid.writer_check(text, bigint), policegrid.partitions_ensure(integer),
    policegrid.retention_apply(text) to policegrid_daemon;

select policegrid.partitions_ensure(3);
