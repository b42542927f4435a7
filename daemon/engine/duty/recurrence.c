#include "engine/duty/recurrence.h"

#include <assert.h>
#include <libical/ical.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/json.h"
#include "proto/timestamp.h"

#define MINUTE_MS INT64_C(60000)
#define DAY_MS (24 * 60 * MINUTE_MS)
#define RULE_BYTES_MAX 500
#define COUNT_MAX 1000          /* a counted rule is walked from its start */
#define STEPS_MAX 20000         /* occurrences looked at for one answer: two days of the shortest gap are 576 */
#define GAPS_CHECKED 1000
#define YEAR_LAST 2099

typedef struct Exdate { int64_t at_ms; bool whole_day; } Exdate; /* of the town's clock */

struct Recurrence {
        struct icalrecurrencetype rule;
        int64_t start_ms;               /* of the town's clock, as if it were UTC */
        int64_t until_ms;               /* likewise; INT64_MAX when open */
        int64_t offset_ms;              /* the town's zone, east of UTC */
        Exdate exdates[EXDATES_MAX]; size_t n_exdates;
};

/* ---- the rule's text ---- */

enum { MINUTELY = 1, HOURLY = 2, DAILY = 4, WEEKLY = 8, MONTHLY = 16, YEARLY = 32 };

/*
 * Which parts go with which frequency (RFC 5545, 3.3.10), less what makes a rule costly to search: the short frequencies take only
 * what comes true within a day, BYSETPOS only what libical counts right. SECONDLY would always be too often.
 */
static const struct { const char *name; unsigned with; int min, max; bool list, negative; } parts[] = {
        {"FREQ", MINUTELY | HOURLY | DAILY | WEEKLY | MONTHLY | YEARLY, 0, 0, false, false},
        {"INTERVAL", MINUTELY | HOURLY | DAILY | WEEKLY | MONTHLY | YEARLY, 1, 1000, false, false},
        {"COUNT", MINUTELY | HOURLY | DAILY | WEEKLY | MONTHLY | YEARLY, 1, COUNT_MAX, false, false},
        {"UNTIL", MINUTELY | HOURLY | DAILY | WEEKLY | MONTHLY | YEARLY, 0, 0, false, false},
        {"WKST", DAILY | WEEKLY | MONTHLY | YEARLY, 0, 0, false, false},
        {"BYDAY", MINUTELY | HOURLY | DAILY | WEEKLY | MONTHLY | YEARLY, 0, 0, true, true},
        {"BYMINUTE", HOURLY | DAILY | WEEKLY | MONTHLY | YEARLY, 0, 59, true, false},
        {"BYHOUR", MINUTELY | DAILY | WEEKLY | MONTHLY | YEARLY, 0, 23, true, false},
        {"BYMONTHDAY", DAILY | MONTHLY | YEARLY, 1, 31, true, true},
        {"BYMONTH", DAILY | WEEKLY | MONTHLY | YEARLY, 1, 12, true, false},
        {"BYYEARDAY", YEARLY, 1, 366, true, true},
        {"BYWEEKNO", YEARLY, 1, 53, true, true},
        {"BYSETPOS", MONTHLY | YEARLY, 1, 366, true, true},
};
#define N_PARTS (sizeof parts / sizeof parts[0])

static const char *const frequencies[] = {"MINUTELY", "HOURLY", "DAILY", "WEEKLY", "MONTHLY", "YEARLY"};

static unsigned frequency_parse(const char *text, size_t n) {
        for (unsigned i = 0; i < sizeof frequencies / sizeof frequencies[0]; i++)
                if (strlen(frequencies[i]) == n && memcmp(frequencies[i], text, n) == 0)
                        return 1u << i;
        return 0;
}

static bool number_parse(const char *text, size_t n, bool negative, int *ret) {
        size_t at = 0;
        int value = 0;
        bool minus = negative && n > 0 && text[0] == '-';
        at += minus || (negative && n > 0 && text[0] == '+');
        if (at == n || n - at > 4)
                return false;
        for (; at < n; at++) {
                if (text[at] < '0' || text[at] > '9')
                        return false;
                value = value * 10 + text[at] - '0';
        }
        *ret = minus ? -value : value;
        return true;
}

