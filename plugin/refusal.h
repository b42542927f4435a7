/*
 * Refusal: the receipt of a publish that the plugin did not let through (I2: MQTT 3.1.1 cannot tell a refusal, its PUBACK looks like
 * any other). Goes to the sender's own receipt topic, at a bounded rate.
 */
#ifndef POLICEGRID_PLUGIN_REFUSAL_H
#define POLICEGRID_PLUGIN_REFUSAL_H

#include "plugin/plugin.h"
#include "proto/code.h"

#define REFUSAL_BURST 50          /* receipts that a sender may get at once */
#define REFUSAL_EACH_MS 100       /* then one each */

/* Heartbeats and queries get none. `payload` may be anything. */
void refusal_of_publish(Plugin *plugin, Session *session, Code code, const char *topic, const void *payload, size_t n_payload);
/* With MQTT 5 correlation data; n_correlation 0 = none. */
void refusal_correlated(Plugin *plugin, Session *session, Code code, const char *topic, const void *payload, size_t n_payload,
                        const void *correlation, size_t n_correlation);

#endif
