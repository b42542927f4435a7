/*
 * Roster: plain arrays and two open-addressing indexes. A builder adds records and refuses what cannot be; finishing hands its
 * arrays over. The encoded form lives in roster_code.c. Lookups read memory and nothing else.
 */
#include "proto/roster.h"

#include <assert.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/roster_private.h"

static const char *const role_names[ROLE_COUNT] = {
        [ROLE_NONE] = "",
        [ROLE_COMMANDER] = "commander",
        [ROLE_OFFICER] = "officer",
        [ROLE_AUXILIARY] = "auxiliary",
        [ROLE_GRID_HEAD] = "grid_head",
        [ROLE_GRID_WORKER] = "grid_worker",
        [ROLE_VOLUNTEER] = "volunteer",
        [ROLE_PARTNER] = "partner",
        [ROLE_DEVICE] = "device",
        [ROLE_GATEWAY] = "gateway",
        [ROLE_SHOP] = "shop",
        [ROLE_DASHBOARD] = "dashboard",
        [ROLE_ADMIN] = "admin",
        [ROLE_SECURITY_ADMIN] = "security_admin",
        [ROLE_AUDITOR] = "auditor",
};

Role role_parse(const char *text) {
        for (unsigned role = ROLE_NONE + 1; role < ROLE_COUNT; role++)
                if (strcmp(text, role_names[role]) == 0)
                        return (Role)role;
        return ROLE_NONE;
}

const char *role_name(Role role) {
        assert(role < ROLE_COUNT);
        return role_names[role];
}

/*
 * The index: slots hold record numbers, ROSTER_NONE is free; linear probing at a load of at most one half. Keys stand at the start of
 * each record. Ids of the roster come from the daemon, so nobody outside chooses what collides.
 */
static uint64_t name_hash(const char *name, size_t n) {
        uint64_t hash = 0x9e3779b97f4a7c15u ^ n, rest = 0;
        for (; n >= 8; name += 8, n -= 8) {
                uint64_t word;
                memcpy(&word, name, 8);
                hash = (hash ^ word) * 0xff51afd7ed558ccdu;
                hash ^= hash >> 32;
        }
        for (size_t i = 0; i < n; i++)
                rest = rest << 8 | (uint8_t)name[i];
        /* the low bits choose the slot: let every byte reach them */
        hash = (hash ^ rest) * 0xff51afd7ed558ccdu;
        hash = (hash ^ hash >> 33) * 0xc4ceb9fe1a85ec53u;
        return hash ^ hash >> 33;
}

static uint32_t index_find(const RosterIndex *index, const void *records, size_t size, const char *name, size_t n) {
        if (index->n_slots == 0)
                return ROSTER_NONE;
        size_t mask = index->n_slots - 1;
        for (size_t at = name_hash(name, n) & mask; index->slots[at] != ROSTER_NONE; at = (at + 1) & mask) {
                const char *key = (const char *)records + size * index->slots[at];
                if (memcmp(key, name, n) == 0 && key[n] == '\0')
                        return index->slots[at];
        }
        return ROSTER_NONE;
}

static void index_put(RosterIndex *index, const char *name, uint32_t number) {
        size_t mask = index->n_slots - 1;
        size_t at = name_hash(name, strlen(name)) & mask;
        while (index->slots[at] != ROSTER_NONE)
                at = (at + 1) & mask;
        index->slots[at] = number;
}

/* Makes room for one more of `count` records. Returns false when memory is exhausted. */
static bool index_reserve(RosterIndex *index, const void *records, size_t size, size_t count) {
        if ((count + 1) * 2 <= index->n_slots)
                return true;
        size_t n_slots = index->n_slots == 0 ? 64 : index->n_slots * 2;
        uint32_t *slots = malloc(n_slots * sizeof *slots);
        if (slots == NULL)
                return false;
        memset(slots, 0xff, n_slots * sizeof *slots);
        free(index->slots);
        *index = (RosterIndex){.slots = slots, .n_slots = n_slots};
        for (size_t i = 0; i < count; i++)
                index_put(index, (const char *)records + size * i, (uint32_t)i);
        return true;
}

