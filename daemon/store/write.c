/*
 * Write: a batch in one transaction and one round trip: begin, the epoch's check, one statement a table, commit, sync.
 *
 * What can come of it:
 *   committed  every statement and the commit succeeded, and nothing was warned of.
 *   refused    a statement or a deferred constraint failed for a reason that lies in the rows (SQLSTATE class 22 data exception,
 *              23 integrity constraint, 54 program limit); rolled back, nothing is left of it.
 *   foreign    the epoch in `writer` is another one's (the check raises PG001).
 *   unknown    everything else: the session ended before the answer, the commit came with a WARNING (a cancelled wait for a
 *              synchronous standby: committed here, perhaps not there), the disk is full, the server shuts down. The session is
 *              dropped, and the truth read back.
 */
#include "store/writer.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "store/statement.h"
#include "store/store_private.h"

#define SQLSTATE_FOREIGN_EPOCH "PG001"

static StoreWrite write_judge(const Write *write) {
        if (strcmp(write->sqlstate, SQLSTATE_FOREIGN_EPOCH) == 0)
                return STORE_WRITE_FOREIGN;
        if (strncmp(write->sqlstate, "22", 2) == 0 || strncmp(write->sqlstate, "23", 2) == 0 || strncmp(write->sqlstate, "54", 2) == 0)
                return STORE_WRITE_REFUSED;
        if (write->sqlstate[0] || !write->committed || write->warned)
                return STORE_WRITE_UNKNOWN;
        return STORE_WRITE_COMMITTED;
}

static void write_note_error(Write *write, const PGresult *result) {
        if (PQresultStatus(result) == PGRES_PIPELINE_ABORTED || write->sqlstate[0])
                return;
        const char *sqlstate = result_sqlstate(result);
        snprintf(write->sqlstate, sizeof write->sqlstate, "%s", sqlstate[0] ? sqlstate : "?????");
        const char *table = PQresultErrorField(result, PG_DIAG_TABLE_NAME);
        const char *constraint = PQresultErrorField(result, PG_DIAG_CONSTRAINT_NAME);
        /* never the DETAIL: it repeats the row (I12) */
        snprintf(write->why, sizeof write->why, "%s%s%s%s%s", result_message(result), table ? ", table " : "", table ? table : "",
                 constraint ? ", constraint " : "", constraint ? constraint : "");
}

static void writer_finish_write(Writer *writer, StoreWrite outcome) {
        Write *write = &writer->write;
        void (*on_done)(void *, StoreWrite, const char *, const char *) = write->on_done;
        char sqlstate[sizeof write->sqlstate], why[sizeof write->why];
        memcpy(sqlstate, write->sqlstate, sizeof sqlstate);
        memcpy(why, write->why, sizeof why);
        *write = (Write){ .step = WRITE_IDLE };
        if (outcome == STORE_WRITE_UNKNOWN)
                connection_drop(&writer->connection, why);
        else if (outcome == STORE_WRITE_FOREIGN)
                writer_condemn(writer, "another writer has taken the epoch: %s", why);
        on_done(writer->userdata, outcome, sqlstate, why);
        writer_conclude(writer);
}

/* ---- taking a failed batch back ---- */

static void on_rollback_result(void *userdata, unsigned index, const PGresult *result) {
        Writer *writer = userdata;
        (void)index;
        if (PQresultStatus(result) != PGRES_COMMAND_OK)
                writer_fail(writer, "rolling back", result);
}

static void on_rollback_end(void *userdata, bool answered) {
        Writer *writer = userdata;
        bool clean = answered && connection_is_open(&writer->connection);
        if (!clean && !writer->write.why[0])
                snprintf(writer->write.why, sizeof writer->write.why, "the session ended while a batch was rolled back");
        writer_finish_write(writer, clean ? write_judge(&writer->write) : STORE_WRITE_UNKNOWN);
}

static const RequestHandler rollback_handler = { on_rollback_result, on_rollback_end };

static void writer_roll_back(Writer *writer) {
        writer->write.step = WRITE_ROLLING_BACK;
        connection_begin(&writer->connection, &rollback_handler, writer);
        connection_execute(&writer->connection, "rollback", 0, NULL);
        connection_end(&writer->connection);
}

/* ---- the batch ---- */

static void on_write_result(void *userdata, unsigned index, const PGresult *result) {
        Writer *writer = userdata;
        Write *write = &writer->write;
        (void)index;
        ExecStatusType status = PQresultStatus(result);
        if (status == PGRES_COMMAND_OK) {
                /* the tag of a commit that could not be kept is ROLLBACK */
                if (strcmp(PQcmdStatus((PGresult *)result), "COMMIT") == 0)
                        write->committed = true;
        } else if (status != PGRES_TUPLES_OK) {
                write_note_error(write, result);
        }
        if (writer->connection.n_warnings != write->warnings_before)
                write->warned = true;
}

static void on_write_end(void *userdata, bool answered) {
        Writer *writer = userdata;
        Write *write = &writer->write;
        if (writer->connection.n_warnings != write->warnings_before)
                write->warned = true;
        if (!answered) {
                snprintf(write->why, sizeof write->why, "the session ended before the commit was answered: %.300s", writer->connection.why);
                writer_finish_write(writer, STORE_WRITE_UNKNOWN);
                return;
        }
        StoreWrite outcome = write_judge(write);
        if (outcome == STORE_WRITE_REFUSED || outcome == STORE_WRITE_FOREIGN) {
                writer_roll_back(writer);
                return;
        }
        if (write->warned)
                snprintf(write->why, sizeof write->why, "the commit came with a warning: %s", writer->connection.notice);
        else if (outcome == STORE_WRITE_UNKNOWN && !write->why[0])
                snprintf(write->why, sizeof write->why, "the commit was answered with a rollback");
        writer_finish_write(writer, outcome);
}

static const RequestHandler write_handler = { on_write_result, on_write_end };

static void writer_write_table(Writer *writer, Rows *rows) {
        const Table *table = table_describe(rows->table);
        const char *columns[ROWS_COLUMNS_MAX];
        char name[STATEMENT_NAME_MAX];
        for (size_t i = 0; i < table->n_columns; i++)
                columns[i] = rows_column(rows, i);
        statement_write_name(table, name);
        connection_execute(&writer->connection, name, table->n_columns, columns);
}

void store_write(Store *store, Batch *batch,
                 void (*on_done)(void *userdata, StoreWrite outcome, const char *sqlstate, const char *why)) {
        Writer *writer = &store->writer;
        Connection *connection = &writer->connection;
        assert(writer->write.step == WRITE_IDLE && on_done);
        writer->write = (Write){ .step = WRITE_SENT, .on_done = on_done, .warnings_before = connection->n_warnings };
        connection_begin(connection, &write_handler, writer);
        connection_execute(connection, "begin", 0, NULL);
        connection_execute(connection, "check", 2, (const char *const[]){ writer->config->area, writer->epoch_text });
        for (int id = 0; id < TABLE_COUNT; id++)
                if (batch->rows[id].n > 0)
                        writer_write_table(writer, &batch->rows[id]);
        connection_execute(connection, "commit", 0, NULL);
        connection_end(connection);
}
