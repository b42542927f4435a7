/* Mask: the vectors in mask_vectors.json, and what must hold for any text. */
#include "proto/mask.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/json.h"

#include "cmocka_headers.h"

static char *read_file(const char *path, size_t *ret_n) {
        FILE *file = fopen(path, "rb");
        assert_non_null(file);
        char *data = malloc(1 << 20);
        assert_non_null(data);
        *ret_n = fread(data, 1, 1 << 20, file);
        assert_int_equal(fclose(file), 0);
        return data;
}

static void test_vectors(void **state) {
        (void)state;
        size_t n;
        char *data = read_file(TEST_SOURCE_ROOT "/tests/unit/proto/mask_vectors.json", &n);
        _cleanup_json_ cJSON *tree = NULL;
        const cJSON *vector;
        assert_int_equal(json_parse_object(data, n, 1 << 20, &tree), CODE_NONE);
        free(data);
        int n_vectors = 0;
        cJSON_ArrayForEach(vector, json_array(tree, "vectors")) {
                const char *text = json_string(vector, "text"), *masked = json_string(vector, "masked");
                char *copy = strdup(text);
                bool changed = mask_text(copy);
                if (strcmp(copy, masked) != 0)
                        fail_msg("%s: %s -> %s", json_string(vector, "why"), text, copy);
                assert_int_equal(changed, strcmp(text, masked) != 0);
                assert_false(mask_text(copy)); /* nothing is left to mask */
                free(copy);
                n_vectors++;
        }
        assert_true(n_vectors > 50);
}

static void test_never_longer(void **state) {
        (void)state;
        unsigned random = 7;
        static const char *const parts[] = {"1", "3", "9", "0", "8", "X", "x", " ", "-", "晋", "京", "M", "12345", "1", "警", "。",
                                            "\xef\xbc\x91", "139", "6222", "\xff", "\xe4", "+86", "·"};
        for (int round = 0; round < 20000; round++) {
                char text[256] = "", copy[256];
                for (int i = 0; i < 30; i++) {
                        random = random * 1103515245u + 12345u;
                        strcat(text, parts[(random >> 16) % (sizeof parts / sizeof *parts)]);
                }
                memcpy(copy, text, sizeof copy);
                bool changed = mask_text(copy);
                assert_true(strlen(copy) <= strlen(text));
                assert_int_equal(changed, strcmp(copy, text) != 0);
        }
}

static void test_count_characters(void **state) {
        (void)state;
        assert_int_equal(text_count_characters(""), 0);
        assert_int_equal(text_count_characters("abc"), 3);
        assert_int_equal(text_count_characters("预警 😀"), 4);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_vectors),
                cmocka_unit_test(test_never_longer),
                cmocka_unit_test(test_count_characters),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
