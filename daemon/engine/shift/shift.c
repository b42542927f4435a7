/* Who is on duty, and the facts of shifts. */
#include "engine/shift/shift.h"

#include <assert.h>
#include <string.h>

#include "engine/facts.h"
#include "proto/json.h"

/* ---- who is on duty ---- */

bool shift_has_member(const Shift *shift, const char *member) {
        const cJSON *item;
        cJSON_ArrayForEach(item, shift->members)
                if (strcmp(item->valuestring, member) == 0)
                        return true;
        return false;
}

const Shift *shift_of_unit(const State *state, const Unit *unit, int64_t at_ms) {
        Shift *const *shifts;
        size_t n = state_shifts_of_unit(state, unit->id, &shifts);
        for (size_t i = 0; i < n; i++)
                if (shifts[i]->starts_at <= at_ms && at_ms < shifts[i]->ends_at && cJSON_GetArraySize(shifts[i]->members) > 0)
                        return shifts[i];
        return NULL;
}

/* Several rosters of one unit may cover the moment: whoever is on one of them is on duty. */
static bool is_on_some_shift(const State *state, const char *member, const Unit *unit, int64_t at_ms) {
        Shift *const *shifts;
        size_t n = state_shifts_of_unit(state, unit->id, &shifts);
        for (size_t i = 0; i < n; i++)
                if (shifts[i]->starts_at <= at_ms && at_ms < shifts[i]->ends_at && shift_has_member(shifts[i], member))
                        return true;
        return false;
}

bool member_is_on_duty(const State *state, const Member *member, const Unit *unit, int64_t at_ms) {
        return shift_of_unit(state, unit, at_ms) == NULL || is_on_some_shift(state, member->id, unit, at_ms);
}

static bool role_is_wanted(Role role, const Role *roles, size_t n_roles) {
        for (size_t i = 0; i < n_roles; i++)
                if (roles[i] == role)
                        return true;
        return n_roles == 0 && role >= ROLE_COMMANDER && role <= ROLE_PARTNER;
}

static bool is_on_duty_itself(const State *state, const Unit *unit, const Role *roles, size_t n_roles, int64_t at_ms) {
        size_t cursor = 0;
        for (const Member *member; (member = unit_next_member(state_organisation(state), unit, &cursor));)
                for (size_t i = 0; i < member->n_seats; i++)
                        if (member->seats[i].unit == unit && seat_is_current(&member->seats[i], at_ms) &&
                            role_is_wanted(member->seats[i].role, roles, n_roles) && member_is_on_duty(state, member, unit, at_ms))
                                return true;
        return false;
}

bool unit_is_on_duty(const State *state, const Unit *unit, const Role *roles, size_t n_roles, int64_t at_ms) {
        if (!unit_is_manned(state_organisation(state), unit, roles, n_roles, at_ms))
                return false;
        bool by_shift = shift_of_unit(state, unit, at_ms) || (unit->staffed_by && shift_of_unit(state, unit->staffed_by, at_ms));
        return !by_shift || is_on_duty_itself(state, unit, roles, n_roles, at_ms) ||
               (unit->staffed_by && is_on_duty_itself(state, unit->staffed_by, roles, n_roles, at_ms));
}

bool shift_overlaps(const State *state, const char *member, int64_t starts_at, int64_t ends_at, const Shift *but, const Shift *nor) {
        Shift *const *shifts;
        size_t n = state_shifts_of_member(state, member, &shifts);
        for (size_t i = 0; i < n; i++)
                if (shifts[i] != but && shifts[i] != nor && shifts[i]->starts_at < ends_at && starts_at < shifts[i]->ends_at)
                        return true;
        return false;
}

/* ---- changing one ---- */

const Shift *shift_read(Decision *decision, const char *name) {
        const char *id = json_string(decision_body(decision), name);
        const Shift *shift = id ? state_shift(decision->state, id) : NULL;
        if (!id)
                decision_reject(decision, CODE_MISSING, "%s", name);
        else if (!shift || !shift->object.live)
                decision_reject(decision, CODE_UNKNOWN_TARGET, "%s", name);
        else
                return shift;
        return NULL;
}

void shift_change(Decision *decision, const Shift *shift, cJSON *set) {
        cJSON *fact = fact_new("shifts"), *entry = cJSON_CreateObject();
        json_add_int(set, "revision", shift->revision + 1);
        json_add_string(entry, "id", shift->id);
        cJSON_AddItemToObject(entry, "set", set);
        cJSON_AddItemToArray(cJSON_AddArrayToObject(fact, "shifts"), entry);
        decision_fact(decision, fact);
}

void shift_catalogue_changed(Decision *decision, const Catalogue *before) {
        size_t cursor = 0;
        cJSON *fact = fact_new("shifts_dropped"), *ids = cJSON_AddArrayToObject(fact, "ids");
        (void)before;
        for (const Shift *shift; (shift = state_next_shift(decision->state, &cursor));) {
                const char *unit = json_string(roster_find(decision->state, shift->roster), "unit");
                if (!unit || strcmp(unit, shift->unit) != 0)
                        cJSON_AddItemToArray(ids, cJSON_CreateString(shift->id));
        }
        if (cJSON_GetArraySize(ids) > 0)
                decision_fact(decision, fact);
        else
                cJSON_Delete(fact);
}

/* ---- facts ---- */

/* {"fact":"shifts","shifts":[{"id","set":{…}}]}: made when there is none of that id. */
static void apply_shifts(const FactContext *context, const cJSON *fact) {
        const cJSON *entry;
        cJSON_ArrayForEach(entry, json_array(fact, "shifts")) {
                const char *id = json_string(entry, "id");
                Shift *shift = state_shift(context->state, id);
                if (shift) {
                        fact_patch(context, shift, json_object(entry, "set"));
                        continue;
                }
                cJSON *key = cJSON_CreateObject();
                json_add_string(key, "id", id);
                fact_make(context, OBJECT_SHIFT, key, json_object(entry, "set"));
                cJSON_Delete(key);
        }
}

/* {"fact":"shifts_dropped","ids":[…]}: their roster is gone. */
static void apply_dropped(const FactContext *context, const cJSON *fact) {
        const cJSON *id;
        cJSON_ArrayForEach(id, json_array(fact, "ids")) {
                Shift *shift = state_shift(context->state, id->valuestring);
                assert(shift);
                state_touch(context->state, shift, context->seq);
                shift->object.live = false;
                shift->object.timers.n = 0;
        }
}

const FactRule shift_fact_rules[] = {{"shifts", apply_shifts}, {"shifts_dropped", apply_dropped}, {NULL, NULL}};
