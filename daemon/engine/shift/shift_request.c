/* What members on shifts ask for: a swap, which the other has to agree to; handover and takeover with counted items. */
#include <string.h>

#include "engine/admin/admin.h"
#include "engine/facts.h"
#include "engine/shift/shift.h"
#include "proto/json.h"

#define HANDOVER_AFTER_MS (INT64_C(12) * 3600 * 1000) /* so long after its end a shift may still be handed over */
#define ITEM_COUNT_MAX 10000

/* ---- swaps ---- */

/* Members of a shift with one replaced. */
static cJSON *members_with(const Shift *shift, const char *out, const char *in) {
        cJSON *members = cJSON_CreateArray();
        const cJSON *item;
        cJSON_ArrayForEach(item, shift->members)
                cJSON_AddItemToArray(members, cJSON_CreateString(strcmp(item->valuestring, out) == 0 ? in : item->valuestring));
        return members;
}

/*
 * Whether `member` may take `other`'s place on the shift: he is taken by the roster, not on it yet, and on no third one at that time.
 * `back` is the shift whose place he gives away, NULL when none.
 */
static bool may_take(Decision *decision, const Shift *shift, const char *member, const Shift *back) {
        const Member *found = organisation_member(decision_organisation(decision), member);
        const cJSON *roster = roster_find(decision->state, shift->roster);
        if (!found || !roster || !roster_takes(decision->state, roster, found, shift->starts_at))
                decision_reject(decision, CODE_SEAT, "%s", member);
        else if (shift_has_member(shift, member) || shift_overlaps(decision->state, member, shift->starts_at, shift->ends_at, shift, back))
                decision_reject(decision, CODE_CONFLICT, "%s: 班次重叠 / on another shift at that time", member);
        else
                return true;
        return false;
}

static bool shift_is_open(Decision *decision, const Shift *shift, const char *name) {
        if (shift->ends_at > decision->at)
                return true;
        decision_reject(decision, CODE_CLOSED, "%s", name);
        return false;
}

/* Everything that a swap needs, asked when it is offered and again when it is agreed to. `back` NULL: nothing is given in return. */
static bool swap_check(Decision *decision, const Shift *shift, const char *asker, const char *other, const Shift *back) {
        if (!shift_has_member(shift, asker) || (back && !shift_has_member(back, other))) {
                decision_reject(decision, CODE_STATE, "shift");
                return false;
        }
        return may_take(decision, shift, other, back) && (!back || may_take(decision, back, asker, shift));
}

void shift_request_swap(Decision *decision) {
        static const char *const names[] = {"request", "shift", "with", "their_shift", NULL};
        const cJSON *body = decision_body(decision);
        const char *with = json_string(body, "with");
        if (!admin_check_fields(decision, body, names))
                return;
        const Shift *shift = shift_read(decision, "shift"), *back = NULL;
        if (!shift || !shift_is_open(decision, shift, "shift"))
                return;
        if (!with)
                return (void)decision_reject(decision, CODE_MISSING, "with");
        if (json_has(body, "their_shift") && (!(back = shift_read(decision, "their_shift")) || !shift_is_open(decision, back, "their_shift")))
                return;
        if (back == shift)
                return (void)decision_reject(decision, CODE_CONFLICT, "their_shift");
        if (!swap_check(decision, shift, decision->sender, with, back))
                return;
        cJSON *set = cJSON_CreateObject(), *swap = cJSON_AddObjectToObject(cJSON_AddObjectToObject(set, "swaps"), decision->sender);
        json_add_string(swap, "with", with);
        json_add_string(swap, "shift", back ? back->id : NULL);
        json_add_int(swap, "at", decision->at);
        shift_change(decision, shift, set);
        decision_created(decision, "shift", shift->id);
}

static cJSON *swap_done(const char *asker) {
        cJSON *set = cJSON_CreateObject();
        cJSON_AddNullToObject(cJSON_AddObjectToObject(set, "swaps"), asker);
        return set;
}

void shift_request_swap_agree(Decision *decision) {
        static const char *const names[] = {"request", "shift", "member", "agree", NULL};
        const cJSON *body = decision_body(decision);
        const char *asker = json_string(body, "member");
        if (!admin_check_fields(decision, body, names))
                return;
        const Shift *shift = shift_read(decision, "shift");
        if (!shift || !shift_is_open(decision, shift, "shift"))
                return;
        const cJSON *swap = asker ? json_object(shift->swaps, asker) : NULL;
        if (!swap || strcmp(json_string(swap, "with"), decision->sender) != 0)
                return (void)decision_reject(decision, asker ? CODE_UNKNOWN_TARGET : CODE_MISSING, "member");
        if (!json_bool(body, "agree", true))
                return shift_change(decision, shift, swap_done(asker));
        const char *their = json_string(swap, "shift");
        const Shift *back = their ? state_shift(decision->state, their) : NULL;
        if (their && (!back || back->ends_at <= decision->at))
                return (void)decision_reject(decision, CODE_CLOSED, "their_shift");
        if (!swap_check(decision, shift, asker, decision->sender, back))
                return;
        cJSON *set = swap_done(asker);
        cJSON_AddItemToObject(set, "members", members_with(shift, asker, decision->sender));
        shift_change(decision, shift, set);
        if (!back)
                return;
        set = cJSON_CreateObject();
        cJSON_AddItemToObject(set, "members", members_with(back, decision->sender, asker));
        shift_change(decision, back, set);
}

