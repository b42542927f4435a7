/* Complete: one of our alerts for everybody else (cap_foreign.h). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/cap_foreign.h"
#include "proto/json.h"
#include "proto/timestamp.h"

/* CAP 1.2: an offset, -00:00 and not Z, no fractions. */
static void time_write(cJSON *object, const char *name, int zone_minutes)
{
        const char *text = json_string(object, name);
        char formatted[TIMESTAMP_TEXT_MAX];
        int64_t ms;

        if (text == NULL || !timestamp_parse(text, strlen(text), &ms))
                return;
        timestamp_format(ms - ms % 1000, zone_minutes, formatted);
        if (formatted[0] != '\0' && formatted[strlen(formatted) - 1] == 'Z')
                strcpy(formatted + strlen(formatted) - 1, "-00:00");
        cJSON_ReplaceItemInObjectCaseSensitive(object, name, cJSON_CreateString(formatted));
}

static void reference_add(Text *all, const char *reference, const char *sender, const char *sent)
{
        if (all->n > 0)
                text_append_char(all, ' ');
        if (strchr(reference, ',') != NULL)
                text_append_string(all, reference);
        else
                text_append_format(all, "%s,%s,%s", sender, reference, sent);
}

static void references_write(cJSON *alert, const char *sender, const char *sent)
{
        const cJSON *references = cJSON_GetObjectItemCaseSensitive(alert, "references"), *item;
        _cleanup_text_ Text all = {0};

        if (cJSON_IsString(references)) {
                char *copy = strdup(references->valuestring), *rest = copy;

                for (char *one; (one = strsep(&rest, " ")) != NULL;)
                        if (*one != '\0')
                                reference_add(&all, one, sender, sent);
                free(copy);
        }
        cJSON_ArrayForEach(item, references)
                reference_add(&all, item->valuestring, sender, sent);
        if (references == NULL)
                return;
        cJSON_DeleteItemFromObjectCaseSensitive(alert, "references");
        if (all.n > 0)
                cJSON_AddStringToObject(alert, "references", text_string(&all));
}

/* The units that are meant, in words, where nobody gave any. */
static void area_describe(cJSON *area)
{
        const cJSON *geocode;
        _cleanup_text_ Text words = {0};

        if (json_string(area, "areaDesc") != NULL)
                return;
        cJSON_ArrayForEach(geocode, json_array(area, "geocode"))
                text_append_format(&words, "%s%s", words.n > 0 ? " " : "", json_string(geocode, "value"));
        cJSON_AddStringToObject(area, "areaDesc", words.n > 0 ? text_string(&words) : "-");
}

void cap_complete(cJSON *alert, const char *sender, const char *sent, int zone_minutes)
{
        static const char *const times[] = {"effective", "onset", "expires"};
        const cJSON *infos = json_array(alert, "info"), *area;
        cJSON *info;

        time_write(alert, "sent", zone_minutes);
        references_write(alert, sender, sent);
        for (info = infos != NULL ? infos->child : NULL; info != NULL; info = info->next) {
                if (cJSON_GetArraySize(json_array(info, "category")) == 0) {
                        cJSON_DeleteItemFromObjectCaseSensitive(info, "category");
                        cJSON_AddItemToArray(cJSON_AddArrayToObject(info, "category"), cJSON_CreateString("Other"));
                }
                for (size_t i = 0; i < 3; i++)
                        time_write(info, times[i], zone_minutes);
                cJSON_ArrayForEach(area, json_array(info, "area"))
                        area_describe((cJSON *)area);
        }
}
