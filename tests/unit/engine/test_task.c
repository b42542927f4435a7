/*
 * The transition table of tasks, verb by verb (I8): who may, what follows, what is refused and how.
 */
#include "town.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const Task *task(const Town *town, const char *id) {
        const Task *found = state_task(engine_state(town->engine), id);
        assert_non_null(found);
        return found;
}

static void assert_state(const Town *town, const char *id, TaskState state) {
        if (task(town, id)->state != state)
                fail_msg("expected %s, not %s", task_state_name(state), task_state_name(task(town, id)->state));
}

/* What the table in task.c says, written down again by hand: verbs of the lead unit, the origin (town) and the room above (east). */
static const struct { const char *unit, *verb; const char *outcomes; } MATRIX[] = {
        /* outcome by state: issued accepted in_progress completed suspended closed cancelled; + ok, l late, s state, c closed, f forbidden */
        {"e1", "accept", "+sssscc"},     {"e1", "assign", "+++sscc"},    {"e1", "start", "++ssscc"},     {"e1", "progress", "+++sscc"},
        {"e1", "complete", "+++sscl"},   {"e1", "verify", "fffffff"},    {"e1", "return", "fffffff"},    {"e1", "decline", "+++sscc"},
        {"e1", "escalate", "+++s+cc"},   {"e1", "resolve", "fffffff"},   {"e1", "transfer", "+++sscc"},  {"e1", "extend", "+++sscc"},
        {"e1", "suspend", "+++sscc"},    {"e1", "grant", "fffffff"},     {"e1", "refuse", "fffffff"},    {"e1", "resume", "ssss+cc"},
        {"e1", "cancel", "fffffff"},     {"e1", "reopen", "fffffff"},    {"e1", "remind", "fffffff"},    {"e1", "supervise", "fffffff"},
        {"e1", "seen", "+++++++"},       {"e1", "comment", "+++++++"},   {"e1", "dispatch", "fffffff"},  {"e1", "ack", "fffffff"},
        {"town", "accept", "fffffff"},   {"town", "assign", "+++sscc"},  {"town", "start", "fffffff"},   {"town", "progress", "fffffff"},
        {"town", "complete", "fffffff"}, {"town", "verify", "sss+scc"},  {"town", "return", "sss+scc"},  {"town", "decline", "fffffff"},
        {"town", "escalate", "fffffff"}, {"town", "transfer", "+++sscc"}, {"town", "extend", "+++sscc"}, {"town", "suspend", "+++sscc"},
        {"town", "grant", "ssssscc"},    {"town", "refuse", "ssssscc"},  {"town", "resume", "ssss+cc"},  {"town", "cancel", "+++++cc"},
        {"town", "reopen", "sssss++"},   {"town", "remind", "+++++cc"},  {"town", "supervise", "+++++cc"},
        {"east", "verify", "sss+scc"},   {"east", "cancel", "fffffff"},  {"east", "grant", "ssssscc"},   {"east", "complete", "fffffff"},
        {"w1", "accept", "fffffff"},     {"w1", "complete", "fffffff"},  {"w1", "verify", "fffffff"},    {"w1", "cancel", "fffffff"},
        {"w1", "seen", "fffffff"},       {"w1", "comment", "fffffff"},   {"w1", "escalate", "fffffff"},  {"w1", "reopen", "fffffff"},
};

/* A task by hand at e1, brought into the state. */
static const char *task_in(Town *town, TaskState state) {
        const char *id = hand(town, "town", "e1", "");
        switch (state) {
        case TASK_STATE_ISSUED:
                break;
        case TASK_STATE_ACCEPTED:
                assert_ok(act(town, "e1", id, "accept", "{}"));
                break;
        case TASK_STATE_IN_PROGRESS:
                assert_ok(act(town, "e1", id, "start", "{}"));
                break;
        case TASK_STATE_COMPLETED:
                assert_ok(act(town, "e1", id, "complete", "{}"));
                break;
        case TASK_STATE_SUSPENDED:
                assert_ok(act(town, "town", id, "suspend", "{'until':'%s'}", iso(town->now + DAY)));
                break;
        case TASK_STATE_CLOSED:
                assert_ok(act(town, "e1", id, "complete", "{}"));
                assert_ok(act(town, "town", id, "verify", "{}"));
                break;
        case TASK_STATE_CANCELLED:
                assert_ok(act(town, "town", id, "cancel", "{}"));
                break;
        case TASK_STATE_EXPIRED:
                break;
        }
        assert_state(town, id, state);
        return id;
}

