/*
 * Reconcile. Documents are compared by hash, so that a town's worth of them costs 16 bytes and a topic each while the survey runs.
 */
#include "reconcile.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "proto/json.h"

#define HASH_BYTES 16
#define FOUND_MAX 2000000 /* what is beyond is found by the next survey */

typedef struct Found { uint8_t hash[HASH_BYTES]; } Found;

static void reconcile_forget(Reconcile *reconcile) {
        size_t cursor = 0;
        void *found;

        if (!reconcile->found)
                return;
        while ((found = map_next(reconcile->found, &cursor, NULL)))
                free(found);
        reconcile->found = map_free(reconcile->found);
}

void reconcile_reset(Reconcile *reconcile, uint64_t from_seq) {
        reconcile_forget(reconcile);
        *reconcile = (Reconcile){.from_seq = from_seq};
}

static void reconcile_take_mark(Reconcile *reconcile, const void *payload, size_t n_payload) {
        _cleanup_json_ cJSON *mark = NULL;

        if (json_parse_object(payload, n_payload, JSON_BYTES_MAX, &mark) != CODE_NONE)
                return;
        int64_t seq = json_int(mark, "seq", -1); /* a will's mark has none: where it stood is unknown */

        reconcile->has_mark = seq >= 0;
        reconcile->mark_seq = seq >= 0 ? (uint64_t)seq : 0;
}

void reconcile_take(Reconcile *reconcile, const char *topic, const void *payload, size_t n_payload) {
        Topic parsed;

        if (topic_parse(topic, strlen(topic), &parsed) != 0)
                return;
        if (parsed.kind == TOPIC_MARK) {
                if (reconcile->state == RECONCILE_MARK)
                        reconcile_take_mark(reconcile, payload, n_payload);
                return;
        }
        if (reconcile->state != RECONCILE_ALL)
                return;
        if (!reconcile->found && !(reconcile->found = map_new()))
                abort();
        if (map_count(reconcile->found) >= FOUND_MAX)
                return;
        Found *found = malloc(sizeof *found);

        if (!found)
                abort();
        crypto_generichash(found->hash, sizeof found->hash, payload, n_payload, NULL, 0);
        free(map_remove(reconcile->found, topic));
        if (!map_set(reconcile->found, topic, found))
                abort();
}

void reconcile_surveyed(Reconcile *reconcile) {
        if (reconcile->state == RECONCILE_MARK)
                reconcile->state = RECONCILE_JUDGE;
        else if (reconcile->state == RECONCILE_ALL)
                reconcile->state = RECONCILE_COMPARE;
}

bool reconcile_is_current(const Reconcile *reconcile) { return reconcile->has_mark && reconcile->mark_seq == reconcile->from_seq; }

/* Whether the broker already holds exactly this document; takes it off the list of what was found. */
static bool reconcile_holds(Reconcile *reconcile, const Document *document) {
        uint8_t hash[HASH_BYTES];
        Found *found = reconcile->found ? map_remove(reconcile->found, document->topic) : NULL;

        if (!found)
                return false;
        crypto_generichash(hash, sizeof hash, (const uint8_t *)document->payload, document->n_payload, NULL, 0);
        bool same = memcmp(hash, found->hash, sizeof hash) == 0;

        free(found);
        return same;
}

static void documents_clear_topic(Documents *documents, const char *topic) {
        if (documents->n == documents->capacity) {
                documents->capacity = documents->capacity ? documents->capacity * 2 : 64;
                documents->items = realloc(documents->items, documents->capacity * sizeof *documents->items);
                if (!documents->items)
                        abort();
        }
        Document *document = &documents->items[documents->n++];

        *document = (Document){.retain = true};
        memcpy(document->topic, topic, strlen(topic) + 1);
}

static size_t reconcile_clear_unknown(Reconcile *reconcile, const Engine *engine, Documents *ret) {
        size_t cursor = 0, n = 0;
        const char *topic;
        Topic parsed;

        while (reconcile->found && map_next(reconcile->found, &cursor, &topic))
                if (topic_parse(topic, strlen(topic), &parsed) != 0 || !engine_expects_topic(engine, &parsed)) {
                        documents_clear_topic(ret, topic);
                        n++;
                }
        return n;
}

void reconcile_compare(Reconcile *reconcile, Engine *engine, Documents *ret, size_t *ret_republished, size_t *ret_cleared) {
        size_t n = 0;

        engine_documents(engine, ret);
        for (size_t i = 0; i < ret->n; i++) {
                if (!ret->items[i].payload || reconcile_holds(reconcile, &ret->items[i]))
                        free(ret->items[i].payload);
                else
                        ret->items[n++] = ret->items[i];
        }
        ret->n = n;
        *ret_republished = n;
        *ret_cleared = reconcile_clear_unknown(reconcile, engine, ret);
        reconcile_forget(reconcile);
        reconcile->state = RECONCILE_DONE;
}
