/*
 * Questions about figures. What is counted stands in one view, figure_row; here it is summed by unit and period, compared, ranked and
 * traced. $2 is always the set of units that the asker reads in full, with all that is in them; $3 the units that are asked about, of
 * which the others are answered as on a wall: small cells withheld, sensitive kinds left out. Months and days are the town's.
 */
#include "store/query.h"

/* A unit's figures in full: it and everything below it is read in full. */
#define ASKED                                                                                                                      \
        "town as materialized (select z.area, z.ahead, policegrid.day_of(now(), z.ahead) as today,"                                \
        " policegrid.month_of(now(), z.ahead) as this_month from policegrid.town_zone z where z.area = $1),"                       \
        " asked as materialized (select u.id, u.tier, u.title, u.title_en, u.ordinal, not exists (select from policegrid.unit_line l"\
        " where l.area = $1 and l.above = u.id and l.unit <> all($2::text[])) as is_full from policegrid.unit_tree u"              \
        " where u.area = $1 and u.active and u.id = any($3::text[])),"                                                             \
        " open_unit as materialized (select distinct l.unit from policegrid.unit_line l join asked a on a.id = l.above where l.area = $1)"

/* From the first moment of one day to the last of another; by default from New Year until today. */
#define FROM_DAY(day) "coalesce(" day "::date, date_trunc('year', town.today)::date)"
#define UNTIL_DAY(day) "coalesce(" day "::date, town.today)"
#define IN_DAYS(at, from, until)                                                                                                   \
        at " >= (select policegrid.day_start(" FROM_DAY(from) ", town.ahead) from town)"                                           \
        " and " at " < (select policegrid.day_start(" UNTIL_DAY(until) " + 1, town.ahead) from town)"
#define DAYS(from, until) "'from', (select " FROM_DAY(from) " from town), 'until', (select " UNTIL_DAY(until) " from town)"

#define IS_MONEY(figure) "case when " figure " ~ '[._](amount|fen)$' then 'fen' end"
#define CHANGE(now, before) "case when " before " > 0 then round(100.0 * (" now " - " before ") / " before ", 1) end"
#define LIST_OF(items, order) "coalesce((select json_agg(json_strip_nulls(to_json(x)) order by " order ") from (" items ") x), '[]'::json)"
#define SENSITIVE "(select s.kind from policegrid.sensitive_kind s where s.area = $1)"

