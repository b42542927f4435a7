/*
 * I3: effects happen once. Repeats, reused ids, the bounded memory with its lookups, batches undone, quarantine, and a message's way
 * through refusal.
 */
#include "town.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void test_repeat(void **state) {
        Town *town = *state;
        const char *id = hand(town, "town", "e1", "");
        const cJSON *first = act(town, "e1", id, "accept", "{'id':'20261123-a'}");
        assert_ok(first);
        const int64_t event = json_int(first, "event", -1), seq = (int64_t)engine_seq(town->engine);
        assert_int_equal(event, seq);
        town->now += HOUR;
        const cJSON *again = act(town, "e1", id, "accept", "{'id':'20261123-a'}");
        assert_ok(again);
        assert_true(json_bool(again, "repeat", false));
        assert_int_equal(json_int(again, "event", -1), event);
        assert_int_equal(engine_seq(town->engine), seq); /* nothing was decided */
        assert_int_equal(town->batch.n_repeated, 1);
        /* a rejection is remembered too: it would be accepted now */
        assert_code(act(town, "e1", id, "resume", "{'id':'20261123-b'}"), "state");
        assert_ok(act(town, "town", id, "suspend", "{'until':'%s'}", iso(town->now + DAY)));
        const cJSON *refused = act(town, "e1", id, "resume", "{'id':'20261123-b'}");
        assert_code(refused, "state");
        assert_true(json_bool(refused, "repeat", false));
}

static void test_id_reused(void **state) {
        Town *town = *state;
        const char *id = hand(town, "town", "e1", "");
        assert_ok(act(town, "e1", id, "accept", "{'id':'20261123-a'}"));
        assert_code(act(town, "e1", id, "start", "{'id':'20261123-a'}"), "id_reused"); /* another topic */
        assert_code(act(town, "e1", id, "accept", "{'id':'20261123-a','reason':'x'}"), "id_reused"); /* another body */
        assert_ok(act(town, "town", id, "comment", "{'id':'20261123-a','note':'x'}")); /* another sender's id is its own */
}

static void test_memory_is_bounded(void **state) {
        Town *town = *state;
        const char *id = hand(town, "town", "e1", "");
        Command command;
        EngineNeed needs[ENGINE_NEEDS_MAX];
        char topic[128];
        assert_ok(act(town, "e1", id, "comment", "{'id':'20261123-old','note':'x'}"));
        for (int i = 0; i < 1001; i++)
                act(town, "e1", id, "seen", "{}");
        snprintf(topic, sizeof topic, "tier3/e1/action/%s/comment", id);
        command_make(town, member_of("e1", NULL), topic, "{'id':'20261123-old','note':'x'}", &command);
        assert_int_equal(engine_needs(town->engine, &command, needs), 1);
        assert_int_equal(needs[0].table, TABLE_OUTCOME);
        assert_string_equal(needs[0].key[1], "20261123-old");
        size_t cursor = 0, n_loaded = 0;
        const char *why;
        for (Row *row; (row = map_next(town->database.tables[TABLE_OUTCOME], &cursor, NULL)) != NULL;)
                if (strcmp(row_cell(TABLE_OUTCOME, row, "id"), "20261123-old") == 0)
                        n_loaded += engine_load_row(town->engine, TABLE_OUTCOME, (const char *const *)row->cells, &why) == 0;
        assert_int_equal(n_loaded, 1);
        town_begin(town);
        engine_decide(town->engine, &command, 1);
        town_finish(town);
        command_deinit(&command);
        assert_true(json_bool(town->receipt, "repeat", false));
}

static void test_rolled_back_is_not_remembered(void **state) {
        Town *town = *state;
        const char *id = hand(town, "town", "e1", "");
        Command command;
        char topic[128];
        snprintf(topic, sizeof topic, "tier3/e1/action/%s/accept", id);
        command_make(town, member_of("e1", NULL), topic, "{'id':'20261123-a'}", &command);
        town_begin(town);
        engine_decide(town->engine, &command, 1);
        engine_batch_finish(town->engine);
        engine_batch_rollback(town->engine);
        assert_int_equal(state_task(engine_state(town->engine), id)->state, TASK_STATE_ISSUED);
        town_begin(town);
        engine_decide(town->engine, &command, 1);
        town_finish(town);
        assert_ok(town->receipt);
        assert_false(json_bool(town->receipt, "repeat", false));
        assert_int_equal(state_task(engine_state(town->engine), id)->state, TASK_STATE_ACCEPTED);
        /* twice in one batch */
        town_begin(town);
        engine_decide(town->engine, &command, 1);
        engine_decide(town->engine, &command, 1);
        town_finish(town);
        assert_int_equal(town->batch.n_repeated, 2);
        command_deinit(&command);
}

