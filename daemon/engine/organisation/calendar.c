/*
 * Working time is counted in the town's zone, whose offset from UTC is fixed (China keeps no summer time). Day hours are half open:
 * a moment equal to `until` is closed already, except that a limit may fall on it.
 */
#include "engine/organisation/calendar.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "engine/check.h"
#include "proto/timestamp.h"

#define MINUTE_MS INT64_C(60000)
#define DAY_MS (24 * 60 * MINUTE_MS)
#define DATES_MAX 1000
#define WORKDAYS_MAX 400

typedef struct Dates { int64_t *days; size_t n; } Dates; /* ascending */

struct Calendar {
        int offset_minutes;        /* the town's zone, east of UTC */
        int64_t from_ms, until_ms; /* day hours, since midnight */
        Dates holidays, workdays;
        int64_t loaded_until;      /* last day that the lists speak of; INT64_MAX without lists */
};

static bool parse_clock(const cJSON *item, int64_t *ret_ms) {
        const char *text = cJSON_IsString(item) ? item->valuestring : "";
        if (strlen(text) != 5 || text[2] != ':')
                return false;
        for (int i = 0; i < 5; i++)
                if (i != 2 && (text[i] < '0' || text[i] > '9'))
                        return false;
        int hours = (text[0] - '0') * 10 + text[1] - '0', minutes = (text[3] - '0') * 10 + text[4] - '0';
        if (hours > 24 || minutes > 59 || (hours == 24 && minutes > 0))
                return false;
        *ret_ms = (hours * 60 + minutes) * MINUTE_MS;
        return true;
}

static bool parse_date(const cJSON *item, int64_t *ret_day) {
        const char *text = cJSON_IsString(item) ? item->valuestring : "";
        if (strlen(text) != 10 || text[4] != '-' || text[7] != '-')
                return false;
        for (int i = 0; i < 10; i++)
                if (i != 4 && i != 7 && (text[i] < '0' || text[i] > '9'))
                        return false;
        int year = atoi(text), month = atoi(text + 5), day = atoi(text + 8);
        if (year < 2000 || year > 2099 || month < 1 || month > 12 || day < 1 || day > 31)
                return false;
        int back_year, back_month, back_day;
        *ret_day = day_from_civil(year, month, day);
        day_civil(*ret_day, &back_year, &back_month, &back_day);
        return back_month == month && back_day == day;
}

static int compare_days(const void *a, const void *b) {
        int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;
        return (left > right) - (left < right);
}

static bool dates_contain(const Dates *dates, int64_t day) {
        return dates->n > 0 && bsearch(&day, dates->days, dates->n, sizeof *dates->days, compare_days);
}

static bool parse_dates(Check *check, const cJSON *text, const char *name, Dates *ret) {
        const cJSON *list = cJSON_GetObjectItemCaseSensitive(text, name);
        if (!list)
                return true;
        size_t mark = check_enter(check, name);
        if (!check_array(check, list, DATES_MAX))
                return false;
        ret->days = calloc((size_t)cJSON_GetArraySize(list) + 1, sizeof *ret->days);
        if (!ret->days)
                abort();
        const cJSON *item;
        cJSON_ArrayForEach(item, list) {
                size_t element = check_enter_index(check, ret->n);
                int64_t *day = &ret->days[ret->n];
                if (!parse_date(item, day))
                        return check_fail(check, "日期应为 2026-10-01 的形式", "must be a date like 2026-10-01");
                if (ret->n > 0 && day[0] == day[-1])
                        return check_fail(check, "日期重复", "the same date twice");
                if (ret->n > 0 && day[0] < day[-1])
                        return check_fail(check, "日期须由早到晚", "dates must rise");
                ret->n++;
                check_leave(check, element);
        }
        check_leave(check, mark);
        return true;
}

/* A day cannot be both: one of the two lists was copied wrongly. */
static bool check_overlaps(Check *check, const Calendar *calendar) {
        size_t mark = check_enter(check, "workdays");
        for (size_t i = 0; i < calendar->workdays.n; i++) {
                size_t element = check_enter_index(check, i);
                if (dates_contain(&calendar->holidays, calendar->workdays.days[i]))
                        return check_fail(check, "同一天既是假日又是工作日", "a date is both holiday and workday");
                check_leave(check, element);
        }
        check_leave(check, mark);
        return true;
}

/* The last day that a list names; INT64_MIN when none does. */
static int64_t last_listed(const Calendar *calendar) {
        const Dates *lists[] = {&calendar->holidays, &calendar->workdays};
        int64_t last = INT64_MIN;
        for (size_t i = 0; i < 2; i++)
                if (lists[i]->n > 0 && lists[i]->days[lists[i]->n - 1] > last)
                        last = lists[i]->days[lists[i]->n - 1];
        return last;
}

