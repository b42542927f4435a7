/*
 * Issue: the making of tasks, as one fact however many there are: what they have in common stands in it once. And the task that a
 * member issues by hand.
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/playbook/form.h"
#include "engine/internal.h"
#include "engine/task/notify.h"
#include "engine/shift/shift.h"
#include "engine/task/task.h"
#include "engine/task/work.h"
#include "proto/json.h"
#include "proto/mask.h"

/* ---- what they have in common ---- */
static cJSON *brief_make(Decision *decision, const Issue *issue) {
        const WorkOrigin *origin = issue->origin;
        const Step *step = issue->step;
        cJSON *brief = cJSON_CreateObject();
        json_add_string(brief, "title", origin->title_zh != NULL ? origin->title_zh : step != NULL ? step->title_zh : "");
        json_add_string(brief, "title_en", origin->title_en != NULL ? origin->title_en : step != NULL ? step->title_en : "");
        json_add_string(brief, "instruction", origin->instruction);
        if (step != NULL && step->form != NULL)
                cJSON_AddItemToObject(brief, "form",
                                      form_describe(step->form, issue->work_case == NULL ? NULL : issue->work_case->results,
                                                    organisation_dictionaries(decision_organisation(decision))));
        if (step != NULL && step->checklist != NULL)
                cJSON_AddItemToObject(brief, "checklist", cJSON_Duplicate(step->checklist, true));
        return brief;
}

static void timer_add(cJSON *timers, int kind, int64_t due) {
        if (due != TIMESTAMP_NONE)
                json_add_int(timers, timer_kind_name((TimerKind)kind), due);
}

static void clock_set(Decision *decision, cJSON *common, cJSON *timers, const Clocks *clocks, Clock clock, int64_t base_at, cJSON *beyond) {
        static const char *const columns[] = {"accept_by", "start_by", "finish_by"};
        Deadline deadline;
        deadline_compute(task_calendar(decision->state, clocks), clocks, clock, base_at, &deadline);
        if (deadline.due == TIMESTAMP_NONE)
                return;
        json_add_int(common, columns[clock], deadline.due);
        timer_add(timers, TIMER_ACCEPT_YELLOW + (int)clock, deadline.yellow);
        timer_add(timers, TIMER_ACCEPT_RED + (int)clock, deadline.red);
        timer_add(timers, TIMER_ACCEPT + (int)clock, deadline.due);
        if (deadline.beyond)
                cJSON_AddItemToArray(beyond, cJSON_CreateString(clock_name((TimerKind)(TIMER_ACCEPT + (int)clock))));
}

/* A deadline given by hand. */
static void finish_set(Decision *decision, cJSON *common, cJSON *timers, int64_t base_at, int64_t due) {
        static const Clocks always = {.hours = HOURS_ALWAYS};
        Deadline deadline;
        deadline_around(task_calendar(decision->state, &always), &always, base_at, due, base_at, &deadline);
        json_add_int(common, "finish_by", due);
        timer_add(timers, TIMER_FINISH_YELLOW, deadline.yellow);
        timer_add(timers, TIMER_FINISH_RED, deadline.red);
        timer_add(timers, TIMER_FINISH, due);
}

