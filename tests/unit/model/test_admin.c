/*
 * Administration through the engine's own door: who may, what is refused, what follows; members' secrets; the first members of an area.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../field/fixture.h"
#include "engine/organisation/organisation_internal.h"
#include "engine/state/state.h"
#include "engine/document/status.h"

#define HASH_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define HASH_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define HASH_C "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"

static const Organisation *town(Fixture *fixture) { return state_organisation(engine_state(fixture->engine)); }

static const MemberRecord *record_of(Fixture *fixture, const char *member) { return organisation_record(town(fixture), member); }

/* The applied file with its version raised; the caller changes and deletes it. */
static cJSON *next_file(Fixture *fixture) {
        cJSON *file = cJSON_Parse(organisation_file_text(town(fixture)));
        cJSON_SetNumberValue(cJSON_GetObjectItem(file, "version"), (double)organisation_file_version(town(fixture)) + 1);
        return file;
}

static cJSON *unit_of(cJSON *file, const char *id, int *ret_index) {
        cJSON *unit;
        int i = 0;
        cJSON_ArrayForEach(unit, cJSON_GetObjectItem(file, "units")) {
                if (strcmp(json_string(unit, "id"), id) == 0) {
                        if (ret_index)
                                *ret_index = i;
                        return unit;
                }
                i++;
        }
        return NULL;
}

static void remove_unit(cJSON *file, const char *id) {
        int index = -1;
        assert_non_null(unit_of(file, id, &index));
        cJSON_DeleteItemFromArray(cJSON_GetObjectItem(file, "units"), index);
}

static void apply_ok(Fixture *fixture, cJSON *file) {
        char *text = json_print(file);
        say_ok(fixture, ADMIN, "admin/organisation-apply", "{\"organisation\":%s}", text);
        free(text);
        cJSON_Delete(file);
}

static void apply_refused(Fixture *fixture, Code code, cJSON *file) {
        char *text = json_print(file);
        uint64_t version = organisation_version(town(fixture));
        say_refused(fixture, code, ADMIN, "admin/organisation-apply", "{\"organisation\":%s}", text);
        assert_int_equal(organisation_version(town(fixture)), version); /* nothing has changed */
        free(text);
        cJSON_Delete(file);
}

static const char *detail_of(Fixture *fixture) { return json_string(fixture->receipt, "detail"); }

static void post_fraud(Fixture *fixture) {
        static unsigned counter;
        char identifier[32];
        snprintf(identifier, sizeof identifier, "fraud-%u", ++counter);
        post(fixture, COMMANDER, "tier1/town/warning", &(Post){.identifier = identifier});
        assert_string_equal(json_string(fixture->receipt, "outcome"), "accepted");
}

/* A new member; its id is copied into the slot of `who`. */
static void hire(Fixture *fixture, Who who, const char *unit, const char *role, const char *hash) {
        const cJSON *receipt = say_ok(fixture, ADMIN, "admin/member-add", "{\"unit\":\"%s\",\"role\":\"%s\",\"secret_hash\":\"%s\"}", unit, role, hash);
        strcpy(fixture->members[who], created(receipt, "member"));
}

/* ---- the organisation ---- */

static void test_versions(void **state) {
        Fixture *fixture = *state;
        cJSON *same = next_file(fixture), *older = next_file(fixture), *changed = next_file(fixture);
        cJSON_SetNumberValue(cJSON_GetObjectItem(same, "version"), 1);
        cJSON_SetNumberValue(cJSON_GetObjectItem(changed, "version"), 1);
        cJSON_SetNumberValue(cJSON_GetObjectItem(older, "version"), 0);
        uint64_t version = organisation_version(town(fixture));
        apply_ok(fixture, same); /* the same again: accepted, nothing happens */
        assert_int_equal(organisation_version(town(fixture)), version);
        cJSON_ReplaceItemInObject(unit_of(changed, "e1", NULL), "title", cJSON_Parse("{\"zh\":\"改\",\"en\":\"New\"}"));
        apply_refused(fixture, CODE_CONFLICT, changed); /* the same version with other contents */
        apply_refused(fixture, CODE_CONFLICT, older);
        cJSON *newer = next_file(fixture);
        cJSON_ReplaceItemInObject(unit_of(newer, "e1", NULL), "title", cJSON_Parse("{\"zh\":\"改\",\"en\":\"New\"}"));
        apply_ok(fixture, newer);
        assert_int_equal(organisation_file_version(town(fixture)), 2);
        assert_string_equal(organisation_unit(town(fixture), "e1")->title_en, "New");
        assert_true(organisation_version(town(fixture)) > version);
        assert_int_equal(fixture->n_rows[TABLE_ORGANISATION], 2); /* the one before is current no more */
        assert_non_null(member_seat(organisation_member(town(fixture), fixture->members[E1_WORKER]), organisation_unit(town(fixture), "e1"),
                                    fixture->now));
}

