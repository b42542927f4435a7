/* Standing duties on the engine's town: occurrences, rounds and what meets them, misses, downtime, changes of the catalogue, reload. */
#include "../engine/town.h"

#include <stdio.h>
#include <string.h>

static int64_t version;

/* The section `duties` as the catalogue in force. */
static void duties(Town *town, const char *section) {
        assert_ok(say(town, town->admin, "admin/catalogue-apply", "{'catalogue':{'catalogue':'town','version':%lld,'duties':{%s}}}",
                      (long long)++version, section));
}

static int setup(void **state) {
        version = 1; /* the town has one already */
        return town_setup(state);
}

static State *state_of(const Town *town) { return engine_state(town->engine); }

static const Round *round_of(const Town *town, const char *duty, const char *target) {
        Round *const *rounds;
        size_t n = state_rounds_of_target(state_of(town), duty, target, &rounds);
        return n == 0 ? NULL : rounds[n - 1];
}

static void report(Town *town, const char *unit, const char *member, const char *kind, const char *more) {
        static const char *const tiers[] = {"town", "1", "east", "2", "west", "2", NULL};
        char topic[64];
        int tier = 3;
        for (size_t i = 0; tiers[i]; i += 2)
                if (strcmp(tiers[i], unit) == 0)
                        tier = tiers[i + 1][0] - '0';
        snprintf(topic, sizeof topic, "tier%d/%s/report", tier, unit);
        assert_ok(say(town, member, topic, "{'kind':'%s'%s}", kind, more));
}

static size_t tasks_of(const Town *town, const char *duty) {
        Task *const *tasks;
        return state_tasks_of_origin(state_of(town), duty, &tasks);
}

/* START is Monday 09:00; every day at 10:00, each village one patrol by 18:00 */
#define PATROL "'patrol':{'title':{'zh':'巡逻','en':'Patrol'},'start':'2026-11-01T10:00','rrule':'FREQ=DAILY','units':{'tier':3}," \
               "'met_by':{'report':'patrol'},'lasts':'PT8H','on_miss':'digest'}"

static void test_round(void **state) {
        Town *town = *state;
        duties(town, PATROL);
        assert_int_equal(state_duty(state_of(town), "patrol")->next_at, START + HOUR);
        pass_until(town, START + HOUR);
        assert_null(round_of(town, "patrol", "e1"));
        pass(town, 0);
        const Round *round = round_of(town, "patrol", "e1");
        assert_non_null(round);
        assert_int_equal(round->starts_at, START + HOUR);
        assert_int_equal(round->ends_at, START + 9 * HOUR);
        assert_int_equal(round->state, ROUND_OPEN);
        assert_null(round_of(town, "patrol", "east")); /* tier 2 */
        report(town, "e1", member_of("e1", NULL), "diary", "");
        assert_int_equal(round->done, 0);
        report(town, "e1", member_of("e1", NULL), "patrol", ",'status':'Exercise'");
        assert_int_equal(round->done, 0);
        report(town, "e1", member_of("e1", NULL), "patrol", "");
        assert_int_equal(round->done, 1);
        assert_int_equal(round->state, ROUND_MET);
        assert_int_equal(round_of(town, "patrol", "e2")->done, 0);
        pass(town, 8 * HOUR);
        assert_int_equal(round_of(town, "patrol", "e1")->state, ROUND_MET);
        assert_int_equal(round_of(town, "patrol", "e2")->state, ROUND_MISSED);
        assert_int_equal(round_of(town, "patrol", "e2")->closed_at, START + 9 * HOUR);
        database_assert_matches(&town->database, town->engine);
        town_assert_documents(town);
}

/* One task for each room above, and for the town in place of e3's own room, which staffs it, and of the one where nobody sits. */
static void test_digest(void **state) {
        Town *town = *state;
        duties(town, PATROL);
        pass(town, 9 * HOUR);
        assert_int_equal(tasks_of(town, "patrol"), 3);
        assert_string_equal(task_title_zh(task_of(town, "east")), "巡逻：本轮未完成2项");
        assert_string_equal(task_title_en(task_of(town, "east")), "Patrol: 2 not done in this round");
        assert_string_equal(task_instruction(task_of(town, "east")), "东一、东二");
        assert_string_equal(task_title_zh(task_of(town, "town")), "巡逻：本轮未完成2项");
        assert_int_equal(task_of(town, "west")->base_at, START + 9 * HOUR);
}

