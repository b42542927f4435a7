/*
 * Pump. A burst is a stack of ranges. Popping one: a message that must be alone is cut out; what memory lacks is looked up; the
 * commands are decided in order, timers that are due before each fired first; the batch is written.
 *
 *   committed  → publish; next range
 *   refused    → undo; two or more messages: push both halves; one message with timers before it: the timers alone first; one
 *                message alone: quarantine, then its receipt as a batch
 *   unknown    → nothing may be said: everything in work is forgotten when the store tells of its loss
 *
 * PUBACKs go when the whole burst is done (I1). A timer refused by itself is put off for a minute; the other timers and the messages
 * go on (I14).
 */
#include "pump.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "log.h"
#include "needs.h"

#define FIRE_MAX 500          /* timers in one batch */
#define LOOKUP_ROUNDS_MAX 3   /* a task, then its case, then what that names */
#define BLOCK_MS 60000

typedef enum PumpState { PUMP_STOPPED = 0, PUMP_IDLE, PUMP_LOOKUP, PUMP_FIND, PUMP_WRITE, PUMP_QUARANTINE } PumpState;
typedef enum BatchKind { BATCH_RANGE = 0, BATCH_TIMERS, BATCH_RECEIPT, BATCH_JOB } BatchKind;
typedef struct Range { size_t first, n; } Range;

struct Pump {
        PumpConfig config;
        PumpOps ops;
        void *userdata;
        Engine *engine;          /* NULL while stopped */
        uint64_t epoch;
        PumpState state;
        Horizon horizon;
        bool timers_allowed;
        int64_t blocked_until;

        Burst burst;
        bool is_burst;           /* a burst is in work: its PUBACKs are held */
        Range *stack;
        size_t n_stack, capacity;
        Range range;             /* in work */
        unsigned rounds;
        Needs needs;             /* of this range */
        InflightHash *hashes;
        size_t hashes_capacity;

        BatchKind kind;
        Batch batch;
        size_t n_decided, n_fired; /* of this batch */
        size_t fire_max;
        bool timers_first;       /* fire up to timers_horizon as batches of their own before the next range */
        int64_t timers_horizon;
        int64_t write_at;        /* monotonic ms */
        char sqlstate[8], why[256]; /* of the refusal that sends a message to quarantine */
        LogLimit rejected[CODE_COUNT];

        bool stepping, again;

        PumpJob *job;
        void (*job_done)(void *argument, Code code);
        void *job_argument;
};

static void pump_next(Pump *pump);
static void pump_write(Pump *pump, BatchKind kind);

/* ---- ranges ---- */
static void pump_push(Pump *pump, size_t first, size_t n) {
        if (n == 0)
                return;
        if (pump->n_stack == pump->capacity) {
                pump->capacity = pump->capacity ? pump->capacity * 2 : 32;
                pump->stack = realloc(pump->stack, pump->capacity * sizeof *pump->stack);
                if (!pump->stack)
                        abort();
        }
        pump->stack[pump->n_stack++] = (Range){first, n};
}

/* Take the next range, cutting at messages that must be alone. */
static bool pump_pop(Pump *pump) {
        if (pump->n_stack == 0)
                return false;
        Range range = pump->stack[--pump->n_stack];
        size_t n = 0;

        while (n < range.n && !pump->burst.items[range.first + n].alone)
                n++;
        if (n == 0)
                n = 1;
        pump_push(pump, range.first + n, range.n - n);
        pump->range = (Range){range.first, n};
        return true;
}

/* What is in work as far as a crash is concerned. */
static void pump_mark(Pump *pump) {
        size_t n = 0;

        if (pump->hashes_capacity < pump->range.n) {
                pump->hashes_capacity = pump->range.n;
                pump->hashes = realloc(pump->hashes, pump->hashes_capacity * sizeof *pump->hashes);
                if (!pump->hashes)
                        abort();
        }
        for (size_t i = 0; i < pump->range.n; i++)
                if (!pump->burst.items[pump->range.first + i].again)
                        pump->hashes[n++] = pump->burst.items[pump->range.first + i].hash;
        inflight_work(pump->config.inflight, pump->hashes, n);
}

static void pump_unmark(Pump *pump, size_t n) {
        inflight_work(pump->config.inflight, NULL, 0);
        for (size_t i = 0; i < n; i++) {
                BurstMessage *message = &pump->burst.items[pump->range.first + i];

                if (message->crashes > 0)
                        inflight_forget(pump->config.inflight, &message->hash);
        }
}

