/*
 * The organisation file, checked strictly and indexed: deploy/organisations/README.md describes it. It is taken whole or refused
 * whole, with the place and the reason. Nothing of it is executed and nothing of it is guessed.
 */
#include "engine/organisation_internal.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "engine/check.h"
#include "proto/json.h"
#include "proto/timestamp.h"

#define TAGS_MAX 32
#define LINKS_MAX 32
#define LINK_UNITS_MAX 64
#define DICTIONARIES_MAX 64
#define DICTIONARY_CODES_MAX 500
#define SEATS_WANTED_MAX 2000
#define SILENCE_MAX_MS (INT64_C(31) * 24 * 3600 * 1000)

static const char *const link_types[] = {"responder", "neighbour", "keeper", "repair", "ambulance",
                                         "mediation.people", "mediation.administrative", "mediation.judicial", NULL};

typedef struct Parser {
        Check check;
        Structure *structure;
        const cJSON *dictionaries; /* NULL when none */
} Parser;

static void *allocate(size_t n, size_t size) {
        void *memory = calloc(n > 0 ? n : 1, size);
        if (!memory)
                abort();
        return memory;
}

static bool is_unit_name(const char *text) { return text && unit_name_is_valid(text, strlen(text)); }

/* Member `name` as the id of something; absent gives "" where it is not required. */
static const char *read_id(Parser *parser, const cJSON *object, const char *name, bool required) {
        const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);
        if (!item && !required)
                return "";
        size_t mark = check_enter(&parser->check, name);
        if (!cJSON_IsString(item) || !is_unit_name(item->valuestring)) {
                check_fail(&parser->check, "须为标识：小写字母、数字、-，至多32个", "must be an id: a-z, 0-9, -, at most 32");
                return NULL;
        }
        check_leave(&parser->check, mark);
        return item->valuestring;
}

static const Unit *find_unit(Parser *parser, const char *name, const char *id) {
        const Unit *unit = map_find(parser->structure->units_by_id, id);
        if (unit)
                return unit;
        check_enter(&parser->check, name);
        check_fail_word(&parser->check, "没有单位", "no unit", id);
        return NULL;
}

static bool index_add(Parser *parser, Map *map, const char *id, void *value) {
        if (map_find(map, id))
                return check_fail_word(&parser->check, "标识重复", "the same id twice:", id);
        if (!map_set(map, id, value))
                abort();
        return true;
}

/* ---- dictionaries ---- */

static const cJSON *find_code(const cJSON *dictionaries, const char *dictionary, const char *code) {
        return cJSON_GetObjectItemCaseSensitive(cJSON_GetObjectItemCaseSensitive(dictionaries, dictionary), code);
}

static bool check_dictionary(Parser *parser, const cJSON *dictionary) {
        static const char *const names[] = {"zh", "en", NULL};
        if (!cJSON_IsObject(dictionary) || cJSON_GetArraySize(dictionary) > DICTIONARY_CODES_MAX)
                return check_fail(&parser->check, "应为对象，至多500条", "must be an object of at most 500 entries");
        const cJSON *code;
        cJSON_ArrayForEach(code, dictionary) {
                size_t mark = check_enter(&parser->check, code->string);
                if (!check_is_dotted_name(code->string))
                        return check_fail(&parser->check, "代码须为小写字母、数字、-、_、.", "a code must be a-z, 0-9, -, _, .");
                const char *zh = json_string(code, "zh"), *en = json_string(code, "en");
                if (!check_keys(&parser->check, code, names) || !zh || !en || !zh[0] || !en[0] || strlen(zh) > 360 || strlen(en) > 120)
                        return check_fail(&parser->check, "须有 zh 与 en，不可过长", "needs short words in zh and en");
                check_leave(&parser->check, mark);
        }
        return true;
}

