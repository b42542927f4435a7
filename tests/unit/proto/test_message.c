/* Messages: who sent it, which message it is, what all kinds have in common; and receipts. */
#include "proto/message.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/json.h"

#include "cmocka_headers.h"

#define AREA "140802100"
#define ROOT "grid/v1/" AREA "/"
#define REPORT ROOT "tier3/v1/report"
#define NOW INT64_C(1795219200000) /* 2026-11-21T00:00:00Z */
#define MEMBER AREA "-ab3"

static uint8_t key[STAMP_KEY_BYTES] = {7};
static char stamp_text[STAMP_TEXT_MAX];

static RawMessage raw_of(const char *topic, const char *payload, size_t n_payload, const char *member) {
        Stamp stamp = {.received_at = NOW};
        (void)snprintf(stamp.member, sizeof stamp.member, "%s", member);
        (void)snprintf(stamp.client, sizeof stamp.client, "%s/phone", member);
        assert_true(stamp_format(&stamp, key, topic, payload, n_payload, stamp_text) > 0);
        return (RawMessage){.topic = topic, .payload = payload, .n_payload = n_payload, .stamp = stamp_text, .n_stamps = 1};
}

static Command read_message(const char *topic, const char *payload) {
        Command command;
        RawMessage raw = raw_of(topic, payload, strlen(payload), MEMBER);
        assert_int_equal(message_read(&raw, AREA, key, NOW, &command), MESSAGE_OK);
        return command;
}

static void assert_code(const char *topic, const char *payload, Code code) {
        Command command = read_message(topic, payload);
        if (command.code != code)
                fail_msg("%s: %s (%s) instead of %s", payload, code_name(command.code), command.detail, code_name(code));
        command_deinit(&command);
}

static void test_accepted(void **state) {
        (void)state;
        Command command = read_message(ROOT "tier3/v1/action/018f3b1c-7a2e-7c11-8d1e-0123456789ab/accept",
                                       "{\"id\":\"20261121-1\",\"occurred_at\":\"2026-11-20T23:00:00+08:00\",\"revision\":4,"
                                       "\"seat\":\"v1\",\"note\":\"好\"}");
        assert_int_equal(command.code, CODE_NONE);
        assert_string_equal(command.detail, "");
        assert_string_equal(command.id, "20261121-1");
        assert_true(command.occurred_at == NOW - 9 * 3600000);
        assert_true(command.revision == 4);
        assert_string_equal(command.seat, "v1");
        assert_string_equal(command.stamp.member, MEMBER);
        assert_int_equal(command.topic.verb, VERB_ACCEPT);
        assert_string_equal(json_string(command.body, "note"), "好");
        assert_true(command_wants_receipt(&command));
        command_deinit(&command);
        assert_null(command.body);
        command_deinit(&command);
}

static void test_defaults(void **state) {
        (void)state;
        Command command = read_message(REPORT, "{\"id\":\"20261121-1\",\"occurred_at\":null,\"revision\":null,\"seat\":null}");
        assert_int_equal(command.code, CODE_NONE);
        assert_true(command.occurred_at == TIMESTAMP_NONE);
        assert_true(command.revision == -1);
        assert_string_equal(command.seat, "");
        assert_int_equal(command.answer, TOPIC_NONE);
        command_deinit(&command);
}

static void assert_dropped(RawMessage raw) {
        Command command;
        assert_int_equal(message_read(&raw, AREA, key, NOW, &command), MESSAGE_DROP);
        assert_null(command.body);
        command_deinit(&command);
}

static void test_dropped(void **state) {
        (void)state;
        const char *body = "{\"id\":\"20261121-1\"}";
        size_t n = strlen(body);
        RawMessage raw = raw_of(REPORT, body, n, MEMBER);
        raw.n_stamps = 0;
        assert_dropped(raw);
        raw.n_stamps = 2;
        assert_dropped(raw);
        raw.n_stamps = 1;
        raw.stamp = NULL;
        assert_dropped(raw);
        raw.stamp = "1 1 a b 00";
        assert_dropped(raw);
        raw = raw_of(REPORT, body, n, MEMBER);
        raw.topic = ROOT "tier3/v2/report";
        assert_dropped(raw);
        raw = raw_of(REPORT, body, n, MEMBER);
        raw.n_payload--;
        assert_dropped(raw);
        assert_dropped(raw_of(ROOT "tier3/v1/status", body, n, MEMBER));
        assert_dropped(raw_of(ROOT "nonsense", body, n, MEMBER));
        assert_dropped(raw_of("grid/v1/140802101/tier3/v1/report", body, n, MEMBER));
        assert_dropped(raw_of(REPORT, body, n, "140802101-ab3"));
        assert_dropped(raw_of(REPORT, body, n, "somebody"));
}

