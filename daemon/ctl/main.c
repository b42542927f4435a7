/*
 * policegridctl: the town's tool on the command line. Global options, then a command of command.c.
 */
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <sodium.h>

#include "ctl/command.h"
#include "ctl/globals.h"

int main(int argc, char **argv)
{
        Context context = {.language = language_from_environment(), .timeout_s = TIMEOUT_S_DEFAULT, .zone_minutes = ZONE_MINUTES_DEFAULT};
        Arguments arguments;
        const char *culprit;
        int used, code;
        ArgumentsOutcome outcome;

        if (sodium_init() < 0)
                abort();
        setlinebuf(stdout);
        outcome = arguments_parse(global_options, GLOBALS_COUNT, argc - 1, argv + 1, true, &arguments, &used, &culprit);
        if (outcome != ARGUMENTS_OK) {
                context_complain(&context, "%s:%s", "%s: %s", culprit, arguments_outcome_text(outcome, context.language == LANGUAGE_ZH));
                return EXIT_USAGE;
        }
        code = globals_apply(&context, &arguments);
        if (code != EXIT_DONE)
                return code;
        if (arguments_has(&arguments, "help")) {
                command_help_all(context.language, stdout);
                return EXIT_DONE;
        }
        if (arguments_has(&arguments, "version")) {
                puts("policegridctl " POLICEGRID_VERSION);
                return EXIT_DONE;
        }
        code = command_run(&context, argc - 1 - used, argv + 1 + used);
        context_deinit(&context);
        return code;
}
