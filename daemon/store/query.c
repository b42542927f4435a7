/*
 * The reader's session: read-only, with a statement_timeout, one question at a time in the order of asking. Questions wait while it
 * is away, at most STORE_QUERIES_MAX of them, none longer than QUESTION_WAIT_MS; each is answered exactly once.
 */
#include "store/query.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/memory.h"
#include "store/store_private.h"

/* How long a question waits for a session before it is answered with what is wrong. */
#define QUESTION_WAIT_MS 10000

struct Question {
        Question *next;
        const QueryStatement *statement; /* NULL: no such query */
        uint64_t asked_at;               /* uv_now */
        void *context;
        void (*on_reply)(void *userdata, void *context, const char *json, const char *why);
        char zone[READER_ZONE_MAX];      /* of the times in the answer */
        size_t n_parameters;
        char *parameters[QUERY_PARAMETERS_MAX]; /* owned */
};

static void reader_ask(Reader *reader);

/* ---- answering ---- */

static void reader_answer_first(Reader *reader, const char *json, const char *why) {
        Question *question = reader->first;
        reader->first = question->next;
        if (!reader->first)
                reader->last = &reader->first;
        reader->n_questions--;
        question->on_reply(reader->userdata, question->context, json, why);
        for (size_t i = 0; i < question->n_parameters; i++)
                free(question->parameters[i]);
        free(question);
}

static void on_answer_result(void *userdata, unsigned index, const PGresult *result) {
        Reader *reader = userdata;
        bool is_zone = reader->changes_zone && index == 0;
        if (is_zone && PQresultStatus(result) == PGRES_TUPLES_OK)
                memcpy(reader->zone, reader->first->zone, sizeof reader->zone);
        else if (PQresultStatus(result) != PGRES_TUPLES_OK)
                snprintf(reader->why, sizeof reader->why, "%s", PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY)
                         ? PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY) : "no answer");
        else if (PQntuples(result) > 0 && !PQgetisnull(result, 0, 0))
                reader->json = memory_string(PQgetvalue(result, 0, 0));
}

static void on_answer_end(void *userdata, bool answered) {
        Reader *reader = userdata;
        char *json = reader->json;
        char why[sizeof reader->why];
        if (!answered)
                snprintf(reader->why, sizeof reader->why, "the database went away");
        memcpy(why, reader->why, sizeof why);
        reader->asking = false;
        reader->json = NULL;
        reader->why[0] = '\0';
        reader_answer_first(reader, answered ? json : NULL, why);
        free(json);
        reader_ask(reader);
}

static const RequestHandler answer_handler = { on_answer_result, on_answer_end };

/* A zone as PostgreSQL takes it (POSIX: a name in angle brackets, and what is to be added to get UTC). */
static void zone_format(int offset_minutes, char ret[static READER_ZONE_MAX]) {
        unsigned minutes = (unsigned)(offset_minutes < 0 ? -offset_minutes : offset_minutes) % (24 * 60);
        char east = offset_minutes < 0 ? '-' : '+', west = offset_minutes < 0 ? '+' : '-';
        if (minutes == 0)
                snprintf(ret, READER_ZONE_MAX, "UTC");
        else
                snprintf(ret, READER_ZONE_MAX, "<%c%02u:%02u>%c%02u:%02u", east, minutes / 60, minutes % 60, west, minutes / 60, minutes % 60);
}

/* Put the first question, unless one is under way or there is no session. */
static void reader_ask(Reader *reader) {
        if (reader->asking || !reader->ready || !reader->first)
                return;
        Question *question = reader->first;
        reader->asking = true;
        reader->changes_zone = strcmp(reader->zone, question->zone) != 0;
        connection_begin(&reader->connection, &answer_handler, reader);
        if (reader->changes_zone)
                connection_query(&reader->connection, "select set_config('timezone', $1, false)", 1, (const char *const[]){ question->zone });
        connection_query(&reader->connection, question->statement->sql, question->n_parameters,
                         (const char *const *)question->parameters);
        connection_end(&reader->connection);
}

