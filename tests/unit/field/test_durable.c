/*
 * What the field's facts leave behind: the rows equal the state, a start from the rows shows the same documents, the log alone makes
 * the same rows again (I11), and what has left memory is found by look-up. Uses the engine's town and its database in memory.
 */
#include "../engine/town.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COMMANDER member_of("town", "commander")
#define OFFICER member_of("east", "officer")
#define WORKER member_of("e1", "grid_worker")

/* ---- story ---- */

static const cJSON *warn_with(Town *town, const char *identifier, const char *type, const char *references, const char *units,
                              const char *instruction, const char *status) {
        return say(town, COMMANDER, "tier1/town/warning",
                   "{'identifier':'%s','sent':'%s','status':'%s','msgType':'%s','scope':'Public','references':'%s','info':[{'event':'x',"
                   "'urgency':'Immediate','severity':'Severe','certainty':'Observed','headline':'注意','instruction':'%s','expires':'%s',"
                   "'eventCode':[{'valueName':'policegrid','value':'fraud'}],'area':[{'geocode':[%s]}]}]}",
                   identifier, iso(town->now), status, type, references, instruction, iso(town->now + 2 * DAY), units);
}

#define UNIT(id) "{'valueName':'unit','value':'" id "'}"

static void copy_created(const cJSON *receipt, const char *name, char ret[static UUID_LENGTH + 1]) {
        assert_ok(receipt);
        snprintf(ret, UUID_LENGTH + 1, "%s", json_string(json_object(receipt, "created"), name));
}

/* Every kind of fact of warnings, notices, reports and devices. Leaves a recorded report's and a warning's id. */
static void live_through(Town *town, char ret_recorded[static UUID_LENGTH + 1], char ret_dismissed[static UUID_LENGTH + 1]) {
        char warning[UUID_LENGTH + 1], one[UUID_LENGTH + 1], two[UUID_LENGTH + 1];
        copy_created(warn_with(town, "A1", "Alert", "", UNIT("e1") "," UNIT("e2"), "one", "Actual"), "warning", warning);
        assert_ok(act(town, "e1", warning, "ack", "{}"));
        assert_ok(act(town, "e1", warning, "seen", "{}"));
        pass(town, MINUTE);
        assert_ok(warn_with(town, "A2", "Update", "A1", UNIT("e2") "," UNIT("w1"), "two", "Actual"));
        assert_ok(act(town, "w1", warning, "ack", "{}"));
        pass(town, MINUTE);
        assert_ok(warn_with(town, "A3", "Update", "A2", UNIT("e1") "," UNIT("w1"), "two", "Actual"));
        assert_ok(warn_with(town, "X1", "Alert", "", UNIT("e3"), "drill", "Exercise"));
        assert_ok(say(town, WORKER, "tier3/e1/report", "{'kind':'counts','fields':{'households':3}}"));
        copy_created(town->receipt, "report", ret_recorded);
        copy_created(say(town, WORKER, "tier3/e1/report", "{'kind':'incident','place':'shop-1','note':'两人'}"), "report", one);
        copy_created(say(town, WORKER, "tier3/e1/report", "{'kind':'incident'}"), "report", two);
        copy_created(say(town, WORKER, "tier3/e1/report", "{'kind':'hazard'}"), "report", ret_dismissed);
        assert_ok(act(town, "east", one, "dispatch", "{'to':'e2'}"));
        assert_ok(act(town, "east", two, "comment", "{'note':'再看'}"));
        assert_ok(act(town, "east", ret_dismissed, "dismiss", "{'reason':'unfounded'}"));
        say(town, member_of("e1", "device"), "device/panic-1/heartbeat", "{'state':'fault','fields':{'code':'battery'}}");
        assert_ok(say(town, member_of("e1", "device"), "device/panic-1/event", "{'event':'panic'}"));
        pass(town, HOUR); /* silent since */
        assert_ok(warn_with(town, "X2", "Cancel", "X1", UNIT("e3"), "drill", "Exercise"));
        pass(town, DAY);
}

/* ---- loading, replaying, looking up ---- */

static Documents documents_of(Engine *engine) {
        Documents documents = {0};
        engine_documents(engine, &documents);
        return documents;
}

static void assert_same_documents(Engine *left, Engine *right) {
        Documents a = documents_of(left), b = documents_of(right);
        assert_int_equal(a.n, b.n);
        for (size_t i = 0; i < a.n; ++i) {
                assert_string_equal(a.items[i].topic, b.items[i].topic);
                assert_int_equal(a.items[i].n_payload, b.items[i].n_payload);
                assert_memory_equal(a.items[i].payload, b.items[i].payload, a.items[i].n_payload);
        }
        documents_deinit(&a);
        documents_deinit(&b);
}

