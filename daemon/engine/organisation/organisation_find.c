/* Lookups in an organisation and questions about its units and seats; and the roster made of it. */
#include "engine/organisation/organisation_internal.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "proto/timestamp.h"

const char *organisation_area(const Organisation *organisation) { return organisation->structure->area; }
int organisation_offset_minutes(const Organisation *organisation) { return organisation->structure->offset_minutes; }
uint64_t organisation_version(const Organisation *organisation) { return organisation->version; }
int64_t organisation_file_version(const Organisation *organisation) { return organisation->structure->version; }
const char *organisation_file_text(const Organisation *organisation) { return organisation->structure->text; }
const char *organisation_title_zh(const Organisation *organisation) { return organisation->structure->title_zh; }
const char *organisation_title_en(const Organisation *organisation) { return organisation->structure->title_en; }
size_t organisation_count_units(const Organisation *organisation) { return organisation->structure->n_units; }

const cJSON *organisation_dictionaries(const Organisation *organisation) {
        return cJSON_GetObjectItemCaseSensitive(organisation->structure->file, "dictionaries");
}

const Unit *organisation_root(const Organisation *organisation) {
        const Structure *structure = organisation->structure;
        return structure->n_units > 0 ? structure->parents_first[0] : NULL;
}

const Unit *organisation_unit(const Organisation *organisation, const char *id) {
        return map_find(organisation->structure->units_by_id, id);
}

const Member *organisation_member(const Organisation *organisation, const char *id) {
        const MemberRecord *record = organisation_record(organisation, id);
        return record ? &record->member : NULL;
}

const Device *organisation_device(const Organisation *organisation, const char *id) {
        return map_find(organisation->structure->devices_by_id, id);
}

const Place *organisation_place(const Organisation *organisation, const char *id) {
        return map_find(organisation->structure->places_by_id, id);
}

const Unit *organisation_next_unit(const Organisation *organisation, size_t *cursor) {
        const Structure *structure = organisation->structure;
        return *cursor < structure->n_units ? &structure->units[(*cursor)++] : NULL;
}

const Member *organisation_next_member(const Organisation *organisation, size_t *cursor) {
        return *cursor < organisation->n_members ? &organisation->members[(*cursor)++]->member : NULL;
}

const Device *organisation_next_device(const Organisation *organisation, size_t *cursor) {
        const Structure *structure = organisation->structure;
        return *cursor < structure->n_devices ? &structure->devices[(*cursor)++] : NULL;
}

const Place *organisation_next_place(const Organisation *organisation, size_t *cursor) {
        const Structure *structure = organisation->structure;
        return *cursor < structure->n_places ? &structure->places[(*cursor)++] : NULL;
}

bool organisation_has_calendar(const Organisation *organisation, const char *name) {
        return map_find(organisation->structure->calendars_by_name, name) != NULL;
}

const Calendar *organisation_calendar(const Organisation *organisation, const char *name) {
        const Structure *structure = organisation->structure;
        const Calendar *calendar = name && name[0] ? map_find(structure->calendars_by_name, name) : NULL;
        return calendar ? calendar : structure->calendars[0];
}

/* ---- units ---- */

bool unit_has_tag(const Unit *unit, const char *tag) {
        for (size_t i = 0; i < unit->n_tags; i++)
                if (strcmp(unit->tags[i], tag) == 0)
                        return true;
        return false;
}

bool unit_is_below(const Unit *unit, const Unit *above) {
        for (; unit; unit = unit->parent)
                if (strcmp(unit->id, above->id) == 0)
                        return true;
        return false;
}

const Unit *unit_worker(const Unit *unit) { return unit->staffed_by ? unit->staffed_by : unit; }

const Unit *unit_above(const Unit *unit, unsigned levels) {
        const Unit *above = unit_worker(unit);
        for (unsigned i = 0; i < levels && above; i++)
                above = above->parent;
        return above;
}

/* ---- seats ---- */

bool seat_is_current(const Seat *seat, int64_t at_ms) { return seat->from <= at_ms && at_ms < seat->until; }

static bool role_is_working(Role role) { return role >= ROLE_COMMANDER && role <= ROLE_PARTNER; }

bool member_has_role(const Member *member, Role role, int64_t at_ms) {
        for (size_t i = 0; i < member->n_seats && !member->revoked; i++)
                if (member->seats[i].role == role && seat_is_current(&member->seats[i], at_ms))
                        return true;
        return false;
}

static const Seat *seat_in(const Member *member, const Unit *unit, int64_t at_ms) {
        for (size_t i = 0; i < member->n_seats; i++) {
                const Seat *seat = &member->seats[i];
                if (seat->unit && strcmp(seat->unit->id, unit->id) == 0 && seat_is_current(seat, at_ms))
                        return seat;
        }
        return NULL;
}

const Seat *member_seat(const Member *member, const Unit *unit, int64_t at_ms) {
        if (member->revoked)
                return NULL;
        const Seat *seat = seat_in(member, unit, at_ms);
        return seat || !unit->staffed_by ? seat : seat_in(member, unit->staffed_by, at_ms);
}

static bool seat_counts(const Organisation *organisation, const MemberRecord *record, const Seat *seat, const Unit *unit) {
        return !record->member.revoked && seat->unit && seat->unit == &organisation->structure->units[unit->ordinal];
}

