/*
 * The facts of administration applied: each makes a new organisation out of the one before, tells the rows that differ and swaps them
 * (state.h), or adds a playbook.
 */
#include "engine/admin/admin.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/facts.h"
#include "engine/organisation/organisation_rows.h"
#include "engine/playbook/playbook.h"
#include "proto/json.h"
#include "proto/timestamp.h"

static const Organisation *organisation_of(const FactContext *context) { return state_organisation(context->state); }

static void journal_row(void *userdata, TableId table, const char *const *cells, size_t n_cells) {
        state_journal(userdata, table, cells, n_cells);
}

static void replace(const FactContext *context, Organisation *organisation) {
        organisation_differences(organisation_of(context), organisation, journal_row, context->state);
        state_replace_organisation(context->state, organisation);
}

static void copy_text(char *ret, size_t size, const cJSON *object, const char *name) {
        const char *text = json_string(object, name);
        assert(!text || strlen(text) < size);
        strcpy(ret, text ? text : "");
}

/* ---- the area and its file ---- */

static void apply_area(const FactContext *context, const cJSON *fact) {
        const Organisation *before = organisation_of(context);
        Organisation *organisation = organisation_new(organisation_area(before), (int)json_int(fact, "utc_offset", 0));
        organisation->version = context->seq;
        organisation->structure->changed_seq = context->seq;
        organisation->structure->changed_at = context->at;
        snprintf(organisation->structure->changed_by, sizeof organisation->structure->changed_by, "%s", context->sender);
        replace(context, organisation);
}

static void apply_organisation(const FactContext *context, const cJSON *fact) {
        char detail[160];
        Organisation *organisation = organisation_apply_file(organisation_of(context), json_object(fact, "organisation"), context->seq,
                                                             context->at, detail, sizeof detail);
        assert(organisation); /* decided on the same state */
        snprintf(organisation->structure->changed_by, sizeof organisation->structure->changed_by, "%s", context->sender);
        replace(context, organisation);
}

/* ---- members ---- */

static void add_seat(const Organisation *organisation, MemberRecord *record, const cJSON *item, uint64_t seq) {
        const char *unit = json_string(item, "unit");
        Seat seat = {.role = role_parse(json_string(item, "role")),
                     .from = json_int(item, "from", INT64_MIN),
                     .until = json_int(item, "until", INT64_MAX),
                     .unit = unit ? organisation_unit(organisation, unit) : NULL};
        assert(seat.role != ROLE_NONE && (!unit || seat.unit));
        copy_text(seat.id, sizeof seat.id, item, "seat");
        copy_text(seat.position, sizeof seat.position, item, "position");
        copy_text(seat.acting_for, sizeof seat.acting_for, item, "acting_for");
        member_record_add_seat(record, &seat, seq);
}

static void apply_members_added(const FactContext *context, const cJSON *fact) {
        Organisation *organisation = organisation_copy(organisation_of(context), context->seq);
        const cJSON *item, *seat, *items = json_array(fact, "members");
        cJSON_ArrayForEach(item, items) {
                MemberRecord *record = member_record_new(json_string(item, "member"));
                record->made_at = context->at;
                record->changed_seq = context->seq;
                copy_text(record->member.device, sizeof record->member.device, item, "device");
                copy_text(record->secret, sizeof record->secret, item, "secret");
                copy_text(record->enrolment, sizeof record->enrolment, item, "enrolment");
                record->enrolment_until = json_int(item, "enrolment_until", TIMESTAMP_NONE);
                const cJSON *seats = json_array(item, "seats");
                cJSON_ArrayForEach(seat, seats)
                        add_seat(organisation, record, seat, context->seq);
                organisation_add(organisation, record);
        }
        replace(context, organisation);
}

/* A copy in which the fact's member can be changed. */
static MemberRecord *edit_member(const FactContext *context, const cJSON *fact, Organisation **ret) {
        *ret = organisation_copy(organisation_of(context), context->seq);
        MemberRecord *record = organisation_edit(*ret, json_string(fact, "member"), context->seq);
        assert(record);
        return record;
}

static void end_seat(MemberRecord *record, size_t i, const FactContext *context) {
        Seat *seat = &record->seats[i];
        record->seat_records[i].ended = true;
        record->seat_records[i].changed_seq = context->seq;
        if (seat->until > context->at)
                seat->until = seat->from > context->at ? seat->from : context->at;
}

static void end_seats(MemberRecord *record, const cJSON *ended, const FactContext *context) {
        const cJSON *id;
        cJSON_ArrayForEach(id, ended)
                for (size_t i = 0; i < record->n_all; i++)
                        if (!record->seat_records[i].ended && strcmp(record->seats[i].id, id->valuestring) == 0)
                                end_seat(record, i, context);
        member_record_settle(record);
}

