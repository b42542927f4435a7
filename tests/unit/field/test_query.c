/* queries: what each seat may ask, and the sets of units that the statements are limited to. */
#include "fixture.h"

#include <stdio.h>
#include <string.h>

static void expect_sets(Fixture *fixture, Who who, const char *body, size_t index, const char *set) {
        EngineQuery query;
        assert_int_equal(ask(fixture, who, &query, "%s", body), CODE_NONE);
        assert_true(index < query.n_parameters);
        assert_string_equal(query.parameters[index], set);
        engine_query_deinit(&query);
}

static void expect_code(Fixture *fixture, Code code, Who who, const char *body) {
        EngineQuery query;
        assert_int_equal(ask(fixture, who, &query, "%s", body), code);
        assert_non_null(strstr(query.topic, "/reply")); /* a refusal is answered too */
        engine_query_deinit(&query);
}

#define ALL "{town,east,west,e1,e2,e3,w1}"

static void test_sets_follow_the_line(void **state) {
        Fixture *fixture = *state;
        /* tasks: area, all, staff, named, member, state, limit */
        expect_sets(fixture, COMMANDER, "{\"query\":\"tasks\"}", 1, ALL);
        expect_sets(fixture, COMMANDER, "{\"query\":\"tasks\"}", 3, ALL);
        expect_sets(fixture, EAST_OFFICER, "{\"query\":\"tasks\"}", 1, "{east,e1,e2,e3}");
        expect_sets(fixture, E1_HEAD, "{\"query\":\"tasks\"}", 3, "{e1}");
        expect_sets(fixture, E1_WORKER, "{\"query\":\"tasks\"}", 2, "{e1}");
        expect_sets(fixture, E1_WORKER, "{\"query\":\"tasks\"}", 3, "{}"); /* named ones only when he is named */
        expect_sets(fixture, E1_VOLUNTEER, "{\"query\":\"tasks\"}", 1, "{e1}");
        expect_sets(fixture, E1_VOLUNTEER, "{\"query\":\"tasks\"}", 2, "{}");
        expect_sets(fixture, DASHBOARD, "{\"query\":\"tasks\"}", 2, ALL);
        expect_sets(fixture, DASHBOARD, "{\"query\":\"tasks\"}", 3, "{}");
        expect_sets(fixture, EAST_WORKER, "{\"query\":\"tasks\"}", 1, "{east,e3}"); /* his unit, and the one that it staffs */
}

static void test_private_notes(void **state) {
        Fixture *fixture = *state;
        /* history: area, task, all, staff, named, member, notes */
        const char *history = "{\"query\":\"history\",\"task\":\"01234567-0123-7123-8123-0123456789ab\"}";
        expect_sets(fixture, COMMANDER, history, 6, ALL);
        expect_sets(fixture, EAST_OFFICER, history, 6, "{east,e1,e2,e3}");
        expect_sets(fixture, E1_WORKER, history, 6, "{e1}");
        expect_sets(fixture, E1_VOLUNTEER, history, 6, "{}");
        expect_sets(fixture, DASHBOARD, history, 6, "{}");
        expect_sets(fixture, AUDITOR, history, 6, "{}"); /* sees who did what, not the words */
        expect_sets(fixture, AUDITOR, history, 2, ALL);
}

static void test_parameters(void **state) {
        Fixture *fixture = *state;
        EngineQuery query;
        assert_int_equal(ask(fixture, E1_WORKER, &query, "{\"query\":\"tasks\",\"state\":\"open\",\"limit\":7,\"unit\":\"e1\"}"), CODE_NONE);
        assert_string_equal(query.name, "tasks");
        assert_int_equal(query.n_parameters, 7);
        assert_string_equal(query.parameters[0], AREA);
        assert_string_equal(query.parameters[4], fixture->members[E1_WORKER]);
        assert_string_equal(query.parameters[5], "open");
        assert_string_equal(query.parameters[6], "7");
        engine_query_deinit(&query);
        assert_int_equal(ask(fixture, COMMANDER, &query, "{\"query\":\"tasks\",\"unit\":\"w1\"}"), CODE_NONE);
        assert_string_equal(query.parameters[1], "{w1}");
        assert_null(query.parameters[5]);
        assert_string_equal(query.parameters[6], "100");
        engine_query_deinit(&query);
        assert_int_equal(ask(fixture, COMMANDER, &query, "{\"query\":\"escalations\",\"open\":true}"), CODE_NONE);
        assert_string_equal(query.parameters[2], "true");
        engine_query_deinit(&query);
        assert_int_equal(ask(fixture, ADMIN, &query, "{\"query\":\"members\"}"), CODE_NONE);
        assert_null(query.parameters[1]); /* the whole area */
        engine_query_deinit(&query);
}

