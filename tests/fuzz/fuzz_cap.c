/*
 * Warnings: any checked JSON object as a warning's body. It is refused with a code and a place, or the checked message holds what
 * cap.h promises; and what is kept of it holds none of our own additions.
 */
#include "engine/warning/cap.h"

#include "proto/json.h"

#include "fuzz.h"

#define NOW INT64_C(1795219200000)

static void check_message(const Cap *cap) {
        fuzz_check(cap->identifier && strlen(cap->identifier) <= MESSAGE_ID_MAX);
        fuzz_check(cap->sent <= NOW + CAP_SENT_FUTURE_MS && cap->sent >= NOW - CAP_SENT_PAST_MS);
        fuzz_check(cap->type == CAP_CANCEL || (cap->headline && cap->event));
        fuzz_check(cap->type == CAP_ALERT || cap->n_references > 0);
        fuzz_check(cap->n_geocodes <= CAP_GEOCODES_MAX && cap->n_references <= CAP_REFERENCES_MAX);
        fuzz_check(cap->severity >= SEVERITY_UNKNOWN && cap->severity <= SEVERITY_EXTREME);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        cJSON *body = NULL;
        char detail[160] = "";
        Cap cap;
        bool masked;
        if (json_parse_object((const char *)data, size, JSON_BYTES_MAX, &body) != CODE_NONE)
                return 0;
        Code code = cap_check(body, NOW, &cap, detail, sizeof detail);
        if (code == CODE_NONE) {
                check_message(&cap);
                cJSON *kept = cap_keep(body, "140802100-ab3", &masked);
                fuzz_check(!json_has(kept, "id") && !json_has(kept, "note"));
                cJSON_Delete(kept);
        } else
                fuzz_check(detail[0]);
        cap_deinit(&cap);
        cJSON_Delete(body);
        return 0;
}
