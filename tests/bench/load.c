/*
 * Load generator of the benchmarks: one publisher and 27 subscribers in one thread over libmosquitto, and the same rows through libpq.
 *
 *   load grid SPEC      warnings posted by a commander, task documents received by the villages (the whole road)
 *   load broker SPEC    the same number of distinct publishes through a bare broker
 *   load database SPEC  the rows of one warning a transaction into a bare copy of the tables
 *
 * SPEC is a JSON file written by run.py: {"port", "publisher":{"user","secret","topic"}, "subscribers":[{"user","secret","filter"}],
 * "body": warning with BENCH-ID in it, "conninfo", "tables":[…], "count", "rate", "window", "bytes"}.
 * rate > 0: paced, that many warnings a second. rate 0: at most `window` warnings under way at once (1 = back to back).
 * Prints one JSON object: {"warnings", "deliveries", "seconds", "p50_ms", "p99_ms"}.
 */
#include <assert.h>
#include <errno.h>
#include <math.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cjson/cJSON.h>
#include <libpq-fe.h>
#include <mosquitto.h>

#define SUBSCRIBERS_MAX 512
#define MARK "bench-"
#define MARK_DIGITS 8

typedef struct Load {
        struct mosquitto *publisher;
        struct mosquitto *subscribers[SUBSCRIBERS_MAX];
        int n_subscribers, n_subscribed;
        bool publisher_ready;
        int64_t count, rate, window;
        int64_t first;                /* number of the first warning: no two runs share one */
        int64_t published, complete;  /* warnings */
        int64_t deliveries;
        double *sent;                 /* per warning, seconds */
        int *left;                    /* deliveries outstanding, per warning */
        double *latency;              /* per delivery, ms */
        char *const *topics;          /* broker mode: a topic a subscriber */
        char *body;                   /* payload with the mark's digits at `digits` */
        size_t n_body, digits;
        const char *topic;            /* grid mode */
        size_t id_at;                 /* grid mode: where the message id's 8 digits stand */
        size_t identifier_at;
        double started;
} Load;

static double now(void) {
        struct timespec t;
        clock_gettime(CLOCK_MONOTONIC, &t);
        return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void fail(const char *what, const char *why) {
        fprintf(stderr, "load: %s: %s\n", what, why);
        exit(1);
}

static cJSON *read_spec(const char *path) {
        FILE *file = fopen(path, "rb");
        if (!file)
                fail(path, strerror(errno));
        fseek(file, 0, SEEK_END);
        long n = ftell(file);
        rewind(file);
        char *text = malloc((size_t)n + 1);
        if (!text || fread(text, 1, (size_t)n, file) != (size_t)n)
                fail(path, "cannot read");
        text[n] = 0;
        fclose(file);
        cJSON *spec = cJSON_Parse(text);
        free(text);
        if (!spec)
                fail(path, "not JSON");
        return spec;
}

static const char *text_of(const cJSON *object, const char *name) {
        const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);
        return cJSON_IsString(item) ? item->valuestring : NULL;
}

static int64_t number_of(const cJSON *object, const char *name) {
        const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);
        return cJSON_IsNumber(item) ? (int64_t)item->valuedouble : 0;
}

static void on_message(struct mosquitto *client, void *userdata, const struct mosquitto_message *message) {
        Load *load = userdata;
        if (client == load->publisher) {
                if (memmem(message->payload, (size_t)message->payloadlen, "\"rejected\"", 10))
                        fail("warning", (const char *)message->payload);
                return;
        }
        const char *mark = message->payloadlen > 0 ? memmem(message->payload, (size_t)message->payloadlen, MARK, strlen(MARK)) : NULL;
        if (!mark)
                return;
        int64_t index = 0;
        for (int i = 0; i < MARK_DIGITS; i++)
                index = index * 10 + (mark[strlen(MARK) + (size_t)i] - '0');
        index -= load->first;
        if (index < 0 || index >= load->published || load->left[index] == 0)
                return; /* an older run's retained document */
        load->latency[load->deliveries++] = (now() - load->sent[index]) * 1e3;
        if (--load->left[index] == 0)
                load->complete++;
}

static void on_connect(struct mosquitto *client, void *userdata, int code) {
        Load *load = userdata;
        if (code)
                fail("connect", mosquitto_connack_string(code));
        if (client == load->publisher)
                load->publisher_ready = true;
}

static void on_subscribe(struct mosquitto *client, void *userdata, int mid, int n, const int *granted) {
        (void)client;
        (void)mid;
        Load *load = userdata;
        if (n != 1 || granted[0] > 1)
                fail("subscribe", "refused");
        load->n_subscribed++;
}

