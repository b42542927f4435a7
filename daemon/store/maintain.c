/*
 * The maintainer connects, calls the functions that the owner of the schema left for it (SECURITY DEFINER: the daemon's role can
 * neither create tables nor delete rows), and leaves. With lock_timeout 100 ms it steps back rather than hold up the writer, and
 * comes again ten minutes later. Every statement is a transaction of its own and may be repeated.
 */
#include "store/maintain.h"

#include <stdio.h>
#include <stdlib.h>

#define MONTHS_AHEAD "3"
#define RUN_EVERY_MS (UINT64_C(24) * 3600 * 1000)
#define RUN_AGAIN_MS (UINT64_C(10) * 60 * 1000)

static void on_due(uv_timer_t *timer) {
        Maintainer *maintainer = timer->data;
        if (maintainer->connection.state == CONNECTION_CLOSED)
                connection_start(&maintainer->connection);
}

/* ---- a run: one statement after the other ---- */

static const char *const run_steps[] = {
        "select set_config('search_path', 'policegrid, pg_temp', false), set_config('lock_timeout', '100ms', false),"
        " set_config('statement_timeout', '60s', false)",
        "select policegrid.partitions_ensure(" MONTHS_AHEAD ")",
        "select policegrid.retention_apply($1, $2::jsonb)",
};
#define RUN_STEPS (sizeof run_steps / sizeof run_steps[0])
#define FULL_STEP 10000 /* rows that retention takes at a time: there may be more */
#define REPEATS_MAX 100 /* of a step, in one run */

static void maintainer_step(Maintainer *maintainer);

static void on_step_result(void *userdata, unsigned index, const PGresult *result) {
        Maintainer *maintainer = userdata;
        (void)index;
        if (PQresultStatus(result) != PGRES_TUPLES_OK)
                maintainer->failed = true;
        else
                maintainer->n_rows = PQntuples(result) > 0 ? atol(PQgetvalue(result, 0, 0)) : 0;
}

static void maintainer_end_run(Maintainer *maintainer, bool done) {
        maintainer->n_runs += done;
        connection_suspend(&maintainer->connection);
        uv_timer_start(&maintainer->due, on_due, done ? RUN_EVERY_MS : RUN_AGAIN_MS, 0);
}

/* A lost session needs nothing here: the next one starts the run again. A failed step does not keep the others from being tried. */
static void on_step_end(void *userdata, bool answered) {
        Maintainer *maintainer = userdata;
        if (!answered || !connection_is_open(&maintainer->connection))
                return;
        bool again = maintainer->step == RUN_STEPS - 1 && maintainer->n_rows >= FULL_STEP && maintainer->n_repeats < REPEATS_MAX;
        maintainer->n_repeats += again;
        maintainer->step += !again;
        if (maintainer->step < RUN_STEPS)
                maintainer_step(maintainer);
        else
                maintainer_end_run(maintainer, !maintainer->failed);
}

static const RequestHandler step_handler = { on_step_result, on_step_end };

static void periods_format(const StoreConfig *config, char *ret, size_t size) {
        const struct StoreRetention *days = &config->retention;
        snprintf(ret, size, "{\"notes\":%lld,\"contacts\":%lld,\"quarantine\":%lld,\"devices\":%lld,\"audit\":%lld}",
                 (long long)(days->notes ? days->notes : 90), (long long)(days->contacts ? days->contacts : 30),
                 (long long)(days->quarantine ? days->quarantine : 90), (long long)(days->devices ? days->devices : 400),
                 (long long)(days->audit ? days->audit : 1095));
}

static void maintainer_step(Maintainer *maintainer) {
        bool last = maintainer->step == RUN_STEPS - 1;
        char periods[192];
        periods_format(maintainer->config, periods, sizeof periods);
        maintainer->n_rows = 0;
        connection_begin(&maintainer->connection, &step_handler, maintainer);
        connection_query(&maintainer->connection, run_steps[maintainer->step], last ? 2 : 0,
                         last ? (const char *const[]){ maintainer->config->area, periods } : NULL);
        connection_end(&maintainer->connection);
}

/* ---- the session ---- */

static void on_open(void *userdata) {
        Maintainer *maintainer = userdata;
        maintainer->step = 0;
        maintainer->n_repeats = 0;
        maintainer->failed = false;
        maintainer_step(maintainer);
}

static void on_lost(void *userdata, bool was_open, const char *why) {
        (void)userdata;
        (void)was_open;
        (void)why;
}

static void on_tick(void *userdata) {
        (void)userdata;
}

static void maintainer_part_closed(Maintainer *maintainer) {
        if (--maintainer->n_open == 0)
                maintainer->on_stopped(maintainer->store);
}

static void on_stopped(void *userdata) {
        maintainer_part_closed(userdata);
}

static void on_due_closed(uv_handle_t *handle) {
        maintainer_part_closed(handle->data);
}

static const ConnectionEvents connection_events = { on_open, on_lost, on_tick, on_stopped };

void maintainer_init(Maintainer *maintainer, uv_loop_t *loop, const StoreConfig *config) {
        *maintainer = (Maintainer){ .config = config };
        snprintf(maintainer->name, sizeof maintainer->name, "policegridd/%s/maintainer", config->area);
        uv_timer_init(loop, &maintainer->due);
        maintainer->due.data = maintainer;
        connection_init(&maintainer->connection, loop, config->conninfo, maintainer->name, config->retry_ms, &connection_events,
                        maintainer);
}

void maintainer_start(Maintainer *maintainer) {
        connection_start(&maintainer->connection);
}

void maintainer_stop(Maintainer *maintainer, void (*on_stopped_)(void *store), void *store) {
        maintainer->on_stopped = on_stopped_;
        maintainer->store = store;
        maintainer->n_open = 2;
        uv_close((uv_handle_t *)&maintainer->due, on_due_closed);
        connection_stop(&maintainer->connection);
}
