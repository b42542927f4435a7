/*
 * The catalogue through the engine's own door: applied whole or refused whole with place and reason, versions kept, what is rolled back
 * is gone, an organisation cannot take away what the catalogue names; and what kinds of reports it makes.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../field/fixture.h"
#include "engine/catalogue/catalogue.h"
#include "engine/state/state.h"

#define APPLY "admin/catalogue-apply"
#define CATALOGUE(version, sections) "{\"catalogue\":{\"catalogue\":\"small\",\"version\":" version sections "}}"
#define KINDS(kinds) ",\"report_kinds\":{" kinds "}"
#define PATROL "\"patrol\":{\"title\":{\"zh\":\"巡逻\",\"en\":\"Patrol\"},\"form\":{\"people\":{\"int\":[1,20]}}}"

static const Catalogue *current(Fixture *fixture) { return state_catalogue(engine_state(fixture->engine)); }

static void test_applying(void **state) {
        Fixture *fixture = *state;
        assert_int_equal(catalogue_version(current(fixture)), 0);
        assert_null(catalogue_section(current(fixture), "report_kinds"));
        const cJSON *receipt = say_ok(fixture, ADMIN, APPLY, "%s", CATALOGUE("2", KINDS(PATROL)));
        assert_string_equal(created(receipt, "catalogue"), "small");
        assert_int_equal(json_int(json_object(receipt, "created"), "version", 0), 2);
        assert_int_equal(fixture->n_rows[TABLE_CATALOGUE], 1);
        assert_non_null(catalogue_report_kind(current(fixture), "patrol"));
        assert_null(catalogue_report_kind(current(fixture), "visit"));
        assert_null(catalogue_section(current(fixture), "version"));
        say_ok(fixture, ADMIN, APPLY, "%s", CATALOGUE("2", KINDS(PATROL))); /* the same again */
        assert_int_equal(fixture->n_rows[TABLE_CATALOGUE], 0);
        say_refused(fixture, CODE_CONFLICT, ADMIN, APPLY, "%s", CATALOGUE("2", ""));
        say_refused(fixture, CODE_CONFLICT, ADMIN, APPLY, "%s", CATALOGUE("1", ""));
        say_ok(fixture, ADMIN, APPLY, "%s", CATALOGUE("3", ""));
        assert_int_equal(fixture->n_rows[TABLE_CATALOGUE], 2); /* version 2 is current no more */
        assert_null(catalogue_section(current(fixture), "report_kinds"));
}

static void test_only_an_administrator(void **state) {
        Fixture *fixture = *state;
        for (int who = COMMANDER; who < WHO_COUNT; who++)
                say_refused(fixture, CODE_DENIED, (Who)who, APPLY, "%s", CATALOGUE("1", ""));
        assert_int_equal(catalogue_version(current(fixture)), 0);
}

/* What is rolled back is gone; two versions in one batch leave one current row. */
static void test_rolled_back(void **state) {
        Fixture *fixture = *state;
        say_ok(fixture, ADMIN, APPLY, "%s", CATALOGUE("1", KINDS(PATROL)));
        State *inner = engine_state(fixture->engine);
        char detail[160];
        static const char text[] = "{\"catalogue\":\"small\",\"version\":5}";
        engine_batch_begin(fixture->engine, &fixture->batch);
        state_replace_catalogue(inner, catalogue_new(text, sizeof text - 1, detail, sizeof detail));
        assert_int_equal(catalogue_version(current(fixture)), 5);
        engine_batch_rollback(fixture->engine);
        assert_int_equal(catalogue_version(current(fixture)), 1);
        assert_non_null(catalogue_report_kind(current(fixture), "patrol"));
}

