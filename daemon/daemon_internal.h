/*
 * What daemon.c, turn.c and answers.c share: the root object itself. Not for anybody else.
 */
#ifndef POLICEGRID_DAEMON_INTERNAL_H
#define POLICEGRID_DAEMON_INTERNAL_H

#include <uv.h>

#include "bus/bus.h"
#include "clock.h"
#include "config.h"
#include "counters.h"
#include "files.h"
#include "http/http.h"
#include "log.h"
#include "months.h"
#include "pump.h"
#include "reconcile.h"
#include "store/store.h"

#define RETRIES_MAX 16 /* accepted quarantine-retries that wait */

typedef struct Daemon {
        Config config;
        const char *config_path;
        uint8_t stamp_key[STAMP_KEY_BYTES], commitment_key[32];
        char password[65];
        Counters counters;

        uv_loop_t loop;
        uv_timer_t turn;          /* zero delay: daemon_turn outside of anybody's callback */
        uv_timer_t due;           /* the next timer, or the next time to ask */
        uv_timer_t second;        /* clock, status, bounds */
        uv_timer_t watchdog;
        uv_signal_t signals[3];
        uv_work_t pool_started;
        int n_handles;            /* of the above, not closed yet */

        Store *store;
        Bus *bus;
        Http *http;               /* NULL when not wanted */
        Pump *pump;
        Inflight *inflight;       /* NULL when there is no state folder */
        Clock clock;

        Engine *engine;           /* NULL while the store loads or connects */
        uint64_t epoch;
        bool loaded;              /* engine_load_finish was fine */
        bool bus_started;
        bool burst_waits;         /* a complete burst, not begun */
        bool told_ready;
        int64_t status_at;        /* monotonic ms of the last status documents */
        Months months;

        /* files to apply, one batch each */
        bool bootstrap_wanted;
        FileTexts playbooks;
        size_t next_playbook;
        char job_detail[256];

        /* broker */
        bool roster_asked, roster_known;
        bool roster_synced;       /* the plugin holds ours, or did and takes the next version at the moment */
        ControlHeld held;         /* as last told */
        bool roster_was_sent;     /* on this connection */
        uint64_t roster_sent;     /* its version */
        int64_t roster_at;        /* monotonic ms of asking or sending */
        Reconcile reconcile;
        int64_t fence_at[BUS_SESSIONS]; /* monotonic ms at which the session's last fence came back */
        uint64_t fenced[BUS_SESSIONS];  /* messages read when it was last asked for: the plugin learns what is outstanding (I13) */

        /* quarantine */
        char retries[RETRIES_MAX][24];
        size_t n_retries;
        bool retry_reading;
        struct { char *topic; void *payload; size_t n_payload; char sender[MEMBER_MAX + 1]; char id[MESSAGE_ID_MAX + 1]; } retry; /* topic NULL = none */

        bool stopping, closing;
        int64_t stop_at;          /* monotonic ms of the wish to stop */
        int exit_code;
        LogLimit limit_dropped, limit_lost, limit_waiting, limit_remark, limit_roster, limit_query, limit_horizon;
} Daemon;

/* ---- turn.c ---- */
/* Do what is to be done next; call when something has changed. Safe from any callback: it happens when the loop turns. */
void daemon_wish(Daemon *daemon);
void on_turn(uv_timer_t *timer);
/* {"epoch","seq","at","alive"} for daemon/mark. */
void daemon_mark(const Daemon *daemon, bool alive, char *ret, size_t n);
/* Publish what a batch has come to, the roster first when it changed. */
void daemon_publish(Daemon *daemon, const Documents *documents);
/* A new connection to the broker: nothing is known about what it holds. */
void daemon_forget_broker(Daemon *daemon);
/* Take the playbooks from the folder once more. */
void daemon_read_playbooks(Daemon *daemon);

/* ---- answers.c ---- */
void daemon_query(Daemon *daemon, const Command *command);
void daemon_on_reply(void *userdata, void *context, const char *json, const char *why);
bool daemon_is_ready(const Daemon *daemon);
bool daemon_answer_http(void *userdata, const char *path, HttpAnswer *answer);

/* ---- daemon.c ---- */
void daemon_close(Daemon *daemon);
/* Before timers may fire, not only each second: a departed clock stops them (I9). */
void daemon_check_clock(Daemon *daemon);
void daemon_confirm_clock(Daemon *daemon, const char *who);

#endif
