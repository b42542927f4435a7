/* Seats: which may exist, and what the file wants (`seats_wanted`, from which an administrator makes the first members). */
#include "engine/organisation/organisation_parse.h"

#include <string.h>

#include "proto/json.h"

#define SEATS_WANTED_MAX 2000

bool seat_is_allowed(const Unit *unit, Role role, const char *position, const char **ret_zh, const char **ret_en) {
        bool area_role = role == ROLE_ADMIN || role == ROLE_SECURITY_ADMIN || role == ROLE_AUDITOR;
        bool police = role == ROLE_COMMANDER || role == ROLE_OFFICER || role == ROLE_AUXILIARY;
        if (role == ROLE_NONE) {
                *ret_zh = "未知的角色", *ret_en = "unknown role";
                return false;
        }
        if (!unit && !area_role) {
                *ret_zh = "该角色须属于某单位", *ret_en = "this role needs a unit";
                return false;
        }
        bool judicial = (unit && (strcmp(unit->type, "court") == 0 || strcmp(unit->type, "justice") == 0)) ||
                        strncmp(position, "court", 5) == 0 || strncmp(position, "justice", 7) == 0;
        if (judicial && police) {
                *ret_zh = "公安岗位不可设于法庭、司法所", *ret_en = "police cannot sit in court or justice seats";
                return false;
        }
        return true;
}

static bool check_seat_wanted(Parser *parser, const cJSON *item) {
        static const char *const names[] = {"unit", "type", "role", "position", "device", "count", NULL};
        if (!check_keys(&parser->check, item, names))
                return false;
        const char *unit_id = parser_id(parser, item, "unit", false);
        const char *type = unit_id ? check_name(&parser->check, item, "type", false) : NULL;
        const char *position = type ? check_name(&parser->check, item, "position", false) : NULL;
        const char *device = position ? parser_id(parser, item, "device", false) : NULL;
        if (!device)
                return false;
        int64_t count;
        const cJSON *wanted = cJSON_GetObjectItemCaseSensitive(item, "count");
        if (wanted && !check_int(&parser->check, wanted, 1, 1000, &count))
                return false;
        if (unit_id[0] && type[0])
                return check_fail(&parser->check, "unit 与 type 只能有一个", "either unit or type, not both");
        const Unit *unit = NULL;
        if (unit_id[0] && !(unit = parser_unit(parser, "unit", unit_id)))
                return false;
        if (device[0] && !map_find(parser->structure->devices_by_id, device))
                return check_fail_word(&parser->check, "没有设备", "no device", device);
        const char *role_text = json_string(item, "role");
        Role role = role_text ? role_parse(role_text) : ROLE_NONE;
        const char *zh, *en;
        bool some = false;
        for (size_t i = 0; i < parser->structure->n_units && type[0]; i++) {
                const Unit *each = &parser->structure->units[i];
                if (strcmp(each->type, type) != 0)
                        continue;
                some = true;
                if (!seat_is_allowed(each, role, position, &zh, &en))
                        return check_fail(&parser->check, zh, en);
        }
        if (type[0])
                return some || check_fail_word(&parser->check, "没有该类型的单位", "no unit of type", type);
        return seat_is_allowed(unit, role, position, &zh, &en) || check_fail(&parser->check, zh, en);
}

bool parser_seats_wanted(Parser *parser, const cJSON *file) {
        const cJSON *list = cJSON_GetObjectItemCaseSensitive(file, "seats_wanted");
        if (!list)
                return true;
        size_t mark = check_enter(&parser->check, "seats_wanted"), i = 0;
        if (!check_array(&parser->check, list, SEATS_WANTED_MAX))
                return false;
        const cJSON *item;
        cJSON_ArrayForEach(item, list) {
                size_t inner = check_enter_index(&parser->check, i++);
                if (!check_seat_wanted(parser, item))
                        return false;
                check_leave(&parser->check, inner);
        }
        check_leave(&parser->check, mark);
        return true;
}
