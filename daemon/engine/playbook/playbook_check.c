/*
 * What can only be said of a playbook as a whole: outcomes that fit their forms, steps that are reached, cycles that end, and the
 * walks of its own test.
 */
#include "engine/playbook/playbook_internal.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "engine/playbook/form.h"
#include "proto/json.h"

#define TESTS_MAX 32
#define WALK_MAX 64
#define TIMES_MAX 20

static const char *const hows[] = {"done", "resolved", "declined", "refused", "expired", "cancelled", "restored", NULL};

const char *const *playbook_hows(void) { return hows; }

static bool is_how(const cJSON *item) {
        for (size_t i = 0; hows[i]; i++)
                if (cJSON_IsString(item) && strcmp(item->valuestring, hows[i]) == 0)
                        return true;
        return false;
}

/* ---- outcomes ---- */

/* `field` of the step's own form, or `step.field`. */
static const cJSON *find_field(const Playbook *playbook, const Step *step, const char *name) {
        const char *dot = strchr(name, '.');
        if (!dot)
                return cJSON_GetObjectItemCaseSensitive(step->form, name);
        for (size_t i = 0; i < playbook->n_steps; i++)
                if (strlen(playbook->steps[i].name) == (size_t)(dot - name) &&
                    strncmp(playbook->steps[i].name, name, (size_t)(dot - name)) == 0)
                        return cJSON_GetObjectItemCaseSensitive(playbook->steps[i].form, dot + 1);
        return NULL;
}

static bool check_how(Check *check, const cJSON *condition) {
        if (!cJSON_IsArray(condition))
                return is_how(condition) || check_fail(check, "未知的结束方式", "unknown way to end");
        const cJSON *item;
        cJSON_ArrayForEach(item, condition)
                if (!is_how(item))
                        return check_fail(check, "未知的结束方式", "unknown way to end");
        return cJSON_GetArraySize(condition) > 0 || check_fail(check, "不可为空", "must not be empty");
}

static bool check_if(Check *check, const Playbook *playbook, const Step *step, const cJSON *conditions) {
        const cJSON *condition;
        size_t mark = check_enter(check, "if");
        if (!cJSON_IsObject(conditions) || cJSON_GetArraySize(conditions) == 0)
                return check_fail(check, "应为非空对象", "must be an object with something in it");
        cJSON_ArrayForEach(condition, conditions) {
                size_t inner = check_enter(check, condition->string);
                if (strcmp(condition->string, "how") == 0) {
                        if (!check_how(check, condition))
                                return false;
                } else {
                        const cJSON *field = find_field(playbook, step, condition->string);
                        if (!field)
                                return check_fail(check, "表单没有这个字段", "no form has this field");
                        if (!condition_check(check, condition) || !condition_fits_field(check, condition, field))
                                return false;
                }
                check_leave(check, inner);
        }
        check_leave(check, mark);
        return true;
}

static bool check_outcome(Check *check, const Playbook *playbook, const Step *step, const cJSON *outcome) {
        static const char *const names[] = {"if", "step", "end", "times", "to", NULL};
        if (!check_keys(check, outcome, names))
                return false;
        const cJSON *conditions = cJSON_GetObjectItemCaseSensitive(outcome, "if");
        const cJSON *times = cJSON_GetObjectItemCaseSensitive(outcome, "times");
        const cJSON *to = cJSON_GetObjectItemCaseSensitive(outcome, "to");
        const char *next = check_name(check, outcome, "step", false);
        const char *end = next ? check_name(check, outcome, "end", false) : NULL;
        int64_t n;
        if (!end)
                return false;
        if ((next[0] != '\0') == (end[0] != '\0'))
                return check_fail(check, "须有 step 或 end 之一", "needs either step or end");
        if (next[0] && !playbook_step(playbook, next))
                return check_fail_word(check, "没有步骤", "no step", next);
        if (times && !next[0])
                return check_fail(check, "times 只用于 step", "times belongs to step");
        if (times && !check_int(check, times, 1, TIMES_MAX, &n))
                return false;
        if (conditions && !check_if(check, playbook, step, conditions))
                return false;
        size_t mark = check_enter(check, "to");
        if (to && !selectors_check(check, to))
                return false;
        check_leave(check, mark);
        return true;
}

