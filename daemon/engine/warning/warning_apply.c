/*
 * What the facts about warnings and notices do to the state, and what a notice shows on its topic. A notice is a warning at one
 * unit: its document is made of both, so every change of a warning touches its notices.
 */
#include <string.h>

#include "engine/warning/cap.h"
#include "engine/document/document.h"
#include "engine/facts.h"
#include "engine/internal.h"
#include "engine/state/state.h"
#include "proto/json.h"

static void replace_json(cJSON **field, const cJSON *value) {
        cJSON_Delete(*field);
        *field = cJSON_Duplicate(value, true);
}

static void notice_ask(const FactContext *context, Notice *notice) {
        cJSON_Delete(notice->acks);
        notice->acks = cJSON_CreateObject();
        notice->ack_wanted_at = context->at;
}

static void notices_make(const FactContext *context, const Warning *warning, const cJSON *units) {
        cJSON *common = cJSON_CreateObject(), *set = cJSON_CreateObject();
        json_add_string(common, "warning", warning->id);
        json_add_int(common, "revision", warning->revision);
        json_add_int(common, "ack_wanted_at", context->at);
        cJSON *unit = cJSON_AddStringToObject(set, "unit", "");
        const cJSON *id;
        cJSON_ArrayForEach(id, units) {
                Notice *notice = state_notice(context->state, warning->id, id->valuestring);
                if (notice) { /* was withdrawn, and is addressed again */
                        state_touch(context->state, notice, context->seq);
                        notice->withdrawn = false;
                        notice_ask(context, notice);
                } else {
                        cJSON_SetValuestring(unit, id->valuestring);
                        fact_make(context, OBJECT_NOTICE, common, set);
                }
        }
        cJSON_Delete(common);
        cJSON_Delete(set);
}

static void warning_posted(const FactContext *context, const cJSON *fact) {
        Warning *warning = fact_make(context, OBJECT_WARNING, NULL, json_object(fact, "set"));
        replace_json(&warning->cap, json_object(fact, "cap"));
        notices_make(context, warning, warning->units);
        notices_make(context, warning, json_array(fact, "informed"));
}

/* Every notice shows the warning's new revision; with `ask` those that still count are to be acknowledged anew. */
static void notices_renew(const FactContext *context, const Warning *warning, bool ask) {
        Notice *const *notices;
        size_t n = state_notices_of_warning(context->state, warning->id, &notices);
        for (size_t i = 0; i < n; ++i) {
                state_touch(context->state, notices[i], context->seq);
                notices[i]->revision = warning->revision;
                if (ask && !notices[i]->withdrawn)
                        notice_ask(context, notices[i]);
        }
}

/* Update, Cancel and expiry: columns, the new message where there is one, and who is told. */
static void warning_changed(const FactContext *context, const cJSON *fact) {
        Warning *warning = state_warning(context->state, json_string(fact, "warning"));
        fact_patch(context, warning, json_object(fact, "set"));
        if (json_has(fact, "cap"))
                replace_json(&warning->cap, json_object(fact, "cap"));
        notices_renew(context, warning, json_bool(fact, "ask", false));
        const cJSON *id;
        cJSON_ArrayForEach(id, json_array(fact, "removed")) {
                Notice *notice = state_notice(context->state, warning->id, id->valuestring);
                if (notice) {
                        state_touch(context->state, notice, context->seq);
                        notice->withdrawn = true;
                }
        }
        notices_make(context, warning, json_array(fact, "added"));
        notices_make(context, warning, json_array(fact, "informed"));
}

/* A message that was overtaken: its identifier is the chain's from now on; the same again: it is counted. Nothing else changes. */
static void warning_superseded(const FactContext *context, const cJSON *fact) {
        fact_patch(context, state_warning(context->state, json_string(fact, "warning")), json_object(fact, "set"));
}