static void test_lists(void **state) {
        Fixture *fixture = *state;
        EngineQuery query;
        char body[200];
        expect_sets(fixture, E1_VOLUNTEER, "{\"query\":\"task_list\"}", 2, "{}"); /* what is the staff's is not for volunteers */
        expect_sets(fixture, E1_WORKER, "{\"query\":\"results\"}", 2, "{e1}");
        snprintf(body, sizeof(body), "{\"query\":\"task_list\",\"due\":\"overdue\",\"member\":\"%s\"}", fixture->members[E1_HEAD]);
        assert_int_equal(ask(fixture, E1_WORKER, &query, "%s", body), CODE_NONE);
        assert_int_equal(query.n_parameters, 8);
        assert_string_equal(query.parameters[5], "overdue");
        assert_string_equal(query.parameters[6], fixture->members[E1_HEAD]);
        engine_query_deinit(&query);
        assert_int_equal(ask(fixture, E1_WORKER, &query, "{\"query\":\"results\",\"from\":\"2026-11-16\",\"until\":\"2026-11-23T00:00:00+08:00\"}"), CODE_NONE);
        assert_int_equal(query.n_parameters, 9);
        assert_string_equal(query.parameters[5], "2026-11-16");
        assert_string_equal(query.parameters[6], "2026-11-22T16:00:00+00:00");
        assert_null(query.parameters[7]);
        engine_query_deinit(&query);
        static const char *const wrong[] = {"\"from\":\"2026-02-30\"", "\"from\":\"2026-+1-01\"", "\"from\":\"yesterday\"", "\"until\":\"2026-13-01\"",
                                            "\"until\":\"2026-11-16 \"", "\"member\":\"x' or true\"", "\"limit\":501"};
        for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); ++i) {
                snprintf(body, sizeof(body), "{\"query\":\"results\",%s}", wrong[i]);
                expect_code(fixture, CODE_RANGE, E1_WORKER, body);
        }
        expect_code(fixture, CODE_TYPE, E1_WORKER, "{\"query\":\"results\",\"from\":20261116}");
        expect_code(fixture, CODE_RANGE, E1_WORKER, "{\"query\":\"task_list\",\"due\":\"soon\"}");
        expect_code(fixture, CODE_FORBIDDEN, E1_WORKER, "{\"query\":\"results\",\"unit\":\"w1\"}");
        expect_code(fixture, CODE_DENIED, ADMIN, "{\"query\":\"results\"}");
}

/* Devices are shown as their documents are: to the unit, the line above, and the administrators; what is asked for is checked. */
static void test_devices(void **state) {
        Fixture *fixture = *state;
        EngineQuery query;
        expect_sets(fixture, E1_WORKER, "{\"query\":\"devices\"}", 1, "{e1}");
        expect_sets(fixture, EAST_OFFICER, "{\"query\":\"device_history\",\"device\":\"panic-1\"}", 2, "{east,e1,e2,e3}");
        assert_int_equal(ask(fixture, COMMANDER, &query, "{\"query\":\"availability\",\"kind\":\"alarm\",\"from\":\"2026-11-01\"}"), CODE_NONE);
        assert_int_equal(query.n_parameters, 6);
        assert_string_equal(query.parameters[2], "alarm");
        assert_string_equal(query.parameters[3], "2026-11-01");
        assert_null(query.parameters[4]);
        engine_query_deinit(&query);
        expect_code(fixture, CODE_RANGE, E1_WORKER, "{\"query\":\"devices\",\"state\":\"broken\"}");
        expect_code(fixture, CODE_MISSING, E1_WORKER, "{\"query\":\"device_history\"}");
        expect_code(fixture, CODE_FORBIDDEN, E1_WORKER, "{\"query\":\"devices\",\"unit\":\"w1\"}");
        expect_code(fixture, CODE_DENIED, PANIC, "{\"query\":\"devices\"}");
}

