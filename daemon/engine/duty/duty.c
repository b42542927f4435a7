/*
 * What duties do: follow the catalogue, and happen. Event time of an occurrence is its scheduled time (I9). After a downtime the latest
 * DUTY_CATCH_UP_MAX occurrences still happen, each at its own time; what was before them is counted as skipped.
 */
#include "engine/duty/duty.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "engine/facts.h"
#include "engine/internal.h"
#include "engine/task/work.h"
#include "proto/json.h"

#define LOOK_MAX 10000 /* occurrences counted one by one when many were missed */

/* A definition that stands in an object was checked when it came. */
static void definition_read(const Decision *decision, const Duty *duty, DutyDefinition *ret) {
        char detail[160];
        Check check;
        check_init(&check, detail, sizeof detail);
        bool ok = duty_definition_parse(&check, duty->definition, duty->name, organisation_offset_minutes(decision_organisation(decision)), ret);
        assert(ok);
        (void)ok;
}

/* ---- following the catalogue ---- */

/* The new definition as a patch of the one before: what is not said any more goes. */
static cJSON *definition_patch(const cJSON *before, const cJSON *after) {
        cJSON *patch = cJSON_CreateObject();
        const cJSON *item;
        cJSON_ArrayForEach(item, before)
                if (!cJSON_GetObjectItemCaseSensitive(after, item->string))
                        cJSON_AddNullToObject(patch, item->string);
        cJSON_ArrayForEach(item, after)
                cJSON_AddItemToObject(patch, item->string, cJSON_Duplicate(item, true));
        return patch;
}

static void set_next(cJSON *set, int64_t next_at) {
        cJSON *timers = json_object(set, "timers");
        if (!timers)
                timers = cJSON_AddObjectToObject(set, "timers");
        json_add_string(set, "state", duty_state_name(next_at == TIMESTAMP_NONE ? DUTY_ENDED : DUTY_ACTIVE));
        if (next_at == TIMESTAMP_NONE) {
                cJSON_AddNullToObject(set, "next_at");
                cJSON_AddNullToObject(timers, timer_kind_name(TIMER_DUTY));
                return;
        }
        json_add_int(set, "next_at", next_at);
        json_add_int(timers, timer_kind_name(TIMER_DUTY), next_at);
}

static void duty_fact(Decision *decision, const char *name, cJSON *set) {
        cJSON *fact = fact_new("duty");
        json_add_string(fact, "name", name);
        cJSON_AddItemToObject(fact, "set", set);
        decision_fact(decision, fact);
}

/* A duty that is new, said otherwise, or back in the catalogue counts from now on; one that has run out stays so. */
static void follow_item(Decision *decision, const cJSON *item) {
        const Duty *duty = state_duty(decision->state, item->string);
        const Duty written = {.definition = (cJSON *)item};
        bool same = duty && cJSON_Compare(duty->definition, item, true);
        if (same && duty->state == DUTY_ACTIVE)
                return;
        _cleanup_duty_ DutyDefinition definition = {0};
        definition_read(decision, &written, &definition);
        int64_t next_at = duty_definition_next(&definition, decision_organisation(decision), decision->at);
        if (same && next_at == TIMESTAMP_NONE)
                return;
        cJSON *set = cJSON_CreateObject();
        cJSON_AddItemToObject(set, "definition", definition_patch(duty ? duty->definition : NULL, item));
        set_next(set, next_at);
        duty_fact(decision, item->string, set);
}

static void end_duty(Decision *decision, const Duty *duty) {
        cJSON *set = cJSON_CreateObject();
        set_next(set, TIMESTAMP_NONE);
        cJSON_AddNullToObject(set, "round_ends_at");
        cJSON_AddNullToObject(json_object(set, "timers"), timer_kind_name(TIMER_ROUND));
        duty_fact(decision, duty->name, set);
        round_waive(decision, duty);
}

void duty_catalogue_changed(Decision *decision, const Catalogue *before) {
        (void)before;
        const Catalogue *catalogue = state_catalogue(decision->state);
        const cJSON *item;
        size_t cursor = 0;
        cJSON_ArrayForEach(item, catalogue_section(catalogue, "duties"))
                follow_item(decision, item);
        for (const Duty *duty; (duty = state_next_duty(decision->state, &cursor));)
                if (!catalogue_item(catalogue, "duties", duty->name) && (duty->state == DUTY_ACTIVE || duty->round_ends_at != TIMESTAMP_NONE))
                        end_duty(decision, duty);
}

/* ---- happening ---- */

/*
 * Occurrences between this one and how far time has come: returns when the first of those that still happen is due, and how many are
 * left out. TIMESTAMP_NONE when this one happens.
 */
