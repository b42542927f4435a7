/*
 * List: what stands in the lists of a unit and of a member (M02): duties, tasks, results. Here is what they say; when they are made and
 * where they go is status.c's. A list tells everything in numbers and the first entries, within LIST_BYTES_MAX; the rest by query.
 */
#ifndef POLICEGRID_ENGINE_LIST_H
#define POLICEGRID_ENGINE_LIST_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/state/state.h"
#include "proto/text.h"

#define LIST_ENTRIES_MAX 100
#define LIST_BYTES_MAX (48 * 1024) /* of a document: well below what a message may hold */

typedef struct ListContext {
        const State *state;
        int offset_minutes;    /* of the town's zone */
        int64_t now;           /* Unix ms */
} ListContext;

/* Writes the members of the document behind its head, `,"total":…,"entries":[…],"truncated":…`, of a unit or of a member. */
typedef void ListOfUnit(const ListContext *context, const Unit *unit, Text *text);
typedef void ListOfMember(const ListContext *context, const Member *member, Text *text);

/* Whether the member has such a list at all. */
typedef bool ListWanted(const State *state, const Member *member);

typedef struct ListKind {
        const char *name;      /* last level of its topics */
        ListOfUnit *of_unit;   /* NULL: units have none */
        ListOfMember *of_member;
        ListWanted *wanted;    /* NULL: every member has one */
} ListKind;
extern const ListKind list_kinds[]; /* ends with a NULL name */

/* ---- tools of those who write one ---- */
/* `,"name":"time"`; nothing for TIMESTAMP_NONE. `,"name":"value"`; nothing for NULL and "". */
void list_add_time(const ListContext *context, Text *text, const char *name, int64_t ms);
void list_add_text(Text *text, const char *name, const char *value);
/*
 * Entries, one after the other: list_entry_start, the entry's own text (an object), list_entry_end, which takes it back and returns
 * false when the list is full.
 */
typedef struct ListEntries { Text *text; size_t n, start; bool full; } ListEntries;
void list_open(ListEntries *entries, Text *text);   /* `,"entries":[` */
void list_entry_start(ListEntries *entries);
bool list_entry_end(ListEntries *entries);
/* `],"truncated":…`: whether of `total` entries some are missing. */
void list_close(ListEntries *entries, size_t total);

/* ---- when a task is due ---- */
typedef enum DueWhen { DUE_OVERDUE = 0, DUE_TODAY, DUE_WEEK, DUE_LATER, DUE_OPEN /* no clock runs */, DUE_COUNT } DueWhen;
const char *due_name(DueWhen due);
/* The clock that runs out next in the task's state; TIMESTAMP_NONE when none runs. */
int64_t task_due(const Task *task);
bool task_is_overdue(const Task *task, int64_t now_ms);
/* Today and this week (from Monday) in the town's zone. */
DueWhen list_due(const ListContext *context, const Task *task);

#endif
