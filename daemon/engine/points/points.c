/*
 * Points: the ledger's entries; what recorded work earns; what a commander or officer books by hand.
 */
#include "engine/points/points.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "engine/admin/admin.h"
#include "engine/internal.h"
#include "engine/task/task.h"
#include "proto/json.h"

#define ROLE_BIT(role) (1u << (role))
#define ROLES_AWARD (ROLE_BIT(ROLE_COMMANDER) | ROLE_BIT(ROLE_OFFICER))

/* ---- times ---- */

void points_day(const Decision *decision, char ret[static 16]) {
        int year, month, day;
        day_civil(timestamp_day(decision->at, engine_offset_minutes(decision->engine)), &year, &month, &day);
        snprintf(ret, 16, "%04d-%02d-%02d", year % 10000, month % 100, day % 100);
}

void points_period(const Decision *decision, char ret[static PERIOD_LENGTH + 1]) {
        char day[16];
        points_day(decision, day);
        memcpy(ret, day, PERIOD_LENGTH);
        ret[PERIOD_LENGTH] = '\0';
}

static bool period_is_valid(const char *text) {
        return strlen(text) == PERIOD_LENGTH && text[4] == '-' && strspn(text, "0123456789") == 4 && strspn(text + 5, "0123456789") == 2 &&
               strcmp(text + 5, "01") >= 0 && strcmp(text + 5, "12") <= 0;
}

/* ---- booking ---- */

void points_change(Decision *decision, const Holder *holder, cJSON *set) {
        cJSON *fact = fact_new("points");
        json_add_string(fact, "card", holder->card);
        cJSON_AddItemToObject(fact, "set", set);
        decision_fact(decision, fact);
}

/* What the month and the day come to with this entry; the oldest month makes room. */
static void set_earned(const Decision *decision, const Holder *holder, const char *period, int64_t points, cJSON *set) {
        char day[16];
        const cJSON *month, *oldest = NULL;
        cJSON *periods = cJSON_AddObjectToObject(set, "periods");
        json_add_int(periods, period, json_int(holder->periods, period, 0) + points);
        if (!json_has(holder->periods, period) && cJSON_GetArraySize(holder->periods) >= POINTS_PERIODS_MAX)
                cJSON_ArrayForEach(month, holder->periods)
                        if (!oldest || strcmp(month->string, oldest->string) < 0)
                                oldest = month;
        if (oldest)
                cJSON_AddNullToObject(periods, oldest->string);
        if (points < 0)
                return;
        points_day(decision, day);
        json_add_string(set, "day", day);
        json_add_int(set, "day_points", (strcmp(day, holder->day) == 0 ? holder->day_points : 0) + points);
}

static cJSON *entry_new(const Holder *holder, const Booking *booking, const char *period) {
        cJSON *entry = cJSON_CreateObject();
        json_add_int(entry, "number", holder->entries + 1);
        json_add_string(entry, "kind", booking->kind);
        json_add_int(entry, "points", booking->points);
        json_add_int(entry, "balance", holder->balance + booking->points);
        json_add_string(entry, "period", period);
        json_add_string(entry, "origin_type", booking->origin_type);
        json_add_string(entry, "origin_id", booking->origin_id);
        json_add_string(entry, "unit", booking->unit[0] ? booking->unit : NULL);
        json_add_string(entry, "member", booking->member);
        json_add_string(entry, "reason", booking->reason[0] ? booking->reason : NULL);
        return entry;
}

void points_book(Decision *decision, const Holder *holder, const Booking *booking) {
        char period[PERIOD_LENGTH + 1];
        int64_t balance = holder->balance + booking->points, reserved = holder->reserved - booking->released;
        assert(reserved >= 0 && balance >= reserved);
        points_period(decision, period);
        cJSON *fact = fact_new("points"), *set = cJSON_CreateObject();
        json_add_string(fact, "card", holder->card);
        json_add_int(set, "balance", balance);
        json_add_int(set, "reserved", reserved);
        json_add_int(set, "entries", holder->entries + 1);
        if (booking->earned)
                set_earned(decision, holder, period, booking->points, set);
        cJSON_AddItemToObject(fact, "set", set);
        cJSON_AddItemToObject(fact, "entry", entry_new(holder, booking, period));
        decision_fact(decision, fact);
}

