/* Inflight: what was in work when the process died is known afterwards (I14). A crash here is a file that nobody closed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "inflight.h"

static char path[64];

static int setup(void **state) {
        (void)state;
        snprintf(path, sizeof path, "/tmp/inflight-XXXXXX");
        close(mkstemp(path));
        return 0;
}

static int teardown(void **state) {
        (void)state;
        unlink(path);
        return 0;
}

static InflightHash hash_of(const char *payload) {
        InflightHash hash;

        inflight_hash("grid/v1/1/admin/x", payload, strlen(payload), "stamp", &hash);
        return hash;
}

/* Run `work` in a child that dies without a word. */
static void crash(void (*work)(Inflight *inflight)) {
        pid_t child = fork();

        if (child == 0) {
                work(inflight_open(path));
                _exit(1);
        }
        waitpid(child, NULL, 0);
}

static unsigned crashes_of(Inflight *inflight, const char *payload) {
        InflightHash hash = hash_of(payload);
        bool parsing;

        return inflight_crashes(inflight, &hash, &parsing);
}

static void work_on_two(Inflight *inflight) {
        InflightHash hashes[] = {hash_of("one"), hash_of("two")};

        inflight_work(inflight, hashes, 2);
}

static void work_on_one(Inflight *inflight) {
        InflightHash hash = hash_of("one");

        inflight_work(inflight, &hash, 1);
}

static void work_and_finish(Inflight *inflight) {
        work_on_two(inflight);
        inflight_work(inflight, NULL, 0);
}

static void parse_one(Inflight *inflight) {
        InflightHash hash = hash_of("one");

        inflight_parse_begin(inflight, &hash);
}

static void test_finished_work_is_no_suspicion(void **state) {
        (void)state;
        crash(work_and_finish);
        Inflight *inflight = inflight_open(path);

        assert_int_equal(inflight_count(inflight), 0);
        inflight_close(inflight);
}

static void test_one_crash_then_two(void **state) {
        (void)state;
        crash(work_on_two);
        crash(work_on_one);
        Inflight *inflight = inflight_open(path);

        assert_int_equal(crashes_of(inflight, "one"), 2);
        assert_int_equal(crashes_of(inflight, "two"), 1);
        assert_int_equal(crashes_of(inflight, "three"), 0);
        inflight_close(inflight);
}

static void test_outcome_ends_the_suspicion(void **state) {
        InflightHash hash = hash_of("one");

        (void)state;
        crash(work_on_two);
        Inflight *inflight = inflight_open(path);

        inflight_forget(inflight, &hash);
        inflight_close(inflight);
        inflight = inflight_open(path);
        assert_int_equal(crashes_of(inflight, "one"), 0);
        assert_int_equal(crashes_of(inflight, "two"), 1);
        inflight_close(inflight);
}

static void test_parsing_is_known(void **state) {
        InflightHash hash = hash_of("one");
        bool parsing = false;

        (void)state;
        crash(parse_one);
        Inflight *inflight = inflight_open(path);

        assert_int_equal(inflight_crashes(inflight, &hash, &parsing), 1);
        assert_true(parsing);
        inflight_close(inflight);
}

static void test_foreign_file_is_begun_anew(void **state) {
        FILE *file = fopen(path, "w");

        (void)state;
        for (int i = 0; i < 100000; i++)
                fputs("nonsense", file);
        fclose(file);
        Inflight *inflight = inflight_open(path);

        assert_non_null(inflight);
        assert_int_equal(inflight_count(inflight), 0);
        inflight_close(inflight);
}

static void test_bounded(void **state) {
        InflightHash *hashes = calloc(INFLIGHT_MAX + 10, sizeof *hashes);
        Inflight *inflight = inflight_open(path);

        (void)state;
        for (uint32_t i = 0; i < INFLIGHT_MAX + 10; i++)
                memcpy(hashes[i].bytes, &i, sizeof i);
        inflight_work(inflight, hashes, INFLIGHT_MAX + 10);
        /* no close: as after a crash */
        Inflight *again = inflight_open(path);

        assert_int_equal(inflight_count(again), INFLIGHT_MAX);
        inflight_close(again);
        inflight_close(inflight);
        free(hashes);
}

static void test_without_a_file(void **state) {
        InflightHash hash = hash_of("one");
        bool parsing;

        (void)state;
        assert_null(inflight_open("/nonexistent/inflight"));
        inflight_work(NULL, &hash, 1);
        inflight_parse_begin(NULL, &hash);
        inflight_parse_end(NULL);
        inflight_forget(NULL, &hash);
        assert_int_equal(inflight_crashes(NULL, &hash, &parsing), 0);
        assert_null(inflight_close(NULL));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_finished_work_is_no_suspicion, setup, teardown),
                cmocka_unit_test_setup_teardown(test_one_crash_then_two, setup, teardown),
                cmocka_unit_test_setup_teardown(test_outcome_ends_the_suspicion, setup, teardown),
                cmocka_unit_test_setup_teardown(test_parsing_is_known, setup, teardown),
                cmocka_unit_test_setup_teardown(test_foreign_file_is_begun_anew, setup, teardown),
                cmocka_unit_test_setup_teardown(test_bounded, setup, teardown),
                cmocka_unit_test(test_without_a_file),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
