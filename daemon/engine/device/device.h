/*
 * Device: facts about what devices say, for the table of rules in report.c.
 */
#ifndef POLICEGRID_ENGINE_DEVICE_H
#define POLICEGRID_ENGINE_DEVICE_H

#include "engine/facts.h"

FactApply device_heard;   /* a heartbeat or event that changes something, or the first in half a period of silence */
FactApply device_silent;  /* nothing heard for too long: offline */

#endif
