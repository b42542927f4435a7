/* Rosters on the engine's town: planning, who is on duty, swaps, handover, changes of the catalogue, reload. */
#include "../engine/town.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/shift/shift.h"

static State *state_of(const Town *town) { return engine_state(town->engine); }

/* East keeps a roster of two slots; whoever is an officer or auxiliary there may be on it. START is Monday 09:00. */
static int setup(void **state) {
        town_setup(state);
        assert_ok(say(*state, ((Town *)*state)->admin, "admin/catalogue-apply",
                      "{'catalogue':{'catalogue':'town','version':2,'rosters':{'east-watch':{'unit':'east','roles':['officer','auxiliary'],'people':1,"
                      "'slots':{'day':{'from':'08:00','until':'20:00'},'night':{'from':'20:00','until':'08:00'}},'items':{'radio':{},'vest':{}}}}}}"));
        return 0;
}

static const cJSON *plan(Town *town, const char *member, const char *shifts) {
        char topic[128];
        snprintf(topic, sizeof topic, "member/%s/request", member);
        return say(town, member, topic, "{'request':'roster','roster':'east-watch','shifts':[%s]}", shifts);
}

static const cJSON *ask(Town *town, const char *member, const char *body) {
        char topic[128];
        snprintf(topic, sizeof topic, "member/%s/request", member);
        return say(town, member, topic, "%s", body);
}

static const char *one(const char *date, const char *slot, const char *member) {
        static char ring[4][160];
        static int at;
        char *text = ring[at++ % 4];
        snprintf(text, sizeof ring[0], "{'date':'%s','slot':'%s','members':[%s%s%s]}", date, slot, *member ? "'" : "", member, *member ? "'" : "");
        return text;
}

static const Shift *shift_at(const Town *town, int64_t starts_at) {
        size_t cursor = 0;
        for (const Shift *shift; (shift = state_next_shift(state_of(town), &cursor));)
                if (shift->starts_at == starts_at)
                        return shift;
        return NULL;
}

static const Unit *unit_of(const Town *town, const char *id) { return organisation_unit(state_organisation(state_of(town)), id); }
#define OFFICER member_of("east", "officer")
#define AUXILIARY member_of("east", "auxiliary")
#define BOSS member_of("town", "commander")

static void test_plan(void **state) {
        Town *town = *state;
        char shifts[400];
        snprintf(shifts, sizeof shifts, "%s,%s", one("2026-11-23", "day", OFFICER), one("2026-11-23", "night", AUXILIARY));
        assert_ok(plan(town, BOSS, shifts));
        const Shift *night = shift_at(town, START + 11 * HOUR);
        assert_non_null(night);
        assert_int_equal(night->ends_at, START + 23 * HOUR); /* the next day, 08:00 */
        assert_true(shift_has_member(night, AUXILIARY));
        assert_ok(plan(town, OFFICER, one("2026-11-23", "night", ""))); /* again: nobody */
        assert_ptr_equal(shift_at(town, START + 11 * HOUR), night);
        assert_int_equal(cJSON_GetArraySize(night->members), 0);
        assert_int_equal(night->revision, 2);
        assert_ok(say(town, town->admin, "admin/roster-apply", "{'roster':'east-watch','shifts':[%s]}", one("2026-11-24", "day", OFFICER)));
        assert_int_equal(database_count(&town->database, TABLE_ROSTER_SHIFT), 3);
        database_assert_matches(&town->database, town->engine);
}

