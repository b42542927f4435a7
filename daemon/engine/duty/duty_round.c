/* Rounds: opened for every target of a duty, met by recorded work, closed with what was missed. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/duty/duty.h"
#include "engine/facts.h"
#include "engine/task/work.h"
#include "proto/json.h"
#include "proto/map.h"
#include "proto/text.h"

#define DIGEST_EXPIRES_MS (INT64_C(7) * 24 * 3600 * 1000)

/* ---- opening ---- */

typedef struct Opening {
        Decision *decision;
        const DutyDefinition *definition;
        cJSON *rounds;
        Map *taken;           /* members who have one already */
        uint32_t n, left_out;
} Opening;

static void open_one(Opening *opening, const Unit *unit, const Member *member, const Place *place) {
        static char mark;
        char id[UUID_LENGTH + 1];
        if (member && map_find(opening->taken, member->id))
                return;
        if (member && !map_set(opening->taken, member->id, &mark))
                abort();
        if (opening->n == ROUND_TARGETS_MAX) {
                opening->left_out++;
                return;
        }
        opening->n++;
        cJSON *set = cJSON_CreateObject();
        decision_uuid(opening->decision, id);
        json_add_string(set, "id", id);
        json_add_string(set, "unit", unit->id);
        json_add_string(set, "member", member ? member->id : NULL);
        json_add_string(set, "place", place ? place->id : NULL);
        cJSON_AddItemToArray(opening->rounds, set);
}

static bool is_named(const DutyDefinition *definition, const Member *member) {
        const cJSON *item;
        cJSON_ArrayForEach(item, definition->members)
                if (strcmp(item->valuestring, member->id) == 0)
                        return true;
        return definition->members == NULL;
}

static void open_members(Opening *opening, const Unit *unit) {
        size_t cursor = 0;
        for (const Member *member; (member = unit_next_member(decision_organisation(opening->decision), unit, &cursor));)
                for (size_t i = 0; i < member->n_seats; i++)
                        if (member->seats[i].unit == unit && seat_is_current(&member->seats[i], opening->decision->at) &&
                            duty_passes_seat(opening->definition, &member->seats[i]) && is_named(opening->definition, member))
                                open_one(opening, unit, member, NULL);
}

static void open_places(Opening *opening) {
        const char *kind = json_string(opening->definition->places, "kind");
        size_t cursor = 0;
        for (const Place *place; (place = organisation_next_place(decision_organisation(opening->decision), &cursor));)
                if (strcmp(place->kind, kind) == 0 && duty_passes_unit(opening->definition, place->unit))
                        open_one(opening, place->unit, NULL, place);
}

static void open_targets(Opening *opening) {
        size_t cursor = 0;
        if (opening->definition->for_each == FOR_EACH_PLACE)
                return open_places(opening);
        for (const Unit *unit; (unit = organisation_next_unit(decision_organisation(opening->decision), &cursor));) {
                if (!duty_passes_unit(opening->definition, unit))
                        continue;
                if (opening->definition->for_each == FOR_EACH_MEMBER)
                        open_members(opening, unit);
                else
                        open_one(opening, unit, NULL, NULL);
        }
}

void round_open(Decision *decision, const Duty *duty, const DutyDefinition *definition, int64_t ends_at, cJSON *set) {
        cJSON *fact = fact_new("rounds_opened"), *common;
        Opening opening = {.decision = decision, .definition = definition, .taken = map_new()};
        json_add_string(fact, "duty", duty->name);
        cJSON_AddItemToObject(fact, "set", set);
        common = cJSON_AddObjectToObject(fact, "common");
        json_add_string(common, "duty", duty->name);
        json_add_string(common, "state", round_state_name(ROUND_OPEN));
        json_add_int(common, "starts_at", decision->at);
        json_add_int(common, "ends_at", ends_at);
        json_add_int(common, "wanted", definition->count);
        opening.rounds = cJSON_AddArrayToObject(fact, "rounds");
        open_targets(&opening);
        map_free(opening.taken);
        json_add_int(set, "left_out", opening.left_out);
        json_add_int(set, "round_ends_at", ends_at);
        json_add_int(json_object(set, "timers"), timer_kind_name(TIMER_ROUND), ends_at);
        decision_fact(decision, fact);
}

/* ---- closing ---- */

typedef struct Missed { const Round **items; size_t n, n_asked; } Missed;

