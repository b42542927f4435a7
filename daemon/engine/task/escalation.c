/*
 * Escalation: what a unit cannot solve, or does not answer, climbs rung by rung: open → accepted → resolved | returned | passed_up.
 * A rung is what the playbook's ladder names, else the line above; one where nobody sits is skipped at once. It runs beside its
 * task, which is the same before and after unless the unit above resolves it.
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/facts.h"
#include "engine/internal.h"
#include "engine/task/notify.h"
#include "engine/shift/shift.h"
#include "engine/task/task.h"
#include "engine/task/work.h"
#include "proto/json.h"

#define ALERT_PAUSE_MS ((int64_t)15 * 60 * 1000)
#define MINUTE_MS ((int64_t)60 * 1000)

/* Where it climbs to. */
typedef struct Rise {
        const Unit *to;
        uint32_t level;
        Clocks clocks;
        const char *notify;   /* NULL = no gateway is told */
        cJSON *skipped;       /* units passed over because nobody sits there */
} Rise;

/* ---- finding the rung ---- */
static bool rise_takes(const Decision *decision, const Task *task, const Unit *from, const Unit *unit, Rise *rise) {
        const Unit *own = task_unit(decision, task);
        if (unit == from || unit == own || (own != NULL && unit == unit_worker(own)))
                return false;
        if (!unit_is_on_duty(decision->state, unit, NULL, 0, decision->at)) {
                cJSON_AddItemToArray(rise->skipped, cJSON_CreateString(unit->id));
                return false;
        }
        rise->to = unit;
        return true;
}

static bool rise_by_rung(const Decision *decision, const Task *task, const Unit *from, const Rung *rung, Rise *rise) {
        const Organisation *organisation = decision_organisation(decision);
        const Unit *own = task_unit(decision, task);
        SelectorContext context = {.organisation = organisation, .is_on_duty = unit_is_on_duty, .state = decision->state,
                                 .origin = organisation_unit(organisation, task->origin_unit),
                                   .same = &own, .n_same = own != NULL, .current = from, .at = decision->at,
                                   .place = *task->place == '\0' ? NULL : task->place,
                                   .device = *task->device == '\0' ? NULL : task->device};
        size_t n;
        const Unit **units = selector_units(rung->to, &context, &n);
        for (size_t i = 0; i < n && rise->to == NULL; i++)
                rise_takes(decision, task, from, units[i], rise);
        free(units);
        if (rise->to == NULL)
                return false;
        rise->clocks = rung->clocks;
        rise->notify = rung->notify;
        return true;
}

/* Without a rung in the playbook: up the line, half an hour to accept what is severe, two day hours for the rest. */
static bool rise_by_line(const Decision *decision, const Task *task, const Unit *from, Rise *rise) {
        bool severe = task->severity >= SEVERITY_SEVERE;
        const Unit *unit = from == NULL ? NULL : unit_above(from, 1);
        while (unit != NULL && !rise_takes(decision, task, from, unit, rise))
                unit = unit_above(unit, 1);
        rise->clocks = (Clocks){.hours = severe ? HOURS_ALWAYS : HOURS_DAY,
                                .accept = {.ms = (severe ? 30 : 120) * MINUTE_MS, .set = true}};
        rise->notify = NULL;
        return rise->to != NULL;
}

static bool rise_find(const Decision *decision, const Task *task, const EscalationCall *call, const Unit *from, Rise *rise) {
        const Step *step = task_step(decision->state, task);
        size_t first = call->passing == NULL ? 0 : call->passing->level;
        bool named = false;
        rise->level = (uint32_t)first + 1;
        for (size_t i = first; step != NULL && i < step->n_rungs; i++) {
                if ((step->ladder[i].after & call->after) == 0)
                        continue;
                named = true;
                rise->level = (uint32_t)i + 1;
                if (rise_by_rung(decision, task, from, &step->ladder[i], rise))
                        return true;
        }
        /* A clock climbs only where the playbook says so; what a person asks for climbs in any case. */
        if (step != NULL && !named && call->after != AFTER_ESCALATE)
                return false;
        return rise_by_line(decision, task, from, rise);
}

/* ---- opening ---- */
static const Unit *rise_from(const Decision *decision, const Task *task, const EscalationCall *call) {
        const Organisation *organisation = decision_organisation(decision);
        if (call->passing != NULL)
                return organisation_unit(organisation, call->passing->to);
        if (call->after == AFTER_VERIFY && *task->verifier != '\0')
                return organisation_unit(organisation, task->verifier);
        return task_unit(decision, task);
}

