/*
 * The named questions. Each gives one row with one column: the reply's `data` as JSON text. `$1` is always the area; the engine
 * plans who may ask what and passes the units that the asker may see as text arrays, so that nothing here decides about rights:
 * it only narrows. Lists are bounded by LIMIT and tell the total. Times are printed with offset (the session is in UTC).
 */
#include "store/query.h"

#include <string.h>

#include "store/query_words.h"

#define TASK_SUMMARY                                                                                                               \
        "t.id, t.number, t.kind, t.brief ->> 'title' as title, t.brief ->> 'title_en' as title_en, t.unit, t.tier, t.state,"       \
        " t.severity, t.reality as status, t.assignee, t.issued_at, t.accept_by, t.start_by, t.finish_by, t.verify_by, t.card,"    \
        " t.handler, t.revision, t.state_revision,"                                                                                \
        " case when t.state in ('completed', 'closed') then t.body -> 'result' end as result"

#define TASKS                                                                                                                      \
        "with seen as (select t.* from policegrid.task t where t.area = $1 and " TASK_SEEN("$2", "$3", "$4", "$5")                 \
        " and ($6::text is null or ($6 = 'open' and t.ended_at is null) or t.state = $6))"                                         \
        LIST("tasks", "$7", "select " TASK_SUMMARY " from seen t order by t.issued_at desc, t.born desc")

#define TASK                                                                                                                       \
        "select json_strip_nulls(row_to_json(x)) from (select t.id, t.number, t.revision, t.state_revision, t.kind,"               \
        " t.brief ->> 'title' as title, t.brief ->> 'title_en' as title_en, t.unit, t.tier, t.case_id as \"case\","                \
        " json_build_object('type', t.origin_type, 'id', t.origin_id, 'unit', t.origin_unit) as origin,"                           \
        " (select json_agg(json_strip_nulls(json_build_object('unit', p.unit, 'part', p.part, 'state', p.part_state,"              \
        " 'accepted_at', p.accepted_at)) order by p.unit) from policegrid.task_part p where p.area = t.area and p.task = t.id)"    \
        " as participants, t.state, t.severity, t.reality as status, t.audience, t.assignee, t.body -> 'acks' as acks,"            \
        " t.body -> 'quorum' as quorum, t.brief -> 'checklist' as checklist, t.brief -> 'form' as form,"                           \
        " t.body -> 'result' as result, t.body -> 'beyond' as beyond, t.place, t.device, t.body -> 'devices' as devices,"          \
        " to_timestamp((t.body ->> 'restored_at')::bigint / 1000.0) as restored_at, t.issued_at, t.not_before, t.accept_by,"       \
        " t.accepted_at, t.start_by, t.started_at, t.finish_by, t.completed_at, t.verify_by, t.ended_at, t.suspend_until,"         \
        " t.card, t.handler, t.outcome,"                                                                                           \
        " (select json_build_object('id', e.id, 'level', e.level, 'to', e.to_unit, 'since', e.opened_at, 'state', e.state,"        \
        " 'cause', e.cause, 'reason', e.reason, 'bundle', e.bundle) from policegrid.escalation e"                                  \
        " where e.area = t.area and e.id = t.escalation) as escalation,"                                                           \
        " t.follows, t.raised as \"count\", t.returns, t.late, t.brief ->> 'instruction' as instruction"                           \
        " from policegrid.task t where t.area = $1 and t.id = $2::uuid and " TASK_SEEN("$3", "$4", "$5", "$6") ") x"

/* Words of a note, where the asker is of its unit or of the line above. */
#define NOTE(id, notes)                                                                                                            \
        "(select n.words from policegrid.private_text n where n.area = h.area and n.id = " id " and n.unit = any(" notes "::text[]))"

