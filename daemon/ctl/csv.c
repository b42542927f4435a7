#include "ctl/csv.h"

#include <string.h>

void csv_start(CsvReader *reader, char *text)
{
        if (strncmp(text, "\xef\xbb\xbf", 3) == 0)
                text += 3;
        *reader = (CsvReader){.at = text, .line = 1};
}

static bool is_blank(char c)
{
        return c == ' ' || c == '\t' || c == '\r';
}

static char *blanks_trim(char *start, char *end)
{
        while (end > start && is_blank(end[-1]))
                end--;
        *end = '\0';
        while (is_blank(*start))
                start++;
        return start;
}

/* A quoted cell, *at behind its opening quote; leaves *at on the separator behind it. NULL when it does not end well. */
static char *quoted_take(CsvReader *reader)
{
        char *start = reader->at, *write = reader->at;

        for (;; reader->at++) {
                if (*reader->at == '\0')
                        return NULL;
                if (*reader->at == '\n')
                        reader->line++;
                if (*reader->at == '"') {
                        if (reader->at[1] != '"')
                                break;
                        reader->at++;
                }
                *write++ = *reader->at;
        }
        reader->at++;
        *write = '\0';
        while (is_blank(*reader->at))
                reader->at++;
        return *reader->at == ',' || *reader->at == '\n' || *reader->at == '\0' ? start : NULL;
}

/* One cell; *ret_separator is what ended it: comma, newline or NUL. */
static char *cell_take(CsvReader *reader, char *ret_separator)
{
        char *start = reader->at;
        char *cell;

        while (is_blank(*start))
                start++;
        if (*start == '"') {
                reader->at = start + 1;
                cell = quoted_take(reader);
                if (cell == NULL)
                        return NULL;
                *ret_separator = *reader->at;
        } else {
                reader->at = start + strcspn(start, ",\n");
                *ret_separator = *reader->at;
                cell = start;
                start = reader->at;
                reader->at = start;
                cell = blanks_trim(cell, start);
        }
        if (*ret_separator != '\0') {
                if (*ret_separator == '\n')
                        reader->line++;
                reader->at++;
        }
        return cell;
}

CsvOutcome csv_next(CsvReader *reader, CsvRow *ret)
{
        while (*reader->at != '\0') {
                char separator = ',';

                *ret = (CsvRow){.line = reader->line};
                while (separator == ',') {
                        char *cell = cell_take(reader, &separator);

                        if (cell == NULL)
                                return CSV_E_QUOTE;
                        if (ret->n == CSV_CELLS_MAX)
                                return CSV_E_CELLS;
                        ret->cells[ret->n++] = cell;
                }
                if (ret->n > 1 || ret->cells[0][0] != '\0')
                        return CSV_ROW;
        }
        return CSV_END;
}
