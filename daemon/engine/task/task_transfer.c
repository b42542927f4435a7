/*
 * Work that moves or is shared: a transfer, which the sender answers for until it is accepted, and the parts of a joint task.
 */
#include "engine/task/task.h"

#include <string.h>

#include "engine/internal.h"
#include "proto/json.h"

#define HOPS_MAX 4

/* ---- transfer ---- */
static bool transfer_fits(Decision *decision, const Task *task, const Unit *to) {
        bool above = (task_who(decision, task, decision->unit) & WHO_ABOVE) != 0;
        if (to == NULL)
                decision_reject(decision, CODE_UNKNOWN_UNIT, "to");
        else if (strcmp(to->id, task->unit) == 0)
                decision_reject(decision, CODE_STATE, "to: %s", to->id);
        else if (task_participant(task, to->id) != NULL)
                decision_reject(decision, CODE_STATE, "to: %s", to->id);
        else if (task->hops >= HOPS_MAX && !above)
                decision_reject(decision, CODE_LIMIT, "transfer: %d; the unit above decides", HOPS_MAX);
        return decision->code == CODE_NONE;
}

void task_transfer(Decision *decision, const Task *task) {
        char reason[NAME_MAX_GRID + 1], note[UUID_LENGTH + 1];
        const char *name = json_string(decision_body(decision), "to");
        if (name == NULL)
                return (void)decision_reject(decision, CODE_MISSING, "to");
        const Unit *to = organisation_unit(decision_organisation(decision), name);
        if (!transfer_fits(decision, task, to) || !task_words(decision, task, false, reason, note))
                return;
        cJSON *transfer = cJSON_CreateObject();
        json_add_string(transfer, "to", to->id);
        json_add_string(transfer, "from", task->unit);
        json_add_string(transfer, "by", decision->sender);
        json_add_int(transfer, "at", decision->at);
        if (*reason != '\0')
                json_add_string(transfer, "reason", reason);
        TaskChange change;
        task_change_start(&change, decision, task, "transfer");
        task_change_reason(&change, reason, note);
        task_change_body(&change, "transfer", transfer);
        task_change_commit(&change);
}

static const char *unit_verifier(const Decision *decision, const Task *task, const Unit *unit) {
        if (*task->verifier == '\0')
                return "";
        const Unit *worker = unit_worker(unit), *above = unit_above(unit, 1);
        while (above != NULL && (above == worker || !unit_is_manned(decision_organisation(decision), above, NULL, 0, decision->at)))
                above = unit_above(above, 1);
        return above == NULL ? "" : above->id;
}

/* From now on the new unit answers; deadlines stay as they are (I9). */
void task_transfer_accept(Decision *decision, const Task *task) {
        char reason[NAME_MAX_GRID + 1], note[UUID_LENGTH + 1];
        const Unit *to = organisation_unit(decision_organisation(decision), json_string(json_object(task->body, "transfer"), "to"));
        if (!task_words(decision, task, false, reason, note))
                return;
        const cJSON *before = json_array(task->body, "past"), *item;
        cJSON *past = cJSON_CreateArray();
        cJSON_ArrayForEach(item, before)
                if (strcmp(item->valuestring, to->id) != 0 && strcmp(item->valuestring, task->unit) != 0)
                        cJSON_AddItemToArray(past, cJSON_CreateString(item->valuestring));
        cJSON_AddItemToArray(past, cJSON_CreateString(task->unit));
        cJSON *accepted = cJSON_CreateArray(), *acks = cJSON_CreateObject();
        cJSON_AddItemToArray(accepted, cJSON_CreateString(decision->sender));
        cJSON_AddNumberToObject(acks, decision->sender, (double)decision->at);
        TaskChange change;
        task_change_start(&change, decision, task, "accept");
        task_change_reason(&change, reason, note);
        task_change_text(&change, "unit", to->id);
        task_change_int(&change, "tier", to->tier);
        task_change_text(&change, "handler", unit_worker(to)->id);
        task_change_text(&change, "verifier", unit_verifier(decision, task, to));
        task_change_text(&change, "assignee", "");
        task_change_int(&change, "hops", (int64_t)task->hops + 1);
        task_change_state(&change, TASK_STATE_ACCEPTED);
        task_change_time(&change, "accepted_at", decision->at);
        task_change_stop(&change, TIMER_ACCEPT);
        task_change_body(&change, "transfer", NULL);
        task_change_body(&change, "past", past);
        task_change_body(&change, "accepted", accepted);
        task_change_body(&change, "acks", acks);
        if (json_has(task->body, "request"))
                task_change_body(&change, "request", NULL);
        task_change_commit(&change);
        escalation_withdraw(decision, task, "transferred");
}

