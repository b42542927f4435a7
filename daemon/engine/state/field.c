#include "engine/state/field.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/json.h"

#define SIZE(type, member) sizeof(((type *)NULL)->member)
#define F_TEXT(type, column, member) {column, FIELD_TEXT, offsetof(type, member), SIZE(type, member), NULL}
#define F_TIME(type, column, member) {column, FIELD_TIME, offsetof(type, member), 0, NULL}
#define F_INT64(type, column, member) {column, FIELD_INT64, offsetof(type, member), 0, NULL}
#define F_UINT32(type, column, member) {column, FIELD_UINT32, offsetof(type, member), 0, NULL}
#define F_UINT8(type, column, member) {column, FIELD_UINT8, offsetof(type, member), 0, NULL}
#define F_BOOL(type, column, member) {column, FIELD_BOOL, offsetof(type, member), 0, NULL}
#define F_WORD(type, column, member, words) {column, FIELD_WORD, offsetof(type, member), 0, words}
#define F_JSON(type, column, member) {column, FIELD_JSON, offsetof(type, member), 0, NULL}
#define F_TAIL(type)                                                                                                            \
        {"timers", FIELD_TIMERS, offsetof(type, object.timers), 0, NULL}, F_BOOL(type, "live", object.live),                     \
        {"born", FIELD_BORN, offsetof(type, object.born), 0, NULL}, {"changed_seq", FIELD_CHANGED, offsetof(type, object.changed_seq), 0, NULL}

/* ---- words ---- */
static const char *const reality_words[] = {"Actual", "Exercise", "Test", NULL};
static const char *const warning_state_words[] = {"active", "cancelled", "expired", "superseded", NULL};
static const char *const report_state_words[] = {"open", "dispatched", "merged", "dismissed", "recorded", NULL};
static const char *const task_state_words[] = {"issued", "accepted", "in_progress", "completed", "closed", "suspended", "cancelled",
                                               "expired", NULL};
static const char *const escalation_state_words[] = {"open", "accepted", "resolved", "returned", "passed_up", "withdrawn", NULL};
static const char *const redemption_state_words[] = {"reserved", "confirmed", "expired", "refused", "cancelled", NULL};
static const char *const duty_state_words[] = {"active", "ended", NULL};
static const char *const round_state_words[] = {"open", "met", "missed", "late", "waived", NULL};
static const char *const card_words[] = {"none", "yellow", "red", NULL};

static const char *word_of(const char *const *words, int value) {
        for (int i = 0; words[i] != NULL; i++)
                if (i == value)
                        return words[i];
        return NULL;
}

const char *reality_name(Reality reality) { return word_of(reality_words, (int)reality); }
const char *warning_state_name(WarningState state) { return word_of(warning_state_words, (int)state); }
const char *report_state_name(ReportState state) { return word_of(report_state_words, (int)state); }
const char *task_state_name(TaskState state) { return word_of(task_state_words, (int)state); }
const char *escalation_state_name(EscalationState state) { return word_of(escalation_state_words, (int)state); }
const char *redemption_state_name(RedemptionState state) { return word_of(redemption_state_words, (int)state); }
const char *duty_state_name(DutyState state) { return word_of(duty_state_words, (int)state); }
const char *round_state_name(RoundState state) { return word_of(round_state_words, (int)state); }
const char *card_name(Card card) { return word_of(card_words, (int)card); }

static const char *reality_word(int value) { return word_of(reality_words, value); }
static const char *warning_state_word(int value) { return word_of(warning_state_words, value); }
static const char *report_state_word(int value) { return word_of(report_state_words, value); }
static const char *task_state_word(int value) { return word_of(task_state_words, value); }
static const char *escalation_state_word(int value) { return word_of(escalation_state_words, value); }
static const char *redemption_state_word(int value) { return word_of(redemption_state_words, value); }
static const char *duty_state_word(int value) { return word_of(duty_state_words, value); }
static const char *round_state_word(int value) { return word_of(round_state_words, value); }
static const char *card_word(int value) { return word_of(card_words, value); }
static const char *severity_word(int value) { return value <= SEVERITY_EXTREME ? severity_name((Severity)value) : NULL; }
static const char *audience_word(int value) {
        return value == AUDIENCE_NONE ? "" : value <= AUDIENCE_NAMED ? audience_name((Audience)value) : NULL;
}

