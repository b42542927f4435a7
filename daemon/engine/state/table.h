/*
 * Table: the state and history tables of PostgreSQL as the engine knows them: names, columns, keys. The engine writes and reads
 * rows as text cells; `store` makes the SQL from these descriptions and nothing else. A test compares them with the migrations.
 */
#ifndef POLICEGRID_ENGINE_TABLE_H
#define POLICEGRID_ENGINE_TABLE_H

#include <stdbool.h>
#include <stddef.h>

/* Order of writing: referenced tables come before those that reference them. */
typedef enum TableId {
        TABLE_AREA = 0,          /* seq, number counters, clocks of the area; one row */
        TABLE_EVENT,             /* append-only log of facts; (area, seq) */
        TABLE_OUTCOME,           /* one row per (area, sender, id); insert only: a conflict is an error (I3) */
        TABLE_UNIT,
        TABLE_MEMBER,
        TABLE_SEAT,
        TABLE_PLACE,
        TABLE_DEVICE,
        TABLE_DEVICE_STATUS,     /* what a device last said: online, since, faults; apart, so that an organisation file cannot undo it */
        TABLE_DEVICE_HISTORY,    /* append-only: when a device came, fell silent, had a fault */
        TABLE_ORGANISATION,      /* applied organisation files, by version */
        TABLE_PLAYBOOK,          /* playbook versions, immutable, by hash */
        TABLE_CATALOGUE,         /* applied catalogues, by version */
        TABLE_WARNING,
        TABLE_NOTICE,            /* a warning at a unit: acknowledged by whom, when */
        TABLE_REPORT,
        TABLE_WORK_CASE,
        TABLE_TASK,
        TABLE_TASK_PART,         /* participants of joint tasks */
        TABLE_TASK_HISTORY,      /* append-only */
        TABLE_ESCALATION,
        TABLE_ESCALATION_HISTORY,/* append-only */
        TABLE_POINTS_HOLDER,     /* points cards that somebody has opted in with */
        TABLE_POINTS_ENTRY,      /* append-only ledger, one row a booking */
        TABLE_POINTS_REDEMPTION, /* goods against points: reserved, then confirmed or not */
        TABLE_DUTY,              /* standing duties and where their recurrence stands */
        TABLE_DUTY_ROUND,        /* one target's part of one occurrence of a duty */
        TABLE_ROSTER_SHIFT,      /* who is on duty from when to when */
        TABLE_FIGURE,            /* figures of past months as imported */
        TABLE_CLOSED_MONTH,      /* what a month said when it closed, and corrections */
        TABLE_PRIVATE_TEXT,      /* erasable free text; outside the log */
        TABLE_CONTACT,           /* that a report came with a contact, whose words are in private_text */
        TABLE_CONTACT_GRANT,     /* append-only: who was shown it, when, for which task */
        TABLE_COUNT
} TableId;

typedef struct Column {
        const char *name;
        const char *type; /* SQL type of one cell: text, uuid, bigint, integer, boolean, timestamptz, jsonb */
} Column;

typedef struct Table {
        const char *name;
        const Column *columns;
        size_t n_columns;
        size_t n_key;          /* the first n_key columns are the primary key */
        bool append_only;      /* INSERT without ON CONFLICT; else upsert by key */
        const char *load_where;/* SQL condition of the rows in the working set, NULL = not loaded at start ("true" = all) */
        const char *load_order;/* SQL ORDER BY of loading, NULL = by key */
} Table;

const Table *table_describe(TableId id);

#endif
