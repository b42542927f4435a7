/* What a changed playbook would have made of the past: which triggers, whose tasks, whose clocks. */
#include "model.h"

#include <stdlib.h>
#include <string.h>

#include "engine/playbook/replay.h"
#include "proto/json.h"

#define CHANGED(when, clocks) "{'playbook':'tell','version':2,'start':'go','when':" when ",'steps':{'go':{'to':[{'addressed':{'tier':3}}," \
                              "{'origin':true,'on_duty':true}],'clocks':{'*':" clocks "}," \
                              "'ladder':[{'after':['accept','escalate'],'to':[{'parent':1}]}]}}}"

typedef struct Past { Organisation *organisation; PlaybookSet *set; Replay *replay; } Past;

static void add(PlaybookSet *set, const char *text) {
        char detail[160];
        cJSON *tree = json_of(text);
        char *printed = json_print(tree);
        Playbook *playbook = playbook_new(printed, strlen(printed), detail, sizeof detail);
        if (!playbook)
                fail_msg("%s", detail);
        assert_int_equal(playbook_set_add(set, playbook, true, detail, sizeof detail), CODE_NONE);
        free(printed);
        cJSON_Delete(tree);
}

static Past past_make(const char *changed) {
        Past past = {.organisation = small_organisation(), .set = playbook_set_new()};
        add(past.set, "{'playbook':'grave','version':1,'priority':90,'start':'s','when':{'report':{'kind':'hazard','severity':'Extreme'}},"
                      "'steps':{'s':{'to':[{'origin':true}]}}}");
        add(past.set, changed);
        past.replay = replay_new(past.organisation, past.set, playbook_set_current(past.set, "tell"), at("2026-11-23T12:00:00+08:00"));
        return past;
}

static void past_free(Past *past) {
        replay_free(past->replay);
        playbook_set_free(past->set);
        organisation_free(past->organisation);
}

static bool take(Past *past, const char *text) {
        cJSON *trigger = json_of(text);
        bool fine = replay_take(past->replay, trigger);
        cJSON_Delete(trigger);
        return fine;
}

static void expect(const Past *past, const char *unit, int64_t tasks_was, int64_t tasks_would, int64_t escalations_was,
                   int64_t escalations_would, int64_t unknown) {
        size_t cursor = 0;
        for (const ReplayUnit *row; (row = replay_next(past->replay, &cursor));) {
                if (strcmp(row->unit->id, unit) != 0)
                        continue;
                assert_int_equal(row->tasks_was, tasks_was);
                assert_int_equal(row->tasks_would, tasks_would);
                assert_int_equal(row->escalations_was, escalations_was);
                assert_int_equal(row->escalations_would, escalations_would);
                assert_int_equal(row->unknown, unknown);
                return;
        }
        assert_int_equal(tasks_was + tasks_would, 0); /* not in the table */
}

#define REPORT(more) "{'type':'report','name':'hazard','severity':'Minor','unit':'village-b','at':'2026-11-23T09:00:00+08:00'" more "}"
#define TASK(accepted) "'playbook':'tell','tasks':[{'unit':'village-b','step':'go','escalations':0" accepted "}]"

/* A shorter limit climbs where the answer came later; an answer that never came counts as given now. */
static void test_clocks(void **state) {
        (void)state;
        Past past = past_make(CHANGED("{'report':{'kind':'hazard'}}", "{'accept':'PT1H','finish':'PT2H'}"));
        assert_true(take(&past, REPORT("," TASK(",'accepted_at':'2026-11-23T09:59:59+08:00'"))));
        expect(&past, "village-b", 1, 1, 0, 0, 0);
        assert_true(take(&past, REPORT("," TASK(",'accepted_at':'2026-11-23T10:00:01+08:00'"))));
        expect(&past, "village-b", 2, 2, 0, 1, 0);
        assert_true(take(&past, REPORT("," TASK(""))));
        expect(&past, "village-b", 3, 3, 0, 2, 0);
        assert_true(take(&past, REPORT("," TASK(",'ended_at':'2026-11-23T09:10:00+08:00'")))); /* cancelled in time; finish has no rung */
        expect(&past, "village-b", 4, 4, 0, 2, 0);
        assert_int_equal(replay_started(past.replay), 4);
        assert_int_equal(replay_would_start(past.replay), 4);
        past_free(&past);
}

