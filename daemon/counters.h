/*
 * Counters: what the daemon has done since it started, for /metrics. Plain numbers; whoever does something counts it.
 */
#ifndef POLICEGRID_DAEMON_COUNTERS_H
#define POLICEGRID_DAEMON_COUNTERS_H

#include <stdint.h>

#include "horizon.h"
#include "proto/code.h"
#include "proto/text.h"

typedef struct Counters {
        uint64_t messages[HORIZON_SESSIONS];   /* read, stamped, by session */
        uint64_t dropped;                      /* without a valid stamp, or no upward topic */
        uint64_t accepted, rejected, repeated; /* outcomes */
        uint64_t codes[CODE_COUNT];            /* rejections by code */
        uint64_t batches, batches_refused, batches_unknown;
        uint64_t rows, documents;              /* committed, handed to the broker */
        uint64_t timers;                       /* fired and committed */
        uint64_t timers_put_off;               /* refused by themselves */
        uint64_t quarantined;
        uint64_t queries, queries_refused;
        uint64_t latency_ms, n_latency;        /* from received_at to committed, summed over messages */
        uint64_t write_ms;                     /* waiting for commits, summed over batches */
        uint64_t surveys, republished, cleared;/* rebuilding the broker's contents */
        uint64_t broker_lost, database_lost;
        uint64_t horizon_impatient;            /* times that timers did not wait for the backlog any longer */
} Counters;

/* What is not counted but measured when asked. */
typedef struct Gauges {
        uint64_t epoch, seq, roster_version, roster_held;
        int64_t next_due_ms;      /* until the next timer, ms; negative when overdue */
        uint64_t in_burst, suspects;
        int64_t clock_offset_ms;
        int ready;
} Gauges;

/* Prometheus text format 0.0.4. */
void counters_print(const Counters *counters, const Gauges *gauges, Text *ret);

#endif
