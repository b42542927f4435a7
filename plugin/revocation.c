/*
 * Access ends at once, with the roster (acl.c finds no member, or no seat). What is done here is the rest: the socket of a member who
 * is gone, or whose secret was changed, is closed without its will; an offline durable session of a member who is gone loses its
 * subscriptions (mosquitto_kick_client_by_clientid asks ACL_CHECK for each and removes those denied), and its queue can reach nobody:
 * nobody may connect with its client id. A session that this run of the broker has not seen connect is left as it is: kicking one that
 * was read from the broker's file makes 2.0.11 enter it into its expiry list twice.
 */
#include "plugin/revocation.h"

#include <mosquitto.h>
#include <mosquitto_broker.h>
#include <stdio.h>

#include "plugin/acl.h"
#include "plugin/authentication.h"

#define SESSIONS_PER_TICK 200

/* An enrolling session's code is spent as soon as the daemon has accepted the new secret. */
static bool is_in_grace(Session *session, const RosterMember *member, int64_t now_ms) {
        if (session->kind != SESSION_ENROLLING || member == NULL)
                return false;
        if (session->doomed_ms == 0)
                session->doomed_ms = now_ms + REVOCATION_GRACE_MS;
        return now_ms < session->doomed_ms;
}

static void kick(Plugin *plugin, Session *session) {
        char id[STAMP_CLIENT_MAX + 1];
        snprintf(id, sizeof id, "%s", session->id);
        counter_add(&plugin->counters, COUNT_KICKED);
        mosquitto_kick_client_by_clientid(id, false);
}

static bool is_kept(const Session *session, int64_t now_ms) {
        if (session->kind == SESSION_DAEMON && !session->superseded)
                return true;
        int64_t kept_ms = session->superseded || !session->durable ? SESSION_ENDED_KEPT_MS : SESSION_OFFLINE_KEPT_MS;
        return now_ms - session->disconnected_ms < kept_ms;
}

/* True when the session was dropped. */
static bool look_at_offline(Plugin *plugin, Session *session, int64_t now_ms) {
        bool prune = session->kind != SESSION_DAEMON && acl_member(session) == NULL && session->durable && !session->superseded;
        if (!prune && is_kept(session, now_ms))
                return false;
        if (prune) {
                char id[STAMP_CLIENT_MAX + 1];
                snprintf(id, sizeof id, "%s", session->id);
                counter_add(&plugin->counters, COUNT_PRUNED);
                mosquitto_kick_client_by_clientid(id, true);
        }
        session_drop(&plugin->sessions, session);
        return true;
}

static bool look_at(Plugin *plugin, Session *session, int64_t now_ms) {
        if (!session->connected)
                return look_at_offline(plugin, session, now_ms);
        if (session->kind == SESSION_DAEMON)
                return false;
        const RosterMember *member = acl_member(session);
        if (!session->superseded && !authentication_holds(session, member, now_ms) && !is_in_grace(session, member, now_ms))
                kick(plugin, session);
        return false;
}

void revocation_tick(Plugin *plugin, int64_t now_ms) {
        Sessions *sessions = &plugin->sessions;
        size_t n = plugin->sweep_all ? sessions->n : sessions->n < SESSIONS_PER_TICK ? sessions->n : SESSIONS_PER_TICK;
        if (plugin->sweep_all)
                plugin->sweep_cursor = 0;
        plugin->sweep_all = false;
        for (; n > 0 && sessions->n > 0; n--) {
                if (plugin->sweep_cursor >= sessions->n)
                        plugin->sweep_cursor = 0;
                if (!look_at(plugin, sessions->all[plugin->sweep_cursor], now_ms))
                        plugin->sweep_cursor++;
        }
}
