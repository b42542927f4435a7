/* statistics: figures of past months taken whole or not at all, closed months in the log, the catalogue's figures, who asks for what. */
#include "fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/statistics/statistics.h"

#define APPLY "admin/catalogue-apply"
#define IMPORT "admin/figures-import"
#define SECTION(text) "{\"catalogue\":{\"catalogue\":\"town\",\"version\":1," text "}}"
#define FIGURES SECTION("\"figures\":{\"criminal\":{\"title\":{\"zh\":\"刑事\",\"en\":\"criminal\"}},\"order\":{}}")

/* ---- the catalogue ---- */

static void test_sections(void **state) {
        Fixture *fixture = *state;
        say_ok(fixture, ADMIN, APPLY, "%s", SECTION("\"figures\":{\"criminal\":{\"report\":\"incident\",\"where\":{\"class\":\"criminal\",\"n\":1,\"at_night\":true},"
               "\"sum\":\"people\",\"sensitive\":true},\"wages\":{\"task\":\"labour\",\"sum\":\"amount\"},\"old\":{}},"
               "\"campaigns\":{\"summer\":{\"title\":{\"zh\":\"夏\",\"en\":\"summer\"},\"from\":\"2026-06-01\",\"until\":\"2026-09-08\",\"kinds\":[\"patrol\",\"check\"]}},"
               "\"zero_days\":{\"burglary\":{\"report\":\"burglary\",\"baseline\":\"2021-03-01\"},\"fraud\":{\"report\":\"incident\",\"where\":{\"kind\":[\"telecom-fraud\",\"other\"]}}}"));
}

static void test_mistakes_of_sections(void **state) {
        Fixture *fixture = *state;
        static const struct { const char *sections, *detail; } cases[] = {
                {"\"figures\":{\"Criminal!\":{}}", "figures.?: 名称须为"},
                {"\"figures\":{\"criminal\":1}", "figures.criminal: 应为对象 / must be an object"},
                {"\"figures\":{\"criminal\":{\"colour\":1}}", "figures.criminal: 未知字段 colour"},
                {"\"figures\":{\"warnings\":{}}", "figures.warnings: 此名称已有别的含义 / this name has another meaning already"},
                {"\"figures\":{\"x\":{\"report\":\"a\",\"task\":\"b\"}}", "figures.x: report 与 task 只能有一个 / report or task, not both"},
                {"\"figures\":{\"x\":{\"sum\":\"people\"}}", "figures.x: where、sum 须与 report 或 task 同用"},
                {"\"figures\":{\"x\":{\"report\":\"A b\"}}", "figures.x.report: "},
                {"\"figures\":{\"x\":{\"report\":\"a\",\"sensitive\":\"yes\"}}", "figures.x.sensitive: 应为真假值 / must be true or false"},
                {"\"figures\":{\"x\":{\"report\":\"a\",\"where\":[]}}", "figures.x.where: 应为至多 8 个字段的对象"},
                {"\"figures\":{\"x\":{\"report\":\"a\",\"where\":{\"n\":1.5}}}", "figures.x.where: 条件须为 字段: 代码、整数、真假值，或其列表"},
                {"\"figures\":{\"x\":{\"report\":\"a\",\"where\":{\"n\":[]}}}", "figures.x.where: 条件须为"},
                {"\"zero_days\":{\"z\":{\"report\":\"a\",\"where\":{\"kind\":{}}}}", "zero_days.z.where: 条件须为"},
                {"\"campaigns\":{\"c\":{\"until\":\"2026-09-08\",\"kinds\":[\"a\"]}}", "campaigns.c.from: 须为日期，如 2026-06-01 / must be a date such as 2026-06-01"},
                {"\"campaigns\":{\"c\":{\"from\":\"2026-02-30\",\"until\":\"2026-09-08\",\"kinds\":[\"a\"]}}", "campaigns.c.from: 须为日期"},
                {"\"campaigns\":{\"c\":{\"from\":\"2026-06-0x\",\"until\":\"2026-09-08\",\"kinds\":[\"a\"]}}", "campaigns.c.from: 须为日期"},
                {"\"campaigns\":{\"c\":{\"from\":\"2026-06-02\",\"until\":\"2026-06-01\",\"kinds\":[\"a\"]}}", "campaigns.c: until 早于 from / until is before from"},
                {"\"campaigns\":{\"c\":{\"from\":\"2024-01-01\",\"until\":\"2026-01-01\",\"kinds\":[\"a\"]}}", "campaigns.c: 行动至多两年 / a campaign lasts two years at most"},
                {"\"campaigns\":{\"c\":{\"from\":\"2026-06-01\",\"until\":\"2026-06-01\",\"kinds\":[]}}", "campaigns.c.kinds: 须列出 1–64 个类别"},
                {"\"campaigns\":{\"c\":{\"from\":\"2026-06-01\",\"until\":\"2026-06-01\",\"kinds\":[\"a\",7]}}", "campaigns.c.kinds[1]: 须为上报类别或预案的名称"},
                {"\"campaigns\":{\"c\":{\"from\":\"2026-06-01\",\"until\":\"2026-06-01\",\"kinds\":[\"a\",\"a\"]}}", "campaigns.c.kinds[1]: 重复 a / twice a"},
                {"\"zero_days\":{\"z\":{}}", "zero_days.z"},
                {"\"zero_days\":{\"z\":{\"report\":\"a\",\"baseline\":\"yesterday\"}}", "zero_days.z.baseline: 须为日期"},
        };
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
                say_refused(fixture, CODE_CATALOGUE, ADMIN, APPLY, "{\"catalogue\":{\"catalogue\":\"town\",\"version\":1,%s}}", cases[i].sections);
                const char *detail = json_string(fixture->receipt, "detail");
                if (!strstr(detail, cases[i].detail))
                        fail_msg("%s: %s", cases[i].sections, detail);
        }
}

