/*
 * Random commands about points: cards opted in with, credited, redeemed at two shops, confirmed by their holders or by their codes,
 * refused, given up. Who speaks is mostly who may.
 */
#include "random_town.h"

#include <stdio.h>
#include <string.h>

#define CARDS 40

static const Redemption *random_redemption(const Town *town, Random *random) {
        size_t cursor = 0;
        unsigned n = 0;
        const Redemption *found = NULL;
        for (const Redemption *one; (one = state_next_redemption(engine_state(town->engine), &cursor)) != NULL;)
                if (random_below(random, ++n) == 0)
                        found = one;
        return found;
}

/* Of a card that belongs to no member; the code that all of these have, but for one in five. */
static void code_add(Random *random, const char *card, char *body, size_t size) {
        size_t n = strlen(body);
        snprintf(body + n, size - n, ",'code':'abcdefghijk%s'", random_below(random, 5) == 0 ? "0000" : card);
}

static void points_join(Random *random, const char *card, char *member, char *body, size_t size) {
        size_t n = strlen(body);
        snprintf(body + n, size - n, ",'request':'points-join','card':'%s'", card);
        strcpy(member, seats[random_below(random, SEATS)].member);
        if (random_below(random, 2) == 0)
                return;
        strcpy(member, member_of("e1", "grid_worker"));
        n = strlen(body);
        snprintf(body + n, size - n, ",'own':false");
        code_add(random, card, body, size);
}

static void points_book(Random *random, const char *card, char *member, char *body, size_t size) {
        static const char *const words[] = {"points-award", "points-award", "points-award", "points-correct", "points-honour"};
        const char *word = words[random_below(random, 5)];
        size_t n = strlen(body);
        strcpy(member, member_of("town", random_below(random, 2) ? "officer" : "commander"));
        snprintf(body + n, size - n, ",'request':'%s','card':'%s'", word, card);
        n = strlen(body);
        if (strcmp(word, "points-honour") == 0)
                snprintf(body + n, size - n, ",'honour':'star'");
        else
                snprintf(body + n, size - n, ",'points':%u,'reason':'rain'", random_below(random, 90));
}

static void points_redeem(Random *random, const Holder *holder, const char *card, char *member, char *body, size_t size) {
        size_t n = strlen(body);
        strcpy(member, member_of(random_below(random, 2) ? "e1" : "w1", "shop"));
        snprintf(body + n, size - n, ",'request':'redeem','card':'%s','goods':'%s','count':%u", card, random_below(random, 4) ? "soap" : "rice",
                 1 + random_below(random, 3));
        if (holder != NULL && holder->member[0] == '\0' && random_below(random, 2) == 0)
                code_add(random, card, body, size);
}

static void points_answer(const Town *town, Random *random, char *member, char *body, size_t size) {
        const Redemption *redemption = random_redemption(town, random);
        const Holder *holder = redemption == NULL ? NULL : state_holder(engine_state(town->engine), redemption->card);
        const char *word = random_below(random, 4) ? "redeem-confirm" : "redeem-cancel";
        size_t n = strlen(body);
        snprintf(body + n, size - n, ",'request':'%s','redemption':'%s'", word,
                 redemption == NULL ? "0197b4e0-0000-7000-8000-000000000000" : redemption->id);
        strcpy(member, seats[random_below(random, SEATS)].member);
        if (holder == NULL || random_below(random, 5) == 0)
                return;
        strcpy(member, holder->member[0] == '\0' ? redemption->shop : holder->member);
        if (holder->member[0] == '\0' && strcmp(word, "redeem-confirm") == 0)
                code_add(random, holder->card, body, size);
}

static void points_leave(Random *random, const Holder *holder, const char *card, char *member, char *body, size_t size) {
        size_t n = strlen(body);
        snprintf(body + n, size - n, ",'request':'points-leave','card':'%s'", card);
        strcpy(member, holder != NULL && holder->member[0] != '\0' ? holder->member : member_of("e1", "grid_worker"));
        if (holder != NULL && holder->member[0] == '\0')
                code_add(random, card, body, size);
}

void random_points(const Town *town, Random *random, char *member, char *topic, char *body, size_t size) {
        char card[CARD_MAX + 1];
        snprintf(card, sizeof card, "%u", 1001 + random_below(random, random_below(random, 2) ? CARDS : 5));
        const Holder *holder = state_holder(engine_state(town->engine), card);
        unsigned kind = random_below(random, 200);
        snprintf(body, size, "{'id':'20261123-r%u'", town->n_messages);
        if (kind < 30)
                points_join(random, card, member, body, size);
        else if (kind < 90)
                points_book(random, card, member, body, size);
        else if (kind < 140)
                points_redeem(random, holder, card, member, body, size);
        else if (kind < 199)
                points_answer(town, random, member, body, size);
        else
                points_leave(random, holder, card, member, body, size);
        strncat(body, "}", size - strlen(body) - 1);
        snprintf(topic, TOPIC_MAX, "member/%s/request", member);
}
