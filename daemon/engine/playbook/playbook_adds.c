/*
 * Playbooks with `adds: true`: beside whatever a trigger starts they inform further units. They start nothing and change no step of
 * another playbook, so any number of them may hold at once and none needs a priority.
 */
#include "engine/playbook/playbook_internal.h"

#include <string.h>

bool playbook_adds_parse(Check *check, Playbook *playbook) {
        static const char *const names[] = {"playbook", "version", "title", "adds", "when", "inform", NULL};
        if (!check_keys(check, playbook->tree, names) || !playbook_selectors(check, playbook->tree, "inform", &playbook->inform))
                return false;
        return playbook->inform || check_fail(check, "adds 须有 inform", "one that adds needs inform");
}

bool playbook_adds(const Playbook *playbook) { return playbook->adds; }
const cJSON *playbook_inform(const Playbook *playbook) { return playbook->inform; }
