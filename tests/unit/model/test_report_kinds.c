/*
 * The kinds of reports of deploy/catalogue/jiezhou.json in the town of deploy/organisations/jiezhou.json: each mechanism's report is
 * taken as a station would send it, and refused with the field named when a count, code or place is wrong.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../field/fixture.h"
#include "engine/catalogue/catalogue.h"
#include "engine/state/state.h"

static char *read_text(const char *path) {
        char name[512];
        snprintf(name, sizeof name, "%s/%s", TEST_SOURCE_ROOT, path);
        FILE *file = fopen(name, "rb");
        assert_non_null(file);
        char *text = calloc(1, 200000);
        assert_true(fread(text, 1, 199999, file) > 0);
        fclose(file);
        return text;
}

static cJSON *read_file(const char *path) {
        char *text = read_text(path);
        cJSON *file = cJSON_Parse(text);
        assert_non_null(file);
        free(text);
        return file;
}

static void apply(Fixture *fixture, const char *verb, const char *member, cJSON *file) {
        char *text = json_print(file), topic[64];
        snprintf(topic, sizeof topic, "admin/%s", verb);
        say_ok(fixture, ADMIN, topic, "{\"%s\":%s}", member, text);
        free(text);
        cJSON_Delete(file);
}

static void hire(Fixture *fixture, Who who, const char *unit, const char *role) {
        const cJSON *receipt = say_ok(fixture, ADMIN, "admin/member-add", "{\"unit\":\"%s\",\"role\":\"%s\",\"secret_hash\":\"%064u\"}", unit, role,
                                      700 + (unsigned)who);
        strcpy(fixture->members[who], created(receipt, "member"));
}

static int setup(void **state) {
        assert_int_equal(fixture_setup(state), 0);
        Fixture *fixture = *state;
        cJSON *file = read_file("deploy/organisations/jiezhou.json");
        cJSON_SetNumberValue(cJSON_GetObjectItem(file, "version"), 9);
        cJSON_DeleteItemFromObject(file, "seats_wanted");
        apply(fixture, "organisation-apply", "organisation", file);
        apply(fixture, "catalogue-apply", "catalogue", read_file("deploy/catalogue/jiezhou.json"));
        hire(fixture, E1_WORKER, "zhongao", "grid_worker");
        hire(fixture, E1_VOLUNTEER, "zhongao", "volunteer");
        hire(fixture, EAST_OFFICER, "room-guandi", "officer");
        return 0;
}

/* What a good report says, and what of it is refused: the field, or NULL when the whole is good. */
static const struct { const char *row, *kind, *fields, *place; } SAMPLES[] = {
        {"M03", "incident", "\"kind\":\"quarrel\",\"source\":\"screen\",\"people\":4", NULL},
        {"M03", "incident", "\"kind\":\"picnic\"", "fields.kind"},
        {"M04", "publicity", "\"topic\":\"fraud\",\"reached\":200", NULL},
        {"M04", "publicity", "\"topic\":\"fraud\",\"reached\":0", "fields.reached"},
        {"M05", "sortie", "\"vehicle\":\"drone\",\"minutes\":35,\"broadcasts\":1,\"dissuaded\":2", NULL},
        {"M05", "sortie", "\"vehicle\":\"balloon\",\"minutes\":35", "fields.vehicle"},
        {"M06", "rescue", "\"kind\":\"bird\",\"count\":60", NULL},
        {"M06", "rescue", "\"kind\":\"bird\",\"count\":0", "fields.count"},
        {"M06", "dumping", "\"kind\":\"wetland\"", NULL},
        {"M06", "dumping", "", "fields.kind: 缺少 / missing"},
        {"M07", "visit", "\"kind\":\"enterprise\",\"hazards\":1,\"opinions\":2", NULL},
        {"M07", "visit", "\"kind\":\"castle\"", "fields.kind"},
        {"M08", "counts", "\"month\":202611,\"residents\":2300,\"male\":1170,\"away\":410", NULL},
        {"M08", "counts", "\"month\":202611,\"residents\":2300,\"male\":2301", "fields.male: 数值超出范围 0–2300"},
        {"M11", "training", "\"topic\":\"mediation\",\"minutes\":90,\"people\":28", NULL},
        {"M11", "training", "\"topic\":\"mediation\",\"minutes\":9,\"people\":28", "fields.minutes"},
        {"M13", "goods", "\"venue\":\"venue-01\",\"month\":202611,\"received\":500,\"sold\":320,\"stock\":180", NULL},
        {"M13", "goods", "\"venue\":\"school-01\",\"month\":202611,\"received\":5,\"sold\":3,\"stock\":2", "fields.venue"},
        {"M14", "appointment", "\"service\":\"card\",\"where\":\"home\",\"date\":20261123,\"slot\":\"am\"", NULL},
        {"M14", "service", "\"kind\":\"registration\",\"served\":12,\"home\":3", NULL},
        {"M14", "service", "\"kind\":\"registration\",\"served\":12,\"home\":13", "fields.home"},
        {"M16", "guard", "\"school\":\"school-01\",\"people\":2,\"time\":\"morning\"", NULL},
        {"M16", "guard", "\"school\":\"school-02\",\"people\":2,\"time\":\"morning\"", "fields.school"},
        {"M17", "need", "\"kind\":\"traffic\"", NULL},
        {"M18", "handin", "\"item\":\"knife\",\"count\":10,\"receipt\":31,\"commended\":\"yes\"", NULL},
        {"M18", "handin", "\"item\":\"knife\",\"count\":-1,\"receipt\":31", "fields.count"},
        {"M19", "check", "\"kind\":\"nine-small\",\"checked\":40,\"with_hazard\":4,\"hazards\":7,\"notices\":2,\"rectified\":4", NULL},
        {"M19", "check", "\"kind\":\"nine-small\",\"checked\":4,\"with_hazard\":5,\"hazards\":7,\"notices\":2,\"rectified\":4", "fields.with_hazard"},
        {"M19", "check", "\"kind\":\"nine-small\",\"checked\":40,\"with_hazard\":4,\"hazards\":7,\"notices\":5,\"rectified\":4", "fields.notices"},
        {"M20", "dispute", "\"kind\":\"land\",\"source\":\"canvassed\",\"people\":2", NULL},
        {"M20", "dispute", "\"source\":\"rumour\"", "fields.source"},
        {"M21", "patrol", "\"way\":\"night\",\"people\":6,\"minutes\":120,\"dissuaded\":3,\"stopped\":1,\"hazards\":8,\"reached\":150", NULL},
        {"M44", "movement", "\"what\":\"convoy\",\"count\":12", NULL},
        {"M44", "movement", "\"what\":\"strangers\"", "fields.what"},
        {"M21", "patrol", "\"way\":\"night\",\"people\":201", "fields.people"},
        {"M21", "rental-check", "\"checked\":15,\"with_hazard\":3,\"hazards\":3,\"notices\":1,\"rectified\":2,\"closed\":1", NULL},
        {"M21", "hotel-check", "\"checked\":15,\"with_hazard\":3,\"hazards\":3,\"notices\":1,\"rectified\":4", "fields.rectified"},
        {"M21", "hotel-check", "\"checked\":47,\"with_hazard\":3,\"hazards\":3,\"notices\":1,\"rectified\":3", NULL},
        {"M22", "village-work", "\"matters\":3,\"consultations\":4", NULL},
        {"M24", "rentals", "\"month\":202611,\"registered\":120,\"due\":40,\"done\":38", NULL},
        {"M24", "rentals", "\"month\":202611,\"registered\":120,\"due\":40,\"done\":41", "fields.done"},
        {"M24", "rentals", "\"month\":11,\"registered\":120,\"due\":40,\"done\":38", "fields.month"},
        {"M27", "diary", "\"visits\":12,\"disputes\":1,\"hazards\":2", NULL},
        {"M25", "joint", "\"topic\":\"risk\"", NULL},
        {"M25", "joint", "\"topic\":\"gossip\"", "fields.topic"},
        {"M27", "matter", "\"kind\":\"dispute\"", NULL},
        {"M27", "matter", "\"kind\":\"ghost\"", "fields.kind"},
        {"M42", "project", "\"firms\":3,\"workers\":120", NULL},
        {"M42", "project", "\"firms\":0", "fields.firms"},
        {"M28", "desk", "\"served\":31,\"handled\":28", NULL},
        {"M30", "hazard", "\"kind\":\"wiring\",\"hazards\":2", NULL},
        {"M30", "hazard", "\"kind\":\"ghost\"", "fields.kind"},
        {"M32", "admission", "\"role\":\"volunteer\"", NULL},
        {"M32", "admission", "\"role\":\"general\"", "fields.role"},
        {"M33", "exam", "\"examined\":\"%s\",\"topic\":\"law\",\"score\":100", NULL},
        {"M33", "exam", "\"examined\":\"%s\",\"topic\":\"law\",\"score\":101", "fields.score"},
        {"M33", "exam", "\"examined\":\"140802100-nobody\",\"topic\":\"law\",\"score\":90", "fields.examined"},
        {"M36", "deed", "\"card\":\"000123\",\"deed\":\"patrol\"", NULL},
        {"M36", "deed", "\"card\":\"123\",\"deed\":\"patrol\"", "fields.card"},
        {"M37", "lesson", "\"school\":\"school-01\",\"topic\":\"law\",\"classes\":6", NULL},
        {"M37", "lesson", "\"classes\":0", "fields.classes"},
        {"M38", "wages", "\"people\":1300,\"amount\":920000000", NULL},
        {"M38", "wages", "\"people\":1300,\"amount\":0", "fields.amount"},
        {"M43", "dormitory-check", "\"dormitory\":\"dormitory-02\",\"rooms\":40,\"hazards\":0", NULL},
        {"M43", "dormitory-check", "\"dormitory\":\"dormitory-01\",\"rooms\":40,\"hazards\":0", "fields.dormitory: 该场所不在本单位及下级"},
        {"M45", "deployment", "\"shift\":\"night\",\"trucks_watered\":24,\"violations\":3", NULL},
        {"M45", "deployment", "\"shift\":\"fourth\",\"trucks_watered\":24,\"violations\":3", "fields.shift"},
};

