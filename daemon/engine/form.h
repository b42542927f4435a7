/*
 * Form: the fields that a completion fills in: int with bounds (that may name an earlier field), choice, dict, note. Pure.
 */
#ifndef POLICEGRID_ENGINE_FORM_H
#define POLICEGRID_ENGINE_FORM_H

#include <stdbool.h>
#include <stddef.h>
#include <cjson/cJSON.h>

#include "proto/code.h"

/* Check the form itself (in a playbook). False with place and reason. */
bool form_check(const cJSON *form, char *ret_detail, size_t n_detail);
/*
 * Check `result` (object, may be NULL) against `form`. `results` = earlier steps' results for bounds like {"of":"check.hazards"}.
 * `partial`: missing fields are allowed (progress). CODE_NONE, or CODE_FORM with the field and why.
 */
Code form_validate(const cJSON *form, const cJSON *result, const cJSON *results, bool partial, char *ret_detail, size_t n_detail);
/* The form as the task document shows it: [{"name","type","min","max","choices","title"…}]; new tree. */
cJSON *form_describe(const cJSON *form, const cJSON *results);

#endif
