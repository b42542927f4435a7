/*
 * Facts of cards, their ledger and redemptions:
 *
 *   {"fact":"holder_made","set":{…}}                      a card is opted in with
 *   {"fact":"points","card","set":{…},"entry":{…}?}       a card changes, with or without an entry of the ledger
 *   {"fact":"redemption_made","set":{…}}, {"fact":"redemption","id","set":{…}}
 */
#include "engine/points/points.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

#include "engine/facts.h"
#include "proto/json.h"

static void holder_made_apply(const FactContext *context, const cJSON *fact) {
        fact_make(context, OBJECT_HOLDER, NULL, json_object(fact, "set"));
}

static void entry_journal(const FactContext *context, const char *card, const cJSON *entry) {
        char number[24], seq[24], at[24], points[24], balance[24];
        snprintf(number, sizeof number, "%" PRId64, json_int(entry, "number", 0));
        snprintf(seq, sizeof seq, "%" PRIu64, context->seq);
        snprintf(at, sizeof at, "%" PRId64, context->at);
        snprintf(points, sizeof points, "%" PRId64, json_int(entry, "points", 0));
        snprintf(balance, sizeof balance, "%" PRId64, json_int(entry, "balance", 0));
        const char *cells[] = {card, number, seq, at, json_string(entry, "period"), json_string(entry, "kind"), points, balance,
                               json_string(entry, "origin_type"), json_string(entry, "origin_id"), json_string(entry, "unit"),
                               json_string(entry, "member"), json_string(entry, "reason")};
        state_journal(context->state, TABLE_POINTS_ENTRY, cells, sizeof cells / sizeof cells[0]);
}

static void points_apply(const FactContext *context, const cJSON *fact) {
        const char *card = json_string(fact, "card");
        const cJSON *entry = json_object(fact, "entry");
        Holder *holder = state_holder(context->state, card);
        assert(holder);
        fact_patch(context, holder, json_object(fact, "set"));
        assert(holder->reserved >= 0 && holder->reserved <= holder->balance);
        if (entry)
                entry_journal(context, card, entry);
}

static void redemption_made_apply(const FactContext *context, const cJSON *fact) {
        fact_make(context, OBJECT_REDEMPTION, NULL, json_object(fact, "set"));
}

static void redemption_apply(const FactContext *context, const cJSON *fact) {
        fact_patch(context, state_redemption(context->state, json_string(fact, "id")), json_object(fact, "set"));
}

const FactRule points_fact_rules[] = {
        {"holder_made", holder_made_apply}, {"points", points_apply}, {"redemption_made", redemption_made_apply},
        {"redemption", redemption_apply}, {NULL, NULL},
};