static void test_miss_counts_or_asks(void **state) {
        Town *town = *state;
        duties(town, "'quiet':{'start':'2026-11-01T10:00','rrule':'FREQ=DAILY','units':{'tier':3},'met_by':{'report':'patrol'},'lasts':'PT1H'},"
                     "'again':{'start':'2026-11-01T10:00','rrule':'FREQ=DAILY','units':{'in':['e1','w1']},'met_by':{'report':'diary'},'lasts':'PT1H','on_miss':'task'}");
        pass(town, 2 * HOUR);
        assert_int_equal(round_of(town, "quiet", "e1")->state, ROUND_MISSED);
        assert_int_equal(tasks_of(town, "quiet"), 0);
        assert_int_equal(tasks_of(town, "again"), 2);
        assert_string_equal(task_of(town, "e1")->origin_type, "duty");
}

/* Two days a week for every grid worker: two patrols on one day are one day. */
static void test_days(void **state) {
        Town *town = *state;
        const char *worker = member_of("e1", "grid_worker");
        duties(town, "'village-days':{'start':'2026-11-02T00:00','rrule':'FREQ=WEEKLY;BYDAY=MO','for_each':'member','roles':['grid_worker'],"
                     "'met_by':{'report':'patrol','count':2,'distinct':'day'}}");
        pass_until(town, START + 7 * DAY);
        const Round *round = round_of(town, "village-days", worker);
        assert_non_null(round);
        assert_null(round_of(town, "village-days", member_of("e1", "grid_head")));
        assert_string_equal(round->unit, "e1");
        assert_int_equal(round->wanted, 2);
        report(town, "e1", worker, "patrol", "");
        report(town, "e1", worker, "patrol", "");
        assert_int_equal(round->done, 1);
        pass(town, DAY);
        report(town, "e1", member_of("e1", "grid_head"), "patrol", ""); /* somebody else's */
        assert_int_equal(round->done, 1);
        report(town, "e1", worker, "patrol", "");
        assert_int_equal(round->done, 2);
        assert_int_equal(round->state, ROUND_MET);
}

/* A task that is completed twice, since it was returned, is one piece of work. */
static void test_place_and_task(void **state) {
        Town *town = *state;
        assert_ok(say(town, town->admin, "admin/playbook-apply",
                      "{'playbook':{'playbook':'shop-check','version':1,'start':'look','when':{'duty':'shop-check'},'steps':{'look':{'each':'place',"
                      "'places':{'kind':'shop'},'form':{'hazards':{'int':[0,9]}},'verify':{'by':'parent'},'clocks':{'*':{'finish':'PT4H'}}}}}}"));
        duties(town, "'shop-check':{'start':'2026-11-01T10:00','rrule':'FREQ=DAILY'},"
                     "'shops':{'start':'2026-11-01T09:30','rrule':'FREQ=WEEKLY;BYDAY=MO','for_each':'place','places':{'kind':'shop'},"
                     "'met_by':{'task':'shop-check','count':2}}");
        pass(town, HOUR);
        const Task *task = task_of(town, "e1");
        assert_non_null(task);
        assert_string_equal(task->place, "shop-1");
        assert_int_equal(task->base_at, START + HOUR);
        const Round *round = round_of(town, "shops", "shop-1");
        assert_non_null(round);
        assert_ok(act(town, "e1", task->id, "complete", "{'result':{'hazards':1}}"));
        assert_ok(act(town, "east", task->id, "return", "{'reason':'partial'}"));
        assert_ok(act(town, "e1", task->id, "complete", "{'result':{'hazards':2}}"));
        assert_int_equal(round->done, 0); /* it is done when it is verified */
        assert_ok(act(town, "east", task->id, "verify", "{}"));
        assert_int_equal(round->done, 1);
        assert_int_equal(round->state, ROUND_OPEN);
}

