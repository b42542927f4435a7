#include "engine/state/table.h"

#include <assert.h>

/*
 * One array of columns per table, in the order in which rows are written and read; `store` and the migrations follow them.
 *
 * Columns that every object of the state has: `timers` {"kind": due in Unix ms}, `live` (in the working set: it is open, or its
 * last document is still out; what is loaded at start), `born` (the event that made it and its place in that event; the order of
 * loading), and `changed_seq` (the event that changed it last).
 */
#define COLUMNS(array) array, sizeof(array) / sizeof(array[0])

static const Column area_columns[] = {
        {"area", "text"}, {"seq", "bigint"}, {"numbers", "jsonb"},
};

static const Column event_columns[] = {
        {"area", "text"}, {"seq", "bigint"}, {"at", "timestamptz"}, {"kind", "text"}, {"sender", "text"}, {"unit", "text"},
        {"message_id", "text"}, {"fact_schema", "integer"}, {"facts", "jsonb"},
};

static const Column outcome_columns[] = {
        {"area", "text"}, {"sender", "text"}, {"id", "text"}, {"body_hash", "text"}, {"seq", "bigint"}, {"at", "timestamptz"},
        {"outcome", "text"}, {"code", "text"}, {"detail", "text"}, {"late", "boolean"}, {"masked", "boolean"},
        {"created", "jsonb"}, {"revision", "bigint"}, {"event", "bigint"}, {"epoch", "bigint"},
};

static const Column unit_columns[] = {
        {"area", "text"}, {"id", "text"}, {"unit_type", "text"}, {"tier", "integer"}, {"parent", "text"},
        {"staffed_by", "text"}, {"title", "text"}, {"title_en", "text"}, {"division_code", "text"}, {"tags", "jsonb"},
        {"links", "jsonb"}, {"ordinal", "integer"}, {"active", "boolean"}, {"changed_seq", "bigint"},
};

static const Column member_columns[] = {
        {"area", "text"}, {"id", "text"}, {"device", "text"}, {"revoked", "boolean"}, {"secret", "text"},
        {"secret_until", "timestamptz"}, {"previous_secret", "text"}, {"previous_until", "timestamptz"}, {"enrolment", "text"},
        {"enrolment_until", "timestamptz"}, {"made_at", "timestamptz"}, {"revoked_at", "timestamptz"},
        {"changed_seq", "bigint"},
};

static const Column seat_columns[] = {
        {"area", "text"}, {"id", "uuid"}, {"member", "text"}, {"unit", "text"}, {"role", "text"}, {"seat_position", "text"},
        {"from_at", "timestamptz"}, {"until_at", "timestamptz"}, {"acting_for", "text"}, {"ended", "boolean"},
        {"changed_seq", "bigint"},
};

static const Column place_columns[] = {
        {"area", "text"}, {"id", "text"}, {"kind", "text"}, {"unit", "text"}, {"title", "text"}, {"title_en", "text"},
        {"active", "boolean"}, {"changed_seq", "bigint"},
};

static const Column device_columns[] = {
        {"area", "text"}, {"id", "text"}, {"kind", "text"}, {"unit", "text"}, {"gateway", "text"}, {"silence_ms", "bigint"},
        {"active", "boolean"}, {"changed_seq", "bigint"},
};

static const Column device_status_columns[] = {
        {"area", "text"}, {"device", "text"}, {"online", "boolean"}, {"fault", "boolean"}, {"fault_code", "text"},
        {"since", "timestamptz"}, {"seen_at", "timestamptz"}, {"revision", "bigint"}, {"timers", "jsonb"}, {"live", "boolean"},
        {"born", "bigint"}, {"changed_seq", "bigint"},
};

static const Column device_event_columns[] = {
        {"area", "text"}, {"device", "text"}, {"seq", "bigint"}, {"ordinal", "integer"}, {"at", "timestamptz"}, {"unit", "text"},
        {"what", "text"}, {"online", "boolean"}, {"fault", "boolean"}, {"fault_code", "text"},
};