/* A unit with open work cannot vanish, nor change its tier; without open work it can. */
static void test_orphans(void **state) {
        Fixture *fixture = *state;
        post_fraud(fixture);
        assert_non_null(task_at(fixture, 3, "w1"));
        cJSON *file = next_file(fixture);
        remove_unit(file, "w1");
        cJSON_ReplaceItemInObject(file, "devices", cJSON_CreateArray());
        apply_refused(fixture, CODE_ORPHANS, file);
        assert_non_null(strstr(detail_of(fixture), "w1"));
        file = next_file(fixture);
        cJSON_SetNumberValue(cJSON_GetObjectItem(unit_of(file, "w1", NULL), "tier"), 2);
        apply_refused(fixture, CODE_ORPHANS, file); /* its topics would be others */
        cJSON *task = cJSON_Duplicate(task_at(fixture, 3, "w1"), true);
        char topic[TOPIC_MAX];
        snprintf(topic, sizeof topic, "tier1/town/action/%s/cancel", json_string(task, "id"));
        say_ok(fixture, COMMANDER, topic, "{}");
        cJSON_Delete(task);
        file = next_file(fixture);
        remove_unit(file, "w1");
        cJSON_ReplaceItemInObject(file, "devices", cJSON_CreateArray());
        apply_ok(fixture, file);
        assert_null(organisation_unit(town(fixture), "w1"));
        assert_int_equal(organisation_member(town(fixture), fixture->members[W1_WORKER])->n_seats, 0);
        assert_int_equal(fixture->n_rows[TABLE_SEAT], 3); /* of w1's worker, of the panic button, of the gateway */
}

/* The room that works for a village is where the work hangs, too. */
static void test_orphaned_handler(void **state) {
        Fixture *fixture = *state;
        say_ok(fixture, EAST_OFFICER, "tier3/e3/report", "{\"kind\":\"dispute\"}");
        const cJSON *task = task_at(fixture, 3, "e3");
        assert_non_null(task);
        cJSON *file = next_file(fixture);
        remove_unit(file, "east");
        const char *const villages[] = {"e1", "e2", "e3"};
        for (size_t i = 0; i < 3; i++)
                cJSON_ReplaceItemInObject(unit_of(file, villages[i], NULL), "parent", cJSON_CreateString("west"));
        cJSON_DeleteItemFromObject(unit_of(file, "e3", NULL), "staffed_by");
        apply_refused(fixture, CODE_ORPHANS, file);
        assert_non_null(strstr(detail_of(fixture), "east"));
}

static void test_organisation_refused(void **state) {
        Fixture *fixture = *state;
        cJSON *file = next_file(fixture);
        cJSON_ReplaceItemInObject(unit_of(file, "e1", NULL), "parent", cJSON_CreateString("nowhere"));
        apply_refused(fixture, CODE_ORGANISATION, file);
        assert_non_null(strstr(detail_of(fixture), "units[3].parent"));
        file = next_file(fixture);
        cJSON_ReplaceItemInObject(file, "version", cJSON_CreateString("two"));
        apply_refused(fixture, CODE_ORGANISATION, file);
        say_refused(fixture, CODE_MISSING, ADMIN, "admin/organisation-apply", "{}");
        say_refused(fixture, CODE_UNKNOWN_FIELD, ADMIN, "admin/organisation-apply", "{\"organisation\":{},\"force\":true}");
        /* a playbook that finds a unit today must find it tomorrow */
        say_ok(fixture, ADMIN, "admin/playbook-apply", "{\"playbook\":{\"playbook\":\"to-e2\",\"version\":1,\"start\":\"s\",\"when\":{\"duty\":\"x\"},"
               "\"steps\":{\"s\":{\"to\":[{\"unit\":\"e2\"}]}}}}");
        file = next_file(fixture);
        remove_unit(file, "e2");
        apply_refused(fixture, CODE_ORGANISATION, file);
        assert_non_null(strstr(detail_of(fixture), "to-e2.s"));
}

/* The last administrator's unit cannot leave the file. */
static void test_last_admin_in_unit(void **state) {
        Fixture *fixture = *state;
        hire(fixture, E1_VOLUNTEER, "e2", "admin", HASH_A);
        say_ok(fixture, E1_VOLUNTEER, "admin/seat-end", "{\"member\":\"%s\",\"unit\":\"\"}", fixture->members[ADMIN]);
        strcpy(fixture->members[ADMIN], fixture->members[E1_VOLUNTEER]);
        cJSON *file = next_file(fixture);
        remove_unit(file, "e2");
        apply_refused(fixture, CODE_CONFLICT, file);
}

static void test_roles(void **state) {
        Fixture *fixture = *state;
        say_refused(fixture, CODE_DENIED, COMMANDER, "admin/clock-confirm", "{}");
        say_refused(fixture, CODE_DENIED, AUDITOR, "admin/member-revoke", "{\"member\":\"%s\"}", fixture->members[E2_WORKER]);
        const cJSON *receipt = say_ok(fixture, ADMIN, "admin/member-add", "{\"role\":\"security_admin\",\"secret_hash\":\"" HASH_A "\"}");
        strcpy(fixture->members[AUDITOR], created(receipt, "member"));
        say_ok(fixture, AUDITOR, "admin/member-enrol", "{\"member\":\"%s\",\"enrolment_hash\":\"" HASH_B "\"}", fixture->members[E2_WORKER]);
        say_ok(fixture, AUDITOR, "admin/member-revoke", "{\"member\":\"%s\"}", fixture->members[E2_WORKER]);
        say_refused(fixture, CODE_DENIED, AUDITOR, "admin/clock-confirm", "{}");
        say_refused(fixture, CODE_DENIED, AUDITOR, "admin/member-enrol", "{\"member\":\"%s\",\"enrolment_hash\":\"" HASH_B "\"}",
                    fixture->members[ADMIN]); /* who could then be the administrator */
        say_refused(fixture, CODE_DENIED, AUDITOR, "admin/member-add", "{\"unit\":\"e1\",\"role\":\"officer\",\"secret_hash\":\"" HASH_C "\"}");
        say_refused(fixture, CODE_UNKNOWN_KIND, ADMIN, "admin/reboot", "{}");
        say_ok(fixture, ADMIN, "admin/clock-confirm", "{}");
        say_ok(fixture, ADMIN, "admin/quarantine-retry", "{\"quarantine\":7}");
        say_refused(fixture, CODE_MISSING, ADMIN, "admin/quarantine-retry", "{\"quarantine\":\"7\"}");
}