/* ---- lookups ---- */
static void pump_collect_needs(Pump *pump) {
        for (size_t i = 0; i < pump->range.n; i++) {
                const Command *command = &pump->burst.items[pump->range.first + i].command;

                if (command->topic.kind != TOPIC_QUERY)
                        needs_collect(&pump->needs, pump->engine, command);
        }
}

/* ---- deciding ---- */
static bool pump_may_fire(const Pump *pump) {
        return pump->timers_allowed && clock_monotonic_ms() >= pump->blocked_until;
}

/* Fire what is due up to there; false when the batch holds enough timers. */
static bool pump_fire_some(Pump *pump, int64_t horizon) {
        if (!pump_may_fire(pump))
                return true;
        while (engine_next_due(pump->engine) <= horizon) {
                if (pump->n_fired >= pump->fire_max)
                        return false;
                if (!engine_fire(pump->engine, horizon))
                        break;
                pump->n_fired++;
        }
        return true;
}

static void pump_begin(Pump *pump) {
        pump->n_decided = pump->n_fired = 0;
        engine_batch_begin(pump->engine, &pump->batch);
}

static void pump_decide_range(Pump *pump) {
        size_t n = pump->range.n;

        pump_begin(pump);
        for (size_t i = 0; i < n; i++) {
                BurstMessage *message = &pump->burst.items[pump->range.first + i];

                if (message->command.topic.kind != TOPIC_QUERY) {
                        int64_t at = message->command.stamp.received_at;

                        if (!message->again && !pump_fire_some(pump, horizon_before(&pump->horizon, message->session, at))) {
                                pump_push(pump, pump->range.first + i, n - i); /* enough: the rest is another batch */
                                pump->range.n = i;
                                break;
                        }
                        engine_decide(pump->engine, &message->command, pump->epoch);
                }
                pump->n_decided++;
        }
        pump_write(pump, BATCH_RANGE);
}

static void pump_quarantine_start(Pump *pump, const char *sqlstate, const char *why) {
        BurstMessage *message = &pump->burst.items[pump->range.first];
        StoreQuarantine entry = {.sender = message->command.stamp.member, .id = message->command.id, .topic = message->topic,
                                 .sqlstate = sqlstate, .why = why, .payload = message->payload, .n_payload = message->n_payload,
                                 .received_at = message->command.stamp.received_at};

        snprintf(pump->why, sizeof pump->why, "%s", why);
        log_write(LOG_LEVEL_ERROR, "pump", "message to quarantine sender=%s id=%s topic=%s sqlstate=%s why=%s", entry.sender, entry.id,
                  entry.topic, sqlstate, why);
        pump->config.counters->quarantined++;
        pump->state = PUMP_QUARANTINE;
        pump->ops.quarantine(pump->userdata, &entry);
}

void pump_on_quarantined(Pump *pump, bool ok) {
        if (pump->state != PUMP_QUARANTINE)
                return;
        if (!ok)
                log_write(LOG_LEVEL_ERROR, "pump", "message could not be put into quarantine; its sender is told all the same");
        pump_begin(pump);
        engine_quarantine(pump->engine, &pump->burst.items[pump->range.first].command, pump->why);
        pump_write(pump, BATCH_RECEIPT);
}

/* It was in work at two crashes: not decided again. But if one of them came after its commit, its outcome stands. */
static void pump_condemn(Pump *pump) {
        pump_begin(pump);
        engine_quarantine(pump->engine, &pump->burst.items[pump->range.first].command, "");
        if (pump->batch.n_repeated > 0) {
                pump_write(pump, BATCH_RECEIPT);
                return;
        }
        engine_batch_rollback(pump->engine);
        pump_quarantine_start(pump, "", "in work at two crashes");
}

static bool pump_is_condemned(const Pump *pump) { return pump->burst.items[pump->range.first].crashes >= 2; }

static void pump_start_range(Pump *pump) {
        if (!pump_is_condemned(pump))
                pump_mark(pump);
        pump->rounds = 0;
        needs_start(&pump->needs);
        pump->state = PUMP_LOOKUP;
        pump_on_looked_up(pump, true);
}