/* One fact for all: missed ones and those met get their end, those of long ago leave memory. */
static cJSON *closing_fact(Decision *decision, const Duty *duty, bool last, Missed *ret) {
        Round *const *rounds;
        size_t n = state_rounds_of_duty(decision->state, duty->name, &rounds);
        cJSON *fact = fact_new("rounds_closed"), *missed, *met, *cleared;
        json_add_string(fact, "duty", duty->name);
        missed = cJSON_AddArrayToObject(fact, "missed");
        met = cJSON_AddArrayToObject(fact, "met");
        cleared = cJSON_AddArrayToObject(fact, "cleared");
        *ret = (Missed){.items = calloc(n + 1, sizeof *ret->items)};
        if (!ret->items)
                abort();
        for (size_t i = 0; i < n; i++) {
                const Round *round = rounds[i];
                bool open = round->closed_at == TIMESTAMP_NONE; /* of the round that ends now: rounds of one duty do not overlap */
                ret->n_asked += open;
                if (open && round->state == ROUND_OPEN)
                        ret->items[ret->n++] = round;
                if (open)
                        cJSON_AddItemToArray(round->state == ROUND_OPEN ? missed : met, cJSON_CreateString(round->id));
                if (last || (!open && round->ends_at + ROUND_KEPT_MS <= decision->at))
                        cJSON_AddItemToArray(cleared, cJSON_CreateString(round->id));
        }
        return fact;
}

/* The nearest unit above where somebody sits; the unit itself at the top. */
static const Unit *unit_to_tell(const Decision *decision, const Round *round) {
        const Organisation *organisation = decision_organisation(decision);
        const Unit *unit = organisation_unit(organisation, round->unit), *above = unit ? unit_above(unit, 1) : NULL;
        while (above && !unit_is_manned(organisation, above, NULL, 0, decision->at))
                above = unit_above(above, 1);
        return above ? above : unit;
}

static const char *target_title(const Decision *decision, const Round *round, bool english) {
        const Place *place = *round->place ? organisation_place(decision_organisation(decision), round->place) : NULL;
        const Unit *unit = organisation_unit(decision_organisation(decision), round->unit);
        if (place)
                return english ? place->title_en : place->title_zh;
        return unit ? english ? unit->title_en : unit->title_zh : round->unit;
}

/* Units and places by their titles; members are counted, not named: the list is for all of the unit above to read. */
static void digest_names(const Decision *decision, const Missed *missed, const Unit *to, Text *ret) {
        size_t n = 0;
        for (size_t i = 0; i < missed->n; i++) {
                if (unit_to_tell(decision, missed->items[i]) != to || *missed->items[i]->member)
                        continue;
                if (n++ >= DIGEST_NAMES_MAX)
                        continue;
                text_append_format(ret, "%s%s", n > 1 ? "、" : "", target_title(decision, missed->items[i], false));
        }
        if (n > DIGEST_NAMES_MAX)
                text_append_format(ret, "…（+%zu）", n - DIGEST_NAMES_MAX);
}

static void digest_one(Decision *decision, const Duty *duty, const DutyDefinition *definition, const Missed *missed, const Unit *to) {
        _cleanup_text_ Text zh = {0}, en = {0}, names = {0};
        size_t n = 0;
        for (size_t i = 0; i < missed->n; i++)
                n += unit_to_tell(decision, missed->items[i]) == to;
        text_append_format(&zh, "%s：本轮未完成%zu项", definition->title_zh, n);
        text_append_format(&en, "%s: %zu not done in this round", definition->title_en, n);
        digest_names(decision, missed, to, &names);
        const WorkOrigin origin = {
                .type = "duty", .id = duty->name, .unit = organisation_root(decision_organisation(decision)), .severity = definition->severity,
                .reality = REALITY_ACTUAL, .title_zh = text_string(&zh), .title_en = text_string(&en),
                .instruction = names.n > 0 ? text_string(&names) : NULL, .base_at = decision->at, .expires_at = decision->at + DIGEST_EXPIRES_MS,
        };
        work_start_units(decision, playbook_builtin(TRIGGER_DUTY), &origin, &to, 1);
}

/* One task for each unit above, whatever was missed below it. */
static void digest(Decision *decision, const Duty *duty, const DutyDefinition *definition, const Missed *missed) {
        static char mark;
        Map *told = map_new();
        for (size_t i = 0; i < missed->n; i++) {
                const Unit *to = unit_to_tell(decision, missed->items[i]);
                if (!to || map_find(told, to->id))
                        continue;
                if (!map_set(told, to->id, &mark))
                        abort();
                digest_one(decision, duty, definition, missed, to);
        }
        map_free(told);
}

/* The duty's playbook for what was missed: once a unit, once a place. */
static void ask_again(Decision *decision, const Duty *duty, const DutyDefinition *definition, const Missed *missed) {
        const Organisation *organisation = decision_organisation(decision);
        const Playbook *playbook = playbook_set_match(state_playbooks(decision->state), TRIGGER_DUTY, duty->name, definition->severity, NULL);
        bool builtin = playbook == playbook_builtin(TRIGGER_DUTY);
        static char mark;
        Map *asked = map_new();
        for (size_t i = 0; i < missed->n; i++) {
                const Round *round = missed->items[i];
                const Unit *unit = organisation_unit(organisation, round->unit);
                const char *key = *round->place ? round->place : round->unit;
                if (!unit || map_find(asked, key))
                        continue;
                if (!map_set(asked, key, &mark))
                        abort();
                const WorkOrigin origin = {
                        .type = "duty", .id = duty->name, .event = duty->name, .unit = organisation_root(organisation), .severity = definition->severity,
                        .reality = REALITY_ACTUAL, .title_zh = builtin ? definition->title_zh : NULL,
                        .title_en = builtin ? definition->title_en : NULL, .place = *round->place ? round->place : NULL, .addressed = &unit,
                        .n_addressed = 1, .base_at = decision->at, .expires_at = TIMESTAMP_NONE,
                };
                work_start_units(decision, playbook, &origin, &unit, 1);
        }
        map_free(asked);
}

