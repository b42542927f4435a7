/*
 * Engine host: the engine behind a pipe, for scenarios. One JSON object a line comes in, one goes out. The clock is the caller's, the
 * rows stand in memory, messages are stamped and read as the broker's and the daemon's code do it.
 *
 *   {"do":"start","area","at"}                      an empty area
 *   {"do":"bootstrap","text","at"}                  what the daemon does with its bootstrap file
 *   {"do":"playbook","text","at"}                   … and with a file of its playbooks folder
 *   {"do":"say","member","topic","body","at"}       a message as it came off the wire; timers due before `at` fire first
 *   {"do":"pass","at"}                              the clock moves on: every timer due until then fires, each in a batch of its own
 *   {"do":"query","member","topic","body","at"}     a question planned: {"code"} or {"sql","parameters","reply"}
 *   {"do":"rows","table"}                           {"columns","types","rows"}: cells in PostgreSQL's text format, times in Unix ms
 *   {"do":"tables"}                                 {"tables"}: their names, in the order of writing
 *   {"do":"restart"}                                forget everything but the rows, and load them
 *   {"do":"prove"}                                  the rows equal the state, the log played again makes the same rows (I11)
 *
 * Every answer has "documents" that were published ({"topic","payload","retain"}; payload null clears) and "next", the next timer's
 * due time or null. What goes wrong ends the program with a line on stderr: it is a defect of the test or of the engine.
 */
#include "../unit/engine/town.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/stamp.h"
#include "store/query.h"

#define LINE_MAX_BYTES ((size_t)1 << 20)
#define HOST_EPOCH 1
#define HOST_OUTCOMES 4000 /* fewer than a long scenario has: the others are looked up */

typedef struct Host {
        char area[16];
        Engine *engine;
        Batch batch;
        Database database;
        uint8_t key[STAMP_KEY_BYTES];
        int64_t now;
        cJSON *answer;
        bool started;
} Host;

static void host_fail(const char *format, const char *what) {
        fprintf(stderr, format, what);
        fputc('\n', stderr);
        exit(2);
}

static const char *need_text(const cJSON *line, const char *name) {
        const char *text = json_string(line, name);
        if (text == NULL)
                host_fail("engine_host: no %s", name);
        return text;
}

static Engine *host_engine(const Host *host) {
        const EngineConfig config = {.area = host->area, .commitment_key = {7}, .outcomes_max = HOST_OUTCOMES, .unit_tasks_max = 2000};
        return engine_new(&config);
}

/* ---- batches ---- */
static void host_show(Host *host, const Documents *documents) {
        cJSON *list = json_array(host->answer, "documents");
        for (size_t i = 0; i < documents->n; i++) {
                const Document *document = &documents->items[i];
                cJSON *item = cJSON_CreateObject();
                json_add_string(item, "topic", document->topic);
                if (document->n_payload > 0)
                        json_add_string(item, "payload", document->payload);
                cJSON_AddBoolToObject(item, "retain", document->retain);
                cJSON_AddItemToArray(list, item);
        }
}

static void host_begin(Host *host) { engine_batch_begin(host->engine, &host->batch); }

static void host_finish(Host *host) {
        engine_batch_finish(host->engine);
        host_show(host, &host->batch.documents);
        database_apply(&host->database, &host->batch);
        engine_batch_commit(host->engine);
}

/* One timer, as a daemon that never sleeps fires it: at its own due time, so that nothing counts as missed while it was away. */
static bool host_fire(Host *host, int64_t horizon) {
        const int64_t due = engine_next_due(host->engine);
        if (due > horizon)
                return false;
        host_begin(host);
        bool fired = engine_fire(host->engine, due);
        host_finish(host);
        return fired;
}

static void host_move(Host *host, const cJSON *line) {
        int64_t at = json_int(line, "at", host->now);
        if (at < host->now)
                host_fail("engine_host: the clock goes %s", "back");
        host->now = at;
}

/* ---- lookups ---- */
static bool row_is_needed(const EngineNeed *need, const Row *row) {
        const bool by_identifier = need->table == TABLE_WARNING && !uuid_is_valid(need->key[0], strlen(need->key[0]));
        if (by_identifier) {
                char quoted_text[MESSAGE_ID_MAX + 3];
                snprintf(quoted_text, sizeof quoted_text, "\"%s\"", need->key[0]);
                return strcmp(row_cell(TABLE_WARNING, row, "identifier"), need->key[0]) == 0 ||
                       strstr(row_cell(TABLE_WARNING, row, "identifiers"), quoted_text) != NULL;
        }
        for (size_t i = 0; i < 3 && need->key[i] != NULL; i++)
                if (row->cells[i + 1] == NULL || strcmp(row->cells[i + 1], need->key[i]) != 0)
                        return false;
        return true;
}

static void host_load_row(Host *host, TableId table, const Row *row) {
        const char *why;
        if (row != NULL && engine_load_row(host->engine, table, (const char *const *)row->cells, &why) != 0)
                host_fail("engine_host: a row does not load: %s", why);
}

