/* The files in deploy/ are good: organisations parse, playbooks parse, walk their tests and fit the organisation, and do not overlap. */
#include "model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/json.h"

static Organisation *jiezhou(void) {
        size_t n;
        char *text = read_source("deploy/organisations/jiezhou.json", &n);
        cJSON *file;
        assert_int_equal(json_parse_object(text, n, JSON_BYTES_MAX, &file), CODE_NONE);
        Organisation *empty = organisation_new(AREA, 480);
        char detail[160];
        Organisation *organisation = organisation_apply_file(empty, file, 1, 0, detail, sizeof detail);
        if (!organisation)
                fail_msg("%s", detail);
        organisation_free(empty);
        cJSON_Delete(file);
        free(text);
        return organisation;
}

static void test_jiezhou(void **state) {
        (void)state;
        Organisation *organisation = jiezhou();
        size_t cursor = 0, tiers[4] = {0};
        for (const Unit *unit; (unit = organisation_next_unit(organisation, &cursor));)
                tiers[unit->tier]++;
        assert_int_equal(tiers[2], 4);
        assert_int_equal(tiers[3], 27);
        assert_string_equal(organisation_root(organisation)->id, "jiezhou");
        assert_string_equal(organisation_unit(organisation, "zhongao")->code, "140802100227");
        assert_string_equal(organisation_unit(organisation, "chepan")->staffed_by->id, "room-chepan");
        const Roster *roster = organisation_roster(organisation, 1);
        assert_int_equal(roster_count_units(roster), 35);
        organisation_free(organisation);
}

static void test_playbooks(void **state) {
        (void)state;
        static const char *const names[] = {"telecom-fraud", "nine-small-premises", "dispute", "panic-button"};
        Organisation *organisation = jiezhou();
        PlaybookSet *set = playbook_set_new();
        for (size_t i = 0; i < 4; i++) {
                char path[128], detail[160];
                snprintf(path, sizeof path, "deploy/playbooks/%s.json", names[i]);
                size_t n;
                char *text = read_source(path, &n);
                Playbook *playbook = playbook_new(text, n, detail, sizeof detail);
                if (!playbook)
                        fail_msg("%s: %s", names[i], detail);
                assert_string_equal(playbook_name(playbook), names[i]);
                assert_non_null(strstr(text, "\"test\""));
                if (!playbook_fits(playbook, organisation, detail, sizeof detail))
                        fail_msg("%s: %s", names[i], detail);
                assert_int_equal(playbook_set_add(set, playbook, true, detail, sizeof detail), CODE_NONE);
                free(text);
        }
        playbook_set_free(set);
        organisation_free(organisation);
}

int main(void) {
        const struct CMUnitTest tests[] = {cmocka_unit_test(test_jiezhou), cmocka_unit_test(test_playbooks)};
        return cmocka_run_group_tests(tests, NULL, NULL);
}
