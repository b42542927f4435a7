/*
 * Work: how warnings, reports, devices and duties turn a playbook's steps into tasks. The only way in which tasks are made.
 */
#ifndef POLICEGRID_ENGINE_WORK_H
#define POLICEGRID_ENGINE_WORK_H

#include <stdint.h>

#include "engine/decision.h"
#include "engine/playbook/playbook.h"
#include "engine/state/state.h"

typedef struct WorkOrigin {
        const char *type;                 /* warning, report, device, duty, member */
        const char *id;                   /* of the warning, report, … */
        const Unit *unit;                 /* who asks */
        Severity severity;
        Reality reality;
        const char *title_zh, *title_en;  /* NULL = the step's titles */
        const char *instruction;          /* NULL when none */
        const char *place, *device;       /* NULL when none */
        const char *event;                /* what a device said, the name of a duty; NULL otherwise */
        const cJSON *fields;              /* of a device's event; NULL when none */
        const Unit *const *addressed; size_t n_addressed;
        int64_t base_at;                  /* clocks count from here (I9) */
        int64_t expires_at;               /* tasks without a finish clock expire then; 0 or TIMESTAMP_NONE = never */
        bool is_out;                      /* `device` is silent or faulty: the tasks wait for it to be well (body.devices) */
} WorkOrigin;

/*
 * Start `playbook` for `origin`: for every unit (or member, place) of the start step a case with its task; facts are appended to
 * the decision. An open task with the step's dedup key only has its count raised. Returns the number of tasks made or raised; 0 = nobody.
 * Units that adding playbooks inform see these tasks. A step that warns posts its warning first; the units that it tells count too.
 */
size_t work_start(Decision *decision, const Playbook *playbook, const WorkOrigin *origin);
/* The same for some units only (a warning's Update adds units). */
size_t work_start_units(Decision *decision, const Playbook *playbook, const WorkOrigin *origin, const Unit *const *units, size_t n_units);
/* Nothing starts, but somebody may have to be told: units that adding playbooks inform get a task that asks to be acknowledged. */
size_t work_inform(Decision *decision, const WorkOrigin *origin);
/* The adding playbooks (by name) that the origin wakes. A warning wakes its own where its notices are made. */
size_t work_adding(const Decision *decision, const WorkOrigin *origin, const Playbook *ret[static ADDS_MAX]);
/* Cancel one task with its open escalation. `reason` is a code word for the log. */
void work_cancel(Decision *decision, const Task *task, const char *reason);
/* The same for many, as one fact. Terminal ones are passed over. */
void work_cancel_many(Decision *decision, const Task *const *tasks, size_t n_tasks, const char *reason);
/* An Update changed severity or instruction (NULL = as it was): new words, acknowledgement asked again, clocks run on. */
void work_rebrief(Decision *decision, const Task *const *tasks, size_t n_tasks, Severity severity, const char *instruction);
/* A seat has ended: the task goes back to its unit, clocks running. */
void work_unassign(Decision *decision, const Task *task);

/* Handlers, one per kind of command (engine.c dispatches). */
DecisionHandler warning_decide;   /* warning.c */
DecisionHandler notice_decide;    /* warning.c: `ack`, `seen` on a notice */
DecisionHandler report_decide;    /* report.c: a report */
DecisionHandler report_action_decide; /* report.c: dispatch, merge, dismiss, comment on a report */
DecisionHandler device_decide;    /* device.c: heartbeat, event */
DecisionHandler task_decide;      /* task.c: verbs on a task; an open escalation to the unit that speaks takes its own verbs */
DecisionHandler task_issue;       /* issue.c: a task by hand */
DecisionHandler escalation_decide;/* escalation.c: verbs on an escalation, by its own id */
DecisionHandler admin_decide;     /* admin.c */
/* The member's seats whose `until` is the decision's time, or was before, end; what they were assigned goes back (admin_seat.c). */
void admin_seat_run_out(Decision *decision, const Member *member);
DecisionHandler request_decide;   /* request.c: member/{member}/request */

#endif
