/*
 * Points: cards, their ledger, redemptions. README.md says what always holds.
 */
#ifndef POLICEGRID_ENGINE_POINTS_H
#define POLICEGRID_ENGINE_POINTS_H

#include <stdbool.h>
#include <stdint.h>
#include <cjson/cJSON.h>

#include "engine/catalogue/catalogue.h"
#include "engine/check.h"
#include "engine/decision.h"
#include "engine/document/list.h"
#include "engine/points/points_rule.h"
#include "engine/record.h"
#include "engine/state/state.h"

#define POINTS_MAX 1000000          /* of one booking */
#define POINTS_DAY_DEFAULT 500      /* earned by one card on one day, unless the catalogue says otherwise */
#define POINTS_PERIODS_MAX 24       /* months of which a card remembers what it earned */
#define POINTS_AWARD_MAX 1000       /* awarded or taken back by hand, at a time */
#define REDEMPTION_MS (INT64_C(10) * 60 * 1000)
#define REDEMPTIONS_OPEN_MAX 5      /* of one card */
#define REDEMPTION_COUNT_MAX 100
#define PERIOD_LENGTH 7             /* 2026-11 */

/* ---- what members ask for (engine/request.c) ---- */
DecisionHandler points_join_decide, points_leave_decide;                       /* holder.c */
DecisionHandler redemption_decide, redemption_confirm_decide, redemption_cancel_decide; /* redemption.c */
DecisionHandler points_award_decide, points_correct_decide, points_honour_decide;       /* points.c */

/* ---- what work earns ---- */
/*
 * Credits what the rules of the recorded work say (its step's or report kind's, and of playbooks that only add points) to cards that have
 * opted in, within the day's limit; says it in the receipt. Returns how many points. Never rejects.
 */
int64_t points_record(Decision *decision, const Record *record);

/* ---- points_catalogue.c ---- */
bool points_catalogue_check(Check *check, const cJSON *section, const Organisation *organisation, const PlaybookSet *playbooks);
/* NULL when the catalogue has none of that name. */
const cJSON *points_goods(const State *state, const char *name);
const cJSON *points_honour(const State *state, const char *name);
int64_t points_day_limit(const State *state);

/* ---- points_list.c: what stands on member/{m}/list/points ---- */
bool points_list_is_wanted(const State *state, const Member *member); /* he has a card */
void points_list_of_member(const ListContext *context, const Member *member, Text *text);

/* ---- inside the room ---- */
typedef struct Booking {
        const char *kind;                    /* base, bonus, award, correct, honour, redeem, forfeit */
        int64_t points;                      /* signed */
        bool earned;                         /* counts in the month that is ranked */
        int64_t released;                    /* of what was reserved */
        const char *origin_type, *origin_id; /* report, task, redemption, honour, member, card; the id or name */
        const char *unit;                    /* whose work; "" when none */
        const char *member;                  /* who booked it; "daemon" for timers */
        const char *reason;                  /* a code word; "" when none */
} Booking;
/* Appends the entry; a balance below zero or below what stays reserved is our own bug. */
void points_book(Decision *decision, const Holder *holder, const Booking *booking);
/* The month of that time in the town's zone, "2026-11"; the day, "2026-11-23". */
void points_period(const Decision *decision, char ret[static PERIOD_LENGTH + 1]);
void points_day(const Decision *decision, char ret[static 16]);
/* Change of a card without an entry: `set` is taken over. */
void points_change(Decision *decision, const Holder *holder, cJSON *set);

/* ---- holder.c ---- */
/* [0-9]{4,12}, and no number that could be somebody's telephone or identity. NULL after decision_reject. */
const char *points_read_card(Decision *decision);
/* A card in use; NULL after decision_reject. */
const Holder *points_find_holder(Decision *decision, const char *card);
/* The sender's seat with one of `roles` (bits 1 << Role), the one that he named if he did; NULL after decision_reject. */
const Seat *points_find_seat(Decision *decision, unsigned roles);
/* Whether `code` of the body is the card's. Rejects otherwise, also when the card has none. */
bool points_check_code(Decision *decision, const Holder *holder);
/* Whole number of the body within bounds; false after decision_reject. */
bool points_read_int(Decision *decision, const char *name, int64_t min, int64_t max, int64_t *ret);

/* ---- redemption.c ---- */
/* Every open redemption of the card ends in that state, what it reserved is free. */
void redemption_end_all(Decision *decision, const Holder *holder, RedemptionState state);

#endif
