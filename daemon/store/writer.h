/*
 * Writer: the one session that holds an area's lock, and what is done on it: taking the lock, the epoch, loading, lookups, batches,
 * quarantine, pings. Private to the store.
 */
#ifndef POLICEGRID_STORE_WRITER_H
#define POLICEGRID_STORE_WRITER_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/text.h"
#include "store/connection.h"
#include "store/store.h"

typedef enum WriterState {
        WRITER_DOWN = 0,  /* no session */
        WRITER_LOCKING,   /* session open, asking for the lock now and then */
        WRITER_CLAIMING,  /* lock held: version, statements, epoch */
        WRITER_LOADING,
        WRITER_READY,
        WRITER_FATAL,     /* on_fatal was called, or is about to be; nothing more is tried */
        WRITER_STOPPED,
} WriterState;

/* Why the daemon must end; delivered once the request in which it was found has ended. */
typedef struct Verdict {
        bool given;
        char why[400];
} Verdict;

typedef struct Lookup {
        void (*on_done)(void *userdata, bool ok); /* NULL = no lookup runs */
        TableId *tables; size_t capacity;         /* owned; of each statement sent, in order */
} Lookup;

typedef enum WriteStep { WRITE_IDLE = 0, WRITE_SENT, WRITE_ROLLING_BACK } WriteStep;

typedef struct Write {
        WriteStep step;
        void (*on_done)(void *userdata, StoreWrite outcome, const char *sqlstate, const char *why);
        uint64_t warnings_before;
        bool committed;
        bool warned;        /* the commit came with a WARNING */
        char sqlstate[6];   /* of the first error, "" when none */
        char why[400];
} Write;

typedef struct Quarantine {
        void (*on_done)(void *userdata, bool ok); /* NULL = none runs */
        bool committed;
        void (*on_found)(void *userdata, const StoreQuarantine *message); /* reading back: NULL = none runs */
        bool found;
        void (*on_answer)(void *userdata, bool answered, bool found); /* finding: NULL = none runs */
        bool answered;
} Quarantine;

typedef struct Writer {
        Connection connection;
        const StoreConfig *config;
        const StoreEvents *events;
        void *userdata;
        void (*on_stopped)(void *store);
        void *store;

        WriterState state;
        Verdict verdict;
        uint64_t epoch;
        char epoch_text[24];
        char lock_key[24];
        char name[64];            /* application_name */
        char holder[112];         /* this process among all that were ever writers: name, pid, start */
        char why[512];            /* why not ready */

        bool locked;              /* answer of the lock request in flight */
        bool lock_asked;
        uint64_t lock_at;         /* uv_now of the latest request */
        unsigned schema_version;  /* of the database */

        bool ping_asked;
        uint64_t ping_at;         /* uv_now of the latest */
        int64_t ping_clock;       /* our wall clock when it was sent, Unix ms */
        int64_t offset_ms;        /* PostgreSQL's clock minus ours */

        TableId loading;
        Lookup lookup;
        Write write;
        Quarantine quarantine;
        Text scratch;             /* SQL being made, payloads being encoded */
} Writer;

void writer_init(Writer *writer, uv_loop_t *loop, const StoreConfig *config, const StoreEvents *events, void *userdata);
void writer_deinit(Writer *writer);
void writer_start(Writer *writer);
void writer_reset(Writer *writer);
void writer_stop(Writer *writer, void (*on_stopped)(void *store), void *store);

/* ---- among the writer's own files ---- */

/* Note that nothing more is to be tried. writer_conclude tells the daemon, at the end of a request. */
void writer_condemn(Writer *writer, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Returns true when condemned: the session has been dropped and on_fatal called; the caller returns at once. */
bool writer_conclude(Writer *writer);
/* An error that no request of this kind may meet: note it as the reason and drop the session. */
void writer_fail(Writer *writer, const char *doing, const PGresult *result);
/* Whether the database says that it is not ours to work with (missing schema, table, column, permission). */
bool result_is_foreign(const PGresult *result);
const char *result_sqlstate(const PGresult *result); /* never NULL */
const char *result_message(const PGresult *result);  /* never NULL */
/* The cells of one row of `table`; `ret` has room for ROWS_COLUMNS_MAX. Borrowed from the result. */
void result_cells(const PGresult *result, int row, TableId table, const char **ret);

/* lock.c */
void writer_open(Writer *writer);           /* a fresh session */
void writer_poll_lock(Writer *writer);
/* load.c */
void writer_load(Writer *writer);           /* after the claim */
void writer_ready(Writer *writer);          /* after the last row */

#endif
