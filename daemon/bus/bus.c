/*
 * Bus. Three states of flow decide what may be read and written:
 *
 *   open      idle: both sessions are read; what is queued is written at once.
 *   held      a burst (or the daemon's own batch) is in work: nothing is read, nothing is written, since the queue holds the
 *             PUBACKs of messages that have not been committed yet (I1).
 *   draining  after bus_flush: the urgent session's queue first, which holds the documents, then the bulk session's, so that no
 *             bulk message is acknowledged before its documents have left (I4). Nothing is read until both are empty, so a queue
 *             never mixes PUBACKs of two bursts, and a broker that does not take our bytes stops our reading (I13).
 *
 * The broker redelivers before it answers our SUBSCRIBE. What is read until both sessions are subscribed is kept as the beginning of
 * the first burst; nothing is written meanwhile.
 *
 * Losing one session drops both: the halves of one area must not work apart. A bus that is lost while held stays held, and connects
 * again only after bus_flush: messages must not come while the daemon still works on their first delivery.
 */
#include "bus/bus.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bus/ingest.h"
#include "bus/session.h"
#include "bus/filters.h"

#define HELD_LOOK_MS 20 /* a held bus that was lost looks this often whether it may connect */

typedef enum Flow { FLOW_OPEN = 0, FLOW_HELD, FLOW_DRAINING } Flow;

typedef struct FenceState {
        uint64_t token;     /* of the question that is out; 0 = none */
        uint64_t instance;  /* of the last answer seen */
        uint64_t counter;
} FenceState;

struct Bus {
        uv_loop_t *loop;
        BusConfig config;
        BusEvents events;
        void *userdata;
        char *host, *area, *password;
        char user[64], client[BUS_SESSIONS][80], will_topic[TOPIC_MAX + 1];
        Filters filters[BUS_SESSIONS];
        Session *sessions[BUS_SESSIONS];
        uv_timer_t tick, retry;
        unsigned n_timers;      /* timers whose handles are not closed yet */
        bool started, connected, stopping, closed;
        uint64_t attempt_at;    /* loop time of the attempt, for the handshake's bound */
        Flow flow;
        bool in_burst;          /* session_read is running */
        size_t n_burst, n_burst_bytes;
        uint64_t token;
        FenceState fences[BUS_SESSIONS];
        uint64_t survey_token;  /* 0 = no survey runs */
        Filters survey;
        void (*on_closed)(void *userdata);
};

/* ---- reading and writing ---- */
static bool bus_may_write(const Bus *bus) { return bus->flow != FLOW_HELD && bus->n_burst == 0 && !bus->in_burst; }

static void bus_listen(Bus *bus) {
        for (int i = 0; i < BUS_SESSIONS; i++)
                session_listen(bus->sessions[i], bus->flow == FLOW_OPEN, bus_may_write(bus));
}

static void bus_drain(Bus *bus) {
        if (session_write(bus->sessions[BUS_URGENT]) && session_write(bus->sessions[BUS_BULK]))
                bus->flow = FLOW_OPEN;
        bus_listen(bus);
}

/* Write what was just queued unless PUBACKs are held. */
static void bus_push(Bus *bus) {
        if (!bus_may_write(bus))
                return;
        bus->flow = FLOW_DRAINING;
        bus_drain(bus);
}

static bool bus_burst_is_full(const Bus *bus) {
        return bus->connected && (bus->n_burst >= bus->config.burst_messages || bus->n_burst_bytes >= bus->config.burst_bytes);
}

static void bus_read_session(Bus *bus, Session *session) {
        while (session_is_alive(session) && !bus_burst_is_full(bus) && session_has_input(session))
                if (!session_read(session))
                        return;
}

