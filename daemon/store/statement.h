/*
 * Statement: the SQL of the engine's tables, made from table_describe and nothing else. Pure.
 *
 * Cells are texts in both directions. timestamptz travels as Unix milliseconds, so that neither side formats or parses dates;
 * everything else as PostgreSQL prints it.
 */
#ifndef POLICEGRID_STORE_STATEMENT_H
#define POLICEGRID_STORE_STATEMENT_H

#include <stddef.h>

#include "engine/state/table.h"
#include "proto/text.h"

#define STATEMENT_NAME_MAX 48
/* Key columns of any table, the area included. */
#define STATEMENT_KEY_MAX 4

/* Rows of the working set in the order of loading; $1 = area. */
void statement_load(const Table *table, Text *ret);
/* Rows by the area ($1) and the first `n_key` key columns after it ($2…), by key. */
void statement_lookup(const Table *table, size_t n_key, Text *ret);
/* Insert the rows of array literals $1…$n_columns; where the table is not append-only, rows with known keys are replaced. */
void statement_write(const Table *table, Text *ret);

/* Names of the prepared statements: `write_task`, `lookup_task_1`. */
void statement_write_name(const Table *table, char ret[static STATEMENT_NAME_MAX]);
void statement_lookup_name(const Table *table, size_t n_key, char ret[static STATEMENT_NAME_MAX]);

#endif
