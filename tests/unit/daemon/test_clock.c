/* Clock: departures stop it, small steps do not, a person's word starts it again (I9). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "clock.h"

#define BOUND 60000
#define START 1700000000000

static void test_first_look_is_the_base(void **state) {
        Clock clock;

        (void)state;
        clock_init(&clock, BOUND);
        assert_false(clock_check(&clock, START, 5000, 0));
        assert_true(clock_is_trusted(&clock));
}

static void test_wall_moves_against_monotonic(void **state) {
        Clock clock;

        (void)state;
        clock_init(&clock, BOUND);
        clock_check(&clock, START, 5000, 0);
        assert_false(clock_check(&clock, START + 10000 + BOUND, 15000, 0)); /* at the bound */
        assert_true(clock_check(&clock, START + 10000 + BOUND + 1, 15000, 0));
        assert_false(clock_is_trusted(&clock));
        assert_int_equal(clock.departure_ms, BOUND + 1);
        assert_false(clock_check(&clock, START + 10000, 15000, 0)); /* told once; coming back is not enough */
        assert_false(clock_is_trusted(&clock));
}

static void test_backwards(void **state) {
        Clock clock;

        (void)state;
        clock_init(&clock, BOUND);
        clock_check(&clock, START, 5000, 0);
        assert_true(clock_check(&clock, START - BOUND - 1, 5000, 0));
}

static void test_database_is_elsewhere(void **state) {
        Clock clock;

        (void)state;
        clock_init(&clock, BOUND);
        clock_check(&clock, START, 5000, 0);
        assert_false(clock_check(&clock, START, 5000, BOUND));
        assert_true(clock_check(&clock, START, 5000, -BOUND - 1));
        assert_true(clock.by_database);
        assert_false(clock_is_trusted(&clock));
}

static void test_confirmed(void **state) {
        Clock clock;

        (void)state;
        clock_init(&clock, BOUND);
        clock_check(&clock, START, 5000, 0);
        clock_check(&clock, START + 2 * BOUND, 5000, 0);
        clock_confirm(&clock, START + 2 * BOUND, 5000, -2 * BOUND);
        assert_true(clock_is_trusted(&clock));
        assert_false(clock_check(&clock, START + 2 * BOUND + 10, 5010, -2 * BOUND));
        assert_true(clock_check(&clock, START, 5020, -2 * BOUND));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_first_look_is_the_base), cmocka_unit_test(test_wall_moves_against_monotonic),
                cmocka_unit_test(test_backwards),              cmocka_unit_test(test_database_is_elsewhere),
                cmocka_unit_test(test_confirmed),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
