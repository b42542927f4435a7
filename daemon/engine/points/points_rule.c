/*
 * The `points` member of playbook steps and report kinds. No arithmetic beyond adding up: a base, and a bonus for each condition that
 * holds. Conditions are those of playbooks, so that a mistake is found when the file is read.
 */
#include "engine/points/points_rule.h"

#include <string.h>

#include "engine/playbook/playbook_internal.h"
#include "proto/json.h"

#define BONUS_MAX 8
#define RULE_POINTS_MAX 1000

static bool check_points(Check *check, const cJSON *rule, const char *name, bool required) {
        const cJSON *item = cJSON_GetObjectItemCaseSensitive(rule, name);
        int64_t n;
        if (!item && !required)
                return true;
        size_t mark = check_enter(check, name);
        if (!item)
                return check_fail(check, "缺少", "missing");
        if (!check_int(check, item, 1, RULE_POINTS_MAX, &n))
                return false;
        check_leave(check, mark);
        return true;
}

static const cJSON *form_field(Check *check, const cJSON *form, const char *name) {
        const cJSON *field = name ? cJSON_GetObjectItemCaseSensitive(form, name) : NULL;
        if (!field)
                check_fail_word(check, "表单没有字段", "the form has no field", name ? name : "?");
        return field;
}

static bool check_bonus(Check *check, const cJSON *bonus, const cJSON *form) {
        static const char *const names[] = {"if", "points", NULL};
        const cJSON *conditions = cJSON_GetObjectItemCaseSensitive(bonus, "if"), *condition;
        if (!check_keys(check, bonus, names) || !check_points(check, bonus, "points", true))
                return false;
        size_t mark = check_enter(check, "if");
        if (!cJSON_IsObject(conditions) || cJSON_GetArraySize(conditions) == 0)
                return check_fail(check, "须有条件", "needs a condition");
        cJSON_ArrayForEach(condition, conditions) {
                size_t inner = check_enter(check, condition->string);
                const cJSON *field = form_field(check, form, condition->string);
                if (!field || !condition_check(check, condition) || !condition_fits_field(check, condition, field))
                        return false;
                check_leave(check, inner);
        }
        check_leave(check, mark);
        return true;
}

static bool check_bonuses(Check *check, const cJSON *rule, const cJSON *form) {
        const cJSON *list = cJSON_GetObjectItemCaseSensitive(rule, "bonus"), *bonus;
        size_t i = 0;
        if (!list)
                return true;
        size_t mark = check_enter(check, "bonus");
        if (!check_array(check, list, BONUS_MAX))
                return false;
        cJSON_ArrayForEach(bonus, list) {
                size_t inner = check_enter_index(check, i++);
                if (!check_bonus(check, bonus, form))
                        return false;
                check_leave(check, inner);
        }
        check_leave(check, mark);
        return true;
}

/* `doer`, or the form's field that holds a card's number. */
static bool check_for(Check *check, const cJSON *rule, const cJSON *form) {
        static const char *const names[] = {"field", NULL};
        const cJSON *who = cJSON_GetObjectItemCaseSensitive(rule, "for"), *field;
        if (!who || (cJSON_IsString(who) && strcmp(who->valuestring, "doer") == 0))
                return true;
        size_t mark = check_enter(check, "for");
        if (!cJSON_IsObject(who))
                return check_fail(check, "须为 doer 或 {\"field\": 字段}", "must be doer or {\"field\": name}");
        if (!check_keys(check, who, names) || !(field = form_field(check, form, json_string(who, "field"))))
                return false;
        if (!cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(field, "holder")))
                return check_fail(check, "该字段须为积分卡号（holder）", "the field must be a card's number (holder)");
        check_leave(check, mark);
        return true;
}

bool points_rule_check(Check *check, const cJSON *rule, const cJSON *form) {
        static const char *const names[] = {"base", "bonus", "for", NULL};
        if (!check_keys(check, rule, names) || !check_points(check, rule, "base", false) || !check_bonuses(check, rule, form) ||
            !check_for(check, rule, form))
                return false;
        if (!json_has(rule, "base") && cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(rule, "bonus")) == 0)
                return check_fail(check, "须有 base 或 bonus", "needs base or bonus");
        return true;
}

static bool bonus_holds(const cJSON *bonus, const cJSON *fields) {
        const cJSON *condition;
        cJSON_ArrayForEach(condition, json_object(bonus, "if"))
                if (!condition_holds(condition, cJSON_GetObjectItemCaseSensitive(fields, condition->string)))
                        return false;
        return true;
}

Earning points_rule_count(const cJSON *rule, const cJSON *fields) {
        Earning earning = {.base = json_int(rule, "base", 0)};
        const cJSON *bonus;
        cJSON_ArrayForEach(bonus, json_array(rule, "bonus"))
                if (bonus_holds(bonus, fields))
                        earning.bonus += json_int(bonus, "points", 0);
        return earning;
}

const char *points_rule_field(const cJSON *rule) {
        return json_string(json_object(rule, "for"), "field");
}
