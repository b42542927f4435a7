/*
 * Action: the body of a verb on a task, escalation, report or notice, from the options given. Pure.
 */
#ifndef POLICEGRID_CTL_ACTION_H
#define POLICEGRID_CTL_ACTION_H

#include <stdint.h>
#include <cjson/cJSON.h>

#include "ctl/arguments.h"

typedef enum ActionOutcome {
        ACTION_OK = 0,
        ACTION_E_RESULT,    /* --result is not field=value, or a field twice */
        ACTION_E_REVISION,  /* no whole number */
        ACTION_E_TIME,      /* --until, --finish-by */
        ACTION_E_DURATION,  /* --by */
        ACTION_E_REASON,    /* no code word [a-z0-9_-]{1,32} */
} ActionOutcome;

/* *ret is owned by the caller, NULL on failure. Whole numbers in --result become numbers. */
ActionOutcome action_build(const Arguments *arguments, int64_t now_ms, int zone_minutes, cJSON **ret);
const char *action_outcome_text(ActionOutcome outcome, int zh);

#endif
