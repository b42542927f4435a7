/*
 * The shape of what is reported: fields that can carry counts and codes but no sentence and no person (I12).
 */
#include <string.h>

#include "engine/report/report.h"
#include "engine/playbook/form.h"
#include "proto/json.h"

#define CODE_LENGTH_MAX 64

static bool code_is_valid(const char *text) {
        size_t n = strlen(text);
        return n > 0 && n <= CODE_LENGTH_MAX &&
               strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-") == n;
}

static bool check_value(Decision *decision, const cJSON *item) {
        if (!code_is_valid(item->string))
                return decision_reject(decision, CODE_RANGE, "fields: [A-Za-z0-9_.-]{1,64}") == CODE_NONE; /* the name is not repeated: it may be somebody's */
        if (cJSON_IsBool(item))
                return true;
        if (cJSON_IsNumber(item)) {
                if (!json_is_whole(item) || item->valuedouble > 2147483648.0 || item->valuedouble < -2147483648.0)
                        return decision_reject(decision, CODE_RANGE, "fields.%s", item->string) == CODE_NONE;
                return true;
        }
        if (!cJSON_IsString(item))
                return decision_reject(decision, CODE_TYPE, "fields.%s", item->string) == CODE_NONE;
        if (!code_is_valid(item->valuestring))
                return decision_reject(decision, CODE_RANGE, "fields.%s: [A-Za-z0-9_.-]{1,64}", item->string) == CODE_NONE;
        return true;
}

static bool check_fields(Decision *decision) {
        const cJSON *fields = cJSON_GetObjectItemCaseSensitive(decision_body(decision), "fields"), *item;
        if (!fields || cJSON_IsNull(fields))
                return true;
        if (!cJSON_IsObject(fields))
                return decision_reject(decision, CODE_TYPE, "fields") == CODE_NONE;
        if (cJSON_GetArraySize(fields) > REPORT_FIELDS_MAX)
                return decision_reject(decision, CODE_RANGE, "fields: > %d", REPORT_FIELDS_MAX) == CODE_NONE;
        cJSON_ArrayForEach(item, fields)
                if (!check_value(decision, item))
                        return false;
        return true;
}

/* A form's words are asked for in the message's own note. */
static bool check_words(Decision *decision, const cJSON *form) {
        const char *note = json_string(decision_body(decision), "note");
        const cJSON *field;
        cJSON_ArrayForEach(field, form) {
                const char *wanted = json_string(field, "note");
                if (wanted && strcmp(wanted, "required") == 0 && (!note || !*note))
                        return decision_reject(decision, CODE_FORM, "note: %s: 缺少 / missing", field->string) == CODE_NONE;
        }
        return true;
}

bool report_fields_check(Decision *decision, const cJSON *form, const Unit *unit) {
        if (!form)
                return check_fields(decision);
        const Organisation *organisation = decision_organisation(decision);
        const FormScope scope = {.root = "fields", .organisation = organisation, .dictionaries = organisation_dictionaries(organisation),
                                 .unit = unit, .at = decision->at};
        const cJSON *fields = cJSON_GetObjectItemCaseSensitive(decision_body(decision), "fields");
        char detail[sizeof decision->detail];
        Code code = form_validate(form, cJSON_IsNull(fields) ? NULL : fields, &scope, detail, sizeof detail);
        if (code != CODE_NONE)
                return decision_reject(decision, code, "%s", detail) == CODE_NONE;
        return check_words(decision, form);
}

bool report_names_check(Decision *decision, const char *const *names) {
        const cJSON *item;
        cJSON_ArrayForEach(item, decision_body(decision)) {
                const char *const *name = names;
                while (*name && strcmp(*name, item->string) != 0)
                        ++name;
                if (!*name)
                        return decision_reject(decision, CODE_UNKNOWN_FIELD, "%.40s", item->string) == CODE_NONE;
        }
        return true;
}

bool report_body_check(Decision *decision, const char *const *names) {
        return report_names_check(decision, names) && report_fields_check(decision, NULL, NULL);
}

static bool read_word(Decision *decision, const char *name, const char **ret) {
        *ret = json_string(decision_body(decision), name);
        if (!*ret && json_has(decision_body(decision), name))
                return decision_reject(decision, CODE_TYPE, "%s", name) == CODE_NONE;
        return true;
}

bool report_read_weight(Decision *decision, Severity *ret_severity, Reality *ret_reality) {
        const char *severity, *status;
        *ret_severity = SEVERITY_UNKNOWN;
        *ret_reality = REALITY_ACTUAL;
        if (!read_word(decision, "severity", &severity) || !read_word(decision, "status", &status))
                return false;
        if (severity) {
                *ret_severity = severity_parse(severity);
                if (strcmp(severity_name(*ret_severity), severity) != 0)
                        return decision_reject(decision, CODE_RANGE, "severity: Minor, Moderate, Severe, Extreme") == CODE_NONE;
        }
        if (status) {
                *ret_reality = reality_parse(status);
                if (strcmp(reality_name(*ret_reality), status) != 0)
                        return decision_reject(decision, CODE_RANGE, "status: Actual, Exercise, Test") == CODE_NONE;
        }
        return true;
}
