/*
 * The lists as questions (M02): what is open, by when it is due and by whom; what was closed, with what was counted in it. Rights are the
 * engine's, as everywhere: here is only narrowed. Exercises and tests are listed, and in no number.
 */
#include "store/query.h"

#include <stddef.h>

#include "store/query_words.h"

#define TASK_DUE "policegrid.task_due(t.state, t.accept_by, t.start_by, t.finish_by, t.verify_by)"
/* Who is to do it or, when nobody was named, took it on first. */
#define PERSON "coalesce(t.assignee, t.body -> 'accepted' ->> 0)"
#define COUNTS                                                                                                                     \
        "'overdue', count(*) filter (where s.counts and s.due = 'overdue'), 'today', count(*) filter (where s.counts and"          \
        " s.due = 'today'), 'week', count(*) filter (where s.counts and s.due = 'week')"
#define ENTRY_COLUMNS                                                                                                              \
        "t.id, t.number, t.unit, t.tier, t.kind, t.brief ->> 'title' as title, t.brief ->> 'title_en' as title_en, t.audience,"    \
        " t.state, t.severity, t.reality as status"

/* $6 due, $7 person, $8 limit */
#define TASK_LIST                                                                                                                  \
        "with mine as (select t.*, " TASK_DUE " as due_at, policegrid.due_when(" TASK_DUE ", now(), " AHEAD ") as due, "           \
        PERSON " as person, t.reality = 'Actual' as counts from policegrid.task t"                                                 \
        " where t.area = $1 and t.live and t.ended_at is null and " TASK_HELD("$2", "$3", "$4", "$5") "),"                         \
        " seen as (select * from mine where ($6::text is null or due = $6) and ($7::text is null or person = $7))"                 \
        " select json_build_object('total', count(*), 'truncated', count(*) > " ROWS("$8") ", " COUNTS ","                         \
        " 'members', coalesce((select json_agg(x.o) from (select json_build_object('member', s.person, 'total', count(*), "        \
        COUNTS ") as o from seen s where s.person is not null group by s.person order by s.person limit 500) x), '[]'::json),"     \
        " 'tasks', coalesce((select json_agg(json_strip_nulls(row_to_json(x))) from (select " ENTRY_COLUMNS ", t.due, t.due_at,"   \
        " t.person as member, t.assignee, t.accept_by, t.finish_by, t.card, t.escalation is not null as escalated, t.handler,"     \
        " t.revision from seen t order by array_position(array['overdue', 'today', 'week', 'later', 'open'], t.due), t.due_at,"    \
        " t.born limit " ROWS("$8") ") x), '[]'::json)) from seen s"

#define POINTS                                                                                                                     \
        "(select sum(e.points) from policegrid.points_entry e where e.origin_id = t.id::text and e.area = t.area"                  \
        " and e.origin_type = 'task' and e.kind in ('base', 'bonus'))"

/* What kinds and fields are called: by the current playbook of that name, and by the form that the latest such task was given. */
#define RESULT_TITLES                                                                                                              \
        "coalesce((select json_object_agg(k.kind, json_build_object('zh', coalesce(p.title, k.kind), 'en', coalesce(p.title_en, k.kind)," \
        " 'fields', coalesce((select json_object_agg(f.name, json_build_object('zh', f.zh, 'en', f.en) order by f.name)"           \
        " from (select distinct on (f.value ->> 'name') f.value ->> 'name' as name, f.value ->> 'title' as zh,"                    \
        " f.value ->> 'title_en' as en from seen x, jsonb_array_elements(x.brief -> 'form') f where x.kind = k.kind"               \
        " order by f.value ->> 'name', x.born desc) f), '{}'::json)) order by k.kind) from (select distinct kind from seen) k"     \
        " left join policegrid.playbook p on p.area = $1 and p.name = k.kind and p.is_current), '{}'::json)"

/* $6 from (else Monday), $7 until, $8 person, $9 limit. Sums are of the numbers in the results, by kind. */
#define RESULTS                                                                                                                    \
        "with span as (select coalesce($6::timestamptz, date_trunc('week', now())) as since,"                                      \
        " coalesce($7::timestamptz, 'infinity') as until),"                                                                        \
        " seen as (select t.* from policegrid.task t, span p where t.area = $1 and t.state = 'closed'"                             \
        " and t.outcome in ('done', 'resolved') and t.ended_at >= p.since"   \
        " and t.ended_at < p.until and ($8::text is null or t.body ->> 'completed_by' = $8) and "                                  \
        TASK_SEEN("$2", "$3", "$4", "$5") "),"                                                                                     \
        " sums as (select t.kind, v.key, sum(v.value::numeric) as amount from seen t, jsonb_each(t.body -> 'result') v"            \
        " where t.reality = 'Actual' and jsonb_typeof(v.value) = 'number' group by t.kind, v.key),"                                \
        " counted as (select t.kind, count(*) as done, coalesce((select json_object_agg(m.key, m.amount order by m.key) from sums m" \
        " where m.kind = t.kind), '{}'::json) as sums from seen t where t.reality = 'Actual' group by t.kind)"                     \
        " select json_build_object('from', (select since from span), 'until', (select nullif(until, 'infinity') from span),"       \
        " 'total', count(*), 'truncated', count(*) > " ROWS("$9") ", 'counted', coalesce((select json_object_agg(c.kind,"          \
        " json_build_object('done', c.done, 'sums', c.sums) order by c.kind) from counted c), '{}'::json), 'titles', " RESULT_TITLES ","                        \
        " 'results', coalesce((select json_agg(json_strip_nulls(row_to_json(x))) from (select " ENTRY_COLUMNS ", t.step,"          \
        " t.outcome, t.ended_at, t.body ->> 'completed_by' as \"by\", t.completed_at, t.completed_at <= t.finish_by as in_time,"   \
        " t.returns, t.place, t.body -> 'result' as result, " POINTS " as points from seen t order by t.ended_at desc, t.born desc limit " ROWS("$9")    \
        ") x), '[]'::json)) from seen"

const QueryStatement query_list_statements[] = {
        { "task_list", 8, TASK_LIST },
        { "results", 9, RESULTS },
        { NULL, 0, NULL },
};
