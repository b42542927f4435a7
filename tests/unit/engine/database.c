#include "town.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/state/field.h"

void database_init(Database *database) {
        *database = (Database){0};
        for (int table = 0; table < TABLE_COUNT; table++)
                database->tables[table] = map_new();
}

static void row_free(Row *row) {
        for (size_t i = 0; i < row->n; i++)
                free(row->cells[i]);
        free(row->cells);
        free(row);
}

void database_deinit(Database *database) {
        for (int table = 0; table < TABLE_COUNT; table++) {
                size_t cursor = 0;
                for (Row *row; (row = map_next(database->tables[table], &cursor, NULL)) != NULL;)
                        row_free(row);
                map_free(database->tables[table]);
        }
        free(database->events);
}

/* One element of an array literal; *at moves behind it and its comma. */
static char *element_read(const char **at) {
        const char *text = *at;
        char *value, *out;
        if (*text != '"') {
                size_t n = strcspn(text, ",}");
                value = n == 4 && memcmp(text, "NULL", 4) == 0 ? NULL : strndup(text, n);
                *at = text + n + (text[n] == ',');
                return value;
        }
        out = value = malloc(strlen(text));
        for (text++; *text != '"'; text++) {
                if (*text == '\\')
                        text++;
                *out++ = *text;
        }
        *out = '\0';
        text++;
        *at = text + (*text == ',');
        return value;
}

static void key_of(const Row *row, TableId table, char *ret, size_t size) {
        size_t n = 0;
        for (size_t i = 0; i < table_describe(table)->n_key; i++)
                n += (size_t)snprintf(ret + n, size - n, "%s ", row->cells[i] == NULL ? "" : row->cells[i]);
        assert_true(n < size);
}

static void row_apply(Database *database, TableId table, Row *row, Map *seen) {
        char key[512];
        const Table *description = table_describe(table);
        key_of(row, table, key, sizeof key);
        if (map_find(seen, key) != NULL)
                fail_msg("two rows of %s for %s in one batch", description->name, key);
        map_set(seen, key, row);
        Row *before = map_find(database->tables[table], key);
        if (before != NULL && description->append_only)
                fail_msg("%s is append-only: %s", description->name, key);
        if (before != NULL)
                row_free(before);
        map_set(database->tables[table], key, row);
        if (table == TABLE_EVENT) {
                if (database->n_events == database->events_capacity) {
                        database->events_capacity = database->events_capacity == 0 ? 256 : database->events_capacity * 2;
                        database->events = realloc(database->events, database->events_capacity * sizeof(Row *));
                }
                database->events[database->n_events++] = row;
        }
}

static void table_apply(Database *database, TableId table, Rows *rows) {
        const size_t n_columns = table_describe(table)->n_columns;
        Row **made = calloc(rows->n, sizeof *made);
        Map *seen = map_new();
        for (size_t i = 0; i < rows->n; i++) {
                made[i] = calloc(1, sizeof(Row));
                made[i]->n = n_columns;
                made[i]->cells = calloc(n_columns, sizeof(char *));
        }
        for (size_t column = 0; column < n_columns; column++) {
                const char *at = rows_column(rows, column) + 1;
                for (size_t i = 0; i < rows->n; i++)
                        made[i]->cells[column] = element_read(&at);
                assert_string_equal(at, "}");
        }
        for (size_t i = 0; i < rows->n; i++)
                row_apply(database, table, made[i], seen);
        map_free(seen);
        free(made);
}

void database_apply(Database *database, Batch *batch) {
        for (int table = 0; table < TABLE_COUNT; table++)
                if (batch->rows[table].n > 0)
                        table_apply(database, (TableId)table, &batch->rows[table]);
}

size_t database_count(const Database *database, TableId table) {
        return map_count(database->tables[table]);
}

const char *row_cell(TableId table, const Row *row, const char *column) {
        const Table *description = table_describe(table);
        for (size_t i = 0; i < description->n_columns; i++)
                if (strcmp(description->columns[i].name, column) == 0)
                        return row->cells[i];
        fail_msg("no column %s", column);
        return NULL;
}

static void rows_assert_equal(TableId table, const char *key, const Row *left, const Row *right) {
        const Table *description = table_describe(table);
        if (left == NULL || right == NULL)
                fail_msg("%s %s: only on one side", description->name, key);
        for (size_t i = 0; i < left->n; i++) {
                if (table == TABLE_AREA && strcmp(description->columns[i].name, "seq") == 0)
                        continue; /* a rejected command takes a number and leaves no event */
                const char *a = left->cells[i], *b = right->cells[i];
                if ((a == NULL) != (b == NULL) || (a != NULL && strcmp(a, b) != 0))
                        fail_msg("%s %s %s: %s | %s", description->name, key, description->columns[i].name, a == NULL ? "NULL" : a,
                                 b == NULL ? "NULL" : b);
        }
}

