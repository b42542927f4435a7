/*
 * State: the open part of one area in memory: warnings, notices, reports, cases, tasks, escalations, device statuses, and what
 * indexes them. Only facts change it (facts.h). Every object begins with Object, through which undo, rows, timers and documents
 * are driven: state_touch() before a change keeps a deep copy for undo and marks the object for writing and publishing.
 */
#ifndef POLICEGRID_ENGINE_STATE_H
#define POLICEGRID_ENGINE_STATE_H

#include <stdbool.h>
#include <stdint.h>
#include <cjson/cJSON.h>

#include "engine/state/deadline.h"
#include "engine/organisation/organisation.h"
#include "engine/playbook/playbook.h"
#include "engine/state/table.h"
#include "proto/identifier.h"
#include "proto/map.h"
#include "proto/timestamp.h"
#include "proto/topic.h"

typedef struct State State;
typedef struct Catalogue Catalogue;

typedef enum ObjectKind {
        OBJECT_WARNING = 0, OBJECT_NOTICE, OBJECT_REPORT, OBJECT_CASE, OBJECT_TASK, OBJECT_ESCALATION, OBJECT_DEVICE,
        OBJECT_HOLDER, OBJECT_REDEMPTION,
        OBJECT_DUTY, OBJECT_ROUND, OBJECT_SHIFT,
        OBJECT_CONTACT,
        OBJECT_KIND_COUNT
} ObjectKind;

/* Head of every object. An apply function may set `live` and the timers (timer_set(&x->object.timers, …)); the rest is state.c's. */
typedef struct Object {
        ObjectKind kind;
        bool live;              /* in the working set; false = its document is cleared and it leaves memory at commit */
        bool visiting;          /* looked up for one batch; leaves memory at its end unless it has become live */
        bool dirty;             /* indexes and heap are to be brought up to date when the fact is done */
        bool listed;            /* in the list of objects that this batch changed */
        uint64_t changed_seq;   /* event that changed it last */
        uint64_t born;          /* event that made it << BORN_SHIFT | place in that event: the order of everything */
        TimerSet timers;
        void *undo;             /* copy from before this decision; NULL = untouched; the object itself when it was made in it */
        char *keys;             /* index keys it stands under now, packed; owned */
        size_t heap_at;         /* place in the heap + 1, 0 = none */
        int64_t put_off;        /* its timers do not fire before, Unix ms; memory only, 0 = never refused */
} Object;
#define BORN_SHIFT 20

/* How real: CAP 1.2 status. Exercise and Test run everything and count in no statistic. */
typedef enum Reality { REALITY_ACTUAL = 0, REALITY_EXERCISE, REALITY_TEST } Reality;
const char *reality_name(Reality reality);   /* "Actual", … */
Reality reality_parse(const char *text);

typedef enum WarningState { WARNING_ACTIVE = 0, WARNING_CANCELLED, WARNING_EXPIRED, WARNING_SUPERSEDED } WarningState;

typedef struct Warning {
        Object object;
        char id[UUID_LENGTH + 1];         /* ours, of the whole chain of Alert, Update, Cancel: topic …/notice/{warning} */
        char identifier[MESSAGE_ID_MAX + 1]; /* CAP identifier of the latest message of the chain */
        char sender[MEMBER_MAX + 1];
        char unit[NAME_MAX_GRID + 1];     /* unit that posted it */
        char event_code[NAME_MAX_GRID + 1]; /* what chose the playbook; "" when the text of event did */
        WarningState state;
        Severity severity;
        Reality reality;
        int64_t sent, expires;            /* expires: TIMESTAMP_NONE when open */
        int64_t posted_at, ended_at;      /* TIMESTAMP_NONE while active */
        int64_t revision;
        char playbook[65];                /* hash of the version that its work runs on */
        cJSON *identifiers;               /* every CAP identifier of the chain */
        cJSON *units;                     /* addressed units now, array of ids */
        cJSON *cap;                       /* latest CAP message as posted, our own additions stripped */
        char origin_type[16];             /* what a playbook posted it for: device, report, …; "" when a commander did */
        char origin_id[TARGET_MAX + 1];
        char dedup[128];                  /* key under which the same again only raises the count, while it is active; "" when none */
        uint32_t raised;
} Warning;

typedef struct Notice {                   /* a warning at one unit */
        Object object;
        char warning[UUID_LENGTH + 1];
        char unit[NAME_MAX_GRID + 1];
        bool withdrawn;
        int64_t revision;                 /* of the warning, last shown */
        int64_t ack_wanted_at;            /* when acknowledgement was (again) asked */
        cJSON *acks;                      /* {member: RFC 3339 time} for the current request */
} Notice;

