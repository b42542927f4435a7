/* lists and counters: of units that something touched, and of no others. */
#include "fixture.h"

#include <stdio.h>
#include <string.h>

#include "engine/document/list.h"
#include "engine/document/status.h"

static int64_t counter(Fixture *fixture, const char *unit, const char *name) {
        return json_int(document(fixture, "tier3/%s/status", unit), name, -1);
}

static const char *verb(Fixture *fixture, const char *unit, const char *word) {
        static char topic[TOPIC_MAX];
        snprintf(topic, sizeof(topic), "tier3/%s/action/%s/%s", unit, json_string(task_at(fixture, 3, unit), "id"), word);
        return topic;
}

static void test_all_units_at_the_start(void **state) {
        Fixture *fixture = *state; /* the fixture has refreshed once */
        assert_int_equal(count_topics(fixture, "/status"), 7);
        assert_int_equal(count_topics(fixture, "/list/task"), 7 + 9); /* units, and members who work for one */
        assert_int_equal(count_topics(fixture, "/list/result"), 7 + 9);
        assert_int_equal(count_topics(fixture, "/list/duty"), 7 + 9); /* empty ones, too */
        assert_int_equal(refresh(fixture), 0);
        status_renew(engine_status(fixture->engine));
        assert_int_equal(refresh(fixture), 28 + 27);
}

static void test_only_touched_units(void **state) {
        Fixture *fixture = *state;
        post(fixture, COMMANDER, "tier1/town/warning", &(Post){.identifier = "A1"});
        assert_int_equal(refresh(fixture), 16); /* four villages, four documents each */
        assert_int_equal(counter(fixture, "e1", "open"), 1);
        assert_int_equal(counter(fixture, "e1", "issued"), 1);
        assert_int_equal(counter(fixture, "e1", "escalations_open"), 0);
        say_ok(fixture, E1_WORKER, verb(fixture, "e1", "accept"), "{}");
        assert_int_equal(refresh(fixture), 4 + 3); /* and the three of who accepted it */
        assert_int_equal(counter(fixture, "e1", "accepted"), 1);
        assert_int_equal(counter(fixture, "e2", "issued"), 1);
}

static void test_lists(void **state) {
        Fixture *fixture = *state;
        post(fixture, COMMANDER, "tier1/town/warning", &(Post){.identifier = "A1"});
        refresh(fixture);
        const cJSON *list = document(fixture, "tier3/e1/list/task");
        assert_int_equal(json_int(list, "total", -1), 1);
        assert_false(json_bool(list, "truncated", true));
        const cJSON *entry = cJSON_GetArrayItem(json_array(list, "entries"), 0);
        assert_string_equal(json_string(entry, "id"), json_string(task_at(fixture, 3, "e1"), "id"));
        assert_string_equal(json_string(entry, "title"), "冒充公检法");
        assert_string_equal(json_string(entry, "state"), "issued");
        say_ok(fixture, E1_WORKER, verb(fixture, "e1", "accept"), "{}");
        say_ok(fixture, E1_WORKER, verb(fixture, "e1", "complete"), "{\"result\":{\"households\":31}}");
        refresh(fixture);
        assert_int_equal(json_int(document(fixture, "tier3/e1/list/task"), "total", -1), 0);
        list = document(fixture, "tier3/e1/list/result");
        assert_int_equal(json_int(list, "total", -1), 1);
        entry = cJSON_GetArrayItem(json_array(list, "entries"), 0);
        assert_int_equal(json_int(json_object(entry, "result"), "households", -1), 31);
        assert_int_equal(counter(fixture, "e1", "closed_today"), 1);
        assert_int_equal(counter(fixture, "e1", "open"), 0);
}

/* Who reads lists may not read every task: the word for it, and what came of it, are for those who may. */
static void test_lists_tell_no_more_than_the_audience(void **state) {
        Fixture *fixture = *state;
        char topic[TOPIC_MAX];
        const char *id = "0193a9a0-0000-7000-8000-00000000000a";
        snprintf(topic, sizeof(topic), "tier1/town/action/%s/issue", id);
        say_ok(fixture, COMMANDER, topic, "{\"title\":\"夜查\",\"to\":\"e1\",\"audience\":\"staff\"}");
        refresh(fixture);
        const cJSON *entry = cJSON_GetArrayItem(json_array(document(fixture, "tier3/e1/list/task"), "entries"), 0);
        assert_string_equal(json_string(entry, "id"), id);
        assert_string_equal(json_string(entry, "part"), "lead");
        assert_false(json_has(entry, "title") || json_has(entry, "title_en") || json_has(entry, "kind"));
        say_ok(fixture, E1_WORKER, verb(fixture, "e1", "complete"), "{\"result\":{\"found\":3}}");
        snprintf(topic, sizeof(topic), "tier1/town/action/%s/verify", id);
        say_ok(fixture, COMMANDER, topic, "{}");
        refresh(fixture);
        entry = cJSON_GetArrayItem(json_array(document(fixture, "tier3/e1/list/result"), "entries"), 0);
        assert_string_equal(json_string(entry, "id"), id);
        assert_false(json_has(entry, "title") || json_has(entry, "result"));
}

static void test_midnight(void **state) {
        Fixture *fixture = *state;
        post(fixture, COMMANDER, "tier1/town/warning", &(Post){.identifier = "A1", .area = "[{\"geocode\":[{\"valueName\":\"unit\",\"value\":\"e1\"}]}]"});
        say_ok(fixture, E1_WORKER, verb(fixture, "e1", "accept"), "{}");
        say_ok(fixture, E1_WORKER, verb(fixture, "e1", "complete"), "{\"result\":{\"households\":31}}");
        refresh(fixture);
        assert_int_equal(counter(fixture, "e1", "closed_today"), 1);
        pass(fixture, 7 * HOUR); /* 18:00 → 01:00 */
        assert_int_equal(refresh(fixture), 4 + 3);
        assert_int_equal(counter(fixture, "e1", "closed_today"), 0);
}

static void test_cards_and_overdue(void **state) {
        Fixture *fixture = *state;
        post(fixture, COMMANDER, "tier1/town/warning", &(Post){.identifier = "A1", .area = "[{\"geocode\":[{\"valueName\":\"unit\",\"value\":\"e1\"}]}]"});
        pass(fixture, 3 * HOUR); /* the clock for acceptance was two */
        refresh(fixture);
        assert_int_equal(counter(fixture, "e1", "overdue"), 1);
        assert_int_equal(counter(fixture, "e1", "red"), 1);
        assert_int_equal(counter(fixture, "e1", "yellow"), 0);
}

static void test_long_lists_are_cut(void **state) {
        Fixture *fixture = *state;
        for (int i = 0; i < LIST_ENTRIES_MAX + 3; ++i)
                say_ok(fixture, E1_WORKER, "tier3/e1/report", "{\"kind\":\"dispute\"}");
        refresh(fixture);
        const cJSON *list = document(fixture, "tier3/e1/list/task");
        assert_int_equal(json_int(list, "total", -1), LIST_ENTRIES_MAX + 3);
        assert_true(json_bool(list, "truncated", false));
        assert_int_equal(cJSON_GetArraySize(json_array(list, "entries")), LIST_ENTRIES_MAX);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(test_all_units_at_the_start), TEST(test_only_touched_units), TEST(test_lists), TEST(test_lists_tell_no_more_than_the_audience), TEST(test_midnight),
                TEST(test_cards_and_overdue), TEST(test_long_lists_are_cut),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
