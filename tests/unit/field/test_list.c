/* lists: what stands in them, for units and for members; when; and never more than fits. */
#include "fixture.h"

#include <stdio.h>
#include <string.h>

#include "engine/document/list.h"
#include "engine/document/status.h"
#include "proto/timestamp.h"

#define ONLY_E1 "[{\"geocode\":[{\"valueName\":\"unit\",\"value\":\"e1\"}]}]"

static const char *verb(Fixture *fixture, const char *unit, const char *id, const char *word) {
        static char topic[TOPIC_MAX];
        (void)fixture;
        snprintf(topic, sizeof(topic), "tier%d/%s/action/%s/%s", strcmp(unit, "town") == 0 ? 1 : strlen(unit) > 2 ? 2 : 3, unit, id, word);
        return topic;
}

/* A task by hand at a unit, with a limit so many milliseconds from now (0 = none). Returns its id. */
static const char *issue(Fixture *fixture, const char *to, const char *audience, int64_t limit) {
        static char ids[8][UUID_LENGTH + 1];
        static unsigned n;
        char *id = ids[n % 8];
        snprintf(id, UUID_LENGTH + 1, "0193a9a0-0000-7000-8000-%012x", ++n);
        if (limit)
                say_ok(fixture, COMMANDER, verb(fixture, "town", id, "issue"), "{\"title\":\"夜查\",\"to\":\"%s\",\"audience\":\"%s\",\"finish_by\":\"%s\"}", to,
                       audience, when(fixture, limit));
        else
                say_ok(fixture, COMMANDER, verb(fixture, "town", id, "issue"), "{\"title\":\"夜查\",\"to\":\"%s\",\"audience\":\"%s\"}", to, audience);
        return id;
}

/* The id of the work at e1, to keep. */
static const char *work(Fixture *fixture) {
        static char id[UUID_LENGTH + 1];
        snprintf(id, sizeof(id), "%s", json_string(task_at(fixture, 3, "e1"), "id"));
        return id;
}

static const cJSON *entry(const cJSON *list, int at) { return cJSON_GetArrayItem(json_array(list, "entries"), at); }

static const cJSON *own(Fixture *fixture, Who who, const char *list) {
        return document(fixture, "member/%s/list/%s", fixture->members[who], list);
}

/* Saturday 18:00: Sunday is this week, Monday is not. */
static void test_due_first(void **state) {
        Fixture *fixture = *state;
        issue(fixture, "e1", "all", 0);
        issue(fixture, "e1", "all", 31 * HOUR);  /* Monday 01:00 */
        issue(fixture, "e1", "all", 29 * HOUR);  /* Sunday 23:00 */
        issue(fixture, "e1", "all", 5 * HOUR);   /* today 23:00 */
        issue(fixture, "e1", "all", HOUR);
        pass(fixture, 2 * HOUR);
        refresh(fixture);
        const cJSON *list = document(fixture, "tier3/e1/list/task");
        static const char *const order[] = {"overdue", "today", "week", "later", "open"};
        for (int i = 0; i < 5; i++)
                assert_string_equal(json_string(entry(list, i), "due"), order[i]);
        assert_int_equal(json_int(list, "total", -1), 5);
        assert_int_equal(json_int(list, "overdue", -1), 1);
        assert_int_equal(json_int(list, "today", -1), 1);
        assert_int_equal(json_int(list, "week", -1), 1);
}

/* Nothing happens at midnight, and yet tomorrow's work has become today's. */
static void test_midnight_moves_what_is_due(void **state) {
        Fixture *fixture = *state;
        const char *id = issue(fixture, "e1", "all", 15 * HOUR); /* Sunday 09:00 */
        say_ok(fixture, E1_WORKER, verb(fixture, "e1", id, "accept"), "{}");
        refresh(fixture);
        assert_int_equal(json_int(document(fixture, "tier3/e1/list/task"), "today", -1), 0);
        assert_string_equal(json_string(entry(own(fixture, E1_WORKER, "task"), 0), "due"), "week");
        fixture->now += 7 * HOUR;
        assert_true(refresh(fixture) > 0);
        assert_int_equal(json_int(document(fixture, "tier3/e1/list/task"), "today", -1), 1);
        assert_string_equal(json_string(entry(own(fixture, E1_WORKER, "task"), 0), "due"), "today");
        assert_int_equal(refresh(fixture), 0);
}

