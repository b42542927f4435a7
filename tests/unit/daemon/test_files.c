/* Files: the area's secret, whole files, a folder of playbooks; what is wrong with one is told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "files.h"

static char folder[64], why[256];

static int setup(void **state) {
        (void)state;
        snprintf(folder, sizeof folder, "/tmp/files-XXXXXX");
        return mkdtemp(folder) ? 0 : -1;
}

static const char *write_file(const char *name, const char *text) {
        static char path[256];

        snprintf(path, sizeof path, "%s/%s", folder, name);
        FILE *file = fopen(path, "w");
        fputs(text, file);
        fclose(file);
        return path;
}

static int teardown(void **state) {
        char command[128];

        (void)state;
        snprintf(command, sizeof command, "rm -r %s", folder);
        return system(command);
}

#define DIGITS "00112233445566778899aabbccddeeff00112233445566778899AABBCCDDEEFF"

static void test_secret(void **state) {
        uint8_t secret[SECRET_FILE_BYTES];

        (void)state;
        assert_true(file_read_secret(write_file("secret", DIGITS "\n"), secret, why, sizeof why));
        assert_int_equal(secret[1], 0x11);
        assert_int_equal(secret[31], 0xff);
        assert_true(file_read_secret(write_file("secret", DIGITS), secret, why, sizeof why));
        assert_false(file_read_secret(write_file("secret", DIGITS "0\n"), secret, why, sizeof why));
        assert_false(file_read_secret(write_file("secret", "x" DIGITS), secret, why, sizeof why));
        assert_false(file_read_secret(write_file("secret", ""), secret, why, sizeof why));
        assert_non_null(strstr(why, "not 64 hex digits"));
        assert_false(file_read_secret("/nonexistent/secret", secret, why, sizeof why));
        assert_null(strstr(why, "hex"));
}

static void test_folder(void **state) {
        FileTexts files;

        (void)state;
        write_file("b.json", "2");
        write_file("a.json", "1");
        write_file(".hidden.json", "x");
        write_file("notes.txt", "x");
        folder_read(folder, &files, why, sizeof why);
        assert_string_equal(why, "");
        assert_int_equal(files.n, 2);
        assert_string_equal(files.items[0].name, "a.json");
        assert_string_equal(files.items[1].text, "2");
        file_texts_deinit(&files);
        folder_read("/nonexistent", &files, why, sizeof why);
        assert_int_equal(files.n, 0);
        assert_non_null(strstr(why, "/nonexistent"));
        file_texts_deinit(&files);
}

static void test_a_folder_is_no_file(void **state) {
        char *text;
        size_t n;

        (void)state;
        assert_false(file_read(folder, &text, &n, why, sizeof why));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_secret, setup, teardown),
                cmocka_unit_test_setup_teardown(test_folder, setup, teardown),
                cmocka_unit_test_setup_teardown(test_a_folder_is_no_file, setup, teardown),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
