/* Topics: each kind of DESIGN.md's table, and everything that is nearly one. */
#include "proto/topic.h"

#include <stdio.h>
#include <string.h>

#include "cmocka_headers.h"

#define ROOT "grid/v1/140802100/"
#define UUID "018f3b1c-7a2e-7c11-8d1e-0123456789ab"

typedef struct Expected {
        const char *text;
        TopicKind kind;
        uint8_t tier;
        const char *unit, *name, *target;
        Audience audience;
        Verb verb;
} Expected;

static const Expected topics[] = {
        {ROOT "tier1/command/warning", TOPIC_WARNING, 1, "command", "", "", AUDIENCE_NONE, VERB_NONE},
        {ROOT "tier3/village-01/report", TOPIC_REPORT, 3, "village-01", "", "", AUDIENCE_NONE, VERB_NONE},
        {ROOT "tier3/v1/action/" UUID "/accept", TOPIC_ACTION, 3, "v1", "", UUID, AUDIENCE_NONE, VERB_ACCEPT},
        {ROOT "device/button-7/heartbeat", TOPIC_DEVICE_HEARTBEAT, 0, "", "button-7", "", AUDIENCE_NONE, VERB_NONE},
        {ROOT "device/button-7/event", TOPIC_DEVICE_EVENT, 0, "", "button-7", "", AUDIENCE_NONE, VERB_NONE},
        {ROOT "member/140802100-ab3/query", TOPIC_QUERY, 0, "", "140802100-ab3", "", AUDIENCE_NONE, VERB_NONE},
        {ROOT "member/140802100-ab3/request", TOPIC_REQUEST, 0, "", "140802100-ab3", "", AUDIENCE_NONE, VERB_NONE},
        {ROOT "admin/member-add", TOPIC_ADMIN, 0, "", "member-add", "", AUDIENCE_NONE, VERB_NONE},
        {ROOT "tier3/v1/task/staff/" UUID, TOPIC_TASK, 3, "v1", "", UUID, AUDIENCE_STAFF, VERB_NONE},
        {ROOT "tier2/room-1/escalation/all/" UUID, TOPIC_ESCALATION, 2, "room-1", "", UUID, AUDIENCE_ALL, VERB_NONE},
        {ROOT "tier3/v1/notice/" UUID, TOPIC_NOTICE, 3, "v1", "", UUID, AUDIENCE_NONE, VERB_NONE},
        {ROOT "tier3/v1/list/duty", TOPIC_LIST, 3, "v1", "duty", "", AUDIENCE_NONE, VERB_NONE},
        {ROOT "tier3/v1/list/task", TOPIC_LIST, 3, "v1", "task", "", AUDIENCE_NONE, VERB_NONE},
        {ROOT "tier3/v1/list/month", TOPIC_LIST, 3, "v1", "month", "", AUDIENCE_NONE, VERB_NONE},
        {ROOT "tier3/v1/list/result", TOPIC_LIST, 3, "v1", "result", "", AUDIENCE_NONE, VERB_NONE},
        {ROOT "tier1/command/status", TOPIC_STATUS, 1, "command", "", "", AUDIENCE_NONE, VERB_NONE},
        {ROOT "tier3/v1/presence/140802100-ab3", TOPIC_PRESENCE, 3, "v1", "140802100-ab3", "", AUDIENCE_NONE, VERB_NONE},
        {ROOT "tier3/v1/device/button-7", TOPIC_DEVICE, 3, "v1", "button-7", "", AUDIENCE_NONE, VERB_NONE},
        {ROOT "member/140802100-ab3/receipt", TOPIC_RECEIPT, 0, "", "140802100-ab3", "", AUDIENCE_NONE, VERB_NONE},
        {ROOT "member/140802100-ab3/reply", TOPIC_REPLY, 0, "", "140802100-ab3", "", AUDIENCE_NONE, VERB_NONE},
        {ROOT "member/140802100-ab3/list/points", TOPIC_MEMBER_LIST, 0, "", "140802100-ab3", "points", AUDIENCE_NONE, VERB_NONE},
        {ROOT "gateway/140802100-gw/notify", TOPIC_NOTIFY, 0, "", "140802100-gw", "", AUDIENCE_NONE, VERB_NONE},
        {ROOT "daemon/mark", TOPIC_MARK, 0, "", "", "", AUDIENCE_NONE, VERB_NONE},
        {"grid/v1/14/daemon/mark", TOPIC_MARK, 0, "", "", "", AUDIENCE_NONE, VERB_NONE},
};

