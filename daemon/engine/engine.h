/*
 * Engine: decides what every message and every timer means. Pure: no I/O, no clock of its own, no randomness.
 *
 * A batch: engine_batch_begin, then any number of engine_decide and engine_fire, each of which appends to the batch and applies
 * its facts to the state in memory; then, after the database has committed, engine_batch_commit, or, when it refused,
 * engine_batch_rollback, which undoes everything in memory. One batch at a time.
 *
 * Before deciding, the caller asks engine_needs for what memory does not hold and feeds the rows it finds with engine_load_row.
 */
#ifndef POLICEGRID_ENGINE_ENGINE_H
#define POLICEGRID_ENGINE_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cjson/cJSON.h>

#include "engine/state/rows.h"
#include "engine/state/table.h"
#include "proto/message.h"
#include "proto/roster.h"

typedef struct Engine Engine;

typedef struct EngineConfig {
        const char *area;
        uint8_t commitment_key[32];   /* keyed commitments to free text in the log (I12) */
        size_t outcomes_max;          /* remembered (sender, id); older ones are looked up */
        size_t unit_tasks_max;        /* retained tasks of one unit, 2000 */
        int64_t terminal_keep_ms;     /* how long final documents stay: 7 days */
        int64_t note_keep_ms;         /* how long free text is kept: 90 days */
        int64_t contact_keep_ms;      /* how long a contact is kept at most, if its work does not end before: 30 days */
} EngineConfig;

/* A document to publish. Owned by its batch. */
typedef struct Document {
        uint64_t seq;             /* of the event that changed it */
        char topic[TOPIC_MAX + 1];
        char *payload;            /* NULL = clear the retained document */
        size_t n_payload;
        bool retain;
        uint8_t correlation[CONTROL_CORRELATION_MAX];
        size_t n_correlation;
} Document;

typedef struct Documents {
        Document *items;
        size_t n, capacity;
} Documents;
void documents_deinit(Documents *documents);
void documents_reset(Documents *documents);

/* What a batch has come to. Reused from batch to batch; embedded. */
typedef struct Batch {
        Rows rows[TABLE_COUNT];
        Documents documents;      /* in order of seq */
        uint64_t seq_first, seq_last; /* 0, 0 when nothing was decided */
        size_t n_decided, n_accepted, n_rejected, n_repeated;
        uint32_t n_codes[CODE_COUNT]; /* rejections by code */
} Batch;
void batch_init(Batch *batch);
void batch_deinit(Batch *batch);

/* ---- life ---- */
Engine *engine_new(const EngineConfig *config);
Engine *engine_free(Engine *engine);

/* ---- loading: every row of every table that table_describe names for loading, then engine_load_finish ---- */
enum { ENGINE_E_ROW = 1 /* a row that does not fit the state: the database was changed by hand */ };
/* `cells`: n_columns NUL-terminated texts in PostgreSQL's text format (timestamptz as epoch milliseconds), NULL = SQL NULL. */
int engine_load_row(Engine *engine, TableId table, const char *const *cells, const char **ret_why);
int engine_load_finish(Engine *engine, uint64_t epoch, const char **ret_why);

/* ---- lookups ---- */
typedef struct EngineNeed {
        TableId table;
        const char *key[3];      /* values of the key columns after `area`; borrowed from command and engine; NULL = unused */
} EngineNeed;
#define ENGINE_NEEDS_MAX 8
/*
 * What must be looked up for this command; writes at most ENGINE_NEEDS_MAX, returns how many. 0 = decide at once. Ask again after
 * the lookup (a task may need its case). What was asked for is not asked for again until the batch has ended.
 */
size_t engine_needs(Engine *engine, const Command *command, EngineNeed ret[static ENGINE_NEEDS_MAX]);

/* ---- deciding ---- */
void engine_batch_begin(Engine *engine, Batch *batch);
/*
 * Decide one command (also one that message_read rejected: command->code). Appends facts, rows, documents and the receipt.
 * Never fails: a refusal is an outcome too. Queries are not for here: see engine_query.
 */
