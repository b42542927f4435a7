/* Options of the `plugin_opt_…` lines in mosquitto.conf; see README.md. */
#ifndef POLICEGRID_PLUGIN_OPTION_H
#define POLICEGRID_PLUGIN_OPTION_H

#include "plugin/plugin.h"

struct mosquitto_opt;

/* Fills options and areas. False, with a line in the log, on anything unknown, unreadable or missing: the broker then does not start. */
bool option_read(Plugin *plugin, const struct mosquitto_opt *options, int n_options);

#endif
