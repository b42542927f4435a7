#include "store/statement.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

static const Column note_columns[] = { { "area", "text" }, { "id", "uuid" }, { "at", "timestamptz" }, { "words", "text" } };
static const Table note = { "note", note_columns, 4, 2, false, "live", "born" };
static const Table log_line = { "log_line", note_columns, 4, 3, true, NULL, NULL };
static const Table plain = { "plain", note_columns, 4, 1, false, "true", NULL };

static void test_write_replaces_rows_by_key(void **state) {
        Text _cleanup_text_ sql = TEXT_INIT(0);
        (void)state;
        statement_write(&note, &sql);
        assert_string_equal(text_string(&sql),
                            "insert into policegrid.\"note\" (\"area\", \"id\", \"at\", \"words\")"
                            " select c1, c2, to_timestamp(c3::float8 / 1000), c4"
                            " from unnest($1::text[], $2::uuid[], $3::bigint[], $4::text[]) as cells(c1, c2, c3, c4)"
                            " on conflict (\"area\", \"id\") do update set \"at\" = excluded.\"at\", \"words\" = excluded.\"words\"");
}

static void test_write_of_a_log_never_replaces(void **state) {
        Text _cleanup_text_ sql = TEXT_INIT(0);
        (void)state;
        statement_write(&log_line, &sql);
        assert_null(strstr(text_string(&sql), "conflict"));
}

static void test_load_is_filtered_and_ordered(void **state) {
        Text _cleanup_text_ sql = TEXT_INIT(0);
        (void)state;
        statement_load(&note, &sql);
        assert_string_equal(text_string(&sql),
                            "select \"area\", \"id\", (extract(epoch from \"at\") * 1000)::bigint, \"words\" from policegrid.\"note\""
                            " where area = $1 and (live) order by born, \"area\", \"id\"");
        text_reset(&sql);
        statement_load(&plain, &sql);
        assert_non_null(strstr(text_string(&sql), "and (true) order by \"area\""));
}

static void test_lookup_by_part_of_a_key(void **state) {
        Text _cleanup_text_ sql = TEXT_INIT(0);
        (void)state;
        statement_lookup(&log_line, 1, &sql);
        assert_non_null(strstr(text_string(&sql), "where area = $1 and \"id\" = $2::uuid order by"));
        text_reset(&sql);
        statement_lookup(&log_line, 2, &sql);
        assert_non_null(strstr(text_string(&sql), "and \"id\" = $2::uuid and \"at\" = to_timestamp($3::float8 / 1000) order by"));
}

static void test_every_table_has_statements_and_short_names(void **state) {
        (void)state;
        for (int id = 0; id < TABLE_COUNT; id++) {
                const Table *table = table_describe((TableId)id);
                char name[STATEMENT_NAME_MAX];
                Text _cleanup_text_ sql = TEXT_INIT(0);
                assert_string_equal(table->columns[0].name, "area");
                assert_true(table->n_key >= 1 && table->n_key <= STATEMENT_KEY_MAX);
                statement_write(table, &sql);
                assert_false(sql.failed);
                statement_write_name(table, name);
                assert_non_null(strstr(name, table->name));
                for (size_t n_key = 1; n_key < table->n_key; n_key++)
                        statement_lookup_name(table, n_key, name);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_write_replaces_rows_by_key),
                cmocka_unit_test(test_write_of_a_log_never_replaces),
                cmocka_unit_test(test_load_is_filtered_and_ordered),
                cmocka_unit_test(test_lookup_by_part_of_a_key),
                cmocka_unit_test(test_every_table_has_statements_and_short_names),
        };
        return cmocka_run_group_tests_name("statement", tests, NULL, NULL);
}
