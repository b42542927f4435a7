/*
 * Town: an engine with a database that is only memory. What a batch writes is kept row by row, what it publishes topic by topic, so
 * that tests can compare, load again and replay.
 *
 *   town (tier 1) ── east (tier 2) ── e1, e2, e3 (tier 3; e3 staffed by east)
 *                 ├─ west (tier 2) ── w1, w2 (tier 3)
 *                 ├─ empty (tier 2, nobody sits there) ── n1 (tier 3)
 *                 └─ court (tier 1)
 */
#ifndef POLICEGRID_TESTS_ENGINE_TOWN_H
#define POLICEGRID_TESTS_ENGINE_TOWN_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "engine/engine.h"
#include "engine/internal.h"
#include "engine/state/state_batch.h"
#include "proto/json.h"
#include "proto/map.h"

#define AREA "140802100"
#define SECOND ((int64_t)1000)
#define MINUTE (60 * SECOND)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)
#define START INT64_C(1795395600000) /* Monday 2026-11-23 09:00 in town */

/* Rows as they would be in PostgreSQL: per table, key → row. */
typedef struct Row { size_t n; char **cells; } Row;
typedef struct Database {
        Map *tables[TABLE_COUNT];
        Row **events; size_t n_events, events_capacity; /* rows of TABLE_EVENT in order; borrowed from its table */
} Database;

typedef struct Town {
        Engine *engine;
        Batch batch;
        int64_t now;
        unsigned n_messages;
        Database database;
        cJSON *retained;    /* topic without prefix → payload text */
        cJSON *receipt;     /* the last one */
        cJSON *notes;       /* documents to gateways of the last batch */
        char admin[MEMBER_MAX + 1];
} Town;

/* One member per seat; the name says unit and role. */
typedef struct Seated { const char *unit, *role; char member[MEMBER_MAX + 1]; } Seated;
#define SEATS 18
extern Seated seats[SEATS];
const char *member_of(const char *unit, const char *role); /* role NULL = the first of the unit */

extern const char TOWN_ORGANISATION[]; /* with ' for " */
extern const char TOWN_CATALOGUE[];    /* version 1, which every town has */
char *quoted(const char *text);        /* the same with "; the caller frees */
Engine *town_engine(void);
int town_setup(void **state);
int town_teardown(void **state);

/* A command as message_read would make it. `topic` without prefix. */
void command_make(Town *town, const char *member, const char *topic, const char *body, Command *ret);
/* Look up what the engine asks for, as the daemon does. */
void town_lookup(Town *town, const Command *command);
/* One command in a batch of its own; returns its receipt. */
const cJSON *say(Town *town, const char *member, const char *topic, const char *format, ...) __attribute__((format(printf, 4, 5)));
/* `verb` on a task, spoken as a unit by its first member. */
const cJSON *act(Town *town, const char *unit, const char *task, const char *verb, const char *format, ...)
        __attribute__((format(printf, 5, 6)));
/* NULL = accepted, else the code. */
const char *code_of(const cJSON *receipt);
void assert_ok(const cJSON *receipt);
void assert_code(const cJSON *receipt, const char *code);
/* Turn the clock, firing every timer on the way, each in a batch of its own. */
void pass(Town *town, int64_t ms);
/* Up to but without `at`. */
void pass_until(Town *town, int64_t at);
/* Post a warning to all villages; returns its id (in a static buffer). */
const char *warn(Town *town, const char *code, const char *severity);
/* Task of that unit and origin. */
const Task *task_of(const Town *town, const char *unit);
const Escalation *escalation_of(const Town *town, const Task *task);
/* A task by hand from `from` to `to`; returns its id (static ring). */
const char *hand(Town *town, const char *from, const char *to, const char *more);
cJSON *document_at(const Town *town, const char *topic); /* parsed; NULL when none; caller deletes */
const char *iso(int64_t ms);

/* Batches by hand. */
void town_begin(Town *town);
void town_finish(Town *town); /* finish, keep, commit */
void town_keep(Town *town);

/* ---- the database ---- */
void database_init(Database *database);
void database_deinit(Database *database);
/* Applies a finished batch; a second row for one key in one batch, or a conflict in an append-only table, fails the test. */
void database_apply(Database *database, Batch *batch);
size_t database_count(const Database *database, TableId table);
/* Cell by column name. */
const char *row_cell(TableId table, const Row *row, const char *column);
/* Fails the test at the first difference; tables of the working state and histories, not outcomes, events and free text. */
void database_assert_equal(const Database *left, const Database *right);
/* Load what a start would load. */
void database_load(const Database *database, Engine *engine);
/* Every live object of the engine written anew equals its row. */
void database_assert_matches(const Database *database, Engine *engine);
/* Retained documents equal what the engine would rebuild. */
void town_assert_documents(Town *town);

#endif
