/* devices: what they did is kept; silence and faults become repairs, which end or are told when the device is well again. */
#include "fixture.h"

#include <stdio.h>
#include <string.h>

#define BEAT "device/panic-1/heartbeat"
#define EVENT "device/panic-1/event"
#define DOCUMENT "tier3/e1/device/panic-1"
#define METER_BEAT "device/meter-1/heartbeat"
#define METER_EVENT "device/meter-1/event"
#define TITLE "\"title\":{\"zh\":\"修\",\"en\":\"Mend\"}"

static void add_playbook(Fixture *fixture, const char *name, const char *when, const char *step) {
        say_ok(fixture, ADMIN, "admin/playbook-apply",
               "{\"playbook\":{\"playbook\":\"%s\",\"version\":1," TITLE ",\"start\":\"mend\",\"when\":{\"device\":{\"event\":%s}},"
               "\"steps\":{\"mend\":{" TITLE ",%s}}}}", name, when, step);
}

/* Rows of the history that the last message or timer wrote. */
static size_t n_history(const Fixture *fixture) { return fixture->n_rows[TABLE_DEVICE_HISTORY]; }

static void test_history_has_a_row_a_change(void **state) {
        Fixture *fixture = *state;
        say(fixture, PANIC, BEAT, "{}");
        assert_int_equal(n_history(fixture), 1); /* online */
        for (int i = 0; i < 6; ++i) {
                pass(fixture, MINUTE);
                say(fixture, PANIC, BEAT, "{\"state\":\"ok\"}");
                assert_int_equal(n_history(fixture), 0); /* also where half of its silence is recorded */
        }
        say(fixture, PANIC, BEAT, "{\"state\":\"fault\"}");
        assert_int_equal(n_history(fixture), 1);
        say_ok(fixture, PANIC, EVENT, "{\"event\":\"restored\"}");
        assert_int_equal(n_history(fixture), 1);
        say_ok(fixture, PANIC, EVENT, "{\"event\":\"panic\"}");
        assert_int_equal(n_history(fixture), 0); /* an alarm is work, not the device's own story */
}

static void test_silence_starts_a_repair(void **state) {
        Fixture *fixture = *state;
        add_playbook(fixture, "mend", "[\"offline\",\"fault\"]", "\"to\":[{\"parent\":1}],\"dedup\":[\"device\"],\"ends_on\":\"restored\"");
        say(fixture, PANIC, BEAT, "{}");
        pass(fixture, 16 * MINUTE);
        const cJSON *task = task_at(fixture, 2, "east");
        assert_non_null(task);
        assert_string_equal(json_string(json_object(task, "origin"), "id"), "panic-1");
        assert_string_equal(cJSON_GetArrayItem(json_array(task, "devices"), 0)->valuestring, "panic-1");
        assert_string_equal(json_string(task, "issued_at"), when(fixture, -MINUTE)); /* when it fell silent, not when that was noticed */
}

static void test_back_by_itself_ends_what_nobody_took(void **state) {
        Fixture *fixture = *state;
        add_playbook(fixture, "mend", "[\"offline\",\"fault\"]", "\"to\":[{\"parent\":1}],\"dedup\":[\"device\"],\"ends_on\":\"restored\"");
        say(fixture, PANIC, BEAT, "{}");
        pass(fixture, 20 * MINUTE);
        assert_string_equal(json_string(task_at(fixture, 2, "east"), "state"), "issued");
        say(fixture, PANIC, BEAT, "{}");
        assert_string_equal(json_string(task_at(fixture, 2, "east"), "state"), "closed");
        assert_int_equal(cJSON_GetArraySize(json_array(task_at(fixture, 2, "east"), "devices")), 0);
}

