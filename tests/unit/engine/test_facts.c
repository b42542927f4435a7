/*
 * I11: the facts of the log alone make the same rows; rows loaded make the same state; what is undone leaves no trace; every retained
 * document is what a rebuild would make. Each over thousands of random commands and timers from a fixed seed.
 */
#include "random_town.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/task/work.h"

#define COMMANDS 6000

static void decide(Town *town, const Command *command) {
        engine_decide(town->engine, command, 1);
}

/* Timers due before the command, then the command; `n` commands to a batch. Returns how many timers fired. */
static size_t random_batch(Town *town, Random *random, unsigned n, bool keep) {
        size_t n_fired = 0;
        town_begin(town);
        for (unsigned i = 0; i < n; i++) {
                Command command;
                random_command(town, random, &command);
                while (engine_fire(town->engine, town->now - 1))
                        n_fired++;
                town_lookup(town, &command);
                decide(town, &command);
                command_deinit(&command);
        }
        if (keep)
                town_finish(town);
        return n_fired;
}

/* A month closes, or is corrected, as the daemon would have it after asking the database. */
static void random_books(Town *town, Random *random) {
        char text[512], detail[160];
        unsigned month = 1 + random_below(random, 9), n = random_below(random, 9);
        if (random_below(random, 2))
                snprintf(text, sizeof text, "{\"close\":{\"month\":\"2026-0%u\",\"units\":{\"e1\":{\"reports.hazard\":[%u,%u]},\"w1\":{}}}}", month, n, n);
        else
                snprintf(text, sizeof text, "{\"correct\":{\"month\":\"2026-0%u\",\"units\":{\"e1\":{\"closed_at\":1793577600000,"
                         "\"closed\":{\"reports.hazard\":[4,4]},\"now\":{\"reports.hazard\":[%u,%u]}}}}}", month, n, n);
        cJSON *books = cJSON_Parse(text);
        town_begin(town);
        assert_int_equal(engine_keep_books(town->engine, books, town->now, detail, sizeof detail), CODE_NONE);
        town_finish(town);
        cJSON_Delete(books);
}

static void play(Town *town, Random *random, unsigned n_commands) {
        size_t n_fired = 0;
        for (unsigned n = 0; n < n_commands;) {
                unsigned size = 1 + random_below(random, 4);
                n_fired += random_batch(town, random, size, true);
                n += size;
                if (random_below(random, 60) == 0)
                        random_books(town, random);
        }
        assert_true(n_fired > n_commands / 20);
}

/* The log, event by event, into an engine that knows nothing. */
static void replay(const Database *from, Database *to) {
        Engine *engine = town_engine();
        Batch batch;
        const char *why;
        assert_int_equal(engine_load_finish(engine, 1, &why), 0);
        batch_init(&batch);
        for (size_t i = 0; i < from->n_events; i++) {
                const Row *row = from->events[i];
                const char *unit = row_cell(TABLE_EVENT, row, "unit");
                cJSON *facts = cJSON_Parse(row_cell(TABLE_EVENT, row, "facts"));
                engine_batch_begin(engine, &batch);
                engine_replay(engine, strtoull(row_cell(TABLE_EVENT, row, "seq"), NULL, 10), strtoll(row_cell(TABLE_EVENT, row, "at"), NULL, 10),
                              row_cell(TABLE_EVENT, row, "sender"), unit == NULL ? "" : unit, facts);
                engine_batch_finish(engine);
                database_apply(to, &batch);
                engine_batch_commit(engine);
                cJSON_Delete(facts);
        }
        batch_deinit(&batch);
        engine_free(engine);
}

static void test_replay(void **state) {
        Town *town = *state;
        Random random = {.state = 20261123};
        Database replayed;
        database_init(&replayed);
        play(town, &random, COMMANDS);
        assert_true(database_count(&town->database, TABLE_TASK) > 300);
        assert_true(database_count(&town->database, TABLE_ESCALATION) > 100);
        assert_true(database_count(&town->database, TABLE_DUTY_ROUND) > 1000);
        assert_true(database_count(&town->database, TABLE_FIGURE) > 10);
        assert_true(database_count(&town->database, TABLE_CLOSED_MONTH) > 5);
        replay(&town->database, &replayed);
        database_assert_equal(&town->database, &replayed);
        town_assert_documents(town);
        database_deinit(&replayed);
}

