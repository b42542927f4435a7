/* Rosters as the catalogue says them: unit, slots, who is taken, counted items. */
#include <string.h>

#include "engine/shift/shift.h"
#include "proto/json.h"
#include "proto/timestamp.h"

#define MINUTE_MS INT64_C(60000)
#define DAY_MS (24 * 60 * MINUTE_MS)

/* ---- the section ---- */

static bool clock_parse(const char *text, int *ret_minutes) {
        if (!text || strlen(text) != 5 || text[2] != ':')
                return false;
        for (int i = 0; i < 5; i++)
                if (i != 2 && (text[i] < '0' || text[i] > '9'))
                        return false;
        *ret_minutes = ((text[0] - '0') * 10 + text[1] - '0') * 60 + (text[3] - '0') * 10 + text[4] - '0';
        return *ret_minutes < 24 * 60 && text[3] < '6';
}

static bool slot_check(Check *check, const cJSON *slot) {
        static const char *const names[] = {"title", "from", "until", NULL};
        const char *zh, *en;
        int from, until;
        if (!check_is_name(slot->string))
                return check_fail(check, "名称须为小写字母、数字、-、_，至多32个", "must be a name: a-z, 0-9, -, _, at most 32");
        if (!check_keys(check, slot, names) || !check_title(check, slot, slot->string, &zh, &en))
                return false;
        if (!clock_parse(json_string(slot, "from"), &from) || !clock_parse(json_string(slot, "until"), &until))
                return check_fail(check, "from 与 until 应为 08:00 的形式", "from and until must be like 08:00");
        return true;
}

static bool entries_check(Check *check, const cJSON *roster, const char *name, int max, bool (*one)(Check *, const cJSON *), bool required) {
        const cJSON *list = cJSON_GetObjectItemCaseSensitive(roster, name), *item;
        if (!list && !required)
                return true;
        size_t mark = check_enter(check, name);
        if (!cJSON_IsObject(list) || (required && cJSON_GetArraySize(list) == 0))
                return check_fail(check, "应为非空对象", "must be an object that is not empty");
        if (cJSON_GetArraySize(list) > max)
                return check_fail(check, "条目过多", "too many entries");
        cJSON_ArrayForEach(item, list) {
                size_t inner = check_enter(check, item->string);
                if (!one(check, item))
                        return false;
                check_leave(check, inner);
        }
        check_leave(check, mark);
        return true;
}

static bool item_check(Check *check, const cJSON *item) {
        static const char *const names[] = {"title", NULL};
        const char *zh, *en;
        return (check_is_name(item->string) || check_fail(check, "应为名称", "must be a name")) && check_keys(check, item, names) &&
               check_title(check, item, item->string, &zh, &en);
}

static bool roles_check(Check *check, const cJSON *roster) {
        const cJSON *roles = cJSON_GetObjectItemCaseSensitive(roster, "roles"), *item;
        size_t mark = check_enter(check, "roles"), i = 0;
        if (roles && !check_array(check, roles, ROLES_MAX))
                return false;
        cJSON_ArrayForEach(item, roles) {
                size_t inner = check_enter_index(check, i++);
                Role role = cJSON_IsString(item) ? role_parse(item->valuestring) : ROLE_NONE;
                if (role < ROLE_COMMANDER || role > ROLE_PARTNER)
                        return check_fail(check, "不是工作角色", "is no working role");
                check_leave(check, inner);
        }
        check_leave(check, mark);
        return true;
}

static bool roster_check(Check *check, const cJSON *roster, const Organisation *organisation) {
        static const char *const names[] = {"title", "unit", "roles", "slots", "people", "items", NULL};
        const char *zh, *en, *unit;
        int64_t people;
        if (!check_is_name(roster->string))
                return check_fail(check, "名称须为小写字母、数字、-、_，至多32个", "must be a name: a-z, 0-9, -, _, at most 32");
        if (!check_keys(check, roster, names) || !check_title(check, roster, roster->string, &zh, &en) ||
            !(unit = check_name(check, roster, "unit", true)) || !roles_check(check, roster) ||
            !entries_check(check, roster, "slots", ROSTER_SLOTS_MAX, slot_check, true) ||
            !entries_check(check, roster, "items", ROSTER_ITEMS_MAX, item_check, false))
                return false;
        size_t mark = check_enter(check, "people");
        const cJSON *item = cJSON_GetObjectItemCaseSensitive(roster, "people");
        if (item && !check_int(check, item, 1, SHIFT_MEMBERS_MAX, &people))
                return false;
        check_leave(check, mark);
        if (!organisation || organisation_unit(organisation, unit))
                return true;
        check_enter(check, "unit");
        return check_fail_word(check, "没有单位", "no unit", unit);
}

bool shift_catalogue_check(Check *check, const cJSON *section, const Organisation *organisation, const PlaybookSet *playbooks) {
        const cJSON *roster;
        (void)playbooks;
        if (organisation && organisation_count_units(organisation) == 0)
                organisation = NULL;
        cJSON_ArrayForEach(roster, section) {
                size_t mark = check_enter(check, roster->string);
                if (!roster_check(check, roster, organisation))
                        return false;
                check_leave(check, mark);
        }
        return true;
}

/* ---- reading it ---- */

const cJSON *roster_find(const State *state, const char *roster) {
        return roster ? catalogue_item(state_catalogue(state), "rosters", roster) : NULL;
}

/* A slot that ends at or before its beginning ends on the next day. */
bool roster_slot(const State *state, const cJSON *roster, const char *slot, int64_t day, int64_t *ret_starts, int64_t *ret_ends) {
        const cJSON *found = slot ? json_object(json_object(roster, "slots"), slot) : NULL;
        int from, until;
        if (!found || !clock_parse(json_string(found, "from"), &from) || !clock_parse(json_string(found, "until"), &until))
                return false;
        int64_t midnight = timestamp_of_day(day, organisation_offset_minutes(state_organisation(state)));
        *ret_starts = midnight + from * MINUTE_MS;
        *ret_ends = midnight + until * MINUTE_MS + (until <= from ? DAY_MS : 0);
        return true;
}

bool roster_takes(const State *state, const cJSON *roster, const Member *member, int64_t at_ms) {
        const Unit *unit = organisation_unit(state_organisation(state), json_string(roster, "unit"));
        const cJSON *roles = json_array(roster, "roles"), *role;
        for (size_t i = 0; unit && !member->revoked && i < member->n_seats; i++) {
                const Seat *seat = &member->seats[i];
                if (seat->unit != unit || !seat_is_current(seat, at_ms) || seat->role < ROLE_COMMANDER || seat->role > ROLE_PARTNER)
                        continue;
                bool fits = roles == NULL;
                cJSON_ArrayForEach(role, roles)
                        fits = fits || role_parse(role->valuestring) == seat->role;
                if (fits)
                        return true;
        }
        return false;
}
