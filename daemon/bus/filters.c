/*
 * Filters. The tiers are written out: `+/+/warning` would reach further than `tier{1,2,3}/{unit}/warning`.
 */
#include "bus/filters.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void filters_build(Filters *filters, const char *area, const char *const *tails) {
        char buffer[320];
        size_t n = 0;

        *filters = (Filters){0};
        while (tails[n])
                n++;
        filters->owned = calloc(n * 3, sizeof *filters->owned);
        if (!filters->owned)
                abort();
        for (size_t i = 0; i < n; i++) {
                bool tiered = strncmp(tails[i], "tier", 4) == 0;

                for (int tier = 1; tier <= (tiered ? 3 : 1); tier++) {
                        if (tiered)
                                snprintf(buffer, sizeof buffer, "grid/v1/%s/tier%d%s", area, tier, tails[i] + 4);
                        else
                                snprintf(buffer, sizeof buffer, "grid/v1/%s/%s", area, tails[i]);
                        filters->owned[filters->n] = strdup(buffer);
                        if (!filters->owned[filters->n++])
                                abort();
                }
        }
        filters->items = (const char *const *)filters->owned;
}

void filters_urgent(Filters *filters, const char *area) {
        static const char *const tails[] = {"tier/+/warning", "admin/+", "device/+/event", NULL};

        filters_build(filters, area, tails);
}

void filters_bulk(Filters *filters, const char *area) {
        static const char *const tails[] = {"tier/+/report", "tier/+/action/+/+", "device/+/heartbeat", "member/+/query",
                                            "member/+/request", NULL};

        filters_build(filters, area, tails);
}

void filters_survey(Filters *filters, const char *area, bool all) {
        static const char *const mark[] = {"daemon/mark", NULL};
        static const char *const everything[] = {"tier/+/task/+/+", "tier/+/escalation/+/+", "tier/+/notice/+", "tier/+/list/+",
                                                 "tier/+/status", "tier/+/device/+",
                                                 "member/+/list/+", "daemon/mark", NULL};

        filters_build(filters, area, all ? everything : mark);
}

void filters_deinit(Filters *filters) {
        for (size_t i = 0; i < filters->n; i++)
                free(filters->owned[i]);
        free(filters->owned);
        *filters = (Filters){0};
}