static bool weekday_is(const char *text, size_t n) {
        static const char days[] = "MOTUWETHFRSASU";
        for (size_t i = 0; n == 2 && i < 14; i += 2)
                if (memcmp(days + i, text, 2) == 0)
                        return true;
        return false;
}

/* `MO`; with a number before it (`1MO`, `-1FR`) only by month or year. */
static bool day_is_valid(const char *text, size_t n, unsigned frequency) {
        int ordinal = 1, last = frequency == MONTHLY ? 5 : 53;
        if (n < 2 || !weekday_is(text + n - 2, 2))
                return false;
        if (n == 2)
                return true;
        return (frequency & (MONTHLY | YEARLY)) && number_parse(text, n - 2, true, &ordinal) && ordinal != 0 && abs(ordinal) <= last;
}

static bool element_is_valid(size_t part, const char *text, size_t n, unsigned frequency) {
        int value;
        if (strcmp(parts[part].name, "BYDAY") == 0)
                return day_is_valid(text, n, frequency);
        if (!number_parse(text, n, parts[part].negative, &value))
                return false;
        value = parts[part].negative ? abs(value) : value;
        return value >= parts[part].min && value <= parts[part].max;
}

static bool list_is_valid(size_t part, const char *text, size_t n, unsigned frequency) {
        size_t from = 0, count = 0;
        for (size_t i = 0; i <= n; i++) {
                if (i < n && text[i] != ',')
                        continue;
                if (!element_is_valid(part, text + from, i - from, frequency) || ++count > 60)
                        return false;
                from = i + 1;
        }
        return true;
}

/* Short intervals are the same every day: beyond that libical loses their phase where BYHOUR or BYDAY leave something out. */
static bool interval_is_even(int interval, unsigned frequency) {
        return frequency == MINUTELY ? interval < 60 && 60 % interval == 0 : frequency == HOURLY ? interval < 24 && 24 % interval == 0 : true;
}

static bool value_is_valid(size_t part, const char *text, size_t n, unsigned frequency) {
        int value;
        if (parts[part].list)
                return list_is_valid(part, text, n, frequency);
        if (strcmp(parts[part].name, "WKST") == 0)
                return weekday_is(text, n);
        if (strcmp(parts[part].name, "FREQ") == 0 || strcmp(parts[part].name, "UNTIL") == 0)
                return n > 0;
        if (!number_parse(text, n, false, &value) || value < parts[part].min || value > parts[part].max)
                return false;
        return strcmp(parts[part].name, "INTERVAL") != 0 || interval_is_even(value, frequency);
}

/* The value of a part, NULL when the rule has none. */
static const char *part_find(const char *rule, const char *name, size_t *ret_n) {
        size_t n_name = strlen(name);
        for (const char *at = rule; at != NULL; at = strchr(at, ';') ? strchr(at, ';') + 1 : NULL)
                if (strncmp(at, name, n_name) == 0 && at[n_name] == '=') {
                        *ret_n = strcspn(at + n_name + 1, ";");
                        return at + n_name + 1;
                }
        return NULL;
}

static bool part_check(Check *check, const char *text, size_t n, unsigned frequency, unsigned *seen) {
        const char *equals = memchr(text, '=', n);
        size_t n_name = equals ? (size_t)(equals - text) : n, part = 0;
        while (part < N_PARTS && (strlen(parts[part].name) != n_name || memcmp(parts[part].name, text, n_name) != 0))
                part++;
        if (!equals || part == N_PARTS)
                return check_fail(check, "RRULE 有未知部分", "the RRULE has an unknown part");
        if (!(parts[part].with & frequency))
                return check_fail_word(check, "该频率下不可用：", "not with this frequency:", parts[part].name);
        if (*seen & 1u << part)
                return check_fail_word(check, "重复：", "given twice:", parts[part].name);
        *seen |= 1u << part;
        if (!value_is_valid(part, equals + 1, n - n_name - 1, frequency))
                return check_fail_word(check, "值不合规：", "has a value out of its bounds:", parts[part].name);
        return true;
}

