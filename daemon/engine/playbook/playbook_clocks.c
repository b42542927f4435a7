/* Clocks by severity and the ladder of a playbook's step. */
#include "engine/playbook/playbook_internal.h"

#include <string.h>

#include "proto/json.h"

static const char *const clock_words[CLOCK_COUNT] = {"accept", "start", "finish", "verify"};

static Span *span_at(Clocks *clocks, Clock clock) {
        Span *const spans[CLOCK_COUNT] = {&clocks->accept, &clocks->start, &clocks->finish, &clocks->verify};
        return spans[clock];
}

const Span *clocks_span(const Clocks *clocks, Clock clock) { return span_at((Clocks *)clocks, clock); }

/* A length, or "never"; what is set already stays. */
static bool read_reminder(const cJSON *item, Reminder *ret) {
        Reminder reminder = {.never = cJSON_IsString(item) && strcmp(item->valuestring, "never") == 0};
        if (!reminder.never && !span_parse(item, &reminder.span))
                return false;
        if (!ret->span.set && !ret->never)
                *ret = reminder;
        return true;
}

static bool is_by_clock(const cJSON *item) { return cJSON_IsObject(item) && !json_has(item, "workdays"); }

/* One for all clocks, or {clock: …}. */
static bool read_reminders(const cJSON *item, Reminder ret[static CLOCK_COUNT]) {
        const cJSON *one;
        if (!item)
                return true;
        for (Clock clock = 0; clock < CLOCK_COUNT && !is_by_clock(item); clock++)
                if (!read_reminder(item, &ret[clock]))
                        return false;
        if (!is_by_clock(item))
                return true;
        cJSON_ArrayForEach(one, item) {
                Clock clock = 0;
                while (clock < CLOCK_COUNT && strcmp(one->string, clock_words[clock]) != 0)
                        clock++;
                if (clock == CLOCK_COUNT || !read_reminder(one, &ret[clock]))
                        return false;
        }
        return item->child != NULL;
}

static bool read_hours(const cJSON *hours, Clocks *ret, bool *ret_has_hours) {
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

/* Fill in what `set` names and *ret has not yet; false when something is malformed. */
static bool read_clocks(const cJSON *set, Clocks *ret, bool *ret_has_hours, const char **ret_bad) {
        for (Clock clock = 0; clock < CLOCK_COUNT; clock++) {
                const cJSON *item = cJSON_GetObjectItemCaseSensitive(set, clock_words[clock]);
                Span span;
                *ret_bad = clock_words[clock];
                if (!item || span_at(ret, clock)->set)
                        continue;
                if (!span_parse(item, &span))
                        return false;
                *span_at(ret, clock) = span;
        }
        *ret_bad = "remind";
        if (!read_reminders(cJSON_GetObjectItemCaseSensitive(set, "remind"), ret->remind))
                return false;
        *ret_bad = "supervise";
        if (!read_reminders(cJSON_GetObjectItemCaseSensitive(set, "supervise"), ret->supervise))
                return false;
        *ret_bad = "hours";
        return read_hours(cJSON_GetObjectItemCaseSensitive(set, "hours"), ret, ret_has_hours);
}

static bool fail_clock(Check *check, const char *name) {
        if (strcmp(name, "hours") == 0)
                return check_fail(check, "须为 always、day 或日历名", "must be always, day or a calendar's name");
        if (strcmp(name, "remind") == 0 || strcmp(name, "supervise") == 0)
                return check_fail(check, "须为时长、{\"workdays\": n}、never 或按时限分列", "must be a duration, {\"workdays\": n}, never, or one by clock");
        return check_fail(check, "须为时长（PT2H）或 {\"workdays\": n}", "must be a duration (PT2H) or {\"workdays\": n}");
}

static bool is_zero(const Span *span) { return span->set && span->ms == 0 && span->workdays == 0; }

static bool check_clocks(Check *check, const cJSON *set, const char *const *names) {
        Clocks clocks = {0};
        bool has_hours = false;
        const char *bad;
        if (!check_keys(check, set, names))
                return false;
        if (!read_clocks(set, &clocks, &has_hours, &bad)) {
                check_enter(check, bad);
                return fail_clock(check, bad);
        }
        for (Clock clock = 0; clock < CLOCK_COUNT; clock++)
                if (is_zero(span_at(&clocks, clock)))
                        return check_fail_word(check, "时限不可为零：", "a limit cannot be zero:", clock_words[clock]);
        for (Clock clock = 0; clock < CLOCK_COUNT; clock++)
                if (is_zero(&clocks.remind[clock].span))
                        return check_fail(check, "remind 不可为零", "remind cannot be zero");
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