static int64_t catch_up(const Decision *decision, const DutyDefinition *definition, uint32_t *ret_skipped) {
        int64_t latest[DUTY_CATCH_UP_MAX], at = decision->at;
        uint32_t n = 0; /* occurrences from this one on that are due */
        while (at != TIMESTAMP_NONE && at <= decision->horizon && n < LOOK_MAX) {
                latest[n++ % DUTY_CATCH_UP_MAX] = at;
                at = duty_definition_next(definition, decision_organisation(decision), at);
        }
        *ret_skipped = n > DUTY_CATCH_UP_MAX ? n - DUTY_CATCH_UP_MAX : 0;
        if (n == LOOK_MAX) /* months of the shortest gap: nothing of it happens, and the next is to come */
                return *ret_skipped = n, duty_definition_next(definition, decision_organisation(decision), decision->horizon);
        return *ret_skipped == 0 ? TIMESTAMP_NONE : latest[n % DUTY_CATCH_UP_MAX];
}

static void skip(Decision *decision, const Duty *duty, int64_t next_at, uint32_t skipped) {
        cJSON *set = cJSON_CreateObject();
        set_next(set, next_at);
        json_add_int(set, "skipped", (int64_t)duty->skipped + skipped);
        duty_fact(decision, duty->name, set);
}

/* Units that the duty addresses; the caller frees. */
static const Unit **addressed_units(const Decision *decision, const DutyDefinition *definition, size_t *ret_n) {
        const Organisation *organisation = decision_organisation(decision);
        const Unit **units = calloc(organisation_count_units(organisation) + 1, sizeof *units);
        size_t cursor = 0;
        if (!units)
                abort();
        *ret_n = 0;
        for (const Unit *unit; (unit = organisation_next_unit(organisation, &cursor));)
                if (duty_passes_unit(definition, unit))
                        units[(*ret_n)++] = unit;
        return units;
}

/* The duty's playbook, or, when there is none, a task for each unit that only wants to be acknowledged. */
static void start_playbook(Decision *decision, const char *name, const DutyDefinition *definition, int64_t expires_at) {
        const Organisation *organisation = decision_organisation(decision);
        const Unit *asks = definition->asks ? organisation_unit(organisation, definition->asks) : NULL;
        const Playbook *playbook = playbook_set_match(state_playbooks(decision->state), TRIGGER_DUTY, name, definition->severity, NULL);
        bool builtin = playbook == playbook_builtin(TRIGGER_DUTY);
        size_t n;
        const Unit **units = addressed_units(decision, definition, &n);
        const WorkOrigin origin = {
                .type = "duty", .id = name, .event = name, .unit = asks ? asks : organisation_root(organisation), .severity = definition->severity,
                .reality = REALITY_ACTUAL, .title_zh = builtin ? definition->title_zh : NULL, .title_en = builtin ? definition->title_en : NULL,
                .addressed = units, .n_addressed = n, .base_at = decision->at, .expires_at = expires_at,
        };
        if (builtin)
                work_start_units(decision, playbook, &origin, units, n);
        else
                work_start(decision, playbook, &origin);
        free(units);
}

static int64_t round_end(const Decision *decision, const DutyDefinition *definition, int64_t next_at) {
        int64_t ends_at = next_at != TIMESTAMP_NONE ? next_at : decision->at + INT64_C(24) * 3600 * 1000;
        if (definition->lasts_ms > 0 && (next_at == TIMESTAMP_NONE || decision->at + definition->lasts_ms < next_at))
                ends_at = decision->at + definition->lasts_ms;
        return ends_at;
}

static void happen(Decision *decision, const Duty *duty, const DutyDefinition *definition) {
        int64_t next_at = duty_definition_next(definition, decision_organisation(decision), decision->at);
        cJSON *set = cJSON_CreateObject();
        set_next(set, next_at);
        json_add_int(set, "last_at", decision->at);
        json_add_int(set, "occurrences", (int64_t)duty->occurrences + 1);
        if (definition->has_quota)
                return round_open(decision, duty, definition, round_end(decision, definition, next_at), set);
        duty_fact(decision, duty->name, set);
        start_playbook(decision, duty->name, definition, next_at);
}

void duty_fire(Decision *decision, Duty *duty, TimerKind kind) {
        _cleanup_duty_ DutyDefinition definition = {0};
        uint32_t skipped;
        definition_read(decision, duty, &definition);
        if (kind == TIMER_ROUND)
                return round_close(decision, duty, &definition);
        assert(kind == TIMER_DUTY);
        int64_t first = catch_up(decision, &definition, &skipped);
        if (skipped > 0)
                skip(decision, duty, first, skipped);
        else
                happen(decision, duty, &definition);
}