/* ---- imports ---- */

static void test_import(void **state) {
        Fixture *fixture = *state;
        say_ok(fixture, ADMIN, APPLY, "%s", FIGURES);
        const cJSON *receipt = say_ok(fixture, ADMIN, IMPORT, "{\"figures\":[\"criminal\",\"order\"],\"rows\":[[\"e1\",\"2025-11\",3,0],[\"e2\",\"2025-11\",null,920000000000]]}");
        assert_int_equal(json_int(json_object(receipt, "created"), "figures", 0), 3);
        assert_int_equal(fixture->n_rows[TABLE_FIGURE], 3);
        say_ok(fixture, ADMIN, IMPORT, "{\"figures\":[\"criminal\"],\"rows\":[[\"e1\",\"2025-11\",4]]}"); /* the same again, better known */
        assert_int_equal(fixture->n_rows[TABLE_FIGURE], 1);
        say_ok(fixture, ADMIN, IMPORT, "{\"figures\":[\"criminal\"],\"rows\":[[\"e1\",\"2026-10\",4]]}"); /* last month */
}

/* One bad row, and nothing of the import is there; the row is named. */
static void test_import_is_whole(void **state) {
        Fixture *fixture = *state;
        static const struct { Code code; const char *row, *detail; } cases[] = {
                {CODE_UNKNOWN_UNIT, "[\"nowhere\",\"2025-11\",1]", "rows[1]: 没有这个单位 / no such unit"},
                {CODE_UNKNOWN_UNIT, "[7,\"2025-11\",1]", "rows[1]: "},
                {CODE_TIME, "[\"e2\",\"2025-13\",1]", "rows[1]: 月份须写作 2025-11 / a month reads 2025-11"},
                {CODE_TIME, "[\"e2\",\"2025-1\",1]", "rows[1]: 月份"},
                {CODE_TIME, "[\"e2\",null,1]", "rows[1]: 月份"},
                {CODE_TIME, "[\"e2\",\"2026-11\",1]", "rows[1]: 这个月还没有过完 / the month has not ended"},
                {CODE_TIME, "[\"e2\",\"2027-01\",1]", "rows[1]: 这个月还没有过完"},
                {CODE_DUPLICATE, "[\"e1\",\"2025-11\",1]", "rows[1]: 这个单位这个月已出现过 / this unit's month has come before"},
                {CODE_RANGE, "[\"e2\",\"2025-11\",-1]", "rows[1]: 数字须为不小于 0 的整数 / an amount must be a whole number, 0 or more"},
                {CODE_RANGE, "[\"e2\",\"2025-11\",1.5]", "rows[1]: 数字"},
                {CODE_RANGE, "[\"e2\",\"2025-11\",\"3\"]", "rows[1]: 数字"},
                {CODE_RANGE, "[\"e2\",\"2025-11\",1000000000000001]", "rows[1]: 数字"},
                {CODE_TYPE, "[\"e2\",\"2025-11\"]", "rows[1]: 列数不符 / the number of cells differs"},
                {CODE_TYPE, "[\"e2\",\"2025-11\",1,2]", "rows[1]: 列数不符"},
                {CODE_TYPE, "{}", "rows[1]: 列数不符"},
        };
        say_ok(fixture, ADMIN, APPLY, "%s", FIGURES);
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
                say_refused(fixture, cases[i].code, ADMIN, IMPORT, "{\"figures\":[\"criminal\"],\"rows\":[[\"e1\",\"2025-11\",3],%s]}", cases[i].row);
                if (strstr(json_string(fixture->receipt, "detail"), cases[i].detail) == NULL)
                        fail_msg("%s: %s", cases[i].row, json_string(fixture->receipt, "detail"));
                assert_int_equal(fixture->n_rows[TABLE_FIGURE], 0);
        }
}

