/*
 * Codes: every way in which a message can be rejected or remarked upon, with one sentence in Chinese and one in English.
 * The table in code.c is the only place where these words live; receipts, logs, counters and manuals use it.
 */
#ifndef POLICEGRID_PROTO_CODE_H
#define POLICEGRID_PROTO_CODE_H

typedef enum Code {
        CODE_NONE = 0,
        /* the message itself */
        CODE_MALFORMED,      /* not one JSON object */
        CODE_UTF8,
        CODE_NUL,            /* \u0000 */
        CODE_TOO_LARGE,
        CODE_TOO_DEEP,
        CODE_DUPLICATE_KEY,
        CODE_MISSING,        /* a required field */
        CODE_TYPE,           /* a field of the wrong type */
        CODE_RANGE,          /* a field out of its bounds */
        CODE_TIME,           /* malformed, without offset, or out of range */
        CODE_BAD_ID,         /* id missing, malformed or undated */
        CODE_ID_REUSED,      /* the same id with another body */
        CODE_TOO_OLD,        /* id older than 400 days */
        CODE_UNKNOWN_FIELD,  /* a field that could carry what must not be carried */
        CODE_UNKNOWN_KIND,   /* report kind, query, request, admin verb */
        CODE_UNKNOWN_VERB,
        CODE_PRIVACY,        /* a field that names a person */
        /* the sender */
        CODE_DENIED,         /* the broker's access table, or the role */
        CODE_FORBIDDEN,      /* this unit may not do that to this task */
        CODE_SEAT,           /* the member has no such seat now */
        CODE_BUSY,           /* a bound was reached; try again later */
        /* what it speaks of */
        CODE_UNKNOWN_UNIT,
        CODE_UNKNOWN_MEMBER,
        CODE_UNKNOWN_TARGET, /* no such task, escalation, report or notice */
        CODE_UNKNOWN_REFERENCE, /* a warning that references no warning of ours */
        CODE_STATE,          /* the verb is not in the table for this state */
        CODE_CLOSED,         /* the target is closed */
        CODE_STALE,          /* revision given is not the current state_revision */
        CODE_NOBODY,         /* addressed to no unit */
        CODE_LIMIT,          /* hops, rounds, retained tasks of a unit, … */
        CODE_DUPLICATE,      /* identifier already in use */
        CODE_FORM,           /* result does not fit the form */
        CODE_REASON,         /* a reason is required */
        CODE_UNKNOWN_CARD,   /* no such points card in use */
        CODE_CARD_CODE,      /* not the card's code */
        CODE_BALANCE,        /* not enough points */
        /* organisation and playbooks */
        CODE_ORPHANS,        /* the change would orphan open tasks */
        CODE_CONFLICT,       /* version is not newer, overlap, … */
        CODE_PLAYBOOK,       /* playbook refused; detail says where */
        CODE_ORGANISATION,   /* organisation refused; detail says where */
        CODE_CATALOGUE,      /* catalogue refused; detail says where */
        CODE_ENROLMENT,      /* code spent, expired or unknown */
        /* ours */
        CODE_LATE,           /* accepted, but the task had ended: counted, state unchanged */
        CODE_INTERNAL,       /* quarantined */
        CODE_COUNT
} Code;

/* The word on the wire, e.g. "id_reused"; "" for CODE_NONE. */
const char *code_name(Code code);
/* CODE_NONE when unknown. */
Code code_parse(const char *name);
const char *code_sentence_zh(Code code);
const char *code_sentence_en(Code code);

#endif
