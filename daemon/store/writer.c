/*
 * The writer's life: session → lock → claim → load → ready, and back to the start when the session is lost. Also the ping, which
 * keeps the session from being taken for frozen and reads PostgreSQL's clock.
 */
#include "store/writer.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define PING_MS 500
/* A ping that took longer than this says nothing useful about the clock. */
#define PING_TRUSTED_MS 1000

static int64_t wall_clock_ms(void) {
        struct timespec now;
        clock_gettime(CLOCK_REALTIME, &now);
        return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ---- results ---- */

const char *result_sqlstate(const PGresult *result) {
        const char *sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);
        return sqlstate ? sqlstate : "";
}

const char *result_message(const PGresult *result) {
        const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
        if (!message)
                message = PQresultErrorMessage(result);
        return message ? message : "";
}

bool result_is_foreign(const PGresult *result) {
        const char *sqlstate = result_sqlstate(result);
        static const char *const states[] = { "42P01", "42703", "42883", "42501", "3F000", "42804" };
        for (size_t i = 0; i < sizeof states / sizeof states[0]; i++)
                if (strcmp(sqlstate, states[i]) == 0)
                        return true;
        return false;
}

void result_cells(const PGresult *result, int row, TableId table, const char **ret) {
        size_t n = table_describe(table)->n_columns;
        assert((size_t)PQnfields(result) == n && n <= ROWS_COLUMNS_MAX);
        for (size_t i = 0; i < n; i++)
                ret[i] = PQgetisnull(result, row, (int)i) ? NULL : PQgetvalue(result, row, (int)i);
}

/* ---- verdicts ---- */

void writer_condemn(Writer *writer, const char *format, ...) {
        if (writer->verdict.given)
                return;
        writer->verdict.given = true;
        va_list arguments;
        va_start(arguments, format);
        vsnprintf(writer->verdict.why, sizeof writer->verdict.why, format, arguments);
        va_end(arguments);
}

bool writer_conclude(Writer *writer) {
        if (!writer->verdict.given || writer->state == WRITER_STOPPED)
                return writer->state == WRITER_STOPPED;
        if (writer->state == WRITER_FATAL)
                return true;
        writer->state = WRITER_FATAL;
        snprintf(writer->why, sizeof writer->why, "%s", writer->verdict.why);
        connection_suspend(&writer->connection);
        writer->events->on_fatal(writer->userdata, writer->verdict.why);
        return true;
}

void writer_fail(Writer *writer, const char *doing, const PGresult *result) {
        char why[400];
        if (PQresultStatus(result) == PGRES_PIPELINE_ABORTED)
                return;
        snprintf(why, sizeof why, "%s: %s (SQLSTATE %s)", doing, result_message(result), result_sqlstate(result));
        if (result_is_foreign(result))
                writer_condemn(writer, "%s; run policegridd --migrate, and connect as policegrid_daemon", why);
        else
                connection_drop(&writer->connection, why);
}

/* ---- ping ---- */

static void on_ping_result(void *userdata, unsigned index, const PGresult *result) {
        Writer *writer = userdata;
        (void)index;
        if (PQresultStatus(result) != PGRES_TUPLES_OK) {
                writer_fail(writer, "ping", result);
                return;
        }
        int64_t now = wall_clock_ms();
        int64_t took = now - writer->ping_clock;
        if (took < 0 || took > PING_TRUSTED_MS)
                return;
        writer->offset_ms = strtoll(PQgetvalue(result, 0, 0), NULL, 10) - (writer->ping_clock + took / 2);
}

static void on_ping_end(void *userdata, bool answered) {
        Writer *writer = userdata;
        (void)answered;
        writer->ping_asked = false;
        writer_conclude(writer);
}

static const RequestHandler ping_handler = { on_ping_result, on_ping_end };

static void writer_ping(Writer *writer) {
        if (writer->ping_asked)
                return;
        writer->ping_asked = true;
        writer->ping_at = uv_now(writer->connection.loop);
        writer->ping_clock = wall_clock_ms();
        connection_begin(&writer->connection, &ping_handler, writer);
        connection_query(&writer->connection, "select (extract(epoch from clock_timestamp()) * 1000)::bigint", 0, NULL);
        connection_end(&writer->connection);
}

/* ---- the session's life ---- */

static void on_open(void *userdata) {
        Writer *writer = userdata;
        writer_open(writer);
}

static void on_lost(void *userdata, bool was_open, const char *why) {
        Writer *writer = userdata;
        bool held = writer->state >= WRITER_CLAIMING && writer->state <= WRITER_READY;
        (void)was_open;
        if (writer->state == WRITER_FATAL || writer->state == WRITER_STOPPED)
                return;
        writer->state = WRITER_DOWN;
        writer->offset_ms = 0;
        snprintf(writer->why, sizeof writer->why, "%s", why);
        if (held)
                writer->events->on_lost(writer->userdata, writer->why);
}

static void on_tick(void *userdata) {
        Writer *writer = userdata;
        uint64_t now = uv_now(writer->connection.loop);
        if (writer->state == WRITER_LOCKING)
                writer_poll_lock(writer);
        else if (writer->state == WRITER_READY && now - writer->ping_at >= PING_MS)
                writer_ping(writer);
}

static void on_stopped(void *userdata) {
        Writer *writer = userdata;
        writer->on_stopped(writer->store);
}

static const ConnectionEvents connection_events = { on_open, on_lost, on_tick, on_stopped };

/*
 * The advisory lock of an area: 48 bits that no other user of advisory locks picks by chance, then the area's digits behind a 1, so
 * that leading zeros count.
 */
static void writer_make_lock_key(Writer *writer) {
        uint64_t key = UINT64_C(0x7067) << 48;
        char digits[16];
        int n = snprintf(digits, sizeof digits, "1%s", writer->config->area);
        assert(n > 1 && n < (int)sizeof digits);
        snprintf(writer->lock_key, sizeof writer->lock_key, "%" PRIu64, (uint64_t)(key + strtoull(digits, NULL, 10)));
}

void writer_init(Writer *writer, uv_loop_t *loop, const StoreConfig *config, const StoreEvents *events, void *userdata) {
        *writer = (Writer){ .config = config, .events = events, .userdata = userdata, .why = "not started" };
        snprintf(writer->name, sizeof writer->name, "policegridd/%s/writer", config->area);
        snprintf(writer->holder, sizeof writer->holder, "%s/%d-%llx", writer->name, (int)getpid(), (unsigned long long)uv_hrtime());
        writer_make_lock_key(writer);
        connection_init(&writer->connection, loop, config->conninfo, writer->name, config->retry_ms, &connection_events, writer);
}

void writer_deinit(Writer *writer) {
        free(writer->lookup.tables);
        text_deinit(&writer->scratch);
}

void writer_start(Writer *writer) {
        snprintf(writer->why, sizeof writer->why, "connecting");
        connection_start(&writer->connection);
}

void writer_reset(Writer *writer) {
        if (writer->state == WRITER_FATAL || writer->state == WRITER_STOPPED)
                return;
        writer->state = WRITER_DOWN;
        snprintf(writer->why, sizeof writer->why, "starting again");
        connection_drop(&writer->connection, NULL);
}

void writer_stop(Writer *writer, void (*on_stopped_)(void *store), void *store) {
        writer->on_stopped = on_stopped_;
        writer->store = store;
        writer->state = WRITER_STOPPED;
        connection_stop(&writer->connection);
}
