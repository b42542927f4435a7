/*
 * Session over libmosquitto. What makes it more than a wrapper:
 *
 * - mosquitto_connect_bind_v5, the only call that takes a session expiry, blocks (name lookup, connect): it runs in libuv's pool,
 *   on a handle that nobody else touches until it is done.
 * - libmosquitto closes its socket whenever it likes. The loop polls a duplicate, so that no descriptor number is reused behind
 *   the loop's back.
 * - A handle may not be destroyed from within its own callbacks: failures are noted in the link and told from an idle call.
 *
 * A Link is one attempt: made by session_connect, parted from its session by session_drop, freed when thread and poll are gone.
 */
#include "bus/session.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <mqtt_protocol.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define FILTERS_MAX 32
#define SESSION_NEVER_EXPIRES 0xFFFFFFFFu

typedef struct Link {
        Session *session;          /* NULL once dropped */
        Session *owner;            /* for on_gone; outlives the link */
        struct mosquitto *handle;
        uv_work_t work;
        uv_poll_t poll;
        uv_idle_t tell;            /* tells a noted failure outside of any call */
        int fd;                    /* duplicate of the handle's socket; -1 before */
        int n_open;                /* uv handles and requests not finished yet */
        int result, result_errno;  /* of the connecting thread */
        bool attached;             /* CONNACK is here, SUBSCRIBE is queued: from now on messages may come */
        bool up;                   /* all subscriptions granted */
        bool reading, writing;     /* wanted by the owner */
        unsigned depth;            /* calls of libmosquitto on the stack: it may not be entered for writing then */
        int subscribe_id;          /* message id of the first SUBSCRIBE */
        bool failed;
        char why[160];
} Link;

struct Session {
        uv_loop_t *loop;
        SessionConfig config;
        SessionEvents events;
        void *userdata;
        Link *link;                /* NULL when not connecting or connected */
        unsigned n_links;          /* this one and those that are still closing */
};

static void link_poll(Link *link);

/* ---- ends ---- */
static void link_release(Link *link) {
        if (--link->n_open > 0)
                return;
        Session *owner = link->owner;

        if (link->handle)
                mosquitto_destroy(link->handle);
        if (link->fd >= 0)
                close(link->fd);
        free(link);
        owner->n_links--;
        owner->events.on_gone(owner->userdata, owner);
}

static void on_handle_closed(uv_handle_t *handle) { link_release(handle->data); }

static void on_tell(uv_idle_t *idle) {
        Link *link = idle->data;
        char why[sizeof link->why];

        uv_idle_stop(idle);
        if (!link->session)
                return;
        snprintf(why, sizeof why, "%s", link->why);
        link->session->events.on_down(link->session->userdata, link->session, why);
}

