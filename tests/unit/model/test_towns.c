/* The towns of deploy/organisations: each applies, fits into one message, holds what the reports publish, takes the shared mechanisms. */
#include "model.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/report/report.h"
#include "proto/json.h"

static cJSON *organisation_file(const char *name) {
        char path[128];
        snprintf(path, sizeof path, "deploy/organisations/%s.json", name);
        size_t n;
        char *text = read_source(path, &n);
        cJSON *file;
        assert_int_equal(json_parse_object(text, n, JSON_BYTES_MAX, &file), CODE_NONE);
        free(text);
        return file;
}

/* Applied to an empty area of its own code. */
static Organisation *organisation_of(const char *name) {
        cJSON *file = organisation_file(name);
        Organisation *empty = organisation_new(json_string(file, "area"), 480);
        char detail[160];
        Organisation *organisation = organisation_apply_file(empty, file, 1, 0, detail, sizeof detail);
        if (!organisation)
                fail_msg("%s: %s", name, detail);
        organisation_free(empty);
        cJSON_Delete(file);
        return organisation;
}

static size_t count_units(const cJSON *file, const char *type) {
        const cJSON *unit;
        size_t n = 0;
        cJSON_ArrayForEach(unit, json_array(file, "units"))
                n += strcmp(json_string(unit, "type"), type) == 0;
        return n;
}

/* How many seats a row stands for: of each unit of its type, so many. */
static size_t count_wanted(const cJSON *file, const cJSON *seat) {
        const char *type = json_string(seat, "type");
        return (size_t)json_int(seat, "count", 1) * (type ? count_units(file, type) : 1);
}

static size_t count_kind(const cJSON *list, const char *kind) {
        const cJSON *item;
        size_t n = 0;
        cJSON_ArrayForEach(item, list)
                n += strcmp(json_string(item, "kind"), kind) == 0;
        return n;
}

static size_t count_of(const cJSON *file, const char *what, const char *word) {
        if (strcmp(what, "unit") == 0)
                return count_units(file, word);
        if (strcmp(what, "place") == 0)
                return count_kind(json_array(file, "places"), word);
        if (strcmp(what, "device") == 0)
                return count_kind(json_array(file, "devices"), word);
        const cJSON *seat;
        size_t n = 0;
        cJSON_ArrayForEach(seat, json_array(file, "seats_wanted")) {
                const char *position = json_string(seat, "position");
                if (position && strcmp(position, word) == 0)
                        n += count_wanted(file, seat);
        }
        return n;
}

static const struct { const char *town, *what, *word; size_t n; } PUBLISHED[] = {
        {"jiezhou", "unit", "room", 4},
        {"jiezhou", "unit", "village", 26},
        {"shengrenjian", "unit", "party_grid", 31},
        {"shengrenjian", "unit", "police_grid", 28},
        {"shengrenjian", "seat", "grid_post", 28 + 3}, /* one auxiliary a grid post, the special grids too */
        {"shengrenjian", "seat", "community_officer", 7},
        {"shengrenjian", "seat", "community_auxiliary", 14},
        {"shengrenjian", "place", "school", 19},
        {"shengrenjian", "place", "enterprise", 7},
        {"shengrenjian", "place", "hazardous", 6},
        {"kaolao", "seat", "community_officer", 1},
        {"kaolao", "seat", "community_auxiliary", 4},
        {"kaolao", "seat", "grid_head", 10},
        {"kaolao", "seat", "full_time", 25},
        {"kaolao", "seat", "assistant", 89},
        {"kaolao", "seat", "micro", 162},
        {"shengkang", "seat", "household_head", 188},
        {"shengkang", "seat", "points_shop", 29},
        {"shengkang", "place", "points-shop", 29},
        {"shengkang", "place", "guarded", 68},
        {"shengkang", "unit", "post", 13},
        {"shengkang", "device", "alarm", 11},
        {"shengkang", "device", "mobile-alarm", 41},
};

static void test_published_numbers(void **state) {
        (void)state;
        for (size_t i = 0; i < sizeof PUBLISHED / sizeof PUBLISHED[0]; i++) {
                cJSON *file = organisation_file(PUBLISHED[i].town);
                size_t n = count_of(file, PUBLISHED[i].what, PUBLISHED[i].word);
                if (n != PUBLISHED[i].n)
                        fail_msg("%s: %zu %s %s, not %zu", PUBLISHED[i].town, n, PUBLISHED[i].what, PUBLISHED[i].word, PUBLISHED[i].n);
                cJSON_Delete(file);
        }
}

