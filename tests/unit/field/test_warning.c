/* warnings: who is told, what an Update changes and what it leaves, what a Cancel takes back, and what each refusal says. */
#include "fixture.h"

#include <stdio.h>
#include <string.h>

#define TOWN "tier1/town/warning"
#define AREA_TIER3 "[{\"geocode\":[{\"valueName\":\"tier\",\"value\":\"3\"}]}]"
#define AREA_UNITS(a, b) "[{\"geocode\":[{\"valueName\":\"unit\",\"value\":\"" a "\"},{\"valueName\":\"unit\",\"value\":\"" b "\"}]}]"
#define AREA_ONE(kind, value) "[{\"geocode\":[{\"valueName\":\"" kind "\",\"value\":\"" value "\"}]}]"

static int64_t number_of(const cJSON *receipt, const char *name) { return json_int(json_object(receipt, "created"), name, -1); }

static void expect_refused(const cJSON *receipt, Code code) {
        assert_non_null(receipt);
        assert_string_equal(json_string(receipt, "outcome"), "rejected");
        assert_string_equal(json_string(receipt, "code"), code_name(code));
}

static void expect_state(Fixture *fixture, const char *unit, const char *state) {
        const cJSON *task = task_at(fixture, 3, unit);
        assert_non_null(task);
        assert_string_equal(json_string(task, "state"), state);
}

static void complete(Fixture *fixture, Who who, const char *unit) {
        char topic[TOPIC_MAX], id[UUID_LENGTH + 1];
        snprintf(id, sizeof(id), "%s", json_string(task_at(fixture, 3, unit), "id"));
        snprintf(topic, sizeof(topic), "tier3/%s/action/%s/accept", unit, id);
        say_ok(fixture, who, topic, "{}");
        snprintf(topic, sizeof(topic), "tier3/%s/action/%s/complete", unit, id);
        say_ok(fixture, who, topic, "{\"result\":{\"households\":12}}");
}

/* ---- Alert ---- */

static void test_alert_reaches_every_village(void **state) {
        Fixture *fixture = *state;
        const cJSON *receipt = post(fixture, COMMANDER, TOWN, &(Post){.identifier = "A1", .instruction = "入户劝阻", .expires = 2 * DAY});
        assert_string_equal(json_string(receipt, "outcome"), "accepted");
        assert_int_equal(number_of(receipt, "units"), 6); /* everybody below the sender, not the sender */
        assert_int_equal(number_of(receipt, "tasks"), 4); /* the playbook works in the villages alone */
        const char *warning = created(receipt, "warning");
        const cJSON *notice = document(fixture, "tier3/e1/notice/%s", warning);
        assert_non_null(notice);
        assert_string_equal(json_string(notice, "state"), "active");
        assert_string_equal(json_string(notice, "identifier"), "A1");
        assert_string_equal(json_string(notice, "headline"), "冒充公检法");
        assert_string_equal(json_string(notice, "instruction"), "入户劝阻");
        assert_string_equal(json_string(notice, "event_code"), "fraud");
        assert_string_equal(json_string(notice, "unit"), "town");
        assert_string_equal(json_string(notice, "status"), "Actual");
        assert_string_equal(json_string(json_object(notice, "cap"), "sender"), fixture->members[COMMANDER]);
        assert_int_equal(json_int(notice, "revision", 0), 1);
        assert_non_null(document(fixture, "tier2/west/notice/%s", warning));
        assert_null(document(fixture, "tier1/town/notice/%s", warning));
        assert_int_equal(count_topics(fixture, "/notice/"), 6);
        expect_state(fixture, "w1", "issued");
        assert_string_equal(json_string(task_at(fixture, 3, "w1"), "title"), "冒充公检法");
}

static void test_one_fact_tells_everybody(void **state) {
        Fixture *fixture = *state;
        post(fixture, COMMANDER, TOWN, &(Post){.identifier = "A1"});
        assert_int_equal(fixture->n_rows[TABLE_EVENT], 1);
        assert_int_equal(fixture->n_rows[TABLE_WARNING], 1);
        assert_int_equal(fixture->n_rows[TABLE_NOTICE], 6);
}