static void test_load(void **state) {
        Town *town = *state;
        Random random = {.state = 77};
        for (int round = 0; round < 6; round++) {
                play(town, &random, COMMANDS / 10);
                database_assert_matches(&town->database, town->engine);
                Engine *loaded = town_engine();
                database_load(&town->database, loaded);
                database_assert_matches(&town->database, loaded);
                assert_true(engine_next_due(loaded) == engine_next_due(town->engine));
                assert_true(engine_seq(loaded) == engine_seq(town->engine));
                /* and work goes on in the loaded one */
                engine_free(town->engine);
                town->engine = loaded;
        }
        town_assert_documents(town);
}

/* A batch undone: the rows, the numbers, the timers, the documents are as before, and the same commands decide the same again. */
static void test_undo(void **state) {
        Town *town = *state;
        Random random = {.state = 4711};
        for (int round = 0; round < 400; round++) {
                const Random before = random;
                const int64_t now = town->now, due = engine_next_due(town->engine);
                const unsigned n_messages = town->n_messages;
                const uint64_t seq = engine_seq(town->engine);
                random_batch(town, &random, 1 + round % 7, false);
                engine_batch_finish(town->engine);
                char *facts = strdup(rows_column(&town->batch.rows[TABLE_EVENT], 8)), *tasks = strdup(rows_column(&town->batch.rows[TABLE_TASK], 1));
                engine_batch_rollback(town->engine);
                assert_true(engine_seq(town->engine) == seq);
                assert_true(engine_next_due(town->engine) == due);
                if (round % 20 == 0)
                        database_assert_matches(&town->database, town->engine);
                random = before;
                town->now = now;
                town->n_messages = n_messages;
                random_batch(town, &random, 1 + round % 7, false);
                engine_batch_finish(town->engine);
                assert_string_equal(facts, rows_column(&town->batch.rows[TABLE_EVENT], 8));
                assert_string_equal(tasks, rows_column(&town->batch.rows[TABLE_TASK], 1));
                town_keep(town);
                engine_batch_commit(town->engine);
                free(facts);
                free(tasks);
        }
        town_assert_documents(town);
        database_assert_matches(&town->database, town->engine);
}

/* A rejection after facts were appended leaves nothing of them. */
static void test_rejection_leaves_nothing(void **state) {
        Town *town = *state;
        const char *task = hand(town, "town", "e1", "");
        size_t n_texts = database_count(&town->database, TABLE_PRIVATE_TEXT), n_events = town->database.n_events;
        /* the note is stored before the verb finds that the time is past */
        assert_ok(act(town, "e1", task, "extend", "{'until':'%s','note':'忙'}", iso(town->now + HOUR)));
        assert_int_equal(database_count(&town->database, TABLE_PRIVATE_TEXT), n_texts + 1);
        town->now += 2 * HOUR;
        assert_code(act(town, "town", task, "grant", "{'note':'可'}"), "time");
        assert_int_equal(database_count(&town->database, TABLE_PRIVATE_TEXT), n_texts + 1);
        assert_int_equal(town->database.n_events, n_events + 1);
}

static void change_and_reject(Decision *decision, void *argument) {
        work_unassign(decision, argument);
        decision_reject(decision, CODE_CONFLICT, "after all");
}

/* The second of two decisions of a batch is rejected after it has changed what the first one changed: the first one stands. */
static void test_rejection_keeps_earlier_decision(void **state) {
        Town *town = *state;
        Task *task = state_task(engine_state(town->engine), hand(town, "town", "e1", ""));
        Command command;
        char topic[128], detail[64];
        snprintf(topic, sizeof topic, "tier3/e1/action/%s/assign", task->id);
        snprintf(detail, sizeof detail, "{'assignee':'%.40s'}", member_of("e1", NULL));
        command_make(town, member_of("e1", NULL), topic, detail, &command);
        town_begin(town);
        engine_decide(town->engine, &command, 1);
        assert_int_equal(engine_run(town->engine, town->now, change_and_reject, task, detail, sizeof detail), CODE_CONFLICT);
        assert_string_equal(detail, "after all");
        assert_string_equal(task->assignee, member_of("e1", NULL));
        town_finish(town);
        database_assert_matches(&town->database, town->engine);
        command_deinit(&command);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_replay, town_setup, town_teardown),
                cmocka_unit_test_setup_teardown(test_load, town_setup, town_teardown),
                cmocka_unit_test_setup_teardown(test_undo, town_setup, town_teardown),
                cmocka_unit_test_setup_teardown(test_rejection_leaves_nothing, town_setup, town_teardown),
                cmocka_unit_test_setup_teardown(test_rejection_keeps_earlier_decision, town_setup, town_teardown),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
