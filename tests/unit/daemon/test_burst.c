/* Burst: merged by time of receipt, each session's own order kept; what is nobody's is not kept. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "burst.h"

#define NOW INT64_C(1795395600000)

static uint8_t key[STAMP_KEY_BYTES];

static bool add(Burst *burst, HorizonSession session, int64_t at, int number, Inflight *inflight) {
        char body[160], id[UUID_LENGTH + 1], text[STAMP_TEXT_MAX];
        const char *topic = session == HORIZON_URGENT ? "grid/v1/1408/admin/clock-confirm" : "grid/v1/1408/tier3/v1/report";
        Stamp stamp = {.member = "1408-a", .client = "1408-a", .received_at = at};

        uuid_random(NOW, id);
        snprintf(body, sizeof body, "{\"id\":\"%s\",\"kind\":\"diary\",\"fields\":{\"n\":%d}}", id, number);
        stamp_format(&stamp, key, topic, body, strlen(body), text);
        RawMessage raw = {.topic = topic, .payload = body, .n_payload = strlen(body), .stamp = text, .n_stamps = 1};

        return burst_add(burst, session, &raw, "1408", key, NOW, inflight);
}

static void assert_order(const Burst *burst, const int64_t *times, size_t n) {
        assert_int_equal(burst->n, n);
        for (size_t i = 0; i < n; i++)
                assert_int_equal(burst->items[i].command.stamp.received_at, times[i]);
}

static void test_merged_by_receipt(void **state) {
        Burst burst = {0};

        (void)state;
        add(&burst, HORIZON_URGENT, 20, 0, NULL);
        add(&burst, HORIZON_URGENT, 40, 0, NULL);
        add(&burst, HORIZON_BULK, 10, 0, NULL);
        add(&burst, HORIZON_BULK, 30, 0, NULL);
        add(&burst, HORIZON_BULK, 50, 0, NULL);
        burst_merge(&burst);
        assert_order(&burst, (int64_t[]){10, 20, 30, 40, 50}, 5);
        burst_deinit(&burst);
}

static void test_a_session_keeps_its_order(void **state) {
        Burst burst = {0};

        (void)state;
        add(&burst, HORIZON_BULK, 30, 0, NULL); /* the broker's clock was put back */
        add(&burst, HORIZON_BULK, 10, 0, NULL);
        add(&burst, HORIZON_URGENT, 20, 0, NULL);
        burst_merge(&burst);
        assert_order(&burst, (int64_t[]){20, 30, 10}, 3);
        burst_deinit(&burst);
}

static void test_at_the_same_instant_the_urgent_one(void **state) {
        Burst burst = {0};

        (void)state;
        add(&burst, HORIZON_BULK, 10, 0, NULL);
        add(&burst, HORIZON_URGENT, 10, 0, NULL);
        burst_merge(&burst);
        assert_int_equal(burst.items[0].session, HORIZON_URGENT);
        burst_deinit(&burst);
}

static void test_forged_is_not_kept(void **state) {
        Burst burst = {0};
        RawMessage raw = {.topic = "grid/v1/1408/tier3/v1/report", .payload = "{}", .n_payload = 2, .stamp = "v1 nonsense", .n_stamps = 1};

        (void)state;
        assert_false(burst_add(&burst, HORIZON_BULK, &raw, "1408", key, NOW, NULL));
        raw.stamp = NULL;
        raw.n_stamps = 0;
        assert_false(burst_add(&burst, HORIZON_BULK, &raw, "1408", key, NOW, NULL));
        assert_int_equal(burst.n, 0);
        burst_deinit(&burst);
}

static void test_ours_are_alone(void **state) {
        Burst burst = {0};

        (void)state;
        add(&burst, HORIZON_URGENT, 10, 0, NULL);
        add(&burst, HORIZON_BULK, 10, 0, NULL);
        assert_true(burst.items[0].alone);
        assert_false(burst.items[1].alone);
        burst_deinit(&burst);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_merged_by_receipt),  cmocka_unit_test(test_a_session_keeps_its_order),
                cmocka_unit_test(test_at_the_same_instant_the_urgent_one), cmocka_unit_test(test_forged_is_not_kept),
                cmocka_unit_test(test_ours_are_alone),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
