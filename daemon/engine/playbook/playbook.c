/* A playbook's life, what follows a step, whether it fits an organisation, and the built-in ones. */
#include "engine/playbook/playbook_internal.h"

#include <assert.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/playbook/form.h"
#include "proto/json.h"
#include "proto/timestamp.h"

static Playbook *make(const char *text, size_t n_text, Check *check) {
        Playbook *playbook = calloc(1, sizeof *playbook);
        if (!playbook || !(playbook->text = strndup(text, n_text)))
                abort();
        playbook_set_applied(playbook, "daemon", TIMESTAMP_NONE);
        Code code = json_parse_object(text, n_text, PLAYBOOK_BYTES_MAX, &playbook->tree);
        if (code != CODE_NONE)
                check_fail(check, code_sentence_zh(code), code_sentence_en(code));
        else if (playbook_parse(check, playbook) &&
                 (playbook->adds || (playbook_check(check, playbook) && playbook_walk(check, playbook))))
                return playbook;
        return playbook_free(playbook);
}

Playbook *playbook_new(const char *text, size_t n_text, char *ret_detail, size_t n_detail) {
        Check check;
        check_init(&check, ret_detail, n_detail);
        Playbook *playbook = make(text, n_text, &check);
        if (!playbook)
                return NULL;
        uint8_t hash[32];
        crypto_generichash(hash, sizeof hash, (const uint8_t *)text, n_text, NULL, 0);
        sodium_bin2hex(playbook->hash, sizeof playbook->hash, hash, sizeof hash);
        return playbook;
}

Playbook *playbook_free(Playbook *playbook) {
        if (!playbook)
                return NULL;
        cJSON_Delete(playbook->tree);
        free(playbook->steps);
        free(playbook->text);
        free(playbook);
        return NULL;
}

void playbook_set_applied(Playbook *playbook, const char *by, int64_t at_ms) {
        snprintf(playbook->applied_by, sizeof playbook->applied_by, "%s", by);
        playbook->applied_at = at_ms;
}

const char *playbook_applied_by(const Playbook *playbook) { return playbook->applied_by; }
int64_t playbook_applied_at(const Playbook *playbook) { return playbook->applied_at; }
const char *playbook_name(const Playbook *playbook) { return playbook->name; }
int64_t playbook_version(const Playbook *playbook) { return playbook->version; }
const char *playbook_hash(const Playbook *playbook) { return playbook->hash; }
const char *playbook_text(const Playbook *playbook) { return playbook->text; }
bool playbook_equals(const Playbook *playbook, const Playbook *other) { return cJSON_Compare(playbook->tree, other->tree, true); }
Trigger playbook_trigger(const Playbook *playbook) { return playbook->when.trigger; }
const char *playbook_title_zh(const Playbook *playbook) { return playbook->title_zh; }
const char *playbook_title_en(const Playbook *playbook) { return playbook->title_en; }
bool playbook_takes_contact(const Playbook *playbook) {
        for (size_t i = 0; i < playbook->n_steps; i++)
                if (playbook->steps[i].contact)
                        return true;
        return false;
}

const Step *playbook_start(const Playbook *playbook) { return playbook->start; }

const Step *playbook_step(const Playbook *playbook, const char *name) {
        for (size_t i = 0; i < playbook->n_steps; i++)
                if (strcmp(playbook->steps[i].name, name) == 0)
                        return &playbook->steps[i];
        return NULL;
}

/* ---- what follows ---- */

static const cJSON *value_of(const cJSON *results, const Step *step, const char *name) {
        const char *dot = strchr(name, '.');
        if (!dot)
                return cJSON_GetObjectItemCaseSensitive(cJSON_GetObjectItemCaseSensitive(results, step->name), name);
        char other[STEP_NAME_MAX + 1];
        snprintf(other, sizeof other, "%.*s", (int)(dot - name), name);
        return cJSON_GetObjectItemCaseSensitive(cJSON_GetObjectItemCaseSensitive(results, other), dot + 1);
}

static bool how_holds(const cJSON *conditions, const char *how) {
        const cJSON *named = cJSON_GetObjectItemCaseSensitive(conditions, "how"), *item;
        if (!named)
                return strcmp(how, "done") == 0 || strcmp(how, "resolved") == 0;
        if (cJSON_IsString(named))
                return strcmp(named->valuestring, how) == 0;
        cJSON_ArrayForEach(item, named)
                if (strcmp(item->valuestring, how) == 0)
                        return true;
        return false;
}

static bool outcome_holds(const cJSON *outcome, const Step *step, const cJSON *results, const char *how, const cJSON *visits) {
        const cJSON *conditions = cJSON_GetObjectItemCaseSensitive(outcome, "if"), *condition;
        if (!how_holds(conditions, how))
                return false;
        cJSON_ArrayForEach(condition, conditions)
                if (strcmp(condition->string, "how") != 0 && !condition_holds(condition, value_of(results, step, condition->string)))
                        return false;
        const char *next = json_string(outcome, "step");
        int64_t times = json_int(outcome, "times", -1);
        return !next || times < 0 || json_int(visits, next, 0) <= times;
}

bool step_next(const Playbook *playbook, const Step *step, const cJSON *results, const char *how, const cJSON *visits, Next *ret) {
        return step_next_from(playbook, step, 0, results, how, visits, ret);
}

