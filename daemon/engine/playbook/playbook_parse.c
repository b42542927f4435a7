/*
 * A playbook's text, checked member by member; deploy/playbooks/README.md describes the language. What concerns the whole (cycles,
 * steps that nobody reaches, conditions on fields) is playbook_check.c's.
 */
#include "engine/playbook/playbook_internal.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "engine/playbook/form.h"
#include "engine/points/points_rule.h"
#include "proto/json.h"

#define CHECKLIST_MAX 32

static const char *const severity_names[] = {"Unknown", "Minor", "Moderate", "Severe", "Extreme"};

Severity severity_parse(const char *text) {
        for (size_t i = 0; text && i < 5; i++)
                if (strcmp(text, severity_names[i]) == 0)
                        return (Severity)i;
        return SEVERITY_UNKNOWN;
}

const char *severity_name(Severity severity) { return severity_names[severity]; }

bool playbook_word(Check *check, const cJSON *object, const char *name, const char *const *words, const char **ret) {
        const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);
        *ret = NULL;
        if (!item)
                return true;
        size_t mark = check_enter(check, name);
        for (; *words && cJSON_IsString(item); words++)
                if (strcmp(*words, item->valuestring) == 0)
                        *ret = item->valuestring;
        if (!*ret)
                return check_fail_word(check, "未知的词", "unknown word", cJSON_IsString(item) ? item->valuestring : "?");
        check_leave(check, mark);
        return true;
}

static bool check_flag(Check *check, const cJSON *object, const char *name, bool *ret) {
        const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);
        if (item && !cJSON_IsBool(item))
                return check_fail_word(check, "应为真假值：", "must be true or false:", name);
        *ret = cJSON_IsTrue(item);
        return true;
}

/* ---- when ---- */

static bool parse_severities(Check *check, const cJSON *when, unsigned *ret) {
        const cJSON *item = cJSON_GetObjectItemCaseSensitive(when, "severity");
        *ret = SEVERITIES_ALL;
        if (!item)
                return true;
        size_t mark = check_enter(check, "severity");
        *ret = 0;
        const cJSON *one = cJSON_IsArray(item) ? item->child : item;
        for (; one; one = cJSON_IsArray(item) ? one->next : NULL) {
                Severity severity = cJSON_IsString(one) ? severity_parse(one->valuestring) : SEVERITY_UNKNOWN;
                if (!cJSON_IsString(one) || strcmp(severity_name(severity), one->valuestring) != 0)
                        return check_fail(check, "须为 CAP 的严重程度", "must be a CAP severity");
                *ret |= 1u << severity;
        }
        if (*ret == 0)
                return check_fail(check, "不可为空", "must not be empty");
        check_leave(check, mark);
        return true;
}

static bool parse_names(Check *check, const cJSON *when, const char *name, bool required, When *ret) {
        const cJSON *item = cJSON_GetObjectItemCaseSensitive(when, name);
        if (!item && !required)
                return true;
        size_t mark = check_enter(check, name);
        if (!item)
                return check_fail(check, "缺少", "missing");
        if (cJSON_IsObject(item) || !condition_check(check, item))
                return check_fail(check, "须为名称或名称数组", "must be a name or an array of names");
        const cJSON *one = cJSON_IsArray(item) ? item->child : item;
        for (; one; one = cJSON_IsArray(item) ? one->next : NULL)
                if (!cJSON_IsString(one))
                        return check_fail(check, "须为名称", "must be a name");
        ret->names = item;
        check_leave(check, mark);
        return true;
}

static bool parse_fields(Check *check, const cJSON *when, When *ret) {
        const cJSON *fields = cJSON_GetObjectItemCaseSensitive(when, "fields"), *condition;
        if (!fields)
                return true;
        size_t mark = check_enter(check, "fields");
        if (!cJSON_IsObject(fields) || cJSON_GetArraySize(fields) > 16)
                return check_fail(check, "应为对象，至多16个字段", "must be an object of at most 16 fields");
        cJSON_ArrayForEach(condition, fields) {
                size_t inner = check_enter(check, condition->string);
                if (!condition_check(check, condition))
                        return false;
                check_leave(check, inner);
        }
        ret->fields = fields;
        check_leave(check, mark);
        return true;
}