/* Marks of villages go up the line, scores of persons to officers and commanders; walls and volunteers read neither. */
static void test_training_and_assessment(void **state) {
        Fixture *fixture = *state;
        EngineQuery query;
        expect_sets(fixture, EAST_OFFICER, "{\"query\":\"assessment\",\"month\":\"2026-10\"}", 1, "{east,e1,e2,e3}");
        expect_sets(fixture, EAST_OFFICER, "{\"query\":\"assessment\",\"month\":\"2026-10\"}", 2, "2026-10");
        expect_sets(fixture, E1_HEAD, "{\"query\":\"assessment\"}", 1, "{e1}");
        expect_code(fixture, CODE_DENIED, E1_WORKER, "{\"query\":\"assessment\"}");
        expect_code(fixture, CODE_DENIED, DASHBOARD, "{\"query\":\"assessment\"}");
        expect_code(fixture, CODE_RANGE, EAST_OFFICER, "{\"query\":\"assessment\",\"month\":\"2026-13\"}");
        expect_code(fixture, CODE_RANGE, EAST_OFFICER, "{\"query\":\"assessment\",\"month\":\"2026-1\"}");
        expect_code(fixture, CODE_TYPE, EAST_OFFICER, "{\"query\":\"assessment\",\"month\":11}");
        expect_sets(fixture, EAST_OFFICER, "{\"query\":\"exams\"}", 1, "{east,e1,e2,e3}");
        expect_sets(fixture, E1_HEAD, "{\"query\":\"exams\"}", 1, "{}"); /* his own alone */
        expect_sets(fixture, E1_VOLUNTEER, "{\"query\":\"exams\"}", 2, fixture->members[E1_VOLUNTEER]);
        expect_code(fixture, CODE_DENIED, DASHBOARD, "{\"query\":\"exams\"}");
        say_ok(fixture, ADMIN, "admin/catalogue-apply", "{\"catalogue\":{\"catalogue\":\"field\",\"version\":1,\"title\":{\"zh\":\"目录\",\"en\":\"Catalogue\"},"
               "\"report_kinds\":{\"diary\":{\"form\":{\"visits\":{\"int\":[0,9]}}},\"exam\":{\"form\":{\"examined\":{\"member\":true},\"score\":{\"int\":[0,100]}}}}}}");
        assert_int_equal(ask(fixture, DASHBOARD, &query, "{\"query\":\"reports\"}"), CODE_NONE);
        assert_int_equal(query.n_parameters, 9);
        assert_string_equal(query.parameters[7], "{exam}");
        assert_string_equal(query.parameters[8], "{}");
        engine_query_deinit(&query);
        expect_sets(fixture, E1_WORKER, "{\"query\":\"report\",\"report\":\"01234567-0123-7123-8123-0123456789ab\"}", 5, "{exam}");
}

static void test_directory_shows_the_line_above(void **state) {
        Fixture *fixture = *state;
        expect_sets(fixture, E1_WORKER, "{\"query\":\"units\"}", 1, "{town,east,e1}");
        expect_sets(fixture, AUDITOR, "{\"query\":\"units\"}", 1, ALL);
        expect_sets(fixture, AUDITOR, "{\"query\":\"unit_status\"}", 1, ALL);
}

static void test_refusals(void **state) {
        Fixture *fixture = *state;
        expect_code(fixture, CODE_MISSING, E1_WORKER, "{}");
        expect_code(fixture, CODE_TYPE, E1_WORKER, "{\"query\":[]}");
        expect_code(fixture, CODE_UNKNOWN_KIND, E1_WORKER, "{\"query\":\"secrets\"}");
        expect_code(fixture, CODE_DENIED, E1_WORKER, "{\"query\":\"quarantine\"}");
        expect_code(fixture, CODE_DENIED, E1_WORKER, "{\"query\":\"organisation\"}");
        expect_code(fixture, CODE_DENIED, ADMIN, "{\"query\":\"tasks\"}");
        expect_code(fixture, CODE_DENIED, E1_VOLUNTEER, "{\"query\":\"members\"}");
        expect_code(fixture, CODE_FORBIDDEN, E1_WORKER, "{\"query\":\"tasks\",\"unit\":\"w1\"}");
        expect_code(fixture, CODE_UNKNOWN_UNIT, E1_WORKER, "{\"query\":\"tasks\",\"unit\":\"nowhere\"}");
        expect_code(fixture, CODE_RANGE, E1_WORKER, "{\"query\":\"tasks\",\"limit\":501}");
        expect_code(fixture, CODE_RANGE, E1_WORKER, "{\"query\":\"tasks\",\"limit\":0}");
        expect_code(fixture, CODE_TYPE, E1_WORKER, "{\"query\":\"tasks\",\"limit\":\"5\"}");
        expect_code(fixture, CODE_RANGE, E1_WORKER, "{\"query\":\"tasks\",\"state\":\"lost\"}");
        expect_code(fixture, CODE_MISSING, E1_WORKER, "{\"query\":\"task\"}");
        expect_code(fixture, CODE_SEAT, E1_WORKER, "{\"query\":\"tasks\",\"seat\":\"w1\"}");
        expect_code(fixture, CODE_DENIED, PANIC, "{\"query\":\"tasks\"}");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(test_sets_follow_the_line), TEST(test_private_notes), TEST(test_parameters), TEST(test_lists), TEST(test_devices), TEST(test_training_and_assessment),
                TEST(test_directory_shows_the_line_above), TEST(test_refusals),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
