/* Recurrence: rules of RFC 5545 in the town's zone, refusals, and the jump into the middle against a walk from the start. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/duty/recurrence.h"
#include "proto/json.h"
#include "proto/timestamp.h"

#define ZONE 480

static Recurrence *made(const char *start, const char *rule, const char *exdates, char *detail, size_t n) {
        char text[2048];
        Check check;
        check_init(&check, detail, n);
        snprintf(text, sizeof text, "{\"start\":\"%s\",\"rrule\":\"%s\"%s%s}", start, rule, exdates ? ",\"exdate\":" : "", exdates ? exdates : "");
        _cleanup_json_ cJSON *item = cJSON_Parse(text);
        assert_non_null(item);
        Recurrence *recurrence = recurrence_new(&check, item, ZONE);
        if (recurrence != NULL && !recurrence_comes(&check, recurrence))
                recurrence = recurrence_free(recurrence);
        assert_true(recurrence != NULL || (check.failed && strstr(detail, " / ") != NULL));
        return recurrence;
}

static Recurrence *good(const char *start, const char *rule, const char *exdates) {
        char detail[200];
        Recurrence *recurrence = made(start, rule, exdates, detail, sizeof detail);
        if (recurrence == NULL)
                fail_msg("%s: %s", rule, detail);
        return recurrence;
}

static int64_t ms(const char *text) {
        int64_t at;
        assert_true(timestamp_parse(text, strlen(text), &at));
        return at;
}

static void expect(const char *start, const char *rule, const char *exdates, const char *after, const char *const *wanted) {
        Recurrence *recurrence = good(start, rule, exdates);
        int64_t at = ms(after);
        for (; *wanted != NULL; wanted++) {
                char text[TIMESTAMP_TEXT_MAX];
                at = recurrence_next(recurrence, at);
                if (strcmp(*wanted, "none") == 0) {
                        assert_int_equal(at, TIMESTAMP_NONE);
                        break;
                }
                assert_int_not_equal(at, TIMESTAMP_NONE);
                timestamp_format(at, ZONE, text);
                assert_string_equal(text, *wanted);
        }
        recurrence_free(recurrence);
}
#define TIMES(...) (const char *const[]){__VA_ARGS__, NULL}

static void test_rules(void **state) {
        (void)state;
        expect("2026-11-23T08:00", "FREQ=WEEKLY;BYDAY=MO,TH", NULL, "2026-11-23T08:00:00+08:00",
               TIMES("2026-11-26T08:00:00+08:00", "2026-11-30T08:00:00+08:00"));
        expect("2026-01-01T07:30", "FREQ=MONTHLY;BYDAY=-1FR", NULL, "2026-11-20T00:00:00+08:00",
               TIMES("2026-11-27T07:30:00+08:00", "2026-12-25T07:30:00+08:00"));
        expect("2026-01-01T08:00", "FREQ=DAILY;BYHOUR=8,20", NULL, "2026-11-20T08:00:00+08:00",
               TIMES("2026-11-20T20:00:00+08:00", "2026-11-21T08:00:00+08:00"));
        expect("2024-02-29T08:00", "FREQ=YEARLY", NULL, "2024-03-01T00:00:00+08:00", TIMES("2028-02-29T08:00:00+08:00"));
        expect("2026-01-31T08:00", "FREQ=MONTHLY", NULL, "2026-02-01T00:00:00+08:00", TIMES("2026-03-31T08:00:00+08:00"));
        expect("2026-01-01T08:00", "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1", NULL, "2026-10-01T00:00:00+08:00",
               TIMES("2026-10-30T08:00:00+08:00", "2026-11-30T08:00:00+08:00"));
}

/* A day of the town is not a day of UTC: 07:00 on Monday is Sunday 23:00 there. */
static void test_zone(void **state) {
        (void)state;
        expect("2026-11-23T07:00", "FREQ=WEEKLY;BYDAY=MO", NULL, "2026-11-23T00:00:00Z", TIMES("2026-11-30T07:00:00+08:00"));
        expect("2026-11-23T07:00", "FREQ=WEEKLY;BYDAY=MO", NULL, "2026-11-22T22:59:59Z", TIMES("2026-11-23T07:00:00+08:00"));
}