static struct mosquitto *client_new(Load *load, int port, const char *id, const char *user, const char *secret) {
        struct mosquitto *client = mosquitto_new(id, true, load);
        if (!client)
                fail("client", "no memory");
        if (user)
                mosquitto_username_pw_set(client, user, secret);
        mosquitto_connect_callback_set(client, on_connect);
        mosquitto_message_callback_set(client, on_message);
        mosquitto_subscribe_callback_set(client, on_subscribe);
        mosquitto_int_option(client, MOSQ_OPT_TCP_NODELAY, 1);
        mosquitto_max_inflight_messages_set(client, 0);
        int code = mosquitto_connect(client, "127.0.0.1", port, 60);
        if (code)
                fail("connect", mosquitto_strerror(code));
        return client;
}

/* One turn over every socket; waits at most `milliseconds`. */
static void turn(Load *load, int milliseconds) {
        struct pollfd sockets[SUBSCRIBERS_MAX + 1];
        struct mosquitto *clients[SUBSCRIBERS_MAX + 1];
        int n = 0;
        for (int i = -1; i < load->n_subscribers; i++) {
                clients[n] = i < 0 ? load->publisher : load->subscribers[i];
                sockets[n] = (struct pollfd){.fd = mosquitto_socket(clients[n]), .events = POLLIN};
                if (mosquitto_want_write(clients[n]))
                        sockets[n].events |= POLLOUT;
                n++;
        }
        if (poll(sockets, (nfds_t)n, milliseconds) < 0 && errno != EINTR)
                fail("poll", strerror(errno));
        for (int i = 0; i < n; i++) {
                int code = MOSQ_ERR_SUCCESS;
                if (sockets[i].revents & POLLIN)
                        code = mosquitto_loop_read(clients[i], 200);
                if (!code && (sockets[i].revents & POLLOUT))
                        code = mosquitto_loop_write(clients[i], 200);
                if (!code)
                        code = mosquitto_loop_misc(clients[i]);
                if (code)
                        fail("connection", mosquitto_strerror(code));
        }
}

static void write_digits(char *at, int64_t value) {
        for (int i = MARK_DIGITS - 1; i >= 0; i--, value /= 10)
                at[i] = (char)('0' + value % 10);
}

static void post(Load *load) {
        int64_t index = load->published++;
        write_digits(load->body + load->digits, load->first + index);
        if (load->topic) {
                write_digits(load->body + load->id_at, load->first + index);
                write_digits(load->body + load->identifier_at, load->first + index);
        }
        load->left[index] = load->n_subscribers;
        load->sent[index] = now();
        for (int i = 0; i < (load->topic ? 1 : load->n_subscribers); i++) {
                int code = mosquitto_publish(load->publisher, NULL, load->topic ? load->topic : load->topics[i], (int)load->n_body,
                                             load->body, 1, !load->topic);
                if (code)
                        fail("publish", mosquitto_strerror(code));
        }
}

static void run_messages(Load *load) {
        int wanted = load->n_subscribers + (load->topic ? 1 : 0);
        while (!load->publisher_ready || load->n_subscribed < wanted)
                turn(load, 1000);
        load->started = now();
        double last = load->started;
        int64_t seen = 0;
        while (load->complete < load->count) {
                int wait = 1000;
                while (load->published < load->count) {
                        if (load->rate > 0) {
                                double due = load->started + (double)load->published / (double)load->rate, at = now();
                                if (due > at) {
                                        wait = (int)((due - at) * 1e3);
                                        break;
                                }
                        } else if (load->published - load->complete >= load->window)
                                break;
                        post(load);
                        wait = 0;
                }
                turn(load, wait);
                if (load->deliveries != seen) {
                        seen = load->deliveries;
                        last = now();
                } else if (now() - last > 60)
                        fail("deliveries", "none for a minute");
        }
}

static int compare_doubles(const void *a, const void *b) {
        double x = *(const double *)a, y = *(const double *)b;
        return x < y ? -1 : x > y;
}

static void report(int64_t warnings, double *latency, int64_t n, double seconds) {
        qsort(latency, (size_t)n, sizeof(*latency), compare_doubles);
        printf("{\"warnings\":%lld,\"deliveries\":%lld,\"seconds\":%.4f,\"p50_ms\":%.3f,\"p99_ms\":%.3f}\n", (long long)warnings,
               (long long)n, seconds, n ? latency[n / 2] : 0.0, n ? latency[(int64_t)((double)n * 0.99)] : 0.0);
}

static size_t find_digits(const char *body, const char *prefix) {
        const char *at = strstr(body, prefix);
        if (!at)
                fail("body", prefix);
        return (size_t)(at - body) + strlen(prefix);
}