void engine_decide(Engine *engine, const Command *command, uint64_t daemon_epoch);
/* Record a message as quarantined: receipt `internal`, outcome kept, nothing else happens. */
void engine_quarantine(Engine *engine, const Command *command, const char *why);
/* Fire the earliest timer due at or before `horizon_ms`. Returns false when there is none. */
bool engine_fire(Engine *engine, int64_t horizon_ms);
/* Write rows and documents of everything touched into the batch; call once, before committing it. */
void engine_batch_finish(Engine *engine);
void engine_batch_commit(Engine *engine);
void engine_batch_rollback(Engine *engine);

/* Apply the facts of one logged event, inside a batch and in place of deciding (I11). The rows are those of the original. */
void engine_replay(Engine *engine, uint64_t seq, int64_t at_ms, const char *sender, const char *unit, const cJSON *facts);

/* Earliest time at which something fires, Unix ms; INT64_MAX when none. */
int64_t engine_next_due(const Engine *engine);
/*
 * What would fire next was refused by itself (I14): none of that object's timers fires before; when one does, it is as of its due
 * time. Forgotten with the engine. Between batches; false when it is nothing that can be put off.
 */
bool engine_put_off(Engine *engine, int64_t until_ms);
uint64_t engine_seq(const Engine *engine);

/* ---- rebuilding the broker's contents (I10) ---- */
/* Every retained document that ought to exist now, in a stable order. Appends to *ret. */
void engine_documents(Engine *engine, Documents *ret);
/* Whether the broker may hold a retained document on this topic (not terminal, not unknown). Presence is the plugin's. */
bool engine_expects_topic(const Engine *engine, const Topic *topic);
/* Lists and counters of units touched since the last call, conflated (one a second by the caller). Appends to *ret. */
void engine_status_documents(Engine *engine, int64_t now_ms, Documents *ret);

/* ---- roster ---- */
/* The roster of the committed organisation; borrowed, valid until the next batch commits. Changes bump roster_version. */
const Roster *engine_roster(const Engine *engine);

/* ---- queries ---- */
#define ENGINE_QUERY_PARAMETERS_MAX 12
typedef struct EngineQuery {
        const char *name;         /* a named statement of store/query.c */
        const char *parameters[ENGINE_QUERY_PARAMETERS_MAX]; /* texts or NULL; borrowed from this struct's storage */
        size_t n_parameters;
        int offset_minutes;       /* of the times in the reply: the town's */
        char topic[TOPIC_MAX + 1];/* the reply's topic */
        char storage[1024];
        Text units;               /* text[] literal of the units that the asker may see */
} EngineQuery;
/* Plan a query by the asker's seats. CODE_NONE and *ret (engine_query_deinit), or why it is refused. */
Code engine_query_plan(Engine *engine, const Command *command, EngineQuery *ret);
void engine_query_deinit(EngineQuery *query);

/* ---- statistics: the daemon asks the reader, publishes what is to be shown and keeps in the log what is to be kept ---- */
typedef enum MonthQuestion {
        MONTH_QUESTION_DOCUMENTS, /* {"month", "units": [{"unit", "tier", "months": […]}]}: retained documents, this month and `back` before it */
        MONTH_QUESTION_BOOKS,     /* {"close"?, "correct"?}: what is to be closed, what is wrong in the books of the last `back` months */
} MonthQuestion;
/* A question of the daemon's own; engine_query_deinit it. */
void engine_month_question(Engine *engine, MonthQuestion which, int64_t now_ms, int back, EngineQuery *ret);
/* Whether an answer to MONTH_QUESTION_BOOKS holds something to keep. */
bool engine_books_are_due(const cJSON *books);
/* Keep it: facts month_closed, month_corrected. Inside a batch; CODE_INTERNAL when the answer makes no sense. */
Code engine_keep_books(Engine *engine, cJSON *books, int64_t at_ms, char *ret_detail, size_t n_detail);

/* ---- configuration from files ---- */
/* Apply an organisation or playbook text as the daemon itself (bootstrap, SIGHUP): makes a command of its own. Inside a batch. */
Code engine_apply_playbook(Engine *engine, const char *text, size_t n_text, int64_t at_ms, char *ret_detail, size_t n_detail);
Code engine_apply_bootstrap(Engine *engine, const char *text, size_t n_text, int64_t at_ms, char *ret_detail, size_t n_detail);
/* Minutes east of UTC of the town's zone. */
int engine_offset_minutes(const Engine *engine);

#endif
