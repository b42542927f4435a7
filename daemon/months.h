/*
 * Months: the units' retained month documents and the books of closed months. The engine holds no figures: the reader counts them
 * after changes, conflated; what is to stand in the log (a month that closes, a correction) becomes a batch of its own first.
 */
#ifndef POLICEGRID_DAEMON_MONTHS_H
#define POLICEGRID_DAEMON_MONTHS_H

#include <stdbool.h>
#include <stdint.h>
#include <cjson/cJSON.h>

#include "proto/map.h"

typedef struct Daemon Daemon;

typedef enum MonthsState {
        MONTHS_IDLE = 0,
        MONTHS_BOOKS,         /* asked what the books need */
        MONTHS_KEEP,          /* they need something: a batch is to be made of it */
        MONTHS_AGAIN,         /* it was: ask once more */
        MONTHS_DOCUMENTS,     /* asked what is to be shown */
} MonthsState;

/* Embedded in the daemon; zeroed = nothing known, nothing shown. */
typedef struct Months {
        MonthsState state;
        uint64_t generation;  /* answers to questions from before a reload or a reconnect are not used */
        int64_t at;           /* monotonic ms of the last round's beginning */
        uint64_t seq;         /* of the state that this round counts, or the last one did */
        int64_t day;          /* of the last round, in the town */
        unsigned n_rounds;    /* done */
        unsigned n_kept;      /* batches of this round */
        cJSON *books;         /* to be kept, owned; NULL = nothing */
        Map *shown;           /* unit → what the broker holds of it; owned, NULL before the first document */
} Months;

/* What is next: begin a round, or a batch of what the books need. True when a batch was begun. Only when nothing is in work. */
bool months_turn(Daemon *daemon);
/* What the broker holds, or the engine, is not known any more. */
void months_forget(Months *months);

#endif