static bool parse_dictionaries(Parser *parser, const cJSON *file) {
        const cJSON *dictionaries = cJSON_GetObjectItemCaseSensitive(file, "dictionaries");
        if (!dictionaries)
                return true;
        size_t mark = check_enter(&parser->check, "dictionaries");
        if (!cJSON_IsObject(dictionaries) || cJSON_GetArraySize(dictionaries) > DICTIONARIES_MAX)
                return check_fail(&parser->check, "应为对象，至多64个", "must be an object of at most 64 dictionaries");
        const cJSON *dictionary;
        cJSON_ArrayForEach(dictionary, dictionaries) {
                size_t inner = check_enter(&parser->check, dictionary->string);
                if (!check_is_name(dictionary->string))
                        return check_fail(&parser->check, "字典名不合规", "a dictionary's name must be a name");
                if (!check_dictionary(parser, dictionary))
                        return false;
                check_leave(&parser->check, inner);
        }
        parser->dictionaries = dictionaries;
        check_leave(&parser->check, mark);
        return true;
}

/* ---- calendars ---- */

static bool parse_calendar(Parser *parser, const cJSON *item, size_t i) {
        Structure *structure = parser->structure;
        char detail[160];
        Calendar *calendar = calendar_new(item, structure->offset_minutes, detail, sizeof detail);
        if (!calendar) {
                if (!parser->check.failed)
                        strncpy(parser->check.detail, detail, parser->check.n_detail - 1);
                parser->check.failed = true;
                return false;
        }
        structure->calendars[i] = calendar;
        structure->n_calendars = i + 1;
        return index_add(parser, structure->calendars_by_name, json_string(item, "name"), calendar);
}

/* calendars[0] becomes the default: the one that `calendar` names, or an empty one (Monday to Friday). */
static bool parse_calendars(Parser *parser, const cJSON *file) {
        Structure *structure = parser->structure;
        const cJSON *list = cJSON_GetObjectItemCaseSensitive(file, "calendars");
        size_t mark = check_enter(&parser->check, "calendars");
        if (list && !check_array(&parser->check, list, 16))
                return false;
        size_t n = (size_t)cJSON_GetArraySize(list);
        structure->calendars = allocate(n + 1, sizeof *structure->calendars);
        char detail[160];
        structure->calendars[0] = calendar_new(NULL, structure->offset_minutes, detail, sizeof detail);
        structure->n_calendars = 1;
        size_t i = 1;
        const cJSON *item;
        cJSON_ArrayForEach(item, list) {
                size_t inner = check_enter_index(&parser->check, i - 1);
                if (!parse_calendar(parser, item, i++))
                        return false;
                check_leave(&parser->check, inner);
        }
        check_leave(&parser->check, mark);
        const char *name = check_name(&parser->check, file, "calendar", false);
        if (!name || name[0] == '\0')
                return name != NULL;
        Calendar *chosen = map_find(structure->calendars_by_name, name);
        if (!chosen)
                return check_fail_word(&parser->check, "没有日历", "no calendar", name);
        for (i = 1; structure->calendars[i] != chosen;)
                i++;
        structure->calendars[i] = structure->calendars[0];
        structure->calendars[0] = chosen;
        return true;
}

/* ---- units ---- */

static bool parse_code(Parser *parser, const cJSON *item, char ret[static AREA_MAX + 1]) {
        const cJSON *code = cJSON_GetObjectItemCaseSensitive(item, "code");
        if (!code)
                return true;
        check_enter(&parser->check, "code");
        if (!cJSON_IsString(code) || !area_is_valid(code->valuestring, strlen(code->valuestring)))
                return check_fail(&parser->check, "区划代码须为2至12位数字", "a division code has 2 to 12 digits");
        strcpy(ret, code->valuestring);
        return true;
}

static bool parse_tags(Parser *parser, const cJSON *item, Unit *unit) {
        const cJSON *tags = cJSON_GetObjectItemCaseSensitive(item, "tags");
        if (!tags)
                return true;
        size_t mark = check_enter(&parser->check, "tags");
        if (!check_array(&parser->check, tags, TAGS_MAX))
                return false;
        char **list = allocate((size_t)cJSON_GetArraySize(tags), sizeof *list);
        parser->structure->tags[unit->ordinal] = list;
        unit->tags = list;
        const cJSON *tag;
        cJSON_ArrayForEach(tag, tags) {
                size_t inner = check_enter_index(&parser->check, unit->n_tags);
                if (!cJSON_IsString(tag) || !check_is_name(tag->valuestring))
                        return check_fail(&parser->check, "标签名不合规", "a tag must be a name");
                if (!find_code(parser->dictionaries, "tag", tag->valuestring))
                        return check_fail_word(&parser->check, "字典 tag 中没有", "dictionary tag lacks", tag->valuestring);
                if (unit_has_tag(unit, tag->valuestring))
                        return check_fail_word(&parser->check, "标签重复", "the same tag twice:", tag->valuestring);
                list[unit->n_tags++] = tag->valuestring;
                check_leave(&parser->check, inner);
        }
        check_leave(&parser->check, mark);
        return true;
}

