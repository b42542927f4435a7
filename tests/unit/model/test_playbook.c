/* The playbook language: what is refused and where, which playbook a trigger starts, what follows a step, clocks, versions. */
#include "model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/json.h"

#define BASE "{'playbook':'base','version':1,'start':'one','when':{'report':{'kind':'hazard'}},'steps':{" \
             "'one':{'to':[{'origin':true}],'form':{'n':{'int':[0,9]},'c':{'choice':['a','b']},'w':{'note':'optional'}}," \
             "'clocks':{'*':{'accept':'PT1H','finish':'PT2H'}},'ladder':[{'after':['finish'],'to':[{'parent':1}]}]," \
             "'then':[{'if':{'n':0},'end':'clean'},{'step':'two'}]}," \
             "'two':{'to':[{'same':1}],'form':{'left':{'int':[0,{'of':'one.n'}]}},'then':[{'end':'done'}]}}}"

static Playbook *make(const char *text, char *detail) {
        cJSON *tree = json_of(text);
        char *printed = json_print(tree);
        Playbook *playbook = playbook_new(printed, strlen(printed), detail, 160);
        free(printed);
        cJSON_Delete(tree);
        return playbook;
}

static Playbook *make_good(const char *text) {
        char detail[160];
        Playbook *playbook = make(text, detail);
        if (!playbook)
                fail_msg("%s: %s", text, detail);
        return playbook;
}

/* The base playbook with one thing changed: `a/b/c` set to the value, or taken out when it is "". */
static char *changed(const char *pointer, const char *value) {
        char path[128];
        snprintf(path, sizeof path, "%s", pointer);
        cJSON *tree = json_of(BASE), *at = tree;
        char *part = strtok(path, "/"), *next;
        while ((next = strtok(NULL, "/"))) {
                at = cJSON_IsArray(at) ? cJSON_GetArrayItem(at, atoi(part)) : cJSON_GetObjectItem(at, part);
                assert_non_null(at);
                part = next;
        }
        if (cJSON_IsArray(at)) {
                cJSON_ReplaceItemInArray(at, atoi(part), json_of(value));
        } else {
                cJSON_DeleteItemFromObject(at, part);
                if (value[0])
                        cJSON_AddItemToObject(at, part, json_of(value));
        }
        char *text = json_print(tree);
        cJSON_Delete(tree);
        return text;
}

static void test_base(void **state) {
        (void)state;
        Playbook *playbook = make_good(BASE);
        assert_string_equal(playbook_name(playbook), "base");
        assert_int_equal(playbook_trigger(playbook), TRIGGER_REPORT);
        assert_string_equal(playbook_title_zh(playbook), "base"); /* no title: its name */
        assert_string_equal(playbook_start(playbook)->title_en, "base");
        assert_int_equal(strlen(playbook_hash(playbook)), 64);
        assert_int_equal(playbook_start(playbook)->each, EACH_UNIT);
        assert_int_equal(playbook_start(playbook)->audience, AUDIENCE_ALL);
        playbook_free(playbook);
}

