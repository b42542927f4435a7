/* What a form was filled in with, field by field: refused with the place and the reason, never with the words. */
#include "engine/playbook/form.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "proto/json.h"
#include "proto/privacy.h"
#include "proto/topic.h"

#define HOLDER_MIN 4
#define HOLDER_MAX 12

bool form_bound(const cJSON *bound, const cJSON *result, const cJSON *results, double *ret) {
        if (cJSON_IsNumber(bound)) {
                *ret = bound->valuedouble;
                return true;
        }
        const char *of = json_string(bound, "of"), *dot = strchr(of, '.');
        const cJSON *value;
        if (!dot) {
                value = cJSON_GetObjectItemCaseSensitive(result, of);
        } else {
                char step[34];
                snprintf(step, sizeof step, "%.*s", (int)(dot - of), of);
                value = cJSON_GetObjectItemCaseSensitive(cJSON_GetObjectItemCaseSensitive(results, step), dot + 1);
        }
        if (!cJSON_IsNumber(value))
                return false;
        *ret = value->valuedouble;
        return true;
}

static bool fail_range(Check *check, bool has_low, double low, bool has_high, double high) {
        char zh[96], en[96], least[24] = "", most[24] = "";
        if (has_low)
                snprintf(least, sizeof least, "%" PRId64, (int64_t)low);
        if (has_high)
                snprintf(most, sizeof most, "%" PRId64, (int64_t)high);
        snprintf(zh, sizeof zh, "数值超出范围 %s–%s", least, most);
        snprintf(en, sizeof en, "number out of range %s–%s", least, most);
        return check_fail(check, zh, en);
}

static bool validate_int(Check *check, const cJSON *field, const cJSON *value, const cJSON *result, const FormScope *scope) {
        if (!json_is_whole(value))
                return check_fail(check, "应为整数", "must be a whole number");
        const cJSON *bounds = json_array(field, "int");
        double low = 0, high = 0;
        bool has_low = form_bound(cJSON_GetArrayItem(bounds, 0), result, scope->results, &low);
        bool has_high = form_bound(cJSON_GetArrayItem(bounds, 1), result, scope->results, &high);
        if (fabs(value->valuedouble) > (double)FORM_INT_MAX || (has_low && value->valuedouble < low) || (has_high && value->valuedouble > high))
                return fail_range(check, has_low, low, has_high, high);
        return true;
}

static bool validate_code(Check *check, const cJSON *field, const cJSON *value, const cJSON *dictionaries) {
        if (!cJSON_IsString(value) || !check_is_dotted_name(value->valuestring))
                return check_fail(check, "应为代码", "must be a code");
        const cJSON *choice, *choices = json_array(field, "choice");
        cJSON_ArrayForEach(choice, choices)
                if (strcmp(choice->valuestring, value->valuestring) == 0)
                        return true;
        const cJSON *dictionary = cJSON_GetObjectItemCaseSensitive(dictionaries, json_has(field, "dict") ? json_string(field, "dict") : "");
        if (!choices && (!dictionaries || cJSON_GetObjectItemCaseSensitive(dictionary, value->valuestring)))
                return true;
        return check_fail(check, "没有这个选项", "no such choice");
}

/* Of the unit that fills it in, of one that it staffs, or below. */
static bool is_within(const Unit *unit, const FormScope *scope) {
        return !scope->unit || unit_is_below(unit, scope->unit) || unit_worker(unit) == scope->unit || unit_worker(scope->unit) == unit;
}

