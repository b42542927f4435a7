/* Warnings that a playbook posts by itself, and guidance: told at once, acknowledged, without tasks and without a person in between. */
#include "fixture.h"

#include <stdio.h>
#include <string.h>

#define EVENT "device/panic-1/event"
#define TITLE "\"title\":{\"zh\":\"弯道\",\"en\":\"Bend\"}"
#define HEADLINE "\"headline\":{\"zh\":\"大车进弯\",\"en\":\"Truck in the bend\"}"

static cJSON *playbook_body(const char *when, const char *steps) {
        char text[2048];
        snprintf(text, sizeof(text), "{\"playbook\":\"bend\",\"version\":1," TITLE ",\"start\":\"tell\",\"when\":%s,\"steps\":{%s}}", when, steps);
        cJSON *body = cJSON_Parse(text);
        if (!body)
                fail_msg("the test's own JSON: %s", text);
        return body;
}

static void add_playbook(Fixture *fixture, const char *when, const char *steps) {
        cJSON *body = playbook_body(when, steps);
        char *text = json_print(body);
        say_ok(fixture, ADMIN, "admin/playbook-apply", "{\"playbook\":%s}", text);
        cJSON_free(text);
        cJSON_Delete(body);
}

static void refuse_playbook(Fixture *fixture, const char *when, const char *steps, const char *place, const char *why) {
        cJSON *body = playbook_body(when, steps);
        char *text = json_print(body);
        say_refused(fixture, CODE_PLAYBOOK, ADMIN, "admin/playbook-apply", "{\"playbook\":%s}", text);
        const char *detail = json_string(fixture->receipt, "detail");
        if (!strstr(detail, place) || !strstr(detail, why))
                fail_msg("%s: %s, found %s", place, why, detail);
        cJSON_free(text);
        cJSON_Delete(body);
}

static const cJSON *notice_at(Fixture *fixture, int tier, const char *unit) {
        char prefix[64];
        const cJSON *item;
        snprintf(prefix, sizeof(prefix), "tier%d/%s/notice/", tier, unit);
        cJSON_ArrayForEach(item, fixture->retained)
                if (strncmp(item->string, prefix, strlen(prefix)) == 0 && strcmp(json_string(item, "state"), "active") == 0)
                        return item;
        return NULL;
}

#define SENSOR "{\"device\":{\"event\":\"truck\"}}"
#define TELL "\"tell\":{\"tasks\":false,\"warn\":{\"to\":[{\"unit\":\"e2\"},{\"unit\":\"w1\"},{\"parent\":1}]," HEADLINE                   \
             ",\"instruction\":{\"zh\":\"设卡\",\"en\":\"Stop it\"},\"severity\":\"Severe\",\"expires\":\"PT30M\"}}"

static void test_a_sensor_warns_the_posts(void **state) {
        Fixture *fixture = *state;
        add_playbook(fixture, SENSOR, TELL);
        const cJSON *receipt = say_ok(fixture, PANIC, EVENT, "{\"event\":\"truck\",\"fields\":{\"axles\":5,\"speed\":61,\"kind\":\"coal\"}}");
        assert_int_equal(json_int(json_object(receipt, "created"), "units", 0), 3);
        assert_null(json_string(json_object(receipt, "created"), "task"));
        const cJSON *notice = notice_at(fixture, 3, "w1"); /* not below the sensor's unit: no commander of it could have told them */
        assert_non_null(notice);
        assert_non_null(notice_at(fixture, 3, "e2"));
        assert_non_null(notice_at(fixture, 2, "east"));
        assert_null(notice_at(fixture, 3, "e1"));
        assert_string_equal(json_string(notice, "headline"), "大车进弯");
        assert_string_equal(json_string(notice, "instruction"), "设卡");
        assert_string_equal(json_string(notice, "severity"), "Severe");
        assert_string_equal(json_string(notice, "expires"), when(fixture, 30 * MINUTE));
        const cJSON *english = cJSON_GetArrayItem(json_array(json_object(notice, "cap"), "info"), 1);
        assert_string_equal(json_string(english, "headline"), "Truck in the bend");
        assert_int_equal(cJSON_GetArraySize(json_array(english, "parameter")), 4); /* device, axles, speed, kind */
        assert_int_equal(count_topics(fixture, "/task/"), 0);
}

