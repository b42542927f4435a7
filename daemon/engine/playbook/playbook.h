/*
 * Playbook: a mechanism as data (PLAYBOOKS.md): parsed, checked, matched. Versions are immutable and known by hash. Pure.
 */
#ifndef POLICEGRID_ENGINE_PLAYBOOK_H
#define POLICEGRID_ENGINE_PLAYBOOK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cjson/cJSON.h>

#include "engine/organisation/calendar.h"
#include "engine/organisation/organisation.h"
#include "proto/code.h"

struct Check; /* engine/check.h */
typedef struct Playbook Playbook;
typedef struct PlaybookSet PlaybookSet;
struct State;

#define STEP_NAME_MAX 32
#define RUNGS_MAX 6
#define ROLES_MAX 14

typedef enum Severity { SEVERITY_UNKNOWN = 0, SEVERITY_MINOR, SEVERITY_MODERATE, SEVERITY_SEVERE, SEVERITY_EXTREME } Severity; /* CAP 1.2 */
Severity severity_parse(const char *text);
const char *severity_name(Severity severity);

typedef enum Trigger { TRIGGER_WARNING = 1, TRIGGER_REPORT, TRIGGER_DUTY, TRIGGER_DEVICE } Trigger;

typedef enum Clock { CLOCK_ACCEPT = 0, CLOCK_START, CLOCK_FINISH, CLOCK_VERIFY, CLOCK_COUNT } Clock;

/* When a clock's card is shown: so long before or after its limit, or never; unset = the default of README. */
typedef struct Reminder { Span span; bool never; } Reminder;

/* One set of clocks, resolved for a severity. */
typedef struct Clocks {
        Span accept, start, finish, verify;
        Reminder remind[CLOCK_COUNT];      /* yellow, before the limit */
        Reminder supervise[CLOCK_COUNT];   /* red, after it */
        Hours hours;
        char calendar[NAME_MAX_GRID + 1];
} Clocks;

typedef enum After { AFTER_ACCEPT = 1, AFTER_START = 2, AFTER_FINISH = 4, AFTER_VERIFY = 8, AFTER_ESCALATE = 16 } After;

typedef struct Rung {
        unsigned after;      /* bits of After */
        const cJSON *to;     /* selectors, ordered */
        Clocks clocks;       /* accept, finish of the escalation there */
        const char *notify;  /* NULL = none */
} Rung;

typedef enum Each { EACH_UNIT = 1, EACH_MEMBER, EACH_PLACE } Each;
typedef enum Consent { CONSENT_LEAD = 0, CONSENT_ALL } Consent;

/* A warning that the playbook posts by itself when the step begins. Texts are never NULL, instruction "" when none. */
typedef struct Warn {
        const cJSON *to;                   /* selectors; whoever any of them finds is told; NULL = the step posts none */
        const char *headline_zh, *headline_en, *instruction_zh, *instruction_en;
        Severity severity;                 /* SEVERITY_UNKNOWN = the origin's */
        int64_t lasts_ms;                  /* then it expires */
} Warn;
#define WARN_LASTS_MIN_MS ((int64_t)1000)
#define WARN_LASTS_MAX_MS ((int64_t)7 * 24 * 3600 * 1000)

typedef struct Step {
        char name[STEP_NAME_MAX + 1];
        const char *title_zh, *title_en;   /* never NULL */
        const cJSON *to, *participants, *inform, *places;  /* selectors; NULL when none */
        Each each;
        Role roles[ROLES_MAX]; size_t n_roles;  /* 0 = any working role */
        char positions[4][NAME_MAX_GRID + 1]; size_t n_positions;
        Audience audience;
        Consent consent;
        int32_t quorum;                    /* n, 0 = none asked (first acceptance counts), -1 = all */
        const cJSON *form, *checklist;     /* NULL when none */
        const cJSON *clocks;               /* by severity; see step_clocks */
        Rung ladder[RUNGS_MAX]; size_t n_rungs;
        bool verify_by_parent;             /* verify.by: "parent"; else a completion closes the task */
        bool ends_on_accept;               /* ends_on: "accept": accepting it closes it (acknowledge-only) */
        bool ends_on_restored;             /* ends_on: "restored": its devices well again, it closes unless somebody has taken it on */
        Span not_before;                   /* the work starts so long after the step does; clocks count from then */
        Span expires;                      /* not completed so long after it began: the task ends `expired`; unset = it waits */
        const cJSON *dedup;                /* NULL when none; ["device"] or ["place"]… */
        const cJSON *then;                 /* outcomes in order */
        const char *notify;                /* NULL, "sms", "voice", … */
        const cJSON *points;               /* what completing it earns (points/points_rule.c); NULL when nothing */
        bool contact;
        Warn warn;
        bool without_tasks;                /* tasks: false: its warning, or the notices of the one that started it, are all */
} Step;