static bool parse_hours(Check *check, const cJSON *text, Calendar *calendar) {
        static const char *const names[] = {"from", "until", NULL};
        const cJSON *day = cJSON_GetObjectItemCaseSensitive(text, "day");
        if (!day)
                return true;
        size_t mark = check_enter(check, "day");
        if (!check_keys(check, day, names))
                return false;
        if (!parse_clock(cJSON_GetObjectItemCaseSensitive(day, "from"), &calendar->from_ms) ||
            !parse_clock(cJSON_GetObjectItemCaseSensitive(day, "until"), &calendar->until_ms) ||
            calendar->from_ms >= calendar->until_ms)
                return check_fail(check, "工作时间须为 from < until，形如 08:00", "needs from < until, each like 08:00");
        check_leave(check, mark);
        return true;
}

/* Without `loaded_until`: the end of the last year that a list names. */
static bool parse_loaded(Check *check, const cJSON *text, Calendar *calendar) {
        const cJSON *item = cJSON_GetObjectItemCaseSensitive(text, "loaded_until");
        if (item) {
                size_t mark = check_enter(check, "loaded_until");
                if (!parse_date(item, &calendar->loaded_until))
                        return check_fail(check, "日期应为 2026-12-31 的形式", "must be a date like 2026-12-31");
                if (calendar->loaded_until < last_listed(calendar))
                        return check_fail(check, "早于所列的最后日期", "is before the last date listed");
                check_leave(check, mark);
                return true;
        }
        int64_t last = last_listed(calendar);
        if (last == INT64_MIN)
                return true;
        int year, month, day;
        day_civil(last, &year, &month, &day);
        calendar->loaded_until = day_from_civil(year, 12, 31);
        return true;
}

static bool parse_all(Check *check, const cJSON *text, Calendar *calendar) {
        static const char *const names[] = {"name", "day", "holidays", "workdays", "loaded_until", NULL};
        if (!check_keys(check, text, names) || !check_name(check, text, "name", true))
                return false;
        return parse_hours(check, text, calendar) && parse_dates(check, text, "holidays", &calendar->holidays) &&
               parse_dates(check, text, "workdays", &calendar->workdays) && check_overlaps(check, calendar) &&
               parse_loaded(check, text, calendar);
}

Calendar *calendar_read(Check *check, const cJSON *text, int offset_minutes) {
        Calendar *calendar = calloc(1, sizeof *calendar);
        if (!calendar)
                abort();
        *calendar = (Calendar){.offset_minutes = offset_minutes, .from_ms = 8 * 60 * MINUTE_MS, .until_ms = 18 * 60 * MINUTE_MS,
                               .loaded_until = INT64_MAX};
        if (text && !parse_all(check, text, calendar))
                return calendar_free(calendar);
        return calendar;
}

Calendar *calendar_new(const cJSON *text, int offset_minutes, char *ret_detail, size_t n_detail) {
        Check check;
        check_init(&check, ret_detail, n_detail);
        return calendar_read(&check, text, offset_minutes);
}

Calendar *calendar_free(Calendar *calendar) {
        if (!calendar)
                return NULL;
        free(calendar->holidays.days);
        free(calendar->workdays.days);
        free(calendar);
        return NULL;
}

bool calendar_is_workday(const Calendar *calendar, int64_t day) {
        if (dates_contain(&calendar->workdays, day))
                return true;
        return day_weekday(day) < 5 && !dates_contain(&calendar->holidays, day);
}

bool span_parse(const cJSON *item, Span *ret) {
        *ret = (Span){.set = true};
        if (cJSON_IsString(item))
                return duration_parse(item->valuestring, strlen(item->valuestring), &ret->ms);
        const cJSON *workdays = cJSON_IsObject(item) ? cJSON_GetObjectItemCaseSensitive(item, "workdays") : NULL;
        if (!cJSON_IsNumber(workdays) || cJSON_GetArraySize(item) != 1)
                return false;
        double n = workdays->valuedouble;
        if (!(n >= 0 && n <= WORKDAYS_MAX) || n != (double)(int32_t)n)
                return false;
        ret->workdays = (int32_t)n;
        return true;
}

cJSON *span_to_json(const Span *span) {
        assert(span->set);
        cJSON *item;
        if (span->workdays > 0) {
                item = cJSON_CreateObject();
                if (!item || !cJSON_AddNumberToObject(item, "workdays", span->workdays))
                        abort();
                return item;
        }
        char text[TIMESTAMP_TEXT_MAX];
        duration_format(span->ms, text);
        item = cJSON_CreateString(text);
        if (!item)
                abort();
        return item;
}