static void address(Fixture *fixture, const char *area, size_t units, const char *member_of) {
        static int n;
        char identifier[16];
        snprintf(identifier, sizeof(identifier), "G%d", ++n);
        const cJSON *receipt = post(fixture, COMMANDER, TOWN, &(Post){.identifier = identifier, .area = area});
        assert_string_equal(json_string(receipt, "outcome"), "accepted");
        assert_int_equal(number_of(receipt, "units"), units);
        assert_non_null(document(fixture, "%s/notice/%s", member_of, created(receipt, "warning")));
}

static void test_addressing(void **state) {
        Fixture *fixture = *state;
        address(fixture, AREA_TIER3, 4, "tier3/e3");
        address(fixture, AREA_ONE("tag", "river"), 3, "tier3/w1");
        address(fixture, AREA_ONE("code", "1408021002"), 3, "tier3/e2"); /* a prefix */
        address(fixture, AREA_ONE("unit", "town"), 1, "tier1/town");     /* oneself, when named */
        address(fixture, AREA_UNITS("west", "e1"), 2, "tier2/west");
        address(fixture, "[{\"geocode\":[{\"valueName\":\"tier\",\"value\":\"2\"},{\"valueName\":\"tag\",\"value\":\"river\"}]}]", 5, "tier2/east");
}

static void test_wrong_addresses(void **state) {
        Fixture *fixture = *state;
        expect_refused(post(fixture, COMMANDER, TOWN, &(Post){.identifier = "B1", .area = AREA_UNITS("e1", "nowhere")}), CODE_UNKNOWN_UNIT);
        assert_non_null(strstr(json_string(fixture->receipt, "detail"), "nowhere"));
        assert_int_equal(count_topics(fixture, "/notice/"), 0); /* refused whole: e1 is not told either */
        expect_refused(post(fixture, COMMANDER, TOWN, &(Post){.identifier = "B2", .area = AREA_ONE("tag", "mountain")}), CODE_NOBODY);
        expect_refused(post(fixture, EAST_OFFICER, "tier2/east/warning", &(Post){.identifier = "B3", .area = AREA_ONE("unit", "w1")}),
                       CODE_FORBIDDEN);
        /* a tag reaches only what is below the sender */
        const cJSON *receipt = post(fixture, EAST_OFFICER, "tier2/east/warning", &(Post){.identifier = "B4", .area = AREA_ONE("tag", "river")});
        assert_int_equal(number_of(receipt, "units"), 2);
}

static void test_duplicates_and_repeats(void **state) {
        Fixture *fixture = *state;
        const Post alert = {.identifier = "A1"};
        post(fixture, COMMANDER, TOWN, &alert);
        size_t topics = count_topics(fixture, "/task/");
        expect_refused(post(fixture, COMMANDER, TOWN, &alert), CODE_DUPLICATE); /* another message, the same identifier */
        --fixture->n_messages;
        expect_refused(post(fixture, COMMANDER, TOWN, &(Post){.identifier = "A9"}), CODE_ID_REUSED);
        assert_int_equal(count_topics(fixture, "/task/"), topics);
        fixture->n_messages = 0;
        say_refused(fixture, CODE_BAD_ID, COMMANDER, TOWN, "{\"id\":\"\",\"identifier\":\"A2\"}");
}

static void test_repeat_gets_the_first_outcome(void **state) {
        Fixture *fixture = *state;
        const Post alert = {.identifier = "A1"};
        char first[UUID_LENGTH + 1];
        snprintf(first, sizeof(first), "%s", created(post(fixture, COMMANDER, TOWN, &alert), "warning"));
        --fixture->n_messages;
        const cJSON *receipt = post(fixture, COMMANDER, TOWN, &alert);
        assert_true(json_bool(receipt, "repeat", false));
        assert_string_equal(created(receipt, "warning"), first);
        assert_int_equal(count_topics(fixture, "tier3/w1/task/"), 1);
}

