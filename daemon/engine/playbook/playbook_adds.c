/*
 * Playbooks with `adds: true`: beside whatever a trigger starts they inform further units or add points. They start nothing and change no step of
 * another playbook, so any number of them may hold at once and none needs a priority.
 */
#include "engine/playbook/playbook_internal.h"

#include <string.h>

#include "engine/points/points_rule.h"

bool playbook_adds_parse(Check *check, Playbook *playbook) {
        static const char *const names[] = {"playbook", "version", "title", "adds", "when", "inform", "points", NULL};
        if (!check_keys(check, playbook->tree, names) || !playbook_selectors(check, playbook->tree, "inform", &playbook->inform))
                return false;
        playbook->points = cJSON_GetObjectItemCaseSensitive(playbook->tree, "points");
        size_t mark = check_enter(check, "points");
        if (playbook->points && !points_rule_check(check, playbook->points, NULL))
                return false;
        check_leave(check, mark);
        return playbook->inform || playbook->points || check_fail(check, "adds 须有 inform 或 points", "one that adds needs inform or points");
}

/* Work that a warning, a duty or a device starts is done later: its steps say what it earns. */
bool playbook_adds_check(Check *check, const Playbook *playbook) {
        if (!playbook->points || playbook->when.trigger == TRIGGER_REPORT)
                return true;
        check_enter(check, "points");
        return check_fail(check, "只有上报触发的可加分", "only one that a report wakes adds points");
}

const cJSON *playbook_points(const Playbook *playbook) { return playbook->points; }
bool playbook_adds(const Playbook *playbook) { return playbook->adds; }
const cJSON *playbook_inform(const Playbook *playbook) { return playbook->inform; }