static void test_back_while_somebody_is_on_the_way_is_told(void **state) {
        Fixture *fixture = *state;
        char topic[TOPIC_MAX], id[UUID_LENGTH + 1];
        add_playbook(fixture, "mend", "[\"offline\",\"fault\"]", "\"to\":[{\"parent\":1}],\"dedup\":[\"device\"],\"ends_on\":\"restored\"");
        say(fixture, PANIC, BEAT, "{}");
        pass(fixture, 20 * MINUTE);
        snprintf(id, sizeof(id), "%s", json_string(task_at(fixture, 2, "east"), "id"));
        snprintf(topic, sizeof(topic), "tier2/east/action/%s/accept", id);
        say_ok(fixture, EAST_OFFICER, topic, "{}");
        say(fixture, PANIC, BEAT, "{}");
        const cJSON *task = task_at(fixture, 2, "east");
        assert_string_equal(json_string(task, "state"), "accepted");
        assert_string_equal(json_string(task, "restored_at"), when(fixture, 0));
        pass(fixture, 20 * MINUTE); /* gone again: the same task, one more */
        task = task_at(fixture, 2, "east");
        assert_string_equal(json_string(task, "id"), id);
        assert_null(json_string(task, "restored_at"));
        assert_int_equal(cJSON_GetArraySize(json_array(task, "devices")), 1);
        snprintf(topic, sizeof(topic), "tier2/east/action/%s/complete", id);
        say_ok(fixture, EAST_OFFICER, topic, "{}");
        assert_string_equal(json_string(task_at(fixture, 2, "east"), "state"), "closed");
}

static void test_without_the_word_the_task_is_only_told(void **state) {
        Fixture *fixture = *state;
        add_playbook(fixture, "mend", "\"fault\"", "\"to\":[{\"parent\":1}]");
        say(fixture, PANIC, BEAT, "{\"state\":\"fault\",\"fields\":{\"code\":\"battery\"}}"); /* a heartbeat starts it too */
        assert_string_equal(json_string(task_at(fixture, 2, "east"), "state"), "issued");
        say(fixture, PANIC, BEAT, "{\"state\":\"fault\",\"fields\":{\"code\":\"battery\"}}"); /* nothing new */
        assert_int_equal(count_topics(fixture, "tier2/east/task/"), 1);
        say(fixture, PANIC, BEAT, "{\"state\":\"ok\"}");
        assert_string_equal(json_string(task_at(fixture, 2, "east"), "state"), "issued");
        assert_string_equal(json_string(task_at(fixture, 2, "east"), "restored_at"), when(fixture, 0));
}

/* Online again but still out of order is not well. */
static void test_a_fault_outlives_the_silence(void **state) {
        Fixture *fixture = *state;
        add_playbook(fixture, "mend", "[\"offline\",\"fault\"]", "\"to\":[{\"parent\":1}],\"dedup\":[\"device\"],\"ends_on\":\"restored\"");
        say(fixture, PANIC, BEAT, "{\"state\":\"fault\"}");
        pass(fixture, 20 * MINUTE);
        say(fixture, PANIC, BEAT, "{}");
        assert_string_equal(json_string(task_at(fixture, 2, "east"), "state"), "issued");
        say(fixture, PANIC, BEAT, "{\"state\":\"ok\"}");
        assert_string_equal(json_string(task_at(fixture, 2, "east"), "state"), "closed");
}

/* What stands behind one gateway falls silent together: one task, a count, and its end when the last is back. */
static void test_a_gateways_silence_is_one_task(void **state) {
        Fixture *fixture = *state;
        add_playbook(fixture, "mend", "[\"offline\",\"fault\"]", "\"to\":[{\"unit\":\"west\"}],\"dedup\":[\"gateway\"],\"ends_on\":\"restored\"");
        say(fixture, GATEWAY, "device/gateway-1/heartbeat", "{}");
        say(fixture, GATEWAY, METER_BEAT, "{}");
        say(fixture, PANIC, BEAT, "{}");
        pass(fixture, 20 * MINUTE);
        assert_int_equal(count_topics(fixture, "tier2/west/task/"), 2); /* the gateway's, and panic-1's own */
        size_t n_waiting = 0, cursor = 0;
        const Task *both = NULL;
        for (const Task *task; (task = state_next_task(engine_state(fixture->engine), &cursor));)
                if (cJSON_GetArraySize(json_array(task->body, "devices")) == 2) {
                        n_waiting++;
                        both = task;
                }
        assert_int_equal(n_waiting, 1);
        assert_int_equal(both->raised, 1);
        say(fixture, GATEWAY, METER_BEAT, "{}");
        assert_int_equal(both->state, TASK_STATE_ISSUED);
        say(fixture, GATEWAY, "device/gateway-1/heartbeat", "{}");
        assert_int_equal(both->state, TASK_STATE_CLOSED);
}

