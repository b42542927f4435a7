#include "plugin/outlet.h"

#include <mosquitto.h>
#include <mosquitto_broker.h>
#include <mqtt_protocol.h>
#include <string.h>

/* The payload is copied into the broker's own memory: it frees it with its own function, which counts. */
static bool publish(const char *client_id, const char *topic, const void *payload, size_t n_payload, bool retain,
                    mosquitto_property *properties) {
        void *copy = mosquitto_malloc(n_payload + 1);
        if (copy == NULL) {
                mosquitto_property_free_all(&properties);
                return false;
        }
        if (n_payload > 0)
                memcpy(copy, payload, n_payload);
        ((char *)copy)[n_payload] = '\0';
        if (mosquitto_broker_publish(client_id, topic, (int)n_payload, copy, 1, retain, properties) == MOSQ_ERR_SUCCESS)
                return true;
        mosquitto_free(copy);
        mosquitto_property_free_all(&properties);
        return false;
}

bool outlet_publish(const char *topic, const void *payload, size_t n_payload, bool retain, const void *correlation, size_t n_correlation) {
        mosquitto_property *properties = NULL;
        if (n_correlation > 0 && mosquitto_property_add_binary(&properties, MQTT_PROP_CORRELATION_DATA, correlation,
                                                               (uint16_t)n_correlation) != MOSQ_ERR_SUCCESS)
                return false;
        return publish(NULL, topic, payload, n_payload, retain, properties);
}

bool outlet_send(const char *client_id, const char *topic, const void *payload, size_t n_payload) {
        return publish(client_id, topic, payload, n_payload, false, NULL);
}