static char outcome_of(const cJSON *receipt) {
        const char *code = json_string(receipt, "code");
        if (strcmp(json_string(receipt, "outcome"), "accepted") == 0)
                return code == NULL ? '+' : 'l';
        if (strcmp(code, "state") == 0)
                return 's';
        if (strcmp(code, "closed") == 0)
                return 'c';
        return strcmp(code, "forbidden") == 0 ? 'f' : '?';
}

static void test_matrix(void **state) {
        static const TaskState states[] = {TASK_STATE_ISSUED, TASK_STATE_ACCEPTED, TASK_STATE_IN_PROGRESS, TASK_STATE_COMPLETED,
                                           TASK_STATE_SUSPENDED, TASK_STATE_CLOSED, TASK_STATE_CANCELLED};
        Town *town = *state;
        for (size_t i = 0; i < sizeof MATRIX / sizeof MATRIX[0]; i++)
                for (size_t s = 0; s < 7; s++) {
                        const char *id = task_in(town, states[s]);
                        const TaskState before = task(town, id)->state;
                        char found = outcome_of(act(town, MATRIX[i].unit, id, MATRIX[i].verb,
                                                    "{'reason':'wrong','to':'e2','until':'%s','assignee':'%s','note':'x'}",
                                                    iso(town->now + DAY), member_of("e1", NULL)));
                        if (found != MATRIX[i].outcomes[s])
                                fail_msg("%s %s in %s: expected %c, not %c (%s)", MATRIX[i].unit, MATRIX[i].verb, task_state_name(states[s]),
                                         MATRIX[i].outcomes[s], found, json_string(town->receipt, "detail"));
                        if (found != '+')
                                assert_int_equal(task(town, id)->state, before);
                        act(town, "town", id, "cancel", "{}"); /* room for the next ones */
                }
}

static void test_road(void **state) {
        Town *town = *state;
        warn(town, "fraud", "Severe");
        const Task *e1 = task_of(town, "e1");
        assert_int_equal(e1->accept_by, town->now + 2 * HOUR);
        assert_int_equal(e1->finish_by, town->now + 8 * HOUR);
        assert_string_equal(e1->verifier, "east");
        assert_ok(act(town, "e1", e1->id, "accept", "{'revision':1}"));
        assert_int_equal(e1->state_revision, 2);
        assert_code(act(town, "e1", e1->id, "start", "{'revision':1}"), "stale");
        assert_ok(act(town, "e1", e1->id, "start", "{'revision':2}"));
        assert_ok(act(town, "e1", e1->id, "comment", "{'note':'在路上'}"));
        assert_ok(act(town, "e1", e1->id, "progress", "{'result':{'households':10}}"));
        assert_int_equal(e1->state_revision, 3); /* comments and progress do not move it */
        assert_code(act(town, "e1", e1->id, "complete", "{'result':{'households':10,'dissuaded':11}}"), "form");
        assert_ok(act(town, "e1", e1->id, "complete", "{'revision':3,'result':{'households':10,'dissuaded':2}}"));
        assert_int_equal(e1->state, TASK_STATE_COMPLETED);
        assert_int_equal(e1->verify_by, town->now + 4 * HOUR);
        assert_code(act(town, "e1", e1->id, "verify", "{}"), "forbidden");
        assert_ok(act(town, "east", e1->id, "return", "{'reason':'brief'}"));
        assert_int_equal(e1->state, TASK_STATE_IN_PROGRESS);
        assert_int_equal(e1->returns, 1);
        assert_ok(act(town, "e1", e1->id, "complete", "{'result':{'households':12,'dissuaded':2}}"));
        assert_ok(act(town, "east", e1->id, "verify", "{}"));
        assert_string_equal(e1->outcome, "done");
        const WorkCase *work_case = state_case(engine_state(town->engine), e1->case_id);
        assert_string_equal(work_case->outcome, "done");
        assert_int_equal(json_int(json_object(work_case->results, "tell"), "households", 0), 12);
        town_assert_documents(town);
}