static void test_conditions(void **state) {
        (void)state;
        Past past = past_make(CHANGED("{'report':{'kind':'hazard','fields':{'n':{'min':3}}}}", "{'accept':'PT1H'}"));
        take(&past, REPORT(",'fields':{'n':2}," TASK(",'accepted_at':'2026-11-23T09:10:00+08:00'"))); /* no longer */
        expect(&past, "village-b", 1, 0, 0, 0, 0);
        take(&past, REPORT(",'fields':{'n':3}")); /* newly: what the village would have answered is not known */
        expect(&past, "village-b", 1, 1, 0, 0, 1);
        take(&past, "{'type':'report','name':'hazard','severity':'Extreme','fields':{'n':9},'unit':'village-b','at':'2026-11-23T09:00:00+08:00'}");
        expect(&past, "village-b", 1, 1, 0, 0, 1); /* a higher priority takes it */
        take(&past, "{'type':'report','name':'quarrel','fields':{'n':9},'unit':'village-b','at':'2026-11-23T09:00:00+08:00'}");
        assert_int_equal(replay_would_start(past.replay), 1);
        past_free(&past);
}

static void test_warning_and_device(void **state) {
        (void)state;
        Past past = past_make(CHANGED("{'warning':{'eventCode':'fraud'}}", "{'accept':'PT1H'}"));
        take(&past, "{'type':'warning','name':'fraud','severity':'Severe','unit':'town','units':['room-1','village-b','village-c','gone'],"
                    "'at':'2026-11-23T09:00:00+08:00','playbook':'tell','tasks':[{'unit':'room-1','escalations':1},{'unit':'gone'}]}");
        expect(&past, "room-1", 1, 0, 1, 0, 0);
        expect(&past, "village-b", 0, 1, 0, 0, 1);
        expect(&past, "village-c", 0, 1, 0, 0, 1);
        past_free(&past);
        past = past_make(CHANGED("{'device':{'event':'panic'}}", "{'accept':'PT1M'}"));
        take(&past, "{'type':'device','unit':'village-b','device':'p','at':'2026-11-23T09:00:00+08:00'," TASK(",'accepted_at':'2026-11-23T09:02:00+08:00'") "}");
        expect(&past, "village-b", 1, 1, 0, 1, 0);
        take(&past, "{'type':'device','unit':'village-b','at':'2026-11-23T09:00:00+08:00','playbook':'other','tasks':[]}");
        take(&past, "{'type':'duty','unit':'village-b','at':'2026-11-23T09:00:00+08:00','playbook':'tell','tasks':[]}"); /* no longer its trigger */
        assert_int_equal(replay_would_start(past.replay), 1);
        past_free(&past);
}

static void test_no_triggers(void **state) {
        (void)state;
        Past past = past_make(CHANGED("{'report':{'kind':'hazard'}}", "{'accept':'PT1H'}"));
        size_t cursor = 0;
        assert_false(take(&past, "{}"));
        assert_false(take(&past, "{'type':'dream','at':'2026-11-23T09:00:00+08:00'}"));
        assert_false(take(&past, "{'type':'report','name':'hazard','at':'yesterday'}"));
        assert_true(take(&past, "{'type':'report','name':'hazard','unit':'nowhere','at':'2026-11-23T09:00:00+08:00'}"));
        assert_null(replay_next(past.replay, &cursor));
        past_free(&past);
}

int main(void) {
        const struct CMUnitTest tests[] = {cmocka_unit_test(test_clocks), cmocka_unit_test(test_conditions),
                                           cmocka_unit_test(test_warning_and_device), cmocka_unit_test(test_no_triggers)};
        return cmocka_run_group_tests(tests, NULL, NULL);
}
