/*
 * State, batch by batch: marks and undo, commit and rollback, the journal of rows, loading. What a batch changed stands in three
 * lists: steps back (undo), objects changed (rows, documents, counters), rows of no object (journal).
 */
#include "engine/state/state_batch.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/state/field.h"
#include "engine/state/state_private.h"

/* Room for one more in a growing array. */
void *state_grow(void *items, size_t n, size_t *capacity, size_t size) {
        if (n < *capacity)
                return items;
        *capacity = *capacity == 0 ? 32 : *capacity * 2;
        items = realloc(items, *capacity * size);
        if (items == NULL)
                abort();
        return items;
}

void state_settle(State *state) {
        for (size_t i = 0; i < state->n_dirty; i++) {
                Object *object = state->dirty[i];
                object->dirty = false;
                index_update(state->index, object, false);
                heap_update(state->heap, object, false);
        }
        state->n_dirty = 0;
}

/* ---- undo ---- */
StateMark state_mark(const State *state) {
        assert(state->n_dirty == 0);
        return (StateMark){.n_undo = state->n_undo, .n_journal = state->n_journal, .n_changed = state->n_changed,
                           .area = state->counters};
}

static void object_forget(State *state, Object *object) {
        char key[OBJECT_KEY_MAX];
        object_key(object, key);
        index_update(state->index, object, true);
        heap_update(state->heap, object, true);
        map_remove(state->objects[object->kind], key);
        object_discard(object);
}

static void undo_one(State *state, Undo *undo) {
        if (undo->object == NULL) {
                undo->undo(state, undo->data);
                if (undo->release != NULL)
                        undo->release(undo->data);
                return;
        }
        if (undo->copy == NULL) {
                object_forget(state, undo->object);
                return;
        }
        object_restore(undo->object, undo->copy);
        object_is_dirty(state, undo->object);
}

void state_undo(State *state, const StateMark *mark) {
        state_settle(state);
        while (state->n_changed > mark->n_changed)
                state->changed[--state->n_changed].object->listed = false;
        /* What was made is forgotten last, so that no list of dirty objects holds what is gone. */
        size_t n_undo = state->n_undo;
        for (size_t i = n_undo; i > mark->n_undo; i--)
                if (state->undo[i - 1].object == NULL || state->undo[i - 1].copy != NULL)
                        undo_one(state, &state->undo[i - 1]);
        state_settle(state);
        for (size_t i = n_undo; i > mark->n_undo; i--)
                if (state->undo[i - 1].object != NULL && state->undo[i - 1].copy == NULL)
                        undo_one(state, &state->undo[i - 1]);
        state->n_undo = mark->n_undo;
        while (state->n_journal > mark->n_journal)
                free(state->journal[--state->n_journal].packed);
        state->counters = mark->area;
        state->born_seq = 0;
}

void state_seal(State *state, const StateMark *mark) {
        for (size_t i = mark->n_undo; i < state->n_undo; i++)
                if (state->undo[i].object != NULL)
                        state->undo[i].object->undo = NULL;
}

/* ---- the batch ---- */
void state_begin(State *state) {
        assert(state->n_undo == 0 && state->n_changed == 0 && state->n_journal == 0);
        state->counters_before = state->counters;
}

size_t state_changed(const State *state, const Changed **ret) {
        *ret = state->changed;
        return state->n_changed;
}

static void visitors_leave(State *state) {
        for (size_t i = 0; i < state->n_visitors; i++) {
                Object *visitor = state->visitors[i];
                visitor->visiting = false;
                if (!visitor->live)
                        object_forget(state, visitor);
        }
        state->n_visitors = 0;
}

static void batch_forget(State *state) {
        while (state->n_journal > 0)
                free(state->journal[--state->n_journal].packed);
        state->n_undo = 0;
        state->n_changed = 0;
        state->organisation_before = NULL;
        visitors_leave(state);
}

/* What is not live, a visitor for example, counts nowhere. */
static void change_note(Status *status, const Changed *changed) {
        const Object *before = changed->before != NULL && changed->before->live ? changed->before : NULL;
        const Object *after = changed->object->live ? changed->object : NULL;
        if (status != NULL && (before != NULL || after != NULL))
                status_note(status, before, after);
}

void state_keep_all(State *state) {
        state->keeps_all = true;
}

void state_commit(State *state, Status *status) {
        assert(state->n_dirty == 0);
        for (size_t i = 0; i < state->n_changed; i++)
                change_note(status, &state->changed[i]);
        for (size_t i = 0; i < state->n_changed; i++)
                state->changed[i].object->listed = false;
        for (size_t i = 0; i < state->n_undo; i++) {
                if (state->undo[i].object != NULL)
                        state->undo[i].object->undo = NULL;
                undo_release(&state->undo[i]);
        }
        for (size_t i = 0; i < state->n_changed; i++)
                if (!state->changed[i].object->live && !state->changed[i].object->visiting && !state->keeps_all)
                        object_forget(state, state->changed[i].object);
        batch_forget(state);
}

