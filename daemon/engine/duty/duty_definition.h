/*
 * Duty definition: a standing duty as the catalogue says it (deploy/catalogue/README.md, duties): when, for whom, what meets it.
 * Parsed anew from its JSON whenever it is needed; everything but the recurrence points into that JSON.
 */
#ifndef POLICEGRID_ENGINE_DUTY_DEFINITION_H
#define POLICEGRID_ENGINE_DUTY_DEFINITION_H

#include <stdbool.h>
#include <stdint.h>
#include <cjson/cJSON.h>

#include "engine/check.h"
#include "engine/duty/recurrence.h"
#include "engine/organisation/organisation.h"
#include "engine/playbook/playbook.h"
#include "engine/record.h"

#define DUTIES_MAX 200
#define DUTY_MEMBERS_MAX 200
#define ROUND_COUNT_MAX 366
#define ROUND_LASTS_MIN_MS (INT64_C(5) * 60 * 1000)

typedef enum ForEach { FOR_EACH_UNIT = 0, FOR_EACH_MEMBER, FOR_EACH_PLACE } ForEach;
typedef enum OnMiss { ON_MISS_COUNT = 0, ON_MISS_DIGEST, ON_MISS_TASK } OnMiss;
/* What counts as different pieces of work: each its own, or one a day, or one a place. */
typedef enum Distinct { DISTINCT_WORK = 0, DISTINCT_DAY, DISTINCT_PLACE } Distinct;

typedef struct DutyDefinition {
        const char *title_zh, *title_en;   /* never NULL */
        Recurrence *recurrence;            /* owned */
        const char *calendar;              /* occurrences on its days off are left out; NULL = every day counts, "" = the default one */
        const cJSON *units;                /* {"tier","tag","type","in"}; NULL = every unit */
        const cJSON *roles, *positions, *members, *places; /* NULL when not said */
        const char *asks;                  /* unit that asks for the work, NULL = the root */
        Severity severity;
        ForEach for_each;
        bool has_quota;                    /* opens rounds; else starts its playbook */
        RecordType met_type;
        const char *met_kind;              /* report kind or playbook's name */
        const char *met_step;              /* NULL = any step */
        uint32_t count;
        Distinct distinct;
        int64_t lasts_ms;                  /* 0 = until the next occurrence */
        OnMiss on_miss;
} DutyDefinition;

/* False after check_fail; nothing is to be freed then. `fallback` is the title of a duty that has none. */
bool duty_definition_parse(Check *check, const cJSON *item, const char *fallback, int offset_minutes, DutyDefinition *ret);
void duty_definition_deinit(DutyDefinition *definition);
/* Units, places, calendars, members and playbooks that it names are there. No organisation, or one without units, fits everything. */
bool duty_definition_fits(Check *check, const DutyDefinition *definition, const Organisation *organisation, const PlaybookSet *playbooks);
/* The first occurrence after that moment that its calendar lets be; TIMESTAMP_NONE when there is none. */
int64_t duty_definition_next(const DutyDefinition *definition, const Organisation *organisation, int64_t after_ms);
bool duty_passes_unit(const DutyDefinition *definition, const Unit *unit);
bool duty_passes_seat(const DutyDefinition *definition, const Seat *seat);

/* Section `duties` of a catalogue. */
bool duty_catalogue_check(Check *check, const cJSON *section, const Organisation *organisation, const PlaybookSet *playbooks);

#define _cleanup_duty_ __attribute__((cleanup(duty_definition_deinit)))

#endif
