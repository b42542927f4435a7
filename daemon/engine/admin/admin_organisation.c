/* organisation-apply: a new version of the town's file, refused when open work would lose its unit. */
#include "engine/admin/admin.h"

#include <string.h>

#include "engine/catalogue/catalogue.h"
#include "engine/playbook/playbook.h"
#include "engine/state/state.h"
#include "proto/json.h"

/* Whether what hangs on that unit would hang in the air: it is gone, or its topics (the tier is in them) would change. */
static bool is_lost(const Organisation *now, const Organisation *next, const char *id) {
        const Unit *before = organisation_unit(now, id);
        const Unit *after = organisation_unit(next, id);
        return before && (!after || after->tier != before->tier);
}

static bool loses_participant(const Organisation *now, const Organisation *next, const Task *task) {
        const cJSON *participant, *participants = json_array(task->body, "participants");
        cJSON_ArrayForEach(participant, participants) {
                const char *unit = json_string(participant, "unit");
                if (unit && is_lost(now, next, unit))
                        return true;
        }
        return false;
}

/* The first unit that has open work and would be lost; NULL when none. */
static const char *find_orphan(const State *state, const Organisation *next) {
        const Organisation *now = state_organisation(state);
        size_t cursor = 0;
        for (const Task *task; (task = state_next_task(state, &cursor));) {
                if (task_state_is_terminal(task->state))
                        continue;
                if (is_lost(now, next, task->unit) || loses_participant(now, next, task))
                        return task->unit;
                if (is_lost(now, next, task->handler))
                        return task->handler;
        }
        cursor = 0;
        for (const Escalation *escalation; (escalation = state_next_escalation(state, &cursor));)
                if (escalation_is_open(escalation->state) && is_lost(now, next, escalation->to))
                        return escalation->to;
        cursor = 0;
        for (const Report *report; (report = state_next_report(state, &cursor));)
                if (report->state == REPORT_OPEN && is_lost(now, next, report->unit))
                        return report->unit;
        return NULL;
}

/* A playbook that finds everything it names today must find it tomorrow. */
static bool playbooks_still_fit(Decision *decision, const Organisation *next) {
        const PlaybookSet *set = state_playbooks(decision->state);
        const Organisation *now = decision_organisation(decision);
        size_t cursor = 0;
        char detail[128];
        for (const Playbook *playbook; (playbook = playbook_set_next(set, &cursor));) {
                if (!playbook_fits(playbook, now, detail, sizeof detail) || organisation_count_units(now) == 0 ||
                    playbook_fits(playbook, next, detail, sizeof detail))
                        continue;
                decision_reject(decision, CODE_ORGANISATION, "%s", detail);
                return false;
        }
        return true;
}

/* So must the catalogue: the next one would else be refused for what is not its fault. */
static bool catalogue_still_fits(Decision *decision, const Organisation *next) {
        const Catalogue *catalogue = state_catalogue(decision->state);
        const PlaybookSet *set = state_playbooks(decision->state);
        char detail[128], before[128];
        if (catalogue_fits(catalogue, next, set, detail, sizeof detail) ||
            !catalogue_fits(catalogue, decision_organisation(decision), set, before, sizeof before))
                return true;
        decision_reject(decision, CODE_ORGANISATION, "catalogue: %s", detail);
        return false;
}

static bool is_newer(Decision *decision, const cJSON *file) {
        const Organisation *now = decision_organisation(decision);
        int64_t version = json_int(file, "version", 0), current = organisation_file_version(now);
        if (version > current)
                return true;
        cJSON *applied = NULL;
        bool same = version == current && current > 0 && (applied = cJSON_Parse(organisation_file_text(now))) != NULL &&
                    cJSON_Compare(applied, file, true);
        cJSON_Delete(applied);
        if (!same)
                decision_reject(decision, CODE_CONFLICT, "version: 当前为 / current is %lld", (long long)current);
        return false; /* the same again is accepted and changes nothing */
}

/* Seats of units that leave end with them: somebody must be left who can apply the next file. */
static bool keeps_admin(Decision *decision, const Organisation *next) {
        size_t cursor = 0;
        for (const Member *member; (member = organisation_next_member(next, &cursor));)
                if (member_has_role(member, ROLE_ADMIN, decision->at))
                        return true;
        decision_reject(decision, CODE_CONFLICT, "最后一名管理员 / the last administrator");
        return false;
}

static bool can_replace(Decision *decision, const cJSON *file) {
        char detail[sizeof decision->detail];
        Organisation *next = organisation_apply_file(decision_organisation(decision), file, decision->seq, decision->at, detail, sizeof detail);
        if (!next) {
                decision_reject(decision, CODE_ORGANISATION, "%s", detail);
                return false;
        }
        const char *orphan = find_orphan(decision->state, next);
        if (orphan)
                decision_reject(decision, CODE_ORPHANS, "%s", orphan);
        bool fine = !orphan && keeps_admin(decision, next) && playbooks_still_fit(decision, next) && catalogue_still_fits(decision, next);
        if (fine)
                decision_created_int(decision, "units", (int64_t)organisation_count_units(next));
        organisation_free(next);
        return fine;
}

void admin_organisation_apply(Decision *decision) {
        static const char *const names[] = {"organisation", NULL};
        const cJSON *body = decision_body(decision);
        if (!admin_check_fields(decision, body, names))
                return;
        const cJSON *file = json_object(body, "organisation");
        if (!file)
                return (void)decision_reject(decision, CODE_MISSING, "organisation");
        const cJSON *version = cJSON_GetObjectItemCaseSensitive(file, "version");
        if (json_is_whole(version) && !is_newer(decision, file))
                return;
        if (!can_replace(decision, file))
                return;
        cJSON *fact = fact_new("organisation");
        cJSON_AddItemToObject(fact, "organisation", cJSON_Duplicate(file, true));
        decision_fact(decision, fact);
        decision_created_int(decision, "version", organisation_file_version(decision_organisation(decision)));
        admin_unassign(decision);
}
