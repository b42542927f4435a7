/* What differs between two organisations, row by row. Each change is told when it is applied, so that replaying the log tells the same. */
#include "engine/organisation/organisation_rows.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/organisation/organisation_internal.h"
#include "proto/json.h"
#include "proto/timestamp.h"

#define CELLS_MAX 16

typedef struct Sink {
        OrganisationRow *tell;
        void *userdata;
        const char *cells[CELLS_MAX];
        char numbers[CELLS_MAX][24];
        size_t n;
} Sink;

static void add_text(Sink *sink, const char *value) {
        assert(sink->n < CELLS_MAX);
        sink->cells[sink->n++] = value;
}

/* An empty optional text is SQL NULL. */
static void add_optional(Sink *sink, const char *value) { add_text(sink, value && value[0] ? value : NULL); }

static void add_int(Sink *sink, int64_t value) {
        snprintf(sink->numbers[sink->n], sizeof sink->numbers[0], "%lld", (long long)value);
        add_text(sink, sink->numbers[sink->n]);
}

static void add_bool(Sink *sink, bool value) { add_text(sink, value ? "t" : "f"); }

/* Unix ms; open ends are SQL NULL. */
static void add_time(Sink *sink, int64_t ms) {
        if (ms == TIMESTAMP_NONE || ms == INT64_MAX)
                add_text(sink, NULL);
        else
                add_int(sink, ms);
}

static void end_row(Sink *sink, TableId table) {
        sink->tell(sink->userdata, table, sink->cells, sink->n);
        sink->n = 0;
}

/* ---- what the file says ---- */

static char *print_tags(const Unit *unit) {
        _cleanup_json_ cJSON *tags = cJSON_CreateArray();
        for (size_t i = 0; i < unit->n_tags; i++)
                cJSON_AddItemToArray(tags, cJSON_CreateString(unit->tags[i]));
        return json_print(tags);
}

static void tell_unit(Sink *sink, const Unit *unit, bool active, uint64_t seq) {
        char *tags = print_tags(unit), *links = unit->links ? json_print(unit->links) : NULL;
        add_text(sink, unit->id);
        add_text(sink, unit->type);
        add_int(sink, unit->tier);
        add_text(sink, unit->parent ? unit->parent->id : NULL);
        add_text(sink, unit->staffed_by ? unit->staffed_by->id : NULL);
        add_text(sink, unit->title_zh);
        add_text(sink, unit->title_en);
        add_optional(sink, unit->code);
        add_text(sink, tags);
        add_text(sink, links);
        add_int(sink, (int64_t)unit->ordinal);
        add_bool(sink, active);
        add_int(sink, (int64_t)seq);
        end_row(sink, TABLE_UNIT);
        free(tags);
        free(links);
}

static void tell_place(Sink *sink, const Place *place, bool active, uint64_t seq) {
        add_text(sink, place->id);
        add_text(sink, place->kind);
        add_text(sink, place->unit->id);
        add_text(sink, place->title_zh);
        add_text(sink, place->title_en);
        add_bool(sink, active);
        add_int(sink, (int64_t)seq);
        end_row(sink, TABLE_PLACE);
}

static void tell_device(Sink *sink, const Device *device, bool active, uint64_t seq) {
        add_text(sink, device->id);
        add_text(sink, device->kind);
        add_text(sink, device->unit->id);
        add_optional(sink, device->gateway);
        add_int(sink, device->silence_ms);
        add_bool(sink, active);
        add_int(sink, (int64_t)seq);
        end_row(sink, TABLE_DEVICE);
}

static void tell_file(Sink *sink, const Structure *structure, bool current, uint64_t seq) {
        add_int(sink, structure->version);
        add_text(sink, structure->title_zh);
        add_text(sink, structure->title_en);
        add_int(sink, structure->offset_minutes);
        add_text(sink, structure->text[0] ? structure->text : "{}");
        add_bool(sink, current);
        add_text(sink, structure->changed_by[0] ? structure->changed_by : "daemon");
        add_time(sink, structure->changed_at);
        add_int(sink, (int64_t)seq);
        end_row(sink, TABLE_ORGANISATION);
}

