/* Outlet: what the plugin itself publishes. Queued by the broker until its loop turns. */
#ifndef POLICEGRID_PLUGIN_OUTLET_H
#define POLICEGRID_PLUGIN_OUTLET_H

#include <stdbool.h>
#include <stddef.h>

/* To whoever subscribed and may read it, QoS 1. n_payload 0 with retain clears. False when memory is exhausted. */
bool outlet_publish(const char *topic, const void *payload, size_t n_payload, bool retain, const void *correlation, size_t n_correlation);
/* Straight into one client's queue, QoS 1, whatever it subscribed to. */
bool outlet_send(const char *client_id, const char *topic, const void *payload, size_t n_payload);

#endif
