#include "engine/document/list.h"

#include <assert.h>
#include <string.h>

#include "engine/document/list_duty.h"
#include "engine/document/list_task.h"
#include "engine/points/points.h"
#include "proto/timestamp.h"

const ListKind list_kinds[] = {
        {"duty", list_duty_of_unit, list_duty_of_member, NULL},
        {"task", list_task_of_unit, list_task_of_member, NULL},
        {"result", list_result_of_unit, list_result_of_member, NULL},
        {"points", NULL, points_list_of_member, points_list_is_wanted},
        {NULL, NULL, NULL, NULL},
};

/* ---- writing ---- */

void list_add_time(const ListContext *context, Text *text, const char *name, int64_t ms) {
        char time[TIMESTAMP_TEXT_MAX];
        if (ms == TIMESTAMP_NONE)
                return;
        timestamp_format(ms, context->offset_minutes, time);
        text_append_format(text, ",\"%s\":\"%s\"", name, time);
}

void list_add_text(Text *text, const char *name, const char *value) {
        if (!value || !value[0])
                return;
        text_append_format(text, ",\"%s\":", name);
        text_append_json_string(text, value);
}

void list_open(ListEntries *entries, Text *text) {
        *entries = (ListEntries){.text = text};
        text_append_string(text, ",\"entries\":[");
}

void list_entry_start(ListEntries *entries) {
        entries->start = entries->text->n;
        if (entries->n > 0)
                text_append_char(entries->text, ',');
}

bool list_entry_end(ListEntries *entries) {
        if (entries->n < LIST_ENTRIES_MAX && entries->text->n <= LIST_BYTES_MAX)
                return ++entries->n;
        text_cut(entries->text, entries->start);
        return false;
}

void list_close(ListEntries *entries, size_t total) {
        text_append_format(entries->text, "],\"truncated\":%s", total > entries->n ? "true" : "false");
}

/* ---- when a task is due ---- */

const char *due_name(DueWhen due) {
        static const char *const names[DUE_COUNT] = {"overdue", "today", "week", "later", "open"};
        assert(due < DUE_COUNT);
        return names[due];
}

static int64_t earlier(int64_t a, int64_t b) {
        if (a == TIMESTAMP_NONE || b == TIMESTAMP_NONE)
                return a == TIMESTAMP_NONE ? b : a;
        return a < b ? a : b;
}

int64_t task_due(const Task *task) {
        switch (task->state) {
        case TASK_STATE_ISSUED: return earlier(task->accept_by, earlier(task->start_by, task->finish_by));
        case TASK_STATE_ACCEPTED: return earlier(task->start_by, task->finish_by);
        case TASK_STATE_IN_PROGRESS: return task->finish_by;
        case TASK_STATE_COMPLETED: return task->verify_by;
        default: return TIMESTAMP_NONE;
        }
}

bool task_is_overdue(const Task *task, int64_t now_ms) {
        int64_t due = task_due(task);
        return due != TIMESTAMP_NONE && due < now_ms;
}

/* Days since 1970-01-01, a Thursday; weeks begin on Monday. */
static int64_t week_of(int64_t day) { return (day + 3) / 7; }

DueWhen list_due(const ListContext *context, const Task *task) {
        int64_t due = task_due(task);
        if (due == TIMESTAMP_NONE)
                return DUE_OPEN;
        if (due < context->now)
                return DUE_OVERDUE;
        int64_t today = timestamp_day(context->now, context->offset_minutes), day = timestamp_day(due, context->offset_minutes);
        if (day == today)
                return DUE_TODAY;
        return week_of(day) == week_of(today) ? DUE_WEEK : DUE_LATER;
}
