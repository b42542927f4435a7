/*
 * Three retained documents a unit: `status` (counters), `list/task` (open tasks) and `list/result` (what was closed lately). Counters
 * are of the unit's own tasks; lists also show those that it takes part in. Exercises and tests are listed, with their status, and
 * counted nowhere. Volunteers and administrators read lists, too: what is not meant for all of the unit is listed by number alone.
 *
 * `list/duty` is not made here: duties are not known to the engine yet, and an empty list would say that there are none.
 */
#include "engine/document/status.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/document/document.h"
#include "engine/task/task.h"
#include "proto/json.h"
#include "proto/text.h"

typedef struct UnitStatus {
        char unit[NAME_MAX_GRID + 1];
        uint8_t tier;          /* of the topics that are out; 0 = none are */
        bool due;
        uint32_t closed_today; /* as published: it falls at midnight without any change */
} UnitStatus;

struct Status {
        Map *units;            /* unit id → UnitStatus, owned */
        bool all;
        int64_t organisation;  /* version of the file that the units are of */
        int64_t day;           /* of the last publishing, in the town's zone */
};

typedef struct Counters {
        uint32_t open, issued, accepted, in_progress, completed, suspended, overdue, yellow, red, escalated, escalations_open,
                closed_today;
} Counters;

Status *status_new(void) {
        Status *status = calloc(1, sizeof(*status));
        if (!status || !(status->units = map_new()))
                abort();
        status->all = true;
        return status;
}

Status *status_free(Status *status) {
        if (!status)
                return NULL;
        size_t cursor = 0;
        for (UnitStatus *unit; (unit = map_next(status->units, &cursor, NULL));)
                free(unit);
        map_free(status->units);
        free(status);
        return NULL;
}

void status_renew(Status *status) { status->all = true; }

/* ---- what has changed ---- */

static UnitStatus *status_unit(Status *status, const char *id) {
        UnitStatus *unit = map_find(status->units, id);
        if (unit)
                return unit;
        if (!(unit = calloc(1, sizeof(*unit))))
                abort();
        snprintf(unit->unit, sizeof(unit->unit), "%s", id);
        if (!map_set(status->units, id, unit))
                abort();
        return unit;
}

static void mark(Status *status, const char *unit) {
        if (unit && unit[0])
                status_unit(status, unit)->due = true;
}

static void mark_task(Status *status, const Task *task) {
        mark(status, task->unit);
        const cJSON *part;
        cJSON_ArrayForEach(part, json_array(task->body, "participants"))
                mark(status, json_string(part, "unit"));
        mark(status, json_string(json_object(task->body, "transfer"), "to"));
}

static void mark_object(Status *status, const Object *object) {
        if (!object)
                return;
        if (object->kind == OBJECT_TASK)
                mark_task(status, (const Task *)(const void *)object);
        else if (object->kind == OBJECT_ESCALATION)
                mark(status, ((const Escalation *)(const void *)object)->to);
}

void status_note(Status *status, const Object *before, const Object *after) {
        mark_object(status, before);
        mark_object(status, after);
}

/* ---- counters ---- */

static bool is_before(int64_t due, int64_t now) { return due != TIMESTAMP_NONE && due < now; }

static bool task_is_overdue(const Task *task, int64_t now) {
        switch (task->state) {
        case TASK_STATE_ISSUED: return is_before(task->accept_by, now) || is_before(task->finish_by, now);
        case TASK_STATE_ACCEPTED: return is_before(task->start_by, now) || is_before(task->finish_by, now);
        case TASK_STATE_IN_PROGRESS: return is_before(task->finish_by, now);
        case TASK_STATE_COMPLETED: return is_before(task->verify_by, now);
        default: return false;
        }
}

static void count_state(Counters *counters, TaskState state) {
        switch (state) {
        case TASK_STATE_ISSUED: ++counters->issued; break;
        case TASK_STATE_ACCEPTED: ++counters->accepted; break;
        case TASK_STATE_IN_PROGRESS: ++counters->in_progress; break;
        case TASK_STATE_COMPLETED: ++counters->completed; break;
        case TASK_STATE_SUSPENDED: ++counters->suspended; break;
        default: break;
        }
}

static void count_task(Counters *counters, const Task *task, int64_t now, int64_t day, int offset) {
        if (task_state_is_terminal(task->state)) {
                counters->closed_today += task->state == TASK_STATE_CLOSED && timestamp_day(task->ended_at, offset) == day;
                return;
        }
        ++counters->open;
        count_state(counters, task->state);
        counters->overdue += task_is_overdue(task, now);
        counters->yellow += task->card == CARD_YELLOW;
        counters->red += task->card == CARD_RED;
        counters->escalated += task->escalation[0] != '\0';
}

