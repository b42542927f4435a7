/*
 * A member is known by its generated secret, the daemon by the area's secret file; one fast hash is enough, as secrets are long and
 * random. A client id is bound to its user: `{user}` or `{user}/…`, so nobody can take over another's session and queue.
 *
 * The broker also asks without a CONNECT: SIGHUP runs BASIC_AUTH for every session, also for offline ones, and sessions that a
 * restarted broker read from its file have no password. Such a session is told from a client that connects by its subscriptions: a
 * client that is just connecting has none. It is let live: its identity was proven when it was made, its client id is bound to it, it
 * cannot send, and the roster of today judges each message that it would receive. Refusing it would make 2.0.11 enter an offline
 * session into its expiry list twice.
 */
#include "plugin/authentication.h"

#include <mosquitto.h>
#include <mosquitto_broker.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "plugin/presence.h"

static int refuse(Plugin *plugin, Counter counter) {
        counter_add(&plugin->counters, counter);
        return MOSQ_ERR_AUTH;
}

/* Printable ASCII without space, `+`, `#`, `$`: what goes into a stamp and a topic (CVE-2017-7650). */
static bool client_id_is_plain(const char *id) {
        size_t n = strlen(id);
        if (n == 0 || n > STAMP_CLIENT_MAX)
                return false;
        for (size_t i = 0; i < n; i++)
                if (id[i] < 0x21 || id[i] > 0x7e || id[i] == '+' || id[i] == '#' || id[i] == '$')
                        return false;
        return true;
}

static bool client_id_is_bound(const char *id, const char *user) {
        size_t n = strlen(user);
        return strncmp(id, user, n) == 0 && (id[n] == '\0' || (id[n] == '/' && id[n + 1] != '\0'));
}

/* An older client with the same id is about to be taken over: what is written in its name from here on is its will. */
static void supersede(Plugin *plugin, const char *id) {
        for (Session *old = session_next_by_id(&plugin->sessions, id, NULL); old != NULL; old = session_next_by_id(&plugin->sessions, id, old))
                old->superseded = true;
}

static Session *open_session(Plugin *plugin, const struct mosquitto *client, const char *id, const char *user, Area *area, SessionKind kind) {
        Session *stale = session_find(&plugin->sessions, client);
        if (stale != NULL) {
                if (stale->connected)
                        presence_session_closed(plugin, stale);
                session_drop(&plugin->sessions, stale);
        }
        supersede(plugin, id);
        Session *session = session_add(&plugin->sessions, client, id);
        if (session == NULL)
                return NULL;
        snprintf(session->user, sizeof session->user, "%s", user);
        session->area = area;
        session->kind = kind;
        session->connected = true;
        session->durable = mosquitto_client_protocol_version(client) >= 5 || !mosquitto_client_clean_session(client);
        return session;
}

static int daemon_check(Plugin *plugin, const struct mosquitto *client, const char *id, const char *user, const char *password) {
        Area *area = plugin_area_of_daemon(plugin, user);
        if (area == NULL)
                return refuse(plugin, COUNT_REFUSED_NAME);
        uint8_t hash[ROSTER_SECRET_BYTES];
        crypto_hash_sha256(hash, (const uint8_t *)password, strlen(password));
        if (sodium_memcmp(hash, area->daemon_secret, sizeof hash) != 0)
                return refuse(plugin, COUNT_REFUSED_SECRET);
        if (!client_id_is_bound(id, user))
                return refuse(plugin, COUNT_REFUSED_CLIENT);
        Session *session = open_session(plugin, client, id, user, area, SESSION_DAEMON);
        if (session == NULL)
                return refuse(plugin, COUNT_REFUSED_NAME);
        const char *tail = id + strlen(user);
        session->flow = strcmp(tail, "/urgent") == 0 ? FLOW_URGENT : strcmp(tail, "/bulk") == 0 ? FLOW_BULK : FLOW_NONE;
        counter_add(&plugin->counters, COUNT_CONNECTED);
        return MOSQ_ERR_SUCCESS;
}