static void test_it_is_acknowledged(void **state) {
        Fixture *fixture = *state;
        char topic[TOPIC_MAX];
        add_playbook(fixture, SENSOR, TELL);
        say_ok(fixture, PANIC, EVENT, "{\"event\":\"truck\"}");
        snprintf(topic, sizeof(topic), "tier3/w1/action/%s/ack", json_string(notice_at(fixture, 3, "w1"), "warning"));
        say_ok(fixture, W1_WORKER, topic, "{}");
        assert_int_equal(cJSON_GetArraySize(json_object(notice_at(fixture, 3, "w1"), "acks")), 1);
        assert_int_equal(cJSON_GetArraySize(json_object(notice_at(fixture, 3, "e2"), "acks")), 0);
}

/* A truck a second: one warning with a count and no document anew, until it expires. */
static void test_a_storm_raises_a_count(void **state) {
        Fixture *fixture = *state;
        add_playbook(fixture, SENSOR, TELL);
        say_ok(fixture, PANIC, EVENT, "{\"event\":\"truck\"}");
        char first[UUID_LENGTH + 1];
        snprintf(first, sizeof(first), "%s", json_string(notice_at(fixture, 3, "w1"), "warning"));
        for (int i = 0; i < 200; ++i) {
                pass(fixture, 1000);
                assert_string_equal(created(say_ok(fixture, PANIC, EVENT, "{\"event\":\"truck\"}"), "warning"), first);
                assert_int_equal(fixture->n_rows[TABLE_NOTICE], 0);
                assert_int_equal(fixture->n_published, 1); /* the receipt */
        }
        size_t cursor = 0;
        const Warning *warning = state_next_warning(engine_state(fixture->engine), &cursor);
        assert_int_equal(warning->raised, 200);
        pass(fixture, 31 * MINUTE);
        assert_int_equal(warning->state, WARNING_EXPIRED);
        assert_string_not_equal(created(say_ok(fixture, PANIC, EVENT, "{\"event\":\"truck\"}"), "warning"), first);
}

static void test_another_device_is_another_warning(void **state) {
        Fixture *fixture = *state;
        add_playbook(fixture, SENSOR, "\"tell\":{\"tasks\":false,\"warn\":{\"to\":[{\"unit\":\"town\"}]," HEADLINE ",\"expires\":\"PT30M\"}}");
        say_ok(fixture, PANIC, EVENT, "{\"event\":\"truck\"}");
        say_ok(fixture, GATEWAY, "device/meter-1/event", "{\"event\":\"truck\"}");
        assert_int_equal(count_topics(fixture, "tier1/town/notice/"), 2);
}

static void test_exercises_stay_exercises(void **state) {
        Fixture *fixture = *state;
        add_playbook(fixture, SENSOR, TELL);
        say_ok(fixture, PANIC, EVENT, "{\"event\":\"truck\",\"status\":\"Exercise\"}");
        assert_string_equal(json_string(notice_at(fixture, 3, "w1"), "status"), "Exercise");
}

