/* Text and wire: bounds, and bytes that come back as they went in. */
#include "proto/text.h"
#include "proto/wire.h"

#include <stdlib.h>
#include <string.h>

#include "cmocka_headers.h"

static void test_append(void **state) {
        (void)state;
        _cleanup_text_ Text text = {0};
        assert_string_equal(text_string(&text), "");
        text_append_string(&text, "task ");
        text_append_int(&text, INT64_MIN);
        text_append_char(&text, '/');
        text_append_format(&text, "%04d", 7);
        assert_string_equal(text_string(&text), "task -9223372036854775808/0007");
        text_reset(&text);
        assert_string_equal(text_string(&text), "");
}

static void test_cut(void **state) {
        (void)state;
        _cleanup_text_ Text text = {0};
        text_cut(&text, 0);
        text_append_string(&text, "one,two");
        text_cut(&text, 9);
        assert_string_equal(text_string(&text), "one,two");
        text_cut(&text, 3);
        assert_int_equal(text.n, 3);
        assert_string_equal(text_string(&text), "one");
}

static void test_long_format(void **state) {
        (void)state;
        _cleanup_text_ Text text = {0};
        char word[1001];
        memset(word, 'x', 1000);
        word[1000] = '\0';
        text_append_format(&text, "<%s>", word);
        assert_int_equal(text.n, 1002);
        assert_int_equal(text_string(&text)[1001], '>');
}

static void test_limit_is_kept(void **state) {
        (void)state;
        _cleanup_text_ Text text = TEXT_INIT(8);
        text_append_string(&text, "12345678");
        assert_false(text.failed);
        text_append_char(&text, '9');
        assert_true(text.failed);
        assert_int_equal(text.n, 8);
        text_append_string(&text, "");
        assert_null(text_steal(&text));
        text.failed = false;
        text_append_format(&text, "%300d", 1);
        assert_true(text.failed);
        text_reset(&text);
        assert_false(text.failed);
}

static void test_json_string(void **state) {
        (void)state;
        _cleanup_text_ Text text = {0};
        text_append_json_string(&text, "a\"b\\c\n\x01\x1f 预警");
        assert_string_equal(text_string(&text), "\"a\\\"b\\\\c\\n\\u0001\\u001f 预警\"");
        text_reset(&text);
        text_append_json_string(&text, NULL);
        assert_string_equal(text_string(&text), "null");
}

static void test_steal(void **state) {
        (void)state;
        Text text = {0};
        char *stolen = text_steal(&text);
        assert_string_equal(stolen, "");
        free(stolen);
        text_append_string(&text, "abc");
        stolen = text_steal(&text);
        assert_string_equal(stolen, "abc");
        assert_null(text.data);
        free(stolen);
}

static void test_wire_round_trip(void **state) {
        (void)state;
        _cleanup_text_ Text text = {0};
        char word[8];
        wire_write_u8(&text, 0xab);
        wire_write_u16(&text, 0x1234);
        wire_write_u32(&text, 0xdeadbeef);
        wire_write_u64(&text, UINT64_MAX - 1);
        wire_write_string(&text, "village");
        wire_write_bytes(&text, "\0\1", 2);
        assert_memory_equal(text.data, "\xab\x12\x34\xde\xad\xbe\xef", 7);
        WireReader reader = {.data = (const uint8_t *)text.data, .n = text.n};
        assert_int_equal(wire_read_u8(&reader), 0xab);
        assert_int_equal(wire_read_u16(&reader), 0x1234);
        assert_int_equal(wire_read_u32(&reader), 0xdeadbeef);
        assert_true(wire_read_u64(&reader) == UINT64_MAX - 1);
        wire_read_string(&reader, word, sizeof word);
        assert_string_equal(word, "village");
        assert_false(wire_is_done(&reader));
        assert_memory_equal(wire_read_bytes(&reader, 2), "\0\1", 2);
        assert_true(wire_is_done(&reader));
}

static void test_wire_past_the_end(void **state) {
        (void)state;
        WireReader reader = {.data = (const uint8_t *)"\1\2\3", .n = 3};
        assert_int_equal(wire_read_u32(&reader), 0);
        assert_true(reader.failed);
        assert_int_equal(wire_read_u8(&reader), 0);
        assert_null(wire_read_bytes(&reader, 0));
        assert_false(wire_is_done(&reader));
        reader = (WireReader){.data = (const uint8_t *)"\1\2\3", .n = 3};
        assert_int_equal(wire_read_u16(&reader), 0x0102);
        assert_int_equal(wire_read_u16(&reader), 0); /* only one byte is left */
        assert_true(reader.failed);
        reader = (WireReader){.data = (const uint8_t *)"\1", .n = 1};
        assert_null(wire_read_bytes(&reader, SIZE_MAX));
}

static void test_wire_strings(void **state) {
        (void)state;
        char word[4];
        WireReader fits = {.data = (const uint8_t *)"\0\3abc", .n = 5};
        wire_read_string(&fits, word, sizeof word);
        assert_true(wire_is_done(&fits));
        WireReader too_long = {.data = (const uint8_t *)"\0\4abcd", .n = 6};
        wire_read_string(&too_long, word, sizeof word);
        assert_true(too_long.failed);
        assert_string_equal(word, "");
        WireReader has_nul = {.data = (const uint8_t *)"\0\3a\0c", .n = 5};
        wire_read_string(&has_nul, word, sizeof word);
        assert_true(has_nul.failed);
        WireReader torn = {.data = (const uint8_t *)"\0\3ab", .n = 4};
        wire_read_string(&torn, word, sizeof word);
        assert_true(torn.failed);
        WireReader empty = {.data = (const uint8_t *)"\0\0", .n = 2};
        wire_read_string(&empty, word, sizeof word);
        assert_true(wire_is_done(&empty));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_append),
                cmocka_unit_test(test_cut),
                cmocka_unit_test(test_long_format),
                cmocka_unit_test(test_limit_is_kept),
                cmocka_unit_test(test_json_string),
                cmocka_unit_test(test_steal),
                cmocka_unit_test(test_wire_round_trip),
                cmocka_unit_test(test_wire_past_the_end),
                cmocka_unit_test(test_wire_strings),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
