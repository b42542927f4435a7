/* reports: what they may hold, what work comes of them, and what may be done with them afterwards. */
#include "fixture.h"

#include <stdio.h>
#include <string.h>

#define E1 "tier3/e1/report"

static const char *action(const char *place, const cJSON *receipt, const char *verb) {
        static char topic[TOPIC_MAX];
        snprintf(topic, sizeof(topic), "%s/action/%s/%s", place, created(receipt, "report"), verb);
        return topic;
}

static void test_playbook_makes_a_task(void **state) {
        Fixture *fixture = *state;
        const cJSON *receipt = say_ok(fixture, E1_WORKER, E1, "{\"kind\":\"dispute\",\"severity\":\"Minor\",\"fields\":{\"kind\":\"land\",\"people\":4,\"armed\":false},\"place\":\"shop-1\"}");
        assert_non_null(created(receipt, "number"));
        const char *task = created(receipt, "task");
        const cJSON *document_of_task = task_at(fixture, 3, "e1");
        assert_string_equal(json_string(document_of_task, "id"), task);
        assert_string_equal(json_string(json_object(document_of_task, "origin"), "type"), "report");
        assert_string_equal(json_string(json_object(document_of_task, "origin"), "id"), created(receipt, "report"));
        assert_string_equal(json_string(document_of_task, "place"), "shop-1");
        assert_int_equal(fixture->n_rows[TABLE_REPORT], 1);
}

static void test_without_playbook(void **state) {
        Fixture *fixture = *state;
        const cJSON *receipt = say_ok(fixture, E1_WORKER, E1, "{\"kind\":\"counts\",\"fields\":{\"households\":310}}");
        assert_null(json_string(json_object(receipt, "created"), "task"));
        say_ok(fixture, E1_WORKER, E1, "{\"kind\":\"high-water\",\"fields\":{\"level\":2}}"); /* known, below its playbook's condition */
        assert_null(task_at(fixture, 2, "east"));
        receipt = say_ok(fixture, E1_WORKER, E1, "{\"kind\":\"high-water\",\"fields\":{\"level\":3}}");
        assert_non_null(created(receipt, "task"));
        assert_non_null(task_at(fixture, 2, "east"));
}

static void test_bad_reports(void **state) {
        Fixture *fixture = *state;
        static const struct { Code code; const char *body; } BAD[] = {
                {CODE_MISSING, "{\"fields\":{}}"},
                {CODE_TYPE, "{\"kind\":5}"},
                {CODE_UNKNOWN_KIND, "{\"kind\":\"strangers\"}"},
                {CODE_UNKNOWN_FIELD, "{\"kind\":\"dispute\",\"image\":\"x\"}"},
                {CODE_TYPE, "{\"kind\":\"dispute\",\"fields\":[1]}"},
                {CODE_TYPE, "{\"kind\":\"dispute\",\"fields\":{\"a\":{\"b\":1}}}"},
                {CODE_TYPE, "{\"kind\":\"dispute\",\"fields\":{\"a\":1.5}}"},
                {CODE_RANGE, "{\"kind\":\"dispute\",\"fields\":{\"a\":2147483649}}"},
                {CODE_RANGE, "{\"kind\":\"dispute\",\"fields\":{\"a\":\"two words\"}}"},
                {CODE_RANGE, "{\"kind\":\"dispute\",\"fields\":{\"a\":\"\"}}"},
                {CODE_RANGE, "{\"kind\":\"dispute\",\"fields\":{\"a b\":1}}"},
                {CODE_UNKNOWN_TARGET, "{\"kind\":\"dispute\",\"place\":\"nowhere\"}"},
                {CODE_UNKNOWN_TARGET, "{\"kind\":\"dispute\",\"device\":\"nothing\"}"},
                {CODE_TYPE, "{\"kind\":\"dispute\",\"place\":7}"},
                {CODE_RANGE, "{\"kind\":\"dispute\",\"severity\":\"bad\"}"},
                {CODE_RANGE, "{\"kind\":\"dispute\",\"status\":\"Draft\"}"},
        };
        for (size_t i = 0; i < sizeof(BAD) / sizeof(BAD[0]); ++i)
                say_refused(fixture, BAD[i].code, E1_WORKER, E1, "%s", BAD[i].body);
        assert_null(task_at(fixture, 3, "e1"));
        assert_int_equal(fixture->n_rows[TABLE_REPORT], 0);
}

static void test_too_many_fields(void **state) {
        Fixture *fixture = *state;
        char fields[1024] = "";
        for (int i = 0, n = 0; i < 33; ++i)
                n += snprintf(fields + n, sizeof(fields) - (size_t)n, "%s\"f%d\":1", i ? "," : "", i);
        say_refused(fixture, CODE_RANGE, E1_WORKER, E1, "{\"kind\":\"dispute\",\"fields\":{%s}}", fields);
        *strrchr(fields, ',') = '\0';
        say_ok(fixture, E1_WORKER, E1, "{\"kind\":\"dispute\",\"fields\":{%s}}", fields);
}

static void test_note_is_private(void **state) {
        Fixture *fixture = *state;
        const cJSON *receipt = say_ok(fixture, E1_WORKER, E1, "{\"kind\":\"dispute\",\"note\":\"电话13800138000\"}");
        assert_true(json_bool(receipt, "masked", false));
        assert_int_equal(fixture->n_rows[TABLE_PRIVATE_TEXT], 1);
        assert_null(strstr(rows_column(&fixture->batch.rows[TABLE_EVENT], 8), "电话")); /* the log has a commitment, not the words */
        assert_non_null(strstr(rows_column(&fixture->batch.rows[TABLE_PRIVATE_TEXT], 7), "电话"));
        assert_null(strstr(rows_column(&fixture->batch.rows[TABLE_PRIVATE_TEXT], 7), "13800138000"));
}