/* Escalations of one origin to one unit share a bundle, and a bundle alerts once in 15 minutes. */
static bool bundle_join(Decision *decision, const Task *task, const Unit *to, char ret_bundle[static UUID_LENGTH + 1]) {
        Escalation *const *others;
        size_t n = state_escalations_of_bundle(decision->state, task->origin_id, to->id, &others);
        int64_t alerted_at = TIMESTAMP_NONE;
        if (n == 0)
                decision_uuid(decision, ret_bundle);
        else
                strcpy(ret_bundle, others[n - 1]->bundle);
        for (size_t i = n; i > 0 && alerted_at == TIMESTAMP_NONE; i--)
                alerted_at = others[i - 1]->alerted_at;
        return alerted_at == TIMESTAMP_NONE || decision->at - alerted_at >= ALERT_PAUSE_MS;
}

static void set_ended(Decision *decision, const Escalation *escalation, cJSON *set, EscalationState state, const char *outcome) {
        cJSON *timers = cJSON_AddObjectToObject(set, "timers");
        json_add_string(set, "state", escalation_state_name(state));
        json_add_int(set, "revision", escalation->revision + 1);
        json_add_int(set, "state_revision", escalation->state_revision + 1);
        json_add_int(set, "ended_at", decision->at);
        json_add_string(set, "outcome", outcome);
        for (size_t i = 0; i < escalation->object.timers.n; i++)
                cJSON_AddNullToObject(timers, timer_kind_name(escalation->object.timers.items[i].kind));
        json_add_int(timers, timer_kind_name(TIMER_CLEAR), decision->at + engine_config(decision->engine)->terminal_keep_ms);
}

static void set_clock(Decision *decision, cJSON *set, cJSON *timers, const Clocks *clocks, Clock clock, const char *column) {
        Deadline deadline;
        deadline_compute(task_calendar(decision->state, clocks), clocks, clock, decision->at, &deadline);
        if (deadline.due == TIMESTAMP_NONE)
                return;
        json_add_int(set, column, deadline.due);
        json_add_int(timers, timer_kind_name((TimerKind)(TIMER_ACCEPT + (int)clock)), deadline.due);
        decision->n_beyond += deadline.beyond;
}

static cJSON *escalation_set(Decision *decision, const Task *task, const EscalationCall *call, const Unit *from, const Rise *rise) {
        char id[UUID_LENGTH + 1], bundle[UUID_LENGTH + 1];
        decision_uuid(decision, id);
        bool alerts = bundle_join(decision, task, rise->to, bundle);
        cJSON *set = cJSON_CreateObject(), *timers;
        json_add_string(set, "id", id);
        json_add_string(set, "task", task->id);
        json_add_string(set, "from_unit", from->id);
        json_add_string(set, "to_unit", rise->to->id);
        json_add_int(set, "level", rise->level);
        json_add_string(set, "state", escalation_state_name(ESCALATION_OPEN));
        json_add_string(set, "cause", call->cause);
        if (*call->reason != '\0')
                json_add_string(set, "reason", call->reason);
        if (*call->note != '\0')
                json_add_string(set, "note", call->note);
        json_add_string(set, "opened_by", decision->sender);
        json_add_string(set, "bundle", bundle);
        json_add_int(set, "opened_at", decision->at);
        if (alerts)
                json_add_int(set, "alerted_at", decision->at);
        json_add_int(set, "revision", 1);
        json_add_int(set, "state_revision", 1);
        timers = cJSON_AddObjectToObject(set, "timers");
        set_clock(decision, set, timers, &rise->clocks, CLOCK_ACCEPT, "accept_by");
        set_clock(decision, set, timers, &rise->clocks, CLOCK_FINISH, "finish_by");
        return set;
}