/* M44: what moves in one place is known next door at once, and somebody has to look too. */
static void test_a_step_may_ask_and_tell(void **state) {
        Fixture *fixture = *state;
        add_playbook(fixture, "{\"report\":{\"kind\":\"movement\"}}",
                     "\"tell\":{" TITLE ",\"to\":[{\"origin\":true}],\"warn\":{\"to\":[{\"tag\":\"river\"}]," HEADLINE ",\"expires\":\"PT1H\"},"
                     "\"then\":[{\"step\":\"over\"}]},\"over\":{\"tasks\":false,\"warn\":{\"to\":[{\"same\":1}]," HEADLINE ",\"expires\":\"PT1H\"}}");
        say_ok(fixture, E1_WORKER, "tier3/e1/report", "{\"kind\":\"movement\"}");
        const cJSON *task = task_at(fixture, 3, "e1");
        assert_non_null(task);
        assert_non_null(notice_at(fixture, 3, "w1"));
        assert_int_equal(count_topics(fixture, "/notice/"), 3);
        char topic[TOPIC_MAX];
        snprintf(topic, sizeof(topic), "tier3/e1/action/%s/complete", json_string(task, "id"));
        say_ok(fixture, E1_WORKER, topic, "{}");
        assert_int_equal(count_topics(fixture, "/notice/"), 4); /* the next step's, which ends the case */
        assert_int_equal(count_topics(fixture, "/task/"), 1);
}

/* The room above may withdraw what the sensor said. */
static void test_a_commander_cancels_it(void **state) {
        Fixture *fixture = *state;
        add_playbook(fixture, SENSOR, TELL);
        say_ok(fixture, PANIC, EVENT, "{\"event\":\"truck\"}");
        const Post cancel = {.identifier = "C-1", .type = "Cancel", .references = json_string(notice_at(fixture, 3, "w1"), "identifier"),
                             .event_code = "bend", .sent = 0};
        const cJSON *receipt = post(fixture, COMMANDER, "tier1/town/warning", &cancel);
        assert_string_equal(json_string(receipt, "outcome"), "accepted");
        assert_null(notice_at(fixture, 3, "w1"));
        say_ok(fixture, PANIC, EVENT, "{\"event\":\"truck\"}"); /* and the next truck is told again */
        assert_non_null(notice_at(fixture, 3, "w1"));
}

/* An Update that adds a unit tells it; it makes no task, since the warning itself asked for none. */
static void test_an_update_makes_no_tasks(void **state) {
        Fixture *fixture = *state;
        add_playbook(fixture, SENSOR, TELL);
        say_ok(fixture, PANIC, EVENT, "{\"event\":\"truck\"}");
        const Post update = {.identifier = "U-1", .type = "Update", .references = json_string(notice_at(fixture, 3, "w1"), "identifier"),
                             .event_code = "bend", .area = "[{\"areaDesc\":\"x\",\"geocode\":[{\"valueName\":\"unit\",\"value\":\"e1\"}]}]"};
        assert_string_equal(json_string(post(fixture, COMMANDER, "tier1/town/warning", &update), "outcome"), "accepted");
        assert_non_null(notice_at(fixture, 3, "e1"));
        assert_int_equal(count_topics(fixture, "/task/"), 0);
}

/* M01: precise guidance to the tier below wants to be read and acknowledged; nobody has a task of it. */
static void test_guidance(void **state) {
        Fixture *fixture = *state;
        add_playbook(fixture, "{\"warning\":{\"eventCode\":\"guidance\"}}", "\"tell\":{\"tasks\":false}");
        const Post guidance = {.identifier = "G-1", .event_code = "guidance", .instruction = "按此办理",
                               .area = "[{\"areaDesc\":\"x\",\"geocode\":[{\"valueName\":\"tier\",\"value\":\"2\"}]}]"};
        const cJSON *receipt = post(fixture, COMMANDER, "tier1/town/warning", &guidance);
        assert_string_equal(json_string(receipt, "outcome"), "accepted");
        assert_int_equal(json_int(json_object(receipt, "created"), "tasks", -1), 0);
        assert_int_equal(json_int(json_object(receipt, "created"), "units", -1), 2);
        assert_int_equal(count_topics(fixture, "/task/"), 0);
        assert_non_null(notice_at(fixture, 2, "west"));
        char topic[TOPIC_MAX];
        snprintf(topic, sizeof(topic), "tier2/west/action/%s/ack", json_string(notice_at(fixture, 2, "west"), "warning"));
        say_ok(fixture, WEST_OFFICER, topic, "{}");
        const Post update = {.identifier = "G-2", .type = "Update", .references = "G-1", .event_code = "guidance", .instruction = "改为",
                             .area = "[{\"areaDesc\":\"x\",\"geocode\":[{\"valueName\":\"tier\",\"value\":\"3\"}]}]"};
        assert_string_equal(json_string(post(fixture, COMMANDER, "tier1/town/warning", &update), "outcome"), "accepted");
        assert_int_equal(count_topics(fixture, "/task/"), 0);
        assert_non_null(notice_at(fixture, 3, "w1"));
}

