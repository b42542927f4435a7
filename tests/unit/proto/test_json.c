/* JSON from outside: what RFC 8259 allows is read as it stands, everything else is refused with its own code. */
#include "proto/json.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "proto/text.h"
#include "proto/timestamp.h"

#include "cmocka_headers.h"

static Code parse_n(const char *text, size_t n) {
        _cleanup_json_ cJSON *tree = NULL;
        Code code = json_parse_object(text, n, JSON_BYTES_MAX, &tree);
        assert_int_equal(code == CODE_NONE, tree != NULL);
        return code;
}

static Code parse(const char *text) {
        return parse_n(text, strlen(text));
}

static void assert_all(const char *const *texts, size_t n, Code code) {
        for (size_t i = 0; i < n; i++) {
                Code got = parse(texts[i]);
                if (got != code)
                        fail_msg("%s: %s instead of %s", texts[i], code_name(got), code_name(code));
        }
}
#define assert_codes(code, ...)                                                                                                    \
        do {                                                                                                                       \
                static const char *const texts[] = {__VA_ARGS__};                                                                  \
                assert_all(texts, sizeof texts / sizeof *texts, code);                                                             \
        } while (0)

static void test_accepted(void **state) {
        (void)state;
        assert_codes(CODE_NONE, "{}", " \t\r\n{ } \n", "{\"a\":1}", "{\"a\":[1,2,{\"b\":null}],\"c\":true,\"d\":false}",
                     "{\"\":\"\"}", "{\"a\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u4e2d\"}", "{\"a\":\"\\ud83d\\ude00\"}", "{\"a\":\"预警 😀\"}",
                     "{\"a\":-0,\"b\":0.5,\"c\":1e3,\"d\":1E-3,\"e\":-12.5e+2}", "{\"a\":{\"a\":{\"a\":1}}}",
                     "{\"a\":9007199254740992,\"b\":-9007199254740992}", "{\"a\":1,\"A\":2}", "{\"a\":\"\x7f\"}");
}

static void test_malformed(void **state) {
        (void)state;
        assert_codes(CODE_MALFORMED, "", " ", "{", "}", "[]", "null", "1", "\"a\"", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{,}",
                     "{\"a\":1 \"b\":2}", "{a:1}", "{'a':1}", "{\"a\":1}x", "{}{}", "{} null", "{\"a\":01}", "{\"a\":+1}",
                     "{\"a\":1.}", "{\"a\":.5}", "{\"a\":1e}", "{\"a\":0x10}", "{\"a\":NaN}", "{\"a\":Infinity}", "{\"a\":-}",
                     "{\"a\":--1}", "{\"a\":tru}", "{\"a\":True}", "{\"a\":nul}", "{\"a\":[1,]}", "{\"a\":[1 2]}", "{\"a\":[}",
                     "{\"a\":\"\\x41\"}", "{\"a\":\"\\u12\"}", "{\"a\":\"\\u12g4\"}", "{\"a\":\"", "{\"a\":\"\\", "{\"a\":\"\\u",
                     "{\"a\":\"line\nbreak\"}", "{\"a\":\"\x1f\"}", "{\"a\":1}/* */", "\f{}", "\xef\xbb\xbf{}", "{\"a\":\"b\":\"c\"}",
                     "{1:2}", "{\"a\":[1}]");
}

static void test_utf8(void **state) {
        (void)state;
        assert_codes(CODE_UTF8, "{\"a\":\"\xff\"}", "{\"a\":\"\x80\"}", "{\"a\":\"\xc0\x80\"}", "{\"a\":\"\xc1\xbf\"}",
                     "{\"a\":\"\xe0\x80\x80\"}", "{\"a\":\"\xe0\x9f\xbf\"}", "{\"a\":\"\xf0\x80\x80\x80\"}", "{\"a\":\"\xf0\x8f\xbf\xbf\"}",
                     "{\"a\":\"\xed\xa0\x80\"}", "{\"a\":\"\xed\xbf\xbf\"}", "{\"a\":\"\xf4\x90\x80\x80\"}", "{\"a\":\"\xf5\x80\x80\x80\"}",
                     "{\"a\":\"\xe4\xb8\"}", "{\"a\":\"\xe4\"}", "{\"a\":\"\xe4\xb8", "\xfe\xff", "{\"\xff\":1}",
                     "{\"a\":\"\\ud800\"}", "{\"a\":\"\\udc00\"}", "{\"a\":\"\\ud800x\"}", "{\"a\":\"\\ud800\\u0041\"}",
                     "{\"a\":\"\\ud800\\ud800\"}", "{\"a\":\"\\udfff\\ud800\"}", "{\"a\":\"\\ud83d", "{\"\\ud800\":1}");
        assert_codes(CODE_NONE, "{\"a\":\"\xed\x9f\xbf\xee\x80\x80\xf4\x8f\xbf\xbf\"}");
}

