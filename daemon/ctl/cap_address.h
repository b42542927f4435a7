/*
 * Address: which of our units a foreign alert is for: those that a person named, or else those whose position lies in one of its polygons
 * or circles, and those whose division code it names. Used by cap_foreign alone.
 */
#ifndef POLICEGRID_CTL_CAP_ADDRESS_H
#define POLICEGRID_CTL_CAP_ADDRESS_H

#include "ctl/cap_foreign.h"

/*
 * Put our geocodes in the place of his areas' polygons, circles and codes. A Cancel needs none. Outcomes: CAP_FOREIGN_E_GEOMETRY, _ADDRESS,
 * _ELSEWHERE.
 */
CapForeignOutcome cap_address(cJSON *alert, const CapForeignOptions *options, Text *left_out);

/* cap_foreign.c */
void cap_leave_out(Text *left_out, const char *name);
/* Append {"valueName","value"}. */
void cap_pair_add(cJSON *array, const char *name, const char *value);

#endif