/* Without a playbook each unit gets a task to acknowledge, which goes when the next one comes. */
static void test_acknowledge(void **state) {
        Town *town = *state;
        duties(town, "'briefing':{'title':{'zh':'例会','en':'Briefing'},'start':'2026-11-01T10:00','rrule':'FREQ=DAILY','units':{'tier':2}}");
        pass(town, HOUR);
        assert_int_equal(tasks_of(town, "briefing"), 3);
        assert_string_equal(task_title_zh(task_of(town, "east")), "例会");
        assert_ok(act(town, "east", task_of(town, "east")->id, "accept", "{}"));
        pass(town, DAY);
        assert_int_equal(task_of(town, "west")->issued_at, START + HOUR + DAY);
}

static void test_workdays(void **state) {
        Town *town = *state;
        duties(town, "'d':{'start':'2026-11-01T10:00','rrule':'FREQ=DAILY','workdays':true,'units':{'tier':1}}");
        pass(town, 4 * DAY + 2 * HOUR); /* Friday 11:00 */
        assert_int_equal(state_duty(state_of(town), "d")->occurrences, 5);
        assert_int_equal(state_duty(state_of(town), "d")->next_at, START + 7 * DAY + HOUR); /* Monday */
}

/* Ten days down: the five latest days happen, each at its own time; five are counted as skipped. */
static void test_downtime(void **state) {
        Town *town = *state;
        duties(town, PATROL);
        town->now += 9 * DAY + 2 * HOUR;
        pass(town, 0);
        const Duty *duty = state_duty(state_of(town), "patrol");
        assert_int_equal(duty->skipped, 5);
        assert_int_equal(duty->occurrences, 5);
        assert_int_equal(duty->last_at, START + 9 * DAY + HOUR);
        Round *const *rounds;
        size_t n = state_rounds_of_target(state_of(town), "patrol", "e1", &rounds);
        assert_int_equal(n, 5);
        assert_int_equal(rounds[0]->starts_at, START + 5 * DAY + HOUR);
        assert_int_equal(rounds[0]->closed_at, START + 5 * DAY + 9 * HOUR);
        assert_int_equal(rounds[4]->state, ROUND_OPEN);
        database_assert_matches(&town->database, town->engine);
}

/* A year down with the shortest gap: bounded. */
static void test_long_downtime(void **state) {
        Town *town = *state;
        duties(town, "'d':{'start':'2026-11-01T10:00','rrule':'FREQ=MINUTELY;INTERVAL=5','units':{'in':['town']},'met_by':{'report':'patrol'}}");
        town->now += 365 * DAY;
        pass(town, 0);
        const Duty *duty = state_duty(state_of(town), "d");
        assert_true(duty->occurrences <= 5);
        assert_true(duty->next_at > town->now && duty->next_at <= town->now + 5 * MINUTE);
}

/* Work done in time that was told after the round's end. */
static void test_late(void **state) {
        Town *town = *state;
        char more[80];
        duties(town, PATROL);
        pass(town, 10 * HOUR);
        assert_int_equal(round_of(town, "patrol", "w1")->state, ROUND_MISSED);
        snprintf(more, sizeof more, ",'occurred_at':'%s'", iso(START + 2 * HOUR));
        report(town, "w1", member_of("w1", NULL), "patrol", more);
        assert_int_equal(round_of(town, "patrol", "w1")->state, ROUND_LATE);
        assert_int_equal(round_of(town, "patrol", "w1")->met_at, town->now);
        snprintf(more, sizeof more, ",'occurred_at':'%s'", iso(START + 9 * HOUR)); /* the end itself is outside */
        report(town, "w2", member_of("w2", NULL), "patrol", more);
        assert_int_equal(round_of(town, "patrol", "w2")->done, 0);
}

/* Closed rounds leave memory after a week; their rows stay. */
static void test_memory(void **state) {
        Town *town = *state;
        duties(town, PATROL);
        for (int day = 0; day < 12; day++)
                pass(town, DAY);
        Round *const *rounds;
        size_t n = state_rounds_of_target(state_of(town), "patrol", "e1", &rounds);
        assert_true(n <= 9);
        assert_int_equal(database_count(&town->database, TABLE_DUTY_ROUND), 12 * 6);
        database_assert_matches(&town->database, town->engine);
}