/* ---- members ---- */

static void test_member_add(void **state) {
        Fixture *fixture = *state;
        static const struct { Code code; const char *body; } bad[] = {
                {CODE_MISSING, "{\"unit\":\"e1\",\"secret_hash\":\"" HASH_A "\"}"},
                {CODE_MISSING, "{\"unit\":\"e1\",\"role\":\"officer\"}"},
                {CODE_MISSING, "{\"unit\":\"e1\",\"role\":\"officer\",\"secret_hash\":\"" HASH_A "\",\"enrolment_hash\":\"" HASH_B "\"}"},
                {CODE_RANGE, "{\"unit\":\"e1\",\"role\":\"king\",\"secret_hash\":\"" HASH_A "\"}"},
                {CODE_RANGE, "{\"role\":\"officer\",\"secret_hash\":\"" HASH_A "\"}"},
                {CODE_UNKNOWN_UNIT, "{\"unit\":\"e9\",\"role\":\"officer\",\"secret_hash\":\"" HASH_A "\"}"},
                {CODE_RANGE, "{\"unit\":\"e1\",\"role\":\"officer\",\"secret_hash\":\"AAAA\"}"},
                {CODE_RANGE, "{\"unit\":\"e1\",\"role\":\"officer\",\"secret_hash\":\"0000000000000000000000000000000000000000000000000000000000000000\"}"},
                {CODE_UNKNOWN_FIELD, "{\"unit\":\"e1\",\"role\":\"officer\",\"secret_hash\":\"" HASH_A "\",\"colour\":1}"},
                {CODE_RANGE, "{\"unit\":\"e1\",\"role\":\"officer\",\"position\":\"The Boss\",\"secret_hash\":\"" HASH_A "\"}"},
                {CODE_RANGE, "{\"unit\":\"e1\",\"role\":\"officer\",\"device\":\"panic-1\",\"secret_hash\":\"" HASH_A "\"}"},
                {CODE_MISSING, "{\"unit\":\"e1\",\"role\":\"device\",\"secret_hash\":\"" HASH_A "\"}"},
                {CODE_RANGE, "{\"unit\":\"e2\",\"role\":\"device\",\"device\":\"panic-1\",\"secret_hash\":\"" HASH_A "\"}"},
                {CODE_RANGE, "{\"unit\":\"west\",\"role\":\"device\",\"device\":\"gateway-1\",\"secret_hash\":\"" HASH_A "\"}"},
                {CODE_DUPLICATE, "{\"unit\":\"e1\",\"role\":\"device\",\"device\":\"panic-1\",\"secret_hash\":\"" HASH_A "\"}"},
                {CODE_TYPE, "{\"unit\":7,\"role\":\"officer\",\"secret_hash\":\"" HASH_A "\"}"},
        };
        for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
                say_refused(fixture, bad[i].code, ADMIN, "admin/member-add", "%s", bad[i].body);
        hire(fixture, E2_WORKER, "e2", "grid_worker", HASH_A);
        const char *id = fixture->members[E2_WORKER];
        assert_true(member_is_valid(id, strlen(id), AREA));
        assert_int_equal(fixture->n_rows[TABLE_MEMBER], 1);
        assert_int_equal(fixture->n_rows[TABLE_SEAT], 1);
        assert_non_null(roster_find_member(engine_roster(fixture->engine), id, strlen(id)));
}

static void test_import(void **state) {
        Fixture *fixture = *state;
        size_t before = roster_count_members(engine_roster(fixture->engine));
        say_refused(fixture, CODE_UNKNOWN_UNIT, ADMIN, "admin/member-import",
                    "{\"members\":[{\"unit\":\"e1\",\"role\":\"volunteer\",\"secret_hash\":\"" HASH_A "\"},"
                    "{\"unit\":\"e9\",\"role\":\"volunteer\",\"secret_hash\":\"" HASH_B "\"}]}");
        assert_non_null(strstr(detail_of(fixture), "[1] e9")); /* which one */
        assert_int_equal(roster_count_members(engine_roster(fixture->engine)), before); /* all or nothing */
        say_refused(fixture, CODE_MISSING, ADMIN, "admin/member-import", "{\"members\":[]}");
        const cJSON *receipt = say_ok(fixture, ADMIN, "admin/member-import",
                                      "{\"members\":[{\"unit\":\"e1\",\"role\":\"volunteer\",\"secret_hash\":\"" HASH_A "\"},"
                                      "{\"unit\":\"e2\",\"role\":\"volunteer\",\"enrolment_hash\":\"" HASH_B "\"},"
                                      "{\"role\":\"auditor\",\"secret_hash\":\"" HASH_C "\"}]}");
        const cJSON *ids = json_array(json_object(receipt, "created"), "members");
        assert_int_equal(cJSON_GetArraySize(ids), 3);
        assert_string_not_equal(cJSON_GetArrayItem(ids, 0)->valuestring, cJSON_GetArrayItem(ids, 1)->valuestring);
        const MemberRecord *second = record_of(fixture, cJSON_GetArrayItem(ids, 1)->valuestring);
        assert_string_equal(second->member.seats[0].unit->id, "e2"); /* in the order of the list */
        assert_string_equal(second->enrolment, HASH_B);
        assert_string_equal(second->secret, "");
        assert_int_equal(second->enrolment_until, fixture->now + DAY);
        assert_null(record_of(fixture, cJSON_GetArrayItem(ids, 2)->valuestring)->member.seats[0].unit);
        assert_int_equal(roster_count_members(engine_roster(fixture->engine)), before + 3);
}