#define MONTH                                                                                                                      \
        "with " ASKED ", month as materialized (select coalesce($4::text, this_month) as month, ahead from town),"                 \
        " own as materialized (select b.back, f.unit, f.figure, f.amount from month cross join (values (0), (1), (12)) b (back)"   \
        " cross join lateral policegrid.figures_between($1,"                                                                       \
        " policegrid.month_start(policegrid.month_after(month.month, -b.back), month.ahead),"                                      \
        " policegrid.month_start(policegrid.month_after(month.month, 1 - b.back), month.ahead)) f"                                 \
        " where exists (select from asked where is_full)),"                                                                        \
        " book as materialized (select l.above as unit, b.figure, sum(b.closed_amount)::bigint as closed from policegrid.month_closed b"\
        " join policegrid.unit_line l on l.area = $1 and l.unit = b.unit"                                                          \
        " where b.area = $1 and b.month = (select month from month) group by l.above, b.figure),"                                  \
        " is_closed as materialized (select max(closed_at) as at from policegrid.month_book b where b.area = $1"                   \
        " and b.month = (select month from month)),"                                                                               \
        " total as (select l.above as unit, o.figure, coalesce(sum(o.amount) filter (where o.back = 0 and l.distance = 0), 0)::bigint as own,"\
        " coalesce(sum(o.amount) filter (where o.back = 0), 0)::bigint as value,"                                                  \
        " coalesce(sum(o.amount) filter (where o.back = 1), 0)::bigint as month_before,"                                           \
        " coalesce(sum(o.amount) filter (where o.back = 12), 0)::bigint as year_before"                                            \
        " from own o join policegrid.unit_line l on l.area = $1 and l.unit = o.unit group by l.above, o.figure),"                  \
        " cell as (select a.id as unit, t.figure, t.value, t.own, t.month_before, t.year_before,"                                  \
        " " CHANGE("t.value", "t.year_before") " as change, " CHANGE("t.value", "t.month_before") " as change_month,"              \
        " null::boolean as withheld, case when c.at is not null and coalesce(b.closed, 0) <> t.value then coalesce(b.closed, 0) end as closed"\
        " from asked a join total t on t.unit = a.id left join book b on b.unit = t.unit and b.figure = t.figure cross join is_closed c"\
        " where a.is_full"                                                                                                         \
        " union all select a.id, p.figure, p.value, null, null, null, null, null, case when p.value is null then true end, null"   \
        " from (select distinct true as wanted from asked where not is_full) w"                                                    \
        " cross join lateral policegrid.public_cells($1, (select month from month)) p join asked a on a.id = p.unit and not a.is_full)"\
        " select json_strip_nulls(json_build_object('month', (select month from month), 'state',"                                  \
        " case when (select at from is_closed) is null then 'open' else 'closed' end, 'closed_at', (select at from is_closed)," \
        " 'units', coalesce((select json_agg(json_build_object('unit', a.id, 'tier', a.tier, 'title', a.title, 'title_en', a.title_en,"\
        " 'full', a.is_full, 'figures', coalesce((select json_agg(json_strip_nulls(json_build_object('figure', c.figure, 'value', c.value,"\
        " 'own', c.own, 'of', " IS_MONEY("c.figure") ", 'withheld', c.withheld, 'month_before', c.month_before, 'year_before', c.year_before,"\
        " 'change', c.change, 'change_month', c.change_month, 'closed', c.closed)) order by c.figure) from cell c where c.unit = a.id),"\
        " '[]'::json)) order by a.tier, a.ordinal, a.id) from asked a), '[]'::json)))"

/* Any period of days: sums of all units asked about and of all below them. */
#define PERIOD                                                                                                                     \
        "with " ASKED ", cell as (select f.figure, sum(f.amount)::bigint as amount, sum(f.weight)::bigint as weight,"              \
        " bool_and(f.unit = any($2::text[])) as is_full from policegrid.figure_row f where f.area = $1 and " IN_DAYS("f.at", "$4", "$5")\
        " and f.unit in (select unit from open_unit) group by f.figure)"                                                           \
        " select json_build_object(" DAYS("$4", "$5") ", 'figures', " LIST_OF(                                                     \
        "select c.figure, case when c.is_full or not policegrid.cell_is_small(c.amount, c.weight) then c.amount end as value,"     \
        " " IS_MONEY("c.figure") " as of, case when not c.is_full and policegrid.cell_is_small(c.amount, c.weight) then true end as withheld"\
        " from cell c where c.is_full or policegrid.figure_kind(c.figure) not in " SENSITIVE, "x.figure") ")"

/* What came in over a period and how much of it is settled by now. */
#define RATE                                                                                                                       \
        "with " ASKED ", seen as (select r.settled, r.kind, r.unit, case $6::text when 'source' then coalesce(r.source, 'unknown')"\
        " when 'unit' then r.unit when 'subject' then coalesce(r.subject, 'unknown') when 'month' then policegrid.month_of(r.at, town.ahead)"\
        " else r.kind end as grp from policegrid.resolution r cross join town where r.area = $1 and " IN_DAYS("r.at", "$4", "$5")  \
        " and ($7::text is null or r.kind = $7) and r.unit in (select unit from open_unit)),"                                      \
        " rate as (select grp, count(*) as received, count(*) filter (where settled) as settled, bool_and(unit = any($2::text[])) as is_full,"\
        " bool_or(kind in " SENSITIVE ") as is_sensitive from seen group by grp)"                                                  \
        " select json_build_object(" DAYS("$4", "$5") ", 'by', coalesce($6::text, 'kind'), 'received', (select case when bool_and(is_full)"\
        " then coalesce(sum(received), 0) end from rate), 'settled', (select case when bool_and(is_full) then coalesce(sum(settled), 0) end"\
        " from rate), 'rows', " LIST_OF(                                                                                           \
        "select r.grp as \"group\", r.received, r.settled, r.received - r.settled as open, round(100.0 * r.settled / r.received, 1) as rate"\
        " from rate r where r.is_full or not r.is_sensitive and r.received >= 3 and r.settled not in (1, 2)"                       \
        " and r.received - r.settled not in (1, 2)", "x.\"group\"") ")"

