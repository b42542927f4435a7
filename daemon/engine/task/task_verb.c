/*
 * What the verbs on a task do: taking it on, doing it, looking after it. Called from the table in task.c.
 */
#include "engine/task/task.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/playbook/form.h"
#include "engine/internal.h"
#include "engine/task/work.h"
#include "proto/json.h"

#define RESULT_ITEMS_MAX 32 /* of a task without a form */

/* ---- taking it on ---- */
static cJSON *acks_with(const Decision *decision, const Task *task) {
        const cJSON *acks = json_object(task->body, "acks");
        cJSON *now = acks == NULL ? cJSON_CreateObject() : cJSON_Duplicate(acks, true);
        if (!json_has(now, decision->sender))
                cJSON_AddNumberToObject(now, decision->sender, (double)decision->at);
        return now;
}

static bool names_member(const cJSON *names, const char *member) {
        const cJSON *name;
        cJSON_ArrayForEach(name, names)
                if (cJSON_IsString(name) && strcmp(name->valuestring, member) == 0)
                        return true;
        return false;
}

static bool seat_counts(const Seat *seat, const Step *step) {
        if (step == NULL || step->n_roles == 0)
                return seat->role <= ROLE_PARTNER;
        for (size_t i = 0; i < step->n_roles; i++)
                if (step->roles[i] == seat->role)
                        return true;
        return false;
}

/* Whether everybody of the unit who counts has accepted. */
static bool everybody_accepted(const Decision *decision, const Task *task, const cJSON *accepted) {
        const Unit *worker = task_worker(decision, task);
        const Step *step = task_step(decision->state, task);
        size_t cursor = 0;
        for (const Member *member; (member = unit_next_member(decision_organisation(decision), worker, &cursor)) != NULL;) {
                const Seat *seat = member_seat(member, worker, decision->at);
                if (seat != NULL && seat_counts(seat, step) && !names_member(accepted, member->id))
                        return false;
        }
        return true;
}

static bool quorum_reached(const Decision *decision, const Task *task, const cJSON *accepted) {
        int64_t quorum = json_int(task->body, "quorum", 1);
        if (quorum < 0)
                return everybody_accepted(decision, task, accepted);
        return cJSON_GetArraySize(accepted) >= quorum;
}

/* Moves an issued task to accepted, or what comes straight after it. */
static void change_accepted(TaskChange *change) {
        task_change_time(change, "accepted_at", change->decision->at);
        task_change_stop(change, TIMER_ACCEPT);
}

/* An escalation because nobody accepted is answered by accepting, unless the unit above has taken it on. */
static void accept_answers(Decision *decision, const Task *task) {
        const Escalation *escalation = state_escalation(decision->state, task->escalation);
        if (escalation != NULL && escalation->state == ESCALATION_OPEN && strcmp(escalation->cause, "accept") == 0)
                escalation_withdraw(decision, task, "accepted");
}

void task_accept(Decision *decision, const Task *task) {
        char reason[NAME_MAX_GRID + 1], note[UUID_LENGTH + 1];
        const cJSON *before = json_array(task->body, "accepted");
        if (names_member(before, decision->sender))
                return (void)decision_reject(decision, CODE_STATE, "accepted");
        if (!task_words(decision, task, false, reason, note))
                return;
        cJSON *accepted = before == NULL ? cJSON_CreateArray() : cJSON_Duplicate(before, true);
        cJSON_AddItemToArray(accepted, cJSON_CreateString(decision->sender));
        bool reached = quorum_reached(decision, task, accepted);
        const Step *step = task_step(decision->state, task);
        bool ends = reached && step != NULL && step->ends_on_accept;
        TaskChange change;
        task_change_start(&change, decision, task, "accept");
        task_change_reason(&change, reason, note);
        task_change_body(&change, "accepted", accepted);
        task_change_body(&change, "acks", acks_with(decision, task));
        if (reached)
                change_accepted(&change);
        if (ends) {
                task_change_doer(&change);
                task_change_end(&change, TASK_STATE_CLOSED, "done");
        } else if (reached) {
                task_change_state(&change, TASK_STATE_ACCEPTED);
        }
        task_change_commit(&change);
        if (ends)
                escalation_withdraw(decision, task, "accepted");
        else if (reached)
                accept_answers(decision, task);
        if (ends)
                work_ended(decision, task, "done");
}

