/*
 * policegridctl: the town's tool on the command line. Global options, then a command of command.c.
 */
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sodium.h>

#include "ctl/command.h"
#include "ctl/when.h"

static const OptionSpec global_options[] = {
        {"connection", "FILE", false, "", ""},
        {"config", "FILE", false, "", ""},
        {"as", "WHO", false, "", ""},
        {"json", NULL, false, "", ""},
        {"lang", "zh|en", false, "", ""},
        {"zone", "OFFSET", false, "", ""},
        {"timeout", "SECONDS", false, "", ""},
        {"help", NULL, false, "", ""},
        {"version", NULL, false, "", ""},
};

/* 0, or EXIT_USAGE complained about. */
static int globals_read(Context *context, const Arguments *arguments)
{
        const char *language = arguments_value(arguments, "lang"), *zone = arguments_value(arguments, "zone");
        const char *timeout = arguments_value(arguments, "timeout");
        char *end;

        if (language != NULL && !language_parse(language, &context->language)) {
                context_complain(context, "--lang 是 zh 或 en", "--lang is zh or en");
                return EXIT_USAGE;
        }
        if (zone != NULL && !zone_parse(zone, &context->zone_minutes)) {
                context_complain(context, "--zone 应如 +08:00", "--zone looks like +08:00");
                return EXIT_USAGE;
        }
        if (timeout != NULL) {
                long seconds = strtol(timeout, &end, 10);

                if (*end != '\0' || end == timeout || seconds < 1 || seconds > 86400) {
                        context_complain(context, "--timeout 是 1 到 86400 秒", "--timeout is 1 to 86400 seconds");
                        return EXIT_USAGE;
                }
                context->timeout_s = (int)seconds;
        }
        context->json = arguments_has(arguments, "json");
        context->as = arguments_value(arguments, "as");
        context->connection_file = arguments_value(arguments, "connection");
        if (context->connection_file == NULL)
                context->connection_file = arguments_value(arguments, "config");
        return EXIT_DONE;
}

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
        outcome = arguments_parse(global_options, COMMAND_LENGTH(global_options), argc - 1, argv + 1, true, &arguments, &used, &culprit);
        if (outcome != ARGUMENTS_OK) {
                context_complain(&context, "%s:%s", "%s: %s", culprit, arguments_outcome_text(outcome, context.language == LANGUAGE_ZH));
                return EXIT_USAGE;
        }
        code = globals_read(&context, &arguments);
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