/* *ret_beyond: names of the clocks whose limits lie past the loaded calendar; the caller owns it. */
static void times_set(Decision *decision, const Issue *issue, cJSON *common, cJSON **ret_beyond) {
        const WorkOrigin *origin = issue->origin;
        const Step *step = issue->step;
        Clocks clocks = {0};
        bool beyond = false;
        int64_t base_at = origin->base_at;
        cJSON *timers = cJSON_CreateObject();
        *ret_beyond = cJSON_CreateArray();
        if (step != NULL)
                step_clocks(step, origin->severity, &clocks);
        if (step != NULL && step->not_before.set) {
                base_at = calendar_add(task_calendar(decision->state, &clocks), base_at, &step->not_before, HOURS_ALWAYS, &beyond);
                json_add_int(common, "not_before", base_at);
        }
        json_add_int(common, "base_at", base_at);
        json_add_int(common, "issued_at", decision->at);
        for (Clock clock = CLOCK_ACCEPT; clock <= CLOCK_FINISH; clock++)
                clock_set(decision, common, timers, &clocks, clock, base_at, *ret_beyond);
        if (issue->finish_by != TIMESTAMP_NONE)
                finish_set(decision, common, timers, base_at, issue->finish_by);
        int64_t expires_at = json_has(common, "finish_by") || origin->expires_at <= decision->at ? TIMESTAMP_NONE : origin->expires_at;
        if (step != NULL && step->expires.set)
                expires_at = calendar_add(task_calendar(decision->state, &clocks), base_at, &step->expires, clocks.hours, &beyond);
        timer_add(timers, TIMER_EXPIRE, expires_at);
        cJSON_AddItemToObject(common, "timers", timers);
}

static Audience audience_of(const Issue *issue) {
        if (issue->audience != AUDIENCE_NONE)
                return issue->audience;
        if (issue->step != NULL && issue->step->audience != AUDIENCE_NONE)
                return issue->step->audience;
        return AUDIENCE_ALL;
}

static cJSON *common_make(Decision *decision, const Issue *issue) {
        const WorkOrigin *origin = issue->origin;
        const Step *step = issue->step;
        cJSON *common = cJSON_CreateObject(), *body, *beyond;
        json_add_string(common, "kind", issue->playbook == NULL ? "task" : playbook_name(issue->playbook));
        if (issue->playbook != NULL)
                json_add_string(common, "playbook", playbook_hash(issue->playbook));
        if (step != NULL)
                json_add_string(common, "step", step->name);
        json_add_string(common, "origin_type", origin->type);
        json_add_string(common, "origin_id", origin->id);
        json_add_string(common, "origin_unit", origin->unit == NULL ? NULL : origin->unit->id);
        json_add_string(common, "state", task_state_name(TASK_STATE_ISSUED));
        json_add_string(common, "severity", severity_name(origin->severity));
        json_add_string(common, "reality", reality_name(origin->reality));
        json_add_string(common, "audience", audience_name(audience_of(issue)));
        json_add_int(common, "revision", 1);
        json_add_int(common, "state_revision", 1);
        times_set(decision, issue, common, &beyond);
        json_add_string(common, "follows", issue->follows);
        body = cJSON_AddObjectToObject(common, "body");
        if (step != NULL && step->quorum != 0)
                json_add_int(body, "quorum", step->quorum);
        if (step != NULL && step->consent == CONSENT_ALL)
                json_add_string(body, "consent", "all");
        if (cJSON_GetArraySize(beyond) > 0)
                cJSON_AddItemToObject(body, "beyond", beyond);
        else
                cJSON_Delete(beyond);
        if (origin->is_out)
                cJSON_AddItemToArray(cJSON_AddArrayToObject(body, "devices"), cJSON_CreateString(origin->device));
        return common;
}

static cJSON *case_common_make(Decision *decision, const Issue *issue) {
        const WorkOrigin *origin = issue->origin;
        cJSON *common = cJSON_CreateObject();
        if (issue->playbook != NULL)
                json_add_string(common, "playbook", playbook_hash(issue->playbook));
        json_add_string(common, "origin_type", origin->type);
        json_add_string(common, "origin_id", origin->id);
        json_add_string(common, "origin_unit", origin->unit == NULL ? NULL : origin->unit->id);
        json_add_string(common, "reality", reality_name(origin->reality));
        json_add_int(common, "opened_at", decision->at);
        cJSON *visits = cJSON_AddObjectToObject(common, "visits");
        if (issue->step != NULL)
                json_add_int(visits, issue->step->name, 1);
        return common;
}