static void test_refusals(void **state) {
        (void)state;
        static const struct { const char *pointer, *value, *detail; } bad[] = {
                {"playbook", "'Base'", "playbook: "},
                {"version", "0", "version: "},
                {"adds", "true", "unknown field start"},
                {"adds", "'yes'", "true or false: adds"},
                {"priority", "1001", "priority: "},
                {"start", "'three'", "no step three"},
                {"start", "", "start: "},
                {"when", "{}", "exactly one trigger"},
                {"when", "{'duty':'x','report':{'kind':'y'}}", "exactly one trigger"},
                {"when/report", "{}", "when.report.kind: "},
                {"when/report/kind", "{'min':1}", "when.report.kind: "},
                {"when/report/event", "'x'", "unknown field event"},
                {"when/report/fields", "{'n':{'min':3,'max':2}}", "min is above max"},
                {"when/report/fields", "{'n':{'not':3}}", "unknown field not"},
                {"when/report/severity", "'Bad'", "when.report.severity: "},
                {"steps", "{}", "1 to 32 steps"},
                {"steps/one/to", "", "to is missing"},
                {"steps/one/to", "[]", "steps.one.to: "},
                {"steps/one/to", "[{}]", "steps.one.to[0]: "},
                {"steps/one/to", "[{'parent':1,'same':1}]", "exactly one way"},
                {"steps/one/to", "[{'parent':0}]", "steps.one.to[0].parent: "},
                {"steps/one/to", "[{'tier':4}]", "steps.one.to[0].tier: "},
                {"steps/one/to", "[{'link':'..'}]", "steps.one.to[0].link: "},
                {"steps/one/to", "[{'unit':'No Name'}]", "steps.one.to[0].unit: "},
                {"steps/one/to", "[{'origin':true,'on_duty':false}]", "can only be true: on_duty"},
                {"steps/one/to", "[{'query':'x'}]", "unknown field query"},
                {"steps/one/color", "1", "unknown field color"},
                {"steps/one/each", "'household'", "unknown word household"},
                {"steps/one/each", "'place'", "go together"},
                {"steps/one/roles", "['emperor']", "no such working role: emperor"},
                {"steps/one/roles", "['dashboard']", "no such working role: dashboard"},
                {"steps/one/quorum", "0", "steps.one.quorum: "},
                {"steps/one/quorum", "'most'", "steps.one.quorum: "},
                {"steps/one/audience", "'public'", "unknown word public"},
                {"steps/one/verify", "{}", "by is missing"},
                {"steps/one/verify", "{'by':'self'}", "unknown word self"},
                {"steps/one/notify", "'pigeon'", "unknown word pigeon"},
                {"steps/one/dedup", "['phase']", "steps.one.dedup: "},
                {"steps/one/not_before", "'30 days'", "steps.one.not_before: "},
                {"steps/one/expires", "'PT0S'", "steps.one.expires: "},
                {"steps/one/expires", "{'workdays':-1}", "steps.one.expires: "},
                {"steps/one/clocks", "{'Severe':{}}", "* is missing"},
                {"steps/one/clocks", "{'*':{'accept':'soon'}}", "steps.one.clocks.*.accept: "},
                {"steps/one/clocks", "{'*':{'accept':'PT0S'}}", "cannot be zero: accept"},
                {"steps/one/clocks", "{'*':{'arrive':'PT1M'}}", "unknown field arrive"},
                {"steps/one/clocks", "{'*':{'accept':'PT1H','remind':'PT0S'}}", "remind cannot be zero"},
                {"steps/one/clocks", "{'*':{'accept':'PT1H','remind':'always'}}", "steps.one.clocks.*.remind: "},
                {"steps/one/clocks", "{'*':{'accept':'PT1H','remind':{}}}", "steps.one.clocks.*.remind: "},
                {"steps/one/clocks", "{'*':{'accept':'PT1H','remind':{'arrive':'PT1M'}}}", "steps.one.clocks.*.remind: "},
                {"steps/one/clocks", "{'*':{'accept':'PT1H','supervise':{'accept':7}}}", "steps.one.clocks.*.supervise: "},
                {"steps/one/clocks", "{'*':{},'Grave':{}}", "steps.one.clocks.Grave: "},
                {"steps/one/ladder/0/after", "['verify']", "no such clock runs: verify"},
                {"steps/one/ladder/0/after", "['never']", "steps.one.ladder[0].after: "},
                {"steps/one/ladder/0/after", "[]", "must not be empty"},
                {"steps/one/ladder/0/to", "", "steps.one.ladder[0].to: "},
                {"steps/one/ladder/0/clocks", "{'verify':'PT1H'}", "unknown field verify"},
                {"steps/one/form/n", "{'int':[9,0]}", "steps.one.form.n: "},
                {"steps/one/form/n", "{'int':[0,{'of':'z'}]}", "only name an earlier field"},
                {"steps/one/form/n", "{'int':[0,{'of':'two.right'}]}", "no whole-number field two.right"},
                {"steps/one/form/n", "{'int':[0,{'of':'one.n'}]}", "named without its step"},
                {"steps/one/form/n", "{'real':[0,1]}", "unknown field real"},
                {"steps/one/form/n", "{'int':[0,1],'note':'optional'}", "exactly one of"},
                {"steps/one/form/how", "{'int':[0,1]}", "steps.one.form.how: "},
                {"steps/one/form/c", "{'choice':['a','a']}", "the same choice twice"},
                {"steps/one/then", "[{'step':'three'}]", "no step three"},
                {"steps/one/then", "[{'step':'two','end':'x'}]", "either step or end"},
                {"steps/one/then", "[{'if':{},'step':'two'}]", "steps.one.then[0].if: "},
                {"steps/one/then", "[{'if':{'m':1},'step':'two'}]", "no form has this field"},
                {"steps/one/then", "[{'if':{'two.m':1},'step':'two'}]", "no form has this field"},
                {"steps/one/then", "[{'if':{'n':'a'},'step':'two'}]", "a whole number"},
                {"steps/one/then", "[{'if':{'c':'z'},'step':'two'}]", "no choice z"},
                {"steps/one/then", "[{'if':{'c':{'min':1}},'step':'two'}]", "whole numbers"},
                {"steps/one/then", "[{'if':{'w':'x'},'step':'two'}]", "words cannot be a condition"},
                {"steps/one/then", "[{'if':{'how':'bored'},'step':'two'}]", "unknown way to end"},
                {"steps/one/then", "[{'end':'x','times':2},{'step':'two'}]", "times belongs to step"},
                {"steps/one/then", "[{'step':'two','times':0}]", "steps.one.then[0]: "},
                {"steps/one/then", "[{'end':'x'},{'step':'two'}]", "an earlier outcome always holds"},
                {"steps/one/then", "[{'end':'x'}]", "nothing leads to: two"},
                {"steps/two/then", "[{'step':'one'}]", "a cycle needs times:"},
                {"steps/two/then", "[{'step':'two'}]", "a cycle needs times: two"},
                {"test", "[{'walk':[{'step':'two'}],'end':'done'}]", "the walk is elsewhere, at one"},
                {"test", "[{'walk':[{'step':'one','result':{'n':1,'c':'a'}}],'end':'done'}]", "the walk ends otherwise, at two"},
                {"test", "[{'walk':[{'step':'one','result':{'n':99,'c':'a'}}],'end':'done'}]", "does not fit the form"},
                {"test", "[{'walk':[{'step':'one','result':{'n':0,'c':'a'}}],'end':'done'}]", "the walk ends otherwise, at clean"},
        };
        for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
                char *text = changed(bad[i].pointer, bad[i].value), detail[160];
                Playbook *playbook = playbook_new(text, strlen(text), detail, sizeof detail);
                if (playbook)
                        fail_msg("taken: %s = %s", bad[i].pointer, bad[i].value);
                if (!strstr(detail, bad[i].detail) || !strstr(detail, " / "))
                        fail_msg("%s = %s: %s", bad[i].pointer, bad[i].value, detail);
                free(text);
        }
}