const char *warning_state_name(WarningState state);

typedef enum ReportState { REPORT_OPEN = 0, REPORT_DISPATCHED, REPORT_MERGED, REPORT_DISMISSED, REPORT_RECORDED } ReportState;

const char *report_state_name(ReportState state);

typedef struct Report {
        Object object;
        char id[UUID_LENGTH + 1];
        char number[24];
        char kind[NAME_MAX_GRID + 1];
        char unit[NAME_MAX_GRID + 1];
        char sender[MEMBER_MAX + 1];
        ReportState state;
        Severity severity;
        Reality reality;
        int64_t at, occurred_at, ended_at; /* TIMESTAMP_NONE when unknown, while open */
        int64_t revision, state_revision;
        char case_id[UUID_LENGTH + 1];    /* "" until work came of it */
        char merged_into[UUID_LENGTH + 1];
        char place[NAME_MAX_GRID + 1], device[NAME_MAX_GRID + 1];
        char note[UUID_LENGTH + 1];       /* private_text id, "" when none */
        cJSON *fields;                    /* checked fields; never NULL */
} Report;

typedef struct WorkCase {                 /* what groups the tasks of one origin at one chain */
        Object object;
        char id[UUID_LENGTH + 1];
        char number[24];                  /* 2026-0312 */
        char playbook[65];
        char origin_type[16];
        char origin_id[TARGET_MAX + 1];
        char origin_unit[NAME_MAX_GRID + 1];
        Reality reality;
        cJSON *results;                   /* {"step": result}; never NULL */
        cJSON *visits;                    /* {"step": n}; never NULL */
        char outcome[NAME_MAX_GRID + 1];  /* "" while open */
        int64_t opened_at, ended_at;
} WorkCase;

typedef enum TaskState {
        TASK_STATE_ISSUED = 0, TASK_STATE_ACCEPTED, TASK_STATE_IN_PROGRESS, TASK_STATE_COMPLETED, TASK_STATE_CLOSED,
        TASK_STATE_SUSPENDED, TASK_STATE_CANCELLED, TASK_STATE_EXPIRED
} TaskState;
const char *task_state_name(TaskState state);
TaskState task_state_parse(const char *text);
static inline bool task_state_is_terminal(TaskState state) {
        return state == TASK_STATE_CLOSED || state == TASK_STATE_CANCELLED || state == TASK_STATE_EXPIRED;
}

typedef enum Card { CARD_NONE = 0, CARD_YELLOW, CARD_RED } Card;
const char *card_name(Card card);

/*
 * What the tasks of one issue have in common, shared and immutable: {"title","title_en","instruction","form","checklist",
 * "participants"?,…}. Counted; equal texts are one brief.
 */
typedef struct Brief {
        Map *home;                          /* where briefs are found by their text; borrowed from the state */
        unsigned n_references;
        char *text;                         /* JSON */
        cJSON *json;                        /* the same, parsed */
} Brief;

typedef struct Task {
        Object object;
        char id[UUID_LENGTH + 1];
        char number[24];
        char case_id[UUID_LENGTH + 1];
        char kind[NAME_MAX_GRID + 1];       /* playbook's name, or "task" by hand */
        char playbook[65];                  /* hash of the version, "" by hand and built-in */
        char step[STEP_NAME_MAX + 1];
        char unit[NAME_MAX_GRID + 1];       /* lead unit: where the task lives */
        uint8_t tier;
        char handler[NAME_MAX_GRID + 1];    /* unit that works on it now (staffed_by, escalation taken over) */
        char origin_type[16];               /* warning, report, duty, device, member (by hand) */
        char origin_id[TARGET_MAX + 1];
        char origin_unit[NAME_MAX_GRID + 1];
        TaskState state;
        char resume_state[16];              /* where a suspension returns to; "" unless suspended */
        char outcome[NAME_MAX_GRID + 1];    /* how it ended: done, resolved, declined, …; "" while open */
        Severity severity;
        Reality reality;
        Audience audience;
        char assignee[MEMBER_MAX + 1];
        int64_t revision, state_revision;
        int64_t base_at;                    /* clocks count from here */
        int64_t issued_at, not_before, accept_by, start_by, finish_by, verify_by; /* TIMESTAMP_NONE when none */
        int64_t accepted_at, started_at, completed_at, ended_at, suspended_at, suspend_until;
        Card card;
        char card_clock[16];                /* accept, start, finish, verify, or verb (by hand); "" without card */
        char verifier[NAME_MAX_GRID + 1];   /* unit that verifies; "" = a completion closes */
        char escalation[UUID_LENGTH + 1];   /* open escalation, "" when none */
        char follows[UUID_LENGTH + 1];      /* predecessor of a reopened task */
        char place[NAME_MAX_GRID + 1], device[NAME_MAX_GRID + 1];
        char dedup[128];                    /* key while open, "" when none */
        uint32_t hops, raised, returns, late; /* transfers; the same alarm again; poor completions; completions after its end */
        bool unlisted;                      /* the unit had its fill of retained tasks: no document */
        Brief *brief;                       /* never NULL once inserted */
        cJSON *body;                        /* never NULL; see task.h */
} Task;

