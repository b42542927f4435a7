/* Revocation: sessions that may be no longer are ended from TICK (2.0.11 must not be asked to kick from any other callback). */
#ifndef POLICEGRID_PLUGIN_REVOCATION_H
#define POLICEGRID_PLUGIN_REVOCATION_H

#include "plugin/plugin.h"

#define REVOCATION_GRACE_MS 5000 /* an enrolling session whose code was spent may take its receipt before it is ended */

/* All sessions after a roster was swapped, else a few in turn: secrets also expire by the clock. */
void revocation_tick(Plugin *plugin, int64_t now_ms);

#endif
