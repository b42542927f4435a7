/* Conditions of playbooks: a field equals a literal, is one of several, or lies between bounds. Nothing else: so overlap is decidable. */
#include "engine/playbook/playbook_internal.h"

#include <math.h>
#include <string.h>

#include "proto/json.h"

#define LITERALS_MAX 64

static bool is_literal(const cJSON *item) {
        return cJSON_IsBool(item) || json_is_whole(item) || (cJSON_IsString(item) && check_is_dotted_name(item->valuestring));
}

static bool literal_equals(const cJSON *left, const cJSON *right) {
        if (cJSON_IsString(left) && cJSON_IsString(right))
                return strcmp(left->valuestring, right->valuestring) == 0;
        if (cJSON_IsNumber(left) && cJSON_IsNumber(right))
                return left->valuedouble == right->valuedouble;
        return cJSON_IsBool(left) && cJSON_IsBool(right) && cJSON_IsTrue(left) == cJSON_IsTrue(right);
}

static double bound(const cJSON *range, const char *name, double fallback) {
        const cJSON *item = cJSON_GetObjectItemCaseSensitive(range, name);
        return cJSON_IsNumber(item) ? item->valuedouble : fallback;
}

static bool check_range(Check *check, const cJSON *range) {
        static const char *const names[] = {"min", "max", NULL};
        if (!check_keys(check, range, names))
                return false;
        const cJSON *item;
        cJSON_ArrayForEach(item, range)
                if (!json_is_whole(item))
                        return check_fail(check, "界限须为整数", "a bound must be a whole number");
        if (cJSON_GetArraySize(range) == 0)
                return check_fail(check, "须有 min 或 max", "needs min or max");
        if (bound(range, "min", -INFINITY) > bound(range, "max", INFINITY))
                return check_fail(check, "min 大于 max", "min is above max");
        return true;
}

bool condition_check(Check *check, const cJSON *condition) {
        if (cJSON_IsObject(condition))
                return check_range(check, condition);
        if (!cJSON_IsArray(condition))
                return is_literal(condition) || check_fail(check, "须为字面值、数组或 {min,max}", "must be a literal, an array or {min,max}");
        int n = cJSON_GetArraySize(condition);
        if (n < 1 || n > LITERALS_MAX)
                return check_fail(check, "须有1至64个值", "needs 1 to 64 values");
        const cJSON *item;
        cJSON_ArrayForEach(item, condition)
                if (!is_literal(item))
                        return check_fail(check, "数组中须为字面值", "an array holds literals only");
        return true;
}

static bool range_holds(const cJSON *range, const cJSON *value) {
        return cJSON_IsNumber(value) && value->valuedouble >= bound(range, "min", -INFINITY) &&
               value->valuedouble <= bound(range, "max", INFINITY);
}

bool condition_holds(const cJSON *condition, const cJSON *value) {
        if (!value)
                return false;
        if (cJSON_IsObject(condition))
                return range_holds(condition, value);
        if (!cJSON_IsArray(condition))
                return literal_equals(condition, value);
        const cJSON *item;
        cJSON_ArrayForEach(item, condition)
                if (literal_equals(item, value))
                        return true;
        return false;
}

bool condition_overlaps(const cJSON *left, const cJSON *right) {
        if (cJSON_IsObject(left) && cJSON_IsObject(right))
                return bound(left, "min", -INFINITY) <= bound(right, "max", INFINITY) &&
                       bound(right, "min", -INFINITY) <= bound(left, "max", INFINITY);
        if (cJSON_IsObject(left))
                return condition_overlaps(right, left);
        if (!cJSON_IsArray(left))
                return condition_holds(right, left);
        const cJSON *item;
        cJSON_ArrayForEach(item, left)
                if (condition_holds(right, item))
                        return true;
        return false;
}

static bool value_fits(Check *check, const cJSON *value, const cJSON *field) {
        const cJSON *choices = json_array(field, "choice");
        if (json_has(field, "int"))
                return cJSON_IsNumber(value) || check_fail(check, "该字段为整数", "the field is a whole number");
        if (json_has(field, "note"))
                return check_fail(check, "不可按文字分支", "words cannot be a condition");
        if (json_has(field, "member") || json_has(field, "place") || json_has(field, "holder"))
                return check_fail(check, "不可按成员、场所、卡号分支", "members, places and cards cannot be a condition");
        if (!cJSON_IsString(value))
                return check_fail(check, "该字段为代码", "the field is a code");
        const cJSON *choice;
        cJSON_ArrayForEach(choice, choices)
                if (strcmp(choice->valuestring, value->valuestring) == 0)
                        return true;
        return !choices || check_fail_word(check, "表单没有选项", "the form has no choice", value->valuestring);
}

bool condition_fits_field(Check *check, const cJSON *condition, const cJSON *field) {
        if (cJSON_IsObject(condition))
                return json_has(field, "int") || check_fail(check, "范围只用于整数", "a range is for whole numbers");
        if (!cJSON_IsArray(condition))
                return value_fits(check, condition, field);
        const cJSON *item;
        cJSON_ArrayForEach(item, condition)
                if (!value_fits(check, item, field))
                        return false;
        return true;
}
