/* devices: heartbeats that say nothing new cost nothing; silence, faults and alarms do. */
#include "fixture.h"

#include <stdio.h>
#include <string.h>

#define BEAT "device/panic-1/heartbeat"
#define EVENT "device/panic-1/event"
#define DOCUMENT "tier3/e1/device/panic-1"

static void test_heartbeats(void **state) {
        Fixture *fixture = *state;
        assert_null(say(fixture, PANIC, BEAT, "{\"state\":\"ok\"}")); /* no receipt */
        assert_int_equal(fixture->n_rows[TABLE_EVENT], 1);
        assert_true(json_bool(document(fixture, DOCUMENT), "online", false));
        assert_string_equal(json_string(document(fixture, DOCUMENT), "since"), when(fixture, 0));
        const char *since = when(fixture, 0);
        uint64_t seq = engine_seq(fixture->engine);
        for (int i = 0; i < 4; ++i) {
                pass(fixture, MINUTE);
                say(fixture, PANIC, BEAT, "{\"state\":\"ok\"}");
                assert_int_equal(fixture->n_rows[TABLE_EVENT], 0); /* nothing new */
                assert_int_equal(fixture->n_rows[TABLE_DEVICE_STATUS], 0);
        }
        assert_int_equal(engine_seq(fixture->engine), seq);
        pass(fixture, MINUTE);
        say(fixture, PANIC, BEAT, "{\"state\":\"ok\"}"); /* half of its silence: recorded once, so that a restart knows */
        assert_int_equal(fixture->n_rows[TABLE_EVENT], 1);
        assert_string_equal(json_string(document(fixture, DOCUMENT), "since"), since);
}

static void test_silence(void **state) {
        Fixture *fixture = *state;
        say(fixture, PANIC, BEAT, "{}");
        pass(fixture, 10 * MINUTE);
        assert_true(json_bool(document(fixture, DOCUMENT), "online", false));
        pass(fixture, 5 * MINUTE);
        assert_false(json_bool(document(fixture, DOCUMENT), "online", true));
        assert_string_equal(json_string(document(fixture, DOCUMENT), "since"), when(fixture, 0));
        pass(fixture, MINUTE);
        say(fixture, PANIC, BEAT, "{}");
        assert_true(json_bool(document(fixture, DOCUMENT), "online", false));
}

static void test_steady_heartbeats_stay_online(void **state) {
        Fixture *fixture = *state;
        for (int i = 0; i < 60; ++i) {
                say(fixture, PANIC, BEAT, "{}");
                pass(fixture, 9 * MINUTE);
                assert_true(json_bool(document(fixture, DOCUMENT), "online", false));
        }
}

static void test_faults(void **state) {
        Fixture *fixture = *state;
        say(fixture, PANIC, BEAT, "{\"state\":\"fault\",\"fields\":{\"code\":\"battery\"}}");
        const cJSON *faults = json_array(document(fixture, DOCUMENT), "faults");
        assert_string_equal(cJSON_GetArrayItem(faults, 0)->valuestring, "battery");
        say(fixture, PANIC, BEAT, "{\"state\":\"ok\"}");
        assert_int_equal(cJSON_GetArraySize(json_array(document(fixture, DOCUMENT), "faults")), 0);
        say_ok(fixture, PANIC, EVENT, "{\"event\":\"fault\"}");
        assert_int_equal(cJSON_GetArraySize(json_array(document(fixture, DOCUMENT), "faults")), 1);
        assert_null(task_at(fixture, 3, "e1")); /* no playbook asks for it */
        say_ok(fixture, PANIC, EVENT, "{\"event\":\"restored\"}");
        assert_int_equal(cJSON_GetArraySize(json_array(document(fixture, DOCUMENT), "faults")), 0);
        say(fixture, PANIC, BEAT, "{\"state\":\"fault\"}");
        say(fixture, PANIC, BEAT, "{\"state\":\"broken\"}"); /* no word of ours: says nothing */
        assert_int_equal(cJSON_GetArraySize(json_array(document(fixture, DOCUMENT), "faults")), 1);
}

static void test_alarm_and_the_same_again(void **state) {
        Fixture *fixture = *state;
        char task[UUID_LENGTH + 1], topic[TOPIC_MAX];
        snprintf(task, sizeof(task), "%s", created(say_ok(fixture, PANIC, EVENT, "{\"event\":\"panic\"}"), "task"));
        assert_string_equal(json_string(task_at(fixture, 3, "e1"), "id"), task);
        const cJSON *again = say_ok(fixture, PANIC, EVENT, "{\"event\":\"panic\"}");
        assert_string_equal(created(again, "task"), task); /* the open task, raised */
        assert_int_equal(json_int(json_object(again, "created"), "raised", 0), 1);
        assert_int_equal(count_topics(fixture, "tier3/e1/task/"), 1);
        snprintf(topic, sizeof(topic), "tier3/e1/action/%s/accept", task);
        say_ok(fixture, E1_WORKER, topic, "{}");
        snprintf(topic, sizeof(topic), "tier3/e1/action/%s/complete", task);
        say_ok(fixture, E1_WORKER, topic, "{}");
        assert_int_not_equal(strcmp(created(say_ok(fixture, PANIC, EVENT, "{\"event\":\"panic\"}"), "task"), task), 0); /* a new one */
}

static void test_alarm_without_playbook(void **state) {
        Fixture *fixture = *state;
        say_ok(fixture, GATEWAY, "device/meter-1/event", "{\"event\":\"smoke\",\"fields\":{\"ppm\":40}}");
        assert_non_null(task_at(fixture, 3, "w1")); /* the built-in playbook: never lost */
}

static void test_refusals(void **state) {
        Fixture *fixture = *state;
        say_refused(fixture, CODE_MISSING, PANIC, EVENT, "{}");
        say_refused(fixture, CODE_TYPE, PANIC, EVENT, "{\"event\":1}");
        say_refused(fixture, CODE_RANGE, PANIC, EVENT, "{\"event\":\"Panic!\"}");
        say_refused(fixture, CODE_UNKNOWN_FIELD, PANIC, EVENT, "{\"event\":\"panic\",\"video\":\"x\"}");
        say_refused(fixture, CODE_RANGE, PANIC, EVENT, "{\"event\":\"panic\",\"fields\":{\"a\":\"b c\"}}");
        say_refused(fixture, CODE_DENIED, PANIC, "device/meter-1/event", "{\"event\":\"panic\"}");
        say_refused(fixture, CODE_DENIED, E1_WORKER, EVENT, "{\"event\":\"panic\"}");
        say_refused(fixture, CODE_DENIED, GATEWAY, "device/none-1/event", "{\"event\":\"panic\"}");
        assert_null(task_at(fixture, 3, "e1"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(test_heartbeats), TEST(test_silence), TEST(test_steady_heartbeats_stay_online), TEST(test_faults),
                TEST(test_alarm_and_the_same_again), TEST(test_alarm_without_playbook), TEST(test_refusals),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
