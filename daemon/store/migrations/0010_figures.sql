-- What statistics keep of their own: figures of months from before the software, and months as they were when they closed. And the
-- indexes that let a month be counted without reading a year: each begins with a time and has the area last (README, "Plans").

create table policegrid.figure (
    area        text not null,
    unit        text not null,
    month       text not null check (month ~ '^20[0-9]{2}-(0[1-9]|1[0-2])$'),
    figure      text not null check (figure ~ '^[a-z0-9][a-z0-9_-]{0,31}$'),
    amount      bigint not null check (amount >= 0),
    imported_by text not null,
    imported_at timestamptz not null,
    changed_seq bigint not null,
    primary key (area, unit, month, figure),
    foreign key (area, unit) references policegrid.unit
);
create index figure_by_month on policegrid.figure (month, area);

create table policegrid.closed_month (
    area         text not null,
    unit         text not null,
    month        text not null check (month ~ '^20[0-9]{2}-(0[1-9]|1[0-2])$'),
    closed_at    timestamptz not null,
    figures      jsonb not null check (jsonb_typeof(figures) = 'object'),
    corrected_at timestamptz,
    corrected    jsonb check (jsonb_typeof(corrected) = 'object'),
    changed_seq  bigint not null,
    primary key (area, unit, month),
    foreign key (area, unit) references policegrid.unit,
    check ((corrected is null) = (corrected_at is null))
);
create index closed_month_by_month on policegrid.closed_month (month, area);

-- A closed month's figures stay what they were; what became known later stands beside them.
create function policegrid.refuse_reclosing() returns trigger
    language plpgsql as $$
begin
    if new.figures is distinct from old.figures or new.closed_at is distinct from old.closed_at then
        raise exception 'a closed month is corrected, never closed again' using errcode = 'integrity_constraint_violation';
    end if;
    return new;
end
$$;
revoke all on function policegrid.refuse_reclosing() from public;
create trigger closed_once before update on policegrid.closed_month
    for each row execute function policegrid.refuse_reclosing();

-- the business day of a report: when it happened where the sender said so (within seven days), else when it arrived
create index report_by_time on policegrid.report ((coalesce(occurred_at, received_at)), area);
create index report_by_kind on policegrid.report (kind, (coalesce(occurred_at, received_at)), area);
create index work_case_by_opening on policegrid.work_case (opened_at, area);
create index work_case_by_end on policegrid.work_case (ended_at, area) where ended_at is not null;
create index task_by_issue on policegrid.task (issued_at, area);
create index task_by_completion on policegrid.task (completed_at, area) where completed_at is not null;
create index escalation_by_opening on policegrid.escalation (opened_at, area);
create index warning_by_posting on policegrid.warning (posted_at, area);
create index duty_round_by_end on policegrid.duty_round (ends_at, area);
create index points_entry_by_time on policegrid.points_entry (at, area);

grant select, insert, update on policegrid.figure, policegrid.closed_month to policegrid_daemon;

comment on table policegrid.figure is '导入的历史月度数字（仅整数） / figures of past months as imported, whole numbers only';
comment on table policegrid.closed_month is '月结：各单位当月数字，及其后更正 / months as they closed, a row a unit, with what was corrected since';
comment on column policegrid.closed_month.figures is '{"数字": [数量, 行数]}，结账时 / {"figure": [amount, rows behind it]} when it closed';
comment on column policegrid.closed_month.corrected is '更正后的全部数字，未更正为空 / all figures as they are now, NULL while none differs';
