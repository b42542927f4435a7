/* Command lines taken apart, and the table of commands. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "ctl/arguments.h"
#include "ctl/command.h"
#include "ctl/globals.h"
#include "ctl/repeat.h"

static const OptionSpec options[] = {
        {"unit", "UNIT", true, "单位", "unit"}, {"state", "STATE", false, "状态", "state"}, {"all", NULL, false, "全部", "all"},
};

static ArgumentsOutcome parse(Arguments *ret, const char **culprit, int argc, ...)
{
        const char *argv[300];
        va_list list;
        int used;

        va_start(list, argc);
        for (int i = 0; i < argc; i++)
                argv[i] = va_arg(list, const char *);
        va_end(list);
        return arguments_parse(options, COMMAND_LENGTH(options), argc, (char *const *)argv, false, ret, &used, culprit);
}

static void values_and_flags(void **state)
{
        Arguments arguments;
        const char *culprit;

        (void)state;
        assert_int_equal(parse(&arguments, &culprit, 6, "--unit", "a", "--unit=b", "x", "--all", "y"), ARGUMENTS_OK);
        assert_string_equal(arguments_nth(&arguments, "unit", 0), "a");
        assert_string_equal(arguments_nth(&arguments, "unit", 1), "b");
        assert_null(arguments_nth(&arguments, "unit", 2));
        assert_string_equal(arguments_value(&arguments, "unit"), "b");
        assert_true(arguments_has(&arguments, "all"));
        assert_false(arguments_has(&arguments, "state"));
        assert_null(arguments_value(&arguments, "state"));
        assert_int_equal(arguments.n_positional, 2);
        assert_string_equal(arguments_positional(&arguments, 1), "y");
        assert_null(arguments_positional(&arguments, 2));
}

static void empty_value_counts(void **state)
{
        Arguments arguments;
        const char *culprit;

        (void)state;
        assert_int_equal(parse(&arguments, &culprit, 1, "--state="), ARGUMENTS_OK);
        assert_string_equal(arguments_value(&arguments, "state"), "");
}

static void dashes_end_the_options(void **state)
{
        Arguments arguments;
        const char *culprit;

        (void)state;
        assert_int_equal(parse(&arguments, &culprit, 3, "--", "--all", "-x"), ARGUMENTS_OK);
        assert_int_equal(arguments.n_positional, 2);
        assert_string_equal(arguments_positional(&arguments, 0), "--all");
        assert_int_equal(parse(&arguments, &culprit, 1, "-"), ARGUMENTS_OK); /* standard input */
        assert_int_equal(arguments.n_positional, 1);
}

static void wrong_lines_are_refused(void **state)
{
        Arguments arguments;
        const char *culprit;

        (void)state;
        assert_int_equal(parse(&arguments, &culprit, 1, "--un"), ARGUMENTS_UNKNOWN); /* no abbreviations */
        assert_string_equal(culprit, "--un");
        assert_int_equal(parse(&arguments, &culprit, 1, "-u"), ARGUMENTS_UNKNOWN);
        assert_int_equal(parse(&arguments, &culprit, 1, "--unit"), ARGUMENTS_NO_VALUE);
        assert_int_equal(parse(&arguments, &culprit, 1, "--all=1"), ARGUMENTS_VALUE);
        assert_int_equal(parse(&arguments, &culprit, 4, "--state", "a", "--state", "b"), ARGUMENTS_TWICE);
        assert_string_not_equal(arguments_outcome_text(ARGUMENTS_TWICE, true), "");
}

static void too_many_are_refused(void **state)
{
        char *argv[ARGUMENTS_MAX + 1];
        Arguments arguments;
        const char *culprit;
        int used;

        (void)state;
        for (size_t i = 0; i <= ARGUMENTS_MAX; i++)
                argv[i] = (char *)"x";
        assert_int_equal(arguments_parse(NULL, 0, ARGUMENTS_MAX, argv, false, &arguments, &used, &culprit), ARGUMENTS_OK);
        assert_int_equal(arguments_parse(NULL, 0, ARGUMENTS_MAX + 1, argv, false, &arguments, &used, &culprit), ARGUMENTS_TOO_MANY);
}

static void globals_end_before_the_command(void **state)
{
        char *argv[] = {(char *)"--all", (char *)"task", (char *)"--state", (char *)"x"};
        Arguments arguments;
        const char *culprit;
        int used;

        (void)state;
        assert_int_equal(arguments_parse(options, COMMAND_LENGTH(options), 4, argv, true, &arguments, &used, &culprit), ARGUMENTS_OK);
        assert_int_equal(used, 1);
}

static const char *const command_names[] = {"init", "organisation", "member", "enrol", "warn", "task", "escalations", "watch", "quarantine", "playbook", "catalogue", "clock"};