/* Everything of the new file, and what left it as inactive: closed tasks still speak of it. */
static void tell_structure(Sink *sink, const Structure *before, const Structure *now) {
        uint64_t seq = now->changed_seq;
        for (size_t i = 0; before && i < before->n_units; i++)
                if (!map_find(now->units_by_id, before->units[i].id))
                        tell_unit(sink, &before->units[i], false, seq);
        for (size_t i = 0; i < now->n_units; i++)
                tell_unit(sink, &now->units[i], true, seq);
        for (size_t i = 0; before && i < before->n_places; i++)
                if (!map_find(now->places_by_id, before->places[i].id))
                        tell_place(sink, &before->places[i], false, seq);
        for (size_t i = 0; i < now->n_places; i++)
                tell_place(sink, &now->places[i], true, seq);
        for (size_t i = 0; before && i < before->n_devices; i++)
                if (!map_find(now->devices_by_id, before->devices[i].id))
                        tell_device(sink, &before->devices[i], false, seq);
        for (size_t i = 0; i < now->n_devices; i++)
                tell_device(sink, &now->devices[i], true, seq);
        /* A structure that no fact made (before the bootstrap) has no row. */
        if (before && before->changed_seq > 0 && before->version != now->version)
                tell_file(sink, before, false, seq);
        if (now->changed_seq > 0)
                tell_file(sink, now, true, seq);
}

/* ---- members ---- */

static void tell_member(Sink *sink, const MemberRecord *record) {
        add_text(sink, record->member.id);
        add_optional(sink, record->member.device);
        add_bool(sink, record->member.revoked);
        add_optional(sink, record->secret);
        add_time(sink, record->secret_until);
        add_optional(sink, record->previous_secret);
        add_time(sink, record->previous_until);
        add_optional(sink, record->enrolment);
        add_time(sink, record->enrolment_until);
        add_time(sink, record->made_at);
        add_time(sink, record->revoked_at);
        add_int(sink, (int64_t)record->changed_seq);
        end_row(sink, TABLE_MEMBER);
}

static void tell_seat(Sink *sink, const MemberRecord *record, size_t i) {
        const Seat *seat = &record->seats[i];
        add_text(sink, seat->id);
        add_text(sink, record->member.id);
        add_optional(sink, record->seat_records[i].unit);
        add_text(sink, role_name(seat->role));
        add_optional(sink, seat->position);
        add_time(sink, seat->from);
        add_time(sink, seat->until);
        add_optional(sink, seat->acting_for);
        add_bool(sink, record->seat_records[i].ended);
        add_int(sink, (int64_t)record->seat_records[i].changed_seq);
        end_row(sink, TABLE_SEAT);
}

static bool seat_was_so(const MemberRecord *before, const Seat *seat, const SeatRecord *seat_record) {
        for (size_t i = 0; before && i < before->n_all; i++)
                if (strcmp(before->seats[i].id, seat->id) == 0)
                        return before->seat_records[i].changed_seq == seat_record->changed_seq;
        return false;
}

static void tell_record(Sink *sink, const MemberRecord *before, const MemberRecord *now) {
        if (!before || before->changed_seq != now->changed_seq)
                tell_member(sink, now);
        for (size_t i = 0; i < now->n_all; i++)
                if (!seat_was_so(before, &now->seats[i], &now->seat_records[i]))
                        tell_seat(sink, now, i);
}

void organisation_differences(const Organisation *before, const Organisation *now, OrganisationRow *tell, void *userdata) {
        Sink sink = {.tell = tell, .userdata = userdata};
        if (!before || before->structure != now->structure)
                tell_structure(&sink, before ? before->structure : NULL, now->structure);
        for (size_t i = 0; i < now->n_members; i++) {
                const MemberRecord *record = now->members[i];
                /* A copy keeps the places of its members: mostly the same record lies where it lay. */
                if (before && i < before->n_members && before->members[i] == record)
                        continue;
                const MemberRecord *old = before ? organisation_record(before, record->member.id) : NULL;
                if (old != record)
                        tell_record(&sink, old, record);
        }
}
