/* Forms: results within bounds that may name earlier fields, codes of dictionaries, no words in results, and how a form is shown. */
#include "model.h"

#include <stdlib.h>
#include <string.h>

#include "engine/playbook/form.h"
#include "proto/json.h"

#define FORM "{'households':{'int':[0,2000]},'dissuaded':{'int':[0,{'of':'households'}],'title':{'zh':'劝阻','en':'Dissuaded'}}," \
             "'left':{'int':[{'of':'check.least'},{'of':'check.hazards'}],'optional':true}," \
             "'notice':{'choice':['none','written'],'titles':{'none':{'zh':'无','en':'None'}}}," \
             "'kind':{'dict':'dispute-kind','optional':true},'words':{'note':'required'}}"
#define DICTIONARIES "{'dispute-kind':{'land':{'zh':'土地','en':'Land'}}}"

static Code validate(const cJSON *form, const cJSON *result, const cJSON *results, const cJSON *dictionaries, bool partial, char detail[static 160]) {
        const FormScope scope = {.root = "result", .results = results, .dictionaries = dictionaries, .partial = partial};
        return form_validate(form, result, &scope, detail, 160);
}

static void test_validate(void **state) {
        (void)state;
        static const struct { const char *result, *place; bool partial; } cases[] = {
                {"{'households':10,'dissuaded':10,'notice':'none'}", NULL, false},
                {"{'households':10,'dissuaded':11,'notice':'none'}", "result.dissuaded", false},
                {"{'households':2001,'dissuaded':0,'notice':'none'}", "result.households", false},
                {"{'households':-1,'dissuaded':0,'notice':'none'}", "result.households", false},
                {"{'households':1.5,'dissuaded':0,'notice':'none'}", "result.households", false},
                {"{'households':'ten','dissuaded':0,'notice':'none'}", "result.households", false},
                {"{'households':10,'dissuaded':1}", "result.notice", false},
                {"{'households':10}", NULL, true},
                {"{'dissuaded':5}", NULL, true}, /* its bound has no value yet */
                {"{'dissuaded':-5}", "result.dissuaded", true},
                {"{'households':10,'dissuaded':1,'notice':'oral'}", "result.notice", false},
                {"{'households':10,'dissuaded':1,'notice':'none','left':4}", NULL, false},
                {"{'households':10,'dissuaded':1,'notice':'none','left':5}", "result.left", false},
                {"{'households':10,'dissuaded':1,'notice':'none','left':0}", "result.left", false},
                {"{'households':10,'dissuaded':1,'notice':'none','kind':'land'}", NULL, false},
                {"{'households':10,'dissuaded':1,'notice':'none','kind':'sea'}", "result.kind", false},
                {"{'households':10,'dissuaded':1,'notice':'none','kind':{}}", "result.kind", false},
                {"{'households':10,'dissuaded':1,'notice':'none','words':'Zhang'}", "result.words", false},
                {"{'households':10,'dissuaded':1,'notice':'none','other':1}", "result.other", false},
                {"{'households':null,'dissuaded':1,'notice':'none'}", "result.households", false},
                {"[]", "result", false},
                {"'x'", "result", true},
        };
        cJSON *form = json_of(FORM), *results = json_of("{'check':{'hazards':4,'least':1}}"), *dictionaries = json_of(DICTIONARIES);
        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
                char detail[160];
                cJSON *result = json_of(cases[i].result);
                Code code = validate(form, result, results, dictionaries, cases[i].partial, detail);
                if (code != (cases[i].place ? CODE_FORM : CODE_NONE))
                        fail_msg("%s: %s", cases[i].result, detail);
                if (cases[i].place && strncmp(detail, cases[i].place, strlen(cases[i].place)) != 0)
                        fail_msg("%s: %s", cases[i].result, detail);
                assert_null(strstr(detail, "Zhang")); /* what is refused is not repeated */
                cJSON_Delete(result);
        }
        char detail[160];
        assert_int_equal(validate(form, NULL, results, dictionaries, true, detail), CODE_NONE);
        assert_int_equal(validate(form, NULL, results, dictionaries, false, detail), CODE_FORM);
        cJSON *some = json_of("{'n':1}");
        assert_int_equal(validate(NULL, NULL, NULL, NULL, false, detail), CODE_NONE);
        assert_int_equal(validate(NULL, some, NULL, NULL, false, detail), CODE_FORM); /* no form: nothing to fill in */
        cJSON *trees[] = {form, results, dictionaries, some};
        for (size_t i = 0; i < 4; i++)
                cJSON_Delete(trees[i]);
}

static void test_describe(void **state) {
        (void)state;
        cJSON *form = json_of(FORM), *results = json_of("{'check':{'hazards':4}}"), *dictionaries = json_of(DICTIONARIES);
        cJSON *shown = form_describe(form, results, dictionaries);
        assert_int_equal(cJSON_GetArraySize(shown), 6);
        const cJSON *dissuaded = cJSON_GetArrayItem(shown, 1), *left = cJSON_GetArrayItem(shown, 2), *notice = cJSON_GetArrayItem(shown, 3);
        assert_string_equal(json_string(dissuaded, "name"), "dissuaded");
        assert_string_equal(json_string(dissuaded, "type"), "int");
        assert_string_equal(json_string(dissuaded, "title"), "劝阻");
        assert_string_equal(json_string(json_object(dissuaded, "max"), "of"), "households");
        assert_int_equal(json_int(left, "max", -1), 4);
        assert_true(json_bool(left, "optional", false));
        assert_string_equal(json_string(cJSON_GetArrayItem(json_array(notice, "choices"), 0), "zh"), "无");
        assert_string_equal(json_string(cJSON_GetArrayItem(json_array(notice, "choices"), 1), "zh"), "written");
        const cJSON *kind = cJSON_GetArrayItem(shown, 4), *words = cJSON_GetArrayItem(shown, 5);
        assert_string_equal(json_string(cJSON_GetArrayItem(json_array(kind, "choices"), 0), "en"), "Land");
        assert_string_equal(json_string(words, "type"), "note");
        assert_false(json_bool(words, "optional", false));
        cJSON *none = form_describe(NULL, NULL, NULL);
        assert_int_equal(cJSON_GetArraySize(none), 0);
        cJSON *trees[] = {form, results, dictionaries, shown, none};
        for (size_t i = 0; i < 5; i++)
                cJSON_Delete(trees[i]);
}

int main(void) {
        const struct CMUnitTest tests[] = {cmocka_unit_test(test_validate), cmocka_unit_test(test_describe)};
        return cmocka_run_group_tests(tests, NULL, NULL);
}