/* One that adds informs and does nothing else. */
static void test_adds(void **state) {
        (void)state;
        static const struct { const char *text, *detail; } bad[] = {
                {"{'playbook':'also','version':1,'adds':true,'when':{'warning':{}}}", "needs inform"},
                {"{'playbook':'also','version':1,'adds':true,'when':{'warning':{}},'inform':[]}", "inform: "},
                {"{'playbook':'also','version':1,'adds':true,'when':{'warning':{}},'inform':[{'up':1}]}", "inform[0]: "},
                {"{'playbook':'also','version':1,'adds':true,'when':{'warning':{}},'inform':[{'tier':1}],'priority':7}", "unknown field priority"},
                {"{'playbook':'also','version':1,'adds':true,'when':{'warning':{}},'inform':[{'tier':1}],'steps':{}}", "unknown field steps"},
                {"{'playbook':'also','version':1,'adds':true,'when':{'warning':{}},'points':{'base':2}}", "points: "},
                {"{'playbook':'also','version':1,'adds':true,'when':{'report':{'kind':'x'}},'points':{'base':0}}", "points.base: "},
                {"{'playbook':'also','version':1,'adds':true,'when':{'report':{'kind':'x'}},'points':{'base':2,'for':{'field':'card'}}}", "points.for"},
                {"{'playbook':'also','version':1,'adds':true,'inform':[{'tier':1}]}", "when: "},
                {"{'playbook':'also','adds':true,'when':{'warning':{}},'inform':[{'tier':1}]}", "version: "},
        };
        for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
                char detail[160];
                assert_null(make(bad[i].text, detail));
                if (!strstr(detail, bad[i].detail) || !strstr(detail, " / "))
                        fail_msg("%s: %s", bad[i].text, detail);
        }
        Playbook *playbook = make_good("{'playbook':'also','version':1,'adds':true,'when':{'warning':{}},'inform':[{'tier':1}]}");
        assert_true(playbook_adds(playbook));
        assert_non_null(playbook_inform(playbook));
        assert_null(playbook_start(playbook));
        playbook_free(playbook);
}