static void test_mistakes(void **state) {
        Fixture *fixture = *state;
        static const struct { const char *sections, *detail; } cases[] = {
                {",\"extra\":{}", "未知的部分 extra / unknown section extra"},
                {",\"report_kinds\":[]", "report_kinds: 应为对象 / must be an object"},
                {KINDS("\"Patrol!\":{}"), "report_kinds.?: 名称须为"},
                {KINDS("\"patrol\":7"), "report_kinds.patrol: 应为对象 / must be an object"},
                {KINDS("\"patrol\":{\"colour\":1}"), "report_kinds.patrol: 未知字段 colour / unknown field colour"},
                {KINDS("\"patrol\":{\"title\":{\"fr\":\"x\"}}"), "report_kinds.patrol.title: 未知字段 fr"},
                {KINDS("\"patrol\":{\"answer\":\"yes\"}"), "report_kinds.patrol.answer: 应为真假值 / must be true or false"},
                {KINDS("\"patrol\":{\"sensitive\":1}"), "report_kinds.patrol.sensitive: 应为真假值"},
                {KINDS("\"patrol\":{\"contact\":1}"), "report_kinds.patrol.contact: 应为真假值"},
                {KINDS("\"patrol\":{\"form\":{}}"), "report_kinds.patrol.form: 表单须有1至32个字段"},
                {KINDS("\"patrol\":{\"form\":{\"people\":{\"int\":[2,1]}}}"), "report_kinds.patrol.form.people: 下限大于上限 / lowest is above highest"},
                {KINDS("\"patrol\":{\"form\":{\"left\":{\"int\":[0,{\"of\":\"check.hazards\"}]}}}"), "report_kinds.patrol.form.left: 没有这个整数字段"},
                {KINDS("\"patrol\":{\"form\":{\"sort\":{\"dict\":\"nowhere\"}}}"), "report_kinds.patrol.form.sort: 没有字典 nowhere / no dictionary nowhere"},
                {KINDS("\"patrol\":{\"form\":{\"who\":{\"member\":false}}}"), "report_kinds.patrol.form.who: member、holder 只能为 true / member and holder can only be true"},
                {KINDS("\"patrol\":{\"form\":{\"at\":{\"place\":\"A B\"}}}"), "report_kinds.patrol.form.at: place 须为场所类别"},
                {KINDS("\"patrol\":{\"form\":{\"at\":{\"place\":\"shop\",\"int\":[0,1]}}}"), "report_kinds.patrol.form.at: 须恰有 int"},
                {",\"title\":{\"zh\":\"\"}", "title.zh: 应为文字 / must be text"},
        };
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
                say_refused(fixture, CODE_CATALOGUE, ADMIN, APPLY, "{\"catalogue\":{\"catalogue\":\"small\",\"version\":1%s}}", cases[i].sections);
                const char *detail = json_string(fixture->receipt, "detail");
                if (!strstr(detail, cases[i].detail))
                        fail_msg("%s: %s", cases[i].sections, detail);
        }
        assert_int_equal(catalogue_version(current(fixture)), 0);
}

static void test_head(void **state) {
        Fixture *fixture = *state;
        say_refused(fixture, CODE_MISSING, ADMIN, APPLY, "{}");
        say_refused(fixture, CODE_TYPE, ADMIN, APPLY, "{\"catalogue\":\"small\"}");
        say_refused(fixture, CODE_UNKNOWN_FIELD, ADMIN, APPLY, "{\"catalogue\":{\"catalogue\":\"small\",\"version\":1},\"more\":1}");
        say_refused(fixture, CODE_CATALOGUE, ADMIN, APPLY, "{\"catalogue\":{\"version\":1}}");
        say_refused(fixture, CODE_CATALOGUE, ADMIN, APPLY, "{\"catalogue\":{\"catalogue\":\"Small\",\"version\":1}}");
        static const char *const versions[] = {"0", "-1", "1.5", "\"1\"", "null", "4294967296"};
        for (size_t i = 0; i < sizeof versions / sizeof versions[0]; i++)
                say_refused(fixture, CODE_CATALOGUE, ADMIN, APPLY, "{\"catalogue\":{\"catalogue\":\"small\",\"version\":%s}}", versions[i]);
}

/* A form may not ask who somebody is, also where no message is looked at: a file that is checked offline. */
static void test_forms_ask_nobody_for_a_name(void **state) {
        (void)state;
        static const struct { const char *field; bool fits; } cases[] = {{"people", true}, {"mobile", false}, {"id_card", false}, {"face", false}};
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
                char text[256], detail[160];
                snprintf(text, sizeof text, "{\"catalogue\":\"small\",\"version\":1,\"report_kinds\":{\"k\":{\"form\":{\"%s\":{\"int\":[0,1]}}}}}", cases[i].field);
                Catalogue *catalogue = catalogue_new(text, strlen(text), detail, sizeof detail);
                assert_non_null(catalogue);
                assert_int_equal(catalogue_fits(catalogue, NULL, NULL, detail, sizeof detail), cases[i].fits);
                assert_true(cases[i].fits || strstr(detail, "不可询问个人身份"));
                catalogue_free(catalogue);
        }
}

