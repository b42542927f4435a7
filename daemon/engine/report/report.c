/*
 * Reports: what a member found. A playbook for the kind turns it into work at once; without one it is recorded, or, where
 * somebody has to answer, stays open until a member of the unit or of the line above dispatches, merges or dismisses it.
 */
#include "engine/report/report.h"

#include <stdio.h>
#include <string.h>

#include "engine/device/device.h"
#include "engine/facts.h"
#include "engine/internal.h"
#include "engine/privacy/contact.h"
#include "engine/record.h"
#include "engine/task/work.h"
#include "proto/json.h"

/* ---- a report arrives ---- */

typedef struct Finding {
        const Unit *unit;
        const char *kind, *place, *device;
        Severity severity;
        Reality reality;
        const cJSON *fields;
        const Playbook *playbook;  /* NULL when none matches */
        ReportKind about;          /* what the catalogue says of its kind */
        char id[UUID_LENGTH + 1], number[24], note[UUID_LENGTH + 1];
} Finding;

static bool read_kind(Decision *decision, Finding *finding) {
        const cJSON *body = decision_body(decision);
        PlaybookSet *playbooks = state_playbooks(decision->state);
        finding->kind = json_string(body, "kind");
        finding->fields = json_object(body, "fields");
        if (!finding->kind)
                return decision_reject(decision, json_has(body, "kind") ? CODE_TYPE : CODE_MISSING, "kind") == CODE_NONE;
        bool known = report_kind_find(state_catalogue(decision->state), finding->kind, &finding->about);
        if (!known && (strlen(finding->kind) > NAME_MAX_GRID || !playbook_set_names(playbooks, TRIGGER_REPORT, finding->kind)))
                return decision_reject(decision, CODE_UNKNOWN_KIND, "kind: %.40s", finding->kind) == CODE_NONE;
        if (!known)
                finding->about.wants_answer = true;
        if (!report_fields_check(decision, finding->about.form, finding->unit))
                return false;
        finding->playbook = playbook_set_match(playbooks, TRIGGER_REPORT, finding->kind, finding->severity, finding->fields);
        if (finding->playbook == playbook_builtin(TRIGGER_REPORT))
                finding->playbook = NULL;
        return true;
}

/* The place that the form asked for, where the report names none beside it; NULL when neither does. */
static const char *place_of_form(const Finding *finding) {
        const cJSON *field;
        cJSON_ArrayForEach(field, finding->about.form)
                if (json_has(field, "place"))
                        return json_string(finding->fields, field->string);
        return NULL;
}

/* `place` and `device`: known to the organisation, or refused; a report that names a wrong one is worth less than a question. */
static bool read_things(Decision *decision, Finding *finding) {
        const cJSON *body = decision_body(decision);
        const Organisation *organisation = decision_organisation(decision);
        finding->place = json_string(body, "place");
        finding->device = json_string(body, "device");
        if (!finding->place && json_has(body, "place"))
                return decision_reject(decision, CODE_TYPE, "place") == CODE_NONE;
        if (!finding->device && json_has(body, "device"))
                return decision_reject(decision, CODE_TYPE, "device") == CODE_NONE;
        if (!finding->place)
                finding->place = place_of_form(finding);
        if (finding->place && !organisation_place(organisation, finding->place))
                return decision_reject(decision, CODE_UNKNOWN_TARGET, "place: %.40s", finding->place) == CODE_NONE;
        if (finding->device && !organisation_device(organisation, finding->device))
                return decision_reject(decision, CODE_UNKNOWN_TARGET, "device: %.40s", finding->device) == CODE_NONE;
        return true;
}

/* A contact is taken where the kind or the playbook says that somebody needs it, and nowhere else. */
static bool read_contact(Decision *decision, const Finding *finding) {
        if (!json_has(decision_body(decision), "contact"))
                return true;
        if (!finding->about.contact && !(finding->playbook && playbook_takes_contact(finding->playbook)))
                return decision_reject(decision, CODE_UNKNOWN_FIELD, "contact") == CODE_NONE;
        return contact_check(decision);
}

static bool read_finding(Decision *decision, Finding *finding) {
        static const char *const NAMES[] = {"id", "occurred_at", "revision", "seat", "note", "kind", "severity", "status", "fields",
                                            "place", "device", "contact", NULL};
        finding->unit = organisation_unit(decision_organisation(decision), decision->unit);
        if (!finding->unit)
                return decision_reject(decision, CODE_UNKNOWN_UNIT, "%s", decision->unit) == CODE_NONE;
        return report_names_check(decision, NAMES) && report_read_weight(decision, &finding->severity, &finding->reality) &&
               read_kind(decision, finding) && read_things(decision, finding) && read_contact(decision, finding);
}

