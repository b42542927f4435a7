/*
 * Contact: an address or a number that the responder needs (DOMAIN.md, Privacy). README.md says who is shown it and when it goes.
 */
#ifndef POLICEGRID_ENGINE_CONTACT_H
#define POLICEGRID_ENGINE_CONTACT_H

#include <stdbool.h>

#include "engine/decision.h"
#include "engine/state/state.h"

/* Whether `contact` of the body is text of at most NOTE_CHARACTERS_MAX characters. False after decision_reject. */
bool contact_check(Decision *decision);
/* Keep the checked `contact` of the body with this report; nothing when there is none. */
void contact_keep(Decision *decision, const Report *report);
/* Work that came of `origin` has ended, or will never come: its contact is erased, unless other work of the same origin goes on. */
void contact_work_ended(Decision *decision, const char *origin);
/* member/{m}/request {"request":"contact","task"}: the responder is to be shown the contact; the grant is a fact. */
DecisionHandler contact_decide;

#endif
