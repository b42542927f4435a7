/*
 * Duties, their rounds and rosters as questions. Rights are the engine's, as everywhere: here is only narrowed. What one member was asked
 * and did is for himself and for those who lead his unit; everybody else sees units and places.
 */
#include "store/query.h"

#include <stddef.h>

#include "store/query_words.h"

/* Whether the duty's filter takes unit u. */
#define TAKES_UNIT                                                                                                                 \
        "((d.definition #>> '{units,tier}' is null or u.tier = (d.definition #>> '{units,tier}')::integer)"                        \
        " and (d.definition #>> '{units,tag}' is null or u.tags ? (d.definition #>> '{units,tag}'))"                               \
        " and (d.definition #>> '{units,type}' is null or u.unit_type = d.definition #>> '{units,type}')"                          \
        " and (d.definition #> '{units,in}' is null or d.definition #> '{units,in}' ? u.id))"

/* $2 units, $3 limit: every duty that concerns one of the units, with the latest round added up over them. */
#define DUTIES                                                                                                                     \
        "with seen as (select d.name as duty, coalesce(d.definition #>> '{title,zh}', d.name) as title,"                           \
        " coalesce(d.definition #>> '{title,en}', d.name) as title_en, d.state, d.definition ->> 'rrule' as rrule, d.next_at,"     \
        " d.last_at, d.occurrences, d.skipped, r.* from policegrid.duty d left join lateral (select min(k.starts_at) as starts_at,"\
        " max(k.ends_at) as ends_at, nullif(count(*), 0) as targets, sum(k.wanted) as quota, sum(least(k.done, k.wanted)) as done,"\
        " nullif(count(*), 0) - count(*) filter (where k.state not in ('met', 'late')) as met,"                                    \
        " nullif(count(*), 0) - count(*) filter (where k.state <> 'missed') as missed"                                             \
        " from policegrid.duty_round k where k.area = d.area and k.duty = d.name and k.starts_at = d.last_at"                      \
        " and k.state <> 'waived' and k.unit = any($2::text[])) r on true where d.area = $1 and (r.targets is not null or"         \
        " exists (select from policegrid.unit u where u.area = d.area and u.active and u.id = any($2::text[]) and " TAKES_UNIT ")))" \
        LIST("duties", "$3", "select * from seen order by state, next_at, duty")

/* $2 units, $3 units whose members' rounds are shown, $4 the asker, $5 duty, $6 from, $7 until, $8 limit */
#define ROUNDS                                                                                                                     \
        "with seen as (select k.duty, k.unit, k.member, k.place, k.state, k.starts_at, k.ends_at, k.wanted as quota, k.done,"      \
        " k.met_at, k.closed_at, k.born from policegrid.duty_round k where k.area = $1 and k.unit = any($2::text[])"               \
        " and (k.member is null or k.unit = any($3::text[]) or k.member = $4) and ($5::text is null or k.duty = $5)"               \
        " and k.starts_at >= coalesce($6::timestamptz, date_trunc('week', now())) and k.starts_at < coalesce($7::timestamptz,"     \
        " 'infinity'))"                                                                                                            \
        LIST("rounds", "$8", "select duty, unit, member, place, state, starts_at, ends_at, quota, done, met_at, closed_at from seen" \
             " order by starts_at desc, born")

/* $2 units, $3 roster, $4 from, $5 until, $6 limit */
#define ROSTER                                                                                                                     \
        "with seen as (select s.id as shift, s.roster, s.unit, s.slot, s.starts_at, s.ends_at, s.members,"                         \
        " s.starts_at <= now() and now() < s.ends_at as now, nullif(s.swaps, '{}') as swaps,"                                      \
        " nullif(s.handover - 'note', '{}') as handover, nullif(s.takeover - 'note', '{}') as takeover, s.revision, s.born"        \
        " from policegrid.roster_shift s where s.area = $1 and s.unit = any($2::text[]) and ($3::text is null or s.roster = $3)"   \
        " and s.ends_at > coalesce($4::timestamptz, now()) and s.starts_at < coalesce($5::timestamptz, 'infinity'))"               \
        LIST("shifts", "$6", "select shift, roster, unit, slot, starts_at, ends_at, members, now, swaps, handover, takeover, revision" \
             " from seen order by starts_at, born")

const QueryStatement query_duty_statements[] = {
        { "duties", 3, DUTIES },
        { "rounds", 8, ROUNDS },
        { "roster", 6, ROSTER },
        { NULL, 0, NULL },
};
