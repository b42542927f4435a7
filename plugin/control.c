/*
 * A batch of documents is checked whole before its first document is published: it comes out complete and in order or not at all.
 * A roster arrives in chunks, is decoded, checked and written by the snapshot's worker, and is swapped in from TICK. Documents that
 * come behind its commit wait for that: when an administrator reads the receipt of an addition or a revocation, it is in force. The
 * area is that of the daemon's session, never of the payload.
 */
#include "plugin/control.h"

#include <mosquitto.h>
#include <mosquitto_broker.h>
#include <stdlib.h>
#include <string.h>

#include "plugin/outlet.h"
#include "plugin/snapshot.h"
#include "proto/wire.h"

static int malformed(Plugin *plugin, const Session *session, const char *what) {
        counter_add(&plugin->counters, COUNT_CONTROL_REFUSED);
        mosquitto_log_printf(MOSQ_LOG_ERR, "policegrid: %s: %s refused", session->id, what);
        return MOSQ_ERR_INVAL;
}

/*
 * The daemon publishes what it owns in its area: downward topics except presence, which is the plugin's. Any topic of the area may be
 * cleared: what nobody knows any more goes (I10).
 */
static bool document_is_sound(const Area *area, const ControlDocument *document) {
        Topic topic;
        size_t n_code = strlen(area->code);
        if (topic_parse(document->topic, strlen(document->topic), &topic) == 0)
                return strcmp(topic.area, area->code) == 0 &&
                       (document->n_payload == 0 || (!topic_is_upward(topic.kind) && topic.kind != TOPIC_PRESENCE));
        return document->n_payload == 0 && document->retain && strncmp(document->topic, "grid/v1/", 8) == 0 &&
               strncmp(document->topic + 8, area->code, n_code) == 0 && document->topic[8 + n_code] == '/' &&
               mosquitto_pub_topic_check(document->topic) == MOSQ_ERR_SUCCESS;
}

static void publish_all(Plugin *plugin, const Area *area, WireReader reader) {
        ControlDocument document;
        while (control_read_document(&reader, &document)) {
                if (!outlet_publish(document.topic, document.payload, document.n_payload, document.retain, document.correlation,
                                    document.n_correlation))
                        mosquitto_log_printf(MOSQ_LOG_ERR, "policegrid: %s: no memory for a document", area->code);
                counter_add(&plugin->counters, COUNT_DOCUMENTS);
        }
}

/* The documents of one PUBLISH, kept for later. */
struct Batch {
        Batch *next;
        size_t n;
        uint8_t data[];
};

/* False when there is no room: then nothing waits any longer. */
static bool defer(Area *area, const WireReader *reader) {
        size_t n = reader->n - reader->at;
        if (area->n_rosters_pending == 0 || n > DEFERRED_BYTES_MAX - area->deferred_bytes)
                return false;
        Batch *batch = malloc(sizeof *batch + n);
        if (batch == NULL)
                return false;
        batch->next = NULL;
        batch->n = n;
        memcpy(batch->data, reader->data + reader->at, n);
        if (area->deferred == NULL)
                area->deferred_last = &area->deferred;
        *area->deferred_last = batch;
        area->deferred_last = &batch->next;
        area->deferred_bytes += n;
        return true;
}

/* Publishes what waits; with NULL only frees it. */
static void deferred_flush(Plugin *plugin, Area *area) {
        while (area->deferred != NULL) {
                Batch *batch = area->deferred;
                area->deferred = batch->next;
                if (plugin != NULL)
                        publish_all(plugin, area, (WireReader){.data = batch->data, .n = batch->n});
                free(batch);
        }
        area->deferred_bytes = 0;
}

