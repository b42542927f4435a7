-- What devices did, kept for good until its retention is over, and what can be said of it: who is out of order now, and how much of a
-- period each one served. And warnings that a playbook posts: where they came from, and how often the same came again.

create table policegrid.device_event (
    area       text not null,
    device     text not null,
    seq        bigint not null check (seq > 0),
    ordinal    integer not null check (ordinal >= 0),
    at         timestamptz not null,
    unit       text,
    what       text not null check (what in ('online', 'offline', 'fault', 'restored', 'removed')),
    online     boolean not null,
    fault      boolean not null,
    fault_code text,
    primary key (area, device, seq, ordinal),
    foreign key (area, device) references policegrid.device,
    check (fault or fault_code is null),
    check (what <> 'offline' or not online)
);
create index device_event_by_age on policegrid.device_event (at);
create trigger append_only before update on policegrid.device_event
    for each row execute function policegrid.refuse_change();
create trigger no_truncate before truncate on policegrid.device_event
    for each statement execute function policegrid.refuse_change();
grant select, insert on policegrid.device_event to policegrid_daemon;
comment on table policegrid.device_event is '设备经过（只追加）：上线、离线、故障、恢复 / history of devices, append-only: online, offline, fault, restored; one row a change, none for a heartbeat that says nothing new';
comment on column policegrid.device_event.unit is '当时所属单位 / the unit that it belonged to then';
comment on column policegrid.device_event.online is '此后是否在线 / online from then on';

-- A playbook's own warnings: `dedup` is taken while the warning lasts, so that the same alarm raises a count and posts nothing again.
alter table policegrid.warning
    add column origin_type text check (origin_type in ('warning', 'report', 'duty', 'device', 'member')),
    add column origin_id   text,
    add column dedup       text,
    add column raised      integer not null default 0 check (raised >= 0),
    add constraint warning_origin check ((origin_type is null) = (origin_id is null)),
    add constraint warning_one_per_dedup exclude using btree (area with =, dedup with =)
        where (dedup is not null and ended_at is null) deferrable initially deferred;
comment on column policegrid.warning.origin_type is '由预案自动发布时的来源 / what a playbook posted it for; null when a commander did';
comment on column policegrid.warning.raised is '有效期内同样情况再次发生的次数 / how often the same came again while it lasted';

-- ---- what dashboards read ----

-- The town's hours ahead of UTC.
create function policegrid.zone_ahead(of_area text) returns interval
    language sql stable parallel safe security definer set search_path = policegrid, pg_temp as $$
    select make_interval(mins => coalesce((select utc_offset from organisation where area = of_area and is_current), 480))
$$;
comment on function policegrid.zone_ahead is '本镇时区 / the town''s offset from UTC';
revoke all on function policegrid.zone_ahead(text) from public;
grant execute on function policegrid.zone_ahead(text) to policegrid_reader, policegrid_daemon;

create view policegrid.device_state as
select d.area,
       d.id as device,
       d.kind,
       d.unit,
       u.tier,
       u.title as unit_title,
       u.title_en as unit_title_en,
       d.gateway,
       d.silence_ms / 1000 as silence_s,
       coalesce(s.online, false) as online,
       coalesce(s.fault, false) as fault,
       s.fault_code,
       case when s.device is null then 'never' when not s.online then 'offline' when s.fault then 'fault' else 'online' end as state,
       s.since,
       s.seen_at
  from policegrid.device d
  join policegrid.unit u on u.area = d.area and u.id = d.unit
  left join policegrid.device_status s on s.area = d.area and s.device = d.id
 where d.active;

-- Stretches of time: each change of a device and when the next one came; open until now.
create view policegrid.device_span as
select e.area,
       e.device,
       d.kind,
       coalesce(e.unit, d.unit) as unit,
       e.seq,
       e.ordinal,
       e.what,
       e.online,
       e.fault,
       e.fault_code,
       e.at as from_at,
       coalesce(lead(e.at) over of_device, greatest(now(), e.at)) as until_at,
       lead(e.at) over of_device is null as open
  from policegrid.device_event e
  join policegrid.device d on d.area = e.area and d.id = e.device
