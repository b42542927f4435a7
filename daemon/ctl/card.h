/*
 * Card: enrolment cards to print and hand out: unit, role, member, the one-time code as text and as a QR link. The code is behind
 * the link's `#`: a phone that merely opens it sends the code nowhere, so it is not spent.
 */
#ifndef POLICEGRID_CTL_CARD_H
#define POLICEGRID_CTL_CARD_H

#include "ctl/seats.h"
#include "proto/text.h"

#define CARD_LINK_DEFAULT "policegrid://enrol"

typedef struct Card {
        const char *area, *member, *unit, *role, *position, *code; /* borrowed; position may be "" */
} Card;

/* `link#area=…&member=…&code=…` */
void card_link(const char *link, const Card *card, Text *ret);
/* The code in groups of four for the eye. `ret` of 64 bytes. */
void card_code_grouped(const char *code, char *ret, size_t size);
/* One HTML page (UTF-8, prints on A4, no network, no script) with a card for every seat. */
void cards_write_html(const char *area, const char *link, const Seats *seats, const char *valid_until, Text *ret);

#endif
