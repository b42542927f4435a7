/* A spreadsheet of past months becomes one message, or is refused with every fault's line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "ctl/figures.h"
#include "proto/json.h"

static bool read_text(const char *csv, Figures *figures, Text *faults) {
        char *text = strdup(csv);
        bool sound = figures_read(text, LANGUAGE_EN, figures, faults);
        free(text);
        return sound;
}

static void test_a_sheet_becomes_a_message(void **state) {
        (void)state;
        _cleanup_text_ Text faults = TEXT_INIT(4096);
        Figures figures;
        assert_true(read_text("\xef\xbb\xbfunit,month,criminal,order\r\nv1, 2025-11 ,3,\"14\"\r\n\r\nv2,2025-11,,0\r\n", &figures, &faults));
        char *body = json_print(figures.body);
        assert_string_equal(body, "{\"figures\":[\"criminal\",\"order\"],\"rows\":[[\"v1\",\"2025-11\",3,14],[\"v2\",\"2025-11\",null,0]]}");
        assert_int_equal(figures.n_rows, 2);
        assert_int_equal(figures.lines[0], 2);
        assert_int_equal(figures.lines[1], 4); /* the line in the file, not the number of the row */
        free(body);
        figures_deinit(&figures);
}

static void test_faults_name_their_lines(void **state) {
        (void)state;
        static const struct { const char *csv, *fault; } cases[] = {
                {"", "line 1: no figures"},
                {"unit,month,criminal\n", "line 1: no figures"},
                {"unit,criminal\nv1,3\n", "line 1: the heading must be unit,month,NAME"},
                {"month,unit,criminal\n2025-11,v1,3\n", "line 1: the heading must be"},
                {"unit,month,criminal\nv1,2025-11,3\nv2,2025-11,x\n", "line 3: an amount must be a whole number, 0 or more: x"},
                {"unit,month,criminal\nv1,2025-11,-3\n", "line 2: an amount"},
                {"unit,month,criminal\nv1,2025-11,1.5\n", "line 2: an amount"},
                {"unit,month,criminal\nv1,2025-11,1000000000000000\n", "line 2: an amount"},
                {"unit,month,criminal\nv1,2025-13,3\n", "line 2: a month reads 2025-11: 2025-13"},
                {"unit,month,criminal\nv1,11/2025,3\n", "line 2: a month reads"},
                {"unit,month,criminal\nv1,2025-11\n", "line 2: not as many cells as the heading"},
                {"unit,month,criminal\nv1,2025-11,3,4\n", "line 2: not as many cells"},
                {"unit,month,criminal\nv1,2025-11,\"3\n", "line 2: quotes do not match"},
        };
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
                _cleanup_text_ Text faults = TEXT_INIT(4096);
                Figures figures;
                assert_false(read_text(cases[i].csv, &figures, &faults));
                if (strstr(text_string(&faults), cases[i].fault) == NULL)
                        fail_msg("%s: %s", cases[i].csv, text_string(&faults));
                figures_deinit(&figures);
        }
}

/* All of them at once, up to a bound. */
static void test_every_fault_is_told(void **state) {
        (void)state;
        _cleanup_text_ Text faults = TEXT_INIT(8192), csv = TEXT_INIT(65536);
        Figures figures;
        text_append_string(&csv, "unit,month,criminal\n");
        for (int i = 0; i < 30; i++)
                text_append_string(&csv, "v1,2025-11,x\n");
        assert_false(read_text(text_string(&csv), &figures, &faults));
        assert_non_null(strstr(text_string(&faults), "line 21:"));
        assert_null(strstr(text_string(&faults), "line 22:"));
        figures_deinit(&figures);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_a_sheet_becomes_a_message), cmocka_unit_test(test_faults_name_their_lines), cmocka_unit_test(test_every_fault_is_told),
        };
        return cmocka_run_group_tests_name("figures", tests, NULL, NULL);
}
