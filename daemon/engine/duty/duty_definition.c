#include "engine/duty/duty_definition.h"

#include <string.h>

#include "engine/organisation/calendar.h"
#include "proto/json.h"
#include "proto/timestamp.h"

#define DAYS_OFF_MAX 2000 /* occurrences that a calendar may leave out in a row */

/* ---- words ---- */

/* Member `name` as one of `words` (NULL-terminated): its place in them; 0 when absent. */
static bool word_parse(Check *check, const cJSON *object, const char *name, const char *const *words, int *ret) {
        const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);
        *ret = 0;
        if (!item)
                return true;
        size_t mark = check_enter(check, name);
        for (*ret = 0; words[*ret]; ++*ret)
                if (cJSON_IsString(item) && strcmp(words[*ret], item->valuestring) == 0) {
                        check_leave(check, mark);
                        return true;
                }
        return check_fail(check, "不是可用的词", "is none of the words that it may be");
}

/* An array of at most `max` names. */
static bool names_parse(Check *check, const cJSON *object, const char *name, int max, const cJSON **ret) {
        const cJSON *item;
        *ret = cJSON_GetObjectItemCaseSensitive(object, name);
        if (!*ret)
                return true;
        size_t mark = check_enter(check, name), i = 0;
        if (!check_array(check, *ret, max))
                return false;
        if (cJSON_GetArraySize(*ret) == 0)
                return check_fail(check, "不可为空", "must not be empty");
        cJSON_ArrayForEach(item, *ret) {
                size_t element = check_enter_index(check, i++);
                if (!cJSON_IsString(item) || !check_is_name(item->valuestring))
                        return check_fail(check, "应为名称", "must be a name");
                check_leave(check, element);
        }
        check_leave(check, mark);
        return true;
}

/* ---- for whom ---- */

static bool units_parse(Check *check, const cJSON *item, DutyDefinition *ret) {
        static const char *const names[] = {"tier", "tag", "type", "in", NULL};
        const cJSON *in, *tier;
        int64_t value;
        ret->units = cJSON_GetObjectItemCaseSensitive(item, "units");
        if (!ret->units)
                return true;
        size_t mark = check_enter(check, "units");
        if (!check_keys(check, ret->units, names) || !check_name(check, ret->units, "tag", false) ||
            !check_name(check, ret->units, "type", false) || !names_parse(check, ret->units, "in", DUTIES_MAX, &in))
                return false;
        tier = cJSON_GetObjectItemCaseSensitive(ret->units, "tier");
        size_t inner = check_enter(check, "tier");
        if (tier && !check_int(check, tier, 1, 3, &value))
                return false;
        check_leave(check, inner);
        check_leave(check, mark);
        return true;
}

static bool roles_parse(Check *check, const cJSON *item, DutyDefinition *ret) {
        const cJSON *one;
        size_t i = 0;
        if (!names_parse(check, item, "roles", ROLES_MAX, &ret->roles) || !names_parse(check, item, "positions", 16, &ret->positions))
                return false;
        size_t mark = check_enter(check, "roles");
        cJSON_ArrayForEach(one, ret->roles) {
                size_t element = check_enter_index(check, i++);
                Role role = role_parse(one->valuestring);
                if (role < ROLE_COMMANDER || role > ROLE_PARTNER)
                        return check_fail_word(check, "不是工作角色", "is no working role:", one->valuestring);
                check_leave(check, element);
        }
        check_leave(check, mark);
        return true;
}

static bool members_parse(Check *check, const cJSON *item, DutyDefinition *ret) {
        const cJSON *one;
        size_t i = 0, mark = check_enter(check, "members");
        ret->members = cJSON_GetObjectItemCaseSensitive(item, "members");
        if (ret->members && !check_array(check, ret->members, DUTY_MEMBERS_MAX))
                return false;
        cJSON_ArrayForEach(one, ret->members) {
                size_t element = check_enter_index(check, i++);
                if (!cJSON_IsString(one) || !member_is_valid(one->valuestring, strlen(one->valuestring), NULL))
                        return check_fail(check, "应为成员编号", "must be a member's id");
                check_leave(check, element);
        }
        check_leave(check, mark);
        return true;
}

