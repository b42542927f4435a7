#include "ctl/globals.h"

#include <stdlib.h>

#include "ctl/when.h"

const OptionSpec global_options[GLOBALS_COUNT] = {
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

int globals_apply(Context *context, const Arguments *arguments)
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
        if (arguments_has(arguments, "json"))
                context->json = true;
        if (arguments_has(arguments, "as"))
                context->as = arguments_value(arguments, "as");
        if (arguments_has(arguments, "config"))
                context->connection_file = arguments_value(arguments, "config");
        if (arguments_has(arguments, "connection"))
                context->connection_file = arguments_value(arguments, "connection");
        return EXIT_DONE;
}