static void run_mqtt(const cJSON *spec, bool grid) {
        Load load = {.count = number_of(spec, "count"), .rate = number_of(spec, "rate"), .window = number_of(spec, "window"),
                     .first = number_of(spec, "first")};
        const cJSON *publisher = cJSON_GetObjectItemCaseSensitive(spec, "publisher"), *subscribers = cJSON_GetObjectItemCaseSensitive(spec, "subscribers");
        load.n_subscribers = cJSON_GetArraySize(subscribers);
        assert(load.n_subscribers > 0 && load.n_subscribers <= SUBSCRIBERS_MAX);
        load.sent = calloc((size_t)load.count, sizeof(double));
        load.left = calloc((size_t)load.count, sizeof(int));
        load.latency = calloc((size_t)(load.count * load.n_subscribers), sizeof(double));
        char **topics = calloc((size_t)load.n_subscribers, sizeof(char *));
        if (!load.sent || !load.left || !load.latency || !topics)
                fail("memory", "exhausted");
        load.topics = topics;
        load.body = strdup(text_of(spec, "body"));
        load.n_body = strlen(load.body);
        load.digits = find_digits(load.body, MARK);
        if (grid) {
                load.topic = text_of(publisher, "topic");
                load.id_at = find_digits(load.body, "\"id\":\"") + 9;                 /* YYYYMMDD- */
                load.identifier_at = find_digits(load.body, "\"identifier\":\"") + 9;
        }
        int port = (int)number_of(spec, "port");
        char id[128];
        snprintf(id, sizeof(id), "%s/load", text_of(publisher, "user") ? text_of(publisher, "user") : "load");
        load.publisher = client_new(&load, port, id, text_of(publisher, "user"), text_of(publisher, "secret"));
        if (grid)
                mosquitto_subscribe(load.publisher, NULL, text_of(publisher, "receipt"), 1);
        for (int i = 0; i < load.n_subscribers; i++) {
                const cJSON *item = cJSON_GetArrayItem(subscribers, i);
                const char *user = text_of(item, "user");
                snprintf(id, sizeof(id), "%s/load%d", user ? user : "load", i);
                load.subscribers[i] = client_new(&load, port, id, user, text_of(item, "secret"));
                topics[i] = strdup(text_of(item, "topic") ? text_of(item, "topic") : "");
                mosquitto_subscribe(load.subscribers[i], NULL, text_of(item, "filter"), 1);
        }
        run_messages(&load);
        report(load.complete, load.latency, load.deliveries, now() - load.started);
        mosquitto_destroy(load.publisher);
        for (int i = 0; i < load.n_subscribers; i++) {
                mosquitto_destroy(load.subscribers[i]);
                free(topics[i]);
        }
        free(topics);
        free(load.body);
        free(load.sent);
        free(load.left);
        free(load.latency);
}

/* ---- the bare database: the statements and rows are given, one array a column ---- */

static void query_ok(PGconn *conn, PGresult *result, ExecStatusType want) {
        if (PQresultStatus(result) != want)
                fail("database", PQerrorMessage(conn));
        PQclear(result);
}

static void run_database(const cJSON *spec) {
        PGconn *conn = PQconnectdb(text_of(spec, "conninfo"));
        if (PQstatus(conn) != CONNECTION_OK)
                fail("database", PQerrorMessage(conn));
        const cJSON *tables = cJSON_GetObjectItemCaseSensitive(spec, "tables"), *table, *batches = cJSON_GetObjectItemCaseSensitive(spec, "batches");
        int number = 0;
        cJSON_ArrayForEach(table, tables) {
                char name[32];
                snprintf(name, sizeof(name), "t%d", number++);
                query_ok(conn, PQprepare(conn, name, table->valuestring, 0, NULL), PGRES_COMMAND_OK);
        }
        int64_t count = cJSON_GetArraySize(batches), rate = number_of(spec, "rate"), done = 0;
        double *latency = calloc((size_t)count, sizeof(double)), started = now();
        if (!latency)
                fail("memory", "exhausted");
        const cJSON *batch;
        cJSON_ArrayForEach(batch, batches) { /* [[table, column, column, …], …] */
                double due = rate > 0 ? started + (double)done / (double)rate : 0;
                while (rate > 0 && now() < due)
                        poll(NULL, 0, (int)((due - now()) * 1e3));
                double at = rate > 0 ? due : now();
                query_ok(conn, PQexec(conn, "begin"), PGRES_COMMAND_OK);
                const cJSON *rows;
                cJSON_ArrayForEach(rows, batch) {
                        const char *columns[64];
                        int n = 0;
                        for (const cJSON *cell = rows->child->next; cell && n < 64; cell = cell->next)
                                columns[n++] = cell->valuestring;
                        char name[32];
                        snprintf(name, sizeof(name), "t%d", rows->child->valueint);
                        query_ok(conn, PQexecPrepared(conn, name, n, columns, NULL, NULL, 0), PGRES_COMMAND_OK);
                }
                query_ok(conn, PQexec(conn, "commit"), PGRES_COMMAND_OK);
                latency[done++] = (now() - at) * 1e3;
        }
        report(done, latency, done, now() - started);
        free(latency);
        PQfinish(conn);
}

int main(int argc, char **argv) {
        if (argc != 3) {
                fprintf(stderr, "usage: load grid|broker|database SPEC.json\n");
                return 2;
        }
        cJSON *spec = read_spec(argv[2]);
        mosquitto_lib_init();
        if (strcmp(argv[1], "database") == 0)
                run_database(spec);
        else
                run_mqtt(spec, strcmp(argv[1], "grid") == 0);
        mosquitto_lib_cleanup();
        cJSON_Delete(spec);
        return 0;
}