#define HISTORY                                                                                                                    \
        "select json_build_object('task', t.id, 'number', t.number, 'history', coalesce((select json_agg(json_strip_nulls("        \
        "json_build_object('seq', h.seq, 'at', h.at, 'member', h.member, 'unit', h.unit, 'verb', h.verb, 'from', h.from_state,"    \
        " 'to', h.to_state, 'reason', h.reason, 'note', " NOTE("h.note", "$7") ")) order by h.seq, h.ordinal)"                     \
        " from (select * from policegrid.task_event where area = t.area and task = t.id order by seq, ordinal limit 2000) h),"     \
        " '[]'::json), 'escalations', coalesce((select json_agg(json_strip_nulls(json_build_object('escalation', h.escalation,"    \
        " 'seq', h.seq, 'at', h.at, 'level', h.level, 'from', h.from_unit, 'to', h.to_unit, 'state', h.state, 'cause', h.cause,"   \
        " 'reason', h.reason, 'by', h.by_member, 'note', " NOTE("h.note", "$7") ")) order by h.seq, h.ordinal)"                    \
        " from (select * from policegrid.escalation_event where area = t.area and task = t.id order by seq, ordinal limit 2000) h),"\
        " '[]'::json)) from policegrid.task t where t.area = $1 and t.id = $2::uuid and " TASK_SEEN("$3", "$4", "$5", "$6")

#define ESCALATIONS                                                                                                                \
        "with seen as (select e.* from policegrid.escalation e where e.area = $1"                                                  \
        " and (e.to_unit = any($2::text[]) or e.from_unit = any($2::text[])) and ($3::boolean is not true or e.ended_at is null))" \
        LIST("escalations", "$4",                                                                                                  \
             "select e.id, e.task, t.number, t.kind, t.brief ->> 'title' as title, t.brief ->> 'title_en' as title_en, t.unit,"    \
             " t.severity, t.reality as status, e.level, e.from_unit as \"from\", e.to_unit as \"to\", e.state, e.cause, e.reason,"\
             " e.opened_by as \"by\", e.assignee, e.bundle, e.passed_to, e.opened_at, e.accept_by, e.finish_by, e.accepted_at,"    \
             " e.ended_at, e.outcome, e.revision, e.state_revision from seen e"                                                    \
             " join policegrid.task t on t.area = e.area and t.id = e.task order by e.opened_at desc, e.born desc")

#define WARNING_SEEN_BY(units)                                                                                                     \
        "(w.unit = any(" units "::text[]) or exists (select from policegrid.notice n where n.area = w.area"                        \
        " and n.warning = w.warning and n.unit = any(" units "::text[])))"

#define WARNINGS                                                                                                                   \
        "with seen as (select w.warning, w.posted_at from policegrid.warning_progress w where w.area = $1 and "                    \
        WARNING_SEEN_BY("$2") ")"                                                                                                  \
        LIST("warnings", "$3",                                                                                                     \
             "select w.* from seen s join policegrid.warning_progress w on w.area = $1 and w.warning = s.warning"                  \
             " order by s.posted_at desc, s.warning desc")

/* By our UUID, or by any CAP identifier of its chain. */
#define WARNING                                                                                                                    \
        "select json_strip_nulls(to_json(x)) from (select w.*, k.cap, k.units as addressed, k.raised,"          \
        " k.origin_type, k.origin_id,"                                                                                             \
        " coalesce((select json_agg(json_build_object('unit', n.unit, 'withdrawn', n.withdrawn, 'acks', n.acks) order by n.unit)"  \
        " from policegrid.notice n where n.area = w.area and n.warning = w.warning and n.unit = any($3::text[])), '[]'::json)"     \
        " as notices from policegrid.warning_progress w join policegrid.warning k on k.area = w.area and k.id = w.warning"         \
        " where w.area = $1 and (w.warning::text = $2 or k.identifiers @> jsonb_build_array($2::text)) and "                       \
        WARNING_SEEN_BY("$3") " order by w.posted_at desc limit 1) x"

#define REPORT_COLUMNS(notes)                                                                                                      \
        "h.id, h.number, h.kind, h.unit, h.sender, h.state, h.severity, h.reality as status, h.received_at, h.occurred_at,"        \
        " h.ended_at, h.case_id as \"case\", h.merged_into, h.place, h.device, h.fields, " NOTE("h.note", notes) " as note,"       \
        " h.revision, h.state_revision"

