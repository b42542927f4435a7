/* Organisation: whatever JSON comes, it is refused with a place and a reason, or its roster can be built and read again. */
#include "engine/organisation/organisation.h"
#include "proto/json.h"

#include "fuzz.h"

static void use(const Organisation *organisation) {
        size_t cursor = 0;
        for (const Unit *unit; (unit = organisation_next_unit(organisation, &cursor));) {
                fuzz_check(unit_is_below(unit, organisation_root(organisation)));
                fuzz_check(!unit_is_manned(organisation, unit, NULL, 0, 0));
        }
        const Roster *roster = organisation_roster(organisation, 1);
        fuzz_check(roster_count_units(roster) == organisation_count_units(organisation));
        Text text = {0};
        Roster *again = NULL;
        roster_encode(roster, &text);
        fuzz_check(roster_decode(text.data, text.n, "140802100", &again) == 0);
        roster_free(again);
        text_deinit(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        cJSON *file = NULL;
        char detail[160];
        char *copy = fuzz_copy(data, size);
        if (json_parse_object(copy, size, JSON_BYTES_MAX, &file) == CODE_NONE) {
                Organisation *empty = organisation_new("140802100", 0);
                Organisation *organisation = organisation_apply_file(empty, file, 1, 0, detail, sizeof detail);
                if (organisation)
                        use(organisation);
                else
                        fuzz_check(detail[0] != '\0');
                organisation_free(organisation);
                organisation_free(empty);
        }
        cJSON_Delete(file);
        free(copy);
        return 0;
}
