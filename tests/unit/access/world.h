/*
 * The little town that the access tests speak of (drawn in matrix.txt), with a member of each role in each unit and at the area.
 */
#ifndef POLICEGRID_TESTS_ACCESS_WORLD_H
#define POLICEGRID_TESTS_ACCESS_WORLD_H

#include "proto/access.h"

#define WORLD_AREA "140802100"
#define WORLD_OTHER "420625102"
#define WORLD_NOW INT64_C(1795000000000)

/* The whole roster; the caller frees it. */
Roster *world_new(void);
/* Id of the member who sits in `unit` ("area" = at the area itself) with `role`: letters only, as ids have no underscores. */
void world_member_id(const char *unit, Role role, char ret[static MEMBER_MAX + 1]);
const RosterMember *world_member(const Roster *roster, const char *unit, Role role);
/* Device that the device member of `unit` is; that its gateway is; and the one that its gateway speaks for. */
void world_device(const char *unit, char ret[static NAME_MAX_GRID + 1]);
void world_gateway(const char *unit, char ret[static NAME_MAX_GRID + 1]);
void world_bound_device(const char *unit, char ret[static NAME_MAX_GRID + 1]);

#endif
