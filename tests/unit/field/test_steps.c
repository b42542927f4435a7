/* What a later step may do as well as the first: a task for each member or place; and work that expires and goes on otherwise. */
#include "fixture.h"

#include <stdio.h>
#include <string.h>

#define NEXT "\"version\":1,\"start\":\"ask\",\"when\":{\"report\":{\"kind\":\"need\"}},\"steps\":{\"ask\":{\"to\":[{\"origin\":true}],"

static void apply(Fixture *fixture, const char *name, const char *rest) {
        say_ok(fixture, ADMIN, "admin/playbook-apply", "{\"playbook\":{\"playbook\":\"%s\"," NEXT "%s}}}", name, rest);
}

static size_t open_at(Fixture *fixture, const char *unit, const char *step, const char *assignee) {
        Task *const *tasks;
        size_t n = state_tasks_of_unit(engine_state(fixture->engine), unit, &tasks), found = 0;
        for (size_t i = 0; i < n; i++)
                found += !task_state_is_terminal(tasks[i]->state) && strcmp(tasks[i]->step, step) == 0 &&
                         (!assignee || strcmp(tasks[i]->assignee, assignee) == 0);
        return found;
}

static void complete(Fixture *fixture, Who who, const char *unit) {
        char topic[TOPIC_MAX];
        snprintf(topic, sizeof(topic), "tier3/%s/action/%s/complete", unit, json_string(task_at(fixture, 3, unit), "id"));
        say_ok(fixture, who, topic, "{}");
}

static void test_each_member(void **state) {
        Fixture *fixture = *state;
        apply(fixture, "each", "\"then\":[{\"step\":\"all\"}]},\"all\":{\"each\":\"member\",\"roles\":[\"grid_head\",\"grid_worker\"],\"to\":[{\"same\":1}]}");
        say_ok(fixture, E1_WORKER, "tier3/e1/report", "{\"kind\":\"need\"}");
        complete(fixture, E1_WORKER, "e1");
        assert_int_equal(open_at(fixture, "e1", "all", fixture->members[E1_HEAD]), 1);
        assert_int_equal(open_at(fixture, "e1", "all", fixture->members[E1_WORKER]), 1);
        assert_int_equal(open_at(fixture, "e1", "all", NULL), 2); /* not the volunteer */
}

static void test_each_place(void **state) {
        Fixture *fixture = *state;
        apply(fixture, "each", "\"then\":[{\"step\":\"look\"}]},\"look\":{\"each\":\"place\",\"places\":{\"kind\":\"shop\"}}");
        say_ok(fixture, E1_WORKER, "tier3/e1/report", "{\"kind\":\"need\"}");
        complete(fixture, E1_WORKER, "e1");
        assert_string_equal(json_string(task_at(fixture, 3, "e1"), "place"), "shop-1");
}

/* Not done in time: the step ends so and the next one begins; done in time: nothing expires. */
static void test_expires(void **state) {
        Fixture *fixture = *state;
        apply(fixture, "due", "\"expires\":\"PT3H\",\"then\":[{\"end\":\"told\"},{\"if\":{\"how\":\"expired\"},\"step\":\"visit\"}]},"
                              "\"visit\":{\"to\":[{\"parent\":1}]}");
        say_ok(fixture, E1_WORKER, "tier3/e1/report", "{\"kind\":\"need\"}");
        pass(fixture, 3 * HOUR - 1);
        assert_int_equal(open_at(fixture, "east", "visit", NULL), 0);
        pass(fixture, 1);
        assert_int_equal(open_at(fixture, "e1", "ask", NULL), 0);
        assert_int_equal(open_at(fixture, "east", "visit", NULL), 1);
        say_ok(fixture, E1_WORKER, "tier3/e1/report", "{\"kind\":\"need\"}");
        complete(fixture, E1_WORKER, "e1");
        pass(fixture, 4 * HOUR);
        assert_int_equal(open_at(fixture, "east", "visit", NULL), 1);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_each_member, fixture_setup, fixture_teardown),
                cmocka_unit_test_setup_teardown(test_each_place, fixture_setup, fixture_teardown),
                cmocka_unit_test_setup_teardown(test_expires, fixture_setup, fixture_teardown),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
