/* Times and durations: see timestamp.h. Civil dates by the proleptic Gregorian calendar, eras of 400 years. */
#include "proto/timestamp.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define SECOND_MS ((int64_t)1000)
#define MINUTE_MS (60 * SECOND_MS)
#define HOUR_MS (60 * MINUTE_MS)
#define DAY_MS (24 * HOUR_MS)
#define DURATION_MAX_MS (400 * DAY_MS)
#define DAYS_OF_ERA 146097

static int64_t floor_divide(int64_t a, int64_t b) {
        return a / b - (a % b < 0);
}

int64_t day_from_civil(int year, int month, int day) {
        int64_t y = (int64_t)year - (month <= 2);
        int64_t era = floor_divide(y, 400);
        int64_t year_of_era = y - era * 400;
        int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
        int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
        return era * DAYS_OF_ERA + day_of_era - 719468;
}

void day_civil(int64_t day, int *ret_year, int *ret_month, int *ret_day) {
        int64_t shifted = day + 719468;
        int64_t era = floor_divide(shifted, DAYS_OF_ERA);
        int64_t day_of_era = shifted - era * DAYS_OF_ERA;
        int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
        int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        int64_t shifted_month = (5 * day_of_year + 2) / 153;
        int month = (int)(shifted_month < 10 ? shifted_month + 3 : shifted_month - 9);

        *ret_day = (int)(day_of_year - (153 * shifted_month + 2) / 5 + 1);
        *ret_month = month;
        *ret_year = (int)(year_of_era + era * 400 + (month <= 2));
}

int day_weekday(int64_t day) {
        int64_t shifted = day + 3; /* 1970-01-01 was a Thursday */
        return (int)(shifted - floor_divide(shifted, 7) * 7);
}

int64_t timestamp_day(int64_t ms, int offset_minutes) {
        return floor_divide(ms + offset_minutes * MINUTE_MS, DAY_MS);
}

int64_t timestamp_of_day(int64_t day, int offset_minutes) {
        return day * DAY_MS - offset_minutes * MINUTE_MS;
}

/* A cursor over the text; once something does not fit, `failed`. */
typedef struct Cursor {
        const char *at, *end;
        bool failed;
} Cursor;

static char cursor_take(Cursor *cursor, const char *allowed) {
        if (cursor->failed || cursor->at == cursor->end || !*cursor->at || !strchr(allowed, *cursor->at)) {
                cursor->failed = true;
                return '\0';
        }
        return *cursor->at++;
}

static int cursor_number(Cursor *cursor, int n_digits, int min, int max) {
        int value = 0;

        for (int i = 0; i < n_digits; i++) {
                char c = cursor_take(cursor, "0123456789");
                if (cursor->failed)
                        return min;
                value = value * 10 + (c - '0');
        }
        if (value < min || value > max)
                cursor->failed = true;
        return value;
}

/* `.` and 1–9 digits; what is finer than a millisecond is cut off. */
static int cursor_fraction(Cursor *cursor) {
        int ms = 0, n_digits = 0;

        if (cursor->failed || cursor->at == cursor->end || *cursor->at != '.')
                return 0;
        cursor->at++;
        for (; cursor->at < cursor->end && *cursor->at >= '0' && *cursor->at <= '9'; cursor->at++, n_digits++)
                if (n_digits < 3)
                        ms = ms * 10 + (*cursor->at - '0');
        if (n_digits < 1 || n_digits > 9)
                cursor->failed = true;
        for (int i = n_digits; i < 3; i++)
                ms *= 10;
        return ms;
}

/* Minutes east of UTC. */
static int cursor_offset(Cursor *cursor) {
        char sign = cursor_take(cursor, "Zz+-");
        if (cursor->failed || sign == 'Z' || sign == 'z')
                return 0;
        int hours = cursor_number(cursor, 2, 0, 23);
        (void)cursor_take(cursor, ":");
        int minutes = hours * 60 + cursor_number(cursor, 2, 0, 59);
        return sign == '-' ? -minutes : minutes;
}

static bool date_exists(int year, int month, int day) {
        int back_year, back_month, back_day;

        day_civil(day_from_civil(year, month, day), &back_year, &back_month, &back_day);
        return back_month == month && back_day == day;
}

bool timestamp_parse(const char *text, size_t n, int64_t *ret_ms) {
        Cursor cursor = {.at = text, .end = text + n};

        int year = cursor_number(&cursor, 4, 1999, 2100);
        (void)cursor_take(&cursor, "-");
        int month = cursor_number(&cursor, 2, 1, 12);
        (void)cursor_take(&cursor, "-");
        int day = cursor_number(&cursor, 2, 1, 31);
        (void)cursor_take(&cursor, "Tt");
        int hour = cursor_number(&cursor, 2, 0, 23);
        (void)cursor_take(&cursor, ":");
        int minute = cursor_number(&cursor, 2, 0, 59);
        (void)cursor_take(&cursor, ":");
        int second = cursor_number(&cursor, 2, 0, 59);
        int fraction = cursor_fraction(&cursor);
        int offset = cursor_offset(&cursor);
        if (cursor.failed || cursor.at != cursor.end || !date_exists(year, month, day))
                return false;

        int64_t ms = day_from_civil(year, month, day) * DAY_MS + hour * HOUR_MS + minute * MINUTE_MS + second * SECOND_MS +
                     fraction - offset * MINUTE_MS;
        if (ms < day_from_civil(2000, 1, 1) * DAY_MS || ms >= day_from_civil(2100, 1, 1) * DAY_MS)
                return false;
        *ret_ms = ms;
        return true;
}

