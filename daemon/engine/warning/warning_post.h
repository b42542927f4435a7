/*
 * Posting by playbook: a warning that a step sends by itself (PLAYBOOKS: `warn`), to be acknowledged and nothing more: it starts no
 * playbook, so none can call another.
 */
#ifndef POLICEGRID_ENGINE_WARNING_POST_H
#define POLICEGRID_ENGINE_WARNING_POST_H

#include "engine/playbook/playbook.h"
#include "engine/task/work.h"

/*
 * Post `step`'s warning for `origin`. While one with the same key (the step's `dedup`; without it, the device) is active only its
 * count is raised: nothing is posted or shown again. Returns the number of units told, 1 when a count was raised, 0 when nobody is found.
 */
size_t warning_post(Decision *decision, const Playbook *playbook, const Step *step, const WorkOrigin *origin, const SelectorContext *context);

#endif
