/*
 * Contacts: kept, granted to the responder, erased. Facts: {"fact":"contact_kept","set":{…}}, {"fact":"contact_granted","contact","task",
 * "member","unit"?}, {"fact":"contact_erased","contact"}. None holds a word of it.
 */
#include "engine/privacy/contact.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "engine/admin/admin.h"
#include "engine/facts.h"
#include "engine/internal.h"
#include "engine/state/state_batch.h"
#include "engine/task/task.h"
#include "proto/json.h"
#include "proto/mask.h"

#define CONTACT_BYTES_MAX (NOTE_CHARACTERS_MAX * 4)

/* ---- keeping ---- */

bool contact_check(Decision *decision) {
        const char *text = json_string(decision_body(decision), "contact");
        if (!text)
                return decision_reject(decision, CODE_TYPE, "contact") == CODE_NONE;
        if (text_count_characters(text) > NOTE_CHARACTERS_MAX || strlen(text) > CONTACT_BYTES_MAX)
                return decision_reject(decision, CODE_RANGE, "contact: %d", NOTE_CHARACTERS_MAX) == CODE_NONE;
        return true;
}

/* The row of private_text; `words` NULL = erased. */
static void words_journal(State *state, const Contact *contact, const char *words) {
        char at[24], erase_at[24];
        snprintf(at, sizeof at, "%" PRId64, contact->kept_at);
        snprintf(erase_at, sizeof erase_at, "%" PRId64, contact->erase_at);
        const char *cells[] = {contact->id, "contact", contact->owner, contact->unit, at, erase_at, words};
        state_journal(state, TABLE_PRIVATE_TEXT, cells, sizeof cells / sizeof cells[0]);
}

void contact_keep(Decision *decision, const Report *report) {
        char id[UUID_LENGTH + 1], words[CONTACT_BYTES_MAX + 1];
        const char *given = json_string(decision_body(decision), "contact");
        if (!given || given[0] == '\0')
                return;
        snprintf(words, sizeof words, "%s", given);
        decision->masked |= mask_contact(words);
        decision_uuid(decision, id);
        int64_t erase_at = decision->at + engine_config(decision->engine)->contact_keep_ms;
        cJSON *fact = fact_new("contact_kept"), *set = cJSON_AddObjectToObject(fact, "set");
        json_add_string(set, "id", id);
        json_add_string(set, "owner", report->id);
        json_add_string(set, "unit", report->unit);
        json_add_int(set, "kept_at", decision->at);
        json_add_int(set, "erase_at", erase_at);
        json_add_int(cJSON_AddObjectToObject(set, "timers"), timer_kind_name(TIMER_EXPIRE), erase_at);
        decision_fact(decision, fact);
        words_journal(decision->state, state_contact(decision->state, id), words);
}

/* ---- erasing ---- */

static void contact_erase(Decision *decision, const Contact *contact) {
        cJSON *fact = fact_new("contact_erased");
        json_add_string(fact, "contact", contact->id);
        decision_fact(decision, fact);
}

void contact_work_ended(Decision *decision, const char *origin) {
        const Contact *contact = state_contact_of(decision->state, origin);
        Task *const *tasks;
        size_t n = contact ? state_tasks_of_origin(decision->state, origin, &tasks) : 0;
        for (size_t i = 0; i < n; i++)
                if (!task_state_is_terminal(tasks[i]->state))
                        return;
        if (contact)
                contact_erase(decision, contact);
}

void contact_fire(Decision *decision, Contact *contact, TimerKind kind) {
        (void)kind; /* TIMER_EXPIRE is the only one */
        contact_erase(decision, contact);
}

/* ---- granting ---- */

static bool list_holds(const cJSON *list, const char *member) {
        const cJSON *one;
        cJSON_ArrayForEach(one, list)
                if (cJSON_IsString(one) && strcmp(one->valuestring, member) == 0)
                        return true;
        return false;
}