static void bus_read(Bus *bus, Session *ready) {
        bus->in_burst = true;
        bus_read_session(bus, bus->sessions[BUS_URGENT]);
        bus_read_session(bus, bus->sessions[BUS_BULK]);
        if (session_is_alive(ready) && !session_has_input(ready) && bus->n_burst == 0)
                session_read(ready); /* readable without bytes: the end of the stream, told by reading it */
        bus->in_burst = false;
        if (!session_is_up(bus->sessions[BUS_URGENT]) || !session_is_up(bus->sessions[BUS_BULK])) {
                bus_listen(bus);
                return; /* lost, and on_down is on its way, or not subscribed yet; nothing of this burst was acknowledged */
        }
        if (bus->n_burst == 0) {
                bus_push(bus);
                return;
        }
        bus->flow = FLOW_HELD;
        bus->n_burst = bus->n_burst_bytes = 0;
        bus_listen(bus);
        bus->events.on_burst(bus->userdata);
}

static void on_ready(void *userdata, Session *session, bool readable, bool writable) {
        Bus *bus = userdata;

        if (writable)
                bus_push(bus);
        if (readable && bus->flow == FLOW_OPEN)
                bus_read(bus, session);
}

/* ---- what arrives ---- */
static void bus_take_fence(Bus *bus, BusSession at, const ControlFence *fence) {
        FenceState *state = &bus->fences[at];

        state->instance = fence->instance;
        state->counter = fence->counter;
        if (fence->token == bus->survey_token && bus->survey_token != 0) {
                bus->survey_token = 0;
                session_unsubscribe(bus->sessions[BUS_URGENT], bus->survey.items, bus->survey.n);
                bus->events.on_survey_done(bus->userdata);
        } else if (fence->token == state->token && state->token != 0) {
                state->token = 0;
                bus->events.on_fence(bus->userdata, at, fence);
        }
}

static void bus_take_control(Bus *bus, BusSession at, const struct mosquitto_message *message) {
        WireReader reader = {.data = message->payload, .n = (size_t)message->payloadlen};
        ControlType type;
        ControlFence fence;
        ControlHeld held;

        if (!control_read_type(&reader, &type))
                bus->events.on_remark(bus->userdata, "malformed control message");
        else if (type == CONTROL_FENCE && control_read_fence(&reader, &fence))
                bus_take_fence(bus, at, &fence);
        else if (type == CONTROL_HELD && control_read_held(&reader, &held))
                bus->events.on_held(bus->userdata, &held);
        else
                bus->events.on_remark(bus->userdata, "unexpected control message");
}

static void on_message(void *userdata, Session *session, const struct mosquitto_message *message, const mosquitto_property *properties) {
        Bus *bus = userdata;
        BusSession at = session == bus->sessions[BUS_URGENT] ? BUS_URGENT : BUS_BULK;
        Topic topic;

        if (strcmp(message->topic, CONTROL_TOPIC) == 0) {
                bus_take_control(bus, at, message);
                return;
        }
        if (topic_parse(message->topic, strlen(message->topic), &topic) == 0 && !topic_is_upward(topic.kind)) {
                if (message->retain && bus->survey_token != 0 && message->payloadlen > 0)
                        bus->events.on_retained(bus->userdata, message->topic, message->payload, (size_t)message->payloadlen);
                return; /* our own documents, while a survey is subscribed to them */
        }
        Ingest ingest;

        ingest_init(&ingest, message, properties);
        bus->n_burst++;
        bus->n_burst_bytes += (size_t)message->payloadlen;
        bus->events.on_message(bus->userdata, at, &ingest.raw);
        ingest_deinit(&ingest);
}

/* ---- coming and going ---- */
static void bus_reset(Bus *bus) {
        for (int i = 0; i < BUS_SESSIONS; i++) {
                session_drop(bus->sessions[i]);
                bus->fences[i].token = 0;
        }
        bus->survey_token = 0;
        bus->connected = false;
        bus->n_burst = bus->n_burst_bytes = 0;
        if (bus->flow == FLOW_DRAINING)
                bus->flow = FLOW_OPEN;
}

