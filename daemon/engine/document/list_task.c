/*
 * Open tasks by when they are due, and what was closed lately with what was counted in it. Volunteers, administrators and dashboards
 * read a unit's lists, too: what is not meant for all of the unit stands there by number alone and is in no sum. A member's own lists
 * say everything about the tasks that are his, as long as he works for their unit. Exercises and tests are listed and counted nowhere.
 */
#include "engine/document/list_task.h"

#include <stdlib.h>
#include <string.h>

#include "engine/task/task.h"
#include "proto/json.h"

typedef struct Item {
        const Task *task;
        DueWhen due;       /* of open ones */
        int64_t at;        /* when it is due, or ended */
} Item;

typedef struct Items { Item *items; size_t n; } Items;

static void items_deinit(Items *items) { free(items->items); }

#define _cleanup_items_ __attribute__((cleanup(items_deinit)))

/* ---- which tasks, in which order ---- */

static const Unit *task_handler(const State *state, const Task *task) {
        return organisation_unit(state_organisation(state), task->handler);
}

/* Whether the member has a seat at the unit that works on it, or above that. */
static bool member_works_on(const ListContext *context, const Member *member, const Task *task) {
        const Unit *handler = task_handler(context->state, task);
        for (size_t i = 0; i < member->n_seats && handler; i++) {
                const Seat *seat = &member->seats[i];
                if (seat->unit && context->now >= seat->from && context->now < seat->until && unit_is_below(handler, seat->unit))
                        return true;
        }
        return false;
}

/* Done, or solved from above: what was declined, or came right by itself, is no result. */
static bool is_result(const Task *task) {
        return task->state == TASK_STATE_CLOSED && (strcmp(task->outcome, "done") == 0 || strcmp(task->outcome, "resolved") == 0);
}

static bool is_open(const Task *task) { return !task_state_is_terminal(task->state); }

static int compare_due(const void *a, const void *b) {
        const Item *x = a, *y = b;
        if (x->due != y->due)
                return x->due < y->due ? -1 : 1;
        if (x->at != y->at)
                return x->at < y->at ? -1 : 1;
        return x->task->object.born < y->task->object.born ? -1 : 1;
}

static int compare_ended(const void *a, const void *b) {
        const Item *x = a, *y = b;
        if (x->at != y->at)
                return x->at < y->at ? 1 : -1;
        return x->task->object.born < y->task->object.born ? 1 : -1;
}

/* Open ones by when they are due, or closed ones, the latest first; of the member, or (NULL) all of them. */
static Items select_items(const ListContext *context, Task *const *tasks, size_t n, const Member *member, bool open) {
        Items items = {.items = calloc(n + 1, sizeof(Item))};
        if (!items.items)
                abort();
        for (size_t i = 0; i < n; i++) {
                const Task *task = tasks[i];
                if (!(open ? is_open(task) : is_result(task)) || (member && !member_works_on(context, member, task)))
                        continue;
                items.items[items.n++] = (Item){.task = task, .due = list_due(context, task), .at = open ? task_due(task) : task->ended_at};
        }
        qsort(items.items, items.n, sizeof(Item), open ? compare_due : compare_ended);
        return items;
}

/* ---- entries ---- */

static const char *card_word(Card card) { return card == CARD_RED ? "red" : card == CARD_YELLOW ? "yellow" : "none"; }

/* What every reader may see of a task; `whole`: the words for it, too. */
static void add_entry(Text *text, const Task *task, bool whole) {
        text_append_format(text, "{\"id\":\"%s\",\"number\":\"%s\"", task->id, task->number);
        list_add_text(text, "audience", audience_name(task->audience));
        list_add_text(text, "state", task_state_name(task->state));
        list_add_text(text, "severity", severity_name(task->severity));
        list_add_text(text, "status", reality_name(task->reality));
        if (!whole)
                return;
        list_add_text(text, "kind", task->kind);
        list_add_text(text, "title", task_title_zh(task));
        list_add_text(text, "title_en", task_title_en(task));
}

/* A unit that a transfer is offered to sees it as its own. */
static const char *part_word(const Task *task, const char *unit) {
        const cJSON *part = strcmp(task->unit, unit) == 0 ? NULL : task_participant(task, unit);
        return part ? json_string(part, "part") : "lead";
}

static void add_open_entry(const ListContext *context, Text *text, const Item *item, bool whole) {
        const Task *task = item->task;
        list_add_text(text, "due", due_name(item->due));
        list_add_text(text, "card", card_word(task->card));
        if (whole)
                list_add_text(text, "assignee", task->assignee);
        list_add_time(context, text, "accept_by", task->state == TASK_STATE_ISSUED ? task->accept_by : TIMESTAMP_NONE);
        list_add_time(context, text, "finish_by", task->finish_by);
        text_append_format(text, ",\"revision\":%lld,\"escalated\":%s}", (long long)task->revision, task->escalation[0] ? "true" : "false");
}

static void add_closed_entry(const ListContext *context, Text *text, const Task *task, bool whole) {
        list_add_text(text, "outcome", task->outcome);
        list_add_time(context, text, "ended_at", task->ended_at);
        const cJSON *result = json_object(task->body, "result");
        if (whole)
                list_add_text(text, "by", json_string(task->body, "completed_by"));
        if (whole && json_has(task->body, "points"))
                text_append_format(text, ",\"points\":%lld", (long long)json_int(task->body, "points", 0));
        if (whole && result) {
                text_append_string(text, ",\"result\":");
                json_append(text, result);
        }
        text_append_char(text, '}');
}

