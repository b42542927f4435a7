/*
 * Connection on libuv: uv_poll watches libpq's socket, libpq does the rest.
 *
 * A poll handle lives no longer than the socket that it watches: libpq may close and open sockets during PQconnectPoll (several
 * addresses, TLS refused), and a descriptor number that comes back would confuse the loop. So the handle is stopped before every
 * step of an attempt and before PQfinish, and a new one is made after it; handles are on the heap and free themselves when closed.
 *
 * Names of hosts are resolved by libpq, which blocks: use addresses (hostaddr) or a socket directory.
 */
#include "store/connection.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/memory.h"

struct ConnectionPoll {
        uv_poll_t handle;
        Connection *connection;
};

static void connection_attempt(Connection *connection);
static void connection_progress(Connection *connection);
static void on_timer(uv_timer_t *timer);

/* ---- handles ---- */

static void connection_handle_closed(Connection *connection) {
        assert(connection->n_handles > 0);
        if (--connection->n_handles > 0 || connection->state != CONNECTION_STOPPING)
                return;
        connection->state = CONNECTION_CLOSED;
        connection->events->on_stopped(connection->userdata);
}

static void on_poll_closed(uv_handle_t *handle) {
        struct ConnectionPoll *poll = handle->data;
        Connection *connection = poll->connection;
        free(poll);
        connection_handle_closed(connection);
}

static void on_timer_closed(uv_handle_t *handle) {
        connection_handle_closed(handle->data);
}

static void connection_unwatch(Connection *connection) {
        if (connection->poll)
                uv_close((uv_handle_t *)&connection->poll->handle, on_poll_closed);
        connection->poll = NULL;
}

static void on_socket(uv_poll_t *handle, int status, int events);

/* Watch the session's socket; false when the loop refuses it (the attempt has failed then). */
static bool connection_watch(Connection *connection, int events) {
        if (!connection->poll) {
                struct ConnectionPoll *poll = memory_new(sizeof *poll);
                int r = uv_poll_init(connection->loop, &poll->handle, PQsocket(connection->session));
                if (r < 0) {
                        free(poll);
                        return false;
                }
                poll->handle.data = poll;
                poll->connection = connection;
                connection->poll = poll;
                connection->n_handles++;
        }
        return uv_poll_start(&connection->poll->handle, events, on_socket) == 0;
}

/* ---- ending a session ---- */

static void connection_close_session(Connection *connection) {
        connection_unwatch(connection);
        if (connection->session)
                PQfinish(connection->session);
        connection->session = NULL;
        connection->flushing = false;
        connection->generation++;
        for (size_t i = 0; i < connection->n_requests; i++)
                connection->requests[i].dead = true;
}

/* End every dead request; they are always the oldest. */
static void connection_end_dead(Connection *connection) {
        while (connection->n_requests > 0 && connection->requests[0].dead) {
                Request request = connection->requests[0];
                connection->n_requests--;
                memmove(connection->requests, connection->requests + 1, connection->n_requests * sizeof *connection->requests);
                request.handler->on_end(request.userdata, false);
        }
}

/* The last turn of a connection that stops: what was asked while its handles closed is answered too. */
static void on_soon_closed(uv_handle_t *handle) {
        Connection *connection = handle->data;
        connection_end_dead(connection);
        connection_handle_closed(connection);
}

static void on_soon(uv_timer_t *timer) {
        Connection *connection = timer->data;
        connection_end_dead(connection);
        if (connection->state == CONNECTION_STOPPING) {
                uv_close((uv_handle_t *)&connection->soon, on_soon_closed);
                return;
        }
        if (connection->lost) {
                connection->lost = false;
                connection->events->on_lost(connection->userdata, connection->lost_was_open, connection->why);
        }
}

static void connection_soon(Connection *connection) {
        if (uv_is_closing((uv_handle_t *)&connection->soon))
                return; /* on_soon_closed comes */
        int r = uv_timer_start(&connection->soon, on_soon, 0, 0);
        assert(r == 0);
        (void)r;
}

