/*
 * Seats: the members to be made, read from a CSV (unit,role,position[,device]) or from an organisation file's `seats_wanted`, and
 * checked as a whole: either every row is good, or nobody is made and every fault is told with its line.
 */
#ifndef POLICEGRID_CTL_SEATS_H
#define POLICEGRID_CTL_SEATS_H

#include <stdbool.h>
#include <stddef.h>

#include "ctl/language.h"
#include "ctl/secret.h"
#include "proto/roster.h"
#include "proto/text.h"

typedef struct SeatWanted {
        char unit[NAME_MAX_GRID + 1];      /* "" for admin, security_admin, auditor of the whole area */
        Role role;
        char position[NAME_MAX_GRID + 1];  /* "" when none */
        char device[NAME_MAX_GRID + 1];    /* the device that the member is; "" else */
        unsigned line;                     /* of the CSV, or the number of the entry */
        char secret[SECRET_LENGTH + 1];    /* secret or one-time code, once made */
        char member[MEMBER_MAX + 1];       /* id, once the town has given it */
} SeatWanted;

typedef struct Seats {
        SeatWanted *items; /* owned */
        size_t n, capacity;
} Seats;

#define SEATS_MAX 100000

void seats_deinit(Seats *seats);
/* Read a CSV; changes `text` in place. Faults are appended to *faults, a line each ("line 7: …"); true when there are none. */
bool seats_read_csv(Seats *seats, char *text, Language language, Text *faults);
/*
 * Read {"units":[…],"seats_wanted":[{"unit" or "type","role","position"?,"device"?,"count"?}]} or such an array: `type` stands for
 * every unit of that type in the file, in its order. The same outcomes.
 */
bool seats_read_json(Seats *seats, const char *text, size_t n_text, Language language, Text *faults);
/* Check one row and add it. The same outcomes. Empty strings stand for what is absent. */
bool seats_add(Seats *seats, unsigned line, const char *unit, const char *role, const char *position, const char *device, Language language,
               Text *faults);

#endif
