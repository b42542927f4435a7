/*
 * Report: what members and devices find, and the shape that their counted values have.
 */
#ifndef POLICEGRID_ENGINE_REPORT_H
#define POLICEGRID_ENGINE_REPORT_H

#include <stdbool.h>

#include "engine/catalogue/catalogue.h"
#include "engine/decision.h"
#include "engine/state/state.h"

#define REPORT_FIELDS_MAX 32

typedef struct ReportKind {
        bool wants_answer;  /* without a playbook it stays open until dispatched, merged or dismissed; else it is recorded */
        bool contact;       /* it may come with a contact */
        const cJSON *form;  /* of its fields; NULL = counts and codes of any name */
} ReportKind;

/*
 * What the catalogue says of a kind of report; false when it has no such kind. A catalogue without `report_kinds` knows the kinds of
 * report_kind.c. Playbooks add kinds of their own.
 */
bool report_kind_find(const Catalogue *catalogue, const char *name, ReportKind *ret);
/* Whether the reports that start the playbook can have what it asks for, by the forms of the catalogue. False with place and reason. */
bool report_playbook_check(const Catalogue *catalogue, const Playbook *playbook, char *ret_detail, size_t n_detail);
/* The section `report_kinds`. */
bool report_catalogue_check(Check *check, const cJSON *section, const Organisation *organisation, const PlaybookSet *playbooks);

/* Whether every member of the body is one of `names` (NULL-terminated). False after decision_reject. */
bool report_names_check(Decision *decision, const char *const *names);
/*
 * Whether `fields` of the body (may be absent) fits the form, filled in at `unit`. Without a form (NULL): only whole numbers within ±2^31,
 * booleans and codes [A-Za-z0-9_.-]{1,64}, at most REPORT_FIELDS_MAX. False after decision_reject.
 */
bool report_fields_check(Decision *decision, const cJSON *form, const Unit *unit);
/* Both, without a form. */
bool report_body_check(Decision *decision, const char *const *names);
/* CAP's status of the body (`status`), Actual when absent; `severity` likewise Unknown. False after decision_reject. */
bool report_read_weight(Decision *decision, Severity *ret_severity, Reality *ret_reality);

/* First task of that origin, NULL when none came of it. */
const Task *report_first_task(const State *state, const char *origin_id);

#endif