static void bus_connect(Bus *bus) {
        bus->attempt_at = uv_now(bus->loop);
        for (int i = 0; i < BUS_SESSIONS; i++)
                session_connect(bus->sessions[i]);
}

static void on_retry(uv_timer_t *timer) {
        Bus *bus = timer->data;

        if (bus->flow == FLOW_HELD)
                uv_timer_start(&bus->retry, on_retry, HELD_LOOK_MS, 0);
        else if (bus->started)
                bus_connect(bus);
}

static void bus_close(Bus *bus);

static void bus_lose(Bus *bus, const char *why) {
        bus_reset(bus);
        if (bus->stopping) {
                bus_close(bus);
                return;
        }
        uv_timer_start(&bus->retry, on_retry, bus->config.retry_ms, 0);
        bus->events.on_lost(bus->userdata, why);
}

static void on_up(void *userdata, Session *session) {
        Bus *bus = userdata;

        (void)session;
        if (bus->connected || !session_is_up(bus->sessions[BUS_URGENT]) || !session_is_up(bus->sessions[BUS_BULK]))
                return;
        bus->connected = true;
        bus->events.on_connected(bus->userdata);
}

static void on_down(void *userdata, Session *session, const char *why) {
        Bus *bus = userdata;
        char text[224];

        snprintf(text, sizeof text, "%s: %s", session == bus->sessions[BUS_URGENT] ? "urgent" : "bulk", why);
        bus_lose(bus, text);
}

static void on_tick(uv_timer_t *timer) {
        Bus *bus = timer->data;

        if (!bus->started || uv_is_active((uv_handle_t *)&bus->retry))
                return;
        if (!bus->connected && uv_now(bus->loop) - bus->attempt_at > bus->config.handshake_ms) {
                bus_lose(bus, "no answer from the broker");
                return;
        }
        if (bus->flow == FLOW_HELD)
                return;
        for (int i = 0; i < BUS_SESSIONS; i++)
                session_tick(bus->sessions[i]);
        if (bus->connected)
                bus_push(bus);
}

void bus_start(Bus *bus) {
        assert(!bus->stopping);
        if (bus->started)
                return;
        bus->started = true;
        bus_connect(bus);
}

void bus_drop(Bus *bus) {
        bus->started = false;
        uv_timer_stop(&bus->retry);
        bus_reset(bus);
        bus->flow = FLOW_OPEN;
}

bool bus_is_connected(const Bus *bus) { return bus->connected; }

/* ---- the end ---- */
static void bus_tell_closed(Bus *bus) {
        if (bus->closed || !bus->stopping || bus->n_timers > 0)
                return;
        for (int i = 0; i < BUS_SESSIONS; i++)
                if (!session_is_idle(bus->sessions[i]))
                        return;
        bus->closed = true;
        bus->on_closed(bus->userdata);
}

static void on_gone(void *userdata, Session *session) {
        (void)session;
        bus_tell_closed(userdata);
}

static void on_timer_closed(uv_handle_t *handle) {
        Bus *bus = handle->data;

        bus->n_timers--;
        bus_tell_closed(bus);
}

static void bus_close(Bus *bus) {
        if (uv_is_closing((uv_handle_t *)&bus->retry))
                return;
        bus->started = false;
        uv_close((uv_handle_t *)&bus->tick, on_timer_closed);
        uv_close((uv_handle_t *)&bus->retry, on_timer_closed);
}

/* The second DISCONNECT, a broker that takes nothing, a thread that still connects: none may hold up the end. */
static void on_stop_bound(uv_timer_t *timer) {
        Bus *bus = timer->data;

        bus_reset(bus);
        bus_close(bus);
}

void bus_stop(Bus *bus, void (*on_closed)(void *userdata)) {
        bool connected = bus->connected;

        bus->stopping = true;
        bus->on_closed = on_closed;
        uv_timer_start(&bus->retry, on_stop_bound, connected ? 200 : 0, 0);
        if (!connected)
                return;
        for (int i = 0; i < BUS_SESSIONS; i++)
                session_disconnect(bus->sessions[i]);
        if (bus->flow != FLOW_HELD)
                bus_push(bus);
}