/* Bounds: one entry more than a section may hold. */
static void test_too_many_entries(void **state) {
        (void)state;
        char detail[160];
        for (int n = CATALOGUE_ITEMS_MAX; n <= CATALOGUE_ITEMS_MAX + 1; n++) {
                cJSON *tree = cJSON_Parse("{\"catalogue\":\"small\",\"version\":1,\"report_kinds\":{}}");
                for (int i = 0; i < n; i++) {
                        char name[16];
                        snprintf(name, sizeof name, "k%d", i);
                        cJSON_AddItemToObject(cJSON_GetObjectItem(tree, "report_kinds"), name, cJSON_CreateObject());
                }
                char *text = json_print(tree);
                Catalogue *catalogue = catalogue_new(text, strlen(text), detail, sizeof detail);
                assert_int_equal(catalogue != NULL, n == CATALOGUE_ITEMS_MAX);
                catalogue_free(catalogue);
                free(text);
                cJSON_Delete(tree);
        }
        assert_non_null(strstr(detail, "report_kinds: 条目过多 / too many entries"));
}

/* An organisation file may not take away a dictionary that the catalogue names; another change is welcome. */
static void test_organisation_keeps_what_is_named(void **state) {
        Fixture *fixture = *state;
        say_ok(fixture, ADMIN, APPLY, "%s", CATALOGUE("1", KINDS("\"flood\":{\"form\":{\"where\":{\"dict\":\"tag\"}}}")));
        cJSON *file = cJSON_Parse(organisation_file_text(state_organisation(engine_state(fixture->engine))));
        cJSON_SetNumberValue(cJSON_GetObjectItem(file, "version"), 90);
        char *whole = json_print(file);
        cJSON_DeleteItemFromObject(file, "dictionaries");
        cJSON *unit;
        cJSON_ArrayForEach(unit, cJSON_GetObjectItem(file, "units"))
                cJSON_DeleteItemFromObject(unit, "tags");
        char *without = json_print(file);
        say_refused(fixture, CODE_ORGANISATION, ADMIN, "admin/organisation-apply", "{\"organisation\":%s}", without);
        assert_non_null(strstr(json_string(fixture->receipt, "detail"), "catalogue: report_kinds.flood.form.where"));
        say_ok(fixture, ADMIN, "admin/organisation-apply", "{\"organisation\":%s}", whole);
        free(whole);
        free(without);
        cJSON_Delete(file);
}

/* A form and the playbooks that its reports start must fit each other, whichever comes first: else the playbook would never start. */
static void test_forms_and_playbooks(void **state) {
        Fixture *fixture = *state;
        say_refused(fixture, CODE_CATALOGUE, ADMIN, APPLY, "%s", CATALOGUE("1", KINDS("\"high-water\":{\"form\":{\"metres\":{\"int\":[0,9]}}}")));
        assert_non_null(strstr(json_string(fixture->receipt, "detail"), "report_kinds.high-water.form.level: 表单没有这个字段"));
        say_refused(fixture, CODE_CATALOGUE, ADMIN, APPLY, "%s", CATALOGUE("1", KINDS("\"high-water\":{\"form\":{\"level\":{\"choice\":[\"low\"]}}}")));
        say_ok(fixture, ADMIN, APPLY, "%s", CATALOGUE("1", KINDS("\"high-water\":{\"form\":{\"level\":{\"int\":[0,9]}}}")));
#define BOOK(version, field)                                                                                                                      \
        "{\"playbook\":{\"playbook\":\"ebb\",\"version\":" version ",\"priority\":60,\"start\":\"s\",\"when\":{\"report\":{\"kind\":\"high-water\"," \
        "\"fields\":{\"" field "\":1}}},\"steps\":{\"s\":{\"to\":[{\"origin\":true}]}}}}"
        say_refused(fixture, CODE_PLAYBOOK, ADMIN, "admin/playbook-apply", "%s", BOOK("1", "depth"));
        assert_non_null(strstr(json_string(fixture->receipt, "detail"), "depth: 表单没有这个字段"));
        say_ok(fixture, ADMIN, "admin/playbook-apply", "%s", BOOK("1", "level"));
}

/* Kinds are data: those of the catalogue and of playbooks, and while no catalogue names any, the basic ones. */
static void test_kinds_of_reports(void **state) {
        Fixture *fixture = *state;
        say_ok(fixture, E1_WORKER, "tier3/e1/report", "{\"kind\":\"rescue\",\"fields\":{\"birds\":60}}");
        say_refused(fixture, CODE_UNKNOWN_KIND, E1_WORKER, "tier3/e1/report", "{\"kind\":\"beehive\"}");
        say_ok(fixture, ADMIN, APPLY, "%s", CATALOGUE("1", KINDS("\"beehive\":{\"answer\":true}," PATROL)));
        const cJSON *receipt = say_ok(fixture, E1_WORKER, "tier3/e1/report", "{\"kind\":\"beehive\"}");
        assert_int_equal(state_report(engine_state(fixture->engine), created(receipt, "report"))->state, REPORT_OPEN);
        receipt = say_ok(fixture, E1_WORKER, "tier3/e1/report", "{\"kind\":\"patrol\",\"fields\":{\"people\":2}}");
        say_refused(fixture, CODE_UNKNOWN_KIND, E1_WORKER, "tier3/e1/report", "{\"kind\":\"rescue\"}");
        say_ok(fixture, E1_WORKER, "tier3/e1/report", "{\"kind\":\"dispute\"}"); /* a playbook starts from it */
}