/* Moves a day to the next (step 1) or previous (step -1) workday. The lists are finite, so one exists. */
static int64_t next_workday(const Calendar *calendar, int64_t day, int step) {
        do
                day += step;
        while (!calendar_is_workday(calendar, day));
        return day;
}

static bool is_open(const Calendar *calendar, int64_t day, int64_t since_midnight) {
        return calendar_is_workday(calendar, day) && since_midnight >= calendar->from_ms && since_midnight < calendar->until_ms;
}

int64_t calendar_next_open(const Calendar *calendar, int64_t at_ms) {
        int64_t day = timestamp_day(at_ms, calendar->offset_minutes);
        int64_t midnight = timestamp_of_day(day, calendar->offset_minutes);
        if (calendar_is_workday(calendar, day)) {
                if (at_ms < midnight + calendar->from_ms)
                        return midnight + calendar->from_ms;
                if (at_ms < midnight + calendar->until_ms)
                        return at_ms;
        }
        day = next_workday(calendar, day, 1);
        return timestamp_of_day(day, calendar->offset_minutes) + calendar->from_ms;
}

/* The last moment at or before `at_ms` up to which day hours ran. */
static int64_t previous_open(const Calendar *calendar, int64_t at_ms) {
        int64_t day = timestamp_day(at_ms, calendar->offset_minutes);
        int64_t midnight = timestamp_of_day(day, calendar->offset_minutes);
        if (calendar_is_workday(calendar, day) && at_ms > midnight + calendar->from_ms)
                return at_ms < midnight + calendar->until_ms ? at_ms : midnight + calendar->until_ms;
        day = next_workday(calendar, day, -1);
        return timestamp_of_day(day, calendar->offset_minutes) + calendar->until_ms;
}

/* n working days from here in either direction: same time of day, or the day's end when `from` lies outside day hours. */
static int64_t move_workdays(const Calendar *calendar, int64_t from, int32_t n, int step) {
        int64_t day = timestamp_day(from, calendar->offset_minutes);
        int64_t since_midnight = from - timestamp_of_day(day, calendar->offset_minutes);
        bool open = is_open(calendar, day, since_midnight);
        /* The very end of a workday counts as within it, so that a limit that ended a day can be moved like any other. */
        bool closing = calendar_is_workday(calendar, day) && since_midnight == calendar->until_ms;
        for (int32_t i = 0; i < n; i++)
                day = next_workday(calendar, day, step);
        return timestamp_of_day(day, calendar->offset_minutes) + (open || closing ? since_midnight : calendar->until_ms);
}

static int64_t add_open(const Calendar *calendar, int64_t at, int64_t left) {
        for (;;) {
                at = calendar_next_open(calendar, at);
                int64_t day = timestamp_day(at, calendar->offset_minutes);
                int64_t end = timestamp_of_day(day, calendar->offset_minutes) + calendar->until_ms;
                if (left <= end - at)
                        return at + left;
                left -= end - at;
                at = end;
        }
}

static int64_t subtract_open(const Calendar *calendar, int64_t at, int64_t left, int64_t floor) {
        while (at > floor) {
                at = previous_open(calendar, at);
                int64_t day = timestamp_day(at - 1, calendar->offset_minutes);
                int64_t start = timestamp_of_day(day, calendar->offset_minutes) + calendar->from_ms;
                if (left <= at - start)
                        return at - left;
                left -= at - start;
                at = start;
        }
        return floor;
}

int64_t calendar_add(const Calendar *calendar, int64_t base_ms, const Span *span, Hours hours, bool *ret_beyond) {
        assert(span->set && span->ms >= 0 && span->workdays >= 0);
        bool by_calendar = true;
        int64_t due;
        if (span->workdays > 0) {
                due = move_workdays(calendar, base_ms, span->workdays, 1);
        } else if (hours == HOURS_DAY && span->ms > 0) {
                due = add_open(calendar, base_ms, span->ms);
        } else {
                due = base_ms + span->ms;
                by_calendar = false;
        }
        if (ret_beyond)
                *ret_beyond = by_calendar && timestamp_day(due, calendar->offset_minutes) > calendar->loaded_until;
        return due;
}

int64_t calendar_subtract(const Calendar *calendar, int64_t due_ms, const Span *span, Hours hours, int64_t base_ms) {
        assert(span->set && span->ms >= 0 && span->workdays >= 0);
        int64_t at;
        if (span->workdays > 0)
                at = move_workdays(calendar, due_ms, span->workdays, -1);
        else if (hours == HOURS_DAY && span->ms > 0)
                at = subtract_open(calendar, due_ms, span->ms, base_ms);
        else
                at = due_ms - span->ms;
        return at < base_ms ? base_ms : at;
}
