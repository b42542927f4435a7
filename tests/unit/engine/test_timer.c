/*
 * Clocks and timers: order at one instant, suspension, expiry, the end of documents, before and after a restart (I9).
 */
#include "town.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void test_order_at_one_instant(void **state) {
        Town *town = *state;
        warn(town, "fraud", "Severe");
        const int64_t due = town->now + 2 * HOUR;
        size_t n_before = town->database.n_events;
        pass(town, 2 * HOUR);
        /* red and ladder of six villages are due at the same instant: first every red, then every ladder, each by id */
        char last_kind[32] = "", last_id[UUID_LENGTH + 1] = "";
        unsigned n_changes = 0;
        for (size_t i = n_before; i < town->database.n_events; i++) {
                const Row *row = town->database.events[i];
                if (strtoll(row_cell(TABLE_EVENT, row, "at"), NULL, 10) != due)
                        continue;
                _cleanup_json_ cJSON *facts = cJSON_Parse(row_cell(TABLE_EVENT, row, "facts"));
                const cJSON *first = cJSON_GetArrayItem(facts, 0);
                if (strcmp(json_string(first, "of"), "task") != 0)
                        continue;
                if (strcmp(json_string(first, "timer"), last_kind) != 0)
                        n_changes++;
                else
                        assert_true(strcmp(last_id, json_string(first, "id")) < 0);
                snprintf(last_kind, sizeof last_kind, "%s", json_string(first, "timer"));
                snprintf(last_id, sizeof last_id, "%s", json_string(first, "id"));
        }
        assert_int_equal(n_changes, 2);
        assert_string_equal(last_kind, "accept");
}

static void test_timer_precedes_later_message(void **state) {
        Town *town = *state;
        warn(town, "fraud", "Severe");
        const Task *e1 = task_of(town, "e1"), *e2 = task_of(town, "e2");
        town->now = e1->accept_by; /* received at the deadline: in time */
        assert_ok(act(town, "e1", e1->id, "accept", "{}"));
        assert_string_equal(e1->escalation, "");
        assert_int_equal(e1->card, CARD_NONE);
        town->now++;
        assert_ok(act(town, "e2", e2->id, "accept", "{}")); /* a millisecond later: the ladder was first */
        Escalation *const *rungs;
        assert_int_equal(state_escalations_of_task(engine_state(town->engine), e2->id, &rungs), 1);
}

static void test_suspension(void **state) {
        Town *town = *state;
        warn(town, "fraud", "Severe");
        const Task *e1 = task_of(town, "e1");
        const int64_t base = town->now;
        assert_ok(act(town, "e1", e1->id, "accept", "{}"));
        town->now += HOUR;
        assert_ok(act(town, "east", e1->id, "suspend", "{'until':'%s'}", iso(town->now + 24 * HOUR)));
        pass(town, 20 * HOUR); /* the handling clock of 8 hours stands still */
        assert_int_equal(e1->card, CARD_NONE);
        assert_string_equal(e1->escalation, "");
        assert_code(act(town, "e1", e1->id, "complete", "{}"), "state");
        pass(town, 4 * HOUR); /* and goes on by itself */
        assert_int_equal(e1->state, TASK_STATE_ACCEPTED);
        assert_int_equal(e1->finish_by, base + 8 * HOUR + 24 * HOUR);
        pass_until(town, e1->finish_by);
        assert_string_equal(e1->escalation, "");
        pass(town, 0);
        assert_string_equal(escalation_of(town, e1)->cause, "finish");
        town_assert_documents(town);
}

static void test_expiry(void **state) {
        Town *town = *state;
        const cJSON *receipt =
                say(town, member_of("town", "commander"), "tier1/town/warning",
                    "{'identifier':'X','sent':'%s','status':'Actual','msgType':'Alert','scope':'Public','info':[{'event':'other','urgency':'Past',"
                    "'severity':'Minor','certainty':'Observed','headline':'知','expires':'%s'}]}", iso(town->now), iso(town->now + DAY));
        assert_ok(receipt);
        const Task *e1 = task_of(town, "e1"), *e2 = task_of(town, "e2");
        assert_string_equal(e1->kind, "acknowledge");
        assert_ok(act(town, "e1", e1->id, "accept", "{}"));
        assert_int_equal(e1->state, TASK_STATE_CLOSED); /* acknowledged is done */
        pass(town, DAY);
        assert_int_equal(e2->state, TASK_STATE_EXPIRED);
        assert_string_equal(json_string(act(town, "e2", e2->id, "complete", "{}"), "code"), "late");
        pass(town, 7 * DAY);
        assert_null(task_of(town, "e1"));
        town_assert_documents(town);
}

