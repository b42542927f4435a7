/*
 * I14: nothing that a message can say stops the engine. Every verb and kind, on every sort of target, with every field in turn
 * replaced by what does not belong there; each batch is undone, and at the end nothing has changed.
 */
#include "town.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char TEMPLATE[] =
        "{'reason':'wrong','note':'x','until':'2026-12-01T00:00:00+08:00','by':'PT1H','to':'e2','assignee':'nobody','result':{'households':1},"
        "'checklist':['doors'],'title':'查','title_en':'x','instruction':'y','severity':'Severe','finish_by':'2026-12-01T00:00:00+08:00',"
        "'audience':'staff','outcome':'settled','playbook':'chain','into':'x','kind':'hazard','fields':{'n':1},'place':'shop-1','device':'panic-1',"
        "'event':'panic','state':'ok','status':'Actual','member':'x','role':'officer','unit':'e1','secret_hash':'x','request':'enrol',"
        "'organisation':{},'quarantine':1,'members':[],'enrolment_hash':'x','from':'x','position':'x','revision':1,'identifier':'H1',"
        "'sent':'2026-11-23T09:00:00+08:00','msgType':'Update','scope':'Public','references':'W1','info':[{'event':'fraud','urgency':'Past',"
        "'severity':'Minor','certainty':'Observed','headline':'h','expires':'2026-12-01T00:00:00+08:00','eventCode':[{'valueName':'policegrid',"
        "'value':'fraud'}],'area':[{'areaDesc':'x','geocode':[{'valueName':'unit','value':'e1'}]}]}]}";

static cJSON *hostile_value(int which) {
        char *long_text;
        cJSON *value;
        switch (which) {
        case 0: return cJSON_CreateNull();
        case 1: return cJSON_CreateNumber(-1e300);
        case 2: return cJSON_CreateNumber(0.5);
        case 3: return cJSON_CreateNumber(9007199254740991.0);
        case 4: return cJSON_CreateString("");
        case 5: return cJSON_CreateTrue();
        case 6: return cJSON_CreateObject();
        case 7: return cJSON_CreateArray();
        case 8: return cJSON_CreateString("a'b\"c\\d\n\x01\xF0\x9F\x98\x80 2026-0312");
        case 9:
                long_text = malloc(60001);
                memset(long_text, 'z', 60000);
                long_text[60000] = '\0';
                value = cJSON_CreateString(long_text);
                free(long_text);
                return value;
        case 10:
                value = cJSON_CreateArray();
                for (int i = 0; i < 50; i++)
                        cJSON_AddItemToArray(value, i % 3 == 0 ? cJSON_CreateNumber(i) : i % 3 == 1 ? cJSON_CreateString("e1") : cJSON_CreateObject());
                return value;
        default:
                value = cJSON_CreateObject();
                cJSON_AddItemToObject(value, "households", cJSON_CreateArray());
                cJSON_AddItemToObject(value, "", cJSON_CreateNumber(1e308));
                cJSON_AddStringToObject(value, "valueName", "unit");
                return value;
        }
}
#define HOSTILE_VALUES 12

static size_t n_accepted; /* so that one sees that it was not all refused at the door */

static void decide_undone(Town *town, const char *member, const char *topic, const cJSON *body) {
        Command command;
        command_make(town, member, topic, "{}", &command);
        cJSON_Delete(command.body);
        command.body = cJSON_Duplicate(body, true);
        snprintf(command.id, sizeof command.id, "20261123-h%u", ++town->n_messages);
        town_begin(town);
        engine_decide(town->engine, &command, 1);
        engine_batch_finish(town->engine);
        n_accepted += town->batch.n_accepted;
        engine_batch_rollback(town->engine);
        command_deinit(&command);
}