static bool parse_when(Check *check, const cJSON *tree, When *ret) {
        static const char *const triggers[] = {"warning", "report", "duty", "device", NULL};
        static const char *const of_warning[] = {"eventCode", "severity", NULL};
        static const char *const of_report[] = {"kind", "severity", "fields", NULL};
        static const char *const of_device[] = {"event", "fields", NULL};
        const cJSON *when = cJSON_GetObjectItemCaseSensitive(tree, "when");
        size_t mark = check_enter(check, "when");
        if (!check_keys(check, when, triggers))
                return false;
        if (cJSON_GetArraySize(when) != 1)
                return check_fail(check, "须恰有一种触发", "needs exactly one trigger");
        const cJSON *one = when->child;
        *ret = (When){.severities = SEVERITIES_ALL};
        check_enter(check, one->string);
        bool fine;
        if (strcmp(one->string, "warning") == 0) {
                ret->trigger = TRIGGER_WARNING;
                fine = check_keys(check, one, of_warning) && parse_names(check, one, "eventCode", false, ret) &&
                       parse_severities(check, one, &ret->severities);
        } else if (strcmp(one->string, "report") == 0) {
                ret->trigger = TRIGGER_REPORT;
                fine = check_keys(check, one, of_report) && parse_names(check, one, "kind", true, ret) &&
                       parse_severities(check, one, &ret->severities) && parse_fields(check, one, ret);
        } else if (strcmp(one->string, "device") == 0) {
                ret->trigger = TRIGGER_DEVICE;
                fine = check_keys(check, one, of_device) && parse_names(check, one, "event", true, ret) && parse_fields(check, one, ret);
        } else {
                ret->trigger = TRIGGER_DUTY;
                ret->names = one;
                fine = (cJSON_IsString(one) && check_is_name(one->valuestring)) || check_fail(check, "须为职责名", "must be a duty's name");
        }
        check_leave(check, mark);
        return fine;
}

/* ---- the rest of a step ---- */

bool playbook_selectors(Check *check, const cJSON *item, const char *name, const cJSON **ret) {
        *ret = cJSON_GetObjectItemCaseSensitive(item, name);
        if (!*ret)
                return true;
        size_t mark = check_enter(check, name);
        if (!selectors_check(check, *ret))
                return false;
        check_leave(check, mark);
        return true;
}

static bool parse_people(Check *check, const cJSON *item, Step *step) {
        const cJSON *roles = cJSON_GetObjectItemCaseSensitive(item, "roles"), *positions, *one;
        size_t mark = check_enter(check, "roles");
        if (roles && !check_array(check, roles, ROLES_MAX))
                return false;
        cJSON_ArrayForEach(one, roles) {
                Role role = cJSON_IsString(one) ? role_parse(one->valuestring) : ROLE_NONE;
                if (role < ROLE_COMMANDER || role > ROLE_PARTNER)
                        return check_fail_word(check, "没有这个工作角色：", "no such working role:", cJSON_IsString(one) ? one->valuestring : "?");
                step->roles[step->n_roles++] = role;
        }
        check_leave(check, mark);
        positions = cJSON_GetObjectItemCaseSensitive(item, "positions");
        check_enter(check, "positions");
        if (positions && !check_array(check, positions, 4))
                return false;
        cJSON_ArrayForEach(one, positions) {
                if (!cJSON_IsString(one) || !check_is_name(one->valuestring))
                        return check_fail(check, "职位名不合规", "a position must be a name");
                strcpy(step->positions[step->n_positions++], one->valuestring);
        }
        check_leave(check, mark);
        return true;
}

static bool parse_each(Check *check, const cJSON *item, Step *step) {
        static const char *const eaches[] = {"unit", "member", "place", NULL};
        const char *each;
        if (!playbook_word(check, item, "each", eaches, &each))
                return false;
        step->each = !each || strcmp(each, "unit") == 0 ? EACH_UNIT : strcmp(each, "member") == 0 ? EACH_MEMBER : EACH_PLACE;
        step->places = cJSON_GetObjectItemCaseSensitive(item, "places");
        if ((step->places != NULL) != (step->each == EACH_PLACE))
                return check_fail(check, "each: place 与 places 须同时出现", "each: place and places go together");
        size_t mark = check_enter(check, "places");
        if (step->places && !selector_places_check(check, step->places))
                return false;
        check_leave(check, mark);
        return true;
}

static bool parse_quorum(Check *check, const cJSON *item, Step *step) {
        const cJSON *quorum = cJSON_GetObjectItemCaseSensitive(item, "quorum");
        int64_t n = 0;
        if (!quorum)
                return true;
        size_t mark = check_enter(check, "quorum");
        bool all = cJSON_IsString(quorum) && strcmp(quorum->valuestring, "all") == 0;
        if (!all && !check_int(check, quorum, 1, 1000, &n))
                return false;
        step->quorum = all ? -1 : (int32_t)n;
        check_leave(check, mark);
        return true;
}