/*
 * Parse and check one playbook. Refused whole: NULL and *ret_code = CODE_PLAYBOOK with file-independent place and reason in
 * ret_detail ("steps.tell.then[1]: 没有步骤 next / no step next"). `text` is kept.
 */
Playbook *playbook_new(const char *text, size_t n_text, char *ret_detail, size_t n_detail);
Playbook *playbook_free(Playbook *playbook);
const char *playbook_name(const Playbook *playbook);
int64_t playbook_version(const Playbook *playbook);
const char *playbook_hash(const Playbook *playbook);  /* 64 hex digits of BLAKE2b-256 of the text */
const char *playbook_text(const Playbook *playbook);
/* Whether they say the same, however their texts are spaced and ordered. */
bool playbook_equals(const Playbook *playbook, const Playbook *other);
/* Who made it current, and when (Unix ms): kept for its row in the database only. "daemon" and TIMESTAMP_NONE until told. */
void playbook_set_applied(Playbook *playbook, const char *by, int64_t at_ms);
const char *playbook_applied_by(const Playbook *playbook);
int64_t playbook_applied_at(const Playbook *playbook);
Trigger playbook_trigger(const Playbook *playbook);
const char *playbook_title_zh(const Playbook *playbook);
const char *playbook_title_en(const Playbook *playbook);
/* Whether it only adds (adds: true): it has no step, starts nothing, and works beside whatever the same trigger starts. */
bool playbook_adds(const Playbook *playbook);
/* Selectors of the units that an adding playbook informs, NULL when none; NULL for all others. */
const cJSON *playbook_inform(const Playbook *playbook);
/* What an adding playbook adds for a report (points_rule.h), NULL when nothing. */
const cJSON *playbook_points(const Playbook *playbook);
/* Whether one of its steps hands a contact to its responder. */
bool playbook_takes_contact(const Playbook *playbook);
const Step *playbook_start(const Playbook *playbook);   /* NULL of one that only adds */
const Step *playbook_step(const Playbook *playbook, const char *name);  /* NULL when unknown */
void step_clocks(const Step *step, Severity severity, Clocks *ret);
const Span *clocks_span(const Clocks *clocks, Clock clock);

/*
 * Whether everything that the playbook names is there: units, tags, link types, dictionaries, calendars. An organisation without
 * units fits every playbook. False with place and reason.
 */
bool playbook_fits(const Playbook *playbook, const Organisation *organisation, char *ret_detail, size_t n_detail);

/*
 * Of a playbook that such a report starts: whether its conditions ask for fields that the form of the kind has, and for values that these
 * can hold; else it would never start. `form` NULL: nothing is known. False after check_fail.
 */
bool playbook_fits_form(struct Check *check, const Playbook *playbook, const char *kind, const cJSON *form);

/* The built-in acknowledge-only playbook, for what no playbook matches; its hash is "". Static. */
const Playbook *playbook_builtin(Trigger trigger);

/* All versions in use and, per name, the current one. */
PlaybookSet *playbook_set_new(void);
PlaybookSet *playbook_set_free(PlaybookSet *set);
/*
 * Checks overlap at equal priority with the other current playbooks (CODE_CONFLICT). Takes ownership on CODE_NONE; a version that is
 * already in the set is freed and the one in the set made current.
 */
