/*
 * Devices: heartbeats, faults and alarms. A heartbeat is a fact only when it changes something (online again, fault, fault gone) or
 * when nothing has been recorded for half of the device's period of silence, so that a restart knows well enough when it was
 * heard last. A device counts as offline between one and one and a half periods after its last heartbeat.
 *
 * An event starts the playbook that names it; the same alarm of the same device while its task is open raises a count (work.c).
 */
#include "engine/device/device.h"

#include <stdio.h>
#include <string.h>

#include "engine/document/document.h"
#include "engine/internal.h"
#include "engine/report/report.h"
#include "engine/task/work.h"
#include "proto/json.h"

#define FAULT_UNNAMED "fault"

/* What a message says of the device's health. */
typedef struct Health {
        bool told;                          /* the message speaks of it at all */
        bool fault;
        char code[NAME_MAX_GRID + 1];       /* "" when well */
} Health;

static bool word_is_valid(const char *text) {
        size_t n = strlen(text);
        return n > 0 && n <= NAME_MAX_GRID && strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_-") == n;
}

/* The device that the topic names, when the sender is that device or the gateway that it is bound to. */
static const Device *find_device(Decision *decision) {
        const Organisation *organisation = decision_organisation(decision);
        const char *id = decision->command->topic.name;
        const Device *device = organisation_device(organisation, id);
        const Member *member = decision_member(decision);
        if (!device)
                decision_reject(decision, CODE_UNKNOWN_TARGET, "device: %s", id);
        else if (!member || member->revoked || (strcmp(member->device, id) != 0 && (!device->gateway[0] || strcmp(member->device, device->gateway) != 0)))
                decision_reject(decision, CODE_DENIED, "device: %s", id);
        else
                return device;
        return NULL;
}

static const char *fault_code(const Decision *decision) {
        const char *code = json_string(json_object(decision_body(decision), "fields"), "code");
        return code && word_is_valid(code) ? code : FAULT_UNNAMED;
}

static void health_set(Health *health, bool fault, const char *code) {
        health->told = true;
        health->fault = fault;
        snprintf(health->code, sizeof(health->code), "%s", fault ? code : "");
}

static bool health_changes(const DeviceStatus *status, const Health *health) {
        return health->told && (status->fault != health->fault || strcmp(status->fault_code, health->code) != 0);
}

/* Record that the device was heard, when that says anything new. */
static void hear(Decision *decision, const Device *device, const Health *health) {
        const DeviceStatus *status = state_device(decision->state, device->id);
        if (status && decision->at < status->seen_at) /* overtaken on the way */
                return;
        bool back = !status || !status->online, changed = status ? health_changes(status, health) : health->fault;
        bool stale = status && device->silence_ms > 0 && decision->at - status->seen_at >= device->silence_ms / 2;
        if (!back && !changed && !stale)
                return;
        cJSON *fact = fact_new("device_heard"), *set = cJSON_AddObjectToObject(fact, "set");
        json_add_string(fact, "device", device->id);
        json_add_int(set, "seen_at", decision->at);
        json_add_int(set, "revision", (status ? status->revision : 0) + (back || changed));
        if (back) {
                cJSON_AddBoolToObject(set, "online", true);
                json_add_int(set, "since", decision->at);
        }
        if (changed) {
                cJSON_AddBoolToObject(set, "fault", health->fault);
                cJSON_AddItemToObject(set, "fault_code", health->fault ? cJSON_CreateString(health->code) : cJSON_CreateNull());
        }
        cJSON *timers = cJSON_AddObjectToObject(set, "timers");
        if (device->silence_ms > 0)
                json_add_int(timers, timer_kind_name(TIMER_SILENCE), decision->at + device->silence_ms + device->silence_ms / 2);
        else
                cJSON_AddNullToObject(timers, timer_kind_name(TIMER_SILENCE));
        decision_fact(decision, fact);
}

static void decide_heartbeat(Decision *decision, const Device *device) {
        static const char *const NAMES[] = {"id", "occurred_at", "revision", "seat", "state", "fields", NULL};
        const cJSON *body = decision_body(decision);
        const char *state = json_string(body, "state");
        Health health = {0};
        if (!report_body_check(decision, NAMES))
                return;
        if (!state && json_has(body, "state"))
                decision_reject(decision, CODE_TYPE, "state");
        else if (state && strcmp(state, "ok") != 0 && strcmp(state, "fault") != 0)
                decision_reject(decision, CODE_RANGE, "state: ok, fault");
        else {
                if (state)
                        health_set(&health, strcmp(state, "fault") == 0, fault_code(decision));
                hear(decision, device, &health);
        }
}

/* ---- events ---- */

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

