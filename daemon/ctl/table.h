/*
 * Table: rows of text for a terminal, columns aligned by display width (a Chinese character is two columns wide).
 */
#ifndef POLICEGRID_CTL_TABLE_H
#define POLICEGRID_CTL_TABLE_H

#include <stddef.h>
#include "proto/text.h"

#define TERMINAL_COLUMNS_MAX 12

typedef struct TextTable TextTable;

/* `headings`: n_columns strings, copied. */
TextTable *text_table_new(size_t n_columns, const char *const *headings);
TextTable *text_table_free(TextTable *table);
/* Copies the cells; NULL counts as "". */
void text_table_add(TextTable *table, const char *const *cells);
size_t text_table_count(const TextTable *table);
/* Append the whole, with a rule under the headings, to *ret. */
void text_table_write(const TextTable *table, Text *ret);
/* Write the whole to standard output and free the table. */
void text_table_print(TextTable *table);

/* Columns that valid UTF-8 takes on a terminal: East Asian Wide and Fullwidth (UAX #11) are two, combining marks none. */
size_t text_width(const char *text);
/* Copies as much as fits `columns`, with "…" where something was cut. Control characters become "?". */
void text_clip(const char *text, size_t columns, char *buffer, size_t size);

#endif
