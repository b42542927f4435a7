/*
 * Quarantine: messages that failed alone (I14), kept whole for an operator, in transactions of their own. Guarded by the epoch as
 * batches are.
 */
#include "store/writer.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/store_private.h"

/* ---- putting in ---- */

static void on_quarantine_result(void *userdata, unsigned index, const PGresult *result) {
        Writer *writer = userdata;
        (void)index;
        ExecStatusType status = PQresultStatus(result);
        if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
                writer_fail(writer, "quarantine", result);
        else if (strcmp(PQcmdStatus((PGresult *)result), "COMMIT") == 0)
                writer->quarantine.committed = true;
}

static void on_quarantine_end(void *userdata, bool answered) {
        Writer *writer = userdata;
        void (*on_done)(void *userdata, bool ok) = writer->quarantine.on_done;
        bool ok = answered && writer->quarantine.committed;
        writer->quarantine.on_done = NULL;
        on_done(writer->userdata, ok);
        writer_conclude(writer);
}

static const RequestHandler quarantine_handler = { on_quarantine_result, on_quarantine_end };

/* bytea in its hex form */
static void append_hex(Text *ret, const void *data, size_t n) {
        static const char digits[] = "0123456789abcdef";
        const uint8_t *bytes = data;
        text_append_string(ret, "\\x");
        for (size_t i = 0; i < n; i++) {
                text_append_char(ret, digits[bytes[i] >> 4]);
                text_append_char(ret, digits[bytes[i] & 15]);
        }
}

void store_quarantine(Store *store, const StoreQuarantine *message, void (*on_done)(void *userdata, bool ok)) {
        Writer *writer = &store->writer;
        Connection *connection = &writer->connection;
        char received_at[24];
        assert(!writer->quarantine.on_done && on_done);
        writer->quarantine.on_done = on_done;
        writer->quarantine.committed = false;
        text_reset(&writer->scratch);
        append_hex(&writer->scratch, message->payload, message->n_payload);
        snprintf(received_at, sizeof received_at, "%" PRId64, message->received_at);
        connection_begin(connection, &quarantine_handler, writer);
        connection_execute(connection, "begin", 0, NULL);
        connection_execute(connection, "check", 2, (const char *const[]){ writer->config->area, writer->epoch_text });
        connection_execute(connection, "quarantine", 8,
                           (const char *const[]){ writer->config->area, message->sender, message->id, message->topic,
                                                  text_string(&writer->scratch), message->sqlstate, message->why, received_at });
        connection_execute(connection, "commit", 0, NULL);
        connection_end(connection);
}

/* ---- reading back, for another try ---- */

static void quarantine_tell(Writer *writer, const PGresult *result) {
        size_t n = 0;
        unsigned char *payload = PQunescapeBytea((const unsigned char *)PQgetvalue(result, 0, 3), &n);
        StoreQuarantine message = {
                .sender = PQgetvalue(result, 0, 0), .id = PQgetvalue(result, 0, 1), .topic = PQgetvalue(result, 0, 2),
                .payload = payload, .n_payload = n, .sqlstate = PQgetvalue(result, 0, 4), .why = PQgetvalue(result, 0, 5),
                .received_at = strtoll(PQgetvalue(result, 0, 6), NULL, 10),
        };
        writer->quarantine.found = true;
        writer->quarantine.on_found(writer->userdata, payload ? &message : NULL);
        PQfreemem(payload);
}

static void on_read_result(void *userdata, unsigned index, const PGresult *result) {
        Writer *writer = userdata;
        (void)index;
        if (PQresultStatus(result) == PGRES_TUPLES_OK) {
                if (PQntuples(result) == 1)
                        quarantine_tell(writer, result);
        } else if (strncmp(result_sqlstate(result), "22", 2) != 0) {
                writer_fail(writer, "quarantine", result); /* an id that is no number is merely unknown */
        }
}

static void on_read_end(void *userdata, bool answered) {
        Writer *writer = userdata;
        void (*on_found)(void *userdata, const StoreQuarantine *message) = writer->quarantine.on_found;
        (void)answered;
        writer->quarantine.on_found = NULL;
        if (!writer->quarantine.found)
                on_found(writer->userdata, NULL);
        writer_conclude(writer);
}

static const RequestHandler read_handler = { on_read_result, on_read_end };

void store_quarantine_read(Store *store, const char *id, void (*on_found)(void *userdata, const StoreQuarantine *message)) {
        Writer *writer = &store->writer;
        assert(!writer->quarantine.on_found && on_found);
        writer->quarantine.on_found = on_found;
        writer->quarantine.found = false;
        connection_begin(&writer->connection, &read_handler, writer);
        connection_query(&writer->connection,
                         "update policegrid.quarantine set retries = retries + 1, retried_at = now()"
                         " where area = $1 and id = $2::bigint and payload is not null"
                         " returning sender, message_id, topic, payload, sqlstate, why, (extract(epoch from received_at) * 1000)::bigint",
                         2, (const char *const[]){ writer->config->area, id });
        connection_end(&writer->connection);
}

/* ---- whether it is there ---- */

static void on_find_result(void *userdata, unsigned index, const PGresult *result) {
        Writer *writer = userdata;
        (void)index;
        if (PQresultStatus(result) != PGRES_TUPLES_OK)
                return writer_fail(writer, "quarantine", result);
        writer->quarantine.answered = true;
        writer->quarantine.found = PQntuples(result) == 1;
}

static void on_find_end(void *userdata, bool answered) {
        Writer *writer = userdata;
        void (*on_answer)(void *userdata, bool answered, bool found) = writer->quarantine.on_answer;
        writer->quarantine.on_answer = NULL;
        on_answer(writer->userdata, answered && writer->quarantine.answered, writer->quarantine.found);
        writer_conclude(writer);
}

static const RequestHandler find_handler = { on_find_result, on_find_end };

void store_quarantine_find(Store *store, int64_t id, void (*on_answer)(void *userdata, bool answered, bool found)) {
        Writer *writer = &store->writer;
        char digits[24];
        assert(!writer->quarantine.on_answer && on_answer);
        writer->quarantine.on_answer = on_answer;
        writer->quarantine.answered = writer->quarantine.found = false;
        snprintf(digits, sizeof digits, "%" PRId64, id);
        connection_begin(&writer->connection, &find_handler, writer);
        connection_query(&writer->connection,
                         "select 1 from policegrid.quarantine where area = $1 and id = $2::bigint and payload is not null", 2,
                         (const char *const[]){ writer->config->area, digits });
        connection_end(&writer->connection);
}
