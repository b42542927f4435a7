/*
 * The four playbooks of deploy/playbooks run in the town of deploy/organisations/jiezhou.json, from the first message to the end of
 * the case, through the engine's own door.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../field/fixture.h"
#include "engine/state/state.h"

/* Who plays whom: the fixture's people in other seats. */
#define HEAD E1_HEAD
#define WORKER E1_WORKER
#define GUANDI EAST_OFFICER
#define CHEPAN WEST_OFFICER
#define CHIEF COMMANDER
#define JUSTICE E2_WORKER
#define COURT W1_WORKER
#define MEDIC E1_VOLUNTEER

static char *read_text(const char *path) {
        char name[512];
        snprintf(name, sizeof name, "%s/%s", TEST_SOURCE_ROOT, path);
        FILE *file = fopen(name, "rb");
        assert_non_null(file);
        char *text = calloc(1, 70000);
        assert_true(fread(text, 1, 69999, file) > 0);
        fclose(file);
        return text;
}

static void hire(Fixture *fixture, Who who, const char *unit, const char *role, const char *device) {
        static unsigned counter;
        char more[64] = "";
        if (device)
                snprintf(more, sizeof more, ",\"device\":\"%s\"", device);
        const cJSON *receipt = say_ok(fixture, ADMIN, "admin/member-add", "{\"unit\":\"%s\",\"role\":\"%s\",\"secret_hash\":\"%064u\"%s}", unit, role,
                                      ++counter + 900, more);
        strcpy(fixture->members[who], created(receipt, "member"));
}

/* The fixture's own town makes room for Jiezhou, its playbooks for the real ones: these get priority 60. */
static int setup(void **state) {
        static const char *const names[] = {"telecom-fraud", "nine-small-premises", "dispute", "panic-button"};
        assert_int_equal(fixture_setup(state), 0);
        Fixture *fixture = *state;
        char *text = read_text("deploy/organisations/jiezhou.json");
        cJSON *file = cJSON_Parse(text);
        free(text);
        cJSON_SetNumberValue(cJSON_GetObjectItem(file, "version"), 9);
        text = cJSON_PrintUnformatted(file);
        say_ok(fixture, ADMIN, "admin/organisation-apply", "{\"organisation\":%s}", text);
        free(text);
        cJSON_Delete(file);
        for (size_t i = 0; i < 4; i++) {
                char path[64];
                snprintf(path, sizeof path, "deploy/playbooks/%s.json", names[i]);
                text = read_text(path);
                char *priority = strstr(text, "\"priority\": 50");
                if (priority)
                        memcpy(priority, "\"priority\": 60", 14);
                say_ok(fixture, ADMIN, "admin/playbook-apply", "{\"playbook\":%s}", text);
                free(text);
        }
        hire(fixture, CHIEF, "jiezhou", "commander", NULL);
        hire(fixture, GUANDI, "room-guandi", "officer", NULL);
        hire(fixture, CHEPAN, "room-chepan", "officer", NULL);
        hire(fixture, HEAD, "village-02", "grid_head", NULL);
        hire(fixture, WORKER, "village-02", "grid_worker", NULL);
        hire(fixture, JUSTICE, "justice", "partner", NULL);
        hire(fixture, COURT, "court", "partner", NULL);
        hire(fixture, MEDIC, "clinic", "partner", NULL);
        hire(fixture, PANIC, "zhongao", "device", "panic-01");
        return 0;
}

/* The open task of a unit that has one; NULL when none is open. */
static const Task *open_task(Fixture *fixture, const char *unit) {
        Task *const *tasks;
        size_t n = state_tasks_of_unit(engine_state(fixture->engine), unit, &tasks);
        for (size_t i = n; i > 0; i--)
                if (!task_state_is_terminal(tasks[i - 1]->state))
                        return tasks[i - 1];
        return NULL;
}

static const Task *expect_task(Fixture *fixture, const char *unit, const char *step) {
        const Task *task = open_task(fixture, unit);
        if (!task)
                fail_msg("%s has no open task", unit);
        assert_string_equal(task->step, step);
        return task;
}

static void act(Fixture *fixture, Who who, int tier, const char *unit, const Task *task, const char *verb, const char *body) {
        char topic[TOPIC_MAX];
        snprintf(topic, sizeof topic, "tier%d/%s/action/%s/%s", tier, unit, task->id, verb);
        say_ok(fixture, who, topic, "%s", body);
}

/* Accept and complete the open task of that step. */
static void work(Fixture *fixture, Who who, int tier, const char *unit, const char *step, const char *result) {
        const Task *task = expect_task(fixture, unit, step);
        char body[256];
        snprintf(body, sizeof body, "{\"result\":%s}", result);
        act(fixture, who, tier, unit, task, "accept", "{}");
        act(fixture, who, tier, unit, task, "complete", body);
}