static bool rule_check(Check *check, const char *rule) {
        size_t n;
        unsigned seen = 0;
        const char *value = part_find(rule, "FREQ", &n);
        unsigned frequency = value ? frequency_parse(value, n) : 0;
        if (!frequency)
                return check_fail(check, "FREQ 须为 MINUTELY、HOURLY、DAILY、WEEKLY、MONTHLY 或 YEARLY",
                                  "FREQ must be MINUTELY, HOURLY, DAILY, WEEKLY, MONTHLY or YEARLY");
        for (const char *at = rule;;) {
                size_t length = strcspn(at, ";");
                if (!part_check(check, at, length, frequency, &seen))
                        return false;
                if (at[length] == '\0')
                        break;
                at += length + 1;
        }
        if (part_find(rule, "COUNT", &n) && part_find(rule, "UNTIL", &n))
                return check_fail(check, "COUNT 与 UNTIL 不可并用", "COUNT and UNTIL exclude each other");
        return true;
}

/* ---- times of the town ---- */

static bool digits_parse(const char *text, size_t n, int *ret) {
        *ret = 0;
        for (size_t i = 0; i < n; i++) {
                if (text[i] < '0' || text[i] > '9')
                        return false;
                *ret = *ret * 10 + text[i] - '0';
        }
        return true;
}

static bool civil_ms(int year, int month, int day, int hour, int minute, int second, int64_t *ret) {
        int back_year, back_month, back_day;
        if (year < 2000 || year > YEAR_LAST || month < 1 || month > 12 || day < 1 || day > 31 || hour > 23 || minute > 59 || second > 59)
                return false;
        int64_t days = day_from_civil(year, month, day);
        day_civil(days, &back_year, &back_month, &back_day);
        *ret = days * DAY_MS + ((hour * 60 + minute) * 60 + second) * INT64_C(1000);
        return back_month == month;
}

/* `2026-11-23` (`date` allowed) or `2026-11-23T08:00`. */
static bool local_parse(const char *text, bool date, bool *ret_whole_day, int64_t *ret_ms) {
        size_t n = text ? strlen(text) : 0;
        int year, month, day, hour = 0, minute = 0;
        *ret_whole_day = n == 10;
        if ((n != 16 && !(date && n == 10)) || text[4] != '-' || text[7] != '-' || (n == 16 && (text[10] != 'T' || text[13] != ':')))
                return false;
        return digits_parse(text, 4, &year) && digits_parse(text + 5, 2, &month) && digits_parse(text + 8, 2, &day) &&
               (n == 10 || (digits_parse(text + 11, 2, &hour) && digits_parse(text + 14, 2, &minute))) &&
               civil_ms(year, month, day, hour, minute, 0, ret_ms);
}

/* RFC 5545 DATE (that day included), local DATE-TIME, or UTC with Z. */
static bool until_parse(const char *text, size_t n, int64_t offset_ms, int64_t *ret_ms) {
        int year, month, day, hour = 23, minute = 59, second = 59;
        if ((n != 8 && n != 15 && n != 16) || (n > 8 && text[8] != 'T') || (n == 16 && text[15] != 'Z'))
                return false;
        if (!digits_parse(text, 4, &year) || !digits_parse(text + 4, 2, &month) || !digits_parse(text + 6, 2, &day) ||
            (n > 8 && (!digits_parse(text + 9, 2, &hour) || !digits_parse(text + 11, 2, &minute) || !digits_parse(text + 13, 2, &second))) ||
            !civil_ms(year, month, day, hour, minute, second, ret_ms))
                return false;
        *ret_ms += n == 16 ? offset_ms : 0;
        return true;
}

static struct icaltimetype ical_time(int64_t local_ms) {
        int64_t day = timestamp_day(local_ms, 0), second = (local_ms - timestamp_of_day(day, 0)) / 1000;
        struct icaltimetype time = icaltime_null_time();
        day_civil(day, &time.year, &time.month, &time.day);
        time.hour = (int)(second / 3600);
        time.minute = (int)(second / 60 % 60);
        time.second = (int)(second % 60);
        return time;
}

