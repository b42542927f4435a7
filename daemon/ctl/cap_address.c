#include "ctl/cap_address.h"

#include <stdlib.h>
#include <string.h>

#include "engine/warning/cap.h"
#include "proto/json.h"

typedef struct Found {
        const CapForeignOptions *options;
        bool everyone;           /* a code that holds the whole town */
        bool geometry, codes;    /* there was something to go by */
        bool *within;            /* options->points that lie in it */
        cJSON *prefixes;         /* our division codes that it names */
        CapForeignOutcome outcome;
} Found;

void cap_pair_add(cJSON *array, const char *name, const char *value)
{
        cJSON *pair = cJSON_CreateObject();

        cJSON_AddStringToObject(pair, "valueName", name);
        cJSON_AddStringToObject(pair, "value", value);
        cJSON_AddItemToArray(array, pair);
}

static void polygon_take(Found *found, const char *text)
{
        Point *points;
        size_t n;

        found->geometry = true;
        if (!polygon_parse(text, &points, &n)) {
                found->outcome = CAP_FOREIGN_E_GEOMETRY;
                return;
        }
        for (size_t i = 0; i < found->options->n_points; i++)
                found->within[i] = found->within[i] || polygon_contains(points, n, found->options->points[i].at);
        free(points);
}

static void circle_take(Found *found, const char *text)
{
        Point centre;
        double km;

        found->geometry = true;
        if (!circle_parse(text, &centre, &km)) {
                found->outcome = CAP_FOREIGN_E_GEOMETRY;
                return;
        }
        for (size_t i = 0; i < found->options->n_points; i++)
                found->within[i] = found->within[i] || circle_contains(centre, km, found->options->points[i].at);
}

/* Names under which publishers write the division codes of GB/T 2260 and GB/T 10114. Other codes of digits mean other things. */
static bool is_division(const char *name)
{
        static const char *const names[] = {"GB/T 2260", "GB2260", "CN-GB2260", "GB/T 10114", "行政区划代码", "行政区划"};

        for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
                if (strcasecmp(name, names[i]) == 0)
                        return true;
        return false;
}

/* Zeros at the end of a code stand for "all of it": 140800 is the city, 140000 the province. Two digits a level to the county, then three. */
static size_t code_length(const char *code)
{
        size_t n = strspn(code, "0123456789");

        if (code[n] != '\0' || n < 2 || n > 12)
                return 0;
        while (n > 6 && n % 3 == 0 && strncmp(code + n - 3, "000", 3) == 0)
                n -= 3;
        while (n > 2 && n <= 6 && n % 2 == 0 && strncmp(code + n - 2, "00", 2) == 0)
                n -= 2;
        return n;
}

static void code_take(Found *found, const char *code)
{
        const char *area = found->options->area;
        size_t n = code_length(code), n_area = strlen(area);
        char prefix[16];

        if (n == 0)
                return;
        found->codes = true;
        if (n <= n_area && strncmp(code, area, n) == 0)
                found->everyone = true;
        else if (n > n_area && strncmp(code, area, n_area) == 0) {
                memcpy(prefix, code, n);
                prefix[n] = '\0';
                cJSON_AddItemToArray(found->prefixes, cJSON_CreateString(prefix));
        }
}

static void area_take(Found *found, const cJSON *area)
{
        const cJSON *item;

        cJSON_ArrayForEach(item, json_array(area, "polygon"))
                polygon_take(found, item->valuestring);
        cJSON_ArrayForEach(item, json_array(area, "circle"))
                circle_take(found, item->valuestring);
        cJSON_ArrayForEach(item, json_array(area, "geocode")) {
                const char *name = json_string(item, "valueName"), *value = json_string(item, "value");

                if (name != NULL && value != NULL && is_division(name))
                        code_take(found, value);
        }
}

