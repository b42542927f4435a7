/*
 * Warnings: what command posts. An Alert tells every addressed unit and starts the work of the matching playbook there; an Update
 * adds and removes units and says anew what has changed; a Cancel withdraws. The messages of one chain share one warning of ours,
 * found by any CAP identifier of the chain. Here they are decided; warning_follow.c decides
 * Update and Cancel, warning_apply.c changes the state by what was decided.
 */
#include <assert.h>
#include <string.h>

#include "engine/internal.h"
#include "engine/warning/warning_posting.h"
#include "engine/task/work.h"
#include "proto/json.h"

#define WARNING_CHAIN_MAX 100 /* messages of one chain */

static const Playbook *match_playbook(const Posting *posting) {
        const Cap *cap = &posting->cap;
        const char *name = cap->event_code[0] ? cap->event_code : cap->event;
        return playbook_set_match(state_playbooks(posting->decision->state), TRIGGER_WARNING, name, cap->severity, NULL);
}

static const char *playbook_key(const Playbook *playbook) {
        return playbook == playbook_builtin(TRIGGER_WARNING) ? NULL : playbook_hash(playbook);
}

static cJSON *posted_columns(const Posting *posting, const char *id, const Playbook *playbook) {
        const Decision *decision = posting->decision;
        cJSON *set = posting_columns(posting);
        json_add_string(set, "id", id);
        json_add_string(set, "sender", decision->sender);
        json_add_string(set, "unit", posting->speaker->id);
        json_add_string(set, "event_code", posting->cap.event_code);
        json_add_string(set, "state", "active");
        json_add_string(set, "reality", reality_name(posting->cap.reality));
        json_add_string(set, "playbook", playbook_key(playbook));
        json_add_int(set, "posted_at", decision->at);
        posting_add_contents(set, posting);
        return set;
}

static void decide_alert(Posting *posting) {
        Decision *decision = posting->decision;
        char id[UUID_LENGTH + 1], note[UUID_LENGTH + 1];
        if (!posting_address(posting) || !posting_has_room(decision, posting->units, posting->n_units))
                return;
        decision_uuid(decision, id);
        if (!decision_private_text(decision, "note", "warning", id, posting->speaker->id, note))
                return;
        const Playbook *playbook = match_playbook(posting);
        cJSON *fact = fact_new("warning_posted");
        cJSON_AddItemToObject(fact, "set", posted_columns(posting, id, playbook));
        cJSON_AddItemToObject(fact, "informed", posting_informed(posting));
        cJSON_AddItemToObject(fact, "cap", posting_message(posting));
        decision_fact(decision, fact);
        size_t tasks = posting_start_work(posting, id, playbook, posting->units, posting->n_units);
        posting_say(decision, id, tasks, posting->n_units, 1);
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
        cJSON_AddItemToObject(set, "identifiers", posting_identifiers(posting));
        cJSON_AddItemToObject(fact, "cap", posting_message(posting));
        decision_fact(decision, fact);
        decision->late = true;
        posting_say(decision, posting->chain->id, 0, 0, posting->chain->revision);
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
                warning_update(posting);
        else
                warning_cancel(posting);
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
                posting_keep(&posting);
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
