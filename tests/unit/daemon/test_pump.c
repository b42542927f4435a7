/*
 * Pump: one message's way with a real engine and a database that answers as the test wants. Nothing here waits: what the pump asks
 * for is noted, and answered when the test says so.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../engine/town.h"
#include "inflight.h"
#include "pump.h"

#define KEY_BYTE 7

typedef struct Desk {
        Town *town;
        Pump *pump;
        Counters counters;
        uint8_t key[STAMP_KEY_BYTES];
        Batch *writing;             /* a write that waits for its answer */
        bool quarantining;
        unsigned n_written, n_refused, n_quarantined, n_idle, n_acknowledged, n_committed, n_queries, n_accepted;
        char quarantined[MESSAGE_ID_MAX + 1];
        const char *poison;         /* batches with this text in a row of `poison_table` are refused; NULL = none */
        TableId poison_table;
        bool unknown;               /* answer the next write so */
        char order[4096];           /* ids and timers as they were committed */
} Desk;

static Desk desk;

/* Whether any column of the table's rows holds the text. */
static bool batch_mentions(Batch *batch, TableId table, const char *text) {
        for (size_t i = 0; batch->rows[table].n > 0 && i < table_describe(table)->n_columns; i++)
                if (strstr(rows_column(&batch->rows[table], i), text))
                        return true;
        return false;
}

static void on_lookup(void *userdata, const EngineNeed *needs, size_t n_needs) {
        (void)userdata, (void)needs, (void)n_needs;
        pump_on_looked_up(desk.pump, true); /* nothing is there */
}

static void on_find(void *userdata, int64_t entry) {
        (void)userdata, (void)entry;
        pump_on_found(desk.pump, true, true);
}

static void on_write(void *userdata, Batch *batch) {
        (void)userdata;
        assert_null(desk.writing);
        desk.writing = batch;
}

static void on_quarantine(void *userdata, const StoreQuarantine *message) {
        (void)userdata;
        desk.quarantining = true;
        desk.n_quarantined++;
        snprintf(desk.quarantined, sizeof desk.quarantined, "%s", message->id);
}

static void on_committed(void *userdata, const Batch *batch) {
        (void)userdata, (void)batch;
        desk.n_committed++;
}

static void on_query(void *userdata, const Command *command) {
        (void)userdata, (void)command;
        desk.n_queries++;
}

static void on_accepted(void *userdata, const Command *command) {
        (void)userdata, (void)command;
        desk.n_accepted++;
}

static void on_idle(void *userdata, bool acknowledge) {
        (void)userdata;
        desk.n_idle++;
        desk.n_acknowledged += acknowledge;
        assert_null(desk.writing);
}

static void answer_write(void) {
        Batch *batch = desk.writing;

        desk.writing = NULL;
        if (desk.unknown) {
                desk.unknown = false;
                pump_on_written(desk.pump, STORE_WRITE_UNKNOWN, "", "connection lost");
        } else if (desk.poison && batch_mentions(batch, desk.poison_table, desk.poison)) {
                desk.n_refused++;
                pump_on_written(desk.pump, STORE_WRITE_REFUSED, "23514", "check violated");
        } else {
                if (batch->rows[TABLE_EVENT].n > 0)
                        strncat(desk.order, rows_column(&batch->rows[TABLE_EVENT], 6), sizeof desk.order - strlen(desk.order) - 1);
                desk.n_written++;
                pump_on_written(desk.pump, STORE_WRITE_COMMITTED, "", "");
        }
}

/* Answer everything that the pump asks for until it asks for nothing. */
static void run(void) {
        while (desk.writing || desk.quarantining) {
                if (desk.writing) {
                        answer_write();
                } else {
                        desk.quarantining = false;
                        pump_on_quarantined(desk.pump, true);
                }
        }
}

static int setup(void **state) {
        static const PumpOps ops = {.lookup = on_lookup, .find = on_find, .write = on_write, .quarantine = on_quarantine, .committed = on_committed,
                                    .query = on_query, .accepted = on_accepted, .idle = on_idle};

        if (town_setup(state) != 0)
                return -1;
        desk = (Desk){.town = *state};
        memset(desk.key, KEY_BYTE, sizeof desk.key);
        PumpConfig config = {.area = AREA, .stamp_key = desk.key, .counters = &desk.counters};

        desk.pump = pump_new(&config, &ops, NULL);
        pump_set_engine(desk.pump, desk.town->engine, 1);
        return 0;
}

static int teardown(void **state) {
        pump_free(desk.pump);
        return town_teardown(state);
}

