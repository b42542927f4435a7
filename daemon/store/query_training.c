/*
 * Training and assessment as questions (M01, M11, M33): the mark of each village beside what is known of its month, and exams with their
 * scores. What is about a person is told to that person and to the officers and commanders of the line above; people stand in the order of
 * their ids, never of their scores.
 */
#include "store/query.h"

#include <stddef.h>

#include "store/query_words.h"

/* $2 units, $3 month, $4 limit */
#define ASSESSMENT                                                                                                                 \
        "with seen as (select a.* from policegrid.assessment a where a.area = $1 and a.unit = any($2::text[])"                     \
        " and ($3::text is null or a.month = $3))"                                                                                 \
        LIST("assessments", "$4",                                                                                                  \
             "select a.month, a.unit, a.unit_title, a.unit_title_en, a.assessor, a.state, a.self, a.mark, a.reason, a.assessed_at,"\
             " a.accept_asked, a.accepted_in_time, a.finish_asked, a.finished_in_time, a.results, a.returned, a.reports,"          \
             " a.mark_task as task from seen a order by a.month desc, a.unit")

/* $2 units whose exams may be read, $3 who asks, $4 from (else the year's first day), $5 until, $6 person, $7 limit */
#define EXAMS                                                                                                                      \
        "with seen as (select r.id, r.number, r.unit, r.sender, r.fields ->> 'examined' as member, r.fields ->> 'topic' as topic," \
        " (r.fields ->> 'score')::integer as score, coalesce(r.occurred_at, r.received_at) as at, r.born from policegrid.report r" \
        " where r.area = $1 and r.kind = 'exam' and r.reality = 'Actual' and r.state not in ('merged', 'dismissed')"               \
        " and (r.unit = any($2::text[]) or r.fields ->> 'examined' = $3)"                                                          \
        " and coalesce(r.occurred_at, r.received_at) >= coalesce($4::timestamptz, date_trunc('year', now()))"                      \
        " and coalesce(r.occurred_at, r.received_at) < coalesce($5::timestamptz, 'infinity')"                                      \
        " and ($6::text is null or r.fields ->> 'examined' = $6))"                                                                 \
        " select json_build_object('total', count(*), 'truncated', count(*) > " ROWS("$7") ","                                     \
        " 'members', coalesce((select json_agg(x.o) from (select json_build_object('member', s.member, 'exams', count(*),"         \
        " 'average', round(avg(s.score), 1), 'lowest', min(s.score), 'latest', (array_agg(s.score order by s.at desc, s.born desc))[1])" \
        " as o from seen s group by s.member order by s.member limit 500) x), '[]'::json),"                                        \
        " 'exams', coalesce((select json_agg(json_strip_nulls(row_to_json(x))) from (select e.id, e.number, e.member, e.topic,"    \
        " e.score, e.at, e.unit, e.sender as \"by\" from seen e order by e.at desc, e.born desc limit " ROWS("$7") ") x),"         \
        " '[]'::json)) from seen"

const QueryStatement query_training_statements[] = {
        { "assessment", 4, ASSESSMENT },
        { "exams", 7, EXAMS },
        { NULL, 0, NULL },
};
