#include "engine/document/document.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/internal.h"
#include "engine/state/state_batch.h"
#include "proto/json.h"

struct DocumentSink {
        const Engine *engine;
        const Organisation *organisation;
        uint64_t seq;
        Documents *documents;       /* where they go; NULL = topics only */
        Text payload;               /* of the document being written */
        bool is_open;
        const cJSON *shared;        /* tree that shared_text is of; nothing changes while documents are made */
        Text shared_text;
        char (*topics)[TOPIC_MAX + 1]; /* every topic given, owned */
        size_t n_topics, capacity;
};

/* ---- a batch's documents ---- */
void documents_cut(Documents *documents, size_t n) {
        while (documents->n > n)
                free(documents->items[--documents->n].payload);
}

void documents_reset(Documents *documents) {
        documents_cut(documents, 0);
}

void documents_deinit(Documents *documents) {
        documents_reset(documents);
        free(documents->items);
        *documents = (Documents){0};
}

static Document *documents_grow(Documents *documents) {
        if (documents->n == documents->capacity) {
                documents->capacity = documents->capacity == 0 ? 64 : documents->capacity * 2;
                documents->items = realloc(documents->items, documents->capacity * sizeof(Document));
                if (documents->items == NULL)
                        abort();
        }
        return &documents->items[documents->n++];
}

/* On a topic that is written out already. */
static Document *documents_put(Documents *documents, uint64_t seq, const char *topic, char *payload, size_t n_payload, bool retain) {
        Document *document = documents_grow(documents);
        document->seq = seq;
        strcpy(document->topic, topic);
        document->payload = payload;
        document->n_payload = n_payload;
        document->retain = retain;
        document->n_correlation = 0;
        return document;
}

Document *documents_add(Documents *documents, uint64_t seq, const Topic *topic, char *payload, size_t n_payload, bool retain) {
        char text[TOPIC_MAX + 1];
        topic_format(topic, text);
        return documents_put(documents, seq, text, payload, n_payload, retain);
}

void documents_append(Documents *to, Documents *from) {
        for (size_t i = 0; i < from->n; i++)
                *documents_grow(to) = from->items[i];
        from->n = 0;
}

typedef struct Rank { uint64_t seq; size_t at; } Rank;

static int rank_compare(const void *a, const void *b) {
        const Rank *left = a, *right = b;
        if (left->seq != right->seq)
                return left->seq < right->seq ? -1 : 1;
        return left->at < right->at ? -1 : left->at > right->at;
}

void documents_sort(Documents *documents) {
        bool sorted = true;
        for (size_t i = 1; i < documents->n && sorted; i++)
                sorted = documents->items[i - 1].seq <= documents->items[i].seq;
        if (sorted)
                return;
        Rank *ranks = malloc(documents->n * sizeof *ranks);
        Document *items = malloc(documents->n * sizeof *items);
        if (ranks == NULL || items == NULL)
                abort();
        for (size_t i = 0; i < documents->n; i++)
                ranks[i] = (Rank){.seq = documents->items[i].seq, .at = i};
        qsort(ranks, documents->n, sizeof *ranks, rank_compare);
        for (size_t i = 0; i < documents->n; i++)
                items[i] = documents->items[ranks[i].at];
        free(documents->items);
        free(ranks);
        documents->items = items;
        documents->capacity = documents->n;
}

/* ---- the sink ---- */
const Engine *sink_engine(const DocumentSink *sink) {
        return sink->engine;
}

const Organisation *sink_organisation(const DocumentSink *sink) {
        return sink->organisation;
}

const char *sink_json(DocumentSink *sink, const cJSON *value) {
        if (sink->shared != value) {
                text_reset(&sink->shared_text);
                json_append(&sink->shared_text, value);
                sink->shared = value;
        }
        return text_string(&sink->shared_text);
}

static void sink_close(DocumentSink *sink) {
        if (!sink->is_open)
                return;
        sink->is_open = false;
        size_t n = sink->payload.n;
        char *payload = text_steal(&sink->payload);
        if (payload == NULL)
                abort();
        documents_put(sink->documents, sink->seq, sink->topics[sink->n_topics - 1], payload, n, true);
        sink->payload = (Text){0};
}