/* ---- what the daemon says ---- */
void bus_hold(Bus *bus) {
        bus->flow = FLOW_HELD;
        bus_listen(bus);
}

void bus_flush(Bus *bus) {
        bus->flow = FLOW_DRAINING;
        bus_drain(bus);
}

static void bus_send_documents(Bus *bus, Text *text) {
        assert(!text->failed);
        session_publish(bus->sessions[BUS_URGENT], CONTROL_TOPIC, text->data, text->n);
        text_reset(text);
        control_publish_start(text);
}

static void bus_add_document(Bus *bus, Text *text, const ControlDocument *document) {
        size_t n = strlen(document->topic) + document->n_payload + document->n_correlation + 32;

        if (text->n + n > CONTROL_PUBLISH_BYTES)
                bus_send_documents(bus, text);
        control_publish_add(text, document);
}

void bus_publish(Bus *bus, const Documents *documents, const char *mark) {
        _cleanup_text_ Text text = TEXT_INIT(4 * CONTROL_PUBLISH_BYTES);

        if (!bus->connected || (documents->n == 0 && !mark))
                return;
        control_publish_start(&text);
        for (size_t i = 0; i < documents->n; i++) {
                const Document *document = &documents->items[i];
                ControlDocument control = {.topic = document->topic, .payload = document->payload, .n_payload = document->n_payload,
                                           .correlation = document->n_correlation ? document->correlation : NULL,
                                           .n_correlation = document->n_correlation, .retain = document->retain};
                bus_add_document(bus, &text, &control);
        }
        if (mark)
                bus_add_document(bus, &text, &(ControlDocument){.topic = bus->will_topic, .payload = mark, .n_payload = strlen(mark), .retain = true});
        bus_send_documents(bus, &text);
        bus_push(bus);
}

static void bus_ask_fence(Bus *bus, BusSession at, uint64_t token) {
        _cleanup_text_ Text text = TEXT_INIT(1024);
        ControlFence fence = {.token = token, .instance = bus->fences[at].instance, .counter = bus->fences[at].counter};

        control_write_fence(&text, &fence);
        session_publish(bus->sessions[at], CONTROL_TOPIC, text.data, text.n);
        bus_push(bus);
}

void bus_fence(Bus *bus, BusSession at) {
        if (!bus->connected || bus->fences[at].token != 0)
                return;
        bus->fences[at].token = ++bus->token;
        bus_ask_fence(bus, at, bus->fences[at].token);
}

void bus_roster_ask(Bus *bus) {
        _cleanup_text_ Text text = TEXT_INIT(1024);

        control_write_roster_ask(&text);
        session_publish(bus->sessions[BUS_URGENT], CONTROL_TOPIC, text.data, text.n);
        bus_push(bus);
}

void bus_roster_send(Bus *bus, const Roster *roster) {
        _cleanup_text_ Text bytes = TEXT_INIT(0);
        _cleanup_text_ Text text = TEXT_INIT(CONTROL_CHUNK_BYTES + 1024);

        roster_encode(roster, &bytes);
        assert(!bytes.failed);
        ControlRosterBegin begin = {.epoch = roster_epoch(roster), .version = roster_version(roster), .n_bytes = (uint32_t)bytes.n,
                                    .n_chunks = (uint32_t)((bytes.n + CONTROL_CHUNK_BYTES - 1) / CONTROL_CHUNK_BYTES)};
        memcpy(begin.hash, roster_hash(roster), sizeof begin.hash);
        control_write_roster_begin(&text, &begin);
        session_publish(bus->sessions[BUS_URGENT], CONTROL_TOPIC, text.data, text.n);
        for (uint32_t i = 0; i < begin.n_chunks; i++) {
                size_t from = i * CONTROL_CHUNK_BYTES, n = bytes.n - from < CONTROL_CHUNK_BYTES ? bytes.n - from : CONTROL_CHUNK_BYTES;

                text_reset(&text);
                control_write_roster_chunk(&text, begin.version, i, bytes.data + from, n);
                session_publish(bus->sessions[BUS_URGENT], CONTROL_TOPIC, text.data, text.n);
        }
        text_reset(&text);
        control_write_roster_commit(&text, begin.version);
        session_publish(bus->sessions[BUS_URGENT], CONTROL_TOPIC, text.data, text.n);
        bus_push(bus);
}

