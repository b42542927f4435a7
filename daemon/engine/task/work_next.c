/*
 * What comes after a task: its playbook's `then` names the next step or an end. A case with other tasks still open waits for them.
 */
#include <stdlib.h>
#include <string.h>

#include "engine/facts.h"
#include "engine/internal.h"
#include "engine/privacy/contact.h"
#include "engine/record.h"
#include "engine/shift/shift.h"
#include "engine/task/task.h"
#include "engine/task/work.h"
#include "engine/warning/warning_post.h"
#include "proto/json.h"

#define SAME_MAX 32

static bool next_find(const Decision *decision, const Task *task, const char *how, Next *ret) {
        const Playbook *playbook = task_playbook(decision->state, task);
        const Step *step = task_step(decision->state, task);
        const WorkCase *work_case = state_case(decision->state, task->case_id);
        if (step == NULL || work_case == NULL)
                return false;
        *ret = (Next){0};
        return step_next(playbook, step, work_case->results, how, work_case->visits, ret);
}

bool work_says(const Decision *decision, const Task *task, const char *how) {
        Next next;
        return next_find(decision, task, how, &next);
}

static bool case_is_open(const Decision *decision, const Task *task) {
        Task *const *tasks;
        size_t n = state_tasks_of_case(decision->state, task->case_id, &tasks);
        for (size_t i = 0; i < n; i++)
                if (!task_state_is_terminal(tasks[i]->state))
                        return true;
        return false;
}

static void case_end(Decision *decision, const WorkCase *work_case, const char *outcome) {
        cJSON *fact = fact_new("case"), *set;
        json_add_string(fact, "id", work_case->id);
        set = cJSON_AddObjectToObject(fact, "set");
        json_add_string(set, "outcome", outcome);
        json_add_int(set, "ended_at", decision->at);
        decision_fact(decision, fact);
        contact_work_ended(decision, work_case->origin_id);
}

static void case_visit(Decision *decision, const WorkCase *work_case, const char *step) {
        cJSON *fact = fact_new("case");
        json_add_string(fact, "id", work_case->id);
        cJSON *visits = cJSON_AddObjectToObject(cJSON_AddObjectToObject(fact, "set"), "visits");
        json_add_int(visits, step, json_int(work_case->visits, step, 0) + 1);
        decision_fact(decision, fact);
}

/* Units that had tasks of this case, latest first. */
static size_t same_units(const Decision *decision, const Task *task, const Unit *ret[static SAME_MAX]) {
        Task *const *tasks;
        size_t n = state_tasks_of_case(decision->state, task->case_id, &tasks), n_units = 0;
        const Unit *own = task_unit(decision, task);
        if (own != NULL)
                ret[n_units++] = own;
        for (size_t i = n; i > 0 && n_units < SAME_MAX; i--) {
                const Unit *unit = task_unit(decision, tasks[i - 1]);
                bool known = unit == NULL;
                for (size_t k = 0; k < n_units; k++)
                        known = known || ret[k] == unit;
                if (!known)
                        ret[n_units++] = unit;
        }
        return n_units;
}

static WorkOrigin origin_again(Decision *decision, const Task *task, const char *title_zh, const char *title_en) {
        return (WorkOrigin){.type = task->origin_type, .id = task->origin_id,
                            .unit = organisation_unit(decision_organisation(decision), task->origin_unit), .severity = task->severity,
                            .reality = task->reality, .title_zh = title_zh, .title_en = title_en,
                            .instruction = *task_instruction(task) == '\0' ? NULL : task_instruction(task),
                            .place = *task->place == '\0' ? NULL : task->place, .device = *task->device == '\0' ? NULL : task->device,
                            .base_at = decision->at, .expires_at = TIMESTAMP_NONE};
}

static void issue_units(Decision *decision, Issue *issue, const Unit *const *units, size_t n) {
        IssueTarget *targets = calloc(n == 0 ? 1 : n, sizeof *targets);
        char first[UUID_LENGTH + 1];
        if (targets == NULL)
                abort();
        for (size_t i = 0; i < n; i++)
                targets[i].unit = units[i];
        issue->targets = targets;
        issue->n_targets = n;
        issue_tasks(decision, issue, first);
        free(targets);
}

static SelectorContext next_context(Decision *decision, const Task *task, const WorkOrigin *origin, const Unit *const *same, size_t n_same) {
        return (SelectorContext){.organisation = decision_organisation(decision), .is_on_duty = unit_is_on_duty, .state = decision->state,
                                 .origin = origin->unit, .same = same, .n_same = n_same,
                                 .current = task_unit(decision, task), .place = origin->place, .device = origin->device,
                                 .at = decision->at};
}

/* The targets of what follows. */
static size_t next_targets(Decision *decision, const Task *task, const WorkOrigin *origin, const Next *next, IssueTarget **ret) {
        const Unit *same[SAME_MAX];
        size_t n_same = same_units(decision, task, same);
        SelectorContext context = next_context(decision, task, origin, same, n_same);
        context.roles = next->step->roles;
        context.n_roles = next->step->n_roles;
        return work_targets(decision, next->step, next->to != NULL ? next->to : next->step->to, &context, ret);
}

/*
 * Where an outcome's own `to` finds nobody, the outcomes behind it are asked: the next mediation force, and when there is none left, all of
 * them jointly. *next becomes the one that was chosen; when none of them finds anybody it stays.
 */