static void test_malformed_bodies(void **state) {
        Fixture *fixture = *state;
        say_refused(fixture, CODE_MISSING, COMMANDER, TOWN, "{\"sent\":\"%s\"}", when(fixture, 0));
        assert_non_null(strstr(json_string(fixture->receipt, "detail"), "identifier"));
        expect_refused(post(fixture, COMMANDER, TOWN, &(Post){.identifier = "a b"}), CODE_RANGE);
        expect_refused(post(fixture, COMMANDER, TOWN, &(Post){.identifier = "C1", .sent = 25 * HOUR}), CODE_TIME);
        expect_refused(post(fixture, COMMANDER, TOWN, &(Post){.identifier = "C2", .sent = -31 * DAY}), CODE_TIME);
        expect_refused(post(fixture, COMMANDER, TOWN, &(Post){.identifier = "C3", .severity = "Terrible"}), CODE_RANGE);
        expect_refused(post(fixture, E1_WORKER, "tier3/e1/warning", &(Post){.identifier = "C4"}), CODE_DENIED);
        assert_int_equal(count_topics(fixture, "/notice/"), 0);
}

static void test_exercise_is_marked(void **state) {
        Fixture *fixture = *state;
        const cJSON *receipt = post(fixture, COMMANDER, TOWN, &(Post){.identifier = "X1", .status = "Exercise"});
        const char *warning = created(receipt, "warning");
        assert_string_equal(json_string(document(fixture, "tier3/e1/notice/%s", warning), "status"), "Exercise");
        refresh(fixture);
        assert_int_equal(json_int(document(fixture, "tier3/e1/status"), "open", -1), 0); /* runs, and counts in no statistic */
        const cJSON *entry = cJSON_GetArrayItem(json_array(document(fixture, "tier3/e1/list/task"), "entries"), 0);
        assert_string_equal(json_string(entry, "status"), "Exercise");
        expect_refused(post(fixture, COMMANDER, TOWN, &(Post){.identifier = "X2", .type = "Update", .references = "X1"}), CODE_CONFLICT);
}

static void test_identities_are_masked(void **state) {
        Fixture *fixture = *state;
        const cJSON *receipt = post(fixture, COMMANDER, TOWN, &(Post){.identifier = "M1", .headline = "回拨13800138000"});
        assert_true(json_bool(receipt, "masked", false));
        char *text = json_print(fixture->retained);
        assert_null(strstr(text, "13800138000"));
        cJSON_free(text);
}

static void test_a_unit_takes_so_many_notices(void **state) {
        Fixture *fixture = *state;
        for (int i = 0; i < 300; ++i) { /* five times the 60 tasks of the fixture's configuration */
                char identifier[16];
                snprintf(identifier, sizeof(identifier), "N%d", i);
                post(fixture, COMMANDER, TOWN, &(Post){.identifier = identifier, .area = AREA_ONE("unit", "e1")});
                assert_string_equal(json_string(fixture->receipt, "outcome"), "accepted");
        }
        expect_refused(post(fixture, COMMANDER, TOWN, &(Post){.identifier = "N300", .area = AREA_UNITS("e1", "e2")}), CODE_LIMIT);
        assert_int_equal(count_topics(fixture, "tier3/e2/notice/"), 0);
        const cJSON *receipt = post(fixture, COMMANDER, TOWN, &(Post){.identifier = "N301", .area = AREA_ONE("unit", "e2")});
        assert_string_equal(json_string(receipt, "outcome"), "accepted");
        expect_refused(post(fixture, COMMANDER, TOWN, &(Post){.identifier = "N302", .type = "Update", .references = "N301", .area = AREA_UNITS("e1", "e2")}), CODE_LIMIT);
}

/* ---- Update ---- */

static void test_update_adds_and_removes(void **state) {
        Fixture *fixture = *state;
        const cJSON *receipt = post(fixture, COMMANDER, TOWN, &(Post){.identifier = "A1", .area = AREA_UNITS("e1", "e2")});
        char warning[UUID_LENGTH + 1], kept[UUID_LENGTH + 1];
        snprintf(warning, sizeof(warning), "%s", created(receipt, "warning"));
        snprintf(kept, sizeof(kept), "%s", json_string(task_at(fixture, 3, "e2"), "id"));
        receipt = post(fixture, COMMANDER, TOWN, &(Post){.identifier = "A2", .type = "Update", .references = "x,A1,y", .sent = MINUTE,
                                                         .area = AREA_UNITS("e2", "w1")});
        assert_string_equal(json_string(receipt, "outcome"), "accepted");
        assert_string_equal(created(receipt, "warning"), warning); /* the chain keeps its id */
        assert_int_equal(number_of(receipt, "tasks"), 1);
        expect_state(fixture, "e1", "cancelled");
        expect_state(fixture, "e2", "issued");
        expect_state(fixture, "w1", "issued");
        assert_string_equal(json_string(task_at(fixture, 3, "e2"), "id"), kept);
        assert_string_equal(json_string(document(fixture, "tier3/e1/notice/%s", warning), "state"), "withdrawn");
        assert_string_equal(json_string(document(fixture, "tier3/w1/notice/%s", warning), "state"), "active");
        assert_string_equal(json_string(document(fixture, "tier3/e2/notice/%s", warning), "identifier"), "A2");
        assert_int_equal(json_int(document(fixture, "tier3/e2/notice/%s", warning), "revision", 0), 2);
}