void bus_survey(Bus *bus, BusSurvey survey) {
        if (!bus->connected)
                return;
        assert(bus->survey_token == 0);
        filters_deinit(&bus->survey);
        filters_survey(&bus->survey, bus->area, survey == BUS_SURVEY_ALL);
        bus->survey_token = ++bus->token;
        session_subscribe(bus->sessions[BUS_URGENT], bus->survey.items, bus->survey.n);
        bus_ask_fence(bus, BUS_URGENT, bus->survey_token);
}

/* ---- life ---- */
static Session *bus_make_session(Bus *bus, BusSession at, const char *name) {
        static const SessionEvents events = {.on_up = on_up, .on_down = on_down, .on_ready = on_ready, .on_message = on_message,
                                             .on_gone = on_gone};
        snprintf(bus->client[at], sizeof bus->client[at], "%s/%s", bus->user, name);
        SessionConfig config = {.host = bus->host, .port = bus->config.port, .user = bus->user, .password = bus->password,
                                .client = bus->client[at], .keepalive_s = bus->config.keepalive_s,
                                .receive_maximum = bus->config.receive_maximum,
                                .will_topic = at == BUS_URGENT ? bus->will_topic : NULL, .will_payload = "{\"alive\":false}",
                                .filters = bus->filters[at].items, .n_filters = bus->filters[at].n};
        return session_new(bus->loop, &config, &events, bus);
}

Bus *bus_new(uv_loop_t *loop, const BusConfig *config, const BusEvents *events, void *userdata) {
        Bus *bus = calloc(1, sizeof *bus);

        if (!bus)
                return NULL;
        mosquitto_lib_init();
        bus->loop = loop;
        bus->config = *config;
        bus->events = *events;
        bus->userdata = userdata;
        bus->host = strdup(config->host);
        bus->area = strdup(config->area);
        bus->password = strdup(config->password);
        if (!bus->host || !bus->area || !bus->password)
                abort();
        snprintf(bus->user, sizeof bus->user, "%s%s", DAEMON_USER_PREFIX, bus->area);
        snprintf(bus->will_topic, sizeof bus->will_topic, "grid/v1/%s/daemon/mark", bus->area);
        filters_urgent(&bus->filters[BUS_URGENT], bus->area);
        filters_bulk(&bus->filters[BUS_BULK], bus->area);
        bus->sessions[BUS_URGENT] = bus_make_session(bus, BUS_URGENT, "urgent");
        bus->sessions[BUS_BULK] = bus_make_session(bus, BUS_BULK, "bulk");
        if (!bus->sessions[BUS_URGENT] || !bus->sessions[BUS_BULK])
                abort();
        uv_timer_init(loop, &bus->tick);
        uv_timer_init(loop, &bus->retry);
        bus->tick.data = bus->retry.data = bus;
        bus->n_timers = 2;
        uv_timer_start(&bus->tick, on_tick, 1000, 1000);
        return bus;
}

Bus *bus_free(Bus *bus) {
        if (!bus)
                return NULL;
        assert(bus->closed);
        for (int i = 0; i < BUS_SESSIONS; i++) {
                session_free(bus->sessions[i]);
                filters_deinit(&bus->filters[i]);
        }
        filters_deinit(&bus->survey);
        free(bus->host);
        free(bus->area);
        free(bus->password);
        free(bus);
        mosquitto_lib_cleanup();
        return NULL;
}
