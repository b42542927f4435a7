/*
 * Rows made into an organisation again. They come in any order; seats wait until the file's units are known. A row that does not fit
 * means that the database was changed by hand: the daemon stops rather than guess.
 */
#include "engine/organisation/organisation_rows.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/check.h"
#include "engine/organisation/organisation_internal.h"
#include "proto/identifier.h"
#include "proto/json.h"
#include "proto/timestamp.h"

#define FILE_BYTES_MAX ((size_t)4 << 20)

typedef struct WaitingSeat { char member[MEMBER_MAX + 1]; char unit[NAME_MAX_GRID + 1]; Seat seat; uint64_t changed_seq; } WaitingSeat;

struct OrganisationLoader {
        Organisation *organisation; /* members gather here */
        WaitingSeat *seats; size_t n_seats, capacity;
        cJSON *file;                /* NULL until its row came */
        int offset_minutes;
        int64_t applied_at;
        uint64_t file_seq;
        char applied_by[MEMBER_MAX + 1];
};

OrganisationLoader *organisation_loader_new(const char *area) {
        OrganisationLoader *loader = calloc(1, sizeof *loader);
        if (!loader)
                abort();
        loader->organisation = organisation_new(area, 8 * 60);
        return loader;
}

OrganisationLoader *organisation_loader_free(OrganisationLoader *loader) {
        if (!loader)
                return NULL;
        organisation_free(loader->organisation);
        cJSON_Delete(loader->file);
        free(loader->seats);
        free(loader);
        return NULL;
}

/* ---- cells ---- */

static bool cell_int(const char *cell, int64_t *ret) {
        if (!cell || cell[0] == '\0')
                return false;
        char *end;
        errno = 0;
        long long value = strtoll(cell, &end, 10);
        *ret = value;
        return errno == 0 && *end == '\0';
}

static bool cell_time(const char *cell, int64_t none, int64_t *ret) {
        *ret = none;
        return !cell || cell_int(cell, ret);
}

static bool cell_bool(const char *cell, bool *ret) {
        *ret = cell && strcmp(cell, "t") == 0;
        return cell && (*ret || strcmp(cell, "f") == 0);
}

/* NULL gives "". */
static bool cell_text(const char *cell, char *ret, size_t size) {
        if (cell && strlen(cell) >= size)
                return false;
        strcpy(ret, cell ? cell : "");
        return true;
}

static bool cell_hash(const char *cell, char ret[static 65]) {
        return cell_text(cell, ret, 65) && (!cell || (strlen(cell) == 64 && strspn(cell, "0123456789abcdef") == 64));
}

/* ---- rows ---- */

static const char *load_file(OrganisationLoader *loader, const char *const *cells) {
        bool current;
        int64_t offset, seq;
        if (!cell_int(cells[4], &offset) || offset < -14 * 60 || offset > 14 * 60)
                return "utc_offset";
        if (!cell_bool(cells[6], &current))
                return "is_current";
        if (!current)
                return NULL;
        if (!cells[5] || loader->file || json_parse_object(cells[5], strlen(cells[5]), FILE_BYTES_MAX, &loader->file) != CODE_NONE)
                return "body";
        if (!cell_text(cells[7], loader->applied_by, sizeof loader->applied_by))
                return "applied_by";
        if (!cell_time(cells[8], TIMESTAMP_NONE, &loader->applied_at))
                return "applied_at";
        if (!cell_int(cells[9], &seq) || seq < 1)
                return "changed_seq";
        loader->offset_minutes = (int)offset;
        loader->file_seq = (uint64_t)seq;
        return NULL;
}

static void raise_version(OrganisationLoader *loader, int64_t seq) {
        if ((uint64_t)seq > loader->organisation->version)
                loader->organisation->version = (uint64_t)seq;
}

static const char *fill_member(MemberRecord *record, const char *const *cells) {
        int64_t seq;
        if (!cell_text(cells[2], record->member.device, sizeof record->member.device))
                return "device";
        if (!cell_bool(cells[3], &record->member.revoked))
                return "revoked";
        if (!cell_hash(cells[4], record->secret) || !cell_time(cells[5], TIMESTAMP_NONE, &record->secret_until))
                return "secret";
        if (!cell_hash(cells[6], record->previous_secret) || !cell_time(cells[7], TIMESTAMP_NONE, &record->previous_until))
                return "previous_secret";
        if (!cell_hash(cells[8], record->enrolment) || !cell_time(cells[9], TIMESTAMP_NONE, &record->enrolment_until))
                return "enrolment";
        if (!cell_time(cells[10], TIMESTAMP_NONE, &record->made_at) || !cell_time(cells[11], TIMESTAMP_NONE, &record->revoked_at))
                return "made_at";
        if (!cell_int(cells[12], &seq) || seq < 0)
                return "changed_seq";
        record->changed_seq = (uint64_t)seq;
        return NULL;
}