static void test_mistakes(void **state) {
        Fixture *fixture = *state;
#define WARN(more) "\"tell\":{\"tasks\":false,\"warn\":{" more "}}"
#define TO "\"to\":[{\"origin\":true}],"
        refuse_playbook(fixture, SENSOR, "\"tell\":{\"tasks\":false}", "steps.tell", "needs warn");
        refuse_playbook(fixture, SENSOR, "\"tell\":{\"tasks\":false,\"to\":[{\"origin\":true}],\"warn\":{" TO HEADLINE ",\"expires\":\"PT1H\"}}", "steps.tell",
                        "cannot have to");
        refuse_playbook(fixture, SENSOR, "\"tell\":{\"tasks\":true,\"to\":[{\"origin\":true}]}", "steps.tell", "only be false");
        refuse_playbook(fixture, SENSOR, WARN(HEADLINE ",\"expires\":\"PT1H\""), "steps.tell.warn", "to is missing");
        refuse_playbook(fixture, SENSOR, WARN(TO "\"expires\":\"PT1H\""), "steps.tell.warn", "headline is missing");
        refuse_playbook(fixture, SENSOR, WARN(TO HEADLINE), "steps.tell.warn.expires", "duration");
        refuse_playbook(fixture, SENSOR, WARN(TO HEADLINE ",\"expires\":\"P8D\""), "steps.tell.warn.expires", "7 days");
        refuse_playbook(fixture, SENSOR, WARN(TO HEADLINE ",\"expires\":{\"workdays\":1}"), "steps.tell.warn.expires", "duration");
        refuse_playbook(fixture, SENSOR, WARN(TO HEADLINE ",\"expires\":\"PT1H\",\"severity\":\"Grave\""), "steps.tell.warn.severity", "Extreme");
        refuse_playbook(fixture, SENSOR, WARN(TO HEADLINE ",\"expires\":\"PT1H\",\"colour\":\"red\""), "steps.tell.warn", "colour");
        refuse_playbook(fixture, SENSOR, WARN("\"to\":[{\"unit\":\"nowhere\"}]," HEADLINE ",\"expires\":\"PT1H\""), "tell", "no unit");
        refuse_playbook(fixture, SENSOR, "\"tell\":{\"tasks\":false,\"clocks\":{\"*\":{\"accept\":\"PT1H\"}},\"warn\":{" TO HEADLINE ",\"expires\":\"PT1H\"}}",
                        "steps.tell", "clocks");
        refuse_playbook(fixture, SENSOR, "\"tell\":{\"to\":[{\"origin\":true}],\"dedup\":[\"person\"]}", "steps.tell.dedup", "gateway");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(test_a_sensor_warns_the_posts), TEST(test_it_is_acknowledged), TEST(test_a_storm_raises_a_count),
                TEST(test_another_device_is_another_warning), TEST(test_exercises_stay_exercises), TEST(test_a_step_may_ask_and_tell),
                TEST(test_a_commander_cancels_it), TEST(test_an_update_makes_no_tasks), TEST(test_guidance), TEST(test_mistakes),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
