/* Clocks by severity and the ladder of a playbook's step. */
#include "engine/playbook/playbook_internal.h"

#include <stddef.h>
#include <string.h>

#include "proto/json.h"

typedef struct SpanField { const char *name; size_t offset; } SpanField;
static const SpanField span_fields[] = {
        {"accept", offsetof(Clocks, accept)}, {"start", offsetof(Clocks, start)},         {"finish", offsetof(Clocks, finish)},
        {"verify", offsetof(Clocks, verify)}, {"remind", offsetof(Clocks, remind)},       {"supervise", offsetof(Clocks, supervise)},
};
#define N_SPAN_FIELDS (sizeof span_fields / sizeof *span_fields)

static Span *span_at(Clocks *clocks, size_t i) { return (Span *)((char *)clocks + span_fields[i].offset); }

/* Fill in what `set` names and *ret has not yet; false when something is malformed. */
static bool read_clocks(const cJSON *set, Clocks *ret, bool *ret_has_hours, const char **ret_bad) {
        for (size_t i = 0; i < N_SPAN_FIELDS; i++) {
                const cJSON *item = cJSON_GetObjectItemCaseSensitive(set, span_fields[i].name);
                Span span;
                *ret_bad = span_fields[i].name;
                if (!item || span_at(ret, i)->set)
                        continue;
                if (!span_parse(item, &span))
                        return false;
                *span_at(ret, i) = span;
        }
        const cJSON *hours = cJSON_GetObjectItemCaseSensitive(set, "hours");
        *ret_bad = "hours";
        if (!hours || *ret_has_hours)
                return true;
        if (!cJSON_IsString(hours) || !check_is_name(hours->valuestring))
                return false;
        *ret_has_hours = true;
        ret->hours = strcmp(hours->valuestring, "always") == 0 ? HOURS_ALWAYS : HOURS_DAY;
        if (ret->hours == HOURS_DAY && strcmp(hours->valuestring, "day") != 0)
                strcpy(ret->calendar, hours->valuestring);
        return true;
}

static bool check_clocks(Check *check, const cJSON *set, const char *const *names) {
        Clocks clocks = {0};
        bool has_hours = false;
        const char *bad;
        if (!check_keys(check, set, names))
                return false;
        if (!read_clocks(set, &clocks, &has_hours, &bad)) {
                check_enter(check, bad);
                return check_fail(check, "须为时长（PT2H）或 {\"workdays\": n}；hours 为 always、day 或日历名",
                                  "must be a duration (PT2H) or {\"workdays\": n}; hours: always, day, a calendar");
        }
        for (size_t i = 0; i < 4; i++)
                if (span_at(&clocks, i)->set && span_at(&clocks, i)->ms == 0 && span_at(&clocks, i)->workdays == 0)
                        return check_fail_word(check, "时限不可为零：", "a limit cannot be zero:", span_fields[i].name);
        return true;
}

static const char *const clock_names[] = {"accept", "start", "finish", "verify", "remind", "supervise", "hours", NULL};

bool playbook_clocks(Check *check, const cJSON *item, Step *step) {
        const cJSON *clocks = cJSON_GetObjectItemCaseSensitive(item, "clocks"), *set;
        if (!clocks)
                return true;
        size_t mark = check_enter(check, "clocks");
        if (!cJSON_IsObject(clocks))
                return check_fail(check, "应为对象", "must be an object");
        cJSON_ArrayForEach(set, clocks) {
                size_t inner = check_enter(check, set->string);
                bool known = strcmp(set->string, severity_name(severity_parse(set->string))) == 0;
                if (!known && strcmp(set->string, "*") != 0)
                        return check_fail(check, "须为严重程度或 *", "must be a severity or *");
                if (!check_clocks(check, set, clock_names))
                        return false;
                check_leave(check, inner);
        }
        if (!cJSON_GetObjectItemCaseSensitive(clocks, "*"))
                return check_fail(check, "缺少 *", "* is missing");
        step->clocks = clocks;
        check_leave(check, mark);
        return true;
}

