/*
 * member/{member}/request: what a member asks for himself. His own secret is decided here: the one-time code becomes a phone's secret
 * once; a secret can be rotated. Other requests are their modules'; the table is at the end.
 */
#include "engine/admin/admin.h"

#include <string.h>

#include "engine/points/points.h"
#include "engine/shift/shift.h"
#include "engine/privacy/contact.h"
#include "engine/task/work.h"
#include "proto/json.h"

static cJSON *secret_fact(const MemberRecord *record, const char *secret) {
        cJSON *fact = fact_new("member_secret");
        json_add_string(fact, "member", record->member.id);
        json_add_string(fact, "secret", secret);
        return fact;
}

/* Spends the code: it is gone with this fact, and with it every secret from before. */
static void request_enrol(Decision *decision, const MemberRecord *record, const char *secret) {
        if (record->enrolment[0] == '\0' || decision->at >= record->enrolment_until)
                return (void)decision_reject(decision, CODE_ENROLMENT, "%s", "");
        if (strcmp(secret, record->enrolment) == 0)
                return (void)decision_reject(decision, CODE_RANGE, "secret_hash");
        cJSON *fact = secret_fact(record, secret);
        cJSON_AddTrueToObject(fact, "enrolled");
        decision_fact(decision, fact);
}

/* The secret before stays good for a day, for a phone that never hears the receipt. */
static void request_rotate(Decision *decision, const MemberRecord *record, const char *secret) {
        if (record->secret[0] == '\0')
                return (void)decision_reject(decision, CODE_ENROLMENT, "%s", "");
        if (strcmp(secret, record->secret) == 0 || strcmp(secret, record->previous_secret) == 0)
                return (void)decision_reject(decision, CODE_RANGE, "secret_hash");
        cJSON *fact = secret_fact(record, secret);
        json_add_string(fact, "previous", record->secret);
        json_add_int(fact, "previous_until", decision->at + ENROLMENT_MS);
        decision_fact(decision, fact);
}

static void request_secret(Decision *decision) {
        static const char *const names[] = {"request", "secret_hash", NULL};
        const cJSON *body = decision_body(decision);
        const MemberRecord *record = organisation_record(decision_organisation(decision), decision->sender);
        const char *secret = admin_check_fields(decision, body, names) ? admin_read_hash(decision, body, "secret_hash") : NULL;
        if (!secret)
                return;
        if (strcmp(json_string(body, "request"), "enrol") == 0)
                request_enrol(decision, record, secret);
        else
                request_rotate(decision, record, secret);
}

/* ---- the table ---- */

/* The sender is a member, not revoked, who speaks for himself; seats and roles are the handler's to check. */
static const struct { const char *name; DecisionHandler *decide; } requests[] = {
        {"enrol", request_secret},
        {"rotate", request_secret},
        {"roster", shift_request_roster},
        {"swap", shift_request_swap},
        {"swap-agree", shift_request_swap_agree},
        {"handover", shift_request_handover},
        {"takeover", shift_request_takeover},
        {"contact", contact_decide},
        {"points-join", points_join_decide},
        {"points-leave", points_leave_decide},
        {"points-award", points_award_decide},
        {"points-correct", points_correct_decide},
        {"points-honour", points_honour_decide},
        {"redeem", redemption_decide},
        {"redeem-confirm", redemption_confirm_decide},
        {"redeem-cancel", redemption_cancel_decide},
};

void request_decide(Decision *decision) {
        const MemberRecord *record = organisation_record(decision_organisation(decision), decision->sender);
        if (!record || record->member.revoked || strcmp(decision->command->topic.name, decision->sender) != 0)
                return (void)decision_reject(decision, CODE_DENIED, "member");
        const char *request = json_string(decision_body(decision), "request");
        if (!request)
                return (void)decision_reject(decision, CODE_MISSING, "request");
        for (size_t i = 0; i < sizeof requests / sizeof *requests; i++)
                if (strcmp(requests[i].name, request) == 0)
                        return requests[i].decide(decision);
        decision_reject(decision, CODE_UNKNOWN_KIND, "request");
}
