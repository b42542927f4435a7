/*
 * What roster.c (arrays, index) and roster_code.c (bytes) share. No one else includes this.
 */
#ifndef POLICEGRID_PROTO_ROSTER_PRIVATE_H
#define POLICEGRID_PROTO_ROSTER_PRIVATE_H

#include "proto/roster.h"

typedef struct RosterIndex {
        uint32_t *slots; /* owned; record numbers, ROSTER_NONE = free */
        size_t n_slots;  /* a power of two, or 0 */
} RosterIndex;

struct Roster {
        char area[AREA_MAX + 1];
        char prefix[AREA_MAX + 16]; /* `grid/v1/{area}/` */
        size_t n_prefix;
        uint64_t epoch, version;
        uint8_t hash[ROSTER_HASH_BYTES];
        uint32_t root; /* the only unit without a parent, or ROSTER_NONE */
        size_t n_units, n_members, n_seats, n_bindings;
        RosterUnit *units;
        RosterMember *members;
        RosterSeat *seats;
        RosterBinding *bindings; /* in order of device */
        RosterIndex unit_index, member_index;
};

struct RosterBuilder {
        Roster *roster; /* owned until finished */
        size_t units_capacity, members_capacity, seats_capacity, bindings_capacity;
        uint8_t depths[ROSTER_UNITS_MAX]; /* root = 1 */
};

/* Sets roster->hash. Returns false when memory is exhausted. */
bool roster_hash_contents(Roster *roster);

#endif
