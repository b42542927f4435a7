/*
 * Field: one descriptor per column of an object's table. From it rows are written and read, facts patch objects, and undo copies
 * them: what a column is stands in one place. Pure.
 */
#ifndef POLICEGRID_ENGINE_FIELD_H
#define POLICEGRID_ENGINE_FIELD_H

#include <stdbool.h>
#include <stddef.h>
#include <cjson/cJSON.h>

#include "engine/state/rows.h"
#include "engine/state/state.h"
#include "engine/state/table.h"

typedef enum FieldType {
        FIELD_TEXT,    /* char[size]; "" = SQL NULL */
        FIELD_TIME,    /* int64_t Unix ms; TIMESTAMP_NONE = SQL NULL */
        FIELD_INT64,
        FIELD_UINT32,
        FIELD_UINT8,
        FIELD_BOOL,
        FIELD_WORD,    /* an enum with words */
        FIELD_JSON,    /* cJSON *; never NULL */
        FIELD_BRIEF,   /* Brief * */
        FIELD_TIMERS,  /* Object.timers */
        FIELD_BORN,    /* Object.born; written and loaded, never patched */
        FIELD_CHANGED, /* Object.changed_seq; likewise */
} FieldType;

/* Words of an enum: words[value]; NULL-terminated. */
typedef struct Field {
        const char *name;
        FieldType type;
        size_t offset, size;
        const char *(*word)(int value);   /* FIELD_WORD: "" = SQL NULL, NULL beyond the last */
} Field;

typedef struct ObjectRule {
        TableId table;
        size_t size;                /* of the struct */
        const Field *fields;        /* of the columns after `area` */
        size_t n_fields;
} ObjectRule;

const ObjectRule *object_rule(ObjectKind kind);
/* The kind whose objects are this table's rows; false when the table holds none. */
bool object_kind_of_table(TableId table, ObjectKind *ret);

/* Deep copy for undo (briefs are shared); object_discard frees what an object or a copy owns, and itself. */
void *object_copy(const void *object);
void object_discard(void *object);
/* Put the values of `copy` back into `object`, discarding what it has now; `copy` is consumed. Place in heap and indexes stay. */
void object_restore(void *object, void *copy);
void object_write_row(const void *object, const char *area, Rows *rows);
/* `cells` without `area`. NULL, or the column that does not fit. */
const char *object_read_row(State *state, void *object, const char *const *cells);
/* Merge `set` into the object. Asserts that it fits: facts are ours. */
void object_patch(State *state, void *object, const cJSON *set);
/* Word of an enum by value or back; -1 when unknown. */
int word_parse(const char *(*word)(int value), const char *text);

/* A counted brief with this text, parsed at most once (state.c). */
Brief *brief_acquire(State *state, const char *text);
Brief *brief_reference(Brief *brief);
void brief_release(Brief *brief); /* NULL is allowed */

#endif
