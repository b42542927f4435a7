/*
 * Questions about points and contacts. A card is shown to whom it belongs, and to command, officers and grid heads of its unit and above;
 * a contact to whom it was granted, for a quarter of an hour, while he is still the one who responds.
 */
#include "store/query.h"

#include "store/query_words.h"

#define OPEN_REDEMPTIONS                                                                                                           \
        "(select json_agg(json_build_object('redemption', r.id, 'unit', r.unit, 'goods', r.goods, 'count', r.count,"               \
        " 'points', r.points, 'expires_at', r.expires_at) order by r.reserved_at, r.id) from policegrid.points_redemption r"       \
        " where r.area = h.area and r.card = h.card and r.ended_at is null)"

#define ENTRY_COLUMNS                                                                                                              \
        "e.card, e.number, e.at, e.period, e.kind, e.points, e.balance, e.origin_type, e.origin_id, e.unit, e.by_member as \"by\","\
        " e.reason"

#define POINTS                                                                                                                     \
        "select json_strip_nulls(json_build_object('card', h.card, 'unit', h.unit, 'own', h.member is not distinct from $2,"       \
        " 'joined_at', h.joined_at, 'left_at', h.left_at, 'balance', h.balance, 'reserved', h.reserved, 'earned', h.periods,"      \
        " 'redemptions', coalesce(" OPEN_REDEMPTIONS ", '[]'::json), 'total', h.entries,"                                          \
        " 'truncated', h.entries > " ROWS("$5") ", 'entries', coalesce((select json_agg(json_strip_nulls(row_to_json(x)))"         \
        " from (select " ENTRY_COLUMNS " from policegrid.points_entry e where e.area = h.area and e.card = h.card"                 \
        " order by e.number desc limit " ROWS("$5") ") x), '[]'::json))) from policegrid.points_holder h where h.area = $1"        \
        " and case when $3::text is null then h.member = $2 else h.card = $3 and (h.member = $2 or h.unit = any($4::text[])) end"

#define REDEMPTIONS                                                                                                                \
        "with seen as (select r.* from policegrid.points_redemption r where r.area = $1"                                           \
        " and (r.shop = $2 or r.unit = any($3::text[])) and ($4::boolean is not true or r.ended_at is null))"                      \
        LIST("redemptions", "$5",                                                                                                  \
             "select r.id, r.card, r.shop, r.unit, r.goods, r.count, r.points, r.state, r.reserved_at, r.expires_at, r.ended_at"   \
             " from seen r order by r.reserved_at desc, r.born desc")

#define RANKING                                                                                                                    \
        "with seen as (select r.* from policegrid.points_ranking r where r.area = $1 and r.unit = any($2::text[])"                 \
        " and r.period = coalesce($3::text, to_char(now(), 'YYYY-MM')))"                                                           \
        LIST("ranking", "$4",                                                                                                      \
             "select rank() over (order by r.earned desc nulls last) as rank, r.period, r.card, r.unit, coalesce(r.earned, 0) as earned,"\
             " r.bookings, r.redeemed, r.honours from seen r order by r.earned desc nulls last, r.card")

/* In the order of the log; `next` asks for what comes behind. */
#define LEDGER                                                                                                                     \
        "with seen as (select e.* from policegrid.points_entry e join policegrid.points_holder h on h.area = e.area"               \
        " and h.card = e.card where e.area = $1 and h.unit = any($2::text[]) and ($3::text is null or e.period = $3)"              \
        " and ($4::text is null or (e.seq, e.card, e.number) > (split_part($4, '-', 1)::bigint, split_part($4, '-', 2),"           \
        " split_part($4, '-', 3)::bigint))),"                                                                                      \
        " page as (select e.* from seen e order by e.seq, e.card, e.number limit " ROWS("$5") ")"                                  \
        " select json_strip_nulls(json_build_object('entries', coalesce((select json_agg(row_to_json(x)) from (select "            \
        ENTRY_COLUMNS " from page e order by e.seq, e.card, e.number) x), '[]'::json),"                                            \
        " 'truncated', (select count(*) from seen) > (select count(*) from page), 'next', case when (select count(*) from seen)"   \
        " > (select count(*) from page) then (select e.seq || '-' || e.card || '-' || e.number from page e"                        \
        " order by e.seq desc, e.card desc, e.number desc limit 1) end))"

#define RESPONDS                                                                                                                   \
        "(t.assignee = $3 or t.assignee is null and t.body -> 'accepted' ? $3 or exists (select from policegrid.task_part p"       \
        " where p.area = t.area and p.task = t.id and p.unit = g.unit and p.part_state in ('accepted', 'agreed')))"

#define CONTACT                                                                                                                    \
        "select json_build_object('task', t.id, 'contact', w.words, 'granted_at', g.at, 'until', g.at + interval '15 minutes')"    \
        " from policegrid.task t join policegrid.contact c on c.owner::text = t.origin_id and c.area = t.area"                     \
        " join policegrid.private_text w on w.area = c.area and w.id = c.id"                                                       \
        " join lateral (select * from policegrid.contact_grant x where x.area = c.area and x.contact = c.id and x.task = t.id"     \
        " and x.member = $3 order by x.seq desc limit 1) g on true where t.area = $1 and t.id = $2::uuid"                          \
        " and t.state in ('accepted', 'in_progress') and c.erased_at is null and w.words is not null"                              \
        " and g.at > now() - interval '15 minutes' and " RESPONDS

const QueryStatement query_points_statements[] = {
        { "points", 5, POINTS },
        { "redemptions", 5, REDEMPTIONS },
        { "points_ranking", 4, RANKING },
        { "points_ledger", 5, LEDGER },
        { "contact", 3, CONTACT },
        { NULL, 0, NULL },
};
