/*
 * store_probe: a store with nothing around it, driven by lines on stdin and telling what happens in lines on stdout, so that tests
 * can freeze, cut and kill around it. Fields are separated by tabs; `\N` is SQL NULL.
 *
 *   store_probe migrate CONNINFO          store_migrate; its outcome is the exit code
 *   store_probe version                   prints the schema version of this build
 *   store_probe columns                   prints every table's columns and types
 *   store_probe run CONNINFO AREA RETRY   a store:
 *       row TABLE CELL…   into the batch          write             send the batch, forget it when answered
 *       lookup TABLE KEY…                          query NAME PARAMETER…
 *       quarantine SENDER ID TOPIC PAYLOAD SQLSTATE WHY AT          retry ID
 *       fill N            N tasks into the batch (of the unit `village`, in the case that this writes too)
 *       state   offset    reset    stop
 */
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <uv.h>

#include "engine/state/rows.h"
#include "store/store.h"

#define FIELDS_MAX 64

typedef struct Probe {
        uv_loop_t loop;
        uv_poll_t input;
        Store *store;
        Batch batch;
        bool writing;
        char line[1 << 20];
        size_t n_line;
        uint64_t written_at;
        unsigned filled;
} Probe;

static const char *outcome_name(StoreWrite outcome) {
        static const char *const names[] = { "committed", "refused", "unknown", "foreign" };
        return names[outcome];
}

static void say(const char *text) {
        puts(text);
        fflush(stdout);
}

static TableId find_table(const char *name) {
        for (int id = 0; id < TABLE_COUNT; id++)
                if (strcmp(table_describe((TableId)id)->name, name) == 0)
                        return (TableId)id;
        fprintf(stderr, "no table %s\n", name);
        exit(2);
}

/* ---- what the store tells ---- */

static void on_load_start(void *userdata, uint64_t epoch) {
        (void)userdata;
        printf("load_start\t%" PRIu64 "\n", epoch);
        fflush(stdout);
}

static int on_row(void *userdata, TableId table, const char *const *cells) {
        (void)userdata;
        printf("row\t%s", table_describe(table)->name);
        for (size_t i = 0; i < table_describe(table)->n_columns; i++)
                printf("\t%s", cells[i] ? cells[i] : "\\N");
        say("");
        return cells[0] && strcmp(cells[0], "unfit") == 0;
}

static void on_ready(void *userdata) {
        (void)userdata;
        say("ready");
}

static void on_lost(void *userdata, const char *why) {
        (void)userdata;
        printf("lost\t%s\n", why);
        fflush(stdout);
}

static void on_fatal(void *userdata, const char *why) {
        (void)userdata;
        printf("fatal\t%s\n", why);
        fflush(stdout);
}

static void on_written(void *userdata, StoreWrite outcome, const char *sqlstate, const char *why) {
        Probe *probe = userdata;
        printf("written\t%s\t%s\t%s\t%" PRIu64 "\n", outcome_name(outcome), sqlstate, why, (uv_hrtime() - probe->written_at) / 1000);
        fflush(stdout);
        for (int id = 0; id < TABLE_COUNT; id++)
                rows_reset(&probe->batch.rows[id]);
        probe->writing = false;
}

static void on_looked_up(void *userdata, bool ok) {
        (void)userdata;
        say(ok ? "looked_up\tok" : "looked_up\tfailed");
}

static void on_quarantined(void *userdata, bool ok) {
        (void)userdata;
        say(ok ? "quarantined\tok" : "quarantined\tfailed");
}

static void on_answer(void *userdata, bool answered, bool found) {
        (void)userdata;
        printf("answer\t%s\n", !answered ? "none" : found ? "there" : "not");
        fflush(stdout);
}

static void on_found(void *userdata, const StoreQuarantine *message) {
        (void)userdata;
        if (message)
                printf("found\t%s\t%s\t%s\t%.*s\t%" PRId64 "\n", message->sender, message->id, message->topic, (int)message->n_payload,
                       (const char *)message->payload, message->received_at);
        else
                printf("found\t\\N\n");
        fflush(stdout);
}

static void on_reply(void *userdata, void *context, const char *json, const char *why) {
        (void)userdata;
        printf("reply\t%s\t%s\t%s\n", (const char *)context, json ? json : "\\N", why);
        fflush(stdout);
        free(context);
}

