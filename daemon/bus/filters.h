/*
 * Filters: what the daemon's sessions subscribe to: the upward topics, urgent and bulk, and the retained downward ones of a survey.
 */
#ifndef POLICEGRID_BUS_FILTERS_H
#define POLICEGRID_BUS_FILTERS_H

#include <stdbool.h>
#include <stddef.h>

typedef struct Filters {
        char **owned;                /* the strings */
        const char *const *items;    /* the same, as libmosquitto wants them */
        size_t n;
} Filters;

void filters_urgent(Filters *filters, const char *area);
void filters_bulk(Filters *filters, const char *area);
/* `all`: every retained kind but presence, which is the plugin's; else the mark alone. */
void filters_survey(Filters *filters, const char *area, bool all);
void filters_deinit(Filters *filters);

#endif
