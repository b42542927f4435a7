#include "months.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon_internal.h"
#include "proto/json.h"
#include "proto/timestamp.h"

#define MONTHS_SHOWN 3         /* closed months beside the current one */
#define BOOKS_MONTHS 13        /* corrections are looked for so far back, in every BOOKS_EVERYth round and on a new day; else in the last month */
#define BOOKS_EVERY 20
#define KEPT_MAX 40            /* batches of one round: every month that can be closed or corrected, once */
#define MONTH_BYTES_MAX ((size_t)64 << 10)
#define HASH_BYTES 16

typedef struct Shown {
        uint8_t tier;
        uint8_t hash[HASH_BYTES]; /* of `months` */
        bool seen;                /* in the answer at hand */
} Shown;

void months_forget(Months *months) {
        size_t cursor = 0;
        uint64_t generation = months->generation + 1;

        for (Shown *shown; months->shown && (shown = map_next(months->shown, &cursor, NULL));)
                free(shown);
        map_free(months->shown);
        cJSON_Delete(months->books);
        *months = (Months){.generation = generation};
}

/* ---- documents ---- */
static void month_put(Daemon *daemon, Documents *documents, const char *unit, uint8_t tier, Text *text) {
        Topic topic = {.kind = TOPIC_LIST, .tier = tier, .name = "month"};

        snprintf(topic.area, sizeof topic.area, "%.*s", AREA_MAX, daemon->config.area);
        snprintf(topic.unit, sizeof topic.unit, "%s", unit);
        if (documents->n == documents->capacity) {
                documents->capacity = documents->capacity ? documents->capacity * 2 : 64;
                documents->items = realloc(documents->items, documents->capacity * sizeof *documents->items);
                if (!documents->items)
                        abort();
        }
        Document *document = &documents->items[documents->n++];

        *document = (Document){.seq = daemon->months.seq, .retain = true};
        topic_format(&topic, document->topic);
        if (text) {
                document->n_payload = text->n;
                document->payload = text_steal(text);
        }
}

static Shown *shown_of(Months *months, const char *unit) {
        if (!months->shown && !(months->shown = map_new()))
                abort();
        Shown *shown = map_find(months->shown, unit);

        if (shown)
                return shown;
        if (!(shown = calloc(1, sizeof *shown)) || !map_set(months->shown, unit, shown))
                abort();
        return shown;
}

static void month_write(const Daemon *daemon, const char *unit, const char *months, Text *text) {
        char at[TIMESTAMP_TEXT_MAX];

        timestamp_format(clock_wall_ms(), engine_offset_minutes(daemon->engine), at);
        text_append_format(text, "{\"unit\":\"%s\",\"at\":\"%s\",\"seq\":%llu,\"list\":\"month\",\"months\":", unit, at,
                           (unsigned long long)daemon->months.seq);
        text_append_string(text, months);
        text_append_char(text, '}');
}

/* {"unit","tier","months": JSON as text} */
static void month_take(Daemon *daemon, const cJSON *item, Documents *documents) {
        const char *unit = json_string(item, "unit"), *months = json_string(item, "months");
        uint8_t hash[HASH_BYTES], tier = (uint8_t)json_int(item, "tier", 0);

        if (!unit || !months || tier < 1 || tier > 3 || !unit_name_is_valid(unit, strlen(unit)))
                return;
        Shown *shown = shown_of(&daemon->months, unit);
        bool is_new = shown->tier == 0;

        shown->seen = true;
        crypto_generichash(hash, sizeof hash, (const uint8_t *)months, strlen(months), NULL, 0);
        if (shown->tier == tier && memcmp(hash, shown->hash, sizeof hash) == 0)
                return;
        Text text = TEXT_INIT(MONTH_BYTES_MAX);

        month_write(daemon, unit, months, &text);
        if (text.failed) {
                log_write(LOG_LEVEL_WARNING, "daemon", "month document too large unit=%s", unit);
                text_deinit(&text);
                return;
        }
        if (!is_new && shown->tier != tier)
                month_put(daemon, documents, unit, shown->tier, NULL);
        month_put(daemon, documents, unit, tier, &text);
        shown->tier = tier;
        memcpy(shown->hash, hash, sizeof hash);
}

/* Units that have left. */
static void months_clear(Daemon *daemon, Documents *documents) {
        size_t cursor = 0;
        const char *unit;

        for (Shown *shown; daemon->months.shown && (shown = map_next(daemon->months.shown, &cursor, &unit));) {
                if (!shown->seen && shown->tier != 0) {
                        month_put(daemon, documents, unit, shown->tier, NULL);
                        shown->tier = 0;
                }
                shown->seen = false;
        }
}

static void months_show(Daemon *daemon, const cJSON *answer) {
        Documents documents = {0};
        const cJSON *item;

        cJSON_ArrayForEach(item, json_array(answer, "units"))
                month_take(daemon, item, &documents);
        months_clear(daemon, &documents);
        if (documents.n > 0 && bus_is_connected(daemon->bus)) {
                daemon->counters.documents += documents.n;
                bus_publish(daemon->bus, &documents, NULL);
        }
        documents_deinit(&documents);
}

