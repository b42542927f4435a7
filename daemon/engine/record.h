/*
 * Record: a piece of work that is done and stays in the books: a report that was taken, a task that was completed. Whoever counts
 * such work (duties that ask for so many, points) is told here, in one place, so that nothing counts what another does not see.
 */
#ifndef POLICEGRID_ENGINE_RECORD_H
#define POLICEGRID_ENGINE_RECORD_H

#include <stdint.h>
#include <cjson/cJSON.h>

#include "engine/decision.h"
#include "engine/state/state.h"

typedef enum RecordType { RECORD_REPORT = 1, RECORD_TASK } RecordType;

typedef struct Record {
        RecordType type;
        const char *id;         /* of the report or task */
        const char *kind;       /* of the report; of a task, its playbook's name */
        const char *step;       /* of a task; "" of a report */
        const Unit *unit;       /* whose work it is; NULL when the unit has left the organisation */
        const char *member;     /* who did it; "" when unknown */
        const char *place;      /* "" when none */
        const cJSON *fields;    /* checked fields of the report, result of the task; NULL when none */
        Reality reality;        /* an exercise counts nowhere */
        int64_t at;             /* business time, Unix ms: occurred_at where it is near, else when it was received */
} Record;

/* Appends what follows from it to the decision. Returns the points that were credited for it. Never rejects. */
int64_t record_done(Decision *decision, const Record *record);

/* The record of a report, of a completed task. Borrowed from them. */
Record record_of_report(const Decision *decision, const Report *report);
Record record_of_task(const Decision *decision, const Task *task);

#endif