void task_assign(Decision *decision, const Task *task) {
        char reason[NAME_MAX_GRID + 1], note[UUID_LENGTH + 1];
        const char *assignee = json_string(decision_body(decision), "assignee");
        if (assignee == NULL)
                return (void)decision_reject(decision, CODE_MISSING, "assignee");
        const Organisation *organisation = decision_organisation(decision);
        const Member *member = organisation_member(organisation, assignee);
        const Unit *handler = organisation_unit(organisation, task->handler);
        bool fits = member != NULL && ((handler != NULL && member_seat(member, handler, decision->at) != NULL) ||
                                       member_seat(member, task_unit(decision, task), decision->at) != NULL);
        if (!fits)
                return (void)decision_reject(decision, CODE_UNKNOWN_MEMBER, "assignee");
        if (!task_words(decision, task, false, reason, note))
                return;
        TaskChange change;
        task_change_start(&change, decision, task, "assign");
        task_change_reason(&change, reason, note);
        task_change_text(&change, "assignee", assignee);
        task_change_commit(&change);
}

void task_start(Decision *decision, const Task *task) {
        char reason[NAME_MAX_GRID + 1], note[UUID_LENGTH + 1];
        const cJSON *before = json_array(task->body, "accepted");
        if (!task_words(decision, task, false, reason, note))
                return;
        TaskChange change;
        task_change_start(&change, decision, task, "start");
        task_change_reason(&change, reason, note);
        if (task->state == TASK_STATE_ISSUED)
                change_accepted(&change);
        if (!names_member(before, decision->sender)) {
                cJSON *accepted = before == NULL ? cJSON_CreateArray() : cJSON_Duplicate(before, true);
                cJSON_AddItemToArray(accepted, cJSON_CreateString(decision->sender));
                task_change_body(&change, "accepted", accepted);
        }
        task_change_stop(&change, TIMER_START);
        task_change_time(&change, "started_at", decision->at);
        task_change_state(&change, TASK_STATE_IN_PROGRESS);
        task_change_body(&change, "acks", acks_with(decision, task));
        task_change_commit(&change);
        accept_answers(decision, task);
}

/* ---- doing it ---- */
static const cJSON *case_results(const Decision *decision, const Task *task) {
        const WorkCase *work_case = state_case(decision->state, task->case_id);
        return work_case == NULL ? NULL : work_case->results;
}

/* Without a form nothing says what a result may hold: a few counts under plain names, so that no words slip in (I12, I13). */
static bool result_is_plain(Decision *decision, const cJSON *result) {
        const cJSON *item;
        if (cJSON_GetArraySize(result) > RESULT_ITEMS_MAX) {
                decision_reject(decision, CODE_LIMIT, "result: %d", RESULT_ITEMS_MAX);
                return false;
        }
        cJSON_ArrayForEach(item, result) {
                size_t n = strspn(item->string, "abcdefghijklmnopqrstuvwxyz0123456789_");
                if (item->string[n] == '\0' && n > 0 && n <= NAME_MAX_GRID && (json_is_whole(item) || cJSON_IsBool(item)))
                        continue;
                decision_reject(decision, CODE_FORM, "result");
                return false;
        }
        return true;
}

bool task_result(Decision *decision, const Task *task, bool partial, const cJSON **ret_result) {
        char detail[160] = "";
        const cJSON *body = decision_body(decision);
        *ret_result = json_object(body, "result");
        if (json_has(body, "result") && *ret_result == NULL) {
                decision_reject(decision, CODE_TYPE, "result");
                return false;
        }
        const Step *step = task_step(decision->state, task);
        if (step == NULL || step->form == NULL)
                return result_is_plain(decision, *ret_result);
        const Organisation *organisation = decision_organisation(decision);
        const FormScope scope = {.root = "result", .results = case_results(decision, task), .organisation = organisation,
                                 .dictionaries = organisation_dictionaries(organisation), .at = decision->at, .partial = partial,
                                 .unit = organisation_unit(organisation, decision->unit)};
        Code code = form_validate(step->form, *ret_result, &scope, detail, sizeof detail);
        if (code != CODE_NONE)
                decision_reject(decision, code, "%s", detail);
        return code == CODE_NONE;
}

