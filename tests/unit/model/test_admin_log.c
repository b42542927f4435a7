/*
 * I11 for administration: members come and go, seats start and end, secrets rotate, the town's file and its playbooks change, amid
 * ordinary work and from a fixed seed. The log alone makes the same rows; the rows make the same roster; what is undone leaves no trace.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../engine/random_town.h"
#include "engine/catalogue/catalogue.h"
#include "engine/organisation/organisation_internal.h"

#define COMMANDS 3000

static const Organisation *organisation_of(const Town *town) { return state_organisation(engine_state(town->engine)); }

/* Somebody, now and then nobody. */
static const char *some_member(const Town *town, Random *random) {
        const Organisation *organisation = organisation_of(town);
        if (random_below(random, 30) == 0 || organisation->n_members == 0)
                return AREA "-nobody";
        return organisation->members[random_below(random, (unsigned)organisation->n_members)]->member.id;
}

static void some_hash(Random *random, char ret[static 65]) {
        for (int i = 0; i < 64; i += 16)
                snprintf(ret + i, 17, "%016llx", (unsigned long long)random_next(random));
}

/* The file with its version raised, a unit or two more or less, another title, somebody else's staffing. */
static char *some_file(const Town *town, Random *random) {
        cJSON *file = cJSON_Parse(organisation_file_text(organisation_of(town))), *units = cJSON_GetObjectItem(file, "units");
        char unit[160];
        cJSON_SetNumberValue(cJSON_GetObjectItem(file, "version"), (double)organisation_file_version(organisation_of(town)) + random_below(random, 4));
        snprintf(unit, sizeof unit, "{\"id\":\"extra-%u\",\"type\":\"cell\",\"tier\":3,\"parent\":\"%s\"}", random_below(random, 5),
                 random_below(random, 2) ? "e1" : "west");
        switch (random_below(random, 5)) {
        case 0:
        case 1: cJSON_AddItemToArray(units, cJSON_Parse(unit)); break;
        case 2: cJSON_DeleteItemFromArray(units, cJSON_GetArraySize(units) - 1); break;
        case 3:
                cJSON_DeleteItemFromObject(cJSON_GetArrayItem(units, 8), "staffed_by");
                cJSON_AddStringToObject(cJSON_GetArrayItem(units, 8), "staffed_by", random_below(random, 2) ? "west" : "nowhere");
                break;
        default: cJSON_DeleteItemFromArray(cJSON_GetObjectItem(file, "places"), 0);
        }
        char *text = json_print(file);
        cJSON_Delete(file);
        return text;
}

static void admin_body(const Town *town, Random *random, char *topic, char *body, size_t size) {
        static const char *const units[] = {"town", "east", "e1", "e2", "w1", "court", "extra-1", "extra-2"};
        static const char *const roles[] = {"officer", "grid_worker", "volunteer", "partner", "auditor", "dashboard", "security_admin"};
        char hash[65], head[64];
        some_hash(random, hash);
        const char *unit = units[random_below(random, 8)], *role = roles[random_below(random, 7)], *member = some_member(town, random);
        snprintf(head, sizeof head, "{'id':'20261123-a%u'", town->n_messages);
        switch (random_below(random, 8)) {
        case 0:
                strcpy(topic, "admin/member-add");
                snprintf(body, size, "%s,'unit':'%s','role':'%s','%s':'%s'}", head, unit, role, random_below(random, 2) ? "secret_hash" : "enrolment_hash", hash);
                break;
        case 1:
                strcpy(topic, "admin/member-enrol");
                snprintf(body, size, "%s,'member':'%s','enrolment_hash':'%s'}", head, member, hash);
                break;
        case 2:
                strcpy(topic, random_below(random, 4) ? "admin/seat-end" : "admin/member-revoke");
                snprintf(body, size, strcmp(topic, "admin/seat-end") == 0 ? "%s,'member':'%s','unit':'%s'}" : "%s,'member':'%s'}", head, member, unit);
                break;
        case 3:
        case 4:
                strcpy(topic, "admin/seat-start");
                snprintf(body, size, "%s,'member':'%s','unit':'%s','role':'%s','from':'%s','until':'%s'}", head, member, unit, role,
                         iso(town->now + ((int64_t)random_below(random, 200) - 100) * HOUR), iso(town->now + (int64_t)random_below(random, 400) * HOUR));
                break;
        case 5:
                strcpy(topic, "admin/playbook-apply");
                snprintf(body, size, "%s,'playbook':{'playbook':'p%u','version':%u,'start':'s','when':{'duty':'d%u'},'steps':{'s':{'to':[{'unit':'%s'}]}}}}",
                         head, random_below(random, 3), 1 + random_below(random, 40), random_below(random, 4), unit);
                break;
        case 6:
                strcpy(topic, "admin/catalogue-apply");
                snprintf(body, size, "%s,'catalogue':{'catalogue':'small','version':%lld,'report_kinds':{'hazard':{'answer':true},'k%u':{}}}}", head,
                         (long long)catalogue_version(state_catalogue(engine_state(town->engine))) + random_below(random, 3), random_below(random, 5));
                break;
        default: {
                char *file = some_file(town, random);
                strcpy(topic, "admin/organisation-apply");
                snprintf(body, size, "%s,'organisation':%s}", head, file);
                free(file);
        }
        }
}

