/*
 * Session: one MQTT session over libmosquitto on the loop. Every attempt to connect makes a new handle, and a lost one is
 * destroyed, because libmosquitto resends its old publishes on a reconnected handle. Queues only; writing is the caller's decision.
 */
#ifndef POLICEGRID_BUS_SESSION_H
#define POLICEGRID_BUS_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <mosquitto.h>
#include <uv.h>

typedef struct Session Session;

typedef struct SessionConfig {
        const char *host;
        int port;                 /* 0 = host is the path of a Unix socket */
        const char *user, *password;
        const char *client;       /* client id */
        unsigned keepalive_s, receive_maximum;
        const char *will_topic;   /* NULL = no will */
        const char *will_payload;
        const char *const *filters; size_t n_filters; /* subscribed after every CONNACK, QoS 1 */
} SessionConfig;

typedef struct SessionEvents {
        void (*on_up)(void *userdata, Session *session);                    /* every subscription granted */
        void (*on_down)(void *userdata, Session *session, const char *why); /* call session_drop; never from within a call of ours */
        void (*on_ready)(void *userdata, Session *session, bool readable, bool writable);
        /* During session_read. `message` and `properties` are libmosquitto's. */
        void (*on_message)(void *userdata, Session *session, const struct mosquitto_message *message, const mosquitto_property *properties);
        void (*on_gone)(void *userdata, Session *session);                  /* no uv handle or thread is left after a drop */
} SessionEvents;

/* All pointers of `config` must outlive the session. NULL when memory is exhausted. */
Session *session_new(uv_loop_t *loop, const SessionConfig *config, const SessionEvents *events, void *userdata);
/* After session_drop and on_gone (or never connected). */
Session *session_free(Session *session);

void session_connect(Session *session);
bool session_is_up(const Session *session);
/* The broker has let us in: it delivers what it had in flight even before the SUBACKs. */
bool session_is_alive(const Session *session);
bool session_is_idle(const Session *session); /* nothing open, nothing closing */
/* Destroy the handle without writing anything more. on_gone follows when there was one. */
void session_drop(Session *session);
/* Queue DISCONNECT; it leaves with the next session_write. */
void session_disconnect(Session *session);

/* Whether bytes wait to be read. */
bool session_has_input(const Session *session);
/* Read what one call reads: a packet, or at most as many as are in flight. Returns false when the session went down meanwhile. */
bool session_read(Session *session);
/* Write the queue as far as the socket takes it. Returns whether it is empty now. */
bool session_write(Session *session);
/* Which readiness to be told of. Writability is told only while something is queued. */
void session_listen(Session *session, bool read, bool write);
/* Keepalive; call about once a second, not while PUBACKs are held. */
void session_tick(Session *session);

/* Queue packets. Failures take the session down (on_down comes from the loop, not from within). */
void session_publish(Session *session, const char *topic, const void *payload, size_t n_payload);
void session_subscribe(Session *session, const char *const *filters, size_t n_filters);
void session_unsubscribe(Session *session, const char *const *filters, size_t n_filters);

#endif
