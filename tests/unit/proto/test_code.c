/* Codes and verbs: every enumerator has its word, its sentences, and comes back from its word. */
#include "proto/code.h"
#include "proto/verb.h"

#include <string.h>

#include "cmocka_headers.h"

static void test_every_code_has_words(void **state) {
        (void)state;
        for (int code = CODE_NONE + 1; code < CODE_COUNT; code++) {
                assert_true(strlen(code_name((Code)code)) > 0);
                assert_int_equal(code_parse(code_name((Code)code)), code);
                assert_true(strlen(code_sentence_zh((Code)code)) > 6);
                assert_true(strlen(code_sentence_en((Code)code)) > 6);
                assert_true((unsigned char)code_sentence_zh((Code)code)[0] >= 0x80);
                assert_int_equal(code_sentence_en((Code)code)[strlen(code_sentence_en((Code)code)) - 1], '.');
        }
}

static void test_unknown_code(void **state) {
        (void)state;
        assert_int_equal(code_parse("no_such_code"), CODE_NONE);
        assert_int_equal(code_parse(""), CODE_NONE);
        assert_string_equal(code_name(CODE_NONE), "");
}

static void test_every_verb_has_its_word(void **state) {
        (void)state;
        for (int verb = VERB_NONE + 1; verb < VERB_COUNT; verb++) {
                const char *word = verb_name((Verb)verb);
                assert_true(strlen(word) > 0);
                assert_int_equal(verb_parse(word, strlen(word)), verb);
        }
        assert_string_equal(verb_name(VERB_NONE), "");
}

static void test_unknown_verbs(void **state) {
        (void)state;
        assert_int_equal(verb_parse("", 0), VERB_NONE);
        assert_int_equal(verb_parse("accep", 5), VERB_NONE);
        assert_int_equal(verb_parse("accepted", 8), VERB_NONE);
        assert_int_equal(verb_parse("accept-now", 6), VERB_ACCEPT);
        assert_int_equal(verb_parse("Accept", 6), VERB_NONE);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_every_code_has_words),
                cmocka_unit_test(test_unknown_code),
                cmocka_unit_test(test_every_verb_has_its_word),
                cmocka_unit_test(test_unknown_verbs),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
