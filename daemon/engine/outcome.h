/*
 * Outcome: what was answered to (sender, id), so that a repeat gets the same answer (I3). A bounded memory of the latest; older
 * ones are looked up in TABLE_OUTCOME, which holds them all for 400 days.
 */
#ifndef POLICEGRID_ENGINE_OUTCOME_H
#define POLICEGRID_ENGINE_OUTCOME_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/state/rows.h"
#include "proto/message.h"

typedef struct Outcome {
        char sender[MEMBER_MAX + 1];
        char id[MESSAGE_ID_MAX + 1];
        char body_hash[BODY_HASH_BYTES * 2 + 1];
        uint64_t seq, epoch;
        int64_t at;
        bool accepted, late, masked;
        Code code;
        char detail[160];
        char *created;       /* JSON object, owned; NULL when nothing was made */
        int64_t revision;    /* -1 when none */
        int64_t event;       /* -1 when none */
} Outcome;

typedef struct Outcomes Outcomes;

Outcomes *outcomes_new(size_t limit);
Outcomes *outcomes_free(Outcomes *outcomes);
const Outcome *outcomes_find(const Outcomes *outcomes, const char *sender, const char *id); /* NULL when unknown */
/* Takes `created` of the argument over; the rest is copied. */
void outcomes_add(Outcomes *outcomes, const Outcome *outcome);
/* A batch: what was added since begin is forgotten by rollback; commit lets the oldest go beyond the limit. */
void outcomes_begin(Outcomes *outcomes);
void outcomes_commit(Outcomes *outcomes);
void outcomes_rollback(Outcomes *outcomes);

void outcome_write_row(const Outcome *outcome, const char *area, Rows *rows);
/* `cells` with `area`. NULL, or the column that does not fit. Added when good. */
const char *outcome_load(Outcomes *outcomes, const char *const *cells);

#endif
