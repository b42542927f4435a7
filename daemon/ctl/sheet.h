/*
 * Sheet: a unit's week on paper (M02): its duties, what is open by when it is due, what was done with what was counted in it, and room
 * to sign. Pure: replies of the town in, text or a page of HTML out.
 */
#ifndef POLICEGRID_CTL_SHEET_H
#define POLICEGRID_CTL_SHEET_H

#include <stdbool.h>
#include <stdint.h>
#include <cjson/cJSON.h>

#include "ctl/language.h"
#include "proto/text.h"

typedef struct Sheet {
        const char *unit, *title;      /* id, title in the language */
        int64_t monday;                /* first day of the week, days since 1970-01-01 */
        int64_t printed_at;            /* Unix ms */
        int zone_minutes;
        Language language;
        bool html;
        const cJSON *duties, *tasks, *results; /* data of the queries duties, task_list, results; NULL = that part is left out */
} Sheet;

/* The Monday of the week of a day, both in days since 1970-01-01. */
int64_t sheet_monday(int64_t day);
void sheet_write(const Sheet *sheet, Text *ret);

#endif
