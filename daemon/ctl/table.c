#include "ctl/table.h"

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct TextTable {
        size_t n_columns, n_cells, capacity;
        char **cells;  /* owned, row by row, the headings first */
};

/* One character at *text; moves on. Invalid bytes come out one by one as U+FFFD. */
static uint32_t character_take(const char **text)
{
        const unsigned char *s = (const unsigned char *)*text;
        unsigned n = s[0] < 0x80 ? 0 : (s[0] >> 5) == 6 ? 1 : (s[0] >> 4) == 14 ? 2 : (s[0] >> 3) == 30 ? 3 : 4;
        uint32_t code = s[0];

        if (n > 0 && n < 4) {
                code = s[0] & (0x3fu >> n);
                for (unsigned i = 1; i <= n; i++) {
                        if ((s[i] & 0xc0) != 0x80) {
                                n = 4;
                                break;
                        }
                        code = code << 6 | (s[i] & 0x3f);
                }
        }
        *text += n < 4 ? n + 1 : 1;
        return n < 4 ? code : 0xfffd;
}

static bool character_is_wide(uint32_t c)
{
        return (c >= 0x1100 && c <= 0x115f) || (c >= 0x2e80 && c <= 0x303e) || (c >= 0x3041 && c <= 0xa4cf) ||
               (c >= 0xac00 && c <= 0xd7a3) || (c >= 0xf900 && c <= 0xfaff) || (c >= 0xfe30 && c <= 0xfe6f) ||
               (c >= 0xff00 && c <= 0xff60) || (c >= 0xffe0 && c <= 0xffe6) || (c >= 0x1f300 && c <= 0x1faff) ||
               (c >= 0x20000 && c <= 0x3fffd);
}

static unsigned character_width(uint32_t c)
{
        if (c < 0x20 || c == 0x7f || (c >= 0x300 && c <= 0x36f) || (c >= 0x200b && c <= 0x200f) || (c >= 0xfe00 && c <= 0xfe0f))
                return 0;
        return character_is_wide(c) ? 2 : 1;
}

size_t text_width(const char *text)
{
        size_t width = 0;

        while (*text != '\0')
                width += character_width(character_take(&text));
        return width;
}

void text_clip(const char *text, size_t columns, char *buffer, size_t size)
{
        size_t n = 0, width = 0;
        bool cut = text_width(text) > columns;

        assert(size > 4);
        while (*text != '\0') {
                const char *start = text;
                uint32_t c = character_take(&text);
                unsigned own = character_width(c);
                size_t bytes = (size_t)(text - start);

                if (width + own + (cut ? 1 : 0) > columns || n + bytes + 4 > size)
                        break;
                if (c < 0x20 || c == 0x7f || c == 0xfffd)
                        buffer[n++] = '?';
                else {
                        memcpy(buffer + n, start, bytes);
                        n += bytes;
                }
                width += own;
        }
        if (cut) {
                memcpy(buffer + n, "…", strlen("…"));
                n += strlen("…");
        }
        buffer[n] = '\0';
}

TextTable *text_table_new(size_t n_columns, const char *const *headings)
{
        TextTable *table = calloc(1, sizeof *table);

        assert(n_columns > 0 && n_columns <= TERMINAL_COLUMNS_MAX);
        if (table == NULL)
                abort();
        table->n_columns = n_columns;
        text_table_add(table, headings);
        return table;
}

TextTable *text_table_free(TextTable *table)
{
        if (table == NULL)
                return NULL;
        for (size_t i = 0; i < table->n_cells; i++)
                free(table->cells[i]);
        free(table->cells);
        free(table);
        return NULL;
}

void text_table_add(TextTable *table, const char *const *cells)
{
        if (table->n_cells + table->n_columns > table->capacity) {
                table->capacity = table->capacity * 2 + 16 * table->n_columns;
                table->cells = realloc(table->cells, table->capacity * sizeof *table->cells);
                if (table->cells == NULL)
                        abort();
        }
        for (size_t i = 0; i < table->n_columns; i++) {
                char clipped[512];

                text_clip(cells[i] != NULL ? cells[i] : "", 100, clipped, sizeof clipped);
                table->cells[table->n_cells] = strdup(clipped);
                if (table->cells[table->n_cells++] == NULL)
                        abort();
        }
}

size_t text_table_count(const TextTable *table)
{
        return table->n_cells / table->n_columns - 1;
}

static void repeated_append(Text *text, const char *string, size_t n)
{
        while (n-- > 0)
                text_append_string(text, string);
}

void text_table_write(const TextTable *table, Text *ret)
{
        size_t widths[TERMINAL_COLUMNS_MAX] = {0};
        size_t n_rows = table->n_cells / table->n_columns;

        for (size_t i = 0; i < table->n_cells; i++) {
                size_t width = text_width(table->cells[i]);

                if (width > widths[i % table->n_columns])
                        widths[i % table->n_columns] = width;
        }
        for (size_t row = 0; row < n_rows; row++) {
                for (size_t column = 0; column < table->n_columns; column++) {
                        const char *cell = table->cells[row * table->n_columns + column];

                        text_append_string(ret, cell);
                        if (column + 1 < table->n_columns)
                                repeated_append(ret, " ", widths[column] - text_width(cell) + 2);
                }
                text_append_char(ret, '\n');
                for (size_t column = 0; row == 0 && column < table->n_columns; column++) {
                        repeated_append(ret, "─", widths[column]);
                        text_append_string(ret, column + 1 < table->n_columns ? "  " : "\n");
                }
        }
}

void text_table_print(TextTable *table)
{
        _cleanup_text_ Text out = {0};

        text_table_write(table, &out);
        fputs(text_string(&out), stdout);
        text_table_free(table);
}