/* Note that the link is dead; the first reason counts. */
static void link_fail(Link *link, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void link_fail(Link *link, const char *format, ...) {
        va_list arguments;

        if (link->failed)
                return;
        link->failed = true;
        link->up = false;
        va_start(arguments, format);
        vsnprintf(link->why, sizeof link->why, format, arguments);
        va_end(arguments);
        if (link->fd >= 0 && !uv_is_closing((uv_handle_t *)&link->poll))
                uv_poll_stop(&link->poll);
        uv_idle_start(&link->tell, on_tell);
}

static void link_fail_code(Link *link, const char *what, int result) {
        if (result == MOSQ_ERR_ERRNO)
                link_fail(link, "%s: %s", what, strerror(errno));
        else
                link_fail(link, "%s: %s", what, mosquitto_strerror(result));
}

/* ---- what libmosquitto tells ---- */
static void on_connect(struct mosquitto *handle, void *userdata, int reason, int flags, const mosquitto_property *properties) {
        Link *link = userdata;

        (void)handle, (void)flags, (void)properties;
        if (!link->session)
                return;
        if (reason != 0) {
                link_fail(link, "broker refused: %s", mosquitto_reason_string(reason));
                return;
        }
        const SessionConfig *config = &link->session->config;
        int result = mosquitto_subscribe_multiple(link->handle, &link->subscribe_id, (int)config->n_filters,
                                                  (char *const *const)config->filters, 1, 0, NULL);
        if (result)
                link_fail_code(link, "subscribe", result);
        link->attached = true;
}

static void on_subscribe(struct mosquitto *handle, void *userdata, int id, int n_granted, const int *granted,
                         const mosquitto_property *properties) {
        Link *link = userdata;

        (void)handle, (void)properties;
        for (int i = 0; i < n_granted; i++)
                if (granted[i] != 1) {
                        link_fail(link, "subscription %d refused: %s", i, mosquitto_reason_string(granted[i]));
                        return;
                }
        if (!link->session || link->up || id != link->subscribe_id)
                return;
        link->up = true;
        link->session->events.on_up(link->session->userdata, link->session);
}

static void on_disconnect(struct mosquitto *handle, void *userdata, int reason, const mosquitto_property *properties) {
        Link *link = userdata;

        (void)handle, (void)properties;
        if (reason >= MQTT_RC_UNSPECIFIED)
                link_fail(link, "broker disconnected: %s", mosquitto_reason_string(reason));
        else
                link_fail(link, "disconnected: %s", mosquitto_strerror(reason));
}

static void on_publish(struct mosquitto *handle, void *userdata, int id, int reason, const mosquitto_property *properties) {
        Link *link = userdata;

        (void)handle, (void)id, (void)properties;
        if (reason >= MQTT_RC_UNSPECIFIED)
                link_fail(link, "publish refused: %s", mosquitto_reason_string(reason));
}

static void on_message(struct mosquitto *handle, void *userdata, const struct mosquitto_message *message,
                       const mosquitto_property *properties) {
        Link *link = userdata;

        (void)handle;
        if (link->session && !link->failed)
                link->session->events.on_message(link->session->userdata, link->session, message, properties);
}

/* ---- connecting ---- */
static void on_connect_work(uv_work_t *work) {
        Link *link = work->data;
        const SessionConfig *config = &link->owner->config;
        mosquitto_property *properties = NULL;

        link->result = mosquitto_property_add_int32(&properties, MQTT_PROP_SESSION_EXPIRY_INTERVAL, SESSION_NEVER_EXPIRES);
        if (link->result == MOSQ_ERR_SUCCESS)
                link->result = mosquitto_connect_bind_v5(link->handle, config->host, config->port, (int)config->keepalive_s, NULL,
                                                         properties);
        link->result_errno = errno;
        mosquitto_property_free_all(&properties);
}

static void on_connect_done(uv_work_t *work, int status) {
        Link *link = work->data;

        if (!link->session || status < 0) {
                link_release(link);
                return;
        }
        errno = link->result_errno;
        if (link->result != MOSQ_ERR_SUCCESS) {
                link_fail_code(link, "connect", link->result);
        } else {
                link->fd = fcntl(mosquitto_socket(link->handle), F_DUPFD_CLOEXEC, 0);
                if (link->fd < 0 || uv_poll_init(link->session->loop, &link->poll, link->fd) != 0) {
                        link_fail(link, "poll: %s", strerror(errno));
                } else {
                        link->poll.data = link;
                        link->n_open++;
                        session_write(link->session);
                }
        }
        link_release(link);
}

static int handle_prepare(struct mosquitto *handle, const SessionConfig *config) {
        int result = mosquitto_int_option(handle, MOSQ_OPT_PROTOCOL_VERSION, MQTT_PROTOCOL_V5);

        if (!result)
                result = mosquitto_int_option(handle, MOSQ_OPT_RECEIVE_MAXIMUM, (int)config->receive_maximum);
        if (!result)
                result = mosquitto_int_option(handle, MOSQ_OPT_TCP_NODELAY, 1);
        if (!result)
                result = mosquitto_username_pw_set(handle, config->user, config->password);
        if (!result)
                result = mosquitto_threaded_set(handle, true); /* packets are queued, not sent: PUBACKs wait (I1) */
        if (!result && config->will_topic)
                result = mosquitto_will_set_v5(handle, config->will_topic, (int)strlen(config->will_payload), config->will_payload, 1,
                                               true, NULL);
        mosquitto_connect_v5_callback_set(handle, on_connect);
        mosquitto_subscribe_v5_callback_set(handle, on_subscribe);
        mosquitto_disconnect_v5_callback_set(handle, on_disconnect);
        mosquitto_publish_v5_callback_set(handle, on_publish);
        mosquitto_message_v5_callback_set(handle, on_message);
        return result;
}

void session_connect(Session *session) {
        assert(!session->link);
        Link *link = calloc(1, sizeof *link);

        if (!link)
                abort();
        link->session = link->owner = session;
        link->fd = -1;
        link->reading = link->writing = true;
        link->handle = mosquitto_new(session->config.client, false, link);
        if (!link->handle)
                abort();
        int result = handle_prepare(link->handle, &session->config);

        link->work.data = link->tell.data = link;
        session->link = link;
        session->n_links++;
        uv_idle_init(session->loop, &link->tell);
        link->n_open++;
        if (result) {
                link_fail_code(link, "options", result);
                return;
        }
        link->n_open++;
        uv_queue_work(session->loop, &link->work, on_connect_work, on_connect_done);
}

void session_drop(Session *session) {
        Link *link = session->link;

        if (!link)
                return;
        session->link = NULL;
        link->session = NULL;
        if (link->fd >= 0)
                uv_close((uv_handle_t *)&link->poll, on_handle_closed);
        uv_close((uv_handle_t *)&link->tell, on_handle_closed);
        uv_cancel((uv_req_t *)&link->work);
}

void session_disconnect(Session *session) {
        if (session->link && session->link->fd >= 0 && !session->link->failed)
                mosquitto_disconnect_v5(session->link->handle, 0, NULL);
}

/* ---- reading and writing ---- */
static void on_poll(uv_poll_t *poll, int status, int events) {
        Link *link = poll->data;
        Session *session = link->session;

        if (!session)
                return;
        if (status < 0) {
                link_fail(link, "poll: %s", uv_strerror(status));
                return;
        }
        if (!link->attached) { /* one packet, the CONNACK; then SUBSCRIBE leaves, before any PUBACK can be queued */
                if (session_read(session))
                        session_write(session);
                return;
        }
        if ((events & UV_DISCONNECT) && !link->reading) {
                link_fail(link, "closed by the broker");
                return;
        }
        session->events.on_ready(session->userdata, session, events & UV_READABLE, events & UV_WRITABLE);
}

static void link_poll(Link *link) {
        int events = 0;

        if (link->failed || link->fd < 0 || !link->session)
                return;
        events |= link->reading ? UV_READABLE : UV_DISCONNECT; /* a close is seen while nothing is read, too */
        if (link->writing && mosquitto_want_write(link->handle))
                events |= UV_WRITABLE;
        uv_poll_start(&link->poll, events, on_poll);
}

bool session_has_input(const Session *session) {
        const Link *link = session->link;
        int n = 0;

        return link && link->fd >= 0 && !link->failed && ioctl(link->fd, FIONREAD, &n) == 0 && n > 0;
}

bool session_read(Session *session) {
        Link *link = session->link;

        if (!link || link->fd < 0 || link->failed)
                return false;
        errno = 0; /* libmosquitto 2.0 looks at it after successful reads too */
        link->depth++;
        int result = mosquitto_loop_read(link->handle, 1);

        link->depth--;
        if (result)
                link_fail_code(link, "read", result);
        link_poll(link);
        return !link->failed;
}

bool session_write(Session *session) {
        Link *link = session->link;

        if (!link || link->fd < 0 || link->failed)
                return true;
        if (link->depth > 0) { /* from one of its callbacks: when the socket says that it can be written */
                link_poll(link);
                return !mosquitto_want_write(link->handle);
        }
        errno = 0;
        link->depth++;
        int result = mosquitto_want_write(link->handle) ? mosquitto_loop_write(link->handle, 1) : MOSQ_ERR_SUCCESS;

        link->depth--;
        if (result)
                link_fail_code(link, "write", result);
        link_poll(link);
        return link->failed || !mosquitto_want_write(link->handle);
}

void session_listen(Session *session, bool read, bool write) {
        if (!session->link)
                return;
        session->link->reading = read;
        session->link->writing = write;
        link_poll(session->link);
}

void session_tick(Session *session) {
        Link *link = session->link;

        if (!link || link->fd < 0 || link->failed)
                return;
        link->depth++;
        int result = mosquitto_loop_misc(link->handle);

        link->depth--;
        if (result)
                link_fail_code(link, "keepalive", result);
}

/* ---- queueing ---- */
void session_publish(Session *session, const char *topic, const void *payload, size_t n_payload) {
        Link *link = session->link;

        if (!link || !link->up || link->failed)
                return;
        int result = mosquitto_publish_v5(link->handle, NULL, topic, (int)n_payload, payload, 1, false, NULL);

        if (result)
                link_fail_code(link, "publish", result);
}

void session_subscribe(Session *session, const char *const *filters, size_t n_filters) {
        Link *link = session->link;

        if (!link || !link->up || link->failed)
                return;
        int result = mosquitto_subscribe_multiple(link->handle, NULL, (int)n_filters, (char *const *const)filters, 1, 0, NULL);

        if (result)
                link_fail_code(link, "subscribe", result);
}

void session_unsubscribe(Session *session, const char *const *filters, size_t n_filters) {
        Link *link = session->link;

        if (!link || !link->up || link->failed)
                return;
        int result = mosquitto_unsubscribe_multiple(link->handle, NULL, (int)n_filters, (char *const *const)filters, NULL);

        if (result)
                link_fail_code(link, "unsubscribe", result);
}

/* ---- life ---- */
Session *session_new(uv_loop_t *loop, const SessionConfig *config, const SessionEvents *events, void *userdata) {
        Session *session = calloc(1, sizeof *session);

        if (!session)
                return NULL;
        assert(config->n_filters <= FILTERS_MAX);
        session->loop = loop;
        session->config = *config;
        session->events = *events;
        session->userdata = userdata;
        return session;
}

Session *session_free(Session *session) {
        if (!session)
                return NULL;
        assert(session_is_idle(session));
        free(session);
        return NULL;
}

bool session_is_up(const Session *session) { return session->link && session->link->up && !session->link->failed; }
bool session_is_alive(const Session *session) { return session->link && session->link->attached && !session->link->failed; }
bool session_is_idle(const Session *session) { return !session->link && session->n_links == 0; }