static void start_again(Town *town) {
        Engine *engine = town_engine();
        database_load(&town->database, engine);
        database_assert_matches(&town->database, engine);
        assert_same_documents(town->engine, engine);
        assert_int_equal(engine_next_due(town->engine), engine_next_due(engine));
        engine_free(town->engine);
        town->engine = engine;
}

/* Facts about a report that has left memory: whoever replays the log reads its row back from the tables that he makes. */
static void bring_back(Engine *engine, const Database *database, const cJSON *facts) {
        const cJSON *fact;
        const char *why;
        cJSON_ArrayForEach(fact, facts) {
                char key[256];
                const char *id = json_string(fact, "report");
                if (!id || state_report(engine_state(engine), id))
                        continue;
                snprintf(key, sizeof(key), AREA " %s ", id);
                const Row *row = map_find(database->tables[TABLE_REPORT], key);
                if (row)
                        assert_int_equal(engine_load_row(engine, TABLE_REPORT, (const char *const *)row->cells, &why), 0);
        }
}

static void assert_replay(const Town *town) {
        Engine *engine = town_engine();
        Database database;
        Batch batch;
        const char *why;
        batch_init(&batch);
        database_init(&database);
        assert_int_equal(engine_load_finish(engine, 1, &why), 0);
        for (size_t i = 0; i < town->database.n_events; ++i) {
                const Row *row = town->database.events[i];
                const char *unit = row_cell(TABLE_EVENT, row, "unit");
                cJSON *facts = cJSON_Parse(row_cell(TABLE_EVENT, row, "facts"));
                bring_back(engine, &database, facts);
                engine_batch_begin(engine, &batch);
                engine_replay(engine, strtoull(row_cell(TABLE_EVENT, row, "seq"), NULL, 10), strtoll(row_cell(TABLE_EVENT, row, "at"), NULL, 10),
                              row_cell(TABLE_EVENT, row, "sender"), unit ? unit : "", facts);
                engine_batch_finish(engine);
                database_apply(&database, &batch);
                engine_batch_commit(engine);
                cJSON_Delete(facts);
        }
        database_assert_equal(&town->database, &database);
        batch_deinit(&batch);
        database_deinit(&database);
        engine_free(engine);
}

/* The store's other key of a warning. */
static const Row *find_chain(const Database *database, const char *identifier) {
        size_t cursor = 0;
        char quoted[MESSAGE_ID_MAX + 3];
        snprintf(quoted, sizeof(quoted), "\"%s\"", identifier);
        for (const Row *row; (row = map_next(database->tables[TABLE_WARNING], &cursor, NULL));)
                if (strstr(row_cell(TABLE_WARNING, row, "identifiers"), quoted))
                        return row;
        return NULL;
}

/* As the daemon does: ask what is needed, feed the rows that there are, until nothing more is needed; then decide. */
static const cJSON *say_looking_up(Town *town, const char *member, const char *topic, const char *body) {
        Command command;
        EngineNeed needs[ENGINE_NEEDS_MAX];
        const char *why;
        command_make(town, member, topic, body, &command);
        for (size_t n; (n = engine_needs(town->engine, &command, needs)) > 0;)
                for (size_t i = 0; i < n; ++i) {
                        char key[256];
                        int length = snprintf(key, sizeof(key), AREA " %s ", needs[i].key[0]);
                        if (needs[i].key[1])
                                snprintf(key + length, sizeof(key) - (size_t)length, "%s ", needs[i].key[1]);
                        const Row *row = map_find(town->database.tables[needs[i].table], key);
                        if (!row && needs[i].table == TABLE_WARNING)
                                row = find_chain(&town->database, needs[i].key[0]);
                        if (row)
                                assert_int_equal(engine_load_row(town->engine, needs[i].table, (const char *const *)row->cells, &why), 0);
                }
        cJSON_Delete(town->receipt);
        town->receipt = NULL;
        town_begin(town);
        engine_decide(town->engine, &command, 1);
        town_finish(town);
        command_deinit(&command);
        return town->receipt;
}

/* ---- tests ---- */

static void test_rows_equal_the_state(void **state) {
        Town *town = *state;
        char recorded[UUID_LENGTH + 1], dismissed[UUID_LENGTH + 1];
        live_through(town, recorded, dismissed);
        database_assert_matches(&town->database, town->engine);
        town_assert_documents(town);
}