static size_t next_choose(Decision *decision, const Task *task, const WorkOrigin *origin, const char *how, Next *next, IssueTarget **ret) {
        const WorkCase *work_case = state_case(decision->state, task->case_id);
        Next candidate = *next;
        while (candidate.step != NULL && !candidate.step->without_tasks) {
                size_t n = next_targets(decision, task, origin, &candidate, ret);
                if (n > 0 || candidate.to == NULL) {
                        *next = candidate;
                        return n;
                }
                free(*ret);
                *ret = NULL;
                if (!step_next_from(task_playbook(decision->state, task), task_step(decision->state, task), candidate.index + 1,
                                    work_case->results, how, work_case->visits, &candidate))
                        return 0;
        }
        *next = candidate;
        return 0;
}

static void step_warn(Decision *decision, const Task *task, const WorkOrigin *origin, const Step *step) {
        const Unit *same[SAME_MAX];
        size_t n_same = same_units(decision, task, same);
        SelectorContext context = next_context(decision, task, origin, same, n_same);
        context.roles = step->roles;
        context.n_roles = step->n_roles;
        warning_post(decision, task_playbook(decision->state, task), step, origin, &context);
}

/* The next step's tasks, in the same case. Where its selectors find nobody, the unit that did the last step goes on. */
static void step_enter(Decision *decision, const Task *task, const WorkOrigin *origin, const Step *step, IssueTarget *targets, size_t n) {
        const WorkCase *work_case = state_case(decision->state, task->case_id);
        IssueTarget fallback = {.unit = task_unit(decision, task)};
        Issue issue = {.playbook = task_playbook(decision->state, task), .step = step, .origin = origin, .work_case = work_case,
                       .targets = n > 0 ? targets : &fallback, .n_targets = n > 0 ? n : 1, .finish_by = TIMESTAMP_NONE};
        char first[UUID_LENGTH + 1];
        case_visit(decision, work_case, step->name);
        if (step->warn.to != NULL)
                step_warn(decision, task, origin, step);
        if (step->without_tasks)
                return case_end(decision, work_case, "done");
        if (n > 0 || fallback.unit != NULL)
                issue_tasks(decision, &issue, first);
}

/* Units that an end names are informed by an acknowledge-only task. */
static void end_inform(Decision *decision, const Task *task, const cJSON *to) {
        const Unit *same[SAME_MAX];
        size_t n_same = same_units(decision, task, same), n = 0;
        WorkOrigin origin = origin_again(decision, task, task_title_zh(task), task_title_en(task));
        SelectorContext context = next_context(decision, task, &origin, same, n_same);
        const Unit **units = to == NULL ? NULL : selector_units(to, &context, &n);
        const Playbook *playbook = playbook_builtin(TRIGGER_WARNING);
        Issue issue = {.playbook = playbook, .step = playbook_start(playbook), .origin = &origin,
                       .work_case = state_case(decision->state, task->case_id), .finish_by = TIMESTAMP_NONE};
        if (n > 0)
                issue_units(decision, &issue, units, n);
        free(units);
}

/* What was credited for it stands with the task, for the results list. */
static void record_task(Decision *decision, const Task *task) {
        const Record record = record_of_task(decision, task);
        int64_t points = record_done(decision, &record);
        if (points == 0)
                return;
        TaskChange change;
        task_change_start(&change, decision, task, "points");
        task_change_body(&change, "points", cJSON_CreateNumber((double)points));
        task_change_commit(&change);
}

void work_ended(Decision *decision, const Task *task, const char *how) {
        const WorkCase *work_case = state_case(decision->state, task->case_id);
        Next next;
        if (strcmp(how, "done") == 0)
                record_task(decision, task);
        if (work_case == NULL || *work_case->outcome != '\0' || case_is_open(decision, task))
                return;
        bool worked = strcmp(how, "done") == 0 || strcmp(how, "resolved") == 0;
        if (!next_find(decision, task, how, &next))
                return case_end(decision, work_case, worked ? "done" : how);
        WorkOrigin origin = origin_again(decision, task, NULL, NULL);
        IssueTarget *targets = NULL;
        size_t n = next_choose(decision, task, &origin, how, &next, &targets);
        if (next.step != NULL)
                step_enter(decision, task, &origin, next.step, targets, n);
        free(targets);
        if (next.step != NULL)
                return;
        case_end(decision, work_case, next.end);
        end_inform(decision, task, next.to);
}

/* ---- reopening ---- */
/* A successor of a task that has ended: the same words and step in the same case, with clocks from now. */
void task_reopen(Decision *decision, const Task *task) {
        char reason[NAME_MAX_GRID + 1], note[UUID_LENGTH + 1], id[UUID_LENGTH + 1];
        const WorkCase *work_case = state_case(decision->state, task->case_id);
        const Unit *unit = task_unit(decision, task);
        if (work_case == NULL || unit == NULL)
                return (void)decision_reject(decision, CODE_CLOSED, "%s", task_state_name(task->state));
        if (!task_words(decision, task, false, reason, note))
                return;
        cJSON *fact = fact_new("case"), *set;
        json_add_string(fact, "id", work_case->id);
        set = cJSON_AddObjectToObject(fact, "set");
        cJSON_AddNullToObject(set, "outcome");
        cJSON_AddNullToObject(set, "ended_at");
        cJSON_AddTrueToObject(set, "live");
        decision_fact(decision, fact);
        WorkOrigin origin = origin_again(decision, task, task_title_zh(task), task_title_en(task));
        IssueTarget target = {.unit = unit};
        Issue issue = {.playbook = task_playbook(decision->state, task), .step = task_step(decision->state, task), .origin = &origin,
                       .targets = &target, .n_targets = 1, .work_case = work_case, .follows = task->id, .audience = task->audience,
                       .finish_by = TIMESTAMP_NONE};
        issue_tasks(decision, &issue, id);
        TaskChange change;
        task_change_start(&change, decision, task, "reopen");
        task_change_reason(&change, reason, note);
        task_change_commit(&change);
        if (*id != '\0')
                decision_created(decision, "task", id);
}
