/* Whose task it becomes: a step's units, the members of them who fit, or places; at a playbook's start and at every later step. */
#include <stdlib.h>
#include <string.h>

#include "engine/internal.h"
#include "engine/task/task.h"

typedef struct Targets { IssueTarget *items; size_t n, capacity; } Targets;

static void targets_add(Targets *targets, IssueTarget target) {
        if (targets->n == targets->capacity) {
                targets->capacity = targets->capacity == 0 ? 32 : targets->capacity * 2;
                targets->items = realloc(targets->items, targets->capacity * sizeof *targets->items);
                if (targets->items == NULL)
                        abort();
        }
        targets->items[targets->n++] = target;
}

static bool member_fits(const Member *member, const Unit *unit, const Step *step, int64_t at) {
        const Seat *seat = member_seat(member, unit, at);
        if (seat == NULL || seat->role > ROLE_PARTNER)
                return false;
        bool role = step->n_roles == 0, position = step->n_positions == 0;
        for (size_t i = 0; i < step->n_roles; i++)
                role = role || step->roles[i] == seat->role;
        for (size_t i = 0; i < step->n_positions; i++)
                position = position || strcmp(step->positions[i], seat->position) == 0;
        return role && position;
}

/* One task for each unit, or for each member of it who fits. */
static void targets_of_unit(Decision *decision, const Step *step, const Unit *unit, Targets *targets) {
        if (step->each != EACH_MEMBER) {
                targets_add(targets, (IssueTarget){.unit = unit});
                return;
        }
        size_t cursor = 0;
        for (const Member *member; (member = unit_next_member(decision_organisation(decision), unit_worker(unit), &cursor)) != NULL;)
                if (member_fits(member, unit_worker(unit), step, decision->at))
                        targets_add(targets, (IssueTarget){.unit = unit, .member = member});
}

size_t work_targets(Decision *decision, const Step *step, const cJSON *to, const SelectorContext *context, IssueTarget **ret) {
        Targets targets = {0};
        size_t n = 0;
        if (step->each == EACH_PLACE) {
                const Place **places = selector_places(step->places, context, &n);
                for (size_t i = 0; i < n; i++)
                        targets_add(&targets, (IssueTarget){.unit = places[i]->unit, .place = places[i]});
                free(places);
        } else if (to != NULL) {
                const Unit **units = selector_units(to, context, &n);
                for (size_t i = 0; i < n; i++)
                        targets_of_unit(decision, step, units[i], &targets);
                free(units);
        }
        *ret = targets.items;
        return targets.n;
}

size_t work_targets_of_units(Decision *decision, const Step *step, const Unit *const *units, size_t n_units, IssueTarget **ret) {
        Targets targets = {0};
        for (size_t i = 0; i < n_units; i++)
                targets_of_unit(decision, step, units[i], &targets);
        *ret = targets.items;
        return targets.n;
}
