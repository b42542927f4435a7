/*
 * Rows: what a batch writes, column by column, in PostgreSQL's array text format (times as epoch milliseconds), so that `store` sends one statement per table
 * whatever the batch's size. Pure.
 */
#ifndef POLICEGRID_ENGINE_ROWS_H
#define POLICEGRID_ENGINE_ROWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cjson/cJSON.h>

#include "engine/state/table.h"
#include "proto/text.h"

#define ROWS_COLUMNS_MAX 56

typedef struct Rows {
        TableId table;
        size_t n;                       /* finished rows */
        size_t at;                      /* next column of the row being written */
        Text columns[ROWS_COLUMNS_MAX]; /* array literals; the closing brace comes with rows_column */
        Text scratch;                   /* a JSON cell before it is escaped */
        bool closed[ROWS_COLUMNS_MAX];  /* it has come; then no row may be added before a reset */
} Rows;

void rows_init(Rows *rows, TableId table);
void rows_deinit(Rows *rows);
void rows_reset(Rows *rows);
/* Cells of one row, in the table's column order; each call moves to the next column. rows_end asserts that all were given. */
void rows_text(Rows *rows, const char *value);            /* NULL = SQL NULL */
void rows_json(Rows *rows, const cJSON *value);           /* not NULL */
void rows_int(Rows *rows, int64_t value);
void rows_bool(Rows *rows, bool value);
void rows_time(Rows *rows, int64_t ms);                   /* TIMESTAMP_NONE = SQL NULL */
void rows_bytes(Rows *rows, const void *data, size_t n);  /* NULL = SQL NULL */
void rows_end(Rows *rows);
/* The finished literal of a column, e.g. `{1,2}`; owned by the rows. After the first call no row may be added until rows_reset. */
const char *rows_column(Rows *rows, size_t column);

#endif