static bool validate_member(Check *check, const cJSON *value, const FormScope *scope) {
        size_t n = cJSON_IsString(value) ? strlen(value->valuestring) : 0;
        if (n == 0 || n > MEMBER_MAX || strspn(value->valuestring, "0123456789abcdefghijklmnopqrstuvwxyz-") != n)
                return check_fail(check, "应为成员编号", "must be the id of a member");
        const Member *member = scope->organisation ? organisation_member(scope->organisation, value->valuestring) : NULL;
        for (size_t i = 0; member && !member->revoked && i < member->n_seats; i++) {
                const Seat *seat = &member->seats[i];
                if (seat_is_current(seat, scope->at) && seat->unit && is_within(seat->unit, scope))
                        return true;
        }
        return !scope->organisation || check_fail(check, "本单位及下级没有这个成员", "no such member in this unit or below");
}

static bool validate_place(Check *check, const cJSON *field, const cJSON *value, const FormScope *scope) {
        if (!cJSON_IsString(value) || !check_is_name(value->valuestring))
                return check_fail(check, "应为场所编号", "must be the id of a place");
        if (!scope->organisation)
                return true;
        const Place *place = organisation_place(scope->organisation, value->valuestring);
        if (!place || strcmp(place->kind, json_string(field, "place")) != 0)
                return check_fail_word(check, "没有这个场所，类别应为", "no such place of kind", json_string(field, "place"));
        return is_within(place->unit, scope) || check_fail(check, "该场所不在本单位及下级", "the place is not in this unit or below");
}

/* Numbers on cards, nothing else that has digits: what masking would take for a telephone or an identity is refused. */
static bool validate_holder(Check *check, const cJSON *value, bool *ret_private) {
        size_t n = cJSON_IsString(value) ? strlen(value->valuestring) : 0;
        if (n < HOLDER_MIN || n > HOLDER_MAX || strspn(value->valuestring, "0123456789") != n)
                return check_fail(check, "应为4至12位卡号", "must be a card number of 4 to 12 digits");
        *ret_private = privacy_text_is_identity(value->valuestring);
        return !*ret_private || check_fail(check, "像是电话或证件号码，不予接收", "looks like a telephone or identity number");
}

static bool validate_value(Check *check, const cJSON *field, const cJSON *value, const cJSON *result, const FormScope *scope, bool *ret_private) {
        if (json_has(field, "note"))
                return check_fail(check, "文字请写入 note，不入结果", "words belong in note, not in the result");
        if (json_has(field, "int"))
                return validate_int(check, field, value, result, scope);
        if (json_has(field, "member"))
                return validate_member(check, value, scope);
        if (json_has(field, "place"))
                return validate_place(check, field, value, scope);
        if (json_has(field, "holder"))
                return validate_holder(check, value, ret_private);
        return validate_code(check, field, value, scope->dictionaries);
}

static bool validate_all(Check *check, const cJSON *form, const cJSON *result, const FormScope *scope, bool *ret_private) {
        if (result && !cJSON_IsObject(result))
                return check_fail(check, "应为对象", "must be an object");
        const cJSON *value, *field;
        cJSON_ArrayForEach(value, result) {
                size_t mark = check_enter(check, value->string);
                field = cJSON_GetObjectItemCaseSensitive(form, value->string);
                if (!field)
                        return check_fail(check, "表单没有这个字段", "the form has no such field");
                if (!validate_value(check, field, value, result, scope, ret_private))
                        return false;
                check_leave(check, mark);
        }
        cJSON_ArrayForEach(field, form) {
                bool wanted = !scope->partial && !json_has(field, "note") && !json_bool(field, "optional", false);
                if (wanted && !cJSON_GetObjectItemCaseSensitive(result, field->string)) {
                        check_enter(check, field->string);
                        return check_fail(check, "缺少", "missing");
                }
        }
        return true;
}

Code form_validate(const cJSON *form, const cJSON *result, const FormScope *scope, char *ret_detail, size_t n_detail) {
        Check check;
        bool is_private = false;
        check_init(&check, ret_detail, n_detail);
        check_enter(&check, scope->root);
        if (validate_all(&check, form, result, scope, &is_private))
                return CODE_NONE;
        return is_private ? CODE_PRIVACY : CODE_FORM;
}
