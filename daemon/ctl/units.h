/*
 * Units: the units of the town that the asker may see, asked once and kept for the command's life.
 */
#ifndef POLICEGRID_CTL_UNITS_H
#define POLICEGRID_CTL_UNITS_H

#include "ctl/context.h"

/* Asks `units`. 0 and the reply ({"units":[…]}; owned by the caller), or an exit code, complained about. */
int units_ask(Context *context, cJSON **ret);
/* In such a reply; 0 when the unit is not in it. */
int units_tier(const cJSON *units, const char *unit);
/* A unit's title in the language, its id where it has none. Borrowed. */
const char *units_title(const cJSON *units, const char *unit, Language language);
/* Whether `unit` is `above` or somewhere below it. */
bool units_is_below(const cJSON *units, const char *unit, const char *above);
/*
 * Topic tail of a unit as whom the member speaks: `tier{t}/{unit}`. `unit` NULL = the member's own. 0 or an exit code,
 * complained about (asks the town for the tier of a unit that is not the own one).
 */
int unit_path(Context *context, const char *unit, char *buffer, size_t size);

#endif
