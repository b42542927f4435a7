/*
 * Queries: what a member may ask and how far he sees. The plan turns his seats into sets of units, one set for each kind of
 * reading, and hands them as array literals to a named statement; the statement shows rows of these units and no others. The
 * sets follow the access table for documents (proto/access): what one may not receive, one may not ask for either.
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/catalogue/catalogue.h"
#include "engine/engine.h"
#include "engine/internal.h"
#include "engine/organisation/organisation.h"
#include "engine/state/state.h"
#include "proto/json.h"
#include "proto/mask.h"
#include "proto/timestamp.h"

#define QUERY_LIMIT 100
#define FIGURE_NAME_MAX 160 /* tasks.{playbook}.{step}.{field} */
#define QUERY_LIMIT_MAX 500

typedef enum Parameter {
        PARAMETER_END = 0,
        PARAMETER_AREA,
        PARAMETER_MEMBER,       /* who asks */
        /* sets of units */
        PARAMETER_ALL, PARAMETER_STAFF, PARAMETER_NAMED, /* documents of that audience */
        PARAMETER_NOTES,        /* private notes: the own unit and the line above, never admin, auditor or dashboard */
        PARAMETER_STATUS,       /* notices, lists, counters */
        PARAMETER_DIRECTORY,    /* units: own line up and everything below */
        PARAMETER_MEMBERS,      /* members; NULL = the whole area */
        PARAMETER_ASSESSED,     /* units whose monthly marks may be read */
        PARAMETER_SCORES,       /* units whose reports about persons may be read */
        PARAMETER_PERSONAL,     /* kinds of reports that are about a person */
        PARAMETER_FIGURES,      /* whose figures are read in full, whatever unit is asked about; others as on a wall */
        /* from the body */
        PARAMETER_TASK, PARAMETER_WARNING, PARAMETER_REPORT, PARAMETER_OTHER_MEMBER, PARAMETER_SECTION,
        PARAMETER_TASK_STATE, PARAMETER_REPORT_STATE, PARAMETER_OPEN, PARAMETER_KIND, PARAMETER_LIMIT,
        PARAMETER_PERSON,       /* `member`, not required: whose work it is */
        PARAMETER_DUE,
        PARAMETER_MONTH,        /* `month`, not required: 2026-11 */
        PARAMETER_DEVICE, PARAMETER_DEVICE_STATE,
        PARAMETER_FIGURE, PARAMETER_TIER, PARAMETER_RATE_BY, PARAMETER_HAZARDS_BY, PARAMETER_CAMPAIGN,
        PARAMETER_FIRST_DAY, PARAMETER_LAST_DAY, /* dates `2026-11-16` of the town, both counted */
        PARAMETER_CARD,         /* of points, not required: the asker's own */
        PARAMETER_PERIOD,       /* a month `2026-11`, not required */
        PARAMETER_AFTER,        /* where a page of the ledger ended: `seq-card-number`, not required */
        PARAMETER_DUTY, PARAMETER_ROSTER, /* a name, not required */
        PARAMETER_FROM, PARAMETER_UNTIL, /* a date `2026-11-16` of the town, or a time; from it on, up to before it */
} Parameter;

#define ROLE_BIT(role) (1u << (role))
#define ROLES_ANY (~0u)
#define ROLES_AREA (ROLE_BIT(ROLE_ADMIN) | ROLE_BIT(ROLE_SECURITY_ADMIN) | ROLE_BIT(ROLE_AUDITOR))
#define ROLES_LINE (ROLE_BIT(ROLE_COMMANDER) | ROLE_BIT(ROLE_OFFICER) | ROLE_BIT(ROLE_AUXILIARY) | ROLE_BIT(ROLE_GRID_HEAD))
#define ROLES_UNIT (ROLES_LINE | ROLE_BIT(ROLE_GRID_WORKER) | ROLE_BIT(ROLE_PARTNER))
#define ROLES_NAMED (ROLE_BIT(ROLE_COMMANDER) | ROLE_BIT(ROLE_OFFICER) | ROLE_BIT(ROLE_GRID_HEAD))
#define ROLES_SCORES (ROLE_BIT(ROLE_COMMANDER) | ROLE_BIT(ROLE_OFFICER))
#define ROLES_FIGURES (ROLES_READERS | ROLE_BIT(ROLE_AUDITOR))
#define ROLES_READERS (ROLES_UNIT | ROLE_BIT(ROLE_VOLUNTEER) | ROLE_BIT(ROLE_DASHBOARD))

