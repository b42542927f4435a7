/* adding playbooks: who is told beside the work that a warning, a report or a device starts, and that nothing of that work changes. */
#include "fixture.h"

#include <stdio.h>
#include <string.h>

#define TOWN "tier1/town/warning"
#define AREA_UNITS(a, b) "[{\"geocode\":[{\"valueName\":\"unit\",\"value\":\"" a "\"},{\"valueName\":\"unit\",\"value\":\"" b "\"}]}]"

static void apply(Fixture *fixture, const char *name, const char *when, const char *inform) {
        say_ok(fixture, ADMIN, "admin/playbook-apply", "{\"playbook\":{\"playbook\":\"%s\",\"version\":1,\"adds\":true,\"when\":%s,\"inform\":%s}}",
               name, when, inform);
}

static const char *part_of(const cJSON *task, const char *unit) {
        const cJSON *part;
        cJSON_ArrayForEach(part, json_array(task, "participants"))
                if (strcmp(json_string(part, "unit"), unit) == 0)
                        return json_string(part, "part");
        return NULL;
}

static void test_warning_tells_further_units(void **state) {
        Fixture *fixture = *state;
        apply(fixture, "river-too", "{\"warning\":{\"eventCode\":\"fraud\",\"severity\":[\"Severe\",\"Extreme\"]}}", "[{\"tag\":\"river\"}]");
        apply(fixture, "again", "{\"warning\":{}}", "[{\"unit\":\"e1\"}]");
        const cJSON *receipt = post(fixture, COMMANDER, TOWN, &(Post){.identifier = "A1", .area = AREA_UNITS("e3", "e2")});
        const char *warning = created(receipt, "warning");
        assert_int_equal(json_int(json_object(receipt, "created"), "units", 0), 2); /* addressed */
        assert_int_equal(json_int(json_object(receipt, "created"), "tasks", 0), 2);
        assert_int_equal(fixture->n_rows[TABLE_NOTICE], 4); /* and e1, w1 told, each once */
        assert_string_equal(json_string(document(fixture, "tier3/w1/notice/%s", warning), "state"), "active");
        assert_non_null(document(fixture, "tier3/e1/notice/%s", warning));
        assert_null(task_at(fixture, 3, "w1")); /* told, nothing to do */
        post(fixture, COMMANDER, TOWN, &(Post){.identifier = "B1", .severity = "Minor", .area = AREA_UNITS("e3", "e2")});
        assert_int_equal(fixture->n_rows[TABLE_NOTICE], 3); /* its condition does not hold: only `again` adds */
}

/* Those who were told stay told, are asked once, and an Update that grows grave tells more. */
static void test_update_tells_more(void **state) {
        Fixture *fixture = *state;
        char topic[TOPIC_MAX];
        apply(fixture, "grave", "{\"warning\":{\"severity\":\"Extreme\"}}", "[{\"unit\":\"w1\"},{\"unit\":\"e1\"}]");
        apply(fixture, "always", "{\"warning\":{\"eventCode\":\"fraud\"}}", "[{\"unit\":\"e1\"}]");
        const cJSON *receipt = post(fixture, COMMANDER, TOWN, &(Post){.identifier = "A1", .area = AREA_UNITS("e2", "e3")});
        char warning[UUID_LENGTH + 1];
        snprintf(warning, sizeof(warning), "%s", created(receipt, "warning"));
        assert_null(document(fixture, "tier3/w1/notice/%s", warning));
        snprintf(topic, sizeof(topic), "tier3/e1/action/%s/ack", warning);
        say_ok(fixture, E1_WORKER, topic, "{}");
        assert_int_equal(cJSON_GetArraySize(json_object(document(fixture, "tier3/e1/notice/%s", warning), "acks")), 1);
        post(fixture, COMMANDER, TOWN, &(Post){.identifier = "A2", .type = "Update", .references = "x,A1,y", .sent = MINUTE, .area = AREA_UNITS("e2", "e3")});
        assert_int_equal(cJSON_GetArraySize(json_object(document(fixture, "tier3/e1/notice/%s", warning), "acks")), 1); /* asked once */
        post(fixture, COMMANDER, TOWN, &(Post){.identifier = "A3", .type = "Update", .references = "x,A2,y", .sent = 2 * MINUTE, .severity = "Extreme",
                                               .area = AREA_UNITS("e2", "e3")});
        assert_string_equal(json_string(document(fixture, "tier3/w1/notice/%s", warning), "state"), "active");
        /* addressed for a while, then no longer: still told */
        post(fixture, COMMANDER, TOWN, &(Post){.identifier = "A4", .type = "Update", .references = "x,A3,y", .sent = 3 * MINUTE, .severity = "Extreme",
                                               .area = AREA_UNITS("e1", "e3")});
        post(fixture, COMMANDER, TOWN, &(Post){.identifier = "A5", .type = "Update", .references = "x,A4,y", .sent = 4 * MINUTE, .severity = "Extreme",
                                               .area = AREA_UNITS("e2", "e3")});
        assert_string_equal(json_string(document(fixture, "tier3/e1/notice/%s", warning), "state"), "active");
        post(fixture, COMMANDER, TOWN, &(Post){.identifier = "A6", .type = "Cancel", .references = "x,A5,y", .sent = 5 * MINUTE});
        assert_string_equal(json_string(document(fixture, "tier3/w1/notice/%s", warning), "state"), "cancelled");
}