/* Units of a tier by a figure of a month, with all below them. Equal figures share a place. */
#define RANKING                                                                                                                    \
        "with " ASKED ", month as materialized (select coalesce($4::text, this_month) as month, ahead from town),"                 \
        " own as materialized (select f.unit, f.amount from month cross join lateral policegrid.figures_between($1,"               \
        " policegrid.month_start(month.month, month.ahead), policegrid.month_start(policegrid.month_after(month.month, 1), month.ahead)) f"\
        " where f.figure = $5),"                                                                                                   \
        " full_cell as (select l.above as unit, sum(o.amount)::bigint as value from own o join policegrid.unit_line l on l.area = $1"\
        " and l.unit = o.unit group by l.above),"                                                                                  \
        " wall as materialized (select p.unit, p.value from (select distinct true as wanted from asked where not is_full) w"       \
        " cross join lateral policegrid.public_cells($1, (select month from month)) p where p.figure = $5),"                       \
        " cell as (select a.id as unit, a.title, a.title_en, case when a.is_full then coalesce(f.value, 0) when w.unit is null then 0"\
        " else w.value end as value, case when not a.is_full and w.unit is not null and w.value is null then true end as withheld" \
        " from asked a left join full_cell f on f.unit = a.id left join wall w on w.unit = a.id where a.tier = coalesce($6::integer, 3)"\
        " and (a.is_full or policegrid.figure_kind($5) not in " SENSITIVE "))"                                                     \
        " select json_build_object('figure', $5::text, 'month', (select month from month), 'tier', coalesce($6::integer, 3), 'rows', " LIST_OF(\
        "select case when c.value is not null then rank() over (order by c.value desc nulls last) end as place, c.* from cell c",  \
        "x.place nulls last, x.unit") ")"

/* Inspections over a period: checked, of these with hazards, of these with a notice; hazards found, of these rectified. */
#define HAZARDS                                                                                                                    \
        "with " ASKED ", seen as (select h.*, case $6::text when 'unit' then h.unit when 'month' then policegrid.month_of(h.at, town.ahead)"\
        " when 'place_kind' then coalesce(h.place_kind, 'none') else h.kind end as grp from policegrid.hazard_chain h cross join town"\
        " where h.area = $1 and " IN_DAYS("h.at", "$4", "$5") " and h.unit in (select unit from open_unit)),"                      \
        " chain as (select grp, count(*) as checked, count(*) filter (where with_hazard) as with_hazard,"                          \
        " count(*) filter (where notice) as notices, sum(hazards)::bigint as hazards, sum(rectified)::bigint as rectified,"        \
        " count(*) filter (where open) as open, bool_and(unit = any($2::text[])) as is_full from seen group by grp)"               \
        " select json_build_object(" DAYS("$4", "$5") ", 'by', coalesce($6::text, 'kind'), 'rows', " LIST_OF(                      \
        "select c.grp as \"group\", c.checked, c.with_hazard, c.notices, c.hazards, c.rectified, c.open from chain c"              \
        " where c.is_full or c.checked >= 3 and c.with_hazard not in (1, 2) and c.notices not in (1, 2) and c.open not in (1, 2)", \
        "x.\"group\"") ")"