/* Words for people; "" rather than NULL. */
const char *task_title_zh(const Task *task);
const char *task_title_en(const Task *task);
const char *task_instruction(const Task *task);

typedef enum EscalationState { ESCALATION_OPEN = 0, ESCALATION_ACCEPTED, ESCALATION_RESOLVED, ESCALATION_RETURNED, ESCALATION_PASSED_UP, ESCALATION_WITHDRAWN } EscalationState;
const char *escalation_state_name(EscalationState state);
static inline bool escalation_is_open(EscalationState state) { return state <= ESCALATION_ACCEPTED; }

typedef struct Escalation {
        Object object;
        char id[UUID_LENGTH + 1];
        char task[UUID_LENGTH + 1];
        char from[NAME_MAX_GRID + 1], to[NAME_MAX_GRID + 1];
        uint32_t level;                     /* 1 = first rung */
        EscalationState state;
        char cause[16];                     /* accept, start, finish, verify (a clock), escalate or decline (a verb) */
        char reason[NAME_MAX_GRID + 1];     /* quick-phrase code, "" when none */
        char note[UUID_LENGTH + 1];         /* private_text id */
        char by[MEMBER_MAX + 1];            /* who, "daemon" for clocks */
        char assignee[MEMBER_MAX + 1];
        char bundle[UUID_LENGTH + 1];       /* one alert a bundle in 15 minutes */
        char passed_to[UUID_LENGTH + 1];    /* the next rung's escalation */
        int64_t opened_at, accept_by, finish_by, accepted_at, ended_at;
        int64_t alerted_at;                 /* TIMESTAMP_NONE when its opening was silent (the bundle's alert had just been given) */
        char outcome[NAME_MAX_GRID + 1];
        int64_t revision, state_revision;
} Escalation;

typedef struct DeviceStatus {               /* what a device last said */
        Object object;
        char id[NAME_MAX_GRID + 1];
        bool online, fault;
        char fault_code[NAME_MAX_GRID + 1];
        int64_t since, seen_at;
        int64_t revision;
} DeviceStatus;

#define CARD_MAX 12

typedef struct Holder {                     /* a points card that somebody has opted in with: a number, never a name */
        Object object;
        char card[CARD_MAX + 1];            /* [0-9]{4,12} */
        char member[MEMBER_MAX + 1];        /* whose own card it is; "" when the holder is no member, and after leaving */
        char unit[NAME_MAX_GRID + 1];       /* where it was opted in */
        char code[65];                      /* keyed hash of the card's code, hex; "" when it has none */
        int64_t joined_at, left_at;         /* left_at: TIMESTAMP_NONE while it counts */
        int64_t balance, reserved;          /* whole points; 0 <= reserved <= balance, always */
        int64_t entries;                    /* of the ledger so far; the last one's number */
        cJSON *periods;                     /* {"2026-11": points earned in the month}, the latest months alone */
        cJSON *honours;                     /* {"2026-11.star": true} */
        char day[16];                       /* the last day on which it earned, "2026-11-23"; "" when it never did */
        int64_t day_points;                 /* earned on that day */
} Holder;

typedef enum RedemptionState {
        REDEMPTION_RESERVED = 0, REDEMPTION_CONFIRMED, REDEMPTION_EXPIRED, REDEMPTION_REFUSED, REDEMPTION_CANCELLED
} RedemptionState;
const char *redemption_state_name(RedemptionState state);

typedef struct Redemption {                 /* goods that a shop wants to hand out against points */
        Object object;
        char id[UUID_LENGTH + 1];
        char card[CARD_MAX + 1];
        char shop[MEMBER_MAX + 1];          /* the shop's member */
        char unit[NAME_MAX_GRID + 1];       /* of the shop's seat */
        char goods[NAME_MAX_GRID + 1];      /* name in the catalogue */
        uint32_t count;
        int64_t points;                     /* reserved on the card while it is open */
        RedemptionState state;
        int64_t reserved_at, expires_at, ended_at;
} Redemption;