static void test_revoke(void **state) {
        Fixture *fixture = *state;
        const char *id = fixture->members[E2_WORKER];
        post_fraud(fixture);
        cJSON *task = cJSON_Duplicate(task_at(fixture, 3, "e2"), true);
        char topic[TOPIC_MAX];
        snprintf(topic, sizeof topic, "tier3/e2/action/%s/accept", json_string(task, "id"));
        say_ok(fixture, E2_WORKER, topic, "{}");
        snprintf(topic, sizeof topic, "tier3/e2/action/%s/assign", json_string(task, "id"));
        say_ok(fixture, E2_WORKER, topic, "{\"assignee\":\"%s\"}", id);
        assert_string_equal(state_task(engine_state(fixture->engine), json_string(task, "id"))->assignee, id);
        say_ok(fixture, ADMIN, "admin/member-revoke", "{\"member\":\"%s\"}", id);
        assert_null(roster_find_member(engine_roster(fixture->engine), id, strlen(id)));
        assert_true(record_of(fixture, id)->member.revoked);
        assert_string_equal(record_of(fixture, id)->secret, "");
        /* its work is the unit's again */
        assert_string_equal(state_task(engine_state(fixture->engine), json_string(task, "id"))->assignee, "");
        snprintf(topic, sizeof topic, "tier3/e2/action/%s/start", json_string(task, "id"));
        say_refused(fixture, CODE_DENIED, E2_WORKER, topic, "{}");
        say_ok(fixture, ADMIN, "admin/member-revoke", "{\"member\":\"%s\"}", id); /* again: accepted */
        say_refused(fixture, CODE_STATE, ADMIN, "admin/member-enrol", "{\"member\":\"%s\",\"enrolment_hash\":\"" HASH_A "\"}", id);
        say_refused(fixture, CODE_UNKNOWN_MEMBER, ADMIN, "admin/member-revoke", "{\"member\":\"" AREA "-nobody\"}");
        say_refused(fixture, CODE_CONFLICT, ADMIN, "admin/member-revoke", "{\"member\":\"%s\"}", fixture->members[ADMIN]); /* the last one */
        cJSON_Delete(task);
}

/* ---- seats ---- */

static void test_seats(void **state) {
        Fixture *fixture = *state;
        const char *id = fixture->members[E2_WORKER];
        static const struct { Code code; const char *rest; } bad[] = {
                {CODE_UNKNOWN_UNIT, "\"unit\":\"e9\",\"role\":\"grid_worker\""},
                {CODE_RANGE, "\"unit\":\"e1\",\"role\":\"device\""},
                {CODE_DUPLICATE, "\"unit\":\"e2\",\"role\":\"grid_worker\""},
                {CODE_TIME, "\"unit\":\"e1\",\"role\":\"grid_worker\",\"until\":\"2026-11-20T08:00:00+08:00\""},
                {CODE_TIME, "\"unit\":\"e1\",\"role\":\"grid_worker\",\"from\":\"yesterday\""},
                {CODE_TIME, "\"unit\":\"e1\",\"role\":\"grid_worker\",\"from\":\"2026-11-29T08:00:00+08:00\",\"until\":\"2026-11-28T08:00:00+08:00\""},
                {CODE_UNKNOWN_MEMBER, "\"unit\":\"e1\",\"role\":\"grid_worker\",\"acting_for\":\"" AREA "-nobody\""},
        };
        for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
                say_refused(fixture, bad[i].code, ADMIN, "admin/seat-start", "{\"member\":\"%s\",%s}", id, bad[i].rest);
        say_refused(fixture, CODE_RANGE, ADMIN, "admin/seat-start", "{\"member\":\"%s\",\"unit\":\"e1\",\"role\":\"officer\"}",
                    fixture->members[PANIC]); /* a device has one seat */
        const cJSON *receipt = say_ok(fixture, ADMIN, "admin/seat-start",
                                      "{\"member\":\"%s\",\"unit\":\"w1\",\"role\":\"grid_worker\",\"until\":\"%s\",\"acting_for\":\"%s\"}", id,
                                      when(fixture, DAY), fixture->members[W1_WORKER]);
        assert_int_equal(strlen(created(receipt, "seat")), UUID_LENGTH);
        const Unit *w1 = organisation_unit(town(fixture), "w1");
        assert_non_null(member_seat(organisation_member(town(fixture), id), w1, fixture->now));
        assert_null(member_seat(organisation_member(town(fixture), id), w1, fixture->now + DAY)); /* until is not within */
        say_ok(fixture, ADMIN, "admin/seat-end", "{\"member\":\"%s\",\"unit\":\"w1\"}", id);
        assert_null(member_seat(organisation_member(town(fixture), id), organisation_unit(town(fixture), "w1"), fixture->now));
        say_refused(fixture, CODE_SEAT, ADMIN, "admin/seat-end", "{\"member\":\"%s\",\"unit\":\"w1\"}", id);
        say_refused(fixture, CODE_CONFLICT, ADMIN, "admin/seat-end", "{\"member\":\"%s\"}", fixture->members[ADMIN]);
}

