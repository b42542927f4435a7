/*
 * What comes of a device's words and of its silence: work, and the end of work.
 *
 * A task made for `offline` or `fault` waits for its device: body.devices lists those that are out, one at first, more when the same
 * alarm raises its count (a step's `dedup` over a gateway or a unit). When the last of them is well again the task is told so
 * (restored_at). A step that `ends_on: restored` then ends a task that nobody has taken on; what somebody has accepted, or was asked
 * to resolve above, stays his to complete: a person on the way learns more than a machine that came back by itself.
 */
#include "engine/device/device.h"

#include <string.h>

#include "engine/internal.h"
#include "engine/task/task.h"
#include "engine/task/work.h"
#include "proto/json.h"

/* ---- work ---- */

static void say_created(Decision *decision, const Device *device) {
        Task *const *tasks;
        size_t n = state_tasks_of_origin(decision->state, device->id, &tasks);
        while (n > 0 && task_state_is_terminal(tasks[n - 1]->state))
                --n;
        if (n == 0)
                return;
        decision_created(decision, "task", tasks[n - 1]->id);
        decision_created_int(decision, "raised", tasks[n - 1]->raised);
}

static bool is_about_itself(const char *event) {
        return strcmp(event, EVENT_FAULT) == 0 || strcmp(event, EVENT_RESTORED) == 0 || strcmp(event, EVENT_OFFLINE) == 0;
}

void device_work(Decision *decision, const Device *device, const char *event, Severity severity, Reality reality) {
        const cJSON *fields = json_object(decision_body(decision), "fields");
        const Playbook *builtin = playbook_builtin(TRIGGER_DEVICE);
        const Playbook *playbook = playbook_set_match(state_playbooks(decision->state), TRIGGER_DEVICE, event, severity, fields);
        const bool itself = is_about_itself(event);
        const WorkOrigin origin = {
                .type = "device", .id = device->id, .unit = device->unit, .severity = severity, .reality = reality,
                .device = device->id, .event = event, .fields = fields, .addressed = &device->unit, .n_addressed = 1,
                .base_at = decision->at, .expires_at = TIMESTAMP_NONE, .is_out = itself && strcmp(event, EVENT_RESTORED) != 0,
        };
        if (itself && playbook == builtin)
                return (void)work_inform(decision, &origin);
        size_t n = work_start(decision, playbook, &origin);
        if (n == 0 && decision->code == CODE_NONE && playbook != builtin && !itself)
                n = work_start(decision, builtin, &origin); /* an alarm is never lost: its own unit gets it */
        if (decision->code != CODE_NONE || !decision->command)
                return;
        if (n == 0 && !itself)
                decision_reject(decision, CODE_NOBODY, "%s", device->unit->id);
        else if (n > 0)
                say_created(decision, device);
}

/* ---- silence ---- */

void device_fall_silent(Decision *decision, const char *id) {
        const Device *device = organisation_device(decision_organisation(decision), id);
        const DeviceStatus *status = state_device(decision->state, id);
        if (status && !status->online)
                return;
        cJSON *fact = fact_new("device_silent"), *set;
        json_add_string(fact, "device", id);
        json_add_string(fact, "unit", device ? device->unit->id : NULL);
        json_add_string(fact, "what", device ? "offline" : "removed");
        set = cJSON_AddObjectToObject(fact, "set");
        cJSON_AddBoolToObject(set, "online", false);
        json_add_int(set, "since", decision->at);
        json_add_int(set, "revision", (status ? status->revision : 0) + 1);
        cJSON_AddNullToObject(cJSON_AddObjectToObject(set, "timers"), timer_kind_name(TIMER_SILENCE));
        decision_fact(decision, fact);
        if (!device)
                device_is_well(decision, id); /* it was taken away: nobody need repair it */
}

/* The organisation has since allowed it a longer silence, or any (0): it is waited for by the new measure. */
static bool is_given_time(Decision *decision, const DeviceStatus *status, const Device *device) {
        if (device->silence_ms > 0 && decision->at - status->seen_at >= device->silence_ms)
                return false;
        if (device->silence_ms > 0) {
                cJSON *fact = fact_new("device_heard"), *timers;
                json_add_string(fact, "device", status->id);
                timers = cJSON_AddObjectToObject(cJSON_AddObjectToObject(fact, "set"), "timers");
                json_add_int(timers, timer_kind_name(TIMER_SILENCE), status->seen_at + device->silence_ms + device->silence_ms / 2);
                decision_fact(decision, fact);
        }
        return true;
}

void device_fire(Decision *decision, DeviceStatus *status, TimerKind kind) {
        (void)kind; /* TIMER_SILENCE is the only one */
        const Device *device = organisation_device(decision_organisation(decision), status->id);
        if (device && is_given_time(decision, status, device))
                return;
        device_fall_silent(decision, status->id);
        if (device)
                device_work(decision, device, EVENT_OFFLINE, SEVERITY_UNKNOWN, REALITY_ACTUAL);
}

/* ---- back ---- */

static bool is_taken_on(const Decision *decision, const Task *task) {
        const Escalation *escalation = state_escalation(decision->state, task->escalation);
        return task->state != TASK_STATE_ISSUED || cJSON_GetArraySize(json_array(task->body, "accepted")) > 0 ||
               (escalation && escalation->state == ESCALATION_ACCEPTED);
}

/* One device fewer that the task waits for. */
static void task_relieve(Decision *decision, const Task *task, const char *device) {
        const Step *step = task_step(decision->state, task);
        cJSON *left = cJSON_CreateArray();
        const cJSON *item;
        TaskChange change;
        cJSON_ArrayForEach(item, json_array(task->body, "devices"))
                if (strcmp(item->valuestring, device) != 0)
                        cJSON_AddItemToArray(left, cJSON_CreateString(item->valuestring));
        bool last = cJSON_GetArraySize(left) == 0 && !json_bool(task->body, "more_devices", false);
        bool ends = last && step && step->ends_on_restored && !is_taken_on(decision, task);
        task_change_start(&change, decision, task, "restored");
        task_change_body(&change, "devices", left);
        if (last)
                task_change_body(&change, "restored_at", cJSON_CreateNumber((double)decision->at));
        if (ends)
                task_change_end(&change, TASK_STATE_CLOSED, "restored");
        task_change_commit(&change);
        if (!ends)
                return;
        escalation_withdraw(decision, task, "restored");
        work_ended(decision, task, "restored");
}

static const Task *find_waiting(const State *state, const char *device) {
        Task *const *tasks;
        size_t n = state_tasks_of_device(state, device, &tasks);
        for (size_t i = 0; i < n; i++)
                if (!task_state_is_terminal(tasks[i]->state))
                        return tasks[i];
        return NULL;
}

void device_is_well(Decision *decision, const char *device) {
        int64_t revision = decision->revision;
        for (const Task *task; (task = find_waiting(decision->state, device));) /* each one leaves the list */
                task_relieve(decision, task, device);
        decision->revision = revision; /* the sender spoke of the device, not of a task */
}
