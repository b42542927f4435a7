/* Playbooks that only add: which of them an origin wakes, and whom they tell where no other playbook starts work. */
#include <stdlib.h>
#include <string.h>

#include "engine/internal.h"
#include "engine/shift/shift.h"
#include "engine/task/task.h"
#include "engine/task/work.h"

size_t work_adding(const Decision *decision, const WorkOrigin *origin, const Playbook *ret[static ADDS_MAX]) {
        const PlaybookSet *set = state_playbooks(decision->state);
        if (strcmp(origin->type, "device") == 0)
                return playbook_set_adding(set, TRIGGER_DEVICE, origin->event, origin->severity, origin->fields, ret);
        if (strcmp(origin->type, "duty") == 0)
                return playbook_set_adding(set, TRIGGER_DUTY, origin->event, origin->severity, NULL, ret);
        const Report *report = strcmp(origin->type, "report") == 0 ? state_report(decision->state, origin->id) : NULL;
        return report == NULL ? 0 : playbook_set_adding(set, TRIGGER_REPORT, report->kind, report->severity, report->fields, ret);
}

/* Units that the playbook informs, without those that another one has informed. */
static size_t targets_add(const Playbook *playbook, const SelectorContext *context, IssueTarget *targets, size_t n_targets, size_t max) {
        size_t n, before = n_targets;
        const Unit **units = selector_units(playbook_inform(playbook), context, &n);
        for (size_t i = 0; i < n && n_targets < max; i++) {
                bool known = false;
                for (size_t k = 0; k < n_targets; k++)
                        known = known || targets[k].unit == units[i];
                if (!known)
                        targets[n_targets++] = (IssueTarget){.unit = units[i]};
        }
        free(units);
        return n_targets - before;
}

size_t work_inform(Decision *decision, const WorkOrigin *origin) {
        const Playbook *adding[ADDS_MAX], *playbook = playbook_builtin(TRIGGER_REPORT);
        const SelectorContext context = {.organisation = decision_organisation(decision), .is_on_duty = unit_is_on_duty,
                                         .state = decision->state, .origin = origin->unit, .place = origin->place,
                                         .device = origin->device, .at = decision->at};
        size_t n_adding = work_adding(decision, origin, adding), n = 0, max = organisation_count_units(context.organisation);
        if (n_adding == 0)
                return 0;
        IssueTarget *targets = calloc(max + 1, sizeof *targets);
        char first[UUID_LENGTH + 1];
        if (targets == NULL)
                abort();
        for (size_t i = 0; i < n_adding; i++)
                if (playbook_inform(adding[i]) != NULL)
                        n += targets_add(adding[i], &context, targets, n, max);
        WorkOrigin told = *origin;
        told.title_zh = playbook_title_zh(adding[0]);
        told.title_en = playbook_title_en(adding[0]);
        const Issue issue = {.playbook = playbook, .step = playbook_start(playbook), .origin = &told, .targets = targets, .n_targets = n,
                             .finish_by = TIMESTAMP_NONE};
        if (n > 0)
                issue_tasks(decision, &issue, first);
        free(targets);
        return n;
}