static int publish(Plugin *plugin, const Session *session, WireReader reader) {
        Area *area = session->area;
        WireReader first = reader;
        ControlDocument document;
        while (control_read_document(&first, &document))
                if (!document_is_sound(area, &document))
                        return malformed(plugin, session, "a batch with a document that is not the daemon's");
        if (!wire_is_done(&first))
                return malformed(plugin, session, "a malformed batch");
        if (defer(area, &reader))
                return MOSQ_ERR_SUCCESS;
        deferred_flush(plugin, area);
        publish_all(plugin, area, reader);
        return MOSQ_ERR_SUCCESS;
}

void control_roster_done(Plugin *plugin, Area *area) {
        area->n_rosters_pending--;
        if (area->n_rosters_pending == 0)
                deferred_flush(plugin, area);
}

/*
 * The answer enters the asking session's queue when the loop turns, behind every message that the broker has queued there by then, and
 * a stamp given before is not younger than `at`.
 */
static int fence(Plugin *plugin, const Session *session, WireReader reader) {
        ControlFence asked;
        if (!control_read_fence(&reader, &asked))
                return malformed(plugin, session, "a malformed fence");
        ControlFence told = {.token = asked.token, .instance = plugin->instance, .at = plugin_now(plugin)};
        if (session->flow != FLOW_NONE) {
                Flow *flow = &session->area->flows[session->flow];
                if (asked.instance == plugin->instance && asked.counter > flow->drained && asked.counter <= flow->passed)
                        flow->drained = asked.counter;
                told.counter = flow->passed;
        }
        _cleanup_text_ Text text = TEXT_INIT(256);
        control_write_fence(&text, &told);
        if (text.failed || !outlet_send(session->id, CONTROL_TOPIC, text.data, text.n))
                return malformed(plugin, session, "a fence, for want of memory: it");
        return MOSQ_ERR_SUCCESS;
}

void control_send_held(const Area *area, const char *client_id, ControlHeldStatus status) {
        ControlHeld held = {.status = status};
        if (area->roster != NULL) {
                held.epoch = roster_epoch(area->roster);
                held.version = roster_version(area->roster);
                held.n_members = (uint32_t)roster_count_members(area->roster);
                memcpy(held.hash, roster_hash(area->roster), sizeof held.hash);
        }
        _cleanup_text_ Text text = TEXT_INIT(256);
        control_write_held(&text, &held);
        if (text.failed || !outlet_send(client_id, CONTROL_TOPIC, text.data, text.n))
                mosquitto_log_printf(MOSQ_LOG_ERR, "policegrid: no memory to answer %s", client_id);
}

static void transfer_deinit(Transfer *transfer) {
        text_deinit(&transfer->bytes);
        *transfer = (Transfer){0};
}

void control_deinit(Area *area) {
        transfer_deinit(&area->transfer);
        deferred_flush(NULL, area);
}

/* The update is over; what is held is unchanged. */
static int refuse_update(Plugin *plugin, const Session *session, const char *why) {
        transfer_deinit(&session->area->transfer);
        counter_add(&plugin->counters, COUNT_CONTROL_REFUSED);
        mosquitto_log_printf(MOSQ_LOG_WARNING, "policegrid: %s: roster update refused: %s", session->id, why);
        control_send_held(session->area, session->id, CONTROL_HELD_REFUSED);
        return MOSQ_ERR_SUCCESS;
}

/* Newer than what was taken last; the same again is fine too, when it is the same. */
static bool update_is_newer(const Area *area, const ControlRosterBegin *begin) {
        if (begin->epoch != area->newest_epoch)
                return begin->epoch > area->newest_epoch;
        if (begin->version != area->newest_version)
                return begin->version > area->newest_version;
        return area->roster == NULL || memcmp(begin->hash, roster_hash(area->roster), sizeof begin->hash) == 0;
}

