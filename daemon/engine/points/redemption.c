/*
 * Redemption: a shop asks for points of a card against goods of the catalogue; they are reserved at once, so that no second shop can
 * have them, and booked when the holder confirms: by his own member's request, or by the card's code. After ten minutes they are free.
 */
#include <stdio.h>
#include <string.h>

#include "engine/admin/admin.h"
#include "engine/internal.h"
#include "engine/points/points.h"
#include "proto/json.h"

#define ROLES_SHOP (1u << ROLE_SHOP)

/* ---- the end of one ---- */

static void redemption_end(Decision *decision, const Redemption *redemption, RedemptionState state) {
        cJSON *fact = fact_new("redemption"), *set = cJSON_AddObjectToObject(fact, "set");
        json_add_string(fact, "id", redemption->id);
        json_add_string(set, "state", redemption_state_name(state));
        json_add_int(set, "ended_at", decision->at);
        cJSON_AddNullToObject(cJSON_AddObjectToObject(set, "timers"), timer_kind_name(TIMER_EXPIRE));
        cJSON_AddFalseToObject(set, "live");
        decision_fact(decision, fact);
}

/* The reservation is off: the points are free again. */
static void redemption_release(Decision *decision, const Redemption *redemption, RedemptionState state) {
        const Holder *holder = state_holder(decision->state, redemption->card);
        redemption_end(decision, redemption, state);
        cJSON *set = cJSON_CreateObject();
        json_add_int(set, "reserved", holder->reserved - redemption->points);
        points_change(decision, holder, set);
}

static void redemption_confirm(Decision *decision, const Redemption *redemption) {
        const Holder *holder = state_holder(decision->state, redemption->card);
        redemption_end(decision, redemption, REDEMPTION_CONFIRMED);
        points_book(decision, holder, &(Booking){.kind = "redeem", .points = -redemption->points, .released = redemption->points,
                                                 .origin_type = "redemption", .origin_id = redemption->id, .unit = redemption->unit,
                                                 .member = decision->sender, .reason = redemption->goods});
        decision_created(decision, "state", redemption_state_name(REDEMPTION_CONFIRMED));
}

void redemption_end_all(Decision *decision, const Holder *holder, RedemptionState state) {
        Redemption *const *open;
        while (state_redemptions_of_card(decision->state, holder->card, &open) > 0)
                redemption_release(decision, open[0], state);
}

void redemption_fire(Decision *decision, Redemption *redemption, TimerKind kind) {
        (void)kind; /* TIMER_EXPIRE is the only one */
        redemption_release(decision, redemption, REDEMPTION_EXPIRED);
}

/* ---- a shop asks ---- */

typedef struct Wish { const Holder *holder; const Seat *seat; const char *goods; int64_t count, points; } Wish;

static bool goods_are_there(const cJSON *goods, const Unit *unit) {
        const cJSON *units = json_array(goods, "units"), *one;
        cJSON_ArrayForEach(one, units)
                if (strcmp(one->valuestring, unit->id) == 0)
                        return true;
        return units == NULL;
}

static bool read_goods(Decision *decision, Wish *wish) {
        const cJSON *body = decision_body(decision);
        wish->goods = json_string(body, "goods");
        wish->count = 1;
        if (!wish->goods)
                return decision_reject(decision, json_has(body, "goods") ? CODE_TYPE : CODE_MISSING, "goods") == CODE_NONE;
        const cJSON *goods = points_goods(decision->state, wish->goods);
        if (!goods || !goods_are_there(goods, wish->seat->unit))
                return decision_reject(decision, CODE_UNKNOWN_KIND, "goods") == CODE_NONE;
        if (json_has(body, "count") && !points_read_int(decision, "count", 1, REDEMPTION_COUNT_MAX, &wish->count))
                return false;
        wish->points = wish->count * json_int(goods, "points", POINTS_MAX);
        return true;
}

/* Enough must be free: what another shop has reserved is not. */
static bool read_wish(Decision *decision, Wish *wish) {
        Redemption *const *open;
        const char *card = points_read_card(decision);
        if (!card || !(wish->seat = points_find_seat(decision, ROLES_SHOP)) || !(wish->holder = points_find_holder(decision, card)) ||
            !read_goods(decision, wish))
                return false;
        if (strcmp(wish->holder->member, decision->sender) == 0)
                return decision_reject(decision, CODE_FORBIDDEN, "card") == CODE_NONE;
        if (state_redemptions_of_card(decision->state, card, &open) >= REDEMPTIONS_OPEN_MAX)
                return decision_reject(decision, CODE_LIMIT, "redemptions: %d", REDEMPTIONS_OPEN_MAX) == CODE_NONE;
        if (wish->points > wish->holder->balance - wish->holder->reserved)
                return decision_reject(decision, CODE_BALANCE, "%s", "") == CODE_NONE;
        return true;
}

