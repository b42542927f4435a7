#include "plugin/refusal.h"

#include <string.h>

#include "plugin/outlet.h"
#include "proto/identifier.h"
#include "proto/json.h"
#include "proto/message.h"

/*
 * A bucket kept as one time: when it will be full again. A receipt moves that time by REFUSAL_EACH_MS; it may lie at most a burst's
 * worth ahead.
 */
static bool allowance_take(Session *session, int64_t now_ms) {
        if (session->receipts_full_ms < now_ms)
                session->receipts_full_ms = now_ms;
        if (session->receipts_full_ms - now_ms >= (int64_t)REFUSAL_BURST * REFUSAL_EACH_MS)
                return false;
        session->receipts_full_ms += REFUSAL_EACH_MS;
        return true;
}

static bool is_exempt(const char *topic) {
        Topic parsed;
        return topic_parse(topic, strlen(topic), &parsed) == 0 && (parsed.kind == TOPIC_QUERY || parsed.kind == TOPIC_DEVICE_HEARTBEAT);
}

/* The sender's id when the payload is a sound object that has one; else "". */
static void id_read(const void *payload, size_t n_payload, char ret[static MESSAGE_ID_MAX + 1]) {
        ret[0] = '\0';
        _cleanup_json_ cJSON *body = NULL;
        if (n_payload == 0 || n_payload > JSON_BYTES_MAX || json_parse_object(payload, n_payload, JSON_BYTES_MAX, &body) != CODE_NONE)
                return;
        const char *id = json_string(body, "id");
        if (id == NULL || strlen(id) > MESSAGE_ID_MAX || message_id_check(id, strlen(id), 0) == MESSAGE_ID_INVALID)
                return;
        strcpy(ret, id);
}

void refusal_correlated(Plugin *plugin, Session *session, Code code, const char *topic, const void *payload, size_t n_payload,
                        const void *correlation, size_t n_correlation) {
        if (session->kind == SESSION_DAEMON || is_exempt(topic))
                return;
        int64_t now_ms = plugin_now(plugin);
        if (!allowance_take(session, now_ms)) {
                counter_add(&plugin->counters, COUNT_RECEIPTS_WITHHELD);
                return;
        }
        char id[MESSAGE_ID_MAX + 1];
        id_read(payload, n_payload, id);
        const Receipt receipt = {.id = id[0] != '\0' ? id : NULL, .code = code, .event = -1, .at = now_ms, .revision = -1};
        _cleanup_text_ Text text = TEXT_INIT(4096);
        receipt_format(&receipt, &text);
        Topic own = {.kind = TOPIC_RECEIPT};
        strcpy(own.area, session->area->code);
        strcpy(own.name, session->user);
        char buffer[TOPIC_MAX + 1];
        topic_format(&own, buffer);
        if (!text.failed && outlet_publish(buffer, text.data, text.n, false, correlation, n_correlation))
                counter_add(&plugin->counters, COUNT_RECEIPTS);
}

void refusal_of_publish(Plugin *plugin, Session *session, Code code, const char *topic, const void *payload, size_t n_payload) {
        refusal_correlated(plugin, session, code, topic, payload, n_payload, NULL, 0);
}