static bool parse_unit(Parser *parser, const cJSON *item, Unit *unit) {
        static const char *const names[] = {"id", "type", "tier", "parent", "title", "code", "tags", "staffed_by", "links", NULL};
        if (!check_keys(&parser->check, item, names))
                return false;
        const char *id = read_id(parser, item, "id", true);
        const char *type = id ? check_name(&parser->check, item, "type", true) : NULL;
        if (!type)
                return false;
        strcpy(unit->id, id);
        strcpy(unit->type, type);
        size_t mark = check_enter(&parser->check, "tier");
        int64_t tier;
        if (!check_int(&parser->check, cJSON_GetObjectItemCaseSensitive(item, "tier"), 1, 3, &tier))
                return false;
        check_leave(&parser->check, mark);
        unit->tier = (uint8_t)tier;
        if (!check_title(&parser->check, item, unit->id, &unit->title_zh, &unit->title_en))
                return false;
        if (!parse_code(parser, item, unit->code))
                return false;
        check_leave(&parser->check, mark);
        return parse_tags(parser, item, unit) && index_add(parser, parser->structure->units_by_id, unit->id, unit);
}

static bool check_link(Parser *parser, const cJSON *link) {
        static const char *const names[] = {"type", "to", NULL};
        if (!check_keys(&parser->check, link, names))
                return false;
        const char *type = json_string(link, "type");
        const char *const *known = link_types;
        while (type && *known && strcmp(*known, type) != 0)
                known++;
        if (!type || (!*known && !find_code(parser->dictionaries, "link", type)))
                return check_fail_word(&parser->check, "未知的链接类型", "unknown link type", type);
        const cJSON *to = cJSON_GetObjectItemCaseSensitive(link, "to");
        check_enter(&parser->check, "to");
        if (!check_array(&parser->check, to, LINK_UNITS_MAX))
                return false;
        if (cJSON_GetArraySize(to) == 0)
                return check_fail(&parser->check, "不可为空", "must not be empty");
        const cJSON *unit;
        cJSON_ArrayForEach(unit, to)
                if (!cJSON_IsString(unit) || !map_find(parser->structure->units_by_id, unit->valuestring))
                        return check_fail_word(&parser->check, "没有单位", "no unit", cJSON_IsString(unit) ? unit->valuestring : "?");
        return true;
}

static bool parse_links(Parser *parser, const cJSON *item, const cJSON **ret) {
        const cJSON *links = cJSON_GetObjectItemCaseSensitive(item, "links");
        if (!links)
                return true;
        size_t mark = check_enter(&parser->check, "links");
        if (!check_array(&parser->check, links, LINKS_MAX))
                return false;
        size_t i = 0;
        const cJSON *link;
        cJSON_ArrayForEach(link, links) {
                size_t inner = check_enter_index(&parser->check, i++);
                if (!check_link(parser, link))
                        return false;
                check_leave(&parser->check, inner);
        }
        *ret = links;
        check_leave(&parser->check, mark);
        return true;
}

/* Parent, staffed_by and links: when every unit is known. */
static bool bind_unit(Parser *parser, const cJSON *item, Unit *unit) {
        const char *parent = read_id(parser, item, "parent", false);
        const char *staffed_by = parent ? read_id(parser, item, "staffed_by", false) : NULL;
        if (!staffed_by)
                return false;
        if (parent[0] && !(unit->parent = find_unit(parser, "parent", parent)))
                return false;
        if (unit->parent && unit->parent->tier != unit->tier && unit->parent->tier + 1 != unit->tier)
                return check_fail_word(&parser->check, "上级须为同级或高一级", "the parent must be of the same tier or one higher:", parent);
        if (staffed_by[0] && !(unit->staffed_by = find_unit(parser, "staffed_by", staffed_by)))
                return false;
        if (unit->staffed_by && unit->staffed_by->tier > unit->tier)
                return check_fail_word(&parser->check, "代管单位不可低于本级", "a unit of a lower tier cannot staff it:", staffed_by);
        return parse_links(parser, item, &unit->links);
}