/* Assigned, or taken on when nobody was named; and whose work the result is. */
static void test_own_lists(void **state) {
        Fixture *fixture = *state;
        const char *first = issue(fixture, "e1", "all", HOUR), *second = issue(fixture, "e1", "staff", HOUR);
        say_ok(fixture, E1_WORKER, verb(fixture, "e1", first, "start"), "{}");
        say_ok(fixture, E1_HEAD, verb(fixture, "e1", second, "assign"), "{\"assignee\":\"%s\"}", fixture->members[E1_HEAD]);
        refresh(fixture);
        assert_int_equal(json_int(own(fixture, E1_WORKER, "task"), "total", -1), 1);
        assert_string_equal(json_string(entry(own(fixture, E1_WORKER, "task"), 0), "id"), first);
        assert_string_equal(json_string(entry(own(fixture, E1_HEAD, "task"), 0), "id"), second);
        assert_string_equal(json_string(entry(own(fixture, E1_HEAD, "task"), 0), "title"), "夜查"); /* his own, though it is staff's */
        assert_int_equal(json_int(own(fixture, E1_VOLUNTEER, "task"), "total", -1), 0);
        /* given to another: it leaves the one list and enters the other */
        say_ok(fixture, E1_HEAD, verb(fixture, "e1", first, "assign"), "{\"assignee\":\"%s\"}", fixture->members[E1_HEAD]);
        refresh(fixture);
        assert_int_equal(json_int(own(fixture, E1_WORKER, "task"), "total", -1), 0);
        assert_int_equal(json_int(own(fixture, E1_HEAD, "task"), "total", -1), 2);
}

static void test_whose_result_it_is(void **state) {
        Fixture *fixture = *state;
        post(fixture, COMMANDER, "tier1/town/warning", &(Post){.identifier = "A1", .area = ONLY_E1});
        const char *id = work(fixture);
        say_ok(fixture, E1_HEAD, verb(fixture, "e1", id, "accept"), "{}");
        say_ok(fixture, E1_WORKER, verb(fixture, "e1", id, "complete"), "{\"result\":{\"households\":31}}");
        refresh(fixture);
        assert_string_equal(json_string(task_at(fixture, 3, "e1"), "completed_by"), fixture->members[E1_WORKER]);
        const cJSON *list = document(fixture, "tier3/e1/list/result");
        assert_string_equal(json_string(entry(list, 0), "by"), fixture->members[E1_WORKER]);
        const cJSON *counted = json_object(json_object(list, "counted"), "fraud");
        assert_int_equal(json_int(counted, "done", -1), 1);
        assert_int_equal(json_int(json_object(counted, "sums"), "households", -1), 31);
        assert_int_equal(json_int(own(fixture, E1_WORKER, "result"), "total", -1), 1);
        assert_int_equal(json_int(own(fixture, E1_HEAD, "result"), "total", -1), 0);
        assert_int_equal(json_int(own(fixture, E1_HEAD, "task"), "total", -1), 0);
}

/* Who opted in earns points, and the result says how many; who did not has none there. */
static void test_points_stand_with_the_result(void **state) {
        Fixture *fixture = *state;
        char topic[TOPIC_MAX];
        say_ok(fixture, ADMIN, "admin/playbook-apply", "{\"playbook\":{\"playbook\":\"gift\",\"version\":1,\"priority\":50,\"start\":\"do\",\"title\":{\"zh\":\"事\",\"en\":\"Work\"},"
               "\"when\":{\"warning\":{\"eventCode\":\"gift\"}},\"steps\":{\"do\":{\"title\":{\"zh\":\"事\",\"en\":\"Work\"},\"to\":[{\"addressed\":true}],"
               "\"clocks\":{\"*\":{\"finish\":\"PT8H\"}},\"points\":{\"base\":3},\"then\":[{\"end\":\"done\"}]}}}}");
        snprintf(topic, sizeof(topic), "member/%s/request", fixture->members[E1_WORKER]);
        say_ok(fixture, E1_WORKER, topic, "{\"request\":\"points-join\",\"card\":\"4711\"}");
        post(fixture, COMMANDER, "tier1/town/warning", &(Post){.identifier = "A1", .event_code = "gift", .area = ONLY_E1});
        say_ok(fixture, E1_WORKER, verb(fixture, "e1", work(fixture), "complete"), "{}");
        post(fixture, COMMANDER, "tier1/town/warning", &(Post){.identifier = "A2", .event_code = "gift", .area = ONLY_E1});
        say_ok(fixture, E1_HEAD, verb(fixture, "e1", work(fixture), "complete"), "{}");
        refresh(fixture);
        assert_int_equal(json_int(entry(own(fixture, E1_WORKER, "result"), 0), "points", -1), 3);
        assert_false(json_has(entry(own(fixture, E1_HEAD, "result"), 0), "points"));
        const cJSON *list = document(fixture, "tier3/e1/list/result");
        assert_int_equal(json_int(entry(list, 0), "points", 0) + json_int(entry(list, 1), "points", 0), 3);
}

