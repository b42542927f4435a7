/*
 * Migrate: bring a database to this build's schema. Blocking, run by `policegridd --migrate` and by nothing else: the daemon itself
 * has no right to change tables.
 *
 * Each file is one transaction, recorded in schema_version with the md5 of its text; a file that was changed after it had been
 * applied is refused, since the database would not be what this build believes it to be. Two runs at once wait for each other.
 */
#include "store/migrations.h"

#include <libpq-fe.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/store.h"

/* Session lock of all migrations of one database: 'pg' and a number. */
#define MIGRATE_LOCK "8099558741786329089"

static void close_session(PGconn **session) { PQfinish(*session); }
static void clear_result(PGresult **result) { PQclear(*result); }
#define _cleanup_session_ __attribute__((cleanup(close_session)))
#define _cleanup_result_ __attribute__((cleanup(clear_result)))

static void migrate_say(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void migrate_say(const char *format, ...) {
        va_list arguments;
        va_start(arguments, format);
        fputs("policegridd --migrate: ", stderr);
        vfprintf(stderr, format, arguments);
        fputc('\n', stderr);
        va_end(arguments);
}

/* Run any number of statements; false, with a message, when one fails. */
static bool migrate_run(PGconn *session, const char *what, const char *sql) {
        PGresult *result _cleanup_result_ = PQexec(session, sql);
        ExecStatusType status = PQresultStatus(result);
        if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK)
                return true;
        migrate_say("%s: %s", what, PQerrorMessage(session));
        return false;
}

/* One value as a number, `otherwise` when there is none; false when the statement fails. */
static bool migrate_number(PGconn *session, const char *what, const char *sql, unsigned *ret) {
        PGresult *result _cleanup_result_ = PQexec(session, sql);
        if (PQresultStatus(result) != PGRES_TUPLES_OK || PQntuples(result) != 1) {
                migrate_say("%s: %s", what, PQerrorMessage(session));
                return false;
        }
        *ret = (unsigned)strtoul(PQgetvalue(result, 0, 0), NULL, 10);
        return true;
}

unsigned store_schema_version(void) {
        unsigned version = 0;
        for (const Migration *migration = migrations; migration->name; migration++)
                version = migration->version;
        return version;
}

/* Whether an applied migration is the one that this build holds. */
static bool migrate_check_digest(PGconn *session, const Migration *migration) {
        char version[16];
        snprintf(version, sizeof version, "%u", migration->version);
        PGresult *result _cleanup_result_ =
                PQexecParams(session, "select digest = md5($2) from policegrid.schema_version where version = $1::integer", 2, NULL,
                             (const char *const[]){ version, migration->sql }, NULL, NULL, 0);
        if (PQresultStatus(result) == PGRES_TUPLES_OK && PQntuples(result) == 1 && strcmp(PQgetvalue(result, 0, 0), "t") == 0)
                return true;
        migrate_say("%s was applied in another form than this build holds: restore that build, or start from an empty database",
                    migration->name);
        return false;
}

static bool migrate_record(PGconn *session, const Migration *migration) {
        char version[16];
        snprintf(version, sizeof version, "%u", migration->version);
        PGresult *result _cleanup_result_ =
                PQexecParams(session, "insert into policegrid.schema_version (version, name, digest) values ($1::integer, $2, md5($3))", 3,
                             NULL, (const char *const[]){ version, migration->name, migration->sql }, NULL, NULL, 0);
        if (PQresultStatus(result) == PGRES_COMMAND_OK)
                return true;
        migrate_say("%s: %s", migration->name, PQerrorMessage(session));
        return false;
}

static bool migrate_apply(PGconn *session, const Migration *migration) {
        bool recorded = migration->version > 0;
        if (!migrate_run(session, migration->name, "begin"))
                return false;
        bool done = (!recorded || migrate_run(session, migration->name, "set local role policegrid_owner")) &&
                    migrate_run(session, migration->name, migration->sql) && (!recorded || migrate_record(session, migration)) &&
                    migrate_run(session, migration->name, "commit");
        if (!done)
                migrate_run(session, migration->name, "rollback");
        else if (recorded)
                migrate_say("%s applied", migration->name);
        return done;
}

/* The version that the database is at, 0 when nothing was ever applied. */
static bool migrate_current(PGconn *session, unsigned *ret) {
        unsigned exists = 0;
        *ret = 0;
        if (!migrate_number(session, "schema", "select (to_regclass('policegrid.schema_version') is not null)::integer", &exists))
                return false;
        return !exists || migrate_number(session, "schema", "select coalesce(max(version), 0) from policegrid.schema_version", ret);
}

static int migrate_all(PGconn *session) {
        unsigned current = 0;
        if (!migrate_run(session, "settings", "set client_min_messages = warning; set lock_timeout = '30s'; set search_path = pg_catalog") ||
            !migrate_run(session, "lock", "select pg_advisory_lock(" MIGRATE_LOCK ")") || !migrate_current(session, &current))
                return MIGRATE_E_FAILED;
        if (current > store_schema_version()) {
                migrate_say("the database is at version %u, this build knows %u: it was made by a newer policegridd", current,
                            store_schema_version());
                return MIGRATE_E_NEWER;
        }
        for (const Migration *migration = migrations; migration->name; migration++) {
                bool ok = migration->version > 0 && migration->version <= current ? migrate_check_digest(session, migration)
                                                                                   : migrate_apply(session, migration);
                if (!ok)
                        return MIGRATE_E_FAILED;
        }
        migrate_say("the schema is at version %u", store_schema_version());
        return 0;
}

int store_migrate(const char *conninfo, const char *area_or_null) {
        const char *const keywords[] = { "application_name", "client_encoding", "dbname", NULL };
        const char *const values[] = { "policegridd/migrate", "UTF8", conninfo, NULL };
        PGconn *session _cleanup_session_ = PQconnectdbParams(keywords, values, 1);
        (void)area_or_null; /* one schema holds every area */
        if (PQstatus(session) != CONNECTION_OK) {
                migrate_say("%s", PQerrorMessage(session));
                return MIGRATE_E_CONNECT;
        }
        return migrate_all(session);
}
