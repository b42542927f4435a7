/*
 * Properties of the access check, on random rosters:
 *  - a filter that is allowed matches no topic that may not be received (brute force over every topic of a small world); under an
 *    audience `+`, of the tasks or escalations of a unit one audience must be readable;
 *  - a filter without wildcards is allowed exactly when its topic may be received;
 *  - what the access check takes for a topic is what topic.c takes for one.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/access.h"

#define AREA "1408"
#define OTHER "4206"
#define NOW 1000

static uint64_t random_state = 0x853c49e6748fea9bu;

static uint32_t random_below(uint32_t bound) {
        random_state = random_state * 6364136223846793005u + 1442695040888963407u;
        return (uint32_t)((random_state >> 33) % bound);
}

static const char *const unit_names[] = {"a", "b", "c", "d", "e", "f"};
#define N_NAMES 6

static Roster *random_roster(void) {
        RosterBuilder *builder = roster_builder_new(AREA);
        uint32_t n_units = 1 + random_below(N_NAMES);
        uint8_t tiers[N_NAMES];
        for (uint32_t i = 0; i < n_units; i++) {
                RosterUnit unit = {.parent = i == 0 || random_below(12) == 0 ? ROSTER_NONE : random_below(i), .staffed_by = ROSTER_NONE};
                uint8_t above = unit.parent == ROSTER_NONE ? (uint8_t)(1 + random_below(2)) : tiers[unit.parent];
                unit.tier = tiers[i] = (uint8_t)(above < 3 ? above + random_below(2) : 3);
                if (i > 0 && random_below(4) == 0)
                        unit.staffed_by = random_below(i);
                snprintf(unit.id, sizeof unit.id, "%s", unit_names[i]);
                assert_int_equal(roster_builder_add_unit(builder, &unit), 0);
        }
        for (unsigned m = 0; m < 6; m++) {
                RosterMember member = {.n_seats = (uint8_t)random_below(4)};
                snprintf(member.id, sizeof member.id, AREA "-m%u", m);
                RosterSeat seats[4];
                for (unsigned s = 0; s < member.n_seats; s++) {
                        seats[s] = (RosterSeat){.unit = random_below(n_units), .role = (uint8_t)(1 + random_below(ROLE_COUNT - 1)),
                                                .from = random_below(5) == 0 ? NOW + 1 : INT64_MIN, .until = INT64_MAX};
                        if (seats[s].from == INT64_MIN && random_below(5) == 0)
                                seats[s].until = NOW;
                        if (seats[s].role >= ROLE_ADMIN && random_below(2) == 0)
                                seats[s].unit = ROSTER_NONE;
                }
                assert_int_equal(roster_builder_add_member(builder, &member, seats), 0);
        }
        Roster *roster = NULL;
        assert_int_equal(roster_builder_finish(builder, 1, 1, &roster), 0);
        return roster;
}

/* Every topic of the small world. */
#define TOPICS_MAX 4000
static char topics[TOPICS_MAX][64];
static size_t n_topics;