static void test_late(void **state) {
        Town *town = *state;
        warn(town, "fraud", "Severe");
        char id[UUID_LENGTH + 1];
        strcpy(id, task_of(town, "e1")->id);
        assert_ok(act(town, "town", id, "cancel", "{}"));
        const int64_t state_revision = task(town, id)->state_revision;
        const cJSON *receipt = act(town, "e1", id, "complete", "{'revision':1,'result':{'households':5,'dissuaded':0}}");
        assert_ok(receipt);
        assert_string_equal(json_string(receipt, "code"), "late");
        assert_true(json_bool(receipt, "late", false));
        assert_state(town, id, TASK_STATE_CANCELLED);
        assert_int_equal(task(town, id)->late, 1);
        assert_int_equal(task(town, id)->state_revision, state_revision);
        assert_int_equal(json_int(json_object(json_object(task(town, id)->body, "late"), "result"), "households", 0), 5);
        /* long after its document has gone, the row is looked up and the answer is the same */
        pass(town, 8 * DAY);
        assert_null(state_task(engine_state(town->engine), id));
        Command command;
        EngineNeed needs[ENGINE_NEEDS_MAX];
        char topic[128];
        snprintf(topic, sizeof topic, "tier3/e1/action/%s/complete", id);
        command_make(town, member_of("e1", NULL), topic, "{'result':{'households':6,'dissuaded':0}}", &command);
        town_begin(town);
        size_t n = engine_needs(town->engine, &command, needs);
        assert_true(n >= 2);
        assert_int_equal(needs[0].table, TABLE_OUTCOME);
        assert_int_equal(needs[1].table, TABLE_TASK);
        assert_int_equal(engine_needs(town->engine, &command, needs), 0); /* nothing is asked twice */
        engine_batch_rollback(town->engine);
        command_deinit(&command);
        act(town, "e1", id, "complete", "{'result':{'households':6,'dissuaded':0}}");
        assert_string_equal(json_string(town->receipt, "code"), "late");
        assert_null(state_task(engine_state(town->engine), id)); /* the visitor has left */
        const cJSON *reopened = act(town, "town", id, "reopen", "{}");
        assert_ok(reopened);
        const Task *next = task(town, json_string(json_object(reopened, "created"), "task"));
        assert_string_equal(next->follows, id);
        assert_non_null(state_case(engine_state(town->engine), next->case_id)); /* its case has come back */
        assert_ok(act(town, "e1", next->id, "complete", "{'result':{'households':7,'dissuaded':0}}"));
        town_assert_documents(town);
}

static void test_quorum_of_all(void **state) {
        Town *town = *state;
        warn(town, "chain", "Minor");
        const Task *e2 = task_of(town, "e2");
        assert_ok(act(town, "e2", e2->id, "accept", "{}"));
        assert_int_equal(e2->state, TASK_STATE_ISSUED);
        assert_code(act(town, "e2", e2->id, "accept", "{}"), "state"); /* the same member again */
        char topic[128];
        snprintf(topic, sizeof topic, "tier3/e2/action/%s/accept", e2->id);
        assert_ok(say(town, member_of("e2", "grid_worker"), topic, "{}"));
        assert_int_equal(e2->state, TASK_STATE_ACCEPTED);
}

static void test_chain(void **state) {
        Town *town = *state;
        warn(town, "chain", "Minor");
        const Task *look = task_of(town, "e2");
        char case_id[UUID_LENGTH + 1];
        strcpy(case_id, look->case_id);
        assert_code(act(town, "e2", look->id, "complete", "{'result':{'found':2},'checklist':['doors']}"), "form");
        assert_ok(act(town, "e2", look->id, "complete", "{'result':{'found':2},'checklist':['doors','lights']}"));
        assert_int_equal(look->state, TASK_STATE_CLOSED); /* nobody verifies this step */
        const Task *mend = task_of(town, "east");
        assert_string_equal(mend->step, "mend");
        assert_string_equal(mend->case_id, case_id);
        assert_code(act(town, "east", mend->id, "complete", "{'result':{'left':3}}"), "form"); /* bound of the earlier step */
        assert_ok(act(town, "east", mend->id, "complete", "{'result':{'left':1}}"));
        const Task *again = task_of(town, "town"); /* `parent` of the unit that did the step */
        assert_string_equal(again->step, "mend");
        assert_int_equal(again->state, TASK_STATE_ISSUED);
        const WorkCase *work_case = state_case(engine_state(town->engine), case_id);
        assert_int_equal(json_int(work_case->visits, "mend", 0), 2);
}