/* Which roles read what: of their own unit (and those that it staffs), of units below, of the whole area. */
static const struct Reading { unsigned own, below, area; } READINGS[] = {
        [PARAMETER_ALL] = {ROLES_READERS, ROLES_LINE | ROLE_BIT(ROLE_DASHBOARD), ROLE_BIT(ROLE_AUDITOR)},
        [PARAMETER_STAFF] = {ROLES_UNIT | ROLE_BIT(ROLE_DASHBOARD), ROLES_LINE | ROLE_BIT(ROLE_DASHBOARD), ROLE_BIT(ROLE_AUDITOR)},
        [PARAMETER_NAMED] = {ROLES_NAMED, ROLES_LINE, 0},
        [PARAMETER_NOTES] = {ROLES_UNIT, ROLES_LINE, 0},
        [PARAMETER_STATUS] = {ROLES_READERS, ROLES_LINE | ROLE_BIT(ROLE_DASHBOARD), ROLES_AREA},
        [PARAMETER_DIRECTORY] = {ROLES_READERS, ROLES_LINE | ROLE_BIT(ROLE_DASHBOARD), ROLES_AREA},
        [PARAMETER_MEMBERS] = {ROLES_UNIT, ROLES_LINE, ROLES_AREA},
        [PARAMETER_ASSESSED] = {ROLES_LINE, ROLES_LINE, 0},
        [PARAMETER_SCORES] = {ROLES_SCORES, ROLES_SCORES, 0},
        [PARAMETER_FIGURES] = {ROLES_LINE | ROLE_BIT(ROLE_GRID_WORKER), ROLES_LINE, ROLE_BIT(ROLE_AUDITOR)},
};

typedef struct Plan {
        const char *name;
        unsigned roles; /* who may ask at all */
        Parameter parameters[ENGINE_QUERY_PARAMETERS_MAX];
} Plan;