/* The unit whose accepted part the sender works on; NULL when there is none. */
static const char *part_of_sender(const Decision *decision, const Task *task) {
        const Organisation *organisation = decision_organisation(decision);
        const cJSON *part;
        cJSON_ArrayForEach(part, json_array(task->body, "participants")) {
                const char *name = json_string(part, "unit"), *state = json_string(part, "state");
                const Unit *unit = name ? organisation_unit(organisation, name) : NULL;
                const Seat *seat = unit ? member_seat(decision_member(decision), unit, decision->at) : NULL;
                bool works = seat && seat->role <= ROLE_PARTNER && state && (strcmp(state, "accepted") == 0 || strcmp(state, "agreed") == 0);
                if (works)
                        return name;
        }
        return NULL;
}

/* The responder: has accepted it or is assigned to it, and it is being worked on. *ret_unit: the part that he works on, NULL = the lead's. */
static bool sender_responds(const Decision *decision, const Task *task, const char **ret_unit) {
        *ret_unit = NULL;
        if (task->state != TASK_STATE_ACCEPTED && task->state != TASK_STATE_IN_PROGRESS)
                return false;
        if (strcmp(task->assignee, decision->sender) == 0 || (task->assignee[0] == '\0' && list_holds(json_array(task->body, "accepted"), decision->sender)))
                return true;
        return (*ret_unit = part_of_sender(decision, task)) != NULL;
}

void contact_decide(Decision *decision) {
        static const char *const names[] = {"request", "task", NULL};
        const cJSON *body = decision_body(decision);
        const char *id = admin_check_fields(decision, body, names) ? json_string(body, "task") : NULL, *unit;
        const Task *task = id ? state_task(decision->state, id) : NULL;
        const Step *step = task ? task_step(decision->state, task) : NULL;
        if (decision->code != CODE_NONE)
                return;
        if (!id)
                return (void)decision_reject(decision, json_has(body, "task") ? CODE_TYPE : CODE_MISSING, "task");
        const Contact *contact = task && strcmp(task->origin_type, "report") == 0 ? state_contact_of(decision->state, task->origin_id) : NULL;
        /* Whoever is not the responder is not told either whether there is one. */
        if (!task || !step || !step->contact || !sender_responds(decision, task, &unit))
                return (void)decision_reject(decision, CODE_FORBIDDEN, "%s", "");
        if (!contact)
                return (void)decision_reject(decision, CODE_UNKNOWN_TARGET, "contact");
        cJSON *fact = fact_new("contact_granted");
        json_add_string(fact, "contact", contact->id);
        json_add_string(fact, "task", task->id);
        json_add_string(fact, "member", decision->sender);
        json_add_string(fact, "unit", unit);
        decision_fact(decision, fact);
}

/* ---- facts ---- */

static void kept_apply(const FactContext *context, const cJSON *fact) {
        fact_make(context, OBJECT_CONTACT, NULL, json_object(fact, "set"));
}

static void granted_apply(const FactContext *context, const cJSON *fact) {
        char seq[24], at[24];
        snprintf(seq, sizeof seq, "%" PRIu64, context->seq);
        snprintf(at, sizeof at, "%" PRId64, context->at);
        const char *cells[] = {json_string(fact, "contact"), seq, at, json_string(fact, "member"), json_string(fact, "unit"),
                               json_string(fact, "task")};
        state_journal(context->state, TABLE_CONTACT_GRANT, cells, sizeof cells / sizeof cells[0]);
}

static void erased_apply(const FactContext *context, const cJSON *fact) {
        Contact *contact = state_contact(context->state, json_string(fact, "contact"));
        state_touch(context->state, contact, context->seq);
        contact->erased_at = context->at;
        contact->object.live = false;
        contact->object.timers.n = 0;
        words_journal(context->state, contact, NULL);
}

const FactRule contact_fact_rules[] = {
        {"contact_kept", kept_apply}, {"contact_granted", granted_apply}, {"contact_erased", erased_apply}, {NULL, NULL},
};
