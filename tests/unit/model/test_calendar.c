/* Working time: holidays, make-up workdays, day hours, working days, and what lies beyond the loaded calendar. */
#include "model.h"

#include <stdio.h>
#include <string.h>

#include "engine/organisation/calendar.h"
#include "proto/timestamp.h"

/* Thursday 1 and Friday 2 October are holidays, Saturday 10 October 2026 is a workday. */
#define TEXT "{'name':'cn','day':{'from':'08:00','until':'18:00'},'holidays':['2026-10-01','2026-10-02']," \
             "'workdays':['2026-10-10'],'loaded_until':'2026-12-31'}"

static Calendar *calendar;

static int setup(void **state) {
        (void)state;
        char detail[160];
        cJSON *text = json_of(TEXT);
        calendar = calendar_new(text, 480, detail, sizeof detail);
        cJSON_Delete(text);
        return calendar ? 0 : -1;
}

static int teardown(void **state) {
        (void)state;
        calendar = calendar_free(calendar);
        return 0;
}

static Span span_of(const char *text) {
        Span span;
        cJSON *item = json_of(text);
        assert_true(span_parse(item, &span));
        cJSON_Delete(item);
        return span;
}

static void expect_time(int64_t found, const char *expected) {
        char text[TIMESTAMP_TEXT_MAX];
        timestamp_format(found, 480, text);
        assert_string_equal(text, expected);
}

static void expect_add(const char *base, const char *text, Hours hours, const char *expected) {
        Span span = span_of(text);
        bool beyond;
        expect_time(calendar_add(calendar, at(base), &span, hours, &beyond), expected);
        assert_false(beyond);
}

static void expect_subtract(const char *due, const char *text, Hours hours, const char *base, const char *expected) {
        Span span = span_of(text);
        expect_time(calendar_subtract(calendar, at(due), &span, hours, at(base)), expected);
}

static bool is_workday(int year, int month, int day) { return calendar_is_workday(calendar, day_from_civil(year, month, day)); }

static void test_workdays(void **state) {
        (void)state;
        assert_true(is_workday(2026, 9, 30));
        assert_false(is_workday(2026, 10, 1)); /* holiday */
        assert_false(is_workday(2026, 10, 3)); /* Saturday */
        assert_true(is_workday(2026, 10, 10)); /* make-up Saturday */
        assert_false(is_workday(2026, 10, 11));
}

static void test_always(void **state) {
        (void)state;
        expect_add("2026-10-02T23:30:00+08:00", "'PT2H'", HOURS_ALWAYS, "2026-10-03T01:30:00+08:00");
        expect_add("2026-10-02T23:30:00+08:00", "'PT0S'", HOURS_ALWAYS, "2026-10-02T23:30:00+08:00");
}

static void test_day_hours(void **state) {
        (void)state;
        expect_add("2026-09-29T09:00:00+08:00", "'PT2H'", HOURS_DAY, "2026-09-29T11:00:00+08:00");
        expect_add("2026-09-29T17:00:00+08:00", "'PT1H'", HOURS_DAY, "2026-09-29T18:00:00+08:00"); /* up to the very end */
        expect_add("2026-09-29T17:00:00+08:00", "'PT2H'", HOURS_DAY, "2026-09-30T09:00:00+08:00");
        expect_add("2026-09-30T17:00:00+08:00", "'PT2H'", HOURS_DAY, "2026-10-05T09:00:00+08:00"); /* over holidays, weekend */
        expect_add("2026-10-03T03:00:00+08:00", "'PT30M'", HOURS_DAY, "2026-10-05T08:30:00+08:00");
        expect_add("2026-09-29T05:00:00+08:00", "'PT1H'", HOURS_DAY, "2026-09-29T09:00:00+08:00");
        expect_add("2026-09-28T08:00:00+08:00", "'PT30H'", HOURS_DAY, "2026-09-30T18:00:00+08:00"); /* three days of ten hours */
        expect_add("2026-10-09T18:00:00+08:00", "'PT1H'", HOURS_DAY, "2026-10-10T09:00:00+08:00"); /* make-up Saturday */
}