/* A report about a person (of the kinds `personal`): for its sender, whom it is about, and who reads such of its unit. */
#define REPORT_SEEN(r, member, personal, scores)                                                                                   \
        "(not " r ".kind = any(" personal "::text[]) or " r ".sender = " member " or " r ".unit = any(" scores "::text[])"         \
        " or exists (select from jsonb_each_text(" r ".fields) f where f.value = " member "))"

#define REPORTS                                                                                                                    \
        "with seen as (select r.* from policegrid.report r where r.area = $1 and (r.unit = any($2::text[]) or r.sender = $3)"      \
        " and ($4::text is null or r.state = $4) and ($5::text is null or r.kind = $5)"                                            \
        " and " REPORT_SEEN("r", "$3", "$8", "$9") ")"                                                                             \
        LIST("reports", "$7", "select " REPORT_COLUMNS("$6") " from seen h order by h.received_at desc, h.born desc")

#define REPORT                                                                                                                     \
        "select json_strip_nulls(row_to_json(x)) from (select " REPORT_COLUMNS("$5") " from policegrid.report h"                   \
        " where h.area = $1 and h.id = $2::uuid and (h.unit = any($3::text[]) or h.sender = $4)"                                  \
        " and " REPORT_SEEN("h", "$4", "$6", "$7") ") x"

#define UNITS                                                                                                                      \
        "select json_build_object('units', coalesce(json_agg(json_strip_nulls(json_build_object('id', u.id, 'type', u.unit_type,"  \
        " 'tier', u.tier, 'parent', u.parent, 'staffed_by', u.staffed_by, 'title', u.title, 'title_en', u.title_en,"               \
        " 'code', u.division_code, 'tags', u.tags)) order by u.tier, u.ordinal, u.id), '[]'::json))"                               \
        " from policegrid.unit u where u.area = $1 and u.active and u.id = any($2::text[])"

#define SEATS                                                                                                                      \
        "coalesce((select json_agg(json_strip_nulls(json_build_object('id', s.id, 'unit', s.unit, 'tier', u.tier,"                 \
        " 'title', u.title, 'title_en', u.title_en, 'role', s.role, 'position', s.seat_position, 'from', s.from_at,"               \
        " 'until', s.until_at, 'acting_for', s.acting_for)) order by s.changed_seq, s.id) from policegrid.seat s"                  \
        " left join policegrid.unit u on u.area = s.area and u.id = s.unit where s.area = m.area and s.member = m.id"              \
        " and not s.ended), '[]'::json)"

#define SELF                                                                                                                       \
        "select json_strip_nulls(json_build_object('member', m.id, 'device', m.device, 'seats', " SEATS "))"                       \
        " from policegrid.member m where m.area = $1 and m.id = $2 and not m.revoked"

#define MEMBER_JSON                                                                                                                \
        "json_strip_nulls(json_build_object('member', m.id, 'device', m.device, 'revoked', m.revoked, 'made_at', m.made_at,"       \
        " 'revoked_at', m.revoked_at, 'enrolling', m.enrolment is not null, 'seats', " SEATS "))"
#define MEMBER_SEEN(units)                                                                                                         \
        "(" units "::text[] is null or exists (select from policegrid.seat s where s.area = m.area and s.member = m.id"            \
        " and s.unit = any(" units "::text[]) and not s.ended))"

#define MEMBERS                                                                                                                    \
        "select json_build_object('members', coalesce(json_agg(" MEMBER_JSON " order by m.made_at, m.changed_seq, m.id),"          \
        " '[]'::json)) from policegrid.member m where m.area = $1 and " MEMBER_SEEN("$2")

#define MEMBER                                                                                                                     \
        "select " MEMBER_JSON " from policegrid.member m where m.area = $1 and m.id = $2 and " MEMBER_SEEN("$3")

