/*
 * The organisation file, checked strictly and indexed: deploy/organisations/README.md describes it. It is taken whole or refused
 * whole, with the place and the reason. Nothing of it is executed and nothing of it is guessed.
 */
#include "engine/organisation/organisation_parse.h"

#include <stdlib.h>
#include <string.h>

#include "proto/json.h"

#define DICTIONARIES_MAX 64
#define DICTIONARY_CODES_MAX 500
#define SILENCE_MAX_MS (INT64_C(31) * 24 * 3600 * 1000)

void *parser_allocate(size_t n, size_t size) {
        void *memory = calloc(n > 0 ? n : 1, size);
        if (!memory)
                abort();
        return memory;
}

static bool is_unit_name(const char *text) { return text && unit_name_is_valid(text, strlen(text)); }

const char *parser_id(Parser *parser, const cJSON *object, const char *name, bool required) {
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

const Unit *parser_unit(Parser *parser, const char *name, const char *id) {
        const Unit *unit = map_find(parser->structure->units_by_id, id);
        if (unit)
                return unit;
        check_enter(&parser->check, name);
        check_fail_word(&parser->check, "没有单位", "no unit", id);
        return NULL;
}

bool parser_index(Parser *parser, Map *map, const char *id, void *value) {
        if (map_find(map, id))
                return check_fail_word(&parser->check, "标识重复", "the same id twice:", id);
        if (!map_set(map, id, value))
                abort();
        return true;
}

/* ---- dictionaries ---- */

const cJSON *parser_code(const Parser *parser, const char *dictionary, const char *code) {
        return cJSON_GetObjectItemCaseSensitive(cJSON_GetObjectItemCaseSensitive(parser->dictionaries, dictionary), code);
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
        Calendar *calendar = calendar_read(&parser->check, item, structure->offset_minutes);
        if (!calendar)
                return false;
        structure->calendars[i] = calendar;
        structure->n_calendars = i + 1;
        return parser_index(parser, structure->calendars_by_name, json_string(item, "name"), calendar);
}

/* calendars[0] becomes the default: the one that `calendar` names, or an empty one (Monday to Friday). */
static bool parse_calendars(Parser *parser, const cJSON *file) {
        Structure *structure = parser->structure;
        const cJSON *list = cJSON_GetObjectItemCaseSensitive(file, "calendars");
        size_t mark = check_enter(&parser->check, "calendars");
        if (list && !check_array(&parser->check, list, 16))
                return false;
        size_t n = (size_t)cJSON_GetArraySize(list);
        structure->calendars = parser_allocate(n + 1, sizeof *structure->calendars);
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

/* ---- places and devices ---- */

static bool parse_place(Parser *parser, const cJSON *item, Place *place) {
        static const char *const names[] = {"id", "kind", "unit", "title", "links", NULL};
        if (!check_keys(&parser->check, item, names))
                return false;
        const char *id = parser_id(parser, item, "id", true);
        const char *kind = id ? check_name(&parser->check, item, "kind", true) : NULL;
        const char *unit = kind ? parser_id(parser, item, "unit", true) : NULL;
        if (!unit || !(place->unit = parser_unit(parser, "unit", unit)))
                return false;
        strcpy(place->id, id);
        strcpy(place->kind, kind);
        return check_title(&parser->check, item, place->id, &place->title_zh, &place->title_en) &&
               parser_links(parser, item, &place->links) && parser_index(parser, parser->structure->places_by_id, place->id, place);
}

static bool parse_places(Parser *parser, const cJSON *file) {
        Structure *structure = parser->structure;
        const cJSON *list = cJSON_GetObjectItemCaseSensitive(file, "places");
        if (!list)
                return true;
        size_t mark = check_enter(&parser->check, "places");
        if (!check_array(&parser->check, list, ORGANISATION_PLACES_MAX))
                return false;
        structure->places = parser_allocate((size_t)cJSON_GetArraySize(list), sizeof *structure->places);
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
        const char *id = parser_id(parser, item, "id", true);
        const char *kind = id ? check_name(&parser->check, item, "kind", true) : NULL;
        const char *unit = kind ? parser_id(parser, item, "unit", true) : NULL;
        const char *gateway = unit ? parser_id(parser, item, "gateway", false) : NULL;
        if (!gateway || !(device->unit = parser_unit(parser, "unit", unit)))
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
        return parser_index(parser, parser->structure->devices_by_id, device->id, device);
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
        structure->devices = parser_allocate((size_t)cJSON_GetArraySize(list), sizeof *structure->devices);
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
               parse_calendars(parser, file) && parser_units(parser, file) && parse_places(parser, file) && parse_devices(parser, file) &&
               parser_seats_wanted(parser, file);
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
