/*
 * Addressing: which units a warning is for, by the geocodes that it carries (DESIGN.md, warning). Reads the organisation only.
 */
#ifndef POLICEGRID_ENGINE_WARNING_ADDRESS_H
#define POLICEGRID_ENGINE_WARNING_ADDRESS_H

#include <stddef.h>

#include "engine/warning/cap.h"
#include "engine/organisation/organisation.h"
#include "proto/code.h"

/*
 * The units below `speaker` (or itself) that `cap` names; with no geocode at all every unit below `base`, the unit that the chain
 * belongs to. Several geocodes are united, as CAP 1.2 unites the parts of an area. CODE_NONE with a malloc'ed array in the
 * organisation's order, or, the array NULL:
 *   CODE_UNKNOWN_UNIT  a unit is named that does not exist: the whole message is refused, nobody is told half of it
 *   CODE_FORBIDDEN     a unit is named that is not below the speaker
 *   CODE_NOBODY        nothing matches
 * `ret_detail` names the geocode.
 */
Code warning_address(const Organisation *organisation, const Unit *speaker, const Unit *base, const Cap *cap, const Unit ***ret,
                     size_t *ret_n, char *ret_detail, size_t n_detail);

#endif