/* ---- earning ---- */

static int64_t day_left(const Decision *decision, const Holder *holder) {
        char day[16];
        points_day(decision, day);
        int64_t earned = strcmp(day, holder->day) == 0 ? holder->day_points : 0, limit = points_day_limit(decision->state);
        return earned < limit ? limit - earned : 0;
}

/* Whose card it is that earns: the doer's own, or the one that the form names, which is never the doer's. NULL when nobody opted in. */
static const Holder *earner(const Decision *decision, const cJSON *rule, const Record *record) {
        const char *field = points_rule_field(rule), *card = field ? json_string(record->fields, field) : NULL;
        if (!field)
                return state_holder_of_member(decision->state, record->member);
        const Holder *holder = card ? state_holder(decision->state, card) : NULL;
        bool counts = holder && holder->left_at == TIMESTAMP_NONE && (record->member[0] == '\0' || strcmp(holder->member, record->member) != 0);
        return counts ? holder : NULL;
}

static int64_t earn_one(Decision *decision, const Holder *holder, const char *kind, int64_t points, const Record *record) {
        int64_t left = day_left(decision, holder);
        if (points > left)
                points = left;
        if (points <= 0)
                return 0;
        points_book(decision, holder, &(Booking){.kind = kind, .points = points, .earned = true,
                                                 .origin_type = record->type == RECORD_REPORT ? "report" : "task", .origin_id = record->id,
                                                 .unit = record->unit ? record->unit->id : "",
                                                 .member = record->member[0] ? record->member : decision->sender, .reason = ""});
        return points;
}

/* Returns how many points it credited. */
static int64_t earn_by_rule(Decision *decision, const cJSON *rule, const Record *record) {
        const Holder *holder = rule ? earner(decision, rule, record) : NULL;
        if (!holder)
                return 0;
        const Earning earning = points_rule_count(rule, record->fields);
        return earn_one(decision, holder, "base", earning.base, record) + earn_one(decision, holder, "bonus", earning.bonus, record);
}

static const cJSON *record_rule(const Decision *decision, const Record *record) {
        if (record->type == RECORD_REPORT)
                return json_object(catalogue_report_kind(state_catalogue(decision->state), record->kind), "points");
        const Task *task = state_task(decision->state, record->id);
        const Step *step = task ? task_step(decision->state, task) : NULL;
        return step ? step->points : NULL;
}

/* What adding playbooks give for the report besides. */
static int64_t earn_added(Decision *decision, const Record *record) {
        int64_t points = 0;
        const Playbook *adding[ADDS_MAX];
        const Report *report = record->type == RECORD_REPORT ? state_report(decision->state, record->id) : NULL;
        size_t n = report ? playbook_set_adding(state_playbooks(decision->state), TRIGGER_REPORT, report->kind, report->severity, report->fields,
                                                adding) : 0;
        for (size_t i = 0; i < n; i++)
                points += earn_by_rule(decision, playbook_points(adding[i]), record);
        return points;
}

int64_t points_record(Decision *decision, const Record *record) {
        int64_t points = earn_by_rule(decision, record_rule(decision, record), record) + earn_added(decision, record);
        if (points > 0)
                decision_created_int(decision, "points", points);
        return points;
}

/* ---- by hand ---- */

/* The card of the body, for a commander or officer of its unit or the line above; nobody books on his own. */
static const Holder *award_holder(Decision *decision, const char *const *names, const Seat **ret_seat) {
        const char *card = admin_check_fields(decision, decision_body(decision), names) ? points_read_card(decision) : NULL;
        const Seat *seat = card ? points_find_seat(decision, ROLES_AWARD) : NULL;
        const Holder *holder = seat ? points_find_holder(decision, card) : NULL;
        if (!holder)
                return NULL;
        const Unit *unit = organisation_unit(decision_organisation(decision), holder->unit);
        *ret_seat = seat;
        if ((unit ? unit_is_below(unit, seat->unit) : seat->unit->parent == NULL) && strcmp(holder->member, decision->sender) != 0)
                return holder;
        decision_reject(decision, CODE_FORBIDDEN, "%s", "card");
        return NULL;
}