/* ---- standing duties and rosters (duty/, shift/) ---- */
typedef enum DutyState { DUTY_ACTIVE = 0, DUTY_ENDED /* no more occurrence, or no longer in the catalogue */ } DutyState;
const char *duty_state_name(DutyState state);

typedef struct Duty {                       /* a standing duty of the catalogue, and where its recurrence stands */
        Object object;
        char name[NAME_MAX_GRID + 1];
        DutyState state;
        cJSON *definition;                  /* as the catalogue says it; what it had said keeps open rounds going */
        int64_t next_at;                    /* TIMESTAMP_NONE when ended */
        int64_t last_at;                    /* latest occurrence, TIMESTAMP_NONE before the first */
        int64_t round_ends_at;              /* TIMESTAMP_NONE when no round is open */
        uint32_t occurrences;
        uint32_t skipped;                   /* occurrences that downtime left out, beyond those caught up on */
        uint32_t left_out;                  /* of the latest round: targets beyond its bound */
} Duty;

typedef enum RoundState { ROUND_OPEN = 0, ROUND_MET, ROUND_MISSED, ROUND_LATE /* met after its end */, ROUND_WAIVED } RoundState;
const char *round_state_name(RoundState state);

typedef struct Round {                      /* one target's part of one occurrence: how much is asked, how much is done */
        Object object;
        char id[UUID_LENGTH + 1];
        char duty[NAME_MAX_GRID + 1];
        char unit[NAME_MAX_GRID + 1];
        char member[MEMBER_MAX + 1];        /* for_each member; "" else */
        char place[NAME_MAX_GRID + 1];      /* for_each place; "" else */
        RoundState state;
        int64_t starts_at, ends_at;         /* half open */
        uint32_t wanted, done;
        cJSON *marks;                       /* {what makes it different (work's id, day, place): work's id} */
        int64_t met_at, closed_at;          /* TIMESTAMP_NONE until then */
} Round;

typedef struct Shift {                      /* who is on duty from when to when, by a roster of the catalogue */
        Object object;
        char id[UUID_LENGTH + 1];
        char roster[NAME_MAX_GRID + 1];
        char unit[NAME_MAX_GRID + 1];
        char slot[NAME_MAX_GRID + 1];       /* day, night, … */
        int64_t starts_at, ends_at;         /* half open */
        cJSON *members;                     /* array of member ids */
        cJSON *swaps;                       /* {member who asks: {"with","shift","at"}} */
        cJSON *handover;                    /* {"by","at","items":{…}}, {} until then */
        cJSON *takeover;                    /* {"by","at","items":{…},"differs":n}, {} until then */
        int64_t revision;
} Shift;

typedef struct Contact {                    /* that there is a contact; its words are in private_text alone */
        Object object;
        char id[UUID_LENGTH + 1];           /* of the private_text */
        char owner[UUID_LENGTH + 1];        /* the report that it came with */
        char unit[NAME_MAX_GRID + 1];       /* of the report */
        int64_t kept_at, erase_at;          /* erased at the latest at erase_at */
        int64_t erased_at;                  /* TIMESTAMP_NONE while it is there */
} Contact;

State *state_new(const char *area);
State *state_free(State *state);
const char *state_area(const State *state);

Warning *state_warning(const State *state, const char *id);
Warning *state_warning_by_identifier(const State *state, const char *identifier); /* any identifier of a chain */
Warning *state_warning_by_dedup(const State *state, const char *key); /* a playbook's own, while it is active */
Notice *state_notice(const State *state, const char *warning, const char *unit);
Report *state_report(const State *state, const char *id);
WorkCase *state_case(const State *state, const char *id);
Task *state_task(const State *state, const char *id);
Task *state_task_by_dedup(const State *state, const char *key);   /* open tasks only */
Escalation *state_escalation(const State *state, const char *id);
DeviceStatus *state_device(const State *state, const char *id);
Holder *state_holder(const State *state, const char *card);
Holder *state_holder_of_member(const State *state, const char *member); /* NULL when he has no card, or has left */
Redemption *state_redemption(const State *state, const char *id);
Duty *state_duty(const State *state, const char *name);
Round *state_round(const State *state, const char *id);
Shift *state_shift(const State *state, const char *id);
Contact *state_contact(const State *state, const char *id);
Contact *state_contact_of(const State *state, const char *owner); /* NULL when there is none, or none any more */
/* Iterate in order of birth; *cursor starts at 0; NULL at the end. Objects that are no longer live are passed over. */
Warning *state_next_warning(const State *state, size_t *cursor);
Notice *state_next_notice(const State *state, size_t *cursor);
Report *state_next_report(const State *state, size_t *cursor);
Task *state_next_task(const State *state, size_t *cursor);
Escalation *state_next_escalation(const State *state, size_t *cursor);
DeviceStatus *state_next_device(const State *state, size_t *cursor);
Holder *state_next_holder(const State *state, size_t *cursor);
Redemption *state_next_redemption(const State *state, size_t *cursor);
Duty *state_next_duty(const State *state, size_t *cursor);
Round *state_next_round(const State *state, size_t *cursor);
Shift *state_next_shift(const State *state, size_t *cursor);
Contact *state_next_contact(const State *state, size_t *cursor);
/*
 * Lists in order of birth, terminal ones (whose documents are still out) included; borrowed until the next fact.
 * Of a unit: every task that the unit has a document of (lead, participant, or offered by transfer).
 */