/* Whether a retry's entry is there is asked before the retry is decided. True when the answer is waited for. */
static bool pump_find(Pump *pump) {
        const BurstMessage *message = &pump->burst.items[pump->range.first];
        int64_t entry = burst_retries(message);

        if (entry == 0)
                return false;
        pump->state = PUMP_FIND;
        pump->ops.find(pump->userdata, entry);
        return true;
}

void pump_on_found(Pump *pump, bool answered, bool found) {
        if (pump->state != PUMP_FIND || !answered)
                return; /* the store tells of its loss */
        if (!found)
                pump->burst.items[pump->range.first].command.code = CODE_UNKNOWN_TARGET;
        pump_decide_range(pump);
}

void pump_on_looked_up(Pump *pump, bool ok) {
        if (pump->state != PUMP_LOOKUP || !ok)
                return; /* the store tells of its loss */
        needs_next(&pump->needs);
        if (pump->rounds++ < LOOKUP_ROUNDS_MAX)
                pump_collect_needs(pump);
        if (pump->needs.n > 0)
                pump->ops.lookup(pump->userdata, pump->needs.items, pump->needs.n);
        else if (pump_is_condemned(pump))
                pump_condemn(pump);
        else if (!pump_find(pump))
                pump_decide_range(pump);
}

/* ---- writing ---- */
static size_t batch_count_rows(const Batch *batch) {
        size_t n = 0;

        for (int i = 0; i < TABLE_COUNT; i++)
                n += batch->rows[i].n;
        return n;
}

static void pump_write(Pump *pump, BatchKind kind) {
        pump->kind = kind;
        engine_batch_finish(pump->engine);
        pump->state = PUMP_WRITE;
        pump->write_at = clock_monotonic_ms();
        if (batch_count_rows(&pump->batch) == 0)
                pump_on_written(pump, STORE_WRITE_COMMITTED, "", "");
        else
                pump->ops.write(pump->userdata, &pump->batch);
}

/* Rejections are counted by code and told once a window; never what was rejected (I12). */
static void pump_count_codes(Pump *pump) {
        Counters *counters = pump->config.counters;

        for (int code = CODE_NONE + 1; code < CODE_COUNT; code++) {
                uint32_t n = pump->batch.n_codes[code];

                if (n == 0)
                        continue;
                counters->codes[code] += n;
                log_write_limited(&pump->rejected[code], (uint64_t)clock_monotonic_ms(), LOG_LEVEL_WARNING, "pump",
                                  "rejected code=%s n=%u: %s", code_name((Code)code), n, code_sentence_en((Code)code));
        }
}

static void pump_count(Pump *pump) {
        Counters *counters = pump->config.counters;
        const Batch *batch = &pump->batch;
        int64_t now = clock_wall_ms();

        counters->batches++;
        counters->rows += batch_count_rows(batch);
        counters->documents += batch->documents.n;
        counters->timers += pump->n_fired;
        counters->accepted += batch->n_accepted;
        counters->rejected += batch->n_rejected;
        counters->repeated += batch->n_repeated;
        pump_count_codes(pump);
        counters->write_ms += (uint64_t)(clock_monotonic_ms() - pump->write_at);
        for (size_t i = 0; pump->kind == BATCH_RANGE && i < pump->n_decided; i++) {
                const Command *command = &pump->burst.items[pump->range.first + i].command;

                counters->n_latency++;
                if (now > command->stamp.received_at)
                        counters->latency_ms += (uint64_t)(now - command->stamp.received_at);
        }
}

static void pump_committed(Pump *pump) {
        BatchKind kind = pump->kind;

        pump_count(pump);
        engine_batch_commit(pump->engine);
        pump->ops.committed(pump->userdata, &pump->batch);
        pump->fire_max = pump->timers_first ? pump->fire_max : FIRE_MAX;
        if (kind == BATCH_RANGE || kind == BATCH_RECEIPT) {
                const BurstMessage *message = &pump->burst.items[pump->range.first];

                pump_unmark(pump, pump->range.n);
                if (kind == BATCH_RANGE && message->alone && pump->n_decided == 1 && pump->batch.n_accepted == 1)
                        pump->ops.accepted(pump->userdata, &message->command);
        } else if (kind == BATCH_JOB) {
                pump->job = NULL;
                pump->job_done(pump->job_argument, CODE_NONE);
        } else if (!pump->is_burst && pump->fire_max == FIRE_MAX) {
                pump->timers_first = false; /* one batch, then messages have their turn */
        }
        pump_next(pump);
}