static void redemption_make(Decision *decision, const Wish *wish, char ret_id[static UUID_LENGTH + 1]) {
        cJSON *fact = fact_new("redemption_made"), *set = cJSON_AddObjectToObject(fact, "set"), *reserved = cJSON_CreateObject();
        decision_uuid(decision, ret_id);
        json_add_string(set, "id", ret_id);
        json_add_string(set, "card", wish->holder->card);
        json_add_string(set, "shop", decision->sender);
        json_add_string(set, "unit", wish->seat->unit->id);
        json_add_string(set, "goods", wish->goods);
        json_add_int(set, "count", wish->count);
        json_add_int(set, "points", wish->points);
        json_add_int(set, "reserved_at", decision->at);
        json_add_int(set, "expires_at", decision->at + REDEMPTION_MS);
        json_add_int(cJSON_AddObjectToObject(set, "timers"), timer_kind_name(TIMER_EXPIRE), decision->at + REDEMPTION_MS);
        decision_fact(decision, fact);
        json_add_int(reserved, "reserved", wish->holder->reserved + wish->points);
        points_change(decision, wish->holder, reserved);
}

/* {"request":"redeem","card","goods",["count"],["code"]}; with the card's code it is confirmed at once. */
void redemption_decide(Decision *decision) {
        static const char *const names[] = {"request", "card", "goods", "count", "code", NULL};
        Wish wish = {0};
        char id[UUID_LENGTH + 1];
        bool coded = json_has(decision_body(decision), "code");
        if (!admin_check_fields(decision, decision_body(decision), names) || !read_wish(decision, &wish) ||
            (coded && !points_check_code(decision, wish.holder)))
                return;
        redemption_make(decision, &wish, id);
        decision_created(decision, "redemption", id);
        decision_created_int(decision, "points", wish.points);
        if (coded)
                return redemption_confirm(decision, state_redemption(decision->state, id));
        decision_created(decision, "state", redemption_state_name(REDEMPTION_RESERVED));
}

/* ---- the holder answers, or the shop thinks better of it ---- */

static const Redemption *read_redemption(Decision *decision) {
        const cJSON *body = decision_body(decision);
        const char *id = json_string(body, "redemption");
        const Redemption *redemption = id ? state_redemption(decision->state, id) : NULL;
        if (!id)
                decision_reject(decision, json_has(body, "redemption") ? CODE_TYPE : CODE_MISSING, "redemption");
        else if (!redemption)
                decision_reject(decision, CODE_UNKNOWN_TARGET, "redemption");
        else if (redemption->state != REDEMPTION_RESERVED || decision->at >= redemption->expires_at)
                decision_reject(decision, CODE_CLOSED, "%s", redemption_state_name(redemption->state));
        else
                return redemption;
        return NULL;
}

static bool sender_holds(const Decision *decision, const Redemption *redemption) {
        const Holder *holder = state_holder_of_member(decision->state, decision->sender);
        return holder && strcmp(holder->card, redemption->card) == 0;
}

/* {"request":"redeem-confirm","redemption",["code"]} */
void redemption_confirm_decide(Decision *decision) {
        static const char *const names[] = {"request", "redemption", "code", NULL};
        const Redemption *redemption = admin_check_fields(decision, decision_body(decision), names) ? read_redemption(decision) : NULL;
        if (!redemption)
                return;
        if (!sender_holds(decision, redemption)) {
                if (strcmp(redemption->shop, decision->sender) != 0)
                        return (void)decision_reject(decision, CODE_FORBIDDEN, "redemption");
                if (!points_check_code(decision, state_holder(decision->state, redemption->card)))
                        return;
        }
        redemption_confirm(decision, redemption);
}

/* {"request":"redeem-cancel","redemption"}: refused by its holder or cancelled by its shop. */
void redemption_cancel_decide(Decision *decision) {
        static const char *const names[] = {"request", "redemption", NULL};
        const Redemption *redemption = admin_check_fields(decision, decision_body(decision), names) ? read_redemption(decision) : NULL;
        if (!redemption)
                return;
        bool holds = sender_holds(decision, redemption);
        if (!holds && strcmp(redemption->shop, decision->sender) != 0)
                return (void)decision_reject(decision, CODE_FORBIDDEN, "redemption");
        redemption_release(decision, redemption, holds ? REDEMPTION_REFUSED : REDEMPTION_CANCELLED);
        decision_created(decision, "state", redemption_state_name(redemption->state));
}