bool escalation_open(Decision *decision, const Task *task, const EscalationCall *call) {
        const Unit *from = rise_from(decision, task, call);
        Rise rise = {.skipped = cJSON_CreateArray()};
        if (from == NULL || !rise_find(decision, task, call, from, &rise)) {
                cJSON_Delete(rise.skipped);
                return false;
        }
        cJSON *set = escalation_set(decision, task, call, from, &rise), *fact = fact_new("escalation_opened");
        bool alerts = json_has(set, "alerted_at");
        const char *id = json_string(set, "id");
        if (call->passing != NULL) {
                cJSON *passed = cJSON_AddObjectToObject(fact, "passed"), *passed_set;
                json_add_string(passed, "id", call->passing->id);
                passed_set = cJSON_AddObjectToObject(passed, "set");
                set_ended(decision, call->passing, passed_set, ESCALATION_PASSED_UP, call->cause);
                json_add_string(passed_set, "passed_to", id);
        }
        cJSON *task_set = cJSON_AddObjectToObject(fact, "task");
        json_add_string(task_set, "escalation", id);
        json_add_int(task_set, "revision", task->revision + 1);
        cJSON_AddItemToObject(fact, "set", set);
        if (cJSON_GetArraySize(rise.skipped) > 0)
                cJSON_AddItemToObject(fact, "skipped", rise.skipped);
        else
                cJSON_Delete(rise.skipped);
        decision_fact(decision, fact);
        if (alerts && rise.notify != NULL)
                notify_unit(decision, rise.to, task, rise.notify, rise.level);
        return true;
}

/* ---- verbs ---- */
static cJSON *change_start(const Escalation *escalation, const char *verb, const char *reason, const char *note, cJSON **ret_set) {
        cJSON *fact = fact_new("escalation");
        json_add_string(fact, "id", escalation->id);
        json_add_string(fact, "verb", verb);
        if (*reason != '\0')
                json_add_string(fact, "reason", reason);
        if (*note != '\0')
                json_add_string(fact, "note", note);
        *ret_set = cJSON_AddObjectToObject(fact, "set");
        return fact;
}

static cJSON *task_patch(cJSON *fact, const Task *task) {
        cJSON *set = cJSON_AddObjectToObject(fact, "task");
        json_add_int(set, "revision", task->revision + 1);
        return set;
}

static void task_released(cJSON *task_set, const Decision *decision, const Task *task) {
        const Unit *worker = task_worker(decision, task);
        cJSON_AddNullToObject(task_set, "escalation");
        if (worker != NULL && strcmp(worker->id, task->handler) != 0)
                json_add_string(task_set, "handler", worker->id);
}

void escalation_withdraw(Decision *decision, const Task *task, const char *outcome) {
        const Escalation *escalation = state_escalation(decision->state, task->escalation);
        cJSON *set;
        if (escalation == NULL)
                return;
        cJSON *fact = change_start(escalation, "withdraw", "", "", &set);
        set_ended(decision, escalation, set, ESCALATION_WITHDRAWN, outcome);
        task_released(task_patch(fact, task), decision, task);
        decision_fact(decision, fact);
}

typedef struct Speech {
        Decision *decision;
        const Escalation *escalation;
        const Task *task;
        char reason[NAME_MAX_GRID + 1], note[UUID_LENGTH + 1];
} Speech;

static void speak_accept(Speech *speech) {
        cJSON *set, *fact = change_start(speech->escalation, "accept", speech->reason, speech->note, &set);
        json_add_string(set, "state", escalation_state_name(ESCALATION_ACCEPTED));
        json_add_int(set, "revision", speech->escalation->revision + 1);
        json_add_int(set, "state_revision", speech->escalation->state_revision + 1);
        json_add_int(set, "accepted_at", speech->decision->at);
        cJSON_AddNullToObject(cJSON_AddObjectToObject(set, "timers"), timer_kind_name(TIMER_ACCEPT));
        json_add_string(task_patch(fact, speech->task), "handler", speech->escalation->to);
        decision_fact(speech->decision, fact);
}

static void speak_assign(Speech *speech) {
        Decision *decision = speech->decision;
        const char *assignee = json_string(decision_body(decision), "assignee");
        const Organisation *organisation = decision_organisation(decision);
        const Unit *unit = organisation_unit(organisation, speech->escalation->to);
        const Member *member = assignee == NULL ? NULL : organisation_member(organisation, assignee);
        cJSON *set;
        if (assignee == NULL)
                return (void)decision_reject(decision, CODE_MISSING, "assignee");
        if (member == NULL || unit == NULL || member_seat(member, unit, decision->at) == NULL)
                return (void)decision_reject(decision, CODE_UNKNOWN_MEMBER, "assignee");
        cJSON *fact = change_start(speech->escalation, "assign", speech->reason, speech->note, &set);
        json_add_string(set, "assignee", assignee);
        json_add_int(set, "revision", speech->escalation->revision + 1);
        decision_fact(decision, fact);
}

