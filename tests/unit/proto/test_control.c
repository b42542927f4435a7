/* Control: what is written is read, and no cut or odd message is. */
#include "proto/control.h"

#include <string.h>

#include "cmocka_headers.h"

static WireReader reader_of(const Text *text, ControlType expected) {
        WireReader reader = {.data = (const uint8_t *)text->data, .n = text->n};
        ControlType type;
        assert_true(control_read_type(&reader, &type));
        assert_int_equal(type, expected);
        return reader;
}

static void test_documents(void **state) {
        (void)state;
        _cleanup_text_ Text text = {0};
        ControlDocument documents[] = {
                {.topic = "grid/v1/14/daemon/mark", .payload = "{}", .n_payload = 2, .retain = true},
                {.topic = "grid/v1/14/tier1/c/status", .retain = true},
                {.topic = "grid/v1/14/member/14-a/receipt", .payload = "{\"a\":\"\\u0001\"}", .n_payload = 14, .correlation = "\0\1\2",
                 .n_correlation = 3},
                {.topic = "grid/v1/14/member/14-a/reply", .payload = "x", .n_payload = 1, .correlation = "", .n_correlation = 0},
        };
        control_publish_start(&text);
        for (size_t i = 0; i < 4; i++)
                control_publish_add(&text, &documents[i]);
        WireReader reader = reader_of(&text, CONTROL_PUBLISH);
        ControlDocument read;
        for (size_t i = 0; i < 4; i++) {
                assert_true(control_read_document(&reader, &read));
                assert_string_equal(read.topic, documents[i].topic);
                assert_int_equal(read.n_payload, documents[i].n_payload);
                if (read.n_payload)
                        assert_memory_equal(read.payload, documents[i].payload, read.n_payload);
                assert_int_equal(read.retain, documents[i].retain);
                assert_int_equal(read.correlation != NULL, documents[i].correlation != NULL);
                assert_int_equal(read.n_correlation, documents[i].n_correlation);
        }
        assert_false(control_read_document(&reader, &read));
        assert_true(wire_is_done(&reader));
}

/* A message cut anywhere is either refused or a whole number of documents. */
static void test_torn_documents(void **state) {
        (void)state;
        _cleanup_text_ Text text = {0};
        control_publish_start(&text);
        control_publish_add(&text, &(ControlDocument){.topic = "a/b", .payload = "12345", .n_payload = 5});
        size_t first = text.n;
        control_publish_add(&text, &(ControlDocument){.topic = "a/c", .payload = "1", .n_payload = 1, .correlation = "c", .n_correlation = 1});
        for (size_t n = 1; n < text.n; n++) {
                WireReader reader = {.data = (const uint8_t *)text.data, .n = n};
                ControlType type;
                ControlDocument document;
                assert_true(control_read_type(&reader, &type));
                while (control_read_document(&reader, &document))
                        assert_true(document.topic == document.topic_buffer);
                assert_int_equal(wire_is_done(&reader), n == 1 || n == first);
        }
}

static void test_hostile_documents(void **state) {
        (void)state;
        static const struct { const char *bytes; size_t n; } cases[] = {
                {"\4\0\1a\0\0\0\0", 8},                 /* unknown flag */
                {"\0\0\0\0\0\0\0", 7},                  /* empty topic */
                {"\0\0\1a\xff\xff\xff\xff", 8},         /* payload longer than what is there */
                {"\2\0\1a\xff\xff\0\0\0\0", 10},        /* correlation too */
                {"\0\1\1a", 4},                         /* topic too */
        };
        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
                WireReader reader = {.data = (const uint8_t *)cases[i].bytes, .n = cases[i].n};
                ControlDocument document;
                assert_false(control_read_document(&reader, &document));
                assert_false(wire_is_done(&reader));
        }
        _cleanup_text_ Text text = {0};
        char big[CONTROL_CORRELATION_MAX + 1] = {0};
        wire_write_u8(&text, 2);
        wire_write_string(&text, "a");
        wire_write_u16(&text, sizeof big);
        wire_write_bytes(&text, big, sizeof big);
        wire_write_u32(&text, 0);
        WireReader reader = {.data = (const uint8_t *)text.data, .n = text.n};
        ControlDocument document;
        assert_false(control_read_document(&reader, &document));
        assert_true(reader.failed);
}

