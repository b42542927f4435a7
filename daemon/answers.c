/*
 * Answers: replies to members' queries, and what /healthz, /readyz and /metrics say.
 */
#include "daemon_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/json.h"

#define REPLY_BYTES_MAX ((size_t)1000 << 10) /* a reply must fit into one bulk publish */

/* What is remembered of a query until its reply. */
typedef struct Asked {
        char topic[TOPIC_MAX + 1];
        char id[MESSAGE_ID_MAX + 1];
        char name[NAME_MAX_GRID + 1];
        uint8_t correlation[CONTROL_CORRELATION_MAX];
        size_t n_correlation;
} Asked;

static void asked_init(Asked *asked, const Command *command) {
        Topic topic = {.kind = command->answer == TOPIC_RECEIPT ? TOPIC_RECEIPT : TOPIC_REPLY};
        const char *name = json_string(command->body, "query");

        memset(asked, 0, sizeof *asked);
        memcpy(topic.area, command->topic.area, sizeof topic.area);
        memcpy(topic.name, command->stamp.member, sizeof topic.name);
        topic_format(&topic, asked->topic);
        memcpy(asked->id, command->id, sizeof asked->id);
        /* Names of questions are letters; what is none of them is not repeated (I12). */
        if (name && strspn(name, "abcdefghijklmnopqrstuvwxyz_-") == strlen(name))
                snprintf(asked->name, sizeof asked->name, "%s", name);
        memcpy(asked->correlation, command->correlation, command->n_correlation);
        asked->n_correlation = command->n_correlation;
}

static void reply_publish(Daemon *daemon, const Asked *asked, Text *text) {
        Document document = {.payload = text->data, .n_payload = text->n, .n_correlation = asked->n_correlation};
        Documents documents = {.items = &document, .n = 1, .capacity = 1};

        memcpy(document.topic, asked->topic, sizeof document.topic);
        memcpy(document.correlation, asked->correlation, sizeof document.correlation);
        bus_publish(daemon->bus, &documents, NULL);
}

static void reply_start(const Asked *asked, Text *text) {
        text_append_string(text, "{\"id\":");
        text_append_json_string(text, *asked->id ? asked->id : NULL);
        text_append_string(text, ",\"query\":");
        text_append_json_string(text, asked->name);
}

static void reply_refuse(Daemon *daemon, const Asked *asked, Code code, const char *detail) {
        _cleanup_text_ Text text = TEXT_INIT(8192), words = TEXT_INIT(4096);

        daemon->counters.queries_refused++;
        text_append_format(&words, "%s / %s%s%s%s", code_sentence_zh(code), code_sentence_en(code), detail && *detail ? " (" : "",
                           detail && *detail ? detail : "", detail && *detail ? ")" : "");
        reply_start(asked, &text);
        text_append_string(&text, ",\"code\":");
        text_append_json_string(&text, code_name(code));
        text_append_string(&text, ",\"detail\":");
        text_append_json_string(&text, text_string(&words));
        text_append_char(&text, '}');
        if (!text.failed)
                reply_publish(daemon, asked, &text);
}

void daemon_on_reply(void *userdata, void *context, const char *json, const char *why) {
        Daemon *daemon = userdata;
        Asked *asked = context;
        _cleanup_text_ Text text = TEXT_INIT(REPLY_BYTES_MAX);
        const bool failed = !json && why && *why; /* else: not there, or not for the asker to see */

        if (json) {
                reply_start(asked, &text);
                text_append_string(&text, ",\"data\":");
                text_append_string(&text, json);
                text_append_char(&text, '}');
        } else if (failed) {
                log_write_limited(&daemon->limit_query, (uint64_t)clock_monotonic_ms(), LOG_LEVEL_WARNING, "daemon", "query failed name=%s why=%s",
                                  asked->name, why);
        }
        if (!json || text.failed) {
                reply_refuse(daemon, asked, json ? CODE_TOO_LARGE : failed ? CODE_BUSY : CODE_UNKNOWN_TARGET, NULL);
        } else {
                daemon->counters.queries++;
                reply_publish(daemon, asked, &text);
        }
        free(asked);
}

