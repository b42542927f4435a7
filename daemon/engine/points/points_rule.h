/*
 * The `points` member of playbook steps and report kinds: {"base": n, "bonus": [{"if": {field: condition}, "points": n}],
 * "for": "doer" | {"field": name}}. Pure.
 */
#ifndef POLICEGRID_ENGINE_POINTS_RULE_H
#define POLICEGRID_ENGINE_POINTS_RULE_H

#include <stdbool.h>
#include <stdint.h>
#include <cjson/cJSON.h>

#include "engine/check.h"

/* `form`: the form whose fields the rule may name; NULL when there is none. False with place and reason. */
bool points_rule_check(Check *check, const cJSON *rule, const cJSON *form);
/* What these fields (may be NULL) earn. */
typedef struct Earning { int64_t base, bonus; } Earning;
Earning points_rule_count(const cJSON *rule, const cJSON *fields);
/* The field that names the card; NULL when the doer earns. */
const char *points_rule_field(const cJSON *rule);

#endif
