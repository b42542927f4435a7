/* MESSAGE: upward messages on their way in: bounded, stripped, stamped. */
#ifndef POLICEGRID_PLUGIN_MESSAGE_H
#define POLICEGRID_PLUGIN_MESSAGE_H

#include "plugin/plugin.h"

struct mosquitto_evt_message;

/* MOSQ_ERR_SUCCESS or MOSQ_ERR_ACL_DENIED; the ACL has been asked before. */
int message_check(Plugin *plugin, struct mosquitto_evt_message *event);

#endif