static void test_plan_refused(void **state) {
        Town *town = *state;
        char shifts[400];
        assert_code(plan(town, member_of("e1", "grid_head"), one("2026-11-23", "day", OFFICER)), "denied"); /* below the unit */
        assert_code(plan(town, member_of("west", NULL), one("2026-11-23", "day", OFFICER)), "denied");
        assert_code(plan(town, AUXILIARY, one("2026-11-23", "day", OFFICER)), "denied");
        assert_code(plan(town, BOSS, one("2026-11-23", "noon", OFFICER)), "range");
        assert_code(plan(town, BOSS, one("2026-11-31", "day", OFFICER)), "time");
        assert_code(plan(town, BOSS, one("2026-11-22", "day", OFFICER)), "closed");
        assert_code(plan(town, BOSS, one("2028-11-22", "day", OFFICER)), "range");
        assert_code(plan(town, BOSS, one("2026-11-23", "day", member_of("west", NULL))), "seat");
        assert_code(plan(town, BOSS, one("2026-11-23", "day", "140802100-nobody")), "unknown_member");
        snprintf(shifts, sizeof shifts, "%s,%s", one("2026-11-23", "day", OFFICER), one("2026-11-23", "day", AUXILIARY));
        assert_code(plan(town, BOSS, shifts), "duplicate");
        snprintf(shifts, sizeof shifts, "{'date':'2026-11-23','slot':'day','members':['%s','%s']}", OFFICER, OFFICER);
        assert_code(plan(town, BOSS, shifts), "duplicate");
        assert_code(plan(town, BOSS, "{'date':'2026-11-23','slot':'day'}"), "type");
        assert_code(plan(town, BOSS, ""), "missing");
        assert_code(ask(town, BOSS, "{'request':'roster','roster':'moon','shifts':[]}"), "unknown_target");
        assert_code(say(town, BOSS, "admin/roster-apply", "{'roster':'east-watch','shifts':[]}"), "denied");
        size_t cursor = 0;
        assert_null(state_next_shift(state_of(town), &cursor));
}

/* One at a time, also across rosters; all of a message or nothing. */
static void test_overlap(void **state) {
        Town *town = *state;
        char shifts[400];
        assert_ok(say(town, town->admin, "admin/catalogue-apply",
                      "{'catalogue':{'catalogue':'town','version':3,'rosters':{'east-watch':{'unit':'east','slots':{'day':{'from':'08:00','until':'20:00'},"
                      "'night':{'from':'20:00','until':'08:00'}}},'gate':{'unit':'east','slots':{'late':{'from':'18:00','until':'22:00'}}}}}}"));
        assert_ok(say(town, town->admin, "admin/roster-apply", "{'roster':'gate','shifts':[%s]}", one("2026-11-23", "late", OFFICER)));
        snprintf(shifts, sizeof shifts, "%s,%s", one("2026-11-24", "day", AUXILIARY), one("2026-11-23", "day", OFFICER));
        assert_code(plan(town, BOSS, shifts), "conflict");
        assert_null(shift_at(town, START + 23 * HOUR));
        assert_ok(plan(town, BOSS, one("2026-11-24", "day", OFFICER))); /* 08:00 after 22:00 */
}

static void test_on_duty(void **state) {
        Town *town = *state;
        static const Role officers[] = {ROLE_OFFICER};
        const Unit *east = unit_of(town, "east");
        assert_true(unit_is_on_duty(state_of(town), east, officers, 1, START)); /* nothing planned: by seats */
        assert_ok(plan(town, BOSS, one("2026-11-23", "day", AUXILIARY)));
        assert_false(unit_is_on_duty(state_of(town), east, officers, 1, START));
        assert_true(unit_is_on_duty(state_of(town), east, NULL, 0, START));
        assert_false(unit_is_on_duty(state_of(town), unit_of(town, "e3"), officers, 1, START)); /* staffed by east */
        assert_true(unit_is_on_duty(state_of(town), east, officers, 1, START + 11 * HOUR)); /* 20:00: the slot is over */
        assert_true(unit_is_on_duty(state_of(town), unit_of(town, "west"), officers, 1, START));
        assert_false(unit_is_on_duty(state_of(town), unit_of(town, "empty"), NULL, 0, START));
        const Organisation *organisation = state_organisation(state_of(town));
        assert_false(member_is_on_duty(state_of(town), organisation_member(organisation, OFFICER), east, START));
        assert_true(member_is_on_duty(state_of(town), organisation_member(organisation, AUXILIARY), east, START));
}

/* An alarm at e1 by night calls who is on the shift, and both of the unit when none runs. */
static void test_who_is_called(void **state) {
        Town *town = *state;
        char topic[64];
        assert_ok(say(town, town->admin, "admin/catalogue-apply",
                      "{'catalogue':{'catalogue':'town','version':3,'rosters':{'east-watch':{'unit':'e1','slots':{'night':{'from':'20:00','until':'08:00'}}}}}}"));
        assert_ok(plan(town, BOSS, one("2026-11-23", "night", member_of("e1", "grid_worker"))));
        pass(town, 13 * HOUR);
        snprintf(topic, sizeof topic, "device/panic-1/event");
        assert_ok(say(town, member_of("e1", "device"), topic, "{'event':'panic'}"));
        assert_int_equal(cJSON_GetArraySize(town->notes), 1);
        char *notes = json_print(town->notes);
        assert_non_null(strstr(notes, member_of("e1", "grid_worker")));
        free(notes);
        assert_ok(act(town, "e1", task_of(town, "e1")->id, "complete", "{}"));
        pass(town, 12 * HOUR);
        assert_ok(say(town, member_of("e1", "device"), topic, "{'event':'panic'}"));
        assert_int_equal(cJSON_GetArraySize(town->notes), 2);
}

