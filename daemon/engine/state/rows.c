#include "engine/state/rows.h"

#include <assert.h>
#include <string.h>

#include "proto/json.h"
#include "proto/timestamp.h"

void rows_init(Rows *rows, TableId table) {
        *rows = (Rows){.table = table};
        assert(table_describe(table)->n_columns <= ROWS_COLUMNS_MAX);
}

void rows_deinit(Rows *rows) {
        for (size_t i = 0; i < ROWS_COLUMNS_MAX; i++)
                text_deinit(&rows->columns[i]);
        text_deinit(&rows->scratch);
        rows->n = rows->at = 0;
}

void rows_reset(Rows *rows) {
        if (rows->n > 0 || rows->at > 0)
                for (size_t i = 0; i < table_describe(rows->table)->n_columns; i++)
                        text_reset(&rows->columns[i]);
        memset(rows->closed, 0, sizeof rows->closed);
        rows->n = rows->at = 0;
}

/* The next column, with what stands between two elements already written. */
static Text *rows_next(Rows *rows) {
        assert(!rows->closed[rows->at]);
        assert(rows->at < table_describe(rows->table)->n_columns);
        Text *column = &rows->columns[rows->at++];
        text_append_char(column, rows->n == 0 ? '{' : ',');
        return column;
}

/* An array element (PostgreSQL manual, 8.15.6): in quotes, with `"` and `\` escaped by a backslash. */
static void element_append(Text *column, const char *value) {
        char chunk[512];
        size_t n = 0;
        chunk[n++] = '"';
        for (; *value != '\0'; value++) {
                if (n > sizeof chunk - 3) {
                        text_append(column, chunk, n);
                        n = 0;
                }
                if (*value == '"' || *value == '\\')
                        chunk[n++] = '\\';
                chunk[n++] = *value;
        }
        chunk[n++] = '"';
        text_append(column, chunk, n);
}

void rows_text(Rows *rows, const char *value) {
        Text *column = rows_next(rows);
        if (value == NULL)
                text_append_string(column, "NULL");
        else
                element_append(column, value);
}

void rows_json(Rows *rows, const cJSON *value) {
        text_reset(&rows->scratch);
        json_append(&rows->scratch, value);
        rows_text(rows, text_string(&rows->scratch));
}

void rows_int(Rows *rows, int64_t value) {
        text_append_int(rows_next(rows), value);
}

void rows_bool(Rows *rows, bool value) {
        text_append_char(rows_next(rows), value ? 't' : 'f');
}

void rows_time(Rows *rows, int64_t ms) {
        Text *column = rows_next(rows);
        if (ms == TIMESTAMP_NONE)
                text_append_string(column, "NULL");
        else
                text_append_int(column, ms);
}

void rows_bytes(Rows *rows, const void *data, size_t n) {
        static const char digits[] = "0123456789abcdef";
        Text *column = rows_next(rows);
        if (data == NULL) {
                text_append_string(column, "NULL");
                return;
        }
        text_append_string(column, "\"\\\\x");
        for (size_t i = 0; i < n; i++) {
                text_append_char(column, digits[((const uint8_t *)data)[i] >> 4]);
                text_append_char(column, digits[((const uint8_t *)data)[i] & 15]);
        }
        text_append_char(column, '"');
}

void rows_end(Rows *rows) {
        assert(rows->at == table_describe(rows->table)->n_columns);
        rows->at = 0;
        rows->n++;
}

const char *rows_column(Rows *rows, size_t column) {
        assert(rows->at == 0 && column < table_describe(rows->table)->n_columns);
        Text *text = &rows->columns[column];
        if (rows->n == 0)
                return "{}";
        if (!rows->closed[column]) {
                text_append_char(text, '}');
                rows->closed[column] = true;
        }
        return text_string(text);
}