static void test_add_workdays(void **state) {
        (void)state;
        expect_add("2026-09-28T10:15:00+08:00", "{'workdays':1}", HOURS_DAY, "2026-09-29T10:15:00+08:00");
        expect_add("2026-09-30T10:15:00+08:00", "{'workdays':1}", HOURS_DAY, "2026-10-05T10:15:00+08:00");
        expect_add("2026-09-30T10:15:00+08:00", "{'workdays':5}", HOURS_ALWAYS, "2026-10-09T10:15:00+08:00");
        expect_add("2026-10-09T10:15:00+08:00", "{'workdays':1}", HOURS_DAY, "2026-10-10T10:15:00+08:00");
        expect_add("2026-09-30T20:00:00+08:00", "{'workdays':1}", HOURS_DAY, "2026-10-05T18:00:00+08:00"); /* outside: day's end */
        expect_add("2026-10-03T10:00:00+08:00", "{'workdays':1}", HOURS_DAY, "2026-10-05T18:00:00+08:00");
        expect_add("2026-09-28T18:00:00+08:00", "{'workdays':1}", HOURS_DAY, "2026-09-29T18:00:00+08:00");
        expect_add("2026-09-28T10:15:00+08:00", "{'workdays':0}", HOURS_DAY, "2026-09-28T10:15:00+08:00");
}

static void test_subtract(void **state) {
        (void)state;
        expect_subtract("2026-10-05T10:15:00+08:00", "{'workdays':1}", HOURS_DAY, "2026-09-01T00:00:00+08:00", "2026-09-30T10:15:00+08:00");
        expect_subtract("2026-10-05T10:15:00+08:00", "{'workdays':1}", HOURS_DAY, "2026-10-01T00:00:00+08:00", "2026-10-01T00:00:00+08:00");
        expect_subtract("2026-10-05T09:00:00+08:00", "'PT2H'", HOURS_DAY, "2026-09-01T00:00:00+08:00", "2026-09-30T17:00:00+08:00");
        expect_subtract("2026-09-29T18:00:00+08:00", "'PT1H'", HOURS_DAY, "2026-09-01T00:00:00+08:00", "2026-09-29T17:00:00+08:00");
        expect_subtract("2026-10-05T09:00:00+08:00", "'PT2H'", HOURS_DAY, "2026-10-04T00:00:00+08:00", "2026-10-04T00:00:00+08:00");
        expect_subtract("2026-10-05T09:00:00+08:00", "'PT2H'", HOURS_ALWAYS, "2026-09-01T00:00:00+08:00", "2026-10-05T07:00:00+08:00");
}

/* Adding and taking away again comes back, for every quarter of an hour of two weeks with a holiday in them. */
static void test_round_trip(void **state) {
        (void)state;
        Span hours = span_of("'PT13H'"), days = span_of("{'workdays':3}");
        int64_t start = at("2026-09-28T00:00:00+08:00");
        for (int64_t base = start; base < start + INT64_C(14) * 86400000; base += 900000) {
                int64_t open = calendar_next_open(calendar, base);
                assert_true(open >= base);
                int64_t due = calendar_add(calendar, open, &hours, HOURS_DAY, NULL);
                assert_int_equal(calendar_subtract(calendar, due, &hours, HOURS_DAY, 0), open);
                due = calendar_add(calendar, open, &days, HOURS_DAY, NULL);
                assert_int_equal(calendar_subtract(calendar, due, &days, HOURS_DAY, 0), open);
                assert_true(calendar_add(calendar, base, &hours, HOURS_DAY, NULL) == calendar_add(calendar, open, &hours, HOURS_DAY, NULL));
        }
}