static void test_extension(void **state) {
        Town *town = *state;
        warn(town, "fraud", "Severe");
        const Task *e1 = task_of(town, "e1");
        const int64_t until = town->now + 30 * HOUR;
        assert_ok(act(town, "e1", e1->id, "accept", "{}"));
        assert_ok(act(town, "e1", e1->id, "extend", "{'until':'%s','reason':'rain'}", iso(until)));
        assert_int_equal(e1->finish_by, e1->base_at + 8 * HOUR); /* asked, not given */
        assert_code(act(town, "e1", e1->id, "grant", "{}"), "forbidden");
        assert_ok(act(town, "east", e1->id, "grant", "{}"));
        assert_int_equal(e1->finish_by, until);
        assert_code(act(town, "east", e1->id, "grant", "{}"), "state"); /* nothing is asked any more */
        pass_until(town, until);
        assert_int_equal(e1->card, CARD_YELLOW);
        pass(town, 1);
        assert_string_equal(escalation_of(town, e1)->cause, "finish");
        pass(town, 2 * DAY); /* red comes a working day after a clock of more than a day */
        assert_int_equal(e1->card, CARD_RED);
}

static void test_transfer(void **state) {
        Town *town = *state;
        warn(town, "fraud", "Severe");
        const Task *e1 = task_of(town, "e1");
        char id[UUID_LENGTH + 1], topic[128];
        strcpy(id, e1->id);
        const int64_t finish_by = e1->finish_by;
        assert_code(act(town, "e1", id, "transfer", "{'to':'nowhere'}"), "unknown_unit");
        assert_ok(act(town, "e1", id, "transfer", "{'to':'w1'}"));
        assert_string_equal(e1->unit, "e1"); /* the sender answers until it is accepted */
        snprintf(topic, sizeof topic, "tier3/w1/task/all/%s", id);
        assert_non_null(json_string(town->retained, topic));
        assert_code(act(town, "w2", id, "accept", "{}"), "forbidden");
        assert_ok(act(town, "w1", id, "accept", "{}"));
        assert_string_equal(e1->unit, "w1");
        assert_string_equal(e1->verifier, "west");
        assert_int_equal(e1->finish_by, finish_by);
        snprintf(topic, sizeof topic, "tier3/e1/task/all/%s", id);
        assert_null(json_string(town->retained, topic)); /* cleared where it was */
        const cJSON *late = act(town, "e1", id, "complete", "{'result':{'households':1,'dissuaded':0}}");
        assert_string_equal(json_string(late, "code"), "late");
        assert_int_equal(e1->state, TASK_STATE_ACCEPTED);
        for (int hop = 1; hop < 4; hop++) {
                const char *from = hop % 2 == 1 ? "w1" : "w2", *to = hop % 2 == 1 ? "w2" : "w1";
                assert_ok(act(town, from, id, "transfer", "{'to':'%s'}", to));
                assert_ok(act(town, to, id, "accept", "{}"));
        }
        assert_int_equal(e1->hops, 4);
        assert_code(act(town, "w2", id, "transfer", "{'to':'w1'}"), "limit");
        assert_ok(act(town, "west", id, "transfer", "{'to':'w1'}")); /* the parent decides */
        town_assert_documents(town);
}