/* What was returned is nobody's result until it is done again. */
static void test_returned_work_is_not_done(void **state) {
        Fixture *fixture = *state;
        post(fixture, COMMANDER, "tier1/town/warning", &(Post){.identifier = "A1", .event_code = "gas", .area = ONLY_E1});
        const char *id = work(fixture);
        say_ok(fixture, E1_WORKER, verb(fixture, "e1", id, "complete"), "{\"result\":{\"households\":3}}");
        assert_string_equal(json_string(task_at(fixture, 3, "e1"), "completed_by"), fixture->members[E1_WORKER]);
        say_ok(fixture, EAST_OFFICER, verb(fixture, "east", id, "return"), "{\"reason\":\"partial\"}");
        assert_false(json_has(task_at(fixture, 3, "e1"), "completed_by"));
        say_ok(fixture, E1_HEAD, verb(fixture, "e1", id, "complete"), "{\"result\":{\"households\":5}}");
        assert_string_equal(json_string(task_at(fixture, 3, "e1"), "completed_by"), fixture->members[E1_HEAD]);
}

/* Whoever solves it from above has done it. */
static void test_resolved_from_above(void **state) {
        Fixture *fixture = *state;
        post(fixture, COMMANDER, "tier1/town/warning", &(Post){.identifier = "A1", .area = ONLY_E1});
        const char *id = work(fixture);
        say_ok(fixture, E1_WORKER, verb(fixture, "e1", id, "accept"), "{}");
        say_ok(fixture, E1_WORKER, verb(fixture, "e1", id, "escalate"), "{\"reason\":\"help\"}");
        say_ok(fixture, EAST_OFFICER, verb(fixture, "east", id, "accept"), "{}");
        say_ok(fixture, EAST_OFFICER, verb(fixture, "east", id, "resolve"), "{\"result\":{\"households\":2}}");
        refresh(fixture);
        assert_int_equal(json_int(own(fixture, EAST_OFFICER, "result"), "total", -1), 1);
        assert_int_equal(json_int(own(fixture, E1_WORKER, "task"), "total", -1), 0);
        assert_int_equal(json_int(own(fixture, E1_WORKER, "result"), "total", -1), 0);
}

/* A drill is listed, and counted nowhere. */
static void test_exercises_are_not_counted(void **state) {
        Fixture *fixture = *state;
        post(fixture, COMMANDER, "tier1/town/warning", &(Post){.identifier = "A1", .status = "Exercise", .area = ONLY_E1});
        refresh(fixture);
        const cJSON *list = document(fixture, "tier3/e1/list/task");
        assert_int_equal(json_int(list, "total", -1), 1);
        assert_int_equal(json_int(list, "today", -1), 0);
        const char *id = work(fixture);
        say_ok(fixture, E1_WORKER, verb(fixture, "e1", id, "complete"), "{\"result\":{\"households\":31}}");
        refresh(fixture);
        list = document(fixture, "tier3/e1/list/result");
        assert_int_equal(json_int(list, "total", -1), 1);
        assert_null(json_object(list, "counted")->child);
        assert_null(json_object(own(fixture, E1_WORKER, "result"), "counted")->child);
}

