/*
 * Notify: a gateway outside (SMS, voice, office chat) is told which member has an urgent task that nobody has accepted. Without text:
 * member, level, number (DESIGN.md, Topics).
 */
#ifndef POLICEGRID_ENGINE_NOTIFY_H
#define POLICEGRID_ENGINE_NOTIFY_H

#include "engine/decision.h"
#include "engine/state/state.h"

/* Tell every gateway member about the members who sit in `unit`. `channel`: sms, voice, …; level 0 = the task itself. */
void notify_unit(Decision *decision, const Unit *unit, const Task *task, const char *channel, uint32_t level);

#endif
