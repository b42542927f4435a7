/*
 * Retained documents of each unit: `status` (counters of its own tasks; exercises and tests count nowhere) and its lists (list.h); and of
 * each member who works for a unit: his own lists. A list that is empty is there, too, and says so. When the day changes, what is due
 * today is another thing though nothing has happened: units and members with open work are made anew then.
 */
#include "engine/document/status.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/document/document.h"
#include "engine/document/list.h"
#include "engine/task/task.h"
#include "proto/json.h"
#include "proto/text.h"

typedef struct UnitStatus {
        char unit[NAME_MAX_GRID + 1];
        uint8_t tier;          /* of the topics that are out; 0 = none are */
        bool due;
        bool dated;            /* as published: says something of today, which midnight changes */
} UnitStatus;

typedef struct MemberStatus {
        char member[MEMBER_MAX + 1];
        bool due;
        uint64_t seats;        /* of the seats that his lists were made by; 0 = he has none */
        unsigned lists;       /* bits of list_kinds: those that not every member has, and this one was given */
} MemberStatus;

struct Status {
        Map *units;            /* unit id → UnitStatus, owned */
        Map *members;          /* member id → MemberStatus, owned: who has lists, or had */
        uint64_t roster;       /* version of the organisation that the members are of */
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
        if (!status || !(status->units = map_new()) || !(status->members = map_new()))
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
        cursor = 0;
        for (MemberStatus *member; (member = map_next(status->members, &cursor, NULL));)
                free(member);
        map_free(status->units);
        map_free(status->members);
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

static MemberStatus *status_member(Status *status, const char *id) {
        MemberStatus *member = map_find(status->members, id);
        if (member)
                return member;
        if (!(member = calloc(1, sizeof(*member))))
                abort();
        snprintf(member->member, sizeof(member->member), "%s", id);
        if (!map_set(status->members, id, member))
                abort();
        return member;
}

/* Only of members who are known to have lists: a new one's are made when the organisation is seen to have changed. */
static void mark_member(Status *status, const char *id) {
        MemberStatus *member = id && id[0] ? map_find(status->members, id) : NULL;
        if (member)
                member->due = true;
}

static void mark_task(Status *status, const Task *task) {
        mark(status, task->unit);
        mark_member(status, task->assignee);
        mark_member(status, json_string(task->body, "completed_by"));
        const cJSON *part, *accepted;
        cJSON_ArrayForEach(accepted, json_array(task->body, "accepted"))
                mark_member(status, cJSON_IsString(accepted) ? accepted->valuestring : NULL);
        cJSON_ArrayForEach(part, json_array(task->body, "participants"))
                mark(status, json_string(part, "unit"));
        mark(status, json_string(json_object(task->body, "transfer"), "to"));
}

/* The next time of a duty stands in the list of every unit that it may concern. */
static void mark_all(Status *status) {
        size_t cursor = 0;
        for (UnitStatus *unit; (unit = map_next(status->units, &cursor, NULL));)
                unit->due = true;
}

static void mark_shift(Status *status, const Shift *shift) {
        const cJSON *member;
        mark(status, shift->unit);
        cJSON_ArrayForEach(member, shift->members)
                mark_member(status, member->valuestring);
}

static void mark_object(Status *status, const Object *object) {
        if (!object)
                return;
        if (object->kind == OBJECT_TASK)
                mark_task(status, (const Task *)(const void *)object);
        else if (object->kind == OBJECT_ESCALATION)
                mark(status, ((const Escalation *)(const void *)object)->to);
        else if (object->kind == OBJECT_HOLDER)
                mark_member(status, ((const Holder *)(const void *)object)->member);
        else if (object->kind == OBJECT_DUTY)
                mark_all(status);
        else if (object->kind == OBJECT_SHIFT)
                mark_shift(status, (const Shift *)(const void *)object);
        else if (object->kind == OBJECT_ROUND) {
                mark(status, ((const Round *)(const void *)object)->unit);
                mark_member(status, ((const Round *)(const void *)object)->member);
        }
}

void status_note(Status *status, const Object *before, const Object *after) {
        mark_object(status, before);
        mark_object(status, after);
}

/* ---- counters ---- */

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
        ListContext context;
        uint64_t seq;
        Documents *documents;
} Writer;

/* `text` NULL clears the document; else its contents are taken. */
static void publish(const Writer *writer, Topic *topic, Text *text) {
        snprintf(topic->area, sizeof(topic->area), "%s", engine_area(writer->engine));
        size_t n = text ? text->n : 0;
        char *payload = text ? text_steal(text) : NULL;
        if (text && !payload)
                abort();
        documents_add(writer->documents, writer->seq, topic, payload, n, true);
}

