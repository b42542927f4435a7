#include "store/statement.h"

#include <assert.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define SCHEMA "policegrid."

static bool column_is_time(const Column *column) {
        return strcmp(column->type, "timestamptz") == 0;
}

static void append_columns(const Table *table, Text *ret) {
        for (size_t i = 0; i < table->n_columns; i++) {
                const Column *column = &table->columns[i];
                if (i > 0)
                        text_append_string(ret, ", ");
                if (column_is_time(column))
                        text_append_format(ret, "(extract(epoch from \"%s\") * 1000)::bigint", column->name);
                else
                        text_append_format(ret, "\"%s\"", column->name);
        }
}

static void append_names(const Table *table, size_t from, size_t until, Text *ret) {
        for (size_t i = from; i < until; i++)
                text_append_format(ret, "%s\"%s\"", i > from ? ", " : "", table->columns[i].name);
}

void statement_load(const Table *table, Text *ret) {
        assert(table->load_where);
        text_append_string(ret, "select ");
        append_columns(table, ret);
        text_append_format(ret, " from " SCHEMA "\"%s\" where area = $1 and (%s) order by ", table->name, table->load_where);
        if (table->load_order)
                text_append_format(ret, "%s, ", table->load_order);
        append_names(table, 0, table->n_key, ret);
}

/*
 * A warning is known by every CAP identifier of its chain, and by its id. The key is found first and compared as one value, so that
 * whatever a planner believes of empty tables, the row is read by its key; the area joins in as an expression, for the same reason.
 * CASE keeps the cast from what is no UUID.
 */
static void append_warning_key(Text *ret) {
        text_append_string(ret, " and \"id\" = coalesce((select w.\"id\" from " SCHEMA "\"warning\" w where"
                                " w.identifiers @> jsonb_build_array($2::text) and w.area || '' = $1 limit 1), case when"
                                " $2::text ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then $2::text::uuid end)");
}

void statement_lookup(const Table *table, size_t n_key, Text *ret) {
        assert(n_key >= 1 && n_key < table->n_key);
        text_append_string(ret, "select ");
        append_columns(table, ret);
        text_append_format(ret, " from " SCHEMA "\"%s\" where area = $1", table->name);
        const bool is_warning = table == table_describe(TABLE_WARNING);
        if (is_warning)
                append_warning_key(ret);
        for (size_t i = 1; i <= n_key && !is_warning; i++) {
                const Column *column = &table->columns[i];
                if (column_is_time(column))
                        text_append_format(ret, " and \"%s\" = to_timestamp($%zu::float8 / 1000)", column->name, i + 1);
                else
                        text_append_format(ret, " and \"%s\" = $%zu::%s", column->name, i + 1, column->type);
        }
        text_append_string(ret, " order by ");
        append_names(table, 0, table->n_key, ret);
}

/*
 * unnest of several arrays gives one row an element, cheaper than any VALUES list and of one shape whatever the batch's size. A
 * second row of the same key within one batch is an error of ours: ON CONFLICT refuses to touch a row twice (SQLSTATE 21000).
 */
void statement_write(const Table *table, Text *ret) {
        text_append_format(ret, "insert into " SCHEMA "\"%s\" (", table->name);
        append_names(table, 0, table->n_columns, ret);
        text_append_string(ret, ") select ");
        for (size_t i = 0; i < table->n_columns; i++)
                text_append_format(ret, column_is_time(&table->columns[i]) ? "%sto_timestamp(c%zu::float8 / 1000)" : "%sc%zu",
                                   i > 0 ? ", " : "", i + 1);
        text_append_string(ret, " from unnest(");
        for (size_t i = 0; i < table->n_columns; i++)
                text_append_format(ret, "%s$%zu::%s[]", i > 0 ? ", " : "", i + 1,
                                   column_is_time(&table->columns[i]) ? "bigint" : table->columns[i].type);
        text_append_string(ret, ") as cells(");
        for (size_t i = 0; i < table->n_columns; i++)
                text_append_format(ret, "%sc%zu", i > 0 ? ", " : "", i + 1);
        text_append_char(ret, ')');
        if (table->append_only)
                return;
        text_append_string(ret, " on conflict (");
        append_names(table, 0, table->n_key, ret);
        text_append_string(ret, ") do update set ");
        for (size_t i = table->n_key; i < table->n_columns; i++)
                text_append_format(ret, "%s\"%s\" = excluded.\"%s\"", i > table->n_key ? ", " : "", table->columns[i].name,
                                   table->columns[i].name);
}

void statement_write_name(const Table *table, char ret[static STATEMENT_NAME_MAX]) {
        int n = snprintf(ret, STATEMENT_NAME_MAX, "write_%s", table->name);
        assert(n > 0 && n < STATEMENT_NAME_MAX);
}

void statement_lookup_name(const Table *table, size_t n_key, char ret[static STATEMENT_NAME_MAX]) {
        int n = snprintf(ret, STATEMENT_NAME_MAX, "lookup_%s_%zu", table->name, n_key);
        assert(n > 0 && n < STATEMENT_NAME_MAX);
}
