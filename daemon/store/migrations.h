/*
 * Migrations: the files of migrations/ as the build embeds them, in order.
 */
#ifndef POLICEGRID_STORE_MIGRATIONS_H
#define POLICEGRID_STORE_MIGRATIONS_H

typedef struct Migration {
        unsigned version;  /* 0: prepared again by every run, not recorded */
        const char *name;  /* file name without .sql */
        const char *sql;
} Migration;

extern const Migration migrations[]; /* by version; ends with a NULL name */

#endif
