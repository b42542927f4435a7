#include "store/query.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

/* Every parameter is used and none beyond the count: the engine's plan and the statement agree on their number. */
static void test_parameters_are_used(void **state) {
        (void)state;
        size_t cursor = 0;
        for (const QueryStatement *statement; (statement = query_statement_next(&cursor));) {
                assert_true(statement->n_parameters >= 1 && statement->n_parameters <= QUERY_PARAMETERS_MAX);
                for (size_t i = 1; i <= QUERY_PARAMETERS_MAX + 1; i++) {
                        char parameter[8];
                        snprintf(parameter, sizeof parameter, "$%zu", i);
                        if ((strstr(statement->sql, parameter) != NULL) != (i <= statement->n_parameters))
                                fail_msg("%s: %s", statement->name, parameter);
                }
        }
}

/* Secrets are not even named where answers are made. */
static void test_secrets_are_not_read(void **state) {
        (void)state;
        size_t cursor = 0;
        for (const QueryStatement *statement; (statement = query_statement_next(&cursor));) {
                assert_null(strstr(statement->sql, "secret"));
                assert_null(strstr(statement->sql, "payload,"));
        }
}

static void test_found_by_name(void **state) {
        (void)state;
        assert_string_equal(query_statement("task")->name, "task");
        assert_null(query_statement("tas"));
        assert_null(query_statement(""));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_parameters_are_used),
                cmocka_unit_test(test_secrets_are_not_read),
                cmocka_unit_test(test_found_by_name),
        };
        return cmocka_run_group_tests_name("query_statements", tests, NULL, NULL);
}