static void test_decline_and_reopen(void **state) {
        Town *town = *state;
        warn(town, "chain", "Minor");
        const Task *look = task_of(town, "w2");
        assert_code(act(town, "w2", look->id, "decline", "{}"), "reason");
        assert_ok(act(town, "w2", look->id, "decline", "{'reason':'not-ours'}"));
        assert_string_equal(look->outcome, "declined"); /* the playbook says what follows */
        assert_string_equal(task_of(town, "west")->step, "mend");
        const char *id = hand(town, "town", "e1", "");
        assert_ok(act(town, "e1", id, "decline", "{'reason':'not-ours'}"));
        assert_state(town, id, TASK_STATE_ISSUED); /* no playbook: it climbs */
        assert_string_equal(escalation_of(town, task(town, id))->to, "east");
        assert_string_equal(escalation_of(town, task(town, id))->cause, "decline");
        assert_ok(act(town, "town", id, "cancel", "{}"));
        assert_string_equal(task(town, id)->escalation, "");
        const cJSON *receipt = act(town, "town", id, "reopen", "{}");
        assert_ok(receipt);
        const Task *next = task(town, json_string(json_object(receipt, "created"), "task"));
        assert_string_equal(next->follows, id);
        assert_string_equal(next->case_id, task(town, id)->case_id);
        assert_int_equal(next->state, TASK_STATE_ISSUED);
        assert_string_equal(task_title_zh(next), "查看");
}

static void test_bound_of_retained(void **state) {
        Town *town = *state;
        char first[UUID_LENGTH + 1];
        for (int i = 0; i < 60; i++) {
                const char *id = hand(town, "town", "e1", "");
                if (i == 0)
                        strcpy(first, id);
        }
        char id[UUID_LENGTH + 1];
        uuid_make(town->now, "bound", 1, 0, id);
        assert_ok(act(town, "e1", first, "complete", "{}"));
        assert_ok(act(town, "town", first, "verify", "{}"));
        hand(town, "town", "e1", ""); /* the ended one has made room */
        assert_null(state_task(engine_state(town->engine), first));
        hand(town, "town", "e2", "");
        assert_code(act(town, "town", id, "issue", "{'title':'多','to':'e1'}"), "limit");
        warn(town, "fraud", "Severe"); /* what must be done is made, but not shown */
        assert_true(task_of(town, "e1")->unlisted);
        town_assert_documents(town);
}

static void test_foreign_and_unknown(void **state) {
        Town *town = *state;
        const char *id = hand(town, "town", "e1", "");
        char nothing[UUID_LENGTH + 1];
        uuid_make(town->now, "nothing", 1, 0, nothing);
        assert_code(act(town, "e1", nothing, "accept", "{}"), "unknown_target");
        assert_code(act(town, "e1", id, "assign", "{'assignee':'%s'}", member_of("w1", NULL)), "unknown_member");
        assert_code(act(town, "e1", id, "assign", "{}"), "missing");
        /* what was said is not said again: a name in the wrong place would stay in the outcome */
        assert_code(act(town, "e1", id, "assign", "{'assignee':'张三张三张三张三张三张三张三张三张三张三张三张三'}"), "unknown_member");
        assert_null(strstr(json_string(town->receipt, "detail"), "张三"));
        assert_code(act(town, "e1", id, "transfer", "{}"), "missing");
        assert_code(act(town, "e1", id, "extend", "{'until':5}"), "type");
        assert_code(act(town, "e1", id, "extend", "{'until':'2026-11-23T00:00:00'}"), "time");
        assert_code(act(town, "e1", id, "suspend", "{'until':'%s'}", iso(town->now - 1)), "time");
        assert_code(act(town, "e1", id, "complete", "{'result':[]}"), "type");
        assert_code(act(town, "e1", id, "complete", "{'result':{'who':'张三'}}"), "form");
        assert_code(act(town, "e1", id, "escalate", "{'reason':5}"), "type");
        assert_code(act(town, "e1", id, "comment", "{}"), "missing");
        assert_code(act(town, "e1", id, "issue", "{'title':'再'}"), "duplicate");
        assert_state(town, id, TASK_STATE_ISSUED);
        char topic[128];
        snprintf(topic, sizeof topic, "tier3/w1/action/%s/accept", id);
        assert_code(say(town, member_of("e1", NULL), topic, "{}"), "denied"); /* no seat there */
        snprintf(topic, sizeof topic, "tier2/e1/action/%s/accept", id);
        assert_code(say(town, member_of("e1", NULL), topic, "{}"), "denied"); /* not its tier */
}

