/*
 * Warnings: what command posts. An Alert tells every addressed unit and starts the work of the matching playbook there; an Update
 * adds and removes units and says anew what has changed; a Cancel withdraws. The messages of one chain share one warning of ours,
 * found by any CAP identifier of the chain. Here they are decided; warning_apply.c changes the state by what was decided.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "engine/cap.h"
#include "engine/decision.h"
#include "engine/internal.h"
#include "engine/state.h"
#include "engine/warning_address.h"
#include "engine/work.h"
#include "proto/json.h"

#define WARNING_CHAIN_MAX 100 /* messages of one chain */
#define NOTICES_PER_TASK 5    /* retained notices of one unit: so many times its retained tasks (I13) */

/* A message on its way through the decision. Arrays are owned; units in the organisation's order. */
typedef struct Posting {
        Decision *decision;
        Cap cap;
        const Unit *speaker;
        Warning *chain;              /* NULL for an Alert */
        const Unit **units; size_t n_units;
        const Unit **added; size_t n_added;
        const Task **kept; size_t n_kept;       /* open tasks that go on */
        const Task **dropped; size_t n_dropped; /* open tasks that end */
        cJSON *kept_message;         /* cap_keep */
        cJSON *removed;              /* ids, may name units that are gone from the organisation */
} Posting;

static void posting_deinit(Posting *posting) {
        cap_deinit(&posting->cap);
        free(posting->units);
        free(posting->added);
        free(posting->kept);
        free(posting->dropped);
        cJSON_Delete(posting->removed);
        cJSON_Delete(posting->kept_message);
}

static void *array_new(size_t n) {
        void *array = calloc(n + 1, sizeof(void *));
        if (!array)
                abort();
        return array;
}

static cJSON *units_to_json(const Unit *const *units, size_t n) {
        cJSON *array = cJSON_CreateArray();
        for (size_t i = 0; i < n; ++i)
                cJSON_AddItemToArray(array, cJSON_CreateString(units[i]->id));
        return array;
}

/* Completed work stays, even while it waits to be verified. */
static bool task_is_open(const Task *task) {
        return !task_state_is_terminal(task->state) && task->state != TASK_STATE_COMPLETED;
}

static void set_null_or_time(cJSON *set, const char *name, int64_t ms) {
        if (ms == TIMESTAMP_NONE)
                cJSON_AddNullToObject(set, name);
        else
                json_add_int(set, name, ms);
}

/* ---- the fact's values ---- */

static const Playbook *match_playbook(const Posting *posting) {
        const Cap *cap = &posting->cap;
        const char *name = cap->event_code[0] ? cap->event_code : cap->event;
        return playbook_set_match(state_playbooks(posting->decision->state), TRIGGER_WARNING, name, cap->severity, NULL);
}

/* The version that the chain's work runs on, whatever has been applied since. */
static const Playbook *chain_playbook(const Posting *posting) {
        const char *hash = posting->chain->playbook;
        const Playbook *playbook = hash[0] ? playbook_set_find(state_playbooks(posting->decision->state), hash) : NULL;
        return playbook ? playbook : playbook_builtin(TRIGGER_WARNING);
}

static const char *playbook_key(const Playbook *playbook) {
        return playbook == playbook_builtin(TRIGGER_WARNING) ? NULL : playbook_hash(playbook);
}

/* What is kept of the message; from here on every word comes from it, masked. */
static void keep_message(Posting *posting) {
        Decision *decision = posting->decision;
        bool masked = false;
        posting->kept_message = cap_keep(decision_body(decision), decision->sender, &masked);
        decision->masked |= masked;
        cap_take_words(&posting->cap, posting->kept_message);
}

static cJSON *message_for_fact(const Posting *posting) {
        cJSON *cap = cJSON_Duplicate(posting->kept_message, true);
        const cJSON *info = posting->chain ? json_array(posting->chain->cap, "info") : NULL;
        if (!cap_info_chosen(cap) && info) { /* a bare Cancel: readers still see what was cancelled */
                cJSON_DeleteItemFromObjectCaseSensitive(cap, "info");
                cJSON_AddItemToObject(cap, "info", cJSON_Duplicate(info, true));
        }
        return cap;
}

