#include "ctl/figures.h"

#include <stdlib.h>
#include <string.h>

#include "ctl/csv.h"

#define AMOUNT_DIGITS_MAX 15
#define FAULTS_MAX 20 /* told at once */

typedef struct Reading {
        Figures *figures;
        Language language;
        Text *faults;
        unsigned n_faults;
        size_t n_cells;     /* of every row: those of the heading */
        cJSON *rows;
} Reading;

static bool fault(Reading *reading, unsigned line, const char *zh, const char *en, const char *word)
{
        if (++reading->n_faults <= FAULTS_MAX)
                text_append_format(reading->faults, language_pick(reading->language, "第 %u 行:%s%s%s\n", "line %u: %s%s%s\n"), line,
                                   language_pick(reading->language, zh, en), *word ? " " : "", word);
        return false;
}

static bool heading_read(Reading *reading, const CsvRow *row)
{
        cJSON *names = cJSON_AddArrayToObject(reading->figures->body, "figures");

        if (row->n < 3 || strcmp(row->cells[0], "unit") != 0 || strcmp(row->cells[1], "month") != 0)
                return fault(reading, row->line, "表头须为 unit,month,数字名…", "the heading must be unit,month,NAME…", "");
        for (size_t i = 2; i < row->n; i++)
                cJSON_AddItemToArray(names, cJSON_CreateString(row->cells[i]));
        reading->n_cells = row->n;
        return true;
}

static bool month_is_sound(const char *month)
{
        return strlen(month) == 7 && month[4] == '-' && strspn(month, "0123456789") == 4 && strspn(month + 5, "0123456789") == 2 &&
               strcmp(month + 5, "00") > 0 && strcmp(month + 5, "13") < 0;
}

static bool amount_add(Reading *reading, const CsvRow *row, size_t i, cJSON *item)
{
        const char *cell = row->cells[i];
        size_t n = strlen(cell);

        if (n == 0)
                return cJSON_AddItemToArray(item, cJSON_CreateNull());
        if (n > AMOUNT_DIGITS_MAX || strspn(cell, "0123456789") != n)
                return fault(reading, row->line, "数字须为不小于 0 的整数:", "an amount must be a whole number, 0 or more:", cell);
        return cJSON_AddItemToArray(item, cJSON_CreateNumber(strtod(cell, NULL)));
}

static void line_keep(Figures *figures, unsigned line)
{
        if (figures->n_rows == figures->capacity) {
                figures->capacity = figures->capacity * 2 + 256;
                figures->lines = realloc(figures->lines, figures->capacity * sizeof *figures->lines);
                if (figures->lines == NULL)
                        abort();
        }
        figures->lines[figures->n_rows++] = line;
}

static bool row_read(Reading *reading, const CsvRow *row)
{
        cJSON *item;
        bool sound = true;

        if (row->n == 1 && row->cells[0][0] == '\0')
                return true; /* an empty line */
        if (row->n != reading->n_cells)
                return fault(reading, row->line, "列数与表头不符", "not as many cells as the heading", "");
        if (!month_is_sound(row->cells[1]))
                return fault(reading, row->line, "月份须写作 2025-11:", "a month reads 2025-11:", row->cells[1]);
        item = cJSON_CreateArray();
        cJSON_AddItemToArray(item, cJSON_CreateString(row->cells[0]));
        cJSON_AddItemToArray(item, cJSON_CreateString(row->cells[1]));
        for (size_t i = 2; i < row->n; i++)
                sound = amount_add(reading, row, i, item) && sound;
        cJSON_AddItemToArray(reading->rows, item);
        line_keep(reading->figures, row->line);
        return sound;
}

static bool rows_read(Reading *reading, CsvReader *csv)
{
        CsvRow row;

        for (CsvOutcome outcome; (outcome = csv_next(csv, &row)) != CSV_END;) {
                if (outcome == CSV_E_QUOTE)
                        return fault(reading, row.line, "引号不成对", "quotes do not match", "");
                if (outcome == CSV_E_CELLS)
                        return fault(reading, row.line, "列太多", "too many cells", "");
                if (reading->n_cells == 0 ? !heading_read(reading, &row) : (row_read(reading, &row), false))
                        return false;
        }
        if (reading->figures->n_rows == 0 && reading->n_faults == 0)
                return fault(reading, 1, "没有数字", "no figures", "");
        return reading->n_faults == 0;
}

bool figures_read(char *text, Language language, Figures *ret, Text *ret_faults)
{
        Reading reading = {.figures = ret, .language = language, .faults = ret_faults};
        CsvReader csv;

        *ret = (Figures){.body = cJSON_CreateObject()};
        csv_start(&csv, text);
        reading.rows = cJSON_CreateArray();
        bool sound = rows_read(&reading, &csv);

        cJSON_AddItemToObject(ret->body, "rows", reading.rows);
        return sound;
}

void figures_deinit(Figures *figures)
{
        cJSON_Delete(figures->body);
        free(figures->lines);
        *figures = (Figures){0};
}
