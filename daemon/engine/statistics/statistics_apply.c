/* The facts of statistics applied: rows, and nothing in memory. */
#include <stdio.h>
#include <stdlib.h>

#include "engine/facts.h"
#include "proto/json.h"

typedef struct Stamp { char seq[24], at[24]; } Stamp;

static Stamp stamp_of(const FactContext *context) {
        Stamp stamp;
        snprintf(stamp.seq, sizeof stamp.seq, "%llu", (unsigned long long)context->seq);
        snprintf(stamp.at, sizeof stamp.at, "%lld", (long long)context->at);
        return stamp;
}

/* {"fact":"figures_imported","figures":[name…],"rows":[[unit, month, amount|null…]…]} */
static void figures_imported(const FactContext *context, const cJSON *fact) {
        const Stamp stamp = stamp_of(context);
        const cJSON *row, *rows = json_array(fact, "rows"), *figures = json_array(fact, "figures");
        cJSON_ArrayForEach(row, rows) {
                const cJSON *unit = row->child, *month = unit->next, *amount = month->next, *figure = figures->child;
                for (; amount; amount = amount->next, figure = figure->next) {
                        char number[24];
                        if (cJSON_IsNull(amount))
                                continue;
                        snprintf(number, sizeof number, "%.0f", amount->valuedouble);
                        const char *const cells[] = {unit->valuestring, month->valuestring, figure->valuestring, number, context->sender, stamp.at,
                                                     stamp.seq};
                        state_journal(context->state, TABLE_FIGURE, cells, sizeof cells / sizeof *cells);
                }
        }
}

static void write_month(const FactContext *context, const char *unit, const char *month, const char *closed_at, const cJSON *closed, const cJSON *now) {
        const Stamp stamp = stamp_of(context);
        char *figures = json_print(closed), *corrected = now ? json_print(now) : NULL;
        const char *const cells[] = {unit, month, closed_at, figures, corrected ? stamp.at : NULL, corrected, stamp.seq};
        state_journal(context->state, TABLE_CLOSED_MONTH, cells, sizeof cells / sizeof *cells);
        free(figures);
        free(corrected);
}

/* {"fact":"month_closed","month":…,"units":{unit: {figure: [amount, rows]}}} */
static void month_closed(const FactContext *context, const cJSON *fact) {
        const Stamp stamp = stamp_of(context);
        const cJSON *unit, *units = json_object(fact, "units");
        cJSON_ArrayForEach(unit, units)
                write_month(context, unit->string, json_string(fact, "month"), stamp.at, unit, NULL);
}

/* {"fact":"month_corrected","month":…,"units":{unit: {"closed_at","closed": figures,"now": figures}}} */
static void month_corrected(const FactContext *context, const cJSON *fact) {
        const cJSON *unit, *units = json_object(fact, "units");
        cJSON_ArrayForEach(unit, units) {
                const cJSON *closed = json_object(unit, "closed"), *now = json_object(unit, "now");
                char closed_at[24];
                snprintf(closed_at, sizeof closed_at, "%lld", (long long)json_int(unit, "closed_at", 0));
                write_month(context, unit->string, json_string(fact, "month"), closed_at, closed, cJSON_Compare(closed, now, true) ? NULL : now);
        }
}

const FactRule statistics_fact_rules[] = {
        {"figures_imported", figures_imported}, {"month_closed", month_closed}, {"month_corrected", month_corrected}, {NULL, NULL},
};