size_t state_tasks_of_unit(const State *state, const char *unit, Task *const **ret);
size_t state_tasks_of_origin(const State *state, const char *origin_id, Task *const **ret);
/* Of a member: open ones assigned to them or, with no assignee, accepted by them; and those that they completed or resolved. */
size_t state_tasks_of_member(const State *state, const char *member, Task *const **ret);
/* Tasks that wait for this device to be well (body.devices). */
size_t state_tasks_of_device(const State *state, const char *device, Task *const **ret);
size_t state_tasks_of_case(const State *state, const char *case_id, Task *const **ret);
size_t state_notices_of_warning(const State *state, const char *warning, Notice *const **ret);
size_t state_notices_of_unit(const State *state, const char *unit, Notice *const **ret);
size_t state_escalations_to(const State *state, const char *unit, Escalation *const **ret);
/* All rungs of one task, and those of one (origin, unit) bundle. */
size_t state_escalations_of_task(const State *state, const char *task, Escalation *const **ret);
size_t state_escalations_of_bundle(const State *state, const char *origin_id, const char *to, Escalation *const **ret);
size_t state_redemptions_of_card(const State *state, const char *card, Redemption *const **ret);
/* Rounds of a duty, of a unit, of a member, and of one target (unit, member or place) of a duty; those of the last days too. */
size_t state_rounds_of_duty(const State *state, const char *duty, Round *const **ret);
size_t state_rounds_of_unit(const State *state, const char *unit, Round *const **ret);
size_t state_rounds_of_member(const State *state, const char *member, Round *const **ret);
size_t state_rounds_of_target(const State *state, const char *duty, const char *target, Round *const **ret);
/* Shifts of a roster, of a unit, of a member; past ones for some days too. */
size_t state_shifts_of_roster(const State *state, const char *roster, Shift *const **ret);
size_t state_shifts_of_unit(const State *state, const char *unit, Shift *const **ret);
size_t state_shifts_of_member(const State *state, const char *member, Shift *const **ret);

const Organisation *state_organisation(const State *state);
/* Takes ownership; the one before lives until the batch commits and comes back when it is undone. Apply functions only. */
void state_replace_organisation(State *state, Organisation *organisation);
PlaybookSet *state_playbooks(const State *state);
const Catalogue *state_catalogue(const State *state); /* never NULL: an empty one until one is applied */
void state_replace_catalogue(State *state, Catalogue *catalogue); /* as state_replace_organisation */
uint64_t state_epoch(const State *state);

/* Apply functions only: before changing an object; its cJSON members are copied too. `seq` becomes its changed_seq. */
void state_touch(State *state, void *object, uint64_t seq);
/* New object of that kind: zeroed, times TIMESTAMP_NONE, JSON members {} ; then fill in its keys and state_insert it. */
void *state_make(State *state, ObjectKind kind);
void state_insert(State *state, void *object, uint64_t seq);
/*
 * Apply functions only: a row that is no object's (histories, organisation, playbooks). `cells` in the table's column order without
 * `area`, as PostgreSQL reads them (times in epoch milliseconds, booleans t/f), NULL = SQL NULL; copied. The last row of a key wins.
 */
void state_journal(State *state, TableId table, const char *const *cells, size_t n_cells);
/* Apply functions only: when the decision or batch is undone, undo(state, data) is called, then release(data) (may be NULL); when it
 * commits, release(data) alone. In reverse order with everything else that is undone. */
void state_on_undo(State *state, void (*undo)(State *state, void *data), void (*release)(void *data), void *data);

#endif
