/*
 * Escalation: climbing by clock and by verb, skipping empty rungs, what the unit above may do, bundles and alerts.
 */
#include "town.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static size_t count_events(const Town *town, const char *column, const char *value) {
        size_t cursor = 0, n = 0;
        for (Row *row; (row = map_next(town->database.tables[TABLE_ESCALATION_HISTORY], &cursor, NULL)) != NULL;) {
                const char *cell = row_cell(TABLE_ESCALATION_HISTORY, row, column);
                n += cell != NULL && strcmp(cell, value) == 0;
        }
        return n;
}

static void test_silence_climbs(void **state) {
        Town *town = *state;
        warn(town, "fraud", "Severe");
        const Task *e1 = task_of(town, "e1");
        const int64_t base = town->now;
        pass_until(town, base + 2 * HOUR); /* up to but without the deadline */
        assert_string_equal(e1->escalation, "");
        assert_int_equal(e1->card, CARD_YELLOW); /* half way */
        pass(town, 0);
        const Escalation *first = escalation_of(town, e1);
        assert_non_null(first);
        assert_string_equal(first->from, "e1");
        assert_string_equal(first->to, "east");
        assert_string_equal(first->cause, "accept");
        assert_string_equal(first->by, "daemon");
        assert_int_equal(first->opened_at, base + 2 * HOUR);
        assert_int_equal(first->accept_by, base + 2 * HOUR + 30 * MINUTE);
        assert_int_equal(e1->card, CARD_RED); /* red comes before the ladder at the same instant */
        assert_int_equal(e1->state, TASK_STATE_ISSUED);
        pass(town, 30 * MINUTE);
        const Escalation *second = escalation_of(town, e1);
        assert_int_equal(first->state, ESCALATION_PASSED_UP);
        assert_string_equal(first->passed_to, second->id);
        assert_string_equal(second->to, "town");
        assert_int_equal(second->level, 2);
        pass(town, 3 * DAY); /* at the top it stays */
        assert_ptr_equal(escalation_of(town, e1), second);
        char topic[128];
        snprintf(topic, sizeof topic, "tier1/town/escalation/staff/%s", e1->id);
        _cleanup_json_ cJSON *document = document_at(town, topic);
        assert_string_equal(json_string(document, "id"), second->id);
        assert_int_equal(cJSON_GetArraySize(json_array(document, "history")), 2);
        town_assert_documents(town);
}

static void test_downtime_shifts_nothing(void **state) {
        Town *town = *state;
        warn(town, "fraud", "Severe");
        const Task *e1 = task_of(town, "e1");
        const int64_t base = town->now;
        /* the daemon was away for two days: what came due fires late, and counts from when it was due */
        pass(town, 2 * DAY);
        Escalation *const *rungs;
        assert_int_equal(state_escalations_of_task(engine_state(town->engine), e1->id, &rungs), 2);
        assert_int_equal(rungs[0]->opened_at, base + 2 * HOUR);
        assert_int_equal(rungs[1]->opened_at, base + 2 * HOUR + 30 * MINUTE);
        assert_int_equal(rungs[0]->ended_at, rungs[1]->opened_at);
}

static void test_empty_rung_is_skipped(void **state) {
        Town *town = *state;
        warn(town, "fraud", "Severe");
        const Task *n1 = task_of(town, "n1");
        pass(town, 2 * HOUR);
        assert_string_equal(escalation_of(town, n1)->to, "town"); /* nobody sits in `empty` */
        assert_int_equal(count_events(town, "reason", "nobody"), 1);
        /* e3 is staffed by east: its escalation goes to east's parent */
        const Task *e3 = task_of(town, "e3");
        assert_string_equal(e3->handler, "east");
        assert_string_equal(escalation_of(town, e3)->to, "town");
}