window of_device as (partition by e.area, e.device order by e.seq, e.ordinal);

-- Availability of each device by month, in the town's zone. Measured: from its first word on, but not while it was out of the
-- organisation. Served: online and without a fault. An outage: a stretch of not serving that began in that month.
create view policegrid.device_availability as
with stretch as (
        select s.*, s.online and not s.fault as serves,
               lag(s.online and not s.fault) over (partition by s.area, s.device order by s.seq, s.ordinal) as served,
               policegrid.zone_ahead(s.area) as ahead
          from policegrid.device_span s),
     part as (
        select s.*, m.month as month_local,
               (m.month - s.ahead) at time zone 'UTC' as month_from,
               (m.month + interval '1 month' - s.ahead) at time zone 'UTC' as month_until
          from stretch s
         cross join lateral generate_series(date_trunc('month', s.from_at at time zone 'UTC' + s.ahead),
                                            date_trunc('month', s.until_at at time zone 'UTC' + s.ahead), interval '1 month') m (month)),
     piece as (
        select p.*, greatest(extract(epoch from least(p.until_at, p.month_until) - greatest(p.from_at, p.month_from)), 0) as lasted
          from part p)
select p.area,
       to_char(p.month_local, 'YYYY-MM') as month,
       p.device,
       p.kind,
       p.unit,
       floor(sum(p.lasted) filter (where p.what <> 'removed'))::bigint as measured_s,
       coalesce(floor(sum(p.lasted) filter (where p.what <> 'removed' and p.serves)), 0)::bigint as served_s,
       coalesce(floor(sum(p.lasted) filter (where p.what <> 'removed' and not p.online)), 0)::bigint as offline_s,
       coalesce(floor(sum(p.lasted) filter (where p.what <> 'removed' and p.online and p.fault)), 0)::bigint as fault_s,
       count(*) filter (where p.what <> 'removed' and not p.serves and p.served is not false and p.from_at >= p.month_from) as outages,
       round(100 * coalesce(sum(p.lasted) filter (where p.what <> 'removed' and p.serves), 0)
             / nullif(sum(p.lasted) filter (where p.what <> 'removed'), 0), 2) as available_percent
  from piece p
 group by p.area, p.month_local, p.device, p.kind, p.unit
having sum(p.lasted) filter (where p.what <> 'removed') > 0;

grant select on policegrid.device_state, policegrid.device_span, policegrid.device_availability to policegrid_reader, policegrid_daemon;

comment on view policegrid.device_state is '设备现状：在线、离线、故障，始于何时 / devices as they stand: online, offline, fault, since when; one row a device';
comment on column policegrid.device_state.state is '状态 / online, fault, offline, never (nothing heard of it yet)';
comment on column policegrid.device_state.seen_at is '最近一次记录的收到时间（静默期一半之内） / last recorded word, exact to half of its period of silence';
comment on view policegrid.device_span is '设备历史时段：每次变化到下次变化 / stretches of each device''s history, from one change to the next; the last one is open';
comment on column policegrid.device_span.what is '起因 / online, offline (silent too long), fault, restored, removed (out of the organisation)';
comment on view policegrid.device_availability is '设备按月可用率（本镇时区） / availability by month in the town''s zone: one row a device, month and unit';
comment on column policegrid.device_availability.measured_s is '计量秒数 / seconds since its first word, those while it was out of the organisation left out';
comment on column policegrid.device_availability.served_s is '在线且无故障的秒数 / seconds online and without a fault';
comment on column policegrid.device_availability.outages is '当月开始的中断次数 / stretches of not serving that began in the month';
comment on column policegrid.device_availability.available_percent is '可用率（百分比） / served of measured, in percent';
