/*
 * Posting: a message of a warning's chain while it is decided, and what Alert, Update and Cancel have in common.
 */
#ifndef POLICEGRID_ENGINE_WARNING_POSTING_H
#define POLICEGRID_ENGINE_WARNING_POSTING_H

#include "engine/warning/cap.h"
#include "engine/decision.h"
#include "engine/state/state.h"

/* A message on its way through the decision. Arrays are owned; units in the organisation's order. */
typedef struct Posting {
        Decision *decision;
        Cap cap;
        const Unit *speaker;
        Warning *chain;              /* NULL for an Alert */
        const Unit **units; size_t n_units;
        const Unit **added; size_t n_added;
        const Task **kept; size_t n_kept;       /* open tasks that go on */
        const Task **dropped; size_t n_dropped; /* open tasks that end */
        cJSON *kept_message;         /* cap_keep */
        cJSON *removed;              /* ids, may name units that are gone from the organisation */
} Posting;

void posting_deinit(Posting *posting);
/* Take what is kept of the message; from then on every word comes from it, masked. */
void posting_keep(Posting *posting);
/* The message for the fact; a bare Cancel shows the words that it cancels. The caller owns it. */
cJSON *posting_message(const Posting *posting);
/* The chain's identifiers with this one. The caller owns it. */
cJSON *posting_identifiers(const Posting *posting);
/* Columns that every message of a chain sets; and those that Alert and Update set. */
cJSON *posting_columns(const Posting *posting);
void posting_add_contents(cJSON *set, const Posting *posting);
/* Find the units that are addressed. False after a rejection. */
bool posting_address(Posting *posting);
/* Notices stay until their warning is cleared; a unit that has its fill takes no more (I13). False after a rejection. */
bool posting_unit_has_room(const Decision *decision, const Unit *unit);
bool posting_has_room(Decision *decision, const Unit *const *units, size_t n);
/* Tasks made for `units`. */
size_t posting_start_work(const Posting *posting, const char *warning, const Playbook *playbook, const Unit *const *units, size_t n_units);
/*
 * Units that adding playbooks inform of this message: neither addressed nor the one that posts, and with room for a notice. Of a
 * chain, only those without a notice that stands. Ids; the caller owns it.
 */
cJSON *posting_informed(const Posting *posting);
/* What the receipt says. */
void posting_say(Decision *decision, const char *warning, size_t tasks, size_t units, int64_t revision);
/* Ids of units, the caller owns it; room for n pointers, zeroed. */
cJSON *posting_units(const Unit *const *units, size_t n);
void *posting_array(size_t n);

/* Update and Cancel of posting->chain, which is live and may still be changed (warning_follow.c). */
void warning_update(Posting *posting);
void warning_cancel(Posting *posting);

#endif