/* By the whole key where it is named, else by looking at every row. */
static void host_load_need(Host *host, const EngineNeed *need) {
        const Table *table = table_describe(need->table);
        char key[512];
        size_t n_keys = 0, cursor = 0, n = (size_t)snprintf(key, sizeof key, "%s ", host->area);
        for (; n_keys < 3 && need->key[n_keys] != NULL && n < sizeof key; n_keys++)
                n += (size_t)snprintf(key + n, sizeof key - n, "%s ", need->key[n_keys]);
        if (n_keys + 1 == table->n_key && need->table != TABLE_WARNING)
                return host_load_row(host, need->table, map_find(host->database.tables[need->table], key));
        for (Row *row; (row = map_next(host->database.tables[need->table], &cursor, NULL)) != NULL;)
                if (row_is_needed(need, row))
                        host_load_row(host, need->table, row);
}

static void host_lookup(Host *host, const Command *command) {
        EngineNeed needs[ENGINE_NEEDS_MAX];
        for (size_t n; (n = engine_needs(host->engine, command, needs)) > 0;)
                for (size_t i = 0; i < n; i++)
                        host_load_need(host, &needs[i]);
}

/* ---- messages ---- */
/* Stamped as by the plugin, read as by the daemon. */
static void host_read(Host *host, const cJSON *line, Command *ret) {
        const char *topic = need_text(line, "topic"), *body = need_text(line, "body");
        Stamp stamp = {.client = "scenario", .received_at = host->now};
        char text[STAMP_TEXT_MAX] = "";
        snprintf(stamp.member, sizeof stamp.member, "%s", need_text(line, "member"));
        if (stamp_format(&stamp, host->key, topic, body, strlen(body), text) == 0)
                host_fail("engine_host: no stamp for %s", stamp.member);
        RawMessage raw = {.topic = topic, .payload = body, .n_payload = strlen(body), .stamp = text, .n_stamps = 1};
        if (message_read(&raw, host->area, host->key, host->now, ret) != MESSAGE_OK)
                host_fail("engine_host: no message of ours: %s", topic);
}

static void do_say(Host *host, const cJSON *line) {
        Command command;
        host_move(host, line);
        while (host_fire(host, host->now - 1))
                continue;
        host_read(host, line, &command);
        host_begin(host);
        host_lookup(host, &command);
        engine_decide(host->engine, &command, HOST_EPOCH);
        host_finish(host);
        command_deinit(&command);
}

static void do_query(Host *host, const cJSON *line) {
        Command command;
        EngineQuery query;
        host_move(host, line);
        host_read(host, line, &command);
        Code code = engine_query_plan(host->engine, &command, &query);
        if (code == CODE_NONE) {
                const QueryStatement *statement = query_statement(query.name);
                if (statement == NULL)
                        host_fail("engine_host: no statement %s", query.name);
                cJSON *parameters = cJSON_AddArrayToObject(host->answer, "parameters");
                json_add_string(host->answer, "query", query.name);
                json_add_string(host->answer, "sql", statement->sql);
                for (size_t i = 0; i < query.n_parameters; i++)
                        cJSON_AddItemToArray(parameters, query.parameters[i] == NULL ? cJSON_CreateNull() : cJSON_CreateString(query.parameters[i]));
        } else {
                json_add_string(host->answer, "code", code_name(code));
        }
        engine_query_deinit(&query);
        command_deinit(&command);
}

/* ---- life ---- */
static void do_start(Host *host, const cJSON *line) {
        const char *why = "";
        if (host->started)
                host_fail("engine_host: %s", "started twice");
        host->started = true;
        snprintf(host->area, sizeof host->area, "%s", need_text(line, "area"));
        host->now = json_int(line, "at", 0);
        batch_init(&host->batch);
        database_init(&host->database);
        host->engine = host_engine(host);
        if (engine_load_finish(host->engine, HOST_EPOCH, &why) != 0)
                host_fail("engine_host: %s", why);
}

static void do_file(Host *host, const cJSON *line) {
        const char *text = need_text(line, "text");
        char detail[512] = "";
        host_move(host, line);
        host_begin(host);
        Code code = strcmp(need_text(line, "do"), "bootstrap") == 0
                            ? engine_apply_bootstrap(host->engine, text, strlen(text), host->now, detail, sizeof detail)
                            : engine_apply_playbook(host->engine, text, strlen(text), host->now, detail, sizeof detail);
        host_finish(host);
        if (code != CODE_NONE)
                json_add_string(host->answer, "code", code_name(code));
        json_add_string(host->answer, "detail", detail);
}

static void do_pass(Host *host, const cJSON *line) {
        host_move(host, line);
        while (host_fire(host, host->now))
                continue;
}

static void do_restart(Host *host, const cJSON *line) {
        (void)line;
        host->engine = engine_free(host->engine);
        host->engine = host_engine(host);
        database_load(&host->database, host->engine);
}