static void test_update_keeps_completed_work(void **state) {
        Fixture *fixture = *state;
        post(fixture, COMMANDER, TOWN, &(Post){.identifier = "A1", .area = AREA_UNITS("e1", "e2")});
        complete(fixture, E1_WORKER, "e1");
        expect_state(fixture, "e1", "closed");
        post(fixture, COMMANDER, TOWN, &(Post){.identifier = "A2", .type = "Update", .references = "A1", .area = AREA_ONE("unit", "e2")});
        expect_state(fixture, "e1", "closed"); /* not cancelled */
        /* coming back, it is told but given no second task */
        const cJSON *receipt = post(fixture, COMMANDER, TOWN, &(Post){.identifier = "A3", .type = "Update", .references = "A2", .area = AREA_UNITS("e1", "e2")});
        assert_int_equal(number_of(receipt, "tasks"), 0);
        assert_int_equal(count_topics(fixture, "tier3/e1/task/"), 1);
        assert_string_equal(json_string(document(fixture, "tier3/e1/notice/%s", created(receipt, "warning")), "state"), "active");
}

static void test_work_that_waits_for_verification_stays(void **state) {
        Fixture *fixture = *state;
        post(fixture, COMMANDER, TOWN, &(Post){.identifier = "A1", .event_code = "gas", .area = AREA_UNITS("e1", "e2")});
        complete(fixture, E1_WORKER, "e1");
        expect_state(fixture, "e1", "completed");
        post(fixture, COMMANDER, TOWN, &(Post){.identifier = "A2", .event_code = "gas", .type = "Update", .references = "A1", .area = AREA_ONE("unit", "e2")});
        expect_state(fixture, "e1", "completed"); /* removed: what it did stays */
        post(fixture, COMMANDER, TOWN, &(Post){.identifier = "A3", .event_code = "gas", .type = "Cancel", .references = "A2"});
        expect_state(fixture, "e1", "completed");
        expect_state(fixture, "e2", "cancelled");
}

static void test_unit_that_comes_back_gets_work_again(void **state) {
        Fixture *fixture = *state;
        post(fixture, COMMANDER, TOWN, &(Post){.identifier = "A1", .area = AREA_UNITS("e1", "e2")});
        post(fixture, COMMANDER, TOWN, &(Post){.identifier = "A2", .type = "Update", .references = "A1", .area = AREA_ONE("unit", "e2")});
        expect_state(fixture, "e1", "cancelled");
        const cJSON *receipt = post(fixture, COMMANDER, TOWN, &(Post){.identifier = "A3", .type = "Update", .references = "A2", .area = AREA_UNITS("e1", "e2")});
        assert_int_equal(number_of(receipt, "tasks"), 1);
        expect_state(fixture, "e1", "issued");
}