void state_rollback(State *state) {
        StateMark start = {.area = state->counters_before};
        state_undo(state, &start);
        batch_forget(state);
}

/* ---- rows of no object ---- */
void state_journal(State *state, TableId table, const char *const *cells, size_t n_cells) {
        assert(n_cells + 1 == table_describe(table)->n_columns);
        size_t n = 0;
        for (size_t i = 0; i < n_cells; i++)
                n += cells[i] == NULL ? 1 : strlen(cells[i]) + 2;
        char *packed = malloc(n), *at = packed;
        if (packed == NULL)
                abort();
        for (size_t i = 0; i < n_cells; i++) {
                *at++ = cells[i] == NULL ? 0 : 1;
                if (cells[i] != NULL)
                        at = stpcpy(at, cells[i]) + 1;
        }
        state->journal = state_grow(state->journal, state->n_journal, &state->journal_capacity, sizeof *state->journal);
        state->journal[state->n_journal++] = (JournalEntry){.table = table, .n_cells = n_cells, .packed = packed};
}

/* The key of an entry of an upserted table, as a string. */
static void entry_key(const JournalEntry *entry, Text *ret) {
        const char *at = entry->packed;
        text_reset(ret);
        text_append_int(ret, entry->table);
        for (size_t i = 1; i < table_describe(entry->table)->n_key; i++) {
                assert(*at == 1);
                text_append_char(ret, '\x1f');
                text_append_string(ret, at + 1);
                at += strlen(at) + 1;
        }
}

/* The last entry of each key of upserted tables. */
static Map *journal_last(State *state) {
        Map *last = map_new();
        Text key = {0};
        for (size_t i = 0; i < state->n_journal; i++) {
                if (table_describe(state->journal[i].table)->append_only)
                        continue;
                entry_key(&state->journal[i], &key);
                if (!map_set(last, text_string(&key), &state->journal[i]))
                        abort();
        }
        text_deinit(&key);
        return last;
}

void state_write_journal(State *state, Rows rows[TABLE_COUNT]) {
        Map *last = journal_last(state);
        Text key = {0};
        for (size_t number = 0; number < state->n_journal; number++) {
                const JournalEntry *entry = &state->journal[number];
                if (!table_describe(entry->table)->append_only) {
                        entry_key(entry, &key);
                        if (map_find(last, text_string(&key)) != entry)
                                continue;
                }
                Rows *to = &rows[entry->table];
                rows_text(to, state->area);
                const char *at = entry->packed;
                for (size_t i = 0; i < entry->n_cells; i++) {
                        rows_text(to, *at == 0 ? NULL : at + 1);
                        at += *at == 0 ? 1 : strlen(at) + 1;
                }
                rows_end(to);
        }
        text_deinit(&key);
        map_free(last);
}

/* ---- timers ---- */
Object *state_next_timer(const State *state, Timer *ret, int64_t *ret_at) {
        return heap_first(state->heap, ret, ret_at);
}

void state_put_off(State *state, Object *object, int64_t until_ms) {
        object->put_off = until_ms;
        heap_update(state->heap, object, false);
}

/* ---- numbers ---- */
uint32_t area_number(const Area *area, int year) {
        for (size_t i = 0; i < area->n_numbers; i++)
                if (area->numbers[i].year == year)
                        return area->numbers[i].n;
        return 0;
}

void area_raise(Area *area, int year, uint32_t n) {
        size_t at = 0;
        while (at < area->n_numbers && area->numbers[at].year < year)
                at++;
        if (at < area->n_numbers && area->numbers[at].year == year) {
                if (area->numbers[at].n < n)
                        area->numbers[at].n = n;
                return;
        }
        if (area->n_numbers == AREA_YEARS_MAX) {
                if (at == 0)
                        return;
                memmove(&area->numbers[0], &area->numbers[1], (AREA_YEARS_MAX - 1) * sizeof area->numbers[0]);
                area->n_numbers--;
                at--;
        }
        memmove(&area->numbers[at + 1], &area->numbers[at], (area->n_numbers - at) * sizeof area->numbers[0]);
        area->numbers[at].year = year;
        area->numbers[at].n = n;
        area->n_numbers++;
}

/* ---- loading ---- */
const char *state_load(State *state, ObjectKind kind, const char *const *cells) {
        Object *object = state_make(state, kind);
        const char *why = object_read_row(state, object, cells);
        char key[OBJECT_KEY_MAX];
        if (why != NULL) {
                object_discard(object);
                return why;
        }
        object_key(object, key);
        if (map_find(state->objects[kind], key) != NULL) {
                object_discard(object); /* looked up twice, or it is here already */
                return NULL;
        }
        state_register(state, object);
        if (!object->live) {
                object->visiting = true;
                state->visitors = state_grow(state->visitors, state->n_visitors, &state->visitors_capacity, sizeof *state->visitors);
                state->visitors[state->n_visitors++] = object;
        }
        object_is_dirty(state, object);
        state_settle(state);
        return NULL;
}
