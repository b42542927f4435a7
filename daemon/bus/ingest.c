/*
 * Ingest. The broker adds the stamp beside whatever user properties the publisher sent; a will keeps its publisher's properties
 * and gets none (MOSQUITTO.md). So every property of that name is counted, and the first one's value is handed on.
 */
#include "bus/ingest.h"

#include <mqtt_protocol.h>
#include <stdlib.h>
#include <string.h>

static void ingest_user_property(Ingest *ingest, const mosquitto_property *property) {
        char *name = NULL, *value = NULL;

        if (!mosquitto_property_read_string_pair(property, MQTT_PROP_USER_PROPERTY, &name, &value, false))
                return;
        if (strcmp(name, STAMP_PROPERTY) == 0) {
                ingest->raw.n_stamps++;
                if (!ingest->stamp) {
                        ingest->stamp = value;
                        value = NULL;
                }
        }
        free(name);
        free(value);
}

void ingest_init(Ingest *ingest, const struct mosquitto_message *message, const mosquitto_property *properties) {
        uint16_t n_correlation = 0;

        *ingest = (Ingest){.raw = {.topic = message->topic, .payload = message->payload ? message->payload : "",
                                   .n_payload = (size_t)message->payloadlen}};
        for (const mosquitto_property *at = properties; at; at = mosquitto_property_next(at))
                if (mosquitto_property_identifier(at) == MQTT_PROP_USER_PROPERTY)
                        ingest_user_property(ingest, at);
        mosquitto_property_read_string(properties, MQTT_PROP_RESPONSE_TOPIC, &ingest->response, false);
        mosquitto_property_read_binary(properties, MQTT_PROP_CORRELATION_DATA, &ingest->correlation, &n_correlation, false);
        ingest->raw.stamp = ingest->stamp;
        ingest->raw.response_topic = ingest->response;
        ingest->raw.correlation = ingest->correlation;
        ingest->raw.n_correlation = n_correlation;
}

void ingest_deinit(Ingest *ingest) {
        free(ingest->stamp);
        free(ingest->response);
        free(ingest->correlation);
        *ingest = (Ingest){0};
}
