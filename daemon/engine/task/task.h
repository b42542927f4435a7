/*
 * Task: what the files of tasks and escalations share. The transition table is in task.c, the effects in task_verb.c,
 * task_request.c, task_transfer.c; task_apply.c alone changes a task.
 *
 * Task.body, key by key (all optional):
 *   acks {member: Unix ms}      who has seen or accepted it
 *   accepted [member]           acceptances that count for the quorum
 *   quorum n                    acceptances asked for; -1 = every member of the unit with one of the step's roles
 *   consent "all"               completing needs every joint part's agreement
 *   participants [{unit, part: joint|informed, state: issued|accepted|agreed|declined, accepted_at, agreed_at, result}]
 *   checklist [item]            items done
 *   result {}                   as completed or in progress
 *   request {verb: extend|suspend, until, by, unit, at, reason}
 *   transfer {to, from, by, at, reason}
 *   past [unit]                 units that had it before a transfer
 *   beyond [clock]              limits that lie past the loaded calendar: uncertain
 *   late {unit, member, at, result}  the latest completion after its end
 *   points n                    credited for it, to whoever opted in
 *   completed_by member         who completed it, or resolved it from above; gone again when the work is returned
 *   devices [device]            silent or faulty ones that it waits for; empty when all are well again
 *   more_devices true           there were more than the list takes: nobody waits for those by name
 *   restored_at Unix ms         when the last of them was well; goes when one is out again
 */
#ifndef POLICEGRID_ENGINE_TASK_H
#define POLICEGRID_ENGINE_TASK_H

#include "engine/decision.h"
#include "engine/state/state.h"
#include "engine/task/work.h"
#include "proto/verb.h"

/* ---- task_change.c: facts about tasks ---- */
/*
 * A change of one task: {"fact":"task","id","verb","set":{…}} with `revision` raised. The effects fill `set`; task_change_commit
 * appends it.
 */
typedef struct TaskChange {
        Decision *decision;
        const Task *task;
        cJSON *fact, *set, *timers, *body; /* timers and body: within set, made when first needed */
} TaskChange;

void task_change_start(TaskChange *change, Decision *decision, const Task *task, const char *verb);
/* state_revision rises with it. */
void task_change_state(TaskChange *change, TaskState state);
void task_change_time(TaskChange *change, const char *column, int64_t ms); /* TIMESTAMP_NONE empties */
void task_change_text(TaskChange *change, const char *column, const char *value); /* "" empties */
void task_change_int(TaskChange *change, const char *column, int64_t value);
void task_change_timer(TaskChange *change, TimerKind kind, int64_t due); /* TIMESTAMP_NONE removes */
/* Takes `value` over; NULL removes the key. */
void task_change_body(TaskChange *change, const char *key, cJSON *value);
/* The clock has been answered: its timers go, and its card with them. `clock`: TIMER_ACCEPT, _START, _FINISH, _VERIFY. */
void task_change_stop(TaskChange *change, TimerKind clock);
/* Sets a clock's deadline and timers; nothing when it does not run. */
void task_change_clock(TaskChange *change, TimerKind clock, const Clocks *clocks, int64_t base_at);
/* The task ends: state, outcome, every timer and what was pending goes, the final document stays for its time. */
void task_change_end(TaskChange *change, TaskState state, const char *outcome);
/* The speaker is who did the work. */
void task_change_doer(TaskChange *change);
/* The end of a suspension (task_request.c). */
void task_change_resume(TaskChange *change);
void task_change_reason(TaskChange *change, const char *reason, const char *note);
void task_change_commit(TaskChange *change);
const char *clock_name(TimerKind clock); /* "accept", … */

/* ---- what a task's playbook says ---- */
/* NULL for a task by hand. */
const Playbook *task_playbook(const State *state, const Task *task);
const Step *task_step(const State *state, const Task *task);
void task_clocks(const State *state, const Task *task, Clocks *ret);
const Calendar *task_calendar(const State *state, const Clocks *clocks);
const Unit *task_unit(const Decision *decision, const Task *task);
/* Whoever works for the task's unit. */
const Unit *task_worker(const Decision *decision, const Task *task);
/* The participant's entry; NULL when the unit has none. */
const cJSON *task_participant(const Task *task, const char *unit);

/* ---- who speaks ---- */
typedef enum Who {
        WHO_LEAD = 1,      /* the task's unit, whoever works for it, or the unit that has taken the escalation over */
        WHO_PART = 2,      /* a joint participant */
        WHO_INFORMED = 4,
        WHO_OFFERED = 8,   /* the unit that a transfer waits for */
        WHO_ABOVE = 16,    /* the line above the unit that works on it, and its verifier */
        WHO_ORIGIN = 32,   /* the unit that asked for the work, and the line above that one */
        WHO_PAST = 64,     /* a unit that had it before a transfer */
        WHO_ANY = 127
} Who;
unsigned task_who(const Decision *decision, const Task *task, const char *unit);