int word_parse(const char *(*word)(int value), const char *text) {
        for (int value = 0; word(value) != NULL; value++)
                if (strcmp(word(value), text) == 0)
                        return value;
        return -1;
}

Reality reality_parse(const char *text) {
        int value = word_parse(reality_word, text);
        return value < 0 ? REALITY_ACTUAL : (Reality)value;
}

TaskState task_state_parse(const char *text) {
        int value = word_parse(task_state_word, text);
        return value < 0 ? TASK_STATE_ISSUED : (TaskState)value;
}

/* ---- descriptors, in the order of table.c ---- */
static const Field warning_fields[] = {
        F_TEXT(Warning, "id", id), F_TEXT(Warning, "identifier", identifier), F_TEXT(Warning, "sender", sender),
        F_TEXT(Warning, "unit", unit), F_TEXT(Warning, "event_code", event_code),
        F_WORD(Warning, "state", state, warning_state_word), F_WORD(Warning, "severity", severity, severity_word),
        F_WORD(Warning, "reality", reality, reality_word), F_TIME(Warning, "sent", sent), F_TIME(Warning, "expires", expires),
        F_TIME(Warning, "posted_at", posted_at), F_TIME(Warning, "ended_at", ended_at), F_INT64(Warning, "revision", revision),
        F_TEXT(Warning, "playbook", playbook), F_JSON(Warning, "identifiers", identifiers), F_JSON(Warning, "units", units),
        F_JSON(Warning, "cap", cap), F_TAIL(Warning), F_TEXT(Warning, "origin_type", origin_type),
        F_TEXT(Warning, "origin_id", origin_id), F_TEXT(Warning, "dedup", dedup), F_UINT32(Warning, "raised", raised),
};
static const Field notice_fields[] = {
        F_TEXT(Notice, "warning", warning), F_TEXT(Notice, "unit", unit), F_BOOL(Notice, "withdrawn", withdrawn),
        F_INT64(Notice, "revision", revision), F_TIME(Notice, "ack_wanted_at", ack_wanted_at), F_JSON(Notice, "acks", acks),
        F_TAIL(Notice),
};
static const Field report_fields[] = {
        F_TEXT(Report, "id", id), F_TEXT(Report, "number", number), F_TEXT(Report, "kind", kind), F_TEXT(Report, "unit", unit),
        F_TEXT(Report, "sender", sender), F_WORD(Report, "state", state, report_state_word),
        F_WORD(Report, "severity", severity, severity_word), F_WORD(Report, "reality", reality, reality_word),
        F_TIME(Report, "received_at", at), F_TIME(Report, "occurred_at", occurred_at), F_TIME(Report, "ended_at", ended_at),
        F_INT64(Report, "revision", revision), F_INT64(Report, "state_revision", state_revision),
        F_TEXT(Report, "case_id", case_id), F_TEXT(Report, "merged_into", merged_into), F_TEXT(Report, "place", place),
        F_TEXT(Report, "device", device), F_TEXT(Report, "note", note), F_JSON(Report, "fields", fields), F_TAIL(Report),
};
static const Field case_fields[] = {
        F_TEXT(WorkCase, "id", id), F_TEXT(WorkCase, "number", number), F_TEXT(WorkCase, "playbook", playbook),
        F_TEXT(WorkCase, "origin_type", origin_type), F_TEXT(WorkCase, "origin_id", origin_id),
        F_TEXT(WorkCase, "origin_unit", origin_unit), F_WORD(WorkCase, "reality", reality, reality_word),
        F_JSON(WorkCase, "results", results), F_JSON(WorkCase, "visits", visits), F_TEXT(WorkCase, "outcome", outcome),
        F_TIME(WorkCase, "opened_at", opened_at), F_TIME(WorkCase, "ended_at", ended_at), F_TAIL(WorkCase),
};
static const Field task_fields[] = {
        F_TEXT(Task, "id", id), F_TEXT(Task, "number", number), F_TEXT(Task, "case_id", case_id), F_TEXT(Task, "kind", kind),
        F_TEXT(Task, "playbook", playbook), F_TEXT(Task, "step", step), F_TEXT(Task, "unit", unit), F_UINT8(Task, "tier", tier),
        F_TEXT(Task, "handler", handler), F_TEXT(Task, "origin_type", origin_type), F_TEXT(Task, "origin_id", origin_id),
        F_TEXT(Task, "origin_unit", origin_unit), F_WORD(Task, "state", state, task_state_word),
        F_TEXT(Task, "resume_state", resume_state), F_TEXT(Task, "outcome", outcome),
        F_WORD(Task, "severity", severity, severity_word), F_WORD(Task, "reality", reality, reality_word),
        F_WORD(Task, "audience", audience, audience_word), F_TEXT(Task, "assignee", assignee), F_INT64(Task, "revision", revision),
        F_INT64(Task, "state_revision", state_revision), F_TIME(Task, "base_at", base_at), F_TIME(Task, "issued_at", issued_at),
        F_TIME(Task, "not_before", not_before), F_TIME(Task, "accept_by", accept_by), F_TIME(Task, "start_by", start_by),
        F_TIME(Task, "finish_by", finish_by), F_TIME(Task, "verify_by", verify_by), F_TIME(Task, "accepted_at", accepted_at),
        F_TIME(Task, "started_at", started_at), F_TIME(Task, "completed_at", completed_at), F_TIME(Task, "ended_at", ended_at),
        F_TIME(Task, "suspended_at", suspended_at), F_TIME(Task, "suspend_until", suspend_until),
        F_WORD(Task, "card", card, card_word), F_TEXT(Task, "card_clock", card_clock), F_TEXT(Task, "verifier", verifier),
        F_TEXT(Task, "escalation", escalation), F_TEXT(Task, "follows", follows), F_TEXT(Task, "place", place),
        F_TEXT(Task, "device", device), F_TEXT(Task, "dedup", dedup), F_UINT32(Task, "hops", hops),
        F_UINT32(Task, "raised", raised), F_UINT32(Task, "returns", returns), F_UINT32(Task, "late", late),
        F_BOOL(Task, "unlisted", unlisted), {"brief", FIELD_BRIEF, offsetof(Task, brief), 0, NULL}, F_JSON(Task, "body", body),
        F_TAIL(Task),
};
static const Field escalation_fields[] = {
        F_TEXT(Escalation, "id", id), F_TEXT(Escalation, "task", task), F_TEXT(Escalation, "from_unit", from),
        F_TEXT(Escalation, "to_unit", to), F_UINT32(Escalation, "level", level),
        F_WORD(Escalation, "state", state, escalation_state_word), F_TEXT(Escalation, "cause", cause),
        F_TEXT(Escalation, "reason", reason), F_TEXT(Escalation, "note", note), F_TEXT(Escalation, "opened_by", by),
        F_TEXT(Escalation, "assignee", assignee), F_TEXT(Escalation, "bundle", bundle),
        F_TEXT(Escalation, "passed_to", passed_to), F_TIME(Escalation, "opened_at", opened_at),
        F_TIME(Escalation, "accept_by", accept_by), F_TIME(Escalation, "finish_by", finish_by),
        F_TIME(Escalation, "accepted_at", accepted_at), F_TIME(Escalation, "ended_at", ended_at),
        F_TIME(Escalation, "alerted_at", alerted_at), F_TEXT(Escalation, "outcome", outcome),
        F_INT64(Escalation, "revision", revision), F_INT64(Escalation, "state_revision", state_revision), F_TAIL(Escalation),
};
static const Field device_fields[] = {
        F_TEXT(DeviceStatus, "device", id), F_BOOL(DeviceStatus, "online", online), F_BOOL(DeviceStatus, "fault", fault),
        F_TEXT(DeviceStatus, "fault_code", fault_code), F_TIME(DeviceStatus, "since", since),
        F_TIME(DeviceStatus, "seen_at", seen_at), F_INT64(DeviceStatus, "revision", revision), F_TAIL(DeviceStatus),
};

