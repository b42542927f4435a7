/* What a catalogue may say about statistics: figures with a name of the town's own, campaigns, counters of days without. */
#include <stdio.h>
#include <string.h>

#include "engine/statistics/statistics.h"
#include "proto/json.h"
#include "proto/timestamp.h"

#define CAMPAIGN_DAYS_MAX 731
#define CAMPAIGN_KINDS_MAX 64
#define CONDITIONS_MAX 8
#define CONDITION_VALUES_MAX 32

/* A day of the calendar, `2026-06-01`; days since 1970-01-01. */
static bool check_day(Check *check, const cJSON *object, const char *name, bool required, int64_t *ret_day) {
        const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);
        if (!item && !required)
                return true;
        size_t mark = check_enter(check, name);
        const char *text = cJSON_GetStringValue(item);
        int year = 0, month = 0, day = 0, y, m, d;
        bool sound = text && strlen(text) == 10 && text[4] == '-' && text[7] == '-' && strspn(text, "0123456789-") == 10 &&
                     sscanf(text, "%4d-%2d-%2d", &year, &month, &day) == 3 && year >= 2000 && month >= 1 && month <= 12;
        if (sound) {
                *ret_day = day_from_civil(year, month, day);
                day_civil(*ret_day, &y, &m, &d);
                sound = y == year && m == month && d == day;
        }
        if (!sound)
                return check_fail(check, "须为日期，如 2026-06-01", "must be a date such as 2026-06-01");
        check_leave(check, mark);
        return true;
}

static bool check_named(Check *check, const cJSON *item, const char *const *keys) {
        const char *zh, *en;
        return (check_is_name(item->string) || check_fail(check, "名称须为 a-z 0-9 - _ ，至多 32", "a name has a-z 0-9 - _, at most 32")) &&
               check_keys(check, item, keys) && check_title(check, item, item->string, &zh, &en);
}

static bool check_kind_name(Check *check, const cJSON *item, const char *name) {
        if (!json_has(item, name))
                return true;
        return check_name(check, item, name, true) != NULL;
}

static bool value_is_sound(const cJSON *value) {
        return cJSON_IsBool(value) || json_is_whole(value) || (cJSON_IsString(value) && check_is_dotted_name(value->valuestring));
}

/* One of them is enough. */
static bool values_are_sound(const cJSON *values) {
        const cJSON *value;
        if (!cJSON_IsArray(values) || cJSON_GetArraySize(values) < 1 || cJSON_GetArraySize(values) > CONDITION_VALUES_MAX)
                return false;
        cJSON_ArrayForEach(value, values)
                if (!value_is_sound(value))
                        return false;
        return true;
}

static bool check_conditions(Check *check, const cJSON *conditions) {
        const cJSON *condition;
        if (!conditions)
                return true;
        size_t mark = check_enter(check, "where");
        if (!cJSON_IsObject(conditions) || cJSON_GetArraySize(conditions) > CONDITIONS_MAX)
                return check_fail(check, "应为至多 8 个字段的对象", "must be an object of at most 8 fields");
        cJSON_ArrayForEach(condition, conditions) {
                if (!check_is_name(condition->string) || !(value_is_sound(condition) || values_are_sound(condition)))
                        return check_fail(check, "条件须为 字段: 代码、整数、真假值，或其列表", "a condition is a field: code, whole number, true, false, or a list of them");
        }
        check_leave(check, mark);
        return true;
}

static bool check_sensitive(Check *check, const cJSON *item) {
        const cJSON *sensitive = cJSON_GetObjectItemCaseSensitive(item, "sensitive");
        size_t mark = check_enter(check, "sensitive");
        if (sensitive && !cJSON_IsBool(sensitive))
                return check_fail(check, "应为真假值", "must be true or false");
        check_leave(check, mark);
        return true;
}