static void count_unit(const State *state, const char *unit, int64_t now, int offset, Counters *ret) {
        Task *const *tasks;
        Escalation *const *escalations;
        int64_t day = timestamp_day(now, offset);
        *ret = (Counters){0};
        size_t n = state_tasks_of_unit(state, unit, &tasks);
        for (size_t i = 0; i < n; ++i)
                if (tasks[i]->reality == REALITY_ACTUAL && strcmp(tasks[i]->unit, unit) == 0)
                        count_task(ret, tasks[i], now, day, offset);
        n = state_escalations_to(state, unit, &escalations);
        for (size_t i = 0; i < n; ++i) {
                const Task *task = state_task(state, escalations[i]->task);
                ret->escalations_open += escalation_is_open(escalations[i]->state) && task && task->reality == REALITY_ACTUAL;
        }
}

/* ---- documents ---- */

typedef struct Writer {
        const Engine *engine;
        const State *state;
        int offset;
        int64_t now;
        uint64_t seq;
        Documents *documents;
} Writer;

/* `list` NULL = the counters. `text` NULL clears the document; else its contents are taken. */
static void publish(const Writer *writer, const char *unit, uint8_t tier, const char *list, Text *text) {
        Topic topic = {.kind = list ? TOPIC_LIST : TOPIC_STATUS, .tier = tier};
        snprintf(topic.area, sizeof(topic.area), "%s", engine_area(writer->engine));
        snprintf(topic.unit, sizeof(topic.unit), "%s", unit);
        snprintf(topic.name, sizeof(topic.name), "%s", list ? list : "");
        size_t n = text ? text->n : 0;
        char *payload = text ? text_steal(text) : NULL;
        if (text && !payload)
                abort();
        documents_add(writer->documents, writer->seq, &topic, payload, n, true);
}

static void add_time(Text *text, const char *name, int64_t ms, int offset) {
        char time[TIMESTAMP_TEXT_MAX];
        if (ms == TIMESTAMP_NONE)
                return;
        timestamp_format(ms, offset, time);
        text_append_format(text, ",\"%s\":\"%s\"", name, time);
}

static void add_text(Text *text, const char *name, const char *value) {
        if (!value || !value[0])
                return;
        text_append_format(text, ",\"%s\":", name);
        text_append_json_string(text, value);
}

static void start_document(const Writer *writer, const char *unit, Text *text) {
        text_append_format(text, "{\"unit\":\"%s\"", unit);
        add_time(text, "at", writer->now, writer->offset);
        text_append_format(text, ",\"seq\":%llu", (unsigned long long)writer->seq);
}

static void publish_counters(const Writer *writer, UnitStatus *unit, uint8_t tier) {
        Counters c;
        count_unit(writer->state, unit->unit, writer->now, writer->offset, &c);
        unit->closed_today = c.closed_today;
        Text text = TEXT_INIT(0);
        start_document(writer, unit->unit, &text);
        text_append_format(&text, ",\"open\":%u,\"issued\":%u,\"accepted\":%u,\"in_progress\":%u,\"completed\":%u,\"suspended\":%u",
                           c.open, c.issued, c.accepted, c.in_progress, c.completed, c.suspended);
        text_append_format(&text, ",\"overdue\":%u,\"yellow\":%u,\"red\":%u,\"escalated\":%u,\"escalations_open\":%u,\"closed_today\":%u}",
                           c.overdue, c.yellow, c.red, c.escalated, c.escalations_open, c.closed_today);
        publish(writer, unit->unit, tier, NULL, &text);
}

static const char *card_word(Card card) { return card == CARD_RED ? "red" : card == CARD_YELLOW ? "yellow" : "none"; }

/* What every reader of the unit's lists may see of a task. */
static void add_entry(Text *text, const Task *task) {
        text_append_format(text, "{\"id\":\"%s\",\"number\":\"%s\"", task->id, task->number);
        add_text(text, "audience", audience_name(task->audience));
        add_text(text, "state", task_state_name(task->state));
        add_text(text, "severity", severity_name(task->severity));
        add_text(text, "status", reality_name(task->reality));
        if (task->audience != AUDIENCE_ALL)
                return;
        add_text(text, "kind", task->kind);
        add_text(text, "title", task_title_zh(task));
        add_text(text, "title_en", task_title_en(task));
}

/* A unit that a transfer is offered to sees it as its own. */
static const char *part_word(const Task *task, const char *unit) {
        const cJSON *part = strcmp(task->unit, unit) == 0 ? NULL : task_participant(task, unit);
        return part ? json_string(part, "part") : "lead";
}

static void add_open_entry(const Writer *writer, Text *text, const Task *task, const char *unit) {
        add_entry(text, task);
        add_text(text, "part", part_word(task, unit));
        add_text(text, "card", card_word(task->card));
        add_time(text, "accept_by", task->state == TASK_STATE_ISSUED ? task->accept_by : TIMESTAMP_NONE, writer->offset);
        add_time(text, "finish_by", task->finish_by, writer->offset);
        text_append_format(text, ",\"revision\":%lld,\"escalated\":%s}", (long long)task->revision, task->escalation[0] ? "true" : "false");
}