Code playbook_set_add(PlaybookSet *set, Playbook *playbook, bool current, char *ret_detail, size_t n_detail);
const Playbook *playbook_set_find(const PlaybookSet *set, const char *hash);        /* any version; NULL when unknown */
const Playbook *playbook_set_current(const PlaybookSet *set, const char *name);
/* Undo of the last add. */
void playbook_set_forget(PlaybookSet *set, const char *hash, const char *previous_hash);
/* The playbook that a trigger starts: highest priority, never one that only adds; built-in when none matches. `fields` of a report or device event, or NULL. */
const Playbook *playbook_set_match(const PlaybookSet *set, Trigger trigger, const char *name, Severity severity, const cJSON *fields);

/*
 * The adding playbooks that the trigger wakes, by name, so that their order does not depend on who was applied first. Returns how many
 * of them stand in `ret`.
 */
#define ADDS_MAX 32
size_t playbook_set_adding(const PlaybookSet *set, Trigger trigger, const char *name, Severity severity, const cJSON *fields,
                           const Playbook *ret[static ADDS_MAX]);

/* Whether it could become current: CODE_NONE, CODE_CONFLICT with the playbook that it overlaps, or CODE_LIMIT for one adding playbook too many. */
Code playbook_set_check(const PlaybookSet *set, const Playbook *playbook, char *ret_detail, size_t n_detail);
/* In order of adding; start with *cursor = 0. Current ones only. */
const Playbook *playbook_set_next(const PlaybookSet *set, size_t *cursor);
/* Whether a current playbook is for that warning's, report's, duty's or device event's name, whatever its other conditions. */
bool playbook_set_names(const PlaybookSet *set, Trigger trigger, const char *name);

/* What follows a step's end: next step, or an end with its outcome. */
typedef struct Next {
        const Step *step;     /* NULL at an end */
        const char *end;      /* outcome of the case; NULL when a step follows */
        const cJSON *to;      /* selectors in place of the step's own; at an end: units to be informed; NULL when none */
        size_t index;         /* of the outcome in `then` */
} Next;
/*
 * `results`: {"step": {field: value}} of the case so far, that of `step` included. `how` the step ended: done, resolved (by the unit
 * above), declined, refused (consent), expired, cancelled. `visits`: {"step": n}, times that a step was entered, this time included.
 * An outcome that names no `how` is for done and resolved only. Returns false when the playbook has nothing to say: after done and
 * resolved the case ends `done`; after anything else the engine does what it does without a playbook.
 */
bool step_next(const Playbook *playbook, const Step *step, const cJSON *results, const char *how, const cJSON *visits, Next *ret);
/* The same among the outcomes from that index on: an outcome whose own `to` finds nobody is passed over. */
bool step_next_from(const Playbook *playbook, const Step *step, size_t from, const cJSON *results, const char *how, const cJSON *visits,
                    Next *ret);

/* ---- selectors (selector.c) ---- */
/* Whether somebody in one of the roles is on duty in the unit now: by shifts (shift/), NULL = by seats. */
typedef bool OnDuty(const struct State *state, const Unit *unit, const Role *roles, size_t n_roles, int64_t at_ms);

typedef struct SelectorContext {
        const Organisation *organisation;
        const Unit *origin;              /* sender of the warning, reporter, device's unit */
        const Unit *const *addressed; size_t n_addressed;  /* units that the warning addresses */
        const Unit *const *same; size_t n_same;            /* units of the previous tasks of this case, latest first */
        const Unit *current;             /* unit of the task that asks (ladder, then); NULL at the start */
        const char *place, *device;      /* NULL when none */
        int64_t at;                      /* for on_duty and manning */
        OnDuty *is_on_duty; const struct State *state;     /* NULL = by seats alone */
        const Role *roles; size_t n_roles;
} SelectorContext;
/*
 * The first selector of `selectors` that yields somebody decides. Returns a malloc'ed array (caller frees) without duplicates, links
 * in the order of the link, everything else in the organisation's order; NULL and *ret_n = 0 when nobody.
 */
const Unit **selector_units(const cJSON *selectors, const SelectorContext *context, size_t *ret_n);
/* Places of a step with `each: place`, below the origin; malloc'ed, in the organisation's order; NULL and 0 when none. */
const Place **selector_places(const cJSON *places, const SelectorContext *context, size_t *ret_n);

#endif