static void report_fact(Decision *decision, const Finding *finding) {
        bool open = finding->playbook || finding->about.wants_answer;
        cJSON *fact = fact_new("report_made"), *set = cJSON_AddObjectToObject(fact, "set");
        json_add_string(set, "id", finding->id);
        json_add_string(set, "number", finding->number);
        json_add_string(set, "kind", finding->kind);
        json_add_string(set, "unit", finding->unit->id);
        json_add_string(set, "sender", decision->sender);
        json_add_string(set, "state", open ? "open" : "recorded");
        json_add_string(set, "severity", severity_name(finding->severity));
        json_add_string(set, "reality", reality_name(finding->reality));
        json_add_int(set, "received_at", decision->at);
        if (decision->command->occurred_at != TIMESTAMP_NONE)
                json_add_int(set, "occurred_at", decision->command->occurred_at);
        if (!open)
                json_add_int(set, "ended_at", decision->at);
        json_add_int(set, "revision", 1);
        json_add_int(set, "state_revision", 1);
        json_add_string(set, "place", finding->place);
        json_add_string(set, "device", finding->device);
        json_add_string(set, "note", finding->note[0] ? finding->note : NULL);
        if (finding->fields)
                cJSON_AddItemToObject(set, "fields", cJSON_Duplicate(finding->fields, true));
        decision_fact(decision, fact);
}

static cJSON *change_fact(const Report *report, const char *verb, const char *state, cJSON **ret_set) {
        cJSON *fact = fact_new("report_changed"), *set = cJSON_CreateObject();
        json_add_string(fact, "report", report->id);
        json_add_string(fact, "verb", verb);
        json_add_int(set, "revision", report->revision + 1);
        if (state) {
                json_add_string(set, "state", state);
                json_add_int(set, "state_revision", report->state_revision + 1);
        }
        cJSON_AddItemToObject(fact, "set", set);
        *ret_set = set;
        return fact;
}

const Task *report_first_task(const State *state, const char *origin_id) {
        Task *const *tasks;
        return state_tasks_of_origin(state, origin_id, &tasks) > 0 ? tasks[0] : NULL;
}

/* Work has come of the report: it is dispatched, and belongs to the case of its first task. */
static void report_dispatched(Decision *decision, const Report *report, const char *verb) {
        const Task *task = report_first_task(decision->state, report->id);
        cJSON *set, *fact = change_fact(report, verb, "dispatched", &set);
        if (task)
                json_add_string(set, "case_id", task->case_id);
        json_add_int(set, "ended_at", decision->at);
        decision_fact(decision, fact);
        if (task)
                decision_created(decision, "task", task->id);
}

static WorkOrigin report_origin(const Decision *decision, const Report *report, const Unit *unit, const Unit *const *addressed) {
        return (WorkOrigin){
                .type = "report", .id = report->id, .unit = unit, .severity = report->severity, .reality = report->reality,
                .place = report->place[0] ? report->place : NULL, .device = report->device[0] ? report->device : NULL,
                .addressed = addressed, .n_addressed = 1, .base_at = decision->at, .expires_at = TIMESTAMP_NONE,
        };
}

void report_decide(Decision *decision) {
        Finding finding = {0};
        if (!read_finding(decision, &finding))
                return;
        decision_uuid(decision, finding.id);
        if (!decision_private_text(decision, "note", "report", finding.id, finding.unit->id, finding.note))
                return;
        decision_number(decision, finding.number);
        report_fact(decision, &finding);
        decision_created(decision, "report", finding.id);
        decision_created(decision, "number", finding.number);
        const Report *report = state_report(decision->state, finding.id);
        if (report->state == REPORT_OPEN)
                contact_keep(decision, report);
        if (finding.playbook) {
                const WorkOrigin origin = report_origin(decision, report, finding.unit, &finding.unit);
                if (work_start(decision, finding.playbook, &origin) > 0 && decision->code == CODE_NONE)
                        report_dispatched(decision, report, "report");
        } else {
                const WorkOrigin origin = report_origin(decision, report, finding.unit, &finding.unit);
                work_inform(decision, &origin);
        }
        if (decision->code == CODE_NONE) {
                const Record record = record_of_report(decision, report);
                record_done(decision, &record);
        }
        decision->revision = report->state_revision;
}

/* ---- verbs on a report ---- */

typedef enum Act { ACT_NONE = 0, ACT_DISPATCH, ACT_MERGE, ACT_DISMISS, ACT_COMMENT } Act;

