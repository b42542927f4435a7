#include "engine/task/task.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "engine/internal.h"
#include "proto/json.h"

/* ---- what a task's playbook says ---- */
static Trigger trigger_of(const Task *task) {
        if (strcmp(task->origin_type, "report") == 0)
                return TRIGGER_REPORT;
        if (strcmp(task->origin_type, "device") == 0)
                return TRIGGER_DEVICE;
        return strcmp(task->origin_type, "duty") == 0 ? TRIGGER_DUTY : TRIGGER_WARNING;
}

const Playbook *task_playbook(const State *state, const Task *task) {
        if (*task->step == '\0')
                return NULL;
        return *task->playbook == '\0' ? playbook_builtin(trigger_of(task)) : playbook_set_find(state_playbooks(state), task->playbook);
}

const Step *task_step(const State *state, const Task *task) {
        const Playbook *playbook = task_playbook(state, task);
        return playbook == NULL ? NULL : playbook_step(playbook, task->step);
}

void task_clocks(const State *state, const Task *task, Clocks *ret) {
        const Step *step = task_step(state, task);
        *ret = (Clocks){0};
        if (step != NULL)
                step_clocks(step, task->severity, ret);
}

const Calendar *task_calendar(const State *state, const Clocks *clocks) {
        return organisation_calendar(state_organisation(state), clocks->calendar);
}

const Unit *task_unit(const Decision *decision, const Task *task) {
        return organisation_unit(decision_organisation(decision), task->unit);
}

const Unit *task_worker(const Decision *decision, const Task *task) {
        const Unit *unit = task_unit(decision, task);
        return unit == NULL ? NULL : unit_worker(unit);
}

const cJSON *task_participant(const Task *task, const char *unit) {
        const cJSON *part;
        cJSON_ArrayForEach(part, json_array(task->body, "participants")) {
                const char *id = json_string(part, "unit");
                if (id != NULL && strcmp(id, unit) == 0)
                        return part;
        }
        return NULL;
}

/* ---- changes ---- */
void task_change_start(TaskChange *change, Decision *decision, const Task *task, const char *verb) {
        *change = (TaskChange){.decision = decision, .task = task, .fact = fact_new("task")};
        cJSON_AddStringToObject(change->fact, "id", task->id);
        cJSON_AddStringToObject(change->fact, "verb", verb);
        change->set = cJSON_AddObjectToObject(change->fact, "set");
        cJSON_AddNumberToObject(change->set, "revision", (double)(task->revision + 1));
}

static void set_replace(cJSON *set, const char *column, cJSON *value) {
        cJSON_DeleteItemFromObjectCaseSensitive(set, column);
        cJSON_AddItemToObject(set, column, value);
}

void task_change_state(TaskChange *change, TaskState state) {
        set_replace(change->set, "state", cJSON_CreateString(task_state_name(state)));
        set_replace(change->set, "state_revision", cJSON_CreateNumber((double)(change->task->state_revision + 1)));
}

void task_change_time(TaskChange *change, const char *column, int64_t ms) {
        set_replace(change->set, column, ms == TIMESTAMP_NONE ? cJSON_CreateNull() : cJSON_CreateNumber((double)ms));
}

void task_change_text(TaskChange *change, const char *column, const char *value) {
        set_replace(change->set, column, *value == '\0' ? cJSON_CreateNull() : cJSON_CreateString(value));
}

void task_change_int(TaskChange *change, const char *column, int64_t value) {
        set_replace(change->set, column, cJSON_CreateNumber((double)value));
}

void task_change_timer(TaskChange *change, TimerKind kind, int64_t due) {
        if (change->timers == NULL)
                change->timers = cJSON_AddObjectToObject(change->set, "timers");
        set_replace(change->timers, timer_kind_name(kind), due == TIMESTAMP_NONE ? cJSON_CreateNull() : cJSON_CreateNumber((double)due));
}

void task_change_body(TaskChange *change, const char *key, cJSON *value) {
        if (change->body == NULL)
                change->body = cJSON_AddObjectToObject(change->set, "body");
        set_replace(change->body, key, value == NULL ? cJSON_CreateNull() : value);
}

void task_change_doer(TaskChange *change) {
        task_change_body(change, "completed_by", cJSON_CreateString(change->decision->sender));
}

const char *clock_name(TimerKind clock) {
        return timer_kind_name(clock);
}

