/* Deadlines and timer sets. 2026-11-23 is a Monday; the zone is +08:00. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "engine/state/deadline.h"
#include "proto/timestamp.h"

#define HOUR ((int64_t)3600000)
#define DAY (24 * HOUR)

static int64_t at(const char *text) {
        int64_t ms;
        assert_true(timestamp_parse(text, strlen(text), &ms));
        return ms;
}

static Calendar *plain_calendar(void) {
        char detail[128];
        cJSON *text = cJSON_Parse("{\"name\":\"cn\",\"day\":{\"from\":\"08:00\",\"until\":\"18:00\"},\"holidays\":[],\"workdays\":[],"
                                  "\"loaded_until\":\"2027-12-31\"}");
        Calendar *calendar = calendar_new(text, 480, detail, sizeof detail);
        assert_non_null(calendar);
        cJSON_Delete(text);
        return calendar;
}

static void test_short_clock(void **state) {
        Calendar *calendar = plain_calendar();
        const int64_t base = at("2026-11-23T09:00:00+08:00");
        const Clocks clocks = {.hours = HOURS_ALWAYS, .accept = {.ms = 2 * HOUR, .set = true}};
        Deadline deadline;
        (void)state;
        deadline_compute(calendar, &clocks, CLOCK_ACCEPT, base, &deadline);
        assert_int_equal(deadline.due, base + 2 * HOUR);
        assert_int_equal(deadline.yellow, base + HOUR); /* half way */
        assert_int_equal(deadline.red, deadline.due);   /* at once */
        calendar_free(calendar);
}

static void test_long_clock(void **state) {
        Calendar *calendar = plain_calendar();
        const int64_t base = at("2026-11-23T09:00:00+08:00");
        const Clocks clocks = {.hours = HOURS_DAY, .accept = {.workdays = 1, .set = true}, .finish = {.workdays = 3, .set = true}};
        Deadline deadline;
        (void)state;
        deadline_compute(calendar, &clocks, CLOCK_FINISH, base, &deadline);
        assert_int_equal(deadline.due, at("2026-11-26T09:00:00+08:00"));
        assert_int_equal(deadline.yellow, at("2026-11-25T09:00:00+08:00")); /* one working day before */
        assert_int_equal(deadline.red, at("2026-11-27T09:00:00+08:00"));    /* one after */
        deadline_compute(calendar, &clocks, CLOCK_ACCEPT, at("2026-11-27T09:00:00+08:00"), &deadline);
        assert_int_equal(deadline.due, at("2026-11-30T09:00:00+08:00")); /* over the weekend */
        assert_int_equal(deadline.red, at("2026-12-01T09:00:00+08:00"));
        calendar_free(calendar);
}

/* As the playbook says: by clock, never, and not before the work is known. */
static void test_cards_of_their_own(void **state) {
        Calendar *calendar = plain_calendar();
        const int64_t base = at("2026-11-23T09:00:00+08:00");
        const Clocks clocks = {.hours = HOURS_ALWAYS, .accept = {.ms = 2 * HOUR, .set = true}, .start = {.ms = 4 * HOUR, .set = true},
                               .finish = {.workdays = 5, .set = true},
                               .remind = {[CLOCK_ACCEPT] = {.span = {.ms = HOUR / 4, .set = true}}, [CLOCK_START] = {.never = true},
                                          [CLOCK_FINISH] = {.span = {.workdays = 2, .set = true}}},
                               .supervise = {[CLOCK_ACCEPT] = {.span = {.ms = HOUR / 2, .set = true}}, [CLOCK_FINISH] = {.never = true}}};
        Deadline deadline;
        (void)state;
        deadline_compute(calendar, &clocks, CLOCK_ACCEPT, base, &deadline);
        assert_int_equal(deadline.yellow, deadline.due - HOUR / 4);
        assert_int_equal(deadline.red, deadline.due + HOUR / 2);
        deadline_compute(calendar, &clocks, CLOCK_START, base, &deadline);
        assert_int_equal(deadline.due, base + 4 * HOUR);
        assert_true(deadline.yellow == TIMESTAMP_NONE);
        assert_int_equal(deadline.red, deadline.due);
        deadline_compute(calendar, &clocks, CLOCK_FINISH, base, &deadline);
        assert_int_equal(deadline.yellow, at("2026-11-26T09:00:00+08:00"));
        assert_true(deadline.red == TIMESTAMP_NONE);
        deadline_compute(calendar, &clocks, CLOCK_VERIFY, base, &deadline);
        assert_true(deadline.due == TIMESTAMP_NONE && deadline.yellow == TIMESTAMP_NONE && deadline.red == TIMESTAMP_NONE);
        const Clocks hasty = {.hours = HOURS_ALWAYS, .accept = {.ms = 2 * HOUR, .set = true}, .remind = {{.span = {.workdays = 1, .set = true}}}};
        deadline_compute(calendar, &hasty, CLOCK_ACCEPT, base, &deadline);
        assert_int_equal(deadline.yellow, base + HOUR); /* longer than the clock: half way, not at birth */
        calendar_free(calendar);
}

