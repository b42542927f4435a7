/*
 * Device: what its files share, and its facts for the table of rules in report.c.
 */
#ifndef POLICEGRID_ENGINE_DEVICE_H
#define POLICEGRID_ENGINE_DEVICE_H

#include "engine/decision.h"
#include "engine/facts.h"

/* Events about the device itself; every other one asks somebody to come. `offline` is the daemon's own, for silence. */
#define EVENT_FAULT "fault"
#define EVENT_RESTORED "restored"
#define EVENT_OFFLINE "offline"

/*
 * Start the work that the event asks for, at the decision's time. `fault`, `restored` and `offline` start a playbook that names them
 * and nothing else; any other event is never lost: without a playbook, or where that finds nobody, the device's own unit gets it.
 * Rejects with CODE_NOBODY when a unit is to come and there is none.
 */
void device_work(Decision *decision, const Device *device, const char *event, Severity severity, Reality reality);
/* Nothing is heard of it, or its gateway says so: offline from now, unless it already is. `id` may have left the organisation. */
void device_fall_silent(Decision *decision, const char *id);
/* The device is online and without a fault: tasks that wait for it end, or are told (work.h, WorkOrigin.is_out). */
void device_is_well(Decision *decision, const char *device);

FactApply device_heard;   /* a heartbeat or event that changes something, or the first in half a period of silence */
FactApply device_silent;  /* nothing heard for too long: offline */

#endif