static void options_check(const CommandVerb *verb)
{
        for (size_t i = 0; i < verb->n_options; i++) {
                const OptionSpec *option = &verb->options[i];

                assert_string_not_equal(option->help_zh, "");
                assert_string_not_equal(option->help_en, "");
                assert_string_not_equal(option->name, "help");
                for (size_t k = 0; k < i; k++)
                        assert_string_not_equal(option->name, verb->options[k].name);
                for (size_t k = 0; k < GLOBALS_COUNT; k++)
                        assert_string_not_equal(option->name, global_options[k].name);
        }
}

static void every_command_explains_itself(void **state)
{
        (void)state;
        for (size_t i = 0; i < COMMAND_LENGTH(command_names); i++) {
                const CommandEntry *entry = command_find(command_names[i]);

                assert_non_null(entry);
                assert_string_not_equal(entry->help_zh, "");
                for (size_t k = 0; k < entry->n_verbs; k++) {
                        const CommandVerb *verb = &entry->verbs[k];

                        assert_string_not_equal(verb->help_zh, "");
                        assert_string_not_equal(verb->help_en, "");
                        assert_true(verb->n_operands_min <= verb->n_operands_max);
                        assert_true((verb->n_operands_max == 0) == (verb->operands[0] == '\0'));
                        if (verb->name != NULL)
                                assert_ptr_equal(command_verb_find(entry, verb->name), verb);
                        options_check(verb);
                }
        }
        assert_null(command_find("tasks"));
        assert_null(command_verb_find(command_find("task"), "acept"));
        assert_null(command_verb_find(command_find("task"), NULL));
}

static int run(int argc, ...)
{
        Context context = {.language = LANGUAGE_EN, .connection_file = "/nonexistent/connection.json", .timeout_s = 1};
        char *argv[16];
        va_list list;
        int code;

        va_start(list, argc);
        for (int i = 0; i < argc; i++)
                argv[i] = va_arg(list, char *);
        va_end(list);
        code = command_run(&context, argc, argv);
        context_deinit(&context);
        return code;
}

static void wrong_usage_sends_nothing(void **state)
{
        (void)state;
        assert_int_equal(run(0), EXIT_USAGE);
        assert_int_equal(run(1, "fly"), EXIT_USAGE);
        assert_int_equal(run(2, "task", "fly"), EXIT_USAGE);
        assert_int_equal(run(2, "task", "accept"), EXIT_USAGE);                            /* operand missing */
        assert_int_equal(run(4, "task", "accept", "a", "b"), EXIT_USAGE);                  /* one too many */
        assert_int_equal(run(5, "task", "accept", "a", "--result", "x=1"), EXIT_USAGE);    /* accepting has no result */
        assert_int_equal(run(5, "task", "escalate", "a", "--reason", ""), EXIT_USAGE);
        assert_int_equal(run(3, "warn", "post", "--event=x"), EXIT_USAGE);                 /* no headline */
        assert_int_equal(run(4, "member", "import", "x.csv", "--link=y"), EXIT_USAGE);     /* neither cards nor secrets */
        assert_int_equal(run(3, "enrol", "140802100-abc", "short"), EXIT_USAGE);
        assert_int_equal(run(2, "init", "--area=140802100"), EXIT_USAGE);
        assert_int_equal(run(3, "init", "--area=14080x", "--state=/nonexistent/x"), EXIT_USAGE);
        assert_int_equal(run(4, "init", "--area=140802100", "--state=/nonexistent/x", "--mqtt-port=0"), EXIT_USAGE);
        assert_int_equal(run(3, "task", "accept", "0193"), EXIT_LOCAL);                    /* right, but no connection file */
        assert_int_equal(run(2, "task", "--help"), EXIT_DONE);
        assert_int_equal(run(4, "task", "list", "--json", "--lang=xx"), EXIT_USAGE);       /* global options behind the command */
        assert_int_equal(run(3, "task", "list", "--timeout=0"), EXIT_USAGE);
        assert_int_equal(run(4, "task", "list", "--json", "--connection=/nonexistent/x"), EXIT_LOCAL);
}

static void repeats_back_off(void **state)
{
        (void)state;
        assert_int_equal(repeat_delay_ms(1), 5000);
        assert_int_equal(repeat_delay_ms(2), 10000);
        assert_int_equal(repeat_delay_ms(6), 160000);
        assert_int_equal(repeat_delay_ms(7), 300000);
        assert_int_equal(repeat_delay_ms(4000000000u), 300000);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(values_and_flags), cmocka_unit_test(empty_value_counts), cmocka_unit_test(dashes_end_the_options),
                cmocka_unit_test(wrong_lines_are_refused), cmocka_unit_test(too_many_are_refused), cmocka_unit_test(globals_end_before_the_command),
                cmocka_unit_test(every_command_explains_itself), cmocka_unit_test(wrong_usage_sends_nothing), cmocka_unit_test(repeats_back_off),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