/* An extension: yellow not before now, or not at all. */
static void test_around(void **state) {
        Calendar *calendar = plain_calendar();
        const int64_t base = at("2026-11-23T09:00:00+08:00"), due = base + 5 * 24 * HOUR;
        const Clocks plain = {0}, never = {.remind = {[CLOCK_FINISH] = {.never = true}}};
        Deadline deadline;
        (void)state;
        deadline_around(calendar, &plain, base, due, due - HOUR, &deadline);
        assert_int_equal(deadline.yellow, due - HOUR);
        deadline_around(calendar, &plain, base, due, base, &deadline);
        assert_true(deadline.yellow > base && deadline.yellow < due);
        deadline_around(calendar, &never, base, due, due - HOUR, &deadline);
        assert_true(deadline.yellow == TIMESTAMP_NONE);
        calendar_free(calendar);
}

static void test_beyond(void **state) {
        Calendar *calendar = plain_calendar();
        const Clocks clocks = {.accept = {.ms = 2 * HOUR, .set = true}, .finish = {.workdays = 3, .set = true}};
        Deadline deadline;
        (void)state;
        deadline_compute(calendar, &clocks, CLOCK_FINISH, at("2027-12-27T09:00:00+08:00"), &deadline);
        assert_false(deadline.beyond); /* the red card alone would lie past the calendar */
        deadline_compute(calendar, &clocks, CLOCK_FINISH, at("2027-12-30T09:00:00+08:00"), &deadline);
        assert_true(deadline.beyond);
        deadline_compute(calendar, &clocks, CLOCK_ACCEPT, at("2027-12-31T23:30:00+08:00"), &deadline);
        assert_false(deadline.beyond); /* asks no calendar */
        calendar_free(calendar);
}

static void test_timer_set(void **state) {
        TimerSet timers = {0}, again = {0};
        Timer next;
        (void)state;
        assert_false(timer_next(&timers, false, &next));
        timer_set(&timers, TIMER_FINISH, 500);
        timer_set(&timers, TIMER_CLEAR, 900);
        timer_set(&timers, TIMER_ACCEPT, 500);
        timer_set(&timers, TIMER_ACCEPT_YELLOW, 700);
        assert_true(timer_next(&timers, false, &next));
        assert_int_equal(next.kind, TIMER_ACCEPT); /* of equal times the lower kind */
        assert_true(timer_next(&timers, true, &next));
        assert_int_equal(next.kind, TIMER_CLEAR); /* clocks stand still */
        timer_set(&timers, TIMER_ACCEPT, TIMESTAMP_NONE);
        timer_set(&timers, TIMER_ACCEPT, TIMESTAMP_NONE);
        assert_int_equal(timers.n, 3);
        cJSON *json = timers_to_json(&timers);
        assert_true(timers_patch(&again, json));
        assert_int_equal(again.n, 3);
        assert_memory_equal(&again.items, &timers.items, 3 * sizeof(Timer));
        cJSON_Delete(json);
        json = cJSON_Parse("{\"finish\":null,\"clear\":5}");
        assert_true(timers_patch(&again, json));
        assert_int_equal(timer_due(&again, TIMER_CLEAR), 5);
        assert_true(timer_due(&again, TIMER_FINISH) == TIMESTAMP_NONE);
        cJSON_Delete(json);
}

static void test_bad_timers(void **state) {
        static const char *const bad[] = {"[]", "{\"sometime\":1}", "{\"accept\":\"x\"}", "{\"accept\":1.5}", "{\"accept\":1e300}"};
        (void)state;
        for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
                TimerSet timers = {0};
                cJSON *json = cJSON_Parse(bad[i]);
                assert_false(timers_patch(&timers, json));
                cJSON_Delete(json);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_short_clock), cmocka_unit_test(test_long_clock), cmocka_unit_test(test_cards_of_their_own), cmocka_unit_test(test_around), cmocka_unit_test(test_beyond),
                cmocka_unit_test(test_timer_set),   cmocka_unit_test(test_bad_timers),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
