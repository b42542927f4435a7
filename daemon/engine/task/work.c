/*
 * Work: from a playbook's start step to its tasks, and what a warning does to all of them at once.
 */
#include "engine/task/work.h"

#include <stdlib.h>
#include <string.h>

#include "engine/facts.h"
#include "engine/internal.h"
#include "engine/shift/shift.h"
#include "engine/task/task.h"
#include "engine/warning/warning_post.h"
#include "proto/json.h"

static SelectorContext start_context(Decision *decision, const Step *step, const WorkOrigin *origin) {
        return (SelectorContext){.organisation = decision_organisation(decision), .is_on_duty = unit_is_on_duty, .state = decision->state,
                                 .origin = origin->unit, .addressed = origin->addressed,
                                 .n_addressed = origin->n_addressed, .place = origin->place, .device = origin->device,
                                 .at = decision->at, .roles = step->roles, .n_roles = step->n_roles};
}

static size_t start_targets(Decision *decision, const Playbook *playbook, const WorkOrigin *origin, IssueTarget *targets, size_t n_targets) {
        char first[UUID_LENGTH + 1];
        const Playbook *adding[ADDS_MAX];
        const Issue issue = {.playbook = playbook, .step = playbook_start(playbook), .origin = origin, .targets = targets,
                             .n_targets = n_targets, .adding = adding, .n_adding = work_adding(decision, origin, adding),
                             .finish_by = TIMESTAMP_NONE};
        size_t n = n_targets == 0 ? 0 : issue_tasks(decision, &issue, first);
        free(targets);
        return n;
}

size_t work_start(Decision *decision, const Playbook *playbook, const WorkOrigin *origin) {
        const Step *step = playbook_start(playbook);
        SelectorContext context = start_context(decision, step, origin);
        IssueTarget *targets;
        size_t told = step->warn.to == NULL ? 0 : warning_post(decision, playbook, step, origin, &context);
        if (step->without_tasks)
                return told;
        size_t n = work_targets(decision, step, step->to, &context, &targets);
        return start_targets(decision, playbook, origin, targets, n) + told;
}

size_t work_start_units(Decision *decision, const Playbook *playbook, const WorkOrigin *origin, const Unit *const *units, size_t n_units) {
        IssueTarget *targets;
        if (playbook_start(playbook)->without_tasks)
                return 0;
        size_t n = work_targets_of_units(decision, playbook_start(playbook), units, n_units, &targets);
        return start_targets(decision, playbook, origin, targets, n);
}

/* ---- many at once ---- */
static void case_ids_add(Decision *decision, cJSON *ids, const Task *task) {
        const WorkCase *work_case = state_case(decision->state, task->case_id);
        if (work_case != NULL && *work_case->outcome == '\0')
                cJSON_AddItemToArray(ids, cJSON_CreateString(work_case->id));
}

/* A case whose tasks have all ended is cancelled with them. */
static void cases_cancel(Decision *decision, cJSON *ids) {
        cJSON *set, *fact = fact_new("case");
        cJSON_AddItemToObject(fact, "ids", ids);
        set = cJSON_AddObjectToObject(fact, "set");
        json_add_string(set, "outcome", "cancelled");
        json_add_int(set, "ended_at", decision->at);
        if (cJSON_GetArraySize(ids) > 0)
                decision_fact(decision, fact);
        else
                cJSON_Delete(fact);
}

void work_cancel_many(Decision *decision, const Task *const *tasks, size_t n_tasks, const char *reason) {
        cJSON *fact = fact_new("task"), *entries, *ids = cJSON_CreateArray();
        json_add_string(fact, "verb", "cancel");
        json_add_string(fact, "reason", reason);
        entries = cJSON_AddArrayToObject(fact, "tasks");
        for (size_t i = 0; i < n_tasks; i++) {
                TaskChange change;
                if (task_state_is_terminal(tasks[i]->state))
                        continue;
                task_change_start(&change, decision, tasks[i], "cancel");
                task_change_end(&change, TASK_STATE_CANCELLED, "cancelled");
                cJSON *entry = cJSON_CreateObject();
                json_add_string(entry, "id", tasks[i]->id);
                cJSON_AddItemToObject(entry, "set", cJSON_DetachItemFromObjectCaseSensitive(change.fact, "set"));
                cJSON_AddItemToArray(entries, entry);
                cJSON_Delete(change.fact);
                case_ids_add(decision, ids, tasks[i]);
        }
        if (cJSON_GetArraySize(entries) == 0) {
                cJSON_Delete(fact);
                cJSON_Delete(ids);
                return;
        }
        decision_fact(decision, fact);
        const cJSON *entry;
        cJSON_ArrayForEach(entry, entries)
                escalation_withdraw(decision, state_task(decision->state, json_string(entry, "id")), "cancelled");
        cases_cancel(decision, ids);
}

void work_cancel(Decision *decision, const Task *task, const char *reason) {
        work_cancel_many(decision, &task, 1, reason);
}

/* The words of the brief with the instruction changed; the same for all tasks of one issue, so mostly made once. */
static cJSON *brief_with(const Task *task, const char *instruction) {
        cJSON *brief = cJSON_Duplicate(task->brief->json, true);
        cJSON_DeleteItemFromObjectCaseSensitive(brief, "instruction");
        json_add_string(brief, "instruction", instruction);
        return brief;
}

void work_rebrief(Decision *decision, const Task *const *tasks, size_t n_tasks, Severity severity, const char *instruction) {
        cJSON *fact = fact_new("rebrief"), *entries;
        const Brief *shared = NULL;
        json_add_string(fact, "severity", severity_name(severity));
        entries = cJSON_AddArrayToObject(fact, "tasks");
        for (size_t i = 0; i < n_tasks; i++) {
                if (task_state_is_terminal(tasks[i]->state))
                        continue;
                cJSON *entry = cJSON_CreateObject();
                json_add_string(entry, "id", tasks[i]->id);
                json_add_int(entry, "revision", tasks[i]->revision + 1);
                /* An entry without a brief has that of the entry before it. */
                if (instruction != NULL && tasks[i]->brief != shared)
                        cJSON_AddItemToObject(entry, "brief", brief_with(tasks[i], instruction));
                shared = tasks[i]->brief;
                cJSON_AddItemToArray(entries, entry);
        }
        if (cJSON_GetArraySize(entries) > 0)
                decision_fact(decision, fact);
        else
                cJSON_Delete(fact);
}

void work_unassign(Decision *decision, const Task *task) {
        TaskChange change;
        task_change_start(&change, decision, task, "unassign");
        task_change_text(&change, "assignee", "");
        task_change_commit(&change);
        decision->revision = -1;
}
