/*
 * Sessions: what the plugin knows of each client of the broker, keyed on the broker's own pointer. A client id alone is never the
 * key: on takeover two clients bear it for a while (BASIC_AUTH of the new one precedes DISCONNECT of the old one). A session is kept
 * past DISCONNECT: the client's will is judged after it, and queued messages of an offline durable session are judged by it.
 */
#ifndef POLICEGRID_PLUGIN_SESSION_H
#define POLICEGRID_PLUGIN_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/roster.h"
#include "proto/stamp.h"

struct mosquitto;
struct Area;

typedef enum SessionKind { SESSION_DAEMON = 1, SESSION_MEMBER, SESSION_ENROLLING } SessionKind;

typedef struct Session {
        const struct mosquitto *client; /* key; only compared, never followed, once disconnected */
        struct Session *next_by_client, *next_by_id;
        size_t index;                   /* in Sessions.all */
        char id[STAMP_CLIENT_MAX + 1];  /* client id */
        char user[MEMBER_MAX + 1];      /* member id, or `daemon-{area}` */
        struct Area *area;
        SessionKind kind;
        bool connected;
        bool durable;                   /* may outlive its connection: anything but a clean session of MQTT 3.1.1 */
        bool superseded;                /* a newer client bears the same id: what is still written in its name is its will */
        uint8_t flow;                   /* FlowKind of a daemon's session */
        uint8_t verified[ROSTER_SECRET_BYTES]; /* hash of the secret or code that opened it */
        uint64_t generation;            /* of the roster that `member` points into */
        const RosterMember *member;     /* NULL when gone; valid while generation is the area's */
        int64_t disconnected_ms;        /* 0 while connected */
        int64_t doomed_ms;              /* an enrolling session whose code is spent ends then; 0 = not doomed */
        int64_t receipts_full_ms;       /* when the sender's allowance of refusals' receipts is full again */
} Session;

#define SESSIONS_MAX 500000
#define SESSION_OFFLINE_KEPT_MS (INT64_C(90) * 24 * 3600 * 1000) /* of one that may be durable: it still queues */
#define SESSION_ENDED_KEPT_MS INT64_C(60000)                     /* of one that is not: its will has long been judged */

typedef struct Sessions {
        Session **all; /* owned array of owned sessions, unordered */
        size_t n, capacity;
        Session **by_client, **by_id; /* owned bucket arrays, n_buckets each */
        size_t n_buckets;             /* a power of two, or 0 */
} Sessions;

Session *session_find(const Sessions *sessions, const struct mosquitto *client);
/* The next session with that client id after `after` (NULL = the first); NULL at the end. */
Session *session_next_by_id(const Sessions *sessions, const char *id, const Session *after);
/*
 * A new session for that client; one that held the same pointer before must be dropped first. At SESSIONS_MAX an offline one makes room.
 * NULL when memory is exhausted, or all are connected.
 */
Session *session_add(Sessions *sessions, const struct mosquitto *client, const char *id);
void session_drop(Sessions *sessions, Session *session);
void sessions_deinit(Sessions *sessions);

#endif