static void test_end(void **state) {
        (void)state;
        expect("2026-11-23T08:00", "FREQ=DAILY;COUNT=2", NULL, "2026-11-22T00:00:00+08:00",
               TIMES("2026-11-23T08:00:00+08:00", "2026-11-24T08:00:00+08:00", "none"));
        expect("2026-11-23T08:00", "FREQ=DAILY;UNTIL=20261124", NULL, "2026-11-23T09:00:00+08:00", TIMES("2026-11-24T08:00:00+08:00", "none"));
        /* 00:00Z is 08:00 in town; one second earlier is before it */
        expect("2026-11-23T08:00", "FREQ=DAILY;UNTIL=20261124T000000Z", NULL, "2026-11-23T09:00:00+08:00",
               TIMES("2026-11-24T08:00:00+08:00", "none"));
        expect("2026-11-23T08:00", "FREQ=DAILY;UNTIL=20261123T235959Z", NULL, "2026-11-23T09:00:00+08:00", TIMES("none"));
        expect("2026-11-23T08:00", "UNTIL=20261124T075959;FREQ=DAILY", NULL, "2026-11-23T09:00:00+08:00", TIMES("none"));
}

static void test_exdates(void **state) {
        (void)state;
        expect("2026-11-23T08:00", "FREQ=DAILY;BYHOUR=8,20", "[\"2026-11-24\",\"2026-11-25T08:00\"]", "2026-11-23T20:00:00+08:00",
               TIMES("2026-11-25T20:00:00+08:00"));
}

static const char *const refused[][2] = {
        {"FREQ=SECONDLY", "FREQ"}, {"", "FREQ"}, {"INTERVAL=2", "FREQ"}, {"FREQ=DAILY;X=1", "unknown part"}, {"FREQ=DAILY;", "unknown part"},
        {"FREQ=DAILY;FREQ=DAILY", "given twice"}, {"FREQ=DAILY;INTERVAL=0", "INTERVAL"}, {"FREQ=DAILY;INTERVAL=-1", "INTERVAL"},
        {"FREQ=DAILY;INTERVAL=1001", "INTERVAL"}, {"FREQ=DAILY;COUNT=0", "COUNT"}, {"FREQ=DAILY;COUNT=100000", "COUNT"},
        {"FREQ=DAILY;COUNT=2;UNTIL=20270101", "exclude each other"}, {"FREQ=DAILY;UNTIL=20261331", "UNTIL"}, {"FREQ=DAILY;UNTIL=tomorrow", "UNTIL"},
        {"FREQ=DAILY;BYHOUR=24", "BYHOUR"}, {"FREQ=DAILY;BYMINUTE=60", "BYMINUTE"}, {"FREQ=DAILY;BYHOUR=8,", "BYHOUR"}, {"FREQ=DAILY;BYHOUR=", "BYHOUR"},
        {"FREQ=WEEKLY;BYDAY=9MO", "BYDAY"}, {"FREQ=WEEKLY;BYDAY=XX", "BYDAY"}, {"FREQ=MONTHLY;BYDAY=6MO", "BYDAY"}, {"FREQ=MONTHLY;BYDAY=0MO", "BYDAY"},
        {"FREQ=WEEKLY;BYMONTHDAY=1", "BYMONTHDAY"}, {"FREQ=MONTHLY;BYMONTHDAY=0", "BYMONTHDAY"}, {"FREQ=MONTHLY;BYMONTHDAY=32", "BYMONTHDAY"},
        {"FREQ=DAILY;BYSECOND=1", "unknown part"}, {"FREQ=MONTHLY;BYWEEKNO=3", "BYWEEKNO"}, {"FREQ=DAILY;BYSETPOS=1", "BYSETPOS"},
        {"FREQ=HOURLY;BYHOUR=3", "BYHOUR"}, {"FREQ=MINUTELY;INTERVAL=60;BYHOUR=9", "INTERVAL"}, {"FREQ=DAILY;RSCALE=CHINESE", "unknown part"},
        {"FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", "never comes"}, {"FREQ=DAILY;BYMONTH=4;BYMONTHDAY=31", "never comes"},
        {"FREQ=DAILY;UNTIL=20200101", "never comes"}, {"FREQ=DAILY;COUNT=1;BYHOUR=8", NULL},
        {"FREQ=MINUTELY", "five minutes"}, {"FREQ=MINUTELY;INTERVAL=4", "five minutes"}, {"FREQ=MINUTELY;INTERVAL=5", NULL}, {"FREQ=MINUTELY;INTERVAL=7", "INTERVAL"}, {"FREQ=HOURLY;INTERVAL=5", "INTERVAL"},
        {"FREQ=DAILY;BYHOUR=9;BYMINUTE=0,4", "five minutes"}, {"FREQ=DAILY;BYHOUR=0,23;BYMINUTE=0,57", "five minutes"},
        {"FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29;BYMINUTE=0,1", "five minutes"}, {"FREQ=HOURLY;BYMINUTE=0,30", NULL},
};

