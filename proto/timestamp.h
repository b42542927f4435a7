/*
 * Times and durations on the wire: RFC 3339 with offset, ISO 8601 durations. In memory: Unix milliseconds (UTC) as int64_t;
 * TIMESTAMP_NONE where there is none.
 */
#ifndef POLICEGRID_PROTO_TIMESTAMP_H
#define POLICEGRID_PROTO_TIMESTAMP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TIMESTAMP_NONE INT64_MIN
#define TIMESTAMP_TEXT_MAX 32

/* RFC 3339; an offset (or Z) is required; years 2000–2099. Returns false when malformed or out of range. */
bool timestamp_parse(const char *text, size_t n, int64_t *ret_ms);
/* `2026-11-21T08:00:00.000+08:00`; offset in minutes east of UTC; milliseconds are left out when 0. Returns the length. */
size_t timestamp_format(int64_t ms, int offset_minutes, char ret[static TIMESTAMP_TEXT_MAX]);
/* Days since 1970-01-01 of the civil date at that offset; and back. */
int64_t timestamp_day(int64_t ms, int offset_minutes);
int64_t timestamp_of_day(int64_t day, int offset_minutes);
void day_civil(int64_t day, int *ret_year, int *ret_month, int *ret_day);
int64_t day_from_civil(int year, int month, int day);
/* 0 = Monday … 6 = Sunday */
int day_weekday(int64_t day);

/* ISO 8601 `P[nW][nD][T[nH][nM][nS]]`, whole numbers, at most 400 days, no years or months (their length varies). */
bool duration_parse(const char *text, size_t n, int64_t *ret_ms);
size_t duration_format(int64_t ms, char ret[static TIMESTAMP_TEXT_MAX]);

#endif