#define CAMPAIGNS                                                                                                                  \
        "with " ASKED ", cell as (select t.campaign, t.figure, sum(t.amount)::bigint as amount, sum(t.weight)::bigint as weight,"  \
        " bool_and(t.unit = any($2::text[])) as is_full from policegrid.campaign_total t where t.area = $1"                        \
        " and ($4::text is null or t.campaign = $4) and t.unit in (select unit from open_unit) group by t.campaign, t.figure)"     \
        " select json_build_object('campaigns', " LIST_OF(                                                                         \
        "select k.campaign, k.title, k.title_en, k.first_day as from, k.last_day as until, town.today between k.first_day and k.last_day as running,"\
        " " LIST_OF("select c.figure, case when c.is_full or not policegrid.cell_is_small(c.amount, c.weight) then c.amount end as value,"\
        " " IS_MONEY("c.figure") " as of, case when not c.is_full and policegrid.cell_is_small(c.amount, c.weight) then true end as withheld"\
        " from cell c where c.campaign = k.campaign and (c.is_full or policegrid.figure_kind(c.figure) not in " SENSITIVE ")", "x.figure")\
        " as figures from policegrid.campaign k cross join town where k.area = $1 and ($4::text is null or k.campaign = $4)",      \
        "x.campaign") ")"

#define ZERO_DAYS                                                                                                                  \
        "select json_build_object('counters', " LIST_OF(                                                                           \
        "select z.counter, z.title, z.title_en, z.unit, z.since, z.latest, z.days from policegrid.zero_days z where z.area = $1"   \
        " and z.unit = any($2::text[])", "x.counter, x.unit") ")"

/* The rows that a figure counts: of one unit and all below it, or of everything that the asker reads in full. */
#define TRACE                                                                                                                      \
        "with town as materialized (select z.ahead, coalesce($4::text, policegrid.month_of(now(), z.ahead)) as month"              \
        " from policegrid.town_zone z where z.area = $1),"                                                                         \
        " seen as materialized (select f.* from policegrid.figure_row f where f.area = $1 and f.figure = $5"                       \
        " and f.at >= (select policegrid.month_start(month, ahead) from town)"                                                     \
        " and f.at < (select policegrid.month_start(policegrid.month_after(month, 1), ahead) from town) and f.unit = any($2::text[])"\
        " and exists (select from policegrid.unit_line l where l.area = $1 and l.unit = f.unit and l.above = any($3::text[])))"    \
        " select json_build_object('figure', $5::text, 'month', (select month from town), 'value', (select coalesce(sum(amount), 0) from seen),"\
        " 'total', (select count(*) from seen), 'truncated', (select count(*) from seen) > least(greatest(coalesce($6::integer, 100), 1), 500),"\
        " 'rows', " LIST_OF(                                                                                                       \
        "select s.source, s.id, s.number, s.unit, s.at, s.amount from seen s order by s.at, s.id"                                  \
        " limit least(greatest(coalesce($6::integer, 100), 1), 500)", "x.at, x.id") ")"

/* The daemon's own: what hangs on the wall, and what the books need. $2: the month, or the moment in milliseconds. */
#define MONTH_DOCUMENTS                                                                                                            \
        "select json_build_object('month', $2::text, 'units', coalesce((select json_agg(json_build_object('unit', d.unit, 'tier', d.tier,"\
        " 'months', d.months::text) order by d.unit) from policegrid.month_documents($1, $2, $3::integer) d), '[]'::json))"
#define MONTH_BOOKS "select policegrid.month_books($1, to_timestamp($2::bigint / 1000.0), $3::integer)"

const QueryStatement query_statistics_statements[] = {
        { "month", 4, MONTH },
        { "period", 5, PERIOD },
        { "rate", 7, RATE },
        { "ranking", 6, RANKING },
        { "hazards", 6, HAZARDS },
        { "campaigns", 4, CAMPAIGNS },
        { "zero_days", 2, ZERO_DAYS },
        { "trace", 6, TRACE },
        { "month_documents", 3, MONTH_DOCUMENTS },
        { "month_books", 3, MONTH_BOOKS },
        { NULL, 0, NULL },
};