/* The session is of no use any more: close it, plan the next attempt, tell a turn later. */
static void connection_lose(Connection *connection, const char *why, uint64_t retry_ms) {
        if (connection->state != CONNECTION_CONNECTING && connection->state != CONNECTION_OPEN)
                return;
        if (why) {
                connection->lost = true;
                connection->lost_was_open = connection->state == CONNECTION_OPEN;
                snprintf(connection->why, sizeof connection->why, "%s", why);
                connection->why[strcspn(connection->why, "\n")] = '\0';
        }
        connection_close_session(connection);
        connection->state = CONNECTION_WAITING;
        uv_timer_start(&connection->timer, on_timer, retry_ms, 0);
        connection_soon(connection);
}

/* The words of a lost session: what the server said last, if it said anything, else what libpq knows. */
static void connection_lose_session(Connection *connection) {
        char why[512];
        const char *message = PQerrorMessage(connection->session);
        if (connection->notice[0])
                snprintf(why, sizeof why, "%s", connection->notice);
        else
                snprintf(why, sizeof why, "%s", message && message[0] ? message : "connection closed by the server");
        connection_lose(connection, why, connection->retry_ms);
}

void connection_drop(Connection *connection, const char *why) {
        connection_lose(connection, why, why ? connection->retry_ms : 0);
}

void connection_suspend(Connection *connection) {
        if (connection->state == CONNECTION_STOPPING)
                return;
        connection_close_session(connection);
        connection->state = CONNECTION_CLOSED;
        connection->lost = false;
        uv_timer_stop(&connection->timer);
        connection_soon(connection);
}

void connection_stop(Connection *connection) {
        assert(connection->state != CONNECTION_STOPPING);
        connection->state = CONNECTION_STOPPING;
        connection_close_session(connection);
        connection->lost = false;
        uv_close((uv_handle_t *)&connection->timer, on_timer_closed);
        connection_soon(connection);
}

/* ---- attempts ---- */

static void on_notice(void *userdata, const PGresult *notice) {
        Connection *connection = userdata;
        const char *severity = PQresultErrorField(notice, PG_DIAG_SEVERITY_NONLOCALIZED);
        const char *message = PQresultErrorField(notice, PG_DIAG_MESSAGE_PRIMARY);
        if (severity && strcmp(severity, "WARNING") == 0)
                connection->n_warnings++;
        if (severity && (strcmp(severity, "WARNING") == 0 || strcmp(severity, "FATAL") == 0))
                snprintf(connection->notice, sizeof connection->notice, "%s", message ? message : "");
}

static void connection_opened(Connection *connection) {
        if (PQsetnonblocking(connection->session, 1) != 0 || PQenterPipelineMode(connection->session) != 1) {
                connection_lose_session(connection);
                return;
        }
        connection_end_dead(connection);
        connection->state = CONNECTION_OPEN;
        connection->notice[0] = '\0';
        connection->n_warnings = 0;
        uv_timer_start(&connection->timer, on_timer, CONNECTION_TICK_MS, CONNECTION_TICK_MS);
        if (!connection_watch(connection, UV_READABLE))
                connection_lose(connection, "the loop refuses the socket", connection->retry_ms);
        else
                connection->events->on_open(connection->userdata);
}

static void connection_poll_attempt(Connection *connection) {
        connection_unwatch(connection);
        switch (PQconnectPoll(connection->session)) {
        case PGRES_POLLING_READING:
                if (!connection_watch(connection, UV_READABLE))
                        connection_lose(connection, "the loop refuses the socket", connection->retry_ms);
                break;
        case PGRES_POLLING_WRITING:
                if (!connection_watch(connection, UV_WRITABLE))
                        connection_lose(connection, "the loop refuses the socket", connection->retry_ms);
                break;
        case PGRES_POLLING_OK:
                connection_opened(connection);
                break;
        default:
                connection_lose_session(connection);
        }
}

