/*
 * Counters: what was refused and done, by reason; told to the broker's log once a window instead of once an event.
 */
#ifndef POLICEGRID_PLUGIN_COUNTER_H
#define POLICEGRID_PLUGIN_COUNTER_H

#include <stdint.h>

#include "proto/access.h"

#define COUNTER_WINDOW_MS 10000

typedef enum Counter {
        COUNT_CONNECTED,
        COUNT_ENROLLING,
        COUNT_REFUSED_NAME,      /* user name or client id malformed, or of no area of ours */
        COUNT_REFUSED_ROSTER,    /* the area has no roster */
        COUNT_REFUSED_UNKNOWN,   /* no such member */
        COUNT_REFUSED_SECRET,    /* wrong or expired secret or code */
        COUNT_REFUSED_CLIENT,    /* client id is not bound to the member */
        COUNT_DENIED_PUBLISH,
        COUNT_DENIED_SUBSCRIBE,
        COUNT_DENIED_RECEIVE,
        COUNT_DENIED_WILL,
        COUNT_DENIED_QOS,
        COUNT_BUSY,
        COUNT_UNSTAMPED,         /* let nothing through: a stamp could not be made */
        COUNT_KICKED,
        COUNT_PRUNED,            /* offline sessions of members who are gone */
        COUNT_DOCUMENTS,
        COUNT_CONTROL_REFUSED,   /* malformed or foreign control messages */
        COUNT_RECEIPTS,
        COUNT_RECEIPTS_WITHHELD, /* the sender's rate was spent */
        COUNT_KINDS
} Counter;

typedef struct Counters {
        uint64_t total[COUNT_KINDS];
        uint64_t told[COUNT_KINDS];                  /* of total, so many stand in the log */
        uint64_t reason[ACCESS_ANSWER_COUNT];        /* of denied publishes and subscriptions, in this window */
        int64_t window_end;                          /* Unix ms */
} Counters;

static inline void counter_add(Counters *counters, Counter counter) { counters->total[counter]++; }
/* One line if something was refused since the last window. */
void counter_tell(Counters *counters, int64_t now_ms);

#endif
