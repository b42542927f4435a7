/*
 * The roster (proto/roster.h) made from an organisation: units parents first, then members and devices by name: the same contents
 * give the same bytes, also after a reload.
 */
#include "engine/organisation/organisation_internal.h"

#include <assert.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "proto/timestamp.h"

static void hex_to_bytes(const char *hex, uint8_t ret[static ROSTER_SECRET_BYTES]) {
        size_t n = 0;
        memset(ret, 0, ROSTER_SECRET_BYTES);
        if (hex[0] == '\0')
                return;
        int outcome = sodium_hex2bin(ret, ROSTER_SECRET_BYTES, hex, strlen(hex), NULL, &n, NULL);
        assert(outcome == 0 && n == ROSTER_SECRET_BYTES);
}

static int64_t open_end(int64_t ms) { return ms == TIMESTAMP_NONE ? INT64_MAX : ms; }

static void add_units(RosterBuilder *builder, const Structure *structure, uint32_t *indexes) {
        for (size_t i = 0; i < structure->n_units; i++) {
                const Unit *unit = structure->parents_first[i];
                indexes[unit->ordinal] = (uint32_t)i;
                RosterUnit entry = {.tier = unit->tier, .parent = ROSTER_NONE, .staffed_by = ROSTER_NONE};
                memcpy(entry.id, unit->id, sizeof entry.id);
                if (unit->parent)
                        entry.parent = indexes[unit->parent->ordinal];
                if (unit->staffed_by)
                        entry.staffed_by = indexes[unit->staffed_by->ordinal];
                int outcome = roster_builder_add_unit(builder, &entry);
                assert(outcome == 0);
        }
}

static void add_member(RosterBuilder *builder, const MemberRecord *record, const uint32_t *indexes) {
        RosterMember entry = {.n_seats = (uint8_t)record->member.n_seats};
        memcpy(entry.id, record->member.id, sizeof entry.id);
        memcpy(entry.device, record->member.device, sizeof entry.device);
        hex_to_bytes(record->secret, entry.secret[0]);
        hex_to_bytes(record->previous_secret, entry.secret[1]);
        hex_to_bytes(record->enrolment, entry.enrolment);
        entry.secret_until[0] = open_end(record->secret_until);
        entry.secret_until[1] = open_end(record->previous_until);
        entry.enrolment_until = open_end(record->enrolment_until);
        RosterSeat seats[ROSTER_SEATS_MAX];
        assert(record->member.n_seats <= ROSTER_SEATS_MAX);
        for (size_t i = 0; i < record->member.n_seats; i++) {
                const Seat *seat = &record->member.seats[i];
                seats[i] = (RosterSeat){.unit = seat->unit ? indexes[seat->unit->ordinal] : ROSTER_NONE,
                                        .role = (uint8_t)seat->role, .from = seat->from, .until = seat->until};
        }
        int outcome = roster_builder_add_member(builder, &entry, seats);
        assert(outcome == 0);
}

/* The roster's index of the member that is gateway `device`; ROSTER_NONE when nobody is. */
static uint32_t find_gateway(const Organisation *organisation, const char *device) {
        uint32_t index = 0;
        for (size_t i = 0; i < organisation->n_members; i++) {
                const Member *member = &organisation_sorted(organisation)[i]->member;
                if (member->revoked)
                        continue;
                if (strcmp(member->device, device) == 0 && member->n_seats > 0 && member->seats[0].role == ROLE_GATEWAY)
                        return index;
                index++;
        }
        return ROSTER_NONE;
}

static int compare_devices(const void *a, const void *b) {
        return strcmp((*(const Device *const *)a)->id, (*(const Device *const *)b)->id);
}

static void add_bindings(RosterBuilder *builder, const Organisation *organisation, const uint32_t *indexes) {
        const Structure *structure = organisation->structure;
        const Device **sorted = calloc(structure->n_devices + 1, sizeof *sorted);
        if (!sorted)
                abort();
        for (size_t i = 0; i < structure->n_devices; i++)
                sorted[i] = &structure->devices[i];
        qsort(sorted, structure->n_devices, sizeof *sorted, compare_devices);
        const char *gateway = "";
        uint32_t gateway_index = ROSTER_NONE;
        for (size_t i = 0; i < structure->n_devices; i++) {
                RosterBinding entry = {.unit = indexes[sorted[i]->unit->ordinal], .gateway = ROSTER_NONE};
                memcpy(entry.device, sorted[i]->id, sizeof entry.device);
                if (sorted[i]->gateway[0] && strcmp(gateway, sorted[i]->gateway) != 0) {
                        gateway = sorted[i]->gateway;
                        gateway_index = find_gateway(organisation, gateway);
                }
                if (sorted[i]->gateway[0])
                        entry.gateway = gateway_index;
                int outcome = roster_builder_add_binding(builder, &entry);
                assert(outcome == 0);
        }
        free(sorted);
}

static Roster *make_roster(const Organisation *organisation, uint64_t epoch) {
        const Structure *structure = organisation->structure;
        RosterBuilder *builder = roster_builder_new(structure->area);
        uint32_t *indexes = calloc(structure->n_units + 1, sizeof *indexes);
        if (!builder || !indexes)
                abort();
        add_units(builder, structure, indexes);
        for (size_t i = 0; i < organisation->n_members; i++)
                if (!organisation_sorted(organisation)[i]->member.revoked)
                        add_member(builder, organisation_sorted(organisation)[i], indexes);
        add_bindings(builder, organisation, indexes);
        free(indexes);
        Roster *roster = NULL;
        int outcome = roster_builder_finish(builder, epoch, organisation->version, &roster);
        assert(outcome == 0); /* structure_parse and admin.c keep all the roster's bounds */
        return roster;
}

const Roster *organisation_roster(const Organisation *organisation, uint64_t epoch) {
        Organisation *cache = (Organisation *)organisation; /* the roster is a cache of an immutable thing */
        if (!cache->roster || cache->roster_epoch != epoch) {
                roster_free(cache->roster);
                cache->roster = make_roster(organisation, epoch);
                cache->roster_epoch = epoch;
        }
        return cache->roster;
}
