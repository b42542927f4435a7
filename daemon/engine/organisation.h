/*
 * Organisation: units, members, seats, places, devices, links, calendars of one area, indexed. Immutable once built: a change
 * makes a new one (organisation_apply_…) and the engine swaps them, which is also its undo.
 */
#ifndef POLICEGRID_ENGINE_ORGANISATION_H
#define POLICEGRID_ENGINE_ORGANISATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cjson/cJSON.h>

#include "proto/code.h"
#include "proto/roster.h"
#include "proto/topic.h"

typedef struct Organisation Organisation;
typedef struct Calendar Calendar;

typedef struct Unit {
        char id[NAME_MAX_GRID + 1];
        char type[NAME_MAX_GRID + 1];     /* command, room, team, village, … (data, not an enum) */
        uint8_t tier;
        const struct Unit *parent;        /* NULL for the root */
        const struct Unit *staffed_by;    /* NULL, or the room that runs this village */
        const char *title_zh, *title_en;  /* never NULL */
        char code[AREA_MAX + 1];          /* division code or prefix, "" when none */
        char *const *tags; size_t n_tags;
        const cJSON *links;               /* [{"type","to":[unit…]}] ordered; NULL when none */
} Unit;

typedef struct Seat {
        char id[37];
        const Unit *unit;
        Role role;
        char position[NAME_MAX_GRID + 1]; /* "" when none */
        int64_t from, until;              /* Unix ms; INT64_MIN, INT64_MAX when open */
        char acting_for[MEMBER_MAX + 1];
} Seat;

typedef struct Member {
        char id[MEMBER_MAX + 1];
        bool revoked;
        const Seat *seats; size_t n_seats;
        char device[NAME_MAX_GRID + 1];   /* members that are devices */
} Member;

typedef struct Place { char id[NAME_MAX_GRID + 1]; char kind[NAME_MAX_GRID + 1]; const Unit *unit; const char *title_zh, *title_en; } Place;
typedef struct Device { char id[NAME_MAX_GRID + 1]; char kind[NAME_MAX_GRID + 1]; const Unit *unit; char gateway[MEMBER_MAX + 1]; int64_t silence_ms; } Device;

const char *organisation_area(const Organisation *organisation);
int organisation_offset_minutes(const Organisation *organisation);
uint64_t organisation_version(const Organisation *organisation); /* bumped by every change */
const Unit *organisation_root(const Organisation *organisation);  /* NULL when empty */
const Unit *organisation_unit(const Organisation *organisation, const char *id);   /* NULL when unknown */
const Member *organisation_member(const Organisation *organisation, const char *id);
const Device *organisation_device(const Organisation *organisation, const char *id);
const Place *organisation_place(const Organisation *organisation, const char *id);
/* In the file's order. Start with *cursor = 0; NULL at the end. */
const Unit *organisation_next_unit(const Organisation *organisation, size_t *cursor);
const Member *organisation_next_member(const Organisation *organisation, size_t *cursor);
const Device *organisation_next_device(const Organisation *organisation, size_t *cursor);
const Place *organisation_next_place(const Organisation *organisation, size_t *cursor);
/* "" or NULL name = the area's default calendar. Never NULL (an empty calendar has Mon–Fri). */
const Calendar *organisation_calendar(const Organisation *organisation, const char *name);

bool unit_has_tag(const Unit *unit, const char *tag);
/* Whether `above` is `unit` itself or an ancestor. */
bool unit_is_below(const Unit *unit, const Unit *above);
/* The unit that works for `unit`: itself, or whoever staffs it. */
const Unit *unit_worker(const Unit *unit);
/* The unit that an escalation of `unit`'s work goes to after `levels` rungs: parent of the worker; NULL above the root. */
const Unit *unit_above(const Unit *unit, unsigned levels);
/* Whether anybody holds a seat in the unit with one of `roles` (NULL = any working role) at that time. */
bool unit_is_manned(const Organisation *organisation, const Unit *unit, const Role *roles, size_t n_roles, int64_t at_ms);
/* The member's seat that speaks for `unit` at that time (also through staffed_by); NULL when none. */
const Seat *member_seat(const Member *member, const Unit *unit, int64_t at_ms);

/* The roster of this organisation; owned by it. */
const Roster *organisation_roster(const Organisation *organisation);

#endif