void daemon_query(Daemon *daemon, const Command *command) {
        Asked *asked = malloc(sizeof *asked);
        EngineQuery query = {0};
        Code code = command->code;

        if (!asked)
                abort();
        asked_init(asked, command);
        if (code == CODE_NONE)
                code = engine_query_plan(daemon->engine, command, &query);
        if (code == CODE_NONE && !store_query(daemon->store, &query, asked, daemon_on_reply))
                code = CODE_BUSY;
        if (code != CODE_NONE) {
                reply_refuse(daemon, asked, code, command->detail);
                free(asked);
        }
        engine_query_deinit(&query);
}

/* ---- health ---- */
typedef struct Conditions { bool lock, database, broker, state, roster, clock; } Conditions;

static Conditions daemon_conditions(const Daemon *daemon) {
        StoreState state = store_state(daemon->store);

        return (Conditions){.lock = state == STORE_LOADING || state == STORE_READY,
                            .database = state == STORE_WAITING_LOCK || state == STORE_LOADING || state == STORE_READY,
                            .broker = bus_is_connected(daemon->bus),
                            .state = daemon->loaded && state == STORE_READY,
                            .roster = daemon->roster_synced,
                            .clock = clock_is_trusted(&daemon->clock)};
}

bool daemon_is_ready(const Daemon *daemon) {
        Conditions now = daemon_conditions(daemon);

        return now.lock && now.database && now.broker && now.state && now.roster && now.clock && !daemon->stopping;
}

static void print_condition(Text *text, const char *name, bool holds) {
        text_append_format(text, ",\"%s\":%s", name, holds ? "true" : "false");
}

static void answer_ready(const Daemon *daemon, HttpAnswer *answer) {
        Conditions now = daemon_conditions(daemon);
        bool ready = daemon_is_ready(daemon);
        Text *text = &answer->body;

        answer->status = ready ? 200 : 503;
        answer->type = "application/json";
        text_append_format(text, "{\"ready\":%s", ready ? "true" : "false");
        print_condition(text, "lock", now.lock);
        print_condition(text, "database", now.database);
        print_condition(text, "broker", now.broker);
        print_condition(text, "state", now.state);
        print_condition(text, "roster", now.roster);
        print_condition(text, "clock", now.clock);
        print_condition(text, "timers", clock_is_trusted(&daemon->clock) && !pump_blocked_until(daemon->pump));
        text_append_format(text, ",\"epoch\":%llu,\"seq\":%llu,\"area\":\"%s\",\"why\":", (unsigned long long)daemon->epoch,
                           (unsigned long long)(daemon->loaded ? engine_seq(daemon->engine) : 0), daemon->config.area);
        text_append_json_string(text, store_why(daemon->store));
        text_append_string(text, "}\n");
}

static void answer_metrics(const Daemon *daemon, HttpAnswer *answer) {
        Gauges gauges = {.epoch = daemon->epoch, .in_burst = pump_in_work(daemon->pump), .suspects = inflight_count(daemon->inflight),
                         .clock_offset_ms = store_clock_offset_ms(daemon->store), .ready = daemon_is_ready(daemon),
                         .roster_held = daemon->held.version};

        if (daemon->loaded) {
                int64_t due = engine_next_due(daemon->engine);

                gauges.seq = engine_seq(daemon->engine);
                gauges.roster_version = roster_version(engine_roster(daemon->engine));
                gauges.next_due_ms = due == INT64_MAX ? INT64_MAX : due - clock_wall_ms();
        }
        answer->type = "text/plain; version=0.0.4; charset=utf-8";
        counters_print(&daemon->counters, &gauges, &answer->body);
}

bool daemon_answer_http(void *userdata, const char *path, HttpAnswer *answer) {
        Daemon *daemon = userdata;

        if (strcmp(path, "/healthz") == 0)
                text_append_string(&answer->body, "ok\n"); /* the loop turns */
        else if (strcmp(path, "/readyz") == 0)
                answer_ready(daemon, answer);
        else if (strcmp(path, "/metrics") == 0)
                answer_metrics(daemon, answer);
        else
                return false;
        return true;
}