static const Field holder_fields[] = {
        F_TEXT(Holder, "card", card), F_TEXT(Holder, "member", member), F_TEXT(Holder, "unit", unit), F_TEXT(Holder, "code", code),
        F_TIME(Holder, "joined_at", joined_at), F_TIME(Holder, "left_at", left_at), F_INT64(Holder, "balance", balance),
        F_INT64(Holder, "reserved", reserved), F_INT64(Holder, "entries", entries), F_JSON(Holder, "periods", periods), F_JSON(Holder, "honours", honours),
        F_TEXT(Holder, "day", day), F_INT64(Holder, "day_points", day_points), F_TAIL(Holder),
};
static const Field redemption_fields[] = {
        F_TEXT(Redemption, "id", id), F_TEXT(Redemption, "card", card), F_TEXT(Redemption, "shop", shop),
        F_TEXT(Redemption, "unit", unit), F_TEXT(Redemption, "goods", goods), F_UINT32(Redemption, "count", count),
        F_INT64(Redemption, "points", points), F_WORD(Redemption, "state", state, redemption_state_word),
        F_TIME(Redemption, "reserved_at", reserved_at), F_TIME(Redemption, "expires_at", expires_at),
        F_TIME(Redemption, "ended_at", ended_at), F_TAIL(Redemption),
};
static const Field contact_fields[] = {
        F_TEXT(Contact, "id", id), F_TEXT(Contact, "owner", owner), F_TEXT(Contact, "unit", unit), F_TIME(Contact, "kept_at", kept_at),
        F_TIME(Contact, "erase_at", erase_at), F_TIME(Contact, "erased_at", erased_at), F_TAIL(Contact),
};

