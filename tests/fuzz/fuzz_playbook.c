/* Playbook: whatever bytes come, it is refused with a place and a reason, or it is one that every later reader can walk. */
#include "engine/playbook/playbook.h"
#include "engine/playbook/form.h"

#include "fuzz.h"

static void walk(const Playbook *playbook, const Step *step, unsigned depth) {
        static const char *const hows[] = {"done", "declined", "refused", "expired"};
        cJSON *results = cJSON_CreateObject(), *visits = cJSON_CreateObject();
        for (size_t i = 0; i < 4 && depth < 8; i++) {
                Next next;
                if (step_next(playbook, step, results, hows[i], visits, &next) && next.step)
                        walk(playbook, next.step, depth + 3);
        }
        cJSON_Delete(results);
        cJSON_Delete(visits);
}

static void use(const Playbook *playbook) {
        const Step *step = playbook_start(playbook);
        fuzz_check((step == NULL) == playbook_adds(playbook));
        if (step == NULL)
                return;
        for (Severity severity = SEVERITY_UNKNOWN; severity <= SEVERITY_EXTREME; severity++) {
                Clocks clocks;
                step_clocks(step, severity, &clocks);
        }
        cJSON_Delete(form_describe(step->form, NULL, NULL));
        walk(playbook, step, 0);
        Organisation *organisation = organisation_new("140802100", 480);
        SelectorContext context = {.organisation = organisation};
        size_t n;
        fuzz_check(selector_units(step->to, &context, &n) == NULL && n == 0);
        char detail[160];
        fuzz_check(playbook_fits(playbook, organisation, detail, sizeof detail));
        organisation_free(organisation);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        char detail[48], again_detail[160]; /* the short one: details are cut, at a character's end */
        char *copy = fuzz_copy(data, size);
        Playbook *playbook = playbook_new(copy, size, detail, sizeof detail);
        if (!playbook) {
                fuzz_check(detail[0] != '\0' && memchr(detail, '\0', sizeof detail));
                free(copy);
                return 0;
        }
        use(playbook);
        Playbook *again = playbook_new(playbook_text(playbook), strlen(playbook_text(playbook)), again_detail, sizeof again_detail);
        fuzz_check(again && strcmp(playbook_hash(again), playbook_hash(playbook)) == 0);
        PlaybookSet *set = playbook_set_new();
        fuzz_check(playbook_set_add(set, playbook, true, again_detail, sizeof again_detail) == CODE_NONE);
        fuzz_check(playbook_set_add(set, again, true, again_detail, sizeof again_detail) == CODE_NONE);
        playbook_set_free(set);
        free(copy);
        return 0;
}
