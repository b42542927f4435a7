/*
 * Alert: a CAP 1.2 message in JSON (OASIS CAP-v1.2, section 3.2) built from what a commander typed. Pure.
 */
#ifndef POLICEGRID_CTL_ALERT_H
#define POLICEGRID_CTL_ALERT_H

#include <stdint.h>
#include <cjson/cJSON.h>

#include "ctl/arguments.h"

typedef enum AlertOutcome {
        ALERT_OK = 0,
        ALERT_E_EVENT,     /* --event missing */
        ALERT_E_HEADLINE,
        ALERT_E_SEVERITY,  /* none of CAP's words */
        ALERT_E_STATUS,
        ALERT_E_TIME,      /* --expires cannot be read or is past */
        ALERT_E_TIER,
        ALERT_E_WORD,      /* urgency, certainty */
} AlertOutcome;

/*
 * `type`: "Alert", "Update", "Cancel"; `references`: identifier that it updates or cancels, NULL for Alert. `id` becomes the
 * message's id and, without --identifier, its CAP identifier. *ret is owned by the caller, NULL on failure.
 */
AlertOutcome alert_build(const Arguments *arguments, const char *type, const char *references, const char *id, int64_t now_ms, int zone_minutes,
                         cJSON **ret);
const char *alert_outcome_text(AlertOutcome outcome, int zh);

#endif
