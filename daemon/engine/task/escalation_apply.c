/*
 * What facts do to escalations, and what an escalation shows to the unit above.
 */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "engine/document/document.h"
#include "engine/facts.h"
#include "engine/internal.h"
#include "engine/state/state.h"
#include "engine/task/task.h"
#include "proto/json.h"

static void history_add(const FactContext *context, const Escalation *escalation, const char *to, const char *state, const char *reason,
                        const char *note) {
        char seq[24], ordinal[16], level[16], at[24];
        snprintf(seq, sizeof seq, "%llu", (unsigned long long)context->seq);
        snprintf(ordinal, sizeof ordinal, "%u", (*context->n_history)++);
        snprintf(level, sizeof level, "%u", escalation->level);
        snprintf(at, sizeof at, "%lld", (long long)context->at);
        const char *cells[] = {escalation->id, seq, ordinal, escalation->task, level, escalation->from, to, state, escalation->cause,
                               reason == NULL || *reason == '\0' ? NULL : reason, context->sender, at,
                               note == NULL || *note == '\0' ? NULL : note};
        state_journal(context->state, TABLE_ESCALATION_HISTORY, cells, sizeof cells / sizeof cells[0]);
}

static void task_patch(const FactContext *context, const cJSON *fact, const char *id, const char *verb) {
        const cJSON *set = json_object(fact, "task");
        Task *task = state_task(context->state, id);
        if (set == NULL || task == NULL)
                return;
        fact_patch(context, task, set);
        if (verb != NULL)
                fact_task_history(context, id, verb, task_state_name(task->state), task_state_name(task->state),
                                  json_string(json_object(fact, "set"), "reason") == NULL
                                          ? ""
                                          : json_string(json_object(fact, "set"), "reason"), "");
}

/* {"fact":"escalation_opened","set":{…},"task":{…},"skipped"?:[unit],"passed"?:{"id","set"}} */
static void opened_apply(const FactContext *context, const cJSON *fact) {
        const cJSON *passed = json_object(fact, "passed"), *unit;
        if (passed != NULL) {
                Escalation *before = state_escalation(context->state, json_string(passed, "id"));
                fact_patch(context, before, json_object(passed, "set"));
                history_add(context, before, before->to, escalation_state_name(before->state), NULL, NULL);
        }
        Escalation *escalation = fact_make(context, OBJECT_ESCALATION, NULL, json_object(fact, "set"));
        cJSON_ArrayForEach(unit, json_array(fact, "skipped"))
                history_add(context, escalation, unit->valuestring, escalation_state_name(ESCALATION_PASSED_UP), "nobody", NULL);
        history_add(context, escalation, escalation->to, escalation_state_name(escalation->state), escalation->reason, escalation->note);
        task_patch(context, fact, escalation->task, "escalate");
}

/* {"fact":"escalation","id","verb","set":{…},"task"?:{…},"reason"?,"note"?} */
static void escalation_apply(const FactContext *context, const cJSON *fact) {
        Escalation *escalation = state_escalation(context->state, json_string(fact, "id"));
        assert(escalation != NULL);
        fact_patch(context, escalation, json_object(fact, "set"));
        history_add(context, escalation, escalation->to, escalation_state_name(escalation->state), json_string(fact, "reason"),
                    json_string(fact, "note"));
        task_patch(context, fact, escalation->task, NULL);
}

const FactRule escalation_fact_rules[] = {
        {"escalation_opened", opened_apply}, {"escalation", escalation_apply}, {NULL, NULL},
};

/* ---- documents ---- */
/* The latest rung of a task at one unit holds the topic. */
static bool holds_topic(const State *state, const Escalation *escalation) {
        Escalation *const *rungs;
        size_t n = state_escalations_of_task(state, escalation->task, &rungs);
        for (size_t i = n; i > 0; i--)
                if (strcmp(rungs[i - 1]->to, escalation->to) == 0)
                        return rungs[i - 1]->object.born <= escalation->object.born;
        return true;
}

static void document_history(Text *text, const State *state, const Escalation *escalation, int offset) {
        Escalation *const *rungs;
        size_t n = state_escalations_of_task(state, escalation->task, &rungs);
        document_open(text, "history", '[');
        for (size_t i = n > 20 ? n - 20 : 0; i < n; i++) {
                document_open(text, NULL, '{');
                document_int(text, "level", rungs[i]->level);
                document_string(text, "from", rungs[i]->from);
                document_string(text, "to", rungs[i]->to);
                document_string(text, "state", escalation_state_name(rungs[i]->state));
                document_string(text, "cause", rungs[i]->cause);
                document_string(text, "reason", rungs[i]->reason);
                document_time(text, "at", rungs[i]->ended_at == TIMESTAMP_NONE ? rungs[i]->opened_at : rungs[i]->ended_at, offset);
                document_close(text, '}');
        }
        document_close(text, ']');
}

static void document_write(Text *text, const Engine *engine, const Escalation *escalation, const Task *task) {
        int offset = engine_offset_minutes(engine);
        document_open(text, NULL, '{');
        document_string(text, "task", escalation->task);
        document_string(text, "number", task->number);
        document_string(text, "id", escalation->id);
        document_int(text, "revision", escalation->revision);
        document_int(text, "state_revision", escalation->state_revision);
        document_string(text, "state", escalation_state_name(escalation->state));
        document_int(text, "level", escalation->level);
        document_string(text, "from", escalation->from);
        document_string(text, "to", escalation->to);
        document_string(text, "cause", escalation->cause);
        document_string(text, "reason", escalation->reason);
        document_string(text, "by", escalation->by);
        document_string(text, "bundle", escalation->bundle);
        document_time(text, "opened_at", escalation->opened_at, offset);
        document_time(text, "accept_by", escalation->accept_by, offset);
        document_time(text, "finish_by", escalation->finish_by, offset);
        document_time(text, "accepted_at", escalation->accepted_at, offset);
        document_time(text, "ended_at", escalation->ended_at, offset);
        document_string(text, "outcome", escalation->outcome);
        document_string(text, "status", reality_name(task->reality));
        document_string(text, "severity", severity_name(task->severity));
        document_string(text, "kind", task->kind);
        document_string(text, "title", task_title_zh(task));
        document_string(text, "title_en", task_title_en(task));
        document_string(text, "unit", task->unit);
        document_int(text, "tier", task->tier);
        document_string(text, "case", task->case_id);
        document_string(text, "assignee", escalation->assignee);
        document_history(text, engine_state(engine), escalation, offset);
        document_close(text, '}');
}

void escalation_documents(const Escalation *escalation, DocumentSink *sink) {
        const Engine *engine = sink_engine(sink);
        const State *state = engine_state(engine);
        const Task *task = state_task(state, escalation->task);
        const Unit *to = organisation_unit(sink_organisation(sink), escalation->to);
        if (task == NULL || to == NULL || !holds_topic(state, escalation))
                return;
        Topic topic = {.kind = TOPIC_ESCALATION, .tier = to->tier,
                       .audience = task->audience == AUDIENCE_NAMED ? AUDIENCE_NAMED : AUDIENCE_STAFF};
        snprintf(topic.unit, sizeof topic.unit, "%s", to->id);
        snprintf(topic.target, sizeof topic.target, "%s", escalation->task);
        Text *text = sink_add(sink, &topic);
        if (text != NULL)
                document_write(text, engine, escalation, task);
}
