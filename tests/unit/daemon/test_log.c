/* Log: one line an event, nothing from outside breaks it, repeats are counted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "log.h"

static int ends[2];
static char line[4096];

static int setup(void **state) {
        (void)state;
        assert_int_equal(pipe(ends), 0);
        log_set_output(ends[1], true);
        log_set_level(LOG_LEVEL_INFO);
        return 0;
}

static int teardown(void **state) {
        (void)state;
        log_set_output(2, false);
        close(ends[0]);
        close(ends[1]);
        return 0;
}

static const char *read_line(void) {
        ssize_t n = read(ends[0], line, sizeof line - 1);

        line[n > 0 ? n : 0] = 0;
        return line;
}

static void test_line(void **state) {
        (void)state;
        log_write(LOG_LEVEL_WARNING, "room", "words key=%d", 7);
        assert_string_equal(read_line(), "<4>room: words key=7\n");
}

static void test_control_characters(void **state) {
        (void)state;
        log_write(LOG_LEVEL_INFO, "room", "topic=%s", "a\nb\x1b[31m\x7f汉");
        assert_string_equal(read_line(), "<6>room: topic=a?b?[31m?汉\n");
}

static void test_long_lines_are_cut(void **state) {
        char text[3000];

        (void)state;
        memset(text, 'x', sizeof text - 1);
        text[sizeof text - 1] = 0;
        log_write(LOG_LEVEL_INFO, "room", "%s", text);
        read_line();
        assert_int_equal(strlen(line), 1023);
        assert_int_equal(line[1022], '\n');
        assert_int_equal(strcspn(line, "\n"), 1022);
}

static void test_level(void **state) {
        uint64_t before = log_count(LOG_LEVEL_DEBUG);

        (void)state;
        log_write(LOG_LEVEL_DEBUG, "room", "not shown");
        log_write(LOG_LEVEL_INFO, "room", "shown");
        assert_string_equal(read_line(), "<6>room: shown\n");
        assert_int_equal(log_count(LOG_LEVEL_DEBUG), before + 1);
}

static void test_limit(void **state) {
        LogLimit limit = {0};

        (void)state;
        assert_true(log_write_limited(&limit, 1000, LOG_LEVEL_INFO, "room", "a"));
        assert_string_equal(read_line(), "<6>room: a\n");
        for (int i = 0; i < 5; i++)
                assert_false(log_write_limited(&limit, 2000, LOG_LEVEL_INFO, "room", "b"));
        assert_true(log_write_limited(&limit, 1000 + LOG_WINDOW_MS, LOG_LEVEL_INFO, "room", "c"));
        assert_string_equal(read_line(), "<6>room: c left_out=5\n");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_line, setup, teardown),
                cmocka_unit_test_setup_teardown(test_control_characters, setup, teardown),
                cmocka_unit_test_setup_teardown(test_long_lines_are_cut, setup, teardown),
                cmocka_unit_test_setup_teardown(test_level, setup, teardown),
                cmocka_unit_test_setup_teardown(test_limit, setup, teardown),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
