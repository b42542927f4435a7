/*
 * Devices as questions: how they stand, what they did, and how much of a period each one served. Rights are the engine's, as everywhere: here
 * is only narrowed. A device's story is shown to those who may read the unit that it belongs to now.
 */
#include "store/query.h"

#include <stddef.h>

#include "store/query_words.h"

/* $2 units, $3 kind, $4 state, $5 limit. The counts are of everything that fits, the list is bounded. */
#define DEVICES                                                                                                                    \
        "with seen as (select d.* from policegrid.device_state d where d.area = $1 and d.unit = any($2::text[])"                   \
        " and ($3::text is null or d.kind = $3) and ($4::text is null or d.state = $4))"                                           \
        " select json_build_object('total', count(*), 'truncated', count(*) > " ROWS("$5") ","                                     \
        " 'online', count(*) filter (where state = 'online'), 'fault', count(*) filter (where state = 'fault'),"                   \
        " 'offline', count(*) filter (where state = 'offline'), 'never', count(*) filter (where state = 'never'),"                 \
        " 'devices', coalesce((select json_agg(json_strip_nulls(row_to_json(x))) from (select device, kind, unit, tier, state,"    \
        " fault_code, since, seen_at, gateway, silence_s from seen order by array_position(array['offline', 'fault', 'never',"     \
        " 'online'], state), since desc, device limit " ROWS("$5") ") x), '[]'::json)) from seen"

/* $2 device, $3 units, $4 from, $5 until, $6 limit; the latest first. */
#define DEVICE_HISTORY                                                                                                             \
        "with mine as (select d.device from policegrid.device_state d where d.area = $1 and d.device = $2 and"                     \
        " d.unit = any($3::text[])),"                                                                                              \
        " seen as (select e.* from policegrid.device_event e join mine m on m.device = e.device where e.area = $1"                 \
        " and e.at >= coalesce($4::timestamptz, '-infinity') and e.at < coalesce($5::timestamptz, 'infinity'))"                    \
        LIST("history", "$6", "select at, what, unit, online, fault, fault_code, seq from seen order by seq desc, ordinal desc")

/*
 * $2 units, $3 kind, $4 from (else the month's first day), $5 until (else now), $6 limit. Each stretch between two changes counts as far as it
 * lies in the period; what lies before the first word of a device is not measured.
 */
#define AVAILABILITY                                                                                                               \
        "with period as (select coalesce($4::timestamptz, date_trunc('month', now())) as since,"                                   \
        " least(coalesce($5::timestamptz, now()), now()) as until),"                                                               \
        " piece as (select s.device, s.online and not s.fault as serves, s.online, s.what,"                                        \
        " lag(s.online and not s.fault) over (partition by s.device order by s.seq, s.ordinal) as served,"                         \
        " s.from_at >= p.since and s.from_at < p.until as began,"                                                                  \
        " greatest(extract(epoch from least(s.until_at, p.until) - greatest(s.from_at, p.since)), 0) as lasted"                    \
        " from policegrid.device_span s, period p where s.area = $1),"                                                             \
        " sums as (select device, sum(lasted) as measured, coalesce(sum(lasted) filter (where serves), 0) as served,"              \
        " coalesce(sum(lasted) filter (where not online), 0) as offline,"                                                          \
        " count(*) filter (where not serves and served is not false and began) as outages,"                                        \
        " coalesce(max(lasted) filter (where not serves), 0) as longest from piece where what <> 'removed' group by device),"      \
        " seen as (select d.device, d.kind, d.unit, d.state, m.* from sums m (of_device, measured, served, offline, outages,"      \
        " longest) join policegrid.device_state d on d.area = $1 and d.device = m.of_device where d.unit = any($2::text[])"        \
        " and ($3::text is null or d.kind = $3) and m.measured > 0)"                                                               \
        " select json_build_object('from', (select since from period), 'until', (select until from period), 'total', count(*),"    \
        " 'truncated', count(*) > " ROWS("$6") ", 'measured_s', coalesce(floor(sum(measured)), 0), 'served_s',"                    \
        " coalesce(floor(sum(served)), 0), 'percent', round(100 * sum(served) / nullif(sum(measured), 0), 2),"                     \
        " 'devices', coalesce((select json_agg(row_to_json(x)) from (select device, kind, unit, state,"                            \
        " floor(measured) as measured_s, floor(served) as served_s, floor(offline) as offline_s, outages,"                         \
        " floor(longest) as longest_s, round(100 * served / measured, 2) as percent from seen order by served / measured,"         \
        " device limit " ROWS("$6") ") x), '[]'::json)) from seen"

const QueryStatement query_device_statements[] = {
        { "devices", 5, DEVICES },
        { "device_history", 6, DEVICE_HISTORY },
        { "availability", 6, AVAILABILITY },
        { NULL, 0, NULL },
};