typedef enum Mark { MARK_NEW = 0, MARK_OPEN, MARK_DONE } Mark;

/* Put a unit behind the units that it needs (parent, staffed_by). Recursion is bounded: past the depth limit it refuses. */
static bool order_unit(Parser *parser, const Unit *unit, Mark *marks, size_t *n, unsigned depth) {
        if (marks[unit->ordinal] == MARK_DONE)
                return true;
        if (marks[unit->ordinal] == MARK_OPEN)
                return check_fail_word(&parser->check, "隶属关系成环", "the tree has a cycle at", unit->id);
        if (depth > 2 * ROSTER_DEPTH_MAX)
                return check_fail_word(&parser->check, "层级过深（至多6层）", "too deep (at most 6 levels) at", unit->id);
        marks[unit->ordinal] = MARK_OPEN;
        if (unit->parent && !order_unit(parser, unit->parent, marks, n, depth + 1))
                return false;
        if (unit->staffed_by && !order_unit(parser, unit->staffed_by, marks, n, depth + 1))
                return false;
        marks[unit->ordinal] = MARK_DONE;
        parser->structure->parents_first[(*n)++] = unit;
        return true;
}

static bool check_tree(Parser *parser) {
        Structure *structure = parser->structure;
        const Unit *root = NULL;
        for (size_t i = 0; i < structure->n_units; i++) {
                const Unit *unit = &structure->units[i];
                if (!unit->parent && root)
                        return check_fail_word(&parser->check, "只能有一个根单位，多出", "only one unit may have no parent, this is another:", unit->id);
                if (!unit->parent)
                        root = unit;
        }
        Mark *marks = allocate(structure->n_units, sizeof *marks);
        size_t n = 0;
        for (size_t i = 0; i < structure->n_units && !parser->check.failed; i++)
                order_unit(parser, &structure->units[i], marks, &n, 1);
        free(marks);
        if (parser->check.failed)
                return false;
        assert(root && n == structure->n_units); /* without a cycle there is a root */
        if (root->tier != 1)
                return check_fail_word(&parser->check, "根单位须为一级", "the root must be of tier 1:", root->id);
        for (size_t i = 0; i < structure->n_units; i++) {
                unsigned depth = 0;
                for (const Unit *unit = &structure->units[i]; unit; unit = unit->parent)
                        depth++;
                if (depth > ROSTER_DEPTH_MAX)
                        return check_fail_word(&parser->check, "层级过深（至多6层）", "too deep (at most 6 levels) at", structure->units[i].id);
                if (structure->units[i].staffed_by && structure->units[i].staffed_by->staffed_by)
                        return check_fail_word(&parser->check, "代管单位自身不可被代管", "a unit that is staffed by another cannot staff one:",
                                               structure->units[i].staffed_by->id);
        }
        return true;
}

static bool parse_units(Parser *parser, const cJSON *file) {
        Structure *structure = parser->structure;
        const cJSON *list = cJSON_GetObjectItemCaseSensitive(file, "units");
        size_t mark = check_enter(&parser->check, "units");
        if (!check_array(&parser->check, list, ORGANISATION_UNITS_MAX))
                return false;
        size_t n = (size_t)cJSON_GetArraySize(list);
        if (n == 0)
                return check_fail(&parser->check, "至少须有一个单位", "needs at least one unit");
        structure->units = allocate(n, sizeof *structure->units);
        structure->tags = allocate(n, sizeof *structure->tags);
        structure->parents_first = allocate(n, sizeof *structure->parents_first);
        const cJSON *item;
        cJSON_ArrayForEach(item, list) {
                size_t inner = check_enter_index(&parser->check, structure->n_units);
                Unit *unit = &structure->units[structure->n_units];
                unit->ordinal = structure->n_units++;
                if (!parse_unit(parser, item, unit))
                        return false;
                check_leave(&parser->check, inner);
        }
        size_t i = 0;
        cJSON_ArrayForEach(item, list) {
                size_t inner = check_enter_index(&parser->check, i);
                if (!bind_unit(parser, item, &structure->units[i++]))
                        return false;
                check_leave(&parser->check, inner);
        }
        if (!check_tree(parser))
                return false;
        check_leave(&parser->check, mark);
        return true;
}