/* Ending a seat returns its tasks to the unit, clocks running. */
static void test_seat_end_unassigns(void **state) {
        Fixture *fixture = *state;
        post_fraud(fixture);
        cJSON *task = cJSON_Duplicate(task_at(fixture, 3, "e2"), true);
        const char *id = json_string(task, "id");
        char topic[TOPIC_MAX];
        snprintf(topic, sizeof topic, "tier3/e2/action/%s/accept", id);
        say_ok(fixture, E2_WORKER, topic, "{}");
        snprintf(topic, sizeof topic, "tier3/e2/action/%s/assign", id);
        say_ok(fixture, E2_WORKER, topic, "{\"assignee\":\"%s\"}", fixture->members[E2_WORKER]);
        int64_t finish_by = state_task(engine_state(fixture->engine), id)->finish_by;
        say_ok(fixture, ADMIN, "admin/seat-end", "{\"member\":\"%s\",\"unit\":\"e2\"}", fixture->members[E2_WORKER]);
        assert_string_equal(state_task(engine_state(fixture->engine), id)->assignee, "");
        assert_int_equal(state_task(engine_state(fixture->engine), id)->finish_by, finish_by);
        cJSON_Delete(task);
}

/* A seat for a time ends by itself, as a timer's event at its very time, whenever it comes to be processed. */
static void test_seat_runs_out(void **state) {
        Fixture *fixture = *state;
        char topic[TOPIC_MAX], id[UUID_LENGTH + 1];
        const char *helper = fixture->members[W1_WORKER];
        post_fraud(fixture);
        snprintf(id, sizeof id, "%s", json_string(task_at(fixture, 3, "e2"), "id"));
        int64_t until = fixture->now + HOUR;
        say_ok(fixture, ADMIN, "admin/seat-start", "{\"member\":\"%s\",\"unit\":\"e2\",\"role\":\"grid_worker\",\"until\":\"%s\"}", helper,
               when(fixture, HOUR));
        assert_int_equal(engine_next_due(fixture->engine), until);
        snprintf(topic, sizeof topic, "tier3/e2/action/%s/assign", id);
        say_ok(fixture, E2_WORKER, topic, "{\"assignee\":\"%s\"}", helper);
        int64_t finish_by = state_task(engine_state(fixture->engine), id)->finish_by;
        uint64_t version = organisation_version(town(fixture));
        pass(fixture, HOUR - 1);
        assert_string_equal(state_task(engine_state(fixture->engine), id)->assignee, helper);
        pass(fixture, 30 * 60 * 1000);
        assert_string_equal(state_task(engine_state(fixture->engine), id)->assignee, "");
        assert_int_equal(state_task(engine_state(fixture->engine), id)->finish_by, finish_by);
        assert_true(organisation_version(town(fixture)) > version); /* the roster follows */
        assert_true(engine_next_due(fixture->engine) > until);      /* once */
        assert_non_null(member_seat(organisation_member(town(fixture), helper), organisation_unit(town(fixture), "w1"), fixture->now));
}

/* An administrator for a time is none to leave the town to. */
static void test_last_lasting_administrator(void **state) {
        Fixture *fixture = *state;
        const char *admin = fixture->members[ADMIN], *deputy = fixture->members[W1_WORKER];
        say_ok(fixture, ADMIN, "admin/seat-start", "{\"member\":\"%s\",\"role\":\"admin\",\"until\":\"%s\"}", deputy, when(fixture, DAY));
        say_refused(fixture, CODE_CONFLICT, ADMIN, "admin/seat-end", "{\"member\":\"%s\"}", admin);
        say_refused(fixture, CODE_CONFLICT, ADMIN, "admin/member-revoke", "{\"member\":\"%s\"}", admin);
        say_ok(fixture, ADMIN, "admin/seat-end", "{\"member\":\"%s\"}", deputy);
        say_ok(fixture, ADMIN, "admin/seat-start", "{\"member\":\"%s\",\"role\":\"admin\"}", deputy);
        say_ok(fixture, ADMIN, "admin/seat-end", "{\"member\":\"%s\"}", admin);
}

/* What a room has taken on goes back to the room when the one who saw to it leaves it. */
static void test_seat_end_unassigns_escalations(void **state) {
        Fixture *fixture = *state;
        char topic[TOPIC_MAX], id[UUID_LENGTH + 1];
        post_fraud(fixture);
        snprintf(id, sizeof id, "%s", json_string(task_at(fixture, 3, "e2"), "id"));
        snprintf(topic, sizeof topic, "tier3/e2/action/%s/escalate", id);
        say_ok(fixture, E2_WORKER, topic, "{\"reason\":\"help\"}");
        const State *town_state = engine_state(fixture->engine);
        const Escalation *escalation = state_escalation(town_state, state_task(town_state, id)->escalation);
        snprintf(topic, sizeof topic, "tier2/east/action/%s/assign", id);
        say_ok(fixture, EAST_OFFICER, topic, "{\"assignee\":\"%s\"}", fixture->members[EAST_OFFICER]);
        assert_string_equal(escalation->assignee, fixture->members[EAST_OFFICER]);
        say_ok(fixture, ADMIN, "admin/seat-end", "{\"member\":\"%s\",\"unit\":\"east\"}", fixture->members[EAST_OFFICER]);
        assert_string_equal(escalation->assignee, "");
        assert_int_equal(escalation->state, ESCALATION_OPEN);
}

