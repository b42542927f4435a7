/*
 * Notices: what a unit's members say to a warning that they were told. `ack` counts for the revision now shown; an Update of
 * severity or instruction asks anew, and an acknowledgement that names an older revision is stale.
 */
#include <string.h>

#include "engine/decision.h"
#include "engine/internal.h"
#include "engine/state/state.h"
#include "engine/task/work.h"
#include "proto/json.h"

static void notice_fact(Decision *decision, const char *name, const Notice *notice) {
        cJSON *fact = fact_new(name);
        json_add_string(fact, "warning", notice->warning);
        json_add_string(fact, "unit", notice->unit);
        json_add_string(fact, "member", decision->sender);
        json_add_int(fact, "at", decision->at);
        json_add_int(fact, "offset", organisation_offset_minutes(decision_organisation(decision)));
        decision_fact(decision, fact);
}

/* The notice that is spoken of, or NULL after a rejection. */
static Notice *find_notice(Decision *decision) {
        const char *target = decision->command->topic.target;
        const Unit *unit = organisation_unit(decision_organisation(decision), decision->unit);
        const Member *member = decision_member(decision);
        Notice *notice = state_notice(decision->state, target, decision->unit);
        if (!unit)
                decision_reject(decision, CODE_UNKNOWN_UNIT, "%s", decision->unit);
        else if (!member || !member_seat(member, unit, decision->at))
                decision_reject(decision, CODE_SEAT, "%s", decision->unit);
        else if (!notice)
                decision_reject(decision, CODE_UNKNOWN_TARGET, "%s", target);
        else if (notice->withdrawn)
                decision_reject(decision, CODE_CLOSED, "%s", target);
        else
                return notice;
        return NULL;
}

void notice_decide(Decision *decision) {
        const Verb verb = decision->command->topic.verb;
        Notice *notice = find_notice(decision);
        if (!notice)
                return;
        const Warning *warning = state_warning(decision->state, notice->warning);
        if (verb != VERB_ACK && verb != VERB_SEEN) {
                decision_reject(decision, CODE_STATE, "notice: %s", decision->command->topic.verb_text);
                return;
        }
        if (decision->command->revision >= 0 && decision->command->revision != warning->revision) {
                decision_reject(decision, CODE_STALE, "revision %lld", (long long)warning->revision);
                return;
        }
        decision->revision = warning->revision;
        decision->late = warning->state != WARNING_ACTIVE; /* kept, though nobody waits for it any more */
        if (verb == VERB_SEEN)
                notice_fact(decision, "notice_seen", notice);
        else if (!json_has(notice->acks, decision->sender)) /* the first time counts */
                notice_fact(decision, "notice_acked", notice);
}
