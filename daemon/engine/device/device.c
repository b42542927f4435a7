/*
 * Devices: what they say. A heartbeat is a fact only when it changes something (online again, fault, fault gone) or
 * when nothing has been recorded for half of the device's period of silence, so that a restart knows well enough when it was
 * heard last. A device counts as offline between one and one and a half periods after its last heartbeat.
 *
 * What comes of it, work and its end, is device_work.c's; the facts and what they show are device_apply.c's.
 */
#include "engine/device/device.h"

#include <stdio.h>
#include <string.h>

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

static cJSON *heard_fact(const Decision *decision, const Device *device, const DeviceStatus *status, const Health *health, bool back,
                         bool changed) {
        cJSON *fact = fact_new("device_heard"), *set;
        json_add_string(fact, "device", device->id);
        json_add_string(fact, "unit", device->unit->id);
        if (back || changed)
                json_add_string(fact, "what", back ? "online" : health->fault ? "fault" : "restored");
        set = cJSON_AddObjectToObject(fact, "set");
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
        return fact;
}

/* What being heard has changed. */
typedef struct Heard { bool back, fault; } Heard;

/* Record that the device was heard, when that says anything new; who waited for it to be well is told. */
static Heard hear(Decision *decision, const Device *device, const Health *health) {
        const DeviceStatus *status = state_device(decision->state, device->id);
        if (status && decision->at < status->seen_at) /* overtaken on the way */
                return (Heard){0};
        bool back = !status || !status->online, changed = status ? health_changes(status, health) : health->fault;
        bool stale = status && device->silence_ms > 0 && decision->at - status->seen_at >= device->silence_ms / 2;
        const Heard heard = {.back = back, .fault = changed && health->fault};
        if (!back && !changed && !stale)
                return heard;
        decision_fact(decision, heard_fact(decision, device, status, health, back, changed));
        status = state_device(decision->state, device->id);
        if ((back || changed) && !status->fault)
                device_is_well(decision, device->id);
        return heard;
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
                if (hear(decision, device, &health).fault)
                        device_work(decision, device, EVENT_FAULT, SEVERITY_UNKNOWN, REALITY_ACTUAL);
        }
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
        bool fault = strcmp(event, EVENT_FAULT) == 0, restored = strcmp(event, EVENT_RESTORED) == 0;
        if (fault || restored)
                health_set(&health, fault, fault_code(decision));
        if (strcmp(event, EVENT_OFFLINE) == 0) /* its gateway lives and finds it gone */
                device_fall_silent(decision, device->id);
        else
                hear(decision, device, &health);
        device_work(decision, device, event, severity, reality);
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
