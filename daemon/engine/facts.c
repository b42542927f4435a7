#include "engine/facts.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/decision.h"
#include "engine/state/field.h"
#include "engine/state/state_batch.h"
#include "proto/json.h"

static const FactRule *const modules[] = {
        task_fact_rules, escalation_fact_rules, warning_fact_rules, report_fact_rules, organisation_fact_rules, catalogue_fact_rules,
        duty_fact_rules, shift_fact_rules, points_fact_rules, contact_fact_rules, statistics_fact_rules, engine_fact_rules,
};

void fact_apply(const FactContext *context, const cJSON *fact) {
        const char *name = json_string(fact, "fact");
        assert(name != NULL);
        for (size_t module = 0; module < sizeof modules / sizeof modules[0]; module++)
                for (const FactRule *rule = modules[module]; rule->name != NULL; rule++)
                        if (strcmp(rule->name, name) == 0) {
                                rule->apply(context, fact);
                                state_settle(context->state);
                                return;
                        }
        assert(!"fact is known");
}

/* A number `2026-0312` that stands in a fact is taken, also when the log is replayed. */
void fact_number(const FactContext *context, const cJSON *set) {
        const char *number = json_string(set, "number");
        int year;
        unsigned n;
        if (number != NULL && sscanf(number, "%d-%u", &year, &n) == 2)
                area_raise(state_counters(context->state), year, n);
}

void fact_patch(const FactContext *context, void *object, const cJSON *set) {
        state_touch(context->state, object, context->seq);
        object_patch(context->state, object, set);
        fact_number(context, set);
}

void *fact_make(const FactContext *context, ObjectKind kind, const cJSON *common, const cJSON *set) {
        void *object = state_make(context->state, kind);
        if (common != NULL)
                object_patch(context->state, object, common);
        object_patch(context->state, object, set);
        fact_number(context, set);
        state_insert(context->state, object, context->seq);
        return object;
}

void fact_task_history(const FactContext *context, const char *task, const char *verb, const char *from, const char *to,
                       const char *reason, const char *note) {
        char seq[24], ordinal[16], at[24];
        snprintf(seq, sizeof seq, "%llu", (unsigned long long)context->seq);
        snprintf(ordinal, sizeof ordinal, "%u", (*context->n_history)++);
        snprintf(at, sizeof at, "%lld", (long long)context->at);
#define OR_NULL(text) (*(text) == '\0' ? NULL : (text))
        const char *cells[] = {task, seq, ordinal, at, context->sender, OR_NULL(context->unit), verb, OR_NULL(from), OR_NULL(to),
                               OR_NULL(reason), OR_NULL(note)};
#undef OR_NULL
        state_journal(context->state, TABLE_TASK_HISTORY, cells, sizeof cells / sizeof cells[0]);
}

/* ---- the engine's own ---- */
static Object *fact_object(const FactContext *context, const cJSON *fact) {
        static const struct { const char *name; ObjectKind kind; } kinds[] = {
                {"task", OBJECT_TASK}, {"escalation", OBJECT_ESCALATION}, {"warning", OBJECT_WARNING}, {"device", OBJECT_DEVICE},
                {"redemption", OBJECT_REDEMPTION},
                {"duty", OBJECT_DUTY}, {"shift", OBJECT_SHIFT},
                {"contact", OBJECT_CONTACT},
        };
        const char *of = json_string(fact, "of"), *id = json_string(fact, "id");
        for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
                if (strcmp(kinds[i].name, of) != 0)
                        continue;
                switch (kinds[i].kind) {
                case OBJECT_TASK: return (Object *)state_task(context->state, id);
                case OBJECT_ESCALATION: return (Object *)state_escalation(context->state, id);
                case OBJECT_WARNING: return (Object *)state_warning(context->state, id);
                case OBJECT_REDEMPTION: return (Object *)state_redemption(context->state, id);
                case OBJECT_DUTY: return (Object *)state_duty(context->state, id);
                case OBJECT_SHIFT: return (Object *)state_shift(context->state, id);
                case OBJECT_CONTACT: return (Object *)state_contact(context->state, id);
                default: return (Object *)state_device(context->state, id);
                }
        }
        return NULL;
}

/* {"fact":"timer","of":"task","id":…,"timer":"accept"}: it is taken off; what it means stands in the facts behind. */
static void timer_apply(const FactContext *context, const cJSON *fact) {
        Object *object = fact_object(context, fact);
        assert(object != NULL);
        state_touch(context->state, object, context->seq);
        timer_set(&object->timers, timer_kind_parse(json_string(fact, "timer")), TIMESTAMP_NONE);
}

/* A case leaves with the last of its tasks. */
static void case_clear(const FactContext *context, const Task *task) {
        WorkCase *work_case = state_case(context->state, task->case_id);
        Task *const *tasks;
        size_t n = state_tasks_of_case(context->state, task->case_id, &tasks);
        for (size_t i = 0; i < n; i++)
                if (tasks[i] != task && tasks[i]->object.live)
                        return;
        if (work_case == NULL)
                return;
        state_touch(context->state, work_case, context->seq);
        work_case->object.live = false;
}

/* Its escalations, all ended, go with a task that has to make room early. */
static void rungs_clear(const FactContext *context, const Task *task) {
        Escalation *const *rungs;
        size_t n = state_escalations_of_task(context->state, task->id, &rungs);
        for (size_t i = 0; i < n; i++) {
                state_touch(context->state, rungs[i], context->seq);
                rungs[i]->object.live = false;
                rungs[i]->object.timers.n = 0;
        }
}

/* {"fact":"clear","of":…,"id":…}: the final document goes, the row stays. */
static void clear_apply(const FactContext *context, const cJSON *fact) {
        Object *object = fact_object(context, fact);
        assert(object != NULL);
        state_touch(context->state, object, context->seq);
        object->live = false;
        object->timers.n = 0;
        if (object->kind == OBJECT_TASK) {
                case_clear(context, (const Task *)(const void *)object);
                rungs_clear(context, (const Task *)(const void *)object);
        }
}

/* The commitment alone is in the log; the text is beside it, erasable. */
static void text_apply(const FactContext *context, const cJSON *fact) {
        (void)context;
        (void)fact;
}

const FactRule engine_fact_rules[] = {
        {"timer", timer_apply}, {"clear", clear_apply}, {"text", text_apply}, {NULL, NULL},
};