static int64_t local_of(struct icaltimetype time) {
        return day_from_civil(time.year, time.month, time.day) * DAY_MS + ((time.hour * 60 + time.minute) * 60 + time.second) * INT64_C(1000);
}

/* ---- walking ---- */

static bool is_excluded(const Recurrence *recurrence, int64_t local_ms) {
        for (size_t i = 0; i < recurrence->n_exdates; i++) {
                const Exdate *exdate = &recurrence->exdates[i];
                if (exdate->whole_day ? timestamp_day(local_ms, 0) == timestamp_day(exdate->at_ms, 0) : local_ms == exdate->at_ms)
                        return true;
        }
        return false;
}

/* The length of one turn of the rule, ms; 0 where turns differ (months, years). */
static int64_t turn_ms(const struct icalrecurrencetype *rule) {
        switch (rule->freq) {
        case ICAL_MINUTELY_RECURRENCE: return rule->interval * MINUTE_MS;
        case ICAL_HOURLY_RECURRENCE: return rule->interval * 60 * MINUTE_MS;
        case ICAL_DAILY_RECURRENCE: return rule->interval * DAY_MS;
        case ICAL_WEEKLY_RECURRENCE: return rule->interval * 7 * DAY_MS;
        default: return 0;
        }
}

/*
 * Where a walk that looks for what comes after `from` may begin: whole turns after the start, since libical's own jump loses the
 * phase of short intervals at midnight. A rule with a COUNT is walked from its start; months and years are left to libical's jump.
 */
static icalrecur_iterator *iterator_at(const Recurrence *recurrence, int64_t after_local) {
        int64_t from = after_local - 2 * DAY_MS, start = recurrence->start_ms, turn = turn_ms(&recurrence->rule);
        bool jumps = recurrence->rule.count == 0 && from > start;
        if (jumps && turn > 0)
                start += (from - start) / turn * turn;
        icalrecur_iterator *iterator = icalrecur_iterator_new(recurrence->rule, ical_time(start));
        if (iterator && jumps && turn == 0 && !icalrecur_iterator_set_start(iterator, ical_time(from))) {
                icalrecur_iterator_free(iterator);
                return NULL;
        }
        return iterator;
}

/* The walk's next occurrence after that moment of the town's clock; TIMESTAMP_NONE at its end. */
static int64_t walk_on(const Recurrence *recurrence, icalrecur_iterator *iterator, int64_t after_local) {
        for (int i = 0; i < STEPS_MAX; i++) {
                struct icaltimetype time = icalrecur_iterator_next(iterator);
                if (icaltime_is_null_time(time) || time.year > YEAR_LAST || local_of(time) > recurrence->until_ms)
                        break;
                if (local_of(time) > after_local && !is_excluded(recurrence, local_of(time)))
                        return local_of(time);
        }
        return TIMESTAMP_NONE;
}

int64_t recurrence_next(const Recurrence *recurrence, int64_t after_ms) {
        int64_t after_local = after_ms + recurrence->offset_ms;
        icalrecur_iterator *iterator = iterator_at(recurrence, after_local);
        int64_t found = iterator ? walk_on(recurrence, iterator, after_local) : TIMESTAMP_NONE;
        if (iterator)
                icalrecur_iterator_free(iterator);
        return found == TIMESTAMP_NONE ? found : found - recurrence->offset_ms;
}

/* ---- making ---- */

