/*
 * Facts: the log's vocabulary. A fact is a JSON object {"fact": name, …} with every value resolved (ids, times, units, versions);
 * fact_apply changes the state by it and by nothing else, so that the log alone rebuilds the state (I11).
 */
#ifndef POLICEGRID_ENGINE_FACTS_H
#define POLICEGRID_ENGINE_FACTS_H

#include <stdint.h>
#include <cjson/cJSON.h>

#include "engine/state/state.h"

#define FACT_SCHEMA_VERSION 1

typedef struct Engine Engine;

/* Where the fact stands in the log. History rows take who, when and which from here. */
typedef struct FactContext {
        Engine *engine;
        State *state;
        uint64_t seq;
        int64_t at;
        const char *sender;   /* member, or "daemon" */
        const char *unit;     /* spoken as, "" when none */
        uint32_t *n_history;  /* history rows of this event so far */
} FactContext;

typedef void FactApply(const FactContext *context, const cJSON *fact);

typedef struct FactRule { const char *name; FactApply *apply; } FactRule;

/*
 * Tools of apply functions. `set` is {column: value} in the words of table.c: texts, whole numbers, booleans; times as Unix ms;
 * null empties; a JSON object is merged key by key one level deep (null removes), an array replaces. fact_patch touches first.
 */
void fact_patch(const FactContext *context, void *object, const cJSON *set);
/* A new object from `common` (may be NULL) and `set`, inserted. Returns it. */
void *fact_make(const FactContext *context, ObjectKind kind, const cJSON *common, const cJSON *set);

/* A `number` in `set` is taken from the year's counter; fact_patch and fact_make do it by themselves. */
void fact_number(const FactContext *context, const cJSON *set);
/* The history row of a task: from and to are states ("" = made); `note` a private_text id, "" when none. */
void fact_task_history(const FactContext *context, const char *task, const char *verb, const char *from, const char *to,
                       const char *reason, const char *note);

/* Each module's rules, NULL-name-terminated; facts.c holds the list of modules. Unknown names assert: the log is ours. */
extern const FactRule engine_fact_rules[];        /* facts.c: timers, numbers, free text */
extern const FactRule task_fact_rules[];          /* task_apply.c */
extern const FactRule escalation_fact_rules[];    /* escalation.c */
extern const FactRule warning_fact_rules[];       /* warning.c: warnings and notices */
extern const FactRule report_fact_rules[];        /* report.c: reports and device events */
extern const FactRule catalogue_fact_rules[];     /* catalogue_apply.c */
extern const FactRule duty_fact_rules[];          /* duty_apply.c */
extern const FactRule shift_fact_rules[];         /* shift.c */
extern const FactRule statistics_fact_rules[];    /* statistics_apply.c: imported figures, closed months */
extern const FactRule organisation_fact_rules[];  /* admin.c: organisation, members, playbooks */
extern const FactRule contact_fact_rules[];       /* privacy/contact.c */
extern const FactRule points_fact_rules[];        /* points/points_apply.c: cards, ledger, redemptions */

void fact_apply(const FactContext *context, const cJSON *fact);

#endif