static void test_import_refused(void **state) {
        Fixture *fixture = *state;
        say_refused(fixture, CODE_UNKNOWN_TARGET, ADMIN, IMPORT, "{\"figures\":[\"criminal\"],\"rows\":[[\"e1\",\"2025-11\",3]]}"); /* no catalogue */
        say_ok(fixture, ADMIN, APPLY, "%s", FIGURES);
        say_refused(fixture, CODE_DENIED, COMMANDER, IMPORT, "{\"figures\":[\"criminal\"],\"rows\":[[\"e1\",\"2025-11\",3]]}");
        say_refused(fixture, CODE_MISSING, ADMIN, IMPORT, "{\"figures\":[\"criminal\"]}");
        say_refused(fixture, CODE_TYPE, ADMIN, IMPORT, "{\"figures\":\"criminal\",\"rows\":[]}");
        say_refused(fixture, CODE_RANGE, ADMIN, IMPORT, "{\"figures\":[],\"rows\":[[\"e1\",\"2025-11\"]]}");
        say_refused(fixture, CODE_RANGE, ADMIN, IMPORT, "{\"figures\":[\"criminal\"],\"rows\":[]}");
        say_refused(fixture, CODE_DUPLICATE, ADMIN, IMPORT, "{\"figures\":[\"criminal\",\"criminal\"],\"rows\":[[\"e1\",\"2025-11\",3,3]]}");
        say_refused(fixture, CODE_UNKNOWN_TARGET, ADMIN, IMPORT, "{\"figures\":[\"reports.x\"],\"rows\":[[\"e1\",\"2025-11\",3]]}");
        say_refused(fixture, CODE_MISSING, ADMIN, IMPORT, "{\"figures\":[\"criminal\"],\"rows\":[[\"e1\",\"2025-11\",null]]}");
        say_refused(fixture, CODE_UNKNOWN_FIELD, ADMIN, IMPORT, "{\"figures\":[\"criminal\"],\"rows\":[[\"e1\",\"2025-11\",3]],\"names\":[]}");
}

/* The month ends in the town, eight hours before it ends in Greenwich. */
static void test_a_month_ends_in_the_town(void **state) {
        Fixture *fixture = *state;
        say_ok(fixture, ADMIN, APPLY, "%s", FIGURES);
        pass(fixture, 9 * DAY + 5 * HOUR + 59 * MINUTE); /* Monday 30 November 23:59 */
        say_refused(fixture, CODE_TIME, ADMIN, IMPORT, "{\"figures\":[\"criminal\"],\"rows\":[[\"e1\",\"2026-11\",3]]}");
        pass(fixture, MINUTE);
        say_ok(fixture, ADMIN, IMPORT, "{\"figures\":[\"criminal\"],\"rows\":[[\"e1\",\"2026-11\",3]]}");
}

/* ---- books ---- */

static Code keep(Fixture *fixture, const char *text) {
        char detail[160];
        cJSON *books = cJSON_Parse(text);
        assert_non_null(books);
        engine_batch_begin(fixture->engine, &fixture->batch);
        Code code = engine_keep_books(fixture->engine, books, fixture->now, detail, sizeof detail);
        engine_batch_finish(fixture->engine);
        cJSON_Delete(books);
        return code;
}

