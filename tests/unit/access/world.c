#include "world.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

static const struct {
        const char *id;
        uint8_t tier;
        const char *parent, *staffed_by;
} units[] = {
        {"town", 1, NULL, NULL},
        {"room", 2, "town", NULL},
        {"roomtwo", 2, "town", NULL},
        {"village", 3, "room", NULL},
        {"villagetwo", 3, "roomtwo", NULL},
        {"hall", 3, "roomtwo", "room"},
        {"cell", 3, "village", NULL},
};
#define N_UNITS (sizeof units / sizeof *units)

static uint32_t unit_number(const char *id) {
        for (uint32_t i = 0; id != NULL && i < N_UNITS; i++)
                if (strcmp(units[i].id, id) == 0)
                        return i;
        return ROSTER_NONE;
}

void world_member_id(const char *unit, Role role, char ret[static MEMBER_MAX + 1]) {
        int n = snprintf(ret, MEMBER_MAX + 1, "%s-%s", WORLD_AREA, unit);
        for (const char *c = role_name(role); *c != '\0'; c++)
                if (*c != '_')
                        ret[n++] = *c;
        ret[n] = '\0';
}

void world_device(const char *unit, char ret[static NAME_MAX_GRID + 1]) { snprintf(ret, NAME_MAX_GRID + 1, "camera-%s", unit); }
void world_gateway(const char *unit, char ret[static NAME_MAX_GRID + 1]) { snprintf(ret, NAME_MAX_GRID + 1, "gateway-%s", unit); }
void world_bound_device(const char *unit, char ret[static NAME_MAX_GRID + 1]) { snprintf(ret, NAME_MAX_GRID + 1, "button-%s", unit); }

const RosterMember *world_member(const Roster *roster, const char *unit, Role role) {
        char id[MEMBER_MAX + 1];
        world_member_id(unit, role, id);
        return roster_find_member(roster, id, strlen(id));
}

static void add_member(RosterBuilder *builder, const char *unit, Role role) {
        RosterMember member = {.n_seats = 1};
        world_member_id(unit, role, member.id);
        if (role == ROLE_DEVICE)
                world_device(unit, member.device);
        if (role == ROLE_GATEWAY)
                world_gateway(unit, member.device);
        RosterSeat seat = {.unit = unit_number(unit), .role = (uint8_t)role, .from = INT64_MIN, .until = INT64_MAX};
        int r = roster_builder_add_member(builder, &member, &seat);
        assert(r == 0);
}

Roster *world_new(void) {
        RosterBuilder *builder = roster_builder_new(WORLD_AREA);
        int r = 0;
        for (size_t i = 0; i < N_UNITS; i++) {
                RosterUnit unit = {.tier = units[i].tier, .parent = unit_number(units[i].parent), .staffed_by = unit_number(units[i].staffed_by)};
                snprintf(unit.id, sizeof unit.id, "%s", units[i].id);
                r |= roster_builder_add_unit(builder, &unit);
        }
        uint32_t n_members = 0;
        for (size_t i = 0; i < N_UNITS; i++)
                for (unsigned role = ROLE_NONE + 1; role < ROLE_COUNT; role++, n_members++)
                        add_member(builder, units[i].id, (Role)role);
        add_member(builder, "area", ROLE_ADMIN);
        add_member(builder, "area", ROLE_SECURITY_ADMIN);
        add_member(builder, "area", ROLE_AUDITOR);
        for (uint32_t i = 0; i < N_UNITS; i++) {
                RosterBinding binding = {.unit = i, .gateway = i * (ROLE_COUNT - 1) + ROLE_GATEWAY - 1};
                world_bound_device(units[i].id, binding.device);
                r |= roster_builder_add_binding(builder, &binding);
        }
        assert(r == 0 && n_members > 0);
        Roster *roster = NULL;
        r = roster_builder_finish(builder, 1, 7, &roster);
        assert(r == 0);
        return roster;
}