/* Grows *array so that it holds at least `count` records. Returns false when memory is exhausted. */
static bool array_reserve(void **array, size_t *capacity, size_t count, size_t size) {
        if (count <= *capacity)
                return true;
        size_t wanted = *capacity == 0 ? 32 : *capacity * 2;
        if (wanted < count)
                wanted = count;
        void *grown = realloc(*array, wanted * size);
        if (grown == NULL)
                return false;
        *array = grown;
        *capacity = wanted;
        return true;
}

RosterBuilder *roster_builder_new(const char *area) {
        assert(area_is_valid(area, strlen(area)));
        RosterBuilder *builder = calloc(1, sizeof *builder);
        Roster *roster = calloc(1, sizeof *roster);
        if (builder == NULL || roster == NULL) {
                free(builder);
                free(roster);
                return NULL;
        }
        snprintf(roster->area, sizeof roster->area, "%s", area);
        roster->n_prefix = (size_t)snprintf(roster->prefix, sizeof roster->prefix, "grid/v1/%s/", area);
        roster->root = ROSTER_NONE;
        builder->roster = roster;
        return builder;
}

RosterBuilder *roster_builder_free(RosterBuilder *builder) {
        if (builder == NULL)
                return NULL;
        roster_free(builder->roster);
        free(builder);
        return NULL;
}

/* Names may come from hostile bytes that were copied into the array: they end inside it. */
static bool unit_name_fits(const char name[static NAME_MAX_GRID + 1]) {
        size_t n = strnlen(name, NAME_MAX_GRID + 1);
        return n <= NAME_MAX_GRID && unit_name_is_valid(name, n);
}

static int unit_check_parent(const RosterBuilder *builder, const RosterUnit *unit, uint8_t *ret_depth) {
        const Roster *roster = builder->roster;
        if (unit->parent == ROSTER_NONE) {
                *ret_depth = 1;
                return 0;
        }
        if (unit->parent >= roster->n_units)
                return ROSTER_E_REFERENCE;
        const RosterUnit *parent = &roster->units[unit->parent];
        if (parent->tier != unit->tier && parent->tier + 1 != unit->tier)
                return ROSTER_E_TIER;
        *ret_depth = (uint8_t)(builder->depths[unit->parent] + 1);
        return *ret_depth > ROSTER_DEPTH_MAX ? ROSTER_E_LIMIT : 0;
}

int roster_builder_add_unit(RosterBuilder *builder, const RosterUnit *unit) {
        Roster *roster = builder->roster;
        if (!unit_name_fits(unit->id) || unit->tier < 1 || unit->tier > 3)
                return ROSTER_E_MALFORMED;
        if (roster->n_units >= ROSTER_UNITS_MAX)
                return ROSTER_E_LIMIT;
        if (roster_find_unit(roster, unit->id) != ROSTER_NONE)
                return ROSTER_E_DUPLICATE;
        if (unit->staffed_by != ROSTER_NONE && unit->staffed_by >= ROSTER_UNITS_MAX)
                return ROSTER_E_REFERENCE;
        uint8_t depth = 0;
        int r = unit_check_parent(builder, unit, &depth);
        if (r != 0)
                return r;
        if (!array_reserve((void **)&roster->units, &builder->units_capacity, roster->n_units + 1, sizeof *unit) ||
            !index_reserve(&roster->unit_index, roster->units, sizeof *unit, roster->n_units))
                return ROSTER_E_LIMIT;
        builder->depths[roster->n_units] = depth;
        roster->units[roster->n_units] = *unit;
        index_put(&roster->unit_index, unit->id, (uint32_t)roster->n_units);
        roster->n_units++;
        return 0;
}

static bool role_sits_at_area(uint8_t role) {
        return role == ROLE_ADMIN || role == ROLE_SECURITY_ADMIN || role == ROLE_AUDITOR;
}

static int seats_check(const Roster *roster, const RosterSeat *seats, size_t n_seats) {
        if (n_seats > ROSTER_SEATS_MAX)
                return ROSTER_E_LIMIT;
        for (size_t i = 0; i < n_seats; i++) {
                if (seats[i].role == ROLE_NONE || seats[i].role >= ROLE_COUNT || seats[i].from >= seats[i].until)
                        return ROSTER_E_MALFORMED;
                if (seats[i].unit == ROSTER_NONE ? !role_sits_at_area(seats[i].role) : seats[i].unit >= roster->n_units)
                        return ROSTER_E_REFERENCE;
        }
        return 0;
}