static void test_powers(void **state) {
        Fixture *fixture = *state;
        cJSON *file = next_file(fixture);
        cJSON_AddItemToArray(cJSON_GetObjectItem(file, "units"), cJSON_Parse("{\"id\":\"court\",\"type\":\"court\",\"tier\":1,\"parent\":\"town\"}"));
        apply_ok(fixture, file);
        say_refused(fixture, CODE_RANGE, ADMIN, "admin/member-add", "{\"unit\":\"court\",\"role\":\"officer\",\"secret_hash\":\"" HASH_A "\"}");
        say_refused(fixture, CODE_RANGE, ADMIN, "admin/seat-start", "{\"member\":\"%s\",\"unit\":\"court\",\"role\":\"partner\"}",
                    fixture->members[EAST_OFFICER]); /* who polices does not judge */
        hire(fixture, E1_VOLUNTEER, "court", "partner", HASH_A);
        say_refused(fixture, CODE_RANGE, ADMIN, "admin/seat-start", "{\"member\":\"%s\",\"unit\":\"east\",\"role\":\"officer\"}",
                    fixture->members[E1_VOLUNTEER]);
        say_ok(fixture, ADMIN, "admin/seat-start", "{\"member\":\"%s\",\"unit\":\"east\",\"role\":\"partner\"}", fixture->members[E1_VOLUNTEER]);
}

static void test_seat_limit(void **state) {
        Fixture *fixture = *state;
        const char *id = fixture->members[E2_WORKER];
        for (int i = 1; i < ROSTER_SEATS_MAX; i++)
                say_ok(fixture, ADMIN, "admin/seat-start", "{\"member\":\"%s\",\"unit\":\"e1\",\"role\":\"grid_worker\",\"from\":\"%s\",\"until\":\"%s\"}", id,
                       when(fixture, i * DAY), when(fixture, i * DAY + HOUR));
        say_refused(fixture, CODE_LIMIT, ADMIN, "admin/seat-start", "{\"member\":\"%s\",\"unit\":\"e1\",\"role\":\"volunteer\"}", id);
        fixture->now += 2 * DAY + HOUR; /* two of them have run out and make room */
        say_ok(fixture, ADMIN, "admin/seat-start", "{\"member\":\"%s\",\"unit\":\"e1\",\"role\":\"volunteer\"}", id);
        assert_int_equal(organisation_member(town(fixture), id)->n_seats, ROSTER_SEATS_MAX - 1);
        assert_non_null(engine_roster(fixture->engine));
}

/* ---- secrets ---- */

static void test_enrol(void **state) {
        Fixture *fixture = *state;
        const char *id = fixture->members[E2_WORKER];
        char topic[TOPIC_MAX];
        snprintf(topic, sizeof topic, "member/%s/request", id);
        say_refused(fixture, CODE_ENROLMENT, E2_WORKER, topic, "{\"request\":\"enrol\",\"secret_hash\":\"" HASH_A "\"}"); /* no code was given */
        say_ok(fixture, ADMIN, "admin/member-enrol", "{\"member\":\"%s\",\"enrolment_hash\":\"" HASH_B "\"}", id);
        assert_string_not_equal(record_of(fixture, id)->secret, ""); /* the phone in use stays in until then */
        say_refused(fixture, CODE_RANGE, E2_WORKER, topic, "{\"request\":\"enrol\",\"secret_hash\":\"" HASH_B "\"}"); /* the code itself */
        say_ok(fixture, E2_WORKER, topic, "{\"id\":\"20261121-enrol\",\"request\":\"enrol\",\"secret_hash\":\"" HASH_A "\"}");
        assert_string_equal(record_of(fixture, id)->secret, HASH_A);
        assert_string_equal(record_of(fixture, id)->previous_secret, ""); /* the phone before is out */
        /* spent: another id with another secret gets nothing, the same message again its first receipt */
        say_refused(fixture, CODE_ENROLMENT, E2_WORKER, topic, "{\"request\":\"enrol\",\"secret_hash\":\"" HASH_C "\"}");
        assert_string_equal(record_of(fixture, id)->secret, HASH_A);
        const cJSON *again = say_ok(fixture, E2_WORKER, topic, "{\"id\":\"20261121-enrol\",\"request\":\"enrol\",\"secret_hash\":\"" HASH_A "\"}");
        assert_true(json_bool(again, "repeat", false));
        /* 24 hours */
        say_ok(fixture, ADMIN, "admin/member-enrol", "{\"member\":\"%s\",\"enrolment_hash\":\"" HASH_B "\"}", id);
        fixture->now += DAY;
        say_refused(fixture, CODE_ENROLMENT, E2_WORKER, topic, "{\"request\":\"enrol\",\"secret_hash\":\"" HASH_C "\"}");
}

static void test_rotate(void **state) {
        Fixture *fixture = *state;
        const char *id = fixture->members[E2_WORKER];
        char topic[TOPIC_MAX], before[65];
        strcpy(before, record_of(fixture, id)->secret);
        snprintf(topic, sizeof topic, "member/%s/request", id);
        say_ok(fixture, E2_WORKER, topic, "{\"request\":\"rotate\",\"secret_hash\":\"" HASH_A "\"}");
        assert_string_equal(record_of(fixture, id)->secret, HASH_A);
        assert_string_equal(record_of(fixture, id)->previous_secret, before);
        assert_int_equal(record_of(fixture, id)->previous_until, fixture->now + DAY);
        const RosterMember *member = roster_find_member(engine_roster(fixture->engine), id, strlen(id));
        assert_int_equal(member->secret[0][0], 0xaa);
        assert_int_equal(member->secret_until[1], fixture->now + DAY);
        say_refused(fixture, CODE_RANGE, E2_WORKER, topic, "{\"request\":\"rotate\",\"secret_hash\":\"" HASH_A "\"}");
        say_refused(fixture, CODE_UNKNOWN_KIND, E2_WORKER, topic, "{\"request\":\"borrow\",\"secret_hash\":\"" HASH_A "\"}");
        say_refused(fixture, CODE_MISSING, E2_WORKER, topic, "{\"secret_hash\":\"" HASH_A "\"}");
        say_refused(fixture, CODE_MISSING, E2_WORKER, topic, "{\"request\":\"rotate\"}");
        snprintf(topic, sizeof topic, "member/%s/request", fixture->members[E1_WORKER]);
        say_refused(fixture, CODE_DENIED, E2_WORKER, topic, "{\"request\":\"rotate\",\"secret_hash\":\"" HASH_B "\"}"); /* another's */
}