/* ---- what is each one's own ---- */
static void participants_add(Decision *decision, const Issue *issue, const IssueTarget *target, const cJSON *selectors, const char *kind,
                             cJSON *participants) {
        SelectorContext context = {.organisation = decision_organisation(decision), .is_on_duty = unit_is_on_duty, .state = decision->state,
                                 .origin = issue->origin->unit,
                                   .addressed = issue->origin->addressed, .n_addressed = issue->origin->n_addressed,
                                   .same = &target->unit, .n_same = 1, .current = target->unit, .place = issue->origin->place,
                                   .device = issue->origin->device, .at = decision->at};
        size_t n;
        if (selectors == NULL)
                return;
        const Unit **units = selector_units(selectors, &context, &n);
        for (size_t i = 0; i < n; i++) {
                const cJSON *other;
                bool known = units[i] == target->unit;
                cJSON_ArrayForEach(other, participants)
                        known = known || strcmp(json_string(other, "unit"), units[i]->id) == 0;
                if (known)
                        continue;
                cJSON *part = cJSON_CreateObject();
                json_add_string(part, "unit", units[i]->id);
                json_add_string(part, "part", kind);
                json_add_string(part, "state", "issued");
                cJSON_AddItemToArray(participants, part);
        }
        free(units);
}

static const char *verifier_of(const Decision *decision, const Issue *issue, const Unit *unit) {
        if (issue->step == NULL ? issue->origin->unit == NULL : !issue->step->verify_by_parent)
                return "";
        if (issue->step == NULL)
                return issue->origin->unit == unit || issue->origin->unit == unit_worker(unit) ? "" : issue->origin->unit->id;
        const Unit *above = unit_above(unit, 1);
        while (above != NULL && !unit_is_manned(decision_organisation(decision), above, NULL, 0, decision->at))
                above = unit_above(above, 1);
        return above == NULL ? "" : above->id;
}

/* What speaks for the device, or the device itself. */
static const char *device_gateway(const Organisation *organisation, const char *id) {
        const Device *device = id == NULL ? NULL : organisation_device(organisation, id);
        return device == NULL || *device->gateway == '\0' ? id : device->gateway;
}

/* The key under which a second alarm raises the first one's count; "" when the step has none or a value is missing. */
static void dedup_key(const Organisation *organisation, const Issue *issue, const IssueTarget *target, char ret[static 128]) {
        const cJSON *names = issue->step == NULL ? NULL : issue->step->dedup, *name;
        const char *place = target->place != NULL ? target->place->id : issue->origin->place;
        size_t n = 0;
        ret[0] = '\0';
        cJSON_ArrayForEach(name, names) {
                const char *value = NULL;
                if (cJSON_IsString(name) && strcmp(name->valuestring, "device") == 0)
                        value = issue->origin->device;
                else if (cJSON_IsString(name) && strcmp(name->valuestring, "place") == 0)
                        value = place;
                else if (cJSON_IsString(name) && strcmp(name->valuestring, "gateway") == 0)
                        value = device_gateway(organisation, issue->origin->device);
                else if (cJSON_IsString(name) && strcmp(name->valuestring, "unit") == 0)
                        value = target->unit->id;
                if (value == NULL || n >= 100) {
                        ret[0] = '\0';
                        return;
                }
                n += (size_t)snprintf(ret + n, 128 - n, "%s%s:%s", n == 0 ? "" : " ", name->valuestring, value);
        }
        if (n > 0)
                snprintf(ret + n, 128 - n, " %.30s", playbook_name(issue->playbook));
}

/* One more device that the task waits for, or, past the bound, one that is only counted. */
static void device_join(TaskChange *change, const Task *task, const char *device) {
        const cJSON *devices = json_array(task->body, "devices"), *item;
        if (json_has(task->body, "restored_at"))
                task_change_body(change, "restored_at", NULL);
        cJSON_ArrayForEach(item, devices)
                if (strcmp(item->valuestring, device) == 0)
                        return;
        if (cJSON_GetArraySize(devices) >= TASK_DEVICES_MAX) {
                task_change_body(change, "more_devices", cJSON_CreateTrue());
                return;
        }
        cJSON *more = devices == NULL ? cJSON_CreateArray() : cJSON_Duplicate(devices, true);
        cJSON_AddItemToArray(more, cJSON_CreateString(device));
        task_change_body(change, "devices", more);
}