static int compare_records(const void *a, const void *b) {
        return strcmp((*(const MemberRecord *const *)a)->member.id, (*(const MemberRecord *const *)b)->member.id);
}

const MemberRecord *const *organisation_sorted(const Organisation *organisation) {
        Organisation *cache = (Organisation *)organisation; /* a cache of an immutable thing */
        if (!cache->sorted) {
                cache->sorted = calloc(cache->n_members + 1, sizeof *cache->sorted);
                if (!cache->sorted)
                        abort();
                for (size_t i = 0; i < cache->n_members; i++)
                        cache->sorted[i] = cache->members[i];
                qsort(cache->sorted, cache->n_members, sizeof *cache->sorted, compare_records);
        }
        return cache->sorted;
}

static int64_t member_run_out(const Member *member) {
        int64_t at = INT64_MAX;
        for (size_t i = 0; i < member->n_seats; i++)
                if (member->seats[i].until < at)
                        at = member->seats[i].until;
        return at;
}

int64_t organisation_next_run_out(const Organisation *organisation, const Member **ret) {
        Organisation *cache = (Organisation *)organisation; /* a cache of an immutable thing */
        if (!cache->run_out_known) {
                const MemberRecord *const *sorted = organisation_sorted(organisation);
                cache->run_out_at = INT64_MAX;
                cache->run_out = NULL;
                for (size_t i = 0; i < cache->n_members; i++) {
                        int64_t at = member_run_out(&sorted[i]->member);
                        if (at >= cache->run_out_at)
                                continue;
                        cache->run_out_at = at;
                        cache->run_out = sorted[i];
                }
                cache->run_out_known = true;
        }
        *ret = cache->run_out ? &cache->run_out->member : NULL;
        return cache->run_out_at;
}

/* Index of members by unit: two passes over all seats, the first one counts. */
static void index_members(Organisation *organisation) {
        size_t n_units = organisation->structure->n_units, n_entries = 0;
        const MemberRecord *const *sorted = organisation_sorted(organisation);
        organisation->unit_starts = calloc(n_units + 2, sizeof *organisation->unit_starts);
        if (!organisation->unit_starts)
                abort();
        uint32_t *starts = organisation->unit_starts;
        for (size_t i = 0; i < organisation->n_members; i++)
                for (size_t j = 0; j < sorted[i]->member.n_seats; j++) {
                        const Unit *unit = sorted[i]->member.seats[j].unit;
                        if (unit) {
                                starts[unit->ordinal + 2]++;
                                n_entries++;
                        }
                }
        for (size_t i = 2; i < n_units + 2; i++)
                starts[i] += starts[i - 1];
        organisation->unit_members = calloc(n_entries + 1, sizeof *organisation->unit_members);
        if (!organisation->unit_members)
                abort();
        for (size_t i = 0; i < organisation->n_members; i++)
                for (size_t j = 0; j < sorted[i]->member.n_seats; j++) {
                        const Unit *unit = sorted[i]->member.seats[j].unit;
                        if (unit)
                                organisation->unit_members[starts[unit->ordinal + 1]++] = (uint32_t)i;
                }
}

static void entries_of_unit(const Organisation *organisation, const Unit *unit, const uint32_t **ret, size_t *ret_n) {
        if (!organisation->unit_starts)
                index_members((Organisation *)organisation); /* a cache of an immutable thing */
        uint32_t start = organisation->unit_starts[unit->ordinal];
        *ret = organisation->unit_members + start;
        *ret_n = organisation->unit_starts[unit->ordinal + 1] - start;
}

const Member *unit_next_member(const Organisation *organisation, const Unit *unit, size_t *cursor) {
        const uint32_t *entries;
        size_t n;
        entries_of_unit(organisation, unit, &entries, &n);
        while (*cursor < n) {
                size_t i = (*cursor)++;
                const MemberRecord *record = organisation_sorted(organisation)[entries[i]];
                bool repeated = i > 0 && entries[i - 1] == entries[i]; /* two seats in the same unit lie beside each other */
                if (!repeated && !record->member.revoked)
                        return &record->member;
        }
        return NULL;
}

static bool role_is_wanted(Role role, const Role *roles, size_t n_roles) {
        if (!roles || n_roles == 0)
                return role_is_working(role);
        for (size_t i = 0; i < n_roles; i++)
                if (roles[i] == role)
                        return true;
        return false;
}

static bool is_manned_itself(const Organisation *organisation, const Unit *unit, const Role *roles, size_t n_roles, int64_t at_ms) {
        const uint32_t *entries;
        size_t n;
        entries_of_unit(organisation, unit, &entries, &n);
        for (size_t i = 0; i < n; i++) {
                const MemberRecord *record = organisation_sorted(organisation)[entries[i]];
                for (size_t j = 0; j < record->member.n_seats; j++) {
                        const Seat *seat = &record->member.seats[j];
                        if (seat_counts(organisation, record, seat, unit) && seat_is_current(seat, at_ms) &&
                            role_is_wanted(seat->role, roles, n_roles))
                                return true;
                }
        }
        return false;
}

bool unit_is_manned(const Organisation *organisation, const Unit *unit, const Role *roles, size_t n_roles, int64_t at_ms) {
        return is_manned_itself(organisation, unit, roles, n_roles, at_ms) ||
               (unit->staffed_by && is_manned_itself(organisation, unit->staffed_by, roles, n_roles, at_ms));
}
