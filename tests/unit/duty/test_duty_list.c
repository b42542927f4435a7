/* The list of duties of a unit and of a member, and how far questions about duties see. */
#include "../engine/town.h"

#include <stdio.h>
#include <string.h>

static int setup(void **state) {
        town_setup(state);
        assert_ok(say(*state, ((Town *)*state)->admin, "admin/catalogue-apply",
                      "{'catalogue':{'catalogue':'town','version':2,'duties':{"
                      "'patrol':{'title':{'zh':'巡逻','en':'Patrol'},'start':'2026-11-01T10:00','rrule':'FREQ=DAILY','units':{'tier':3},'met_by':{'report':'patrol','count':2}},"
                      "'days':{'start':'2026-11-23T10:00','rrule':'FREQ=WEEKLY;BYDAY=MO','for_each':'member','roles':['grid_worker'],'met_by':{'report':'patrol','count':2,'distinct':'day'}},"
                      "'briefing':{'title':{'zh':'例会','en':'Briefing'},'start':'2026-11-01T12:00','rrule':'FREQ=WEEKLY;BYDAY=WE','units':{'tier':2}}},"
                      "'rosters':{'watch':{'unit':'east','slots':{'day':{'from':'08:00','until':'20:00'}}}}}}"));
        return 0;
}

/* The document as the daemon would publish it now; NULL when none was made. */
static cJSON *list_at(Town *town, const char *topic) {
        Documents documents = {0};
        cJSON *found = NULL;
        char full[160];
        snprintf(full, sizeof full, "grid/v1/" AREA "/%s", topic);
        engine_status_documents(town->engine, town->now, &documents);
        for (size_t i = 0; i < documents.n; i++)
                if (strcmp(documents.items[i].topic, full) == 0 && documents.items[i].n_payload > 0) {
                        cJSON_Delete(found);
                        found = cJSON_Parse(documents.items[i].payload);
                }
        documents_deinit(&documents);
        return found;
}

static const cJSON *entry_of(const cJSON *list, const char *duty) {
        const cJSON *entry;
        cJSON_ArrayForEach(entry, json_array(list, "entries"))
                if (strcmp(json_string(entry, "duty"), duty) == 0)
                        return entry;
        return NULL;
}

static void test_unit(void **state) {
        Town *town = *state;
        cJSON *list = list_at(town, "tier3/e1/list/duty");
        assert_non_null(list);
        assert_int_equal(json_int(list, "total", -1), 2);
        assert_string_equal(json_string(entry_of(list, "patrol"), "next_at"), "2026-11-23T10:00:00+08:00");
        assert_null(cJSON_GetObjectItem(entry_of(list, "patrol"), "quota")); /* no round yet */
        assert_null(entry_of(list, "briefing"));
        cJSON_Delete(list);
        pass(town, HOUR);
        assert_ok(say(town, member_of("e1", "grid_worker"), "tier3/e1/report", "{'kind':'patrol'}"));
        list = list_at(town, "tier3/e1/list/duty");
        const cJSON *entry = entry_of(list, "patrol");
        assert_int_equal(json_int(entry, "quota", -1), 2);
        assert_int_equal(json_int(entry, "done", -1), 1);
        assert_int_equal(json_int(entry, "met", -1), 0);
        assert_string_equal(json_string(entry, "ends_at"), "2026-11-24T10:00:00+08:00");
        assert_string_equal(json_string(entry, "title"), "巡逻");
        cJSON_Delete(list);
        assert_null(list_at(town, "tier3/e1/list/duty")); /* nothing has changed since */
}

/* When another day comes and the round is met, the list is made again. */
static void test_unit_follows(void **state) {
        Town *town = *state;
        pass(town, HOUR);
        cJSON_Delete(list_at(town, "tier3/e2/list/duty"));
        pass(town, DAY);
        cJSON *list = list_at(town, "tier3/e2/list/duty");
        assert_string_equal(json_string(entry_of(list, "patrol"), "next_at"), "2026-11-25T10:00:00+08:00");
        cJSON_Delete(list);
        assert_ok(say(town, town->admin, "admin/catalogue-apply", "{'catalogue':{'catalogue':'town','version':3}}"));
        list = list_at(town, "tier3/e2/list/duty");
        assert_int_equal(json_int(list, "total", -1), 0);
        cJSON_Delete(list);
}