static const Column organisation_columns[] = {
        {"area", "text"}, {"version", "bigint"}, {"title", "text"}, {"title_en", "text"}, {"utc_offset", "integer"},
        {"body", "jsonb"}, {"is_current", "boolean"}, {"applied_by", "text"}, {"applied_at", "timestamptz"},
        {"changed_seq", "bigint"},
};

static const Column playbook_columns[] = {
        {"area", "text"}, {"hash", "text"}, {"name", "text"}, {"version", "bigint"}, {"title", "text"}, {"title_en", "text"},
        {"body", "text"}, {"is_current", "boolean"}, {"applied_by", "text"}, {"applied_at", "timestamptz"},
        {"changed_seq", "bigint"},
};

static const Column catalogue_columns[] = {
        {"area", "text"}, {"version", "bigint"}, {"hash", "text"}, {"is_current", "boolean"}, {"body", "text"},
        {"applied_by", "text"}, {"applied_at", "timestamptz"}, {"changed_seq", "bigint"},
};

static const Column warning_columns[] = {
        {"area", "text"}, {"id", "uuid"}, {"identifier", "text"}, {"sender", "text"}, {"unit", "text"}, {"event_code", "text"},
        {"state", "text"}, {"severity", "text"}, {"reality", "text"}, {"sent", "timestamptz"}, {"expires", "timestamptz"},
        {"posted_at", "timestamptz"}, {"ended_at", "timestamptz"}, {"revision", "bigint"}, {"playbook", "text"},
        {"identifiers", "jsonb"}, {"units", "jsonb"}, {"cap", "jsonb"}, {"timers", "jsonb"}, {"live", "boolean"},
        {"born", "bigint"}, {"changed_seq", "bigint"}, {"origin_type", "text"}, {"origin_id", "text"}, {"dedup", "text"},
        {"raised", "integer"},
};

static const Column notice_columns[] = {
        {"area", "text"}, {"warning", "uuid"}, {"unit", "text"}, {"withdrawn", "boolean"}, {"revision", "bigint"},
        {"ack_wanted_at", "timestamptz"}, {"acks", "jsonb"}, {"timers", "jsonb"}, {"live", "boolean"}, {"born", "bigint"},
        {"changed_seq", "bigint"},
};

static const Column report_columns[] = {
        {"area", "text"}, {"id", "uuid"}, {"number", "text"}, {"kind", "text"}, {"unit", "text"}, {"sender", "text"},
        {"state", "text"}, {"severity", "text"}, {"reality", "text"}, {"received_at", "timestamptz"},
        {"occurred_at", "timestamptz"}, {"ended_at", "timestamptz"}, {"revision", "bigint"}, {"state_revision", "bigint"},
        {"case_id", "uuid"}, {"merged_into", "uuid"}, {"place", "text"}, {"device", "text"}, {"note", "uuid"},
        {"fields", "jsonb"}, {"timers", "jsonb"}, {"live", "boolean"}, {"born", "bigint"}, {"changed_seq", "bigint"},
};

static const Column work_case_columns[] = {
        {"area", "text"}, {"id", "uuid"}, {"number", "text"}, {"playbook", "text"}, {"origin_type", "text"},
        {"origin_id", "text"}, {"origin_unit", "text"}, {"reality", "text"}, {"results", "jsonb"}, {"visits", "jsonb"},
        {"outcome", "text"}, {"opened_at", "timestamptz"}, {"ended_at", "timestamptz"}, {"timers", "jsonb"},
        {"live", "boolean"}, {"born", "bigint"}, {"changed_seq", "bigint"},
};