static void test_change(void **state) {
        Town *town = *state;
        duties(town, PATROL);
        pass(town, 2 * HOUR);
        const char *changed = "'patrol':{'start':'2026-11-01T14:00','rrule':'FREQ=DAILY','units':{'tier':3},'met_by':{'report':'patrol','count':2},'lasts':'PT1H'}";
        duties(town, changed);
        const Duty *duty = state_duty(state_of(town), "patrol");
        assert_int_equal(duty->next_at, START + 5 * HOUR);
        assert_false(json_has(duty->definition, "on_miss"));
        assert_int_equal(round_of(town, "patrol", "e1")->wanted, 1); /* the round that is open keeps what it asks */
        uint64_t seq = duty->object.changed_seq;
        duties(town, changed);
        assert_int_equal(duty->object.changed_seq, seq); /* the same again changes nothing */
        duties(town, "");
        assert_int_equal(duty->state, DUTY_ENDED);
        assert_null(round_of(town, "patrol", "e1"));
        pass(town, 3 * DAY);
        assert_int_equal(tasks_of(town, "patrol"), 0);
        duties(town, changed);
        assert_int_equal(duty->state, DUTY_ACTIVE);
        assert_int_equal(duty->next_at, START + 3 * DAY + 5 * HOUR);
        database_assert_matches(&town->database, town->engine);
}

/* A rule that runs out: its last round still closes. */
static void test_runs_out(void **state) {
        Town *town = *state;
        duties(town, "'d':{'start':'2026-11-23T10:00','rrule':'FREQ=DAILY;COUNT=1','units':{'in':['e1']},'met_by':{'report':'patrol'}}");
        pass(town, 2 * HOUR);
        assert_int_equal(state_duty(state_of(town), "d")->state, DUTY_ENDED);
        assert_int_equal(round_of(town, "d", "e1")->state, ROUND_OPEN);
        pass(town, DAY);
        assert_null(round_of(town, "d", "e1"));
        assert_int_equal(database_count(&town->database, TABLE_DUTY_ROUND), 1);
        duties(town, "'d':{'start':'2026-11-23T10:00','rrule':'FREQ=DAILY;COUNT=1','units':{'in':['e1']},'met_by':{'report':'patrol'}}");
        assert_int_equal(state_duty(state_of(town), "d")->state, DUTY_ENDED);
}

/* From the log alone, and from the rows, the same comes again, and goes on the same way. */
static void test_replay_and_load(void **state) {
        Town *town = *state;
        duties(town, PATROL);
        pass(town, 3 * HOUR);
        report(town, "e1", member_of("e1", NULL), "patrol", "");
        for (int day = 0; day < 9; day++)
                pass(town, DAY);
        Engine *loaded = town_engine();
        database_load(&town->database, loaded);
        assert_int_equal(engine_next_due(loaded), engine_next_due(town->engine));
        const Duty *duty = state_duty(engine_state(loaded), "patrol");
        assert_non_null(duty);
        assert_int_equal(duty->round_ends_at, state_duty(state_of(town), "patrol")->round_ends_at);
        engine_free(loaded);
}