/* One message of a burst, stamped as the broker would; its id comes back in `id`. */
static void post(const char *member, const char *topic_end, const char *fields, int64_t at, HorizonSession session, char id[UUID_LENGTH + 1]) {
        char topic[TOPIC_MAX + 1], body[2048], stamp_text[STAMP_TEXT_MAX];
        Stamp stamp = {.client = "phone", .received_at = at};

        uuid_random(at, id);
        snprintf(topic, sizeof topic, "grid/v1/" AREA "/%s", topic_end);
        snprintf(body, sizeof body, "{\"id\":\"%s\"%s}", id, fields);
        snprintf(stamp.member, sizeof stamp.member, "%s", member);
        assert_true(stamp_format(&stamp, desk.key, topic, body, strlen(body), stamp_text) > 0);
        RawMessage raw = {.topic = topic, .payload = body, .n_payload = strlen(body), .stamp = stamp_text, .n_stamps = 1};

        assert_true(pump_message(desk.pump, session, &raw, at));
}

static void post_report(int64_t at, char id[UUID_LENGTH + 1]) {
        post(member_of("e1", "grid_worker"), "tier3/e1/report", ",\"kind\":\"diary\",\"fields\":{\"visits\":1}", at, HORIZON_BULK, id);
}

static void test_a_burst_is_one_batch(void **state) {
        char id[UUID_LENGTH + 1];

        (void)state;
        for (int i = 0; i < 8; i++)
                post_report(desk.town->now, id);
        pump_burst(desk.pump);
        assert_non_null(desk.writing);
        assert_int_equal(desk.n_idle, 0); /* no acknowledgement before the answer (I1) */
        assert_int_equal(desk.n_committed, 0);
        run();
        assert_int_equal(desk.n_written, 1);
        assert_int_equal(desk.n_committed, 1);
        assert_int_equal(desk.n_acknowledged, 1);
        assert_true(pump_is_idle(desk.pump));
}

static void test_the_one_that_is_refused_goes_alone(void **state) {
        char ids[8][UUID_LENGTH + 1];

        (void)state;
        for (int i = 0; i < 8; i++)
                post_report(desk.town->now, ids[i]);
        desk.poison = ids[5];
        desk.poison_table = TABLE_EVENT; /* its content, not its receipt */
        pump_burst(desk.pump);
        run();
        assert_int_equal(desk.n_quarantined, 1);
        assert_string_equal(desk.quarantined, ids[5]);
        assert_int_equal(desk.n_refused, 4); /* 8, 4, 2, 1 */
        assert_int_equal(desk.counters.codes[CODE_INTERNAL], 1);
        assert_int_equal(desk.counters.accepted, 7);
        assert_int_equal(desk.n_acknowledged, 1);
        for (int i = 0; i < 8; i++)
                if (i != 5)
                        assert_non_null(strstr(desk.order, ids[i]));
        assert_true(strstr(desk.order, ids[4]) < strstr(desk.order, ids[6])); /* in the order of arrival */
}

static void test_refused_receipt_of_a_quarantined_message(void **state) {
        char id[UUID_LENGTH + 1];

        (void)state;
        post_report(desk.town->now, id);
        desk.poison = id;
        desk.poison_table = TABLE_OUTCOME; /* even its receipt */
        pump_burst(desk.pump);
        run();
        assert_int_equal(desk.n_quarantined, 1);
        assert_int_equal(desk.n_acknowledged, 1); /* and the town goes on (I14) */
        desk.poison = NULL;
        post_report(desk.town->now, id);
        pump_burst(desk.pump);
        run();
        assert_int_equal(desk.counters.accepted, 1);
}

static void test_unknown_commit_says_nothing(void **state) {
        char id[UUID_LENGTH + 1];

        (void)state;
        post_report(desk.town->now, id);
        pump_burst(desk.pump);
        desk.unknown = true;
        run();
        assert_int_equal(desk.n_idle, 0);
        assert_int_equal(desk.n_committed, 0);
        assert_false(pump_is_idle(desk.pump));
        pump_set_engine(desk.pump, NULL, 0);
        assert_int_equal(pump_in_work(desk.pump), 0);
        assert_int_equal(desk.counters.batches_unknown, 1);
}

/* A warning's tasks and their clocks, three days ahead of which a message comes. */
static int64_t timers_ahead(void) {
        warn(desk.town, "fraud", "Severe");
        return engine_next_due(desk.town->engine);
}

static void test_timers_due_before_a_message_fire_before_it(void **state) {
        char id[UUID_LENGTH + 1];
        int64_t due;

        (void)state;
        due = timers_ahead();
        assert_true(due < INT64_MAX);
        post_report(due, id); /* received at that very instant: the message first */
        pump_burst(desk.pump);
        run();
        assert_int_equal(desk.counters.timers, 0);
        post_report(due + 1, id);
        pump_burst(desk.pump);
        run();
        assert_true(desk.counters.timers > 0);
        assert_true(engine_next_due(desk.town->engine) > due);
}

static void test_timers_stand_still_when_the_clock_is_not_trusted(void **state) {
        char id[UUID_LENGTH + 1];
        int64_t due;

        (void)state;
        due = timers_ahead();
        pump_allow_timers(desk.pump, false);
        post_report(due + DAY, id);
        pump_burst(desk.pump);
        run();
        assert_int_equal(desk.counters.timers, 0);
        assert_int_equal(engine_next_due(desk.town->engine), due);
}