/* ---- refusals (I14) ---- */
static void pump_refused_range(Pump *pump, const char *sqlstate, const char *why) {
        Range range = pump->range;

        if (range.n > 1) {
                pump_push(pump, range.first + range.n / 2, range.n - range.n / 2);
                pump_push(pump, range.first, range.n / 2);
                pump_next(pump);
        } else if (pump->n_fired > 0) {
                BurstMessage *message = &pump->burst.items[range.first];

                pump_push(pump, range.first, range.n);
                pump->timers_first = true;
                pump->timers_horizon = horizon_before(&pump->horizon, message->session, message->command.stamp.received_at);
                pump_next(pump);
        } else {
                pump_quarantine_start(pump, sqlstate, why);
        }
}

static void pump_refused_timers(Pump *pump, const char *why) {
        int64_t now = clock_wall_ms() > pump->timers_horizon ? clock_wall_ms() : pump->timers_horizon;

        if (pump->n_fired > 1) {
                pump->fire_max = 1;
                pump->timers_first = true;
        } else if (engine_put_off(pump->engine, now + BLOCK_MS)) {
                pump->config.counters->timers_put_off++;
                log_write(LOG_LEVEL_ERROR, "pump", "a timer is refused by the database; it is put off for %d s: %s", BLOCK_MS / 1000, why);
        } else {
                pump->blocked_until = clock_monotonic_ms() + BLOCK_MS;
                pump->timers_first = false;
                log_write(LOG_LEVEL_ERROR, "pump", "a seat's end is refused by the database; timers stand still for %d s: %s", BLOCK_MS / 1000, why);
        }
        pump_next(pump);
}

static void pump_refused(Pump *pump, const char *sqlstate, const char *why) {
        engine_batch_rollback(pump->engine);
        pump->config.counters->batches_refused++;
        log_write(LOG_LEVEL_WARNING, "pump", "batch refused messages=%zu timers=%zu sqlstate=%s why=%s", pump->n_decided, pump->n_fired,
                  sqlstate, why);
        switch (pump->kind) {
        case BATCH_RANGE:
                pump_refused_range(pump, sqlstate, why);
                break;
        case BATCH_TIMERS:
                pump_refused_timers(pump, why);
                break;
        case BATCH_RECEIPT:
                log_write(LOG_LEVEL_ERROR, "pump", "the receipt of a quarantined message was refused too");
                pump_unmark(pump, 1);
                pump_next(pump);
                break;
        case BATCH_JOB:
                pump->job = NULL;
                pump->job_done(pump->job_argument, CODE_INTERNAL);
                pump_next(pump);
                break;
        }
}

void pump_on_written(Pump *pump, StoreWrite outcome, const char *sqlstate, const char *why) {
        if (pump->state != PUMP_WRITE)
                return;
        switch (outcome) {
        case STORE_WRITE_COMMITTED:
                pump_committed(pump);
                return;
        case STORE_WRITE_REFUSED:
                pump_refused(pump, sqlstate, why);
                return;
        case STORE_WRITE_UNKNOWN:
        case STORE_WRITE_FOREIGN:
                pump->config.counters->batches_unknown++;
                pump->state = PUMP_STOPPED; /* the engine holds what may not be durable: it is thrown away with it */
                return;
        }
}

/* ---- what comes next ---- */
static void pump_end_burst(Pump *pump) {
        bool was_burst = pump->is_burst;

        for (size_t i = 0; was_burst && i < pump->burst.n; i++)
                if (pump->burst.items[i].command.topic.kind == TOPIC_QUERY)
                        pump->ops.query(pump->userdata, &pump->burst.items[i].command);
        if (was_burst)
                burst_reset(&pump->burst);
        pump->is_burst = false;
        pump->state = PUMP_IDLE;
        pump->ops.idle(pump->userdata, was_burst);
}

static void pump_step(Pump *pump) {
        if (pump->timers_first) {
                if (pump_may_fire(pump) && engine_next_due(pump->engine) <= pump->timers_horizon) {
                        pump_begin(pump);
                        pump_fire_some(pump, pump->timers_horizon);
                        pump_write(pump, BATCH_TIMERS);
                        return;
                }
                pump->timers_first = false;
                pump->fire_max = FIRE_MAX;
        }
        if (pump_pop(pump))
                pump_start_range(pump);
        else
                pump_end_burst(pump);
}

