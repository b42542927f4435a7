/*
 * What is kept and shown of a warning: words of one language, and the copy that goes into log, table and notices.
 */
#include "engine/warning/cap.h"

#include <stdlib.h>
#include <string.h>

#include "proto/json.h"
#include "proto/mask.h"
#include "proto/timestamp.h"

/* Identifiers, times and codes, each checked to be one: nothing in them is masked. */
static const char *const KEPT[] = {"identifier", "sent", "sender", "references", "effective", "onset", "expires", "geocode", NULL};
/* A parameter that the commander makes public: a fraud number to be warned of, for instance. The log keeps it as his. */
#define PUBLIC_PARAMETER "policegrid:public"

static bool is_one_of(const char *const *names, const char *name) {
        for (; *names; ++names)
                if (strcmp(*names, name) == 0)
                        return true;
        return false;
}

static int64_t read_expires(const cJSON *info) {
        int64_t ms;
        const char *text = json_string(info, "expires");
        return text && timestamp_parse(text, strlen(text), &ms) ? ms : TIMESTAMP_NONE;
}

const cJSON *cap_info(const cJSON *cap, const char *language) {
        const cJSON *info;
        cJSON_ArrayForEach(info, json_array(cap, "info")) {
                const char *of = json_string(info, "language");
                if (strncasecmp(of ? of : "zh", language, strlen(language)) == 0)
                        return info;
        }
        return NULL;
}

const cJSON *cap_info_chosen(const cJSON *cap) {
        const cJSON *info = cap_info(cap, "zh");
        return info ? info : cJSON_GetArrayItem(json_array(cap, "info"), 0);
}

void cap_take_words(Cap *cap, const cJSON *body) {
        const cJSON *chosen = cap_info_chosen(body), *english = cap_info(body, "en"), *info;
        cap->expires = TIMESTAMP_NONE;
        if (!chosen)
                return;
        cap->severity = severity_parse(json_string(chosen, "severity"));
        cap->event = json_string(chosen, "event");
        cap->headline = json_string(chosen, "headline");
        cap->headline_en = english ? json_string(english, "headline") : NULL;
        cap->description = json_string(chosen, "description");
        cap->instruction = json_string(chosen, "instruction");
        cJSON_ArrayForEach(info, json_array(body, "info")) {
                int64_t expires = read_expires(info);
                if (expires == TIMESTAMP_NONE) {
                        cap->expires = TIMESTAMP_NONE;
                        return;
                }
                if (cap->expires == TIMESTAMP_NONE || expires > cap->expires)
                        cap->expires = expires;
        }
}

static bool mask_strings(cJSON *item) {
        bool masked = false;
        if (item->string && is_one_of(KEPT, item->string))
                return false;
        if (cJSON_IsString(item))
                return mask_text(item->valuestring);
        if (cJSON_IsObject(item)) {
                const char *name = json_string(item, "valueName");
                if (name && strcmp(name, PUBLIC_PARAMETER) == 0)
                        return false;
        }
        cJSON *child;
        cJSON_ArrayForEach(child, item)
                masked |= mask_strings(child);
        return masked;
}

cJSON *cap_keep(const cJSON *body, const char *sender, bool *ret_masked) {
        cJSON *cap = cJSON_Duplicate(body, true);
        if (!cap)
                abort();
        static const char *const OURS[] = {"id", "occurred_at", "revision", "seat", "note", "sender"};
        for (size_t i = 0; i < sizeof(OURS) / sizeof(OURS[0]); ++i)
                cJSON_DeleteItemFromObjectCaseSensitive(cap, OURS[i]);
        *ret_masked = mask_strings(cap);
        json_add_string(cap, "sender", sender);
        return cap;
}
