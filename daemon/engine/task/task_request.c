/*
 * More time: an extension of the handling clock, or a suspension of all clocks. The doer asks, the line above grants or refuses; the
 * line above may also give it unasked, and the root, which has nobody above, gives it to itself.
 */
#include "engine/task/task.h"

#include <string.h>

#include "engine/internal.h"
#include "proto/json.h"

#define SUSPENSION_MAX_MS ((int64_t)400 * 24 * 60 * 60 * 1000)

/* `until` (a time) or `by` (a duration after `base_at`). False after a rejection. */
static bool until_read(Decision *decision, const Task *task, int64_t base_at, bool by_allowed, int64_t *ret_until) {
        const cJSON *body = decision_body(decision);
        const char *until = json_string(body, "until");
        Span span = {0};
        bool beyond = false;
        if (until != NULL) {
                if (!timestamp_parse(until, strlen(until), ret_until)) {
                        decision_reject(decision, CODE_TIME, "until");
                        return false;
                }
        } else if (by_allowed && json_has(body, "by")) {
                Clocks clocks;
                if (!span_parse(cJSON_GetObjectItemCaseSensitive(body, "by"), &span)) {
                        decision_reject(decision, CODE_TIME, "by");
                        return false;
                }
                task_clocks(decision->state, task, &clocks);
                *ret_until = calendar_add(task_calendar(decision->state, &clocks), base_at, &span, clocks.hours, &beyond);
        } else {
                decision_reject(decision, json_has(body, "until") ? CODE_TYPE : CODE_MISSING, "until");
                return false;
        }
        if (*ret_until > decision->at && *ret_until <= decision->at + SUSPENSION_MAX_MS)
                return true;
        decision_reject(decision, CODE_TIME, "until");
        return false;
}

static void change_extended(TaskChange *change, int64_t until) {
        const Task *task = change->task;
        Clocks clocks;
        Deadline deadline;
        task_clocks(change->decision->state, task, &clocks);
        deadline_around(task_calendar(change->decision->state, &clocks), &clocks, task->base_at, until, change->decision->at, &deadline);
        task_change_stop(change, TIMER_FINISH);
        task_change_time(change, "finish_by", until);
        task_change_timer(change, TIMER_FINISH_YELLOW, deadline.yellow);
        task_change_timer(change, TIMER_FINISH, until);
        task_change_timer(change, TIMER_FINISH_RED, deadline.red);
}

static void change_suspended(TaskChange *change, int64_t until) {
        task_change_state(change, TASK_STATE_SUSPENDED);
        task_change_text(change, "resume_state", task_state_name(change->task->state));
        task_change_time(change, "suspended_at", change->decision->at);
        task_change_time(change, "suspend_until", until);
        task_change_timer(change, TIMER_RESUME, until);
}

static void change_granted(TaskChange *change, const char *verb, int64_t until) {
        if (strcmp(verb, "extend") == 0)
                change_extended(change, until);
        else
                change_suspended(change, until);
        if (json_has(change->task->body, "request"))
                task_change_body(change, "request", NULL);
}

static cJSON *request_make(const Decision *decision, const char *verb, int64_t until, const char *reason) {
        cJSON *request = cJSON_CreateObject();
        json_add_string(request, "verb", verb);
        json_add_int(request, "until", until);
        json_add_string(request, "by", decision->sender);
        json_add_string(request, "unit", decision->unit);
        json_add_int(request, "at", decision->at);
        if (*reason != '\0')
                json_add_string(request, "reason", reason);
        return request;
}

static void task_ask(Decision *decision, const Task *task, const char *verb) {
        char reason[NAME_MAX_GRID + 1], note[UUID_LENGTH + 1];
        bool extends = strcmp(verb, "extend") == 0;
        int64_t until, base_at = extends && task->finish_by != TIMESTAMP_NONE ? task->finish_by : decision->at;
        if (!until_read(decision, task, base_at, extends, &until) || !task_words(decision, task, false, reason, note))
                return;
        const Unit *unit = task_unit(decision, task);
        bool gives = (task_who(decision, task, decision->unit) & WHO_ABOVE) != 0 || (unit != NULL && unit_above(unit, 1) == NULL);
        TaskChange change;
        task_change_start(&change, decision, task, verb);
        task_change_reason(&change, reason, note);
        if (gives)
                change_granted(&change, verb, until);
        else
                task_change_body(&change, "request", request_make(decision, verb, until, reason));
        task_change_commit(&change);
}

void task_extend(Decision *decision, const Task *task) { task_ask(decision, task, "extend"); }
void task_suspend(Decision *decision, const Task *task) { task_ask(decision, task, "suspend"); }

static const cJSON *request_pending(Decision *decision, const Task *task) {
        const cJSON *request = json_object(task->body, "request");
        if (request == NULL)
                decision_reject(decision, CODE_STATE, "request");
        return request;
}

void task_grant(Decision *decision, const Task *task) {
        char reason[NAME_MAX_GRID + 1], note[UUID_LENGTH + 1];
        const cJSON *request = request_pending(decision, task);
        if (request == NULL || !task_words(decision, task, false, reason, note))
                return;
        int64_t until = json_int(request, "until", 0);
        if (until <= decision->at)
                return (void)decision_reject(decision, CODE_TIME, "until");
        TaskChange change;
        task_change_start(&change, decision, task, "grant");
        task_change_reason(&change, reason, note);
        change_granted(&change, json_string(request, "verb"), until);
        task_change_commit(&change);
}

void task_refuse(Decision *decision, const Task *task) {
        char reason[NAME_MAX_GRID + 1], note[UUID_LENGTH + 1];
        if (request_pending(decision, task) == NULL || !task_words(decision, task, false, reason, note))
                return;
        TaskChange change;
        task_change_start(&change, decision, task, "refuse");
        task_change_reason(&change, reason, note);
        task_change_body(&change, "request", NULL);
        task_change_commit(&change);
}

/* Every clock that stood still goes on with what it had left. */
void task_change_resume(TaskChange *change) {
        static const struct { TimerKind clock; const char *column; } clocks[] = {
                {TIMER_ACCEPT, "accept_by"}, {TIMER_START, "start_by"}, {TIMER_FINISH, "finish_by"}, {TIMER_VERIFY, "verify_by"},
        };
        const Task *task = change->task;
        int64_t pause = change->decision->at - task->suspended_at;
        if (pause < 0)
                pause = 0;
        for (size_t i = 0; i < task->object.timers.n; i++) {
                const Timer *timer = &task->object.timers.items[i];
                if (timer_kind_is_clock(timer->kind))
                        task_change_timer(change, timer->kind, timer->due + pause);
        }
        for (size_t i = 0; i < sizeof clocks / sizeof clocks[0]; i++) {
                int64_t due = timer_due(&task->object.timers, clocks[i].clock);
                if (due != TIMESTAMP_NONE)
                        task_change_time(change, clocks[i].column, due + pause);
        }
        task_change_timer(change, TIMER_RESUME, TIMESTAMP_NONE);
        task_change_state(change, task_state_parse(task->resume_state));
        task_change_text(change, "resume_state", "");
        task_change_time(change, "suspended_at", TIMESTAMP_NONE);
        task_change_time(change, "suspend_until", TIMESTAMP_NONE);
}

void task_resume(Decision *decision, const Task *task) {
        char reason[NAME_MAX_GRID + 1], note[UUID_LENGTH + 1];
        if (!task_words(decision, task, false, reason, note))
                return;
        TaskChange change;
        task_change_start(&change, decision, task, "resume");
        task_change_reason(&change, reason, note);
        task_change_resume(&change);
        task_change_commit(&change);
}