static void test_resolve(void **state) {
        Town *town = *state;
        warn(town, "fraud", "Severe");
        const Task *e1 = task_of(town, "e1");
        char id[UUID_LENGTH + 1];
        strcpy(id, e1->id);
        assert_ok(act(town, "e1", id, "accept", "{}"));
        assert_code(act(town, "e1", id, "escalate", "{}"), "reason");
        assert_ok(act(town, "e1", id, "escalate", "{'reason':'threats','note':'来人'}"));
        assert_code(act(town, "e1", id, "escalate", "{'reason':'again'}"), "state");
        const Escalation *escalation = escalation_of(town, e1);
        assert_string_equal(escalation->reason, "threats");
        assert_code(act(town, "west", id, "resolve", "{}"), "forbidden");
        assert_code(act(town, "e1", id, "resolve", "{}"), "forbidden");
        assert_ok(act(town, "east", id, "accept", "{'revision':1}"));
        assert_string_equal(e1->handler, "east");
        assert_code(act(town, "east", id, "accept", "{}"), "state");
        assert_code(act(town, "east", id, "resolve", "{'revision':77}"), "stale");
        assert_ok(act(town, "east", id, "resolve", "{'outcome':'settled','result':{'households':3}}"));
        assert_int_equal(escalation->state, ESCALATION_RESOLVED);
        assert_string_equal(escalation->outcome, "settled");
        assert_int_equal(e1->state, TASK_STATE_CLOSED);
        assert_string_equal(e1->outcome, "resolved");
        assert_string_equal(e1->escalation, "");
        assert_code(act(town, "east", id, "resolve", "{}"), "closed");
        assert_string_equal(json_string(act(town, "e1", id, "complete", "{'result':{'households':3,'dissuaded':0}}"), "code"), "late");
        town_assert_documents(town);
        pass(town, 8 * DAY);
        assert_null(state_task(engine_state(town->engine), id));
        town_assert_documents(town);
}

static void test_return(void **state) {
        Town *town = *state;
        warn(town, "fraud", "Severe");
        const Task *e1 = task_of(town, "e1");
        pass(town, 2 * HOUR);
        assert_ok(act(town, "east", e1->id, "accept", "{}"));
        assert_code(act(town, "east", e1->id, "return", "{}"), "reason");
        assert_ok(act(town, "east", e1->id, "return", "{'reason':'yours'}"));
        assert_string_equal(e1->escalation, "");
        assert_string_equal(e1->handler, "e1");
        assert_int_equal(e1->finish_by, e1->base_at + 8 * HOUR); /* that clock ran on */
        assert_int_equal(e1->accept_by, town->now + 2 * HOUR);   /* silence will be noticed again */
        pass(town, 2 * HOUR);
        assert_string_equal(escalation_of(town, e1)->to, "east");
        Escalation *const *rungs;
        assert_int_equal(state_escalations_of_task(engine_state(town->engine), e1->id, &rungs), 2);
        town_assert_documents(town); /* the same topic carries the later one */
}

static void test_pass_up_by_hand(void **state) {
        Town *town = *state;
        warn(town, "fraud", "Severe");
        const Task *e1 = task_of(town, "e1");
        assert_ok(act(town, "e1", e1->id, "escalate", "{'reason':'weapons'}"));
        assert_ok(act(town, "east", e1->id, "escalate", "{'reason':'too-big'}"));
        assert_string_equal(escalation_of(town, e1)->to, "town");
        assert_string_equal(escalation_of(town, e1)->from, "east");
        assert_code(act(town, "town", e1->id, "escalate", "{'reason':'too-big'}"), "limit"); /* nobody above */
        assert_code(act(town, "east", e1->id, "return", "{'reason':'yours'}"), "state");
        assert_code(act(town, "west", escalation_of(town, e1)->id, "accept", "{}"), "forbidden");
        assert_code(act(town, "e1", escalation_of(town, e1)->id, "resolve", "{}"), "forbidden");
        assert_ok(act(town, "town", escalation_of(town, e1)->id, "accept", "{}")); /* by its own id too */
        assert_ok(act(town, "town", e1->id, "assign", "{'assignee':'%s'}", member_of("town", "officer")));
        assert_string_equal(escalation_of(town, e1)->assignee, member_of("town", "officer"));
}

