/* The units of an organisation file: each by itself, then parents, staffing units and links, then the tree as a whole. */
#include "engine/organisation/organisation_parse.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "proto/json.h"

#define TAGS_MAX 32
#define LINKS_MAX 32
#define LINK_UNITS_MAX 64

const char *const organisation_link_types[] = {"responder", "neighbour", "keeper", "repair", "ambulance",
                                               "joint", "mediation.village", "mediation.labour", "mediation.people", "mediation.administrative", "mediation.judicial", "project", NULL};

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
        char **list = parser_allocate((size_t)cJSON_GetArraySize(tags), sizeof *list);
        parser->structure->tags[unit->ordinal] = list;
        unit->tags = list;
        const cJSON *tag;
        cJSON_ArrayForEach(tag, tags) {
                size_t inner = check_enter_index(&parser->check, unit->n_tags);
                if (!cJSON_IsString(tag) || !check_is_name(tag->valuestring))
                        return check_fail(&parser->check, "标签名不合规", "a tag must be a name");
                if (!parser_code(parser, "tag", tag->valuestring))
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
        const char *id = parser_id(parser, item, "id", true);
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
        return parse_tags(parser, item, unit) && parser_index(parser, parser->structure->units_by_id, unit->id, unit);
}

static bool check_link(Parser *parser, const cJSON *link) {
        static const char *const names[] = {"type", "to", NULL};
        if (!check_keys(&parser->check, link, names))
                return false;
        const char *type = json_string(link, "type");
        const char *const *known = organisation_link_types;
        while (type && *known && strcmp(*known, type) != 0)
                known++;
        if (!type || (!*known && !parser_code(parser, "link", type)))
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

bool parser_links(Parser *parser, const cJSON *item, const cJSON **ret) {
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
        const char *parent = parser_id(parser, item, "parent", false);
        const char *staffed_by = parent ? parser_id(parser, item, "staffed_by", false) : NULL;
        if (!staffed_by)
                return false;
        if (parent[0] && !(unit->parent = parser_unit(parser, "parent", parent)))
                return false;
        if (unit->parent && unit->parent->tier != unit->tier && unit->parent->tier + 1 != unit->tier)
                return check_fail_word(&parser->check, "上级须为同级或高一级", "the parent must be of the same tier or one higher:", parent);
        if (staffed_by[0] && !(unit->staffed_by = parser_unit(parser, "staffed_by", staffed_by)))
                return false;
        if (unit->staffed_by && unit->staffed_by->tier > unit->tier)
                return check_fail_word(&parser->check, "代管单位不可低于本级", "a unit of a lower tier cannot staff it:", staffed_by);
        return parser_links(parser, item, &unit->links);
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
        Mark *marks = parser_allocate(structure->n_units, sizeof *marks);
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

bool parser_units(Parser *parser, const cJSON *file) {
        Structure *structure = parser->structure;
        const cJSON *list = cJSON_GetObjectItemCaseSensitive(file, "units");
        size_t mark = check_enter(&parser->check, "units");
        if (!check_array(&parser->check, list, ORGANISATION_UNITS_MAX))
                return false;
        size_t n = (size_t)cJSON_GetArraySize(list);
        if (n == 0)
                return check_fail(&parser->check, "至少须有一个单位", "needs at least one unit");
        structure->units = parser_allocate(n, sizeof *structure->units);
        structure->tags = parser_allocate(n, sizeof *structure->tags);
        structure->parents_first = parser_allocate(n, sizeof *structure->parents_first);
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
