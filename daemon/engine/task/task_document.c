/*
 * What a task shows: a copy under the path of every unit that it concerns (lead, participants, whoever a transfer is offered to),
 * and the rows of its participants.
 */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "engine/document/document.h"
#include "engine/internal.h"
#include "engine/task/task.h"
#include "proto/json.h"

static void document_acks(Text *text, const Task *task, int offset) {
        const cJSON *ack;
        document_open(text, "acks", '{');
        cJSON_ArrayForEach(ack, json_object(task->body, "acks"))
                document_time(text, ack->string, (int64_t)ack->valuedouble, offset);
        document_close(text, '}');
}

static void document_participants(Text *text, const Task *task) {
        const cJSON *part;
        document_open(text, "participants", '[');
        cJSON_ArrayForEach(part, json_array(task->body, "participants")) {
                document_open(text, NULL, '{');
                document_string(text, "unit", json_string(part, "unit"));
                document_string(text, "part", json_string(part, "part"));
                document_string(text, "state", json_string(part, "state"));
                document_close(text, '}');
        }
        document_close(text, ']');
}

static void document_escalation(Text *text, const State *state, const Task *task, int offset) {
        const Escalation *escalation = state_escalation(state, task->escalation);
        if (escalation == NULL)
                return;
        document_open(text, "escalation", '{');
        document_int(text, "level", escalation->level);
        document_string(text, "to", escalation->to);
        document_time(text, "since", escalation->opened_at, offset);
        document_string(text, "reason", *escalation->reason == '\0' ? escalation->cause : escalation->reason);
        document_string(text, "bundle", escalation->bundle);
        document_close(text, '}');
}

/* What the task waits for: devices that are silent or faulty, or since when all are well again. */
static void document_devices(Text *text, const Task *task, int offset) {
        if (!json_has(task->body, "devices"))
                return;
        document_json(text, "devices", json_array(task->body, "devices"));
        document_time(text, "restored_at", json_int(task->body, "restored_at", TIMESTAMP_NONE), offset);
}

static void document_times(Text *text, const Task *task, int offset) {
        document_time(text, "issued_at", task->issued_at, offset);
        document_time(text, "not_before", task->not_before, offset);
        document_time(text, "accept_by", task->accept_by, offset);
        document_time(text, "start_by", task->start_by, offset);
        document_time(text, "finish_by", task->finish_by, offset);
        document_time(text, "verify_by", task->verify_by, offset);
}

static void document_write(Text *text, DocumentSink *sink, const Task *task, const char *part) {
        const Engine *engine = sink_engine(sink);
        int offset = engine_offset_minutes(engine);
        document_open(text, NULL, '{');
        document_string(text, "id", task->id);
        document_string(text, "number", task->number);
        document_int(text, "revision", task->revision);
        document_int(text, "state_revision", task->state_revision);
        document_string(text, "kind", task->kind);
        document_string(text, "title", task_title_zh(task));
        document_string(text, "title_en", task_title_en(task));
        document_string(text, "unit", task->unit);
        document_int(text, "tier", task->tier);
        document_string(text, "case", task->case_id);
        document_open(text, "origin", '{');
        document_string(text, "type", task->origin_type);
        document_string(text, "id", task->origin_id);
        document_string(text, "unit", task->origin_unit);
        document_close(text, '}');
        document_string(text, "part", part);
        document_participants(text, task);
        document_string(text, "state", task_state_name(task->state));
        document_string(text, "status", reality_name(task->reality));
        document_string(text, "severity", severity_name(task->severity));
        document_string(text, "assignee", task->assignee);
        document_string(text, "completed_by", json_string(task->body, "completed_by"));
        document_acks(text, task, offset);
        document_int(text, "quorum", json_int(task->body, "quorum", 0));
        if (json_has(task->brief->json, "checklist"))
                document_json(text, "checklist", cJSON_GetObjectItemCaseSensitive(task->brief->json, "checklist"));
        else
                document_raw(text, "checklist", "[]");
        if (json_has(task->brief->json, "form"))
                document_raw(text, "form", sink_json(sink, cJSON_GetObjectItemCaseSensitive(task->brief->json, "form")));
        else
                document_raw(text, "form", "[]");
        if (json_object(task->body, "result") != NULL)
                document_json(text, "result", json_object(task->body, "result"));
        else
                document_raw(text, "result", "{}");
        document_string(text, "place", task->place);
        document_devices(text, task, offset);
        document_times(text, task, offset);
        document_json(text, "beyond", json_array(task->body, "beyond"));
        document_string(text, "card", card_name(task->card));
        document_string(text, "handler", task->handler);
        document_escalation(text, engine_state(engine), task, offset);
        document_string(text, "follows", task->follows);
        document_string(text, "instruction", task_instruction(task));
        document_close(text, '}');
}

static void document_add(const Task *task, const char *unit_id, const char *part, DocumentSink *sink) {
        const Unit *unit = organisation_unit(sink_organisation(sink), unit_id);
        if (unit == NULL)
                return;
        Topic topic = {.kind = TOPIC_TASK, .tier = unit->tier, .audience = task->audience};
        snprintf(topic.unit, sizeof topic.unit, "%s", unit->id);
        snprintf(topic.target, sizeof topic.target, "%s", task->id);
        Text *text = sink_add(sink, &topic);
        if (text != NULL)
                document_write(text, sink, task, part);
}

void task_documents(const Task *task, DocumentSink *sink) {
        const cJSON *part;
        if (task->unlisted)
                return;
        document_add(task, task->unit, "lead", sink);
        cJSON_ArrayForEach(part, json_array(task->body, "participants"))
                if (strcmp(json_string(part, "unit"), task->unit) != 0)
                        document_add(task, json_string(part, "unit"), json_string(part, "part"), sink);
        const char *offered = json_string(json_object(task->body, "transfer"), "to");
        if (offered != NULL)
                document_add(task, offered, "lead", sink);
}

/* ---- rows of participants ---- */
static void part_write(Rows *rows, const Task *task, const char *area, const char *unit, const char *part, const char *state,
                       int64_t accepted_at, int64_t agreed_at) {
        rows_text(rows, area);
        rows_text(rows, task->id);
        rows_text(rows, unit);
        rows_text(rows, part);
        rows_text(rows, state);
        rows_time(rows, accepted_at);
        rows_time(rows, agreed_at);
        rows_int(rows, (int64_t)task->object.changed_seq);
        rows_end(rows);
}

void task_write_parts(const Task *task, const char *area, Rows *rows) {
        const cJSON *participants = json_array(task->body, "participants"), *past = json_array(task->body, "past"), *item;
        if (cJSON_GetArraySize(participants) == 0)
                return;
        part_write(rows, task, area, task->unit, "lead", task_state_name(task->state), task->accepted_at, TIMESTAMP_NONE);
        cJSON_ArrayForEach(item, participants)
                if (strcmp(json_string(item, "unit"), task->unit) != 0)
                        part_write(rows, task, area, json_string(item, "unit"), json_string(item, "part"), json_string(item, "state"),
                                   json_int(item, "accepted_at", TIMESTAMP_NONE), json_int(item, "agreed_at", TIMESTAMP_NONE));
        cJSON_ArrayForEach(item, past)
                if (task_participant(task, item->valuestring) == NULL)
                        part_write(rows, task, area, item->valuestring, "informed", "transferred", TIMESTAMP_NONE, TIMESTAMP_NONE);
}
