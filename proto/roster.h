/*
 * Roster: who may connect and where they sit, compiled for the access check. Built by the daemon from the organisation and by the
 * plugin from the daemon's chunks or from its snapshot file; both then hold the same bytes (same hash).
 * Immutable once built. Plain arrays; lookups do not allocate.
 */
#ifndef POLICEGRID_PROTO_ROSTER_H
#define POLICEGRID_PROTO_ROSTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/topic.h"
#include "proto/text.h"

#define ROSTER_NONE UINT32_MAX
#define ROSTER_HASH_BYTES 32
#define ROSTER_SECRET_BYTES 32 /* SHA-256 of the secret's characters */
#define ROSTER_UNITS_MAX 20000
#define ROSTER_MEMBERS_MAX 200000
#define ROSTER_SEATS_MAX 16    /* of one member */
#define ROSTER_DEPTH_MAX 6

typedef enum Role {
        ROLE_NONE = 0,
        ROLE_COMMANDER, ROLE_OFFICER, ROLE_AUXILIARY, ROLE_GRID_HEAD, ROLE_GRID_WORKER, ROLE_VOLUNTEER, ROLE_PARTNER,
        ROLE_DEVICE, ROLE_GATEWAY, ROLE_SHOP, ROLE_DASHBOARD, ROLE_ADMIN, ROLE_SECURITY_ADMIN, ROLE_AUDITOR,
        ROLE_COUNT
} Role;
Role role_parse(const char *text);      /* "grid_worker"; ROLE_NONE when unknown */
const char *role_name(Role role);

typedef struct RosterUnit {
        char id[NAME_MAX_GRID + 1];
        uint8_t tier;          /* 1..3 */
        uint32_t parent;       /* index, ROSTER_NONE for the root; always smaller than the own index (parents come first) */
        uint32_t staffed_by;   /* index or ROSTER_NONE: that unit's members speak for this one */
} RosterUnit;

typedef struct RosterSeat {
        uint32_t unit;         /* index */
        uint8_t role;          /* Role */
        int64_t from, until;   /* Unix ms; INT64_MIN / INT64_MAX when open */
} RosterSeat;

typedef struct RosterMember {
        char id[MEMBER_MAX + 1];
        uint8_t secret[2][ROSTER_SECRET_BYTES]; /* current and previous (rotation); all zero = none */
        int64_t secret_until[2];                /* Unix ms, INT64_MAX = open */
        uint8_t enrolment[ROSTER_SECRET_BYTES]; /* SHA-256 of the one-time code; all zero = none */
        int64_t enrolment_until;
        uint32_t first_seat;
        uint8_t n_seats;
        char device[NAME_MAX_GRID + 1];         /* for ROLE_DEVICE: the device it speaks as; "" else */
} RosterMember;

/* A gateway speaks for devices bound to it: (device, gateway member). Sorted by device. */
typedef struct RosterBinding {
        char device[NAME_MAX_GRID + 1];
        uint32_t unit;    /* index of the unit where the device's document lives */
        uint32_t gateway; /* member index or ROSTER_NONE */
} RosterBinding;

typedef struct Roster Roster;
typedef struct RosterBuilder RosterBuilder;

RosterBuilder *roster_builder_new(const char *area);
RosterBuilder *roster_builder_free(RosterBuilder *builder);
enum {
        ROSTER_E_LIMIT = 1,     /* too many units, members, seats, too deep */
        ROSTER_E_DUPLICATE,     /* the same unit, member or device twice */
        ROSTER_E_REFERENCE,     /* a parent, unit or gateway that does not exist (yet) */
        ROSTER_E_MALFORMED,     /* torn or hostile bytes */
        ROSTER_E_HASH,          /* contents are not what the hash at the end says */
        ROSTER_E_TIER,          /* a parent that is neither of the same tier nor one higher */
        ROSTER_E_AREA,          /* a whole roster, but another area's */
};
/*
 * Units before members before bindings; parents before children. Each copies its argument. 0 or an outcome, ROSTER_E_MALFORMED for
 * names, roles and spans that cannot be. `first_seat` of a member is set by the builder. A seat's unit may be ROSTER_NONE for admin,
 * security_admin and auditor only: these sit at the area itself.
 */
int roster_builder_add_unit(RosterBuilder *builder, const RosterUnit *unit);
int roster_builder_add_member(RosterBuilder *builder, const RosterMember *member, const RosterSeat *seats);
int roster_builder_add_binding(RosterBuilder *builder, const RosterBinding *binding);
/* Consumes the builder (freed in any case). *ret is owned by the caller. */
int roster_builder_finish(RosterBuilder *builder, uint64_t epoch, uint64_t version, Roster **ret);

Roster *roster_free(Roster *roster);
const char *roster_area(const Roster *roster);
uint64_t roster_epoch(const Roster *roster);
uint64_t roster_version(const Roster *roster);
const uint8_t *roster_hash(const Roster *roster); /* ROSTER_HASH_BYTES, over the encoded contents without epoch and version */
size_t roster_count_units(const Roster *roster);
size_t roster_count_members(const Roster *roster);
const RosterUnit *roster_unit(const Roster *roster, uint32_t index);
const RosterMember *roster_member_at(const Roster *roster, uint32_t index);
const RosterSeat *roster_seats(const Roster *roster, const RosterMember *member);
uint32_t roster_find_unit(const Roster *roster, const char *id);           /* ROSTER_NONE when unknown */
uint32_t roster_find_unit_n(const Roster *roster, const char *id, size_t n_id);
/* The unit without a parent, when there is exactly one; else ROSTER_NONE. */
uint32_t roster_root(const Roster *roster);
/* `grid/v1/{area}/`, and its length. */
const char *roster_prefix(const Roster *roster, size_t *ret_n);
const RosterMember *roster_find_member(const Roster *roster, const char *id, size_t n_id); /* NULL when unknown */
const RosterBinding *roster_find_device(const Roster *roster, const char *device);
uint32_t roster_member_index(const Roster *roster, const RosterMember *member);
/* The binding at that index, in order of the device's name; NULL past the end. */
const RosterBinding *roster_binding_at(const Roster *roster, uint32_t index);
/* Whether `ancestor` is `unit` or above it (by parent). */
bool roster_is_above(const Roster *roster, uint32_t ancestor, uint32_t unit);

/* The whole roster as bytes (snapshot file and chunks are cut from these); ends with its hash. */
void roster_encode(const Roster *roster, Text *ret);
/* 0, or an outcome: ROSTER_E_HASH (truncated, bit-flipped), ROSTER_E_AREA (area may be NULL = any), or what the builder says. */
int roster_decode(const void *data, size_t n_data, const char *area, Roster **ret);

#endif