int roster_builder_add_member(RosterBuilder *builder, const RosterMember *member, const RosterSeat *seats) {
        Roster *roster = builder->roster;
        size_t n = strnlen(member->id, sizeof member->id);
        if (n == sizeof member->id || !member_is_valid(member->id, n, roster->area))
                return ROSTER_E_MALFORMED;
        if (member->device[0] != '\0' && !unit_name_fits(member->device))
                return ROSTER_E_MALFORMED;
        if (roster->n_members >= ROSTER_MEMBERS_MAX)
                return ROSTER_E_LIMIT;
        if (roster_find_member(roster, member->id, n) != NULL)
                return ROSTER_E_DUPLICATE;
        int r = seats_check(roster, seats, member->n_seats);
        if (r != 0)
                return r;
        if (!array_reserve((void **)&roster->members, &builder->members_capacity, roster->n_members + 1, sizeof *member) ||
            !array_reserve((void **)&roster->seats, &builder->seats_capacity, roster->n_seats + member->n_seats, sizeof *seats) ||
            !index_reserve(&roster->member_index, roster->members, sizeof *member, roster->n_members))
                return ROSTER_E_LIMIT;
        RosterMember *added = &roster->members[roster->n_members];
        *added = *member;
        added->first_seat = (uint32_t)roster->n_seats;
        if (member->n_seats > 0)
                memcpy(roster->seats + roster->n_seats, seats, member->n_seats * sizeof *seats);
        roster->n_seats += member->n_seats;
        index_put(&roster->member_index, member->id, (uint32_t)roster->n_members);
        roster->n_members++;
        return 0;
}

/* Bindings are kept in order of the device's name, so that equal contents give equal bytes. Finds the place; true when taken. */
static bool binding_place(const Roster *roster, const char *device, size_t *ret_at) {
        size_t low = 0, high = roster->n_bindings;
        while (low < high) {
                size_t middle = (low + high) / 2;
                int order = strcmp(roster->bindings[middle].device, device);
                if (order == 0) {
                        *ret_at = middle;
                        return true;
                }
                if (order < 0)
                        low = middle + 1;
                else
                        high = middle;
        }
        *ret_at = low;
        return false;
}

int roster_builder_add_binding(RosterBuilder *builder, const RosterBinding *binding) {
        Roster *roster = builder->roster;
        if (!unit_name_fits(binding->device))
                return ROSTER_E_MALFORMED;
        if (roster->n_bindings >= ROSTER_MEMBERS_MAX)
                return ROSTER_E_LIMIT;
        if (binding->unit >= roster->n_units || (binding->gateway != ROSTER_NONE && binding->gateway >= roster->n_members))
                return ROSTER_E_REFERENCE;
        size_t at;
        if (binding_place(roster, binding->device, &at))
                return ROSTER_E_DUPLICATE;
        if (!array_reserve((void **)&roster->bindings, &builder->bindings_capacity, roster->n_bindings + 1, sizeof *binding))
                return ROSTER_E_LIMIT;
        memmove(roster->bindings + at + 1, roster->bindings + at, (roster->n_bindings - at) * sizeof *binding);
        roster->bindings[at] = *binding;
        roster->n_bindings++;
        return 0;
}

/* What can be judged only when all units are there: who staffs whom, and whether there is one root. */
static int roster_close(Roster *roster) {
        size_t n_roots = 0;
        for (uint32_t i = 0; i < roster->n_units; i++) {
                const RosterUnit *unit = &roster->units[i];
                if (unit->staffed_by != ROSTER_NONE && (unit->staffed_by >= roster->n_units || unit->staffed_by == i))
                        return ROSTER_E_REFERENCE;
                if (unit->parent == ROSTER_NONE) {
                        roster->root = i;
                        n_roots++;
                }
        }
        if (n_roots != 1)
                roster->root = ROSTER_NONE;
        return 0;
}

