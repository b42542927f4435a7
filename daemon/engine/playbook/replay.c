#include "engine/playbook/replay.h"

#include <stdlib.h>
#include <string.h>

#include "engine/state/deadline.h"
#include "proto/json.h"
#include "proto/timestamp.h"

struct Replay {
        const Organisation *organisation;
        const PlaybookSet *set;
        const Playbook *changed;
        int64_t now_ms;
        ReplayUnit *units;               /* every unit, in the organisation's order; owned */
        size_t n_units;
        size_t started, would_start;
};

Replay *replay_new(const Organisation *organisation, const PlaybookSet *set, const Playbook *changed, int64_t now_ms) {
        Replay *replay = calloc(1, sizeof *replay);
        size_t cursor = 0, n = organisation_count_units(organisation);
        if (!replay || !(replay->units = calloc(n + 1, sizeof *replay->units)))
                abort();
        replay->organisation = organisation;
        replay->set = set;
        replay->changed = changed;
        replay->now_ms = now_ms;
        for (const Unit *unit; (unit = organisation_next_unit(organisation, &cursor));)
                replay->units[replay->n_units++].unit = unit;
        return replay;
}

Replay *replay_free(Replay *replay) {
        if (!replay)
                return NULL;
        free(replay->units);
        free(replay);
        return NULL;
}

size_t replay_started(const Replay *replay) { return replay->started; }
size_t replay_would_start(const Replay *replay) { return replay->would_start; }

const ReplayUnit *replay_next(const Replay *replay, size_t *cursor) {
        while (*cursor < replay->n_units) {
                const ReplayUnit *unit = &replay->units[(*cursor)++];
                if (unit->tasks_was > 0 || unit->tasks_would > 0)
                        return unit;
        }
        return NULL;
}

/* NULL for a unit that has left the organisation. */
static ReplayUnit *unit_of(Replay *replay, const char *id) {
        for (size_t i = 0; id && i < replay->n_units; i++)
                if (strcmp(replay->units[i].unit->id, id) == 0)
                        return &replay->units[i];
        return NULL;
}

static int64_t time_of(const cJSON *object, const char *name) {
        const char *text = json_string(object, name);
        int64_t ms;
        return text && timestamp_parse(text, strlen(text), &ms) ? ms : TIMESTAMP_NONE;
}

static bool trigger_of(const char *type, Trigger *ret) {
        static const char *const names[] = {"warning", "report", "duty", "device"};
        for (size_t i = 0; type && i < 4; i++)
                if (strcmp(type, names[i]) == 0) {
                        *ret = (Trigger)(TRIGGER_WARNING + i);
                        return true;
                }
        return false;
}

/* ---- as it was ---- */

static void count_recorded(Replay *replay, const cJSON *tasks) {
        const cJSON *task;
        cJSON_ArrayForEach(task, tasks) {
                ReplayUnit *unit = unit_of(replay, json_string(task, "unit"));
                if (!unit)
                        continue;
                unit->tasks_was++;
                unit->escalations_was += json_int(task, "escalations", 0);
        }
}

/* ---- as it would be ---- */

static const cJSON *answer_of(const cJSON *tasks, const Unit *unit, const Place *place) {
        const cJSON *task;
        cJSON_ArrayForEach(task, tasks) {
                const char *id = json_string(task, "unit"), *at = json_string(task, "place");
                if (id && strcmp(id, unit->id) == 0 && (!place || (at && strcmp(at, place->id) == 0)))
                        return task;
        }
        return NULL;
}

static bool climbs_after(const Step *step, Clock clock) {
        for (size_t i = 0; i < step->n_rungs; i++)
                if (step->ladder[i].after & (1u << clock))
                        return true;
        return false;
}

/* Whether a clock of the first step would have run out before the answer came: then the task climbs, once. */
static bool would_climb(const Replay *replay, const Step *step, const Clocks *clocks, int64_t base_at, const cJSON *answer) {
        static const char *const names[] = {"accepted_at", "started_at", "completed_at"};
        const Calendar *calendar = organisation_calendar(replay->organisation, clocks->calendar);
        for (Clock clock = CLOCK_ACCEPT; clock <= CLOCK_FINISH; clock++) {
                Deadline deadline;
                deadline_compute(calendar, clocks, clock, base_at, &deadline);
                int64_t answered = time_of(answer, names[clock]), ended = time_of(answer, "ended_at");
                if (answered == TIMESTAMP_NONE)
                        answered = ended != TIMESTAMP_NONE ? ended : replay->now_ms;
                if (deadline.due != TIMESTAMP_NONE && answered > deadline.due && climbs_after(step, clock))
                        return true;
        }
        return false;
}