static void test_nul(void **state) {
        (void)state;
        assert_codes(CODE_NUL, "{\"a\":\"\\u0000\"}", "{\"\\u0000\":1}", "{\"a\":{\"b\":[\"x\\u0000\"]}}");
        assert_int_equal(parse_n("{\"a\":\"\0\"}", 9), CODE_NUL);
        assert_int_equal(parse_n("{}\0", 3), CODE_NUL);
}

static void test_duplicate_keys(void **state) {
        (void)state;
        assert_codes(CODE_DUPLICATE_KEY, "{\"a\":1,\"a\":2}", "{\"a\":1,\"b\":2,\"\\u0061\":3}", "{\"x\":{\"k\":1,\"k\":1}}",
                     "{\"x\":[{\"k\":1,\"y\":2,\"k\":1}]}", "{\"\":1,\"\":2}", "{\"中\":1,\"\\u4e2d\":2}", "{\"/\":1,\"\\/\":2}",
                     "{\"😀\":1,\"\\ud83d\\ude00\":2}");
        assert_codes(CODE_NONE, "{\"a\":{\"a\":1},\"b\":{\"a\":1}}", "{\"a\":\"b\",\"b\":\"a\"}");
}

static void test_numbers_out_of_range(void **state) {
        (void)state;
        assert_codes(CODE_RANGE, "{\"a\":9007199254740993}", "{\"a\":-9007199254740993}", "{\"a\":99999999999999999999}",
                     "{\"a\":1e400}", "{\"a\":-1e400}", "{\"a\":1e16}", "{\"a\":9007199254740993.0}",
                     "{\"a\":0.00000000000000000000000000000000000000000000000000000000000000001}");
        assert_codes(CODE_NONE, "{\"a\":1e-400}", "{\"a\":1e15}");
}

static void fill(Text *text, const char *part, size_t times) {
        for (size_t i = 0; i < times; i++)
                text_append_string(text, part);
}

static void test_depth(void **state) {
        (void)state;
        _cleanup_text_ Text text = {0};
        text_append_string(&text, "{\"a\":");
        fill(&text, "[", JSON_DEPTH_MAX - 1);
        fill(&text, "]", JSON_DEPTH_MAX - 1);
        text_append_char(&text, '}');
        assert_int_equal(parse(text_string(&text)), CODE_NONE);
        text_reset(&text);
        text_append_string(&text, "{\"a\":");
        fill(&text, "[", JSON_DEPTH_MAX);
        fill(&text, "]", JSON_DEPTH_MAX);
        text_append_char(&text, '}');
        assert_int_equal(parse(text_string(&text)), CODE_TOO_DEEP);
        text_reset(&text);
        fill(&text, "{\"a\":", 10000); /* never closed: the depth is what is told */
        assert_int_equal(parse(text_string(&text)), CODE_TOO_DEEP);
}

static void test_size(void **state) {
        (void)state;
        _cleanup_text_ Text text = {0};
        text_append_string(&text, "{\"a\":\"");
        fill(&text, "x", JSON_BYTES_MAX - 8);
        text_append_string(&text, "\"}");
        assert_int_equal(text.n, JSON_BYTES_MAX);
        assert_int_equal(parse(text_string(&text)), CODE_NONE);
        text_append_char(&text, ' ');
        assert_int_equal(parse(text_string(&text)), CODE_TOO_LARGE);
}

static void test_number_of_values(void **state) {
        (void)state;
        _cleanup_text_ Text text = {0};
        text_append_string(&text, "{\"a\":[0");
        fill(&text, ",0", JSON_VALUES_MAX - 3);
        text_append_string(&text, "]}");
        assert_int_equal(parse(text_string(&text)), CODE_NONE);
        text_reset(&text);
        text_append_string(&text, "{\"a\":[0");
        fill(&text, ",0", JSON_VALUES_MAX - 2);
        text_append_string(&text, "]}");
        assert_int_equal(parse(text_string(&text)), CODE_TOO_LARGE);
}

static void test_many_keys_are_quick(void **state) {
        (void)state;
        _cleanup_text_ Text text = {0};
        text_append_string(&text, "{\"k0\":0");
        for (int i = 1; text.n < JSON_BYTES_MAX - 20; i++)
                text_append_format(&text, ",\"k%d\":0", i);
        text_append_char(&text, '}');
        assert_int_equal(parse(text_string(&text)), CODE_NONE);
}