void escalation_unassign(Decision *decision, const Escalation *escalation) {
        cJSON *set, *fact = change_start(escalation, "unassign", "", "", &set);
        cJSON_AddNullToObject(set, "assignee");
        json_add_int(set, "revision", escalation->revision + 1);
        decision_fact(decision, fact);
}

/* The unit above has solved it: the task is closed with what came of it. */
static void speak_resolve(Speech *speech) {
        Decision *decision = speech->decision;
        const Task *task = speech->task;
        const cJSON *result;
        char outcome[NAME_MAX_GRID + 1];
        cJSON *set;
        if (!task_result(decision, task, true, &result) || !decision_word(decision, "outcome", outcome))
                return;
        cJSON *fact = change_start(speech->escalation, "resolve", speech->reason, speech->note, &set);
        set_ended(decision, speech->escalation, set, ESCALATION_RESOLVED, *outcome == '\0' ? "resolved" : outcome);
        if (speech->escalation->accepted_at == TIMESTAMP_NONE)
                json_add_int(set, "accepted_at", decision->at);
        cJSON_AddNullToObject(task_patch(fact, task), "escalation");
        decision_fact(decision, fact);
        TaskChange change;
        task_change_start(&change, decision, task, "resolve");
        task_change_reason(&change, speech->reason, "");
        task_change_doer(&change);
        task_change_end(&change, TASK_STATE_CLOSED, "resolved");
        if (result != NULL)
                task_change_body(&change, "result", cJSON_Duplicate(result, true));
        task_change_commit(&change);
        task_result_record(decision, task, result);
        work_ended(decision, task, "resolved");
}

/* A clock that had run out starts anew with the return, so that silence is noticed again; the others run on. */
static void change_clock_again(TaskChange *change, const char *cause) {
        const Task *task = change->task;
        Clocks clocks;
        task_clocks(change->decision->state, task, &clocks);
        if (strcmp(cause, "accept") == 0 && task->state == TASK_STATE_ISSUED)
                task_change_clock(change, TIMER_ACCEPT, &clocks, change->decision->at);
        else if (strcmp(cause, "start") == 0 && (task->state == TASK_STATE_ISSUED || task->state == TASK_STATE_ACCEPTED))
                task_change_clock(change, TIMER_START, &clocks, change->decision->at);
        else if (strcmp(cause, "finish") == 0 && task->state <= TASK_STATE_IN_PROGRESS)
                task_change_clock(change, TIMER_FINISH, &clocks, change->decision->at);
        else if (strcmp(cause, "verify") == 0 && task->state == TASK_STATE_COMPLETED)
                task_change_clock(change, TIMER_VERIFY, &clocks, change->decision->at);
        else
                return;
        if (task->card != CARD_NONE) {
                task_change_text(change, "card", card_name(CARD_NONE));
                task_change_text(change, "card_clock", "");
        }
}

static void speak_return(Speech *speech) {
        Decision *decision = speech->decision;
        Escalation *const *rungs;
        size_t n = state_escalations_of_task(decision->state, speech->task->id, &rungs);
        char cause[sizeof speech->escalation->cause];
        cJSON *set, *fact = change_start(speech->escalation, "return", speech->reason, speech->note, &set);
        strcpy(cause, speech->escalation->cause);
        for (size_t i = 0; i < n && strcmp(cause, "escalate") == 0; i++)
                if (strcmp(rungs[i]->passed_to, speech->escalation->id) == 0)
                        strcpy(cause, rungs[i]->cause);
        set_ended(decision, speech->escalation, set, ESCALATION_RETURNED, "returned");
        task_released(task_patch(fact, speech->task), decision, speech->task);
        decision_fact(decision, fact);
        TaskChange change;
        task_change_start(&change, decision, speech->task, "returned");
        task_change_reason(&change, speech->reason, "");
        change_clock_again(&change, cause);
        task_change_commit(&change);
}

static void speak_pass(Speech *speech) {
        EscalationCall call = {.cause = "escalate", .after = AFTER_ESCALATE, .reason = speech->reason, .note = speech->note,
                               .passing = speech->escalation};
        if (!escalation_open(speech->decision, speech->task, &call))
                return (void)decision_reject(speech->decision, CODE_LIMIT, "escalate");
        decision_created(speech->decision, "escalation", speech->task->escalation);
}