/* The order of parameters is the statement's ($1, $2, …) in store/query.c. */
static const Plan PLANS[] = {
        {"self", ROLES_ANY, {PARAMETER_AREA, PARAMETER_MEMBER}},
        {"tasks", ROLES_READERS | ROLE_BIT(ROLE_AUDITOR), {PARAMETER_AREA, PARAMETER_ALL, PARAMETER_STAFF, PARAMETER_NAMED, PARAMETER_MEMBER, PARAMETER_TASK_STATE, PARAMETER_LIMIT}},
        {"task", ROLES_READERS | ROLE_BIT(ROLE_AUDITOR), {PARAMETER_AREA, PARAMETER_TASK, PARAMETER_ALL, PARAMETER_STAFF, PARAMETER_NAMED, PARAMETER_MEMBER}},
        {"history", ROLES_READERS | ROLE_BIT(ROLE_AUDITOR), {PARAMETER_AREA, PARAMETER_TASK, PARAMETER_ALL, PARAMETER_STAFF, PARAMETER_NAMED, PARAMETER_MEMBER, PARAMETER_NOTES}},
        {"escalations", ROLES_READERS | ROLE_BIT(ROLE_AUDITOR), {PARAMETER_AREA, PARAMETER_STAFF, PARAMETER_OPEN, PARAMETER_LIMIT}},
        {"warnings", ROLES_READERS | ROLES_AREA, {PARAMETER_AREA, PARAMETER_STATUS, PARAMETER_LIMIT}},
        {"warning", ROLES_READERS | ROLES_AREA, {PARAMETER_AREA, PARAMETER_WARNING, PARAMETER_STATUS}},
        {"reports", ROLES_READERS, {PARAMETER_AREA, PARAMETER_STAFF, PARAMETER_MEMBER, PARAMETER_REPORT_STATE, PARAMETER_KIND, PARAMETER_NOTES, PARAMETER_LIMIT, PARAMETER_PERSONAL, PARAMETER_SCORES}},
        {"report", ROLES_READERS, {PARAMETER_AREA, PARAMETER_REPORT, PARAMETER_STAFF, PARAMETER_MEMBER, PARAMETER_NOTES, PARAMETER_PERSONAL, PARAMETER_SCORES}},
        {"units", ROLES_READERS | ROLES_AREA, {PARAMETER_AREA, PARAMETER_DIRECTORY}},
        {"members", ROLES_UNIT | ROLES_AREA, {PARAMETER_AREA, PARAMETER_MEMBERS}},
        {"member", ROLES_UNIT | ROLES_AREA, {PARAMETER_AREA, PARAMETER_OTHER_MEMBER, PARAMETER_MEMBERS}},
        {"quarantine", ROLES_AREA, {PARAMETER_AREA, PARAMETER_LIMIT}},
        {"dictionaries", ROLES_READERS | ROLES_AREA, {PARAMETER_AREA}},
        {"organisation", ROLES_AREA | ROLE_BIT(ROLE_COMMANDER), {PARAMETER_AREA}},
        {"playbooks", ROLES_READERS | ROLES_AREA, {PARAMETER_AREA}},
        {"playbook_texts", ROLES_AREA | ROLE_BIT(ROLE_COMMANDER), {PARAMETER_AREA}},
        {"triggers", ROLE_BIT(ROLE_COMMANDER) | ROLE_BIT(ROLE_AUDITOR), {PARAMETER_AREA, PARAMETER_STAFF, PARAMETER_FROM, PARAMETER_UNTIL, PARAMETER_LIMIT}},
        {"catalogue", ROLES_READERS | ROLES_AREA, {PARAMETER_AREA, PARAMETER_SECTION}},
        {"task_list", ROLES_READERS | ROLE_BIT(ROLE_AUDITOR), {PARAMETER_AREA, PARAMETER_ALL, PARAMETER_STAFF, PARAMETER_NAMED, PARAMETER_MEMBER, PARAMETER_DUE, PARAMETER_PERSON, PARAMETER_LIMIT}},
        {"results", ROLES_READERS | ROLE_BIT(ROLE_AUDITOR), {PARAMETER_AREA, PARAMETER_ALL, PARAMETER_STAFF, PARAMETER_NAMED, PARAMETER_MEMBER, PARAMETER_FROM, PARAMETER_UNTIL, PARAMETER_PERSON, PARAMETER_LIMIT}},
        {"assessment", ROLES_LINE, {PARAMETER_AREA, PARAMETER_ASSESSED, PARAMETER_MONTH, PARAMETER_LIMIT}},
        {"exams", ROLES_UNIT | ROLE_BIT(ROLE_VOLUNTEER), {PARAMETER_AREA, PARAMETER_SCORES, PARAMETER_MEMBER, PARAMETER_FROM, PARAMETER_UNTIL, PARAMETER_PERSON, PARAMETER_LIMIT}},
        {"devices", ROLES_READERS | ROLES_AREA, {PARAMETER_AREA, PARAMETER_STATUS, PARAMETER_KIND, PARAMETER_DEVICE_STATE, PARAMETER_LIMIT}},
        {"device_history", ROLES_READERS | ROLES_AREA, {PARAMETER_AREA, PARAMETER_DEVICE, PARAMETER_STATUS, PARAMETER_FROM, PARAMETER_UNTIL, PARAMETER_LIMIT}},
        {"availability", ROLES_READERS | ROLES_AREA, {PARAMETER_AREA, PARAMETER_STATUS, PARAMETER_KIND, PARAMETER_FROM, PARAMETER_UNTIL, PARAMETER_LIMIT}},
        {"month", ROLES_FIGURES, {PARAMETER_AREA, PARAMETER_FIGURES, PARAMETER_STATUS, PARAMETER_MONTH}},
        {"period", ROLES_FIGURES, {PARAMETER_AREA, PARAMETER_FIGURES, PARAMETER_STATUS, PARAMETER_FIRST_DAY, PARAMETER_LAST_DAY}},
        {"rate", ROLES_FIGURES, {PARAMETER_AREA, PARAMETER_FIGURES, PARAMETER_STATUS, PARAMETER_FIRST_DAY, PARAMETER_LAST_DAY, PARAMETER_RATE_BY, PARAMETER_KIND}},
        {"ranking", ROLES_FIGURES, {PARAMETER_AREA, PARAMETER_FIGURES, PARAMETER_STATUS, PARAMETER_MONTH, PARAMETER_FIGURE, PARAMETER_TIER}},
        {"hazards", ROLES_FIGURES, {PARAMETER_AREA, PARAMETER_FIGURES, PARAMETER_STATUS, PARAMETER_FIRST_DAY, PARAMETER_LAST_DAY, PARAMETER_HAZARDS_BY}},
        {"campaigns", ROLES_FIGURES, {PARAMETER_AREA, PARAMETER_FIGURES, PARAMETER_STATUS, PARAMETER_CAMPAIGN}},
        {"zero_days", ROLES_FIGURES, {PARAMETER_AREA, PARAMETER_STATUS}},
        {"trace", ROLES_LINE | ROLE_BIT(ROLE_GRID_WORKER) | ROLE_BIT(ROLE_AUDITOR),
         {PARAMETER_AREA, PARAMETER_FIGURES, PARAMETER_STATUS, PARAMETER_MONTH, PARAMETER_FIGURE, PARAMETER_LIMIT}},
        {"points", ROLES_ANY, {PARAMETER_AREA, PARAMETER_MEMBER, PARAMETER_CARD, PARAMETER_NAMED, PARAMETER_LIMIT}},
        {"redemptions", ROLES_UNIT | ROLE_BIT(ROLE_SHOP), {PARAMETER_AREA, PARAMETER_MEMBER, PARAMETER_NAMED, PARAMETER_OPEN, PARAMETER_LIMIT}},
        {"points_ranking", ROLES_NAMED, {PARAMETER_AREA, PARAMETER_NAMED, PARAMETER_PERIOD, PARAMETER_LIMIT}},
        {"points_ledger", ROLES_NAMED, {PARAMETER_AREA, PARAMETER_NAMED, PARAMETER_PERIOD, PARAMETER_AFTER, PARAMETER_LIMIT}},
        {"contact", ROLES_UNIT | ROLE_BIT(ROLE_VOLUNTEER), {PARAMETER_AREA, PARAMETER_TASK, PARAMETER_MEMBER}},
        {"duties", ROLES_READERS | ROLES_AREA, {PARAMETER_AREA, PARAMETER_STATUS, PARAMETER_LIMIT}},
        {"rounds", ROLES_READERS | ROLE_BIT(ROLE_AUDITOR), {PARAMETER_AREA, PARAMETER_STATUS, PARAMETER_ASSESSED, PARAMETER_MEMBER, PARAMETER_DUTY, PARAMETER_FROM, PARAMETER_UNTIL, PARAMETER_LIMIT}},
        {"roster", ROLES_READERS | ROLES_AREA, {PARAMETER_AREA, PARAMETER_DIRECTORY, PARAMETER_ROSTER, PARAMETER_FROM, PARAMETER_UNTIL, PARAMETER_LIMIT}},
        {"unit_status", ROLES_READERS | ROLES_AREA, {PARAMETER_AREA, PARAMETER_STATUS}},
};

