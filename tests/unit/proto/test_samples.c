/*
 * The samples in proto/schema against the code: every example of an upward message, on its topic and with a true stamp, is read
 * without complaint; and what a receipt says is what the receipt's schema shows.
 */
#include "proto/message.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/json.h"

#include "cmocka_headers.h"

#define AREA "140802100"
#define ROOT "grid/v1/" AREA "/"
#define TARGET "019aa4f0-3c00-7d11-9f0a-2b8c61e4a955"
#define NOW INT64_C(1795233600000) /* 2026-11-21T12:00:00+08:00, the day of the samples */
#define MEMBER AREA "-k3f8q2m7"
#define FILE_BYTES_MAX ((size_t)1 << 20)

typedef struct Source {
        const char *file;
        const char *topic; /* %s = the definition's name, where the file has one body a verb */
} Source;

static const Source sources[] = {
        {"warning.json", ROOT "tier1/jiezhou/warning"},
        {"report.json", ROOT "tier3/village-02/report"},
        {"action.json", ROOT "tier3/village-02/action/" TARGET "/%s"},
        {"device-heartbeat.json", ROOT "device/panic-01/heartbeat"},
        {"device-event.json", ROOT "device/panic-01/event"},
        {"query.json", ROOT "member/" MEMBER "/query"},
        {"request.json", ROOT "member/" MEMBER "/request"},
        {"admin.json", ROOT "admin/%s"},
};

static cJSON *load_schema(const char *file) {
        char path[512];
        (void)snprintf(path, sizeof path, "%s/proto/schema/%s", TEST_SOURCE_ROOT, file);
        FILE *stream = fopen(path, "rb");
        if (!stream)
                fail_msg("no %s", path);
        char *data = malloc(FILE_BYTES_MAX);
        assert_non_null(data);
        size_t n = fread(data, 1, FILE_BYTES_MAX, stream);
        assert_int_equal(fclose(stream), 0);
        cJSON *tree = cJSON_ParseWithLength(data, n);
        free(data);
        if (!tree)
                fail_msg("%s is no JSON", file);
        return tree;
}

static void read_example(const char *topic, const cJSON *example) {
        static const uint8_t key[STAMP_KEY_BYTES] = {7};
        const Stamp stamp = {.member = MEMBER, .client = MEMBER, .received_at = NOW};
        char stamp_text[STAMP_TEXT_MAX];
        char *payload = json_print(example);
        RawMessage raw = {.topic = topic, .payload = payload, .n_payload = strlen(payload), .stamp = stamp_text, .n_stamps = 1};
        Command command;

        assert_true(stamp_format(&stamp, key, topic, payload, raw.n_payload, stamp_text) > 0);
        if (message_read(&raw, AREA, key, NOW, &command) != MESSAGE_OK)
                fail_msg("dropped: %s", topic);
        if (command.code != CODE_NONE)
                fail_msg("%s: %s (%s)\n%s", topic, code_name(command.code), command.detail, payload);
        assert_true(cJSON_Compare(command.body, example, true));
        assert_int_equal(command.topic.verb != VERB_NONE, command.topic.kind == TOPIC_ACTION);
        command_deinit(&command);
        free(payload);
}

static size_t read_examples(const char *topic, const cJSON *schema) {
        const cJSON *example;
        size_t n = 0;

        cJSON_ArrayForEach(example, json_array(schema, "examples")) {
                read_example(topic, example);
                n++;
        }
        return n;
}

static size_t read_source(const Source *source) {
        _cleanup_json_ cJSON *schema = load_schema(source->file);
        const cJSON *definition;
        char topic[TOPIC_MAX + 1];
        size_t n = 0;

        if (!strstr(source->topic, "%s"))
                return read_examples(source->topic, schema);
        cJSON_ArrayForEach(definition, json_object(schema, "$defs")) {
                size_t n_before = strcspn(source->topic, "%");
                (void)snprintf(topic, sizeof topic, "%.*s%s", (int)n_before, source->topic, definition->string);
                size_t n_examples = read_examples(topic, definition);
                if (!n_examples)
                        fail_msg("no examples of %s", definition->string);
                n += n_examples;
        }
        return n;
}

static void test_upward_examples(void **state) {
        (void)state;
        for (size_t i = 0; i < sizeof sources / sizeof *sources; i++)
                if (!read_source(&sources[i]))
                        fail_msg("no examples in %s", sources[i].file);
}

/* Every verb of the code has a body in the schema. */
static void test_every_verb_is_described(void **state) {
        (void)state;
        _cleanup_json_ cJSON *schema = load_schema("action.json");
        for (int verb = VERB_NONE + 1; verb < VERB_COUNT; verb++)
                if (!json_object(json_object(schema, "$defs"), verb_name((Verb)verb)))
                        fail_msg("no body for %s", verb_name((Verb)verb));
}

/* Receipts that the code writes have the fields of the schema, and no others. */
static void test_receipt_fields(void **state) {
        (void)state;
        _cleanup_json_ cJSON *schema = load_schema("receipt.json"), *receipt_tree = NULL;
        const cJSON *properties = json_object(schema, "properties"), *item;
        _cleanup_text_ Text text = {0};
        const Receipt receipt = {.id = "20261121-1", .accepted = true, .repeat = true, .late = true, .masked = true, .code = CODE_LATE,
                                 .detail = "x", .event = 1, .epoch = 1, .at = NOW, .created = "{}", .revision = 1};

        receipt_format(&receipt, &text);
        assert_int_equal(json_parse_object(text.data, text.n, JSON_BYTES_MAX, &receipt_tree), CODE_NONE);
        cJSON_ArrayForEach(item, receipt_tree)
                if (!json_has(properties, item->string))
                        fail_msg("not in the schema: %s", item->string);
        cJSON_ArrayForEach(item, properties)
                if (!json_has(receipt_tree, item->string))
                        fail_msg("never written: %s", item->string);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_upward_examples),
                cmocka_unit_test(test_every_verb_is_described),
                cmocka_unit_test(test_receipt_fields),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