static void test_bad_json_keeps_the_id(void **state) {
        (void)state;
        static const struct { const char *payload; Code code; const char *id; } cases[] = {
                {"{\"id\":\"20261121-1\",\"a\":1,\"a\":2}", CODE_DUPLICATE_KEY, "20261121-1"},
                {"{\"id\":\"20261121-1\",\"a\":\"\\u0000\"}", CODE_NUL, "20261121-1"},
                {"{\"id\":\"20261121-1\",\"a\":\"\xff\"}", CODE_UTF8, "20261121-1"},
                {"{\"id\":\"20261121-1\",\"a\":1e999}", CODE_RANGE, "20261121-1"},
                {"{\"id\":\"20261121-1\",\"a\":}", CODE_MALFORMED, "20261121-1"},
                {"{\"id\":\"20261121-1\",\"id\":\"20261121-2\"}", CODE_DUPLICATE_KEY, ""},
                {"{\"id\":\"no good id\",\"a\":}", CODE_MALFORMED, ""},
                {"{\"id\":\"\xff\",\"a\":}", CODE_UTF8, ""},
                {"not json", CODE_MALFORMED, ""},
                {"", CODE_MALFORMED, ""},
        };
        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
                Command command = read_message(REPORT, cases[i].payload);
                assert_int_equal(command.code, cases[i].code);
                assert_string_equal(command.id, cases[i].id);
                assert_null(command.body);
                command_deinit(&command);
        }
}

static void test_too_large_keeps_the_id(void **state) {
        (void)state;
        size_t n = JSON_BYTES_MAX + 1;
        char *payload = malloc(n + 1);
        memset(payload, ' ', n);
        payload[n] = '\0';
        memcpy(payload, "{\"id\":\"20261121-1\"", 18);
        payload[n - 1] = '}';
        Command command = read_message(REPORT, payload);
        assert_int_equal(command.code, CODE_TOO_LARGE);
        assert_string_equal(command.id, "20261121-1");
        command_deinit(&command);
        command = read_message(ROOT "admin/organisation-apply", payload);
        assert_int_equal(command.code, CODE_TOO_LARGE);
        command_deinit(&command);
        free(payload);
}

static void test_id(void **state) {
        (void)state;
        static const struct { const char *payload; Code code; const char *id; } cases[] = {
                {"{}", CODE_BAD_ID, ""},
                {"{\"id\":null}", CODE_BAD_ID, ""},
                {"{\"id\":20261121}", CODE_BAD_ID, ""},
                {"{\"id\":\"\"}", CODE_BAD_ID, ""},
                {"{\"id\":\"with blank\"}", CODE_BAD_ID, ""},
                {"{\"id\":\"undated\"}", CODE_BAD_ID, "undated"},
                {"{\"id\":\"20200101-1\"}", CODE_TOO_OLD, "20200101-1"},
                {"{\"id\":\"20301121-1\"}", CODE_BAD_ID, "20301121-1"},
                {"{\"identifier\":\"20261121-1\"}", CODE_BAD_ID, ""},
        };
        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
                Command command = read_message(ROOT "tier1/c/warning", cases[i].payload);
                assert_int_equal(command.code, cases[i].code);
                assert_string_equal(command.id, cases[i].id);
                command_deinit(&command);
        }
}

static void test_heartbeats_and_queries_need_no_id(void **state) {
        (void)state;
        const char *heartbeat = ROOT "device/b7/heartbeat", *query = ROOT "member/" MEMBER "/query";
        assert_code(heartbeat, "{}", CODE_NONE);
        assert_code(heartbeat, "{\"id\":\"undated\"}", CODE_NONE);
        assert_code(query, "{\"query\":\"self\"}", CODE_NONE);
        assert_code(query, "{\"id\":\"q1\",\"query\":\"self\"}", CODE_NONE);
        assert_code(query, "{\"id\":7,\"query\":\"self\"}", CODE_BAD_ID);
        assert_code(ROOT "device/b7/event", "{\"event\":\"panic\"}", CODE_BAD_ID);
        Command command = read_message(query, "{\"id\":\"q1\",\"query\":\"self\"}");
        assert_false(command_wants_receipt(&command));
        assert_string_equal(command.id, "q1");
        command_deinit(&command);
}

#define WITH(more) "{\"id\":\"20261121-1\"," more "}"