/* Constant time; an all-zero hash means that there is none. */
static bool secret_matches(const uint8_t hash[static ROSTER_SECRET_BYTES], const uint8_t kept[static ROSTER_SECRET_BYTES], int64_t until,
                           int64_t now_ms) {
        bool same = sodium_memcmp(hash, kept, ROSTER_SECRET_BYTES) == 0;
        return same && !sodium_is_zero(kept, ROSTER_SECRET_BYTES) && now_ms < until;
}

/* Which kind of session that hash opens; 0 = none. */
static SessionKind member_verify(const RosterMember *member, const uint8_t hash[static ROSTER_SECRET_BYTES], int64_t now_ms) {
        bool current = secret_matches(hash, member->secret[0], member->secret_until[0], now_ms);
        bool previous = secret_matches(hash, member->secret[1], member->secret_until[1], now_ms);
        bool code = secret_matches(hash, member->enrolment, member->enrolment_until, now_ms);
        return current || previous ? SESSION_MEMBER : code ? SESSION_ENROLLING : 0;
}

static int member_check(Plugin *plugin, const struct mosquitto *client, const char *id, const char *user, const char *password) {
        uint8_t hash[ROSTER_SECRET_BYTES];
        crypto_hash_sha256(hash, (const uint8_t *)password, strlen(password));
        Area *area = plugin_area_of_member(plugin, user);
        if (area == NULL)
                return refuse(plugin, COUNT_REFUSED_NAME);
        if (area->roster == NULL)
                return refuse(plugin, COUNT_REFUSED_ROSTER);
        const RosterMember *member = roster_find_member(area->roster, user, strlen(user));
        if (member == NULL)
                return refuse(plugin, COUNT_REFUSED_UNKNOWN);
        SessionKind kind = member_verify(member, hash, plugin_now(plugin));
        if (kind == 0)
                return refuse(plugin, COUNT_REFUSED_SECRET);
        if (!client_id_is_bound(id, user))
                return refuse(plugin, COUNT_REFUSED_CLIENT);
        Session *session = open_session(plugin, client, id, user, area, kind);
        if (session == NULL)
                return refuse(plugin, COUNT_REFUSED_NAME);
        memcpy(session->verified, hash, sizeof hash);
        session->generation = area->generation;
        session->member = member;
        counter_add(&plugin->counters, kind == SESSION_MEMBER ? COUNT_CONNECTED : COUNT_ENROLLING);
        if (kind == SESSION_MEMBER)
                presence_session_opened(plugin, session);
        return MOSQ_ERR_SUCCESS;
}

/* SIGHUP, of a session that is not connecting now; see the top of this file. */
static bool is_asked_again(const Plugin *plugin, const struct mosquitto *client, const char *password) {
        const Session *session = session_find(&plugin->sessions, client);
        bool offline = session == NULL || !session->connected;
        return offline && mosquitto_client_sub_count(client) > 0 && (password == NULL || session != NULL);
}

int authentication_check(Plugin *plugin, const struct mosquitto_evt_basic_auth *event) {
        const char *id = event->client != NULL ? mosquitto_client_id(event->client) : NULL;
        if (id == NULL || event->username == NULL || !client_id_is_plain(id) || strlen(event->username) > MEMBER_MAX)
                return refuse(plugin, COUNT_REFUSED_NAME);
        if (is_asked_again(plugin, event->client, event->password))
                return MOSQ_ERR_SUCCESS;
        const char *password = event->password != NULL ? event->password : "";
        if (strncmp(event->username, DAEMON_USER_PREFIX, strlen(DAEMON_USER_PREFIX)) == 0)
                return daemon_check(plugin, event->client, id, event->username, password);
        return member_check(plugin, event->client, id, event->username, password);
}

bool authentication_holds(const Session *session, const RosterMember *member, int64_t now_ms) {
        if (session->kind == SESSION_DAEMON)
                return true;
        return member != NULL && member_verify(member, session->verified, now_ms) == session->kind;
}