static bool places_parse(Check *check, const cJSON *item, DutyDefinition *ret) {
        static const char *const names[] = {"kind", NULL};
        ret->places = cJSON_GetObjectItemCaseSensitive(item, "places");
        size_t mark = check_enter(check, "places");
        if ((ret->for_each == FOR_EACH_PLACE) != (ret->places != NULL))
                return check_fail(check, "仅且必须与 for_each: place 同用", "goes with for_each: place, and only with it");
        if (ret->places && (!check_keys(check, ret->places, names) || !check_name(check, ret->places, "kind", true)))
                return false;
        check_leave(check, mark);
        return true;
}

static bool whom_parse(Check *check, const cJSON *item, DutyDefinition *ret) {
        static const char *const words[] = {"unit", "member", "place", NULL};
        int for_each;
        if (!word_parse(check, item, "for_each", words, &for_each))
                return false;
        ret->for_each = (ForEach)for_each;
        if (!units_parse(check, item, ret) || !roles_parse(check, item, ret) || !members_parse(check, item, ret) || !places_parse(check, item, ret))
                return false;
        if (ret->for_each != FOR_EACH_MEMBER && (ret->roles || ret->positions || ret->members))
                return check_fail(check, "roles、positions、members 须与 for_each: member 同用", "roles, positions and members go with for_each: member");
        return true;
}

/* ---- what meets it ---- */

static bool met_by_parse(Check *check, const cJSON *met_by, DutyDefinition *ret) {
        static const char *const names[] = {"report", "task", "step", "count", "distinct", NULL};
        static const char *const words[] = {"work", "day", "place", NULL};
        int distinct;
        int64_t count = 1;
        if (!check_keys(check, met_by, names))
                return false;
        if (json_has(met_by, "report") == json_has(met_by, "task"))
                return check_fail(check, "须有 report 或 task 之一", "needs report or task, and one of them");
        ret->met_type = json_has(met_by, "report") ? RECORD_REPORT : RECORD_TASK;
        ret->met_kind = check_name(check, met_by, ret->met_type == RECORD_REPORT ? "report" : "task", true);
        ret->met_step = ret->met_kind ? check_name(check, met_by, "step", false) : NULL;
        if (!ret->met_step || !word_parse(check, met_by, "distinct", words, &distinct))
                return false;
        if (ret->met_step[0] == '\0')
                ret->met_step = NULL;
        if (ret->met_step && ret->met_type == RECORD_REPORT)
                return check_fail(check, "step 只用于 task", "step goes with task");
        size_t mark = check_enter(check, "count");
        const cJSON *item = cJSON_GetObjectItemCaseSensitive(met_by, "count");
        if (item && !check_int(check, item, 1, ROUND_COUNT_MAX, &count))
                return false;
        check_leave(check, mark);
        ret->distinct = (Distinct)distinct;
        ret->count = (uint32_t)count;
        ret->has_quota = true;
        return true;
}

static bool lasts_parse(Check *check, const cJSON *item, DutyDefinition *ret) {
        const cJSON *lasts = cJSON_GetObjectItemCaseSensitive(item, "lasts");
        if (!lasts)
                return true;
        size_t mark = check_enter(check, "lasts");
        if (!cJSON_IsString(lasts) || !duration_parse(lasts->valuestring, strlen(lasts->valuestring), &ret->lasts_ms) ||
            ret->lasts_ms < ROUND_LASTS_MIN_MS)
                return check_fail(check, "应为不短于5分钟的时长，如 PT12H", "must be a length of time of at least five minutes, like PT12H");
        check_leave(check, mark);
        return true;
}

