/*
 * Presence: `tier{t}/{unit}/presence/{member}`, retained, for each unit in which a member works: connected or not, counted over all of
 * the member's clients, published when a change has lasted. Dashboards, devices, gateways, shops, administrators and auditors have
 * none (DOMAIN.md, Privacy: the last state only, never assessed).
 */
#ifndef POLICEGRID_PLUGIN_PRESENCE_H
#define POLICEGRID_PLUGIN_PRESENCE_H

#include "plugin/plugin.h"

void presence_session_opened(Plugin *plugin, const Session *session);
void presence_session_closed(Plugin *plugin, const Session *session);
/* The area's roster is about to be replaced: documents under seats that are no more are cleared, new seats get theirs. */
void presence_follow_roster(Plugin *plugin, Area *area, const Roster *next);
/* Publishes what is due, and clears a few leftovers of the broker's former life. */
void presence_tick(Plugin *plugin, int64_t now_ms);
void presence_deinit(Plugin *plugin);

#endif