static bool parse_checklist(Check *check, const cJSON *item, Step *step) {
        static const char *const names[] = {"name", "title", NULL};
        const cJSON *list = cJSON_GetObjectItemCaseSensitive(item, "checklist"), *one;
        if (!list)
                return true;
        size_t mark = check_enter(check, "checklist"), i = 0;
        if (!check_array(check, list, CHECKLIST_MAX))
                return false;
        cJSON_ArrayForEach(one, list) {
                const char *zh, *en;
                size_t inner = check_enter_index(check, i++);
                if (!check_keys(check, one, names) || !check_name(check, one, "name", true) || !check_title(check, one, "", &zh, &en))
                        return false;
                check_leave(check, inner);
        }
        step->checklist = list;
        check_leave(check, mark);
        return true;
}

static bool is_dedup(const char *word) {
        return strcmp(word, "device") == 0 || strcmp(word, "gateway") == 0 || strcmp(word, "place") == 0 || strcmp(word, "unit") == 0;
}

static bool parse_dedup(Check *check, const cJSON *item, Step *step) {
        const cJSON *list = cJSON_GetObjectItemCaseSensitive(item, "dedup"), *one;
        if (!list)
                return true;
        size_t mark = check_enter(check, "dedup");
        if (!check_array(check, list, 3) || cJSON_GetArraySize(list) == 0)
                return check_fail(check, "不可为空", "must not be empty");
        cJSON_ArrayForEach(one, list)
                if (!cJSON_IsString(one) || !is_dedup(one->valuestring))
                        return check_fail(check, "须为 device、gateway、place、unit", "must be device, gateway, place, unit");
        step->dedup = list;
        check_leave(check, mark);
        return true;
}

static bool parse_form(Check *check, const cJSON *item, const cJSON *steps, Step *step) {
        step->form = cJSON_GetObjectItemCaseSensitive(item, "form");
        if (!step->form)
                return true;
        size_t mark = check_enter(check, "form");
        if (!form_check(check, step->form, steps))
                return false;
        check_leave(check, mark);
        return true;
}

static bool parse_words(Check *check, const cJSON *item, Step *step) {
        static const char *const audiences[] = {"all", "staff", "named", NULL};
        static const char *const consents[] = {"lead", "all", NULL};
        static const char *const notifies[] = {"sms", "voice", "chat", NULL};
        static const char *const verifiers[] = {"parent", NULL};
        static const char *const verify_names[] = {"by", NULL};
        static const char *const ends[] = {"accept", "restored", NULL};
        const char *audience, *consent, *by = NULL, *end;
        const cJSON *verify = cJSON_GetObjectItemCaseSensitive(item, "verify");
        if (!playbook_word(check, item, "audience", audiences, &audience) || !playbook_word(check, item, "consent", consents, &consent) ||
            !playbook_word(check, item, "notify", notifies, &step->notify) || !playbook_word(check, item, "ends_on", ends, &end))
                return false;
        size_t mark = check_enter(check, "verify");
        if (verify && (!check_keys(check, verify, verify_names) || !playbook_word(check, verify, "by", verifiers, &by)))
                return false;
        if (verify && !by)
                return check_fail(check, "缺少 by", "by is missing");
        check_leave(check, mark);
        step->audience = audience ? audience_parse(audience) : AUDIENCE_ALL;
        step->consent = consent && strcmp(consent, "all") == 0 ? CONSENT_ALL : CONSENT_LEAD;
        step->verify_by_parent = by != NULL;
        step->ends_on_accept = end && strcmp(end, "accept") == 0;
        step->ends_on_restored = end && strcmp(end, "restored") == 0;
        return check_flag(check, item, "contact", &step->contact);
}

static bool parse_points(Check *check, const cJSON *item, Step *step) {
        size_t mark = check_enter(check, "points");
        step->points = cJSON_GetObjectItemCaseSensitive(item, "points");
        if (step->points && !points_rule_check(check, step->points, step->form))
                return false;
        check_leave(check, mark);
        return true;
}

static bool parse_span(Check *check, const cJSON *item, const char *name, Span *ret) {
        const cJSON *span = cJSON_GetObjectItemCaseSensitive(item, name);
        if (!span || (span_parse(span, ret) && (ret->ms > 0 || ret->workdays > 0)))
                return true;
        *ret = (Span){0};
        check_enter(check, name);
        return check_fail(check, "须为时长（P30D）或 {\"workdays\": n}", "must be a duration (P30D) or {\"workdays\": n}");
}