static void test_common_fields(void **state) {
        (void)state;
        assert_code(REPORT, WITH("\"occurred_at\":\"2026-11-21T00:00:00\""), CODE_TIME);
        assert_code(REPORT, WITH("\"occurred_at\":\"1970-01-01T00:00:00Z\""), CODE_TIME);
        assert_code(REPORT, WITH("\"occurred_at\":\"2025-10-16T00:00:00Z\""), CODE_TIME);
        assert_code(REPORT, WITH("\"occurred_at\":\"2025-10-18T00:00:00Z\""), CODE_NONE);
        assert_code(REPORT, WITH("\"occurred_at\":\"2026-11-24T00:00:00Z\""), CODE_TIME);
        assert_code(REPORT, WITH("\"occurred_at\":1795219200"), CODE_TYPE);
        assert_code(REPORT, WITH("\"revision\":-1"), CODE_RANGE);
        assert_code(REPORT, WITH("\"revision\":1.5"), CODE_TYPE);
        assert_code(REPORT, WITH("\"revision\":\"4\""), CODE_TYPE);
        assert_code(REPORT, WITH("\"seat\":\"V 1\""), CODE_RANGE);
        assert_code(REPORT, WITH("\"seat\":1"), CODE_TYPE);
        assert_code(REPORT, WITH("\"note\":1"), CODE_TYPE);
}

static void test_note_length(void **state) {
        (void)state;
        char payload[1024] = "{\"id\":\"20261121-1\",\"note\":\"";
        for (int i = 0; i < 200; i++)
                strcat(payload, "村");
        size_t n = strlen(payload);
        strcat(payload, "\"}");
        assert_code(REPORT, payload, CODE_NONE);
        memcpy(payload + n, "村\"}", 6);
        assert_code(REPORT, payload, CODE_RANGE);
}

static void test_fields(void **state) {
        (void)state;
        assert_code(REPORT, WITH("\"fields\":{\"birds\":3,\"kind\":\"labour\",\"done\":true}"), CODE_NONE);
        assert_code(REPORT, WITH("\"fields\":null"), CODE_NONE);
        assert_code(REPORT, WITH("\"fields\":[]"), CODE_TYPE);
        assert_code(REPORT, WITH("\"fields\":{\"a\":{}}"), CODE_TYPE);
        assert_code(REPORT, WITH("\"fields\":{\"a\":[1]}"), CODE_TYPE);
        assert_code(REPORT, WITH("\"fields\":{\"a\":1.5}"), CODE_TYPE);
        assert_code(REPORT, WITH("\"fields\":{\"a\":null}"), CODE_TYPE);
        assert_code(REPORT, WITH("\"fields\":{\"a\":\"12345678901234567890123456789012345678901234567890123456789012345\"}"), CODE_RANGE);
        assert_code(REPORT, WITH("\"fields\":{\"a\":\"13912345678\"}"), CODE_PRIVACY);
        assert_code(REPORT, WITH("\"fields\":{\"a\":13912345678}"), CODE_PRIVACY);
        assert_code(REPORT, WITH("\"fields\":{\"a\":-13912345678}"), CODE_PRIVACY);
        assert_code(REPORT, WITH("\"fields\":{\"13912345678\":1}"), CODE_PRIVACY);
        assert_code(REPORT, WITH("\"fields\":{\"a\":139123}"), CODE_NONE);
        char payload[4096] = "{\"id\":\"20261121-1\",\"fields\":{\"a\":0";
        for (int i = 0; i < 64; i++)
                (void)snprintf(payload + strlen(payload), 32, ",\"f%d\":0", i);
        strcat(payload, "}}");
        assert_code(REPORT, payload, CODE_RANGE);
}

static void test_privacy(void **state) {
        (void)state;
        assert_code(REPORT, WITH("\"fields\":{\"phone\":1}"), CODE_PRIVACY);
        assert_code(REPORT, WITH("\"name\":\"x\""), CODE_PRIVACY);
        assert_code(REPORT, WITH("\"a\":{\"b\":[{\"身份证\":1}]}"), CODE_PRIVACY);
        assert_code(ROOT "tier1/c/warning", WITH("\"info\":[{\"senderName\":\"x\",\"headline\":\"y\",\"areaDesc\":\"z\"}]"), CODE_NONE);
        assert_code(ROOT "admin/organisation-apply", WITH("\"organisation\":{\"units\":[{\"name\":\"x\"}]}"), CODE_NONE);
        assert_code(ROOT "admin/member-add", WITH("\"phone\":\"1\""), CODE_PRIVACY);
}

static void test_unknown_verb(void **state) {
        (void)state;
        Command command = read_message(ROOT "tier3/v1/action/x/dance", WITH("\"a\":1"));
        assert_int_equal(command.code, CODE_UNKNOWN_VERB);
        assert_string_equal(command.detail, "dance");
        assert_string_equal(command.id, "20261121-1");
        command_deinit(&command);
}