static void book_by_hand(Decision *decision, const char *kind, int64_t sign) {
        static const char *const names[] = {"request", "card", "points", "reason", NULL};
        int64_t points;
        const Seat *seat;
        char reason[NAME_MAX_GRID + 1];
        const Holder *holder = award_holder(decision, names, &seat);
        if (!holder || !points_read_int(decision, "points", 1, POINTS_AWARD_MAX, &points) || !decision_word(decision, "reason", reason))
                return;
        if (reason[0] == '\0')
                return (void)decision_reject(decision, CODE_REASON, "reason");
        if (sign < 0 && points > holder->balance - holder->reserved)
                return (void)decision_reject(decision, CODE_BALANCE, "%s", "");
        if (sign > 0 && points > day_left(decision, holder))
                return (void)decision_reject(decision, CODE_LIMIT, "points: %lld", (long long)day_left(decision, holder));
        points_book(decision, holder, &(Booking){.kind = kind, .points = sign * points, .earned = true, .origin_type = "member",
                                                 .origin_id = decision->sender, .unit = seat->unit->id, .member = decision->sender,
                                                 .reason = reason});
        decision_created_int(decision, "balance", holder->balance);
}

void points_award_decide(Decision *decision) { book_by_hand(decision, "award", 1); }
void points_correct_decide(Decision *decision) { book_by_hand(decision, "correct", -1); }

/* With the honour of that key; those of months that are remembered no more go. */
static cJSON *set_honour(const Holder *holder, const char *key) {
        cJSON *set = cJSON_CreateObject(), *honours = cJSON_AddObjectToObject(set, "honours");
        const cJSON *before;
        cJSON_ArrayForEach(before, holder->honours) {
                char period[PERIOD_LENGTH + 1];
                snprintf(period, sizeof period, "%s", before->string);
                if (!json_has(holder->periods, period))
                        cJSON_AddNullToObject(honours, before->string);
        }
        cJSON_AddTrueToObject(honours, key);
        return set;
}

/* {"request":"points-honour","card","honour",["period"]}: for a month in which the card earned enough; it takes no points. */
void points_honour_decide(Decision *decision) {
        static const char *const names[] = {"request", "card", "honour", "period", NULL};
        const cJSON *body = decision_body(decision);
        char honour[NAME_MAX_GRID + 1], period[PERIOD_LENGTH + 1], key[NAME_MAX_GRID + PERIOD_LENGTH + 2];
        const Seat *seat;
        const Holder *holder = award_holder(decision, names, &seat);
        if (!holder || !decision_word(decision, "honour", honour))
                return;
        const cJSON *item = points_honour(decision->state, honour);
        const char *wanted = json_string(body, "period");
        if (!item)
                return (void)decision_reject(decision, CODE_UNKNOWN_KIND, "honour");
        points_period(decision, period);
        if (json_has(body, "period") && (!wanted || !period_is_valid(wanted)))
                return (void)decision_reject(decision, CODE_RANGE, "period: 2026-11");
        if (wanted)
                snprintf(period, sizeof period, "%s", wanted);
        snprintf(key, sizeof key, "%s.%s", period, honour);
        if (json_has(holder->honours, key))
                return (void)decision_reject(decision, CODE_DUPLICATE, "honour");
        if (json_int(holder->periods, period, 0) < json_int(item, "points", 0))
                return (void)decision_reject(decision, CODE_BALANCE, "%s", period);
        points_book(decision, holder, &(Booking){.kind = "honour", .points = 0, .origin_type = "honour", .origin_id = honour,
                                                 .unit = seat->unit->id, .member = decision->sender, .reason = ""});
        points_change(decision, holder, set_honour(holder, key));
        decision_created(decision, "honour", honour);
}
