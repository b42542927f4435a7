/*
 * Planning: who is on which shift: `admin/roster-apply`, and the request `roster` of a commander, officer or grid head of the unit or of
 * one above. A message plans all of its shifts or none; planning a shift again replaces its people until it has ended.
 */
#include <stdio.h>
#include <string.h>

#include "engine/admin/admin.h"
#include "engine/facts.h"
#include "engine/shift/shift.h"
#include "proto/json.h"
#include "proto/timestamp.h"

typedef struct Planned { const char *slot; const cJSON *members; int64_t starts_at, ends_at; const Shift *shift; } Planned;

static bool date_parse(const char *text, int64_t *ret_day) {
        int year, month, day, back_year, back_month, back_day;
        char rest;
        if (!text || strlen(text) != 10 || sscanf(text, "%4d-%2d-%2d%c", &year, &month, &day, &rest) != 3 || year < 2000 || year > 2099 ||
            month < 1 || month > 12 || day < 1 || day > 31)
                return false;
        *ret_day = day_from_civil(year, month, day);
        day_civil(*ret_day, &back_year, &back_month, &back_day);
        return back_month == month;
}

static const Shift *shift_at(const State *state, const char *roster, const char *slot, int64_t starts_at) {
        Shift *const *shifts;
        size_t n = state_shifts_of_roster(state, roster, &shifts);
        for (size_t i = 0; i < n; i++)
                if (shifts[i]->starts_at == starts_at && strcmp(shifts[i]->slot, slot) == 0)
                        return shifts[i];
        return NULL;
}

static bool reject(Decision *decision, Code code, size_t index, const char *what) {
        decision_reject(decision, code, "shifts[%zu].%s", index, what);
        return false;
}

/* Whether he is on another shift at that time, planned before or by this message. */
static bool is_elsewhere(const Decision *decision, const Planned *planned, size_t at, const char *member) {
        for (size_t i = 0; i < at; i++) {
                const cJSON *other;
                if (planned[i].starts_at >= planned[at].ends_at || planned[at].starts_at >= planned[i].ends_at)
                        continue;
                cJSON_ArrayForEach(other, planned[i].members)
                        if (strcmp(other->valuestring, member) == 0)
                                return true;
        }
        Shift *const *shifts;
        size_t n = state_shifts_of_member(decision->state, member, &shifts);
        for (size_t i = 0; i < n; i++) {
                bool again = false; /* this message plans that one anew */
                for (size_t j = 0; j <= at && !again; j++)
                        again = planned[j].shift == shifts[i];
                if (!again && shifts[i]->starts_at < planned[at].ends_at && planned[at].starts_at < shifts[i]->ends_at)
                        return true;
        }
        return false;
}

static bool members_read(Decision *decision, const cJSON *roster, const Planned *planned, size_t at) {
        const cJSON *item, *other;
        if (!cJSON_IsArray(planned[at].members) || cJSON_GetArraySize(planned[at].members) > SHIFT_MEMBERS_MAX)
                return reject(decision, cJSON_IsArray(planned[at].members) ? CODE_LIMIT : CODE_TYPE, at, "members");
        cJSON_ArrayForEach(item, planned[at].members) {
                const Member *member = cJSON_IsString(item) ? organisation_member(decision_organisation(decision), item->valuestring) : NULL;
                if (!member)
                        return reject(decision, CODE_UNKNOWN_MEMBER, at, "members");
                if (!roster_takes(decision->state, roster, member, planned[at].starts_at))
                        return reject(decision, CODE_SEAT, at, "members");
                for (other = planned[at].members->child; other != item; other = other->next)
                        if (strcmp(other->valuestring, item->valuestring) == 0)
                                return reject(decision, CODE_DUPLICATE, at, "members");
                if (is_elsewhere(decision, planned, at, member->id))
                        return reject(decision, CODE_CONFLICT, at, "members: 班次重叠 / on another shift at that time");
        }
        return true;
}

static bool planned_read(Decision *decision, const char *name, const cJSON *roster, const cJSON *item, Planned *planned, size_t at) {
        static const char *const names[] = {"date", "slot", "members", NULL};
        int64_t day;
        if (!admin_check_fields(decision, item, names))
                return false;
        if (!date_parse(json_string(item, "date"), &day))
                return reject(decision, CODE_TIME, at, "date");
        planned[at].slot = json_string(item, "slot");
        planned[at].members = cJSON_GetObjectItemCaseSensitive(item, "members");
        if (!roster_slot(decision->state, roster, planned[at].slot, day, &planned[at].starts_at, &planned[at].ends_at))
                return reject(decision, CODE_RANGE, at, "slot");
        if (planned[at].ends_at <= decision->at)
                return reject(decision, CODE_CLOSED, at, "date");
        if (planned[at].starts_at > decision->at + SHIFT_AHEAD_MS)
                return reject(decision, CODE_RANGE, at, "date");
        planned[at].shift = shift_at(decision->state, name, planned[at].slot, planned[at].starts_at);
        for (size_t i = 0; i < at; i++)
                if (planned[i].starts_at == planned[at].starts_at && strcmp(planned[i].slot, planned[at].slot) == 0)
                        return reject(decision, CODE_DUPLICATE, at, "slot");
        return members_read(decision, roster, planned, at);
}