/* The gateway lives and says that a device behind it does not. */
static void test_a_gateway_says_offline(void **state) {
        Fixture *fixture = *state;
        say(fixture, GATEWAY, METER_BEAT, "{}");
        assert_true(json_bool(document(fixture, "tier3/w1/device/meter-1"), "online", false));
        say_ok(fixture, GATEWAY, METER_EVENT, "{\"event\":\"offline\"}");
        assert_false(json_bool(document(fixture, "tier3/w1/device/meter-1"), "online", true));
        assert_int_equal(n_history(fixture), 1);
        say_ok(fixture, GATEWAY, METER_EVENT, "{\"event\":\"offline\"}");
        assert_int_equal(n_history(fixture), 0);
        assert_null(task_at(fixture, 3, "w1")); /* no playbook asks for it */
        pass(fixture, HOUR);
        say(fixture, GATEWAY, METER_BEAT, "{}");
        assert_true(json_bool(document(fixture, "tier3/w1/device/meter-1"), "online", false));
}

/* A device that has never been heard of may be named as gone by its gateway. */
static void test_never_heard_of(void **state) {
        Fixture *fixture = *state;
        say_ok(fixture, GATEWAY, METER_EVENT, "{\"event\":\"offline\"}");
        assert_false(json_bool(document(fixture, "tier3/w1/device/meter-1"), "online", true));
        assert_int_equal(n_history(fixture), 1);
}

/* The organisation allows it a longer silence, or any: judged by that from then on, its last word included. */
static void test_a_longer_silence_is_granted(void **state) {
        Fixture *fixture = *state;
        cJSON *file = cJSON_Parse(FIELD_ORGANISATION);
        cJSON *device = cJSON_GetArrayItem(cJSON_GetObjectItem(file, "devices"), 0);
        say(fixture, PANIC, BEAT, "{}");
        cJSON_SetIntValue(cJSON_GetObjectItem(file, "version"), 2);
        cJSON_ReplaceItemInObject(device, "silence", cJSON_CreateString("PT2H"));
        char *text = json_print(file);
        say_ok(fixture, ADMIN, "admin/organisation-apply", "{\"organisation\":%s}", text);
        cJSON_free(text);
        pass(fixture, 170 * MINUTE);
        assert_true(json_bool(document(fixture, DOCUMENT), "online", false));
        pass(fixture, 10 * MINUTE);
        assert_false(json_bool(document(fixture, DOCUMENT), "online", true));
        say(fixture, PANIC, BEAT, "{}");
        cJSON_SetIntValue(cJSON_GetObjectItem(file, "version"), 3);
        cJSON_DeleteItemFromObject(device, "silence");
        text = json_print(file);
        say_ok(fixture, ADMIN, "admin/organisation-apply", "{\"organisation\":%s}", text);
        cJSON_free(text);
        cJSON_Delete(file);
        pass(fixture, 10 * DAY);
        assert_true(json_bool(document(fixture, DOCUMENT), "online", false));
}

/* A storm costs one task and one document, whoever counts. */
static void test_storm(void **state) {
        Fixture *fixture = *state;
        for (int i = 0; i < 300; ++i) {
                say_ok(fixture, PANIC, EVENT, "{\"event\":\"panic\"}");
                assert_int_equal(fixture->n_rows[TABLE_TASK], 1);
        }
        assert_int_equal(count_topics(fixture, "tier3/e1/task/"), 1);
        size_t cursor = 0;
        const Task *task = state_next_task(engine_state(fixture->engine), &cursor);
        assert_int_equal(task->raised, 299);
        assert_null(state_next_task(engine_state(fixture->engine), &cursor));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(test_history_has_a_row_a_change), TEST(test_silence_starts_a_repair), TEST(test_back_by_itself_ends_what_nobody_took),
                TEST(test_back_while_somebody_is_on_the_way_is_told), TEST(test_without_the_word_the_task_is_only_told),
                TEST(test_a_fault_outlives_the_silence), TEST(test_a_gateways_silence_is_one_task), TEST(test_a_gateway_says_offline),
                TEST(test_never_heard_of), TEST(test_a_longer_silence_is_granted),
                TEST(test_storm),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
