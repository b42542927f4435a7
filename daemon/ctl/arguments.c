#include "ctl/arguments.h"

#include <string.h>

/* Name and length of `--name[=value]`. */
static const OptionSpec *option_find(const OptionSpec *options, size_t n_options, const char *name, size_t n_name)
{
        for (size_t i = 0; i < n_options; i++)
                if (strlen(options[i].name) == n_name && memcmp(options[i].name, name, n_name) == 0)
                        return &options[i];
        return NULL;
}

static ArgumentsOutcome argument_add(Arguments *arguments, const OptionSpec *option, const char *value)
{
        if (arguments->n == ARGUMENTS_MAX)
                return ARGUMENTS_TOO_MANY;
        if (option != NULL && !option->repeats && arguments_has(arguments, option->name))
                return ARGUMENTS_TWICE;
        arguments->items[arguments->n++] = (Argument){.option = option, .value = value};
        if (option == NULL)
                arguments->n_positional++;
        return ARGUMENTS_OK;
}

/* One option at argv[*at]; moves *at to its last element. */
static ArgumentsOutcome option_take(const OptionSpec *options, size_t n_options, int argc, char *const *argv, int *at, Arguments *ret)
{
        const char *name = argv[*at] + 2;
        const char *equals = strchr(name, '=');
        size_t n_name = equals != NULL ? (size_t)(equals - name) : strlen(name);
        const OptionSpec *option = option_find(options, n_options, name, n_name);

        if (option == NULL)
                return ARGUMENTS_UNKNOWN;
        if (option->value == NULL)
                return equals != NULL ? ARGUMENTS_VALUE : argument_add(ret, option, NULL);
        if (equals != NULL)
                return argument_add(ret, option, equals + 1);
        if (*at + 1 >= argc)
                return ARGUMENTS_NO_VALUE;
        return argument_add(ret, option, argv[++*at]);
}

ArgumentsOutcome arguments_parse(const OptionSpec *options, size_t n_options, int argc, char *const *argv, bool stop_at_positional,
                                 Arguments *ret, int *ret_used, const char **ret_culprit)
{
        ArgumentsOutcome outcome = ARGUMENTS_OK;
        bool only_positional = false;
        int at;

        memset(ret, 0, sizeof *ret);
        *ret_culprit = NULL;
        for (at = 0; at < argc && outcome == ARGUMENTS_OK; at++) {
                const char *argument = argv[at];

                *ret_culprit = argument;
                if (!only_positional && strcmp(argument, "--") == 0)
                        only_positional = true;
                else if (!only_positional && argument[0] == '-' && argument[1] == '-')
                        outcome = option_take(options, n_options, argc, argv, &at, ret);
                else if (!only_positional && argument[0] == '-' && argument[1] != '\0')
                        outcome = ARGUMENTS_UNKNOWN;
                else if (stop_at_positional)
                        break;
                else
                        outcome = argument_add(ret, NULL, argument);
        }
        *ret_used = at;
        return outcome;
}

const char *arguments_outcome_text(ArgumentsOutcome outcome, bool zh)
{
        switch (outcome) {
        case ARGUMENTS_OK:
                return "";
        case ARGUMENTS_UNKNOWN:
                return zh ? "没有这个选项" : "no such option";
        case ARGUMENTS_NO_VALUE:
                return zh ? "这个选项需要一个值" : "this option needs a value";
        case ARGUMENTS_VALUE:
                return zh ? "这个选项不带值" : "this option takes no value";
        case ARGUMENTS_TWICE:
                return zh ? "这个选项只能给一次" : "this option may be given only once";
        case ARGUMENTS_TOO_MANY:
                return zh ? "参数太多" : "too many arguments";
        }
        return "";
}

bool arguments_has(const Arguments *arguments, const char *name)
{
        for (size_t i = 0; i < arguments->n; i++)
                if (arguments->items[i].option != NULL && strcmp(arguments->items[i].option->name, name) == 0)
                        return true;
        return false;
}

const char *arguments_value(const Arguments *arguments, const char *name)
{
        const char *value = NULL;

        for (size_t i = 0; i < arguments->n; i++)
                if (arguments->items[i].option != NULL && strcmp(arguments->items[i].option->name, name) == 0)
                        value = arguments->items[i].value;
        return value;
}

const char *arguments_nth(const Arguments *arguments, const char *name, size_t index)
{
        for (size_t i = 0; i < arguments->n; i++)
                if (arguments->items[i].option != NULL && strcmp(arguments->items[i].option->name, name) == 0 && index-- == 0)
                        return arguments->items[i].value;
        return NULL;
}

const char *arguments_positional(const Arguments *arguments, size_t index)
{
        for (size_t i = 0; i < arguments->n; i++)
                if (arguments->items[i].option == NULL && index-- == 0)
                        return arguments->items[i].value;
        return NULL;
}
