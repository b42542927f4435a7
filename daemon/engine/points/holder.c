/*
 * Holders: who opts in, who leaves, who may speak for a card. A card is a number and may have a code, of which a keyed hash is kept:
 * without the area's secret not even the shortest code can be guessed from the database.
 */
#include "engine/points/points.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "engine/admin/admin.h"
#include "engine/internal.h"
#include "proto/json.h"
#include "proto/privacy.h"

#define CODE_LENGTH_MIN 12
#define CODE_LENGTH_MAX 64
#define ROLE_BIT(role) (1u << (role))
#define ROLES_DESK (ROLE_BIT(ROLE_COMMANDER) | ROLE_BIT(ROLE_OFFICER) | ROLE_BIT(ROLE_AUXILIARY) | ROLE_BIT(ROLE_GRID_HEAD) | \
                    ROLE_BIT(ROLE_GRID_WORKER))
#define ROLES_ANY (~0u)

/* ---- reading ---- */

bool points_read_int(Decision *decision, const char *name, int64_t min, int64_t max, int64_t *ret) {
        const cJSON *item = cJSON_GetObjectItemCaseSensitive(decision_body(decision), name);
        if (!item || cJSON_IsNull(item))
                return decision_reject(decision, CODE_MISSING, "%s", name) == CODE_NONE;
        if (!json_is_whole(item))
                return decision_reject(decision, CODE_TYPE, "%s", name) == CODE_NONE;
        if (item->valuedouble < (double)min || item->valuedouble > (double)max)
                return decision_reject(decision, CODE_RANGE, "%s: %lld-%lld", name, (long long)min, (long long)max) == CODE_NONE;
        *ret = (int64_t)item->valuedouble;
        return true;
}

const char *points_read_card(Decision *decision) {
        const cJSON *body = decision_body(decision);
        const char *card = json_string(body, "card");
        size_t n = card ? strlen(card) : 0;
        if (!card)
                decision_reject(decision, json_has(body, "card") ? CODE_TYPE : CODE_MISSING, "card");
        else if (n < 4 || n > CARD_MAX || strspn(card, "0123456789") != n)
                decision_reject(decision, CODE_RANGE, "card: [0-9]{4,12}");
        else if (privacy_text_is_identity(card))
                decision_reject(decision, CODE_PRIVACY, "card");
        else
                return card;
        return NULL;
}

const Holder *points_find_holder(Decision *decision, const char *card) {
        const Holder *holder = state_holder(decision->state, card);
        if (holder && holder->left_at == TIMESTAMP_NONE)
                return holder;
        decision_reject(decision, CODE_UNKNOWN_CARD, "%s", "");
        return NULL;
}

const Seat *points_find_seat(Decision *decision, unsigned roles) {
        const Member *member = decision_member(decision);
        const char *named = decision->command->seat;
        bool has_seat = false;
        for (size_t i = 0; member && i < member->n_seats; i++) {
                const Seat *seat = &member->seats[i];
                if (!seat->unit || !seat_is_current(seat, decision->at) || (*named && strcmp(seat->unit->id, named) != 0))
                        continue;
                has_seat = true;
                if (roles & ROLE_BIT(seat->role))
                        return seat;
        }
        decision_reject(decision, has_seat ? CODE_DENIED : CODE_SEAT, "%s", "");
        return NULL;
}

/* ---- codes ---- */

