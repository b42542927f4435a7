/*
 * Who is asked about is known by the broker's pointer. Three cases have rules of their own:
 *  - Wills. The broker asks for them as for any publish, but after DISCONNECT, or, on takeover, after BASIC_AUTH of the new client.
 *    Only the daemon may leave one. A member's will would pass MESSAGE by: no stamp, RETAIN kept.
 *  - Sessions that a restarted broker read from its file: no BASIC_AUTH has been seen, no address is known. They may receive what
 *    their member may; the client id says who that is, because ids are bound to members when they connect.
 *  - QoS 2: refused. 2.0.11 keeps half-received messages by client id and can release them late.
 */
#include "plugin/acl.h"

#include <mosquitto.h>
#include <mosquitto_broker.h>
#include <mosquitto_plugin.h>
#include <string.h>

#include "plugin/refusal.h"
#include "proto/access.h"

const RosterMember *acl_member(Session *session) {
        Area *area = session->area;
        if (session->generation != area->generation) {
                session->generation = area->generation;
                session->member = area->roster != NULL ? roster_find_member(area->roster, session->user, strlen(session->user)) : NULL;
        }
        return session->member;
}

static int answer(bool allowed) { return allowed ? MOSQ_ERR_SUCCESS : MOSQ_ERR_ACL_DENIED; }

static AccessAnswer session_access(Plugin *plugin, Session *session, AccessAction action, const char *topic, size_t n_topic) {
        if (session->kind == SESSION_DAEMON)
                return access_check_daemon(session->area->code, action, topic, n_topic);
        const RosterMember *member = acl_member(session);
        if (member == NULL)
                return ACCESS_DENIED_MEMBER;
        int64_t now_ms = plugin_now(plugin);
        if (session->kind == SESSION_MEMBER)
                return access_check(session->area->roster, member, action, topic, n_topic, now_ms);
        if (action == ACCESS_PUBLISH && session->doomed_ms != 0)
                return ACCESS_DENIED_MEMBER;
        return access_check_enrolling(session->area->code, session->user, action, topic, n_topic);
}

static int check_write(Plugin *plugin, Session *session, const struct mosquitto_evt_acl_check *event, size_t n_topic) {
        if (!session->connected || session->superseded) {
                bool allowed = session->kind == SESSION_DAEMON &&
                               access_check_daemon(session->area->code, ACCESS_PUBLISH, event->topic, n_topic) == ACCESS_ALLOWED;
                if (!allowed)
                        counter_add(&plugin->counters, COUNT_DENIED_WILL);
                return answer(allowed);
        }
        if (event->qos > 1) {
                counter_add(&plugin->counters, COUNT_DENIED_QOS);
                refusal_of_publish(plugin, session, CODE_DENIED, event->topic, event->payload, event->payloadlen);
                return MOSQ_ERR_ACL_DENIED;
        }
        AccessAnswer access = session_access(plugin, session, ACCESS_PUBLISH, event->topic, n_topic);
        if (access == ACCESS_ALLOWED)
                return MOSQ_ERR_SUCCESS;
        counter_add(&plugin->counters, COUNT_DENIED_PUBLISH);
        plugin->counters.reason[access]++;
        refusal_of_publish(plugin, session, CODE_DENIED, event->topic, event->payload, event->payloadlen);
        return MOSQ_ERR_ACL_DENIED;
}

static int check_subscribe(Plugin *plugin, Session *session, const struct mosquitto_evt_acl_check *event, size_t n_topic) {
        AccessAnswer access = ACCESS_DENIED_SUBSET;
        if (!session->connected || mosquitto_client_sub_count(event->client) < SUBSCRIPTIONS_MAX)
                access = session_access(plugin, session, ACCESS_SUBSCRIBE, event->topic, n_topic);
        if (access == ACCESS_ALLOWED)
                return MOSQ_ERR_SUCCESS;
        counter_add(&plugin->counters, COUNT_DENIED_SUBSCRIBE);
        plugin->counters.reason[access]++;
        return MOSQ_ERR_ACL_DENIED;
}

static int check_read(Plugin *plugin, Session *session, const struct mosquitto_evt_acl_check *event, size_t n_topic) {
        if (session_access(plugin, session, ACCESS_RECEIVE, event->topic, n_topic) == ACCESS_ALLOWED)
                return MOSQ_ERR_SUCCESS;
        counter_add(&plugin->counters, COUNT_DENIED_RECEIVE);
        return MOSQ_ERR_ACL_DENIED;
}

/* A session out of the broker's file; see the top. */
static int check_restored(Plugin *plugin, const struct mosquitto_evt_acl_check *event, AccessAction action, size_t n_topic) {
        const char *id = mosquitto_client_id(event->client);
        if (id == NULL || mosquitto_client_address(event->client) != NULL || action == ACCESS_PUBLISH)
                return MOSQ_ERR_ACL_DENIED;
        char user[MEMBER_MAX + 1];
        size_t n = strcspn(id, "/");
        if (n > MEMBER_MAX)
                return MOSQ_ERR_ACL_DENIED;
        memcpy(user, id, n);
        user[n] = '\0';
        Area *area = plugin_area_of_daemon(plugin, user);
        if (area != NULL)
                return answer(access_check_daemon(area->code, action, event->topic, n_topic) == ACCESS_ALLOWED);
        area = plugin_area_of_member(plugin, user);
        const RosterMember *member = area != NULL && area->roster != NULL ? roster_find_member(area->roster, user, n) : NULL;
        return answer(member != NULL && access_check(area->roster, member, action, event->topic, n_topic, plugin_now(plugin)) == ACCESS_ALLOWED);
}

int acl_check(Plugin *plugin, const struct mosquitto_evt_acl_check *event) {
        if (event->access == MOSQ_ACL_UNSUBSCRIBE)
                return MOSQ_ERR_SUCCESS;
        if (event->client == NULL || event->topic == NULL)
                return MOSQ_ERR_ACL_DENIED;
        size_t n_topic = strlen(event->topic);
        AccessAction action = event->access == MOSQ_ACL_READ ? ACCESS_RECEIVE : event->access == MOSQ_ACL_SUBSCRIBE ? ACCESS_SUBSCRIBE : ACCESS_PUBLISH;
        Session *session = session_find(&plugin->sessions, event->client);
        if (session == NULL)
                return check_restored(plugin, event, action, n_topic);
        switch (event->access) {
        case MOSQ_ACL_READ:
                return check_read(plugin, session, event, n_topic);
        case MOSQ_ACL_WRITE:
                return check_write(plugin, session, event, n_topic);
        case MOSQ_ACL_SUBSCRIBE:
                return check_subscribe(plugin, session, event, n_topic);
        default:
                return MOSQ_ERR_ACL_DENIED;
        }
}