static const Column task_columns[] = {
        {"area", "text"}, {"id", "uuid"}, {"number", "text"}, {"case_id", "uuid"}, {"kind", "text"}, {"playbook", "text"},
        {"step", "text"}, {"unit", "text"}, {"tier", "integer"}, {"handler", "text"}, {"origin_type", "text"},
        {"origin_id", "text"}, {"origin_unit", "text"}, {"state", "text"}, {"resume_state", "text"}, {"outcome", "text"},
        {"severity", "text"}, {"reality", "text"}, {"audience", "text"}, {"assignee", "text"}, {"revision", "bigint"},
        {"state_revision", "bigint"}, {"base_at", "timestamptz"}, {"issued_at", "timestamptz"}, {"not_before", "timestamptz"},
        {"accept_by", "timestamptz"}, {"start_by", "timestamptz"}, {"finish_by", "timestamptz"}, {"verify_by", "timestamptz"},
        {"accepted_at", "timestamptz"}, {"started_at", "timestamptz"}, {"completed_at", "timestamptz"},
        {"ended_at", "timestamptz"}, {"suspended_at", "timestamptz"}, {"suspend_until", "timestamptz"}, {"card", "text"},
        {"card_clock", "text"}, {"verifier", "text"}, {"escalation", "uuid"}, {"follows", "uuid"}, {"place", "text"},
        {"device", "text"}, {"dedup", "text"}, {"hops", "integer"}, {"raised", "integer"}, {"returns", "integer"},
        {"late", "integer"}, {"unlisted", "boolean"}, {"brief", "jsonb"}, {"body", "jsonb"}, {"timers", "jsonb"},
        {"live", "boolean"}, {"born", "bigint"}, {"changed_seq", "bigint"},
};

static const Column task_part_columns[] = {
        {"area", "text"}, {"task", "uuid"}, {"unit", "text"}, {"part", "text"}, {"part_state", "text"},
        {"accepted_at", "timestamptz"}, {"agreed_at", "timestamptz"}, {"changed_seq", "bigint"},
};

static const Column task_event_columns[] = {
        {"area", "text"}, {"task", "uuid"}, {"seq", "bigint"}, {"ordinal", "integer"}, {"at", "timestamptz"},
        {"member", "text"}, {"unit", "text"}, {"verb", "text"}, {"from_state", "text"}, {"to_state", "text"},
        {"reason", "text"}, {"note", "uuid"},
};

static const Column escalation_columns[] = {
        {"area", "text"}, {"id", "uuid"}, {"task", "uuid"}, {"from_unit", "text"}, {"to_unit", "text"}, {"level", "integer"},
        {"state", "text"}, {"cause", "text"}, {"reason", "text"}, {"note", "uuid"}, {"opened_by", "text"}, {"assignee", "text"},
        {"bundle", "uuid"}, {"passed_to", "uuid"}, {"opened_at", "timestamptz"}, {"accept_by", "timestamptz"},
        {"finish_by", "timestamptz"}, {"accepted_at", "timestamptz"}, {"ended_at", "timestamptz"},
        {"alerted_at", "timestamptz"}, {"outcome", "text"}, {"revision", "bigint"}, {"state_revision", "bigint"},
        {"timers", "jsonb"}, {"live", "boolean"}, {"born", "bigint"}, {"changed_seq", "bigint"},
};

static const Column escalation_event_columns[] = {
        {"area", "text"}, {"escalation", "uuid"}, {"seq", "bigint"}, {"ordinal", "integer"}, {"task", "uuid"},
        {"level", "integer"}, {"from_unit", "text"}, {"to_unit", "text"}, {"state", "text"}, {"cause", "text"},
        {"reason", "text"}, {"by_member", "text"}, {"at", "timestamptz"}, {"note", "uuid"},
};

static const Column points_holder_columns[] = {
        {"area", "text"}, {"card", "text"}, {"member", "text"}, {"unit", "text"}, {"code", "text"}, {"joined_at", "timestamptz"},
        {"left_at", "timestamptz"}, {"balance", "bigint"}, {"reserved", "bigint"}, {"entries", "bigint"}, {"periods", "jsonb"}, {"honours", "jsonb"},
        {"day", "text"}, {"day_points", "bigint"}, {"timers", "jsonb"}, {"live", "boolean"}, {"born", "bigint"},
        {"changed_seq", "bigint"},
};

static const Column points_entry_columns[] = {
        {"area", "text"}, {"card", "text"}, {"number", "bigint"}, {"seq", "bigint"}, {"at", "timestamptz"}, {"period", "text"},
        {"kind", "text"}, {"points", "bigint"}, {"balance", "bigint"}, {"origin_type", "text"}, {"origin_id", "text"},
        {"unit", "text"}, {"by_member", "text"}, {"reason", "text"},
};

