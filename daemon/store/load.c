/*
 * Load: the working set, table by table, row by row (libpq's single-row mode), so that memory holds one row at a time whatever the
 * area's size. Nobody else writes while the lock is held, so the tables need no common snapshot.
 */
#include "store/writer.h"

#include <stdio.h>

#include "store/statement.h"

static void writer_load_table(Writer *writer);

static void on_load_result(void *userdata, unsigned index, const PGresult *result) {
        Writer *writer = userdata;
        const char *cells[ROWS_COLUMNS_MAX];
        (void)index;
        ExecStatusType status = PQresultStatus(result);
        if (status == PGRES_TUPLES_OK || writer->verdict.given)
                return;
        if (status != PGRES_SINGLE_TUPLE) {
                writer_fail(writer, "loading", result);
                return;
        }
        result_cells(result, 0, writer->loading, cells);
        int outcome = writer->events->on_row(writer->userdata, writer->loading, cells);
        if (outcome != 0)
                writer_condemn(writer, "table %s holds a row that does not fit: the database was changed by hand",
                               table_describe(writer->loading)->name);
}

static void on_load_end(void *userdata, bool answered) {
        Writer *writer = userdata;
        if (!answered || writer_conclude(writer) || !connection_is_open(&writer->connection))
                return;
        writer->loading++;
        writer_load_table(writer);
}

static const RequestHandler load_handler = { on_load_result, on_load_end };

/* The next table that is loaded at all; after the last one the writer is ready. */
static void writer_load_table(Writer *writer) {
        while (writer->loading < TABLE_COUNT && !table_describe(writer->loading)->load_where)
                writer->loading++;
        if (writer->loading == TABLE_COUNT) {
                writer_ready(writer);
                return;
        }
        text_reset(&writer->scratch);
        statement_load(table_describe(writer->loading), &writer->scratch);
        connection_begin(&writer->connection, &load_handler, writer);
        connection_stream(&writer->connection, text_string(&writer->scratch), 1, (const char *const[]){ writer->config->area });
        connection_end(&writer->connection);
}

void writer_load(Writer *writer) {
        uint64_t generation = writer->connection.generation;
        writer->events->on_load_start(writer->userdata, writer->epoch);
        if (writer->state != WRITER_LOADING || generation != writer->connection.generation)
                return;
        writer->loading = 0;
        writer_load_table(writer);
}

/* ---- ready ---- */

static void on_guard_result(void *userdata, unsigned index, const PGresult *result) {
        (void)index;
        if (PQresultStatus(result) != PGRES_TUPLES_OK)
                writer_fail(userdata, "settings of the session", result);
}

static void on_guard_end(void *userdata, bool answered) {
        (void)answered;
        writer_conclude(userdata);
}

static const RequestHandler guard_handler = { on_guard_result, on_guard_end };

/* From here on a frozen process is cut off within 1.5 s (I7); pings keep a living one. */
void writer_ready(Writer *writer) {
        uint64_t generation = writer->connection.generation;
        writer->state = WRITER_READY;
        writer->why[0] = '\0';
        writer->events->on_ready(writer->userdata);
        if (writer->state != WRITER_READY || generation != writer->connection.generation)
                return;
        connection_begin(&writer->connection, &guard_handler, writer);
        connection_query(&writer->connection, "select set_config('idle_session_timeout', '1500ms', false)", 0, NULL);
        connection_end(&writer->connection);
}