/* What is not meant for all of the unit is in no sum and under no name that volunteers read. */
static void test_unit_lists_keep_what_is_not_for_all(void **state) {
        Fixture *fixture = *state;
        const char *id = issue(fixture, "e1", "staff", HOUR);
        say_ok(fixture, E1_HEAD, verb(fixture, "e1", id, "assign"), "{\"assignee\":\"%s\"}", fixture->members[E1_WORKER]);
        refresh(fixture);
        assert_false(json_has(entry(document(fixture, "tier3/e1/list/task"), 0), "assignee"));
        say_ok(fixture, E1_WORKER, verb(fixture, "e1", id, "complete"), "{\"result\":{\"found\":3}}");
        say_ok(fixture, COMMANDER, verb(fixture, "town", id, "verify"), "{}");
        refresh(fixture);
        const cJSON *list = document(fixture, "tier3/e1/list/result");
        assert_false(json_has(entry(list, 0), "by"));
        assert_null(json_object(list, "counted")->child);
        assert_int_equal(json_int(json_object(json_object(json_object(own(fixture, E1_WORKER, "result"), "counted"), "task"), "sums"), "found", -1), 3);
}

/* Who works there no more reads no more of it, and who is gone has no lists. */
static void test_lists_follow_seats(void **state) {
        Fixture *fixture = *state;
        const char *id = issue(fixture, "e1", "all", HOUR);
        say_ok(fixture, E1_WORKER, verb(fixture, "e1", id, "complete"), "{\"result\":{\"found\":3}}");
        say_ok(fixture, COMMANDER, verb(fixture, "town", id, "verify"), "{}");
        refresh(fixture);
        assert_int_equal(json_int(own(fixture, E1_WORKER, "result"), "total", -1), 1);
        say_ok(fixture, ADMIN, "admin/seat-start", "{\"member\":\"%s\",\"unit\":\"w1\",\"role\":\"grid_worker\"}", fixture->members[E1_WORKER]);
        say_ok(fixture, ADMIN, "admin/seat-end", "{\"member\":\"%s\",\"unit\":\"e1\"}", fixture->members[E1_WORKER]);
        refresh(fixture);
        assert_int_equal(json_int(own(fixture, E1_WORKER, "result"), "total", -1), 0);
        assert_true(status_expects_member(engine_state(fixture->engine), fixture->members[E1_WORKER], "task"));
        say_ok(fixture, ADMIN, "admin/seat-end", "{\"member\":\"%s\",\"unit\":\"w1\"}", fixture->members[E1_WORKER]);
        refresh(fixture);
        assert_null(own(fixture, E1_WORKER, "result"));
        assert_false(status_expects_member(engine_state(fixture->engine), fixture->members[E1_WORKER], "task"));
        assert_false(status_expects_member(engine_state(fixture->engine), fixture->members[E1_HEAD], "secrets"));
}

/* A result may hold many counts: the document stays within what a message may hold, and says that something is missing. */
static void test_documents_are_bounded(void **state) {
        Fixture *fixture = *state;
        char result[4096] = "";
        for (int i = 0; i < 30; i++)
                snprintf(result + strlen(result), sizeof(result) - strlen(result), "%s\"a_long_name_of_a_count_%02d_%s\":1000000", i ? "," : "", i, "xxxxx");
        Documents documents = {0};
        for (int i = 0; i < 55; i++) {
                const char *id = issue(fixture, "e1", "all", 0);
                say_ok(fixture, E1_WORKER, verb(fixture, "e1", id, "complete"), "{\"result\":{%s}}", result);
                say_ok(fixture, COMMANDER, verb(fixture, "town", id, "verify"), "{}");
        }
        status_renew(engine_status(fixture->engine));
        engine_status_documents(fixture->engine, fixture->now, &documents);
        for (size_t i = 0; i < documents.n; i++)
                assert_true(documents.items[i].n_payload < LIST_BYTES_MAX + 4096);
        documents_deinit(&documents);
        status_renew(engine_status(fixture->engine));
        refresh(fixture);
        const cJSON *list = document(fixture, "tier3/e1/list/result");
        assert_true(json_bool(list, "truncated", false));
        assert_int_equal(json_int(list, "total", -1), 55);
        assert_in_range(cJSON_GetArraySize(json_array(list, "entries")), 20, 50);
        assert_int_equal(json_int(json_object(json_object(list, "counted"), "task"), "done", -1), 55);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(test_due_first), TEST(test_midnight_moves_what_is_due), TEST(test_own_lists), TEST(test_whose_result_it_is), TEST(test_points_stand_with_the_result),
                TEST(test_returned_work_is_not_done), TEST(test_resolved_from_above), TEST(test_exercises_are_not_counted),
                TEST(test_unit_lists_keep_what_is_not_for_all), TEST(test_lists_follow_seats), TEST(test_documents_are_bounded),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