void database_assert_equal(const Database *left, const Database *right) {
        for (int table = 0; table < TABLE_COUNT; table++) {
                const char *key;
                if (table == TABLE_OUTCOME || table == TABLE_EVENT || table == TABLE_PRIVATE_TEXT)
                        continue;
                size_t cursor = 0;
                for (Row *row; (row = map_next(left->tables[table], &cursor, &key)) != NULL;)
                        rows_assert_equal((TableId)table, key, row, map_find(right->tables[table], key));
                assert_int_equal(map_count(left->tables[table]), map_count(right->tables[table]));
        }
}

/* ---- loading ---- */
static TableId order_table;

static int64_t cell_number(TableId table, const Row *row, const char *column) {
        return strtoll(row_cell(table, row, column), NULL, 10);
}

static int row_compare(const void *a, const void *b) {
        const Row *left = *(Row *const *)a, *right = *(Row *const *)b;
        const char *column = table_describe(order_table)->load_order;
        int64_t x, y;
        if (column == NULL)
                return 0;
        const char *number = strcmp(column, "born") == 0 ? "born" : strcmp(column, "version") == 0 ? "version" : "changed_seq";
        x = cell_number(order_table, left, number);
        y = cell_number(order_table, right, number);
        if (x != y)
                return x < y ? -1 : 1;
        return strcmp(left->cells[1], right->cells[1]);
}

static bool row_is_loaded(TableId table, const Row *row) {
        const char *where = table_describe(table)->load_where;
        if (where == NULL)
                return false;
        if (strcmp(where, "true") == 0)
                return true;
        if (strcmp(where, "not ended") == 0)
                return *row_cell(table, row, "ended") == 'f';
        return *row_cell(table, row, where) == 't';
}

void database_load(const Database *database, Engine *engine) {
        const char *why = "";
        for (int table = 0; table < TABLE_COUNT; table++) {
                Row **rows = calloc(map_count(database->tables[table]) + 1, sizeof *rows);
                size_t n = 0, cursor = 0;
                for (Row *row; (row = map_next(database->tables[table], &cursor, NULL)) != NULL;)
                        if (row_is_loaded((TableId)table, row))
                                rows[n++] = row;
                order_table = (TableId)table;
                qsort(rows, n, sizeof *rows, row_compare);
                for (size_t i = 0; i < n; i++)
                        if (engine_load_row(engine, (TableId)table, (const char *const *)rows[i]->cells, &why) != 0)
                                fail_msg("%s: %s", table_describe((TableId)table)->name, why);
                free(rows);
        }
        if (engine_load_finish(engine, 1, &why) != 0)
                fail_msg("%s", why);
}

static Object *next_object(const State *state, ObjectKind kind, size_t *cursor) {
        switch (kind) {
        case OBJECT_WARNING: return (Object *)state_next_warning(state, cursor);
        case OBJECT_NOTICE: return (Object *)state_next_notice(state, cursor);
        case OBJECT_REPORT: return (Object *)state_next_report(state, cursor);
        case OBJECT_TASK: return (Object *)state_next_task(state, cursor);
        case OBJECT_ESCALATION: return (Object *)state_next_escalation(state, cursor);
        case OBJECT_DEVICE: return (Object *)state_next_device(state, cursor);
        case OBJECT_CONTACT: return (Object *)state_next_contact(state, cursor);
        case OBJECT_HOLDER: return (Object *)state_next_holder(state, cursor);
        case OBJECT_REDEMPTION: return (Object *)state_next_redemption(state, cursor);
        case OBJECT_DUTY: return (Object *)state_next_duty(state, cursor);
        case OBJECT_ROUND: return (Object *)state_next_round(state, cursor);
        case OBJECT_SHIFT: return (Object *)state_next_shift(state, cursor);
        default: return NULL;
        }
}

void database_assert_matches(const Database *database, Engine *engine) {
        Batch batch;
        Database written;
        batch_init(&batch);
        database_init(&written);
        for (int kind = 0; kind < OBJECT_KIND_COUNT; kind++) {
                const TableId table = object_rule((ObjectKind)kind)->table;
                size_t cursor = 0, n_live = 0, row_cursor = 0;
                const char *key;
                for (Object *object; (object = next_object(engine_state(engine), (ObjectKind)kind, &cursor)) != NULL;)
                        object_write_row(object, engine_area(engine), &batch.rows[table]);
                if (batch.rows[table].n > 0)
                        table_apply(&written, table, &batch.rows[table]);
                for (Row *row; (row = map_next(database->tables[table], &row_cursor, NULL)) != NULL;)
                        n_live += *row_cell(table, row, "live") == 't';
                if (kind != OBJECT_CASE)
                        assert_int_equal(batch.rows[table].n, n_live);
                row_cursor = 0;
                for (Row *row; (row = map_next(written.tables[table], &row_cursor, &key)) != NULL;)
                        rows_assert_equal(table, key, row, map_find(database->tables[table], key));
        }
        database_deinit(&written);
        batch_deinit(&batch);
}