static void test_samples(void **state) {
        Fixture *fixture = *state;
        for (size_t i = 0; i < sizeof SAMPLES / sizeof SAMPLES[0]; i++) {
                char fields[512];
                const char *hole = strstr(SAMPLES[i].fields, "%s");
                snprintf(fields, sizeof fields, "%.*s%s%s", hole ? (int)(hole - SAMPLES[i].fields) : 500, SAMPLES[i].fields,
                         hole ? fixture->members[E1_VOLUNTEER] : "", hole ? hole + 2 : "");
                const cJSON *receipt = say(fixture, E1_WORKER, "tier3/zhongao/report", "{\"kind\":\"%s\",\"fields\":{%s}}", SAMPLES[i].kind, fields);
                const char *code = json_string(receipt, "code"), *detail = json_string(receipt, "detail");
                bool as_wanted = SAMPLES[i].place ? code && strcmp(code, "form") == 0 && strstr(detail, SAMPLES[i].place) : !code;
                if (!as_wanted)
                        fail_msg("%s %s {%s}: %s %s", SAMPLES[i].row, SAMPLES[i].kind, fields, code ? code : "", detail ? detail : "accepted");
        }
}

/* Every kind has a good sample, and whoever answers nothing else is told what is missing. */
static void test_every_kind_is_tried(void **state) {
        Fixture *fixture = *state;
        const cJSON *kind;
        cJSON_ArrayForEach(kind, catalogue_section(state_catalogue(engine_state(fixture->engine)), "report_kinds")) {
                bool tried = false;
                for (size_t i = 0; i < sizeof SAMPLES / sizeof SAMPLES[0]; i++)
                        tried |= !SAMPLES[i].place && strcmp(SAMPLES[i].kind, kind->string) == 0;
                if (!tried)
                        fail_msg("no sample of %s", kind->string);
                const cJSON *title = json_object(kind, "title"), *field;
                assert_true(json_string(title, "zh") && json_string(title, "en"));
                cJSON_ArrayForEach(field, json_object(kind, "form"))
                        assert_true(json_has(field, "note") || (json_string(json_object(field, "title"), "zh") && json_string(json_object(field, "title"), "en")));
        }
}