static void test_refused(void **state) {
        (void)state;
        for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
                char detail[200] = "";
                Recurrence *recurrence = made("2026-11-23T08:00", refused[i][0], NULL, detail, sizeof detail);
                if ((refused[i][1] == NULL) != (recurrence != NULL) || (refused[i][1] != NULL && strstr(detail, refused[i][1]) == NULL))
                        fail_msg("%s: %s", refused[i][0], detail);
                recurrence_free(recurrence);
        }
}

static void test_refused_times(void **state) {
        (void)state;
        static const char *const starts[] = {"2026-11-23", "2026-11-23T8:00", "2026-11-23T24:00", "2026-02-30T08:00", "1999-11-23T08:00",
                                             "2026-11-23T08:00:00", "2026-11-23T08:00+08:00", "2100-01-01T08:00", ""};
        static const char *const exdates[] = {"[\"2026-13-01\"]", "[7]", "\"2026-12-01\"", "[\"2026-12-01T08\"]"};
        char detail[200];
        for (size_t i = 0; i < sizeof starts / sizeof starts[0]; i++)
                assert_null(made(starts[i], "FREQ=DAILY", NULL, detail, sizeof detail));
        for (size_t i = 0; i < sizeof exdates / sizeof exdates[0]; i++)
                assert_null(made("2026-11-23T08:00", "FREQ=DAILY", exdates[i], detail, sizeof detail));
        assert_null(made("2026-11-23T08:00", "FREQ=DAILY;COUNT=1", "[\"2026-11-23\"]", detail, sizeof detail)); /* all taken out */
        char many[12000] = "[";
        for (int i = 0; i <= EXDATES_MAX; i++)
                sprintf(many + strlen(many), "%s\"2026-12-31\"", i == 0 ? "" : ",");
        Check check;
        check_init(&check, detail, sizeof detail);
        _cleanup_json_ cJSON *item = cJSON_CreateObject();
        json_add_string(item, "start", "2026-11-23T08:00");
        json_add_string(item, "rrule", "FREQ=DAILY");
        cJSON_AddItemToObject(item, "exdate", cJSON_Parse(strcat(many, "]")));
        assert_null(recurrence_new(&check, item, ZONE));
}

/* Rules of every frequency and interval: asked from the middle, they answer as when walked from the start. */
static const char *const walked[] = {
        "FREQ=MINUTELY;INTERVAL=6", "FREQ=MINUTELY;INTERVAL=20;BYHOUR=9,10;BYDAY=MO", "FREQ=HOURLY;INTERVAL=3;BYDAY=MO,SU", "FREQ=HOURLY;INTERVAL=8;BYMINUTE=5,45",
        "FREQ=DAILY;INTERVAL=3", "FREQ=DAILY;INTERVAL=2;BYDAY=MO,FR;BYHOUR=6,18", "FREQ=DAILY;BYMONTH=2,7;BYMONTHDAY=-1,3", "FREQ=WEEKLY;INTERVAL=3;BYDAY=SU,MO,WE",
        "FREQ=WEEKLY;INTERVAL=2;WKST=SU;BYDAY=SU,SA", "FREQ=WEEKLY;BYMONTH=3;BYDAY=TU", "FREQ=MONTHLY;INTERVAL=5;BYDAY=-1FR,2MO", "FREQ=MONTHLY;INTERVAL=2;BYMONTHDAY=31,-2",
        "FREQ=MONTHLY;BYDAY=SA,SU;BYSETPOS=1,-1", "FREQ=YEARLY;INTERVAL=2;BYMONTH=6,1;BYDAY=1TH", "FREQ=YEARLY;BYYEARDAY=1,-1,200", "FREQ=YEARLY;BYWEEKNO=20;BYDAY=MO",
};

static void test_jump(void **state) {
        (void)state;
        for (size_t i = 0; i < sizeof walked / sizeof walked[0]; i++) {
                char with_count[200];
                snprintf(with_count, sizeof with_count, "%s;COUNT=100", walked[i]); /* walked from its start */
                Recurrence *jumping = good("2026-01-05T08:10", walked[i], NULL), *walking = good("2026-01-05T08:10", with_count, NULL);
                int64_t at = ms("2026-01-05T08:00:00+08:00");
                for (int n = 0; n < 100 && at != TIMESTAMP_NONE; n++) {
                        int64_t next = recurrence_next(walking, at), jumped = recurrence_next(jumping, at);
                        if (jumped != next || (next != TIMESTAMP_NONE && recurrence_next(jumping, at + (next - at) / 2) != next))
                                fail_msg("%s: occurrence %d", walked[i], n);
                        at = next;
                }
                recurrence_free(jumping);
                recurrence_free(walking);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_rules), cmocka_unit_test(test_zone), cmocka_unit_test(test_end), cmocka_unit_test(test_exdates),
                cmocka_unit_test(test_refused), cmocka_unit_test(test_refused_times), cmocka_unit_test(test_jump),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