/* The last n decimal digits of value; returns behind them. */
static char *digits_write(char *at, unsigned value, int n) {
        for (int i = n; i > 0; i--, value /= 10)
                at[i - 1] = (char)('0' + value % 10);
        return at + n;
}

size_t timestamp_format(int64_t ms, int offset_minutes, char ret[static TIMESTAMP_TEXT_MAX]) {
        assert(ms != TIMESTAMP_NONE && offset_minutes > -24 * 60 && offset_minutes < 24 * 60);
        int year, month, day;
        int64_t number = timestamp_day(ms, offset_minutes);
        int64_t rest = ms - timestamp_of_day(number, offset_minutes);
        day_civil(number, &year, &month, &day);
        assert(year >= 1 && year <= 9999);

        unsigned seconds = (unsigned)(rest / SECOND_MS), fraction = (unsigned)(rest % SECOND_MS);
        unsigned offset = (unsigned)(offset_minutes < 0 ? -offset_minutes : offset_minutes);
        char *at = digits_write(ret, (unsigned)year, 4);
        *at++ = '-';
        at = digits_write(at, (unsigned)month, 2);
        *at++ = '-';
        at = digits_write(at, (unsigned)day, 2);
        *at++ = 'T';
        at = digits_write(at, seconds / 3600, 2);
        *at++ = ':';
        at = digits_write(at, seconds / 60 % 60, 2);
        *at++ = ':';
        at = digits_write(at, seconds % 60, 2);
        if (fraction > 0) {
                *at++ = '.';
                at = digits_write(at, fraction, 3);
        }
        *at++ = offset_minutes < 0 ? '-' : '+';
        at = digits_write(at, offset / 60, 2);
        *at++ = ':';
        at = digits_write(at, offset % 60, 2);
        *at = '\0';
        return (size_t)(at - ret);
}

/* One `n{unit}` of a duration; its unit must come after `*order` in "WDHMS". */
static bool duration_read_part(const char **at, const char *end, bool in_time, int *order, int64_t *ret_ms) {
        static const int64_t unit_ms[] = {7 * DAY_MS, DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS};
        int64_t value = 0;
        const char *start = *at;

        for (; *at < end && **at >= '0' && **at <= '9'; (*at)++) {
                value = value * 10 + (**at - '0');
                if (*at - start >= 9)
                        return false;
        }
        if (*at == start || *at == end || !**at)
                return false;
        const char *units = "WDHMS", *unit = strchr(units, **at);
        if (!unit || (unit - units >= 2) != in_time || (int)(unit - units) < *order)
                return false;
        *order = (int)(unit - units) + 1;
        (*at)++;
        *ret_ms += value * unit_ms[unit - units];
        return true;
}

bool duration_parse(const char *text, size_t n, int64_t *ret_ms) {
        const char *at = text, *end = text + n;
        int64_t ms = 0;
        int order = 0;
        bool in_time = false;

        if (n < 3 || *at++ != 'P')
                return false;
        while (at < end) {
                if (*at == 'T' && !in_time) {
                        in_time = true;
                        at++;
                        if (at == end)
                                return false;
                        continue;
                }
                if (!duration_read_part(&at, end, in_time, &order, &ms))
                        return false;
        }
        if (ms > DURATION_MAX_MS)
                return false;
        *ret_ms = ms;
        return true;
}

size_t duration_format(int64_t ms, char ret[static TIMESTAMP_TEXT_MAX]) {
        assert(ms >= 0 && ms <= DURATION_MAX_MS);
        int64_t days = ms / DAY_MS, hours = ms / HOUR_MS % 24, minutes = ms / MINUTE_MS % 60, seconds = ms / SECOND_MS % 60;
        size_t n = 0;

        ret[n++] = 'P';
        if (days)
                n += (size_t)snprintf(ret + n, TIMESTAMP_TEXT_MAX - n, "%" PRId64 "D", days);
        if (hours || minutes || seconds || !days)
                ret[n++] = 'T';
        if (hours)
                n += (size_t)snprintf(ret + n, TIMESTAMP_TEXT_MAX - n, "%" PRId64 "H", hours);
        if (minutes)
                n += (size_t)snprintf(ret + n, TIMESTAMP_TEXT_MAX - n, "%" PRId64 "M", minutes);
        if (seconds || (!days && !hours && !minutes))
                n += (size_t)snprintf(ret + n, TIMESTAMP_TEXT_MAX - n, "%" PRId64 "S", seconds);
        ret[n] = '\0';
        return n;
}