/* ---- playbooks ---- */

#define PLAYBOOK(version, when) "{\"playbook\":\"extra\",\"version\":" version ",\"priority\":50,\"start\":\"s\",\"when\":" when \
                                ",\"steps\":{\"s\":{\"to\":[{\"origin\":true}]}}}"
#define FLOOD "{\"report\":{\"kind\":\"flood\"}}"

static void test_playbooks(void **state) {
        Fixture *fixture = *state;
        const PlaybookSet *set = state_playbooks(engine_state(fixture->engine));
        say_refused(fixture, CODE_PLAYBOOK, ADMIN, "admin/playbook-apply", "{\"playbook\":{\"playbook\":\"extra\"}}");
        say_refused(fixture, CODE_MISSING, ADMIN, "admin/playbook-apply", "{}");
        say_refused(fixture, CODE_CONFLICT, ADMIN, "admin/playbook-apply", "{\"playbook\":%s}", PLAYBOOK("1", "{\"report\":{\"kind\":\"dispute\"}}"));
        assert_non_null(strstr(detail_of(fixture), "quarrel")); /* whom it overlaps */
        say_ok(fixture, ADMIN, "admin/playbook-apply", "{\"playbook\":%s}", PLAYBOOK("2", FLOOD));
        assert_int_equal(fixture->n_rows[TABLE_PLAYBOOK], 1);
        assert_int_equal(playbook_version(playbook_set_current(set, "extra")), 2);
        say_ok(fixture, ADMIN, "admin/playbook-apply", "{\"playbook\":%s}", PLAYBOOK("2", FLOOD)); /* the same again */
        assert_int_equal(fixture->n_rows[TABLE_PLAYBOOK], 0);
        say_refused(fixture, CODE_CONFLICT, ADMIN, "admin/playbook-apply", "{\"playbook\":%s}", PLAYBOOK("1", FLOOD));
        say_refused(fixture, CODE_CONFLICT, ADMIN, "admin/playbook-apply", "{\"playbook\":%s}", PLAYBOOK("2", "{\"report\":{\"kind\":\"storm\"}}"));
        say_ok(fixture, ADMIN, "admin/playbook-apply", "{\"playbook\":%s}", PLAYBOOK("3", FLOOD));
        assert_int_equal(fixture->n_rows[TABLE_PLAYBOOK], 2); /* version 2 is current no more */
        say_refused(fixture, CODE_PLAYBOOK, ADMIN, "admin/playbook-apply",
                    "{\"playbook\":{\"playbook\":\"x\",\"version\":1,\"start\":\"s\",\"when\":{\"duty\":\"x\"},\"steps\":{\"s\":{\"to\":[{\"unit\":\"e9\"}]}}}}");
        assert_non_null(strstr(detail_of(fixture), "no unit e9"));
}

/* Files of the daemon's: one that was applied before does nothing, also when a newer version is in use. What is rolled back is gone. */
static void test_playbook_files(void **state) {
        Fixture *fixture = *state;
        const PlaybookSet *set = state_playbooks(engine_state(fixture->engine));
        static const char *const texts[] = {PLAYBOOK("1", FLOOD), PLAYBOOK("2", FLOOD), PLAYBOOK("1", FLOOD)};
        char detail[160];
        uint64_t seq = engine_seq(fixture->engine);
        engine_batch_begin(fixture->engine, &fixture->batch);
        assert_int_equal(engine_apply_playbook(fixture->engine, texts[0], strlen(texts[0]), fixture->now, detail, sizeof detail), CODE_NONE);
        assert_non_null(playbook_set_current(set, "extra"));
        engine_batch_rollback(fixture->engine);
        assert_null(playbook_set_current(set, "extra"));
        assert_int_equal(engine_seq(fixture->engine), seq);
        for (size_t i = 0; i < 3; i++) {
                engine_batch_begin(fixture->engine, &fixture->batch);
                assert_int_equal(engine_apply_playbook(fixture->engine, texts[i], strlen(texts[i]), fixture->now, detail, sizeof detail), CODE_NONE);
                engine_batch_finish(fixture->engine);
                assert_int_equal(fixture->batch.rows[TABLE_PLAYBOOK].n, i == 0 ? 1 : i == 1 ? 2 : 0);
                engine_batch_commit(fixture->engine);
        }
        assert_int_equal(playbook_version(playbook_set_current(set, "extra")), 2);
        assert_int_equal(engine_seq(fixture->engine), seq + 2);
}

/* The same contents are the same, however they are written: a folder's file, then the object in a message. */
static void test_playbook_spacing(void **state) {
        Fixture *fixture = *state;
        static const char text[] = " {\"version\":1, \"playbook\":\"extra\",\"priority\":50,\"when\":" FLOOD ",\n"
                                   "\"steps\":{\"s\":{\"to\":[{\"origin\":true}]}},\"start\":\"s\"}\n";
        char detail[160];
        engine_batch_begin(fixture->engine, &fixture->batch);
        assert_int_equal(engine_apply_playbook(fixture->engine, text, strlen(text), fixture->now, detail, sizeof detail), CODE_NONE);
        engine_batch_finish(fixture->engine);
        engine_batch_commit(fixture->engine);
        say_ok(fixture, ADMIN, "admin/playbook-apply", "{\"playbook\":%s}", PLAYBOOK("1", FLOOD));
        assert_int_equal(fixture->n_rows[TABLE_PLAYBOOK], 0);
}