static void test_each_kind(void **state) {
        (void)state;
        bool seen[TOPIC_KIND_COUNT] = {[TOPIC_NONE] = true};
        for (size_t i = 0; i < sizeof topics / sizeof *topics; i++) {
                const Expected *expected = &topics[i];
                Topic topic;
                char text[TOPIC_MAX + 1];
                assert_int_equal(topic_parse(expected->text, strlen(expected->text), &topic), 0);
                assert_int_equal(topic.kind, expected->kind);
                assert_int_equal(topic.tier, expected->tier);
                assert_string_equal(topic.unit, expected->unit);
                assert_string_equal(topic.name, expected->name);
                assert_string_equal(topic.target, expected->target);
                assert_int_equal(topic.audience, expected->audience);
                assert_int_equal(topic.verb, expected->verb);
                assert_int_equal(topic_format(&topic, text), strlen(expected->text));
                assert_string_equal(text, expected->text);
                seen[topic.kind] = true;
        }
        for (int kind = 0; kind < TOPIC_KIND_COUNT; kind++)
                assert_true(seen[kind]);
}

static void test_unknown_verb_still_parses(void **state) {
        (void)state;
        const char *text = ROOT "tier3/v1/action/" UUID "/dance";
        Topic topic;
        char written[TOPIC_MAX + 1];
        assert_int_equal(topic_parse(text, strlen(text), &topic), 0);
        assert_int_equal(topic.verb, VERB_NONE);
        assert_string_equal(topic.verb_text, "dance");
        (void)topic_format(&topic, written);
        assert_string_equal(written, text);
}

static const char *const refused[] = {
        "", "/", "grid", "grid/v1", "grid/v1/140802100", "grid/v1/140802100/", "grid/v2/140802100/daemon/mark",
        "Grid/v1/140802100/daemon/mark", "/grid/v1/140802100/daemon/mark", "grid/v1/140802100/daemon/mark/",
        "grid/v1//daemon/mark", "grid/v1/1/daemon/mark", "grid/v1/1234567890123/daemon/mark", "grid/v1/14a/daemon/mark",
        "grid/v1/+/daemon/mark", "grid/v1/#", "$SYS/broker/uptime", "$CONTROL/policegrid/v1",
        "$share/g/grid/v1/140802100/daemon/mark", ROOT "daemon/Mark", ROOT "daemon", ROOT "daemon/mark/x",
        ROOT "tier0/v1/report", ROOT "tier4/v1/report", ROOT "tier/v1/report", ROOT "tier11/v1/report", ROOT "Tier1/v1/report",
        ROOT "tier1//report", ROOT "tier1/+/report", ROOT "tier1/v1", ROOT "tier1/v1/", ROOT "tier1/v1/report/x",
        ROOT "tier1/-v1/report", ROOT "tier1/V1/report", ROOT "tier1/v_1/report", ROOT "tier1/v 1/report", ROOT "tier1/村/report",
        ROOT "tier1/abcdefghijklmnopqrstuvwxyz0123456/report", ROOT "tier1/v1/task", ROOT "tier1/v1/task/all",
        ROOT "tier1/v1/task/everyone/" UUID, ROOT "tier1/v1/task/all/-x", ROOT "tier1/v1/task/all/a.b", ROOT "tier1/v1/task/all/#",
        ROOT "tier1/v1/task/all/" UUID "/x", ROOT "tier1/v1/action/" UUID, ROOT "tier1/v1/action/" UUID "/",
        ROOT "tier1/v1/action/" UUID "/Accept", ROOT "tier1/v1/list/points", ROOT "tier1/v1/list", ROOT "tier1/v1/presence/v1",
        ROOT "tier1/v1/presence/150000000-ab", ROOT "member/140802100-/query", ROOT "member/140802100-AB/query",
        ROOT "member/140802100/query", ROOT "member/ab/query", ROOT "member/150000000-ab/query", ROOT "member/140802100-a-b/query",
        ROOT "member/140802100-ab/receipts", ROOT "member/140802100-ab/list", ROOT "device/x", ROOT "device/x/event/y",
        ROOT "admin/", ROOT "admin/Member", ROOT "admin", ROOT "gateway/gw/notify", ROOT "gateway/140802100-gw/notify/x",
        ROOT "tier1/v1/report\n", ROOT "tier1/v1/report ", "grid/v1/140802100/a/b/c/d/e/f/g/h/i/j",
};