static void test_roster_messages(void **state) {
        (void)state;
        _cleanup_text_ Text text = {0};
        ControlRosterBegin begin = {.epoch = 3, .version = UINT64_MAX, .n_bytes = 70000, .n_chunks = 2, .hash = {1, 2, 3}}, read;
        control_write_roster_begin(&text, &begin);
        WireReader reader = reader_of(&text, CONTROL_ROSTER_BEGIN);
        assert_true(control_read_roster_begin(&reader, &read));
        assert_memory_equal(&read.hash, &begin.hash, sizeof begin.hash);
        assert_true(read.epoch == 3 && read.version == UINT64_MAX && read.n_bytes == 70000 && read.n_chunks == 2);

        text_reset(&text);
        control_write_roster_chunk(&text, 5, 1, "chunk", 5);
        reader = reader_of(&text, CONTROL_ROSTER_CHUNK);
        uint64_t version;
        uint32_t index;
        const void *data;
        size_t n;
        assert_true(control_read_roster_chunk(&reader, &version, &index, &data, &n));
        assert_true(version == 5 && index == 1 && n == 5);
        assert_memory_equal(data, "chunk", 5);

        text_reset(&text);
        control_write_roster_commit(&text, 5);
        reader = reader_of(&text, CONTROL_ROSTER_COMMIT);
        assert_true(control_read_roster_commit(&reader, &version));
        text_append_char(&text, 'x');
        reader = reader_of(&text, CONTROL_ROSTER_COMMIT);
        assert_false(control_read_roster_commit(&reader, &version));

        text_reset(&text);
        control_write_roster_ask(&text);
        reader = reader_of(&text, CONTROL_ROSTER_ASK);
        assert_true(wire_is_done(&reader));
}

static void test_fence_and_held(void **state) {
        (void)state;
        _cleanup_text_ Text text = {0};
        ControlFence fence = {.token = 1, .instance = 2, .counter = 3, .at = INT64_C(-4)}, fence_read;
        control_write_fence(&text, &fence);
        WireReader reader = reader_of(&text, CONTROL_FENCE);
        assert_true(control_read_fence(&reader, &fence_read));
        assert_memory_equal(&fence, &fence_read, sizeof fence);

        text_reset(&text);
        ControlHeld held = {.status = CONTROL_HELD_REFUSED, .epoch = 1, .version = 2, .n_members = 3, .hash = {4}}, held_read;
        control_write_held(&text, &held);
        reader = reader_of(&text, CONTROL_HELD);
        assert_true(control_read_held(&reader, &held_read));
        assert_int_equal(held_read.status, CONTROL_HELD_REFUSED);
        assert_memory_equal(held_read.hash, held.hash, sizeof held.hash);
        text.data[1] = 3;
        reader = reader_of(&text, CONTROL_HELD);
        assert_false(control_read_held(&reader, &held_read));
        for (size_t cut = 1; cut < text.n; cut++) {
                WireReader torn = {.data = (const uint8_t *)text.data + 1, .n = text.n - 1 - cut};
                assert_false(control_read_held(&torn, &held_read));
        }
}

static void test_types(void **state) {
        (void)state;
        for (int byte = 0; byte < 256; byte++) {
                uint8_t data = (uint8_t)byte;
                WireReader reader = {.data = &data, .n = 1};
                ControlType type;
                assert_int_equal(control_read_type(&reader, &type), byte >= CONTROL_PUBLISH && byte <= CONTROL_HELD);
        }
        WireReader empty = {.data = (const uint8_t *)"", .n = 0};
        ControlType type;
        assert_false(control_read_type(&empty, &type));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_documents),
                cmocka_unit_test(test_torn_documents),
                cmocka_unit_test(test_hostile_documents),
                cmocka_unit_test(test_roster_messages),
                cmocka_unit_test(test_fence_and_held),
                cmocka_unit_test(test_types),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