static void test_changed_instruction_asks_again(void **state) {
        Fixture *fixture = *state;
        const cJSON *receipt = post(fixture, COMMANDER, TOWN, &(Post){.identifier = "A1", .instruction = "one", .area = AREA_ONE("unit", "e1")});
        char warning[UUID_LENGTH + 1], topic[TOPIC_MAX], finish_by[TIMESTAMP_TEXT_MAX];
        snprintf(warning, sizeof(warning), "%s", created(receipt, "warning"));
        snprintf(topic, sizeof(topic), "tier3/e1/action/%s/ack", warning);
        snprintf(finish_by, sizeof(finish_by), "%s", json_string(task_at(fixture, 3, "e1"), "finish_by"));
        say_ok(fixture, E1_WORKER, topic, "{\"revision\":1}");
        const char *member = fixture->members[E1_WORKER];
        assert_true(json_has(json_object(document(fixture, "tier3/e1/notice/%s", warning), "acks"), member));
        pass(fixture, 10 * MINUTE);
        /* the same words: acknowledgements stay */
        post(fixture, COMMANDER, TOWN, &(Post){.identifier = "A2", .type = "Update", .references = "A1", .instruction = "one", .area = AREA_ONE("unit", "e1")});
        assert_true(json_has(json_object(document(fixture, "tier3/e1/notice/%s", warning), "acks"), member));
        post(fixture, COMMANDER, TOWN, &(Post){.identifier = "A3", .type = "Update", .references = "A2", .instruction = "two", .area = AREA_ONE("unit", "e1")});
        assert_false(json_has(json_object(document(fixture, "tier3/e1/notice/%s", warning), "acks"), member));
        assert_string_equal(json_string(task_at(fixture, 3, "e1"), "instruction"), "two");
        assert_string_equal(json_string(task_at(fixture, 3, "e1"), "finish_by"), finish_by); /* clocks run on */
        say_refused(fixture, CODE_STALE, E1_WORKER, topic, "{\"revision\":1}"); /* acknowledges what it has not seen */
        say_ok(fixture, E1_WORKER, topic, "{\"revision\":3}");
        post(fixture, COMMANDER, TOWN, &(Post){.identifier = "A4", .type = "Update", .references = "A3", .instruction = "two", .severity = "Extreme", .area = AREA_ONE("unit", "e1")});
        assert_false(json_has(json_object(document(fixture, "tier3/e1/notice/%s", warning), "acks"), member));
        assert_string_equal(json_string(task_at(fixture, 3, "e1"), "severity"), "Extreme");
}

static void test_update_refusals(void **state) {
        Fixture *fixture = *state;
        expect_refused(post(fixture, COMMANDER, TOWN, &(Post){.identifier = "U1", .type = "Update", .references = "none"}), CODE_UNKNOWN_REFERENCE);
        expect_refused(post(fixture, COMMANDER, TOWN, &(Post){.identifier = "U2", .type = "Update"}), CODE_MISSING);
        post(fixture, COMMANDER, TOWN, &(Post){.identifier = "A1"});
        expect_refused(post(fixture, EAST_OFFICER, "tier2/east/warning", &(Post){.identifier = "U3", .type = "Update", .references = "A1"}),
                       CODE_FORBIDDEN); /* the room may not change what the town said */
        expect_refused(post(fixture, COMMANDER, TOWN, &(Post){.identifier = "U4", .type = "Update", .references = "A1", .event_code = "flood"}),
                       CODE_CONFLICT);
        post(fixture, COMMANDER, TOWN, &(Post){.identifier = "B1"});
        expect_refused(post(fixture, COMMANDER, TOWN, &(Post){.identifier = "U5", .type = "Update", .references = "A1 B1"}), CODE_CONFLICT);
        /* what a room said, command above it may take back */
        post(fixture, EAST_OFFICER, "tier2/east/warning", &(Post){.identifier = "R1"});
        const cJSON *receipt = post(fixture, COMMANDER, TOWN, &(Post){.identifier = "U6", .type = "Cancel", .references = "R1"});
        assert_string_equal(json_string(receipt, "outcome"), "accepted");
}

static void test_overtaken_messages(void **state) {
        Fixture *fixture = *state;
        char warning[UUID_LENGTH + 1];
        snprintf(warning, sizeof(warning), "%s", created(post(fixture, COMMANDER, TOWN, &(Post){.identifier = "A1", .area = AREA_UNITS("e1", "e2")}), "warning"));
        post(fixture, COMMANDER, TOWN, &(Post){.identifier = "A3", .type = "Update", .references = "A1", .sent = 10 * MINUTE, .area = AREA_ONE("unit", "e1")});
        /* A2 was sent before A3 and arrives after it */
        const cJSON *receipt = post(fixture, COMMANDER, TOWN, &(Post){.identifier = "A2", .type = "Update", .references = "A1", .sent = 5 * MINUTE, .area = AREA_TIER3});
        assert_string_equal(json_string(receipt, "outcome"), "accepted");
        assert_true(json_bool(receipt, "late", false));
        assert_null(document(fixture, "tier3/w1/notice/%s", warning));
        assert_string_equal(json_string(document(fixture, "tier3/e1/notice/%s", warning), "identifier"), "A3");
        expect_refused(post(fixture, COMMANDER, TOWN, &(Post){.identifier = "A2"}), CODE_DUPLICATE); /* its identifier is taken */
        /* one that names the latest counts whatever its clock says */
        receipt = post(fixture, COMMANDER, TOWN, &(Post){.identifier = "A4", .type = "Update", .references = "A3", .sent = MINUTE, .area = AREA_TIER3});
        assert_false(json_bool(receipt, "late", false));
        assert_non_null(document(fixture, "tier3/w1/notice/%s", warning));
}

