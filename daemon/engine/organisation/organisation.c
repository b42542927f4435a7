/*
 * An organisation is a shared structure (what the file says) and an array of shared member records. A change copies the array of
 * pointers, not the records; with some hundred members that is nothing, with a county's it is a memory copy.
 */
#include "engine/organisation/organisation_internal.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "engine/check.h"
#include "proto/timestamp.h"

static void *allocate(size_t n, size_t size) {
        void *memory = calloc(n > 0 ? n : 1, size);
        if (!memory)
                abort();
        return memory;
}

static Map *map_make(void) {
        Map *map = map_new();
        if (!map)
                abort();
        return map;
}

/* ---- structure ---- */

Structure *structure_new(const char *area, int offset_minutes) {
        Structure *structure = allocate(1, sizeof *structure);
        structure->n_references = 1;
        structure->offset_minutes = offset_minutes;
        assert(strlen(area) <= AREA_MAX);
        strcpy(structure->area, area);
        structure->text = allocate(1, 1);
        structure->title_zh = structure->title_en = structure->area;
        structure->units_by_id = map_make();
        structure->places_by_id = map_make();
        structure->devices_by_id = map_make();
        structure->calendars_by_name = map_make();
        structure->changed_at = TIMESTAMP_NONE;
        return structure;
}

Structure *structure_unref(Structure *structure) {
        if (!structure || --structure->n_references > 0)
                return NULL;
        for (size_t i = 0; structure->tags && i < structure->n_units; i++)
                free(structure->tags[i]);
        for (size_t i = 0; i < structure->n_calendars; i++)
                calendar_free(structure->calendars[i]);
        free(structure->tags);
        free(structure->calendars);
        free(structure->units);
        free(structure->places);
        free(structure->devices);
        free(structure->parents_first);
        map_free(structure->units_by_id);
        map_free(structure->places_by_id);
        map_free(structure->devices_by_id);
        map_free(structure->calendars_by_name);
        cJSON_Delete(structure->file);
        free(structure->text);
        free(structure);
        return NULL;
}

/* ---- member records ---- */

MemberRecord *member_record_new(const char *id) {
        MemberRecord *record = allocate(1, sizeof *record);
        record->n_references = 1;
        assert(strlen(id) <= MEMBER_MAX);
        strcpy(record->member.id, id);
        record->secret_until = record->previous_until = record->enrolment_until = TIMESTAMP_NONE;
        record->made_at = record->revoked_at = TIMESTAMP_NONE;
        return record;
}

MemberRecord *member_record_unref(MemberRecord *record) {
        if (!record || --record->n_references > 0)
                return NULL;
        free(record->seats);
        free(record->seat_records);
        free(record);
        return NULL;
}

static MemberRecord *member_record_copy(const MemberRecord *record) {
        MemberRecord *copy = allocate(1, sizeof *copy);
        *copy = *record;
        copy->n_references = 1;
        copy->seats = allocate(record->n_all, sizeof *copy->seats);
        copy->seat_records = allocate(record->n_all, sizeof *copy->seat_records);
        if (record->n_all > 0) {
                memcpy(copy->seats, record->seats, record->n_all * sizeof *copy->seats);
                memcpy(copy->seat_records, record->seat_records, record->n_all * sizeof *copy->seat_records);
        }
        copy->member.seats = copy->seats;
        return copy;
}

static bool seat_goes_before(const MemberRecord *record, size_t i, size_t j) {
        if (record->seat_records[i].ended != record->seat_records[j].ended)
                return !record->seat_records[i].ended;
        return strcmp(record->seats[i].id, record->seats[j].id) < 0;
}

/* Open seats first, each part by id: the same order after a reload. Insertion sort: all but the last are in order already. */
void member_record_settle(MemberRecord *record) {
        size_t n_open = 0;
        for (size_t i = 0; i < record->n_all; i++) {
                for (size_t j = i; j > 0 && seat_goes_before(record, j, j - 1); j--) {
                        Seat seat = record->seats[j];
                        SeatRecord seat_record = record->seat_records[j];
                        record->seats[j] = record->seats[j - 1];
                        record->seat_records[j] = record->seat_records[j - 1];
                        record->seats[j - 1] = seat;
                        record->seat_records[j - 1] = seat_record;
                }
        }
        while (n_open < record->n_all && !record->seat_records[n_open].ended)
                n_open++;
        record->member.seats = record->seats;
        record->member.n_seats = n_open;
}

void member_record_add_seat(MemberRecord *record, const Seat *seat, uint64_t seq) {
        Seat *seats = realloc(record->seats, (record->n_all + 1) * sizeof *seats);
        if (!seats)
                abort();
        record->seats = seats;
        SeatRecord *records = realloc(record->seat_records, (record->n_all + 1) * sizeof *records);
        if (!records)
                abort();
        record->seat_records = records;
        record->seats[record->n_all] = *seat;
        record->seat_records[record->n_all] = (SeatRecord){.changed_seq = seq};
        if (seat->unit)
                strcpy(record->seat_records[record->n_all].unit, seat->unit->id);
        record->n_all++;
        member_record_settle(record);
}

/* ---- organisation ---- */

Organisation *organisation_new(const char *area, int offset_minutes) {
        Organisation *organisation = allocate(1, sizeof *organisation);
        organisation->structure = structure_new(area, offset_minutes);
        organisation->structure->calendars = allocate(1, sizeof(Calendar *));
        char detail[160];
        organisation->structure->calendars[0] = calendar_new(NULL, offset_minutes, detail, sizeof detail);
        organisation->structure->n_calendars = 1;
        organisation->members_by_id = map_make();
        return organisation;
}