/* His areas keep their words alone. */
static void areas_strip(cJSON *info, Text *left_out)
{
        cJSON *areas = cJSON_GetObjectItemCaseSensitive(info, "area"), *area;

        while (cJSON_GetArraySize(areas) > CAP_AREAS_MAX) {
                cap_leave_out(left_out, "area");
                cJSON_DeleteItemFromArray(areas, CAP_AREAS_MAX);
        }
        for (area = areas != NULL ? areas->child : NULL; area != NULL; area = area->next) {
                cJSON_DeleteItemFromObjectCaseSensitive(area, "polygon");
                cJSON_DeleteItemFromObjectCaseSensitive(area, "circle");
                cJSON_DeleteItemFromObjectCaseSensitive(area, "geocode");
                cJSON_DeleteItemFromObjectCaseSensitive(area, "altitude");
                cJSON_DeleteItemFromObjectCaseSensitive(area, "ceiling");
        }
}

static void geocodes_add(const Found *found, cJSON *info)
{
        const CapForeignOptions *options = found->options;
        cJSON *areas = cJSON_GetObjectItemCaseSensitive(info, "area"), *area, *geocodes;
        const cJSON *item;

        if (areas == NULL)
                areas = cJSON_AddArrayToObject(info, "area");
        if (areas->child == NULL)
                cJSON_AddItemToArray(areas, cJSON_CreateObject());
        area = areas->child;
        geocodes = cJSON_AddArrayToObject(area, "geocode");
        cJSON_ArrayForEach(item, options->geocodes)
                cJSON_AddItemToArray(geocodes, cJSON_Duplicate(item, true));
        if (cJSON_GetArraySize(options->geocodes) > 0)
                return;
        for (size_t i = 0; i < options->n_points; i++)
                if (found->within[i])
                        cap_pair_add(geocodes, "unit", options->points[i].unit);
        cJSON_ArrayForEach(item, found->prefixes)
                cap_pair_add(geocodes, "code", item->valuestring);
}

static bool is_within_any(const Found *found)
{
        for (size_t i = 0; i < found->options->n_points; i++)
                if (found->within[i])
                        return true;
        return found->everyone || cJSON_GetArraySize(found->prefixes) > 0;
}

static CapForeignOutcome found_judge(const Found *found, bool needed)
{
        const CapForeignOptions *options = found->options;

        if (found->outcome != CAP_FOREIGN_OK)
                return found->outcome;
        if (!needed || options->everyone || cJSON_GetArraySize(options->geocodes) > 0 || is_within_any(found))
                return CAP_FOREIGN_OK;
        if (found->codes && (!found->geometry || options->n_points > 0))
                return CAP_FOREIGN_E_ELSEWHERE;
        return found->geometry && options->n_points > 0 ? CAP_FOREIGN_E_ELSEWHERE : CAP_FOREIGN_E_ADDRESS;
}

CapForeignOutcome cap_address(cJSON *alert, const CapForeignOptions *options, Text *left_out)
{
        const cJSON *infos = json_array(alert, "info");
        cJSON *info;
        const cJSON *area;
        Found found = {.options = options, .within = calloc(options->n_points + 1, sizeof(bool)), .prefixes = cJSON_CreateArray()};
        bool chosen = options->everyone || cJSON_GetArraySize(options->geocodes) > 0;

        if (found.within == NULL)
                abort();
        for (info = infos != NULL ? infos->child : NULL; info != NULL; info = info->next)
                cJSON_ArrayForEach(area, json_array(info, "area"))
                        area_take(&found, area);
        found.outcome = found_judge(&found, strcmp(json_string(alert, "msgType"), "Cancel") != 0);
        for (info = infos != NULL ? infos->child : NULL; info != NULL && found.outcome == CAP_FOREIGN_OK; info = info->next)
                areas_strip(info, left_out);
        /* The units of all infos are united (CAP 1.2): once is enough. Whoever is meant by a code of the whole town: everybody. */
        if (found.outcome == CAP_FOREIGN_OK && infos != NULL && infos->child != NULL && (chosen || !found.everyone) && !options->everyone)
                geocodes_add(&found, infos->child);
        cJSON_Delete(found.prefixes);
        free(found.within);
        return found.outcome;
}