static void speak_word(Speech *speech) {
        cJSON *set, *fact = change_start(speech->escalation, verb_name(speech->decision->command->topic.verb), speech->reason,
                                         speech->note, &set);
        json_add_int(set, "revision", speech->escalation->revision + 1);
        decision_fact(speech->decision, fact);
}

enum { OPEN = 1 << ESCALATION_OPEN, ACCEPTED = 1 << ESCALATION_ACCEPTED };

/* (state, verb) → effect; only the unit that it is addressed to speaks. Everything else is refused. */
static const struct {
        unsigned states;
        Verb verb;
        bool any_revision, reason_required;
        void (*effect)(Speech *speech);
} rules[] = {
        {OPEN, VERB_ACCEPT, false, false, speak_accept},
        {OPEN | ACCEPTED, VERB_ASSIGN, false, false, speak_assign},
        {OPEN | ACCEPTED, VERB_RESOLVE, false, false, speak_resolve},
        {OPEN | ACCEPTED, VERB_RETURN, false, true, speak_return},
        {OPEN | ACCEPTED, VERB_ESCALATE, false, true, speak_pass},
        {OPEN | ACCEPTED, VERB_SEEN, true, false, speak_word},
        {OPEN | ACCEPTED, VERB_COMMENT, true, false, speak_word},
};

bool escalation_takes_verb(Verb verb) {
        for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++)
                if (rules[i].verb == verb)
                        return true;
        return false;
}

bool escalation_is_for(const Decision *decision, const Escalation *escalation, const char *unit) {
        const Unit *to = organisation_unit(decision_organisation(decision), escalation->to);
        return strcmp(escalation->to, unit) == 0 || (to != NULL && strcmp(unit_worker(to)->id, unit) == 0);
}

void escalation_speak(Decision *decision, const Escalation *escalation) {
        Verb verb = decision->command->topic.verb;
        Speech speech = {.decision = decision, .escalation = escalation, .task = state_task(decision->state, escalation->task)};
        size_t i = 0;
        while (i < sizeof rules / sizeof rules[0] && (rules[i].verb != verb || (rules[i].states & 1u << escalation->state) == 0))
                i++;
        if (!escalation_is_for(decision, escalation, decision->unit))
                return (void)decision_reject(decision, CODE_FORBIDDEN, "%s: %s", decision->unit, verb_name(verb));
        bool in_table = i < sizeof rules / sizeof rules[0] && speech.task != NULL;
        int64_t revision = decision->command->revision;
        if (!(in_table && rules[i].any_revision) && revision >= 0 && revision != escalation->state_revision &&
            (speech.task == NULL || revision != speech.task->state_revision))
                return (void)decision_reject(decision, CODE_STALE, "state_revision %lld", (long long)escalation->state_revision);
        if (!in_table)
                return (void)decision_reject(decision, escalation_is_open(escalation->state) ? CODE_STATE : CODE_CLOSED, "%s",
                                             escalation_state_name(escalation->state));
        if (!decision_reason(decision, rules[i].reason_required, "escalation", escalation->id, decision->unit, speech.reason, speech.note))
                return;
        rules[i].effect(&speech);
        if (decision->code == CODE_NONE)
                decision->revision = escalation->state_revision;
}

void escalation_decide(Decision *decision) {
        escalation_speak(decision, state_escalation(decision->state, decision->command->topic.target));
}

/* ---- clocks ---- */
static void fire_clock(Decision *decision, const Escalation *escalation, TimerKind clock, unsigned after) {
        const Task *task = state_task(decision->state, escalation->task);
        EscalationCall call = {.cause = clock_name(clock), .after = after, .reason = "", .note = "", .passing = escalation};
        assert(task != NULL && escalation_is_open(escalation->state));
        escalation_open(decision, task, &call); /* at the top it stays where it is */
}

void escalation_fire(Decision *decision, Escalation *escalation, TimerKind kind) {
        if (kind == TIMER_ACCEPT)
                fire_clock(decision, escalation, kind, AFTER_ACCEPT);
        else if (kind == TIMER_FINISH)
                fire_clock(decision, escalation, kind, AFTER_FINISH);
        else
                assert(kind == TIMER_CLEAR);
}