/* Half of it administration, half of it work; members ask for their secrets, too. */
static void next_command(Town *town, Random *random, Command *ret) {
        char topic[TOPIC_MAX + 1], *body = calloc(1, 20000), member[MEMBER_MAX + 1];
        unsigned kind = random_below(random, 10);
        if (kind < 5) {
                random_command(town, random, ret);
        } else {
                char hash[65];
                town->n_messages++;
                town->now += (int64_t)random_below(random, 3600) * SECOND;
                strcpy(member, town->admin);
                admin_body(town, random, topic, body, 20000);
                if (kind == 5) {
                        strcpy(member, some_member(town, random));
                        some_hash(random, hash);
                        snprintf(topic, sizeof topic, "member/%s/request", member);
                        snprintf(body, 20000, "{'id':'20261123-q%u','request':'%s','secret_hash':'%s'}", town->n_messages,
                                 random_below(random, 2) ? "enrol" : "rotate", hash);
                }
                command_make(town, member, topic, body, ret);
        }
        free(body);
}

static void batch_of(Town *town, Random *random, unsigned n) {
        town_begin(town);
        for (unsigned i = 0; i < n; i++) {
                Command command;
                next_command(town, random, &command);
                while (engine_fire(town->engine, town->now - 1))
                        ;
                engine_decide(town->engine, &command, 1);
                command_deinit(&command);
        }
}

static void play(Town *town, Random *random, unsigned n_commands) {
        for (unsigned n = 0; n < n_commands;) {
                unsigned size = 1 + random_below(random, 6);
                batch_of(town, random, size);
                town_finish(town);
                n += size;
        }
}

static void replay(const Database *from, Database *to, Engine **ret) {
        Engine *engine = town_engine();
        Batch batch;
        const char *why;
        assert_int_equal(engine_load_finish(engine, 1, &why), 0);
        batch_init(&batch);
        for (size_t i = 0; i < from->n_events; i++) {
                const Row *row = from->events[i];
                const char *unit = row_cell(TABLE_EVENT, row, "unit");
                cJSON *facts = cJSON_Parse(row_cell(TABLE_EVENT, row, "facts"));
                engine_batch_begin(engine, &batch);
                engine_replay(engine, strtoull(row_cell(TABLE_EVENT, row, "seq"), NULL, 10), strtoll(row_cell(TABLE_EVENT, row, "at"), NULL, 10),
                              row_cell(TABLE_EVENT, row, "sender"), unit ? unit : "", facts);
                engine_batch_finish(engine);
                database_apply(to, &batch);
                engine_batch_commit(engine);
                cJSON_Delete(facts);
        }
        batch_deinit(&batch);
        *ret = engine;
}

static void assert_same_administration(const Engine *left, const Engine *right) {
        const Organisation *a = state_organisation(engine_state(left)), *b = state_organisation(engine_state(right));
        assert_true(organisation_version(a) == organisation_version(b));
        assert_true(organisation_file_version(a) == organisation_file_version(b));
        assert_memory_equal(roster_hash(organisation_roster(a, 1)), roster_hash(organisation_roster(b, 1)), ROSTER_HASH_BYTES);
        assert_string_equal(catalogue_hash(state_catalogue(engine_state(left))), catalogue_hash(state_catalogue(engine_state(right))));
        const PlaybookSet *ours = state_playbooks(engine_state(left)), *theirs = state_playbooks(engine_state(right));
        size_t cursor = 0, n = 0, n_theirs = 0;
        for (const Playbook *playbook; (playbook = playbook_set_next(ours, &cursor)); n++)
                assert_string_equal(playbook_hash(playbook_set_current(theirs, playbook_name(playbook))), playbook_hash(playbook));
        for (cursor = 0; playbook_set_next(theirs, &cursor);)
                n_theirs++;
        assert_int_equal(n, n_theirs);
}

static int64_t number_of(TableId table, const Row *row, const char *column, int64_t none) {
        const char *cell = row_cell(table, row, column);
        return cell ? strtoll(cell, NULL, 10) : none;
}

