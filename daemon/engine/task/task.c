/*
 * Task: the transition table. (state, verb) → (who may, effect). What is in it for the speaker, but not in this state, is refused with
 * `closed` for a task that has ended and `state` otherwise; what is in it for others alone is refused with `forbidden` (I8).
 */
#include "engine/task/task.h"

#include <assert.h>
#include <string.h>

#include "engine/internal.h"
#include "engine/task/work.h"
#include "proto/json.h"

enum {
        ISSUED = 1 << TASK_STATE_ISSUED,
        ACCEPTED = 1 << TASK_STATE_ACCEPTED,
        IN_PROGRESS = 1 << TASK_STATE_IN_PROGRESS,
        COMPLETED = 1 << TASK_STATE_COMPLETED,
        CLOSED = 1 << TASK_STATE_CLOSED,
        SUSPENDED = 1 << TASK_STATE_SUSPENDED,
        CANCELLED = 1 << TASK_STATE_CANCELLED,
        EXPIRED = 1 << TASK_STATE_EXPIRED,
        WORKING = ISSUED | ACCEPTED | IN_PROGRESS,
        OPEN = WORKING | COMPLETED | SUSPENDED,
        ENDED = CLOSED | CANCELLED | EXPIRED,
        EVERY = OPEN | ENDED,
};

typedef struct TaskRule {
        unsigned states;     /* bits of 1 << TaskState */
        Verb verb;
        unsigned who;        /* bits of Who */
        bool any_revision;   /* does not ask for the current state_revision */
        TaskEffect *effect;
} TaskRule;

/* The first rule of (state, verb) whose `who` fits decides. */
static const TaskRule rules[] = {
        /* taking it on */
        {WORKING, VERB_ACCEPT, WHO_OFFERED, false, task_transfer_accept},
        {ISSUED, VERB_ACCEPT, WHO_LEAD, false, task_accept},
        {OPEN, VERB_ACCEPT, WHO_PART | WHO_INFORMED, true, part_accept},
        {WORKING, VERB_ASSIGN, WHO_LEAD | WHO_ABOVE, false, task_assign},
        {ISSUED | ACCEPTED, VERB_START, WHO_LEAD, false, task_start},
        /* doing it */
        {WORKING, VERB_PROGRESS, WHO_LEAD, true, task_progress},
        {WORKING | COMPLETED, VERB_PROGRESS, WHO_PART, true, part_progress},
        {WORKING, VERB_COMPLETE, WHO_LEAD, false, task_complete},
        {WORKING | SUSPENDED, VERB_COMPLETE, WHO_PART, true, part_complete},
        {OPEN, VERB_COMPLETE, WHO_PAST, true, task_complete_late},
        {ENDED, VERB_COMPLETE, WHO_LEAD | WHO_PART | WHO_PAST, true, task_complete_late},
        {COMPLETED, VERB_VERIFY, WHO_ABOVE, false, task_verify},
        {COMPLETED, VERB_RETURN, WHO_ABOVE, false, task_return},
        /* not doing it */
        {WORKING, VERB_DECLINE, WHO_OFFERED, true, task_transfer_decline},
        {WORKING, VERB_DECLINE, WHO_LEAD, false, task_decline},
        {WORKING, VERB_DECLINE, WHO_PART, true, part_decline},
        {WORKING | SUSPENDED, VERB_ESCALATE, WHO_LEAD, false, task_escalate},
        {WORKING, VERB_TRANSFER, WHO_LEAD | WHO_ABOVE, false, task_transfer},
        {OPEN, VERB_CANCEL, WHO_ORIGIN, false, task_cancel},
        {ENDED, VERB_REOPEN, WHO_ORIGIN | WHO_ABOVE, false, task_reopen},
        /* more time: asked for by the doer, granted by the line above, which may also give it unasked */
        {WORKING, VERB_EXTEND, WHO_LEAD | WHO_ABOVE, false, task_extend},
        {WORKING, VERB_SUSPEND, WHO_LEAD | WHO_ABOVE, false, task_suspend},
        {WORKING, VERB_GRANT, WHO_ABOVE, false, task_grant},
        {WORKING, VERB_REFUSE, WHO_ABOVE, false, task_refuse},
        {SUSPENDED, VERB_RESUME, WHO_LEAD | WHO_ABOVE, false, task_resume},
        /* looking after it */
        {OPEN, VERB_REMIND, WHO_ABOVE | WHO_ORIGIN, true, task_remind},
        {OPEN, VERB_SUPERVISE, WHO_ABOVE | WHO_ORIGIN, true, task_supervise},
        {EVERY, VERB_SEEN, WHO_ANY, true, task_seen},
        {EVERY, VERB_COMMENT, WHO_ANY, true, task_comment},
};

static bool unit_is(const Unit *unit, const char *id) {
        return unit != NULL && strcmp(unit->id, id) == 0;
}