static const char *read_code(Decision *decision) {
        const cJSON *body = decision_body(decision);
        const char *code = json_string(body, "code");
        size_t n = code ? strlen(code) : 0;
        if (!code)
                decision_reject(decision, json_has(body, "code") ? CODE_TYPE : CODE_MISSING, "code");
        else if (n < CODE_LENGTH_MIN || n > CODE_LENGTH_MAX ||
                 strspn(code, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-") != n)
                decision_reject(decision, CODE_RANGE, "code: [0-9A-Za-z-]{%d,%d}", CODE_LENGTH_MIN, CODE_LENGTH_MAX);
        else if (privacy_text_is_identity(code))
                decision_reject(decision, CODE_PRIVACY, "code");
        else
                return code;
        return NULL;
}

static void code_hash(const Decision *decision, const char *card, const char *code, char ret[static 65]) {
        static const char purpose[] = "points-card";
        unsigned char hash[32];
        crypto_generichash_state hashing;
        const EngineConfig *config = engine_config(decision->engine);
        crypto_generichash_init(&hashing, config->commitment_key, sizeof config->commitment_key, sizeof hash);
        crypto_generichash_update(&hashing, (const unsigned char *)purpose, sizeof purpose);
        crypto_generichash_update(&hashing, (const unsigned char *)card, strlen(card) + 1);
        crypto_generichash_update(&hashing, (const unsigned char *)code, strlen(code));
        crypto_generichash_final(&hashing, hash, sizeof hash);
        sodium_bin2hex(ret, 65, hash, sizeof hash);
}

bool points_check_code(Decision *decision, const Holder *holder) {
        char hash[65];
        const char *code = read_code(decision);
        if (!code)
                return false;
        code_hash(decision, holder->card, code, hash);
        if (holder->code[0] != '\0' && sodium_memcmp(hash, holder->code, sizeof hash) == 0)
                return true;
        return decision_reject(decision, CODE_CARD_CODE, "%s", "") == CODE_NONE;
}

/* ---- opting in ---- */

static void holder_make(Decision *decision, const char *card, const char *code, bool own, const Unit *unit) {
        char hash[65] = "";
        cJSON *fact = fact_new("holder_made"), *set = cJSON_AddObjectToObject(fact, "set");
        if (code)
                code_hash(decision, card, code, hash);
        json_add_string(set, "card", card);
        if (own)
                json_add_string(set, "member", decision->sender);
        json_add_string(set, "unit", unit->id);
        if (code)
                json_add_string(set, "code", hash);
        json_add_int(set, "joined_at", decision->at);
        decision_fact(decision, fact);
        decision_created(decision, "card", card);
}

/* {"request":"points-join","card",["code"],["own": false]}: the sender's own card, or, with its code, one of a holder who is no member. */
void points_join_decide(Decision *decision) {
        static const char *const names[] = {"request", "card", "code", "own", NULL};
        const cJSON *body = decision_body(decision), *own_item = cJSON_GetObjectItemCaseSensitive(body, "own");
        const char *card = admin_check_fields(decision, body, names) ? points_read_card(decision) : NULL;
        if (!card)
                return;
        if (own_item && !cJSON_IsBool(own_item))
                return (void)decision_reject(decision, CODE_TYPE, "own");
        bool own = !cJSON_IsFalse(own_item);
        const char *code = NULL;
        const Seat *seat = points_find_seat(decision, own ? ROLES_ANY : ROLES_DESK);
        if (!seat || ((!own || json_has(body, "code")) && !(code = read_code(decision))))
                return;
        if (state_holder(decision->state, card) || (own && state_holder_of_member(decision->state, decision->sender)))
                return (void)decision_reject(decision, CODE_CONFLICT, "card");
        holder_make(decision, card, code, own, seat->unit);
}

/* ---- leaving ---- */

/* What is left is forfeited, so that the ledger ends at nothing; who had the card is no longer known here. */
void points_leave_decide(Decision *decision) {
        static const char *const names[] = {"request", "card", "code", NULL};
        const char *card = admin_check_fields(decision, decision_body(decision), names) ? points_read_card(decision) : NULL;
        const Holder *holder = card ? points_find_holder(decision, card) : NULL;
        if (!holder)
                return;
        bool own = strcmp(holder->member, decision->sender) == 0;
        if (!own && (!points_find_seat(decision, ROLES_DESK) || !points_check_code(decision, holder)))
                return;
        redemption_end_all(decision, holder, REDEMPTION_REFUSED);
        if (holder->balance > 0)
                points_book(decision, holder, &(Booking){.kind = "forfeit", .points = -holder->balance, .origin_type = "card",
                                                         .origin_id = card, .unit = "", .member = decision->sender, .reason = ""});
        cJSON *set = cJSON_CreateObject();
        json_add_int(set, "left_at", decision->at);
        cJSON_AddNullToObject(set, "member");
        cJSON_AddNullToObject(set, "code");
        cJSON_AddFalseToObject(set, "live");
        points_change(decision, holder, set);
}
