/*
 * What an Update changes and a Cancel takes back. Completed work stays, even while it waits to be verified; clocks run on.
 */
#include "engine/warning/warning_posting.h"

#include <stdlib.h>
#include <string.h>

#include "engine/internal.h"
#include "engine/task/work.h"
#include "proto/json.h"
#include "proto/map.h"

/* Completed work stays, even while it waits to be verified. */
static bool task_is_open(const Task *task) {
        return !task_state_is_terminal(task->state) && task->state != TASK_STATE_COMPLETED;
}

/* The version that the chain's work runs on, whatever has been applied since. */
static const Playbook *chain_playbook(const Posting *posting) {
        const char *hash = posting->chain->playbook;
        const Playbook *playbook = hash[0] ? playbook_set_find(state_playbooks(posting->decision->state), hash) : NULL;
        return playbook ? playbook : playbook_builtin(TRIGGER_WARNING);
}

/* ---- Update ---- */

static bool text_differs(const char *a, const char *b) { return strcmp(a ? a : "", b ? b : "") != 0; }

static bool instruction_changed(const Posting *posting) {
        return text_differs(posting->cap.instruction, json_string(cap_info_chosen(posting->chain->cap), "instruction"));
}

static Map *set_new(void) {
        Map *set = map_new();
        if (!set)
                abort();
        return set;
}

/* The map's values say nothing; they must only not be NULL. */
static void set_add(Map *set, const char *key) {
        static char mark;
        if (!map_set(set, key, &mark))
                abort();
}

/* Tasks that go on, and those of units that are no longer addressed. `all`: every open one ends. */
static void sort_tasks(Posting *posting, bool all) {
        Task *const *tasks;
        const cJSON *id;
        size_t n = state_tasks_of_origin(posting->decision->state, posting->chain->id, &tasks);
        Map *removed = set_new();
        cJSON_ArrayForEach(id, posting->removed)
                set_add(removed, id->valuestring);
        posting->kept = posting_array(n);
        posting->dropped = posting_array(n);
        for (size_t i = 0; i < n; ++i) {
                if (!task_is_open(tasks[i]))
                        continue;
                if (all || map_find(removed, tasks[i]->unit))
                        posting->dropped[posting->n_dropped++] = tasks[i];
                else
                        posting->kept[posting->n_kept++] = tasks[i];
        }
        map_free(removed);
}

static void sort_units(Posting *posting) {
        const cJSON *id, *before = posting->chain->units;
        Map *known = set_new();
        posting->removed = cJSON_CreateArray();
        posting->added = posting_array(posting->n_units);
        for (size_t i = 0; i < posting->n_units; ++i)
                set_add(known, posting->units[i]->id);
        cJSON_ArrayForEach(id, before) {
                if (!map_remove(known, id->valuestring))
                        cJSON_AddItemToArray(posting->removed, cJSON_CreateString(id->valuestring));
        }
        for (size_t i = 0; i < posting->n_units; ++i)
                if (map_find(known, posting->units[i]->id))
                        posting->added[posting->n_added++] = posting->units[i];
        map_free(known);
}

/* Units that come back and have already done the work are told, and given no second task. */
static size_t units_without_work(const Posting *posting, const Unit **ret) {
        Task *const *tasks;
        size_t n_tasks = state_tasks_of_origin(posting->decision->state, posting->chain->id, &tasks), n = 0;
        Map *worked = set_new();
        for (size_t i = 0; i < n_tasks; ++i)
                if (tasks[i]->state != TASK_STATE_CANCELLED)
                        set_add(worked, tasks[i]->unit);
        for (size_t i = 0; i < posting->n_added; ++i)
                if (!map_find(worked, posting->added[i]->id))
                        ret[n++] = posting->added[i];
        map_free(worked);
        return n;
}

static cJSON *update_fact(Posting *posting, bool ask) {
        cJSON *fact = fact_new("warning_updated"), *set = posting_columns(posting);
        json_add_string(fact, "warning", posting->chain->id);
        posting_add_contents(set, posting);
        cJSON_AddItemToObject(fact, "set", set);
        cJSON_AddItemToObject(fact, "added", posting_units(posting->added, posting->n_added));
        cJSON_AddItemToObject(fact, "removed", cJSON_Duplicate(posting->removed, true));
        cJSON_AddItemToObject(fact, "informed", posting_informed(posting));
        cJSON_AddBoolToObject(fact, "ask", ask);
        cJSON_AddItemToObject(fact, "cap", posting_message(posting));
        return fact;
}

void warning_update(Posting *posting) {
        Decision *decision = posting->decision;
        char note[UUID_LENGTH + 1];
        if (!posting_address(posting) ||
            !decision_private_text(decision, "note", "warning", posting->chain->id, posting->speaker->id, note))
                return;
        const bool instructed = instruction_changed(posting), ask = instructed || posting->cap.severity != posting->chain->severity;
        sort_units(posting);
        if (!posting_has_room(decision, posting->added, posting->n_added))
                return;
        sort_tasks(posting, false);
        const Playbook *playbook = chain_playbook(posting);
        decision_fact(decision, update_fact(posting, ask));
        if (posting->n_dropped > 0)
                work_cancel_many(decision, posting->dropped, posting->n_dropped, "withdrawn");
        if (ask && posting->n_kept > 0)
                work_rebrief(decision, posting->kept, posting->n_kept, posting->cap.severity,
                             instructed ? (posting->cap.instruction ? posting->cap.instruction : "") : NULL);
        const Unit **units = posting_array(posting->n_added);
        size_t n = units_without_work(posting, units);
        size_t tasks = posting_start_work(posting, posting->chain->id, playbook, units, n);
        free(units);
        posting_say(decision, posting->chain->id, tasks, posting->n_units, posting->chain->revision);
}
/* ---- Cancel ---- */

void warning_cancel(Posting *posting) {
        Decision *decision = posting->decision;
        char note[UUID_LENGTH + 1];
        if (!decision_private_text(decision, "note", "warning", posting->chain->id, posting->speaker->id, note))
                return;
        sort_tasks(posting, true);
        cJSON *fact = fact_new("warning_cancelled"), *set = posting_columns(posting);
        json_add_string(fact, "warning", posting->chain->id);
        json_add_string(set, "state", "cancelled");
        json_add_int(set, "ended_at", decision->at);
        cJSON *timers = cJSON_AddObjectToObject(set, "timers");
        cJSON_AddNullToObject(timers, timer_kind_name(TIMER_EXPIRE));
        json_add_int(timers, timer_kind_name(TIMER_CLEAR), decision->at + engine_config(decision->engine)->terminal_keep_ms);
        cJSON_AddItemToObject(fact, "set", set);
        cJSON_AddItemToObject(fact, "cap", posting_message(posting));
        decision_fact(decision, fact);
        if (posting->n_dropped > 0)
                work_cancel_many(decision, posting->dropped, posting->n_dropped, "withdrawn");
        posting_say(decision, posting->chain->id, 0, (size_t)cJSON_GetArraySize(posting->chain->units), posting->chain->revision);
}
