/* Config: every option's checks, the line of a mistake, what a reload takes over. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "config.h"

#define REQUIRED "[area]\ncode = 140802100\nsecret_file = /etc/secret\n[database]\nconninfo = dbname=grid\n"

static Config config;
static char why[512];

static bool parse(const char *text) { return config_parse(text, "file", &config, why, sizeof why); }

static void test_defaults(void **state) {
        (void)state;
        assert_true(parse(REQUIRED));
        assert_string_equal(config.area, "140802100");
        assert_string_equal(config.broker_host, "127.0.0.1");
        assert_int_equal(config.broker_port, 1883);
        assert_int_equal(config.http_port, 0);
        assert_int_equal(config.log_level, LOG_LEVEL_INFO);
}

static void refuse(const char *text, const char *expected) {
        assert_false(parse(text));
        assert_string_equal(why, expected);
}

static void test_mistakes_have_lines(void **state) {
        (void)state;
        refuse(REQUIRED "[broker]\nprot = 1\n", "file:7: broker.prot: no such option");
        refuse(REQUIRED "[brokers]\nport = 1\n", "file:7: brokers.port: no such option");
        refuse(REQUIRED "[broker]\nport = 70000\nhost = x\nnope = 1\n", "file:7: broker.port: not a whole number from 1 to 65535");
        refuse(REQUIRED "[broker]\nport = 12x\n", "file:7: broker.port: not a whole number from 1 to 65535");
        refuse(REQUIRED "[broker]\nport = \n", "file:7: broker.port: not a whole number from 1 to 65535");
        refuse(REQUIRED "[broker]\nport = 1\nport = 2\n", "file:8: broker.port: given twice");
        refuse(REQUIRED "[log]\nlevel = loud\n", "file:7: log.level: not error, warning, info or debug");
        refuse(REQUIRED "nonsense\n", "file:6: not `name = value`");
        refuse("[area]\ncode = 14080x\n", "file:2: area.code: not 2 to 12 digits");
        refuse("[area]\ncode = 140802100\n", "file: area.secret_file is missing");
        refuse("[area]\ncode = 140802100\nsecret_file = \n", "file:3: area.secret_file: empty");
        refuse(REQUIRED "[http]\naddress = 0.0.0.0\nport = 8080\n", "file: http.address: only 127.0.0.1 or ::1");
}

static void test_reload(void **state) {
        Config running, fresh;
        char restart[256];

        (void)state;
        assert_true(parse(REQUIRED));
        running = config;
        assert_true(parse(REQUIRED "[broker]\nport = 1884\n[log]\nlevel = debug\n[limits]\ndrain_ms = 2000\n[http]\nport = 9000\n"));
        fresh = config;
        config_reload(&running, &fresh, restart, sizeof restart);
        assert_int_equal(running.log_level, LOG_LEVEL_DEBUG);
        assert_int_equal(running.drain_ms, 2000);
        assert_int_equal(running.broker_port, 1883);
        assert_string_equal(restart, "broker.port http.port");
}

/* What --help prints is a configuration that can be read, once the required options are filled in. */
static void test_help_is_a_configuration(void **state) {
        (void)state;
        for (int chinese = 0; chinese < 2; chinese++) {
                char *text = NULL;
                size_t n = 0;
                FILE *file = open_memstream(&text, &n);

                config_print(file, chinese);
                fclose(file);
                assert_non_null(strstr(text, "[limits]"));
                assert_non_null(strstr(text, ";burst_messages = 512"));
                assert_non_null(strstr(text, "secret_file = "));
                assert_false(config_parse(text, "help", &config, why, sizeof why));
                assert_non_null(strstr(why, "area.code: not 2 to 12 digits"));
                free(text);
        }
}

static void test_missing_file(void **state) {
        (void)state;
        assert_false(config_read("/nonexistent/policegridd.conf", &config, why, sizeof why));
        assert_non_null(strstr(why, "cannot be read"));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_defaults),      cmocka_unit_test(test_mistakes_have_lines), cmocka_unit_test(test_reload),
                cmocka_unit_test(test_help_is_a_configuration), cmocka_unit_test(test_missing_file),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