typedef struct Asker {
        const Organisation *organisation;
        const Catalogue *catalogue;
        const Member *member;
        const Command *command;
        const Unit *filter;   /* `unit` of the body, NULL when none */
        bool filter_shown;    /* some set contains it */
        size_t n_storage;
        size_t offsets[ENGINE_QUERY_PARAMETERS_MAX]; /* into query->units, where a parameter is a set; else SIZE_MAX */
        EngineQuery *query;
} Asker;

/* Whether the seat counts now: valid, and the one that the sender named, when he named one. */
static bool seat_counts(const Asker *asker, const Seat *seat) {
        int64_t at = asker->command->stamp.received_at;
        if (at < seat->from || at >= seat->until)
                return false;
        const char *named = asker->command->seat;
        return !named[0] || (seat->unit && strcmp(seat->unit->id, named) == 0);
}

static unsigned asker_roles(const Asker *asker) {
        unsigned roles = 0;
        for (size_t i = 0; i < asker->member->n_seats; ++i)
                if (seat_counts(asker, &asker->member->seats[i]))
                        roles |= ROLE_BIT(asker->member->seats[i].role);
        return roles;
}

static bool seat_reads(const Seat *seat, const Unit *unit, Parameter set) {
        unsigned bit = ROLE_BIT(seat->role);
        const struct Reading *reading = &READINGS[set];
        if (bit & reading->area)
                return true;
        if (!seat->unit)
                return false;
        if ((bit & reading->own) && (seat->unit == unit || unit_worker(unit) == seat->unit))
                return true;
        if ((bit & reading->below) && unit_is_below(unit, seat->unit))
                return true;
        return set == PARAMETER_DIRECTORY && (bit & reading->own) && unit_is_below(seat->unit, unit);
}