static void test_same_body_same_hash(void **state) {
        (void)state;
        Command first = read_message(REPORT, WITH("\"a\":1")), again = read_message(REPORT, WITH("\"a\":1"));
        Command body = read_message(REPORT, WITH("\"a\":2")), topic = read_message(ROOT "tier3/v2/report", WITH("\"a\":1"));
        assert_memory_equal(first.body_hash, again.body_hash, BODY_HASH_BYTES);
        assert_memory_not_equal(first.body_hash, body.body_hash, BODY_HASH_BYTES);
        assert_memory_not_equal(first.body_hash, topic.body_hash, BODY_HASH_BYTES);
        command_deinit(&first);
        command_deinit(&again);
        command_deinit(&body);
        command_deinit(&topic);
}

static void test_answer(void **state) {
        (void)state;
        static const struct { const char *topic; TopicKind answer; } cases[] = {
                {ROOT "member/" MEMBER "/reply", TOPIC_REPLY},
                {ROOT "member/" MEMBER "/receipt", TOPIC_RECEIPT},
                {ROOT "member/" AREA "-other/receipt", TOPIC_NONE},
                {"grid/v1/140802101/member/140802101-ab3/receipt", TOPIC_NONE},
                {ROOT "tier3/v1/status", TOPIC_NONE},
                {"x", TOPIC_NONE},
        };
        char correlation[CONTROL_CORRELATION_MAX + 1] = "abc";
        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
                const char *body = "{\"id\":\"20261121-1\"}";
                RawMessage raw = raw_of(REPORT, body, strlen(body), MEMBER);
                Command command;
                raw.response_topic = cases[i].topic;
                raw.correlation = correlation;
                raw.n_correlation = i == 0 ? sizeof correlation : 3;
                assert_int_equal(message_read(&raw, AREA, key, NOW, &command), MESSAGE_OK);
                assert_int_equal(command.answer, cases[i].answer);
                assert_int_equal(command.code, i == 0 ? CODE_RANGE : CODE_NONE);
                assert_int_equal(command.n_correlation, i == 0 ? 0 : 3);
                assert_string_equal(command.id, "20261121-1");
                command_deinit(&command);
        }
}

static void test_receipt_rejected(void **state) {
        (void)state;
        _cleanup_text_ Text text = {0};
        Receipt receipt = {.id = "20261121-1", .code = CODE_BUSY, .event = -1, .epoch = 3, .at = NOW, .offset_minutes = 480, .revision = -1};
        receipt_format(&receipt, &text);
        assert_string_equal(text_string(&text), "{\"id\":\"20261121-1\",\"outcome\":\"rejected\",\"repeat\":false,\"late\":false,"
                                                "\"masked\":false,\"code\":\"busy\",\"detail\":\""
                                                "系统繁忙,请稍后再试。 / The system is busy; please try again later.\",\"epoch\":3,"
                                                "\"at\":\"2026-11-21T08:00:00+08:00\"}");
        text_reset(&text);
        receipt.id = NULL;
        receipt.detail = "fields.\"x\"";
        receipt_format(&receipt, &text);
        _cleanup_json_ cJSON *tree = NULL;
        assert_int_equal(json_parse_object(text.data, text.n, JSON_BYTES_MAX, &tree), CODE_NONE);
        assert_false(json_has(tree, "id"));
        assert_non_null(strstr(json_string(tree, "detail"), "later. (fields.\"x\")"));
}

static void test_receipt_accepted(void **state) {
        (void)state;
        _cleanup_text_ Text text = {0};
        Receipt receipt = {.id = "20261121-1", .accepted = true, .repeat = true, .late = true, .masked = true, .event = 12, .epoch = 3,
                           .at = NOW, .offset_minutes = 480, .created = "{\"task\":\"x\"}", .revision = 5};
        receipt_format(&receipt, &text);
        assert_string_equal(text_string(&text), "{\"id\":\"20261121-1\",\"outcome\":\"accepted\",\"repeat\":true,\"late\":true,"
                                                "\"masked\":true,\"event\":12,\"epoch\":3,\"at\":\"2026-11-21T08:00:00+08:00\","
                                                "\"created\":{\"task\":\"x\"},\"revision\":5}");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_accepted),
                cmocka_unit_test(test_defaults),
                cmocka_unit_test(test_dropped),
                cmocka_unit_test(test_bad_json_keeps_the_id),
                cmocka_unit_test(test_too_large_keeps_the_id),
                cmocka_unit_test(test_id),
                cmocka_unit_test(test_heartbeats_and_queries_need_no_id),
                cmocka_unit_test(test_common_fields),
                cmocka_unit_test(test_note_length),
                cmocka_unit_test(test_fields),
                cmocka_unit_test(test_privacy),
                cmocka_unit_test(test_unknown_verb),
                cmocka_unit_test(test_same_body_same_hash),
                cmocka_unit_test(test_answer),
                cmocka_unit_test(test_receipt_rejected),
                cmocka_unit_test(test_receipt_accepted),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
