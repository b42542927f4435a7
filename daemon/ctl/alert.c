#include "ctl/alert.h"

#include <stdbool.h>
#include <string.h>

#include "ctl/when.h"
#include "proto/timestamp.h"

static const char *const severities[] = {"Extreme", "Severe", "Moderate", "Minor", "Unknown", NULL};
static const char *const urgencies[] = {"Immediate", "Expected", "Future", "Past", "Unknown", NULL};
static const char *const certainties[] = {"Observed", "Likely", "Possible", "Unlikely", "Unknown", NULL};
static const char *const statuses[] = {"Actual", "Exercise", "Test", NULL};

static bool word_is_in(const char *const *words, const char *word)
{
        for (; *words != NULL; words++)
                if (strcmp(*words, word) == 0)
                        return true;
        return false;
}

static const char *value_or(const Arguments *arguments, const char *name, const char *fallback)
{
        const char *value = arguments_value(arguments, name);

        return value != NULL ? value : fallback;
}

static cJSON *pair_new(const char *name, const char *value)
{
        cJSON *pair = cJSON_CreateObject();

        cJSON_AddStringToObject(pair, "valueName", name);
        cJSON_AddStringToObject(pair, "value", value);
        return pair;
}

static void text_put(cJSON *object, const char *name, const char *value)
{
        if (value != NULL)
                cJSON_AddStringToObject(object, name, value);
}

/* Geocodes in the order of the command line; none = every unit below the sender. */
static AlertOutcome areas_add(const Arguments *arguments, cJSON *info)
{
        cJSON *area, *geocodes = NULL;

        for (size_t i = 0; i < arguments->n; i++) {
                const Argument *argument = &arguments->items[i];
                const char *name = argument->option != NULL ? argument->option->name : "";

                if (strcmp(name, "unit") != 0 && strcmp(name, "tag") != 0 && strcmp(name, "tier") != 0 && strcmp(name, "code") != 0)
                        continue;
                if (strcmp(name, "tier") == 0 && (strlen(argument->value) != 1 || strchr("123", argument->value[0]) == NULL))
                        return ALERT_E_TIER;
                if (geocodes == NULL) {
                        area = cJSON_CreateObject();
                        cJSON_AddItemToArray(cJSON_AddArrayToObject(info, "area"), area);
                        cJSON_AddStringToObject(area, "areaDesc", value_or(arguments, "area", "所列单位 / the units named"));
                        geocodes = cJSON_AddArrayToObject(area, "geocode");
                }
                cJSON_AddItemToArray(geocodes, pair_new(name, argument->value));
        }
        return ALERT_OK;
}

static AlertOutcome words_check(const Arguments *arguments, bool cancels)
{
        if (!cancels && arguments_value(arguments, "event") == NULL)
                return ALERT_E_EVENT;
        if (!cancels && arguments_value(arguments, "headline") == NULL)
                return ALERT_E_HEADLINE;
        if (!word_is_in(severities, value_or(arguments, "severity", "Moderate")))
                return ALERT_E_SEVERITY;
        if (!word_is_in(urgencies, value_or(arguments, "urgency", "Expected")) || !word_is_in(certainties, value_or(arguments, "certainty", "Likely")))
                return ALERT_E_WORD;
        return word_is_in(statuses, value_or(arguments, "status", "Actual")) ? ALERT_OK : ALERT_E_STATUS;
}