/* `list` NULL = the counters. */
static void publish_of_unit(const Writer *writer, const char *unit, uint8_t tier, const char *list, Text *text) {
        Topic topic = {.kind = list ? TOPIC_LIST : TOPIC_STATUS, .tier = tier};
        snprintf(topic.unit, sizeof(topic.unit), "%s", unit);
        snprintf(topic.name, sizeof(topic.name), "%s", list ? list : "");
        publish(writer, &topic, text);
}

static void publish_of_member(const Writer *writer, const char *member, const char *list, Text *text) {
        Topic topic = {.kind = TOPIC_MEMBER_LIST};
        snprintf(topic.name, sizeof(topic.name), "%s", member);
        snprintf(topic.target, sizeof(topic.target), "%s", list);
        publish(writer, &topic, text);
}

static void start_document(const Writer *writer, const char *of, const char *id, Text *text) {
        text_append_format(text, "{\"%s\":\"%s\"", of, id);
        list_add_time(&writer->context, text, "at", writer->context.now);
        text_append_format(text, ",\"seq\":%llu", (unsigned long long)writer->seq);
}

static void publish_counters(const Writer *writer, UnitStatus *unit, uint8_t tier) {
        Counters c;
        count_unit(writer->context.state, unit->unit, writer->context.now, writer->context.offset_minutes, &c);
        unit->dated = c.closed_today > 0 || c.open > 0;
        Text text = TEXT_INIT(0);
        start_document(writer, "unit", unit->unit, &text);
        text_append_format(&text, ",\"open\":%u,\"issued\":%u,\"accepted\":%u,\"in_progress\":%u,\"completed\":%u,\"suspended\":%u",
                           c.open, c.issued, c.accepted, c.in_progress, c.completed, c.suspended);
        text_append_format(&text, ",\"overdue\":%u,\"yellow\":%u,\"red\":%u,\"escalated\":%u,\"escalations_open\":%u,\"closed_today\":%u}",
                           c.overdue, c.yellow, c.red, c.escalated, c.escalations_open, c.closed_today);
        publish_of_unit(writer, unit->unit, tier, NULL, &text);
}

static void publish_lists(const Writer *writer, const Unit *unit) {
        for (const ListKind *kind = list_kinds; kind->name; ++kind) {
                if (!kind->of_unit)
                        continue;
                Text text = TEXT_INIT(0);
                start_document(writer, "unit", unit->id, &text);
                list_add_text(&text, "list", kind->name);
                kind->of_unit(&writer->context, unit, &text);
                text_append_char(&text, '}');
                publish_of_unit(writer, unit->id, unit->tier, kind->name, &text);
        }
}

static void clear_unit(const Writer *writer, const UnitStatus *unit) {
        publish_of_unit(writer, unit->unit, unit->tier, NULL, NULL);
        for (const ListKind *kind = list_kinds; kind->name; ++kind)
                if (kind->of_unit)
                        publish_of_unit(writer, unit->unit, unit->tier, kind->name, NULL);
}

static void publish_unit(const Writer *writer, UnitStatus *unit, const Unit *now) {
        if (unit->tier != 0 && (!now || unit->tier != now->tier))
                clear_unit(writer, unit);
        unit->due = false;
        unit->tier = now ? now->tier : 0;
        if (!now)
                return;
        publish_counters(writer, unit, now->tier);
        publish_lists(writer, now);
}

/* `member` NULL: nobody who works for a unit any more. */
static void publish_member(const Writer *writer, MemberStatus *status, const Member *member) {
        const char *id = status->member;
        for (const ListKind *kind = list_kinds; kind->name; ++kind) {
                const unsigned bit = 1u << (kind - list_kinds);
                const bool wanted = member && (!kind->wanted || kind->wanted(writer->context.state, member));
                if (!kind->of_member || (!wanted && kind->wanted && !(status->lists & bit)))
                        continue;
                status->lists = wanted ? status->lists | bit : status->lists & ~bit;
                Text text = TEXT_INIT(0);
                start_document(writer, "member", id, &text);
                list_add_text(&text, "list", kind->name);
                if (wanted)
                        kind->of_member(&writer->context, member, &text);
                text_append_char(&text, '}');
                publish_of_member(writer, id, kind->name, wanted ? &text : NULL);
                text_deinit(&text);
        }
}

/* ---- who is due ---- */

