/* What the facts about devices do to the state and to the history, and what a device shows on its topic. */
#include "engine/device/device.h"

#include <stdio.h>
#include <string.h>

#include "engine/document/document.h"
#include "engine/internal.h"
#include "proto/json.h"

/* A change, as it stands after it. A fact without `what` changed nothing that history tells. */
static void history_add(const FactContext *context, const cJSON *fact, const DeviceStatus *status) {
        const char *what = json_string(fact, "what");
        char seq[24], ordinal[16], at[24];
        if (!what)
                return;
        snprintf(seq, sizeof(seq), "%llu", (unsigned long long)context->seq);
        snprintf(ordinal, sizeof(ordinal), "%u", (*context->n_history)++);
        snprintf(at, sizeof(at), "%lld", (long long)context->at);
        const char *cells[] = {status->id, seq, ordinal, at, json_string(fact, "unit"), what, status->online ? "t" : "f",
                               status->fault ? "t" : "f", status->fault ? status->fault_code : NULL};
        state_journal(context->state, TABLE_DEVICE_HISTORY, cells, sizeof(cells) / sizeof(cells[0]));
}

/* Heard or silent: the columns stand in the fact either way. */
static void device_changed(const FactContext *context, const cJSON *fact) {
        const char *id = json_string(fact, "device");
        DeviceStatus *status = state_device(context->state, id);
        if (!status) {
                cJSON *key = cJSON_CreateObject();
                json_add_string(key, "device", id);
                status = fact_make(context, OBJECT_DEVICE, key, json_object(fact, "set"));
                cJSON_Delete(key);
        } else
                fact_patch(context, status, json_object(fact, "set"));
        history_add(context, fact, status);
}

void device_heard(const FactContext *context, const cJSON *fact) { device_changed(context, fact); }
void device_silent(const FactContext *context, const cJSON *fact) { device_changed(context, fact); }

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