static void test_beyond(void **state) {
        (void)state;
        Span one = span_of("{'workdays':1}"), hour = span_of("'PT1H'");
        bool beyond;
        calendar_add(calendar, at("2026-12-30T10:00:00+08:00"), &one, HOURS_DAY, &beyond);
        assert_false(beyond);
        calendar_add(calendar, at("2026-12-31T10:00:00+08:00"), &one, HOURS_DAY, &beyond);
        assert_true(beyond);
        calendar_add(calendar, at("2026-12-31T17:30:00+08:00"), &hour, HOURS_DAY, &beyond);
        assert_true(beyond);
        calendar_add(calendar, at("2027-01-05T10:00:00+08:00"), &hour, HOURS_ALWAYS, &beyond); /* asks no calendar */
        assert_false(beyond);
}

static void test_spans(void **state) {
        (void)state;
        static const char *const bad[] = {"'2H'", "'P1M'", "''", "5", "null", "{'workdays':-1}", "{'workdays':1.5}", "{'workdays':401}",
                                          "{'workdays':1,'x':2}", "{}", "[]", "'PT1H '", "{'workdays':'1'}", "'-PT1H'"};
        for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
                Span span;
                cJSON *item = json_of(bad[i]);
                if (span_parse(item, &span))
                        fail_msg("taken: %s", bad[i]);
                cJSON_Delete(item);
        }
        Span span = span_of("{'workdays':2}");
        cJSON *back = span_to_json(&span);
        assert_int_equal(cJSON_GetObjectItem(back, "workdays")->valueint, 2);
        cJSON_Delete(back);
        span = span_of("'PT90S'");
        back = span_to_json(&span);
        Span again;
        assert_true(span_parse(back, &again));
        assert_int_equal(again.ms, 90000);
        cJSON_Delete(back);
}

static void test_refusals(void **state) {
        (void)state;
        static const struct { const char *text, *place; } bad[] = {
                {"{'name':'cn','holidays':['2026-02-30']}", "holidays[0]"},
                {"{'name':'cn','holidays':['2026-10-1']}", "holidays[0]"},
                {"{'name':'cn','holidays':['2026-10-01','2026-10-01']}", "holidays[1]: 日期重复"},
                {"{'name':'cn','holidays':['2026-10-02','2026-10-01']}", "holidays[1]: 日期须由早到晚 / dates must rise"},
                {"{'name':'cn','workdays':['2026-10-10','2026-09-20']}", "workdays[1]: 日期须由早到晚"},
                {"{'name':'cn','workdays':['2026-10-10'],'loaded_until':'2026-10-09'}", "loaded_until: 早于所列的最后日期"},
                {"{'name':'cn','holidays':'2026-10-01'}", "holidays"},
                {"{'name':'cn','workdays':['2026-09-20','2026-10-10'],'holidays':['2026-10-10']}", "workdays[1]: 同一天既是假日又是工作日"},
                {"{'name':'cn','day':{'from':'18:00','until':'08:00'}}", "day"},
                {"{'name':'cn','day':{'from':'08:60','until':'18:00'}}", "day"},
                {"{'name':'cn','day':{'from':'08:00','until':'25:00'}}", "day"},
                {"{'name':'cn','loaded_until':'2026'}", "loaded_until"},
                {"{'name':'cn','colour':1}", ""},
                {"{'day':{'from':'08:00','until':'18:00'}}", "name"},
                {"[]", ""},
        };
        for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
                char detail[160];
                cJSON *text = json_of(bad[i].text);
                Calendar *made = calendar_new(text, 480, detail, sizeof detail);
                if (made)
                        fail_msg("taken: %s", bad[i].text);
                assert_int_equal(strncmp(detail, bad[i].place, strlen(bad[i].place)), 0);
                assert_non_null(strstr(detail, " / "));
                cJSON_Delete(text);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_workdays, setup, teardown),
                cmocka_unit_test_setup_teardown(test_always, setup, teardown),
                cmocka_unit_test_setup_teardown(test_day_hours, setup, teardown),
                cmocka_unit_test_setup_teardown(test_add_workdays, setup, teardown),
                cmocka_unit_test_setup_teardown(test_subtract, setup, teardown),
                cmocka_unit_test_setup_teardown(test_round_trip, setup, teardown),
                cmocka_unit_test_setup_teardown(test_beyond, setup, teardown),
                cmocka_unit_test(test_spans),
                cmocka_unit_test(test_refusals),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