/*
 * tcp_user_timeout and keepalives: a machine that vanished is noticed in about 1.5 s (I7); on Unix sockets they do nothing.
 * Given before dbname, so that the administrator's conninfo, expanded there, has the last word.
 */
static PGconn *connection_connect(const Connection *connection) {
        const char *const keywords[] = { "application_name", "client_encoding", "keepalives", "keepalives_idle", "keepalives_interval",
                                         "keepalives_count", "tcp_user_timeout", "dbname", NULL };
        const char *const values[] = { connection->name, "UTF8", "1", "1", "1", "2", "1500", connection->conninfo, NULL };
        return PQconnectStartParams(keywords, values, 1);
}

static void connection_attempt(Connection *connection) {
        connection->state = CONNECTION_CONNECTING;
        connection->notice[0] = '\0';
        connection->session = connection_connect(connection);
        if (!connection->session)
                memory_exhausted();
        uv_timer_start(&connection->timer, on_timer, CONNECTION_CONNECT_MS, 0);
        if (PQstatus(connection->session) == CONNECTION_BAD) {
                connection_lose_session(connection);
                return;
        }
        PQsetNoticeReceiver(connection->session, on_notice, connection);
        /* libpq: "behave as if PQconnectPoll last returned PGRES_POLLING_WRITING" */
        if (!connection_watch(connection, UV_WRITABLE))
                connection_lose(connection, "the loop refuses the socket", connection->retry_ms);
}

static void connection_tick(Connection *connection) {
        bool silent = connection->n_requests > 0 &&
                      uv_now(connection->loop) - connection->progress_at > CONNECTION_ANSWER_MS;
        if (silent)
                connection_lose(connection, "the server does not answer", connection->retry_ms);
        else
                connection->events->on_tick(connection->userdata);
}

static void on_timer(uv_timer_t *timer) {
        Connection *connection = timer->data;
        switch (connection->state) {
        case CONNECTION_WAITING:
                connection_attempt(connection);
                break;
        case CONNECTION_CONNECTING:
                connection_lose(connection, "no session within ten seconds", connection->retry_ms);
                break;
        case CONNECTION_OPEN:
                connection_tick(connection);
                break;
        case CONNECTION_CLOSED:
        case CONNECTION_STOPPING:
                break;
        }
}

/* ---- traffic ---- */

/* Send what libpq holds; ask for UV_WRITABLE while some is left. False when the session was lost. */
static bool connection_flush(Connection *connection) {
        int r = PQflush(connection->session);
        if (r < 0)
                return false;
        bool flushing = r > 0;
        if (flushing != connection->flushing) {
                connection->flushing = flushing;
                return connection_watch(connection, flushing ? UV_READABLE | UV_WRITABLE : UV_READABLE);
        }
        return true;
}

/* Hand one result to its request. Returns false when the callback ended this session. */
static bool connection_dispatch(Connection *connection, PGresult *result) {
        uint64_t generation = connection->generation;
        Request *request = &connection->requests[0];
        if (!result) {
                request->index++;
                return true;
        }
        if (PQresultStatus(result) == PGRES_PIPELINE_SYNC) {
                Request ended = *request;
                connection->n_requests--;
                memmove(connection->requests, connection->requests + 1, connection->n_requests * sizeof *connection->requests);
                ended.handler->on_end(ended.userdata, true);
        } else {
                request->handler->on_result(request->userdata, request->index, result);
        }
        PQclear(result);
        return generation == connection->generation;
}

/*
 * Results that were received before the end of a session are handed on too: a commit's answer is worth having. After the last of
 * them libpq says NULL for ever; two in a row never come otherwise.
 */