static bool check_then(Check *check, const Playbook *playbook, const Step *step) {
        if (!step->then)
                return true;
        size_t mark = check_enter(check, "then"), i = 0;
        bool decided = false; /* an outcome without condition or count: nothing behind it is ever asked */
        const cJSON *outcome;
        if (!check_array(check, step->then, OUTCOMES_MAX))
                return false;
        cJSON_ArrayForEach(outcome, step->then) {
                size_t inner = check_enter_index(check, i++);
                if (!check_outcome(check, playbook, step, outcome))
                        return false;
                bool names_how = json_has(json_object(outcome, "if"), "how");
                if (decided && !names_how)
                        return check_fail(check, "前面的结果已总是成立", "an earlier outcome always holds");
                decided = decided || (!json_has(outcome, "if") && !json_has(outcome, "times"));
                check_leave(check, inner);
        }
        check_leave(check, mark);
        return true;
}

/* ---- the graph ---- */

static size_t index_of(const Playbook *playbook, const Step *step) { return (size_t)(step - playbook->steps); }

static void mark_reached(const Playbook *playbook, const Step *step, bool *reached) {
        if (reached[index_of(playbook, step)])
                return;
        reached[index_of(playbook, step)] = true;
        const cJSON *outcome;
        cJSON_ArrayForEach(outcome, step->then) {
                const char *next = json_string(outcome, "step");
                if (next)
                        mark_reached(playbook, playbook_step(playbook, next), reached);
        }
}

static bool check_reached(Check *check, const Playbook *playbook) {
        bool reached[PLAYBOOK_STEPS_MAX] = {false};
        mark_reached(playbook, playbook->start, reached);
        for (size_t i = 0; i < playbook->n_steps; i++)
                if (!reached[i])
                        return check_fail_word(check, "到不了的步骤", "a step that nothing leads to:", playbook->steps[i].name);
        return true;
}

/* Whether `step` leads back to itself over outcomes without `times`. `open`: steps on the way here. */
static bool check_acyclic(Check *check, const Playbook *playbook, const Step *step, bool *open, bool *done) {
        size_t index = index_of(playbook, step);
        if (done[index])
                return true;
        if (open[index])
                return check_fail_word(check, "循环须用 times 限次：", "a cycle needs times:", step->name);
        open[index] = true;
        const cJSON *outcome;
        cJSON_ArrayForEach(outcome, step->then) {
                const char *next = json_string(outcome, "step");
                if (next && !json_has(outcome, "times") && !check_acyclic(check, playbook, playbook_step(playbook, next), open, done))
                        return false;
        }
        done[index] = true;
        return true;
}

bool playbook_check(Check *check, const Playbook *playbook) {
        size_t mark = check_enter(check, "steps");
        for (size_t i = 0; i < playbook->n_steps; i++) {
                size_t inner = check_enter(check, playbook->steps[i].name);
                if (!check_then(check, playbook, &playbook->steps[i]))
                        return false;
                check_leave(check, inner);
        }
        check_leave(check, mark);
        bool open[PLAYBOOK_STEPS_MAX] = {false}, done[PLAYBOOK_STEPS_MAX] = {false};
        for (size_t i = 0; i < playbook->n_steps; i++)
                if (!check_acyclic(check, playbook, &playbook->steps[i], open, done))
                        return false;
        return check_reached(check, playbook);
}

/* ---- walks: `"test": [{"walk": [{"step", "how"?, "result"?}…], "end": outcome}]` ---- */

typedef struct Walk { cJSON *results, *visits; const Step *step; const char *end; } Walk;