static const Field duty_fields[] = {
        F_TEXT(Duty, "name", name), F_WORD(Duty, "state", state, duty_state_word), F_JSON(Duty, "definition", definition),
        F_TIME(Duty, "next_at", next_at), F_TIME(Duty, "last_at", last_at), F_TIME(Duty, "round_ends_at", round_ends_at),
        F_UINT32(Duty, "occurrences", occurrences), F_UINT32(Duty, "skipped", skipped), F_UINT32(Duty, "left_out", left_out), F_TAIL(Duty),
};
static const Field round_fields[] = {
        F_TEXT(Round, "id", id), F_TEXT(Round, "duty", duty), F_TEXT(Round, "unit", unit), F_TEXT(Round, "member", member),
        F_TEXT(Round, "place", place), F_WORD(Round, "state", state, round_state_word), F_TIME(Round, "starts_at", starts_at),
        F_TIME(Round, "ends_at", ends_at), F_UINT32(Round, "wanted", wanted), F_UINT32(Round, "done", done), F_JSON(Round, "marks", marks),
        F_TIME(Round, "met_at", met_at), F_TIME(Round, "closed_at", closed_at), F_TAIL(Round),
};
static const Field shift_fields[] = {
        F_TEXT(Shift, "id", id), F_TEXT(Shift, "roster", roster), F_TEXT(Shift, "unit", unit), F_TEXT(Shift, "slot", slot),
        F_TIME(Shift, "starts_at", starts_at), F_TIME(Shift, "ends_at", ends_at), F_JSON(Shift, "members", members),
        F_JSON(Shift, "swaps", swaps), F_JSON(Shift, "handover", handover), F_JSON(Shift, "takeover", takeover),
        F_INT64(Shift, "revision", revision), F_TAIL(Shift),
};