/* ---- effects (one signature; called from the table in task.c alone) ---- */
typedef void TaskEffect(Decision *decision, const Task *task);
TaskEffect task_accept, task_assign, task_start, task_progress, task_complete, task_complete_late, task_verify, task_return,
        task_decline, task_escalate, task_cancel, task_reopen, task_remind, task_supervise, task_seen, task_comment;  /* task_verb.c … */
TaskEffect task_extend, task_suspend, task_grant, task_refuse, task_resume;                                      /* task_request.c */
TaskEffect task_transfer, task_transfer_accept, task_transfer_decline, part_accept, part_progress, part_complete, part_decline;

/* Words and free text that every verb may carry: `reason` (asked for when required) and `note`. False after a rejection. */
bool task_words(Decision *decision, const Task *task, bool reason_required, char ret_reason[static NAME_MAX_GRID + 1],
                char ret_note[static UUID_LENGTH + 1]);
/* The result of the body against the task's form. False after a rejection; *ret_result is borrowed, NULL when there is none. */
bool task_result(Decision *decision, const Task *task, bool partial, const cJSON **ret_result);
/* Records the result with the task's case. */
void task_result_record(Decision *decision, const Task *task, const cJSON *result);

/* ---- escalation.c ---- */
typedef struct EscalationCall {
        const char *cause;             /* accept, start, finish, verify, escalate, decline */
        unsigned after;                /* bit of After that the rung must have */
        const char *reason, *note;     /* "" when none */
        const Escalation *passing;     /* the rung that passes it up; NULL = the first */
} EscalationCall;
/* Opens the next rung that somebody mans. False when there is none (nothing has changed then). */
bool escalation_open(Decision *decision, const Task *task, const EscalationCall *call);
/* The task has ended or needs no help any more. Nothing when no escalation is open. */
void escalation_withdraw(Decision *decision, const Task *task, const char *outcome);
/* A verb for the open escalation of the task, spoken by the unit that it is addressed to. */
bool escalation_takes_verb(Verb verb);
bool escalation_is_for(const Decision *decision, const Escalation *escalation, const char *unit);
/* Whoever saw to it has no seat there any more. */
void escalation_unassign(Decision *decision, const Escalation *escalation);
void escalation_speak(Decision *decision, const Escalation *escalation);

/* ---- work_next.c ---- */
/* The task has ended in that way (done, resolved, declined, refused, expired, cancelled, restored): what comes next in its case. */
void work_ended(Decision *decision, const Task *task, const char *how);
/* Whether the playbook has something to say about that way. */
bool work_says(const Decision *decision, const Task *task, const char *how);

/* ---- issue.c ---- */
#define TASK_DEVICES_MAX 100 /* devices that one task waits for by name */
typedef struct IssueTarget { const Unit *unit; const Member *member; const Place *place; } IssueTarget;
typedef struct Issue {
        const Playbook *playbook;      /* NULL by hand */
        const Step *step;              /* NULL by hand */
        const WorkOrigin *origin;
        const IssueTarget *targets; size_t n_targets;
        const WorkCase *work_case;     /* goes on in that case; NULL = a case for each task */
        const Playbook *const *adding; size_t n_adding; /* whose `inform` units see the tasks; the start of a case only */
        const char *follows;           /* predecessor of a reopened task; NULL when none */
        const char *task_id;           /* chosen by the sender; NULL = made here */
        Audience audience;             /* AUDIENCE_NONE = the step's */
        const char *assignee;          /* NULL when none */
        int64_t finish_by;             /* by hand; TIMESTAMP_NONE when none */
} Issue;
/* Makes the tasks, as one fact. Returns how many, those whose count was raised included. */
size_t issue_tasks(Decision *decision, const Issue *issue, char ret_first[static UUID_LENGTH + 1]);

/* ---- work_targets.c ---- */
/*
 * Whose tasks a step makes: by its `each`, of the units that `to` finds (a step's own selectors, or what an outcome puts in their place),
 * or of those given. *ret is malloc'ed, the caller frees it; 0 = nobody.
 */
size_t work_targets(Decision *decision, const Step *step, const cJSON *to, const SelectorContext *context, IssueTarget **ret);
size_t work_targets_of_units(Decision *decision, const Step *step, const Unit *const *units, size_t n_units, IssueTarget **ret);

#endif