/* Two versions of one playbook in one batch: one row a key. */
static void test_two_in_one_batch(void **state) {
        Fixture *fixture = *state;
        static const char *const texts[] = {PLAYBOOK("1", FLOOD), PLAYBOOK("2", FLOOD)};
        char detail[160];
        engine_batch_begin(fixture->engine, &fixture->batch);
        for (size_t i = 0; i < 2; i++)
                assert_int_equal(engine_apply_playbook(fixture->engine, texts[i], strlen(texts[i]), fixture->now, detail, sizeof detail), CODE_NONE);
        engine_batch_finish(fixture->engine);
        assert_int_equal(fixture->batch.rows[TABLE_PLAYBOOK].n, 2);
        engine_batch_commit(fixture->engine);
}

/* ---- bootstrap ---- */

#define FIRST "{\"area\":\"" AREA "\",\"utc_offset\":\"+06:30\",\"members\":[{\"member\":\"" AREA "-first\",\"role\":\"admin\",\"secret_hash\":\"" HASH_A "\"}," \
              "{\"role\":\"auditor\",\"secret_hash\":\"" HASH_B "\"}]}"

static Code bootstrap(Engine *engine, Batch *batch, const char *text, char *detail) {
        engine_batch_begin(engine, batch);
        Code code = engine_apply_bootstrap(engine, text, strlen(text), START, detail, 160);
        engine_batch_finish(engine);
        return code;
}

static void test_bootstrap(void **state) {
        (void)state;
        static const EngineConfig config = {.area = AREA, .outcomes_max = 10, .unit_tasks_max = 10, .terminal_keep_ms = DAY};
        static const char *const bad[] = {
                "{}", "x", "{\"area\":\"999\",\"utc_offset\":\"+08:00\",\"members\":[]}",
                "{\"area\":\"" AREA "\",\"utc_offset\":\"8\",\"members\":[{\"role\":\"admin\",\"secret_hash\":\"" HASH_A "\"}]}",
                "{\"area\":\"" AREA "\",\"utc_offset\":\"+08:00\",\"members\":[]}",
                "{\"area\":\"" AREA "\",\"utc_offset\":\"+08:00\",\"members\":[{\"role\":\"officer\",\"secret_hash\":\"" HASH_A "\"}]}",
                "{\"area\":\"" AREA "\",\"utc_offset\":\"+08:00\",\"members\":[{\"role\":\"admin\"}]}",
                "{\"area\":\"" AREA "\",\"utc_offset\":\"+08:00\",\"members\":[{\"member\":\"999-a\",\"role\":\"admin\",\"secret_hash\":\"" HASH_A "\"}]}",
                "{\"area\":\"" AREA "\",\"utc_offset\":\"+08:00\",\"members\":[{\"member\":\"" AREA "-a\",\"role\":\"admin\",\"secret_hash\":\"" HASH_A "\"},"
                "{\"member\":\"" AREA "-a\",\"role\":\"auditor\",\"secret_hash\":\"" HASH_B "\"}]}",
        };
        Engine *engine = engine_new(&config);
        Batch batch;
        char detail[160];
        const char *why;
        batch_init(&batch);
        engine_load_finish(engine, 1, &why);
        for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
                if (bootstrap(engine, &batch, bad[i], detail) == CODE_NONE)
                        fail_msg("taken: %s", bad[i]);
                assert_int_equal(batch.rows[TABLE_MEMBER].n, 0);
                engine_batch_commit(engine);
        }
        assert_int_equal(bootstrap(engine, &batch, FIRST, detail), CODE_NONE);
        engine_batch_rollback(engine);
        assert_int_equal(roster_count_members(engine_roster(engine)), 0);
        assert_int_equal(bootstrap(engine, &batch, FIRST, detail), CODE_NONE);
        assert_int_equal(batch.rows[TABLE_MEMBER].n, 2);
        assert_int_equal(batch.rows[TABLE_ORGANISATION].n, 1);
        engine_batch_commit(engine);
        assert_int_equal(engine_offset_minutes(engine), 390);
        assert_non_null(roster_find_member(engine_roster(engine), AREA "-first", strlen(AREA "-first")));
        assert_int_equal(bootstrap(engine, &batch, FIRST, detail), CODE_CONFLICT); /* once */
        engine_batch_commit(engine);
        batch_deinit(&batch);
        engine_free(engine);
}

#define ADMIN_TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                ADMIN_TEST(test_versions), ADMIN_TEST(test_orphans), ADMIN_TEST(test_orphaned_handler), ADMIN_TEST(test_organisation_refused),
                ADMIN_TEST(test_roles), ADMIN_TEST(test_last_admin_in_unit), ADMIN_TEST(test_member_add), ADMIN_TEST(test_import), ADMIN_TEST(test_revoke),
                ADMIN_TEST(test_seats), ADMIN_TEST(test_seat_end_unassigns),
                ADMIN_TEST(test_seat_end_unassigns_escalations), ADMIN_TEST(test_seat_runs_out),
                ADMIN_TEST(test_last_lasting_administrator), ADMIN_TEST(test_powers), ADMIN_TEST(test_seat_limit),
                ADMIN_TEST(test_enrol), ADMIN_TEST(test_rotate), ADMIN_TEST(test_playbooks), ADMIN_TEST(test_playbook_files),
                ADMIN_TEST(test_playbook_spacing),
                ADMIN_TEST(test_two_in_one_batch), cmocka_unit_test(test_bootstrap),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
