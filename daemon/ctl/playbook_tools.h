/*
 * Tools for whoever writes a playbook: its own walks shown step by step, and what a changed one would have made of the past.
 */
#ifndef POLICEGRID_CTL_PLAYBOOK_TOOLS_H
#define POLICEGRID_CTL_PLAYBOOK_TOOLS_H

#include "ctl/command.h"

/* `playbook test FILE…`: every walk, and the steps that none of them visits. EXIT_LOCAL when a file is refused or has no walk. */
int playbook_test(Context *context, const CommandVerb *verb, const Arguments *arguments);
/* `playbook replay FILE --since P30D`: by unit, the tasks and escalations that were and would have been. */
int playbook_replay(Context *context, const CommandVerb *verb, const Arguments *arguments);

#endif