static void test_books_become_rows(void **state) {
        Fixture *fixture = *state;
        assert_int_equal(keep(fixture, "{\"close\":{\"month\":\"2026-10\",\"units\":{\"e1\":{\"reports.patrol\":[4,4]},\"e2\":{}}}}"), CODE_NONE);
        assert_int_equal(fixture->batch.rows[TABLE_CLOSED_MONTH].n, 2);
        assert_non_null(strstr(rows_column(&fixture->batch.rows[TABLE_CLOSED_MONTH], 4), "reports.patrol"));
        assert_non_null(strstr(rows_column(&fixture->batch.rows[TABLE_CLOSED_MONTH], 6), "NULL,NULL"));
        engine_batch_commit(fixture->engine);
        static const char correct[] = "{\"correct\":{\"month\":\"2026-10\",\"units\":{\"e1\":{\"closed_at\":1793577600000,\"closed\":{\"reports.patrol\":[4,4]},"
                                      "\"now\":{\"reports.patrol\":[%d,%d]}}}}}";
        char text[256];
        snprintf(text, sizeof text, correct, 5, 5);
        assert_int_equal(keep(fixture, text), CODE_NONE);
        assert_string_equal(rows_column(&fixture->batch.rows[TABLE_CLOSED_MONTH], 3), "{\"1793577600000\"}"); /* when it closed, not now */
        assert_non_null(strstr(rows_column(&fixture->batch.rows[TABLE_CLOSED_MONTH], 6), "[5,5]"));
        engine_batch_commit(fixture->engine);
        snprintf(text, sizeof text, correct, 4, 4); /* taken back: nothing differs any more */
        assert_int_equal(keep(fixture, text), CODE_NONE);
        assert_string_equal(rows_column(&fixture->batch.rows[TABLE_CLOSED_MONTH], 6), "{NULL}");
        engine_batch_commit(fixture->engine);
}

static void test_books_that_make_no_sense_are_not_kept(void **state) {
        Fixture *fixture = *state;
        static const char *const texts[] = {
                "{\"close\":{\"units\":{}}}", "{\"close\":{\"month\":\"2026-1\",\"units\":{}}}", "{\"close\":{\"month\":\"2026-10\"}}",
                "{\"close\":{\"month\":\"2026-10\",\"units\":{\"e1\":[]}}}", "{\"close\":{\"month\":\"2026-10\",\"units\":{\"e1\":{\"x\":[1]}}}}",
                "{\"close\":{\"month\":\"2026-10\",\"units\":{\"e1\":{\"x\":[1,\"2\"]}}}}",
                "{\"correct\":{\"month\":\"2026-10\",\"units\":{\"e1\":{\"closed\":{},\"now\":{}}}}}",
                "{\"correct\":{\"month\":\"2026-10\",\"units\":{\"e1\":{\"closed_at\":1,\"now\":{}}}}}",
        };
        for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
                assert_int_equal(keep(fixture, texts[i]), CODE_INTERNAL);
                assert_int_equal(fixture->batch.rows[TABLE_CLOSED_MONTH].n, 0);
                engine_batch_rollback(fixture->engine);
        }
        cJSON *empty = cJSON_Parse("{}");
        assert_false(engine_books_are_due(empty));
        cJSON_Delete(empty);
}

/* ---- questions ---- */

static void test_the_daemons_questions(void **state) {
        Fixture *fixture = *state;
        EngineQuery query;
        engine_month_question(fixture->engine, MONTH_QUESTION_DOCUMENTS, START, 3, &query);
        assert_string_equal(query.name, "month_documents");
        assert_string_equal(query.parameters[0], AREA);
        assert_string_equal(query.parameters[1], "2026-11");
        assert_string_equal(query.parameters[2], "3");
        engine_query_deinit(&query);
        engine_month_question(fixture->engine, MONTH_QUESTION_DOCUMENTS, START + 9 * DAY + 6 * HOUR, 0, &query);
        assert_string_equal(query.parameters[1], "2026-12"); /* midnight in the town */
        engine_query_deinit(&query);
        engine_month_question(fixture->engine, MONTH_QUESTION_BOOKS, START, 13, &query);
        assert_string_equal(query.name, "month_books");
        assert_string_equal(query.parameters[1], "1795255200000");
        engine_query_deinit(&query);
}