/* What the database insists on (migrations/0001_tables.sql): a row that it refuses would go to quarantine. */
static void assert_constraints(const Database *database) {
        size_t cursor = 0, n_current = 0;
        for (Row *row; (row = map_next(database->tables[TABLE_SEAT], &cursor, NULL));) {
                assert_true(number_of(TABLE_SEAT, row, "from_at", INT64_MIN) <= number_of(TABLE_SEAT, row, "until_at", INT64_MAX));
                const char *unit = row_cell(TABLE_SEAT, row, "unit");
                assert_true(unit || strstr("admin security_admin auditor", row_cell(TABLE_SEAT, row, "role")));
        }
        cursor = 0;
        for (Row *row; (row = map_next(database->tables[TABLE_MEMBER], &cursor, NULL));) {
                assert_int_equal(*row_cell(TABLE_MEMBER, row, "revoked") == 't', row_cell(TABLE_MEMBER, row, "revoked_at") != NULL);
                assert_true(!row_cell(TABLE_MEMBER, row, "enrolment") || row_cell(TABLE_MEMBER, row, "enrolment_until"));
                assert_true(!row_cell(TABLE_MEMBER, row, "previous_secret") || row_cell(TABLE_MEMBER, row, "previous_until"));
                assert_non_null(row_cell(TABLE_MEMBER, row, "made_at"));
        }
        cursor = 0;
        for (Row *row; (row = map_next(database->tables[TABLE_ORGANISATION], &cursor, NULL));)
                n_current += *row_cell(TABLE_ORGANISATION, row, "is_current") == 't';
        assert_int_equal(n_current, 1);
        cursor = n_current = 0;
        for (Row *row; (row = map_next(database->tables[TABLE_CATALOGUE], &cursor, NULL));)
                n_current += *row_cell(TABLE_CATALOGUE, row, "is_current") == 't';
        assert_true(n_current == 1 || database_count(database, TABLE_CATALOGUE) == 0);
}

static void test_replay(void **state) {
        Town *town = *state;
        Random random = {.state = 31337};
        Database replayed;
        Engine *engine;
        database_init(&replayed);
        play(town, &random, COMMANDS);
        assert_true(organisation_file_version(organisation_of(town)) > 10);
        assert_true(database_count(&town->database, TABLE_MEMBER) > 50);
        assert_true(database_count(&town->database, TABLE_SEAT) > 100);
        assert_true(database_count(&town->database, TABLE_PLAYBOOK) > 8);
        assert_true(database_count(&town->database, TABLE_CATALOGUE) > 8);
        assert_constraints(&town->database);
        replay(&town->database, &replayed, &engine);
        database_assert_equal(&town->database, &replayed);
        assert_same_administration(town->engine, engine);
        engine_free(engine);
        database_deinit(&replayed);
}

static void test_load(void **state) {
        Town *town = *state;
        Random random = {.state = 271828};
        for (int round = 0; round < 8; round++) {
                play(town, &random, COMMANDS / 10);
                Engine *loaded = town_engine();
                database_load(&town->database, loaded);
                assert_same_administration(town->engine, loaded);
                engine_free(town->engine);
                town->engine = loaded; /* and goes on from there */
        }
}

/* A batch undone leaves the organisation and the playbooks as they were, and decides the same again. */
static void test_undo(void **state) {
        Town *town = *state;
        Random random = {.state = 1618};
        for (int round = 0; round < 150; round++) {
                const Random before = random;
                const int64_t now = town->now;
                const unsigned n_messages = town->n_messages;
                uint8_t hash[ROSTER_HASH_BYTES];
                memcpy(hash, roster_hash(organisation_roster(organisation_of(town), 1)), sizeof hash);
                batch_of(town, &random, 1 + (unsigned)round % 7);
                engine_batch_finish(town->engine);
                char *facts = strdup(rows_column(&town->batch.rows[TABLE_EVENT], 8)), *ids = strdup(rows_column(&town->batch.rows[TABLE_SEAT], 1));
                engine_batch_rollback(town->engine);
                assert_memory_equal(roster_hash(organisation_roster(organisation_of(town), 1)), hash, sizeof hash);
                Engine *loaded = town_engine();
                database_load(&town->database, loaded);
                assert_same_administration(town->engine, loaded);
                engine_free(loaded);
                random = before;
                town->now = now;
                town->n_messages = n_messages;
                batch_of(town, &random, 1 + (unsigned)round % 7);
                engine_batch_finish(town->engine);
                assert_string_equal(facts, rows_column(&town->batch.rows[TABLE_EVENT], 8));
                assert_string_equal(ids, rows_column(&town->batch.rows[TABLE_SEAT], 1));
                town_keep(town);
                engine_batch_commit(town->engine);
                free(facts);
                free(ids);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_replay, town_setup, town_teardown),
                cmocka_unit_test_setup_teardown(test_load, town_setup, town_teardown),
                cmocka_unit_test_setup_teardown(test_undo, town_setup, town_teardown),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
