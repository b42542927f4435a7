/* Times: what RFC 3339 and ISO 8601 allow, what they do not, and civil dates over a whole century. */
#include "proto/timestamp.h"

#include <string.h>

#include "cmocka_headers.h"

static int64_t parse(const char *text) {
        int64_t ms = TIMESTAMP_NONE;
        return timestamp_parse(text, strlen(text), &ms) ? ms : TIMESTAMP_NONE;
}

static void test_parse(void **state) {
        (void)state;
        assert_true(parse("2026-11-21T08:00:00+08:00") == INT64_C(1795219200000));
        assert_true(parse("2026-11-21T00:00:00Z") == INT64_C(1795219200000));
        assert_true(parse("2026-11-21t00:00:00z") == INT64_C(1795219200000));
        assert_true(parse("2026-11-21T00:00:00.5Z") == INT64_C(1795219200500));
        assert_true(parse("2026-11-21T00:00:00.123456789Z") == INT64_C(1795219200123));
        assert_true(parse("2026-11-20T18:30:00-05:30") == INT64_C(1795219200000));
        assert_true(parse("2000-01-01T00:00:00Z") == INT64_C(946684800000));
        assert_true(parse("2024-02-29T00:00:00Z") != TIMESTAMP_NONE);
}

static void test_refused(void **state) {
        (void)state;
        static const char *const texts[] = {
                "", "2026", "2026-11-21", "2026-11-21T08:00:00", "2026-11-21 08:00:00Z", "2026-11-21T08:00Z",
                "2026-13-01T00:00:00Z", "2026-00-01T00:00:00Z", "2026-02-29T00:00:00Z", "2026-04-31T00:00:00Z",
                "2026-11-00T00:00:00Z", "2026-11-21T24:00:00Z", "2026-11-21T00:60:00Z", "2026-11-21T00:00:60Z",
                "2026-11-21T00:00:00.Z", "2026-11-21T00:00:00.1234567890Z", "2026-11-21T00:00:00,5Z",
                "2026-11-21T00:00:00+8:00", "2026-11-21T00:00:00+0800", "2026-11-21T00:00:00+24:00", "2026-11-21T00:00:00+08:60",
                "2026-11-21T00:00:00Z ", " 2026-11-21T00:00:00Z", "2026-11-21T00:00:00ZZ", "1999-12-31T23:59:59Z",
                "2100-01-01T00:00:00Z", "1970-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "-026-11-21T00:00:00Z",
                "2O26-11-21T00:00:00Z", "2026-11-21T00:00:00", "2026-11-21T00:00:00.5",
        };
        for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
                if (parse(texts[i]) != TIMESTAMP_NONE)
                        fail_msg("taken for a time: %s", texts[i]);
        int64_t ms;
        assert_false(timestamp_parse("2026-11-21T00:00:00\0", 20, &ms));
}

static void test_format(void **state) {
        (void)state;
        char text[TIMESTAMP_TEXT_MAX];
        assert_int_equal(timestamp_format(INT64_C(1795219200000), 480, text), 25);
        assert_string_equal(text, "2026-11-21T08:00:00+08:00");
        (void)timestamp_format(INT64_C(1795219200007), 0, text);
        assert_string_equal(text, "2026-11-21T00:00:00.007+00:00");
        (void)timestamp_format(INT64_C(1795219200000), -330, text);
        assert_string_equal(text, "2026-11-20T18:30:00-05:30");
        (void)timestamp_format(-1, 0, text);
        assert_string_equal(text, "1969-12-31T23:59:59.999+00:00");
}

static void test_round_trip(void **state) {
        (void)state;
        char text[TIMESTAMP_TEXT_MAX];
        for (int64_t ms = INT64_C(946684800000); ms < INT64_C(4102444800000); ms += INT64_C(98765432123)) {
                (void)timestamp_format(ms, 480, text);
                assert_true(parse(text) == ms);
        }
        (void)timestamp_format(INT64_C(4102444799999), 480, text);
        assert_true(parse(text) == INT64_C(4102444799999));
}

static void test_days(void **state) {
        (void)state;
        int64_t day = day_from_civil(2000, 1, 1);
        assert_true(day == 10957);
        for (int i = 0; i < 36525; i++, day++) {
                int year, month, number;
                day_civil(day, &year, &month, &number);
                assert_true(day_from_civil(year, month, number) == day);
                assert_int_equal(day_weekday(day), (5 + i) % 7); /* 2000-01-01 was a Saturday */
        }
        assert_int_equal(day_weekday(0), 3);
        assert_int_equal(day_weekday(-1), 2);
        assert_int_equal(day_weekday(-5), 5);
}

static void test_town_day(void **state) {
        (void)state;
        int64_t just_before = INT64_C(1795219200000) - 8 * 3600000 - 1; /* 23:59:59.999 in the town */
        assert_true(timestamp_day(just_before, 480) + 1 == timestamp_day(just_before + 1, 480));
        assert_true(timestamp_of_day(timestamp_day(just_before + 1, 480), 480) == just_before + 1);
        assert_true(timestamp_day(-1, 0) == -1);
}

static int64_t duration(const char *text) {
        int64_t ms = -1;
        return duration_parse(text, strlen(text), &ms) ? ms : -1;
}

static void test_durations(void **state) {
        (void)state;
        assert_true(duration("PT2H") == 7200000);
        assert_true(duration("PT15M") == 900000);
        assert_true(duration("P1DT2H3M4S") == INT64_C(93784000));
        assert_true(duration("P2W") == INT64_C(1209600000));
        assert_true(duration("P1W1D") == INT64_C(691200000));
        assert_true(duration("PT0S") == 0);
        assert_true(duration("P400D") == INT64_C(34560000000));
        static const char *const refused[] = {"", "P", "PT", "P1", "1D", "P1Y", "P1M", "PT1D", "P1H", "PT1H1H", "PT1M1H", "P1D1W",
                                              "P1DT", "P401D", "PT999999999999H", "P-1D", "+P1D", "PT1.5H", "PT1H ", "pt1h", "PTT1H",
                                              "P1D2H", "PT9999999999S", "PT1"};
        for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
                if (duration(refused[i]) != -1)
                        fail_msg("taken for a duration: %s", refused[i]);
}

static void test_duration_format(void **state) {
        (void)state;
        char text[TIMESTAMP_TEXT_MAX];
        (void)duration_format(0, text);
        assert_string_equal(text, "PT0S");
        (void)duration_format(INT64_C(93784000), text);
        assert_string_equal(text, "P1DT2H3M4S");
        (void)duration_format(INT64_C(172800000), text);
        assert_string_equal(text, "P2D");
        (void)duration_format(INT64_C(86400999), text);
        assert_string_equal(text, "P1D");
        for (int64_t ms = 0; ms <= INT64_C(34560000000); ms += INT64_C(7654321000)) {
                (void)duration_format(ms, text);
                assert_true(duration(text) == ms);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_parse),
                cmocka_unit_test(test_refused),
                cmocka_unit_test(test_format),
                cmocka_unit_test(test_round_trip),
                cmocka_unit_test(test_days),
                cmocka_unit_test(test_town_day),
                cmocka_unit_test(test_durations),
                cmocka_unit_test(test_duration_format),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