static void test_reading(void **state) {
        (void)state;
        const char *text = "{\"s\":\"x\",\"i\":-7,\"h\":0.5,\"t\":true,\"n\":null,\"o\":{},\"l\":[],\"big\":9007199254740992}";
        _cleanup_json_ cJSON *tree = NULL;
        assert_int_equal(json_parse_object(text, strlen(text), JSON_BYTES_MAX, &tree), CODE_NONE);
        assert_string_equal(json_string(tree, "s"), "x");
        assert_null(json_string(tree, "i"));
        assert_null(json_string(tree, "S")); /* case matters */
        assert_null(json_string(NULL, "s"));
        assert_true(json_int(tree, "i", 0) == -7);
        assert_true(json_int(tree, "h", 3) == 3);
        assert_true(json_int(tree, "s", 3) == 3);
        assert_true(json_int(tree, "big", 0) == INT64_C(9007199254740992));
        assert_true(json_bool(tree, "t", false));
        assert_true(json_bool(tree, "s", true));
        assert_true(json_has(tree, "s"));
        assert_false(json_has(tree, "n"));
        assert_false(json_has(tree, "missing"));
        assert_non_null(json_object(tree, "o"));
        assert_null(json_object(tree, "l"));
        assert_non_null(json_array(tree, "l"));
        assert_null(json_array(tree, "o"));
        assert_false(json_is_whole(cJSON_GetObjectItemCaseSensitive(tree, "h")));
        assert_false(json_is_whole(NULL));
}

static void test_writing(void **state) {
        (void)state;
        _cleanup_json_ cJSON *tree = cJSON_CreateObject();
        json_add_string(tree, "s", "a\"b");
        json_add_string(tree, "absent", NULL);
        json_add_int(tree, "i", INT64_C(-9007199254740991));
        json_add_int(tree, "ms", INT64_C(1795219200000));
        json_add_time(tree, "at", INT64_C(1795219200000), 480);
        json_add_time(tree, "never", TIMESTAMP_NONE, 480);
        cJSON_AddNumberToObject(tree, "half", 0.5);
        cJSON_AddNumberToObject(tree, "nan", NAN);
        cJSON_AddItemToObject(tree, "list", cJSON_Parse("[1,true,null,{\"x\":[]},\"\"]"));
        char *text = json_print(tree);
        assert_string_equal(text, "{\"s\":\"a\\\"b\",\"i\":-9007199254740991,\"ms\":1795219200000,\"at\":\"2026-11-21T08:00:00+08:00\","
                                  "\"half\":0.5,\"nan\":null,\"list\":[1,true,null,{\"x\":[]},\"\"]}");
        free(text);
}

static void assert_salvaged(const char *text, const char *expected) {
        char id[65];
        size_t n = json_salvage_string(text, strlen(text), "id", id, sizeof id);
        assert_int_equal(n, strlen(expected));
        assert_string_equal(id, expected);
}

static void test_salvage(void **state) {
        (void)state;
        assert_salvaged("{\"id\":\"20261121-1\",\"x\":01}", "20261121-1");
        assert_salvaged("{\"x\":{\"id\":\"inner\"}, \"id\" : \"20261121-1\" , broken", "20261121-1");
        assert_salvaged("{\"x\":\"\\\"id\\\":\\\"no\\\"\",\"id\":\"yes\"", "yes");
        assert_salvaged("{\"id\":\"a\",\"id\":\"b\"}", "");
        assert_salvaged("{\"id\":7}", "");
        assert_salvaged("{\"id\":\"\"}", "");
        assert_salvaged("{\"id\":\"unfinished", "");
        assert_salvaged("{\"id\":\"esc\\u0061ped\"}", "");
        assert_salvaged("{\"id\"", "");
        assert_salvaged("{\"id\":", "");
        assert_salvaged("{\"id", "");
        assert_salvaged("", "");
        assert_salvaged("[\"id\"]", "");
        assert_salvaged("{\"id\":\"12345678901234567890123456789012345678901234567890123456789012345\"}", "");
        assert_salvaged("{\"other\":\"id\",\"id\":\"x\\", "");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_accepted),
                cmocka_unit_test(test_malformed),
                cmocka_unit_test(test_utf8),
                cmocka_unit_test(test_nul),
                cmocka_unit_test(test_duplicate_keys),
                cmocka_unit_test(test_numbers_out_of_range),
                cmocka_unit_test(test_depth),
                cmocka_unit_test(test_size),
                cmocka_unit_test(test_number_of_values),
                cmocka_unit_test(test_many_keys_are_quick),
                cmocka_unit_test(test_reading),
                cmocka_unit_test(test_writing),
                cmocka_unit_test(test_salvage),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