static const Column points_redemption_columns[] = {
        {"area", "text"}, {"id", "uuid"}, {"card", "text"}, {"shop", "text"}, {"unit", "text"}, {"goods", "text"},
        {"count", "integer"}, {"points", "bigint"}, {"state", "text"}, {"reserved_at", "timestamptz"},
        {"expires_at", "timestamptz"}, {"ended_at", "timestamptz"}, {"timers", "jsonb"}, {"live", "boolean"}, {"born", "bigint"},
        {"changed_seq", "bigint"},
};

static const Column duty_columns[] = {
        {"area", "text"}, {"name", "text"}, {"state", "text"}, {"definition", "jsonb"}, {"next_at", "timestamptz"},
        {"last_at", "timestamptz"}, {"round_ends_at", "timestamptz"}, {"occurrences", "integer"}, {"skipped", "integer"},
        {"left_out", "integer"}, {"timers", "jsonb"}, {"live", "boolean"}, {"born", "bigint"}, {"changed_seq", "bigint"},
};

static const Column duty_round_columns[] = {
        {"area", "text"}, {"id", "uuid"}, {"duty", "text"}, {"unit", "text"}, {"member", "text"}, {"place", "text"},
        {"state", "text"}, {"starts_at", "timestamptz"}, {"ends_at", "timestamptz"}, {"wanted", "integer"}, {"done", "integer"},
        {"marks", "jsonb"}, {"met_at", "timestamptz"}, {"closed_at", "timestamptz"}, {"timers", "jsonb"}, {"live", "boolean"},
        {"born", "bigint"}, {"changed_seq", "bigint"},
};

static const Column roster_shift_columns[] = {
        {"area", "text"}, {"id", "uuid"}, {"roster", "text"}, {"unit", "text"}, {"slot", "text"}, {"starts_at", "timestamptz"},
        {"ends_at", "timestamptz"}, {"members", "jsonb"}, {"swaps", "jsonb"}, {"handover", "jsonb"}, {"takeover", "jsonb"},
        {"revision", "bigint"}, {"timers", "jsonb"}, {"live", "boolean"}, {"born", "bigint"}, {"changed_seq", "bigint"},
};

static const Column figure_columns[] = {
        {"area", "text"}, {"unit", "text"}, {"month", "text"}, {"figure", "text"}, {"amount", "bigint"}, {"imported_by", "text"},
        {"imported_at", "timestamptz"}, {"changed_seq", "bigint"},
};

static const Column closed_month_columns[] = {
        {"area", "text"}, {"unit", "text"}, {"month", "text"}, {"closed_at", "timestamptz"}, {"figures", "jsonb"},
        {"corrected_at", "timestamptz"}, {"corrected", "jsonb"}, {"changed_seq", "bigint"},
};

static const Column private_text_columns[] = {
        {"area", "text"}, {"id", "uuid"}, {"owner_kind", "text"}, {"owner_id", "text"}, {"unit", "text"}, {"at", "timestamptz"},
        {"erase_at", "timestamptz"}, {"words", "text"},
};

static const Column contact_columns[] = {
        {"area", "text"}, {"id", "uuid"}, {"owner", "uuid"}, {"unit", "text"}, {"kept_at", "timestamptz"},
        {"erase_at", "timestamptz"}, {"erased_at", "timestamptz"}, {"timers", "jsonb"}, {"live", "boolean"}, {"born", "bigint"},
        {"changed_seq", "bigint"},
};

static const Column contact_grant_columns[] = {
        {"area", "text"}, {"contact", "uuid"}, {"seq", "bigint"}, {"at", "timestamptz"}, {"member", "text"}, {"unit", "text"},
        {"task", "uuid"},
};

