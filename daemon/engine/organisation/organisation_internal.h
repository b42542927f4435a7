/*
 * The inside of an Organisation, for the files that make one: organisation.c (life, lookups, changes), organisation_parse.c (the
 * file), organisation_rows.c (the database). The file's part is shared between copies; member records are, too, until edited.
 */
#ifndef POLICEGRID_ENGINE_ORGANISATION_INTERNAL_H
#define POLICEGRID_ENGINE_ORGANISATION_INTERNAL_H

#include "engine/organisation/calendar.h"
#include "engine/organisation/organisation.h"
#include "proto/map.h"

#define ORGANISATION_UNITS_MAX 2000
#define ORGANISATION_PLACES_MAX 20000
#define ORGANISATION_DEVICES_MAX 20000

/* What comes from the file. Shared, counted. */
typedef struct Structure {
        unsigned n_references;
        char area[AREA_MAX + 1];
        int offset_minutes;
        int64_t version;                    /* of the file, 0 = no file */
        cJSON *file;                        /* owned; names and titles below point into it; NULL when none */
        char *text;                         /* owned; the file printed; "" when none */
        const char *title_zh, *title_en;
        Unit *units; size_t n_units;
        char ***tags;                       /* per unit: array of pointers into `file` */
        Place *places; size_t n_places;
        Device *devices; size_t n_devices;
        Calendar **calendars; size_t n_calendars; /* [0] is the default */
        Map *units_by_id, *places_by_id, *devices_by_id, *calendars_by_name;
        const Unit **parents_first;         /* units in the roster's order */
        uint64_t changed_seq;
        int64_t changed_at;
        char changed_by[MEMBER_MAX + 1];
} Structure;

/*
 * An ended seat stays in memory until the next start, so that its last row is written whatever else the batch does; one record for
 * each seat that an administrator ended since.
 */
typedef struct SeatRecord {
        bool ended;
        uint64_t changed_seq;
        char unit[NAME_MAX_GRID + 1];       /* the unit's name, "" for the area; outlives the unit when ended */
} SeatRecord;

/* A member with what only the roster and the database need. Shared, counted, immutable once in an organisation. */
typedef struct MemberRecord {
        Member member;                      /* first: a Member * is a MemberRecord * */
        unsigned n_references;
        Seat *seats;                        /* owned; the n_seats open ones first, then the ended ones */
        SeatRecord *seat_records;           /* owned; beside seats */
        size_t n_all;
        char secret[65], previous_secret[65], enrolment[65]; /* 64 hex digits or "" */
        int64_t secret_until, previous_until, enrolment_until; /* Unix ms; TIMESTAMP_NONE when open */
        int64_t made_at, revoked_at;
        uint64_t changed_seq;
} MemberRecord;

struct Organisation {
        Structure *structure;
        MemberRecord **members; size_t n_members, capacity;
        Map *members_by_id;
        uint64_t version;
        /* made when first asked for */
        const MemberRecord **sorted;          /* by id: an order that a reload keeps */
        uint32_t *unit_members, *unit_starts; /* members of unit i: unit_members[unit_starts[i] … unit_starts[i + 1]) */
        Roster *roster; uint64_t roster_epoch;
        bool run_out_known; int64_t run_out_at; const MemberRecord *run_out; /* the seat that runs out next */
};

Structure *structure_new(const char *area, int offset_minutes);
Structure *structure_unref(Structure *structure);
/* The file checked and indexed; NULL with place and reason. `area` must be the file's. */
Structure *structure_parse(const cJSON *file, const char *area, char *ret_detail, size_t n_detail);
/* Whether a seat of that role and position may exist in that unit (NULL = the area); false with the reason. */
bool seat_is_allowed(const Unit *unit, Role role, const char *position, const char **ret_zh, const char **ret_en);

MemberRecord *member_record_new(const char *id);
MemberRecord *member_record_unref(MemberRecord *record);
/* Append a seat (copied). */
void member_record_add_seat(MemberRecord *record, const Seat *seat, uint64_t seq);
/* Put the seats in order; call after changing `ended`. */
void member_record_settle(MemberRecord *record);

/* A copy that shares everything; `seq` is its version. */
Organisation *organisation_copy(const Organisation *organisation, uint64_t seq);
/* Take a record in (its id must be new). */
void organisation_add(Organisation *organisation, MemberRecord *record);
/* The record for writing: copied first when it is shared. NULL when unknown. */
MemberRecord *organisation_edit(Organisation *organisation, const char *member, uint64_t seq);
const MemberRecord *organisation_record(const Organisation *organisation, const char *member);
/* All n_members records by id. */
const MemberRecord *const *organisation_sorted(const Organisation *organisation);

#endif