static cJSON *chain_identifiers(const Posting *posting) {
        cJSON *identifiers = posting->chain ? cJSON_Duplicate(posting->chain->identifiers, true) : cJSON_CreateArray();
        cJSON_AddItemToArray(identifiers, cJSON_CreateString(posting->cap.identifier));
        return identifiers;
}

/* Columns that every message of a chain sets. */
static cJSON *common_columns(const Posting *posting) {
        cJSON *set = cJSON_CreateObject();
        json_add_string(set, "identifier", posting->cap.identifier);
        cJSON_AddItemToObject(set, "identifiers", chain_identifiers(posting));
        json_add_int(set, "sent", posting->cap.sent);
        json_add_int(set, "revision", posting->chain ? posting->chain->revision + 1 : 1);
        return set;
}

static void add_contents(cJSON *set, const Posting *posting) {
        json_add_string(set, "severity", severity_name(posting->cap.severity));
        set_null_or_time(set, "expires", posting->cap.expires);
        cJSON *timers = cJSON_AddObjectToObject(set, "timers");
        set_null_or_time(timers, timer_kind_name(TIMER_EXPIRE), posting->cap.expires);
        cJSON_AddItemToObject(set, "units", units_to_json(posting->units, posting->n_units));
}

/* ---- work ---- */

static size_t start_work(const Posting *posting, const char *warning, const Playbook *playbook, const Unit *const *units, size_t n_units) {
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
        return n_units > 0 ? work_start(decision, playbook, &work) : 0;
}

static void say_created(Decision *decision, const char *warning, size_t tasks, size_t units, int64_t revision) {
        decision_created(decision, "warning", warning);
        decision_created_int(decision, "tasks", (int64_t)tasks);
        decision_created_int(decision, "units", (int64_t)units);
        decision->revision = revision;
}

/* ---- Alert ---- */

static bool address(Posting *posting) {
        Decision *decision = posting->decision;
        const Organisation *organisation = decision_organisation(decision);
        const Unit *base = posting->chain ? organisation_unit(organisation, posting->chain->unit) : NULL;
        char detail[96] = "";
        Code code = warning_address(organisation, posting->speaker, base ? base : posting->speaker, &posting->cap, &posting->units,
                                    &posting->n_units, detail, sizeof(detail));
        return code == CODE_NONE || decision_reject(decision, code, "%s", detail) == CODE_NONE;
}

/* Notices stay until their warning is cleared; a unit that has its fill takes no more, and the sender is told. */
static bool check_room(Decision *decision, const Unit *const *units, size_t n) {
        const size_t most = engine_config(decision->engine)->unit_tasks_max * NOTICES_PER_TASK;
        for (size_t i = 0; i < n; ++i) {
                Notice *const *notices;
                if (state_notices_of_unit(decision->state, units[i]->id, &notices) >= most)
                        return decision_reject(decision, CODE_LIMIT, "%s: %zu", units[i]->id, most) == CODE_NONE;
        }
        return true;
}

static cJSON *posted_columns(const Posting *posting, const char *id, const Playbook *playbook) {
        const Decision *decision = posting->decision;
        cJSON *set = common_columns(posting);
        json_add_string(set, "id", id);
        json_add_string(set, "sender", decision->sender);
        json_add_string(set, "unit", posting->speaker->id);
        json_add_string(set, "event_code", posting->cap.event_code);
        json_add_string(set, "state", "active");
        json_add_string(set, "reality", reality_name(posting->cap.reality));
        json_add_string(set, "playbook", playbook_key(playbook));
        json_add_int(set, "posted_at", decision->at);
        add_contents(set, posting);
        return set;
}

static void decide_alert(Posting *posting) {
        Decision *decision = posting->decision;
        char id[UUID_LENGTH + 1], note[UUID_LENGTH + 1];
        if (!address(posting) || !check_room(decision, posting->units, posting->n_units))
                return;
        decision_uuid(decision, id);
        if (!decision_private_text(decision, "note", "warning", id, posting->speaker->id, note))
                return;
        const Playbook *playbook = match_playbook(posting);
        cJSON *fact = fact_new("warning_posted");
        cJSON_AddItemToObject(fact, "set", posted_columns(posting, id, playbook));
        cJSON_AddItemToObject(fact, "cap", message_for_fact(posting));
        decision_fact(decision, fact);
        size_t tasks = start_work(posting, id, playbook, posting->units, posting->n_units);
        say_created(decision, id, tasks, posting->n_units, 1);
}