static void expect_outcome(Fixture *fixture, const char *case_id, const char *outcome) {
        const WorkCase *work_case = state_case(engine_state(fixture->engine), case_id);
        assert_non_null(work_case);
        assert_string_equal(work_case->outcome, outcome);
}

static void report_dispute(Fixture *fixture, char case_id[static UUID_LENGTH + 1]) {
        say_ok(fixture, HEAD, "tier3/village-02/report", "{\"kind\":\"dispute\",\"severity\":\"Moderate\"}");
        strcpy(case_id, expect_task(fixture, "village-02", "sort")->case_id);
}

/* ---- a dispute ---- */

static void test_dispute_settled(void **state) {
        Fixture *fixture = *state;
        char case_id[UUID_LENGTH + 1];
        report_dispute(fixture, case_id);
        work(fixture, HEAD, 3, "village-02", "sort", "{\"kind\":\"land\",\"level\":\"simple\",\"force\":\"people\"}");
        work(fixture, JUSTICE, 1, "justice", "mediate", "{\"result\":\"agreed\"}");
        const Task *call = expect_task(fixture, "village-02", "call");
        assert_int_equal(call->not_before, fixture->now + 30 * DAY);
        assert_true(call->finish_by > fixture->now + 30 * DAY); /* its clocks count from then */
        expect_outcome(fixture, case_id, "");
        pass(fixture, 31 * DAY);
        work(fixture, WORKER, 3, "village-02", "call", "{\"outcome\":\"holds\"}");
        expect_outcome(fixture, case_id, "settled");
}

/* Refused, then not ours, then the third force fails: joint mediation, which all must agree to. */
static void test_dispute_joint(void **state) {
        Fixture *fixture = *state;
        char case_id[UUID_LENGTH + 1];
        report_dispute(fixture, case_id);
        work(fixture, HEAD, 3, "village-02", "sort", "{\"kind\":\"labour\",\"level\":\"complex\",\"force\":\"administrative\"}");
        work(fixture, GUANDI, 2, "room-guandi", "mediate", "{\"result\":\"refused\"}");
        act(fixture, JUSTICE, 1, "justice", expect_task(fixture, "justice", "mediate"), "decline", "{\"reason\":\"not-ours\"}");
        work(fixture, COURT, 1, "court", "mediate", "{\"result\":\"not_ours\"}");
        const Task *joint = expect_task(fixture, "jiezhou", "joint");
        assert_ptr_equal(open_task(fixture, "court"), joint); /* works along */
        char topic[TOPIC_MAX];
        act(fixture, CHIEF, 1, "jiezhou", joint, "accept", "{}");
        snprintf(topic, sizeof topic, "tier1/jiezhou/action/%s/complete", joint->id);
        say_refused(fixture, CODE_STATE, CHIEF, topic, "{\"result\":{\"result\":\"agreed\"}}"); /* not without the others */
        act(fixture, JUSTICE, 1, "justice", joint, "complete", "{}");
        act(fixture, GUANDI, 2, "room-guandi", joint, "complete", "{}");
        act(fixture, COURT, 1, "court", joint, "complete", "{}");
        act(fixture, CHIEF, 1, "jiezhou", joint, "complete", "{\"result\":{\"result\":\"agreed\"}}");
        pass(fixture, 31 * DAY);
        work(fixture, HEAD, 3, "village-02", "call", "{\"outcome\":\"broken\"}");
        joint = expect_task(fixture, "jiezhou", "joint"); /* once more */
        act(fixture, COURT, 1, "court", joint, "decline", "{\"reason\":\"no-ground\"}");
        expect_outcome(fixture, case_id, "litigation");
}

/* ---- nine small premises ---- */

static void start_round(Fixture *fixture) {
        const cJSON *receipt = say_ok(fixture, GUANDI, "tier2/room-guandi/report", "{\"kind\":\"hazard\"}");
        char topic[TOPIC_MAX];
        snprintf(topic, sizeof topic, "tier2/room-guandi/action/%s/dispatch", created(receipt, "report"));
        say_ok(fixture, GUANDI, topic, "{\"playbook\":\"nine-small-premises\"}");
}