static const Table tables[TABLE_COUNT] = {
        [TABLE_AREA] = {"area", COLUMNS(area_columns), 1, false, "true", NULL},
        [TABLE_EVENT] = {"event", COLUMNS(event_columns), 3, true, NULL, NULL},
        [TABLE_OUTCOME] = {"outcome", COLUMNS(outcome_columns), 3, true, NULL, NULL},
        [TABLE_UNIT] = {"unit", COLUMNS(unit_columns), 2, false, NULL, NULL},
        [TABLE_MEMBER] = {"member", COLUMNS(member_columns), 2, false, "true", "made_at, changed_seq, id"},
        [TABLE_SEAT] = {"seat", COLUMNS(seat_columns), 2, false, "not ended", "changed_seq, id"},
        [TABLE_PLACE] = {"place", COLUMNS(place_columns), 2, false, NULL, NULL},
        [TABLE_DEVICE] = {"device", COLUMNS(device_columns), 2, false, NULL, NULL},
        [TABLE_DEVICE_STATUS] = {"device_status", COLUMNS(device_status_columns), 2, false, "live", "born"},
        [TABLE_DEVICE_HISTORY] = {"device_event", COLUMNS(device_event_columns), 4, true, NULL, NULL},
        [TABLE_ORGANISATION] = {"organisation", COLUMNS(organisation_columns), 2, false, "is_current", "version"},
        [TABLE_PLAYBOOK] = {"playbook", COLUMNS(playbook_columns), 2, false, "true", "changed_seq, hash"},
        [TABLE_CATALOGUE] = {"catalogue", COLUMNS(catalogue_columns), 2, false, "is_current", "version"},
        [TABLE_WARNING] = {"warning", COLUMNS(warning_columns), 2, false, "live", "born"},
        [TABLE_NOTICE] = {"notice", COLUMNS(notice_columns), 3, false, "live", "born"},
        [TABLE_REPORT] = {"report", COLUMNS(report_columns), 2, false, "live", "born"},
        [TABLE_WORK_CASE] = {"work_case", COLUMNS(work_case_columns), 2, false, "live", "born"},
        [TABLE_TASK] = {"task", COLUMNS(task_columns), 2, false, "live", "born"},
        [TABLE_TASK_PART] = {"task_part", COLUMNS(task_part_columns), 3, false, NULL, NULL},
        [TABLE_TASK_HISTORY] = {"task_event", COLUMNS(task_event_columns), 4, true, NULL, NULL},
        [TABLE_ESCALATION] = {"escalation", COLUMNS(escalation_columns), 2, false, "live", "born"},
        [TABLE_ESCALATION_HISTORY] = {"escalation_event", COLUMNS(escalation_event_columns), 4, true, NULL, NULL},
        [TABLE_POINTS_HOLDER] = {"points_holder", COLUMNS(points_holder_columns), 2, false, "live", "born"},
        [TABLE_POINTS_ENTRY] = {"points_entry", COLUMNS(points_entry_columns), 3, true, NULL, NULL},
        [TABLE_POINTS_REDEMPTION] = {"points_redemption", COLUMNS(points_redemption_columns), 2, false, "live", "born"},
        [TABLE_DUTY] = {"duty", COLUMNS(duty_columns), 2, false, "live", "born"},
        [TABLE_DUTY_ROUND] = {"duty_round", COLUMNS(duty_round_columns), 2, false, "live", "born"},
        [TABLE_ROSTER_SHIFT] = {"roster_shift", COLUMNS(roster_shift_columns), 2, false, "live", "born"},
        [TABLE_FIGURE] = {"figure", COLUMNS(figure_columns), 4, false, NULL, NULL},
        [TABLE_CLOSED_MONTH] = {"closed_month", COLUMNS(closed_month_columns), 3, false, NULL, NULL},
        /* replaced for one reason only: its words go; the database refuses every other change */
        [TABLE_PRIVATE_TEXT] = {"private_text", COLUMNS(private_text_columns), 2, false, NULL, NULL},
        [TABLE_CONTACT] = {"contact", COLUMNS(contact_columns), 2, false, "live", "born"},
        [TABLE_CONTACT_GRANT] = {"contact_grant", COLUMNS(contact_grant_columns), 3, true, NULL, NULL},
};

const Table *table_describe(TableId id) {
        assert(id < TABLE_COUNT);
        return &tables[id];
}