/* A step that ends at once asks for the next one from within: the loop keeps the call stack flat. */
static void pump_next(Pump *pump) {
        pump->again = true;
        if (pump->stepping)
                return;
        pump->stepping = true;
        while (pump->again) {
                pump->again = false;
                pump_step(pump);
        }
        pump->stepping = false;
}

/* ---- from outside ---- */
bool pump_message(Pump *pump, HorizonSession session, const RawMessage *raw, int64_t now_ms) {
        assert(!pump->is_burst);
        if (!burst_add(&pump->burst, session, raw, pump->config.area, pump->config.stamp_key, now_ms, pump->config.inflight)) {
                pump->config.counters->dropped++;
                return false;
        }
        pump->config.counters->messages[session]++;
        horizon_message(&pump->horizon, session, pump->burst.items[pump->burst.n - 1].command.stamp.received_at);
        return true;
}

static void pump_start_burst(Pump *pump) {
        assert(pump->state == PUMP_IDLE && pump->n_stack == 0);
        pump->is_burst = true;
        burst_merge(&pump->burst);
        pump_push(pump, 0, pump->burst.n);
        pump_next(pump);
}

void pump_burst(Pump *pump) {
        if (pump->state == PUMP_IDLE)
                pump_start_burst(pump);
}

bool pump_again(Pump *pump, const RawMessage *raw, const char *id, int64_t now_ms) {
        assert(pump->state == PUMP_IDLE && pump->burst.n == 0);
        if (!burst_add_again(&pump->burst, raw, id, pump->config.area, pump->config.stamp_key, now_ms))
                return false;
        pump_start_burst(pump);
        return true;
}

void pump_lost(Pump *pump) {
        if (!pump->is_burst)
                burst_reset(&pump->burst);
}

void pump_fire(Pump *pump, int64_t horizon_ms) {
        assert(pump->state == PUMP_IDLE);
        pump->timers_first = true;
        pump->timers_horizon = horizon_ms;
        pump_next(pump);
}

void pump_run(Pump *pump, PumpJob *job, void (*done)(void *argument, Code code), void *argument) {
        assert(pump->state == PUMP_IDLE && !pump->job);
        pump->job = job;
        pump->job_done = done;
        pump->job_argument = argument;
        pump_begin(pump);
        Code code = job(pump->engine, argument);

        if (code == CODE_NONE) {
                pump_write(pump, BATCH_JOB);
                return;
        }
        engine_batch_rollback(pump->engine);
        pump->job = NULL;
        done(argument, code);
        pump->ops.idle(pump->userdata, false);
}

void pump_set_engine(Pump *pump, Engine *engine, uint64_t epoch) {
        pump->engine = engine;
        pump->epoch = epoch;
        pump->state = engine ? PUMP_IDLE : PUMP_STOPPED;
        burst_reset(&pump->burst);
        pump->is_burst = pump->timers_first = false;
        pump->n_stack = 0;
        pump->fire_max = FIRE_MAX;
        pump->job = NULL;
        inflight_work(pump->config.inflight, NULL, 0);
}

bool pump_is_idle(const Pump *pump) { return pump->state == PUMP_IDLE; }
void pump_allow_timers(Pump *pump, bool allowed) { pump->timers_allowed = allowed; }
int64_t pump_blocked_until(const Pump *pump) { return clock_monotonic_ms() < pump->blocked_until ? pump->blocked_until : 0; }
Horizon *pump_horizon(Pump *pump) { return &pump->horizon; }
size_t pump_in_work(const Pump *pump) { return pump->burst.n; }

Pump *pump_new(const PumpConfig *config, const PumpOps *ops, void *userdata) {
        Pump *pump = calloc(1, sizeof *pump);

        if (!pump)
                abort();
        pump->config = *config;
        pump->ops = *ops;
        pump->userdata = userdata;
        pump->timers_allowed = true;
        pump->fire_max = FIRE_MAX;
        horizon_reset(&pump->horizon);
        batch_init(&pump->batch);
        return pump;
}

Pump *pump_free(Pump *pump) {
        if (!pump)
                return NULL;
        burst_deinit(&pump->burst);
        batch_deinit(&pump->batch);
        needs_deinit(&pump->needs);
        free(pump->stack);
        free(pump->hashes);
        free(pump);
        return NULL;
}
