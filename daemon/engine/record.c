#include "engine/record.h"

#include "engine/duty/duty.h"
#include "engine/points/points.h"
#include "proto/json.h"

Record record_of_report(const Decision *decision, const Report *report) {
        return (Record){.type = RECORD_REPORT, .id = report->id, .kind = report->kind, .step = "",
                        .unit = organisation_unit(decision_organisation(decision), report->unit), .member = report->sender,
                        .place = report->place, .fields = report->fields, .reality = report->reality,
                        .at = report->occurred_at == TIMESTAMP_NONE ? report->at : report->occurred_at};
}

Record record_of_task(const Decision *decision, const Task *task) {
        const char *doer = json_string(task->body, "completed_by");
        return (Record){.type = RECORD_TASK, .id = task->id, .kind = task->kind, .step = task->step,
                        .unit = organisation_unit(decision_organisation(decision), task->unit), .member = doer == NULL ? task->assignee : doer,
                        .place = task->place, .fields = json_object(task->body, "result"), .reality = task->reality,
                        .at = task->completed_at == TIMESTAMP_NONE ? decision->at : task->completed_at};
}

int64_t record_done(Decision *decision, const Record *record) {
        if (record->reality != REALITY_ACTUAL)
                return 0;
        int64_t points = points_record(decision, record);
        duty_record(decision, record);
        return points;
}