static AlertOutcome info_fill(const Arguments *arguments, bool cancels, int64_t now_ms, int zone_minutes, cJSON *info)
{
        const char *event = arguments_value(arguments, "event"), *expires = arguments_value(arguments, "expires");
        char time[TIMESTAMP_TEXT_MAX];
        int64_t expires_ms;

        cJSON_AddStringToObject(info, "language", value_or(arguments, "language", "zh-CN"));
        cJSON_AddItemToArray(cJSON_AddArrayToObject(info, "category"), cJSON_CreateString("Security"));
        cJSON_AddStringToObject(info, "event", value_or(arguments, "event-text", event));
        cJSON_AddItemToArray(cJSON_AddArrayToObject(info, "eventCode"), pair_new("policegrid", event));
        cJSON_AddStringToObject(info, "urgency", value_or(arguments, "urgency", cancels ? "Past" : "Expected"));
        cJSON_AddStringToObject(info, "severity", value_or(arguments, "severity", cancels ? "Minor" : "Moderate"));
        cJSON_AddStringToObject(info, "certainty", value_or(arguments, "certainty", cancels ? "Observed" : "Likely"));
        cJSON_AddStringToObject(info, "headline", value_or(arguments, "headline", "预警解除"));
        if (expires != NULL) {
                if (!when_parse(expires, zone_minutes, now_ms, &expires_ms) || expires_ms <= now_ms)
                        return ALERT_E_TIME;
                when_format_wire(expires_ms, zone_minutes, time);
                cJSON_AddStringToObject(info, "expires", time);
        }
        text_put(info, "description", arguments_value(arguments, "description"));
        text_put(info, "instruction", arguments_value(arguments, "instruction"));
        return areas_add(arguments, info);
}

AlertOutcome alert_build(const Arguments *arguments, const char *type, const char *references, const char *id, int64_t now_ms, int zone_minutes,
                         cJSON **ret)
{
        bool cancels = strcmp(type, "Cancel") == 0;
        AlertOutcome outcome = words_check(arguments, cancels);
        char time[TIMESTAMP_TEXT_MAX];
        cJSON *alert, *info;

        *ret = NULL;
        if (outcome != ALERT_OK)
                return outcome;
        alert = cJSON_CreateObject();
        when_format_wire(now_ms, zone_minutes, time);
        cJSON_AddStringToObject(alert, "id", id);
        cJSON_AddStringToObject(alert, "identifier", value_or(arguments, "identifier", id));
        cJSON_AddStringToObject(alert, "sent", time);
        cJSON_AddStringToObject(alert, "status", value_or(arguments, "status", "Actual"));
        cJSON_AddStringToObject(alert, "msgType", type);
        cJSON_AddStringToObject(alert, "scope", "Restricted");
        cJSON_AddStringToObject(alert, "restriction", "警网内部 / police grid only");
        if (references != NULL)
                cJSON_AddItemToArray(cJSON_AddArrayToObject(alert, "references"), cJSON_CreateString(references));
        if (!cancels || arguments_value(arguments, "event") != NULL) { /* a Cancel needs no words */
                info = cJSON_CreateObject();
                cJSON_AddItemToArray(cJSON_AddArrayToObject(alert, "info"), info);
                outcome = info_fill(arguments, cancels, now_ms, zone_minutes, info);
        }
        if (outcome != ALERT_OK)
                cJSON_Delete(alert);
        else
                *ret = alert;
        return outcome;
}

const char *alert_outcome_text(AlertOutcome outcome, int zh)
{
        switch (outcome) {
        case ALERT_OK:
                return "";
        case ALERT_E_EVENT:
                return zh ? "要有 --event(选择预案的代码)" : "--event is needed (the code that chooses the playbook)";
        case ALERT_E_HEADLINE:
                return zh ? "要有 --headline(一句话)" : "--headline is needed (one sentence)";
        case ALERT_E_SEVERITY:
                return zh ? "--severity 是 Extreme、Severe、Moderate、Minor 或 Unknown" : "--severity is Extreme, Severe, Moderate, Minor or Unknown";
        case ALERT_E_STATUS:
                return zh ? "--status 是 Actual、Exercise 或 Test" : "--status is Actual, Exercise or Test";
        case ALERT_E_TIME:
                return zh ? "--expires 是将来的时间,如 2026-11-21T18:00 或 PT6H" : "--expires is a time to come, like 2026-11-21T18:00 or PT6H";
        case ALERT_E_TIER:
                return zh ? "--tier 是 1、2 或 3" : "--tier is 1, 2 or 3";
        case ALERT_E_WORD:
                return zh ? "--urgency 或 --certainty 不是 CAP 的词" : "--urgency or --certainty is none of CAP's words";
        }
        return "";
}