static void add_closed_entry(const Writer *writer, Text *text, const Task *task) {
        add_entry(text, task);
        add_text(text, "outcome", task->outcome);
        add_time(text, "ended_at", task->ended_at, writer->offset);
        const cJSON *result = json_object(task->body, "result");
        if (result && task->audience == AUDIENCE_ALL) {
                char *json = json_print(result);
                text_append_string(text, ",\"result\":");
                text_append_string(text, json);
                cJSON_free(json);
        }
        text_append_char(text, '}');
}

static int compare_ended(const void *a, const void *b) {
        const Task *x = *(const Task *const *)a, *y = *(const Task *const *)b;
        if (x->ended_at != y->ended_at)
                return x->ended_at < y->ended_at ? 1 : -1;
        return x->object.born < y->object.born ? 1 : -1;
}

/* Open ones in order of birth, or closed ones, the latest first. The caller frees. */
static const Task **select_tasks(const State *state, const char *unit, bool open, size_t *ret_n) {
        Task *const *tasks;
        size_t n = state_tasks_of_unit(state, unit, &tasks);
        const Task **selected = calloc(n + 1, sizeof(*selected));
        if (!selected)
                abort();
        *ret_n = 0;
        for (size_t i = 0; i < n; ++i)
                if (open ? !task_state_is_terminal(tasks[i]->state) : tasks[i]->state == TASK_STATE_CLOSED)
                        selected[(*ret_n)++] = tasks[i];
        if (!open)
                qsort(selected, *ret_n, sizeof(*selected), compare_ended);
        return selected;
}

static void publish_list(const Writer *writer, const char *unit, uint8_t tier, bool open) {
        size_t n;
        const Task **tasks = select_tasks(writer->state, unit, open, &n);
        Text text = TEXT_INIT(0);
        start_document(writer, unit, &text);
        add_text(&text, "list", open ? "task" : "result");
        text_append_format(&text, ",\"total\":%zu,\"truncated\":%s,\"entries\":[", n, n > STATUS_ENTRIES_MAX ? "true" : "false");
        for (size_t i = 0; i < n && i < STATUS_ENTRIES_MAX; ++i) {
                if (i > 0)
                        text_append_char(&text, ',');
                if (open)
                        add_open_entry(writer, &text, tasks[i], unit);
                else
                        add_closed_entry(writer, &text, tasks[i]);
        }
        text_append_string(&text, "]}");
        publish(writer, unit, tier, open ? "task" : "result", &text);
        free(tasks);
}

static void clear_unit(const Writer *writer, const UnitStatus *unit) {
        publish(writer, unit->unit, unit->tier, NULL, NULL);
        publish(writer, unit->unit, unit->tier, "task", NULL);
        publish(writer, unit->unit, unit->tier, "result", NULL);
}

static void publish_unit(const Writer *writer, UnitStatus *unit, const Unit *now) {
        if (unit->tier != 0 && (!now || unit->tier != now->tier))
                clear_unit(writer, unit);
        unit->due = false;
        unit->tier = now ? now->tier : 0;
        if (!now)
                return;
        publish_counters(writer, unit, now->tier);
        publish_list(writer, unit->unit, now->tier, true);
        publish_list(writer, unit->unit, now->tier, false);
}

/* Which units are due beyond those that tasks have marked. */
static void mark_due(Status *status, const Organisation *organisation, int64_t day) {
        size_t cursor = 0;
        if (status->all || status->organisation != organisation_file_version(organisation)) {
                for (const Unit *unit; (unit = organisation_next_unit(organisation, &cursor));)
                        mark(status, unit->id);
                cursor = 0;
                for (UnitStatus *unit; (unit = map_next(status->units, &cursor, NULL));)
                        unit->due = true; /* also those that are gone, to be cleared */
        }
        cursor = 0;
        if (status->day != day)
                for (UnitStatus *unit; (unit = map_next(status->units, &cursor, NULL));)
                        unit->due |= unit->closed_today > 0;
        status->all = false;
        status->organisation = organisation_file_version(organisation);
        status->day = day;
}

void engine_status_documents(Engine *engine, int64_t now_ms, Documents *ret) {
        Status *status = engine_status(engine);
        State *state = engine_state(engine);
        const Organisation *organisation = state_organisation(state);
        const Writer writer = {.engine = engine, .state = state, .offset = organisation_offset_minutes(organisation), .now = now_ms,
                               .seq = engine_seq(engine), .documents = ret};
        mark_due(status, organisation, timestamp_day(now_ms, writer.offset));
        size_t cursor = 0;
        for (UnitStatus *unit; (unit = map_next(status->units, &cursor, NULL));) {
                if (!unit->due)
                        continue;
                const Unit *now = organisation_unit(organisation, unit->unit);
                publish_unit(&writer, unit, now);
                if (!now) {
                        map_remove(status->units, unit->unit);
                        free(unit);
                }
        }
}