/* (state, verb) → act; what is not here is refused with `state`, or `closed` where the report has ended. */
static const Act TABLE[][VERB_COUNT] = {
        [REPORT_OPEN] = {[VERB_DISPATCH] = ACT_DISPATCH, [VERB_MERGE] = ACT_MERGE, [VERB_DISMISS] = ACT_DISMISS, [VERB_COMMENT] = ACT_COMMENT},
        [REPORT_RECORDED] = {[VERB_DISPATCH] = ACT_DISPATCH, [VERB_MERGE] = ACT_MERGE, [VERB_DISMISS] = ACT_DISMISS, [VERB_COMMENT] = ACT_COMMENT},
        [REPORT_DISPATCHED] = {[VERB_COMMENT] = ACT_COMMENT},
        [REPORT_MERGED] = {[VERB_NONE] = ACT_NONE},
        [REPORT_DISMISSED] = {[VERB_NONE] = ACT_NONE},
};

static bool role_decides(Role role) {
        return role == ROLE_COMMANDER || role == ROLE_OFFICER || role == ROLE_AUXILIARY || role == ROLE_GRID_HEAD;
}

/* The speaker: of the report's unit or above it, with a seat there, and for all but comments a role that decides. */
static const Unit *find_speaker(Decision *decision, const Report *report) {
        const Organisation *organisation = decision_organisation(decision);
        const Unit *speaker = organisation_unit(organisation, decision->unit), *unit = organisation_unit(organisation, report->unit);
        const Member *member = decision_member(decision);
        const Seat *seat = speaker && member ? member_seat(member, speaker, decision->at) : NULL;
        if (!speaker)
                decision_reject(decision, CODE_UNKNOWN_UNIT, "%s", decision->unit);
        else if (!seat)
                decision_reject(decision, CODE_SEAT, "%s", decision->unit);
        else if (unit ? !unit_is_below(unit, speaker) : speaker->parent != NULL)
                decision_reject(decision, CODE_FORBIDDEN, "%s", report->unit);
        else if (decision->command->topic.verb != VERB_COMMENT && !role_decides(seat->role))
                decision_reject(decision, CODE_DENIED, "%s", role_name(seat->role));
        else
                return speaker;
        return NULL;
}

static bool find_playbook(Decision *decision, const Report *report, const Playbook **ret) {
        const cJSON *body = decision_body(decision);
        PlaybookSet *playbooks = state_playbooks(decision->state);
        const char *name = json_string(body, "playbook");
        if (!name && json_has(body, "playbook"))
                return decision_reject(decision, CODE_TYPE, "playbook") == CODE_NONE;
        *ret = name ? playbook_set_current(playbooks, name)
                    : playbook_set_match(playbooks, TRIGGER_REPORT, report->kind, report->severity, report->fields);
        /* A round of a duty may be started by hand, by its playbook's name. */
        bool fits = *ret && !playbook_adds(*ret) && (playbook_trigger(*ret) == TRIGGER_REPORT || (name && playbook_trigger(*ret) == TRIGGER_DUTY));
        if (!fits)
                return decision_reject(decision, CODE_UNKNOWN_TARGET, "playbook: %.40s", name ? name : "") == CODE_NONE;
        return true;
}

/* `to`: the speaker or a unit below it; NULL when the body names none. */
static bool find_receiver(Decision *decision, const Unit *speaker, const Unit **ret) {
        const cJSON *body = decision_body(decision);
        const char *to = json_string(body, "to");
        *ret = NULL;
        if (!to)
                return !json_has(body, "to") || decision_reject(decision, CODE_TYPE, "to") == CODE_NONE;
        *ret = organisation_unit(decision_organisation(decision), to);
        if (!*ret)
                return decision_reject(decision, CODE_UNKNOWN_UNIT, "to: %.40s", to) == CODE_NONE;
        if (!unit_is_below(*ret, speaker))
                return decision_reject(decision, CODE_FORBIDDEN, "to: %.40s", to) == CODE_NONE;
        return true;
}

static void act_dispatch(Decision *decision, const Report *report, const Unit *speaker) {
        const Unit *to, *unit = organisation_unit(decision_organisation(decision), report->unit);
        const Playbook *playbook = NULL;
        char note[UUID_LENGTH + 1];
        if (!find_receiver(decision, speaker, &to) || !find_playbook(decision, report, &playbook))
                return;
        if (!to && !json_has(decision_body(decision), "playbook")) {
                decision_reject(decision, CODE_MISSING, "to");
                return;
        }
        if (!decision_private_text(decision, "note", "report", report->id, speaker->id, note))
                return;
        if (!unit)
                unit = speaker;
        const WorkOrigin origin = report_origin(decision, report, unit, to ? &to : &unit);
        size_t n = to ? work_start_units(decision, playbook, &origin, &to, 1) : work_start(decision, playbook, &origin);
        if (decision->code != CODE_NONE)
                return;
        if (n == 0)
                decision_reject(decision, CODE_NOBODY, "%s", to ? to->id : "");
        else
                report_dispatched(decision, report, "dispatch");
}