static bool raise_count(Decision *decision, const WorkOrigin *origin, const char *key) {
        const Task *task = state_task_by_dedup(decision->state, key);
        if (task == NULL)
                return false;
        TaskChange change;
        task_change_start(&change, decision, task, "raised");
        task_change_int(&change, "raised", (int64_t)task->raised + 1);
        if (origin->is_out)
                device_join(&change, task, origin->device);
        task_change_commit(&change);
        decision->revision = -1;
        return true;
}

/* Targets before this one that are for the same unit. */
static size_t coming_for(const Issue *issue, size_t at, const Unit *unit) {
        size_t n = 0;
        for (size_t i = 0; i < at; i++)
                n += issue->targets[i].unit == unit;
        return n;
}

/* Room for one more retained document: the oldest ended ones go first. False when the unit is full of open work. */
static bool unit_has_room(Decision *decision, const Issue *issue, size_t at, const Unit *unit) {
        size_t limit = engine_config(decision->engine)->unit_tasks_max;
        Task *const *tasks;
        size_t n = state_tasks_of_unit(decision->state, unit->id, &tasks);
        if (n + at < limit)
                return true;
        size_t n_coming = coming_for(issue, at, unit);
        for (size_t i = 0; n + n_coming >= limit && i < n;) {
                if (!task_state_is_terminal(tasks[i]->state)) {
                        i++;
                        continue;
                }
                cJSON *fact = fact_new("clear");
                json_add_string(fact, "of", "task");
                json_add_string(fact, "id", tasks[i]->id);
                decision_fact(decision, fact);
                n = state_tasks_of_unit(decision->state, unit->id, &tasks);
        }
        return n + n_coming < limit;
}

typedef struct Making {
        Decision *decision;
        const Issue *issue;
        cJSON *tasks;       /* of the fact */
        char first_dedup[128];
} Making;

static void case_choose(Making *making, cJSON *entry, cJSON *set, const char *number) {
        const WorkCase *work_case = making->issue->work_case;
        char id[UUID_LENGTH + 1];
        if (work_case != NULL) {
                json_add_string(set, "case_id", work_case->id);
                return;
        }
        decision_uuid(making->decision, id);
        cJSON *made = cJSON_AddObjectToObject(entry, "case");
        json_add_string(made, "id", id);
        json_add_string(made, "number", number);
        json_add_string(set, "case_id", id);
}

static void target_make(Making *making, size_t at, bool has_room, const char *dedup, char ret_id[static UUID_LENGTH + 1]) {
        Decision *decision = making->decision;
        const Issue *issue = making->issue;
        const IssueTarget *target = &issue->targets[at];
        const char *place = target->place != NULL ? target->place->id : issue->origin->place;
        char number[24];
        cJSON *entry = cJSON_CreateObject(), *set = cJSON_CreateObject(), *participants;
        if (issue->task_id != NULL)
                strcpy(ret_id, issue->task_id);
        else
                decision_uuid(decision, ret_id);
        decision_number(decision, number);
        case_choose(making, entry, set, number);
        json_add_string(set, "id", ret_id);
        json_add_string(set, "number", number);
        json_add_string(set, "unit", target->unit->id);
        json_add_int(set, "tier", target->unit->tier);
        json_add_string(set, "handler", unit_worker(target->unit)->id);
        json_add_string(set, "verifier", verifier_of(decision, issue, target->unit));
        json_add_string(set, "assignee", target->member != NULL ? target->member->id : issue->assignee);
        json_add_string(set, "place", place);
        json_add_string(set, "device", issue->origin->device);
        if (*dedup != '\0')
                json_add_string(set, "dedup", dedup);
        if (!has_room)
                cJSON_AddTrueToObject(set, "unlisted");
        if (issue->step != NULL && (issue->step->participants != NULL || issue->step->inform != NULL || issue->n_adding > 0)) {
                participants = cJSON_AddArrayToObject(cJSON_AddObjectToObject(set, "body"), "participants");
                participants_add(decision, issue, target, issue->step->participants, "joint", participants);
                participants_add(decision, issue, target, issue->step->inform, "informed", participants);
                for (size_t i = 0; i < issue->n_adding; i++)
                        participants_add(decision, issue, target, playbook_inform(issue->adding[i]), "informed", participants);
        }
        cJSON_AddItemToObject(entry, "set", set);
        cJSON_AddItemToArray(making->tasks, entry);
}

