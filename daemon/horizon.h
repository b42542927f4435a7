/*
 * Horizon: up to which instant timers may fire (I9). A timer due precedes a message received later, and follows one received
 * earlier, however late that one is delivered: so a timer may fire only when everything received before its due time has been
 * decided. Each session proves that by what it delivers, in order of receipt, and by fences. Pure.
 */
#ifndef POLICEGRID_DAEMON_HORIZON_H
#define POLICEGRID_DAEMON_HORIZON_H

#include <stdbool.h>
#include <stdint.h>

typedef enum HorizonSession { HORIZON_URGENT = 0, HORIZON_BULK, HORIZON_SESSIONS } HorizonSession;

typedef struct Horizon {
        int64_t through[HORIZON_SESSIONS]; /* received_at of the latest message read; INT64_MIN before the first */
        int64_t fence[HORIZON_SESSIONS];   /* at of the latest fence of this connection; INT64_MIN before the first */
        int64_t waiting_since;             /* monotonic ms; since when fences are out that would matter; -1 = not waiting */
} Horizon;

/* A new connection: nothing is proven, the backlog comes first. */
void horizon_reset(Horizon *horizon);
void horizon_message(Horizon *horizon, HorizonSession session, int64_t received_at);
void horizon_fence(Horizon *horizon, HorizonSession session, int64_t at);
/*
 * Up to when timers fire before a message received at that time is decided. A bulk message proves the urgent session too, which is
 * always read first and is short; an urgent one does not prove the bulk session and never waits for it.
 */
int64_t horizon_before(const Horizon *horizon, HorizonSession session, int64_t received_at);
/* Up to when timers fire without any message: the earlier of both fences. INT64_MIN when not proven. */
int64_t horizon_proven(const Horizon *horizon);
/*
 * The same with patience: when `wanted` has not been proven for `patience_ms` since the first call that found so, `now` counts as
 * proven: a backlog that never ends must not stop the clocks. *ret_patience_lost tells that.
 */
int64_t horizon_wait(Horizon *horizon, int64_t wanted, int64_t now_ms, int64_t monotonic_ms, int64_t patience_ms, bool *ret_patience_lost);

#endif