static void test_a_start_finds_everything(void **state) {
        Town *town = *state;
        char recorded[UUID_LENGTH + 1], dismissed[UUID_LENGTH + 1];
        live_through(town, recorded, dismissed);
        start_again(town);
        assert_code(warn_with(town, "A2", "Alert", "", UNIT("e1"), "two", "Actual"), "duplicate"); /* any identifier of the chain */
        assert_ok(warn_with(town, "A4", "Update", "A1", UNIT("e1"), "three", "Actual"));
        pass(town, 3 * DAY); /* the expiry is still due */
        assert_code(warn_with(town, "A5", "Update", "A4", UNIT("e1"), "four", "Actual"), "closed");
        database_assert_matches(&town->database, town->engine);
}

static void test_the_log_makes_the_same_rows(void **state) {
        Town *town = *state;
        char recorded[UUID_LENGTH + 1], dismissed[UUID_LENGTH + 1];
        live_through(town, recorded, dismissed);
        pass(town, 20 * DAY); /* expiries and clearings */
        assert_replay(town);
}

static void test_what_left_memory_is_looked_up(void **state) {
        Town *town = *state;
        char recorded[UUID_LENGTH + 1], dismissed[UUID_LENGTH + 1], topic[TOPIC_MAX + 1];
        live_through(town, recorded, dismissed);
        snprintf(topic, sizeof(topic), "tier2/east/action/%s/comment", dismissed);
        assert_code(say_looking_up(town, OFFICER, topic, "{'note':'x'}"), "closed");
        snprintf(topic, sizeof(topic), "tier2/east/action/%s/complete", recorded);
        assert_code(say_looking_up(town, OFFICER, topic, "{}"), "state");
        snprintf(topic, sizeof(topic), "tier2/east/action/%s/merge", recorded);
        char *body = NULL;
        assert_true(asprintf(&body, "{'into':'%s'}", dismissed) > 0);
        assert_code(say_looking_up(town, OFFICER, topic, body), "closed");
        free(body);
        snprintf(topic, sizeof(topic), "tier2/east/action/%s/dispatch", recorded);
        assert_ok(say_looking_up(town, OFFICER, topic, "{'to':'e2'}"));
        assert_null(state_report(engine_state(town->engine), recorded)); /* and has left it again */
        assert_code(say_looking_up(town, OFFICER, topic, "{'to':'e1'}"), "state"); /* a second one came too late */
        assert_code(say_looking_up(town, OFFICER, topic, "{'to':'e1','revision':1}"), "stale");
        database_assert_matches(&town->database, town->engine);
        assert_replay(town);
}

static void test_identifiers_stay_taken(void **state) {
        Town *town = *state;
        char recorded[UUID_LENGTH + 1], dismissed[UUID_LENGTH + 1];
        live_through(town, recorded, dismissed);
        pass(town, 20 * DAY); /* X1 and X2, cancelled, are cleared */
        assert_null(state_warning_by_identifier(engine_state(town->engine), "X1"));
        for (int i = 1; i <= 2; ++i) {
                char *body = NULL;
                assert_true(asprintf(&body, "{'identifier':'X%d','sent':'%s','status':'Actual','msgType':'Alert','scope':'Public','info':[{'event':'x',"
                                     "'urgency':'Future','severity':'Minor','certainty':'Likely','headline':'h'}]}", i, iso(town->now)) > 0);
                assert_code(say_looking_up(town, COMMANDER, "tier1/town/warning", body), "duplicate");
                free(body);
        }
        database_assert_matches(&town->database, town->engine);
}

static void test_a_rollback_leaves_no_trace(void **state) {
        Town *town = *state;
        char recorded[UUID_LENGTH + 1], dismissed[UUID_LENGTH + 1];
        Command command;
        live_through(town, recorded, dismissed);
        char *body = NULL;
        assert_true(asprintf(&body, "{'identifier':'A9','sent':'%s','status':'Actual','msgType':'Cancel','scope':'Public','references':'A3'}",
                             iso(town->now)) > 0);
        command_make(town, COMMANDER, "tier1/town/warning", body, &command);
        free(body);
        town_begin(town);
        engine_decide(town->engine, &command, 1);
        engine_batch_finish(town->engine);
        assert_true(town->batch.n_accepted == 1);
        engine_batch_rollback(town->engine);
        command_deinit(&command);
        database_assert_matches(&town->database, town->engine);
        town_assert_documents(town);
        assert_ok(warn_with(town, "A9", "Cancel", "A3", UNIT("e1"), "x", "Actual")); /* the identifier is free again */
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, town_setup, town_teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(test_rows_equal_the_state), TEST(test_a_start_finds_everything), TEST(test_the_log_makes_the_same_rows),
                TEST(test_what_left_memory_is_looked_up), TEST(test_identifiers_stay_taken), TEST(test_a_rollback_leaves_no_trace),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