void task_result_record(Decision *decision, const Task *task, const cJSON *result) {
        const WorkCase *work_case = state_case(decision->state, task->case_id);
        if (work_case == NULL || result == NULL || *task->step == '\0')
                return;
        cJSON *fact = fact_new("case");
        cJSON_AddStringToObject(fact, "id", work_case->id);
        cJSON *results = cJSON_AddObjectToObject(cJSON_AddObjectToObject(fact, "set"), "results");
        cJSON_AddItemToObject(results, task->step, cJSON_Duplicate(result, true));
        decision_fact(decision, fact);
}

/* The items done, every one of which must be on the step's list; NULL after a rejection or when there is no list. */
static cJSON *checklist_read(Decision *decision, const Task *task, bool whole) {
        const Step *step = task_step(decision->state, task);
        const cJSON *done = json_array(decision_body(decision), "checklist"), *item;
        if (step == NULL || step->checklist == NULL)
                return NULL;
        cJSON *kept = cJSON_CreateArray();
        cJSON_ArrayForEach(item, step->checklist) {
                const char *name = cJSON_IsString(item) ? item->valuestring : json_string(item, "name");
                if (name == NULL)
                        continue;
                if (names_member(done, name))
                        cJSON_AddItemToArray(kept, cJSON_CreateString(name));
                else if (whole)
                        decision_reject(decision, CODE_FORM, "checklist: %.100s", name);
        }
        return kept;
}

void task_progress(Decision *decision, const Task *task) {
        char reason[NAME_MAX_GRID + 1], note[UUID_LENGTH + 1];
        const cJSON *result;
        if (!task_result(decision, task, true, &result) || !task_words(decision, task, false, reason, note))
                return;
        TaskChange change;
        task_change_start(&change, decision, task, "progress");
        task_change_reason(&change, reason, note);
        if (result != NULL)
                task_change_body(&change, "result", cJSON_Duplicate(result, true));
        cJSON *done = checklist_read(decision, task, false);
        if (done != NULL)
                task_change_body(&change, "checklist", done);
        task_change_commit(&change);
}

/* With consent of all, every joint participant must have agreed before the lead completes. */
static bool consent_given(Decision *decision, const Task *task) {
        const char *consent = json_string(task->body, "consent");
        const cJSON *part;
        if (consent == NULL || strcmp(consent, "all") != 0)
                return true;
        cJSON_ArrayForEach(part, json_array(task->body, "participants")) {
                const char *kind = json_string(part, "part"), *state = json_string(part, "state");
                if (strcmp(kind, "joint") == 0 && strcmp(state, "agreed") != 0) {
                        decision_reject(decision, CODE_STATE, "consent: %s", json_string(part, "unit"));
                        return false;
                }
        }
        return true;
}

static void change_completed(TaskChange *change, bool closes) {
        Decision *decision = change->decision;
        const Task *task = change->task;
        Clocks clocks;
        if (task->state == TASK_STATE_ISSUED)
                change_accepted(change);
        task_change_time(change, "completed_at", decision->at);
        if (closes)
                return task_change_end(change, TASK_STATE_CLOSED, "done");
        task_change_state(change, TASK_STATE_COMPLETED);
        task_change_stop(change, TIMER_START);
        task_change_stop(change, TIMER_FINISH);
        task_clocks(decision->state, task, &clocks);
        task_change_clock(change, TIMER_VERIFY, &clocks, decision->at);
        if (timer_due(&task->object.timers, TIMER_EXPIRE) != TIMESTAMP_NONE)
                task_change_timer(change, TIMER_EXPIRE, TIMESTAMP_NONE);
        if (json_has(task->body, "request"))
                task_change_body(change, "request", NULL);
        if (json_has(task->body, "transfer"))
                task_change_body(change, "transfer", NULL);
}