static void planned_add(Decision *decision, const char *name, const char *unit, const Planned *planned, cJSON *entries) {
        cJSON *entry = cJSON_CreateObject(), *set = cJSON_CreateObject();
        char id[UUID_LENGTH + 1];
        if (planned->shift)
                strcpy(id, planned->shift->id);
        else
                decision_uuid(decision, id);
        json_add_string(entry, "id", id);
        if (!planned->shift) {
                json_add_string(set, "roster", name);
                json_add_string(set, "unit", unit);
                json_add_string(set, "slot", planned->slot);
                json_add_int(set, "starts_at", planned->starts_at);
                json_add_int(cJSON_AddObjectToObject(set, "timers"), timer_kind_name(TIMER_CLEAR), planned->ends_at + SHIFT_KEPT_MS);
        } else { /* what was offered for swapping is another plan's */
                cJSON *swaps = cJSON_AddObjectToObject(set, "swaps");
                const cJSON *swap;
                cJSON_ArrayForEach(swap, planned->shift->swaps)
                        cJSON_AddNullToObject(swaps, swap->string);
        }
        json_add_int(set, "ends_at", planned->ends_at);
        cJSON_AddItemToObject(set, "members", cJSON_Duplicate(planned->members, true));
        json_add_int(set, "revision", planned->shift ? planned->shift->revision + 1 : 1);
        cJSON_AddItemToObject(entry, "set", set);
        cJSON_AddItemToArray(entries, entry);
}

static void plan(Decision *decision, const cJSON *roster, const cJSON *list) {
        Planned planned[SHIFTS_PLANNED_MAX];
        const cJSON *item;
        size_t n = 0;
        cJSON_ArrayForEach(item, list)
                if (!planned_read(decision, roster->string, roster, item, planned, n++))
                        return;
        cJSON *fact = fact_new("shifts"), *entries = cJSON_AddArrayToObject(fact, "shifts");
        json_add_string(fact, "roster", roster->string);
        for (size_t i = 0; i < n; i++)
                planned_add(decision, roster->string, json_string(roster, "unit"), &planned[i], entries);
        decision_fact(decision, fact);
        decision_created_int(decision, "shifts", (int64_t)n);
}

/* The roster and the list of the body; NULL after decision_reject. */
static const cJSON *roster_read(Decision *decision, const char *const *names, const cJSON **ret_list) {
        const cJSON *body = decision_body(decision), *roster;
        if (!admin_check_fields(decision, body, names))
                return NULL;
        *ret_list = cJSON_GetObjectItemCaseSensitive(body, "shifts");
        roster = roster_find(decision->state, json_string(body, "roster"));
        if (!roster)
                decision_reject(decision, json_has(body, "roster") ? CODE_UNKNOWN_TARGET : CODE_MISSING, "roster");
        else if (*ret_list && !cJSON_IsArray(*ret_list))
                decision_reject(decision, CODE_TYPE, "shifts");
        else if (cJSON_GetArraySize(*ret_list) == 0)
                decision_reject(decision, CODE_MISSING, "shifts");
        else if (cJSON_GetArraySize(*ret_list) > SHIFTS_PLANNED_MAX)
                decision_reject(decision, CODE_LIMIT, "shifts: %d", SHIFTS_PLANNED_MAX);
        else
                return roster;
        return NULL;
}

void shift_admin_apply(Decision *decision) {
        static const char *const names[] = {"roster", "shifts", NULL};
        const cJSON *list, *roster = roster_read(decision, names, &list);
        if (roster)
                plan(decision, roster, list);
}

static bool may_plan(const Decision *decision, const cJSON *roster) {
        const Member *member = decision_member(decision);
        const Unit *unit = organisation_unit(decision_organisation(decision), json_string(roster, "unit"));
        for (size_t i = 0; unit && i < member->n_seats; i++) {
                const Seat *seat = &member->seats[i];
                if (seat->unit && seat_is_current(seat, decision->at) && unit_is_below(unit, seat->unit) &&
                    (seat->role == ROLE_COMMANDER || seat->role == ROLE_OFFICER || seat->role == ROLE_GRID_HEAD))
                        return true;
        }
        return false;
}

void shift_request_roster(Decision *decision) {
        static const char *const names[] = {"request", "roster", "shifts", NULL};
        const cJSON *list, *roster = roster_read(decision, names, &list);
        if (roster && !may_plan(decision, roster))
                decision_reject(decision, CODE_DENIED, "roster");
        else if (roster)
                plan(decision, roster, list);
}