/* In the order of their names, whoever came first; none of them is started by the trigger. */
static void test_adding(void **state) {
        (void)state;
        PlaybookSet *set = playbook_set_new();
        const Playbook *adding[ADDS_MAX];
        Playbook *b = make_good("{'playbook':'b','version':1,'adds':true,'when':{'report':{'kind':'x','fields':{'n':{'min':2}}}},'inform':[{'tier':1}]}");
        Playbook *a = make_good("{'playbook':'a','version':1,'adds':true,'when':{'report':{'kind':'x'}},'inform':[{'tier':1}]}");
        char detail[160];
        assert_int_equal(playbook_set_add(set, b, true, detail, sizeof detail), CODE_NONE);
        assert_int_equal(playbook_set_add(set, a, true, detail, sizeof detail), CODE_NONE);
        cJSON *fields = json_of("{'n':2}");
        assert_int_equal(playbook_set_adding(set, TRIGGER_REPORT, "x", SEVERITY_MINOR, fields, adding), 2);
        assert_ptr_equal(adding[0], a);
        assert_ptr_equal(adding[1], b);
        assert_int_equal(playbook_set_adding(set, TRIGGER_REPORT, "x", SEVERITY_MINOR, NULL, adding), 1);
        assert_int_equal(playbook_set_adding(set, TRIGGER_REPORT, "y", SEVERITY_MINOR, fields, adding), 0);
        assert_ptr_equal(playbook_set_match(set, TRIGGER_REPORT, "x", SEVERITY_MINOR, fields), playbook_builtin(TRIGGER_REPORT));
        assert_false(playbook_set_names(set, TRIGGER_REPORT, "x"));
        cJSON_Delete(fields);
        playbook_set_free(set);
}

static void test_hostile(void **state) {
        (void)state;
        static const char *const bad[] = {"", "{", "[]", "{}", "{\"playbook\":\"a\"} x", "{\"playbook\":\"a\",\"playbook\":\"b\"}",
                                          "{\"playbook\":\"\\u0000\"}", "{\"playbook\":\"\xff\"}", "null"};
        for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
                char detail[160];
                assert_null(playbook_new(bad[i], strlen(bad[i]), detail, sizeof detail));
                assert_non_null(strstr(detail, " / "));
        }
        char *huge = malloc(70000), detail[24];
        memset(huge, ' ', 70000);
        assert_null(playbook_new(huge, 70000, detail, sizeof detail));
        assert_true(strlen(detail) < sizeof detail);
        free(huge);
}