static bool asker_reads(const Asker *asker, const Unit *unit, Parameter set) {
        for (size_t i = 0; i < asker->member->n_seats; ++i)
                if (seat_counts(asker, &asker->member->seats[i]) && seat_reads(&asker->member->seats[i], unit, set))
                        return true;
        return false;
}

/* `{v01,v02}`; names of units need no quotes in an array literal. */
static void add_set(Asker *asker, size_t index, Parameter set) {
        Text *text = &asker->query->units;
        asker->offsets[index] = text->n;
        text_append_char(text, '{');
        size_t cursor = 0, n = 0;
        for (const Unit *unit; (unit = organisation_next_unit(asker->organisation, &cursor));) {
                bool wanted = !asker->filter || unit == asker->filter || set == PARAMETER_FIGURES;
                if (!wanted || !asker_reads(asker, unit, set))
                        continue;
                if (n++ > 0)
                        text_append_char(text, ',');
                text_append_string(text, unit->id);
                asker->filter_shown |= set != PARAMETER_FIGURES;
        }
        text_append(text, "}", 2); /* with its NUL */
}

/* Kinds whose form asks for a member: what stands there is about that person. */
static void add_personal(Asker *asker, size_t index) {
        Text *text = &asker->query->units;
        const cJSON *kind, *field;
        size_t n = 0;
        asker->offsets[index] = text->n;
        text_append_char(text, '{');
        cJSON_ArrayForEach(kind, catalogue_section(asker->catalogue, "report_kinds")) {
                bool personal = false;
                cJSON_ArrayForEach(field, json_object(kind, "form"))
                        personal |= json_has(field, "member");
                if (!personal)
                        continue;
                text_append_string(text, n++ > 0 ? "," : "");
                text_append_string(text, kind->string);
        }
        text_append(text, "}", 2); /* with its NUL */
}

static Code add_text(Asker *asker, size_t index, const char *value) {
        size_t n = strlen(value) + 1;
        if (asker->n_storage + n > sizeof(asker->query->storage))
                return CODE_RANGE;
        char *at = asker->query->storage + asker->n_storage;
        memcpy(at, value, n);
        asker->n_storage += n;
        asker->query->parameters[index] = at;
        return CODE_NONE;
}

/* A name of the body: required, of the shape of a target or a member. */
static Code add_target(Asker *asker, size_t index, const char *name) {
        const char *value = json_string(asker->command->body, name);
        if (!value)
                return json_has(asker->command->body, name) ? CODE_TYPE : CODE_MISSING;
        size_t n = strlen(value);
        if (n == 0 || n > MEMBER_MAX)
                return CODE_RANGE;
        return add_text(asker, index, value);
}

/* What is no UUID is nobody's id; the database is not asked, and does not quote it in an error either. */
static Code add_uuid(Asker *asker, size_t index, const char *name) {
        const char *value = json_string(asker->command->body, name);
        if (value && !uuid_is_valid(value, strlen(value)))
                return CODE_UNKNOWN_TARGET;
        return add_target(asker, index, name);
}

/* An optional text of these characters and no others. */
static Code add_shape(Asker *asker, size_t index, const char *name, const char *characters, size_t min, size_t max) {
        const char *value = json_string(asker->command->body, name);
        size_t n = value ? strlen(value) : 0;
        if (!value)
                return json_has(asker->command->body, name) ? CODE_TYPE : CODE_NONE;
        return n < min || n > max || strspn(value, characters) != n ? CODE_RANGE : add_text(asker, index, value);
}

/* `seq-card-number`, as a page of the ledger gave it. */
static Code add_after(Asker *asker, size_t index) {
        const char *value = json_string(asker->command->body, "after");
        unsigned long long seq, number;
        char card[13];
        int n = 0;
        if (value && (sscanf(value, "%18llu-%12[0-9]-%18llu%n", &seq, card, &number, &n) != 3 || value[n] != '\0'))
                return CODE_RANGE;
        return add_shape(asker, index, "after", "0123456789-", 5, 50);
}

static Code add_person(Asker *asker, size_t index) {
        const char *value = json_string(asker->command->body, "member");
        if (!value)
                return json_has(asker->command->body, "member") ? CODE_TYPE : CODE_NONE;
        if (!member_is_valid(value, strlen(value), organisation_area(asker->organisation)))
                return CODE_RANGE;
        return add_text(asker, index, value);
}

