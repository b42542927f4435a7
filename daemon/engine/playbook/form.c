#include "engine/playbook/form.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "proto/json.h"
#include "proto/privacy.h"

#define FIELDS_MAX 32
#define CHOICES_MAX 64

static cJSON *field_of(const cJSON *form, const char *name) { return cJSON_GetObjectItemCaseSensitive(form, name); }

/* `[a-z][a-z0-9_]*`: also a column's name in statistics. `how` is the word for how a step ended (playbook `if`). */
static bool is_field_name(const char *text) {
        if (!check_is_name(text) || text[0] < 'a' || strchr(text, '-'))
                return false;
        return strcmp(text, "how") != 0;
}

/* ---- the form itself ---- */

static bool is_int_field(const cJSON *field) { return field && json_has(field, "int"); }

/* {"of": "field"}: an int field above this one; {"of": "step.field"}: an int field of a step of the playbook. */
static bool check_reference(Check *check, const cJSON *form, const cJSON *field, const cJSON *steps, const char *of) {
        static const char *const missing_zh = "没有这个整数字段：", *const missing_en = "no whole-number field";
        const char *dot = strchr(of, '.');
        if (!dot) {
                for (const cJSON *earlier = form->child; earlier != field; earlier = earlier->next)
                        if (strcmp(earlier->string, of) == 0)
                                return is_int_field(earlier) || check_fail_word(check, missing_zh, missing_en, of);
                return check_fail_word(check, "界限只能取更早的字段：", "a bound may only name an earlier field, not", of);
        }
        char step[34];
        if (!steps || dot - of > 32)
                return check_fail_word(check, missing_zh, missing_en, of);
        snprintf(step, sizeof step, "%.*s", (int)(dot - of), of);
        const cJSON *other = json_object(cJSON_GetObjectItemCaseSensitive(steps, step), "form");
        if (other == form)
                return check_fail_word(check, "本表单的字段不加步骤名：", "a field of this form is named without its step:", of);
        return is_int_field(field_of(other, dot + 1)) || check_fail_word(check, missing_zh, missing_en, of);
}

static bool check_bound(Check *check, const cJSON *form, const cJSON *field, const cJSON *steps, const cJSON *bound) {
        static const char *const names[] = {"of", NULL};
        int64_t value;
        if (cJSON_IsNumber(bound))
                return check_int(check, bound, -FORM_INT_MAX, FORM_INT_MAX, &value);
        if (!check_keys(check, bound, names))
                return false;
        const char *of = json_string(bound, "of");
        if (!of || !check_is_dotted_name(of))
                return check_fail(check, "界限须为整数或 {\"of\": 字段}", "a bound is a whole number or {\"of\": field}");
        return check_reference(check, form, field, steps, of);
}

static bool check_bounds(Check *check, const cJSON *form, const cJSON *field, const cJSON *steps) {
        const cJSON *bounds = json_array(field, "int");
        if (cJSON_GetArraySize(bounds) != 2)
                return check_fail(check, "int 须为 [下限, 上限]", "int needs [lowest, highest]");
        const cJSON *low = cJSON_GetArrayItem(bounds, 0), *high = cJSON_GetArrayItem(bounds, 1);
        if (!check_bound(check, form, field, steps, low) || !check_bound(check, form, field, steps, high))
                return false;
        if (cJSON_IsNumber(low) && cJSON_IsNumber(high) && low->valuedouble > high->valuedouble)
                return check_fail(check, "下限大于上限", "lowest is above highest");
        return true;
}

static bool check_choices(Check *check, const cJSON *field) {
        const cJSON *choices = json_array(field, "choice");
        int n = cJSON_GetArraySize(choices);
        if (n < 1 || n > CHOICES_MAX)
                return check_fail(check, "choice 须有1至64个代码", "choice needs 1 to 64 codes");
        for (int i = 0; i < n; i++) {
                const cJSON *choice = cJSON_GetArrayItem(choices, i);
                if (!cJSON_IsString(choice) || !check_is_dotted_name(choice->valuestring))
                        return check_fail(check, "选项须为代码", "a choice must be a code");
                for (int j = 0; j < i; j++)
                        if (strcmp(cJSON_GetArrayItem(choices, j)->valuestring, choice->valuestring) == 0)
                                return check_fail_word(check, "选项重复", "the same choice twice:", choice->valuestring);
        }
        const cJSON *titles = cJSON_GetObjectItemCaseSensitive(field, "titles"), *title;
        static const char *const names[] = {"zh", "en", NULL};
        if (titles && !cJSON_IsObject(titles))
                return check_fail(check, "titles 应为对象", "titles must be an object");
        cJSON_ArrayForEach(title, titles)
                if (!check_keys(check, title, names) || !json_string(title, "zh") || !json_string(title, "en"))
                        return check_fail(check, "titles 须有 zh 与 en", "titles need zh and en");
        return true;
}

/* What the field asks for: the one member that says so; NULL when none or several do. */
static const char *field_type(const cJSON *field) {
        static const char *const types[] = {"int", "choice", "dict", "note", "member", "place", "holder"};
        const char *found = NULL;
        for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
                if (json_has(field, types[i])) {
                        if (found)
                                return NULL;
                        found = types[i];
                }
        return found;
}

