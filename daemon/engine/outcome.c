#include "engine/outcome.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/map.h"

#define KEY_MAX (MEMBER_MAX + MESSAGE_ID_MAX + 2)

struct Outcomes {
        Map *by_key;        /* sender, space, id */
        Outcome **ring;     /* owned; oldest at `first` */
        size_t capacity, first, n;
        size_t n_before;    /* at the start of the batch */
        size_t limit;
};

static void outcome_key(const char *sender, const char *id, char ret[static KEY_MAX]) {
        snprintf(ret, KEY_MAX, "%s %s", sender, id);
}

Outcomes *outcomes_new(size_t limit) {
        Outcomes *outcomes = calloc(1, sizeof *outcomes);
        if (outcomes == NULL || (outcomes->by_key = map_new()) == NULL)
                abort();
        outcomes->limit = limit;
        return outcomes;
}

static Outcome *outcome_free(Outcome *outcome) {
        free(outcome->created);
        free(outcome);
        return NULL;
}

Outcomes *outcomes_free(Outcomes *outcomes) {
        if (outcomes == NULL)
                return NULL;
        for (size_t i = 0; i < outcomes->n; i++)
                outcome_free(outcomes->ring[(outcomes->first + i) % outcomes->capacity]);
        map_free(outcomes->by_key);
        free(outcomes->ring);
        free(outcomes);
        return NULL;
}

const Outcome *outcomes_find(const Outcomes *outcomes, const char *sender, const char *id) {
        char key[KEY_MAX];
        outcome_key(sender, id, key);
        return map_find(outcomes->by_key, key);
}

static void ring_grow(Outcomes *outcomes) {
        size_t capacity = outcomes->capacity == 0 ? 256 : outcomes->capacity * 2;
        Outcome **ring = malloc(capacity * sizeof *ring);
        if (ring == NULL)
                abort();
        for (size_t i = 0; i < outcomes->n; i++)
                ring[i] = outcomes->ring[(outcomes->first + i) % outcomes->capacity];
        free(outcomes->ring);
        outcomes->ring = ring;
        outcomes->capacity = capacity;
        outcomes->first = 0;
}

void outcomes_add(Outcomes *outcomes, const Outcome *outcome) {
        char key[KEY_MAX];
        outcome_key(outcome->sender, outcome->id, key);
        assert(map_find(outcomes->by_key, key) == NULL);
        Outcome *copy = malloc(sizeof *copy);
        if (copy == NULL)
                abort();
        *copy = *outcome;
        if (outcomes->n == outcomes->capacity)
                ring_grow(outcomes);
        outcomes->ring[(outcomes->first + outcomes->n++) % outcomes->capacity] = copy;
        if (!map_set(outcomes->by_key, key, copy))
                abort();
}

static void outcome_leave(Outcomes *outcomes, Outcome *outcome) {
        char key[KEY_MAX];
        outcome_key(outcome->sender, outcome->id, key);
        map_remove(outcomes->by_key, key);
        outcome_free(outcome);
}

void outcomes_begin(Outcomes *outcomes) {
        outcomes->n_before = outcomes->n;
}

void outcomes_commit(Outcomes *outcomes) {
        while (outcomes->n > outcomes->limit) {
                outcome_leave(outcomes, outcomes->ring[outcomes->first]);
                outcomes->first = (outcomes->first + 1) % outcomes->capacity;
                outcomes->n--;
        }
}

void outcomes_rollback(Outcomes *outcomes) {
        while (outcomes->n > outcomes->n_before)
                outcome_leave(outcomes, outcomes->ring[(outcomes->first + --outcomes->n) % outcomes->capacity]);
}

void outcome_write_row(const Outcome *outcome, const char *area, Rows *rows) {
        rows_text(rows, area);
        rows_text(rows, outcome->sender);
        rows_text(rows, outcome->id);
        rows_text(rows, outcome->body_hash);
        rows_int(rows, (int64_t)outcome->seq);
        rows_time(rows, outcome->at);
        rows_text(rows, outcome->accepted ? "accepted" : "rejected");
        rows_text(rows, outcome->code == CODE_NONE ? NULL : code_name(outcome->code));
        rows_text(rows, *outcome->detail == '\0' ? NULL : outcome->detail);
        rows_bool(rows, outcome->late);
        rows_bool(rows, outcome->masked);
        rows_text(rows, outcome->created);
        rows_int(rows, outcome->revision);
        rows_int(rows, outcome->event);
        rows_int(rows, (int64_t)outcome->epoch);
        rows_end(rows);
}

static bool cell_copy(const char *cell, char *ret, size_t size) {
        return (size_t)snprintf(ret, size, "%s", cell == NULL ? "" : cell) < size;
}

static bool cell_int(const char *cell, int64_t *ret) {
        return cell != NULL && sscanf(cell, "%" SCNd64, ret) == 1;
}

const char *outcome_load(Outcomes *outcomes, const char *const *cells) {
        Outcome outcome = {0};
        int64_t seq, epoch;
        if (!cell_copy(cells[1], outcome.sender, sizeof outcome.sender))
                return "sender";
        if (!cell_copy(cells[2], outcome.id, sizeof outcome.id))
                return "id";
        if (!cell_copy(cells[3], outcome.body_hash, sizeof outcome.body_hash))
                return "body_hash";
        if (!cell_int(cells[4], &seq) || !cell_int(cells[5], &outcome.at))
                return "seq";
        if (cells[6] == NULL || cells[9] == NULL || cells[10] == NULL)
                return "outcome";
        outcome.accepted = strcmp(cells[6], "accepted") == 0;
        outcome.code = cells[7] == NULL ? CODE_NONE : code_parse(cells[7]);
        if (!cell_copy(cells[8], outcome.detail, sizeof outcome.detail))
                return "detail";
        outcome.late = *cells[9] == 't';
        outcome.masked = *cells[10] == 't';
        if (!cell_int(cells[12], &outcome.revision) || !cell_int(cells[13], &outcome.event) || !cell_int(cells[14], &epoch))
                return "revision";
        outcome.seq = (uint64_t)seq;
        outcome.epoch = (uint64_t)epoch;
        if (outcomes_find(outcomes, outcome.sender, outcome.id) != NULL)
                return NULL;
        if (cells[11] != NULL && (outcome.created = strdup(cells[11])) == NULL)
                abort();
        outcomes_add(outcomes, &outcome);
        return NULL;
}
