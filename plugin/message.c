/*
 * The broker calls MESSAGE after the ACL, for each publish except wills, `$CONTROL` and the plugin's own. Topic and payload stay as
 * they are; RETAIN goes; of the properties only response topic, correlation data, content type and payload format stay (once each),
 * and exactly one stamp is added: a client's own user properties, forged stamps among them, are gone.
 */
#include "plugin/message.h"

#include <mosquitto.h>
#include <mosquitto_broker.h>
#include <mqtt_protocol.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plugin/refusal.h"

typedef struct Kept {
        char *content_type, *response_topic; /* owned by malloc; NULL when absent */
        void *correlation;                   /* owned by malloc; NULL when absent */
        uint16_t n_correlation;
        bool has_format;
        uint8_t format;
} Kept;

static void kept_read(Kept *kept, const mosquitto_property *properties) {
        *kept = (Kept){0};
        if (properties == NULL)
                return;
        mosquitto_property_read_string(properties, MQTT_PROP_CONTENT_TYPE, &kept->content_type, false);
        mosquitto_property_read_string(properties, MQTT_PROP_RESPONSE_TOPIC, &kept->response_topic, false);
        mosquitto_property_read_binary(properties, MQTT_PROP_CORRELATION_DATA, &kept->correlation, &kept->n_correlation, false);
        kept->has_format = mosquitto_property_read_byte(properties, MQTT_PROP_PAYLOAD_FORMAT_INDICATOR, &kept->format, false) != NULL;
}

static void kept_deinit(Kept *kept) {
        free(kept->content_type);
        free(kept->response_topic);
        free(kept->correlation);
}

static bool kept_write(const Kept *kept, const char *stamp, mosquitto_property **ret) {
        mosquitto_property *made = NULL;
        int r = MOSQ_ERR_SUCCESS;
        if (kept->has_format)
                r |= mosquitto_property_add_byte(&made, MQTT_PROP_PAYLOAD_FORMAT_INDICATOR, kept->format);
        if (kept->content_type != NULL)
                r |= mosquitto_property_add_string(&made, MQTT_PROP_CONTENT_TYPE, kept->content_type);
        if (kept->response_topic != NULL)
                r |= mosquitto_property_add_string(&made, MQTT_PROP_RESPONSE_TOPIC, kept->response_topic);
        if (kept->correlation != NULL && kept->n_correlation > 0)
                r |= mosquitto_property_add_binary(&made, MQTT_PROP_CORRELATION_DATA, kept->correlation, kept->n_correlation);
        r |= mosquitto_property_add_string_pair(&made, MQTT_PROP_USER_PROPERTY, STAMP_PROPERTY, stamp);
        if (r == MOSQ_ERR_SUCCESS) {
                *ret = made;
                return true;
        }
        mosquitto_property_free_all(&made);
        return false;
}

static bool flow_is_full(const Plugin *plugin, const Flow *flow) { return flow->passed - flow->drained >= plugin->options.busy_messages; }

static int stamp_message(Plugin *plugin, const Session *session, const Kept *kept, struct mosquitto_evt_message *event) {
        Stamp stamp = {.received_at = plugin_now(plugin)};
        snprintf(stamp.member, sizeof stamp.member, "%s", session->user);
        snprintf(stamp.client, sizeof stamp.client, "%s", session->id);
        char text[STAMP_TEXT_MAX];
        mosquitto_property *properties = NULL;
        if (stamp_format(&stamp, session->area->stamp_key, event->topic, event->payload, event->payloadlen, text) == 0 ||
            !kept_write(kept, text, &properties)) {
                counter_add(&plugin->counters, COUNT_UNSTAMPED);
                return MOSQ_ERR_ACL_DENIED;
        }
        mosquitto_property_free_all(&event->properties);
        event->properties = properties;
        event->retain = false;
        return MOSQ_ERR_SUCCESS;
}

static int upward(Plugin *plugin, Session *session, TopicKind kind, struct mosquitto_evt_message *event) {
        Flow *flow = &session->area->flows[topic_is_urgent(kind) ? FLOW_URGENT : FLOW_BULK];
        Kept kept;
        kept_read(&kept, event->properties);
        int r = MOSQ_ERR_ACL_DENIED;
        if (flow_is_full(plugin, flow)) {
                counter_add(&plugin->counters, COUNT_BUSY);
                size_t n = kept.n_correlation <= CONTROL_CORRELATION_MAX ? kept.n_correlation : 0;
                refusal_correlated(plugin, session, CODE_BUSY, event->topic, event->payload, event->payloadlen, kept.correlation, n);
        } else {
                r = stamp_message(plugin, session, &kept, event);
                flow->passed += r == MOSQ_ERR_SUCCESS;
        }
        kept_deinit(&kept);
        return r;
}

int message_check(Plugin *plugin, struct mosquitto_evt_message *event) {
        Session *session = event->client != NULL ? session_find(&plugin->sessions, event->client) : NULL;
        if (session == NULL || !session->connected || session->superseded || event->topic == NULL)
                return MOSQ_ERR_ACL_DENIED;
        if (session->kind == SESSION_DAEMON)
                return MOSQ_ERR_SUCCESS;
        Topic topic;
        if (topic_parse(event->topic, strlen(event->topic), &topic) != 0 || !topic_is_upward(topic.kind))
                return MOSQ_ERR_ACL_DENIED;
        return upward(plugin, session, topic.kind, event);
}