/* A cycle may run when it counts. */
static void test_cycle_with_times(void **state) {
        (void)state;
        char *text = changed("steps/two/then", "[{'step':'one','times':2},{'end':'done'}]"), detail[160];
        Playbook *playbook = playbook_new(text, strlen(text), detail, sizeof detail);
        assert_non_null(playbook);
        const Step *two = playbook_step(playbook, "two");
        cJSON *results = json_of("{'two':{'left':1}}");
        for (int visits = 1; visits <= 4; visits++) {
                char counted[64];
                snprintf(counted, sizeof counted, "{'one':%d,'two':%d}", visits, visits);
                cJSON *visited = json_of(counted);
                Next next;
                assert_true(step_next(playbook, two, results, "done", visited, &next));
                assert_int_equal(next.step != NULL, visits <= 2); /* re-entered at most twice */
                cJSON_Delete(visited);
        }
        cJSON_Delete(results);
        playbook_free(playbook);
        free(text);
}

static void test_next(void **state) {
        (void)state;
        char *text = changed("steps/one/then",
                             "[{'if':{'n':0},'end':'clean'},{'if':{'n':{'min':1,'max':3},'c':['a','x']},'end':'few'},"
                             "{'if':{'how':['declined','refused']},'step':'two','to':[{'tier':1}]},{'step':'two'}]"),
             detail[160];
        char *fixed = strdup(text);
        free(text);
        /* 'x' is no choice of c: refused; with a real one it stands */
        Playbook *playbook = playbook_new(fixed, strlen(fixed), detail, sizeof detail);
        assert_null(playbook);
        free(fixed);
        text = changed("steps/one/then",
                       "[{'if':{'n':0},'end':'clean'},{'if':{'n':{'min':1,'max':3},'c':['a']},'end':'few'},"
                       "{'if':{'how':['declined','refused']},'step':'two','to':[{'tier':1}]},{'step':'two'}]");
        playbook = playbook_new(text, strlen(text), detail, sizeof detail);
        assert_non_null(playbook);
        static const struct { const char *results, *how, *end, *step; bool says; } cases[] = {
                {"{'one':{'n':0,'c':'a'}}", "done", "clean", NULL, true},
                {"{'one':{'n':3,'c':'a'}}", "done", "few", NULL, true},
                {"{'one':{'n':3,'c':'b'}}", "done", NULL, "two", true},
                {"{'one':{'n':4,'c':'a'}}", "resolved", NULL, "two", true},
                {"{'one':{}}", "declined", NULL, "two", true},
                {"{'one':{'n':0}}", "expired", NULL, NULL, false},
                {"{}", "done", NULL, "two", true},
        };
        cJSON *visits = json_of("{'one':1}");
        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
                cJSON *results = json_of(cases[i].results);
                Next next;
                assert_int_equal(step_next(playbook, playbook_start(playbook), results, cases[i].how, visits, &next), cases[i].says);
                assert_int_equal(next.end != NULL, cases[i].end != NULL);
                if (next.end)
                        assert_string_equal(next.end, cases[i].end);
                assert_ptr_equal(next.step, cases[i].step ? playbook_step(playbook, cases[i].step) : NULL);
                assert_int_equal(next.to != NULL, strcmp(cases[i].how, "declined") == 0);
                cJSON_Delete(results);
        }
        cJSON_Delete(visits);
        playbook_free(playbook);
        free(text);
}

