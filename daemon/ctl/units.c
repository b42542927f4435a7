#include "ctl/units.h"

#include <stdio.h>
#include <string.h>

#include "ctl/exchange.h"
#include "proto/json.h"

static const cJSON *unit_find(const cJSON *units, const char *unit)
{
        const cJSON *item;

        cJSON_ArrayForEach(item, reply_list(units, "units"))
                if (json_string(item, "id") != NULL && strcmp(json_string(item, "id"), unit) == 0)
                        return item;
        return NULL;
}

int units_ask(Context *context, cJSON **ret)
{
        return exchange_query(context, "units", NULL, ret);
}

int units_tier(const cJSON *units, const char *unit)
{
        return (int)json_int(unit_find(units, unit), "tier", 0);
}

const char *units_title(const cJSON *units, const char *unit, Language language)
{
        const cJSON *item = unit_find(units, unit);
        const char *zh = json_string(item, "title"), *en = json_string(item, "title_en");

        if (language == LANGUAGE_EN && en != NULL)
                return en;
        return zh != NULL ? zh : unit;
}

bool units_is_below(const cJSON *units, const char *unit, const char *above)
{
        for (unsigned depth = 0; unit != NULL && depth <= ROSTER_DEPTH_MAX; depth++) {
                if (strcmp(unit, above) == 0)
                        return true;
                unit = json_string(unit_find(units, unit), "parent");
        }
        return false;
}

int unit_path(Context *context, const char *unit, char *buffer, size_t size)
{
        const Connection *connection = &context->connection;
        int tier = connection->tier, code;
        cJSON *units;

        if (unit != NULL && strcmp(unit, connection->unit) != 0) {
                code = units_ask(context, &units);
                if (code != EXIT_DONE)
                        return code;
                tier = units_tier(units, unit);
                cJSON_Delete(units);
        } else
                unit = connection->unit;
        if (tier < 1 || tier > 3) {
                context_complain(context, "不知道单位 %s,或者这个成员看不到它", "unit %s is unknown, or this member may not see it", unit);
                return EXIT_USAGE;
        }
        snprintf(buffer, size, "tier%d/%s", tier, unit);
        return EXIT_DONE;
}