/* The room's only one on shift has lost his seat: its rung is skipped, the town is asked. */
static void test_rung_is_skipped(void **state) {
        Town *town = *state;
        assert_ok(plan(town, BOSS, one("2026-11-23", "day", AUXILIARY)));
        warn(town, "fraud", "Extreme");
        pass(town, 16 * MINUTE);
        assert_string_equal(escalation_of(town, task_of(town, "e1"))->to, "east");
        assert_ok(say(town, town->admin, "admin/seat-end", "{'member':'%s','unit':'east'}", AUXILIARY));
        assert_ok(act(town, "w1", task_of(town, "w1")->id, "accept", "{}"));
        const char *id = hand(town, "town", "e2", "");
        assert_ok(act(town, "e2", id, "escalate", "{'reason':'busy'}"));
        assert_string_equal(escalation_of(town, state_task(state_of(town), id))->to, "town");
}

static void test_swap(void **state) {
        Town *town = *state;
        char shifts[400], body[300];
        snprintf(shifts, sizeof shifts, "%s,%s", one("2026-11-23", "night", OFFICER), one("2026-11-24", "night", AUXILIARY));
        assert_ok(plan(town, BOSS, shifts));
        const Shift *mine = shift_at(town, START + 11 * HOUR), *theirs = shift_at(town, START + 35 * HOUR);
        snprintf(body, sizeof body, "{'request':'swap','shift':'%s','with':'%s','their_shift':'%s'}", mine->id, AUXILIARY, theirs->id);
        assert_code(ask(town, AUXILIARY, body), "state"); /* not on that shift */
        assert_ok(ask(town, OFFICER, body));
        assert_true(shift_has_member(mine, OFFICER)); /* nothing yet */
        snprintf(body, sizeof body, "{'request':'swap-agree','shift':'%s','member':'%s'}", mine->id, OFFICER);
        assert_code(ask(town, BOSS, body), "unknown_target"); /* was not asked */
        assert_ok(ask(town, AUXILIARY, body));
        assert_true(shift_has_member(mine, AUXILIARY) && !shift_has_member(mine, OFFICER));
        assert_true(shift_has_member(theirs, OFFICER) && !shift_has_member(theirs, AUXILIARY));
        assert_code(ask(town, AUXILIARY, body), "unknown_target"); /* once */
        database_assert_matches(&town->database, town->engine);
}

static void test_swap_refused(void **state) {
        Town *town = *state;
        char shifts[400], body[300];
        snprintf(shifts, sizeof shifts, "%s,%s", one("2026-11-23", "night", OFFICER), one("2026-11-24", "night", AUXILIARY));
        assert_ok(plan(town, BOSS, shifts));
        const Shift *mine = shift_at(town, START + 11 * HOUR);
        snprintf(body, sizeof body, "{'request':'swap','shift':'%s','with':'%s'}", mine->id, member_of("west", NULL));
        assert_code(ask(town, OFFICER, body), "seat");
        snprintf(body, sizeof body, "{'request':'swap','shift':'%s','with':'%s'}", mine->id, AUXILIARY);
        assert_ok(ask(town, OFFICER, body));
        snprintf(body, sizeof body, "{'request':'swap-agree','shift':'%s','member':'%s','agree':false}", mine->id, OFFICER);
        assert_ok(ask(town, AUXILIARY, body));
        assert_true(shift_has_member(mine, OFFICER));
        assert_false(json_has(mine->swaps, OFFICER));
        /* planned anew in between: what was offered is gone */
        snprintf(body, sizeof body, "{'request':'swap','shift':'%s','with':'%s'}", mine->id, AUXILIARY);
        assert_ok(ask(town, OFFICER, body));
        assert_ok(plan(town, BOSS, one("2026-11-23", "night", OFFICER)));
        snprintf(body, sizeof body, "{'request':'swap-agree','shift':'%s','member':'%s'}", mine->id, OFFICER);
        assert_code(ask(town, AUXILIARY, body), "unknown_target");
        /* agreed to while the shift runs already */
        snprintf(body, sizeof body, "{'request':'swap','shift':'%s','with':'%s'}", mine->id, AUXILIARY);
        assert_ok(ask(town, OFFICER, body));
        assert_ok(plan(town, BOSS, one("2026-11-23", "day", AUXILIARY)));
        pass(town, 12 * HOUR); /* 21:00; the day shift is over, the night shift runs */
        snprintf(body, sizeof body, "{'request':'swap-agree','shift':'%s','member':'%s'}", mine->id, OFFICER);
        assert_ok(ask(town, AUXILIARY, body));
        pass(town, 12 * HOUR);
        snprintf(body, sizeof body, "{'request':'swap','shift':'%s','with':'%s'}", mine->id, OFFICER);
        assert_code(ask(town, AUXILIARY, body), "closed");
}

