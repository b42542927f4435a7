#include "engine/warning/warning_posting.h"

#include <stdlib.h>
#include <string.h>

#include "engine/internal.h"
#include "engine/shift/shift.h"
#include "engine/warning/warning_address.h"
#include "engine/task/work.h"
#include "proto/json.h"

#define NOTICES_PER_TASK 5 /* retained notices of one unit: so many times its retained tasks */

void posting_deinit(Posting *posting) {
        cap_deinit(&posting->cap);
        free(posting->units);
        free(posting->added);
        free(posting->kept);
        free(posting->dropped);
        cJSON_Delete(posting->removed);
        cJSON_Delete(posting->kept_message);
}

void *posting_array(size_t n) {
        void *array = calloc(n + 1, sizeof(void *));
        if (!array)
                abort();
        return array;
}

cJSON *posting_units(const Unit *const *units, size_t n) {
        cJSON *array = cJSON_CreateArray();
        for (size_t i = 0; i < n; ++i)
                cJSON_AddItemToArray(array, cJSON_CreateString(units[i]->id));
        return array;
}

static void set_null_or_time(cJSON *set, const char *name, int64_t ms) {
        if (ms == TIMESTAMP_NONE)
                cJSON_AddNullToObject(set, name);
        else
                json_add_int(set, name, ms);
}

/* ---- the fact's values ---- */

void posting_keep(Posting *posting) {
        Decision *decision = posting->decision;
        bool masked = false;
        posting->kept_message = cap_keep(decision_body(decision), decision->sender, &masked);
        decision->masked |= masked;
        cap_take_words(&posting->cap, posting->kept_message);
}

cJSON *posting_message(const Posting *posting) {
        cJSON *cap = cJSON_Duplicate(posting->kept_message, true);
        const cJSON *info = posting->chain ? json_array(posting->chain->cap, "info") : NULL;
        if (!cap_info_chosen(cap) && info) { /* a bare Cancel: readers still see what was cancelled */
                cJSON_DeleteItemFromObjectCaseSensitive(cap, "info");
                cJSON_AddItemToObject(cap, "info", cJSON_Duplicate(info, true));
        }
        return cap;
}

cJSON *posting_identifiers(const Posting *posting) {
        cJSON *identifiers = posting->chain ? cJSON_Duplicate(posting->chain->identifiers, true) : cJSON_CreateArray();
        cJSON_AddItemToArray(identifiers, cJSON_CreateString(posting->cap.identifier));
        return identifiers;
}

cJSON *posting_columns(const Posting *posting) {
        cJSON *set = cJSON_CreateObject();
        json_add_string(set, "identifier", posting->cap.identifier);
        cJSON_AddItemToObject(set, "identifiers", posting_identifiers(posting));
        json_add_int(set, "sent", posting->cap.sent);
        json_add_int(set, "revision", posting->chain ? posting->chain->revision + 1 : 1);
        return set;
}

void posting_add_contents(cJSON *set, const Posting *posting) {
        json_add_string(set, "severity", severity_name(posting->cap.severity));
        set_null_or_time(set, "expires", posting->cap.expires);
        cJSON *timers = cJSON_AddObjectToObject(set, "timers");
        set_null_or_time(timers, timer_kind_name(TIMER_EXPIRE), posting->cap.expires);
        cJSON_AddItemToObject(set, "units", posting_units(posting->units, posting->n_units));
}

/* ---- work ---- */

size_t posting_start_work(const Posting *posting, const char *warning, const Playbook *playbook, const Unit *const *units, size_t n_units) {
        const Cap *cap = &posting->cap;
        Decision *decision = posting->decision;
        const Organisation *organisation = decision_organisation(decision);
        const Unit *origin = posting->chain ? organisation_unit(organisation, posting->chain->unit) : NULL;
        const WorkOrigin work = {
                .type = "warning", .id = warning, .unit = origin ? origin : posting->speaker,
                .severity = cap->severity, .reality = cap->reality,
                .title_zh = cap->headline, .title_en = cap->headline_en, .instruction = cap->instruction,
                .addressed = units, .n_addressed = n_units,
                .base_at = decision->at, .expires_at = cap->expires,
        };
        /* A playbook's own warning asks for nothing but acknowledgement, whoever changes it later. */
        return n_units > 0 && !(posting->chain && posting->chain->origin_type[0]) ? work_start(decision, playbook, &work) : 0;
}

