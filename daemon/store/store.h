/*
 * Store: PostgreSQL on the loop. Owns three connections: the writer's (lock, epoch, batches, lookups), the reader's (queries) and
 * the maintainer's (partitions, retention). Knows nothing of MQTT. Callbacks run on the loop, never from within a call.
 */
#ifndef POLICEGRID_STORE_STORE_H
#define POLICEGRID_STORE_STORE_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "engine/engine.h"

typedef struct Store Store;

typedef struct StoreConfig {
        const char *conninfo;           /* of the daemon's role */
        const char *area;
        uint64_t retry_ms;              /* between connection or lock attempts */
        uint64_t query_timeout_ms;      /* statement_timeout of the reader */
        struct StoreRetention {         /* days; 0 = the default of the configuration */
                int64_t notes, contacts, quarantine, devices, audit;
        } retention;
} StoreConfig;

typedef enum StoreWrite {
        STORE_WRITE_COMMITTED = 0,
        STORE_WRITE_REFUSED,   /* known failure, SQLSTATE class 22, 23 or 54: undo and bisect (I14) */
        STORE_WRITE_UNKNOWN,   /* connection lost, a WARNING on COMMIT, disk full, anything else: reload */
        STORE_WRITE_FOREIGN,   /* another writer's epoch: exit */
} StoreWrite;

typedef enum StoreState {
        STORE_CONNECTING = 0, STORE_WAITING_LOCK, STORE_LOADING, STORE_READY, STORE_STOPPED
} StoreState;

typedef struct StoreEvents {
        /* Lock held, schema as expected, epoch taken: rows follow. A fresh engine must be in place when this returns. */
        void (*on_load_start)(void *userdata, uint64_t epoch);
        /* One row of the working set; returns 0 or the engine's outcome (then the store stops with on_fatal). */
        int (*on_row)(void *userdata, TableId table, const char *const *cells);
        void (*on_ready)(void *userdata);
        /* The writer's connection or lock is gone; the store reconnects by itself and starts again with on_load_start. */
        void (*on_lost)(void *userdata, const char *why);
        /* Nothing to be retried: newer schema, missing migration, foreign epoch. The daemon exits. */
        void (*on_fatal)(void *userdata, const char *why);
} StoreEvents;

Store *store_new(uv_loop_t *loop, const StoreConfig *config, const StoreEvents *events, void *userdata);
void store_start(Store *store);
StoreState store_state(const Store *store);
/* Why it is not ready, in words for a log or for /readyz; "" when it is. Valid until the loop turns. */
const char *store_why(const Store *store);
/*
 * Drop the writer's connection and start again. Not needed after STORE_WRITE_UNKNOWN: the store has already done so and on_lost
 * follows; called from within on_done, it saves the daemon that on_lost.
 */
void store_reset(Store *store);
/*
 * Close everything; on_closed when no handle is left, after which store_free. What is in flight ends first, unanswered: on_done and
 * on_reply are called for each; on_lost and on_fatal are not.
 */
void store_stop(Store *store, void (*on_closed)(void *userdata));
Store *store_free(Store *store);

/*
 * What follows may be called at any time; without a ready writer it ends unanswered (false, STORE_WRITE_UNKNOWN), a turn later.
 */
/*
 * Look up rows by key, all in one round trip; on_row gets those that exist, then on_done(true), or (false) when the connection was
 * lost. One lookup at a time, of at most STORE_LOOKUPS_MAX keys (every need of the largest burst).
 */
#define STORE_LOOKUPS_MAX ((size_t)4096 * ENGINE_NEEDS_MAX)
void store_lookup(Store *store, const EngineNeed *needs, size_t n_needs, void (*on_done)(void *userdata, bool ok));
/* Write a batch in one transaction. The batch must stay unchanged until on_done. One at a time. `sqlstate` and `why` may be "". */
void store_write(Store *store, Batch *batch,
                 void (*on_done)(void *userdata, StoreWrite outcome, const char *sqlstate, const char *why));
/* Put a message into quarantine, in a transaction of its own. One at a time. */
typedef struct StoreQuarantine {
        const char *sender, *id, *topic, *sqlstate, *why;
        const void *payload; size_t n_payload;
        int64_t received_at;
} StoreQuarantine;
void store_quarantine(Store *store, const StoreQuarantine *message, void (*on_done)(void *userdata, bool ok));
/* Whether an entry with a payload is there. `answered` is false when the connection was lost. One at a time. */
void store_quarantine_find(Store *store, int64_t id, void (*on_answer)(void *userdata, bool answered, bool found));
/*
 * Read one back for another try, and count the try. on_found gets the message, borrowed, or NULL: unknown id (digits of
 * quarantine.id), payload already erased, or no connection. One at a time.
 */
void store_quarantine_read(Store *store, const char *id, void (*on_found)(void *userdata, const StoreQuarantine *message));

/*
 * Run a named query on the reader's connection. on_reply gets JSON text (an object or array) or NULL and why. Queued, at most
 * STORE_QUERIES_MAX; returns false when full. The query's contents are copied.
 */
#define STORE_QUERIES_MAX 256
bool store_query(Store *store, const EngineQuery *query, void *context,
                 void (*on_reply)(void *userdata, void *context, const char *json, const char *why));
/* PostgreSQL's clock minus ours, ms, from the last ping; 0 when unknown. */
int64_t store_clock_offset_ms(const Store *store);

/* `policegridd --migrate`: apply what is missing, each file in a transaction, as owner. Blocking; prints progress to stderr. */
enum { MIGRATE_E_CONNECT = 1, MIGRATE_E_NEWER, MIGRATE_E_FAILED };
int store_migrate(const char *conninfo, const char *area_or_null);
/* The schema version that this build expects. */
unsigned store_schema_version(void);

#endif