bool step_next_from(const Playbook *playbook, const Step *step, size_t from, const cJSON *results, const char *how, const cJSON *visits,
                    Next *ret) {
        const cJSON *outcome;
        size_t index = 0;
        *ret = (Next){0};
        cJSON_ArrayForEach(outcome, step->then) {
                ret->index = index++;
                if (ret->index < from || !outcome_holds(outcome, step, results, how, visits))
                        continue;
                const char *next = json_string(outcome, "step");
                ret->step = next ? playbook_step(playbook, next) : NULL;
                ret->end = json_string(outcome, "end");
                ret->to = json_array(outcome, "to");
                return true;
        }
        return false;
}

/* ---- fitting an organisation ---- */

static bool calendar_fits(Check *check, const cJSON *set, const Organisation *organisation) {
        const char *hours = json_string(set, "hours");
        if (!hours || strcmp(hours, "always") == 0 || strcmp(hours, "day") == 0 || organisation_has_calendar(organisation, hours))
                return true;
        return check_fail_word(check, "没有日历", "no calendar", hours);
}

static bool outcomes_fit(Check *check, const Step *step, const Organisation *organisation) {
        const cJSON *outcome;
        cJSON_ArrayForEach(outcome, step->then)
                if (!selectors_fit(check, json_array(outcome, "to"), organisation))
                        return false;
        return true;
}

static bool step_fits(Check *check, const Step *step, const Organisation *organisation) {
        const cJSON *const lists[] = {step->to, step->participants, step->inform, step->warn.to};
        const cJSON *set;
        for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++)
                if (!selectors_fit(check, lists[i], organisation))
                        return false;
        for (size_t i = 0; i < step->n_rungs; i++)
                if (!selectors_fit(check, step->ladder[i].to, organisation) ||
                    (step->ladder[i].clocks.calendar[0] && !organisation_has_calendar(organisation, step->ladder[i].clocks.calendar) &&
                     !check_fail_word(check, "没有日历", "no calendar", step->ladder[i].clocks.calendar)))
                        return false;
        cJSON_ArrayForEach(set, step->clocks)
                if (!calendar_fits(check, set, organisation))
                        return false;
        return form_fits(check, step->form, organisation) && outcomes_fit(check, step, organisation);
}

bool playbook_fits(const Playbook *playbook, const Organisation *organisation, char *ret_detail, size_t n_detail) {
        Check check;
        check_init(&check, ret_detail, n_detail);
        if (organisation_count_units(organisation) == 0)
                return true;
        check_enter(&check, playbook->name);
        if (!selectors_fit(&check, playbook->inform, organisation))
                return false;
        for (size_t i = 0; i < playbook->n_steps; i++) {
                size_t mark = check_enter(&check, playbook->steps[i].name);
                if (!step_fits(&check, &playbook->steps[i], organisation))
                        return false;
                check_leave(&check, mark);
        }
        return true;
}

/* ---- built in ---- */

static const char *const builtin_texts[] = {
        [TRIGGER_WARNING] = "{\"playbook\":\"acknowledge\",\"version\":1,\"priority\":0,\"title\":{\"zh\":\"签收\",\"en\":\"Acknowledge\"},"
                            "\"when\":{\"warning\":{}},\"start\":\"acknowledge\","
                            "\"steps\":{\"acknowledge\":{\"to\":[{\"addressed\":true}],\"ends_on\":\"accept\"}}}",
        [TRIGGER_REPORT] = "{\"playbook\":\"acknowledge\",\"version\":1,\"priority\":0,\"title\":{\"zh\":\"签收\",\"en\":\"Acknowledge\"},"
                           "\"when\":{\"report\":{\"kind\":\"any\"}},\"start\":\"acknowledge\","
                           "\"steps\":{\"acknowledge\":{\"to\":[{\"origin\":true}],\"ends_on\":\"accept\"}}}",
        [TRIGGER_DUTY] = "{\"playbook\":\"acknowledge\",\"version\":1,\"priority\":0,\"title\":{\"zh\":\"签收\",\"en\":\"Acknowledge\"},"
                         "\"when\":{\"duty\":\"any\"},\"start\":\"acknowledge\","
                         "\"steps\":{\"acknowledge\":{\"to\":[{\"origin\":true}],\"ends_on\":\"accept\"}}}",
        [TRIGGER_DEVICE] = "{\"playbook\":\"acknowledge\",\"version\":1,\"priority\":0,\"title\":{\"zh\":\"签收\",\"en\":\"Acknowledge\"},"
                           "\"when\":{\"device\":{\"event\":\"any\"}},\"start\":\"acknowledge\","
                           "\"steps\":{\"acknowledge\":{\"to\":[{\"origin\":true}],\"dedup\":[\"device\"],\"ends_on\":\"accept\"}}}",
};

const Playbook *playbook_builtin(Trigger trigger) {
        static Playbook *made[TRIGGER_DEVICE + 1];
        if (!made[trigger]) {
                char detail[160];
                made[trigger] = playbook_new(builtin_texts[trigger], strlen(builtin_texts[trigger]), detail, sizeof detail);
                assert(made[trigger]);
                made[trigger]->hash[0] = '\0';
        }
        return made[trigger];
}
