/* Authentication: who a client is (BASIC_AUTH). */
#ifndef POLICEGRID_PLUGIN_AUTHENTICATION_H
#define POLICEGRID_PLUGIN_AUTHENTICATION_H

#include "plugin/plugin.h"

struct mosquitto_evt_basic_auth;

/* MOSQ_ERR_SUCCESS or MOSQ_ERR_AUTH, nothing else: any other code closes without CONNACK. */
int authentication_check(Plugin *plugin, const struct mosquitto_evt_basic_auth *event);
/* Whether what opened the session opens it still. */
bool authentication_holds(const Session *session, const RosterMember *member, int64_t now_ms);

#endif
