/*
 * Form: the fields that a completion fills in: int with bounds (that may name an earlier field), choice, dict, note. Pure.
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

/*
 * Check the form itself. `steps`: the playbook's steps, for bounds like {"of": "check.hazards"}; NULL refuses these. False after check_fail.
 */
bool form_check(Check *check, const cJSON *form, const cJSON *steps);
/* Whether the dictionaries that it names are there. False after check_fail. */
bool form_fits(Check *check, const cJSON *form, const Organisation *organisation);
/*
 * Check `result` (object, may be NULL) against `form` (NULL: takes no fields). `results`: earlier steps' results. `dictionaries`: the
 * organisation's; NULL checks only the shape of codes. `partial`: missing fields are allowed (progress). CODE_NONE, or CODE_FORM with
 * the field and why.
 */
Code form_validate(const cJSON *form, const cJSON *result, const cJSON *results, const cJSON *dictionaries, bool partial,
                   char *ret_detail, size_t n_detail);
/*
 * The form as the task document shows it: [{"name","type","title","title_en","min","max","choices":[{"code","zh","en"}],"optional"}];
 * bounds that name an earlier field are shown as numbers when they are known, else as {"of"}. A new tree; NULL form gives [].
 */
cJSON *form_describe(const cJSON *form, const cJSON *results, const cJSON *dictionaries);

#endif
