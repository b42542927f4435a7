/*
 * Status: the lists and counters of each unit, as the dashboards and the units themselves see them: made anew, from the state, for
 * units that something has changed at, and no more often than the caller asks (conflated).
 */
#ifndef POLICEGRID_ENGINE_STATUS_H
#define POLICEGRID_ENGINE_STATUS_H

#include "engine/internal.h"

#define STATUS_ENTRIES_MAX 100 /* of a list; the rest by query */

/* Every unit is due again: at the start, and when the broker's contents are rebuilt. */
void status_renew(Status *status);

#endif