static void test_clocks(void **state) {
        (void)state;
        char *text = changed("steps/one/clocks", "{'*':{'accept':'PT2H','finish':{'workdays':1},'verify':{'workdays':1},'hours':'day'},"
                                                 "'Extreme':{'accept':'PT15M','finish':'PT4H','hours':'always','remind':'PT2S','supervise':{'finish':'never','accept':'PT1M'}},"
                                                 "'Minor':{'hours':'shifts'}}"),
             detail[160];
        Playbook *playbook = playbook_new(text, strlen(text), detail, sizeof detail);
        assert_non_null(playbook);
        Clocks clocks;
        step_clocks(playbook_start(playbook), SEVERITY_SEVERE, &clocks);
        assert_int_equal(clocks.accept.ms, 7200000);
        assert_int_equal(clocks.finish.workdays, 1);
        assert_int_equal(clocks.hours, HOURS_DAY);
        assert_false(clocks.start.set);
        assert_false(clocks.remind[CLOCK_ACCEPT].span.set);
        step_clocks(playbook_start(playbook), SEVERITY_EXTREME, &clocks);
        assert_int_equal(clocks.accept.ms, 900000);
        assert_int_equal(clocks.finish.ms, 14400000);
        assert_int_equal(clocks.finish.workdays, 0);
        assert_int_equal(clocks.verify.workdays, 1); /* not named: from "*" */
        for (Clock clock = CLOCK_ACCEPT; clock < CLOCK_COUNT; clock++)
                assert_int_equal(clocks.remind[clock].span.ms, 2000);
        assert_true(clocks.supervise[CLOCK_FINISH].never);
        assert_int_equal(clocks.supervise[CLOCK_ACCEPT].span.ms, 60000);
        assert_false(clocks.supervise[CLOCK_VERIFY].never);
        assert_int_equal(clocks.hours, HOURS_ALWAYS);
        step_clocks(playbook_start(playbook), SEVERITY_MINOR, &clocks);
        assert_int_equal(clocks.accept.ms, 7200000);
        assert_string_equal(clocks.calendar, "shifts");
        playbook_free(playbook);
        free(text);
}

/* ---- sets ---- */

#define ONE(name, priority, when) "{'playbook':'" name "','version':1,'priority':" priority ",'start':'s','when':" when \
                                  ",'steps':{'s':{'to':[{'origin':true}]}}}"

static Code add(PlaybookSet *set, const char *text) {
        char detail[160];
        Playbook *playbook = make_good(text);
        Code code = playbook_set_add(set, playbook, true, detail, sizeof detail);
        if (code != CODE_NONE)
                playbook_free(playbook);
        return code;
}

static void test_overlap(void **state) {
        (void)state;
        static const struct { const char *left, *right; bool overlap; } pairs[] = {
                {"{'duty':'a'}", "{'duty':'a'}", true},
                {"{'duty':'a'}", "{'duty':'b'}", false},
                {"{'duty':'a'}", "{'report':{'kind':'a'}}", false},
                {"{'warning':{}}", "{'warning':{'eventCode':'a'}}", true},
                {"{'warning':{'eventCode':['a','b']}}", "{'warning':{'eventCode':['b','c']}}", true},
                {"{'warning':{'eventCode':['a','b']}}", "{'warning':{'eventCode':['c','d']}}", false},
                {"{'warning':{'severity':'Minor'}}", "{'warning':{'severity':['Severe','Extreme']}}", false},
                {"{'warning':{'severity':'Severe'}}", "{'warning':{'severity':['Severe','Extreme']}}", true},
                {"{'report':{'kind':'a','fields':{'n':1}}}", "{'report':{'kind':'a','fields':{'n':2}}}", false},
                {"{'report':{'kind':'a','fields':{'n':{'max':2}}}}", "{'report':{'kind':'a','fields':{'n':{'min':2}}}}", true},
                {"{'report':{'kind':'a','fields':{'n':{'max':2}}}}", "{'report':{'kind':'a','fields':{'n':{'min':3}}}}", false},
                {"{'report':{'kind':'a','fields':{'n':{'min':3}}}}", "{'report':{'kind':'a','fields':{'n':[1,2,'x']}}}", false},
                {"{'report':{'kind':'a','fields':{'n':{'min':3}}}}", "{'report':{'kind':'a','fields':{'n':[1,3]}}}", true},
                {"{'report':{'kind':'a','fields':{'n':1}}}", "{'report':{'kind':'a','fields':{'m':2}}}", true}, /* both may be there */
                {"{'report':{'kind':'a','fields':{'n':1,'m':1}}}", "{'report':{'kind':'a','fields':{'n':1,'m':2}}}", false},
                {"{'report':{'kind':'a','fields':{'n':'x'}}}", "{'report':{'kind':'a','fields':{'n':{'min':0}}}}", false},
                {"{'report':{'kind':'a','fields':{'n':true}}}", "{'report':{'kind':'a','fields':{'n':false}}}", false},
                {"{'device':{'event':'panic'}}", "{'device':{'event':['panic','alarm'],'fields':{'zone':3}}}", true},
        };
        for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
                for (int swapped = 0; swapped < 2; swapped++) {
                        char left[512], right[512];
                        snprintf(left, sizeof left, ONE("left", "7", "%s"), swapped ? pairs[i].right : pairs[i].left);
                        snprintf(right, sizeof right, ONE("right", "7", "%s"), swapped ? pairs[i].left : pairs[i].right);
                        PlaybookSet *set = playbook_set_new();
                        assert_int_equal(add(set, left), CODE_NONE);
                        if (add(set, right) != (pairs[i].overlap ? CODE_CONFLICT : CODE_NONE))
                                fail_msg("%s and %s", left, right);
                        playbook_set_free(set);
                }
        PlaybookSet *set = playbook_set_new();
        assert_int_equal(add(set, ONE("left", "7", "{'duty':'a'}")), CODE_NONE);
        assert_int_equal(add(set, ONE("right", "8", "{'duty':'a'}")), CODE_NONE); /* another priority decides */
        playbook_set_free(set);
}

