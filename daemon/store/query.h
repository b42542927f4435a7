/*
 * Query: named questions on a read-only session of their own, so that no reader ever holds up a batch. Private to the store.
 */
#ifndef POLICEGRID_STORE_QUERY_H
#define POLICEGRID_STORE_QUERY_H

#include <stdbool.h>
#include <stddef.h>

#include "store/connection.h"
#include "store/store.h"

/* One named statement: one row, one column of JSON text. No row or NULL = nothing there, or not to be seen. */
typedef struct QueryStatement {
        const char *name;
        size_t n_parameters;  /* the area, $1, included */
        const char *sql;
} QueryStatement;
#define QUERY_PARAMETERS_MAX ENGINE_QUERY_PARAMETERS_MAX
/* NULL when there is none of that name. */
const QueryStatement *query_statement(const char *name);
/* Every statement; *cursor starts at 0; NULL at the end. */
const QueryStatement *query_statement_next(size_t *cursor);
/* One array a topic, each in a file of its own; end with a NULL name. The list of them is in query_statements.c. */
extern const QueryStatement query_statements[], query_list_statements[], query_duty_statements[], query_replay_statements[], query_statistics_statements[],
        query_training_statements[], query_device_statements[];

extern const QueryStatement query_points_statements[];

#define READER_ZONE_MAX 24

typedef struct Question Question;

typedef struct Reader {
        Connection connection;
        const StoreConfig *config;
        void *userdata;
        void (*on_stopped)(void *store);
        void *store;
        char name[64];       /* application_name */
        bool ready;          /* settings made */
        bool asking;         /* the first question is in flight */
        char zone[READER_ZONE_MAX]; /* of the session */
        bool changes_zone;   /* the statement before the question's sets the question's */
        Question *first, **last; /* queue, oldest first */
        size_t n_questions;
        char *json;          /* answer to the first, owned, NULL until it came */
        char why[200];       /* why there is none */
} Reader;

void reader_init(Reader *reader, uv_loop_t *loop, const StoreConfig *config, void *userdata);
void reader_deinit(Reader *reader);
void reader_start(Reader *reader);
void reader_stop(Reader *reader, void (*on_stopped)(void *store), void *store);

#endif