static void test_answers_withdraw(void **state) {
        Town *town = *state;
        warn(town, "fraud", "Severe");
        const Task *e1 = task_of(town, "e1"), *e2 = task_of(town, "e2"), *w1 = task_of(town, "w1");
        pass(town, 2 * HOUR);
        char id[UUID_LENGTH + 1];
        strcpy(id, e1->escalation);
        assert_ok(act(town, "e1", e1->id, "accept", "{}")); /* silence is over */
        assert_string_equal(e1->escalation, "");
        assert_int_equal(state_escalation(engine_state(town->engine), id)->state, ESCALATION_WITHDRAWN);
        assert_ok(act(town, "east", e2->id, "accept", "{}"));
        assert_ok(act(town, "e2", e2->id, "accept", "{}"));
        assert_string_not_equal(e2->escalation, ""); /* the room has taken it on already */
        strcpy(id, w1->escalation);
        assert_ok(act(town, "town", w1->id, "cancel", "{}"));
        assert_int_equal(state_escalation(engine_state(town->engine), id)->state, ESCALATION_WITHDRAWN);
        assert_string_equal(state_escalation(engine_state(town->engine), id)->outcome, "cancelled");
        town_assert_documents(town);
}

static void test_bundles(void **state) {
        Town *town = *state;
        warn(town, "fraud", "Severe");
        const Task *e1 = task_of(town, "e1"), *e2 = task_of(town, "e2"), *w1 = task_of(town, "w1");
        assert_ok(act(town, "e1", e1->id, "escalate", "{'reason':'a'}"));
        assert_int_equal(cJSON_GetArraySize(town->notes), 2); /* officer and auxiliary of east, by the one gateway */
        assert_string_equal(json_string(cJSON_GetArrayItem(town->notes, 0), "number"), e1->number);
        town->now += 14 * MINUTE;
        assert_ok(act(town, "e2", e2->id, "escalate", "{'reason':'b'}"));
        assert_int_equal(cJSON_GetArraySize(town->notes), 0); /* the same bundle within 15 minutes */
        assert_string_equal(escalation_of(town, e1)->bundle, escalation_of(town, e2)->bundle);
        assert_ok(act(town, "w1", w1->id, "escalate", "{'reason':'c'}"));
        assert_string_not_equal(escalation_of(town, w1)->bundle, escalation_of(town, e1)->bundle);
        town->now += 2 * MINUTE;
        assert_ok(act(town, "east", e1->id, "return", "{'reason':'yours'}"));
        assert_ok(act(town, "e1", e1->id, "escalate", "{'reason':'d'}"));
        assert_int_equal(cJSON_GetArraySize(town->notes), 2);
}

static void test_verify_silence(void **state) {
        Town *town = *state;
        /* the room does not look at the completed work: no rung names `verify`, so a red card and nothing else */
        warn(town, "fraud", "Severe");
        const Task *e1 = task_of(town, "e1");
        assert_ok(act(town, "e1", e1->id, "complete", "{'result':{'households':3,'dissuaded':0}}"));
        pass(town, 5 * HOUR);
        assert_int_equal(e1->card, CARD_RED);
        assert_string_equal(e1->escalation, "");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_silence_climbs, town_setup, town_teardown),
                cmocka_unit_test_setup_teardown(test_downtime_shifts_nothing, town_setup, town_teardown),
                cmocka_unit_test_setup_teardown(test_empty_rung_is_skipped, town_setup, town_teardown),
                cmocka_unit_test_setup_teardown(test_resolve, town_setup, town_teardown),
                cmocka_unit_test_setup_teardown(test_return, town_setup, town_teardown),
                cmocka_unit_test_setup_teardown(test_pass_up_by_hand, town_setup, town_teardown),
                cmocka_unit_test_setup_teardown(test_answers_withdraw, town_setup, town_teardown),
                cmocka_unit_test_setup_teardown(test_bundles, town_setup, town_teardown),
                cmocka_unit_test_setup_teardown(test_verify_silence, town_setup, town_teardown),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
