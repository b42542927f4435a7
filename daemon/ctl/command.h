/*
 * Command: one file a command (command_*.c), each a constant of this shape; command.c holds the list, finds the one meant,
 * prints the help and checks the command line before anything is sent.
 */
#ifndef POLICEGRID_CTL_COMMAND_H
#define POLICEGRID_CTL_COMMAND_H

#include <stddef.h>
#include <stdio.h>

#include "ctl/arguments.h"
#include "ctl/context.h"

typedef struct CommandVerb CommandVerb;
struct CommandVerb {
        const char *name;                 /* NULL = the command has no verbs */
        const char *operands;             /* as the help shows them, "" = none */
        unsigned n_operands_min, n_operands_max;
        const OptionSpec *options;
        size_t n_options;
        const char *help_zh, *help_en;
        int (*run)(Context *context, const CommandVerb *verb, const Arguments *arguments); /* an exit code */
};

typedef struct CommandEntry {
        const char *name;
        const char *help_zh, *help_en;
        const CommandVerb *verbs;
        size_t n_verbs;
} CommandEntry;

extern const CommandEntry command_init, command_organisation, command_member, command_enrol, command_warn, command_task, command_escalations, command_figures,
        command_watch, command_duty, command_roster, command_quarantine, command_playbook, command_catalogue, command_clock, command_sheet, command_cap, command_device, command_points;

/* `name` must be given; NULL when there is no such command. */
const CommandEntry *command_find(const char *name);
/* The verb named `name`, or the only nameless one when the command has no verbs. NULL when unknown. */
const CommandVerb *command_verb_find(const CommandEntry *entry, const char *name);
/* Run argv[0..argc): command, verb, options, operands. Help requests are answered on standard output. An exit code. */
int command_run(Context *context, int argc, char *const *argv);
void command_help_all(Language language, FILE *stream);
/* Of one verb; NULL = of all. */
void command_help(Language language, const CommandEntry *entry, const CommandVerb *verb, FILE *stream);

#define COMMAND_LENGTH(array) (sizeof(array) / sizeof((array)[0]))

#endif
