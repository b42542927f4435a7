/* CONTROL: what the daemon says on `$CONTROL/policegrid/v1` (proto/control.h). */
#ifndef POLICEGRID_PLUGIN_CONTROL_H
#define POLICEGRID_PLUGIN_CONTROL_H

#include "plugin/plugin.h"

struct mosquitto_evt_control;

/* MOSQ_ERR_SUCCESS; MOSQ_ERR_INVAL for what no daemon of ours sends: the broker then closes the connection, and the daemon starts over. */
int control_check(Plugin *plugin, const struct mosquitto_evt_control *event);
/* Tells the session what roster is held. */
void control_send_held(const Area *area, const char *client_id, ControlHeldStatus status);
/* A committed roster is in force, or was refused: what waited for it is published. */
void control_roster_done(Plugin *plugin, Area *area);
/* Frees what is under way. */
void control_deinit(Area *area);

#endif
