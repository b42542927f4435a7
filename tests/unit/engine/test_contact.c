/*
 * Contacts (I12): taken only where a playbook says so, shown to the responder alone after an audited grant, erased when the work is over,
 * and in no fact, document or receipt ever.
 */
#include "town.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PHONE "13800138000"
#define ADDRESS "\xe4\xb8\x9c\xe8\xa1\x97" "7\xe5\x8f\xb7"
#define IDENTITY "11010519491231002X"

static const char HOME[] =
        "{'playbook':'home','version':1,'priority':50,'start':'visit','when':{'report':{'kind':'appointment'}},'steps':{"
        "'visit':{'to':[{'origin':true}],'participants':[{'unit':'court'}],'contact':true,'clocks':{'*':{'accept':'PT1H'}},"
        "'then':[{'step':'note'}]},"
        "'note':{'to':[{'parent':1}],'clocks':{'*':{'accept':'PT1H'}}}}}";

static int setup(void **state) {
        if (town_setup(state) != 0)
                return 1;
        Town *town = *state;
        char detail[256], *text = quoted(HOME);
        town_begin(town);
        if (engine_apply_playbook(town->engine, text, strlen(text), town->now, detail, sizeof detail) != CODE_NONE)
                fail_msg("%s", detail);
        town_finish(town);
        free(text);
        return 0;
}

static const char *worker(void) { return member_of("e1", "grid_worker"); }
static const char *head(void) { return member_of("e1", "grid_head"); }

static const cJSON *report(Town *town, const char *more) {
        return say(town, worker(), "tier3/e1/report", "{'kind':'appointment'%s}", more);
}

/* A report with a contact; returns its task. */
static const Task *book(Town *town) {
        assert_ok(report(town, ",'contact':'" ADDRESS " " PHONE "'"));
        Task *const *tasks;
        size_t n = state_tasks_of_origin(engine_state(town->engine), json_string(json_object(town->receipt, "created"), "report"), &tasks);
        assert_int_equal(n, 1);
        return tasks[0];
}

static const cJSON *ask(Town *town, const char *member, const Task *task) {
        char topic[TOPIC_MAX + 1];
        snprintf(topic, sizeof topic, "member/%s/request", member);
        return say(town, member, topic, "{'request':'contact','task':'%s'}", task->id);
}

static const cJSON *speak(Town *town, const char *member, const char *unit, int tier, const Task *task, const char *verb, const char *more) {
        char topic[TOPIC_MAX + 1];
        snprintf(topic, sizeof topic, "tier%d/%s/action/%s/%s", tier, unit, task->id, verb);
        return say(town, member, topic, "{'reason':'busy'%s}", more);
}

static size_t words_kept(const Town *town) {
        size_t cursor = 0, n = 0;
        for (const Row *row; (row = map_next(town->database.tables[TABLE_PRIVATE_TEXT], &cursor, NULL)) != NULL;)
                n += row_cell(TABLE_PRIVATE_TEXT, row, "words") != NULL && strcmp(row_cell(TABLE_PRIVATE_TEXT, row, "owner_kind"), "contact") == 0;
        return n;
}

/* Nowhere but in the words of private_text, whatever the table. */
static void assert_nowhere(const Town *town, const char *text) {
        for (int table = 0; table < TABLE_COUNT; table++) {
                size_t cursor = 0;
                if (table == TABLE_PRIVATE_TEXT)
                        continue;
                for (const Row *row; (row = map_next(town->database.tables[table], &cursor, NULL)) != NULL;)
                        for (size_t i = 0; i < row->n; i++)
                                if (row->cells[i] != NULL && strstr(row->cells[i], text) != NULL)
                                        fail_msg("%s stands in %s.%s", text, table_describe((TableId)table)->name,
                                                 table_describe((TableId)table)->columns[i].name);
        }
        const cJSON *document;
        cJSON_ArrayForEach(document, town->retained)
                assert_null(strstr(document->valuestring, text));
        char *receipt = json_print(town->receipt);
        assert_null(strstr(receipt, text));
        free(receipt);
}