/* ---- places and devices ---- */

static bool parse_place(Parser *parser, const cJSON *item, Place *place) {
        static const char *const names[] = {"id", "kind", "unit", "title", "links", NULL};
        if (!check_keys(&parser->check, item, names))
                return false;
        const char *id = read_id(parser, item, "id", true);
        const char *kind = id ? check_name(&parser->check, item, "kind", true) : NULL;
        const char *unit = kind ? read_id(parser, item, "unit", true) : NULL;
        if (!unit || !(place->unit = find_unit(parser, "unit", unit)))
                return false;
        strcpy(place->id, id);
        strcpy(place->kind, kind);
        return check_title(&parser->check, item, place->id, &place->title_zh, &place->title_en) &&
               parse_links(parser, item, &place->links) && index_add(parser, parser->structure->places_by_id, place->id, place);
}

static bool parse_places(Parser *parser, const cJSON *file) {
        Structure *structure = parser->structure;
        const cJSON *list = cJSON_GetObjectItemCaseSensitive(file, "places");
        if (!list)
                return true;
        size_t mark = check_enter(&parser->check, "places");
        if (!check_array(&parser->check, list, ORGANISATION_PLACES_MAX))
                return false;
        structure->places = allocate((size_t)cJSON_GetArraySize(list), sizeof *structure->places);
        const cJSON *item;
        cJSON_ArrayForEach(item, list) {
                size_t inner = check_enter_index(&parser->check, structure->n_places);
                if (!parse_place(parser, item, &structure->places[structure->n_places++]))
                        return false;
                check_leave(&parser->check, inner);
        }
        check_leave(&parser->check, mark);
        return true;
}

static bool parse_device(Parser *parser, const cJSON *item, Device *device) {
        static const char *const names[] = {"id", "kind", "unit", "gateway", "silence", NULL};
        if (!check_keys(&parser->check, item, names))
                return false;
        const char *id = read_id(parser, item, "id", true);
        const char *kind = id ? check_name(&parser->check, item, "kind", true) : NULL;
        const char *unit = kind ? read_id(parser, item, "unit", true) : NULL;
        const char *gateway = unit ? read_id(parser, item, "gateway", false) : NULL;
        if (!gateway || !(device->unit = find_unit(parser, "unit", unit)))
                return false;
        strcpy(device->id, id);
        strcpy(device->kind, kind);
        strcpy(device->gateway, gateway);
        const cJSON *silence = cJSON_GetObjectItemCaseSensitive(item, "silence");
        Span span = {0};
        if (silence && (!span_parse(silence, &span) || span.workdays > 0 || span.ms < 1000 || span.ms > SILENCE_MAX_MS)) {
                check_enter(&parser->check, "silence");
                return check_fail(&parser->check, "须为时长，如 PT10M，至多31天", "must be a duration like PT10M, at most 31 days");
        }
        device->silence_ms = span.ms;
        return index_add(parser, parser->structure->devices_by_id, device->id, device);
}

static bool check_gateways(Parser *parser) {
        Structure *structure = parser->structure;
        for (size_t i = 0; i < structure->n_devices; i++) {
                const Device *device = &structure->devices[i];
                const Device *gateway = device->gateway[0] ? map_find(structure->devices_by_id, device->gateway) : NULL;
                size_t inner = check_enter_index(&parser->check, i);
                if (device->gateway[0] && (!gateway || strcmp(gateway->kind, "gateway") != 0 || gateway->gateway[0]))
                        return check_fail_word(&parser->check, "没有类型为 gateway 的设备", "no device of kind gateway:", device->gateway);
                check_leave(&parser->check, inner);
        }
        return true;
}

static bool parse_devices(Parser *parser, const cJSON *file) {
        Structure *structure = parser->structure;
        const cJSON *list = cJSON_GetObjectItemCaseSensitive(file, "devices");
        if (!list)
                return true;
        size_t mark = check_enter(&parser->check, "devices");
        if (!check_array(&parser->check, list, ORGANISATION_DEVICES_MAX))
                return false;
        structure->devices = allocate((size_t)cJSON_GetArraySize(list), sizeof *structure->devices);
        const cJSON *item;
        cJSON_ArrayForEach(item, list) {
                size_t inner = check_enter_index(&parser->check, structure->n_devices);
                if (!parse_device(parser, item, &structure->devices[structure->n_devices++]))
                        return false;
                check_leave(&parser->check, inner);
        }
        if (!check_gateways(parser))
                return false;
        check_leave(&parser->check, mark);
        return true;
}

