/*
 * Connection: one libpq connection on the loop, in pipeline mode, that comes back by itself. Owns the PGconn, its poll handle and
 * two timers; knows nothing of what is asked. Several of these make a Store.
 *
 * Work goes out as requests: connection_begin, any number of statements, connection_end. Requests are answered in order; each ends
 * exactly once, answered or not, and always from the loop, never from within a call.
 */
#ifndef POLICEGRID_STORE_CONNECTION_H
#define POLICEGRID_STORE_CONNECTION_H

#include <libpq-fe.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

/* How often an open connection calls on_tick, ms. */
#define CONNECTION_TICK_MS 250
/* A server that answers nothing for this long while something is asked counts as lost, ms. */
#define CONNECTION_ANSWER_MS 30000
/* From the first packet to a session, ms. */
#define CONNECTION_CONNECT_MS 10000
/* Requests in flight at once; owners never come near it (their work is one at a time, plus a ping). */
#define CONNECTION_REQUESTS_MAX 8

typedef enum ConnectionState {
        CONNECTION_CLOSED = 0, /* no session and none planned: not started, suspended, or stopped */
        CONNECTION_WAITING,    /* until the next attempt */
        CONNECTION_CONNECTING,
        CONNECTION_OPEN,
        CONNECTION_STOPPING,   /* handles are closing */
} ConnectionState;

typedef struct ConnectionEvents {
        /* A fresh session: nothing prepared, nothing set. */
        void (*on_open)(void *userdata);
        /* An open session is gone, or an attempt failed; requests have ended. The next attempt is already planned. */
        void (*on_lost)(void *userdata, bool was_open, const char *why);
        /* Every CONNECTION_TICK_MS while open. */
        void (*on_tick)(void *userdata);
        /* Stopped; no handle left. */
        void (*on_stopped)(void *userdata);
} ConnectionEvents;

typedef struct RequestHandler {
        /* A result of the request's statement number `index` (0…); borrowed. Errors and PGRES_PIPELINE_ABORTED come here too. */
        void (*on_result)(void *userdata, unsigned index, const PGresult *result);
        /* All statements answered, or (false) the session ended first. */
        void (*on_end)(void *userdata, bool answered);
} RequestHandler;

typedef struct Request {
        const RequestHandler *handler;
        void *userdata;
        unsigned index;  /* statement whose results come next */
        bool dead;       /* begun without a session, or outlived it */
} Request;

typedef struct Connection {
        /* set once */
        uv_loop_t *loop;
        const char *conninfo;    /* borrowed */
        const char *name;        /* application_name; borrowed */
        uint64_t retry_ms;
        const ConnectionEvents *events;
        void *userdata;

        ConnectionState state;
        PGconn *session;         /* NULL unless connecting or open */
        struct ConnectionPoll *poll; /* the active one; old ones free themselves when closed */
        uv_timer_t timer;        /* next attempt, end of an attempt, or tick */
        uv_timer_t soon;         /* ends dead requests and tells of a loss, one turn later */
        unsigned n_handles;      /* not yet closed */
        uint64_t generation;     /* counts sessions; callbacks that return to another one stop at once */
        uint64_t progress_at;    /* uv_now of the last sign of life while something is asked */
        bool flushing;           /* UV_WRITABLE is wanted */

        Request requests[CONNECTION_REQUESTS_MAX]; /* oldest first */
        size_t n_requests;
        bool lost;               /* on_lost is owed */
        bool lost_was_open;
        uint64_t n_warnings;     /* notices of severity WARNING since the session began */
        char notice[256];        /* the latest notice's text */
        char why[512];           /* the latest loss's reason */
} Connection;

/* `conninfo` and `name` must outlive the connection. Nothing happens before connection_start. */
void connection_init(Connection *connection, uv_loop_t *loop, const char *conninfo, const char *name, uint64_t retry_ms,
                     const ConnectionEvents *events, void *userdata);
void connection_start(Connection *connection);
/* End the session and start again at once; requests end unanswered. on_lost is called unless `why` is NULL. */
void connection_drop(Connection *connection, const char *why);
/* End the session and plan none; requests end unanswered. What remains is connection_start or connection_stop. */
void connection_suspend(Connection *connection);
/* End the session for good; requests end unanswered, then on_stopped. */
void connection_stop(Connection *connection);
static inline bool connection_is_open(const Connection *connection) { return connection->state == CONNECTION_OPEN; }

/* ---- requests ---- */
void connection_begin(Connection *connection, const RequestHandler *handler, void *userdata);
/* Statements: parameters are texts, NULL = SQL NULL; copied. Types are inferred or cast in the SQL. */
void connection_prepare(Connection *connection, const char *name, const char *sql);
void connection_execute(Connection *connection, const char *name, size_t n_parameters, const char *const *parameters);
void connection_query(Connection *connection, const char *sql, size_t n_parameters, const char *const *parameters);
/* The request's only statement gives its rows one by one (PGRES_SINGLE_TUPLE). Only while nothing else is in flight. */
void connection_stream(Connection *connection, const char *sql, size_t n_parameters, const char *const *parameters);
/* Sync and send. */
void connection_end(Connection *connection);

#endif