static void apply_member_revoked(const FactContext *context, const cJSON *fact) {
        Organisation *organisation;
        MemberRecord *record = edit_member(context, fact, &organisation);
        for (size_t i = 0; i < record->n_all; i++)
                if (!record->seat_records[i].ended)
                        end_seat(record, i, context);
        member_record_settle(record);
        record->member.revoked = true;
        record->revoked_at = context->at;
        record->secret[0] = record->previous_secret[0] = record->enrolment[0] = '\0';
        record->previous_until = record->enrolment_until = TIMESTAMP_NONE;
        replace(context, organisation);
}

static void apply_member_enrolment(const FactContext *context, const cJSON *fact) {
        Organisation *organisation;
        MemberRecord *record = edit_member(context, fact, &organisation);
        copy_text(record->enrolment, sizeof record->enrolment, fact, "enrolment");
        record->enrolment_until = json_int(fact, "enrolment_until", TIMESTAMP_NONE);
        replace(context, organisation);
}

static void apply_member_secret(const FactContext *context, const cJSON *fact) {
        Organisation *organisation;
        MemberRecord *record = edit_member(context, fact, &organisation);
        copy_text(record->secret, sizeof record->secret, fact, "secret");
        copy_text(record->previous_secret, sizeof record->previous_secret, fact, "previous");
        record->previous_until = json_int(fact, "previous_until", TIMESTAMP_NONE);
        if (json_bool(fact, "enrolled", false)) {
                record->enrolment[0] = '\0';
                record->enrolment_until = TIMESTAMP_NONE;
        }
        replace(context, organisation);
}

static void apply_seat_started(const FactContext *context, const cJSON *fact) {
        Organisation *organisation;
        MemberRecord *record = edit_member(context, fact, &organisation);
        end_seats(record, json_array(fact, "ended"), context);
        add_seat(organisation, record, json_object(fact, "seat"), context->seq);
        replace(context, organisation);
}

static void apply_seats_ended(const FactContext *context, const cJSON *fact) {
        Organisation *organisation;
        MemberRecord *record = edit_member(context, fact, &organisation);
        end_seats(record, json_array(fact, "ended"), context);
        replace(context, organisation);
}

/* ---- playbooks ---- */

typedef struct PlaybookUndo { char hash[65], previous[65]; } PlaybookUndo;

static void undo_playbook(State *state, void *data) {
        const PlaybookUndo *undo = data;
        playbook_set_forget(state_playbooks(state), undo->hash, undo->previous);
}

static void write_playbook(const FactContext *context, const Playbook *playbook, bool current) {
        char version[24], at[24], seq[24];
        snprintf(version, sizeof version, "%lld", (long long)playbook_version(playbook));
        snprintf(at, sizeof at, "%lld", (long long)playbook_applied_at(playbook));
        snprintf(seq, sizeof seq, "%llu", (unsigned long long)context->seq);
        const char *const cells[] = {playbook_hash(playbook),     playbook_name(playbook), version,
                                     playbook_title_zh(playbook), playbook_title_en(playbook), playbook_text(playbook),
                                     current ? "t" : "f",         playbook_applied_by(playbook), at, seq};
        state_journal(context->state, TABLE_PLAYBOOK, cells, sizeof cells / sizeof *cells);
}

static void apply_playbook(const FactContext *context, const cJSON *fact) {
        PlaybookSet *set = state_playbooks(context->state);
        const char *text = json_string(fact, "text");
        char detail[160];
        Playbook *playbook = playbook_new(text, strlen(text), detail, sizeof detail);
        assert(playbook && strcmp(playbook_hash(playbook), json_string(fact, "hash")) == 0);
        playbook_set_applied(playbook, context->sender, context->at);
        const Playbook *previous = playbook_set_current(set, playbook_name(playbook));
        PlaybookUndo *undo = calloc(1, sizeof *undo);
        if (!undo)
                abort();
        strcpy(undo->hash, playbook_hash(playbook));
        strcpy(undo->previous, previous ? playbook_hash(previous) : "");
        if (previous)
                write_playbook(context, previous, false);
        write_playbook(context, playbook, true);
        Code code = playbook_set_add(set, playbook, true, detail, sizeof detail);
        assert(code == CODE_NONE);
        state_on_undo(context->state, undo_playbook, free, undo);
}

/* Recorded for the daemon, who acts on them when they have committed. */
static void apply_nothing(const FactContext *context, const cJSON *fact) {
        (void)context;
        (void)fact;
}

const FactRule organisation_fact_rules[] = {
        {"area", apply_area},
        {"organisation", apply_organisation},
        {"members_added", apply_members_added},
        {"member_revoked", apply_member_revoked},
        {"member_enrolment", apply_member_enrolment},
        {"member_secret", apply_member_secret},
        {"seat_started", apply_seat_started},
        {"seats_ended", apply_seats_ended},
        {"playbook", apply_playbook},
        {"clock_confirmed", apply_nothing},
        {"quarantine_retried", apply_nothing},
        {NULL, NULL},
};