void task_complete(Decision *decision, const Task *task) {
        char reason[NAME_MAX_GRID + 1], note[UUID_LENGTH + 1];
        const cJSON *result;
        if (!consent_given(decision, task) || !task_result(decision, task, false, &result) ||
            !task_words(decision, task, false, reason, note))
                return;
        cJSON *done = checklist_read(decision, task, true);
        if (decision->code != CODE_NONE)
                return cJSON_Delete(done);
        /* Nobody verifies their own work: what the verifier itself has done is closed at once. */
        bool closes = *task->verifier == '\0' || strcmp(task->verifier, decision->unit) == 0;
        TaskChange change;
        task_change_start(&change, decision, task, "complete");
        task_change_reason(&change, reason, note);
        task_change_doer(&change);
        change_completed(&change, closes);
        if (result != NULL)
                task_change_body(&change, "result", cJSON_Duplicate(result, true));
        if (done != NULL)
                task_change_body(&change, "checklist", done);
        task_change_commit(&change);
        task_result_record(decision, task, result);
        escalation_withdraw(decision, task, "completed");
        if (closes)
                work_ended(decision, task, "done");
}

/* Counted and kept, state unchanged (I8). One that had ended by being done is simply closed. */
void task_complete_late(Decision *decision, const Task *task) {
        char reason[NAME_MAX_GRID + 1], note[UUID_LENGTH + 1];
        const cJSON *result;
        bool moved = (task_who(decision, task, decision->unit) & WHO_LEAD) == 0;
        if (task->state == TASK_STATE_CLOSED && strcmp(task->outcome, "done") == 0 && !moved)
                return (void)decision_reject(decision, CODE_CLOSED, "%s", task_state_name(task->state));
        if (!task_result(decision, task, true, &result) || !task_words(decision, task, false, reason, note))
                return;
        TaskChange change;
        task_change_start(&change, decision, task, "late");
        task_change_reason(&change, reason, note);
        task_change_int(&change, "late", (int64_t)task->late + 1);
        cJSON *late = cJSON_CreateObject();
        json_add_string(late, "unit", decision->unit);
        json_add_string(late, "member", decision->sender);
        json_add_int(late, "at", decision->at);
        if (result != NULL)
                cJSON_AddItemToObject(late, "result", cJSON_Duplicate(result, true));
        task_change_body(&change, "late", late);
        task_change_commit(&change);
        decision->late = true;
        decision->code = CODE_LATE;
}

void task_verify(Decision *decision, const Task *task) {
        char reason[NAME_MAX_GRID + 1], note[UUID_LENGTH + 1];
        if (!task_words(decision, task, false, reason, note))
                return;
        TaskChange change;
        task_change_start(&change, decision, task, "verify");
        task_change_reason(&change, reason, note);
        task_change_end(&change, TASK_STATE_CLOSED, "done");
        task_change_commit(&change);
        escalation_withdraw(decision, task, "verified");
        work_ended(decision, task, "done");
}

/*
 * Poor work goes back to the doer. The handling clock stood still from the completion on, so it runs on by as much as was left.
 */
void task_return(Decision *decision, const Task *task) {
        static const TimerKind clock[] = {TIMER_FINISH_YELLOW, TIMER_FINISH, TIMER_FINISH_RED};
        char reason[NAME_MAX_GRID + 1], note[UUID_LENGTH + 1];
        if (!task_words(decision, task, true, reason, note))
                return;
        if (strcmp(reason, "partial") != 0 && strcmp(reason, "brief") != 0 && strcmp(reason, "wrong") != 0)
                return (void)decision_reject(decision, CODE_RANGE, "reason: partial, brief, wrong");
        TaskChange change;
        task_change_start(&change, decision, task, "return");
        task_change_reason(&change, reason, note);
        task_change_stop(&change, TIMER_VERIFY);
        task_change_state(&change, TASK_STATE_IN_PROGRESS);
        if (task->started_at == TIMESTAMP_NONE)
                task_change_time(&change, "started_at", task->completed_at);
        task_change_int(&change, "returns", (int64_t)task->returns + 1);
        task_change_body(&change, "completed_by", NULL);
        task_change_time(&change, "completed_at", TIMESTAMP_NONE);
        task_change_time(&change, "verify_by", TIMESTAMP_NONE);
        if (task->finish_by != TIMESTAMP_NONE && task->finish_by > task->completed_at) {
                Clocks clocks;
                Deadline deadline;
                int64_t due = task->finish_by + (decision->at - task->completed_at);
                task_clocks(decision->state, task, &clocks);
                deadline_around(task_calendar(decision->state, &clocks), &clocks, task->base_at, due, decision->at, &deadline);
                task_change_time(&change, "finish_by", due);
                task_change_timer(&change, clock[0], deadline.yellow);
                task_change_timer(&change, clock[1], due);
                task_change_timer(&change, clock[2], deadline.red);
        }
        task_change_commit(&change);
        escalation_withdraw(decision, task, "returned");
}

