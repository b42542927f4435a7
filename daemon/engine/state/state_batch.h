/*
 * State, the engine's side: marks, undo, what a batch has changed, the journal of rows, the heap of timers, the area's counters.
 * For engine.c and its helpers; modules that decide and apply use state.h.
 */
#ifndef POLICEGRID_ENGINE_STATE_BATCH_H
#define POLICEGRID_ENGINE_STATE_BATCH_H

#include "engine/internal.h"
#include "engine/state/rows.h"
#include "engine/state/state.h"

#define AREA_YEARS_MAX 8

/* The one row of TABLE_AREA. */
typedef struct Area {
        uint64_t seq;                                     /* last used */
        struct { int32_t year; uint32_t n; } numbers[AREA_YEARS_MAX]; /* the latest years; oldest first */
        size_t n_numbers;
} Area;

Area *state_counters(State *state);
uint32_t area_number(const Area *area, int year);
/* Makes `n` taken in that year (never lower than before). */
void area_raise(Area *area, int year, uint32_t n);

/* ---- one decision within the batch ---- */
typedef struct StateMark { size_t n_undo, n_journal, n_changed; Area area; } StateMark;
StateMark state_mark(const State *state);
/* Put everything back to the mark. */
void state_undo(State *state, const StateMark *mark);
/* The decision stands; the next one keeps copies of its own. */
void state_seal(State *state, const StateMark *mark);
/* A fact has been applied: bring indexes and heap up to date. */
void state_settle(State *state);

/* ---- the batch ---- */
void state_begin(State *state);
typedef struct Changed { Object *object; const Object *before; /* NULL = made in this batch */ } Changed;
size_t state_changed(const State *state, const Changed **ret);
/* The organisation before this batch, and now. */
const Organisation *state_organisation_before(const State *state);
/* Rows of the journal into rows[]; of upserted tables the last row of a key alone. */
void state_write_journal(State *state, Rows rows[TABLE_COUNT]);
void state_commit(State *state, Status *status);
void state_rollback(State *state);
/* For the replay of a log: what has ended stays within reach, as lookups would bring it. */
void state_keep_all(State *state);

/* ---- timers ---- */
/* The earliest timer, its object and when it may fire; NULL when there is none. Order: due, kind, id. */
Object *state_next_timer(const State *state, Timer *ret, int64_t *ret_at);
/* The object's timers do not fire before; between batches only. */
void state_put_off(State *state, Object *object, int64_t until_ms);

/* ---- loading ---- */
/* A row becomes an object; when not live it is a visitor of the coming batch. NULL, or the column that does not fit. */
const char *state_load(State *state, ObjectKind kind, const char *const *cells);
void state_set_organisation(State *state, Organisation *organisation); /* without undo */
void state_set_catalogue(State *state, Catalogue *catalogue);          /* without undo */
void state_set_epoch(State *state, uint64_t epoch);

/* Primary key of an object as its map knows it, into buffer. */
#define OBJECT_KEY_MAX 128
void object_key(const Object *object, char ret[static OBJECT_KEY_MAX]);
/* Id that breaks ties between timers and stands in facts. */
const char *object_id(const Object *object);

/* ---- index.c: lists by what objects belong to ---- */
typedef struct Index Index;
typedef struct ObjectList { Object **items; size_t n, capacity; } ObjectList;
Index *index_new(const State *state);
Index *index_free(Index *index);
/* Stand the object under the keys that it now has (none when it is not live or `remove`). */
void index_update(Index *index, Object *object, bool remove);
const ObjectList *index_find(const Index *index, char kind, const char *key); /* NULL when empty */

/* ---- heap.c ---- */
typedef struct Heap Heap;
Heap *heap_new(void);
Heap *heap_free(Heap *heap);
/* Bring the object's place up to date with its timers (none when it is not live or `remove`). */
void heap_update(Heap *heap, Object *object, bool remove);
/* *ret_at: when it may fire, which is when it is due unless it was put off. */
Object *heap_first(const Heap *heap, Timer *ret, int64_t *ret_at);

#endif