/* The engine's own `clear` stands before it: the warning itself is gone, unless it is needed longer; its notices follow it. */
static void warning_cleared(const FactContext *context, const cJSON *fact) {
        Warning *warning = state_warning(context->state, json_string(fact, "warning"));
        state_touch(context->state, warning, context->seq);
        int64_t again = json_int(fact, "again", TIMESTAMP_NONE);
        warning->object.live = again != TIMESTAMP_NONE;
        timer_set(&warning->object.timers, TIMER_CLEAR, again);
        if (warning->object.live)
                return;
        Notice *const *notices;
        size_t n = state_notices_of_warning(context->state, warning->id, &notices);
        for (size_t i = 0; i < n; ++i) {
                state_touch(context->state, notices[i], context->seq);
                notices[i]->object.live = false;
        }
}

static void notice_acked(const FactContext *context, const cJSON *fact) {
        Notice *notice = state_notice(context->state, json_string(fact, "warning"), json_string(fact, "unit"));
        state_touch(context->state, notice, context->seq);
        if (!json_has(notice->acks, json_string(fact, "member")))
                json_add_time(notice->acks, json_string(fact, "member"), json_int(fact, "at", context->at),
                              (int)json_int(fact, "offset", 0));
}

/* Reading is told to the log alone; it is nobody's duty. */
static void notice_seen(const FactContext *context, const cJSON *fact) {
        (void)context;
        (void)fact;
}

const FactRule warning_fact_rules[] = {
        {"warning_posted", warning_posted},       {"warning_updated", warning_changed}, {"warning_cancelled", warning_changed},
        {"warning_expired", warning_changed},     {"warning_superseded", warning_superseded}, {"warning_cleared", warning_cleared},
        {"warning_raised", warning_superseded},
        {"notice_acked", notice_acked},           {"notice_seen", notice_seen},         {NULL, NULL},
};

/* ---- the document ---- */

static const char *notice_state(const Notice *notice, const Warning *warning) {
        if (notice->withdrawn)
                return "withdrawn";
        switch (warning->state) {
        case WARNING_ACTIVE: return "active";
        case WARNING_CANCELLED: return "cancelled";
        case WARNING_EXPIRED: return "expired";
        case WARNING_SUPERSEDED: break;
        }
        return "withdrawn";
}

static void notice_write(const Notice *notice, const Warning *warning, int offset, DocumentSink *sink, Text *text) {
        const cJSON *info = cap_info_chosen(warning->cap);
        document_open(text, NULL, '{');
        document_string(text, "warning", warning->id);
        document_string(text, "identifier", warning->identifier);
        document_int(text, "revision", warning->revision);
        document_string(text, "state", notice_state(notice, warning));
        document_string(text, "severity", severity_name(warning->severity));
        document_string(text, "event", json_string(info, "event"));
        document_string(text, "event_code", warning->event_code);
        document_string(text, "headline", json_string(info, "headline"));
        document_string(text, "description", json_string(info, "description"));
        document_string(text, "instruction", json_string(info, "instruction"));
        document_time(text, "sent", warning->sent, offset);
        document_time(text, "expires", warning->expires, offset);
        document_string(text, "unit", warning->unit);
        document_string(text, "status", reality_name(warning->reality));
        document_json(text, "acks", notice->acks);
        document_raw(text, "cap", sink_json(sink, warning->cap));
        document_close(text, '}');
}

void notice_documents(const Notice *notice, DocumentSink *sink) {
        const State *state = engine_state(sink_engine(sink));
        const Organisation *organisation = sink_organisation(sink);
        const Unit *unit = organisation_unit(organisation, notice->unit);
        const Warning *warning = state_warning(state, notice->warning);
        if (!unit || !warning)
                return;
        Topic topic = {.kind = TOPIC_NOTICE, .tier = unit->tier};
        memcpy(topic.unit, notice->unit, sizeof(notice->unit));
        memcpy(topic.target, notice->warning, sizeof(notice->warning));
        Text *text = sink_add(sink, &topic);
        if (text)
                notice_write(notice, warning, organisation_offset_minutes(organisation), sink, text);
}