#define RULE(table, type, fields) {table, sizeof(type), fields, sizeof(fields) / sizeof(fields[0])}
static const ObjectRule rules[OBJECT_KIND_COUNT] = {
        [OBJECT_WARNING] = RULE(TABLE_WARNING, Warning, warning_fields),
        [OBJECT_NOTICE] = RULE(TABLE_NOTICE, Notice, notice_fields),
        [OBJECT_REPORT] = RULE(TABLE_REPORT, Report, report_fields),
        [OBJECT_CASE] = RULE(TABLE_WORK_CASE, WorkCase, case_fields),
        [OBJECT_TASK] = RULE(TABLE_TASK, Task, task_fields),
        [OBJECT_ESCALATION] = RULE(TABLE_ESCALATION, Escalation, escalation_fields),
        [OBJECT_DEVICE] = RULE(TABLE_DEVICE_STATUS, DeviceStatus, device_fields),
        [OBJECT_HOLDER] = RULE(TABLE_POINTS_HOLDER, Holder, holder_fields),
        [OBJECT_CONTACT] = RULE(TABLE_CONTACT, Contact, contact_fields),
        [OBJECT_REDEMPTION] = RULE(TABLE_POINTS_REDEMPTION, Redemption, redemption_fields),
        [OBJECT_DUTY] = RULE(TABLE_DUTY, Duty, duty_fields),
        [OBJECT_ROUND] = RULE(TABLE_DUTY_ROUND, Round, round_fields),
        [OBJECT_SHIFT] = RULE(TABLE_ROSTER_SHIFT, Shift, shift_fields),
};

const ObjectRule *object_rule(ObjectKind kind) {
        assert(kind < OBJECT_KIND_COUNT);
        return &rules[kind];
}

bool object_kind_of_table(TableId table, ObjectKind *ret) {
        for (int kind = 0; kind < OBJECT_KIND_COUNT; kind++)
                if (rules[kind].table == table) {
                        *ret = (ObjectKind)kind;
                        return true;
                }
        return false;
}

/* ---- copies ---- */
static void *field_at(const void *object, const Field *field) {
        return (char *)object + field->offset;
}

void *object_copy(const void *object) {
        const ObjectRule *rule = object_rule(((const Object *)object)->kind);
        char *copy = malloc(rule->size);
        if (copy == NULL)
                abort();
        memcpy(copy, object, rule->size);
        ((Object *)(void *)copy)->keys = NULL;
        ((Object *)(void *)copy)->undo = NULL;
        for (size_t i = 0; i < rule->n_fields; i++) {
                const Field *field = &rule->fields[i];
                if (field->type == FIELD_JSON) {
                        cJSON **json = field_at(copy, field);
                        *json = cJSON_Duplicate(*json, true);
                } else if (field->type == FIELD_BRIEF) {
                        Brief **brief = field_at(copy, field);
                        if (*brief != NULL)
                                brief_reference(*brief);
                }
        }
        return copy;
}

/* Frees what the fields own. */
static void object_empty(void *object) {
        const ObjectRule *rule = object_rule(((Object *)object)->kind);
        for (size_t i = 0; i < rule->n_fields; i++) {
                const Field *field = &rule->fields[i];
                if (field->type == FIELD_JSON)
                        cJSON_Delete(*(cJSON **)field_at(object, field));
                else if (field->type == FIELD_BRIEF)
                        brief_release(*(Brief **)field_at(object, field));
        }
}

void object_discard(void *object) {
        object_empty(object);
        free(((Object *)object)->keys);
        free(object);
}

void object_restore(void *object, void *copy) {
        Object *now = object, *before = copy;
        object_empty(object);
        before->keys = now->keys;
        before->heap_at = now->heap_at;
        before->dirty = now->dirty;
        before->listed = now->listed;
        memcpy(object, copy, object_rule(before->kind)->size);
        free(copy);
}

