/*
 * Replay: what a changed playbook would have made of what has happened, unit by unit, before it is applied. Triggers come as the query
 * `triggers` answers them: what happened, which playbook it started, and when each first task was accepted, started and completed.
 *
 * Only first steps are played: what people would have answered to other questions nobody knows. A clock counts as run out where the
 * same unit's recorded answer to that trigger came after the new limit; of units that had no task then, nothing can be said (`unknown`).
 * Pure.
 */
#ifndef POLICEGRID_ENGINE_REPLAY_H
#define POLICEGRID_ENGINE_REPLAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cjson/cJSON.h>

#include "engine/organisation/organisation.h"
#include "engine/playbook/playbook.h"

typedef struct ReplayUnit {
        const Unit *unit;
        int64_t tasks_was, tasks_would;
        int64_t escalations_was, escalations_would;
        int64_t unknown;                 /* tasks of `tasks_would` whose answer is not known */
} ReplayUnit;

typedef struct Replay Replay;

/*
 * `changed` is current in `set`, beside the playbooks that stay; both and the organisation outlive the replay. Seats are not asked for:
 * `on_duty` narrows nothing, and `each: member` counts a unit once. `now_ms`: what is not answered yet counts as answered then.
 */
Replay *replay_new(const Organisation *organisation, const PlaybookSet *set, const Playbook *changed, int64_t now_ms);
Replay *replay_free(Replay *replay);
/* One trigger. False when it is none. A trigger of a device or duty counts when it started the playbook of that name. */
bool replay_take(Replay *replay, const cJSON *trigger);
/* Units that had or would have had tasks, in the organisation's order; *cursor starts at 0; NULL at the end. */
const ReplayUnit *replay_next(const Replay *replay, size_t *cursor);
/* Triggers taken that started it then, that would have now. */
size_t replay_started(const Replay *replay);
size_t replay_would_start(const Replay *replay);

#endif
