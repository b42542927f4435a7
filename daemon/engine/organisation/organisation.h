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
        size_t ordinal;                   /* place in the file */
} Unit;

typedef struct Seat {
        char id[37];
        const Unit *unit;                 /* NULL: the area itself (admin, security_admin, auditor) */
        Role role;
        char position[NAME_MAX_GRID + 1]; /* "" when none */
        int64_t from, until;              /* Unix ms; INT64_MIN, INT64_MAX when open */
        char acting_for[MEMBER_MAX + 1];
} Seat;

typedef struct Member {
        char id[MEMBER_MAX + 1];
        bool revoked;
        const Seat *seats; size_t n_seats; /* not ended; some may lie in the past or future */
        char device[NAME_MAX_GRID + 1];   /* roles device and gateway: the device that the member is */
} Member;

typedef struct Place {
        char id[NAME_MAX_GRID + 1];
        char kind[NAME_MAX_GRID + 1];
        const Unit *unit;
        const char *title_zh, *title_en;
        const cJSON *links;               /* like a unit's; NULL when none */
} Place;

typedef struct Device {
        char id[NAME_MAX_GRID + 1];
        char kind[NAME_MAX_GRID + 1];
        const Unit *unit;
        char gateway[NAME_MAX_GRID + 1];  /* the device of kind `gateway` that speaks for it; "" when it speaks for itself */
        int64_t silence_ms;               /* longer without a heartbeat = offline; 0 = never */
} Device;

/* An area without units, as it is before the first organisation file. */
Organisation *organisation_new(const char *area, int offset_minutes);
Organisation *organisation_free(Organisation *organisation);
/*
 * A new organisation from a file (deploy/organisations/README.md) with the members of `base`. `seq` becomes its version. Seats of
 * units that are no longer there end. Refused whole: NULL with place and reason. `file` is copied.
 */
Organisation *organisation_apply_file(const Organisation *base, const cJSON *file, uint64_t seq, int64_t at_ms, char *ret_detail,
                                      size_t n_detail);
/* Version of the file; 0 when there was none. */
int64_t organisation_file_version(const Organisation *organisation);
/* The file as applied (unformatted JSON); "" when there was none. */
const char *organisation_file_text(const Organisation *organisation);
const char *organisation_title_zh(const Organisation *organisation);
const char *organisation_title_en(const Organisation *organisation);
/* {"dispute-kind": {"land": {"zh","en"}, …}, …}; NULL when the file has none. */
const cJSON *organisation_dictionaries(const Organisation *organisation);

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
/* "" or NULL name = the area's default calendar; so does an unknown one. Never NULL (an empty calendar has Mon–Fri). */
const Calendar *organisation_calendar(const Organisation *organisation, const char *name);
bool organisation_has_calendar(const Organisation *organisation, const char *name);
size_t organisation_count_units(const Organisation *organisation);

/* Types of links that need no entry in the dictionary `link`; NULL-terminated. */
extern const char *const organisation_link_types[];

bool unit_has_tag(const Unit *unit, const char *tag);
/* Whether `above` is `unit` itself or an ancestor. */
bool unit_is_below(const Unit *unit, const Unit *above);
/* The unit that works for `unit`: itself, or whoever staffs it. */
const Unit *unit_worker(const Unit *unit);
/* The unit that an escalation of `unit`'s work goes to after `levels` rungs: parent of the worker; NULL above the root. */
const Unit *unit_above(const Unit *unit, unsigned levels);
/* Whether anybody holds a seat in the unit with one of `roles` (NULL = any working role) at that time. */
bool unit_is_manned(const Organisation *organisation, const Unit *unit, const Role *roles, size_t n_roles, int64_t at_ms);
/* The member's seat that speaks for `unit` at that time (also through staffed_by); NULL when none. A revoked member has none. */
const Seat *member_seat(const Member *member, const Unit *unit, int64_t at_ms);
bool seat_is_current(const Seat *seat, int64_t at_ms);
/* Whether the member, not revoked, holds a seat with that role anywhere at that time. */
bool member_has_role(const Member *member, Role role, int64_t at_ms);
/*
 * When the next seat that has not ended runs out by its `until`, which may have passed; *ret is its member, of several the first by
 * id. INT64_MAX and NULL when none will.
 */
int64_t organisation_next_run_out(const Organisation *organisation, const Member **ret);
/* Members with a seat in the unit itself (not ended), in order of making. Start with *cursor = 0. */
const Member *unit_next_member(const Organisation *organisation, const Unit *unit, size_t *cursor);

/*
 * The roster of this organisation under the writer's epoch; made when first asked for, owned by the organisation. Its version is
 * organisation_version. Revoked members are not in it.
 */
const Roster *organisation_roster(const Organisation *organisation, uint64_t epoch);

#endif
