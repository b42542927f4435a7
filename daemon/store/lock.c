/*
 * Lock: how a session becomes the area's only writer (I7): settings, the advisory lock by polling, the schema's version, prepared
 * statements, the epoch.
 *
 * The lock is asked for with pg_try_advisory_lock, each time in a transaction of its own: a waiter that blocked inside one would
 * hold a snapshot for as long as it waits and keep vacuum from its work.
 */
#include "store/writer.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/statement.h"

/* A waiter asks at least this often, so that its own session does not look idle. */
#define LOCK_POLL_MAX_MS 5000

/* ---- settings ---- */

/*
 * idle_session_timeout is generous until the working set is loaded, since putting it in place may keep the loop from pinging; the
 * short one is set when the writer is ready (load.c). Plans are made once, mostly while the tables are empty: whatever the writer asks
 * for stands in an index. Durability is not left to a role's settings (I1). A dead writer's session that
 * waits for a lock would keep the area's lock too: client_connection_check_interval ends it.
 */
static const char settings_sql[] =
        "select set_config('search_path', 'policegrid, pg_temp', false), set_config('idle_session_timeout', '15s', false),"
        " set_config('idle_in_transaction_session_timeout', '1500ms', false), set_config('statement_timeout', '0', false),"
        " set_config('lock_timeout', '0', false), set_config('bytea_output', 'hex', false),"
        " set_config('plan_cache_mode', 'force_generic_plan', false), set_config('jit', 'off', false),"
        " set_config('enable_seqscan', 'off', false),"
        " set_config('default_transaction_isolation', 'read committed', false),"
        " set_config('synchronous_commit',"
        "   case current_setting('synchronous_commit') when 'off' then 'on' else current_setting('synchronous_commit') end, false),"
        " set_config('client_connection_check_interval', '500ms', false),"
        " set_config('tcp_user_timeout', '1500', false), set_config('tcp_keepalives_idle', '1', false),"
        " set_config('tcp_keepalives_interval', '1', false), set_config('tcp_keepalives_count', '2', false)";

static void on_settings_result(void *userdata, unsigned index, const PGresult *result) {
        (void)index;
        if (PQresultStatus(result) != PGRES_TUPLES_OK)
                writer_fail(userdata, "settings of the session", result);
}

static void on_settings_end(void *userdata, bool answered) {
        Writer *writer = userdata;
        if (!answered || writer_conclude(writer) || !connection_is_open(&writer->connection))
                return;
        writer->state = WRITER_LOCKING;
        snprintf(writer->why, sizeof writer->why, "waiting for the lock: another writer has it");
        writer->lock_at = 0;
        writer_poll_lock(writer);
}

static const RequestHandler settings_handler = { on_settings_result, on_settings_end };

void writer_open(Writer *writer) {
        writer->lock_asked = false;
        connection_begin(&writer->connection, &settings_handler, writer);
        connection_query(&writer->connection, settings_sql, 0, NULL);
        connection_end(&writer->connection);
}

/* ---- the epoch ---- */

static void on_claim_result(void *userdata, unsigned index, const PGresult *result) {
        Writer *writer = userdata;
        (void)index;
        ExecStatusType status = PQresultStatus(result);
        if (status == PGRES_TUPLES_OK)
                writer->epoch = strtoull(PQgetvalue(result, 0, 0), NULL, 10);
        else if (status != PGRES_COMMAND_OK)
                writer_fail(writer, "taking the epoch", result);
}

static void on_claim_end(void *userdata, bool answered) {
        Writer *writer = userdata;
        if (!answered || writer_conclude(writer) || !connection_is_open(&writer->connection))
                return;
        snprintf(writer->epoch_text, sizeof writer->epoch_text, "%" PRIu64, writer->epoch);
        snprintf(writer->why, sizeof writer->why, "loading");
        writer->state = WRITER_LOADING;
        writer_load(writer);
}

static const RequestHandler claim_handler = { on_claim_result, on_claim_end };

static void writer_prepare_table(Writer *writer, const Table *table) {
        char name[STATEMENT_NAME_MAX];
        statement_write_name(table, name);
        text_reset(&writer->scratch);
        statement_write(table, &writer->scratch);
        connection_prepare(&writer->connection, name, text_string(&writer->scratch));
        for (size_t n_key = 1; n_key < table->n_key; n_key++) {
                statement_lookup_name(table, n_key, name);
                text_reset(&writer->scratch);
                statement_lookup(table, n_key, &writer->scratch);
                connection_prepare(&writer->connection, name, text_string(&writer->scratch));
        }
}

/* Statements that batches use over and over; a session forgets them, so every session prepares its own. */
static void writer_claim(Writer *writer) {
        Connection *connection = &writer->connection;
        connection_begin(connection, &claim_handler, writer);
        for (int id = 0; id < TABLE_COUNT; id++)
                writer_prepare_table(writer, table_describe((TableId)id));
        connection_prepare(connection, "begin", "begin");
        connection_prepare(connection, "commit", "commit");
        connection_prepare(connection, "rollback", "rollback");
        connection_prepare(connection, "check", "select policegrid.writer_check($1::text, $2::bigint)");
        connection_prepare(connection, "quarantine",
                           "insert into policegrid.quarantine (area, sender, message_id, topic, payload, sqlstate, why, received_at)"
                           " values ($1, $2, $3, $4, $5::bytea, $6, $7, to_timestamp($8::float8 / 1000))");
        connection_query(connection,
                         "insert into policegrid.writer as w (area, epoch, holder) values ($1, 1, $2)"
                         " on conflict (area) do update set epoch = w.epoch + 1, holder = excluded.holder, taken_at = now()"
                         " returning epoch",
                         2, (const char *const[]){ writer->config->area, writer->holder });
        connection_end(connection);
}