/* ---- Cancel and expiry ---- */

static void test_cancel_withdraws(void **state) {
        Fixture *fixture = *state;
        const cJSON *receipt = post(fixture, COMMANDER, TOWN, &(Post){.identifier = "A1", .area = AREA_UNITS("e1", "e2")});
        char warning[UUID_LENGTH + 1], id[UUID_LENGTH + 1], topic[TOPIC_MAX];
        snprintf(warning, sizeof(warning), "%s", created(receipt, "warning"));
        snprintf(id, sizeof(id), "%s", json_string(task_at(fixture, 3, "e2"), "id"));
        complete(fixture, E1_WORKER, "e1");
        say_ok(fixture, COMMANDER, TOWN, "{\"identifier\":\"A2\",\"sent\":\"%s\",\"status\":\"Actual\",\"msgType\":\"Cancel\",\"scope\":\"Public\","
               "\"references\":\"A1\"}", when(fixture, MINUTE)); /* a Cancel needs no info */
        expect_state(fixture, "e1", "closed");
        expect_state(fixture, "e2", "cancelled");
        const cJSON *notice = document(fixture, "tier3/e2/notice/%s", warning);
        assert_string_equal(json_string(notice, "state"), "cancelled");
        assert_string_equal(json_string(notice, "headline"), "冒充公检法"); /* readers still see what was cancelled */
        expect_refused(post(fixture, COMMANDER, TOWN, &(Post){.identifier = "A3", .type = "Update", .references = "A2", .sent = 2 * MINUTE}), CODE_CLOSED);
        expect_refused(post(fixture, COMMANDER, TOWN, &(Post){.identifier = "A4", .type = "Cancel", .references = "A2", .sent = 2 * MINUTE}), CODE_CLOSED);
        /* work that arrives after it is kept, and changes nothing */
        snprintf(topic, sizeof(topic), "tier3/e2/action/%s/complete", id);
        receipt = say_ok(fixture, E2_WORKER, topic, "{\"result\":{\"households\":3}}");
        assert_true(json_bool(receipt, "late", false));
        expect_state(fixture, "e2", "cancelled");
        /* an acknowledgement too */
        snprintf(topic, sizeof(topic), "tier3/e2/action/%s/ack", warning);
        assert_true(json_bool(say_ok(fixture, E2_WORKER, topic, "{}"), "late", false));
}

static void test_expiry_and_clearing(void **state) {
        Fixture *fixture = *state;
        const cJSON *receipt = post(fixture, COMMANDER, TOWN, &(Post){.identifier = "A1", .expires = 2 * DAY, .area = AREA_ONE("unit", "e1")});
        char warning[UUID_LENGTH + 1];
        snprintf(warning, sizeof(warning), "%s", created(receipt, "warning"));
        complete(fixture, E1_WORKER, "e1");
        pass(fixture, 2 * DAY - MINUTE);
        assert_string_equal(json_string(document(fixture, "tier3/e1/notice/%s", warning), "state"), "active");
        pass(fixture, MINUTE);
        assert_string_equal(json_string(document(fixture, "tier3/e1/notice/%s", warning), "state"), "expired");
        expect_refused(post(fixture, COMMANDER, TOWN, &(Post){.identifier = "A2", .type = "Update", .references = "A1"}), CODE_CLOSED);
        pass(fixture, 7 * DAY - MINUTE);
        assert_non_null(document(fixture, "tier3/e1/notice/%s", warning));
        pass(fixture, MINUTE);
        assert_null(document(fixture, "tier3/e1/notice/%s", warning)); /* an empty retained message */
}