static void test_a_refused_timer_does_not_stop_messages(void **state) {
        char id[UUID_LENGTH + 1];
        int64_t due;

        (void)state;
        due = timers_ahead();
        desk.poison = "timer";
        desk.poison_table = TABLE_EVENT;
        post_report(due + 1, id);
        pump_burst(desk.pump);
        run();
        assert_true(desk.n_refused > 0);
        assert_int_equal(desk.n_quarantined, 0);
        assert_true(desk.counters.timers_put_off > 0);
        assert_true(engine_next_due(desk.town->engine) > due + 1);
        assert_int_equal(desk.counters.accepted, 1);
        assert_int_equal(desk.counters.timers, 0);
        assert_int_equal(desk.n_acknowledged, 1);
}

/* One that the database refuses by itself holds up no other, and fires later as of its due time. */
static void test_a_refused_timer_does_not_stop_the_others(void **state) {
        int64_t due, other;
        Task *const *tasks;

        (void)state;
        due = timers_ahead();
        assert_true(state_tasks_of_unit(engine_state(desk.town->engine), "e1", &tasks) > 0);
        const Task *task = tasks[0];
        desk.poison = task->id;
        desk.poison_table = TABLE_EVENT;
        pump_fire(desk.pump, due);
        run();
        assert_int_equal(desk.counters.timers_put_off, 1);
        assert_true(desk.counters.timers > 0);
        assert_int_equal(pump_blocked_until(desk.pump), 0);
        assert_int_equal(task->card, CARD_NONE);
        desk.poison = NULL;
        other = task->object.put_off;
        assert_true(other > due);
        pump_fire(desk.pump, other);
        run();
        assert_int_not_equal(task->card, CARD_NONE);
}

static void test_timers_alone(void **state) {
        int64_t due;

        (void)state;
        due = timers_ahead();
        pump_fire(desk.pump, due - 1);
        assert_null(desk.writing);
        assert_int_equal(desk.n_idle, 1);
        pump_fire(desk.pump, due);
        run();
        assert_true(desk.counters.timers > 0);
        assert_int_equal(desk.n_acknowledged, 0); /* no burst, nothing to acknowledge */
}

static void test_an_urgent_message_waits_for_no_bulk(void **state) {
        char urgent[UUID_LENGTH + 1], bulk[UUID_LENGTH + 1];
        int64_t due;

        (void)state;
        due = timers_ahead();
        post(desk.town->admin, "admin/clock-confirm", "", due + 10, HORIZON_URGENT, urgent);
        pump_burst(desk.pump);
        run();
        assert_int_equal(desk.counters.timers, 0); /* the bulk session has not proven that far */
        assert_int_equal(desk.n_accepted, 1);
        post_report(due - 1, bulk); /* received before the deadline, delivered late: still before the timer */
        pump_burst(desk.pump);
        run();
        assert_int_equal(desk.counters.timers, 0);
        assert_int_equal(desk.counters.accepted, 2);
}

static void test_queries_come_after_the_commit(void **state) {
        char id[UUID_LENGTH + 1], topic[TOPIC_MAX];

        (void)state;
        snprintf(topic, sizeof topic, "member/%s/query", member_of("e1", "grid_worker"));
        post(member_of("e1", "grid_worker"), topic, ",\"query\":\"self\"", desk.town->now, HORIZON_BULK, id);
        post_report(desk.town->now, id);
        pump_burst(desk.pump);
        assert_int_equal(desk.n_queries, 0);
        run();
        assert_int_equal(desk.n_queries, 1);
}

static void test_dropped_without_a_stamp(void **state) {
        RawMessage raw = {.topic = "grid/v1/" AREA "/tier3/e1/report", .payload = "{}", .n_payload = 2};

        (void)state;
        assert_false(pump_message(desk.pump, HORIZON_BULK, &raw, desk.town->now));
        assert_int_equal(desk.counters.dropped, 1);
        assert_int_equal(pump_in_work(desk.pump), 0);
}

#define PUMP_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                PUMP_TEST(test_a_burst_is_one_batch),
                PUMP_TEST(test_the_one_that_is_refused_goes_alone),
                PUMP_TEST(test_refused_receipt_of_a_quarantined_message),
                PUMP_TEST(test_unknown_commit_says_nothing),
                PUMP_TEST(test_timers_due_before_a_message_fire_before_it),
                PUMP_TEST(test_timers_stand_still_when_the_clock_is_not_trusted),
                PUMP_TEST(test_a_refused_timer_does_not_stop_messages),
                PUMP_TEST(test_a_refused_timer_does_not_stop_the_others),
                PUMP_TEST(test_timers_alone),
                PUMP_TEST(test_an_urgent_message_waits_for_no_bulk),
                PUMP_TEST(test_queries_come_after_the_commit),
                PUMP_TEST(test_dropped_without_a_stamp),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