/* Which units are due beyond those that tasks have marked. */
static void mark_units(Status *status, const Organisation *organisation, bool new_day) {
        size_t cursor = 0;
        if (status->all || status->organisation != organisation_file_version(organisation)) {
                for (const Unit *unit; (unit = organisation_next_unit(organisation, &cursor));)
                        mark(status, unit->id);
                cursor = 0;
                for (UnitStatus *unit; (unit = map_next(status->units, &cursor, NULL));)
                        unit->due = true; /* also those that are gone, to be cleared */
        }
        cursor = 0;
        for (UnitStatus *unit; new_day && (unit = map_next(status->units, &cursor, NULL));)
                unit->due |= unit->dated;
        status->organisation = organisation_file_version(organisation);
}

static uint64_t mix(uint64_t hash, const void *data, size_t n) {
        const uint8_t *bytes = data;
        for (size_t i = 0; i < n; ++i)
                hash = (hash ^ bytes[i]) * UINT64_C(0x100000001b3); /* FNV-1a */
        return hash;
}

/* Of the seats in units that work; 0 when there is none. */
static uint64_t seats_mark(const Member *member) {
        uint64_t hash = UINT64_C(0xcbf29ce484222325);
        size_t n = 0;
        for (size_t i = 0; i < member->n_seats && !member->revoked; ++i) {
                const Seat *seat = &member->seats[i];
                if (!seat->unit || seat->role > ROLE_PARTNER)
                        continue;
                hash = mix(hash, seat->id, strlen(seat->id));
                hash = mix(hash, seat->unit->id, strlen(seat->unit->id) + 1);
                hash = mix(hash, &seat->until, sizeof seat->until);
                ++n;
        }
        return n > 0 ? hash | 1 : 0;
}

/* Members whose seats are others than their lists were made by, or who are new, or gone. */
static void mark_members(Status *status, const State *state, bool new_day) {
        const Organisation *organisation = state_organisation(state);
        size_t cursor = 0;
        if (status->all || status->roster != organisation_version(organisation)) {
                for (const Member *member; (member = organisation_next_member(organisation, &cursor));) {
                        uint64_t seats = seats_mark(member);
                        MemberStatus *known = seats ? status_member(status, member->id) : map_find(status->members, member->id);
                        if (known)
                                known->due |= status->all || known->seats != seats;
                        if (known)
                                known->seats = seats;
                }
        }
        cursor = 0;
        for (MemberStatus *member; new_day && (member = map_next(status->members, &cursor, NULL));) {
                Task *const *tasks;
                member->due |= state_tasks_of_member(state, member->member, &tasks) > 0;
        }
        status->roster = organisation_version(organisation);
}

static void publish_units(Status *status, const Writer *writer, const Organisation *organisation) {
        size_t cursor = 0;
        for (UnitStatus *unit; (unit = map_next(status->units, &cursor, NULL));) {
                if (!unit->due)
                        continue;
                const Unit *now = organisation_unit(organisation, unit->unit);
                publish_unit(writer, unit, now);
                if (!now) {
                        map_remove(status->units, unit->unit);
                        free(unit);
                }
        }
}

static void publish_members(Status *status, const Writer *writer, const Organisation *organisation) {
        size_t cursor = 0;
        for (MemberStatus *member; (member = map_next(status->members, &cursor, NULL));) {
                if (!member->due)
                        continue;
                publish_member(writer, member, member->seats ? organisation_member(organisation, member->member) : NULL);
                member->due = false;
                if (!member->seats) {
                        map_remove(status->members, member->member);
                        free(member);
                }
        }
}

bool status_expects_member(const State *state, const char *member, const char *list) {
        const Member *found = organisation_member(state_organisation(state), member);
        for (const ListKind *kind = list_kinds; kind->name; ++kind)
                if (kind->of_member && strcmp(kind->name, list) == 0)
                        return found && seats_mark(found) != 0 && (!kind->wanted || kind->wanted(state, found));
        return false;
}

void engine_status_documents(Engine *engine, int64_t now_ms, Documents *ret) {
        Status *status = engine_status(engine);
        State *state = engine_state(engine);
        const Organisation *organisation = state_organisation(state);
        const Writer writer = {.engine = engine, .seq = engine_seq(engine), .documents = ret,
                               .context = {.state = state, .offset_minutes = organisation_offset_minutes(organisation), .now = now_ms}};
        int64_t day = timestamp_day(now_ms, writer.context.offset_minutes);
        mark_units(status, organisation, status->day != day);
        mark_members(status, state, status->day != day);
        status->all = false;
        status->day = day;
        publish_units(status, &writer, organisation);
        publish_members(status, &writer, organisation);
}