#define QUARANTINE                                                                                                                 \
        "with seen as (select q.* from policegrid.quarantine q where q.area = $1)"                                                 \
        LIST("quarantine", "$2",                                                                                                   \
             "select q.id::text as id, q.sender, q.message_id, q.topic, q.at, q.received_at, q.sqlstate, q.why, q.retries,"        \
             " q.retried_at, q.payload is null as erased from seen q order by q.id desc")

#define ORGANISATION                                                                                                               \
        "select json_build_object('version', o.version, 'applied_at', o.applied_at, 'organisation', o.body)"                       \
        " from policegrid.organisation o where o.area = $1 and o.is_current"

#define PLAYBOOKS                                                                                                                  \
        "select json_build_object('playbooks', coalesce(json_agg(json_build_object('name', p.name, 'version', p.version,"          \
        " 'hash', p.hash, 'title', p.title, 'title_en', p.title_en, 'applied_at', p.applied_at, 'current', p.is_current)"          \
        " order by p.name, p.version, p.changed_seq), '[]'::json)) from policegrid.playbook p where p.area = $1"

/* The whole, or one section of it: what a phone needs to ask for a report's fields. */
#define CATALOGUE                                                                                                                  \
        "select json_build_object('version', coalesce(c.version, 0), 'hash', c.hash, 'applied_at', c.applied_at,"                  \
        " 'catalogue', coalesce(case when $2::text is null then c.body::json"                                                      \
        " else json_build_object($2::text, coalesce(c.body::json -> $2::text, '{}'::json)) end, '{}'::json))"                      \
        " from policegrid.area a left join policegrid.catalogue c on c.area = a.area and c.is_current where a.area = $1"

#define DICTIONARIES                                                                                                               \
        "select json_build_object('version', coalesce(o.version, 0), 'dictionaries', coalesce(o.body -> 'dictionaries', '{}'))"    \
        " from policegrid.area a left join policegrid.organisation o on o.area = a.area and o.is_current where a.area = $1"

#define UNIT_STATUS                                                                                                                \
        "select json_build_object('units', coalesce(json_agg(row_to_json(s) order by s.tier, s.unit), '[]'::json))"                \
        " from policegrid.unit_status s where s.area = $1 and s.unit = any($2::text[])"

const QueryStatement query_statements[] = {
        { "self", 2, SELF },
        { "tasks", 7, TASKS },
        { "task", 6, TASK },
        { "history", 7, HISTORY },
        { "escalations", 4, ESCALATIONS },
        { "warnings", 3, WARNINGS },
        { "warning", 3, WARNING },
        { "reports", 9, REPORTS },
        { "report", 7, REPORT },
        { "units", 2, UNITS },
        { "members", 2, MEMBERS },
        { "member", 3, MEMBER },
        { "quarantine", 2, QUARANTINE },
        { "organisation", 1, ORGANISATION },
        { "playbooks", 1, PLAYBOOKS },
        { "catalogue", 2, CATALOGUE },
        { "dictionaries", 1, DICTIONARIES },
        { "unit_status", 2, UNIT_STATUS },
        { NULL, 0, NULL },
};

static const QueryStatement *const topics[] = {
        query_statements,
        query_list_statements, query_duty_statements,
        query_replay_statements,
        query_training_statements,
        query_points_statements,
        query_statistics_statements,
        query_device_statements,
};

const QueryStatement *query_statement_next(size_t *cursor) {
        size_t at = *cursor;
        for (size_t topic = 0; topic < sizeof topics / sizeof topics[0]; topic++)
                for (const QueryStatement *statement = topics[topic]; statement->name; statement++)
                        if (at-- == 0) {
                                ++*cursor;
                                return statement;
                        }
        return NULL;
}

const QueryStatement *query_statement(const char *name) {
        size_t cursor = 0;
        for (const QueryStatement *statement; (statement = query_statement_next(&cursor));)
                if (strcmp(statement->name, name) == 0)
                        return statement;
        return NULL;
}