/* ---- seats wanted ---- */

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
        const char *unit_id = read_id(parser, item, "unit", false);
        const char *type = unit_id ? check_name(&parser->check, item, "type", false) : NULL;
        const char *position = type ? check_name(&parser->check, item, "position", false) : NULL;
        const char *device = position ? read_id(parser, item, "device", false) : NULL;
        if (!device)
                return false;
        int64_t count;
        const cJSON *wanted = cJSON_GetObjectItemCaseSensitive(item, "count");
        if (wanted && !check_int(&parser->check, wanted, 1, 1000, &count))
                return false;
        if (unit_id[0] && type[0])
                return check_fail(&parser->check, "unit 与 type 只能有一个", "either unit or type, not both");
        const Unit *unit = NULL;
        if (unit_id[0] && !(unit = find_unit(parser, "unit", unit_id)))
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

static bool check_seats_wanted(Parser *parser, const cJSON *file) {
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

/* ---- the whole ---- */

/* `+08:00`: hours and minutes, within ±14:00. */
static bool parse_offset(Parser *parser, const cJSON *file) {
        const char *text = json_string(file, "utc_offset");
        size_t mark = check_enter(&parser->check, "utc_offset");
        bool shaped = text && strlen(text) == 6 && (text[0] == '+' || text[0] == '-') && text[3] == ':';
        for (int i = 1; shaped && i < 6; i++)
                shaped = i == 3 || (text[i] >= '0' && text[i] <= '9');
        int minutes = shaped ? ((text[1] - '0') * 10 + text[2] - '0') * 60 + (text[4] - '0') * 10 + text[5] - '0' : 0;
        if (!shaped || text[4] > '5' || minutes > 14 * 60)
                return check_fail(&parser->check, "时差应形如 +08:00", "must be an offset like +08:00");
        parser->structure->offset_minutes = text[0] == '-' ? -minutes : minutes;
        check_leave(&parser->check, mark);
        return true;
}

static bool parse_head(Parser *parser, const cJSON *file, const char *area) {
        static const char *const names[] = {"organisation", "area", "version", "title", "utc_offset", "calendar", "calendars", "units",
                                            "places", "devices", "seats_wanted", "dictionaries", NULL};
        if (!check_keys(&parser->check, file, names))
                return false;
        const char *name = check_name(&parser->check, file, "organisation", true);
        if (!name)
                return false;
        const char *area_text = json_string(file, "area");
        if (!area_text || strcmp(area_text, area) != 0)
                return check_fail_word(&parser->check, "不是本辖区的文件，本辖区为", "not of this area, which is", area);
        size_t mark = check_enter(&parser->check, "version");
        if (!check_int(&parser->check, cJSON_GetObjectItemCaseSensitive(file, "version"), 1, INT32_MAX, &parser->structure->version))
                return false;
        check_leave(&parser->check, mark);
        Structure *structure = parser->structure;
        return check_title(&parser->check, file, name, &structure->title_zh, &structure->title_en);
}

static bool parse_all(Parser *parser, const char *area) {
        const cJSON *file = parser->structure->file;
        return parse_head(parser, file, area) && parse_offset(parser, file) && parse_dictionaries(parser, file) &&
               parse_calendars(parser, file) && parse_units(parser, file) && parse_places(parser, file) && parse_devices(parser, file) &&
               check_seats_wanted(parser, file);
}

Structure *structure_parse(const cJSON *file, const char *area, char *ret_detail, size_t n_detail) {
        Parser parser = {0};
        check_init(&parser.check, ret_detail, n_detail);
        parser.structure = structure_new(area, 0);
        parser.structure->file = cJSON_Duplicate(file, true);
        if (!parser.structure->file)
                abort();
        free(parser.structure->text);
        parser.structure->text = json_print(parser.structure->file);
        if (!parse_all(&parser, area))
                return structure_unref(parser.structure);
        return parser.structure;
}