static void attack(Town *town, const char *member, const char *topic) {
        char *text = quoted(TEMPLATE);
        cJSON *whole = cJSON_Parse(text);
        assert_non_null(whole);
        decide_undone(town, member, topic, whole);
        for (int field = 0; field < cJSON_GetArraySize(whole); field++)
                for (int which = 0; which < HOSTILE_VALUES; which++) {
                        cJSON *body = cJSON_Duplicate(whole, true);
                        cJSON_ReplaceItemInArray(body, field, hostile_value(which));
                        /* cJSON keeps no name on a replacement by number */
                        cJSON_GetArrayItem(body, field)->string = strdup(cJSON_GetArrayItem(whole, field)->string);
                        decide_undone(town, member, topic, body);
                        cJSON_Delete(body);
                }
        cJSON *one = cJSON_GetArrayItem(json_array(whole, "info"), 0);
        for (int field = 0; strstr(topic, "warning") != NULL && field < cJSON_GetArraySize(one); field++)
                for (int which = 0; which < HOSTILE_VALUES; which++) {
                        cJSON *body = cJSON_Duplicate(whole, true), *info = cJSON_GetArrayItem(json_array(body, "info"), 0);
                        cJSON_ReplaceItemInArray(info, field, hostile_value(which));
                        cJSON_GetArrayItem(info, field)->string = strdup(cJSON_GetArrayItem(one, field)->string);
                        decide_undone(town, member, topic, body);
                        cJSON_Delete(body);
                }
        cJSON_Delete(whole);
        free(text);
}

static void test_every_verb(void **state) {
        Town *town = *state;
        char topic[TOPIC_MAX + 1], warning[UUID_LENGTH + 1], nothing[UUID_LENGTH + 1];
        strcpy(warning, warn(town, "fraud", "Severe"));
        uuid_make(town->now, "nothing", 1, 0, nothing);
        const Task *e1 = task_of(town, "e1"), *joint;
        assert_ok(act(town, "e1", e1->id, "escalate", "{'reason':'a'}"));
        warn(town, "joint", "Minor");
        joint = task_of(town, "town");
        const cJSON *report = say(town, member_of("e1", NULL), "tier3/e1/report", "{'kind':'hazard'}");
        assert_ok(report);
        char reported[UUID_LENGTH + 1];
        snprintf(reported, sizeof reported, "%s", json_string(json_object(report, "created"), "report"));
        const char *const targets[] = {e1->id, e1->escalation, joint->id, reported, warning, nothing};
        for (int verb = VERB_ISSUE; verb < VERB_COUNT; verb++)
                for (size_t target = 0; target < sizeof targets / sizeof targets[0]; target++) {
                        const char *unit = target < 2 || target == 3 ? (verb % 2 == 0 ? "e1" : "east") : "town";
                        snprintf(topic, sizeof topic, "tier%d/%s/action/%s/%s", unit[0] == 't' ? 1 : unit[1] == '1' ? 3 : 2, unit, targets[target],
                                 verb_name((Verb)verb));
                        attack(town, member_of(unit, NULL), topic);
                }
        database_assert_matches(&town->database, town->engine);
}

static void test_every_kind(void **state) {
        Town *town = *state;
        static const char *const verbs[] = {"organisation-apply", "member-add", "member-import", "member-revoke", "member-enrol", "seat-start",
                                            "seat-end", "playbook-apply", "catalogue-apply", "figures-import", "quarantine-retry", "clock-confirm", "nonsense"};
        char topic[TOPIC_MAX + 1];
        warn(town, "fraud", "Severe");
        attack(town, member_of("town", "commander"), "tier1/town/warning");
        attack(town, member_of("e1", NULL), "tier3/e1/report");
        attack(town, member_of("e1", "device"), "device/panic-1/event");
        attack(town, member_of("e1", "device"), "device/panic-1/heartbeat");
        snprintf(topic, sizeof topic, "member/%s/request", member_of("e1", NULL));
        attack(town, member_of("e1", NULL), topic);
        for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++) {
                snprintf(topic, sizeof topic, "admin/%s", verbs[i]);
                attack(town, town->admin, topic);
        }
        assert_true(n_accepted > 2000);
        database_assert_matches(&town->database, town->engine);
        town_assert_documents(town);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_every_verb, town_setup, town_teardown),
                cmocka_unit_test_setup_teardown(test_every_kind, town_setup, town_teardown),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