/* He was free when he was asked, and is no longer when he agrees. */
static void test_swap_is_checked_again(void **state) {
        Town *town = *state;
        char body[300];
        assert_ok(say(town, town->admin, "admin/catalogue-apply",
                      "{'catalogue':{'catalogue':'town','version':3,'rosters':{'east-watch':{'unit':'east','slots':{'night':{'from':'20:00','until':'08:00'}}},"
                      "'gate':{'unit':'east','slots':{'late':{'from':'18:00','until':'22:00'}}}}}}"));
        assert_ok(plan(town, BOSS, one("2026-11-23", "night", OFFICER)));
        const Shift *mine = shift_at(town, START + 11 * HOUR);
        snprintf(body, sizeof body, "{'request':'swap','shift':'%s','with':'%s'}", mine->id, AUXILIARY);
        assert_ok(ask(town, OFFICER, body));
        assert_ok(say(town, town->admin, "admin/roster-apply", "{'roster':'gate','shifts':[%s]}", one("2026-11-23", "late", AUXILIARY)));
        snprintf(body, sizeof body, "{'request':'swap-agree','shift':'%s','member':'%s'}", mine->id, OFFICER);
        assert_code(ask(town, AUXILIARY, body), "conflict");
        assert_true(shift_has_member(mine, OFFICER));
}

static void test_handover(void **state) {
        Town *town = *state;
        char shifts[400], body[400];
        snprintf(shifts, sizeof shifts, "%s,%s", one("2026-11-23", "day", OFFICER), one("2026-11-23", "night", AUXILIARY));
        assert_ok(plan(town, BOSS, shifts));
        const Shift *day = shift_at(town, START - HOUR), *night = shift_at(town, START + 11 * HOUR);
        pass(town, 11 * HOUR);
        const struct { const char *items, *code; } wrong[] = {
                {"{'radio':2}", "missing"}, {"{'radio':2,'vest':-1}", "range"}, {"{'radio':2,'vest':1,'car':1}", "unknown_field"}, {"[]", "type"},
                {"{'radio':2,'vest':1.5}", "range"}, {"{'radio':2,'vest':10001}", "range"},
        };
        for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
                snprintf(body, sizeof body, "{'request':'handover','shift':'%s','items':%s}", day->id, wrong[i].items);
                assert_code(ask(town, OFFICER, body), wrong[i].code);
        }
        snprintf(body, sizeof body, "{'request':'handover','shift':'%s','items':{'radio':2,'vest':4}}", day->id);
        assert_code(ask(town, AUXILIARY, body), "forbidden");
        assert_ok(ask(town, OFFICER, body));
        snprintf(body, sizeof body, "{'request':'takeover','shift':'%s','items':{'radio':2,'vest':3},'note':'13800138000'}", night->id);
        const cJSON *receipt = ask(town, AUXILIARY, body);
        assert_ok(receipt);
        assert_int_equal(json_int(json_object(receipt, "created"), "differs", -1), 1);
        assert_true(json_bool(receipt, "masked", false));
        assert_string_equal(json_string(night->takeover, "from"), day->id);
        database_assert_matches(&town->database, town->engine);
}