static void test_match(void **state) {
        (void)state;
        PlaybookSet *set = playbook_set_new();
        assert_int_equal(add(set, ONE("any", "1", "{'report':{'kind':'hazard'}}")), CODE_NONE);
        assert_int_equal(add(set, ONE("fire", "9", "{'report':{'kind':'hazard','fields':{'n':{'min':3},'sort':'fire'}}}")), CODE_NONE);
        assert_int_equal(add(set, ONE("grave", "20", "{'report':{'kind':['hazard','flood'],'severity':['Severe','Extreme']}}")), CODE_NONE);
        cJSON *fields = json_of("{'n':3,'sort':'fire'}"), *few = json_of("{'n':2,'sort':'fire'}");
        assert_string_equal(playbook_name(playbook_set_match(set, TRIGGER_REPORT, "hazard", SEVERITY_MINOR, fields)), "fire");
        assert_string_equal(playbook_name(playbook_set_match(set, TRIGGER_REPORT, "hazard", SEVERITY_MINOR, few)), "any");
        assert_string_equal(playbook_name(playbook_set_match(set, TRIGGER_REPORT, "hazard", SEVERITY_MINOR, NULL)), "any");
        assert_string_equal(playbook_name(playbook_set_match(set, TRIGGER_REPORT, "hazard", SEVERITY_SEVERE, fields)), "grave");
        const Playbook *builtin = playbook_set_match(set, TRIGGER_REPORT, "quarrel", SEVERITY_SEVERE, fields);
        assert_string_equal(playbook_name(builtin), "acknowledge");
        assert_string_equal(playbook_hash(builtin), "");
        assert_true(playbook_start(builtin)->ends_on_accept);
        assert_ptr_equal(builtin, playbook_builtin(TRIGGER_REPORT));
        for (Trigger trigger = TRIGGER_WARNING; trigger <= TRIGGER_DEVICE; trigger++)
                assert_int_equal(playbook_trigger(playbook_builtin(trigger)), trigger);
        assert_true(playbook_set_names(set, TRIGGER_REPORT, "flood"));
        assert_false(playbook_set_names(set, TRIGGER_REPORT, "quarrel"));
        assert_false(playbook_set_names(set, TRIGGER_DUTY, "flood"));
        cJSON_Delete(fields);
        cJSON_Delete(few);
        playbook_set_free(set);
}