/* ---- the chain that Update and Cancel speak of ---- */

static bool find_chain(Posting *posting) {
        Decision *decision = posting->decision;
        for (size_t i = 0; i < posting->cap.n_references; ++i) {
                Warning *warning = state_warning_by_identifier(decision->state, posting->cap.references[i]);
                if (warning && posting->chain && posting->chain != warning)
                        return decision_reject(decision, CODE_CONFLICT, "references") == CODE_NONE;
                if (warning)
                        posting->chain = warning;
        }
        if (!posting->chain)
                return decision_reject(decision, CODE_UNKNOWN_REFERENCE, "%s", posting->cap.references[0]) == CODE_NONE;
        const Unit *unit = organisation_unit(decision_organisation(decision), posting->chain->unit);
        if (unit ? !unit_is_below(unit, posting->speaker) : posting->speaker->parent != NULL)
                return decision_reject(decision, CODE_FORBIDDEN, "references: %s", posting->chain->unit) == CODE_NONE;
        return true;
}

static bool check_chain(Posting *posting) {
        Decision *decision = posting->decision;
        const Warning *chain = posting->chain;
        const Cap *cap = &posting->cap;
        if (cap->reality != chain->reality) /* an exercise does not become real by an Update */
                return decision_reject(decision, CODE_CONFLICT, "status: %s", reality_name(chain->reality)) == CODE_NONE;
        if (cap->event_code[0] && strcmp(cap->event_code, chain->event_code) != 0)
                return decision_reject(decision, CODE_CONFLICT, "eventCode: %s", chain->event_code) == CODE_NONE;
        if (cJSON_GetArraySize(chain->identifiers) >= WARNING_CHAIN_MAX)
                return decision_reject(decision, CODE_LIMIT, "references: %d", WARNING_CHAIN_MAX) == CODE_NONE;
        return true;
}

/* Sent before the chain's latest message and not knowing of it: overtaken on the way. */
static bool is_superseded(const Posting *posting) {
        if (posting->cap.sent >= posting->chain->sent)
                return false;
        for (size_t i = 0; i < posting->cap.n_references; ++i)
                if (strcmp(posting->cap.references[i], posting->chain->identifier) == 0)
                        return false;
        return true;
}

/* Kept so that its identifier is known and taken; the state is that of the later message. */
static void decide_superseded(Posting *posting) {
        Decision *decision = posting->decision;
        cJSON *fact = fact_new("warning_superseded");
        json_add_string(fact, "warning", posting->chain->id);
        cJSON *set = cJSON_AddObjectToObject(fact, "set");
        cJSON_AddItemToObject(set, "identifiers", chain_identifiers(posting));
        cJSON_AddItemToObject(fact, "cap", message_for_fact(posting));
        decision_fact(decision, fact);
        decision->late = true;
        say_created(decision, posting->chain->id, 0, 0, posting->chain->revision);
}

/* ---- Update ---- */

static bool text_differs(const char *a, const char *b) { return strcmp(a ? a : "", b ? b : "") != 0; }

static bool instruction_changed(const Posting *posting) {
        return text_differs(posting->cap.instruction, json_string(cap_info_chosen(posting->chain->cap), "instruction"));
}

/* Tasks that go on, and those of units that are no longer addressed. `all`: every open one ends. */
static void sort_tasks(Posting *posting, bool all) {
        Task *const *tasks;
        size_t n = state_tasks_of_origin(posting->decision->state, posting->chain->id, &tasks);
        posting->kept = array_new(n);
        posting->dropped = array_new(n);
        for (size_t i = 0; i < n; ++i) {
                if (!task_is_open(tasks[i]))
                        continue;
                bool gone = all;
                const cJSON *id;
                cJSON_ArrayForEach(id, posting->removed)
                        gone |= strcmp(id->valuestring, tasks[i]->unit) == 0;
                if (gone)
                        posting->dropped[posting->n_dropped++] = tasks[i];
                else
                        posting->kept[posting->n_kept++] = tasks[i];
        }
}

