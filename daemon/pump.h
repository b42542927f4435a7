/*
 * Pump: one message's way (DESIGN.md) as a state machine. Takes the messages of a burst, has looked up what memory does not know,
 * lets the engine decide, has it written, tells what was committed; undoes and bisects what the database refuses; sends what fails
 * alone to quarantine. Does no I/O of its own: everything outside goes through PumpOps, whose answers come back by pump_on_….
 */
#ifndef POLICEGRID_DAEMON_PUMP_H
#define POLICEGRID_DAEMON_PUMP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "burst.h"
#include "counters.h"
#include "engine/engine.h"
#include "horizon.h"
#include "store/store.h"

typedef struct Pump Pump;

typedef struct PumpOps {
        /* Answered by pump_on_looked_up, pump_on_written, pump_on_quarantined. */
        void (*lookup)(void *userdata, const EngineNeed *needs, size_t n_needs);
        void (*write)(void *userdata, Batch *batch);
        void (*quarantine)(void *userdata, const StoreQuarantine *message);
        void (*find)(void *userdata, int64_t entry); /* whether the quarantine holds it; answered by pump_on_found */
        /* A batch is durable (or had nothing to write): publish its documents, in order. */
        void (*committed)(void *userdata, const Batch *batch);
        /* A query of the burst; all of the burst's commands are durable. */
        void (*query)(void *userdata, const Command *command);
        /* An admin's clock-confirm or quarantine-retry was accepted and is durable. */
        void (*accepted)(void *userdata, const Command *command);
        /* Nothing is in work: PUBACKs may go (a burst was done when `acknowledge`). */
        void (*idle)(void *userdata, bool acknowledge);
} PumpOps;

typedef struct PumpConfig {
        const char *area;
        const uint8_t *stamp_key;   /* STAMP_KEY_BYTES, borrowed */
        Inflight *inflight;         /* NULL = none */
        Counters *counters;
} PumpConfig;

Pump *pump_new(const PumpConfig *config, const PumpOps *ops, void *userdata);
Pump *pump_free(Pump *pump);

/* The engine to work with, loaded, and its writer's epoch; NULL: forget everything in work, without a word to anybody. */
void pump_set_engine(Pump *pump, Engine *engine, uint64_t epoch);
bool pump_is_idle(const Pump *pump);
/* Whether timers may fire at all (the clock is trusted). */
void pump_allow_timers(Pump *pump, bool allowed);
/* A timer that the database refuses stops all timers until this; monotonic ms, 0 = they run. */
int64_t pump_blocked_until(const Pump *pump);
Horizon *pump_horizon(Pump *pump);
size_t pump_in_work(const Pump *pump);

/* A message of the burst that is being read. `now_ms` is wall time. Returns false when it was dropped. */
bool pump_message(Pump *pump, HorizonSession session, const RawMessage *raw, int64_t now_ms);
/* The burst is complete: start. */
void pump_burst(Pump *pump);
/* The connection is gone: forget a burst that was not complete. What is in work goes on; its messages will be delivered again. */
void pump_lost(Pump *pump);
/* A message out of quarantine as a burst of its own; only when idle. Returns false when it is not readable. */
bool pump_again(Pump *pump, const RawMessage *raw, const char *id, int64_t now_ms);
/* Fire timers due at or before the horizon as a batch of their own; only when idle. */
void pump_fire(Pump *pump, int64_t horizon_ms);

/* A batch that the daemon makes itself (bootstrap, playbooks): `job` appends to the batch; only when idle. */
typedef Code PumpJob(Engine *engine, void *argument);
/* done(argument, code): the job's code, CODE_INTERNAL when the database refused. */
void pump_run(Pump *pump, PumpJob *job, void (*done)(void *argument, Code code), void *argument);

void pump_on_looked_up(Pump *pump, bool ok);
void pump_on_written(Pump *pump, StoreWrite outcome, const char *sqlstate, const char *why);
void pump_on_quarantined(Pump *pump, bool ok);
void pump_on_found(Pump *pump, bool answered, bool found);

#endif