static void on_closed(void *userdata) {
        Probe *probe = userdata;
        uv_close((uv_handle_t *)&probe->input, NULL);
}

/* ---- what stdin asks ---- */

static void do_row(Probe *probe, char **fields, size_t n) {
        TableId table = find_table(fields[1]);
        assert(n - 2 == table_describe(table)->n_columns);
        for (size_t i = 2; i < n; i++)
                rows_text(&probe->batch.rows[table], strcmp(fields[i], "\\N") == 0 ? NULL : fields[i]);
        rows_end(&probe->batch.rows[table]);
}

static void fill_task(Probe *probe, unsigned number) {
        static const char *const cells[] = {
                "140802100", "?", "?", "00000000-0000-7000-8000-000000000001", "telecom-fraud", NULL, "tell", "village", "3", "village",
                "warning", "00000000-0000-7000-8000-000000000002", "command", "issued", NULL, NULL, "Severe", "Actual", "staff", NULL, "1",
                "1", "?", "?", NULL, "?", NULL, "?", NULL, NULL, NULL, NULL, NULL, NULL, NULL, "none", NULL, "room", NULL, NULL, NULL, NULL,
                NULL, "0", "0", "0", "0", "f",
                "{\"title\": \"电信诈骗预警：入户提醒\", \"title_en\": \"telecom fraud: tell every household\", \"form\": [{\"name\": \"households\", \"type\": \"int\", \"min\": 0, \"max\": 2000}]}",
                "{\"acks\": {}, \"result\": {}}", "{\"accept\": 1795248000123, \"finish\": 1795248600123}", "t", "?", "1",
        };
        Rows *rows = &probe->batch.rows[TABLE_TASK];
        char id[40], short_number[24], born[24], at[24];
        snprintf(id, sizeof id, "00000000-0000-7000-9000-%012u", number);
        snprintf(short_number, sizeof short_number, "2026-%06u", number);
        snprintf(born, sizeof born, "%u", number);
        snprintf(at, sizeof at, "%lld", (long long)time(NULL) * 1000 + 123);
        const char *unknown[] = { id, short_number, at, at, at, at, born };
        size_t next = 0;
        for (size_t i = 0; i < sizeof cells / sizeof cells[0]; i++)
                rows_text(rows, cells[i] && strcmp(cells[i], "?") == 0 ? unknown[next++] : cells[i]);
        rows_end(rows);
        rows = &probe->batch.rows[TABLE_TASK_HISTORY];
        const char *history[] = { "140802100", id, "1", "0", at, "daemon", "command", "issue", NULL, "issued", NULL, NULL };
        for (size_t i = 0; i < sizeof history / sizeof history[0]; i++)
                rows_text(rows, history[i]);
        rows_end(rows);
}

static void do_lookup(Probe *probe, char **fields, size_t n) {
        EngineNeed need = { .table = find_table(fields[1]) };
        for (size_t i = 2; i < n; i++)
                need.key[i - 2] = fields[i];
        store_lookup(probe->store, &need, 1, on_looked_up);
}

static void do_query(Probe *probe, char **fields, size_t n) {
        EngineQuery query = { .name = fields[1], .n_parameters = n - 2 };
        for (size_t i = 2; i < n; i++)
                query.parameters[i - 2] = strcmp(fields[i], "\\N") == 0 ? NULL : fields[i];
        char *context = strdup(fields[1]);
        if (store_query(probe->store, &query, context, on_reply))
                return;
        say("full");
        free(context);
}

static void do_quarantine(Probe *probe, char **fields, size_t n) {
        assert(n == 8);
        StoreQuarantine message = { .sender = fields[1], .id = fields[2], .topic = fields[3], .payload = fields[4],
                                    .n_payload = strlen(fields[4]), .sqlstate = fields[5], .why = fields[6],
                                    .received_at = strtoll(fields[7], NULL, 10) };
        store_quarantine(probe->store, &message, on_quarantined);
}

static void do_write(Probe *probe) {
        assert(!probe->writing);
        probe->writing = true;
        probe->written_at = uv_hrtime();
        store_write(probe->store, &probe->batch, on_written);
}