/* ---- not doing it ---- */
void task_decline(Decision *decision, const Task *task) {
        char reason[NAME_MAX_GRID + 1], note[UUID_LENGTH + 1];
        if (!task_words(decision, task, true, reason, note))
                return;
        bool ends = work_says(decision, task, "declined");
        TaskChange change;
        if (ends) {
                task_change_start(&change, decision, task, "decline");
                task_change_reason(&change, reason, note);
                task_change_end(&change, TASK_STATE_CLOSED, "declined");
                task_change_commit(&change);
                escalation_withdraw(decision, task, "declined");
                return work_ended(decision, task, "declined");
        }
        if (*task->escalation != '\0')
                return (void)decision_reject(decision, CODE_STATE, "escalated");
        EscalationCall call = {.cause = "decline", .after = AFTER_ESCALATE, .reason = reason, .note = note};
        if (!escalation_open(decision, task, &call))
                return (void)decision_reject(decision, CODE_LIMIT, "escalate");
        decision->revision = task->state_revision;
}

void task_escalate(Decision *decision, const Task *task) {
        char reason[NAME_MAX_GRID + 1], note[UUID_LENGTH + 1];
        if (*task->escalation != '\0')
                return (void)decision_reject(decision, CODE_STATE, "escalated");
        if (!task_words(decision, task, true, reason, note))
                return;
        EscalationCall call = {.cause = "escalate", .after = AFTER_ESCALATE, .reason = reason, .note = note};
        if (!escalation_open(decision, task, &call))
                return (void)decision_reject(decision, CODE_LIMIT, "escalate");
        decision_created(decision, "escalation", task->escalation);
}

void task_cancel(Decision *decision, const Task *task) {
        char reason[NAME_MAX_GRID + 1], note[UUID_LENGTH + 1];
        if (!task_words(decision, task, false, reason, note))
                return;
        TaskChange change;
        task_change_start(&change, decision, task, "cancel");
        task_change_reason(&change, reason, note);
        task_change_end(&change, TASK_STATE_CANCELLED, "cancelled");
        task_change_commit(&change);
        escalation_withdraw(decision, task, "cancelled");
        work_ended(decision, task, "cancelled");
}

/* ---- looking after it ---- */
static void task_card(Decision *decision, const Task *task, const char *verb, Card card) {
        char reason[NAME_MAX_GRID + 1], note[UUID_LENGTH + 1];
        if (!task_words(decision, task, false, reason, note))
                return;
        TaskChange change;
        task_change_start(&change, decision, task, verb);
        task_change_reason(&change, reason, note);
        if (task->card < card) {
                task_change_text(&change, "card", card_name(card));
                task_change_text(&change, "card_clock", "verb");
        }
        task_change_commit(&change);
}

void task_remind(Decision *decision, const Task *task) { task_card(decision, task, "remind", CARD_YELLOW); }
void task_supervise(Decision *decision, const Task *task) { task_card(decision, task, "supervise", CARD_RED); }

void task_seen(Decision *decision, const Task *task) {
        if (json_has(json_object(task->body, "acks"), decision->sender))
                return; /* seen before: nothing changes */
        TaskChange change;
        task_change_start(&change, decision, task, "seen");
        task_change_body(&change, "acks", acks_with(decision, task));
        task_change_commit(&change);
}

void task_comment(Decision *decision, const Task *task) {
        char reason[NAME_MAX_GRID + 1], note[UUID_LENGTH + 1];
        if (!json_has(decision_body(decision), "note") && !json_has(decision_body(decision), "reason"))
                return (void)decision_reject(decision, CODE_MISSING, "note");
        if (!task_words(decision, task, false, reason, note))
                return;
        TaskChange change;
        task_change_start(&change, decision, task, "comment");
        task_change_reason(&change, reason, note);
        task_change_commit(&change);
}