static void add_topic(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void add_topic(const char *format, ...) {
        assert_true(n_topics < TOPICS_MAX);
        va_list arguments;
        va_start(arguments, format);
        vsnprintf(topics[n_topics++], sizeof topics[0], format, arguments);
        va_end(arguments);
}

static void fill_area(const char *area) {
        static const char *const tails[] = {"warning", "report", "action/x/accept", "action/x/escalate", "task/all/x", "task/all/y", "task/staff/x",
                                            "task/named/x", "escalation/all/x", "escalation/staff/x", "escalation/named/x", "notice/x", "list/duty",
                                            "list/task", "status", "presence/" AREA "-m0", "device/x"};
        for (unsigned tier = 1; tier <= 3; tier++)
                for (size_t u = 0; u < N_NAMES; u++)
                        for (size_t t = 0; t < sizeof tails / sizeof *tails; t++)
                                add_topic("grid/v1/%s/tier%u/%s/%s", area, tier, unit_names[u], tails[t]);
        static const char *const words[] = {"query", "request", "receipt", "reply", "list/duty", "list/x"};
        for (unsigned m = 0; m < 6; m++) {
                for (size_t w = 0; w < 6; w++)
                        add_topic("grid/v1/%s/member/%s-m%u/%s", area, area, m, words[w]);
                add_topic("grid/v1/%s/gateway/%s-m%u/notify", area, area, m);
        }
        add_topic("grid/v1/%s/device/x/heartbeat", area);
        add_topic("grid/v1/%s/device/x/event", area);
        add_topic("grid/v1/%s/admin/member-add", area);
        add_topic("grid/v1/%s/daemon/mark", area);
}

static void fill_topics(void) {
        fill_area(AREA);
        fill_area(OTHER);
        add_topic("$SYS/broker/uptime");
        add_topic("$CONTROL/policegrid/v1");
        add_topic("other/topic");
}

/* MQTT 5, 4.7: a brute-force matcher of its own. */
static bool filter_matches(const char *filter, const char *topic) {
        if (topic[0] == '$' && filter[0] != '$')
                return false;
        for (;;) {
                if (strcmp(filter, "#") == 0)
                        return true;
                size_t f = strcspn(filter, "/"), t = strcspn(topic, "/");
                if (!(f == 1 && filter[0] == '+') && !(f == t && memcmp(filter, topic, f) == 0))
                        return false;
                filter += f;
                topic += t;
                if (*topic == '\0' && *filter == '\0')
                        return true;
                if (*topic == '\0')
                        return strcmp(filter, "/#") == 0;
                if (*filter == '\0')
                        return false;
                filter++;
                topic++;
        }
}

static const char *const vocabulary[] = {"+", "+", "+", "#", "grid", "v1", AREA, OTHER, "tier1", "tier2", "tier3", "a", "b", "c", "task", "escalation",
                                         "all", "staff", "named", "notice", "status", "list", "presence", "device", "member", AREA "-m0", "receipt",
                                         "daemon", "mark", "x", "", "warning", "action", "$SYS"};

/* Mostly a topic of the world with levels replaced by wildcards, sometimes anything. */
static void random_filter(char *buffer, size_t size) {
        char text[64], *save = NULL;
        snprintf(text, sizeof text, "%s", topics[random_below((uint32_t)n_topics)]);
        size_t n = 0;
        if (random_below(10) == 0)
                n += (size_t)snprintf(buffer, size, "$share/g/");
        unsigned wild = 1 + random_below(6);
        bool first = true, cut = false;
        for (char *level = strtok_r(text, "/", &save); level != NULL && !cut; level = strtok_r(NULL, "/", &save)) {
                const char *word = random_below(wild) == 0 ? "+" : level;
                if (random_below(30) == 0)
                        word = vocabulary[random_below(sizeof vocabulary / sizeof *vocabulary)];
                if (random_below(12) == 0) {
                        word = "#";
                        cut = true;
                }
                if (strncmp(level, "grid", 4) == 0 || strcmp(level, "v1") == 0 || strcmp(level, AREA) == 0)
                        word = random_below(20) == 0 ? word : level;
                n += (size_t)snprintf(buffer + n, size - n, first ? "%s" : "/%s", word);
                first = false;
        }
}

static AccessAnswer ask(const Roster *roster, const RosterMember *member, AccessAction action, const char *text) {
        return access_check(roster, member, action, text, strlen(text), NOW);
}

static bool may_receive(const Roster *roster, const RosterMember *member, const char *topic) {
        return ask(roster, member, ACCESS_RECEIVE, topic) == ACCESS_ALLOWED;
}

/* For a topic `…/task/{audience}/x` or `…/escalation/…`: whether any audience may be read. */
static bool may_receive_some(const Roster *roster, const RosterMember *member, const char *topic) {
        Topic parsed;
        if (topic_parse(topic, strlen(topic), &parsed) != 0 || (parsed.kind != TOPIC_TASK && parsed.kind != TOPIC_ESCALATION))
                return false;
        for (Audience audience = AUDIENCE_ALL; audience <= AUDIENCE_NAMED; audience++) {
                char text[TOPIC_MAX + 1];
                parsed.audience = audience;
                topic_format(&parsed, text);
                if (may_receive(roster, member, text))
                        return true;
        }
        return false;
}

/* A unit that the roster does not have, or not at that tier: its topics do not exist. */
static bool topic_exists(const Roster *roster, const char *topic) {
        Topic parsed;
        if (topic_parse(topic, strlen(topic), &parsed) != 0)
                return topic[0] != '\0' && strncmp(topic, "grid/", 5) != 0;
        if (strcmp(parsed.area, AREA) != 0 || parsed.unit[0] == '\0')
                return true;
        uint32_t unit = roster_find_unit(roster, parsed.unit);
        return unit != ROSTER_NONE && roster_unit(roster, unit)->tier == parsed.tier;
}

static bool audience_is_open(const char *filter) {
        const char *word = strstr(filter, "/task/+/");
        return word != NULL || strstr(filter, "/escalation/+/") != NULL;
}

static void filter_hold(const Roster *roster, const RosterMember *member, const char *filter) {
        const char *bare = strncmp(filter, "$share/g/", 9) == 0 ? filter + 9 : filter;
        for (size_t i = 0; i < n_topics; i++) {
                if (!filter_matches(bare, topics[i]) || !topic_exists(roster, topics[i]) || may_receive(roster, member, topics[i]))
                        continue;
                if (audience_is_open(bare) && may_receive_some(roster, member, topics[i]))
                        continue;
                fail_msg("%s may subscribe %s but not receive %s", member->id, filter, topics[i]);
        }
}

static void test_filters_reach_no_further(void **state) {
        (void)state;
        unsigned allowed = 0;
        for (unsigned round = 0; round < 120; round++) {
                Roster *roster = random_roster();
                for (unsigned i = 0; i < 1500; i++) {
                        char filter[256];
                        random_filter(filter, sizeof filter);
                        const RosterMember *member = roster_member_at(roster, random_below(6));
                        if (ask(roster, member, ACCESS_SUBSCRIBE, filter) != ACCESS_ALLOWED)
                                continue;
                        allowed++;
                        filter_hold(roster, member, filter);
                }
                roster_free(roster);
        }
        assert_true(allowed > 1000);
}

static void test_topics_as_filters(void **state) {
        (void)state;
        for (unsigned round = 0; round < 40; round++) {
                Roster *roster = random_roster();
                for (uint32_t m = 0; m < 6; m++)
                        for (size_t i = 0; i < n_topics; i++) {
                                const RosterMember *member = roster_member_at(roster, m);
                                AccessAnswer receive = ask(roster, member, ACCESS_RECEIVE, topics[i]);
                                AccessAnswer subscribe = ask(roster, member, ACCESS_SUBSCRIBE, topics[i]);
                                if (receive != subscribe)
                                        fail_msg("%s: %d against %d", topics[i], receive, subscribe);
                        }
                roster_free(roster);
        }
}

/* A byte changed, a level dropped or doubled. */
static void mutate(char *text, size_t size) {
        size_t n = strlen(text);
        static const char bytes[] = "/+#$-ax0Z_\x01\x7f\xc3 .";
        switch (random_below(5)) {
        case 0:
                text[random_below((uint32_t)n)] = bytes[random_below(sizeof bytes - 1)];
                break;
        case 1:
                text[random_below((uint32_t)n)] = '\0';
                break;
        case 2:
                if (n + 2 < size)
                        strcat(text, random_below(2) ? "/x" : "/");
                break;
        case 3:
                memmove(text, text + 1, n);
                break;
        default:
                break;
        }
}

static void test_grammar_is_topics(void **state) {
        (void)state;
        Roster *roster = random_roster();
        const RosterMember *member = roster_member_at(roster, 0);
        unsigned valid = 0;
        for (unsigned i = 0; i < 200000; i++) {
                char text[96];
                snprintf(text, sizeof text, "%s", topics[random_below((uint32_t)n_topics)]);
                mutate(text, sizeof text);
                Topic parsed;
                bool ours = topic_parse(text, strlen(text), &parsed) == 0 && strcmp(parsed.area, AREA) == 0;
                AccessAnswer answer = ask(roster, member, ACCESS_RECEIVE, text);
                if (ours == (answer == ACCESS_DENIED_TOPIC || answer == ACCESS_DENIED_AREA))
                        fail_msg("%s: topic.c %d, access %s", text, ours, access_answer_name(answer));
                valid += ours;
        }
        assert_true(valid > 10000);
        roster_free(roster);
}

/* A NUL inside the length is a byte like any other, and no name of ours. */
static void test_embedded_nul(void **state) {
        (void)state;
        Roster *roster = random_roster();
        static const char topic[] = "grid/v1/" AREA "/daemon/mark\0x";
        for (int action = ACCESS_PUBLISH; action <= ACCESS_SUBSCRIBE; action++)
                assert_int_equal(access_check(roster, roster_member_at(roster, 0), (AccessAction)action, topic, sizeof topic - 1, NOW), ACCESS_DENIED_TOPIC);
        roster_free(roster);
}

static void test_enrolling(void **state) {
        (void)state;
        static const struct {
                AccessAction action;
                const char *topic;
                bool allowed;
        } cases[] = {
                {ACCESS_PUBLISH, "grid/v1/" AREA "/member/" AREA "-m0/request", true},
                {ACCESS_PUBLISH, "grid/v1/" AREA "/member/" AREA "-m1/request", false},
                {ACCESS_PUBLISH, "grid/v1/" AREA "/member/" AREA "-m0/query", false},
                {ACCESS_PUBLISH, "grid/v1/" AREA "/member/" AREA "-m0/receipt", false},
                {ACCESS_PUBLISH, "grid/v1/" AREA "/member/" AREA "-m0/request/", false},
                {ACCESS_RECEIVE, "grid/v1/" AREA "/member/" AREA "-m0/receipt", true},
                {ACCESS_RECEIVE, "grid/v1/" AREA "/member/" AREA "-m0/request", false},
                {ACCESS_RECEIVE, "grid/v1/" AREA "/daemon/mark", false},
                {ACCESS_SUBSCRIBE, "grid/v1/" AREA "/member/" AREA "-m0/receipt", true},
                {ACCESS_SUBSCRIBE, "grid/v1/" AREA "/member/" AREA "-m0/+", false},
                {ACCESS_SUBSCRIBE, "grid/v1/" AREA "/member/+/receipt", false},
                {ACCESS_SUBSCRIBE, "#", false},
                {ACCESS_SUBSCRIBE, "", false},
        };
        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
                assert_int_equal(access_check_enrolling(AREA, AREA "-m0", cases[i].action, cases[i].topic, strlen(cases[i].topic)) == ACCESS_ALLOWED,
                                 cases[i].allowed);
}

static void test_daemon(void **state) {
        (void)state;
        static const struct {
                AccessAction action;
                const char *topic;
                AccessAnswer answer;
        } cases[] = {
                {ACCESS_PUBLISH, "$CONTROL/policegrid/v1", ACCESS_ALLOWED},
                {ACCESS_PUBLISH, "$CONTROL/policegrid/v2", ACCESS_DENIED_TOPIC},
                {ACCESS_PUBLISH, "$CONTROL/dynamic-security/v1", ACCESS_DENIED_TOPIC},
                {ACCESS_PUBLISH, "grid/v1/" AREA "/daemon/mark", ACCESS_ALLOWED},
                {ACCESS_PUBLISH, "grid/v1/" AREA "/daemon/marks", ACCESS_DENIED_ROLE},
                {ACCESS_PUBLISH, "grid/v1/" AREA "/tier1/a/status", ACCESS_DENIED_ROLE},
                {ACCESS_PUBLISH, "grid/v1/" AREA "/tier1/a/warning", ACCESS_DENIED_ROLE},
                {ACCESS_PUBLISH, "grid/v1/" OTHER "/daemon/mark", ACCESS_DENIED_AREA},
                {ACCESS_SUBSCRIBE, "grid/v1/" AREA "/+/+/warning", ACCESS_ALLOWED},
                {ACCESS_SUBSCRIBE, "grid/v1/" AREA "/+/+/action/+/+", ACCESS_ALLOWED},
                {ACCESS_SUBSCRIBE, "grid/v1/" AREA "/#", ACCESS_ALLOWED},
                {ACCESS_SUBSCRIBE, "grid/v1/" AREA "/a#", ACCESS_DENIED_SUBSET},
                {ACCESS_SUBSCRIBE, "grid/v1/" AREA "/a+/b", ACCESS_DENIED_SUBSET},
                {ACCESS_SUBSCRIBE, "grid/v1/" AREA "/#/b", ACCESS_DENIED_SUBSET},
                {ACCESS_SUBSCRIBE, "grid/v1/+/#", ACCESS_DENIED_AREA},
                {ACCESS_SUBSCRIBE, "grid/v1/" AREA, ACCESS_DENIED_AREA},
                {ACCESS_SUBSCRIBE, "grid/v1/" AREA "0/#", ACCESS_DENIED_AREA},
                {ACCESS_SUBSCRIBE, "#", ACCESS_DENIED_TOPIC},
                {ACCESS_SUBSCRIBE, "$SYS/#", ACCESS_DENIED_TOPIC},
                {ACCESS_SUBSCRIBE, "$share/g/grid/v1/" AREA "/#", ACCESS_DENIED_TOPIC},
                {ACCESS_RECEIVE, "grid/v1/" AREA "/tier1/a/warning", ACCESS_ALLOWED},
                {ACCESS_RECEIVE, "grid/v1/" AREA "/tier1/a/status", ACCESS_ALLOWED},
                {ACCESS_RECEIVE, "grid/v1/" OTHER "/tier1/a/warning", ACCESS_DENIED_AREA},
                {ACCESS_RECEIVE, "$SYS/broker/uptime", ACCESS_DENIED_TOPIC},
        };
        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
                AccessAnswer answer = access_check_daemon(AREA, cases[i].action, cases[i].topic, strlen(cases[i].topic));
                if (answer != cases[i].answer)
                        fail_msg("%d %s: %s", cases[i].action, cases[i].topic, access_answer_name(answer));
        }
}