/* A report of a kind with a form: every field is asked for, bounded, of a known code, of somebody and somewhere within the unit. */
#define CHECKED "\"checked\":{\"form\":{\"places\":{\"int\":[1,20]},\"hazards\":{\"int\":[0,{\"of\":\"places\"}]},"                                \
        "\"wages\":{\"int\":[0,100000000000],\"optional\":true},\"way\":{\"choice\":[\"foot\",\"car\"],\"optional\":true},"                      \
        "\"sort\":{\"dict\":\"tag\",\"optional\":true},\"with\":{\"member\":true,\"optional\":true},\"shop\":{\"place\":\"shop\",\"optional\":true},"    \
        "\"card\":{\"holder\":true,\"optional\":true}}}"
#define TOLD "\"told\":{\"form\":{\"words\":{\"note\":\"required\"}}}"

static void test_forms_of_reports(void **state) {
        Fixture *fixture = *state;
        say_ok(fixture, ADMIN, APPLY, "%s", CATALOGUE("1", KINDS(CHECKED "," TOLD)));
        static const struct { Code code; Who who; const char *fields, *detail; } cases[] = {
                {CODE_NONE, E1_WORKER, "\"places\":20,\"hazards\":20", NULL},
                {CODE_NONE, E1_WORKER, "\"places\":3,\"hazards\":0,\"way\":\"car\",\"sort\":\"river\",\"wages\":92000000000,\"shop\":\"shop-1\",\"card\":\"0001\"", NULL},
                {CODE_FORM, E1_WORKER, "\"places\":21,\"hazards\":0", "fields.places: 数值超出范围 1–20 / number out of range 1–20"},
                {CODE_FORM, E1_WORKER, "\"places\":0,\"hazards\":0", "fields.places"},
                {CODE_FORM, E1_WORKER, "\"places\":3,\"hazards\":4", "fields.hazards: 数值超出范围 0–3"},
                {CODE_FORM, E1_WORKER, "\"places\":3,\"hazards\":-1", "fields.hazards"},
                {CODE_TYPE, E1_WORKER, "\"places\":3.5,\"hazards\":0", "fields.places"},
                {CODE_FORM, E1_WORKER, "\"places\":3", "fields.hazards: 缺少 / missing"},
                {CODE_FORM, E1_WORKER, "\"places\":3,\"hazards\":0,\"way\":\"boat\"", "fields.way: 没有这个选项 / no such choice"},
                {CODE_FORM, E1_WORKER, "\"places\":3,\"hazards\":0,\"sort\":\"lake\"", "fields.sort: 没有这个选项 / no such choice"},
                {CODE_FORM, E1_WORKER, "\"places\":3,\"hazards\":0,\"extra\":1", "fields.extra: 表单没有这个字段 / the form has no such field"},
                {CODE_FORM, E1_WORKER, "\"places\":3,\"hazards\":0,\"card\":\"123\"", "fields.card: 应为4至12位卡号"},
                {CODE_FORM, E1_WORKER, "\"places\":3,\"hazards\":0,\"card\":\"12-45\"", "fields.card"},
                {CODE_FORM, E1_WORKER, "\"places\":3,\"hazards\":0,\"shop\":\"nowhere\"", "fields.shop: 没有这个场所，类别应为 shop / no such place of kind shop"},
                {CODE_FORM, E2_WORKER, "\"places\":3,\"hazards\":0,\"shop\":\"shop-1\"", "fields.shop: 该场所不在本单位及下级"},
                {CODE_FORM, E1_WORKER, "\"places\":3,\"hazards\":0,\"with\":\"somebody\"", "fields.with: 本单位及下级没有这个成员 / no such member in this unit or below"},
                {CODE_FORM, E1_WORKER, "\"places\":3,\"hazards\":0,\"with\":7", "fields.with: 应为成员编号"},
        };
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
                const char *topic = cases[i].who == E2_WORKER ? "tier3/e2/report" : "tier3/e1/report";
                const cJSON *receipt = say(fixture, cases[i].who, topic, "{\"kind\":\"checked\",\"fields\":{%s}}", cases[i].fields);
                const char *code = json_string(receipt, "code"), *detail = json_string(receipt, "detail");
                if (strcmp(code ? code : "", code_name(cases[i].code)) != 0 || (cases[i].detail && !strstr(detail, cases[i].detail)))
                        fail_msg("%s: %s %s", cases[i].fields, code, detail);
        }
        say_refused(fixture, CODE_FORM, E1_WORKER, "tier3/e1/report", "{\"kind\":\"checked\"}");
        say_refused(fixture, CODE_TYPE, E1_WORKER, "tier3/e1/report", "{\"kind\":\"checked\",\"fields\":[]}");
}

