/*
 * CSV (RFC 4180) with line numbers, so that a wrong cell can be found in a spreadsheet. UTF-8, an optional byte order mark,
 * CRLF or LF, quoted cells with doubled quotes, empty lines skipped. Reads from memory, changes the text in place.
 */
#ifndef POLICEGRID_CTL_CSV_H
#define POLICEGRID_CTL_CSV_H

#include <stdbool.h>
#include <stddef.h>

#define CSV_CELLS_MAX 32

typedef struct CsvReader {
        char *at;        /* into the caller's text */
        unsigned line;   /* of the row that comes next, from 1 */
} CsvReader;

typedef struct CsvRow {
        unsigned line;                /* where the row begins, from 1 */
        size_t n;
        char *cells[CSV_CELLS_MAX];   /* into the caller's text, blanks around them removed */
} CsvRow;

typedef enum CsvOutcome {
        CSV_ROW = 0,
        CSV_END,
        CSV_E_QUOTE,  /* a quoted cell that does not end, or text behind its closing quote */
        CSV_E_CELLS,  /* more than CSV_CELLS_MAX */
} CsvOutcome;

/* `text` is NUL-terminated and stays the caller's. */
void csv_start(CsvReader *reader, char *text);
CsvOutcome csv_next(CsvReader *reader, CsvRow *ret);

#endif