static unsigned participant_who(const Task *task, const char *unit) {
        const cJSON *part = task_participant(task, unit);
        const char *kind = part == NULL ? NULL : json_string(part, "part");
        if (kind == NULL)
                return 0;
        return strcmp(kind, "joint") == 0 ? WHO_PART : WHO_INFORMED;
}

static unsigned offered_who(const Decision *decision, const Task *task, const Unit *speaker) {
        const char *to = json_string(json_object(task->body, "transfer"), "to");
        const Unit *offered = to == NULL ? NULL : organisation_unit(decision_organisation(decision), to);
        return offered != NULL && (offered == speaker || unit_worker(offered) == speaker) ? WHO_OFFERED : 0;
}

static unsigned past_who(const Task *task, const char *unit) {
        const cJSON *past;
        cJSON_ArrayForEach(past, json_array(task->body, "past"))
                if (cJSON_IsString(past) && strcmp(past->valuestring, unit) == 0)
                        return WHO_PAST;
        return 0;
}

unsigned task_who(const Decision *decision, const Task *task, const char *unit) {
        const Organisation *organisation = decision_organisation(decision);
        const Unit *speaker = organisation_unit(organisation, unit);
        const Unit *own = task_unit(decision, task), *origin = organisation_unit(organisation, task->origin_unit);
        if (speaker == NULL)
                return 0;
        unsigned who = participant_who(task, unit) | offered_who(decision, task, speaker) | past_who(task, unit);
        const Unit *worker = own == NULL ? NULL : unit_worker(own);
        if (speaker == own || speaker == worker || unit_is(speaker, task->handler))
                who |= WHO_LEAD;
        if (worker != NULL && speaker != worker && speaker != own && unit_is_below(worker, speaker))
                who |= WHO_ABOVE;
        if (unit_is(speaker, task->verifier) && speaker != own)
                who |= WHO_ABOVE;
        if (origin != NULL && unit_is_below(origin, speaker))
                who |= WHO_ORIGIN;
        return who;
}

static void refuse_state(Decision *decision, const Task *task) {
        decision->revision = task->state_revision;
        decision_reject(decision, task_state_is_terminal(task->state) ? CODE_CLOSED : CODE_STATE, "%s",
                        task_state_name(task->state));
}

/* Of two who act at once, the second is told that the task has moved, whatever its new state would say to the verb (I8). */
static bool is_stale(Decision *decision, const Task *task) {
        int64_t revision = decision->command->revision;
        if (revision < 0 || revision == task->state_revision)
                return false;
        decision->revision = task->state_revision;
        decision_reject(decision, CODE_STALE, "state_revision %lld", (long long)task->state_revision);
        return true;
}

/* Whether the unit was asked for help and speaks of that, too late: the escalation has ended meanwhile. */
static bool was_asked(const Decision *decision, const Task *task, Verb verb) {
        Escalation *const *rungs;
        size_t n = state_escalations_of_task(decision->state, task->id, &rungs);
        for (size_t i = 0; i < n && escalation_takes_verb(verb); i++)
                if (escalation_is_for(decision, rungs[i], decision->unit))
                        return true;
        return false;
}

/* No rule for this state: not theirs at all, moved on since they looked, or not now. */
static void task_refuse_verb(Decision *decision, const Task *task, Verb verb, unsigned who) {
        for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
                if (rules[i].verb != verb || (rules[i].who & who) == 0)
                        continue;
                if (rules[i].any_revision || !is_stale(decision, task))
                        refuse_state(decision, task);
                return;
        }
        if (was_asked(decision, task, verb))
                refuse_state(decision, task);
        else
                decision_reject(decision, CODE_FORBIDDEN, "%s: %s", decision->unit, verb_name(verb));
}

static void task_speak(Decision *decision, const Task *task, Verb verb) {
        unsigned who = task_who(decision, task, decision->unit);
        for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
                const TaskRule *rule = &rules[i];
                if (rule->verb != verb || (rule->who & who) == 0 || (rule->states & 1u << task->state) == 0)
                        continue;
                if (!rule->any_revision && is_stale(decision, task))
                        return;
                decision->revision = task->state_revision;
                rule->effect(decision, task);
                return;
        }
        task_refuse_verb(decision, task, verb, who);
}

void task_decide(Decision *decision) {
        const Topic *topic = &decision->command->topic;
        const Task *task = state_task(decision->state, topic->target);
        const Escalation *escalation = state_escalation(decision->state, task->escalation);
        if (escalation != NULL && escalation_takes_verb(topic->verb) && escalation_is_for(decision, escalation, decision->unit))
                escalation_speak(decision, escalation);
        else
                task_speak(decision, task, topic->verb);
}

bool task_words(Decision *decision, const Task *task, bool reason_required, char ret_reason[static NAME_MAX_GRID + 1],
                char ret_note[static UUID_LENGTH + 1]) {
        return decision_reason(decision, reason_required, "task", task->id, decision->unit, ret_reason, ret_note);
}