static void sort_units(Posting *posting) {
        const cJSON *id, *before = posting->chain->units;
        Map *known = map_new();
        if (!known)
                abort();
        posting->removed = cJSON_CreateArray();
        posting->added = array_new(posting->n_units);
        for (size_t i = 0; i < posting->n_units; ++i)
                map_set(known, posting->units[i]->id, posting);
        cJSON_ArrayForEach(id, before) {
                if (!map_remove(known, id->valuestring))
                        cJSON_AddItemToArray(posting->removed, cJSON_CreateString(id->valuestring));
        }
        for (size_t i = 0; i < posting->n_units; ++i)
                if (map_find(known, posting->units[i]->id))
                        posting->added[posting->n_added++] = posting->units[i];
        map_free(known);
}

/* Units that come back and have already done the work are told, and given no second task. */
static size_t units_without_work(const Posting *posting, const Unit **ret) {
        Task *const *tasks;
        size_t n_tasks = state_tasks_of_origin(posting->decision->state, posting->chain->id, &tasks), n = 0;
        for (size_t i = 0; i < posting->n_added; ++i) {
                bool worked = false;
                for (size_t j = 0; j < n_tasks; ++j)
                        worked |= tasks[j]->state != TASK_STATE_CANCELLED && strcmp(tasks[j]->unit, posting->added[i]->id) == 0;
                if (!worked)
                        ret[n++] = posting->added[i];
        }
        return n;
}

static cJSON *update_fact(Posting *posting, bool ask) {
        cJSON *fact = fact_new("warning_updated"), *set = common_columns(posting);
        json_add_string(fact, "warning", posting->chain->id);
        add_contents(set, posting);
        cJSON_AddItemToObject(fact, "set", set);
        cJSON_AddItemToObject(fact, "added", units_to_json(posting->added, posting->n_added));
        cJSON_AddItemToObject(fact, "removed", cJSON_Duplicate(posting->removed, true));
        cJSON_AddBoolToObject(fact, "ask", ask);
        cJSON_AddItemToObject(fact, "cap", message_for_fact(posting));
        return fact;
}

static void decide_update(Posting *posting) {
        Decision *decision = posting->decision;
        char note[UUID_LENGTH + 1];
        if (!address(posting) ||
            !decision_private_text(decision, "note", "warning", posting->chain->id, posting->speaker->id, note))
                return;
        const bool instructed = instruction_changed(posting), ask = instructed || posting->cap.severity != posting->chain->severity;
        sort_units(posting);
        if (!check_room(decision, posting->added, posting->n_added))
                return;
        sort_tasks(posting, false);
        const Playbook *playbook = chain_playbook(posting);
        decision_fact(decision, update_fact(posting, ask));
        if (posting->n_dropped > 0)
                work_cancel_many(decision, posting->dropped, posting->n_dropped, "withdrawn");
        if (ask && posting->n_kept > 0)
                work_rebrief(decision, posting->kept, posting->n_kept, posting->cap.severity,
                             instructed ? (posting->cap.instruction ? posting->cap.instruction : "") : NULL);
        const Unit **units = array_new(posting->n_added);
        size_t n = units_without_work(posting, units);
        size_t tasks = start_work(posting, posting->chain->id, playbook, units, n);
        free(units);
        say_created(decision, posting->chain->id, tasks, posting->n_units, posting->chain->revision);
}

/* ---- Cancel ---- */

