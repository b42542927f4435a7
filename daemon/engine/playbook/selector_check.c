/* Selectors as a playbook writes them: shape, and whether an organisation has what they name. selector.c evaluates them. */
#include "engine/playbook/playbook_internal.h"

#include <string.h>

#include "proto/json.h"
#include "proto/topic.h"

static const char *const mains[] = {"addressed", "origin", "same", "parent", "tier", "tag", "link", "unit", NULL};

static bool check_addressed(Check *check, const cJSON *addressed) {
        static const char *const names[] = {"tier", "tag", "type", NULL};
        int64_t tier;
        if (cJSON_IsTrue(addressed))
                return true;
        if (!check_keys(check, addressed, names))
                return false;
        const cJSON *item = cJSON_GetObjectItemCaseSensitive(addressed, "tier");
        if (item && !check_int(check, item, 1, 3, &tier))
                return false;
        return check_name(check, addressed, "tag", false) && check_name(check, addressed, "type", false);
}

static bool check_main(Check *check, const cJSON *selector, const char *name) {
        const cJSON *item = cJSON_GetObjectItemCaseSensitive(selector, name);
        int64_t n;
        if (strcmp(name, "addressed") == 0)
                return check_addressed(check, item);
        if (strcmp(name, "origin") == 0)
                return cJSON_IsTrue(item) || check_fail(check, "须为 true", "must be true");
        if (strcmp(name, "same") == 0)
                return check_int(check, item, 1, 16, &n);
        if (strcmp(name, "parent") == 0)
                return check_int(check, item, 1, 5, &n);
        if (strcmp(name, "tier") == 0)
                return check_int(check, item, 1, 3, &n);
        if (strcmp(name, "link") == 0)
                return (cJSON_IsString(item) && check_is_dotted_name(item->valuestring)) ||
                       check_fail(check, "链接类型不合规", "must be a link type");
        if (strcmp(name, "unit") == 0)
                return (cJSON_IsString(item) && unit_name_is_valid(item->valuestring, strlen(item->valuestring))) ||
                       check_fail(check, "单位标识不合规", "must be a unit's id");
        return (cJSON_IsString(item) && check_is_name(item->valuestring)) || check_fail(check, "名称不合规", "must be a name");
}

static bool check_selector(Check *check, const cJSON *selector) {
        static const char *const names[] = {"addressed", "origin", "same", "parent", "tier", "tag", "link", "unit", "on_duty", "next", NULL};
        if (!check_keys(check, selector, names))
                return false;
        const char *main = NULL;
        bool tag = json_has(selector, "tag");
        for (size_t i = 0; mains[i]; i++) {
                if (!cJSON_GetObjectItemCaseSensitive(selector, mains[i]))
                        continue;
                bool filter = tag && strcmp(mains[i], "tier") == 0; /* {"tag","tier"}: the tag's units of that tier */
                if (main && !filter && !(tag && strcmp(main, "tier") == 0))
                        return check_fail(check, "一个选择器只能有一种取法", "a selector has exactly one way to choose");
                main = mains[i];
                size_t mark = check_enter(check, main);
                if (!check_main(check, selector, main))
                        return false;
                check_leave(check, mark);
        }
        if (!main)
                return check_fail(check, "选择器为空", "the selector chooses nothing");
        const char *const flags[] = {"on_duty", "next"};
        for (size_t i = 0; i < 2; i++) {
                const cJSON *flag = cJSON_GetObjectItemCaseSensitive(selector, flags[i]);
                if (flag && !cJSON_IsTrue(flag))
                        return check_fail_word(check, "只能为 true：", "can only be true:", flags[i]);
        }
        return true;
}

bool selectors_check(Check *check, const cJSON *selectors) {
        if (!check_array(check, selectors, SELECTORS_MAX))
                return false;
        if (cJSON_GetArraySize(selectors) == 0)
                return check_fail(check, "不可为空", "must not be empty");
        size_t i = 0;
        const cJSON *selector;
        cJSON_ArrayForEach(selector, selectors) {
                size_t mark = check_enter_index(check, i++);
                if (!check_selector(check, selector))
                        return false;
                check_leave(check, mark);
        }
        return true;
}

bool selector_places_check(Check *check, const cJSON *places) {
        static const char *const names[] = {"kind", "tag", NULL};
        return check_keys(check, places, names) && check_name(check, places, "kind", true) && check_name(check, places, "tag", false);
}

/* ---- against an organisation ---- */

bool organisation_has_code(const Organisation *organisation, const char *dictionary, const char *code) {
        const cJSON *entry = cJSON_GetObjectItemCaseSensitive(organisation_dictionaries(organisation), dictionary);
        return cJSON_GetObjectItemCaseSensitive(entry, code) != NULL;
}

/* A type of its own, or the first part of one: `mediation` stands for all that begin with `mediation.`. */
static bool type_covers(const char *asked, const char *type) {
        size_t n = strlen(asked);
        return strncmp(type, asked, n) == 0 && (type[n] == '\0' || type[n] == '.');
}

bool organisation_has_link_type(const Organisation *organisation, const char *type) {
        for (size_t i = 0; organisation_link_types[i]; i++)
                if (type_covers(type, organisation_link_types[i]))
                        return true;
        const cJSON *code, *declared = cJSON_GetObjectItemCaseSensitive(organisation_dictionaries(organisation), "link");
        cJSON_ArrayForEach(code, declared)
                if (type_covers(type, code->string))
                        return true;
        return false;
}

static bool selector_fits(Check *check, const cJSON *selector, const Organisation *organisation) {
        const char *unit = json_string(selector, "unit"), *link = json_string(selector, "link");
        const char *tag = json_string(selector, "tag");
        const cJSON *addressed = json_object(selector, "addressed");
        if (unit && !organisation_unit(organisation, unit))
                return check_fail_word(check, "没有单位", "no unit", unit);
        if (link && !organisation_has_link_type(organisation, link))
                return check_fail_word(check, "没有链接类型", "no link type", link);
        if (!tag && addressed)
                tag = json_string(addressed, "tag");
        if (tag && !organisation_has_code(organisation, "tag", tag))
                return check_fail_word(check, "没有标签", "no tag", tag);
        return true;
}

bool selectors_fit(Check *check, const cJSON *selectors, const Organisation *organisation) {
        const cJSON *selector;
        size_t i = 0;
        cJSON_ArrayForEach(selector, selectors) {
                size_t mark = check_enter_index(check, i++);
                if (!selector_fits(check, selector, organisation))
                        return false;
                check_leave(check, mark);
        }
        return true;
}
