/*
 * What the plugin's files share: the root object, its areas, and the bounds. plugin.c makes and ends it; each other file owns the
 * part that bears its name. All of it lives on the broker's one thread, except what snapshot.c hands to its worker.
 */
#ifndef POLICEGRID_PLUGIN_PLUGIN_H
#define POLICEGRID_PLUGIN_PLUGIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "plugin/counter.h"
#include "plugin/session.h"
#include "proto/control.h"
#include "proto/map.h"
#include "proto/roster.h"
#include "proto/stamp.h"
#include "proto/text.h"

#define AREAS_MAX 64
#define ROSTER_BYTES_MAX ((uint32_t)96 << 20) /* of an encoded roster on its way in */
#define DEFERRED_BYTES_MAX ((size_t)64 << 20) /* of batches that wait for a roster to be in force */
#define SUBSCRIPTIONS_MAX 1000                /* of one client */

typedef struct Snapshot Snapshot;
typedef struct Batch Batch;

/* What runs towards the daemon of an area, one for each of its sessions. */
typedef enum FlowKind { FLOW_URGENT = 0, FLOW_BULK, FLOW_COUNT, FLOW_NONE = FLOW_COUNT } FlowKind;
typedef struct Flow {
        uint64_t passed;  /* upward messages let through in this run */
        uint64_t drained; /* of these, so many were behind the daemon at its last fence */
} Flow;

/* A roster on its way in, between BEGIN and COMMIT. */
typedef struct Transfer {
        bool open;
        ControlRosterBegin begin;
        uint32_t next_chunk;
        Text bytes;
} Transfer;

typedef struct Area {
        char code[AREA_MAX + 1];
        uint8_t stamp_key[STAMP_KEY_BYTES];
        uint8_t daemon_secret[ROSTER_SECRET_BYTES]; /* SHA-256 of the daemon's password */
        Roster *roster;                             /* owned; NULL: only the daemon gets in */
        uint64_t generation;                        /* counts the rosters of this run; sessions remember it */
        Flow flows[FLOW_COUNT];
        Transfer transfer;
        uint64_t newest_epoch, newest_version;      /* of the newest update that was taken or is with the worker */
        unsigned n_rosters_pending;                 /* committed, with the worker */
        Batch *deferred, **deferred_last;           /* documents that follow such a roster: published once it is in force */
        size_t deferred_bytes;
        Map *presence;                              /* member id -> PresenceMember, see presence.c */
        uint32_t clear_cursor;                      /* next roster member whose leftover presence is cleared */
} Area;

typedef struct Options {
        char snapshot_dir[512];
        uint64_t busy_messages; /* outstanding upward messages of a flow above which more are refused */
        int64_t presence_ms;    /* how long a change must last before it is published */
} Options;

typedef struct PresenceQueue {
        struct PresenceMember **waiting; /* owned array of borrowed members, in order of their due time */
        size_t head, n, capacity;
} PresenceQueue;

typedef struct Plugin {
        struct mosquitto_plugin_id_t *identifier; /* the broker's */
        bool ready;        /* until then every callback denies */
        uint64_t instance; /* random, of this broker run; never 0 */
        Options options;
        Area areas[AREAS_MAX];
        size_t n_areas;
        Sessions sessions;
        Counters counters;
        Snapshot *snapshot;
        PresenceQueue presence_queue;
        int64_t last_ms;      /* newest time that plugin_now gave */
        int64_t started_ms;
        size_t sweep_cursor;  /* next session whose secret is looked at again */
        bool sweep_all;       /* a roster was swapped: look at all */
} Plugin;

/*
 * Unix ms. Never runs backwards by less than a minute (a fence's time must not precede a stamp given before it); a larger step back
 * is a corrected clock and is followed.
 */
int64_t plugin_now(Plugin *plugin);
/* The area with that code (n bytes), or NULL. */
Area *plugin_find_area(Plugin *plugin, const char *code, size_t n_code);
/* Area and rest of a name `{area}-…`; NULL when none of ours. */
Area *plugin_area_of_member(Plugin *plugin, const char *member);
/* Area of `daemon-{area}`; NULL when none of ours. */
Area *plugin_area_of_daemon(Plugin *plugin, const char *user);
/* Takes ownership of `roster` and makes it the area's. Sessions and presence follow from the next tick. */
void plugin_swap_roster(Plugin *plugin, Area *area, Roster *roster);

#endif