static void test_only_where_it_is_asked_for(void **state) {
        Town *town = *state;
        assert_code(say(town, worker(), "tier3/e1/report", "{'kind':'hazard','contact':'" PHONE "'}"), "unknown_field");
        assert_code(report(town, ",'contact':13800138000"), "type");
        char long_one[256] = ",'contact':'";
        memset(long_one + strlen(long_one), 'x', 201);
        strcat(long_one, "'");
        assert_code(report(town, long_one), "range");
        assert_nowhere(town, PHONE); /* what is refused is stored nowhere */
        assert_int_equal(words_kept(town), 0);
        assert_ok(report(town, ",'contact':''"));
        assert_ok(report(town, ""));
        assert_int_equal(words_kept(town), 0);
}

static void test_kept_apart(void **state) {
        Town *town = *state;
        book(town);
        assert_int_equal(words_kept(town), 1);
        assert_nowhere(town, PHONE);
        assert_nowhere(town, ADDRESS);
        assert_ok(report(town, ",'contact':'" PHONE " " IDENTITY "'"));
        assert_true(cJSON_IsTrue(cJSON_GetObjectItem(town->receipt, "masked")));
        size_t cursor = 0;
        for (const Row *row; (row = map_next(town->database.tables[TABLE_PRIVATE_TEXT], &cursor, NULL)) != NULL;) {
                assert_null(strstr(row_cell(TABLE_PRIVATE_TEXT, row, "words"), IDENTITY));
                assert_non_null(strstr(row_cell(TABLE_PRIVATE_TEXT, row, "words"), PHONE)); /* that is what a contact is for */
        }
}

static void test_granted_to_the_responder_alone(void **state) {
        Town *town = *state;
        const Task *task = book(town);
        assert_code(ask(town, worker(), task), "forbidden"); /* reported it, has not accepted it */
        assert_ok(speak(town, worker(), "e1", 3, task, "accept", ""));
        const char *others[] = {head(), member_of("town", "commander"), member_of("east", "officer"), member_of("court", NULL), town->admin,
                                member_of("e2", "grid_head")};
        for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
                assert_code(ask(town, others[i], task), "forbidden");
        assert_int_equal(database_count(&town->database, TABLE_CONTACT_GRANT), 0);
        assert_ok(ask(town, worker(), task));
        assert_ok(ask(town, worker(), task));
        assert_int_equal(database_count(&town->database, TABLE_CONTACT_GRANT), 2); /* each look is a row */
        assert_nowhere(town, PHONE);
        /* assigned to another: it is his now, and no longer the first one's */
        char more[80];
        snprintf(more, sizeof more, ",'assignee':'%s'", head());
        assert_ok(speak(town, head(), "e1", 3, task, "assign", more));
        assert_code(ask(town, worker(), task), "forbidden");
        assert_ok(ask(town, head(), task));
}

/* An ambulance that has accepted its part is shown it; before that, not. */
static void test_granted_to_a_part(void **state) {
        Town *town = *state;
        const Task *task = book(town);
        assert_ok(speak(town, worker(), "e1", 3, task, "accept", ""));
        assert_code(ask(town, member_of("court", NULL), task), "forbidden");
        assert_ok(speak(town, member_of("court", NULL), "court", 1, task, "accept", ""));
        assert_ok(ask(town, member_of("court", NULL), task));
}

static void test_erased_at_the_end(void **state) {
        Town *town = *state;
        const Task *task = book(town);
        assert_ok(speak(town, worker(), "e1", 3, task, "accept", ""));
        assert_ok(ask(town, worker(), task));
        assert_ok(speak(town, worker(), "e1", 3, task, "complete", ""));
        assert_int_equal(words_kept(town), 1); /* the case goes on */
        assert_code(ask(town, worker(), task), "forbidden");
        const Task *last = task_of(town, "east");
        assert_string_equal(last->step, "note");
        assert_ok(act(town, "east", last->id, "accept", "{}"));
        assert_code(ask(town, member_of("east", NULL), last), "forbidden"); /* this step does not say contact */
        assert_ok(act(town, "east", last->id, "complete", "{}"));
        assert_int_equal(words_kept(town), 0);
        assert_nowhere(town, PHONE);
        size_t cursor = 0;
        const Row *row = map_next(town->database.tables[TABLE_CONTACT], &cursor, NULL);
        assert_non_null(row_cell(TABLE_CONTACT, row, "erased_at"));
        assert_string_equal(row_cell(TABLE_CONTACT, row, "live"), "f");
}

