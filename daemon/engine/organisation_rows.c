#include "engine/organisation_rows.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/organisation_internal.h"
#include "proto/json.h"
#include "proto/timestamp.h"

/* ---- writing ---- */

/* Optional texts: an empty one is SQL NULL. */
static void rows_optional(Rows *rows, const char *value) { rows_text(rows, value && value[0] ? value : NULL); }

static int64_t sql_time(int64_t ms) { return ms == INT64_MAX ? TIMESTAMP_NONE : ms; }

static void write_tags(Rows *rows, const Unit *unit) {
        _cleanup_json_ cJSON *tags = cJSON_CreateArray();
        for (size_t i = 0; i < unit->n_tags; i++)
                cJSON_AddItemToArray(tags, cJSON_CreateString(unit->tags[i]));
        char *text = json_print(tags);
        rows_text(rows, text);
        free(text);
}

static void write_unit(Rows *rows, const char *area, const Unit *unit, bool active, uint64_t seq) {
        char *links = unit->links ? json_print(unit->links) : NULL;
        rows_text(rows, area);
        rows_text(rows, unit->id);
        rows_text(rows, unit->type);
        rows_int(rows, unit->tier);
        rows_text(rows, unit->parent ? unit->parent->id : NULL);
        rows_text(rows, unit->staffed_by ? unit->staffed_by->id : NULL);
        rows_text(rows, unit->title_zh);
        rows_text(rows, unit->title_en);
        rows_optional(rows, unit->code);
        write_tags(rows, unit);
        rows_text(rows, links);
        rows_int(rows, (int64_t)unit->ordinal);
        rows_bool(rows, active);
        rows_int(rows, (int64_t)seq);
        rows_end(rows);
        free(links);
}

static void write_place(Rows *rows, const char *area, const Place *place, bool active, uint64_t seq) {
        rows_text(rows, area);
        rows_text(rows, place->id);
        rows_text(rows, place->kind);
        rows_text(rows, place->unit->id);
        rows_text(rows, place->title_zh);
        rows_text(rows, place->title_en);
        rows_bool(rows, active);
        rows_int(rows, (int64_t)seq);
        rows_end(rows);
}

static void write_device(Rows *rows, const char *area, const Device *device, bool active, uint64_t seq) {
        rows_text(rows, area);
        rows_text(rows, device->id);
        rows_text(rows, device->kind);
        rows_text(rows, device->unit->id);
        rows_optional(rows, device->gateway);
        rows_int(rows, device->silence_ms);
        rows_bool(rows, active);
        rows_int(rows, (int64_t)seq);
        rows_end(rows);
}

static void write_file(Rows *rows, const Structure *structure, bool current, uint64_t seq) {
        rows_text(rows, structure->area);
        rows_int(rows, structure->version);
        rows_text(rows, structure->title_zh);
        rows_text(rows, structure->title_en);
        rows_int(rows, structure->offset_minutes);
        rows_text(rows, structure->text[0] ? structure->text : "{}");
        rows_bool(rows, current);
        rows_text(rows, structure->changed_by[0] ? structure->changed_by : "daemon");
        rows_time(rows, structure->changed_at);
        rows_int(rows, (int64_t)seq);
        rows_end(rows);
}

/* Everything of the new file, and what left it as inactive: closed tasks still speak of it. */
static void write_structure(const Structure *before, const Structure *now, Rows rows[TABLE_COUNT]) {
        uint64_t seq = now->changed_seq;
        for (size_t i = 0; before && i < before->n_units; i++)
                if (!map_find(now->units_by_id, before->units[i].id))
                        write_unit(&rows[TABLE_UNIT], now->area, &before->units[i], false, seq);
        for (size_t i = 0; i < now->n_units; i++)
                write_unit(&rows[TABLE_UNIT], now->area, &now->units[i], true, seq);
        for (size_t i = 0; before && i < before->n_places; i++)
                if (!map_find(now->places_by_id, before->places[i].id))
                        write_place(&rows[TABLE_PLACE], now->area, &before->places[i], false, seq);
        for (size_t i = 0; i < now->n_places; i++)
                write_place(&rows[TABLE_PLACE], now->area, &now->places[i], true, seq);
        for (size_t i = 0; before && i < before->n_devices; i++)
                if (!map_find(now->devices_by_id, before->devices[i].id))
                        write_device(&rows[TABLE_DEVICE], now->area, &before->devices[i], false, seq);
        for (size_t i = 0; i < now->n_devices; i++)
                write_device(&rows[TABLE_DEVICE], now->area, &now->devices[i], true, seq);
        /* A structure that no fact made (before the bootstrap) has no row. */
        if (before && before->changed_seq > 0 && before->version != now->version)
                write_file(&rows[TABLE_ORGANISATION], before, false, seq);
        if (now->changed_seq > 0)
                write_file(&rows[TABLE_ORGANISATION], now, true, seq);
}

static void write_member(Rows *rows, const char *area, const MemberRecord *record) {
        rows_text(rows, area);
        rows_text(rows, record->member.id);
        rows_optional(rows, record->member.device);
        rows_bool(rows, record->member.revoked);
        rows_optional(rows, record->secret);
        rows_time(rows, record->secret_until);
        rows_optional(rows, record->previous_secret);
        rows_time(rows, record->previous_until);
        rows_optional(rows, record->enrolment);
        rows_time(rows, record->enrolment_until);
        rows_time(rows, record->made_at);
        rows_time(rows, record->revoked_at);
        rows_int(rows, (int64_t)record->changed_seq);
        rows_end(rows);
}

static void write_seat(Rows *rows, const char *area, const MemberRecord *record, size_t i) {
        const Seat *seat = &record->seats[i];
        rows_text(rows, area);
        rows_text(rows, seat->id);
        rows_text(rows, record->member.id);
        rows_optional(rows, record->seat_records[i].unit);
        rows_text(rows, role_name(seat->role));
        rows_optional(rows, seat->position);
        rows_time(rows, sql_time(seat->from));
        rows_time(rows, sql_time(seat->until));
        rows_optional(rows, seat->acting_for);
        rows_bool(rows, record->seat_records[i].ended);
        rows_int(rows, (int64_t)record->seat_records[i].changed_seq);
        rows_end(rows);
}

static bool seat_was_so(const MemberRecord *before, const Seat *seat, const SeatRecord *seat_record) {
        for (size_t i = 0; before && i < before->n_all; i++)
                if (strcmp(before->seats[i].id, seat->id) == 0)
                        return before->seat_records[i].changed_seq == seat_record->changed_seq;
        return false;
}

void organisation_write_rows(const Organisation *before, const Organisation *now, uint64_t seq, Rows rows[TABLE_COUNT]) {
        (void)seq; /* every part knows the event that changed it */
        if (!before || before->structure != now->structure)
                write_structure(before ? before->structure : NULL, now->structure, rows);
        const char *area = now->structure->area;
        for (size_t i = 0; i < now->n_members; i++) {
                const MemberRecord *record = now->members[i];
                const MemberRecord *old = before ? organisation_record(before, record->member.id) : NULL;
                if (old == record)
                        continue;
                if (!old || old->changed_seq != record->changed_seq)
                        write_member(&rows[TABLE_MEMBER], area, record);
                for (size_t j = 0; j < record->n_all; j++)
                        if (!seat_was_so(old, &record->seats[j], &record->seat_records[j]))
                                write_seat(&rows[TABLE_SEAT], area, record, j);
        }
}