/* The rule without UNTIL, which libical would read in a zone of its own choice. */
static bool rule_parse(Check *check, const char *text, Recurrence *ret) {
        char rule[RULE_BYTES_MAX + 1] = "";
        size_t n_until, n = 0;
        if (!rule_check(check, text))
                return false;
        const char *until = part_find(text, "UNTIL", &n_until);
        if (until && !until_parse(until, n_until, ret->offset_ms, &ret->until_ms))
                return check_fail(check, "UNTIL 应为 20261231、20261231T180000 或末尾带 Z", "UNTIL must be like 20261231, 20261231T180000 or with Z");
        for (const char *at = text; *at != '\0'; at += at[0] == ';') {
                size_t length = strcspn(at, ";");
                if (strncmp(at, "UNTIL=", 6) != 0)
                        n += (size_t)snprintf(rule + n, sizeof rule - n, "%s%.*s", n > 0 ? ";" : "", (int)length, at);
                at += length;
        }
        icalerror_set_errors_are_fatal(0); /* libical's default is to abort */
        ret->rule = icalrecurrencetype_from_string(rule);
        if (ret->rule.freq == ICAL_NO_RECURRENCE)
                return check_fail(check, "RRULE 不合 RFC 5545", "the RRULE is not one of RFC 5545");
        return true;
}

static bool exdates_parse(Check *check, const cJSON *list, Recurrence *ret) {
        const cJSON *item;
        if (!check_array(check, list, EXDATES_MAX))
                return false;
        cJSON_ArrayForEach(item, list) {
                size_t mark = check_enter_index(check, ret->n_exdates);
                Exdate *exdate = &ret->exdates[ret->n_exdates++];
                if (!local_parse(cJSON_IsString(item) ? item->valuestring : NULL, true, &exdate->whole_day, &exdate->at_ms))
                        return check_fail(check, "应为 2026-12-31 或 2026-12-31T08:00", "must be like 2026-12-31 or 2026-12-31T08:00");
                check_leave(check, mark);
        }
        return true;
}

static bool times_parse(Check *check, const cJSON *item, Recurrence *ret) {
        bool whole_day;
        const char *start = json_string(item, "start"), *rule = json_string(item, "rrule");
        size_t mark = check_enter(check, "start");
        if (!local_parse(start, false, &whole_day, &ret->start_ms))
                return check_fail(check, "应为本地时间 2026-11-23T08:00", "must be the town's time like 2026-11-23T08:00");
        check_leave(check, mark);
        check_enter(check, "rrule");
        if (!rule || strlen(rule) > RULE_BYTES_MAX)
                return check_fail(check, "缺少 RRULE 或过长", "is missing or too long");
        if (!rule_parse(check, rule, ret))
                return false;
        check_leave(check, mark);
        const cJSON *exdates = cJSON_GetObjectItemCaseSensitive(item, "exdate");
        check_enter(check, "exdate");
        if (exdates && !exdates_parse(check, exdates, ret))
                return false;
        check_leave(check, mark);
        return true;
}

/* A rule repeats itself: what comes too close together does so early. */
bool recurrence_comes(Check *check, const Recurrence *recurrence) {
        size_t mark = check_enter(check, "rrule");
        icalrecur_iterator *iterator = iterator_at(recurrence, recurrence->start_ms - 1);
        int64_t at = iterator ? walk_on(recurrence, iterator, recurrence->start_ms - 1) : TIMESTAMP_NONE;
        bool comes = at != TIMESTAMP_NONE, close = false;
        for (int i = 0; i < GAPS_CHECKED && at != TIMESTAMP_NONE && !close; i++) {
                int64_t next = walk_on(recurrence, iterator, at);
                close = next != TIMESTAMP_NONE && next - at < RECURRENCE_GAP_MIN_MS;
                at = next;
        }
        if (iterator)
                icalrecur_iterator_free(iterator);
        if (!comes)
                return check_fail(check, "永不发生", "never comes");
        if (close)
                return check_fail(check, "间隔短于5分钟", "comes more often than every five minutes");
        check_leave(check, mark);
        return true;
}

Recurrence *recurrence_new(Check *check, const cJSON *item, int offset_minutes) {
        Recurrence *recurrence = calloc(1, sizeof *recurrence);
        if (!recurrence)
                abort();
        recurrence->offset_ms = offset_minutes * MINUTE_MS;
        recurrence->until_ms = INT64_MAX;
        if (!times_parse(check, item, recurrence))
                return recurrence_free(recurrence);
        return recurrence;
}

Recurrence *recurrence_free(Recurrence *recurrence) {
        free(recurrence);
        return NULL;
}
