/*
 * Lookup: rows that memory does not hold, by key, all needs of a batch in one round trip.
 */
#include "store/writer.h"

#include <assert.h>
#include <stdlib.h>

#include "store/statement.h"
#include "store/store_private.h"

static void on_lookup_result(void *userdata, unsigned index, const PGresult *result) {
        Writer *writer = userdata;
        const char *cells[ROWS_COLUMNS_MAX];
        if (PQresultStatus(result) != PGRES_TUPLES_OK) {
                writer_fail(writer, "looking up", result);
                return;
        }
        TableId table = writer->lookup.tables[index];
        for (int row = 0; row < PQntuples(result) && !writer->verdict.given; row++) {
                result_cells(result, row, table, cells);
                if (writer->events->on_row(writer->userdata, table, cells) != 0)
                        writer_condemn(writer, "table %s holds a row that does not fit: the database was changed by hand",
                                       table_describe(table)->name);
        }
}

static void on_lookup_end(void *userdata, bool answered) {
        Writer *writer = userdata;
        void (*on_done)(void *userdata, bool ok) = writer->lookup.on_done;
        writer->lookup.on_done = NULL;
        bool ok = answered && !writer->verdict.given && connection_is_open(&writer->connection);
        on_done(writer->userdata, ok);
        writer_conclude(writer);
}

static const RequestHandler lookup_handler = { on_lookup_result, on_lookup_end };

static void writer_lookup_one(Writer *writer, const EngineNeed *need) {
        const Table *table = table_describe(need->table);
        const char *parameters[STATEMENT_KEY_MAX] = { writer->config->area };
        char name[STATEMENT_NAME_MAX];
        size_t n_key = 0;
        while (n_key < sizeof need->key / sizeof need->key[0] && need->key[n_key])
                n_key++;
        assert(n_key >= 1 && n_key < table->n_key);
        for (size_t i = 0; i < n_key; i++)
                parameters[i + 1] = need->key[i];
        statement_lookup_name(table, n_key, name);
        connection_execute(&writer->connection, name, n_key + 1, parameters);
}

static void writer_make_room(Writer *writer, size_t n) {
        Lookup *lookup = &writer->lookup;
        if (n <= lookup->capacity)
                return;
        lookup->tables = realloc(lookup->tables, n * sizeof *lookup->tables);
        if (!lookup->tables)
                abort();
        lookup->capacity = n;
}

void store_lookup(Store *store, const EngineNeed *needs, size_t n_needs, void (*on_done)(void *userdata, bool ok)) {
        Writer *writer = &store->writer;
        assert(!writer->lookup.on_done && on_done && n_needs <= STORE_LOOKUPS_MAX);
        writer_make_room(writer, n_needs);
        writer->lookup.on_done = on_done;
        connection_begin(&writer->connection, &lookup_handler, writer);
        for (size_t i = 0; i < n_needs; i++) {
                writer->lookup.tables[i] = needs[i].table;
                writer_lookup_one(writer, &needs[i]);
        }
        connection_end(&writer->connection);
}