static bool parse_step(Check *check, const Playbook *playbook, const cJSON *steps, const cJSON *item, Step *step) {
        static const char *const names[] = {"title", "to", "each", "places", "roles", "positions", "participants", "inform", "consent",
                                            "quorum", "audience", "form", "checklist", "clocks", "ladder", "not_before", "expires", "dedup",
                                            "notify", "contact", "points", "verify", "ends_on", "then", "warn", "tasks", NULL};
        if (!check_is_name(item->string))
                return check_fail(check, "步骤名不合规", "a step's name must be a name");
        strcpy(step->name, item->string);
        if (!check_keys(check, item, names) || !check_title(check, item, NULL, &step->title_zh, &step->title_en))
                return false;
        if (!step->title_zh) {
                step->title_zh = playbook->title_zh;
                step->title_en = playbook->title_en;
        }
        if (!playbook_selectors(check, item, "to", &step->to) || !playbook_selectors(check, item, "participants", &step->participants) ||
            !playbook_selectors(check, item, "inform", &step->inform) || !parse_each(check, item, step))
                return false;
        if (!playbook_warn(check, playbook, item, step))
                return false;
        if (!step->to && step->each != EACH_PLACE && !step->without_tasks)
                return check_fail(check, "缺少 to", "to is missing");
        if (!parse_people(check, item, step) || !parse_quorum(check, item, step) || !parse_checklist(check, item, step) ||
            !parse_dedup(check, item, step) || !parse_form(check, item, steps, step) || !parse_words(check, item, step) || !parse_points(check, item, step) ||
            !parse_span(check, item, "not_before", &step->not_before) ||
            !parse_span(check, item, "expires", &step->expires) || !playbook_clocks(check, item, step) || !playbook_ladder(check, item, step))
                return false;
        step->then = cJSON_GetObjectItemCaseSensitive(item, "then");
        return true;
}

static bool parse_steps(Check *check, Playbook *playbook) {
        const cJSON *steps = cJSON_GetObjectItemCaseSensitive(playbook->tree, "steps"), *item;
        size_t mark = check_enter(check, "steps");
        int n = cJSON_GetArraySize(steps);
        if (!cJSON_IsObject(steps) || n < 1 || n > PLAYBOOK_STEPS_MAX)
                return check_fail(check, "须有1至32个步骤", "needs 1 to 32 steps");
        playbook->steps = calloc((size_t)n, sizeof *playbook->steps);
        if (!playbook->steps)
                abort();
        cJSON_ArrayForEach(item, steps) {
                size_t inner = check_enter(check, item->string);
                if (!parse_step(check, playbook, steps, item, &playbook->steps[playbook->n_steps++]))
                        return false;
                check_leave(check, inner);
        }
        check_leave(check, mark);
        return true;
}

static bool parse_start(Check *check, Playbook *playbook) {
        const char *start = check_name(check, playbook->tree, "start", true);
        playbook->start = start ? playbook_step(playbook, start) : NULL;
        if (start && !playbook->start)
                return check_fail_word(check, "start: 没有步骤", "start: no step", start);
        return start != NULL;
}

static bool parse_numbers(Check *check, Playbook *playbook) {
        const cJSON *tree = playbook->tree, *priority = cJSON_GetObjectItemCaseSensitive(tree, "priority");
        size_t mark = check_enter(check, "version");
        if (!check_int(check, cJSON_GetObjectItemCaseSensitive(tree, "version"), 1, INT32_MAX, &playbook->version))
                return false;
        check_leave(check, mark);
        check_enter(check, "priority");
        playbook->priority = 50;
        if (priority && !check_int(check, priority, 0, 1000, &playbook->priority))
                return false;
        check_leave(check, mark);
        return true;
}

bool playbook_parse(Check *check, Playbook *playbook) {
        static const char *const names[] = {"playbook", "version", "title", "priority", "adds", "start", "when", "steps", "test", NULL};
        const cJSON *tree = playbook->tree;
        if (!check_flag(check, tree, "adds", &playbook->adds))
                return false;
        if (playbook->adds ? !playbook_adds_parse(check, playbook) : !check_keys(check, tree, names))
                return false;
        const char *name = check_name(check, tree, "playbook", true);
        if (!name)
                return false;
        strcpy(playbook->name, name);
        if (!parse_numbers(check, playbook) || !check_title(check, tree, playbook->name, &playbook->title_zh, &playbook->title_en) ||
            !parse_when(check, tree, &playbook->when))
                return false;
        return playbook->adds ? playbook_adds_check(check, playbook) : parse_steps(check, playbook) && parse_start(check, playbook);
}