/* ---- rows ---- */
static void field_write(const void *at, const Field *field, Rows *rows) {
        switch (field->type) {
        case FIELD_TEXT:
                rows_text(rows, *(const char *)at == '\0' ? NULL : at);
                break;
        case FIELD_TIME:
                rows_time(rows, *(const int64_t *)at);
                break;
        case FIELD_INT64:
        case FIELD_BORN:
        case FIELD_CHANGED:
                rows_int(rows, *(const int64_t *)at);
                break;
        case FIELD_UINT32:
                rows_int(rows, *(const uint32_t *)at);
                break;
        case FIELD_UINT8:
                rows_int(rows, *(const uint8_t *)at);
                break;
        case FIELD_BOOL:
                rows_bool(rows, *(const bool *)at);
                break;
        case FIELD_WORD: {
                const char *word = field->word((int)*(const unsigned *)at);
                rows_text(rows, *word == '\0' ? NULL : word);
                break;
        }
        case FIELD_BRIEF:
                rows_text(rows, (*(Brief *const *)at)->text);
                break;
        case FIELD_JSON:
                rows_json(rows, *(cJSON *const *)at);
                break;
        case FIELD_TIMERS: {
                cJSON *json = timers_to_json(at);
                rows_json(rows, json);
                cJSON_Delete(json);
                break;
        }
        }
}

void object_write_row(const void *object, const char *area, Rows *rows) {
        const ObjectRule *rule = object_rule(((const Object *)object)->kind);
        rows_text(rows, area);
        for (size_t i = 0; i < rule->n_fields; i++)
                field_write(field_at(object, &rule->fields[i]), &rule->fields[i], rows);
        rows_end(rows);
}

static bool cell_int(const char *cell, int64_t *ret) {
        if (cell == NULL)
                return false;
        int n = 0;
        return sscanf(cell, "%" SCNd64 "%n", ret, &n) == 1 && cell[n] == '\0';
}

static bool field_read(State *state, void *at, const Field *field, const char *cell) {
        int64_t value = 0;
        switch (field->type) {
        case FIELD_TEXT:
                if (cell == NULL)
                        cell = "";
                if (strlen(cell) >= field->size)
                        return false;
                strcpy(at, cell);
                return true;
        case FIELD_TIME:
                *(int64_t *)at = TIMESTAMP_NONE;
                return cell == NULL || cell_int(cell, at);
        case FIELD_INT64:
        case FIELD_BORN:
        case FIELD_CHANGED:
                return cell_int(cell, at);
        case FIELD_UINT32:
                if (!cell_int(cell, &value) || value < 0 || value > UINT32_MAX)
                        return false;
                *(uint32_t *)at = (uint32_t)value;
                return true;
        case FIELD_UINT8:
                if (!cell_int(cell, &value) || value < 0 || value > UINT8_MAX)
                        return false;
                *(uint8_t *)at = (uint8_t)value;
                return true;
        case FIELD_BOOL:
                if (cell == NULL || (strcmp(cell, "t") != 0 && strcmp(cell, "f") != 0))
                        return false;
                *(bool *)at = *cell == 't';
                return true;
        case FIELD_WORD: {
                int word = word_parse(field->word, cell == NULL ? "" : cell);
                *(unsigned *)at = (unsigned)word;
                return word >= 0;
        }
        case FIELD_BRIEF:
                if (cell == NULL)
                        return false;
                *(Brief **)at = brief_acquire(state, cell);
                return *(Brief **)at != NULL;
        case FIELD_JSON: {
                cJSON *json = cell == NULL ? NULL : cJSON_Parse(cell);
                if (json == NULL)
                        return false;
                cJSON_Delete(*(cJSON **)at);
                *(cJSON **)at = json;
                return true;
        }
        case FIELD_TIMERS: {
                cJSON *json = cell == NULL ? NULL : cJSON_Parse(cell);
                bool ok = json != NULL && timers_patch(at, json);
                cJSON_Delete(json);
                return ok;
        }
        }
        return false;
}