Text *sink_add(DocumentSink *sink, const Topic *topic) {
        sink_close(sink);
        Topic full = *topic;
        strcpy(full.area, engine_area(sink->engine));
        if (sink->n_topics == sink->capacity) {
                sink->capacity = sink->capacity == 0 ? 4 : sink->capacity * 2;
                sink->topics = realloc(sink->topics, sink->capacity * sizeof *sink->topics);
                if (sink->topics == NULL)
                        abort();
        }
        topic_format(&full, sink->topics[sink->n_topics++]);
        if (sink->documents == NULL)
                return NULL;
        sink->is_open = true;
        return &sink->payload;
}

static void sink_object(DocumentSink *sink, const Object *object) {
        const void *any = object;
        sink->n_topics = 0;
        if (object == NULL || !object->live)
                return;
        switch (object->kind) {
        case OBJECT_TASK:
                task_documents(any, sink);
                break;
        case OBJECT_ESCALATION:
                escalation_documents(any, sink);
                break;
        case OBJECT_NOTICE:
                notice_documents(any, sink);
                break;
        case OBJECT_DEVICE:
                device_documents(any, sink);
                break;
        case OBJECT_WARNING:
        case OBJECT_REPORT:
        case OBJECT_CASE:
        case OBJECT_HOLDER:
        case OBJECT_REDEMPTION:
        case OBJECT_DUTY:
        case OBJECT_ROUND:
        case OBJECT_SHIFT:
        case OBJECT_CONTACT:
        case OBJECT_KIND_COUNT:
                break;
        }
        sink_close(sink);
}

static bool sink_holds(const DocumentSink *sink, const char *topic) {
        for (size_t i = 0; i < sink->n_topics; i++)
                if (strcmp(sink->topics[i], topic) == 0)
                        return true;
        return false;
}

static void sink_deinit(DocumentSink *sink) {
        text_deinit(&sink->payload);
        text_deinit(&sink->shared_text);
        free(sink->topics);
}

/* What the object showed and shows no more. */
static void clear_gone(DocumentSink *before, const DocumentSink *after, uint64_t seq, Documents *ret) {
        for (size_t gone = 0; gone < before->n_topics; gone++)
                if (!sink_holds(after, before->topics[gone]))
                        documents_put(ret, seq, before->topics[gone], NULL, 0, true);
}

static bool sinks_agree(const DocumentSink *left, const DocumentSink *right) {
        bool agree = left->n_topics == right->n_topics;
        for (size_t i = 0; i < left->n_topics && agree; i++)
                agree = sink_holds(right, left->topics[i]);
        return agree;
}

static Object *next_object(const State *state, ObjectKind kind, size_t *cursor) {
        switch (kind) {
        case OBJECT_NOTICE: return (Object *)state_next_notice(state, cursor);
        case OBJECT_TASK: return (Object *)state_next_task(state, cursor);
        case OBJECT_ESCALATION: return (Object *)state_next_escalation(state, cursor);
        case OBJECT_DEVICE: return (Object *)state_next_device(state, cursor);
        default: return NULL;
        }
}

/* A unit that is gone, or has another tier, takes the topics of what did not change with it. */
static void documents_of_move(Engine *engine, uint64_t seq, DocumentSink *before, DocumentSink *after) {
        DocumentSink topics = {.engine = engine, .organisation = after->organisation};
        for (int kind = 0; kind < OBJECT_KIND_COUNT; kind++) {
                size_t cursor = 0;
                for (Object *object; (object = next_object(engine_state(engine), (ObjectKind)kind, &cursor)) != NULL;) {
                        if (object->listed)
                                continue;
                        sink_object(before, object);
                        sink_object(&topics, object);
                        if (sinks_agree(before, &topics))
                                continue;
                        after->seq = seq;
                        sink_object(after, object);
                        clear_gone(before, after, seq, after->documents);
                }
        }
        sink_deinit(&topics);
}

