/*
 * Report: what members and devices find, and the shape that their counted values have.
 */
#ifndef POLICEGRID_ENGINE_REPORT_H
#define POLICEGRID_ENGINE_REPORT_H

#include <stdbool.h>

#include "engine/decision.h"
#include "engine/state/state.h"

#define REPORT_FIELDS_MAX 32

typedef struct ReportKind {
        const char *name;
        bool wants_answer;  /* without a playbook it stays open until dispatched, merged or dismissed; else it is recorded */
} ReportKind;

/* A kind that every area knows (DOMAIN.md, mechanisms); NULL when it is none. Playbooks add kinds of their own. */
const ReportKind *report_kind_find(const char *name);

/*
 * Whether `fields` of the body (may be absent) holds only whole numbers within ±2^31, booleans and codes [A-Za-z0-9_.-]{1,64}, at
 * most REPORT_FIELDS_MAX; and every other member of the body is one of `names` (NULL-terminated). False after decision_reject.
 */
bool report_body_check(Decision *decision, const char *const *names);
/* CAP's status of the body (`status`), Actual when absent; `severity` likewise Unknown. False after decision_reject. */
bool report_read_weight(Decision *decision, Severity *ret_severity, Reality *ret_reality);

/* First task of that origin, NULL when none came of it. */
const Task *report_first_task(const State *state, const char *origin_id);

#endif