static TimerKind clock_yellow(TimerKind clock) { return (TimerKind)(TIMER_ACCEPT_YELLOW + (clock - TIMER_ACCEPT)); }
static TimerKind clock_red(TimerKind clock) { return (TimerKind)(TIMER_ACCEPT_RED + (clock - TIMER_ACCEPT)); }

static void change_drop(TaskChange *change, TimerKind kind) {
        if (timer_due(&change->task->object.timers, kind) != TIMESTAMP_NONE)
                task_change_timer(change, kind, TIMESTAMP_NONE);
}

static void change_card(TaskChange *change, const char *card, const char *clock) {
        task_change_text(change, "card", card);
        task_change_text(change, "card_clock", clock);
}

/* The names of clocks whose limits lie past the loaded calendar, with or without this one. */
static void change_beyond(TaskChange *change, TimerKind clock, bool beyond) {
        const cJSON *changed = cJSON_GetObjectItemCaseSensitive(change->body, "beyond"), *name;
        const cJSON *before = changed != NULL ? changed : json_array(change->task->body, "beyond");
        cJSON *after = cJSON_CreateArray();
        bool was = false;
        cJSON_ArrayForEach(name, before) {
                bool same = strcmp(name->valuestring, clock_name(clock)) == 0;
                was = was || same;
                if (!same)
                        cJSON_AddItemToArray(after, cJSON_CreateString(name->valuestring));
        }
        if (beyond)
                cJSON_AddItemToArray(after, cJSON_CreateString(clock_name(clock)));
        bool some = cJSON_GetArraySize(after) > 0;
        if (!some || was == beyond)
                cJSON_Delete(after);
        if (was != beyond)
                task_change_body(change, "beyond", some ? after : NULL);
}

void task_change_stop(TaskChange *change, TimerKind clock) {
        assert(clock >= TIMER_ACCEPT && clock <= TIMER_VERIFY);
        change_drop(change, clock_yellow(clock));
        change_drop(change, clock);
        change_drop(change, clock_red(clock));
        change_beyond(change, clock, false);
        const char *card_clock = change->task->card_clock;
        if (change->task->card != CARD_NONE && (strcmp(card_clock, clock_name(clock)) == 0 || strcmp(card_clock, "verb") == 0))
                change_card(change, "none", "");
}

void task_change_clock(TaskChange *change, TimerKind clock, const Clocks *clocks, int64_t base_at) {
        static const char *const columns[] = {"accept_by", "start_by", "finish_by", "verify_by"};
        Deadline deadline;
        deadline_compute(task_calendar(change->decision->state, clocks), clocks, (Clock)(clock - TIMER_ACCEPT), base_at, &deadline);
        if (deadline.due == TIMESTAMP_NONE)
                return;
        change_beyond(change, clock, deadline.beyond);
        change->decision->n_beyond += deadline.beyond;
        task_change_time(change, columns[clock - TIMER_ACCEPT], deadline.due);
        task_change_timer(change, clock_yellow(clock), deadline.yellow);
        task_change_timer(change, clock, deadline.due);
        task_change_timer(change, clock_red(clock), deadline.red);
}

void task_change_end(TaskChange *change, TaskState state, const char *outcome) {
        const Task *task = change->task;
        assert(task_state_is_terminal(state));
        task_change_state(change, state);
        task_change_text(change, "outcome", outcome);
        task_change_time(change, "ended_at", change->decision->at);
        if (*task->resume_state != '\0')
                task_change_text(change, "resume_state", "");
        if (*task->dedup != '\0')
                task_change_text(change, "dedup", "");
        for (size_t i = 0; i < task->object.timers.n; i++)
                task_change_timer(change, task->object.timers.items[i].kind, TIMESTAMP_NONE);
        int64_t keep_ms = engine_config(change->decision->engine)->terminal_keep_ms;
        task_change_timer(change, TIMER_CLEAR, change->decision->at + keep_ms);
        if (task->card != CARD_NONE)
                change_card(change, "none", "");
        if (json_has(task->body, "request"))
                task_change_body(change, "request", NULL);
        if (json_has(task->body, "transfer"))
                task_change_body(change, "transfer", NULL);
}

void task_change_reason(TaskChange *change, const char *reason, const char *note) {
        if (*reason != '\0')
                cJSON_AddStringToObject(change->fact, "reason", reason);
        if (*note != '\0')
                cJSON_AddStringToObject(change->fact, "note", note);
}

void task_change_commit(TaskChange *change) {
        decision_fact(change->decision, change->fact);
        if (change->decision->command != NULL)
                change->decision->revision = change->task->state_revision;
}
