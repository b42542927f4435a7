/*
 * Import: makes many members at once, all or none. Secrets or codes are made here, only their hashes are sent. What was made is
 * written beside the result (`FILE.pending`, mode 0600) before it is sent: whatever happens in between, running the same command
 * again sends the same message with the same id and ends with the same members (invariant I3).
 */
#ifndef POLICEGRID_CTL_IMPORT_H
#define POLICEGRID_CTL_IMPORT_H

#include <stdbool.h>
#include "ctl/context.h"
#include "ctl/seats.h"

typedef struct ImportTarget {
        const char *secrets; /* file that gets the secrets, NULL = make enrolment codes */
        const char *cards;   /* HTML file that gets the cards of the codes, NULL = make secrets */
        const char *link;    /* what the cards' QR codes point at */
} ImportTarget;

/* The message: {"id","members":[{"unit","role","position"?,"device"?,"secret_hash"|"enrolment_hash"}]}; new tree. */
cJSON *import_body(const Seats *seats, const char *id, bool codes);
/* What is kept while it is under way, and back. False when it is no such text. */
char *import_pending_text(const Seats *seats, const char *id);
bool import_pending_read(const char *text, size_t n_text, Seats *ret, char ret_id[static 37]);
/* {"members":{…}}: the seats' members put into `file` (changed in place), as in connection.json. `units` may be NULL. */
void import_members_put(cJSON *file, const Seats *seats, const cJSON *units);
/* Send and write. `seats` is consumed by a pending import where there is one. An exit code. The link must be open. */
int import_run(Context *context, Seats *seats, const ImportTarget *target);

#endif
