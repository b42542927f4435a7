/*
 * Horizon. Times of messages and fences are the broker's clock; `wanted` and `now` are this machine's wall clock: the daemon and its
 * broker stand on one machine, or their clocks agree within the bound that clock.c watches.
 */
#include "horizon.h"

void horizon_reset(Horizon *horizon) {
        for (int i = 0; i < HORIZON_SESSIONS; i++)
                horizon->through[i] = horizon->fence[i] = INT64_MIN;
        horizon->waiting_since = -1;
}

void horizon_message(Horizon *horizon, HorizonSession session, int64_t received_at) {
        if (received_at > horizon->through[session])
                horizon->through[session] = received_at;
}

void horizon_fence(Horizon *horizon, HorizonSession session, int64_t at) {
        if (at > horizon->fence[session])
                horizon->fence[session] = at;
}

int64_t horizon_before(const Horizon *horizon, HorizonSession session, int64_t received_at) {
        int64_t before = received_at - 1, bulk;

        if (session == HORIZON_BULK)
                return before;
        bulk = horizon->through[HORIZON_BULK] > horizon->fence[HORIZON_BULK] ? horizon->through[HORIZON_BULK] : horizon->fence[HORIZON_BULK];
        return bulk < before ? bulk : before;
}

int64_t horizon_proven(const Horizon *horizon) {
        int64_t urgent = horizon->fence[HORIZON_URGENT], bulk = horizon->fence[HORIZON_BULK];

        return urgent < bulk ? urgent : bulk;
}

int64_t horizon_wait(Horizon *horizon, int64_t wanted, int64_t now_ms, int64_t monotonic_ms, int64_t patience_ms, bool *ret_patience_lost) {
        int64_t proven = horizon_proven(horizon);

        *ret_patience_lost = false;
        if (proven >= wanted) {
                horizon->waiting_since = -1;
                return proven;
        }
        if (horizon->waiting_since < 0)
                horizon->waiting_since = monotonic_ms;
        if (monotonic_ms - horizon->waiting_since < patience_ms)
                return proven;
        *ret_patience_lost = true;
        horizon->waiting_since = monotonic_ms; /* patience begins anew: once per bound */
        return now_ms;
}
