/*
 * Shift: rosters, and who is on duty now. The catalogue says a roster's unit, slots and counted items (section `rosters`); people are
 * planned into shifts by message; shifts are handed over with counted items and swapped by agreement. Where a shift that somebody is
 * planned into covers a moment, its people are on duty; where none does, everybody who has a seat is.
 */
#ifndef POLICEGRID_ENGINE_SHIFT_H
#define POLICEGRID_ENGINE_SHIFT_H

#include "engine/catalogue/catalogue.h"
#include "engine/decision.h"
#include "engine/state/state.h"

#define ROSTER_SLOTS_MAX 6
#define ROSTER_ITEMS_MAX 16
#define SHIFT_MEMBERS_MAX 20
#define SHIFTS_PLANNED_MAX 200                             /* of one message */
#define SHIFT_AHEAD_MS (INT64_C(400) * 24 * 3600 * 1000)   /* nothing is planned further ahead */
#define SHIFT_KEPT_MS (INT64_C(7) * 24 * 3600 * 1000)      /* an ended one stays in memory so long: for the next one's handover */

/* Section `rosters` of a catalogue, and what follows when it has changed: shifts of rosters that are gone count no more. */
CatalogueCheck shift_catalogue_check;
CatalogueChanged shift_catalogue_changed;

/* admin/roster-apply; requests of members. */
DecisionHandler shift_admin_apply, shift_request_roster, shift_request_swap, shift_request_swap_agree, shift_request_handover,
        shift_request_takeover;

/* The shift of that unit that covers the moment and has people in it; NULL when none does. */
const Shift *shift_of_unit(const State *state, const Unit *unit, int64_t at_ms);
bool shift_has_member(const Shift *shift, const char *member);
/* Whether somebody in a seat with one of `roles` (none = any working role) is on duty in the unit, or in the one that staffs it. */
bool unit_is_on_duty(const State *state, const Unit *unit, const Role *roles, size_t n_roles, int64_t at_ms);
/* Whether the member, who has a seat there, is on duty there: on the shift when one covers the moment, else always. */
bool member_is_on_duty(const State *state, const Member *member, const Unit *unit, int64_t at_ms);

/* ---- shift_roster.c: what the catalogue says ---- */
/* NULL when the catalogue has no such roster. */
const cJSON *roster_find(const State *state, const char *roster);
/* When that slot is on that day of the town, Unix ms; false when the roster has no such slot. */
bool roster_slot(const State *state, const cJSON *roster, const char *slot, int64_t day, int64_t *ret_starts, int64_t *ret_ends);
/* Whether the member has a seat that the roster takes, at that time. */
bool roster_takes(const State *state, const cJSON *roster, const Member *member, int64_t at_ms);

/* ---- for the files of this room ---- */
/* A shift that the body names by `name`, not ended; NULL after decision_reject. */
const Shift *shift_read(Decision *decision, const char *name);
/* A patch of one shift: {"fact":"shifts","shifts":[{"id","set"}]} with revision raised. Takes `set`. */
void shift_change(Decision *decision, const Shift *shift, cJSON *set);
/* Whether the member is on another shift than these two that overlaps [starts, ends). */
bool shift_overlaps(const State *state, const char *member, int64_t starts_at, int64_t ends_at, const Shift *but, const Shift *nor);

#endif