static bool is_date(const char *text) {
        static const char form[] = "0000-00-00";
        int year, month, day, y, m, d;
        if (strlen(text) != sizeof form - 1)
                return false;
        for (size_t i = 0; i < sizeof form - 1; ++i)
                if (form[i] == '0' ? text[i] < '0' || text[i] > '9' : text[i] != form[i])
                        return false;
        if (sscanf(text, "%d-%d-%d", &year, &month, &day) != 3 || year < 1970 || month < 1 || month > 12)
                return false;
        day_civil(day_from_civil(year, month, day), &y, &m, &d);
        return y == year && m == month && d == day;
}

static Code add_month(Asker *asker, size_t index) {
        const char *value = json_string(asker->command->body, "month");
        char first[16];
        if (!value)
                return json_has(asker->command->body, "month") ? CODE_TYPE : CODE_NONE;
        if (strlen(value) != 7)
                return CODE_RANGE;
        snprintf(first, sizeof first, "%s-01", value);
        return is_date(first) ? add_text(asker, index, value) : CODE_RANGE;
}

/* A date of the calendar, or a time as RFC 3339 has it. */
static Code add_moment(Asker *asker, size_t index, const char *name) {
        const char *value = json_string(asker->command->body, name);
        char time[TIMESTAMP_TEXT_MAX];
        int64_t ms;
        if (!value)
                return json_has(asker->command->body, name) ? CODE_TYPE : CODE_NONE;
        if (is_date(value))
                return add_text(asker, index, value);
        if (!timestamp_parse(value, strlen(value), &ms))
                return CODE_RANGE;
        timestamp_format(ms, 0, time);
        return add_text(asker, index, time);
}

/* A date of the calendar and nothing else. */
static Code add_day(Asker *asker, size_t index, const char *name) {
        const char *value = json_string(asker->command->body, name);
        if (!value)
                return json_has(asker->command->body, name) ? CODE_TYPE : CODE_NONE;
        return is_date(value) ? add_text(asker, index, value) : CODE_RANGE;
}

/* Answers repeat some words of their question: what looks like an identity number is none of ours (I12). */
static bool word_is_somebodys(const char *value) {
        char copy[FIGURE_NAME_MAX + 1];
        snprintf(copy, sizeof(copy), "%s", value);
        return mask_text(copy);
}