static void decide_cancel(Posting *posting) {
        Decision *decision = posting->decision;
        char note[UUID_LENGTH + 1];
        if (!decision_private_text(decision, "note", "warning", posting->chain->id, posting->speaker->id, note))
                return;
        sort_tasks(posting, true);
        cJSON *fact = fact_new("warning_cancelled"), *set = common_columns(posting);
        json_add_string(fact, "warning", posting->chain->id);
        json_add_string(set, "state", "cancelled");
        json_add_int(set, "ended_at", decision->at);
        cJSON *timers = cJSON_AddObjectToObject(set, "timers");
        cJSON_AddNullToObject(timers, timer_kind_name(TIMER_EXPIRE));
        json_add_int(timers, timer_kind_name(TIMER_CLEAR), decision->at + engine_config(decision->engine)->terminal_keep_ms);
        cJSON_AddItemToObject(fact, "set", set);
        cJSON_AddItemToObject(fact, "cap", message_for_fact(posting));
        decision_fact(decision, fact);
        if (posting->n_dropped > 0)
                work_cancel_many(decision, posting->dropped, posting->n_dropped, "withdrawn");
        say_created(decision, posting->chain->id, 0, (size_t)cJSON_GetArraySize(posting->chain->units), posting->chain->revision);
}

/* ---- entry ---- */

/* A chain that is not live was ended and cleared; it was looked up to say just that. */
static void decide_follow_up(Posting *posting) {
        Decision *decision = posting->decision;
        if (!find_chain(posting) || !check_chain(posting))
                return;
        if (is_superseded(posting)) {
                decide_superseded(posting);
                return;
        }
        WarningState state = posting->chain->state;
        if (!posting->chain->object.live || state == WARNING_CANCELLED || (state != WARNING_ACTIVE && posting->cap.type == CAP_UPDATE))
                decision_reject(decision, CODE_CLOSED, "%s", posting->chain->identifier);
        else if (posting->cap.type == CAP_UPDATE)
                decide_update(posting);
        else
                decide_cancel(posting);
}

static void decide_message(Posting *posting) {
        Decision *decision = posting->decision;
        posting->speaker = organisation_unit(decision_organisation(decision), decision->unit);
        if (!posting->speaker)
                decision_reject(decision, CODE_UNKNOWN_UNIT, "%s", decision->unit);
        else if (state_warning_by_identifier(decision->state, posting->cap.identifier))
                decision_reject(decision, CODE_DUPLICATE, "identifier: %s", posting->cap.identifier);
        else if (posting->cap.type == CAP_ALERT)
                decide_alert(posting);
        else
                decide_follow_up(posting);
}

void warning_decide(Decision *decision) {
        Posting posting = {.decision = decision};
        char detail[128];
        Code code = cap_check(decision_body(decision), decision->at, &posting.cap, detail, sizeof(detail));
        if (code != CODE_NONE)
                decision_reject(decision, code, "%s", detail);
        else {
                keep_message(&posting);
                decide_message(&posting);
        }
        posting_deinit(&posting);
}

/* ---- timers ---- */

static bool has_open_tasks(const State *state, const char *warning) {
        Task *const *tasks;
        size_t n = state_tasks_of_origin(state, warning, &tasks);
        for (size_t i = 0; i < n; ++i)
                if (!task_state_is_terminal(tasks[i]->state))
                        return true;
        return false;
}

static void fire_expire(Decision *decision, Warning *warning, int64_t clear_at) {
        cJSON *fact = fact_new("warning_expired");
        json_add_string(fact, "warning", warning->id);
        cJSON *set = cJSON_AddObjectToObject(fact, "set");
        json_add_string(set, "state", "expired");
        json_add_int(set, "ended_at", decision->at);
        json_add_int(set, "revision", warning->revision + 1);
        json_add_int(cJSON_AddObjectToObject(set, "timers"), timer_kind_name(TIMER_CLEAR), clear_at);
        decision_fact(decision, fact);
}

void warning_fire(Decision *decision, Warning *warning, TimerKind kind) {
        int64_t clear_at = decision->at + engine_config(decision->engine)->terminal_keep_ms;
        if (kind == TIMER_EXPIRE) {
                fire_expire(decision, warning, clear_at);
                return;
        }
        assert(kind == TIMER_CLEAR);
        cJSON *fact = fact_new("warning_cleared");
        json_add_string(fact, "warning", warning->id);
        if (has_open_tasks(decision->state, warning->id)) /* a Cancel must still find it: look again later */
                json_add_int(fact, "again", clear_at);
        decision_fact(decision, fact);
}
