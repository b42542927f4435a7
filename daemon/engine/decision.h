/*
 * Decision: what a handler works with while it decides one command or one timer. A handler reads the state, appends facts, and
 * says accepted or rejected; each fact is applied to the state at once (facts.h), so later reads see it. When a handler rejects
 * after having appended facts, all of this decision is undone.
 */
#ifndef POLICEGRID_ENGINE_DECISION_H
#define POLICEGRID_ENGINE_DECISION_H

#include <stdbool.h>
#include <stdint.h>
#include <cjson/cJSON.h>

#include "engine/organisation/organisation.h"
#include "proto/code.h"
#include "proto/identifier.h"
#include "proto/message.h"

typedef struct Engine Engine;
typedef struct State State;

typedef struct Decision {
        Engine *engine;
        State *state;
        const Command *command;       /* NULL for timers and the daemon's own commands */
        const char *sender;           /* member id, or "daemon" */
        const char *unit;             /* unit that the topic speaks as, "" when none */
        int64_t at;                   /* event time, Unix ms: received_at, or the timer's due time */
        int64_t horizon;              /* how far time has come, Unix ms: beyond `at` only for timers that fire late */
        uint64_t seq;
        uint32_t n_ids;               /* ids made so far */
        cJSON *facts;                 /* array, owned */
        cJSON *created;               /* object for the receipt, owned; NULL until decision_created */
        uint32_t n_beyond;            /* tasks and escalations with a limit past the loaded calendar */
        uint32_t n_history;           /* history rows so far */
        int64_t revision;             /* of the target after the decision, -1 when none */
        bool late, masked;
        Code code;                    /* CODE_NONE = accepted */
        char detail[160];
} Decision;

/* Handler of one kind of command. A handler reads no other clock than decision->at. Outcome is left in the decision. */
typedef void DecisionHandler(Decision *decision);

/* Set the rejection; returns `code` so that a handler can `return (void)decision_reject(…)`. */
Code decision_reject(Decision *decision, Code code, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* Take ownership of `fact` ({"fact": name, …}), append it and apply it. */
void decision_fact(Decision *decision, cJSON *fact);
/* A new fact object with its name set. */
cJSON *fact_new(const char *name);
/* The next id of this decision. */
void decision_uuid(Decision *decision, char ret[static UUID_LENGTH + 1]);
/* The next number of the year (in the town's zone): 2026-0312. Patching a `number` into an object makes it taken. */
void decision_number(Decision *decision, char ret[static 24]);
/* Say in the receipt what was created: {"task": id, …}. */
void decision_created(Decision *decision, const char *name, const char *value);
void decision_created_int(Decision *decision, const char *name, int64_t value);
/* The organisation and the member who speaks (NULL for the daemon). */
const Organisation *decision_organisation(const Decision *decision);
const Member *decision_member(const Decision *decision);
/* Body of the command; NULL for timers. */
const cJSON *decision_body(const Decision *decision);
/*
 * A code word `[a-z0-9_-]{1,32}` of the body (`outcome`): copied to ret, "" when absent. False after decision_reject when it is none.
 */
bool decision_word(Decision *decision, const char *field, char ret[static NAME_MAX_GRID + 1]);
/*
 * Free text of the command (`note`): masked, bounded, kept in private_text; the log gets a commitment.
 * Returns false after decision_reject when too long. *ret_id is "" when the command has none.
 */
bool decision_private_text(Decision *decision, const char *field, const char *owner_kind, const char *owner_id, const char *unit,
                           char ret_id[static UUID_LENGTH + 1]);

/*
 * Why, of a verb: `reason` is a code word, or a sentence in words. A sentence is free text (I12): it becomes the note, in front of one
 * that is there too, and the reason is REASON_WORDS. Returns false after decision_reject: missing though required (CODE_REASON), not
 * a string, too long.
 */
#define REASON_WORDS "words"
bool decision_reason(Decision *decision, bool required, const char *owner_kind, const char *owner_id, const char *unit,
                     char ret_reason[static NAME_MAX_GRID + 1], char ret_note[static UUID_LENGTH + 1]);

#endif
