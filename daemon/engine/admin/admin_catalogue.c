/* catalogue-apply: a new version of the area's catalogue, whole or not at all. */
#include "engine/admin/admin.h"

#include <stdlib.h>
#include <string.h>

#include "engine/catalogue/catalogue.h"
#include "engine/state/state.h"
#include "proto/json.h"

/* Whether it is to become the current one; false after decision_reject, and when it says what the current one says. */
static bool can_apply(Decision *decision, const Catalogue *catalogue) {
        const Catalogue *current = state_catalogue(decision->state);
        char detail[sizeof decision->detail];
        if (catalogue_equals(current, catalogue))
                return false;
        if (catalogue_version(catalogue) <= catalogue_version(current))
                decision_reject(decision, CODE_CONFLICT, "version: 当前为 / current is %lld", (long long)catalogue_version(current));
        else if (!catalogue_fits(catalogue, decision_organisation(decision), state_playbooks(decision->state), detail, sizeof detail))
                decision_reject(decision, CODE_CATALOGUE, "%s", detail);
        else
                return true;
        return false;
}

static void apply(Decision *decision, const Catalogue *catalogue) {
        const Catalogue *before = state_catalogue(decision->state);
        cJSON *fact = fact_new("catalogue");
        json_add_string(fact, "name", catalogue_name(catalogue));
        json_add_int(fact, "version", catalogue_version(catalogue));
        json_add_string(fact, "hash", catalogue_hash(catalogue));
        json_add_string(fact, "text", catalogue_text(catalogue));
        decision_fact(decision, fact);
        catalogue_changed(decision, before); /* kept by the state until the batch has ended */
}

void admin_catalogue_apply(Decision *decision) {
        static const char *const names[] = {"catalogue", NULL};
        const cJSON *body = decision_body(decision);
        char detail[sizeof decision->detail];
        if (!admin_check_fields(decision, body, names))
                return;
        const cJSON *object = json_object(body, "catalogue");
        if (!object)
                return (void)decision_reject(decision, json_has(body, "catalogue") ? CODE_TYPE : CODE_MISSING, "catalogue");
        char *text = json_print(object);
        Catalogue *catalogue = catalogue_new(text, strlen(text), detail, sizeof detail);
        free(text);
        if (!catalogue)
                return (void)decision_reject(decision, CODE_CATALOGUE, "%s", detail);
        if (can_apply(decision, catalogue))
                apply(decision, catalogue);
        if (decision->code == CODE_NONE) {
                decision_created(decision, "catalogue", catalogue_name(catalogue));
                decision_created_int(decision, "version", catalogue_version(catalogue));
        }
        catalogue_free(catalogue);
}