/* ---- tasks ---- */

/* How many are due when; what a unit is only informed of asks nothing of it. */
static void add_due_counts(const Items *items, const Unit *unit, Text *text) {
        unsigned counts[DUE_COUNT] = {0};
        for (size_t i = 0; i < items->n; i++) {
                const Task *task = items->items[i].task;
                bool asks = !unit || strcmp(part_word(task, unit->id), "informed") != 0;
                counts[items->items[i].due] += asks && task->reality == REALITY_ACTUAL;
        }
        text_append_format(text, ",\"total\":%zu,\"overdue\":%u,\"today\":%u,\"week\":%u", items->n, counts[DUE_OVERDUE],
                           counts[DUE_TODAY], counts[DUE_WEEK]);
}

/* Whose list: of a unit, where `member` is NULL; or the member's own, where `unit` is. */
typedef struct Reader { const Unit *unit; const Member *member; } Reader;

static Items reader_items(const ListContext *context, Reader reader, bool open) {
        Task *const *tasks;
        size_t n = reader.unit ? state_tasks_of_unit(context->state, reader.unit->id, &tasks)
                               : state_tasks_of_member(context->state, reader.member->id, &tasks);
        return select_items(context, tasks, n, reader.member, open);
}

/* The entries of the list, open ones or results; a unit is told in words what is meant for all of it. */
static void add_entries(const ListContext *context, Reader reader, const Items *items, bool open, Text *text) {
        ListEntries entries;
        list_open(&entries, text);
        for (size_t i = 0; i < items->n; i++) {
                const Task *task = items->items[i].task;
                bool whole = !reader.unit || task->audience == AUDIENCE_ALL;
                list_entry_start(&entries);
                add_entry(text, task, whole);
                if (reader.member)
                        list_add_text(text, "unit", task->unit);
                else if (open)
                        list_add_text(text, "part", part_word(task, reader.unit->id));
                if (open)
                        add_open_entry(context, text, &items->items[i], whole);
                else
                        add_closed_entry(context, text, task, whole);
                if (!list_entry_end(&entries))
                        break;
        }
        list_close(&entries, items->n);
}

static void list_task(const ListContext *context, Reader reader, Text *text) {
        _cleanup_items_ Items items = reader_items(context, reader, true);
        add_due_counts(&items, reader.unit, text);
        add_entries(context, reader, &items, true, text);
}

void list_task_of_unit(const ListContext *context, const Unit *unit, Text *text) { list_task(context, (Reader){.unit = unit}, text); }

void list_task_of_member(const ListContext *context, const Member *member, Text *text) {
        list_task(context, (Reader){.member = member}, text);
}

/* ---- results ---- */

/* Adds the whole numbers of one result to those of its kind. */
static void count_result(cJSON *counted, const Task *task, size_t *n_sums) {
        cJSON *kind = cJSON_GetObjectItemCaseSensitive(counted, task->kind);
        if (!kind && *n_sums < LIST_COUNTED_MAX && ++*n_sums)
                kind = cJSON_AddObjectToObject(counted, task->kind);
        if (!kind)
                return;
        cJSON *done = cJSON_GetObjectItemCaseSensitive(kind, "done"), *sums = cJSON_GetObjectItemCaseSensitive(kind, "sums");
        if (!done) {
                cJSON_AddNumberToObject(kind, "done", 0);
                done = cJSON_GetObjectItemCaseSensitive(kind, "done");
                sums = cJSON_AddObjectToObject(kind, "sums");
        }
        cJSON_SetNumberHelper(done, done->valuedouble + 1);
        const cJSON *value;
        cJSON_ArrayForEach(value, json_object(task->body, "result")) {
                cJSON *sum = cJSON_IsNumber(value) ? cJSON_GetObjectItemCaseSensitive(sums, value->string) : NULL;
                if (sum)
                        cJSON_SetNumberHelper(sum, sum->valuedouble + value->valuedouble);
                else if (cJSON_IsNumber(value) && ++*n_sums <= LIST_COUNTED_MAX)
                        cJSON_AddNumberToObject(sums, value->string, value->valuedouble);
        }
}

/* {"kind": {"done": n, "sums": {field: n}}}: of the unit's own work, or of the member's. */
static void add_counted(const Items *items, const Unit *unit, Text *text) {
        _cleanup_json_ cJSON *counted = cJSON_CreateObject();
        size_t n_sums = 0;
        for (size_t i = 0; i < items->n; i++) {
                const Task *task = items->items[i].task;
                if (task->reality == REALITY_ACTUAL && (!unit || (task->audience == AUDIENCE_ALL && strcmp(task->unit, unit->id) == 0)))
                        count_result(counted, task, &n_sums);
        }
        text_append_string(text, ",\"counted\":");
        json_append(text, counted);
}

static void list_result(const ListContext *context, Reader reader, Text *text) {
        _cleanup_items_ Items items = reader_items(context, reader, false);
        text_append_format(text, ",\"total\":%zu", items.n);
        add_counted(&items, reader.unit, text);
        add_entries(context, reader, &items, false, text);
}

void list_result_of_unit(const ListContext *context, const Unit *unit, Text *text) { list_result(context, (Reader){.unit = unit}, text); }

void list_result_of_member(const ListContext *context, const Member *member, Text *text) {
        list_result(context, (Reader){.member = member}, text);
}