static void test_refused(void **state) {
        (void)state;
        for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
                Topic topic = {.tier = 9};
                if (topic_parse(refused[i], strlen(refused[i]), &topic) != TOPIC_E_UNKNOWN)
                        fail_msg("taken for a topic: %s", refused[i]);
                assert_int_equal(topic.tier, 9); /* untouched */
        }
        Topic topic;
        const char with_nul[] = ROOT "daemon/mark\0";
        assert_int_equal(topic_parse(with_nul, sizeof with_nul - 1, &topic), TOPIC_E_UNKNOWN);
        char long_topic[400];
        memset(long_topic, 'a', sizeof long_topic);
        assert_int_equal(topic_parse(long_topic, sizeof long_topic, &topic), TOPIC_E_UNKNOWN);
}

static void test_longest(void **state) {
        (void)state;
        char text[TOPIC_MAX + 2], written[TOPIC_MAX + 1];
        Topic topic;
        (void)snprintf(text, sizeof text, "grid/v1/123456789012/tier3/%.32s/action/%.64s/%.32s", "abcdefghijklmnopqrstuvwxyz012345",
                       "ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-A", "abcdefghijklmnopqrstuvwxyz012345");
        assert_int_equal(topic_parse(text, strlen(text), &topic), 0);
        (void)topic_format(&topic, written);
        assert_string_equal(text, written);
}

static void test_directions(void **state) {
        (void)state;
        assert_false(topic_is_upward(TOPIC_NONE));
        assert_true(topic_is_upward(TOPIC_WARNING));
        assert_true(topic_is_upward(TOPIC_ADMIN));
        assert_false(topic_is_upward(TOPIC_TASK));
        assert_false(topic_is_upward(TOPIC_MARK));
        for (int kind = 0; kind < TOPIC_KIND_COUNT; kind++)
                assert_int_equal(topic_is_urgent((TopicKind)kind),
                                 kind == TOPIC_WARNING || kind == TOPIC_ADMIN || kind == TOPIC_DEVICE_EVENT);
}

static void test_names(void **state) {
        (void)state;
        assert_true(member_is_valid("140802100-abc9", 14, "140802100"));
        assert_true(member_is_valid("140802100-abc9", 14, NULL));
        assert_false(member_is_valid("140802100-abc9", 14, "14080210"));
        assert_false(member_is_valid("140802100-abc9", 14, "1408021001"));
        assert_false(member_is_valid("1-a", 3, NULL));
        assert_false(member_is_valid("", 0, NULL));
        assert_false(member_is_valid("14-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", 44, NULL));
        assert_true(member_is_valid("14-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", 43, NULL));
        assert_int_equal(audience_parse("named"), AUDIENCE_NAMED);
        assert_int_equal(audience_parse(""), AUDIENCE_NONE);
        assert_int_equal(audience_parse("Named"), AUDIENCE_NONE);
        assert_false(unit_name_is_valid("", 0));
        assert_false(target_is_valid("", 0));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_each_kind),
                cmocka_unit_test(test_unknown_verb_still_parses),
                cmocka_unit_test(test_refused),
                cmocka_unit_test(test_longest),
                cmocka_unit_test(test_directions),
                cmocka_unit_test(test_names),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