/* A reason in words is a note: with one that is there too, masked, and never in the log or the documents (I12). */
static void test_reason_in_words(void **state) {
        Town *town = *state;
        const char *id = hand(town, "town", "e1", "");
        assert_ok(act(town, "e1", id, "escalate", "{'reason':'吵得太凶,找13800138000','note':'快来'}"));
        assert_true(json_bool(town->receipt, "masked", false));
        size_t cursor = 0;
        const Row *row = map_next(town->database.tables[TABLE_PRIVATE_TEXT], &cursor, NULL);
        const char *words = row_cell(TABLE_PRIVATE_TEXT, row, "words");
        assert_non_null(strstr(words, "吵得太凶"));
        assert_non_null(strstr(words, "；快来"));
        assert_null(strstr(words, "13800138000"));
        const Escalation *escalation = state_escalation(engine_state(town->engine), state_task(engine_state(town->engine), id)->escalation);
        assert_string_equal(escalation->reason, REASON_WORDS);
        assert_string_not_equal(escalation->note, "");
}

static void test_notes_are_private(void **state) {
        Town *town = *state;
        const char *id = hand(town, "town", "e1", "");
        const cJSON *receipt = act(town, "e1", id, "comment", "{'note':'找13800138000'}");
        assert_ok(receipt);
        assert_true(json_bool(receipt, "masked", false));
        assert_int_equal(database_count(&town->database, TABLE_PRIVATE_TEXT), 1);
        size_t cursor = 0;
        const Row *row = map_next(town->database.tables[TABLE_PRIVATE_TEXT], &cursor, NULL);
        assert_null(strstr(row_cell(TABLE_PRIVATE_TEXT, row, "words"), "13800138000"));
        assert_int_equal(strtoll(row_cell(TABLE_PRIVATE_TEXT, row, "erase_at"), NULL, 10), town->now + 90 * DAY);
        const char *facts = row_cell(TABLE_EVENT, town->database.events[town->database.n_events - 1], "facts");
        assert_null(strstr(facts, "找"));
        assert_non_null(strstr(facts, "commitment"));
}

/* A unit that is gone takes its last documents with it; one with open work stays. */
static void test_unit_leaves(void **state) {
        Town *town = *state;
        const char *open = hand(town, "town", "w2", "");
        char *without = quoted(TOWN_ORGANISATION), topic[128];
        char *unit = strstr(without, "{\"id\":\"w2\""), *end = strstr(unit, "}},") + 3;
        memmove(unit, end, strlen(end) + 1);
        memcpy(strstr(without, "\"version\":1"), "\"version\":2", 11);
        assert_code(say(town, town->admin, "admin/organisation-apply", "{'organisation':%s}", without), "orphans");
        assert_ok(act(town, "town", open, "cancel", "{}"));
        snprintf(topic, sizeof topic, "tier3/w2/task/all/%s", open);
        assert_non_null(json_string(town->retained, topic));
        assert_ok(say(town, town->admin, "admin/organisation-apply", "{'organisation':%s}", without));
        assert_null(json_string(town->retained, topic));
        town_assert_documents(town);
        free(without);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_road, town_setup, town_teardown),
                cmocka_unit_test_setup_teardown(test_matrix, town_setup, town_teardown),
                cmocka_unit_test_setup_teardown(test_late, town_setup, town_teardown),
                cmocka_unit_test_setup_teardown(test_quorum_of_all, town_setup, town_teardown),
                cmocka_unit_test_setup_teardown(test_chain, town_setup, town_teardown),
                cmocka_unit_test_setup_teardown(test_extension, town_setup, town_teardown),
                cmocka_unit_test_setup_teardown(test_transfer, town_setup, town_teardown),
                cmocka_unit_test_setup_teardown(test_decline_and_reopen, town_setup, town_teardown),
                cmocka_unit_test_setup_teardown(test_bound_of_retained, town_setup, town_teardown),
                cmocka_unit_test_setup_teardown(test_foreign_and_unknown, town_setup, town_teardown),
                cmocka_unit_test_setup_teardown(test_unit_leaves, town_setup, town_teardown),
                cmocka_unit_test_setup_teardown(test_reason_in_words, town_setup, town_teardown),
                cmocka_unit_test_setup_teardown(test_notes_are_private, town_setup, town_teardown),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