static void test_exercise_report(void **state) {
        Fixture *fixture = *state;
        say_ok(fixture, E1_WORKER, E1, "{\"kind\":\"dispute\",\"status\":\"Exercise\"}");
        refresh(fixture);
        assert_int_equal(json_int(document(fixture, "tier3/e1/status"), "open", -1), 0);
        assert_int_equal(json_int(document(fixture, "tier3/e1/list/task"), "total", -1), 1);
}

static void test_dispatch(void **state) {
        Fixture *fixture = *state;
        cJSON *receipt = cJSON_Duplicate(say_ok(fixture, E1_WORKER, E1, "{\"kind\":\"incident\"}"), true);
        say_refused(fixture, CODE_MISSING, EAST_OFFICER, action("tier2/east", receipt, "dispatch"), "{}");
        say_refused(fixture, CODE_UNKNOWN_UNIT, EAST_OFFICER, action("tier2/east", receipt, "dispatch"), "{\"to\":\"e9\"}");
        say_refused(fixture, CODE_FORBIDDEN, EAST_OFFICER, action("tier2/east", receipt, "dispatch"), "{\"to\":\"w1\"}");
        say_refused(fixture, CODE_FORBIDDEN, WEST_OFFICER, action("tier2/west", receipt, "dispatch"), "{\"to\":\"w1\"}"); /* not its report */
        say_refused(fixture, CODE_DENIED, E1_WORKER, action("tier3/e1", receipt, "dispatch"), "{\"to\":\"e1\"}");
        say_refused(fixture, CODE_UNKNOWN_TARGET, EAST_OFFICER, action("tier2/east", receipt, "dispatch"), "{\"to\":\"e2\",\"playbook\":\"none\"}");
        say_refused(fixture, CODE_STALE, EAST_OFFICER, action("tier2/east", receipt, "dispatch"), "{\"to\":\"e2\",\"revision\":7}");
        const cJSON *done = say_ok(fixture, EAST_OFFICER, action("tier2/east", receipt, "dispatch"), "{\"to\":\"e2\",\"revision\":1}");
        assert_string_equal(json_string(task_at(fixture, 3, "e2"), "id"), created(done, "task"));
        cJSON_Delete(receipt);
}

static void test_dispatch_by_a_named_playbook(void **state) {
        Fixture *fixture = *state;
        cJSON *receipt = cJSON_Duplicate(say_ok(fixture, E1_WORKER, E1, "{\"kind\":\"incident\"}"), true);
        say_ok(fixture, COMMANDER, action("tier1/town", receipt, "dispatch"), "{\"playbook\":\"quarrel\"}");
        assert_string_equal(json_string(task_at(fixture, 3, "e1"), "kind"), "quarrel");
        cJSON_Delete(receipt);
}

static void test_merge_and_dismiss(void **state) {
        Fixture *fixture = *state;
        cJSON *one = cJSON_Duplicate(say_ok(fixture, E1_WORKER, E1, "{\"kind\":\"incident\"}"), true);
        cJSON *two = cJSON_Duplicate(say_ok(fixture, E1_WORKER, E1, "{\"kind\":\"incident\"}"), true);
        cJSON *three = cJSON_Duplicate(say_ok(fixture, E1_WORKER, E1, "{\"kind\":\"hazard\"}"), true);
        const char *into = created(two, "report");
        say_refused(fixture, CODE_MISSING, E1_HEAD, action("tier3/e1", one, "merge"), "{}");
        say_refused(fixture, CODE_UNKNOWN_TARGET, E1_HEAD, action("tier3/e1", one, "merge"), "{\"into\":\"%s\"}", created(one, "report"));
        say_refused(fixture, CODE_REASON, E1_HEAD, action("tier3/e1", three, "dismiss"), "{}");
        say_ok(fixture, E1_HEAD, action("tier3/e1", three, "dismiss"), "{\"reason\":\"unfounded\"}");
        say_refused(fixture, CODE_UNKNOWN_TARGET, E1_HEAD, action("tier3/e1", three, "comment"), "{\"note\":\"x\"}"); /* left memory; found by look-up */
        say_refused(fixture, CODE_STATE, E1_HEAD, action("tier3/e1", one, "complete"), "{}");
        say_refused(fixture, CODE_MISSING, E1_WORKER, action("tier3/e1", one, "comment"), "{}");
        say_ok(fixture, E1_WORKER, action("tier3/e1", one, "comment"), "{\"note\":\"两家\"}");
        assert_int_equal(json_int(say_ok(fixture, E1_HEAD, action("tier3/e1", one, "merge"), "{\"into\":\"%s\",\"revision\":1}", into), "revision", 0), 2);
        cJSON_Delete(one);
        cJSON_Delete(two);
        cJSON_Delete(three);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(test_playbook_makes_a_task), TEST(test_without_playbook), TEST(test_bad_reports), TEST(test_too_many_fields),
                TEST(test_note_is_private), TEST(test_exercise_report), TEST(test_dispatch), TEST(test_dispatch_by_a_named_playbook),
                TEST(test_merge_and_dismiss),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