static void do_line(Probe *probe, char *line) {
        static const char *const states[] = { "connecting", "waiting", "loading", "ready", "stopped" };
        char *fields[FIELDS_MAX];
        size_t n = 0;
        for (char *field = line; field && n < FIELDS_MAX; n++)
                fields[n] = strsep(&field, "\t");
        if (strcmp(fields[0], "row") == 0)
                do_row(probe, fields, n);
        else if (strcmp(fields[0], "fill") == 0)
                for (unsigned i = (unsigned)atoi(fields[1]); i > 0; i--)
                        fill_task(probe, ++probe->filled);
        else if (strcmp(fields[0], "write") == 0)
                do_write(probe);
        else if (strcmp(fields[0], "lookup") == 0)
                do_lookup(probe, fields, n);
        else if (strcmp(fields[0], "query") == 0)
                do_query(probe, fields, n);
        else if (strcmp(fields[0], "quarantine") == 0)
                do_quarantine(probe, fields, n);
        else if (strcmp(fields[0], "retry") == 0)
                store_quarantine_read(probe->store, fields[1], on_found);
        else if (strcmp(fields[0], "find") == 0)
                store_quarantine_find(probe->store, strtoll(fields[1], NULL, 10), on_answer);
        else if (strcmp(fields[0], "state") == 0)
                printf("state\t%s\t%s\n", states[store_state(probe->store)], store_why(probe->store));
        else if (strcmp(fields[0], "offset") == 0)
                printf("offset\t%" PRId64 "\n", store_clock_offset_ms(probe->store));
        else if (strcmp(fields[0], "reset") == 0)
                store_reset(probe->store);
        else if (strcmp(fields[0], "stop") == 0)
                store_stop(probe->store, on_closed);
        else
                exit(2);
        fflush(stdout);
}

static void on_input(uv_poll_t *input, int status, int events) {
        Probe *probe = input->data;
        ssize_t n = read(0, probe->line + probe->n_line, sizeof probe->line - 1 - probe->n_line);
        (void)status;
        (void)events;
        if (n <= 0)
                exit(3);
        probe->n_line += (size_t)n;
        probe->line[probe->n_line] = '\0';
        char *line = probe->line, *end;
        while ((end = strchr(line, '\n'))) {
                *end = '\0';
                do_line(probe, line);
                line = end + 1;
        }
        probe->n_line -= (size_t)(line - probe->line);
        memmove(probe->line, line, probe->n_line);
}

static int run(char **arguments) {
        static Probe probe;
        StoreConfig config = { .conninfo = arguments[0], .area = arguments[1], .retry_ms = strtoull(arguments[2], NULL, 10),
                               .query_timeout_ms = 2000,
                               .retention = { .devices = 36500 } /* histories in tests are years old */ };
        StoreEvents events = { on_load_start, on_row, on_ready, on_lost, on_fatal };
        uv_loop_init(&probe.loop);
        for (int id = 0; id < TABLE_COUNT; id++)
                rows_init(&probe.batch.rows[id], (TableId)id);
        uv_poll_init(&probe.loop, &probe.input, 0);
        probe.input.data = &probe;
        uv_poll_start(&probe.input, UV_READABLE, on_input);
        probe.store = store_new(&probe.loop, &config, &events, &probe);
        store_start(probe.store);
        uv_run(&probe.loop, UV_RUN_DEFAULT);
        store_free(probe.store);
        for (int id = 0; id < TABLE_COUNT; id++)
                rows_deinit(&probe.batch.rows[id]);
        int r = uv_loop_close(&probe.loop);
        printf("closed\t%d\n", r);
        return r == 0 ? 0 : 1;
}

int main(int n_arguments, char **arguments) {
        if (n_arguments == 3 && strcmp(arguments[1], "migrate") == 0)
                return store_migrate(arguments[2], NULL);
        if (n_arguments == 2 && strcmp(arguments[1], "version") == 0)
                return printf("%u\n", store_schema_version()) < 0;
        if (n_arguments == 2 && strcmp(arguments[1], "columns") == 0) {
                for (int id = 0; id < TABLE_COUNT; id++)
                        for (size_t i = 0; i < table_describe((TableId)id)->n_columns; i++)
                                printf("%s\t%s\t%s\t%d\n", table_describe((TableId)id)->name, table_describe((TableId)id)->columns[i].name,
                                       table_describe((TableId)id)->columns[i].type, i < table_describe((TableId)id)->n_key);
                return 0;
        }
        if (n_arguments == 5 && strcmp(arguments[1], "run") == 0)
                return run(arguments + 2);
        return 2;
}