/* `reports.dispute.people`: required. */
static Code add_figure(Asker *asker, size_t index) {
        const char *value = json_string(asker->command->body, "figure");
        if (!value)
                return json_has(asker->command->body, "figure") ? CODE_TYPE : CODE_MISSING;
        size_t n = strlen(value);
        if (n == 0 || n > FIGURE_NAME_MAX || strspn(value, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") != n)
                return CODE_RANGE;
        return word_is_somebodys(value) ? CODE_PRIVACY : add_text(asker, index, value);
}

static Code add_tier(Asker *asker, size_t index) {
        const cJSON *item = cJSON_GetObjectItemCaseSensitive(asker->command->body, "tier");
        char text[24];
        if (!item || cJSON_IsNull(item))
                return CODE_NONE;
        if (!json_is_whole(item))
                return CODE_TYPE;
        if (item->valuedouble < 1 || item->valuedouble > 3)
                return CODE_RANGE;
        snprintf(text, sizeof(text), "%.0f", item->valuedouble);
        return add_text(asker, index, text);
}

/* An optional word of a fixed list, or (list NULL) any code word. */
static Code add_word(Asker *asker, size_t index, const char *name, const char *const *list) {
        const char *value = json_string(asker->command->body, name);
        if (!value)
                return json_has(asker->command->body, name) ? CODE_TYPE : CODE_NONE;
        bool known = !list && strlen(value) <= NAME_MAX_GRID && strspn(value, "abcdefghijklmnopqrstuvwxyz0123456789_-.") == strlen(value);
        for (; list && *list; ++list)
                known |= strcmp(*list, value) == 0;
        if (!list && known && word_is_somebodys(value))
                return CODE_PRIVACY;
        return known ? add_text(asker, index, value) : CODE_RANGE;
}

/* A section of catalogues: the answer repeats its name, so that only known ones pass. */
static Code add_section(Asker *asker, size_t index) {
        const char *value = json_string(asker->command->body, "section");
        if (value && !catalogue_section_is_known(value))
                return CODE_RANGE;
        return add_word(asker, index, "section", NULL);
}

static Code add_limit(Asker *asker, size_t index) {
        const cJSON *item = cJSON_GetObjectItemCaseSensitive(asker->command->body, "limit");
        int64_t limit = QUERY_LIMIT;
        if (item && !cJSON_IsNull(item)) {
                if (!json_is_whole(item))
                        return CODE_TYPE;
                limit = json_int(asker->command->body, "limit", 0);
        }
        if (limit < 1 || limit > QUERY_LIMIT_MAX)
                return CODE_RANGE;
        char text[24];
        snprintf(text, sizeof(text), "%lld", (long long)limit);
        return add_text(asker, index, text);
}

static Code add_open(Asker *asker, size_t index) {
        const cJSON *item = cJSON_GetObjectItemCaseSensitive(asker->command->body, "open");
        if (item && !cJSON_IsNull(item) && !cJSON_IsBool(item))
                return CODE_TYPE;
        return cJSON_IsTrue(item) ? add_text(asker, index, "true") : CODE_NONE;
}

static Code add_members(Asker *asker, size_t index) {
        if (asker_roles(asker) & READINGS[PARAMETER_MEMBERS].area && !asker->filter)
                return CODE_NONE; /* NULL: the whole area, members without a unit included */
        add_set(asker, index, PARAMETER_MEMBERS);
        return CODE_NONE;
}

static Code add_parameter(Asker *asker, size_t index, Parameter parameter) {
        static const char *const TASK_STATES[] = {"open", "issued", "accepted", "in_progress", "completed", "closed", "suspended",
                                                  "cancelled", "expired", NULL};
        static const char *const RATE_BY[] = {"source", "unit", "kind", "subject", "month", NULL};
        static const char *const HAZARDS_BY[] = {"unit", "month", "kind", "place_kind", NULL};
        static const char *const DUES[] = {"overdue", "today", "week", "later", "open", NULL};
        static const char *const DEVICE_STATES[] = {"online", "offline", "fault", "never", NULL};
        static const char *const REPORT_STATES[] = {"open", "dispatched", "merged", "dismissed", "recorded", NULL};
        switch (parameter) {
        case PARAMETER_AREA: return add_text(asker, index, organisation_area(asker->organisation));
        case PARAMETER_MEMBER: return add_text(asker, index, asker->member->id);
        case PARAMETER_ALL:
        case PARAMETER_STAFF:
        case PARAMETER_NAMED:
        case PARAMETER_NOTES:
        case PARAMETER_STATUS:
        case PARAMETER_ASSESSED:
        case PARAMETER_SCORES:
        case PARAMETER_FIGURES:
        case PARAMETER_DIRECTORY: add_set(asker, index, parameter); return CODE_NONE;
        case PARAMETER_MEMBERS: return add_members(asker, index);
        case PARAMETER_SECTION: return add_section(asker, index);
        case PARAMETER_TASK: return add_uuid(asker, index, "task");
        case PARAMETER_WARNING: return add_target(asker, index, "warning");
        case PARAMETER_REPORT: return add_uuid(asker, index, "report");
        case PARAMETER_OTHER_MEMBER: return add_target(asker, index, "member");
        case PARAMETER_TASK_STATE: return add_word(asker, index, "state", TASK_STATES);
        case PARAMETER_REPORT_STATE: return add_word(asker, index, "state", REPORT_STATES);
        case PARAMETER_KIND: return add_word(asker, index, "kind", NULL);
        case PARAMETER_DUTY: return add_word(asker, index, "duty", NULL);
        case PARAMETER_ROSTER: return add_word(asker, index, "roster", NULL);
        case PARAMETER_OPEN: return add_open(asker, index);
        case PARAMETER_LIMIT: return add_limit(asker, index);
        case PARAMETER_PERSONAL: add_personal(asker, index); return CODE_NONE;
        case PARAMETER_MONTH: return add_month(asker, index);
        case PARAMETER_DEVICE: return add_target(asker, index, "device");
        case PARAMETER_DEVICE_STATE: return add_word(asker, index, "state", DEVICE_STATES);
        case PARAMETER_PERSON: return add_person(asker, index);
        case PARAMETER_DUE: return add_word(asker, index, "due", DUES);
        case PARAMETER_FIGURE: return add_figure(asker, index);
        case PARAMETER_TIER: return add_tier(asker, index);
        case PARAMETER_RATE_BY: return add_word(asker, index, "by", RATE_BY);
        case PARAMETER_HAZARDS_BY: return add_word(asker, index, "by", HAZARDS_BY);
        case PARAMETER_CAMPAIGN: return add_word(asker, index, "campaign", NULL);
        case PARAMETER_FIRST_DAY: return add_day(asker, index, "from");
        case PARAMETER_LAST_DAY: return add_day(asker, index, "until");
        case PARAMETER_CARD: return add_shape(asker, index, "card", "0123456789", 4, 12);
        case PARAMETER_PERIOD: return add_shape(asker, index, "period", "0123456789-", 7, 7);
        case PARAMETER_AFTER: return add_after(asker, index);
        case PARAMETER_FROM: return add_moment(asker, index, "from");
        case PARAMETER_UNTIL: return add_moment(asker, index, "until");
        case PARAMETER_END: break;
        }
        assert(false);
        return CODE_INTERNAL;
}

static Code find_filter(Asker *asker) {
        const char *id = json_string(asker->command->body, "unit");
        if (!id)
                return json_has(asker->command->body, "unit") ? CODE_TYPE : CODE_NONE;
        asker->filter = organisation_unit(asker->organisation, id);
        return asker->filter ? CODE_NONE : CODE_UNKNOWN_UNIT;
}

static Code add_parameters(Asker *asker, const Plan *plan) {
        EngineQuery *query = asker->query;
        bool has_set = false;
        for (size_t i = 0; i < ENGINE_QUERY_PARAMETERS_MAX && plan->parameters[i] != PARAMETER_END; ++i) {
                asker->offsets[i] = SIZE_MAX;
                Code code = add_parameter(asker, i, plan->parameters[i]);
                if (code != CODE_NONE)
                        return code;
                has_set |= asker->offsets[i] != SIZE_MAX;
                query->n_parameters = i + 1;
        }
        if (query->units.failed)
                return CODE_BUSY;
        if (asker->filter && has_set && !asker->filter_shown)
                return CODE_FORBIDDEN;
        for (size_t i = 0; i < query->n_parameters; ++i)
                if (asker->offsets[i] != SIZE_MAX)
                        query->parameters[i] = query->units.data + asker->offsets[i];
        return CODE_NONE;
}

static const Plan *find_plan(const char *name) {
        for (size_t i = 0; i < sizeof(PLANS) / sizeof(PLANS[0]); ++i)
                if (strcmp(PLANS[i].name, name) == 0)
                        return &PLANS[i];
        return NULL;
}

static void set_reply_topic(const Command *command, EngineQuery *query) {
        Topic topic = {.kind = TOPIC_REPLY};
        memcpy(topic.area, command->topic.area, sizeof(topic.area));
        snprintf(topic.name, sizeof(topic.name), "%s", command->stamp.member);
        topic_format(&topic, query->topic);
}

Code engine_query_plan(Engine *engine, const Command *command, EngineQuery *ret) {
        *ret = (EngineQuery){.name = ""};
        set_reply_topic(command, ret);
        if (command->code != CODE_NONE)
                return command->code;
        const char *name = json_string(command->body, "query");
        if (!name)
                return json_has(command->body, "query") ? CODE_TYPE : CODE_MISSING;
        const Plan *plan = find_plan(name);
        if (!plan)
                return CODE_UNKNOWN_KIND;
        Asker asker = {.organisation = state_organisation(engine_state(engine)), .catalogue = state_catalogue(engine_state(engine)), .command = command, .query = ret};
        asker.member = organisation_member(asker.organisation, command->stamp.member);
        if (!asker.member || asker.member->revoked)
                return CODE_DENIED;
        unsigned roles = asker_roles(&asker);
        if (roles == 0)
                return CODE_SEAT;
        if (!(roles & plan->roles))
                return CODE_DENIED;
        ret->name = plan->name;
        ret->offset_minutes = organisation_offset_minutes(asker.organisation);
        Code code = find_filter(&asker);
        return code != CODE_NONE ? code : add_parameters(&asker, plan);
}

void engine_query_deinit(EngineQuery *query) {
        text_deinit(&query->units);
        *query = (EngineQuery){0};
}