static void forget_indexes(Organisation *organisation) {
        free(organisation->sorted);
        free(organisation->unit_members);
        free(organisation->unit_starts);
        organisation->sorted = NULL;
        organisation->unit_members = organisation->unit_starts = NULL;
        organisation->roster = roster_free(organisation->roster);
        organisation->run_out_known = false;
}

Organisation *organisation_free(Organisation *organisation) {
        if (!organisation)
                return NULL;
        for (size_t i = 0; i < organisation->n_members; i++)
                member_record_unref(organisation->members[i]);
        free(organisation->members);
        map_free(organisation->members_by_id);
        forget_indexes(organisation);
        structure_unref(organisation->structure);
        free(organisation);
        return NULL;
}

Organisation *organisation_copy(const Organisation *organisation, uint64_t seq) {
        Organisation *copy = allocate(1, sizeof *copy);
        copy->structure = organisation->structure;
        copy->structure->n_references++;
        copy->version = seq > organisation->version ? seq : organisation->version;
        copy->members_by_id = map_make();
        copy->capacity = organisation->n_members + 1;
        copy->members = allocate(copy->capacity, sizeof *copy->members);
        for (size_t i = 0; i < organisation->n_members; i++) {
                organisation->members[i]->n_references++;
                organisation_add(copy, organisation->members[i]);
        }
        return copy;
}

void organisation_add(Organisation *organisation, MemberRecord *record) {
        forget_indexes(organisation);
        assert(!map_find(organisation->members_by_id, record->member.id));
        if (organisation->n_members == organisation->capacity) {
                organisation->capacity = organisation->capacity * 2 + 8;
                organisation->members = realloc(organisation->members, organisation->capacity * sizeof *organisation->members);
                if (!organisation->members)
                        abort();
        }
        organisation->members[organisation->n_members++] = record;
        /* The map holds the record's place + 1, so that an edited record is found without the map being changed. */
        if (!map_set(organisation->members_by_id, record->member.id, (void *)(uintptr_t)organisation->n_members))
                abort();
}

static size_t find_place(const Organisation *organisation, const char *member) {
        return (size_t)(uintptr_t)map_find(organisation->members_by_id, member);
}

MemberRecord *organisation_edit(Organisation *organisation, const char *member, uint64_t seq) {
        size_t place = find_place(organisation, member);
        if (place == 0)
                return NULL;
        forget_indexes(organisation);
        MemberRecord *record = organisation->members[place - 1];
        if (record->n_references > 1) {
                MemberRecord *copy = member_record_copy(record);
                member_record_unref(record);
                organisation->members[place - 1] = record = copy;
        }
        record->changed_seq = seq;
        return record;
}

const MemberRecord *organisation_record(const Organisation *organisation, const char *member) {
        size_t place = find_place(organisation, member);
        return place > 0 ? organisation->members[place - 1] : NULL;
}

/* Point the seats of a copied record into another structure; those whose unit or device is gone end. */
static void rebind_seats(MemberRecord *record, const Structure *structure, uint64_t seq, int64_t at_ms) {
        for (size_t i = 0; i < record->n_all; i++) {
                Seat *seat = &record->seats[i];
                if (!seat->unit)
                        continue;
                const Unit *unit = map_find(structure->units_by_id, seat->unit->id);
                bool bound = record->member.device[0] == '\0' || map_find(structure->devices_by_id, record->member.device);
                if (!record->seat_records[i].ended && (!unit || !bound)) {
                        record->seat_records[i].ended = true;
                        record->seat_records[i].changed_seq = seq;
                        if (seat->until > at_ms)
                                seat->until = seat->from > at_ms ? seat->from : at_ms;
                }
                seat->unit = unit;
        }
        member_record_settle(record);
}

/* A unit that becomes a court must not keep the officers that sat in it. */
static bool seats_fit(const Organisation *base, const Structure *structure, char *ret_detail, size_t n_detail) {
        for (size_t i = 0; i < base->n_members; i++) {
                const Member *member = &base->members[i]->member;
                for (size_t j = 0; j < member->n_seats && !member->revoked; j++) {
                        const Seat *seat = &member->seats[j];
                        const Unit *unit = seat->unit ? map_find(structure->units_by_id, seat->unit->id) : NULL;
                        const char *zh, *en;
                        if (!unit || seat_is_allowed(unit, seat->role, seat->position, &zh, &en))
                                continue;
                        Check check;
                        check_init(&check, ret_detail, n_detail);
                        check_enter(&check, "units");
                        check_enter(&check, unit->id);
                        return check_fail_word(&check, "单位已有的岗位不合规：", "a seat of this unit would not be allowed:", role_name(seat->role));
                }
        }
        return true;
}

Organisation *organisation_apply_file(const Organisation *base, const cJSON *file, uint64_t seq, int64_t at_ms, char *ret_detail,
                                      size_t n_detail) {
        Structure *structure = structure_parse(file, base->structure->area, ret_detail, n_detail);
        if (!structure)
                return NULL;
        if (!seats_fit(base, structure, ret_detail, n_detail)) {
                structure_unref(structure);
                return NULL;
        }
        structure->changed_seq = seq;
        structure->changed_at = at_ms;
        Organisation *organisation = allocate(1, sizeof *organisation);
        organisation->structure = structure;
        organisation->version = seq;
        organisation->members_by_id = map_make();
        for (size_t i = 0; i < base->n_members; i++) {
                MemberRecord *record = member_record_copy(base->members[i]);
                rebind_seats(record, structure, seq, at_ms);
                organisation_add(organisation, record);
        }
        return organisation;
}