static bool check_figure(Check *check, const cJSON *item) {
        static const char *const keys[] = {"title", "report", "task", "where", "sum", "sensitive", NULL};
        if (!check_named(check, item, keys) || !check_kind_name(check, item, "report") || !check_kind_name(check, item, "task") ||
            !check_kind_name(check, item, "sum") || !check_sensitive(check, item))
                return false;
        if (strcmp(item->string, "warnings") == 0)
                return check_fail(check, "此名称已有别的含义", "this name has another meaning already");
        if (json_has(item, "report") && json_has(item, "task"))
                return check_fail(check, "report 与 task 只能有一个", "report or task, not both");
        if (!json_has(item, "report") && !json_has(item, "task") && (json_has(item, "where") || json_has(item, "sum")))
                return check_fail(check, "where、sum 须与 report 或 task 同用", "where and sum go with report or task");
        return check_conditions(check, cJSON_GetObjectItemCaseSensitive(item, "where"));
}

static bool check_kinds(Check *check, const cJSON *kinds) {
        size_t mark = check_enter(check, "kinds"), n = 0;
        if (!cJSON_IsArray(kinds) || cJSON_GetArraySize(kinds) < 1 || cJSON_GetArraySize(kinds) > CAMPAIGN_KINDS_MAX)
                return check_fail(check, "须列出 1–64 个类别", "1 to 64 kinds are to be listed");
        const cJSON *kind;
        cJSON_ArrayForEach(kind, kinds) {
                size_t inner = check_enter_index(check, n++);
                if (!cJSON_IsString(kind) || !check_is_name(kind->valuestring))
                        return check_fail(check, "须为上报类别或预案的名称", "must be the name of a report kind or a playbook");
                for (const cJSON *before = kinds->child; before != kind; before = before->next)
                        if (strcmp(before->valuestring, kind->valuestring) == 0)
                                return check_fail_word(check, "重复", "twice", kind->valuestring);
                check_leave(check, inner);
        }
        check_leave(check, mark);
        return true;
}

static bool check_campaign(Check *check, const cJSON *item) {
        static const char *const keys[] = {"title", "from", "until", "kinds", NULL};
        int64_t from = 0, until = 0;
        if (!check_named(check, item, keys) || !check_day(check, item, "from", true, &from) || !check_day(check, item, "until", true, &until))
                return false;
        if (until < from)
                return check_fail(check, "until 早于 from", "until is before from");
        if (until - from >= CAMPAIGN_DAYS_MAX)
                return check_fail(check, "行动至多两年", "a campaign lasts two years at most");
        return check_kinds(check, cJSON_GetObjectItemCaseSensitive(item, "kinds"));
}

static bool check_counter(Check *check, const cJSON *item) {
        static const char *const keys[] = {"title", "report", "where", "baseline", NULL};
        int64_t baseline = 0;
        return check_named(check, item, keys) && check_name(check, item, "report", true) != NULL &&
               check_day(check, item, "baseline", false, &baseline) &&
               check_conditions(check, cJSON_GetObjectItemCaseSensitive(item, "where"));
}

static bool check_each(Check *check, const cJSON *section, bool (*check_item)(Check *, const cJSON *)) {
        const cJSON *item;
        cJSON_ArrayForEach(item, section) {
                size_t mark = check_enter(check, item->string);
                if (!cJSON_IsObject(item))
                        return check_fail(check, "应为对象", "must be an object");
                if (!check_item(check, item))
                        return false;
                check_leave(check, mark);
        }
        return true;
}

/* Nothing is asked of organisation and playbooks: a figure may be about a kind that comes later, and is 0 until then. */
bool figures_catalogue_check(Check *check, const cJSON *section, const Organisation *organisation, const PlaybookSet *playbooks) {
        (void)organisation, (void)playbooks;
        return check_each(check, section, check_figure);
}

bool campaigns_catalogue_check(Check *check, const cJSON *section, const Organisation *organisation, const PlaybookSet *playbooks) {
        (void)organisation, (void)playbooks;
        return check_each(check, section, check_campaign);
}

bool zero_days_catalogue_check(Check *check, const cJSON *section, const Organisation *organisation, const PlaybookSet *playbooks) {
        (void)organisation, (void)playbooks;
        return check_each(check, section, check_counter);
}
