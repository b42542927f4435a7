/* Horizon: timers and messages in the order in which they were due and received (I9). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "horizon.h"

static void test_nothing_is_proven_at_first(void **state) {
        Horizon horizon;

        (void)state;
        horizon_reset(&horizon);
        assert_true(horizon_proven(&horizon) == INT64_MIN);
        horizon_fence(&horizon, HORIZON_URGENT, 100);
        assert_true(horizon_proven(&horizon) == INT64_MIN);
        horizon_fence(&horizon, HORIZON_BULK, 90);
        assert_int_equal(horizon_proven(&horizon), 90);
        horizon_reset(&horizon);
        assert_true(horizon_proven(&horizon) == INT64_MIN);
}

static void test_messages_alone_prove_nothing_about_silence(void **state) {
        Horizon horizon;

        (void)state;
        horizon_reset(&horizon);
        horizon_message(&horizon, HORIZON_URGENT, 500);
        horizon_message(&horizon, HORIZON_BULK, 500);
        assert_true(horizon_proven(&horizon) == INT64_MIN);
}

static void test_a_timer_due_precedes_a_message_received_later(void **state) {
        Horizon horizon;

        (void)state;
        horizon_reset(&horizon);
        horizon_message(&horizon, HORIZON_BULK, 500);
        assert_int_equal(horizon_before(&horizon, HORIZON_BULK, 500), 499);
}

static void test_an_urgent_message_does_not_overtake_bulk_for_timers(void **state) {
        Horizon horizon;

        (void)state;
        horizon_reset(&horizon);
        assert_true(horizon_before(&horizon, HORIZON_URGENT, 500) == INT64_MIN);
        horizon_message(&horizon, HORIZON_BULK, 300);
        assert_int_equal(horizon_before(&horizon, HORIZON_URGENT, 500), 300);
        horizon_fence(&horizon, HORIZON_BULK, 400);
        assert_int_equal(horizon_before(&horizon, HORIZON_URGENT, 500), 400);
        horizon_message(&horizon, HORIZON_BULK, 900);
        assert_int_equal(horizon_before(&horizon, HORIZON_URGENT, 500), 499);
}

static void test_fences_never_go_back(void **state) {
        Horizon horizon;

        (void)state;
        horizon_reset(&horizon);
        horizon_fence(&horizon, HORIZON_URGENT, 100);
        horizon_fence(&horizon, HORIZON_BULK, 100);
        horizon_fence(&horizon, HORIZON_BULK, 50);
        assert_int_equal(horizon_proven(&horizon), 100);
}

static void test_patience(void **state) {
        Horizon horizon;
        bool lost;

        (void)state;
        horizon_reset(&horizon);
        assert_true(horizon_wait(&horizon, 100, 120, 1000, 5000, &lost) == INT64_MIN);
        assert_true(horizon_wait(&horizon, 100, 4000, 5999, 5000, &lost) == INT64_MIN);
        assert_false(lost);
        assert_int_equal(horizon_wait(&horizon, 100, 5120, 6000, 5000, &lost), 5120);
        assert_true(lost);
        assert_true(horizon_wait(&horizon, 6000, 6100, 6100, 5000, &lost) == INT64_MIN); /* patience anew */
        horizon_fence(&horizon, HORIZON_URGENT, 6200);
        horizon_fence(&horizon, HORIZON_BULK, 6200);
        assert_int_equal(horizon_wait(&horizon, 6000, 6300, 6300, 5000, &lost), 6200);
        assert_false(lost);
        assert_int_equal(horizon.waiting_since, -1);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_nothing_is_proven_at_first),
                cmocka_unit_test(test_messages_alone_prove_nothing_about_silence),
                cmocka_unit_test(test_a_timer_due_precedes_a_message_received_later),
                cmocka_unit_test(test_an_urgent_message_does_not_overtake_bulk_for_timers),
                cmocka_unit_test(test_fences_never_go_back),
                cmocka_unit_test(test_patience),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
