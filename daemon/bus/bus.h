/*
 * Bus: the broker on the loop, over libmosquitto. Two sessions of one area, urgent and bulk, MQTT 5, clean start off, session
 * never expiring, fixed client ids. Reads a burst and stops reading; holds every PUBACK (mosquitto_threaded_set) until bus_flush.
 * Publishes only through the plugin's bulk publish. Knows nothing of PostgreSQL.
 */
#ifndef POLICEGRID_BUS_BUS_H
#define POLICEGRID_BUS_BUS_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "engine/engine.h"
#include "proto/control.h"
#include "proto/message.h"

typedef struct Bus Bus;
typedef enum BusSession { BUS_URGENT = 0, BUS_BULK, BUS_SESSIONS } BusSession;

typedef struct BusConfig {
        const char *host;      /* or the path of a Unix socket, with port 0 */
        int port;
        const char *area;
        const char *password;  /* daemon_password_derive */
        unsigned keepalive_s;        /* longer than the longest commit wait: nothing is written meanwhile */
        unsigned receive_maximum;    /* of each session */
        unsigned burst_messages;     /* at most so many messages a burst */
        size_t burst_bytes;
        uint64_t retry_ms;           /* between connection attempts */
        uint64_t handshake_ms;       /* from the attempt to both SUBACKs */
} BusConfig;

typedef struct BusEvents {
        /* Both sessions are connected and subscribed. Messages may have come before; their burst ends after this. */
        void (*on_connected)(void *userdata);
        /* A session was lost or could not be had: both handles are destroyed, the bus tries again by itself after retry_ms. */
        void (*on_lost)(void *userdata, const char *why);
        /*
         * A message of a burst. `raw` is borrowed: copy what is kept. The burst's end is told by on_burst; nothing more is read from
         * any session until bus_flush. No bus function may be called from here.
         */
        void (*on_message)(void *userdata, BusSession session, const RawMessage *raw);
        void (*on_burst)(void *userdata);
        /*
         * A fence that bus_fence asked for has come back: everything received up to fence->at has been handed over by on_message,
         * the burst that is being read included. No bus function may be called from here.
         */
        void (*on_fence)(void *userdata, BusSession session, const ControlFence *fence);
        void (*on_held)(void *userdata, const ControlHeld *held);
        /* A retained downward document, while bus_survey runs; n_payload of a stored document is never 0. */
        void (*on_retained)(void *userdata, const char *topic, const void *payload, size_t n_payload);
        void (*on_survey_done)(void *userdata);
        /* Something worth a log line that needs no action. */
        void (*on_remark)(void *userdata, const char *text);
} BusEvents;

/* `config` and `events` are copied, the strings in them too. NULL when memory is exhausted. */
Bus *bus_new(uv_loop_t *loop, const BusConfig *config, const BusEvents *events, void *userdata);
/* Connect, and keep connecting after every loss, until bus_drop or bus_stop. */
void bus_start(Bus *bus);
bool bus_is_connected(const Bus *bus);
/* Destroy both handles without acknowledging anything, no longer held; connect anew only when bus_start is called again. */
void bus_drop(Bus *bus);
/* Graceful end: what is queued and DISCONNECT are sent, the sessions stay at the broker; on_closed when no handle is left. */
void bus_stop(Bus *bus, void (*on_closed)(void *userdata));
/* After on_closed. */
Bus *bus_free(Bus *bus);

/* Stop reading, writing and connecting until bus_flush, as after a burst (a batch of timers is being written). */
void bus_hold(Bus *bus);
/*
 * Hand documents to the plugin in bulk, in order. `mark` JSON is published last, retained, as daemon/mark (NULL = none). Queued
 * until bus_flush while held. Without a connection they are gone: the reconciling after the next connection finds them.
 */
void bus_publish(Bus *bus, const Documents *documents, const char *mark);
/* Send everything queued, the documents first, then the held PUBACKs, then read on. */
void bus_flush(Bus *bus);
/* One fence at a time per session: asking again while one is out does nothing. */
void bus_fence(Bus *bus, BusSession session);
void bus_roster_ask(Bus *bus);
/* Begin, chunks, commit. The roster is encoded at once. */
void bus_roster_send(Bus *bus, const Roster *roster);

typedef enum BusSurvey {
        BUS_SURVEY_MARK, /* daemon/mark alone */
        BUS_SURVEY_ALL,  /* every retained downward document that is the daemon's: presence is the plugin's */
} BusSurvey;
/* Read retained documents (I10): subscribes, delivers on_retained, unsubscribes, on_survey_done. One at a time. */
void bus_survey(Bus *bus, BusSurvey survey);

#endif