static int roster_begin(Plugin *plugin, const Session *session, WireReader reader) {
        ControlRosterBegin begin;
        if (!control_read_roster_begin(&reader, &begin))
                return malformed(plugin, session, "a malformed begin of a roster");
        Transfer *transfer = &session->area->transfer;
        transfer_deinit(transfer);
        if (begin.n_bytes == 0 || begin.n_bytes > ROSTER_BYTES_MAX || begin.n_chunks == 0 || begin.n_chunks > begin.n_bytes)
                return refuse_update(plugin, session, "its size is out of bounds");
        if (!update_is_newer(session->area, &begin))
                return refuse_update(plugin, session, "it is older than what is held");
        *transfer = (Transfer){.open = true, .begin = begin, .bytes = TEXT_INIT(begin.n_bytes)};
        return MOSQ_ERR_SUCCESS;
}

static int roster_chunk(Plugin *plugin, const Session *session, WireReader reader) {
        uint64_t version;
        uint32_t index;
        const void *data;
        size_t n;
        Transfer *transfer = &session->area->transfer;
        if (!control_read_roster_chunk(&reader, &version, &index, &data, &n))
                return malformed(plugin, session, "a malformed chunk of a roster");
        if (!transfer->open)
                return MOSQ_ERR_SUCCESS; /* of an update that was refused at its begin */
        if (version != transfer->begin.version || index != transfer->next_chunk || index >= transfer->begin.n_chunks)
                return refuse_update(plugin, session, "a chunk is missing or foreign");
        text_append(&transfer->bytes, data, n);
        transfer->next_chunk++;
        return transfer->bytes.failed ? refuse_update(plugin, session, "more bytes than announced") : MOSQ_ERR_SUCCESS;
}

static int roster_commit(Plugin *plugin, const Session *session, WireReader reader) {
        uint64_t version;
        Transfer *transfer = &session->area->transfer;
        if (!control_read_roster_commit(&reader, &version))
                return malformed(plugin, session, "a malformed commit of a roster");
        if (!transfer->open)
                return MOSQ_ERR_SUCCESS;
        if (version != transfer->begin.version || transfer->next_chunk != transfer->begin.n_chunks || transfer->bytes.n != transfer->begin.n_bytes)
                return refuse_update(plugin, session, "it is not complete");
        ControlRosterBegin begin = transfer->begin;
        if (!snapshot_submit(plugin->snapshot, session->area->code, session->id, &begin, &transfer->bytes))
                return refuse_update(plugin, session, "out of memory");
        session->area->n_rosters_pending++;
        session->area->newest_epoch = begin.epoch;
        session->area->newest_version = begin.version;
        transfer_deinit(transfer);
        return MOSQ_ERR_SUCCESS;
}

int control_check(Plugin *plugin, const struct mosquitto_evt_control *event) {
        Session *session = event->client != NULL ? session_find(&plugin->sessions, event->client) : NULL;
        if (session == NULL || session->kind != SESSION_DAEMON || !session->connected || session->superseded) {
                counter_add(&plugin->counters, COUNT_CONTROL_REFUSED);
                return MOSQ_ERR_INVAL;
        }
        WireReader reader = {.data = event->payload, .n = event->payloadlen};
        ControlType type;
        if (event->payloadlen == 0 || !control_read_type(&reader, &type))
                return malformed(plugin, session, "an unknown control message");
        switch (type) {
        case CONTROL_PUBLISH:
                return publish(plugin, session, reader);
        case CONTROL_FENCE:
                return fence(plugin, session, reader);
        case CONTROL_ROSTER_ASK:
                if (!wire_is_done(&reader))
                        return malformed(plugin, session, "a malformed question");
                control_send_held(session->area, session->id, session->area->roster != NULL ? CONTROL_HELD_OK : CONTROL_HELD_NONE);
                return MOSQ_ERR_SUCCESS;
        case CONTROL_ROSTER_BEGIN:
                return roster_begin(plugin, session, reader);
        case CONTROL_ROSTER_CHUNK:
                return roster_chunk(plugin, session, reader);
        case CONTROL_ROSTER_COMMIT:
                return roster_commit(plugin, session, reader);
        case CONTROL_HELD:
                break;
        }
        return malformed(plugin, session, "an answer instead of a question");
}
