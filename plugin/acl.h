/* ACL_CHECK: the broker's questions, put to proto/access. */
#ifndef POLICEGRID_PLUGIN_ACL_H
#define POLICEGRID_PLUGIN_ACL_H

#include "plugin/plugin.h"

struct mosquitto_evt_acl_check;

/* MOSQ_ERR_SUCCESS or MOSQ_ERR_ACL_DENIED, nothing else: any other code disconnects, on READ even the publisher. */
int acl_check(Plugin *plugin, const struct mosquitto_evt_acl_check *event);
/* The session's member in the roster of today; NULL when gone. */
const RosterMember *acl_member(Session *session);

#endif
