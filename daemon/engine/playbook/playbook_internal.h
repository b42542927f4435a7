/*
 * The inside of a Playbook, for the files that make and read one: playbook.c (life, what follows), playbook_parse.c (the text),
 * playbook_check.c (the whole: graph, walks), playbook_set.c (matching), condition.c, selector.c.
 */
#ifndef POLICEGRID_ENGINE_PLAYBOOK_INTERNAL_H
#define POLICEGRID_ENGINE_PLAYBOOK_INTERNAL_H

#include "engine/check.h"
#include "engine/playbook/playbook.h"

#define PLAYBOOK_STEPS_MAX 32
#define PLAYBOOK_BYTES_MAX ((size_t)60 << 10)
#define OUTCOMES_MAX 16
#define SELECTORS_MAX 8

typedef struct When {
        Trigger trigger;
        const cJSON *names;    /* a condition on eventCode, kind, duty or event; NULL = any */
        unsigned severities;   /* bits 1 << Severity */
        const cJSON *fields;   /* {field: condition}; NULL = none */
} When;

struct Playbook {
        char name[NAME_MAX_GRID + 1];
        int64_t version;
        int64_t priority;
        char hash[65];         /* "" when built in */
        char *text;            /* owned */
        cJSON *tree;           /* owned; everything below points into it */
        const char *title_zh, *title_en;
        When when;
        Step *steps; size_t n_steps;
        const Step *start;     /* NULL when it only adds */
        bool adds;
        const cJSON *inform, *points; /* of an adding one; NULL when none */
        char applied_by[MEMBER_MAX + 1];
        int64_t applied_at;    /* Unix ms, TIMESTAMP_NONE when unknown */
};

#define SEVERITIES_ALL 0x1fu

/* ---- condition.c: literal | [one of] | {"min","max"} ---- */
bool condition_check(Check *check, const cJSON *condition);
bool condition_holds(const cJSON *condition, const cJSON *value);
/* Whether some value satisfies both. Exact: conditions are finite sets or ranges. */
bool condition_overlaps(const cJSON *left, const cJSON *right);
/* Whether every value that the condition can ask for is a possible one of that form field. */
bool condition_fits_field(Check *check, const cJSON *condition, const cJSON *field);

/* ---- playbook_parse.c ---- */
bool playbook_parse(Check *check, Playbook *playbook);
/* Member `name` as one of `words` (NULL-terminated); *ret NULL when absent. */
bool playbook_word(Check *check, const cJSON *object, const char *name, const char *const *words, const char **ret);
/* A member that holds selectors; *ret NULL when absent. */
bool playbook_selectors(Check *check, const cJSON *item, const char *name, const cJSON **ret);
/* ---- playbook_adds.c: what an adding playbook may say ---- */
bool playbook_adds_parse(Check *check, Playbook *playbook);
/* What can be said when its trigger is known. */
bool playbook_adds_check(Check *check, const Playbook *playbook);
/* ---- playbook_warn.c: `warn` and `tasks` ---- */
bool playbook_warn(Check *check, const Playbook *playbook, const cJSON *item, Step *step);
/* ---- playbook_clocks.c ---- */
bool playbook_clocks(Check *check, const cJSON *item, Step *step);
bool playbook_ladder(Check *check, const cJSON *item, Step *step);
/* ---- playbook_check.c: what can only be said of the whole ---- */
bool playbook_check(Check *check, const Playbook *playbook);
/* Run the walks of `test`. */
bool playbook_walk(Check *check, const Playbook *playbook);
const char *const *playbook_hows(void); /* NULL-terminated */

/* ---- selector_check.c ---- */
bool selectors_check(Check *check, const cJSON *selectors);
bool selector_places_check(Check *check, const cJSON *places);
/* Units, tags and links that the selectors name are in the organisation. */
bool selectors_fit(Check *check, const cJSON *selectors, const Organisation *organisation);
bool organisation_has_code(const Organisation *organisation, const char *dictionary, const char *code);
bool organisation_has_link_type(const Organisation *organisation, const char *type);

#endif