void documents_of_changes(Engine *engine, uint64_t seq, Documents *ret) {
        const State *state = engine_state(engine);
        const Changed *changed;
        size_t n = state_changed(state, &changed);
        DocumentSink before = {.engine = engine, .organisation = state_organisation_before(state)};
        DocumentSink after = {.engine = engine, .organisation = state_organisation(state), .documents = ret};
        for (size_t i = 0; i < n; i++) {
                after.seq = changed[i].object->changed_seq;
                sink_object(&before, changed[i].before);
                sink_object(&after, changed[i].object);
                clear_gone(&before, &after, after.seq, ret);
        }
        if (before.organisation != after.organisation)
                documents_of_move(engine, seq, &before, &after);
        sink_deinit(&before);
        sink_deinit(&after);
}

void documents_of_state(Engine *engine, Documents *ret) {
        DocumentSink sink = {.engine = engine, .organisation = state_organisation(engine_state(engine)), .documents = ret};
        for (int kind = 0; kind < OBJECT_KIND_COUNT; kind++) {
                size_t cursor = 0;
                for (Object *object; (object = next_object(engine_state(engine), (ObjectKind)kind, &cursor)) != NULL;) {
                        sink.seq = object->changed_seq;
                        sink_object(&sink, object);
                }
        }
        sink_deinit(&sink);
}

bool documents_expect(const Engine *engine, const Topic *topic) {
        const State *state = engine_state(engine);
        DocumentSink sink = {.engine = engine, .organisation = state_organisation(state)};
        char text[TOPIC_MAX + 1];
        topic_format(topic, text);
        bool found = false;
        if (topic->kind == TOPIC_TASK) {
                sink_object(&sink, (const Object *)state_task(state, topic->target));
                found = sink_holds(&sink, text);
        } else if (topic->kind == TOPIC_NOTICE) {
                sink_object(&sink, (const Object *)state_notice(state, topic->target, topic->unit));
                found = sink_holds(&sink, text);
        } else if (topic->kind == TOPIC_DEVICE) {
                sink_object(&sink, (const Object *)state_device(state, topic->name));
                found = sink_holds(&sink, text);
        } else if (topic->kind == TOPIC_ESCALATION) {
                Escalation *const *rungs;
                size_t n = state_escalations_of_task(state, topic->target, &rungs);
                for (size_t i = 0; i < n && !found; i++) {
                        sink_object(&sink, &rungs[i]->object);
                        found = sink_holds(&sink, text);
                }
        }
        sink_deinit(&sink);
        return found;
}

/* ---- writing ---- */
static void member_start(Text *text, const char *name) {
        char last = text->n == 0 ? '{' : text->data[text->n - 1];
        if (text->n > 0 && last != '{' && last != '[')
                text_append_char(text, ',');
        if (name != NULL) {
                text_append_char(text, '"');
                text_append_string(text, name);
                text_append_string(text, "\":");
        }
}

void document_open(Text *text, const char *name, char bracket) {
        member_start(text, name);
        text_append_char(text, bracket);
}

void document_close(Text *text, char bracket) {
        text_append_char(text, bracket);
}

void document_string(Text *text, const char *name, const char *value) {
        if (value == NULL || *value == '\0')
                return;
        member_start(text, name);
        text_append_json_string(text, value);
}

void document_int(Text *text, const char *name, int64_t value) {
        member_start(text, name);
        text_append_int(text, value);
}

void document_bool(Text *text, const char *name, bool value) {
        member_start(text, name);
        text_append_string(text, value ? "true" : "false");
}

void document_time(Text *text, const char *name, int64_t ms, int offset_minutes) {
        if (ms == TIMESTAMP_NONE)
                return;
        char time[TIMESTAMP_TEXT_MAX];
        timestamp_format(ms, offset_minutes, time);
        document_string(text, name, time);
}

void document_json(Text *text, const char *name, const cJSON *value) {
        if (value == NULL)
                return;
        member_start(text, name);
        json_append(text, value);
}

void document_raw(Text *text, const char *name, const char *json) {
        if (json == NULL)
                return;
        member_start(text, name);
        text_append_string(text, json);
}