static void test_premises(void **state) {
        Fixture *fixture = *state;
        start_round(fixture); /* the premises below the room: in the community and in village-02 */
        const Task *check = expect_task(fixture, "village-02", "check");
        assert_string_equal(check->place, "premises-02");
        assert_string_equal(expect_task(fixture, "community", "check")->place, "premises-01");
        char case_id[UUID_LENGTH + 1];
        strcpy(case_id, check->case_id);
        work(fixture, WORKER, 3, "village-02", "check", "{\"hazards\":3,\"notice\":\"written\"}");
        const char *const left[] = {"{\"left\":3}", "{\"left\":2}", "{\"left\":1}"};
        for (size_t i = 0; i < 3; i++) {
                act(fixture, WORKER, 3, "village-02", expect_task(fixture, "village-02", "rectify"), "accept", "{}");
                act(fixture, WORKER, 3, "village-02", expect_task(fixture, "village-02", "rectify"), "complete", "{}");
                char topic[TOPIC_MAX];
                snprintf(topic, sizeof topic, "tier3/village-02/action/%s/complete", expect_task(fixture, "village-02", "recheck")->id);
                say_refused(fixture, CODE_FORM, WORKER, topic, "{\"result\":{\"left\":4}}"); /* more than were found */
                work(fixture, WORKER, 3, "village-02", "recheck", left[i]);
        }
        expect_outcome(fixture, case_id, "handed_over");
        assert_non_null(open_task(fixture, "jiezhou")); /* command is told */
        assert_string_equal(open_task(fixture, "jiezhou")->case_id, case_id);
}

static void test_premises_clean(void **state) {
        Fixture *fixture = *state;
        start_round(fixture);
        char case_id[UUID_LENGTH + 1];
        strcpy(case_id, expect_task(fixture, "village-02", "check")->case_id);
        work(fixture, WORKER, 3, "village-02", "check", "{\"hazards\":0,\"notice\":\"none\"}");
        expect_outcome(fixture, case_id, "clean");
        assert_null(open_task(fixture, "village-02"));
}

/* ---- a panic button ---- */

static void test_panic(void **state) {
        Fixture *fixture = *state;
        /* zhongao is below room-4, whose officer is not there: its links lead to room-4, then to room-guandi, where one is */
        say_ok(fixture, PANIC, "device/panic-01/event", "{\"event\":\"panic\"}");
        const Task *task = expect_task(fixture, "room-guandi", "respond");
        assert_null(open_task(fixture, "room-4"));
        assert_int_equal(task->accept_by, fixture->now + MINUTE);
        assert_int_equal(task->finish_by, fixture->now + 5 * MINUTE);
        char id[UUID_LENGTH + 1], case_id[UUID_LENGTH + 1];
        strcpy(id, task->id);
        strcpy(case_id, task->case_id);
        assert_true(count_topics(fixture, "tier1/clinic/task/") == 1); /* the ambulance is informed */
        say_ok(fixture, PANIC, "device/panic-01/event", "{\"event\":\"panic\"}");
        assert_int_equal(state_task(engine_state(fixture->engine), id)->raised, 1); /* the same alarm: counted, no second task */
        pass(fixture, MINUTE); /* nobody accepts: the next responder is asked, and a minute later command */
        Escalation *const *escalations;
        assert_int_equal(state_escalations_of_task(engine_state(fixture->engine), id, &escalations), 1);
        assert_string_equal(escalations[0]->to, "room-chepan");
        pass(fixture, MINUTE);
        assert_int_equal(state_escalations_of_task(engine_state(fixture->engine), id, &escalations), 2);
        assert_string_equal(escalations[1]->to, "jiezhou");
        work(fixture, GUANDI, 2, "room-guandi", "respond", "{\"outcome\":\"real\"}");
        task = expect_task(fixture, "room-guandi", "handle");
        act(fixture, GUANDI, 2, "room-guandi", task, "accept", "{}");
        act(fixture, GUANDI, 2, "room-guandi", task, "complete", "{\"result\":{\"outcome\":\"settled\"}}");
        expect_outcome(fixture, case_id, ""); /* command verifies */
        act(fixture, CHIEF, 1, "jiezhou", task, "verify", "{}");
        expect_outcome(fixture, case_id, "handled");
}

static void test_panic_false(void **state) {
        Fixture *fixture = *state;
        say_ok(fixture, PANIC, "device/panic-01/event", "{\"event\":\"panic\"}");
        char case_id[UUID_LENGTH + 1];
        strcpy(case_id, expect_task(fixture, "room-guandi", "respond")->case_id);
        work(fixture, GUANDI, 2, "room-guandi", "respond", "{\"outcome\":\"false\"}");
        expect_outcome(fixture, case_id, "false_alarm");
        say_ok(fixture, PANIC, "device/panic-01/event", "{\"event\":\"panic\"}"); /* a new alarm is new work */
        expect_task(fixture, "room-guandi", "respond");
}

/* ---- a warning ---- */