typedef struct Played { const cJSON *tasks; const Step *step; Clocks clocks; int64_t base_at; } Played;

static void count_target(Replay *replay, const Played *played, const Unit *target, const Place *place) {
        ReplayUnit *unit = unit_of(replay, target->id);
        const cJSON *answer = answer_of(played->tasks, target, place);
        if (!unit)
                return;
        unit->tasks_would++;
        if (!answer)
                unit->unknown++;
        else if (would_climb(replay, played->step, &played->clocks, played->base_at, answer))
                unit->escalations_would++;
}

/* The selectors without `on_duty`; the caller owns them. */
static cJSON *selectors_anybody(const cJSON *selectors) {
        cJSON *copy = cJSON_Duplicate(selectors, true), *selector;
        cJSON_ArrayForEach(selector, copy)
                cJSON_DeleteItemFromObjectCaseSensitive(selector, "on_duty");
        return copy;
}

static void count_targets(Replay *replay, const Played *played, const SelectorContext *context) {
        size_t n = 0;
        if (played->step->each == EACH_PLACE) {
                const Place **places = selector_places(played->step->places, context, &n);
                for (size_t i = 0; i < n; i++)
                        count_target(replay, played, places[i]->unit, places[i]);
                free(places);
                return;
        }
        cJSON *selectors = selectors_anybody(played->step->to);
        const Unit **units = selector_units(selectors, context, &n);
        for (size_t i = 0; i < n; i++)
                count_target(replay, played, units[i], NULL);
        free(units);
        cJSON_Delete(selectors);
}

static const Unit **addressed_units(const Replay *replay, const cJSON *trigger, const Unit *origin, size_t *ret_n) {
        const cJSON *ids = json_array(trigger, "units"), *id;
        const Unit **units = calloc((size_t)cJSON_GetArraySize(ids) + 1, sizeof *units);
        if (!units)
                abort();
        *ret_n = 0;
        cJSON_ArrayForEach(id, ids) {
                const Unit *unit = cJSON_IsString(id) ? organisation_unit(replay->organisation, id->valuestring) : NULL;
                if (unit)
                        units[(*ret_n)++] = unit;
        }
        if (!ids && origin)
                units[(*ret_n)++] = origin;
        return units;
}

static void play(Replay *replay, const cJSON *trigger, Severity severity, int64_t at) {
        const Step *step = playbook_start(replay->changed);
        const char *unit = json_string(trigger, "unit");
        Played played = {.tasks = json_array(trigger, "tasks"), .step = step, .base_at = at};
        SelectorContext context = {.organisation = replay->organisation, .origin = unit ? organisation_unit(replay->organisation, unit) : NULL,
                                   .place = json_string(trigger, "place"), .device = json_string(trigger, "device"), .at = at,
                                   .roles = step->roles, .n_roles = step->n_roles};
        const Unit **addressed = addressed_units(replay, trigger, context.origin, &context.n_addressed);
        context.addressed = addressed;
        step_clocks(step, severity, &played.clocks);
        if (step->not_before.set)
                played.base_at = calendar_add(organisation_calendar(replay->organisation, played.clocks.calendar), at, &step->not_before,
                                              HOURS_ALWAYS, NULL);
        count_targets(replay, &played, &context);
        free(addressed);
}

bool replay_take(Replay *replay, const cJSON *trigger) {
        Trigger type;
        int64_t at = time_of(trigger, "at");
        if (at == TIMESTAMP_NONE || !trigger_of(json_string(trigger, "type"), &type))
                return false;
        const char *name = json_string(trigger, "name"), *playbook = json_string(trigger, "playbook");
        Severity severity = severity_parse(json_string(trigger, "severity"));
        bool was = playbook && strcmp(playbook, playbook_name(replay->changed)) == 0, would = was && playbook_trigger(replay->changed) == type;
        if (type == TRIGGER_REPORT || type == TRIGGER_WARNING)
                would = playbook_set_match(replay->set, type, name, severity, json_object(trigger, "fields")) == replay->changed;
        if (was)
                count_recorded(replay, json_array(trigger, "tasks"));
        if (would)
                play(replay, trigger, severity, at);
        replay->started += was;
        replay->would_start += would;
        return true;
}