static void act_merge(Decision *decision, const Report *report, const Unit *speaker) {
        const char *id = json_string(decision_body(decision), "into");
        const Report *into = id ? state_report(decision->state, id) : NULL;
        const Unit *unit = into ? organisation_unit(decision_organisation(decision), into->unit) : NULL;
        if (!id)
                decision_reject(decision, json_has(decision_body(decision), "into") ? CODE_TYPE : CODE_MISSING, "into");
        else if (!into || into == report)
                decision_reject(decision, CODE_UNKNOWN_TARGET, "into: %.40s", id);
        else if (!unit || !unit_is_below(unit, speaker))
                decision_reject(decision, CODE_FORBIDDEN, "into: %s", into->unit);
        else if (into->state == REPORT_MERGED || into->state == REPORT_DISMISSED)
                decision_reject(decision, CODE_CLOSED, "into: %s", id);
        else {
                cJSON *set, *fact = change_fact(report, "merge", "merged", &set);
                json_add_string(set, "merged_into", into->id);
                json_add_int(set, "ended_at", decision->at);
                decision_fact(decision, fact);
                contact_work_ended(decision, report->id);
        }
}

static void act_dismiss(Decision *decision, const Report *report, const Unit *speaker) {
        char reason[NAME_MAX_GRID + 1], note[UUID_LENGTH + 1];
        if (!decision_reason(decision, true, "report", report->id, speaker->id, reason, note))
                return;
        cJSON *set, *fact = change_fact(report, "dismiss", "dismissed", &set);
        json_add_string(fact, "reason", reason);
        json_add_int(set, "ended_at", decision->at);
        decision_fact(decision, fact);
        contact_work_ended(decision, report->id);
}

static void act_comment(Decision *decision, const Report *report, const Unit *speaker) {
        char note[UUID_LENGTH + 1];
        if (!decision_private_text(decision, "note", "report", report->id, speaker->id, note))
                return;
        if (!note[0]) {
                decision_reject(decision, CODE_MISSING, "note");
                return;
        }
        cJSON *set, *fact = change_fact(report, "comment", NULL, &set);
        json_add_string(fact, "note", note);
        decision_fact(decision, fact);
}

static void act_run(Decision *decision, Act act, const Report *report, const Unit *speaker) {
        switch (act) {
        case ACT_DISPATCH: act_dispatch(decision, report, speaker); break;
        case ACT_MERGE: act_merge(decision, report, speaker); break;
        case ACT_DISMISS: act_dismiss(decision, report, speaker); break;
        case ACT_COMMENT: act_comment(decision, report, speaker); break;
        case ACT_NONE:
                decision_reject(decision, report->state == REPORT_MERGED || report->state == REPORT_DISMISSED ? CODE_CLOSED : CODE_STATE,
                                "%s", verb_name(decision->command->topic.verb));
        }
}

void report_action_decide(Decision *decision) {
        const Topic *topic = &decision->command->topic;
        const Report *report = state_report(decision->state, topic->target);
        if (!report) {
                decision_reject(decision, CODE_UNKNOWN_TARGET, "%s", topic->target);
                return;
        }
        const Unit *speaker = find_speaker(decision, report);
        if (!speaker)
                return;
        if (decision->command->revision >= 0 && decision->command->revision != report->state_revision) {
                decision_reject(decision, CODE_STALE, "state_revision %lld", (long long)report->state_revision);
                return;
        }
        act_run(decision, TABLE[report->state][topic->verb], report, speaker);
        decision->revision = report->state_revision;
}

/* ---- facts ---- */

/* A report in memory is one that somebody has to answer; the others are looked up when somebody speaks of them. */
static void settle(const FactContext *context, Report *report) {
        if (report->object.live == (report->state == REPORT_OPEN))
                return;
        state_touch(context->state, report, context->seq);
        report->object.live = report->state == REPORT_OPEN;
}

static void report_made(const FactContext *context, const cJSON *fact) {
        settle(context, fact_make(context, OBJECT_REPORT, NULL, json_object(fact, "set")));
}

static void report_changed(const FactContext *context, const cJSON *fact) {
        Report *report = state_report(context->state, json_string(fact, "report"));
        fact_patch(context, report, json_object(fact, "set"));
        settle(context, report);
}

const FactRule report_fact_rules[] = {
        {"report_made", report_made},   {"report_changed", report_changed}, {"device_heard", device_heard},
        {"device_silent", device_silent}, {NULL, NULL},
};
