/*
 * What a replay of a playbook asks for: what happened and what first tasks came of it, and the playbooks in force with their texts. Only
 * what was real; of a device and a duty the word that started it is not kept, so these come as the cases that they started.
 */
#include "store/query.h"

#include <stddef.h>

#include "store/query_words.h"

#define WITHIN(at) " (\"from\" is null or " at " >= \"from\") and (until is null or " at " < until)"

#define HAPPENED                                                                                                                   \
        "span as (select $3::timestamptz as \"from\", $4::timestamptz as until),"                                                  \
        " happened as (select 'report' as type, r.id::text as id, r.kind as name, r.severity, r.fields, r.unit,"                   \
        " null::jsonb as units, r.place, r.device, r.received_at as at from policegrid.report r, span where r.area = $1"           \
        " and r.unit = any($2::text[]) and r.reality = 'Actual' and" WITHIN("r.received_at")                                       \
        " union all select 'warning', w.id::text, coalesce(w.event_code, w.cap -> 'info' -> 0 ->> 'event'), w.severity, null,"     \
        " w.unit, w.units, null, null, w.posted_at from policegrid.warning w, span where w.area = $1 and w.unit = any($2::text[])" \
        " and w.reality = 'Actual' and" WITHIN("w.posted_at")                                                                      \
        " union all select distinct c.origin_type, c.origin_id, null, t.severity, null::jsonb, c.origin_unit, null::jsonb, null,"  \
        " nullif(t.device, ''), c.opened_at from policegrid.work_case c"                                                           \
        " join policegrid.task t on t.area = c.area and t.case_id = c.id and t.issued_at = c.opened_at, span where c.area = $1"    \
        " and c.origin_type in ('device', 'duty') and c.origin_unit = any($2::text[]) and c.reality = 'Actual' and"                \
        WITHIN("c.opened_at") ")"

/* The first tasks of its cases. */
#define FIRSTS                                                                                                                     \
        " from policegrid.task t join policegrid.work_case c on c.area = t.area and c.id = t.case_id and c.opened_at = t.issued_at"\
        " where t.area = $1 and t.origin_id = h.id and t.kind <> 'acknowledge'"                                                    \
        " and (h.type in ('report', 'warning') or c.opened_at = h.at)"

#define TRIGGERS                                                                                                                   \
        "with " HAPPENED ", seen as (select h.type, h.id, h.name, h.severity, h.fields, h.unit, h.units, h.place, h.device, h.at,"  \
        " (select max(t.kind)" FIRSTS ") as playbook,"                                                                             \
        " (select json_agg(json_strip_nulls(json_build_object('unit', t.unit, 'step', t.step, 'place', t.place,"                   \
        " 'accepted_at', t.accepted_at, 'started_at', t.started_at, 'completed_at', t.completed_at, 'ended_at', t.ended_at,"       \
        " 'escalations', (select count(*) from policegrid.escalation e where e.area = t.area and e.task = t.id and e.level = 1)))" \
        " order by t.born)" FIRSTS ") as tasks from happened h)"                                                                   \
        LIST("triggers", "$5", "select * from seen order by at, type, id")

#define PLAYBOOK_TEXTS                                                                                                             \
        "select json_build_object('playbooks', coalesce(json_agg(json_build_object('name', p.name, 'version', p.version,"          \
        " 'hash', p.hash, 'text', p.body) order by p.name), '[]'::json)) from policegrid.playbook p"                               \
        " where p.area = $1 and p.is_current"

const QueryStatement query_replay_statements[] = {
        { "triggers", 5, TRIGGERS },
        { "playbook_texts", 1, PLAYBOOK_TEXTS },
        { NULL, 0, NULL },
};
