/*
 * The catalogue's section `points`: {"goods": {name: {"title", "points", "units"?}}, "honours": {name: {"title", "points"}},
 * "limits": {"day": n}}.
 */
#include "engine/points/points.h"

#include <string.h>

#include "proto/json.h"

#define ITEMS_MAX 200

static bool check_price(Check *check, const cJSON *item) {
        int64_t n;
        size_t mark = check_enter(check, "points");
        if (!check_int(check, cJSON_GetObjectItemCaseSensitive(item, "points"), 1, POINTS_MAX, &n))
                return false;
        check_leave(check, mark);
        return true;
}

/* The units whose shops hand it out; absent = every shop. */
static bool check_units(Check *check, const cJSON *item, const Organisation *organisation) {
        const cJSON *units = cJSON_GetObjectItemCaseSensitive(item, "units"), *unit;
        if (!units)
                return true;
        size_t mark = check_enter(check, "units");
        if (!check_array(check, units, ITEMS_MAX))
                return false;
        cJSON_ArrayForEach(unit, units)
                if (!cJSON_IsString(unit) || (organisation && organisation_root(organisation) && !organisation_unit(organisation, unit->valuestring)))
                        return check_fail_word(check, "没有这个单位：", "no such unit:", cJSON_IsString(unit) ? unit->valuestring : "?");
        check_leave(check, mark);
        return true;
}

static bool check_item(Check *check, const cJSON *item, const Organisation *organisation, bool goods) {
        static const char *const goods_names[] = {"title", "points", "units", NULL};
        static const char *const honour_names[] = {"title", "points", NULL};
        const char *zh, *en;
        if (!check_is_name(item->string))
                return check_fail(check, "名称不合规", "must be a name");
        return check_keys(check, item, goods ? goods_names : honour_names) && check_title(check, item, item->string, &zh, &en) &&
               check_price(check, item) && check_units(check, item, organisation);
}

static bool check_items(Check *check, const cJSON *section, const char *name, const Organisation *organisation) {
        const cJSON *items = cJSON_GetObjectItemCaseSensitive(section, name), *item;
        if (!items)
                return true;
        size_t mark = check_enter(check, name);
        if (!cJSON_IsObject(items) || cJSON_GetArraySize(items) > ITEMS_MAX)
                return check_fail(check, "应为至多200项的对象", "must be an object of at most 200 entries");
        cJSON_ArrayForEach(item, items) {
                size_t inner = check_enter(check, item->string);
                if (!check_item(check, item, organisation, strcmp(name, "goods") == 0))
                        return false;
                check_leave(check, inner);
        }
        check_leave(check, mark);
        return true;
}

static bool check_limits(Check *check, const cJSON *section) {
        static const char *const names[] = {"day", NULL};
        const cJSON *limits = cJSON_GetObjectItemCaseSensitive(section, "limits");
        int64_t n;
        if (!limits)
                return true;
        size_t mark = check_enter(check, "limits");
        if (!check_keys(check, limits, names))
                return false;
        check_enter(check, "day");
        if (!check_int(check, cJSON_GetObjectItemCaseSensitive(limits, "day"), 1, POINTS_MAX, &n))
                return false;
        check_leave(check, mark);
        return true;
}

bool points_catalogue_check(Check *check, const cJSON *section, const Organisation *organisation, const PlaybookSet *playbooks) {
        static const char *const names[] = {"goods", "honours", "limits", NULL};
        (void)playbooks;
        return check_keys(check, section, names) && check_items(check, section, "goods", organisation) &&
               check_items(check, section, "honours", organisation) && check_limits(check, section);
}

static const cJSON *points_section(const State *state) {
        return catalogue_section(state_catalogue(state), "points");
}

const cJSON *points_goods(const State *state, const char *name) {
        return json_object(json_object(points_section(state), "goods"), name);
}

const cJSON *points_honour(const State *state, const char *name) {
        return json_object(json_object(points_section(state), "honours"), name);
}

int64_t points_day_limit(const State *state) {
        return json_int(json_object(points_section(state), "limits"), "day", POINTS_DAY_DEFAULT);
}
