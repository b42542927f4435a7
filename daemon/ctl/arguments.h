/*
 * Arguments: a command line taken apart by a table of options. `--name value`, `--name=value`, flags, `--` ends the options.
 * No abbreviations and no short options, so that a script written today means the same tomorrow.
 */
#ifndef POLICEGRID_CTL_ARGUMENTS_H
#define POLICEGRID_CTL_ARGUMENTS_H

#include <stdbool.h>
#include <stddef.h>

#define ARGUMENTS_MAX 256

typedef struct OptionSpec {
        const char *name;      /* without the dashes */
        const char *value;     /* what the help calls its value; NULL = a flag */
        bool repeats;          /* may be given several times */
        const char *help_zh, *help_en;
} OptionSpec;

typedef struct Argument {
        const OptionSpec *option; /* NULL = positional */
        const char *value;        /* borrowed from argv; NULL for flags */
} Argument;

typedef struct Arguments {
        Argument items[ARGUMENTS_MAX]; /* in the order of the command line */
        size_t n;
        size_t n_positional;
} Arguments;

typedef enum ArgumentsOutcome {
        ARGUMENTS_OK = 0,
        ARGUMENTS_UNKNOWN,   /* no such option */
        ARGUMENTS_NO_VALUE,  /* an option that needs a value has none */
        ARGUMENTS_VALUE,     /* a flag was given one */
        ARGUMENTS_TWICE,     /* given twice, and it does not repeat */
        ARGUMENTS_TOO_MANY,  /* more than ARGUMENTS_MAX */
} ArgumentsOutcome;

/*
 * Parse argv[0..argc). `stop_at_positional`: end before the first positional (global options before the command);
 * *ret_used is then the number of elements taken. On failure *ret_culprit is the element at fault.
 */
ArgumentsOutcome arguments_parse(const OptionSpec *options, size_t n_options, int argc, char *const *argv, bool stop_at_positional,
                                 Arguments *ret, int *ret_used, const char **ret_culprit);
const char *arguments_outcome_text(ArgumentsOutcome outcome, bool zh);

/* Whether the option was given. */
bool arguments_has(const Arguments *arguments, const char *name);
/* The last value given, NULL when none. */
const char *arguments_value(const Arguments *arguments, const char *name);
/* The `index`th value of a repeating option, NULL behind the last. */
const char *arguments_nth(const Arguments *arguments, const char *name, size_t index);
/* The `index`th positional, NULL behind the last. */
const char *arguments_positional(const Arguments *arguments, size_t index);

#endif