static const char *load_member(OrganisationLoader *loader, const char *const *cells) {
        const char *id = cells[1], *area = organisation_area(loader->organisation);
        if (!id || !member_is_valid(id, strlen(id), area) || organisation_record(loader->organisation, id))
                return "id";
        MemberRecord *record = member_record_new(id);
        const char *why = fill_member(record, cells);
        if (why) {
                member_record_unref(record);
                return why;
        }
        organisation_add(loader->organisation, record);
        raise_version(loader, (int64_t)record->changed_seq);
        return NULL;
}

static const char *fill_seat(WaitingSeat *waiting, const char *const *cells) {
        int64_t seq;
        Seat *seat = &waiting->seat;
        if (!cells[1] || !uuid_is_valid(cells[1], strlen(cells[1])))
                return "id";
        strcpy(seat->id, cells[1]);
        if (!cells[2] || !cell_text(cells[2], waiting->member, sizeof waiting->member))
                return "member";
        if (!cell_text(cells[3], waiting->unit, sizeof waiting->unit))
                return "unit";
        seat->role = cells[4] ? role_parse(cells[4]) : ROLE_NONE;
        if (seat->role == ROLE_NONE)
                return "role";
        if (!cell_text(cells[5], seat->position, sizeof seat->position))
                return "seat_position";
        if (!cell_time(cells[6], INT64_MIN, &seat->from) || !cell_time(cells[7], INT64_MAX, &seat->until))
                return "until_at";
        if (!cell_text(cells[8], seat->acting_for, sizeof seat->acting_for))
                return "acting_for";
        if (!cell_int(cells[10], &seq) || seq < 0)
                return "changed_seq";
        waiting->changed_seq = (uint64_t)seq;
        return NULL;
}

static const char *load_seat(OrganisationLoader *loader, const char *const *cells) {
        bool ended;
        if (!cell_bool(cells[9], &ended))
                return "ended";
        if (ended)
                return NULL;
        if (loader->n_seats == loader->capacity) {
                loader->capacity = loader->capacity * 2 + 64;
                loader->seats = realloc(loader->seats, loader->capacity * sizeof *loader->seats);
                if (!loader->seats)
                        abort();
        }
        WaitingSeat *waiting = &loader->seats[loader->n_seats];
        *waiting = (WaitingSeat){0};
        const char *why = fill_seat(waiting, cells);
        if (why)
                return why;
        loader->n_seats++;
        raise_version(loader, (int64_t)waiting->changed_seq);
        return NULL;
}

const char *organisation_loader_row(OrganisationLoader *loader, TableId table, const char *const *cells) {
        switch (table) {
        case TABLE_ORGANISATION:
                return load_file(loader, cells);
        case TABLE_MEMBER:
                return load_member(loader, cells);
        case TABLE_SEAT:
                return load_seat(loader, cells);
        default:
                assert(!"a table of the organisation");
                return "table";
        }
}

/* ---- together ---- */

/* `{}` is an area that was set up and has no file yet. */
static bool finish_structure(OrganisationLoader *loader, Check *check) {
        Organisation *organisation = loader->organisation;
        Structure *structure;
        if (!loader->file)
                return true;
        if (!loader->file->child) {
                Organisation *empty = organisation_new(organisation->structure->area, loader->offset_minutes);
                structure = empty->structure;
                structure->n_references++;
                organisation_free(empty);
        } else {
                structure = structure_parse(loader->file, organisation->structure->area, check->detail, check->n_detail);
        }
        if (!structure)
                return false;
        structure->changed_seq = loader->file_seq;
        structure->changed_at = loader->applied_at;
        strcpy(structure->changed_by, loader->applied_by);
        structure_unref(organisation->structure);
        organisation->structure = structure;
        raise_version(loader, (int64_t)loader->file_seq);
        return true;
}

static bool finish_seat(OrganisationLoader *loader, WaitingSeat *waiting, Check *check) {
        Organisation *organisation = loader->organisation;
        const MemberRecord *record = organisation_record(organisation, waiting->member);
        if (!record)
                return check_fail_word(check, "岗位没有成员", "a seat without its member", waiting->member);
        if (record->member.n_seats == ROSTER_SEATS_MAX)
                return check_fail_word(check, "岗位过多", "too many seats of", waiting->member);
        waiting->seat.unit = waiting->unit[0] ? organisation_unit(organisation, waiting->unit) : NULL;
        if (waiting->unit[0] && !waiting->seat.unit)
                return check_fail_word(check, "岗位没有单位", "a seat without its unit", waiting->unit);
        uint64_t changed_seq = record->changed_seq;
        MemberRecord *edited = organisation_edit(organisation, waiting->member, changed_seq);
        member_record_add_seat(edited, &waiting->seat, waiting->changed_seq);
        return true;
}

Organisation *organisation_loader_finish(OrganisationLoader *loader, char *ret_detail, size_t n_detail) {
        Check check;
        check_init(&check, ret_detail, n_detail);
        if (!finish_structure(loader, &check))
                return NULL;
        for (size_t i = 0; i < loader->n_seats; i++)
                if (!finish_seat(loader, &loader->seats[i], &check))
                        return NULL;
        Organisation *organisation = loader->organisation;
        loader->organisation = NULL;
        return organisation;
}
