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

/* The tree with what stands at `a/b/0/c` replaced by a copy of `value`, or taken out when that is NULL. */
static void change(cJSON *tree, const char *pointer, const cJSON *value) {
        char path[128];
        snprintf(path, sizeof path, "%s", pointer);
        cJSON *at = tree;
        char *part = strtok(path, "/"), *next;
        for (; (next = strtok(NULL, "/")); part = next)
                assert_non_null(at = cJSON_IsArray(at) ? cJSON_GetArrayItem(at, atoi(part)) : cJSON_GetObjectItem(at, part));
        if (cJSON_IsArray(at)) {
                cJSON_ReplaceItemInArray(at, atoi(part), cJSON_Duplicate(value, true));
                return;
        }
        cJSON_DeleteItemFromObject(at, part);
        if (value)
                cJSON_AddItemToObject(at, part, cJSON_Duplicate(value, true));
}

/* Refused whole, with the place in front and the reason in both languages. */
static void expect_mistake(const cJSON *base, const cJSON *mistake) {
        cJSON *tree = cJSON_Duplicate(base, true);
        const char *pointer = json_string(mistake, "at"), *place = json_string(mistake, "place"), *says = json_string(mistake, "says");
        change(tree, pointer, cJSON_GetObjectItemCaseSensitive(mistake, "is"));
        char *text = json_print(tree), detail[160];
        Playbook *playbook = playbook_new(text, strlen(text), detail, sizeof detail);
        if (playbook)
                fail_msg("taken: %s", text);
        const char *english = strstr(detail, " / ");
        bool placed = strncmp(detail, place, strlen(place)) == 0 && (!*place || strncmp(detail + strlen(place), ": ", 2) == 0);
        if (!placed || !english || !strstr(english, says))
                fail_msg("%s: %s, expected %s: … / %s", pointer, detail, place, says);
        free(text);
        cJSON_Delete(tree);
}

static void test_mistakes(void **state) {
        (void)state;
        size_t n;
        char *text = read_source("tests/unit/model/playbook_mistakes.json", &n);
        cJSON *file = cJSON_Parse(text), *base = cJSON_GetObjectItem(file, "base");
        const cJSON *mistake;
        char *good = json_print(base), detail[160];
        Playbook *playbook = playbook_new(good, strlen(good), detail, sizeof detail);
        if (!playbook)
                fail_msg("%s", detail); /* nothing but the mistake is wrong */
        assert_true(cJSON_GetArraySize(json_array(file, "mistakes")) > 150);
        cJSON_ArrayForEach(mistake, json_array(file, "mistakes"))
                expect_mistake(base, mistake);
        playbook_free(playbook);
        free(good);
        cJSON_Delete(file);
        free(text);
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
                cmocka_unit_test(test_base), cmocka_unit_test(test_mistakes), cmocka_unit_test(test_adds), cmocka_unit_test(test_adding), cmocka_unit_test(test_hostile),
                cmocka_unit_test(test_cycle_with_times), cmocka_unit_test(test_next), cmocka_unit_test(test_clocks),
                cmocka_unit_test(test_overlap), cmocka_unit_test(test_match), cmocka_unit_test(test_versions),
                cmocka_unit_test(test_fits), cmocka_unit_test(test_severities),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