/* `fault` and `restored` speak of the device itself; everything else asks somebody to come, by the built-in playbook if no other. */
static void start_work(Decision *decision, const Device *device, const char *event, bool health, Severity severity, Reality reality) {
        const cJSON *fields = json_object(decision_body(decision), "fields");
        const Playbook *playbook = playbook_set_match(state_playbooks(decision->state), TRIGGER_DEVICE, event, severity, fields);
        const WorkOrigin origin = {
                .type = "device", .id = device->id, .unit = device->unit, .severity = severity, .reality = reality,
                .device = device->id, .event = event, .fields = fields, .addressed = &device->unit, .n_addressed = 1,
                .base_at = decision->at, .expires_at = TIMESTAMP_NONE,
        };
        if (health && playbook == playbook_builtin(TRIGGER_DEVICE))
                return (void)work_inform(decision, &origin);
        size_t n = work_start(decision, playbook, &origin);
        if (n == 0 && decision->code == CODE_NONE && playbook != playbook_builtin(TRIGGER_DEVICE))
                n = work_start(decision, playbook_builtin(TRIGGER_DEVICE), &origin); /* an alarm is never lost: its own unit gets it */
        if (decision->code != CODE_NONE)
                return;
        if (n == 0)
                decision_reject(decision, CODE_NOBODY, "%s", device->unit->id);
        else
                say_created(decision, device);
}

static void decide_event(Decision *decision, const Device *device) {
        static const char *const NAMES[] = {"id", "occurred_at", "revision", "seat", "event", "severity", "status", "fields", "note", NULL};
        const cJSON *body = decision_body(decision);
        const char *event = json_string(body, "event");
        Severity severity;
        Reality reality;
        Health health = {0};
        char note[UUID_LENGTH + 1];
        if (!report_body_check(decision, NAMES) || !report_read_weight(decision, &severity, &reality))
                return;
        if (!event || !word_is_valid(event)) {
                decision_reject(decision, event ? CODE_RANGE : json_has(body, "event") ? CODE_TYPE : CODE_MISSING, "event");
                return;
        }
        if (!decision_private_text(decision, "note", "device", device->id, device->unit->id, note))
                return;
        bool fault = strcmp(event, "fault") == 0, restored = strcmp(event, "restored") == 0;
        if (fault || restored)
                health_set(&health, fault, fault_code(decision));
        hear(decision, device, &health);
        start_work(decision, device, event, fault || restored, severity, reality);
}

void device_decide(Decision *decision) {
        const Device *device = find_device(decision);
        if (!device)
                return;
        if (decision->command->topic.kind == TOPIC_DEVICE_HEARTBEAT)
                decide_heartbeat(decision, device);
        else
                decide_event(decision, device);
}

void device_fire(Decision *decision, DeviceStatus *status, TimerKind kind) {
        (void)kind; /* TIMER_SILENCE is the only one */
        cJSON *fact = fact_new("device_silent"), *set = cJSON_AddObjectToObject(fact, "set");
        json_add_string(fact, "device", status->id);
        cJSON_AddBoolToObject(set, "online", false);
        json_add_int(set, "since", decision->at);
        json_add_int(set, "revision", status->revision + 1);
        decision_fact(decision, fact);
}

/* ---- facts ---- */

void device_heard(const FactContext *context, const cJSON *fact) {
        const char *id = json_string(fact, "device");
        DeviceStatus *status = state_device(context->state, id);
        if (!status) {
                cJSON *key = cJSON_CreateObject();
                json_add_string(key, "device", id);
                fact_make(context, OBJECT_DEVICE, key, json_object(fact, "set"));
                cJSON_Delete(key);
        } else
                fact_patch(context, status, json_object(fact, "set"));
}

void device_silent(const FactContext *context, const cJSON *fact) {
        fact_patch(context, state_device(context->state, json_string(fact, "device")), json_object(fact, "set"));
}

/* ---- the document ---- */

static void device_write(const DeviceStatus *status, const Device *device, int offset, Text *text) {
        cJSON *document = cJSON_CreateObject();
        json_add_string(document, "device", status->id);
        json_add_string(document, "unit", device->unit->id);
        json_add_string(document, "kind", device->kind);
        cJSON_AddBoolToObject(document, "online", status->online);
        json_add_time(document, "since", status->since, offset);
        cJSON *faults = cJSON_AddArrayToObject(document, "faults");
        if (status->fault)
                cJSON_AddItemToArray(faults, cJSON_CreateString(status->fault_code));
        json_add_int(document, "revision", status->revision);
        char *json = json_print(document);
        text_append_string(text, json);
        cJSON_free(json);
        cJSON_Delete(document);
}

void device_documents(const DeviceStatus *status, DocumentSink *sink) {
        const Organisation *organisation = sink_organisation(sink);
        const Device *device = organisation_device(organisation, status->id);
        if (!device || !device->unit)
                return;
        Topic topic = {.kind = TOPIC_DEVICE, .tier = device->unit->tier};
        memcpy(topic.unit, device->unit->id, sizeof(device->unit->id));
        memcpy(topic.name, status->id, sizeof(status->id));
        Text *text = sink_add(sink, &topic);
        if (text)
                device_write(status, device, organisation_offset_minutes(organisation), text);
}