const char *object_read_row(State *state, void *object, const char *const *cells) {
        const ObjectRule *rule = object_rule(((Object *)object)->kind);
        for (size_t i = 0; i < rule->n_fields; i++)
                if (!field_read(state, field_at(object, &rule->fields[i]), &rule->fields[i], cells[i]))
                        return rule->fields[i].name;
        return NULL;
}

/* ---- patches ---- */
static void json_merge(cJSON **into, const cJSON *patch) {
        if (!cJSON_IsObject(patch) || !cJSON_IsObject(*into)) {
                cJSON_Delete(*into);
                *into = cJSON_Duplicate(patch, true);
                return;
        }
        for (const cJSON *item = patch->child; item != NULL; item = item->next) {
                cJSON_DeleteItemFromObjectCaseSensitive(*into, item->string);
                if (!cJSON_IsNull(item))
                        cJSON_AddItemToObject(*into, item->string, cJSON_Duplicate(item, true));
        }
}

static void field_patch(State *state, void *at, const Field *field, const cJSON *item) {
        bool empty = cJSON_IsNull(item);
        switch (field->type) {
        case FIELD_TEXT:
                assert(empty || (cJSON_IsString(item) && strlen(item->valuestring) < field->size));
                strcpy(at, empty ? "" : item->valuestring);
                return;
        case FIELD_TIME:
                assert(empty || json_is_whole(item));
                *(int64_t *)at = empty ? TIMESTAMP_NONE : (int64_t)item->valuedouble;
                return;
        case FIELD_INT64:
                assert(json_is_whole(item));
                *(int64_t *)at = (int64_t)item->valuedouble;
                return;
        case FIELD_UINT32:
                assert(json_is_whole(item) && item->valuedouble >= 0 && item->valuedouble <= UINT32_MAX);
                *(uint32_t *)at = (uint32_t)item->valuedouble;
                return;
        case FIELD_UINT8:
                assert(json_is_whole(item) && item->valuedouble >= 0 && item->valuedouble <= UINT8_MAX);
                *(uint8_t *)at = (uint8_t)item->valuedouble;
                return;
        case FIELD_BOOL:
                assert(cJSON_IsBool(item));
                *(bool *)at = cJSON_IsTrue(item);
                return;
        case FIELD_WORD: {
                assert(empty || cJSON_IsString(item));
                int word = word_parse(field->word, empty ? "" : item->valuestring);
                assert(word >= 0);
                *(unsigned *)at = (unsigned)word;
                return;
        }
        case FIELD_BRIEF: {
                assert(cJSON_IsObject(item));
                char *text = json_print(item);
                Brief *before = *(Brief **)at;
                *(Brief **)at = brief_acquire(state, text);
                brief_release(before);
                free(text);
                return;
        }
        case FIELD_JSON:
                json_merge(at, item);
                return;
        case FIELD_TIMERS: {
                bool ok = timers_patch(at, item);
                assert(ok);
                (void)ok;
                return;
        }
        case FIELD_BORN:
        case FIELD_CHANGED:
                break;
        }
        assert(!"column may be patched");
}

void object_patch(State *state, void *object, const cJSON *set) {
        const ObjectRule *rule = object_rule(((Object *)object)->kind);
        size_t next = 0; /* facts mostly come in the order of the columns */
        for (const cJSON *item = set->child; item != NULL; item = item->next) {
                size_t tried = 0;
                while (tried < rule->n_fields && strcmp(rule->fields[next].name, item->string) != 0) {
                        next = (next + 1) % rule->n_fields;
                        tried++;
                }
                assert(tried < rule->n_fields);
                field_patch(state, field_at(object, &rule->fields[next]), &rule->fields[next], item);
        }
}