/* ---- asking ---- */
typedef struct MonthAsked { uint64_t generation; } MonthAsked;

static void on_answer(void *userdata, void *context, const char *json, const char *why);

static bool months_ask(Daemon *daemon, MonthQuestion which, int back) {
        EngineQuery query;
        MonthAsked *asked = malloc(sizeof *asked);

        if (!asked)
                abort();
        asked->generation = daemon->months.generation;
        engine_month_question(daemon->engine, which, clock_wall_ms(), back, &query);
        bool taken = store_query(daemon->store, &query, asked, on_answer);

        engine_query_deinit(&query);
        if (!taken)
                free(asked);
        daemon->months.state = !taken ? MONTHS_IDLE : which == MONTH_QUESTION_BOOKS ? MONTHS_BOOKS : MONTHS_DOCUMENTS;
        return taken;
}

static void months_ask_books(Daemon *daemon) {
        const Months *months = &daemon->months;

        months_ask(daemon, MONTH_QUESTION_BOOKS, months->n_rounds % BOOKS_EVERY == 0 ? BOOKS_MONTHS : 1);
}

/* Owned. */
static cJSON *answer_parse(Daemon *daemon, const char *json, const char *why) {
        cJSON *answer = json ? cJSON_Parse(json) : NULL;

        if (!cJSON_IsObject(answer)) {
                log_write_limited(&daemon->limit_query, (uint64_t)clock_monotonic_ms(), LOG_LEVEL_WARNING, "daemon", "months not counted why=%s",
                                  why && *why ? why : "no answer");
                cJSON_Delete(answer);
                return NULL;
        }
        return answer;
}

static void on_answer(void *userdata, void *context, const char *json, const char *why) {
        Daemon *daemon = userdata;
        Months *months = &daemon->months;
        MonthAsked *asked = context;
        bool wanted = asked->generation == months->generation && daemon->loaded && !daemon->closing;
        MonthsState state = months->state;

        free(asked);
        if (!wanted)
                return;
        months->state = MONTHS_IDLE;
        cJSON *answer = answer_parse(daemon, json, why);

        if (answer && state == MONTHS_DOCUMENTS) {
                months_show(daemon, answer);
                months->n_rounds++;
        } else if (answer && engine_books_are_due(answer) && months->n_kept < KEPT_MAX) {
                months->books = answer;
                months->state = MONTHS_KEEP;
                daemon_wish(daemon);
                return;
        } else if (answer) {
                months_ask(daemon, MONTH_QUESTION_DOCUMENTS, MONTHS_SHOWN);
        }
        cJSON_Delete(answer);
}

/* ---- keeping ---- */
static Code job_books(Engine *engine, void *argument) {
        Daemon *daemon = argument;

        return engine_keep_books(engine, daemon->months.books, clock_wall_ms(), daemon->job_detail, sizeof daemon->job_detail);
}

static void job_books_done(void *argument, Code code) {
        Daemon *daemon = argument;
        Months *months = &daemon->months;

        if (code == CODE_NONE)
                log_write(LOG_LEVEL_INFO, "daemon", "books kept close=%s correct=%s",
                          json_object(months->books, "close") ? json_string(json_object(months->books, "close"), "month") : "none",
                          json_object(months->books, "correct") ? json_string(json_object(months->books, "correct"), "month") : "none");
        else
                log_write(LOG_LEVEL_ERROR, "daemon", "books not kept code=%s: %s", code_name(code), daemon->job_detail);
        cJSON_Delete(months->books);
        months->books = NULL;
        months->n_kept = code == CODE_NONE ? months->n_kept + 1 : KEPT_MAX; /* what is refused is not tried again before the next round */
        months->state = MONTHS_AGAIN;
        daemon_wish(daemon);
}

/* ---- the turn ---- */
static bool months_are_due(const Daemon *daemon, int64_t now, int64_t day) {
        const Months *months = &daemon->months;
        bool changed = months->n_rounds == 0 || months->seq != engine_seq(daemon->engine) || months->day != day;

        return changed && (months->at == 0 || now - months->at >= daemon->config.months_ms);
}

bool months_turn(Daemon *daemon) {
        Months *months = &daemon->months;
        int64_t now = clock_monotonic_ms();

        if (months->state == MONTHS_KEEP) {
                bus_hold(daemon->bus);
                daemon->job_detail[0] = 0;
                pump_run(daemon->pump, job_books, job_books_done, daemon);
                return true;
        }
        int64_t day = timestamp_day(clock_wall_ms(), engine_offset_minutes(daemon->engine));
        if (months->state == MONTHS_AGAIN)
                months_ask_books(daemon);
        if (months->state != MONTHS_IDLE || daemon->reconcile.state != RECONCILE_DONE || !months_are_due(daemon, now, day))
                return false;
        if (months->day != day)
                months->n_rounds = 0;
        months->at = now;
        months->day = day;
        months->n_kept = 0;
        months->seq = engine_seq(daemon->engine);
        months_ask_books(daemon);
        return false;
}
