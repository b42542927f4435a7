/*
 * Reconcile: after every connection, whether the broker holds what it should (I4, I10). The retained mark says up to where this or
 * an earlier daemon published; if that is not where the state is now, every retained document is read and compared: missing and
 * different ones are published again, unknown ones cleared. The broker's contents are a cache.
 */
#ifndef POLICEGRID_DAEMON_RECONCILE_H
#define POLICEGRID_DAEMON_RECONCILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/engine.h"
#include "proto/map.h"

typedef enum ReconcileState {
        RECONCILE_NEEDED = 0, /* connected anew */
        RECONCILE_MARK,       /* the mark is being read */
        RECONCILE_JUDGE,      /* it was: compare it */
        RECONCILE_ALL,        /* every document is being read */
        RECONCILE_COMPARE,    /* they were: compare them */
        RECONCILE_DONE,
} ReconcileState;

typedef struct Reconcile {
        ReconcileState state;
        uint64_t from_seq;    /* where the state was when the connection was made; what follows is published on it */
        bool has_mark;
        uint64_t mark_seq;
        Map *found;           /* topic → hash of its payload, owned */
} Reconcile;

void reconcile_reset(Reconcile *reconcile, uint64_t from_seq);
/* A retained document of the survey that is running. */
void reconcile_take(Reconcile *reconcile, const char *topic, const void *payload, size_t n_payload);
/* The survey that was running is complete. */
void reconcile_surveyed(Reconcile *reconcile);
/* RECONCILE_JUDGE: whether, by the mark's account, everything was published that this connection does not publish. */
bool reconcile_is_current(const Reconcile *reconcile);
/*
 * RECONCILE_COMPARE: what must be published to make the broker hold what the engine says. *ret is to be empty; the caller deinits
 * it. Counts into *ret_republished and *ret_cleared.
 */
void reconcile_compare(Reconcile *reconcile, Engine *engine, Documents *ret, size_t *ret_republished, size_t *ret_cleared);

#endif