/* A seat counts from `from` up to, not including, `until`; without a seat only one's own last outcomes are left. */
static void test_seats_end(void **state) {
        (void)state;
        RosterBuilder *builder = roster_builder_new(AREA);
        RosterUnit unit = {.id = "a", .tier = 1, .parent = ROSTER_NONE, .staffed_by = ROSTER_NONE};
        assert_int_equal(roster_builder_add_unit(builder, &unit), 0);
        RosterMember member = {.id = AREA "-m0", .n_seats = 1};
        RosterSeat seat = {.unit = 0, .role = ROLE_OFFICER, .from = 100, .until = 200};
        assert_int_equal(roster_builder_add_member(builder, &member, &seat), 0);
        Roster *roster = NULL;
        assert_int_equal(roster_builder_finish(builder, 1, 1, &roster), 0);
        static const char report[] = "grid/v1/" AREA "/tier1/a/report", request[] = "grid/v1/" AREA "/member/" AREA "-m0/request",
                          receipt[] = "grid/v1/" AREA "/member/" AREA "-m0/receipt";
        const RosterMember *held = roster_member_at(roster, 0);
        static const struct {
                int64_t now;
                bool counts;
        } times[] = {{99, false}, {100, true}, {199, true}, {200, false}};
        for (size_t i = 0; i < 4; i++) {
                assert_int_equal(access_check(roster, held, ACCESS_PUBLISH, report, sizeof report - 1, times[i].now) == ACCESS_ALLOWED, times[i].counts);
                assert_int_equal(access_check(roster, held, ACCESS_PUBLISH, request, sizeof request - 1, times[i].now) == ACCESS_ALLOWED, times[i].counts);
                assert_int_equal(access_check(roster, held, ACCESS_RECEIVE, receipt, sizeof receipt - 1, times[i].now), ACCESS_ALLOWED);
        }
        roster_free(roster);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_filters_reach_no_further), cmocka_unit_test(test_topics_as_filters),
                cmocka_unit_test(test_grammar_is_topics),        cmocka_unit_test(test_embedded_nul),
                cmocka_unit_test(test_enrolling),                cmocka_unit_test(test_daemon),
                cmocka_unit_test(test_seats_end),
        };
        fill_topics();
        return cmocka_run_group_tests(tests, NULL, NULL);
}