/* ---- handover ---- */

/* Counts of exactly the roster's items; NULL after decision_reject. */
static const cJSON *items_read(Decision *decision, const Shift *shift) {
        const cJSON *items = cJSON_GetObjectItemCaseSensitive(decision_body(decision), "items"), *item;
        const cJSON *wanted = json_object(roster_find(decision->state, shift->roster), "items");
        if (!cJSON_IsObject(items)) {
                decision_reject(decision, items ? CODE_TYPE : CODE_MISSING, "items");
                return NULL;
        }
        cJSON_ArrayForEach(item, wanted)
                if (!json_has(items, item->string)) {
                        decision_reject(decision, CODE_MISSING, "items.%s", item->string);
                        return NULL;
                }
        cJSON_ArrayForEach(item, items) {
                if (!wanted || !cJSON_GetObjectItemCaseSensitive(wanted, item->string)) {
                        decision_reject(decision, CODE_UNKNOWN_FIELD, "items.%s", check_is_name(item->string) ? item->string : "?");
                        return NULL;
                }
                if (!json_is_whole(item) || item->valuedouble < 0 || item->valuedouble > ITEM_COUNT_MAX) {
                        decision_reject(decision, CODE_RANGE, "items.%s", item->string);
                        return NULL;
                }
        }
        return items;
}

/* The shift of the body that the sender is on, begun and not long ended, with its counts; NULL after decision_reject. */
static const Shift *counted_read(Decision *decision, const cJSON **ret_items, char ret_note[static UUID_LENGTH + 1]) {
        static const char *const names[] = {"request", "shift", "items", NULL};
        if (!admin_check_fields(decision, decision_body(decision), names))
                return NULL;
        const Shift *shift = shift_read(decision, "shift");
        if (!shift)
                return NULL;
        if (!shift_has_member(shift, decision->sender))
                decision_reject(decision, CODE_FORBIDDEN, "shift");
        else if (decision->at < shift->starts_at - HANDOVER_AFTER_MS / 12)
                decision_reject(decision, CODE_STATE, "shift");
        else if (decision->at > shift->ends_at + HANDOVER_AFTER_MS)
                decision_reject(decision, CODE_CLOSED, "shift");
        else if ((*ret_items = items_read(decision, shift)) && decision_private_text(decision, "note", "shift", shift->id, shift->unit, ret_note))
                return shift;
        return NULL;
}

static cJSON *counted(const Decision *decision, const cJSON *items, const char *note) {
        cJSON *value = cJSON_CreateObject();
        json_add_string(value, "by", decision->sender);
        json_add_int(value, "at", decision->at);
        cJSON_AddItemToObject(value, "items", cJSON_Duplicate(items, true));
        if (*note != '\0')
                json_add_string(value, "note", note);
        else
                cJSON_AddNullToObject(value, "note");
        return value;
}

void shift_request_handover(Decision *decision) {
        const cJSON *items;
        char note[UUID_LENGTH + 1];
        const Shift *shift = counted_read(decision, &items, note);
        if (!shift)
                return;
        cJSON *set = cJSON_CreateObject();
        cJSON_AddItemToObject(set, "handover", counted(decision, items, note));
        shift_change(decision, shift, set);
        decision_created(decision, "shift", shift->id);
}

/* The shift of the same roster that was on before this one; NULL when there is none in memory. */
static const Shift *shift_before(const State *state, const Shift *shift) {
        Shift *const *shifts;
        const Shift *found = NULL;
        size_t n = state_shifts_of_roster(state, shift->roster, &shifts);
        for (size_t i = 0; i < n; i++)
                if (shifts[i]->ends_at <= shift->starts_at && (!found || shifts[i]->ends_at > found->ends_at))
                        found = shifts[i];
        return found;
}

/* What is counted at the takeover is held against what was handed over; a difference stays visible. */
void shift_request_takeover(Decision *decision) {
        const cJSON *items, *item;
        char note[UUID_LENGTH + 1];
        const Shift *shift = counted_read(decision, &items, note);
        if (!shift)
                return;
        const Shift *before = shift_before(decision->state, shift);
        const cJSON *given = before ? json_object(before->handover, "items") : NULL;
        cJSON *set = cJSON_CreateObject(), *value = counted(decision, items, note);
        int64_t differs = 0;
        cJSON_ArrayForEach(item, items)
                differs += given && json_int(given, item->string, -1) != (int64_t)item->valuedouble;
        if (given)
                json_add_string(value, "from", before->id);
        if (given)
                json_add_int(value, "differs", differs);
        cJSON_AddItemToObject(set, "takeover", value);
        shift_change(decision, shift, set);
        decision_created(decision, "shift", shift->id);
        if (given)
                decision_created_int(decision, "differs", differs);
}