/* Everybody who is not of the command or beside it: Kaolao's 291; Shengrenjian's 28 of the station are in the command and its rooms. */
static void test_published_sums(void **state) {
        (void)state;
        cJSON *file = organisation_file("kaolao");
        static const char *const positions[] = {"community_officer", "community_auxiliary", "grid_head", "full_time", "assistant", "micro"};
        size_t n = 0;
        for (size_t i = 0; i < 6; i++)
                n += count_of(file, "seat", positions[i]);
        assert_int_equal(n, 291);
        cJSON_Delete(file);
        file = organisation_file("shengrenjian");
        static const char *const staff[] = {"station_chief", "instructor", "duty_officer", "case_team", "operator", "community_officer", "community_auxiliary"};
        n = 0;
        for (size_t i = 0; i < 7; i++)
                n += count_of(file, "seat", staff[i]);
        assert_int_equal(n, 28);
        cJSON_Delete(file);
}

static int is_playbook_file(const struct dirent *entry) {
        size_t n = strlen(entry->d_name);
        return n > 5 && strcmp(entry->d_name + n - 5, ".json") == 0;
}

/* Every deployed playbook finds what it names: a town that is moved to another file keeps all of its mechanisms. */
static void expect_playbooks(const char *town, const Organisation *organisation) {
        struct dirent **files;
        int n_files = scandir(TEST_SOURCE_ROOT "/deploy/playbooks", &files, is_playbook_file, alphasort);
        assert_true(n_files > 0);
        for (int i = 0; i < n_files; i++) {
                char path[512], detail[160];
                size_t n;
                snprintf(path, sizeof path, "deploy/playbooks/%s", files[i]->d_name);
                char *text = read_source(path, &n);
                Playbook *playbook = playbook_new(text, n, detail, sizeof detail);
                if (!playbook || !playbook_fits(playbook, organisation, detail, sizeof detail))
                        fail_msg("%s: %s: %s", town, files[i]->d_name, detail);
                playbook_free(playbook);
                free(text);
                free(files[i]);
        }
        free(files);
}

/* Each applies, fits into one message, and takes the mechanisms that every town shares. */
static void test_towns(void **state) {
        (void)state;
        static const char *const towns[] = {"jiezhou", "shengrenjian", "kaolao", "shengkang"};
        for (size_t i = 0; i < 4; i++) {
                Organisation *organisation = organisation_of(towns[i]);
                assert_true(strlen(organisation_file_text(organisation)) < 60000);
                expect_playbooks(towns[i], organisation);
                organisation_free(organisation);
        }
}

/* The kinds of reports ask for dictionaries: each town has them. */
static void test_report_kinds_fit(void **state) {
        (void)state;
        static const char *const towns[] = {"jiezhou", "shengrenjian", "kaolao", "shengkang"};
        size_t n;
        char *text = read_source("deploy/catalogue/jiezhou.json", &n), detail[160];
        cJSON *file = cJSON_Parse(text);
        for (size_t i = 0; i < 4; i++) {
                Organisation *organisation = organisation_of(towns[i]);
                Check check;
                check_init(&check, detail, sizeof detail);
                if (!report_catalogue_check(&check, json_object(file, "report_kinds"), organisation, NULL))
                        fail_msg("%s: %s", towns[i], detail);
                organisation_free(organisation);
        }
        cJSON_Delete(file);
        free(text);
}

/* The right links at the right place: four mediation forces in Kaolao's grids, the nearest post first in Shengkang. */
static void test_links(void **state) {
        (void)state;
        static const struct { const char *town, *unit, *link; size_t n; const char *first; } cases[] = {
                {"kaolao", "grid-04", "mediation", 5, "grid-04"}, /* village grid, town people's, police room, justice office and court */
                {"kaolao", "grid-04", "mediation.village", 1, "grid-04"},
                {"kaolao", "grid-04", "ambulance", 1, "clinic"},
                {"shengkang", "post-05", "responder", 3, "post-05"},
                {"shengrenjian", "grid-09", "mediation", 4, "mediation"},
        };
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
                Organisation *organisation = organisation_of(cases[i].town);
                const Unit *unit = organisation_unit(organisation, cases[i].unit);
                const SelectorContext context = {.organisation = organisation, .origin = unit, .current = unit, .at = 0};
                cJSON *selectors = cJSON_Parse("[{\"link\":\"x\"}]");
                cJSON_SetValuestring(cJSON_GetObjectItem(cJSON_GetArrayItem(selectors, 0), "link"), cases[i].link);
                size_t n;
                const Unit **found = selector_units(selectors, &context, &n);
                assert_int_equal(n, cases[i].n);
                assert_string_equal(found[0]->id, cases[i].first);
                free(found);
                cJSON_Delete(selectors);
                organisation_free(organisation);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_published_numbers), cmocka_unit_test(test_published_sums), cmocka_unit_test(test_towns),
                cmocka_unit_test(test_report_kinds_fit),  cmocka_unit_test(test_links),
        };
        return cmocka_run_group_tests_name("towns", tests, NULL, NULL);
}
