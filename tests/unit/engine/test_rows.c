/* Rows: PostgreSQL's array literals, hostile text included. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "engine/state/field.h"
#include "engine/state/rows.h"
#include "proto/timestamp.h"

static void test_literals(void **state) {
        Rows rows;
        (void)state;
        rows_init(&rows, TABLE_AREA); /* text, bigint, jsonb */
        assert_string_equal(rows_column(&rows, 0), "{}");
        rows_text(&rows, "a\"b\\c{},NULL '");
        rows_int(&rows, INT64_MIN);
        rows_text(&rows, NULL);
        rows_end(&rows);
        rows_text(&rows, "");
        rows_time(&rows, TIMESTAMP_NONE);
        rows_text(&rows, "NULL");
        rows_end(&rows);
        assert_string_equal(rows_column(&rows, 0), "{\"a\\\"b\\\\c{},NULL '\",\"\"}");
        assert_string_equal(rows_column(&rows, 1), "{-9223372036854775808,NULL}");
        assert_string_equal(rows_column(&rows, 2), "{NULL,\"NULL\"}");
        assert_string_equal(rows_column(&rows, 2), "{NULL,\"NULL\"}"); /* asked twice */
        rows_reset(&rows);
        rows_text(&rows, "x");
        rows_bool(&rows, true);
        rows_bytes(&rows, "\x00\xff", 2);
        rows_end(&rows);
        assert_string_equal(rows_column(&rows, 1), "{t}");
        assert_string_equal(rows_column(&rows, 2), "{\"\\\\x00ff\"}");
        rows_deinit(&rows);
}

/* The descriptors of objects name the columns of their tables, one for one. */
static void test_fields_are_columns(void **state) {
        (void)state;
        for (int kind = 0; kind < OBJECT_KIND_COUNT; kind++) {
                const ObjectRule *rule = object_rule((ObjectKind)kind);
                const Table *table = table_describe(rule->table);
                assert_int_equal(rule->n_fields + 1, table->n_columns);
                assert_string_equal(table->columns[0].name, "area");
                for (size_t i = 0; i < rule->n_fields; i++)
                        assert_string_equal(rule->fields[i].name, table->columns[i + 1].name);
        }
}

static void test_tables(void **state) {
        (void)state;
        for (int id = 0; id < TABLE_COUNT; id++) {
                const Table *table = table_describe((TableId)id);
                assert_true(table->n_columns <= ROWS_COLUMNS_MAX);
                assert_true(table->n_key >= 1 && table->n_key < table->n_columns);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_literals),
                cmocka_unit_test(test_fields_are_columns),
                cmocka_unit_test(test_tables),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