static void test_rejected_before_the_engine(void **state) {
        Town *town = *state;
        Command command;
        size_t n_outcomes = database_count(&town->database, TABLE_OUTCOME);
        const uint64_t seq = engine_seq(town->engine);
        command_make(town, member_of("e1", NULL), "tier3/e1/report", "{}", &command);
        command.code = CODE_TOO_OLD;
        town_begin(town);
        engine_decide(town->engine, &command, 1);
        town_finish(town);
        assert_code(town->receipt, "too_old");
        assert_int_equal(database_count(&town->database, TABLE_OUTCOME), n_outcomes); /* nothing to remember */
        assert_int_equal(engine_seq(town->engine), seq);
        command.code = CODE_PRIVACY;
        snprintf(command.detail, sizeof command.detail, "fields.name");
        town_begin(town);
        engine_decide(town->engine, &command, 1);
        town_finish(town);
        assert_code(town->receipt, "privacy");
        assert_int_equal(database_count(&town->database, TABLE_OUTCOME), n_outcomes + 1);
        assert_int_equal(engine_seq(town->engine), seq + 1);
        command_deinit(&command);
}

static void test_quarantine(void **state) {
        Town *town = *state;
        Command command;
        command_make(town, member_of("e1", NULL), "tier3/e1/report", "{'id':'20261123-q','kind':'hazard'}", &command);
        town_begin(town);
        engine_quarantine(town->engine, &command, "22P02");
        town_finish(town);
        assert_code(town->receipt, "internal");
        town_begin(town);
        engine_decide(town->engine, &command, 1);
        town_finish(town);
        assert_code(town->receipt, "internal");
        assert_true(json_bool(town->receipt, "repeat", false));
        command_deinit(&command);
}

static void test_access_is_checked_again(void **state) {
        Town *town = *state;
        const char *id = hand(town, "town", "e1", "");
        char topic[128];
        snprintf(topic, sizeof topic, "tier3/e1/action/%s/complete", id);
        assert_code(say(town, AREA "-stranger", topic, "{}"), "denied");
        assert_code(say(town, member_of("e2", NULL), topic, "{}"), "denied");
        assert_code(say(town, member_of("e1", "volunteer"), "tier3/e1/warning", "{}"), "denied");
        assert_ok(say(town, member_of("e1", "volunteer"), topic, "{}"));
        assert_ok(say(town, town->admin, "admin/member-revoke", "{'member':'%s'}", member_of("e2", NULL)));
        assert_code(say(town, member_of("e2", NULL), "tier3/e2/report", "{'kind':'hazard'}"), "denied");
}

/* Receipts come behind the documents of their event, and the whole batch is in the order of events (I4). */
static void test_order_of_documents(void **state) {
        Town *town = *state;
        const char *first = hand(town, "town", "e1", ""), *second = hand(town, "town", "e2", "");
        Command a, b;
        char topic[128];
        snprintf(topic, sizeof topic, "tier3/e1/action/%s/accept", first);
        command_make(town, member_of("e1", NULL), topic, "{}", &a);
        snprintf(topic, sizeof topic, "tier3/e2/action/%s/accept", second);
        command_make(town, member_of("e2", NULL), topic, "{}", &b);
        town_begin(town);
        engine_decide(town->engine, &a, 1);
        engine_decide(town->engine, &b, 1);
        engine_batch_finish(town->engine);
        const Documents *documents = &town->batch.documents;
        assert_int_equal(documents->n, 4);
        assert_non_null(strstr(documents->items[0].topic, first));
        assert_non_null(strstr(documents->items[1].topic, "/receipt"));
        assert_non_null(strstr(documents->items[2].topic, second));
        assert_non_null(strstr(documents->items[3].topic, "/receipt"));
        engine_batch_commit(town->engine);
        command_deinit(&a);
        command_deinit(&b);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_repeat, town_setup, town_teardown),
                cmocka_unit_test_setup_teardown(test_id_reused, town_setup, town_teardown),
                cmocka_unit_test_setup_teardown(test_memory_is_bounded, town_setup, town_teardown),
                cmocka_unit_test_setup_teardown(test_rolled_back_is_not_remembered, town_setup, town_teardown),
                cmocka_unit_test_setup_teardown(test_rejected_before_the_engine, town_setup, town_teardown),
                cmocka_unit_test_setup_teardown(test_quarantine, town_setup, town_teardown),
                cmocka_unit_test_setup_teardown(test_access_is_checked_again, town_setup, town_teardown),
                cmocka_unit_test_setup_teardown(test_order_of_documents, town_setup, town_teardown),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
