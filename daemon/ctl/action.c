#include "ctl/action.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/when.h"
#include "proto/mask.h"
#include "proto/timestamp.h"

/* Options that become a field as they are. */
static const struct { const char *option, *field; } plain_fields[] = {
        {"assignee", "assignee"}, {"to", "to"}, {"note", "note"}, {"title", "title"}, {"instruction", "instruction"},
        {"severity", "severity"}, {"audience", "audience"}, {"outcome", "outcome"}, {"seat", "seat"}, {"into", "into"}, {"playbook", "playbook"},
};

static bool whole_parse(const char *text, double *ret)
{
        char *end;
        long long value;

        if (text[0] == '\0' || text[strspn(text, "-0123456789")] != '\0' || strlen(text) > 15)
                return false;
        value = strtoll(text, &end, 10);
        *ret = (double)value;
        return *end == '\0';
}

/* `field=value` into the result. */
static bool result_add(cJSON *result, const char *text)
{
        const char *equals = strchr(text, '=');
        char field[65];
        double number;

        if (equals == NULL || equals == text || (size_t)(equals - text) >= sizeof field)
                return false;
        memcpy(field, text, (size_t)(equals - text));
        field[equals - text] = '\0';
        if (cJSON_GetObjectItemCaseSensitive(result, field) != NULL)
                return false;
        if (whole_parse(equals + 1, &number))
                cJSON_AddNumberToObject(result, field, number);
        else
                cJSON_AddStringToObject(result, field, equals + 1);
        return true;
}

static ActionOutcome lists_add(const Arguments *arguments, cJSON *body)
{
        const char *value;
        cJSON *list = NULL;

        for (size_t i = 0; (value = arguments_nth(arguments, "result", i)) != NULL; i++) {
                if (i == 0)
                        list = cJSON_AddObjectToObject(body, "result");
                if (!result_add(list, value))
                        return ACTION_E_RESULT;
        }
        for (size_t i = 0; (value = arguments_nth(arguments, "checked", i)) != NULL; i++) {
                if (i == 0)
                        list = cJSON_AddArrayToObject(body, "checklist");
                cJSON_AddItemToArray(list, cJSON_CreateString(value));
        }
        return ACTION_OK;
}

static ActionOutcome time_add(const Arguments *arguments, const char *option, const char *field, int64_t now_ms, int zone_minutes, cJSON *body)
{
        const char *value = arguments_value(arguments, option);
        char wire[TIMESTAMP_TEXT_MAX];
        int64_t at;

        if (value == NULL)
                return ACTION_OK;
        if (!when_parse(value, zone_minutes, now_ms, &at))
                return ACTION_E_TIME;
        when_format_wire(at, zone_minutes, wire);
        cJSON_AddStringToObject(body, field, wire);
        return ACTION_OK;
}

static ActionOutcome scalars_add(const Arguments *arguments, cJSON *body)
{
        const char *reason = arguments_value(arguments, "reason"), *by = arguments_value(arguments, "by"), *revision = arguments_value(arguments, "revision");
        double number;
        int64_t span;

        if (reason != NULL) {
                if (reason[0] == '\0' || text_count_characters(reason) > NOTE_CHARACTERS_MAX)
                        return ACTION_E_REASON;
                cJSON_AddStringToObject(body, "reason", reason);
        }
        if (by != NULL) {
                if (!duration_parse(by, strlen(by), &span))
                        return ACTION_E_DURATION;
                cJSON_AddStringToObject(body, "by", by);
        }
        if (revision != NULL) {
                if (!whole_parse(revision, &number) || number < 0)
                        return ACTION_E_REVISION;
                cJSON_AddNumberToObject(body, "revision", number);
        }
        return ACTION_OK;
}

ActionOutcome action_build(const Arguments *arguments, int64_t now_ms, int zone_minutes, cJSON **ret)
{
        cJSON *body = cJSON_CreateObject();
        ActionOutcome outcome = scalars_add(arguments, body);

        *ret = NULL;
        for (size_t i = 0; i < sizeof plain_fields / sizeof plain_fields[0]; i++) {
                const char *value = arguments_value(arguments, plain_fields[i].option);

                if (value != NULL)
                        cJSON_AddStringToObject(body, plain_fields[i].field, value);
        }
        if (outcome == ACTION_OK)
                outcome = lists_add(arguments, body);
        if (outcome == ACTION_OK)
                outcome = time_add(arguments, "until", "until", now_ms, zone_minutes, body);
        if (outcome == ACTION_OK)
                outcome = time_add(arguments, "finish-by", "finish_by", now_ms, zone_minutes, body);
        if (outcome != ACTION_OK)
                cJSON_Delete(body);
        else
                *ret = body;
        return outcome;
}

const char *action_outcome_text(ActionOutcome outcome, int zh)
{
        switch (outcome) {
        case ACTION_OK:
                return "";
        case ACTION_E_RESULT:
                return zh ? "--result 要写成 字段=值,每个字段一次" : "--result is field=value, each field once";
        case ACTION_E_REVISION:
                return zh ? "--revision 是整数" : "--revision is a whole number";
        case ACTION_E_TIME:
                return zh ? "时间要写成 2026-11-21T18:00 或 PT6H" : "a time looks like 2026-11-21T18:00 or PT6H";
        case ACTION_E_DURATION:
                return zh ? "--by 是时长,如 PT2H、P1D" : "--by is a duration, like PT2H, P1D";
        case ACTION_E_REASON:
                return zh ? "--reason 是代码词,或一句话(至多 200 字)" : "--reason is a code word, or a sentence of at most 200 characters";
        }
        return "";
}