void round_close(Decision *decision, const Duty *duty, const DutyDefinition *definition) {
        Missed missed;
        cJSON *fact = closing_fact(decision, duty, duty->state == DUTY_ENDED, &missed), *set = cJSON_AddObjectToObject(fact, "set");
        cJSON_AddNullToObject(set, "round_ends_at");
        decision_fact(decision, fact);
        if (definition->on_miss == ON_MISS_DIGEST)
                digest(decision, duty, definition, &missed);
        else if (definition->on_miss == ON_MISS_TASK)
                ask_again(decision, duty, definition, &missed);
        free(missed.items);
}

void round_waive(Decision *decision, const Duty *duty) {
        Round *const *rounds;
        size_t n = state_rounds_of_duty(decision->state, duty->name, &rounds);
        if (n == 0)
                return;
        cJSON *fact = fact_new("rounds_waived"), *ids;
        json_add_string(fact, "duty", duty->name);
        ids = cJSON_AddArrayToObject(fact, "rounds");
        for (size_t i = 0; i < n; i++)
                cJSON_AddItemToArray(ids, cJSON_CreateString(rounds[i]->id));
        decision_fact(decision, fact);
}

/* ---- meeting ---- */

static bool is_met_by(const cJSON *definition, const Record *record) {
        const cJSON *met_by = json_object(definition, "met_by");
        const char *kind = json_string(met_by, record->type == RECORD_REPORT ? "report" : "task"), *step = json_string(met_by, "step");
        return kind && strcmp(kind, record->kind) == 0 && (!step || strcmp(step, record->step) == 0);
}

static const char *target_of(const cJSON *definition, const Record *record) {
        const char *for_each = json_string(definition, "for_each");
        if (for_each && strcmp(for_each, "member") == 0)
                return record->member;
        if (for_each && strcmp(for_each, "place") == 0)
                return record->place;
        return record->unit ? record->unit->id : "";
}

/* What makes this piece of work another one than those before; "" when it counts for nothing. */
static void mark_key(const Decision *decision, const cJSON *definition, const Record *record, char ret[static TARGET_MAX + 1]) {
        const char *distinct = json_string(json_object(definition, "met_by"), "distinct");
        if (distinct && strcmp(distinct, "day") == 0) {
                int year, month, day;
                day_civil(timestamp_day(record->at, organisation_offset_minutes(decision_organisation(decision))), &year, &month, &day);
                snprintf(ret, TARGET_MAX + 1, "%04d-%02d-%02d", year % 10000, month, day);
        } else if (distinct && strcmp(distinct, "place") == 0) {
                snprintf(ret, TARGET_MAX + 1, "%s", record->place);
        } else {
                snprintf(ret, TARGET_MAX + 1, "%s", record->id);
        }
}

static void round_meet(Decision *decision, const Round *round, const char *key, const Record *record) {
        bool reached = (round->state == ROUND_OPEN || round->state == ROUND_MISSED) && round->done + 1 >= round->wanted;
        cJSON *fact = fact_new("round_met"), *set = cJSON_AddObjectToObject(fact, "set");
        json_add_string(fact, "round", round->id);
        json_add_int(set, "done", (int64_t)round->done + 1);
        json_add_string(cJSON_AddObjectToObject(set, "marks"), key, record->id);
        if (reached) {
                json_add_string(set, "state", round_state_name(round->state == ROUND_OPEN ? ROUND_MET : ROUND_LATE));
                json_add_int(set, "met_at", decision->at);
        }
        decision_fact(decision, fact);
}

static void record_for(Decision *decision, const Duty *duty, const Record *record) {
        const char *target = target_of(duty->definition, record);
        char key[TARGET_MAX + 1];
        Round *const *rounds;
        mark_key(decision, duty->definition, record, key);
        size_t n = *target && *key ? state_rounds_of_target(decision->state, duty->name, target, &rounds) : 0;
        for (size_t i = 0; i < n; i++) {
                if (record->at < rounds[i]->starts_at || record->at >= rounds[i]->ends_at)
                        continue;
                if (!json_has(rounds[i]->marks, key) && rounds[i]->done < ROUND_MARKS_MAX)
                        round_meet(decision, rounds[i], key, record);
                return; /* rounds of one duty do not overlap */
        }
}

void duty_record(Decision *decision, const Record *record) {
        size_t cursor = 0;
        for (const Duty *duty; (duty = state_next_duty(decision->state, &cursor));)
                if (is_met_by(duty->definition, record))
                        record_for(decision, duty, record);
}