bool store_query(Store *store, const EngineQuery *query, void *context,
                 void (*on_reply)(void *userdata, void *context, const char *json, const char *why)) {
        Reader *reader = &store->reader;
        const QueryStatement *statement = query_statement(query->name);
        if (reader->n_questions >= STORE_QUERIES_MAX)
                return false;
        assert(statement && query->n_parameters == statement->n_parameters); /* the plan and the statements are both ours */
        Question *question = memory_new(sizeof *question);
        question->statement = statement;
        question->asked_at = uv_now(reader->connection.loop);
        question->context = context;
        question->on_reply = on_reply;
        zone_format(query->offset_minutes, question->zone);
        question->n_parameters = query->n_parameters;
        for (size_t i = 0; i < query->n_parameters; i++)
                question->parameters[i] = memory_string(query->parameters[i]);
        *reader->last = question;
        reader->last = &question->next;
        reader->n_questions++;
        reader_ask(reader);
        return true;
}

/* ---- the session ---- */

static void on_settings_result(void *userdata, unsigned index, const PGresult *result) {
        Reader *reader = userdata;
        (void)index;
        if (PQresultStatus(result) != PGRES_TUPLES_OK)
                connection_drop(&reader->connection, "settings of the reader's session");
}

static void on_settings_end(void *userdata, bool answered) {
        Reader *reader = userdata;
        reader->ready = answered && connection_is_open(&reader->connection);
        reader_ask(reader);
}

static const RequestHandler settings_handler = { on_settings_result, on_settings_end };

static void on_open(void *userdata) {
        Reader *reader = userdata;
        char timeout[24];
        snprintf(timeout, sizeof timeout, "%" PRIu64, reader->config->query_timeout_ms);
        zone_format(0, reader->zone);
        connection_begin(&reader->connection, &settings_handler, reader);
        connection_query(&reader->connection,
                         "select set_config('search_path', 'policegrid, pg_temp', false), set_config('statement_timeout', $1, false),"
                         " set_config('default_transaction_read_only', 'on', false), set_config('timezone', 'UTC', false),"
                         " set_config('idle_in_transaction_session_timeout', '5s', false),"
                         /* questions are short: compiling them takes longer than answering them */
                         " set_config('jit', 'off', false)",
                         1, (const char *const[]){ timeout });
        connection_end(&reader->connection);
}

static void reader_expire(Reader *reader) {
        uint64_t now = uv_now(reader->connection.loop);
        while (reader->first && !reader->asking && now - reader->first->asked_at > QUESTION_WAIT_MS)
                reader_answer_first(reader, NULL, "the database is away");
}

static void on_lost(void *userdata, bool was_open, const char *why) {
        Reader *reader = userdata;
        (void)was_open;
        (void)why;
        reader->ready = false;
        reader_expire(reader);
}

static void on_tick(void *userdata) {
        reader_expire(userdata);
}

static void on_stopped(void *userdata) {
        Reader *reader = userdata;
        while (reader->first)
                reader_answer_first(reader, NULL, "the daemon stops");
        reader->on_stopped(reader->store);
}

static const ConnectionEvents connection_events = { on_open, on_lost, on_tick, on_stopped };

void reader_init(Reader *reader, uv_loop_t *loop, const StoreConfig *config, void *userdata) {
        *reader = (Reader){ .config = config, .userdata = userdata };
        reader->last = &reader->first;
        snprintf(reader->name, sizeof reader->name, "policegridd/%s/reader", config->area);
        connection_init(&reader->connection, loop, config->conninfo, reader->name, config->retry_ms, &connection_events, reader);
}

void reader_deinit(Reader *reader) {
        assert(!reader->first && !reader->json);
}

void reader_start(Reader *reader) {
        connection_start(&reader->connection);
}

void reader_stop(Reader *reader, void (*on_stopped_)(void *store), void *store) {
        reader->on_stopped = on_stopped_;
        reader->store = store;
        reader->ready = false;
        connection_stop(&reader->connection);
}