size_t issue_tasks(Decision *decision, const Issue *issue, char ret_first[static UUID_LENGTH + 1]) {
        Making making = {.decision = decision, .issue = issue, .tasks = cJSON_CreateArray()};
        size_t n_raised = 0;
        ret_first[0] = '\0';
        for (size_t i = 0; i < issue->n_targets; i++) {
                char dedup[128], id[UUID_LENGTH + 1];
                dedup_key(decision_organisation(decision), issue, &issue->targets[i], dedup);
                if (*dedup != '\0' && raise_count(decision, issue->origin, dedup)) {
                        n_raised++;
                        continue;
                }
                /* One of several tasks of one alarm carries the key. */
                if (strcmp(dedup, making.first_dedup) == 0)
                        dedup[0] = '\0';
                else if (*making.first_dedup == '\0')
                        strcpy(making.first_dedup, dedup);
                bool has_room = unit_has_room(decision, issue, i, issue->targets[i].unit);
                target_make(&making, i, has_room, dedup, id);
                if (*ret_first == '\0')
                        strcpy(ret_first, id);
        }
        size_t n = (size_t)cJSON_GetArraySize(making.tasks);
        if (n == 0) {
                cJSON_Delete(making.tasks);
                return n_raised;
        }
        cJSON *fact = fact_new("tasks");
        cJSON_AddItemToObject(fact, "brief", brief_make(decision, issue));
        cJSON_AddItemToObject(fact, "common", common_make(decision, issue));
        if (issue->work_case == NULL)
                cJSON_AddItemToObject(fact, "case_common", case_common_make(decision, issue));
        cJSON_AddItemToObject(fact, "tasks", making.tasks);
        if (json_has(json_object(json_object(fact, "common"), "body"), "beyond"))
                decision->n_beyond += (uint32_t)n;
        decision_fact(decision, fact);
        if (issue->step != NULL && issue->step->notify != NULL) {
                const cJSON *entry;
                cJSON_ArrayForEach(entry, making.tasks) {
                        const Task *task = state_task(decision->state, json_string(json_object(entry, "set"), "id"));
                        notify_unit(decision, task_unit(decision, task), task, issue->step->notify, 0);
                }
        }
        return n + n_raised;
}

/* ---- by hand ---- */
#define TITLE_CHARACTERS_MAX 80
#define TEXT_BYTES_MAX (NOTE_CHARACTERS_MAX * 4)

/* Words of a commander to the units, read by them: masked like every free text, kept with the task. */
static bool words_read(Decision *decision, const char *field, size_t characters_max, char ret[static TEXT_BYTES_MAX + 1]) {
        const char *text = json_string(decision_body(decision), field);
        ret[0] = '\0';
        if (text == NULL && json_has(decision_body(decision), field))
                decision_reject(decision, CODE_TYPE, "%s", field);
        else if (text != NULL && (text_count_characters(text) > characters_max || strlen(text) > TEXT_BYTES_MAX))
                decision_reject(decision, CODE_RANGE, "%s: %zu", field, characters_max);
        else if (text != NULL) {
                strcpy(ret, text);
                if (mask_text(ret))
                        decision->masked = true;
        }
        return decision->code == CODE_NONE;
}