/* dict, note, member, place, holder: what stands outside the form. */
static bool check_reference_field(Check *check, const cJSON *field) {
        const char *dict = json_string(field, "dict"), *note = json_string(field, "note"), *place = json_string(field, "place");
        if (json_has(field, "dict"))
                return (dict && check_is_name(dict)) || check_fail(check, "dict 须为字典名", "dict must name a dictionary");
        if (json_has(field, "place"))
                return (place && check_is_name(place)) || check_fail(check, "place 须为场所类别", "place must name a kind of place");
        if (json_has(field, "member") || json_has(field, "holder"))
                return json_bool(field, "member", false) || json_bool(field, "holder", false) ||
                       check_fail(check, "member、holder 只能为 true", "member and holder can only be true");
        return (note && (strcmp(note, "required") == 0 || strcmp(note, "optional") == 0)) ||
               check_fail(check, "note 须为 required 或 optional", "note must be required or optional");
}

static bool check_field(Check *check, const cJSON *form, const cJSON *field, const cJSON *steps) {
        static const char *const names[] = {"int", "choice", "dict", "note", "member", "place", "holder", "title", "titles", "optional", NULL};
        const char *zh, *en;
        if (!is_field_name(field->string))
                return check_fail(check, "字段名须为小写字母、数字、_", "a field's name is a-z, 0-9, _");
        if (!check_keys(check, field, names) || !check_title(check, field, field->string, &zh, &en))
                return false;
        if (!field_type(field))
                return check_fail(check, "须恰有 int、choice、dict、note、member、place、holder 之一",
                                  "needs exactly one of int, choice, dict, note, member, place, holder");
        const cJSON *optional = cJSON_GetObjectItemCaseSensitive(field, "optional");
        if (optional && !cJSON_IsBool(optional))
                return check_fail(check, "optional 应为真假值", "optional must be true or false");
        if (json_has(field, "int"))
                return check_bounds(check, form, field, steps);
        if (json_has(field, "choice"))
                return check_choices(check, field);
        return check_reference_field(check, field);
}

bool form_check(Check *check, const cJSON *form, const cJSON *steps) {
        if (!cJSON_IsObject(form) || cJSON_GetArraySize(form) < 1 || cJSON_GetArraySize(form) > FIELDS_MAX)
                return check_fail(check, "表单须有1至32个字段", "a form has 1 to 32 fields");
        const char *person = privacy_find_name(form, false);
        if (person)
                return check_fail_word(check, "不可询问个人身份：", "a form may not ask who somebody is:", person);
        const cJSON *field;
        cJSON_ArrayForEach(field, form) {
                size_t mark = check_enter(check, field->string);
                if (!check_field(check, form, field, steps))
                        return false;
                check_leave(check, mark);
        }
        return true;
}

bool form_fits(Check *check, const cJSON *form, const Organisation *organisation) {
        const cJSON *field;
        cJSON_ArrayForEach(field, form) {
                const char *dictionary = json_string(field, "dict");
                if (dictionary && !cJSON_GetObjectItemCaseSensitive(organisation_dictionaries(organisation), dictionary)) {
                        check_enter(check, field->string);
                        return check_fail_word(check, "没有字典", "no dictionary", dictionary);
                }
        }
        return true;
}

/* ---- as the task document shows it ---- */

static void describe_bound(cJSON *entry, const char *name, const cJSON *bound, const cJSON *results) {
        double value;
        if (form_bound(bound, NULL, results, &value))
                json_add_int(entry, name, (int64_t)value);
        else
                cJSON_AddItemToObject(entry, name, cJSON_Duplicate(bound, true));
}

static void describe_code(cJSON *choices, const char *code, const cJSON *titles) {
        cJSON *choice = cJSON_CreateObject();
        const cJSON *title = cJSON_GetObjectItemCaseSensitive(titles, code);
        json_add_string(choice, "code", code);
        json_add_string(choice, "zh", title ? json_string(title, "zh") : code);
        json_add_string(choice, "en", title ? json_string(title, "en") : code);
        cJSON_AddItemToArray(choices, choice);
}

static void describe_choices(cJSON *entry, const cJSON *field, const cJSON *dictionaries) {
        cJSON *choices = cJSON_AddArrayToObject(entry, "choices");
        const cJSON *code, *codes = json_array(field, "choice");
        const cJSON *titles = json_object(field, "titles");
        cJSON_ArrayForEach(code, codes)
                describe_code(choices, code->valuestring, titles);
        if (codes)
                return;
        const cJSON *dictionary = cJSON_GetObjectItemCaseSensitive(dictionaries, json_string(field, "dict"));
        cJSON_ArrayForEach(code, dictionary)
                describe_code(choices, code->string, dictionary);
}

cJSON *form_describe(const cJSON *form, const cJSON *results, const cJSON *dictionaries) {
        cJSON *list = cJSON_CreateArray();
        const cJSON *field;
        cJSON_ArrayForEach(field, form) {
                cJSON *entry = cJSON_CreateObject();
                Check check;
                char detail[160];
                const char *zh, *en;
                check_init(&check, detail, sizeof detail);
                check_title(&check, field, field->string, &zh, &en);
                json_add_string(entry, "name", field->string);
                json_add_string(entry, "title", zh);
                json_add_string(entry, "title_en", en);
                if (json_has(field, "int")) {
                        json_add_string(entry, "type", "int");
                        describe_bound(entry, "min", cJSON_GetArrayItem(json_array(field, "int"), 0), results);
                        describe_bound(entry, "max", cJSON_GetArrayItem(json_array(field, "int"), 1), results);
                } else {
                        json_add_string(entry, "type", field_type(field));
                        json_add_string(entry, "place", json_string(field, "place"));
                        if (json_has(field, "choice") || json_has(field, "dict"))
                                describe_choices(entry, field, dictionaries);
                }
                const char *note = json_string(field, "note");
                if (json_bool(field, "optional", false) || (note && strcmp(note, "optional") == 0))
                        cJSON_AddTrueToObject(entry, "optional");
                cJSON_AddItemToArray(list, entry);
        }
        return list;
}
