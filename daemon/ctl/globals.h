/*
 * Globals: the options that every command takes, before the command or behind it.
 */
#ifndef POLICEGRID_CTL_GLOBALS_H
#define POLICEGRID_CTL_GLOBALS_H

#include <stddef.h>

#include "ctl/arguments.h"
#include "ctl/context.h"

#define GLOBALS_COUNT 9

extern const OptionSpec global_options[GLOBALS_COUNT];

/* Put what was given into the context. 0, or EXIT_USAGE complained about. */
int globals_apply(Context *context, const Arguments *arguments);

#endif