static void test_expired_with_open_work_can_be_cancelled(void **state) {
        Fixture *fixture = *state;
        post(fixture, COMMANDER, TOWN, &(Post){.identifier = "A1", .expires = DAY, .area = AREA_ONE("unit", "e1")});
        pass(fixture, 9 * DAY); /* long past expiry and clearing: the task is still open */
        const cJSON *task = task_at(fixture, 3, "e1");
        assert_non_null(task);
        assert_int_not_equal(strcmp(json_string(task, "state"), "cancelled"), 0);
        const cJSON *receipt = post(fixture, COMMANDER, TOWN, &(Post){.identifier = "A2", .type = "Cancel", .references = "A1"});
        assert_string_equal(json_string(receipt, "outcome"), "accepted");
        expect_state(fixture, "e1", "cancelled");
        pass(fixture, 15 * DAY);
        assert_int_equal(count_topics(fixture, "/notice/"), 0);
}

/* ---- notices ---- */

static void test_acknowledgements(void **state) {
        Fixture *fixture = *state;
        char warning[UUID_LENGTH + 1], topic[TOPIC_MAX], first[TIMESTAMP_TEXT_MAX];
        snprintf(warning, sizeof(warning), "%s", created(post(fixture, COMMANDER, TOWN, &(Post){.identifier = "A1", .area = AREA_UNITS("e1", "e3")}), "warning"));
        snprintf(topic, sizeof(topic), "tier3/e1/action/%s/ack", warning);
        assert_int_equal(json_int(say_ok(fixture, E1_VOLUNTEER, topic, "{}"), "revision", 0), 1);
        snprintf(first, sizeof(first), "%s", json_string(json_object(document(fixture, "tier3/e1/notice/%s", warning), "acks"), fixture->members[E1_VOLUNTEER]));
        pass(fixture, MINUTE);
        say_ok(fixture, E1_VOLUNTEER, topic, "{}");
        assert_string_equal(json_string(json_object(document(fixture, "tier3/e1/notice/%s", warning), "acks"), fixture->members[E1_VOLUNTEER]), first);
        snprintf(topic, sizeof(topic), "tier3/e1/action/%s/seen", warning);
        say_ok(fixture, E1_WORKER, topic, "{}");
        snprintf(topic, sizeof(topic), "tier3/e1/action/%s/complete", warning);
        say_refused(fixture, CODE_STATE, E1_WORKER, topic, "{}");
        snprintf(topic, sizeof(topic), "tier3/e3/action/%s/ack", warning);
        say_ok(fixture, EAST_WORKER, topic, "{}"); /* the room that staffs the village speaks for it */
        snprintf(topic, sizeof(topic), "tier3/w1/action/%s/ack", warning);
        say_refused(fixture, CODE_UNKNOWN_TARGET, W1_WORKER, topic, "{}"); /* was not told */
        snprintf(topic, sizeof(topic), "tier3/e2/action/%s/ack", "01234567-0123-7123-8123-0123456789ab");
        say_refused(fixture, CODE_UNKNOWN_TARGET, E2_WORKER, topic, "{}");
        post(fixture, COMMANDER, TOWN, &(Post){.identifier = "A2", .type = "Update", .references = "A1", .area = AREA_ONE("unit", "e3")});
        snprintf(topic, sizeof(topic), "tier3/e1/action/%s/ack", warning);
        say_refused(fixture, CODE_CLOSED, E1_WORKER, topic, "{}"); /* withdrawn here */
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(test_alert_reaches_every_village), TEST(test_one_fact_tells_everybody), TEST(test_addressing), TEST(test_wrong_addresses),
                TEST(test_duplicates_and_repeats), TEST(test_repeat_gets_the_first_outcome), TEST(test_malformed_bodies),
                TEST(test_exercise_is_marked), TEST(test_identities_are_masked), TEST(test_a_unit_takes_so_many_notices), TEST(test_update_adds_and_removes),
                TEST(test_update_keeps_completed_work), TEST(test_work_that_waits_for_verification_stays), TEST(test_unit_that_comes_back_gets_work_again),
                TEST(test_changed_instruction_asks_again), TEST(test_update_refusals), TEST(test_overtaken_messages),
                TEST(test_cancel_withdraws), TEST(test_expiry_and_clearing), TEST(test_expired_with_open_work_can_be_cancelled),
                TEST(test_acknowledgements),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