static void expect(Fixture *fixture, Who who, const char *body, const char *full, const char *asked) {
        EngineQuery query;
        assert_int_equal(ask(fixture, who, &query, "%s", body), CODE_NONE);
        assert_string_equal(query.parameters[1], full);
        assert_string_equal(query.parameters[2], asked);
        engine_query_deinit(&query);
}

/* The second parameter, whose figures are read in full, does not depend on the unit asked about; the third does. */
static void test_who_reads_figures_in_full(void **state) {
        Fixture *fixture = *state;
        expect(fixture, COMMANDER, "{\"query\":\"month\",\"unit\":\"east\"}", "{town,east,west,e1,e2,e3,w1}", "{east}");
        expect(fixture, EAST_OFFICER, "{\"query\":\"month\"}", "{east,e1,e2,e3}", "{east,e1,e2,e3}");
        expect(fixture, E1_WORKER, "{\"query\":\"period\"}", "{e1}", "{e1}");
        expect(fixture, E1_VOLUNTEER, "{\"query\":\"rate\"}", "{}", "{e1}");
        expect(fixture, DASHBOARD, "{\"query\":\"month\",\"unit\":\"e1\"}", "{}", "{e1}");
        expect(fixture, AUDITOR, "{\"query\":\"trace\",\"figure\":\"reports.patrol\"}", "{town,east,west,e1,e2,e3,w1}", "{town,east,west,e1,e2,e3,w1}");
}

static void refused(Fixture *fixture, Code code, Who who, const char *body) {
        EngineQuery query;
        assert_int_equal(ask(fixture, who, &query, "%s", body), code);
        engine_query_deinit(&query);
}

static void test_refused_questions(void **state) {
        Fixture *fixture = *state;
        refused(fixture, CODE_DENIED, DASHBOARD, "{\"query\":\"trace\",\"figure\":\"x\"}"); /* a wall shows no rows */
        refused(fixture, CODE_DENIED, E1_VOLUNTEER, "{\"query\":\"trace\",\"figure\":\"x\"}");
        refused(fixture, CODE_DENIED, ADMIN, "{\"query\":\"month\"}");
        refused(fixture, CODE_FORBIDDEN, E1_WORKER, "{\"query\":\"month\",\"unit\":\"e2\"}");
        refused(fixture, CODE_UNKNOWN_UNIT, E1_WORKER, "{\"query\":\"month\",\"unit\":\"nowhere\"}");
        static const struct { Code code; const char *body; } cases[] = {
                {CODE_RANGE, "{\"query\":\"month\",\"month\":\"2026-13\"}"},   {CODE_TYPE, "{\"query\":\"month\",\"month\":11}"},
                {CODE_RANGE, "{\"query\":\"period\",\"from\":\"2026-02-30\"}"}, {CODE_RANGE, "{\"query\":\"period\",\"until\":\"2026-11-21T00:00:00Z\"}"},
                {CODE_RANGE, "{\"query\":\"rate\",\"by\":\"member\"}"},        {CODE_RANGE, "{\"query\":\"hazards\",\"by\":\"source\"}"},
                {CODE_MISSING, "{\"query\":\"ranking\"}"},                      {CODE_RANGE, "{\"query\":\"ranking\",\"figure\":\"a b\"}"},
                {CODE_RANGE, "{\"query\":\"ranking\",\"figure\":\"x\",\"tier\":4}"}, {CODE_TYPE, "{\"query\":\"ranking\",\"figure\":\"x\",\"tier\":\"3\"}"},
                {CODE_MISSING, "{\"query\":\"trace\"}"},                        {CODE_TYPE, "{\"query\":\"trace\",\"figure\":7}"},
        };
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
                refused(fixture, cases[i].code, COMMANDER, cases[i].body);
        refused(fixture, CODE_UNKNOWN_KIND, COMMANDER, "{\"query\":\"month_books\"}"); /* the daemon's own */
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(test_sections), TEST(test_mistakes_of_sections), TEST(test_import), TEST(test_import_is_whole), TEST(test_import_refused),
                TEST(test_a_month_ends_in_the_town), TEST(test_books_become_rows), TEST(test_books_that_make_no_sense_are_not_kept),
                TEST(test_the_daemons_questions), TEST(test_who_reads_figures_in_full), TEST(test_refused_questions),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