static void test_fraud(void **state) {
        Fixture *fixture = *state;
        post(fixture, CHIEF, "tier1/jiezhou/warning", &(Post){.identifier = "w-1", .event_code = "telecom-fraud", .severity = "Extreme"});
        assert_int_equal(count_topics(fixture, "/task/all/"), 27);
        const Task *task = expect_task(fixture, "village-02", "tell");
        assert_int_equal(task->accept_by, fixture->now + 15 * MINUTE);
        char case_id[UUID_LENGTH + 1];
        strcpy(case_id, task->case_id);
        pass(fixture, 15 * MINUTE); /* silence goes to the police room, and there, after half an hour more, to command */
        Escalation *const *escalations;
        assert_int_equal(state_escalations_of_task(engine_state(fixture->engine), task->id, &escalations), 1);
        assert_string_equal(escalations[0]->to, "room-guandi");
        pass(fixture, 31 * MINUTE);
        assert_int_equal(state_escalations_of_task(engine_state(fixture->engine), task->id, &escalations), 2);
        char topic[TOPIC_MAX];
        snprintf(topic, sizeof topic, "tier3/village-02/action/%s/complete", task->id);
        act(fixture, WORKER, 3, "village-02", task, "accept", "{}");
        say_refused(fixture, CODE_FORM, WORKER, topic, "{\"result\":{\"households\":10,\"dissuaded\":11}}");
        act(fixture, WORKER, 3, "village-02", task, "complete", "{\"result\":{\"households\":120,\"dissuaded\":3}}");
        act(fixture, GUANDI, 2, "room-guandi", task, "verify", "{}");
        expect_outcome(fixture, case_id, "done");
}

/* ---- the end of the loaded calendar ---- */

static const char *beyond_of(const cJSON *task, int at) {
        const cJSON *name = cJSON_GetArrayItem(json_array(task, "beyond"), at);
        return name ? name->valuestring : "";
}

/* Jiezhou's calendar ends with 2026: limits past it are told to whoever caused them, and stand on the task. */
static void test_beyond(void **state) {
        Fixture *fixture = *state;
        char topic[TOPIC_MAX];
        pass(fixture, 36 * DAY); /* 2026-12-27 */
        const cJSON *receipt = say_ok(fixture, HEAD, "tier3/village-02/report", "{\"kind\":\"dispute\"}");
        assert_false(json_has(json_object(receipt, "created"), "beyond"));
        const Task *sort = expect_task(fixture, "village-02", "sort");
        assert_false(json_has(task_at(fixture, 3, "village-02"), "beyond"));
        act(fixture, HEAD, 3, "village-02", sort, "accept", "{}");
        snprintf(topic, sizeof topic, "tier3/village-02/action/%s/complete", sort->id);
        receipt = say_ok(fixture, HEAD, topic, "{\"result\":{\"kind\":\"land\",\"level\":\"simple\",\"force\":\"people\"}}");
        assert_int_equal(json_int(json_object(receipt, "created"), "beyond", 0), 1);
        assert_string_equal(beyond_of(task_at(fixture, 1, "justice"), 0), "finish"); /* seven working days; accepting ends in 2026 */
        assert_int_equal(cJSON_GetArraySize(json_array(task_at(fixture, 1, "justice"), "beyond")), 1);
}

/* The clock that begins with a completion, too. */
static void test_beyond_verify(void **state) {
        Fixture *fixture = *state;
        pass(fixture, 39 * DAY + 15 * HOUR); /* 2026-12-31 09:00, a Thursday */
        post(fixture, CHIEF, "tier1/jiezhou/warning", &(Post){.identifier = "w-1", .event_code = "telecom-fraud", .severity = "Extreme"});
        const Task *task = expect_task(fixture, "village-02", "tell");
        assert_false(json_has(task_at(fixture, 3, "village-02"), "beyond"));
        work(fixture, WORKER, 3, "village-02", "tell", "{\"households\":12,\"dissuaded\":0}");
        assert_string_equal(beyond_of(task_at(fixture, 3, "village-02"), 0), "verify");
        assert_int_equal(json_int(json_object(fixture->receipt, "created"), "beyond", 0), 1);
        act(fixture, GUANDI, 2, "room-guandi", task, "return", "{\"reason\":\"brief\"}");
        assert_false(json_has(task_at(fixture, 3, "village-02"), "beyond")); /* that clock runs no longer */
}

#define MECHANISM(name) cmocka_unit_test_setup_teardown(name, setup, fixture_teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                MECHANISM(test_dispute_settled), MECHANISM(test_dispute_joint), MECHANISM(test_premises), MECHANISM(test_premises_clean),
                MECHANISM(test_panic), MECHANISM(test_panic_false), MECHANISM(test_fraud), MECHANISM(test_beyond), MECHANISM(test_beyond_verify),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