static void test_member(void **state) {
        Town *town = *state;
        char topic[128];
        pass(town, HOUR);
        snprintf(topic, sizeof topic, "member/%s/list/duty", member_of("e1", "grid_worker"));
        cJSON *list = list_at(town, topic);
        assert_int_equal(json_int(list, "total", -1), 1); /* his own days, not the village's patrols */
        assert_string_equal(json_string(entry_of(list, "days"), "unit"), "e1");
        assert_int_equal(json_int(entry_of(list, "days"), "quota", -1), 2);
        cJSON_Delete(list);
        snprintf(topic, sizeof topic, "member/%s/list/duty", member_of("e1", "grid_head"));
        assert_null(list_at(town, topic)); /* nothing of his has changed since it was made */
}

static void test_shifts(void **state) {
        Town *town = *state;
        cJSON_Delete(list_at(town, "tier2/east/list/duty"));
        assert_ok(say(town, town->admin, "admin/roster-apply",
                      "{'roster':'watch','shifts':[{'date':'2026-11-24','slot':'day','members':['%s']},{'date':'2026-11-23','slot':'day','members':['%s']}]}",
                      member_of("east", "officer"), member_of("east", "auxiliary")));
        cJSON *list = list_at(town, "tier2/east/list/duty");
        const cJSON *shifts = json_array(list, "shifts");
        assert_int_equal(cJSON_GetArraySize(shifts), 2);
        assert_string_equal(cJSON_GetArrayItem(json_array(cJSON_GetArrayItem(shifts, 0), "members"), 0)->valuestring, member_of("east", "auxiliary"));
        assert_non_null(entry_of(list, "briefing"));
        cJSON_Delete(list);
        char topic[128];
        assert_ok(say(town, town->admin, "admin/roster-apply", "{'roster':'watch','shifts':[{'date':'2026-11-25','slot':'day','members':['%s']}]}", member_of("east", "officer")));
        snprintf(topic, sizeof topic, "member/%s/list/duty", member_of("east", "officer"));
        list = list_at(town, topic);
        assert_int_equal(cJSON_GetArraySize(json_array(list, "shifts")), 2);
        cJSON_Delete(list);
}

static Code ask(Town *town, const char *member, const char *body, EngineQuery *query) {
        char topic[128];
        Command command;
        snprintf(topic, sizeof topic, "member/%s/query", member);
        command_make(town, member, topic, body, &command);
        Code code = engine_query_plan(town->engine, &command, query);
        command_deinit(&command);
        return code;
}

static void test_questions(void **state) {
        Town *town = *state;
        EngineQuery query;
        assert_int_equal(ask(town, member_of("e1", "grid_worker"), "{'query':'rounds','duty':'patrol'}", &query), CODE_NONE);
        assert_string_equal(query.parameters[1], "{e1}");
        assert_string_equal(query.parameters[2], "{}"); /* what single members did is for those who lead them */
        assert_string_equal(query.parameters[4], "patrol");
        engine_query_deinit(&query);
        assert_int_equal(ask(town, member_of("e1", "grid_head"), "{'query':'rounds'}", &query), CODE_NONE);
        assert_string_equal(query.parameters[2], "{e1}");
        engine_query_deinit(&query);
        assert_int_equal(ask(town, member_of("e1", "grid_head"), "{'query':'rounds','unit':'w1'}", &query), CODE_FORBIDDEN);
        engine_query_deinit(&query);
        assert_int_equal(ask(town, member_of("e1", "grid_head"), "{'query':'roster','unit':'east'}", &query), CODE_NONE); /* the room above */
        engine_query_deinit(&query);
        assert_int_equal(ask(town, member_of("e1", "device"), "{'query':'duties'}", &query), CODE_DENIED);
        engine_query_deinit(&query);
        assert_int_equal(ask(town, member_of("e1", "grid_head"), "{'query':'duties','limit':0}", &query), CODE_RANGE);
        engine_query_deinit(&query);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_unit, setup, town_teardown),
                cmocka_unit_test_setup_teardown(test_unit_follows, setup, town_teardown),
                cmocka_unit_test_setup_teardown(test_member, setup, town_teardown),
                cmocka_unit_test_setup_teardown(test_shifts, setup, town_teardown),
                cmocka_unit_test_setup_teardown(test_questions, setup, town_teardown),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
