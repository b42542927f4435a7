-- Points (M36): cards that somebody has opted in with, an append-only ledger, redemptions. A card is a number; whose it is stands here
-- only where it is a member's own. Every booking carries the balance after it, and the database checks the chain when a batch commits.

create table policegrid.points_holder (
    area        text not null,
    card        text not null check (card ~ '^[0-9]{4,12}$'),
    member      text,
    unit        text not null,
    code        text check (code ~ '^[0-9a-f]{64}$'),
    joined_at   timestamptz not null,
    left_at     timestamptz,
    balance     bigint not null,
    reserved    bigint not null,
    entries     bigint not null check (entries >= 0),
    periods     jsonb not null check (jsonb_typeof(periods) = 'object'),
    honours     jsonb not null check (jsonb_typeof(honours) = 'object'),
    day         text,
    day_points  bigint not null check (day_points >= 0),
    timers      jsonb not null check (jsonb_typeof(timers) = 'object'),
    live        boolean not null,
    born        bigint not null,
    changed_seq bigint not null,
    primary key (area, card),
    foreign key (area, member) references policegrid.member,
    foreign key (area, unit) references policegrid.unit,
    constraint points_never_below_zero check (reserved >= 0 and reserved <= balance),
    constraint points_one_card_per_member exclude using btree (area with =, member with =) where (member is not null)
        deferrable initially deferred,
    -- a card that was given up: nothing on it, nobody's
    constraint points_left check ((left_at is null) = live and (live or (balance = 0 and member is null and code is null)))
);

create table policegrid.points_entry (
    area        text not null,
    card        text not null,
    number      bigint not null check (number > 0),
    seq         bigint not null check (seq > 0),
    at          timestamptz not null,
    period      text not null check (period ~ '^[0-9]{4}-[0-9]{2}$'),
    kind        text not null check (kind in ('base', 'bonus', 'award', 'correct', 'honour', 'redeem', 'forfeit')),
    points      bigint not null,
    balance     bigint not null check (balance >= 0),
    origin_type text not null check (origin_type in ('report', 'task', 'member', 'honour', 'redemption', 'card')),
    origin_id   text not null,
    unit        text,
    by_member   text not null,
    reason      text,
    primary key (area, card, number),
    foreign key (area, card) references policegrid.points_holder,
    constraint points_sign check (case when kind in ('base', 'bonus', 'award') then points > 0 when kind = 'honour' then points = 0
                                       else points < 0 end)
);
create index points_entry_by_period on policegrid.points_entry (period, area);
create index points_entry_by_origin on policegrid.points_entry (origin_id, area);

create table policegrid.points_redemption (
    area        text not null,
    id          uuid not null,
    card        text not null,
    shop        text not null,
    unit        text not null,
    goods       text not null check (goods <> ''),
    count       integer not null check (count > 0),
    points      bigint not null check (points > 0),
    state       text not null check (state in ('reserved', 'confirmed', 'expired', 'refused', 'cancelled')),
    reserved_at timestamptz not null,
    expires_at  timestamptz not null,
    ended_at    timestamptz,
    timers      jsonb not null check (jsonb_typeof(timers) = 'object'),
    live        boolean not null,
    born        bigint not null,
    changed_seq bigint not null,
    primary key (area, id),
    foreign key (area, card) references policegrid.points_holder,
    foreign key (area, shop) references policegrid.member,
    foreign key (area, unit) references policegrid.unit,
    check ((state = 'reserved') = (ended_at is null)),
    check (live = (ended_at is null)),
    check (expires_at > reserved_at)
);
create index points_redemption_by_shop on policegrid.points_redemption (shop, area);
create index points_redemption_by_unit on policegrid.points_redemption (unit, area);
create index points_redemption_open on policegrid.points_redemption (card, area) where ended_at is null;

-- ---- the ledger only grows, and every entry follows from the one before ----

create trigger append_only before update or delete on policegrid.points_entry
    for each row execute function policegrid.refuse_change();
create trigger no_truncate before truncate on policegrid.points_entry
    for each statement execute function policegrid.refuse_change();

create function policegrid.points_chain() returns trigger
    language plpgsql as $$
begin
    if new.balance <> new.points + coalesce((select e.balance from policegrid.points_entry e
                                              where e.area = new.area and e.card = new.card and e.number = new.number - 1), 0)
       or (new.number > 1 and not exists (select from policegrid.points_entry e
                                           where e.area = new.area and e.card = new.card and e.number = new.number - 1)) then
        raise exception 'entry % of card does not follow from the one before', new.number using errcode = 'integrity_constraint_violation';
    end if;
    return null;
end
$$;
comment on function policegrid.points_chain is '积分流水逐笔相接 / every entry of the ledger follows from the one before';
revoke all on function policegrid.points_chain() from public;
create constraint trigger points_chain after insert on policegrid.points_entry
    deferrable initially deferred for each row execute function policegrid.points_chain();

-- ---- what may be read ----

create view policegrid.points_ranking as
select e.area,
       e.period,
       e.card,
       h.unit,
       sum(e.points) filter (where e.kind in ('base', 'bonus', 'award', 'correct'))::bigint as earned,
       count(*) filter (where e.kind in ('base', 'bonus', 'award')) as bookings,
       coalesce(-sum(e.points) filter (where e.kind = 'redeem'), 0)::bigint as redeemed,
       coalesce(array_agg(e.origin_id order by e.number) filter (where e.kind = 'honour'), '{}') as honours
  from policegrid.points_entry e
  join policegrid.points_holder h on h.area = e.area and h.card = e.card
 where h.left_at is null
 group by e.area, e.period, e.card, h.unit;

-- By unit and month: what a wall may show. Units with fewer than three cards are left out.
create view policegrid.points_month as
select e.area,
       e.period,
       h.unit,
       count(distinct e.card) as cards,
       coalesce(sum(e.points) filter (where e.kind in ('base', 'bonus', 'award', 'correct')), 0)::bigint as earned,
       coalesce(-sum(e.points) filter (where e.kind = 'redeem'), 0)::bigint as redeemed,
       count(*) filter (where e.kind = 'honour') as honours
  from policegrid.points_entry e
  join policegrid.points_holder h on h.area = e.area and h.card = e.card
 group by e.area, e.period, h.unit
having count(distinct e.card) >= 3;

grant select, insert, update on policegrid.points_holder, policegrid.points_redemption to policegrid_daemon;
grant select, insert on policegrid.points_entry to policegrid_daemon;
grant select on policegrid.points_ranking to policegrid_daemon;
grant select on policegrid.points_month to policegrid_reader, policegrid_daemon;

comment on table policegrid.points_holder is '积分卡（只有卡号） / points cards: numbers, opted in with';
comment on table policegrid.points_entry is '积分流水（只追加） / ledger of points, append-only';
comment on table policegrid.points_redemption is '积分兑换 / redemptions: reserved, confirmed, expired, refused, cancelled';
comment on view policegrid.points_ranking is '各卡每月积分（仅卡号） / what each card earned in a month; card numbers alone';
comment on view policegrid.points_month is '各单位每月积分（少于三张卡的不列） / points by unit and month; units with fewer than three cards are left out';
comment on column policegrid.points_month.earned is '本月所得 / earned in the month: base, bonus, awards, less corrections';
comment on column policegrid.points_month.redeemed is '本月兑换 / redeemed in the month';