static void test_report_is_seen_beside(void **state) {
        Fixture *fixture = *state;
        apply(fixture, "quarrel-too", "{\"report\":{\"kind\":\"dispute\",\"fields\":{\"armed\":true}}}", "[{\"unit\":\"west\"},{\"tier\":1}]");
        say_ok(fixture, E1_WORKER, "tier3/e1/report", "{\"kind\":\"dispute\",\"fields\":{\"kind\":\"land\",\"people\":4,\"armed\":false}}");
        assert_null(task_at(fixture, 2, "west"));
        const cJSON *receipt = say_ok(fixture, E1_WORKER, "tier3/e1/report", "{\"kind\":\"dispute\",\"fields\":{\"kind\":\"land\",\"people\":4,\"armed\":true}}");
        const cJSON *seen = task_at(fixture, 2, "west");
        assert_non_null(seen);
        assert_string_equal(json_string(seen, "id"), created(receipt, "task"));
        assert_string_equal(json_string(seen, "part"), "informed");
        assert_string_equal(part_of(seen, "west"), "informed");
        assert_null(part_of(seen, "town")); /* the first selector that finds somebody decides, as everywhere */
}

/* A report that starts no work, and health of a device: who is to know gets a task that asks to be acknowledged. */
static void test_told_where_nothing_starts(void **state) {
        Fixture *fixture = *state;
        apply(fixture, "counts-too", "{\"report\":{\"kind\":\"counts\"}}", "[{\"tier\":1}]");
        apply(fixture, "fault-too", "{\"device\":{\"event\":\"fault\"}}", "[{\"parent\":1}]");
        say_ok(fixture, E1_WORKER, "tier3/e1/report", "{\"kind\":\"counts\",\"fields\":{\"households\":310}}");
        const cJSON *task = task_at(fixture, 1, "town");
        assert_non_null(task);
        assert_string_equal(json_string(task, "kind"), "acknowledge");
        assert_string_equal(json_string(task, "title"), "counts-too");
        say_ok(fixture, PANIC, "device/panic-1/event", "{\"event\":\"fault\"}");
        assert_non_null(task_at(fixture, 2, "east"));
        assert_null(task_at(fixture, 3, "e1"));
}

static void test_device_event(void **state) {
        Fixture *fixture = *state;
        apply(fixture, "zone-three", "{\"device\":{\"event\":\"panic\",\"fields\":{\"zone\":3}}}", "[{\"unit\":\"w1\"}]");
        say_ok(fixture, PANIC, "device/panic-1/event", "{\"event\":\"panic\",\"fields\":{\"zone\":3}}");
        assert_string_equal(json_string(task_at(fixture, 3, "w1"), "part"), "informed");
}

/* One that adds starts nothing, makes no kind known, is never dispatched, and there are so many and no more. */
static void test_adds_nothing_else(void **state) {
        Fixture *fixture = *state;
        char topic[TOPIC_MAX], name[32];
        apply(fixture, "odd", "{\"report\":{\"kind\":\"odd\"}}", "[{\"tier\":1}]");
        say_refused(fixture, CODE_UNKNOWN_KIND, E1_WORKER, "tier3/e1/report", "{\"kind\":\"odd\"}");
        const cJSON *receipt = say_ok(fixture, E1_WORKER, "tier3/e1/report", "{\"kind\":\"counts\",\"fields\":{\"households\":1}}");
        snprintf(topic, sizeof(topic), "tier3/e1/action/%s/dispatch", created(receipt, "report"));
        say_refused(fixture, CODE_UNKNOWN_TARGET, E1_HEAD, topic, "{\"playbook\":\"odd\"}");
        say_refused(fixture, CODE_PLAYBOOK, ADMIN, "admin/playbook-apply",
                    "{\"playbook\":{\"playbook\":\"lost\",\"version\":1,\"adds\":true,\"when\":{\"warning\":{}},\"inform\":[{\"unit\":\"nowhere\"}]}}");
        for (int i = 1; i < ADDS_MAX; i++) {
                snprintf(name, sizeof(name), "odd-%d", i);
                apply(fixture, name, "{\"report\":{\"kind\":\"odd\"}}", "[{\"tier\":1}]"); /* as many as like at one priority */
        }
        say_refused(fixture, CODE_LIMIT, ADMIN, "admin/playbook-apply",
                    "{\"playbook\":{\"playbook\":\"more\",\"version\":1,\"adds\":true,\"when\":{\"warning\":{}},\"inform\":[{\"tier\":1}]}}");
        say_ok(fixture, ADMIN, "admin/playbook-apply", /* a new version of one that is there is no further one */
               "{\"playbook\":{\"playbook\":\"odd\",\"version\":2,\"adds\":true,\"when\":{\"warning\":{}},\"inform\":[{\"tier\":1}]}}");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_warning_tells_further_units, fixture_setup, fixture_teardown),
                cmocka_unit_test_setup_teardown(test_update_tells_more, fixture_setup, fixture_teardown),
                cmocka_unit_test_setup_teardown(test_report_is_seen_beside, fixture_setup, fixture_teardown),
                cmocka_unit_test_setup_teardown(test_told_where_nothing_starts, fixture_setup, fixture_teardown),
                cmocka_unit_test_setup_teardown(test_device_event, fixture_setup, fixture_teardown),
                cmocka_unit_test_setup_teardown(test_adds_nothing_else, fixture_setup, fixture_teardown),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
