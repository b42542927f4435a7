/*
 * Calendar: working time. A named list of holidays and make-up workdays over Monday–Friday, with day hours. Pure.
 */
#ifndef POLICEGRID_ENGINE_CALENDAR_H
#define POLICEGRID_ENGINE_CALENDAR_H

#include <stdbool.h>
#include <stdint.h>
#include <cjson/cJSON.h>

struct Check; /* engine/check.h */
typedef struct Calendar Calendar;

/* `{"name","day":{"from":"08:00","until":"18:00"},"holidays":["2026-10-01"…],"workdays":["2026-10-10"…],"loaded_until":"2026-12-31"}` */
/* NULL when refused. `text` NULL: an empty one, Monday to Friday. Dates rise, no day stands in both lists. */
Calendar *calendar_new(const cJSON *text, int offset_minutes, char *ret_detail, size_t n_detail);
/* The same within a file that is being checked: the refusal is the check's. */
Calendar *calendar_read(struct Check *check, const cJSON *text, int offset_minutes);
Calendar *calendar_free(Calendar *calendar);
bool calendar_is_workday(const Calendar *calendar, int64_t day);

typedef enum Hours { HOURS_ALWAYS = 0, HOURS_DAY } Hours;

/* A length of time: milliseconds, or working days. Exactly one is non-zero unless it is a zero length. */
typedef struct Span { int64_t ms; int32_t workdays; bool set; } Span;
/* `"PT2H"` or `{"workdays": 1}` */
bool span_parse(const cJSON *item, Span *ret);
cJSON *span_to_json(const Span *span);

/*
 * The time `span` after `base_ms`: with HOURS_DAY only day hours of workdays count for ms spans; n working days end at the same
 * time of day n workdays later (the day's end when base is outside day hours). *ret_beyond = beyond the loaded calendar.
 */
int64_t calendar_add(const Calendar *calendar, int64_t base_ms, const Span *span, Hours hours, bool *ret_beyond);
/* The time `span` before `due_ms`, never before `base_ms`. */
int64_t calendar_subtract(const Calendar *calendar, int64_t due_ms, const Span *span, Hours hours, int64_t base_ms);
/* The first moment at or after `at_ms` that is within day hours of a workday. */
int64_t calendar_next_open(const Calendar *calendar, int64_t at_ms);

#endif