void task_transfer_decline(Decision *decision, const Task *task) {
        char reason[NAME_MAX_GRID + 1], note[UUID_LENGTH + 1];
        if (!task_words(decision, task, true, reason, note))
                return;
        TaskChange change;
        task_change_start(&change, decision, task, "decline");
        task_change_reason(&change, reason, note);
        task_change_body(&change, "transfer", NULL);
        task_change_commit(&change);
}

/* ---- parts ---- */
static void part_set(cJSON *part, const char *key, cJSON *value) {
        cJSON_DeleteItemFromObjectCaseSensitive(part, key);
        cJSON_AddItemToObject(part, key, value);
}

/* The participants with the speaking unit's entry replaced by what `state` and the others say. */
static cJSON *participants_with(const Decision *decision, const Task *task, const char *state, const char *time, const cJSON *result) {
        cJSON *participants = cJSON_Duplicate(json_array(task->body, "participants"), true), *part;
        cJSON_ArrayForEach(part, participants) {
                if (strcmp(json_string(part, "unit"), decision->unit) != 0)
                        continue;
                if (state != NULL)
                        part_set(part, "state", cJSON_CreateString(state));
                if (time != NULL)
                        part_set(part, time, cJSON_CreateNumber((double)decision->at));
                if (result != NULL)
                        part_set(part, "result", cJSON_Duplicate(result, true));
        }
        return participants;
}

static void part_speak(Decision *decision, const Task *task, const char *verb, const char *state, const char *time, bool reason_required,
                       const cJSON *result) {
        char reason[NAME_MAX_GRID + 1], note[UUID_LENGTH + 1];
        if (!task_words(decision, task, reason_required, reason, note))
                return;
        TaskChange change;
        task_change_start(&change, decision, task, verb);
        task_change_reason(&change, reason, note);
        task_change_body(&change, "participants", participants_with(decision, task, state, time, result));
        task_change_commit(&change);
}

static bool part_is(const Decision *decision, const Task *task, const char *state) {
        return strcmp(json_string(task_participant(task, decision->unit), "state"), state) == 0;
}

void part_accept(Decision *decision, const Task *task) {
        if (!part_is(decision, task, "issued"))
                return (void)decision_reject(decision, CODE_STATE, "accepted");
        part_speak(decision, task, "accept", "accepted", "accepted_at", false, NULL);
}

void part_progress(Decision *decision, const Task *task) {
        const cJSON *result;
        if (task_result(decision, task, true, &result))
                part_speak(decision, task, "progress", NULL, NULL, false, result);
}

/* A part completes by agreeing; the task itself is completed by its lead. */
void part_complete(Decision *decision, const Task *task) {
        const cJSON *result;
        if (part_is(decision, task, "agreed"))
                return (void)decision_reject(decision, CODE_STATE, "agreed");
        if (task_result(decision, task, true, &result))
                part_speak(decision, task, "complete", "agreed", "agreed_at", false, result);
}

/* Where all must consent, one refusal ends the task if its playbook knows what follows. */
void part_decline(Decision *decision, const Task *task) {
        part_speak(decision, task, "decline", "declined", NULL, true, NULL);
        const char *consent = json_string(task->body, "consent");
        if (decision->code != CODE_NONE || consent == NULL || !work_says(decision, task, "refused"))
                return;
        TaskChange change;
        task_change_start(&change, decision, task, "refused");
        task_change_end(&change, TASK_STATE_CLOSED, "refused");
        task_change_commit(&change);
        escalation_withdraw(decision, task, "refused");
        work_ended(decision, task, "refused");
}
