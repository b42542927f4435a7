/*
 * What facts do to tasks and cases. Nothing else changes them.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "engine/facts.h"
#include "engine/state/field.h"
#include "engine/state/state.h"
#include "engine/task/task.h"
#include "proto/json.h"

static const char *word(const cJSON *fact, const char *name) {
        const char *value = json_string(fact, name);
        return value == NULL ? "" : value;
}

/*
 * {"fact":"tasks","brief":{…},"common":{…},"case_common":{…},"tasks":[{"case":{"id","number"}?,"set":{…}}]}: tasks are made, each
 * with its case unless it goes on in one.
 */
static void tasks_apply(const FactContext *context, const cJSON *fact) {
        char *text = json_print(json_object(fact, "brief"));
        Brief *brief = brief_acquire(context->state, text);
        const cJSON *common = json_object(fact, "common"), *item;
        free(text);
        cJSON_ArrayForEach(item, json_array(fact, "tasks")) {
                const cJSON *work_case = json_object(item, "case");
                if (work_case != NULL)
                        fact_make(context, OBJECT_CASE, json_object(fact, "case_common"), work_case);
                Task *task = state_make(context->state, OBJECT_TASK);
                task->brief = brief_reference(brief);
                object_patch(context->state, task, common);
                object_patch(context->state, task, json_object(item, "set"));
                fact_number(context, json_object(item, "set"));
                state_insert(context->state, task, context->seq);
                fact_task_history(context, task->id, "issue", "", task_state_name(task->state), "", "");
        }
        brief_release(brief);
}

static void task_apply_one(const FactContext *context, const cJSON *fact, const char *id, const cJSON *set) {
        Task *task = state_task(context->state, id);
        assert(task != NULL);
        const char *from = task_state_name(task->state);
        fact_patch(context, task, set);
        fact_task_history(context, id, word(fact, "verb"), from, task_state_name(task->state), word(fact, "reason"), word(fact, "note"));
}

/* {"fact":"task","id","verb","set":{…},"reason"?,"note"?}, or for many at once "tasks":[{"id","set"}…] in place of id and set. */
static void task_apply(const FactContext *context, const cJSON *fact) {
        const cJSON *item;
        if (json_has(fact, "id"))
                task_apply_one(context, fact, json_string(fact, "id"), json_object(fact, "set"));
        cJSON_ArrayForEach(item, json_array(fact, "tasks"))
                task_apply_one(context, fact, json_string(item, "id"), json_object(item, "set"));
}

/* {"fact":"case","id","set":{…}} or "ids":[…]; a case that is not in memory has been archived with its last task. */
static void case_apply(const FactContext *context, const cJSON *fact) {
        const cJSON *item, *set = json_object(fact, "set");
        const char *id = json_string(fact, "id");
        if (id != NULL && state_case(context->state, id) != NULL)
                fact_patch(context, state_case(context->state, id), set);
        cJSON_ArrayForEach(item, json_array(fact, "ids"))
                if (state_case(context->state, item->valuestring) != NULL)
                        fact_patch(context, state_case(context->state, item->valuestring), set);
}

/*
 * {"fact":"rebrief","severity","tasks":[{"id","revision","brief"?}]}: an entry without a brief takes that of the entry before it.
 * Who has seen it is asked again.
 */
static void rebrief_apply(const FactContext *context, const cJSON *fact) {
        const cJSON *item;
        Brief *brief = NULL;
        cJSON_ArrayForEach(item, json_array(fact, "tasks")) {
                Task *task = state_task(context->state, json_string(item, "id"));
                _cleanup_json_ cJSON *set = cJSON_CreateObject();
                assert(task != NULL);
                json_add_string(set, "severity", json_string(fact, "severity"));
                json_add_int(set, "revision", json_int(item, "revision", 0));
                cJSON_AddNullToObject(cJSON_AddObjectToObject(set, "body"), "acks");
                fact_patch(context, task, set);
                if (json_has(item, "brief")) {
                        char *text = json_print(json_object(item, "brief"));
                        brief_release(brief);
                        brief = brief_acquire(context->state, text);
                        free(text);
                }
                if (brief != NULL) {
                        brief_release(task->brief);
                        task->brief = brief_reference(brief);
                }
                fact_task_history(context, task->id, "rebrief", task_state_name(task->state), task_state_name(task->state), "", "");
        }
        brief_release(brief);
}

const FactRule task_fact_rules[] = {
        {"tasks", tasks_apply}, {"task", task_apply}, {"rebrief", rebrief_apply}, {"case", case_apply}, {NULL, NULL},
};