/* Gives back what growing left over. */
static void *array_trim(void *array, size_t count, size_t size) {
        void *trimmed = count > 0 ? realloc(array, count * size) : NULL;
        return trimmed != NULL ? trimmed : array;
}

static void roster_trim(Roster *roster) {
        roster->units = array_trim(roster->units, roster->n_units, sizeof *roster->units);
        roster->members = array_trim(roster->members, roster->n_members, sizeof *roster->members);
        roster->seats = array_trim(roster->seats, roster->n_seats, sizeof *roster->seats);
        roster->bindings = array_trim(roster->bindings, roster->n_bindings, sizeof *roster->bindings);
}

int roster_builder_finish(RosterBuilder *builder, uint64_t epoch, uint64_t version, Roster **ret) {
        Roster *roster = builder->roster;
        int r = roster_close(roster);
        if (r == 0 && !roster_hash_contents(roster))
                r = ROSTER_E_LIMIT;
        if (r == 0) {
                roster_trim(roster);
                roster->epoch = epoch;
                roster->version = version;
                builder->roster = NULL;
                *ret = roster;
        }
        roster_builder_free(builder);
        return r;
}

Roster *roster_free(Roster *roster) {
        if (roster == NULL)
                return NULL;
        if (roster->members != NULL)
                sodium_memzero(roster->members, roster->n_members * sizeof *roster->members);
        free(roster->units);
        free(roster->members);
        free(roster->seats);
        free(roster->bindings);
        free(roster->unit_index.slots);
        free(roster->member_index.slots);
        free(roster);
        return NULL;
}

const char *roster_area(const Roster *roster) { return roster->area; }
uint64_t roster_epoch(const Roster *roster) { return roster->epoch; }
uint64_t roster_version(const Roster *roster) { return roster->version; }
const uint8_t *roster_hash(const Roster *roster) { return roster->hash; }
size_t roster_count_units(const Roster *roster) { return roster->n_units; }
size_t roster_count_members(const Roster *roster) { return roster->n_members; }
uint32_t roster_root(const Roster *roster) { return roster->root; }

const char *roster_prefix(const Roster *roster, size_t *ret_n) {
        *ret_n = roster->n_prefix;
        return roster->prefix;
}

const RosterUnit *roster_unit(const Roster *roster, uint32_t index) {
        assert(index < roster->n_units);
        return &roster->units[index];
}

const RosterMember *roster_member_at(const Roster *roster, uint32_t index) {
        assert(index < roster->n_members);
        return &roster->members[index];
}

const RosterSeat *roster_seats(const Roster *roster, const RosterMember *member) {
        return roster->seats + member->first_seat;
}

uint32_t roster_find_unit_n(const Roster *roster, const char *id, size_t n_id) {
        if (n_id == 0 || n_id > NAME_MAX_GRID)
                return ROSTER_NONE;
        return index_find(&roster->unit_index, roster->units, sizeof *roster->units, id, n_id);
}

uint32_t roster_find_unit(const Roster *roster, const char *id) { return roster_find_unit_n(roster, id, strlen(id)); }

const RosterMember *roster_find_member(const Roster *roster, const char *id, size_t n_id) {
        if (n_id == 0 || n_id > MEMBER_MAX)
                return NULL;
        uint32_t found = index_find(&roster->member_index, roster->members, sizeof *roster->members, id, n_id);
        return found == ROSTER_NONE ? NULL : &roster->members[found];
}

const RosterBinding *roster_find_device(const Roster *roster, const char *device) {
        size_t at;
        return binding_place(roster, device, &at) ? &roster->bindings[at] : NULL;
}

const RosterBinding *roster_binding_at(const Roster *roster, uint32_t index) {
        return index < roster->n_bindings ? &roster->bindings[index] : NULL;
}

uint32_t roster_member_index(const Roster *roster, const RosterMember *member) {
        assert(member >= roster->members && member < roster->members + roster->n_members);
        return (uint32_t)(member - roster->members);
}

bool roster_is_above(const Roster *roster, uint32_t ancestor, uint32_t unit) {
        /* parents come first, so the walk may stop once it has passed the ancestor's number */
        while (unit != ROSTER_NONE && unit > ancestor)
                unit = roster->units[unit].parent;
        return unit == ancestor && unit != ROSTER_NONE;
}