/* The severity's own clocks; those that it does not name come from "*". */
void step_clocks(const Step *step, Severity severity, Clocks *ret) {
        *ret = (Clocks){0};
        bool has_hours = false;
        const char *bad;
        const cJSON *own = cJSON_GetObjectItemCaseSensitive(step->clocks, severity_name(severity));
        if (own)
                read_clocks(own, ret, &has_hours, &bad);
        read_clocks(cJSON_GetObjectItemCaseSensitive(step->clocks, "*"), ret, &has_hours, &bad);
}

/* ---- ladder ---- */

static const char *const after_names[] = {"accept", "start", "finish", "verify", "escalate"};

static bool has_clock(const Step *step, const char *name) {
        const cJSON *set;
        cJSON_ArrayForEach(set, step->clocks)
                if (json_has(set, name))
                        return true;
        return false;
}

/* A rung after a clock that never runs would never be climbed. */
static bool parse_after(Check *check, const cJSON *item, const Step *step, Rung *rung) {
        const cJSON *list = cJSON_GetObjectItemCaseSensitive(item, "after"), *word;
        const cJSON *below = step->n_rungs > 0 ? step->ladder[step->n_rungs - 1].to : NULL;
        size_t mark = check_enter(check, "after");
        if (!check_array(check, list, 5))
                return false;
        cJSON_ArrayForEach(word, list) {
                size_t i = 0;
                while (i < 5 && !(cJSON_IsString(word) && strcmp(word->valuestring, after_names[i]) == 0))
                        i++;
                if (i == 5)
                        return check_fail(check, "须为 accept、start、finish、verify、escalate", "must be accept, start, finish, verify, escalate");
                const Clocks *clocks = below ? &step->ladder[step->n_rungs - 1].clocks : NULL;
                bool runs_below = clocks && ((i == 0 && clocks->accept.set) || (i == 2 && clocks->finish.set));
                bool runs = i == 4 || has_clock(step, after_names[i]) || runs_below;
                if (!runs)
                        return check_fail_word(check, "没有这个时限：", "no such clock runs:", after_names[i]);
                rung->after |= 1u << i;
        }
        if (rung->after == 0)
                return check_fail(check, "不可为空", "must not be empty");
        check_leave(check, mark);
        return true;
}

static bool parse_rung(Check *check, const cJSON *item, const Step *step, Rung *rung) {
        static const char *const names[] = {"after", "to", "clocks", "notify", NULL};
        static const char *const rung_clocks[] = {"accept", "finish", "remind", "supervise", "hours", NULL};
        static const char *const notify[] = {"sms", "voice", "chat", NULL};
        *rung = (Rung){0};
        if (!check_keys(check, item, names) || !parse_after(check, item, step, rung))
                return false;
        size_t mark = check_enter(check, "to");
        rung->to = cJSON_GetObjectItemCaseSensitive(item, "to");
        if (!selectors_check(check, rung->to))
                return false;
        check_leave(check, mark);
        const cJSON *clocks = cJSON_GetObjectItemCaseSensitive(item, "clocks");
        bool has_hours = false;
        const char *bad;
        if (clocks) {
                check_enter(check, "clocks");
                if (!check_clocks(check, clocks, rung_clocks))
                        return false;
                read_clocks(clocks, &rung->clocks, &has_hours, &bad);
                check_leave(check, mark);
        }
        return playbook_word(check, item, "notify", notify, &rung->notify);
}

bool playbook_ladder(Check *check, const cJSON *item, Step *step) {
        const cJSON *ladder = cJSON_GetObjectItemCaseSensitive(item, "ladder"), *rung;
        if (!ladder)
                return true;
        size_t mark = check_enter(check, "ladder");
        if (!check_array(check, ladder, RUNGS_MAX))
                return false;
        cJSON_ArrayForEach(rung, ladder) {
                size_t inner = check_enter_index(check, step->n_rungs);
                if (!parse_rung(check, rung, step, &step->ladder[step->n_rungs]))
                        return false;
                step->n_rungs++;
                check_leave(check, inner);
        }
        check_leave(check, mark);
        return true;
}