static bool quota_parse(Check *check, const cJSON *item, DutyDefinition *ret) {
        static const char *const words[] = {"count", "digest", "task", NULL};
        const cJSON *met_by = cJSON_GetObjectItemCaseSensitive(item, "met_by");
        int on_miss;
        if (!met_by) {
                if (json_has(item, "lasts") || json_has(item, "on_miss") || json_has(item, "for_each") || json_has(item, "places"))
                        return check_fail(check, "for_each、places、lasts、on_miss 须与 met_by 同用；无 met_by 时由预案决定",
                                          "for_each, places, lasts and on_miss go with met_by; without it the playbook decides");
                return true;
        }
        size_t mark = check_enter(check, "met_by");
        if (!met_by_parse(check, met_by, ret))
                return false;
        check_leave(check, mark);
        if (!lasts_parse(check, item, ret) || !word_parse(check, item, "on_miss", words, &on_miss))
                return false;
        ret->on_miss = (OnMiss)on_miss;
        return true;
}

/* ---- the whole ---- */

static bool calendar_parse(Check *check, const cJSON *item, DutyDefinition *ret) {
        const cJSON *workdays = cJSON_GetObjectItemCaseSensitive(item, "workdays");
        size_t mark = check_enter(check, "workdays");
        if (cJSON_IsTrue(workdays))
                ret->calendar = "";
        else if (cJSON_IsString(workdays) && check_is_name(workdays->valuestring))
                ret->calendar = workdays->valuestring;
        else if (workdays && !cJSON_IsFalse(workdays))
                return check_fail(check, "应为 true 或日历名", "must be true or a calendar's name");
        check_leave(check, mark);
        return true;
}

static bool severity_read(Check *check, const cJSON *item, DutyDefinition *ret) {
        static const char *const words[] = {"Unknown", "Minor", "Moderate", "Severe", "Extreme", NULL};
        int severity;
        if (!word_parse(check, item, "severity", words, &severity))
                return false;
        ret->severity = (Severity)severity;
        return true;
}

bool duty_definition_parse(Check *check, const cJSON *item, const char *fallback, int offset_minutes, DutyDefinition *ret) {
        static const char *const names[] = {"title", RECURRENCE_KEYS, "workdays", "units", "for_each", "roles", "positions", "members",
                                            "places", "asks", "severity", "met_by", "lasts", "on_miss", NULL};
        *ret = (DutyDefinition){0};
        if (!check_keys(check, item, names) || !check_title(check, item, fallback, &ret->title_zh, &ret->title_en) ||
            !whom_parse(check, item, ret) || !quota_parse(check, item, ret) || !calendar_parse(check, item, ret) ||
            !severity_read(check, item, ret) || !(ret->asks = check_name(check, item, "asks", false)))
                return false;
        if (ret->asks[0] == '\0')
                ret->asks = NULL;
        ret->recurrence = recurrence_new(check, item, offset_minutes);
        return ret->recurrence != NULL;
}

void duty_definition_deinit(DutyDefinition *definition) {
        recurrence_free(definition->recurrence);
        definition->recurrence = NULL;
}

/* ---- when ---- */

int64_t duty_definition_next(const DutyDefinition *definition, const Organisation *organisation, int64_t after_ms) {
        const Calendar *calendar = definition->calendar ? organisation_calendar(organisation, definition->calendar) : NULL;
        int64_t at = after_ms;
        for (int i = 0; i < DAYS_OFF_MAX; i++) {
                at = recurrence_next(definition->recurrence, at);
                if (at == TIMESTAMP_NONE || !calendar ||
                    calendar_is_workday(calendar, timestamp_day(at, organisation_offset_minutes(organisation))))
                        return at;
        }
        return TIMESTAMP_NONE;
}

/* ---- who ---- */

static bool list_has(const cJSON *list, const char *name) {
        const cJSON *item;
        cJSON_ArrayForEach(item, list)
                if (strcmp(item->valuestring, name) == 0)
                        return true;
        return false;
}

bool duty_passes_unit(const DutyDefinition *definition, const Unit *unit) {
        const char *tag = json_string(definition->units, "tag"), *type = json_string(definition->units, "type");
        const cJSON *in = json_array(definition->units, "in");
        int64_t tier = json_int(definition->units, "tier", 0);
        return (tier == 0 || unit->tier == tier) && (!tag || unit_has_tag(unit, tag)) && (!type || strcmp(unit->type, type) == 0) &&
               (!in || list_has(in, unit->id));
}

