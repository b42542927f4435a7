/*
 * Recurrence: when a standing duty is due: RFC 5545's DTSTART, RRULE and EXDATE in the town's zone. libical walks the rule; a table
 * here says first which parts a rule may have, because libical takes some rules that RFC 5545 forbids and can search centuries for
 * others. Pure: the same rule and moment give the same answer.
 */
#ifndef POLICEGRID_ENGINE_RECURRENCE_H
#define POLICEGRID_ENGINE_RECURRENCE_H

#include <stdint.h>
#include <cjson/cJSON.h>

#include "engine/check.h"

#define RECURRENCE_GAP_MIN_MS (INT64_C(5) * 60 * 1000) /* a duty more often than that is a sensor's business */
#define EXDATES_MAX 400

typedef struct Recurrence Recurrence;

/*
 * `{"start": "2026-11-23T08:00", "rrule": "FREQ=WEEKLY;BYDAY=MO,TH", "exdate": ["2026-12-31", "2027-01-04T08:00"]}` among the members
 * of `item`; times are of the town (`offset_minutes` east of UTC). NULL after check_fail: malformed, or parts that do not go together.
 */
Recurrence *recurrence_new(Check *check, const cJSON *item, int offset_minutes);
/* Whether it comes at all, and never twice within five minutes. False after check_fail. Walks up to a thousand occurrences. */
bool recurrence_comes(Check *check, const Recurrence *recurrence);
Recurrence *recurrence_free(Recurrence *recurrence);
/* The first occurrence after that moment, Unix ms; TIMESTAMP_NONE when there is none before 2100. */
int64_t recurrence_next(const Recurrence *recurrence, int64_t after_ms);

/* Members of a duty that recurrence_new reads. */
#define RECURRENCE_KEYS "start", "rrule", "exdate"

#endif