static void test_catalogue_drops(void **state) {
        Town *town = *state;
        static const Role officers[] = {ROLE_OFFICER};
        assert_ok(plan(town, BOSS, one("2026-11-23", "day", AUXILIARY)));
        assert_ok(say(town, town->admin, "admin/catalogue-apply", "{'catalogue':{'catalogue':'town','version':3}}"));
        assert_true(unit_is_on_duty(state_of(town), unit_of(town, "east"), officers, 1, START));
        assert_null(shift_at(town, START - HOUR));
        database_assert_matches(&town->database, town->engine);
}

static void test_memory_and_load(void **state) {
        Town *town = *state;
        assert_ok(plan(town, BOSS, one("2026-11-23", "day", AUXILIARY)));
        Engine *loaded = town_engine();
        database_load(&town->database, loaded);
        size_t cursor = 0;
        const Shift *shift = state_next_shift(engine_state(loaded), &cursor);
        assert_non_null(shift);
        assert_true(shift_has_member(shift, AUXILIARY));
        assert_int_equal(engine_next_due(loaded), engine_next_due(town->engine));
        engine_free(loaded);
        pass(town, 8 * DAY);
        assert_null(shift_at(town, START - HOUR)); /* gone from memory, not from the books */
        assert_int_equal(database_count(&town->database, TABLE_ROSTER_SHIFT), 1);
}

#define ROSTER(more) "'r':{'unit':'east','slots':{'day':{'from':'08:00','until':'20:00'}}" more "}"
static const char *const mistakes[][2] = {
        {"'R':{}", "rosters"}, {"'r':{}", "unit"}, {"'r':{'unit':'east'}", "slots"}, {"'r':{'unit':'east','slots':{}}", "slots"},
        {"'r':{'unit':'moon','slots':{'day':{'from':'08:00','until':'20:00'}}}", "no unit moon"}, {"'r':{'unit':'east','slots':{'day':{'from':'8','until':'20:00'}}}", "slots.day"},
        {"'r':{'unit':'east','slots':{'day':{'from':'08:00','until':'24:00'}}}", "slots.day"}, {"'r':{'unit':'east','slots':{'day':{'from':'08:60','until':'20:00'}}}", "slots.day"},
        {ROSTER(",'people':0"), "people"}, {ROSTER(",'people':21"), "people"}, {ROSTER(",'roles':['device']"), "roles[0]"}, {ROSTER(",'items':{'X':{}}"), "items"},
        {ROSTER(",'items':{'radio':{'count':1}}"), "unknown field"}, {ROSTER(",'x':1"), "unknown field"},
};

static void test_mistakes(void **state) {
        Town *town = *state;
        for (size_t i = 0; i < sizeof mistakes / sizeof mistakes[0]; i++) {
                const cJSON *receipt = say(town, town->admin, "admin/catalogue-apply", "{'catalogue':{'catalogue':'t','version':9,'rosters':{%s}}}", mistakes[i][0]);
                const char *detail = json_string(receipt, "detail");
                if (code_of(receipt) == NULL || strcmp(code_of(receipt), "catalogue") != 0 || strstr(detail, mistakes[i][1]) == NULL)
                        fail_msg("%s: %s %s", mistakes[i][0], code_of(receipt) ? code_of(receipt) : "accepted", detail ? detail : "");
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_plan, setup, town_teardown),
                cmocka_unit_test_setup_teardown(test_plan_refused, setup, town_teardown),
                cmocka_unit_test_setup_teardown(test_overlap, setup, town_teardown),
                cmocka_unit_test_setup_teardown(test_on_duty, setup, town_teardown),
                cmocka_unit_test_setup_teardown(test_who_is_called, setup, town_teardown),
                cmocka_unit_test_setup_teardown(test_rung_is_skipped, setup, town_teardown),
                cmocka_unit_test_setup_teardown(test_swap, setup, town_teardown),
                cmocka_unit_test_setup_teardown(test_swap_refused, setup, town_teardown),
                cmocka_unit_test_setup_teardown(test_swap_is_checked_again, setup, town_teardown),
                cmocka_unit_test_setup_teardown(test_handover, setup, town_teardown),
                cmocka_unit_test_setup_teardown(test_catalogue_drops, setup, town_teardown),
                cmocka_unit_test_setup_teardown(test_memory_and_load, setup, town_teardown),
                cmocka_unit_test_setup_teardown(test_mistakes, setup, town_teardown),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
