/*
 * Burst: the messages of one reading of both sessions, parsed, with what is needed to put one into quarantine. Merged by time of
 * receipt, each session's own order kept.
 */
#ifndef POLICEGRID_DAEMON_BURST_H
#define POLICEGRID_DAEMON_BURST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "horizon.h"
#include "inflight.h"
#include "proto/message.h"

typedef struct BurstMessage {
        HorizonSession session;
        Command command;
        char *topic;             /* owned copy of the raw topic */
        void *payload;           /* owned copy */
        size_t n_payload;
        InflightHash hash;
        unsigned crashes;        /* it was in work at so many */
        bool alone;              /* must be a batch of its own */
        bool again;              /* taken out of quarantine: no inflight hash, no PUBACK */
} BurstMessage;

typedef struct Burst {
        BurstMessage *items;
        size_t n, capacity;
} Burst;

/*
 * Parse and keep one message. Returns false when it is nobody's (no or forged stamp, no upward topic): it was not kept. `inflight`
 * may be NULL.
 */
bool burst_add(Burst *burst, HorizonSession session, const RawMessage *raw, const char *area, const uint8_t key[static STAMP_KEY_BYTES],
               int64_t now_ms, Inflight *inflight);
/* One message that was taken out of quarantine, with an id of its own. */
bool burst_add_again(Burst *burst, const RawMessage *raw, const char *id, const char *area, const uint8_t key[static STAMP_KEY_BYTES],
                     int64_t now_ms);
/* The entry of the quarantine that the message wants tried again; 0 when it wants none. */
int64_t burst_retries(const BurstMessage *message);
void burst_merge(Burst *burst);
void burst_reset(Burst *burst);
void burst_deinit(Burst *burst);

#endif