/* It must fit into one message, and leave room for what the town adds. */
static void test_size(void **state) {
        (void)state;
        cJSON *file = read_file("deploy/catalogue/jiezhou.json");
        char *text = json_print(file);
        assert_true(strlen(text) < CATALOGUE_BYTES_MAX * 3 / 4);
        free(text);
        cJSON_Delete(file);
}

/* One value somewhere in the tree is replaced by another: whatever section it stands in, it is taken or refused with a place and a reason. */
static cJSON *value_at(cJSON *tree, unsigned *ret_left) {
        cJSON *child;
        cJSON_ArrayForEach(child, tree) {
                if ((*ret_left)-- == 0)
                        return child;
                cJSON *found = value_at(child, ret_left);
                if (found)
                        return found;
        }
        return NULL;
}

static void test_damaged(void **state) {
        (void)state;
        static const char *const values[] = {"null", "true", "-1", "1e300", "0.5", "\"\"", "\"x\"", "\"2026-02-30\"", "[]", "{}", "[[]]",
                                             "{\"of\":\"of\"}", "{\"int\":[0,{\"of\":\"x\"}]}", "[1,2,3]", "\"FREQ=SECONDLY\""};
        cJSON *file = read_file("deploy/catalogue/jiezhou.json"), *town = read_file("deploy/organisations/jiezhou.json");
        char detail[160];
        Organisation *empty = organisation_new(AREA, 480), *organisation = organisation_apply_file(empty, town, 1, 0, detail, sizeof detail);
        size_t n_taken = 0, n_refused = 0;
        assert_non_null(organisation);
        for (unsigned at = 0;; at++) {
                cJSON *copy = cJSON_Duplicate(file, true);
                unsigned left = at;
                cJSON *value = value_at(copy, &left);
                if (!value) {
                        cJSON_Delete(copy);
                        break;
                }
                cJSON *other = cJSON_Parse(values[at * 7 % (sizeof values / sizeof values[0])]);
                cJSON_Delete(value->child);
                if (!cJSON_IsArray(value) && !cJSON_IsObject(value))
                        free(value->valuestring);
                value->child = other->child, value->valuestring = other->valuestring;
                value->type = other->type, value->valuedouble = other->valuedouble, value->valueint = other->valueint;
                other->child = NULL, other->valuestring = NULL;
                cJSON_Delete(other);
                char *text = json_print(copy);
                detail[0] = '\0';
                Catalogue *catalogue = catalogue_new(text, strlen(text), detail, sizeof detail);
                bool taken = catalogue && catalogue_fits(catalogue, organisation, NULL, detail, sizeof detail);
                *(taken ? &n_taken : &n_refused) += 1;
                assert_true(taken || strstr(detail, " / "));
                catalogue_free(catalogue);
                free(text);
                cJSON_Delete(copy);
        }
        assert_true(n_refused > 500);
        assert_true(n_taken > 0);
        organisation_free(organisation);
        organisation_free(empty);
        cJSON_Delete(town);
        cJSON_Delete(file);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_samples, setup, fixture_teardown),
                cmocka_unit_test_setup_teardown(test_every_kind_is_tried, setup, fixture_teardown),
                cmocka_unit_test(test_size),
                cmocka_unit_test(test_damaged),
        };
        return cmocka_run_group_tests_name("report_kinds", tests, NULL, NULL);
}