static void test_final_document_stays_a_week(void **state) {
        Town *town = *state;
        const char *id = hand(town, "town", "e1", "");
        char topic[128];
        snprintf(topic, sizeof topic, "tier3/e1/task/all/%s", id);
        assert_ok(act(town, "town", id, "cancel", "{}"));
        const int64_t ended = town->now;
        pass_until(town, ended + 7 * DAY);
        assert_non_null(json_string(town->retained, topic));
        pass(town, 0);
        assert_null(json_string(town->retained, topic));
        assert_null(state_task(engine_state(town->engine), id));
}

/* Stopped at a random moment, loaded from the rows, and driven on: the same timers at the same times as without the stop. */
static void test_restart(void **state) {
        Town *town = *state;
        warn(town, "fraud", "Severe");
        pass(town, 61 * MINUTE);
        Engine *loaded = town_engine();
        database_load(&town->database, loaded);
        assert_true(engine_next_due(loaded) == engine_next_due(town->engine));
        Batch left, right;
        batch_init(&left);
        batch_init(&right);
        for (int i = 0; i < 40; i++) {
                engine_batch_begin(town->engine, &left);
                engine_batch_begin(loaded, &right);
                assert_true(engine_fire(town->engine, town->now + 3 * HOUR) == engine_fire(loaded, town->now + 3 * HOUR));
                engine_batch_finish(town->engine);
                engine_batch_finish(loaded);
                assert_string_equal(rows_column(&left.rows[TABLE_EVENT], 8), rows_column(&right.rows[TABLE_EVENT], 8));
                assert_string_equal(rows_column(&left.rows[TABLE_EVENT], 2), rows_column(&right.rows[TABLE_EVENT], 2));
                engine_batch_commit(town->engine);
                engine_batch_commit(loaded);
        }
        batch_deinit(&left);
        batch_deinit(&right);
        engine_free(loaded);
}

/* What the phone's clock says moves no time of the town's: an event is when the broker had it. */
static void test_the_phones_clock_moves_nothing(void **state) {
        Town *town = *state;
        warn(town, "fraud", "Severe");
        const Task *e1 = task_of(town, "e1");
        char topic[128];
        Command command;
        pass(town, 3 * HOUR); /* the ladder has fired; the phone says that it spoke an hour before the deadline */
        snprintf(topic, sizeof topic, "tier3/e1/action/%s/accept", e1->id);
        command_make(town, member_of("e1", NULL), topic, "{}", &command);
        command.occurred_at = e1->accept_by - HOUR;
        town_begin(town);
        engine_decide(town->engine, &command, 1);
        town_finish(town);
        const Row *last = town->database.events[town->database.n_events - 1];
        assert_string_equal(row_cell(TABLE_EVENT, last, "message_id"), command.id);
        assert_true(strtoll(row_cell(TABLE_EVENT, last, "at"), NULL, 10) == town->now);
        command_deinit(&command);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_order_at_one_instant, town_setup, town_teardown),
                cmocka_unit_test_setup_teardown(test_timer_precedes_later_message, town_setup, town_teardown),
                cmocka_unit_test_setup_teardown(test_suspension, town_setup, town_teardown),
                cmocka_unit_test_setup_teardown(test_expiry, town_setup, town_teardown),
                cmocka_unit_test_setup_teardown(test_final_document_stays_a_week, town_setup, town_teardown),
                cmocka_unit_test_setup_teardown(test_restart, town_setup, town_teardown),
                cmocka_unit_test_setup_teardown(test_the_phones_clock_moves_nothing, town_setup, town_teardown),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