/* Who was there must sit in the unit or below, now; what a form wants in words comes as the message's note. */
static void test_members_and_words(void **state) {
        Fixture *fixture = *state;
        say_ok(fixture, ADMIN, APPLY, "%s", CATALOGUE("1", KINDS("\"drill\":{\"form\":{\"who\":{\"member\":true}}}," TOLD)));
#define DRILL(who) "{\"kind\":\"drill\",\"fields\":{\"who\":\"%s\"}}", fixture->members[who]
        say_ok(fixture, E1_WORKER, "tier3/e1/report", DRILL(E1_VOLUNTEER));
        say_ok(fixture, EAST_OFFICER, "tier2/east/report", DRILL(E1_VOLUNTEER));
        say_refused(fixture, CODE_FORM, E1_WORKER, "tier3/e1/report", DRILL(E2_WORKER));
        say_refused(fixture, CODE_FORM, E1_WORKER, "tier3/e1/report", DRILL(EAST_OFFICER));
        say_refused(fixture, CODE_FORM, EAST_OFFICER, "tier2/east/report", DRILL(W1_WORKER));
        say_ok(fixture, ADMIN, "admin/member-revoke", "{\"member\":\"%s\"}", fixture->members[E1_VOLUNTEER]);
        say_refused(fixture, CODE_FORM, E1_WORKER, "tier3/e1/report", DRILL(E1_VOLUNTEER));
        say_refused(fixture, CODE_FORM, E1_WORKER, "tier3/e1/report", "{\"kind\":\"told\"}");
        assert_non_null(strstr(json_string(fixture->receipt, "detail"), "(note: words: 缺少 / missing)"));
        say_ok(fixture, E1_WORKER, "tier3/e1/report", "{\"kind\":\"told\",\"note\":\"路灯坏了\"}");
}

/* The place of the form is the report's. */
static void test_place_of_form(void **state) {
        Fixture *fixture = *state;
        say_ok(fixture, ADMIN, APPLY, "%s", CATALOGUE("1", KINDS("\"round\":{\"form\":{\"shop\":{\"place\":\"shop\"}}}")));
        say_ok(fixture, E1_WORKER, "tier3/e1/report", "{\"kind\":\"round\",\"fields\":{\"shop\":\"shop-1\"}}");
        assert_string_equal(rows_column(&fixture->batch.rows[TABLE_REPORT], 16), "{\"shop-1\"}");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_applying, fixture_setup, fixture_teardown),
                cmocka_unit_test_setup_teardown(test_only_an_administrator, fixture_setup, fixture_teardown),
                cmocka_unit_test_setup_teardown(test_rolled_back, fixture_setup, fixture_teardown),
                cmocka_unit_test_setup_teardown(test_mistakes, fixture_setup, fixture_teardown),
                cmocka_unit_test_setup_teardown(test_head, fixture_setup, fixture_teardown),
                cmocka_unit_test_setup_teardown(test_organisation_keeps_what_is_named, fixture_setup, fixture_teardown),
                cmocka_unit_test_setup_teardown(test_forms_and_playbooks, fixture_setup, fixture_teardown),
                cmocka_unit_test_setup_teardown(test_kinds_of_reports, fixture_setup, fixture_teardown),
                cmocka_unit_test_setup_teardown(test_forms_of_reports, fixture_setup, fixture_teardown),
                cmocka_unit_test_setup_teardown(test_members_and_words, fixture_setup, fixture_teardown),
                cmocka_unit_test_setup_teardown(test_place_of_form, fixture_setup, fixture_teardown),
                cmocka_unit_test(test_forms_ask_nobody_for_a_name),
                cmocka_unit_test(test_too_many_entries),
        };
        return cmocka_run_group_tests_name("catalogue", tests, NULL, NULL);
}