static void walk_enter(Walk *walk, const Step *step) {
        walk->step = step->without_tasks ? NULL : step; /* nobody has to do anything there */
        walk->end = step->without_tasks ? "done" : NULL;
        int64_t n = json_int(walk->visits, step->name, 0);
        cJSON_DeleteItemFromObjectCaseSensitive(walk->visits, step->name);
        json_add_int(walk->visits, step->name, n + 1);
}

static bool walk_stage(Check *check, const Playbook *playbook, Walk *walk, const cJSON *stage) {
        static const char *const names[] = {"step", "how", "result", NULL};
        if (!check_keys(check, stage, names))
                return false;
        const char *name = json_string(stage, "step");
        const cJSON *how = cJSON_GetObjectItemCaseSensitive(stage, "how"), *result = cJSON_GetObjectItemCaseSensitive(stage, "result");
        if (!walk->step || !name || strcmp(name, walk->step->name) != 0)
                return check_fail_word(check, "走到的步骤不同，应为", "the walk is elsewhere, at", walk->step ? walk->step->name : walk->end);
        if (how && !is_how(how))
                return check_fail(check, "未知的结束方式", "unknown way to end");
        bool worked = !how || strcmp(how->valuestring, "done") == 0;
        char detail[160];
        const FormScope scope = {.root = "result", .results = walk->results};
        if (worked && form_validate(walk->step->form, result, &scope, detail, sizeof detail) != CODE_NONE)
                return check_fail(check, "结果不合表单", "the result does not fit the form");
        cJSON_DeleteItemFromObjectCaseSensitive(walk->results, name);
        cJSON_AddItemToObject(walk->results, name, result ? cJSON_Duplicate(result, true) : cJSON_CreateObject());
        Next next;
        if (!step_next(playbook, walk->step, walk->results, how ? how->valuestring : "done", walk->visits, &next)) {
                walk->step = NULL;
                walk->end = worked ? "done" : how->valuestring;
        } else if (next.step) {
                walk_enter(walk, next.step);
        } else {
                walk->step = NULL;
                walk->end = next.end;
        }
        return true;
}

static bool run_walk(Check *check, const Playbook *playbook, const cJSON *test, Walk *walk) {
        static const char *const names[] = {"walk", "end", NULL};
        if (!check_keys(check, test, names))
                return false;
        const cJSON *stages = cJSON_GetObjectItemCaseSensitive(test, "walk"), *stage;
        size_t mark = check_enter(check, "walk"), i = 0;
        if (!check_array(check, stages, WALK_MAX))
                return false;
        walk_enter(walk, playbook->start);
        cJSON_ArrayForEach(stage, stages) {
                size_t inner = check_enter_index(check, i++);
                if (!walk_stage(check, playbook, walk, stage))
                        return false;
                check_leave(check, inner);
        }
        check_leave(check, mark);
        const char *end = json_string(test, "end");
        if (!end || !walk->end || strcmp(end, walk->end) != 0)
                return check_fail_word(check, "结局不同，应为", "the walk ends otherwise, at", walk->end ? walk->end : walk->step->name);
        return true;
}

bool playbook_walk(Check *check, const Playbook *playbook) {
        const cJSON *tests = cJSON_GetObjectItemCaseSensitive(playbook->tree, "test"), *test;
        if (!tests)
                return true;
        size_t mark = check_enter(check, "test"), i = 0;
        if (!check_array(check, tests, TESTS_MAX))
                return false;
        cJSON_ArrayForEach(test, tests) {
                size_t inner = check_enter_index(check, i++);
                Walk walk = {.results = cJSON_CreateObject(), .visits = cJSON_CreateObject()};
                if (!walk.results || !walk.visits)
                        abort();
                bool fine = run_walk(check, playbook, test, &walk);
                cJSON_Delete(walk.results);
                cJSON_Delete(walk.visits);
                if (!fine)
                        return false;
                check_leave(check, inner);
        }
        check_leave(check, mark);
        return true;
}
