/*
 * Status: the lists and counters of each unit and the lists of each member, as the dashboards, the units and their people see them: made
 * anew, from the state, where something has changed, and no more often than the caller asks (conflated).
 */
#ifndef POLICEGRID_ENGINE_STATUS_H
#define POLICEGRID_ENGINE_STATUS_H

#include "engine/internal.h"

/* Every unit is due again: at the start, and when the broker's contents are rebuilt. */
void status_renew(Status *status);
/* Whether the member has a list of that name: everybody has who holds a seat in a unit that works. */
bool status_expects_member(const State *state, const char *member, const char *list);

#endif
