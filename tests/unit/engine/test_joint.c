/*
 * Joint tasks: a copy under the path of each participant, answered there; the lead completes, with everybody's consent.
 */
#include "town.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The town leads, both rooms take part, the court is informed. */
static const Task *joint(Town *town) {
        warn(town, "joint", "Minor");
        const Task *task = task_of(town, "town");
        assert_string_equal(task->kind, "joint");
        return task;
}

static const char *part_state(const Task *task, const char *unit) {
        const cJSON *part;
        cJSON_ArrayForEach(part, json_array(task->body, "participants"))
                if (strcmp(json_string(part, "unit"), unit) == 0)
                        return json_string(part, "state");
        return NULL;
}

static void test_copies(void **state) {
        Town *town = *state;
        const Task *task = joint(town);
        char topic[128];
        snprintf(topic, sizeof topic, "tier2/east/task/all/%s", task->id);
        _cleanup_json_ cJSON *copy = document_at(town, topic);
        assert_string_equal(json_string(copy, "id"), task->id);
        assert_string_equal(json_string(copy, "part"), "joint");
        assert_string_equal(json_string(copy, "unit"), "town");
        snprintf(topic, sizeof topic, "tier1/court/task/all/%s", task->id);
        _cleanup_json_ cJSON *informed = document_at(town, topic);
        assert_string_equal(json_string(informed, "part"), "informed");
        assert_int_equal(database_count(&town->database, TABLE_TASK_PART), 1 + (size_t)cJSON_GetArraySize(json_array(task->body, "participants")));
}

static void test_consent(void **state) {
        Town *town = *state;
        const Task *task = joint(town);
        assert_ok(act(town, "town", task->id, "accept", "{}"));
        assert_ok(act(town, "east", task->id, "accept", "{}"));
        assert_string_equal(part_state(task, "east"), "accepted");
        assert_code(act(town, "east", task->id, "accept", "{}"), "state");
        assert_code(act(town, "town", task->id, "complete", "{'result':{'result':'agreed'}}"), "state");
        assert_ok(act(town, "east", task->id, "complete", "{'result':{'result':'agreed'}}"));
        assert_int_equal(task->state, TASK_STATE_ACCEPTED); /* only the lead completes */
        assert_string_equal(part_state(task, "east"), "agreed");
        assert_code(act(town, "court", task->id, "complete", "{}"), "forbidden"); /* informed, no more */
        assert_ok(act(town, "court", task->id, "accept", "{}"));
        assert_code(act(town, "e1", task->id, "accept", "{}"), "forbidden");
        assert_ok(act(town, "west", task->id, "complete", "{}"));
        assert_ok(act(town, "town", task->id, "complete", "{'result':{'result':'agreed'}}"));
        assert_int_equal(task->state, TASK_STATE_CLOSED);
        assert_string_equal(state_case(engine_state(town->engine), task->case_id)->outcome, "settled");
        assert_string_equal(json_string(act(town, "east", task->id, "progress", "{}"), "code"), "closed");
        town_assert_documents(town);
}

static void test_refusal_ends(void **state) {
        Town *town = *state;
        const Task *task = joint(town);
        char case_id[UUID_LENGTH + 1];
        strcpy(case_id, task->case_id);
        assert_code(act(town, "west", task->id, "decline", "{}"), "reason");
        assert_ok(act(town, "west", task->id, "decline", "{'reason':'refused'}"));
        assert_int_equal(task->state, TASK_STATE_CLOSED);
        assert_string_equal(task->outcome, "refused");
        assert_string_equal(state_case(engine_state(town->engine), case_id)->outcome, "litigation");
        pass(town, 8 * DAY);
        assert_null(state_case(engine_state(town->engine), case_id));
        town_assert_documents(town); /* every copy is cleared */
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_copies, town_setup, town_teardown),
                cmocka_unit_test_setup_teardown(test_consent, town_setup, town_teardown),
                cmocka_unit_test_setup_teardown(test_refusal_ends, town_setup, town_teardown),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
