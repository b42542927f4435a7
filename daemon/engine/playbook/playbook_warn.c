/*
 * Steps that tell instead of asking: `warn` posts a warning when the step begins, without a person in between; `tasks: false` makes no
 * tasks, so that a warning alone, or the notices of the warning that started the playbook (guidance), are all there is.
 */
#include "engine/playbook/playbook_internal.h"

#include <string.h>

#include "proto/json.h"

static bool check_severity(Check *check, const cJSON *item, Severity *ret) {
        const char *word = json_string(item, "severity");
        *ret = word ? severity_parse(word) : SEVERITY_UNKNOWN;
        size_t mark = check_enter(check, "severity");
        if (json_has(item, "severity") && (!word || *ret == SEVERITY_UNKNOWN))
                return check_fail(check, "须为 Minor、Moderate、Severe、Extreme", "must be Minor, Moderate, Severe, Extreme");
        check_leave(check, mark);
        return true;
}

static bool check_expires(Check *check, const cJSON *item, int64_t *ret) {
        Span span = {0};
        size_t mark = check_enter(check, "expires");
        const cJSON *expires = cJSON_GetObjectItemCaseSensitive(item, "expires");
        if (!expires || !span_parse(expires, &span) || span.workdays != 0 || span.ms < WARN_LASTS_MIN_MS || span.ms > WARN_LASTS_MAX_MS)
                return check_fail(check, "须为1秒至7天的时长（PT30M）", "must be a duration of 1 second to 7 days (PT30M)");
        *ret = span.ms;
        check_leave(check, mark);
        return true;
}

static bool parse_warn(Check *check, const cJSON *item, Warn *ret) {
        static const char *const names[] = {"to", "headline", "instruction", "severity", "expires", NULL};
        if (!check_keys(check, item, names) || !playbook_selectors(check, item, "to", &ret->to) ||
            !check_phrase(check, item, "headline", NULL, &ret->headline_zh, &ret->headline_en) ||
            !check_phrase(check, item, "instruction", "", &ret->instruction_zh, &ret->instruction_en) ||
            !check_severity(check, item, &ret->severity) || !check_expires(check, item, &ret->lasts_ms))
                return false;
        if (!ret->to)
                return check_fail(check, "缺少 to", "to is missing");
        return ret->headline_zh || check_fail(check, "缺少 headline", "headline is missing");
}

/* What only tasks have must not stand beside `tasks: false`: it would silently do nothing. */
static bool check_bare(Check *check, const Playbook *playbook, const cJSON *item, const Step *step) {
        static const char *const idle[] = {"to", "each", "places", "roles", "positions", "participants", "inform", "consent", "quorum", "audience",
                                           "form", "checklist", "clocks", "ladder", "not_before", "expires", "notify", "contact", "verify",
                                           "ends_on", "points", "then", NULL};
        for (size_t i = 0; idle[i]; i++)
                if (json_has(item, idle[i]))
                        return check_fail_word(check, "没有任务的步骤不可有", "a step without tasks cannot have", idle[i]);
        if (!step->warn.to && playbook->when.trigger != TRIGGER_WARNING)
                return check_fail(check, "没有任务的步骤须有 warn，除非由预警触发", "a step without tasks needs warn, unless a warning starts it");
        return true;
}

bool playbook_warn(Check *check, const Playbook *playbook, const cJSON *item, Step *step) {
        const cJSON *tasks = cJSON_GetObjectItemCaseSensitive(item, "tasks"), *warn = cJSON_GetObjectItemCaseSensitive(item, "warn");
        size_t mark = check_enter(check, "warn");
        if (warn && !parse_warn(check, warn, &step->warn))
                return false;
        check_leave(check, mark);
        if (!tasks)
                return true;
        if (!cJSON_IsFalse(tasks))
                return check_fail(check, "tasks 只能为 false", "tasks can only be false");
        step->without_tasks = true;
        return check_bare(check, playbook, item, step);
}
