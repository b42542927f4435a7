/*
 * State, inside: shared by state.c (finding, changing) and state_batch.c (undo, commit, rows, loading). Nobody else.
 */
#ifndef POLICEGRID_ENGINE_STATE_PRIVATE_H
#define POLICEGRID_ENGINE_STATE_PRIVATE_H

#include "engine/state/state_batch.h"
#include "proto/map.h"

/* One step back: an object's copy (or its making), or a module's own. */
typedef struct Undo {
        Object *object;       /* NULL for a module's own */
        void *copy;           /* NULL = the object was made */
        void (*undo)(State *state, void *data);
        void (*release)(void *data);
        void *data;
} Undo;

typedef struct JournalEntry { TableId table; size_t n_cells; char *packed; /* per cell: 1 and the text, or 0 for NULL; owned */ } JournalEntry;

struct State {
        char area[AREA_MAX + 1];
        uint64_t epoch;
        Area counters, counters_before;     /* now, and at the start of the batch */
        Organisation *organisation;         /* owned; NULL until set */
        const Organisation *organisation_before; /* at the start of the batch; NULL = as now */
        PlaybookSet *playbooks;             /* owned */
        Catalogue *catalogue;               /* owned; never NULL */
        Map *objects[OBJECT_KIND_COUNT];    /* by primary key; own their objects */
        bool keeps_all;                     /* what is no longer live stays in memory: a log is being replayed */
        Map *briefs;                        /* by text */
        Index *index;
        Heap *heap;
        uint64_t born_seq, born_n;          /* last birth */
        Undo *undo; size_t n_undo, undo_capacity;
        Changed *changed; size_t n_changed, changed_capacity;
        Object **dirty; size_t n_dirty, dirty_capacity;
        Object **visitors; size_t n_visitors, visitors_capacity;
        JournalEntry *journal; size_t n_journal, journal_capacity;
};

/* Room for one more in a growing array. */
void *state_grow(void *items, size_t n, size_t *capacity, size_t size);
void undo_release(const Undo *undo);
void object_is_dirty(State *state, Object *object);
/* Under its primary key. */
void state_register(State *state, Object *object);

#endif
