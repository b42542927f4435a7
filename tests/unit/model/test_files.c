/* The files in deploy/ are good: organisations parse, playbooks parse, walk their tests and fit the organisation, and do not overlap. */
#include "model.h"

#include <dirent.h>
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

static int is_playbook_file(const struct dirent *entry) {
        size_t n = strlen(entry->d_name);
        return n > 5 && strcmp(entry->d_name + n - 5, ".json") == 0;
}

/* A file is named after its playbook, carries its test (unless it only adds), fits the town, and overlaps with no other. */
static void take_playbook(PlaybookSet *set, const Organisation *organisation, const char *file) {
        char path[512], detail[160];
        size_t n;
        snprintf(path, sizeof path, "deploy/playbooks/%s", file);
        char *text = read_source(path, &n);
        Playbook *playbook = playbook_new(text, n, detail, sizeof detail);
        if (!playbook)
                fail_msg("%s: %s", file, detail);
        assert_int_equal(strncmp(playbook_name(playbook), file, strlen(file) - 5), 0);
        if (!playbook_adds(playbook) && !strstr(text, "\"test\""))
                fail_msg("%s has no test", file);
        if (!playbook_fits(playbook, organisation, detail, sizeof detail))
                fail_msg("%s: %s", file, detail);
        if (playbook_set_add(set, playbook, true, detail, sizeof detail) != CODE_NONE)
                fail_msg("%s: %s", file, detail);
        free(text);
}

static void test_playbooks(void **state) {
        (void)state;
        Organisation *organisation = jiezhou();
        PlaybookSet *set = playbook_set_new();
        struct dirent **files;
        int n = scandir(TEST_SOURCE_ROOT "/deploy/playbooks", &files, is_playbook_file, alphasort);
        assert_true(n >= 17);
        for (int i = 0; i < n; i++) {
                take_playbook(set, organisation, files[i]->d_name);
                free(files[i]);
        }
        free(files);
        playbook_set_free(set);
        organisation_free(organisation);
}

int main(void) {
        const struct CMUnitTest tests[] = {cmocka_unit_test(test_jiezhou), cmocka_unit_test(test_playbooks)};
        return cmocka_run_group_tests(tests, NULL, NULL);
}