void posting_say(Decision *decision, const char *warning, size_t tasks, size_t units, int64_t revision) {
        decision_created(decision, "warning", warning);
        decision_created_int(decision, "tasks", (int64_t)tasks);
        decision_created_int(decision, "units", (int64_t)units);
        decision->revision = revision;
}

bool posting_address(Posting *posting) {
        Decision *decision = posting->decision;
        const Organisation *organisation = decision_organisation(decision);
        const Unit *base = posting->chain ? organisation_unit(organisation, posting->chain->unit) : NULL;
        char detail[96] = "";
        Code code = warning_address(organisation, posting->speaker, base ? base : posting->speaker, &posting->cap, &posting->units,
                                    &posting->n_units, detail, sizeof(detail));
        return code == CODE_NONE || decision_reject(decision, code, "%s", detail) == CODE_NONE;
}

static size_t notices_most(const Decision *decision) { return engine_config(decision->engine)->unit_tasks_max * NOTICES_PER_TASK; }

bool posting_unit_has_room(const Decision *decision, const Unit *unit) {
        Notice *const *notices;
        return state_notices_of_unit(decision->state, unit->id, &notices) < notices_most(decision);
}

bool posting_has_room(Decision *decision, const Unit *const *units, size_t n) {
        const size_t most = notices_most(decision);
        for (size_t i = 0; i < n; ++i) {
                if (!posting_unit_has_room(decision, units[i]))
                        return decision_reject(decision, CODE_LIMIT, "%s: %zu", units[i]->id, most) == CODE_NONE;
        }
        return true;
}

/* ---- adding playbooks ---- */

static bool unit_is_told(const Posting *posting, const Unit *unit, const cJSON *informed) {
        const cJSON *id;
        const Notice *notice = posting->chain ? state_notice(posting->decision->state, posting->chain->id, unit->id) : NULL;
        bool removed = false;
        cJSON_ArrayForEach(id, posting->removed)
                removed = removed || strcmp(id->valuestring, unit->id) == 0;
        if (unit == posting->speaker || (notice && !notice->withdrawn && !removed))
                return true;
        for (size_t i = 0; i < posting->n_units; ++i)
                if (posting->units[i] == unit)
                        return true;
        cJSON_ArrayForEach(id, informed)
                if (strcmp(id->valuestring, unit->id) == 0)
                        return true;
        return !posting_unit_has_room(posting->decision, unit);
}

static void inform_by(const Posting *posting, const Playbook *playbook, cJSON *informed) {
        const SelectorContext context = {.organisation = decision_organisation(posting->decision), .is_on_duty = unit_is_on_duty,
                                         .state = posting->decision->state, .origin = posting->speaker,
                                         .addressed = posting->units, .n_addressed = posting->n_units, .at = posting->decision->at};
        size_t n;
        const Unit **units = selector_units(playbook_inform(playbook), &context, &n);
        for (size_t i = 0; i < n; ++i)
                if (!unit_is_told(posting, units[i], informed))
                        cJSON_AddItemToArray(informed, cJSON_CreateString(units[i]->id));
        free(units);
}

cJSON *posting_informed(const Posting *posting) {
        const Cap *cap = &posting->cap;
        const Playbook *adding[ADDS_MAX];
        cJSON *informed = cJSON_CreateArray();
        const char *name = posting->chain ? posting->chain->event_code : cap->event_code;
        size_t n = playbook_set_adding(state_playbooks(posting->decision->state), TRIGGER_WARNING, name[0] ? name : cap->event, cap->severity,
                                       NULL, adding);
        for (size_t i = 0; i < n; ++i)
                if (playbook_inform(adding[i]))
                        inform_by(posting, adding[i], informed);
        return informed;
}