/* ---- proofs ---- */
static void host_replay(const Host *host, Database *ret) {
        const char *why = "";
        Engine *engine = host_engine(host);
        Batch batch;
        batch_init(&batch);
        if (engine_load_finish(engine, HOST_EPOCH, &why) != 0)
                host_fail("engine_host: %s", why);
        for (size_t i = 0; i < host->database.n_events; i++) {
                const Row *event = host->database.events[i];
                const char *sender = row_cell(TABLE_EVENT, event, "sender"), *unit = row_cell(TABLE_EVENT, event, "unit");
                _cleanup_json_ cJSON *facts = cJSON_Parse(row_cell(TABLE_EVENT, event, "facts"));
                engine_batch_begin(engine, &batch);
                engine_replay(engine, strtoull(row_cell(TABLE_EVENT, event, "seq"), NULL, 10),
                              strtoll(row_cell(TABLE_EVENT, event, "at"), NULL, 10), sender == NULL ? "" : sender, unit == NULL ? "" : unit,
                              facts);
                engine_batch_finish(engine);
                database_apply(ret, &batch);
                engine_batch_commit(engine);
        }
        batch_deinit(&batch);
        engine_free(engine);
}

static void do_prove(Host *host, const cJSON *line) {
        (void)line;
        Database replayed;
        database_init(&replayed);
        host_replay(host, &replayed);
        database_assert_equal(&host->database, &replayed);
        database_assert_matches(&host->database, host->engine);
        database_deinit(&replayed);
}

/* ---- rows ---- */
static void do_tables(Host *host, const cJSON *line) {
        (void)line;
        cJSON *tables = cJSON_AddArrayToObject(host->answer, "tables");
        for (int table = 0; table < TABLE_COUNT; table++)
                cJSON_AddItemToArray(tables, cJSON_CreateString(table_describe((TableId)table)->name));
}

static TableId table_named(const char *name) {
        for (int table = 0; table < TABLE_COUNT; table++)
                if (strcmp(table_describe((TableId)table)->name, name) == 0)
                        return (TableId)table;
        host_fail("engine_host: no table %s", name);
        return TABLE_COUNT;
}

static void do_rows(Host *host, const cJSON *line) {
        const TableId id = table_named(need_text(line, "table"));
        const Table *table = table_describe(id);
        cJSON *columns = cJSON_AddArrayToObject(host->answer, "columns"), *types = cJSON_AddArrayToObject(host->answer, "types");
        cJSON *rows = cJSON_AddArrayToObject(host->answer, "rows");
        for (size_t i = 0; i < table->n_columns; i++) {
                cJSON_AddItemToArray(columns, cJSON_CreateString(table->columns[i].name));
                cJSON_AddItemToArray(types, cJSON_CreateString(table->columns[i].type));
        }
        size_t cursor = 0;
        for (Row *row; (row = map_next(host->database.tables[id], &cursor, NULL)) != NULL;) {
                cJSON *cells = cJSON_CreateArray();
                for (size_t i = 0; i < row->n; i++)
                        cJSON_AddItemToArray(cells, row->cells[i] == NULL ? cJSON_CreateNull() : cJSON_CreateString(row->cells[i]));
                cJSON_AddItemToArray(rows, cells);
        }
}

/* ---- lines ---- */
static const struct { const char *name; void (*run)(Host *host, const cJSON *line); } VERBS[] = {
        {"start", do_start}, {"bootstrap", do_file}, {"playbook", do_file}, {"say", do_say},         {"pass", do_pass}, {"query", do_query},
        {"rows", do_rows},   {"tables", do_tables},  {"restart", do_restart}, {"prove", do_prove},
};

static void host_run(Host *host, const cJSON *line) {
        const char *verb = need_text(line, "do");
        for (size_t i = 0; i < sizeof VERBS / sizeof *VERBS; i++)
                if (strcmp(VERBS[i].name, verb) == 0)
                        return VERBS[i].run(host, line);
        host_fail("engine_host: what is %s?", verb);
}

static void host_answer(Host *host) {
        Documents status = {0};
        int64_t next = engine_next_due(host->engine);
        engine_status_documents(host->engine, host->now, &status);
        host_show(host, &status);
        documents_deinit(&status);
        if (next == INT64_MAX)
                cJSON_AddNullToObject(host->answer, "next");
        else
                json_add_int(host->answer, "next", next);
        char *text = json_print(host->answer);
        puts(text);
        fflush(stdout);
        free(text);
        cJSON_Delete(host->answer);
        host->answer = NULL;
}

int main(void) {
        Host host = {0};
        char *text = NULL;
        size_t capacity = 0;
        if (sodium_init() < 0)
                return 1;
        memset(host.key, 9, sizeof host.key);
        for (ssize_t n; (n = getline(&text, &capacity, stdin)) > 0;) {
                _cleanup_json_ cJSON *line = (size_t)n > LINE_MAX_BYTES ? NULL : cJSON_Parse(text);
                if (line == NULL)
                        host_fail("engine_host: not read: %.200s", text);
                host.answer = cJSON_CreateObject();
                cJSON_AddArrayToObject(host.answer, "documents");
                host_run(&host, line);
                host_answer(&host);
        }
        free(text);
        if (host.started) {
                engine_free(host.engine);
                batch_deinit(&host.batch);
                database_deinit(&host.database);
        }
        return 0;
}