static bool hand_unit(Decision *decision, const Unit **ret_unit, const Unit **ret_speaker) {
        const Organisation *organisation = decision_organisation(decision);
        const char *to = json_string(decision_body(decision), "to");
        *ret_speaker = organisation_unit(organisation, decision->unit);
        *ret_unit = organisation_unit(organisation, to == NULL ? decision->unit : to);
        if (*ret_unit == NULL || *ret_speaker == NULL)
                decision_reject(decision, CODE_UNKNOWN_UNIT, "to");
        else if (!unit_is_below(*ret_unit, *ret_speaker) && !unit_is_below(unit_worker(*ret_unit), *ret_speaker))
                decision_reject(decision, CODE_FORBIDDEN, "to: %s", (*ret_unit)->id);
        return decision->code == CODE_NONE;
}

static bool hand_details(Decision *decision, const Unit *unit, Issue *issue, Severity *ret_severity) {
        const cJSON *body = decision_body(decision);
        const char *finish_by = json_string(body, "finish_by"), *severity = json_string(body, "severity"),
                   *audience = json_string(body, "audience");
        issue->assignee = json_string(body, "assignee");
        issue->audience = audience == NULL ? AUDIENCE_NONE : audience_parse(audience);
        *ret_severity = severity == NULL ? SEVERITY_UNKNOWN : severity_parse(severity);
        const Member *member = issue->assignee == NULL ? NULL : organisation_member(decision_organisation(decision), issue->assignee);
        if (finish_by != NULL && (!timestamp_parse(finish_by, strlen(finish_by), &issue->finish_by) || issue->finish_by <= decision->at))
                decision_reject(decision, CODE_TIME, "finish_by");
        else if (severity != NULL && strcmp(severity_name(*ret_severity), severity) != 0)
                decision_reject(decision, CODE_RANGE, "severity");
        else if (audience != NULL && issue->audience == AUDIENCE_NONE)
                decision_reject(decision, CODE_RANGE, "audience");
        else if (issue->assignee != NULL && (member == NULL || member_seat(member, unit, decision->at) == NULL))
                decision_reject(decision, CODE_UNKNOWN_MEMBER, "assignee");
        return decision->code == CODE_NONE;
}

void task_issue(Decision *decision) {
        const Topic *topic = &decision->command->topic;
        char title[TEXT_BYTES_MAX + 1], title_en[TEXT_BYTES_MAX + 1], instruction[TEXT_BYTES_MAX + 1], id[UUID_LENGTH + 1];
        const Unit *unit, *speaker;
        Issue issue = {.task_id = topic->target, .n_targets = 1, .finish_by = TIMESTAMP_NONE};
        WorkOrigin origin = {.type = "member", .id = decision->sender, .base_at = decision->at};
        if (!uuid_is_valid(topic->target, strlen(topic->target)))
                return (void)decision_reject(decision, CODE_RANGE, "%.64s: UUID", topic->target);
        if (state_task(decision->state, topic->target) != NULL)
                return (void)decision_reject(decision, CODE_DUPLICATE, "%s", topic->target);
        if (!words_read(decision, "title", TITLE_CHARACTERS_MAX, title) || !words_read(decision, "title_en", TITLE_CHARACTERS_MAX * 2, title_en) ||
            !words_read(decision, "instruction", NOTE_CHARACTERS_MAX, instruction) || !hand_unit(decision, &unit, &speaker) ||
            !hand_details(decision, unit, &issue, &origin.severity))
                return;
        if (*title == '\0')
                return (void)decision_reject(decision, CODE_MISSING, "title");
        if (!unit_has_room(decision, &issue, 0, unit))
                return (void)decision_reject(decision, CODE_LIMIT, "%s: %zu", unit->id, engine_config(decision->engine)->unit_tasks_max);
        IssueTarget target = {.unit = unit};
        origin.unit = speaker;
        origin.title_zh = title;
        origin.title_en = *title_en == '\0' ? title : title_en;
        origin.instruction = *instruction == '\0' ? NULL : instruction;
        issue.origin = &origin;
        issue.targets = &target;
        issue_tasks(decision, &issue, id);
        decision_created(decision, "task", id);
        decision_created(decision, "number", state_task(decision->state, id)->number);
        decision->revision = 1;
}