static void test_erased_when_cancelled(void **state) {
        Town *town = *state;
        const Task *task = book(town);
        assert_ok(act(town, "town", task->id, "cancel", "{'reason':'mistake'}"));
        assert_int_equal(words_kept(town), 0);
}

/* At the latest when its days are over; a restart in between loses nothing. */
static void test_erased_by_time(void **state) {
        Town *town = *state;
        book(town);
        const int64_t made = town->now;
        pass_until(town, made + 30 * DAY);
        assert_int_equal(words_kept(town), 1);
        Engine *loaded = town_engine();
        database_load(&town->database, loaded);
        engine_free(town->engine);
        town->engine = loaded;
        pass(town, 0);
        assert_int_equal(words_kept(town), 0);
}

/* Kept and erased within one batch: the words are never written at all. */
static void test_within_one_batch(void **state) {
        Town *town = *state;
        Command command;
        command_make(town, worker(), "tier3/e1/report", "{'id':'20261123-a','kind':'appointment','contact':'" PHONE "'}", &command);
        town_begin(town);
        engine_decide(town->engine, &command, 1);
        command_deinit(&command);
        Task *const *tasks;
        char topic[TOPIC_MAX + 1];
        assert_true(state_tasks_of_unit(engine_state(town->engine), "e1", &tasks) > 0);
        snprintf(topic, sizeof topic, "tier1/town/action/%s/cancel", tasks[0]->id);
        command_make(town, member_of("town", "commander"), topic, "{'id':'20261123-b','reason':'mistake'}", &command);
        engine_decide(town->engine, &command, 1);
        command_deinit(&command);
        engine_batch_finish(town->engine);
        assert_int_equal(town->batch.n_accepted, 2);
        assert_int_equal(town->batch.rows[TABLE_PRIVATE_TEXT].n, 1);
        assert_string_equal(rows_column(&town->batch.rows[TABLE_PRIVATE_TEXT], 7), "{NULL}");
        town_keep(town);
        engine_batch_commit(town->engine);
}

/* A number that is somebody's is no code word: as a reason it becomes the note, masked; as a word it is refused. */
static void test_an_identity_is_no_word(void **state) {
        Town *town = *state;
        const char *task = hand(town, "town", "e1", "");
        assert_ok(act(town, "e1", task, "progress", "{'reason':'" PHONE "'}"));
        assert_true(cJSON_IsTrue(cJSON_GetObjectItem(town->receipt, "masked")));
        assert_nowhere(town, PHONE);
        assert_int_equal(words_kept(town), 0);
        size_t cursor = 0;
        for (const Row *row; (row = map_next(town->database.tables[TABLE_PRIVATE_TEXT], &cursor, NULL)) != NULL;)
                assert_null(strstr(row_cell(TABLE_PRIVATE_TEXT, row, "words"), PHONE));
        /* nor is a name repeated to whoever wrote it where it does not belong */
        assert_code(say(town, worker(), "tier3/e1/report", "{'kind':'\xe7\x94\xb2','fields':{}}"), "unknown_kind");
        assert_nowhere(town, "\xe7\x94\xb2");
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, town_teardown)
        const struct CMUnitTest tests[] = {
                TEST(test_only_where_it_is_asked_for), TEST(test_kept_apart), TEST(test_granted_to_the_responder_alone),
                TEST(test_granted_to_a_part), TEST(test_erased_at_the_end), TEST(test_erased_when_cancelled), TEST(test_erased_by_time),
                TEST(test_within_one_batch), TEST(test_an_identity_is_no_word),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