bool duty_passes_seat(const DutyDefinition *definition, const Seat *seat) {
        return seat->unit && seat->role >= ROLE_COMMANDER && seat->role <= ROLE_PARTNER &&
               (!definition->roles || list_has(definition->roles, role_name(seat->role))) &&
               (!definition->positions || list_has(definition->positions, seat->position));
}

/* ---- against the organisation ---- */

static bool units_fit(Check *check, const DutyDefinition *definition, const Organisation *organisation) {
        const cJSON *item;
        size_t cursor = 0, n = 0, mark = check_enter(check, "units");
        cJSON_ArrayForEach(item, json_array(definition->units, "in"))
                if (!organisation_unit(organisation, item->valuestring))
                        return check_fail_word(check, "没有单位", "no unit", item->valuestring);
        for (const Unit *unit; (unit = organisation_next_unit(organisation, &cursor));)
                n += duty_passes_unit(definition, unit);
        if (n == 0)
                return check_fail(check, "没有符合的单位", "no unit is meant");
        check_leave(check, mark);
        return true;
}

static bool places_fit(Check *check, const DutyDefinition *definition, const Organisation *organisation) {
        const char *kind = json_string(definition->places, "kind");
        size_t cursor = 0;
        if (!kind)
                return true;
        for (const Place *place; (place = organisation_next_place(organisation, &cursor));)
                if (strcmp(place->kind, kind) == 0)
                        return true;
        check_enter(check, "places");
        return check_fail_word(check, "没有该类场所", "no place of kind", kind);
}

/* A playbook's name must be known; report kinds are the other sections' to check: a duty may be met by a kind that a playbook asks for. */
static bool playbook_fits_duty(Check *check, const DutyDefinition *definition, const PlaybookSet *playbooks) {
        if (!definition->has_quota || definition->met_type != RECORD_TASK || !playbooks || playbook_set_current(playbooks, definition->met_kind))
                return true;
        check_enter(check, "met_by.task");
        return check_fail_word(check, "没有预案", "no playbook", definition->met_kind);
}

bool duty_definition_fits(Check *check, const DutyDefinition *definition, const Organisation *organisation, const PlaybookSet *playbooks) {
        size_t mark = check->n_path;
        if (!organisation || organisation_count_units(organisation) == 0)
                return true;
        if (definition->asks && !organisation_unit(organisation, definition->asks)) {
                check_enter(check, "asks");
                return check_fail_word(check, "没有单位", "no unit", definition->asks);
        }
        if (definition->calendar && definition->calendar[0] != '\0' && !organisation_has_calendar(organisation, definition->calendar)) {
                check_enter(check, "workdays");
                return check_fail_word(check, "没有日历", "no calendar", definition->calendar);
        }
        if (!units_fit(check, definition, organisation) || !places_fit(check, definition, organisation) ||
            !playbook_fits_duty(check, definition, playbooks))
                return false;
        if (duty_definition_next(definition, organisation, INT64_C(946684800000)) == TIMESTAMP_NONE) {
                check_enter(check, "rrule");
                return check_fail(check, "按日历永不发生", "never comes on a workday of the calendar");
        }
        check_leave(check, mark);
        return true;
}

bool duty_catalogue_check(Check *check, const cJSON *section, const Organisation *organisation, const PlaybookSet *playbooks) {
        const cJSON *item;
        int n = 0;
        cJSON_ArrayForEach(item, section) {
                _cleanup_duty_ DutyDefinition definition = {0};
                size_t mark = check_enter(check, item->string);
                if (!check_is_name(item->string))
                        return check_fail(check, "名称须为小写字母、数字、-、_，至多32个", "must be a name: a-z, 0-9, -, _, at most 32");
                if (++n > DUTIES_MAX)
                        return check_fail(check, "条目过多", "too many entries");
                if (!duty_definition_parse(check, item, item->string, organisation ? organisation_offset_minutes(organisation) : 0, &definition) ||
                    !recurrence_comes(check, definition.recurrence) || !duty_definition_fits(check, &definition, organisation, playbooks))
                        return false;
                check_leave(check, mark);
        }
        return true;
}
