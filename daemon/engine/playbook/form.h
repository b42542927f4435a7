/*
 * Form: the fields that a completion or a report fills in: int with bounds (that may name an earlier field), choice, dict, note, member
 * (id of one who sits there), place (of a kind), holder (number of a points card). Checked in form.c, answers in form_result.c. Pure.
 * A note field asks for words, which travel in the action's own `note` and live in private_text, never in a result.
 */
#ifndef POLICEGRID_ENGINE_FORM_H
#define POLICEGRID_ENGINE_FORM_H

#include <stdbool.h>
#include <stddef.h>
#include <cjson/cJSON.h>

#include "engine/check.h"
#include "engine/organisation/organisation.h"
#include "proto/code.h"

#define FORM_INT_MAX INT64_C(1000000000000) /* either way; money is integer fen */

/*
 * Check the form itself. `steps`: the playbook's steps, for bounds like {"of": "check.hazards"}; NULL refuses these. False after check_fail.
 */
bool form_check(Check *check, const cJSON *form, const cJSON *steps);
/* Whether the dictionaries that it names are there. False after check_fail. */
bool form_fits(Check *check, const cJSON *form, const Organisation *organisation);
/* Who fills a form in, and what its answers may name. */
typedef struct FormScope {
        const char *root;                 /* the word for the object in refusals: "result", "fields" */
        const cJSON *results;             /* earlier steps' results, for bounds; NULL when none */
        const cJSON *dictionaries;        /* the organisation's; NULL: codes are checked for their shape alone */
        const Organisation *organisation; /* NULL: members and places are checked for their shape alone */
        const Unit *unit;                 /* members and places are of this unit, of one that it staffs, or below; NULL: of any */
        int64_t at;                       /* when seats must be valid, Unix ms */
        bool partial;                     /* fields may be missing (progress) */
} FormScope;
/*
 * Check `result` (object, may be NULL) against `form` (NULL: takes no fields). CODE_NONE; CODE_FORM with the field and why; CODE_PRIVACY
 * for a card number that looks like a telephone or identity number.
 */
Code form_validate(const cJSON *form, const cJSON *result, const FormScope *scope, char *ret_detail, size_t n_detail);
/* The number that a bound stands for: false when it names a field that has no value (yet). */
bool form_bound(const cJSON *bound, const cJSON *result, const cJSON *results, double *ret);
/*
 * The form as the task document shows it: [{"name","type","title","title_en","min","max","choices":[{"code","zh","en"}],"optional"}];
 * bounds that name an earlier field are shown as numbers when they are known, else as {"of"}. A new tree; NULL form gives [].
 */
cJSON *form_describe(const cJSON *form, const cJSON *results, const cJSON *dictionaries);

#endif