static void connection_progress(Connection *connection) {
        bool ended = false;
        while (connection->n_requests > 0 && !PQisBusy(connection->session)) {
                PGresult *result = PQgetResult(connection->session);
                if (!result && ended && PQstatus(connection->session) == CONNECTION_BAD)
                        return;
                ended = !result;
                connection->progress_at = uv_now(connection->loop);
                if (!connection_dispatch(connection, result))
                        return;
        }
        if (connection->n_requests == 0)
                (void)PQisBusy(connection->session); /* parses a notice that came by itself, such as why the server leaves */
}

static void on_socket(uv_poll_t *handle, int status, int events) {
        Connection *connection = ((struct ConnectionPoll *)handle->data)->connection;
        if (connection->state == CONNECTION_CONNECTING) {
                connection_poll_attempt(connection);
                return;
        }
        (void)status; /* libpq meets the same error and has words for it */
        (void)events;
        uint64_t generation = connection->generation;
        bool alive = PQconsumeInput(connection->session) == 1;
        connection_progress(connection); /* what was received before the end still counts */
        if (generation != connection->generation)
                return;
        if (!alive || PQstatus(connection->session) == CONNECTION_BAD || !connection_flush(connection))
                connection_lose_session(connection);
}

/* ---- requests ---- */

void connection_begin(Connection *connection, const RequestHandler *handler, void *userdata) {
        assert(connection->n_requests < CONNECTION_REQUESTS_MAX);
        if (connection->n_requests == 0)
                connection->progress_at = uv_now(connection->loop);
        bool dead = connection->state != CONNECTION_OPEN;
        connection->requests[connection->n_requests++] = (Request){ .handler = handler, .userdata = userdata, .dead = dead };
        if (dead)
                connection_soon(connection);
}

/* A statement that libpq would not take: the session is broken or memory exhausted. */
static void connection_sent(Connection *connection, int sent) {
        if (!sent)
                connection_lose_session(connection);
}

void connection_prepare(Connection *connection, const char *name, const char *sql) {
        if (connection->state == CONNECTION_OPEN)
                connection_sent(connection, PQsendPrepare(connection->session, name, sql, 0, NULL));
}

void connection_execute(Connection *connection, const char *name, size_t n_parameters, const char *const *parameters) {
        if (connection->state == CONNECTION_OPEN)
                connection_sent(connection, PQsendQueryPrepared(connection->session, name, (int)n_parameters, parameters, NULL, NULL, 0));
}

void connection_query(Connection *connection, const char *sql, size_t n_parameters, const char *const *parameters) {
        if (connection->state == CONNECTION_OPEN)
                connection_sent(connection, PQsendQueryParams(connection->session, sql, (int)n_parameters, NULL, parameters, NULL, NULL, 0));
}

void connection_stream(Connection *connection, const char *sql, size_t n_parameters, const char *const *parameters) {
        assert(connection->n_requests == 1);
        connection_query(connection, sql, n_parameters, parameters);
        if (connection->state == CONNECTION_OPEN)
                connection_sent(connection, PQsetSingleRowMode(connection->session));
}

void connection_end(Connection *connection) {
        if (connection->state != CONNECTION_OPEN)
                return;
        if (PQpipelineSync(connection->session) != 1 || !connection_flush(connection))
                connection_lose_session(connection);
}

/* ---- life ---- */

void connection_init(Connection *connection, uv_loop_t *loop, const char *conninfo, const char *name, uint64_t retry_ms,
                     const ConnectionEvents *events, void *userdata) {
        *connection = (Connection){ .loop = loop, .conninfo = conninfo, .name = name, .retry_ms = retry_ms, .events = events,
                                    .userdata = userdata, .n_handles = 2 };
        uv_timer_init(loop, &connection->timer);
        uv_timer_init(loop, &connection->soon);
        connection->timer.data = connection;
        connection->soon.data = connection;
}

void connection_start(Connection *connection) {
        assert(connection->state == CONNECTION_CLOSED);
        connection->state = CONNECTION_WAITING;
        uv_timer_start(&connection->timer, on_timer, 0, 0);
}