/* ---- the schema's version ---- */

static void on_version_result(void *userdata, unsigned index, const PGresult *result) {
        Writer *writer = userdata;
        (void)index;
        if (PQresultStatus(result) == PGRES_TUPLES_OK)
                writer->schema_version = (unsigned)strtoul(PQgetvalue(result, 0, 0), NULL, 10);
        else
                writer_fail(writer, "reading the schema's version", result);
}

static void on_version_end(void *userdata, bool answered) {
        Writer *writer = userdata;
        unsigned expected = store_schema_version();
        if (!answered)
                return;
        if (!writer->verdict.given && connection_is_open(&writer->connection)) {
                if (writer->schema_version > expected)
                        writer_condemn(writer, "the database's schema is at version %u, newer than this build's %u: update policegridd",
                                       writer->schema_version, expected);
                else if (writer->schema_version < expected)
                        writer_condemn(writer, "the database's schema is at version %u, this build needs %u: run policegridd --migrate",
                                       writer->schema_version, expected);
        }
        if (!writer_conclude(writer) && connection_is_open(&writer->connection))
                writer_claim(writer);
}

static const RequestHandler version_handler = { on_version_result, on_version_end };

static void writer_check_version(Writer *writer) {
        writer->state = WRITER_CLAIMING;
        snprintf(writer->why, sizeof writer->why, "lock held, checking the schema");
        connection_begin(&writer->connection, &version_handler, writer);
        connection_query(&writer->connection, "select coalesce(max(version), 0) from policegrid.schema_version", 0, NULL);
        connection_end(&writer->connection);
}

/* ---- the lock ---- */

/*
 * A holder that froze between two halves of a message: its session counts as active and no timeout of PostgreSQL 15 ends it. A
 * living writer sends a batch within milliseconds and takes in what it loads within seconds. The role may end its own sessions.
 */
static const char unfreeze_sql[] =
        "select count(pg_terminate_backend(a.pid)) from pg_locks l join pg_stat_activity a on a.pid = l.pid"
        " where l.locktype = 'advisory' and l.granted and l.objsubid = 1 and l.database = a.datid and a.datname = current_database()"
        " and l.classid::bigint = ($1::bigint >> 32) and l.objid::bigint = ($1::bigint & 4294967295)"
        " and a.pid <> pg_backend_pid() and a.state = 'active'"
        " and (a.wait_event = 'ClientRead' and a.state_change < clock_timestamp() - interval '5 seconds'"
        "      or a.wait_event = 'ClientWrite' and a.state_change < clock_timestamp() - interval '120 seconds')";

static void on_lock_result(void *userdata, unsigned index, const PGresult *result) {
        Writer *writer = userdata;
        if (PQresultStatus(result) != PGRES_TUPLES_OK)
                writer_fail(writer, "asking for the lock", result);
        else if (index == 0)
                writer->locked = strcmp(PQgetvalue(result, 0, 0), "t") == 0;
        else if (index == 2 && PQntuples(result) > 0)
                writer_condemn(writer, "the lock was lost: %s has written since", PQgetvalue(result, 0, 0));
}

static void on_lock_end(void *userdata, bool answered) {
        Writer *writer = userdata;
        writer->lock_asked = false;
        if (answered && !writer_conclude(writer) && connection_is_open(&writer->connection) && writer->locked)
                writer_check_version(writer);
}

static const RequestHandler lock_handler = { on_lock_result, on_lock_end };

/* A writer that lost the lock to another leaves (I7): a standby is a daemon that has not written yet. */
static const char successor_sql[] =
        "select holder from policegrid.writer where area = $1 and epoch > $2::bigint and holder <> $3";

static void writer_ask_lock(Writer *writer) {
        const char *const parameters[] = { writer->lock_key };
        writer->lock_asked = true;
        writer->locked = false;
        connection_begin(&writer->connection, &lock_handler, writer);
        connection_query(&writer->connection, "select pg_try_advisory_lock($1::bigint)", 1, parameters);
        connection_query(&writer->connection, unfreeze_sql, 1, parameters);
        if (writer->epoch > 0)
                connection_query(&writer->connection, successor_sql, 3,
                                 (const char *const[]){ writer->config->area, writer->epoch_text, writer->holder });
        connection_end(&writer->connection);
}

void writer_poll_lock(Writer *writer) {
        uint64_t now = uv_now(writer->connection.loop);
        uint64_t pause = writer->config->retry_ms < LOCK_POLL_MAX_MS ? writer->config->retry_ms : LOCK_POLL_MAX_MS;
        if (writer->lock_asked || (writer->lock_at > 0 && now - writer->lock_at < pause))
                return;
        writer->lock_at = now;
        writer_ask_lock(writer);
}
