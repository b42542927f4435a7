/* member/{member}/request: a member's own secret. The one-time code becomes a phone's secret once; a secret can be rotated. */
#include "engine/admin/admin.h"

#include <string.h>

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

void request_decide(Decision *decision) {
        static const char *const names[] = {"request", "secret_hash", NULL};
        const cJSON *body = decision_body(decision);
        const MemberRecord *record = organisation_record(decision_organisation(decision), decision->sender);
        if (!record || record->member.revoked || strcmp(decision->command->topic.name, decision->sender) != 0)
                return (void)decision_reject(decision, CODE_DENIED, "member");
        const char *request = json_string(body, "request");
        if (!request)
                return (void)decision_reject(decision, CODE_MISSING, "request");
        bool enrol = strcmp(request, "enrol") == 0;
        if (!enrol && strcmp(request, "rotate") != 0)
                return (void)decision_reject(decision, CODE_UNKNOWN_KIND, "request");
        if (!admin_check_fields(decision, body, names))
                return;
        const char *secret = admin_read_hash(decision, body, "secret_hash");
        if (!secret)
                return;
        if (enrol)
                request_enrol(decision, record, secret);
        else
                request_rotate(decision, record, secret);
}
