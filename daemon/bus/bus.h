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
        unsigned keepalive_s;
        unsigned receive_maximum;    /* of each session */
        unsigned burst_messages;     /* at most so many messages a burst */
        size_t burst_bytes;
        uint64_t retry_ms;
} BusConfig;

typedef struct BusEvents {
        /* Both sessions are connected and subscribed. */
        void (*on_connected)(void *userdata);
        void (*on_lost)(void *userdata, const char *why);
        /*
         * A message of a burst. `raw` is borrowed: copy what is kept. The burst's end is told by on_burst; nothing more is read from
         * any session until bus_flush.
         */
        void (*on_message)(void *userdata, BusSession session, const RawMessage *raw);
        void (*on_burst)(void *userdata);
        /* A fence that bus_fence asked for has come back: everything received up to fence->at has been seen on that session. */
        void (*on_fence)(void *userdata, BusSession session, const ControlFence *fence);
        void (*on_held)(void *userdata, const ControlHeld *held);
        /* A retained downward document, while bus_survey runs; n_payload of a stored document is never 0. */
        void (*on_retained)(void *userdata, const char *topic, const void *payload, size_t n_payload);
        void (*on_survey_done)(void *userdata);
} BusEvents;

Bus *bus_new(uv_loop_t *loop, const BusConfig *config, const BusEvents *events, void *userdata);
void bus_start(Bus *bus);
bool bus_is_connected(const Bus *bus);
/* Destroy both handles without acknowledging anything; connect anew only when bus_start is called again. */
void bus_drop(Bus *bus);
/* Graceful end: DISCONNECT without losing the session; on_closed when no handle is left. */
void bus_stop(Bus *bus, void (*on_closed)(void *userdata));
Bus *bus_free(Bus *bus);

/* Hand documents to the plugin in bulk, in order. `mark` JSON is published last, retained, as daemon/mark (NULL = none). */
void bus_publish(Bus *bus, const Documents *documents, const char *mark);
/* Send everything queued, the held PUBACKs included, then read on. */
void bus_flush(Bus *bus);
void bus_fence(Bus *bus, BusSession session);
void bus_roster_ask(Bus *bus);
/* Begin, chunks, commit. The roster is encoded at once. */
void bus_roster_send(Bus *bus, const Roster *roster);
/* Read every retained downward document of the area (I10): subscribes, delivers on_retained, unsubscribes, on_survey_done. */
void bus_survey(Bus *bus);

#endif