/* ---- mistakes ---- */
#define WHEN "'start':'2026-11-01T10:00','rrule':'FREQ=DAILY'"
#define QUOTA WHEN ",'met_by':{'report':'patrol'}"
static const char *const mistakes[][2] = {
        {"'d':{}", "duties.d.start"}, {"'d':{'start':'2026-11-01T10:00'}", "duties.d.rrule"}, {"'D':{" WHEN "}", "duties.D"}, {"'d':{" WHEN ",'x':1}", "unknown field"},
        {"'d':{'start':'2026-11-01T10:00','rrule':'FREQ=MINUTELY'}", "five minutes"}, {"'d':{'start':'2026-11-01T10:00','rrule':'FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30'}", "never"},
        {"'d':{'start':'2026-11-01T10:00','rrule':'FREQ=WEEKLY;BYDAY=SU','workdays':true}", "never comes on a workday"},
        {"'d':{" WHEN ",'workdays':'moon'}", "no calendar"}, {"'d':{" WHEN ",'workdays':7}", "workdays"}, {"'d':{" WHEN ",'units':{'tier':4}}", "units.tier"},
        {"'d':{" WHEN ",'units':{'in':['nowhere']}}", "no unit nowhere"}, {"'d':{" WHEN ",'units':{'tag':'moon'}}", "no unit is meant"}, {"'d':{" WHEN ",'units':{'in':[]}}", "empty"},
        {"'d':{" WHEN ",'asks':'nowhere'}", "asks"}, {"'d':{" WHEN ",'severity':'bad'}", "severity"}, {"'d':{" WHEN ",'lasts':'PT1H'}", "met_by"},
        {"'d':{" WHEN ",'for_each':'member'}", "met_by"}, {"'d':{" QUOTA ",'for_each':'town'}", "for_each"}, {"'d':{" QUOTA ",'for_each':'place'}", "places"},
        {"'d':{" QUOTA ",'places':{'kind':'shop'}}", "places"}, {"'d':{" QUOTA ",'for_each':'place','places':{'kind':'moon'}}", "no place of kind"},
        {"'d':{" QUOTA ",'roles':['grid_worker']}", "for_each: member"}, {"'d':{" QUOTA ",'for_each':'member','roles':['device']}", "no working role"},
        {"'d':{" QUOTA ",'for_each':'member','members':['someone']}", "member's id"}, {"'d':{" QUOTA ",'lasts':'PT4M'}", "five minutes"}, {"'d':{" QUOTA ",'lasts':'P1M'}", "lasts"},
        {"'d':{" QUOTA ",'on_miss':'shout'}", "on_miss"}, {"'d':{" WHEN ",'met_by':{}}", "report or task"}, {"'d':{" WHEN ",'met_by':{'report':'a','task':'b'}}", "report or task"},
        {"'d':{" WHEN ",'met_by':{'report':'a','step':'b'}}", "step"}, {"'d':{" WHEN ",'met_by':{'report':'a','count':0}}", "count"}, {"'d':{" WHEN ",'met_by':{'report':'a','count':367}}", "count"},
        {"'d':{" WHEN ",'met_by':{'report':'a','distinct':'hour'}}", "distinct"}, {"'d':{" WHEN ",'met_by':{'task':'moon'}}", "no playbook moon"},
};

static void test_mistakes(void **state) {
        Town *town = *state;
        for (size_t i = 0; i < sizeof mistakes / sizeof mistakes[0]; i++) {
                const cJSON *receipt = say(town, town->admin, "admin/catalogue-apply", "{'catalogue':{'catalogue':'t','version':9,'duties':{%s}}}", mistakes[i][0]);
                const char *detail = json_string(receipt, "detail");
                if (code_of(receipt) == NULL || strcmp(code_of(receipt), "catalogue") != 0 || strstr(detail, mistakes[i][1]) == NULL)
                        fail_msg("%s: %s %s", mistakes[i][0], code_of(receipt) ? code_of(receipt) : "accepted", detail ? detail : "");
        }
        size_t cursor = 0;
        assert_null(state_next_duty(state_of(town), &cursor));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_round, setup, town_teardown),
                cmocka_unit_test_setup_teardown(test_digest, setup, town_teardown),
                cmocka_unit_test_setup_teardown(test_miss_counts_or_asks, setup, town_teardown),
                cmocka_unit_test_setup_teardown(test_days, setup, town_teardown),
                cmocka_unit_test_setup_teardown(test_place_and_task, setup, town_teardown),
                cmocka_unit_test_setup_teardown(test_acknowledge, setup, town_teardown),
                cmocka_unit_test_setup_teardown(test_workdays, setup, town_teardown),
                cmocka_unit_test_setup_teardown(test_downtime, setup, town_teardown),
                cmocka_unit_test_setup_teardown(test_long_downtime, setup, town_teardown),
                cmocka_unit_test_setup_teardown(test_late, setup, town_teardown),
                cmocka_unit_test_setup_teardown(test_memory, setup, town_teardown),
                cmocka_unit_test_setup_teardown(test_change, setup, town_teardown),
                cmocka_unit_test_setup_teardown(test_runs_out, setup, town_teardown),
                cmocka_unit_test_setup_teardown(test_replay_and_load, setup, town_teardown),
                cmocka_unit_test_setup_teardown(test_mistakes, setup, town_teardown),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