/* Versions stay; only the current one starts work; the undo puts the one before back. */
static void test_versions(void **state) {
        (void)state;
        PlaybookSet *set = playbook_set_new();
        char detail[160];
        assert_int_equal(add(set, BASE), CODE_NONE);
        char old[65], new[65];
        strcpy(old, playbook_hash(playbook_set_current(set, "base")));
        char *text = changed("version", "2");
        Playbook *two = playbook_new(text, strlen(text), detail, sizeof detail);
        assert_int_equal(playbook_set_add(set, two, true, detail, sizeof detail), CODE_NONE); /* no overlap with itself */
        strcpy(new, playbook_hash(two));
        assert_string_not_equal(old, new);
        assert_ptr_equal(playbook_set_current(set, "base"), two);
        assert_int_equal(playbook_version(playbook_set_find(set, old)), 1);
        playbook_set_forget(set, new, old);
        assert_int_equal(playbook_version(playbook_set_current(set, "base")), 1);
        assert_null(playbook_set_find(set, new));
        playbook_set_forget(set, old, "");
        assert_null(playbook_set_current(set, "base"));
        playbook_set_free(set);
        free(text);
}

static void test_fits(void **state) {
        (void)state;
        static const struct { const char *pointer, *value, *detail; } cases[] = {
                {"steps/one/to", "[{'unit':'room-1'},{'link':'mediation'},{'tag':'complex','tier':3}]", NULL},
                {"steps/one/form/d", "{'dict':'dispute-kind'}", NULL},
                {"steps/one/clocks", "{'*':{'finish':'PT1H','hours':'cn'}}", NULL},
                {"steps/one/to", "[{'origin':true},{'unit':'room-9'}]", "no unit room-9"},
                {"steps/one/inform", "[{'link':'cousin'}]", "no link type cousin"},
                {"steps/one/participants", "[{'tag':'rich'}]", "no tag rich"},
                {"steps/one/ladder/0/to", "[{'unit':'room-9'}]", "no unit room-9"},
                {"steps/one/then/1/to", "[{'unit':'room-9'}]", "no unit room-9"},
                {"steps/one/form/d", "{'dict':'colour'}", "no dictionary colour"},
                {"steps/one/clocks", "{'*':{'finish':'PT1H','hours':'de'}}", "no calendar de"},
                {"steps/one/ladder/0/clocks", "{'accept':'PT1H','hours':'de'}", "no calendar de"},
        };
        Organisation *organisation = small_organisation(), *empty = organisation_new(AREA, 480);
        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
                char *text = changed(cases[i].pointer, cases[i].value), detail[160];
                Playbook *playbook = playbook_new(text, strlen(text), detail, sizeof detail);
                if (!playbook)
                        fail_msg("%s", detail);
                assert_true(playbook_fits(playbook, empty, detail, sizeof detail));
                assert_int_equal(playbook_fits(playbook, organisation, detail, sizeof detail), cases[i].detail == NULL);
                if (cases[i].detail && !strstr(detail, cases[i].detail))
                        fail_msg("%s: %s", cases[i].value, detail);
                playbook_free(playbook);
                free(text);
        }
        organisation_free(organisation);
        organisation_free(empty);
}

static void test_severities(void **state) {
        (void)state;
        assert_int_equal(severity_parse("Extreme"), SEVERITY_EXTREME);
        assert_int_equal(severity_parse("extreme"), SEVERITY_UNKNOWN);
        assert_int_equal(severity_parse(NULL), SEVERITY_UNKNOWN);
        assert_string_equal(severity_name(SEVERITY_MODERATE), "Moderate");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_base), cmocka_unit_test(test_refusals), cmocka_unit_test(test_adds), cmocka_unit_test(test_adding), cmocka_unit_test(test_hostile),
                cmocka_unit_test(test_cycle_with_times), cmocka_unit_test(test_next), cmocka_unit_test(test_clocks),
                cmocka_unit_test(test_overlap), cmocka_unit_test(test_match), cmocka_unit_test(test_versions),
                cmocka_unit_test(test_fits), cmocka_unit_test(test_severities),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
