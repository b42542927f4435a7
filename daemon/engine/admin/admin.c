#include "engine/admin/admin.h"

#include <stdlib.h>
#include <string.h>

#include "engine/check.h"
#include "engine/shift/shift.h"
#include "engine/state/state.h"
#include "engine/statistics/statistics.h"
#include "engine/task/task.h"
#include "engine/task/work.h"
#include "proto/json.h"

/* ---- what verbs share ---- */

bool admin_check_fields(Decision *decision, const cJSON *object, const char *const *names) {
        static const char *const common[] = {"id", "occurred_at", "revision", "seat", "note", NULL};
        if (!cJSON_IsObject(object)) {
                decision_reject(decision, CODE_TYPE, "object");
                return false;
        }
        const cJSON *item;
        cJSON_ArrayForEach(item, object) {
                bool known = false;
                for (size_t i = 0; names[i] && !known; i++)
                        known = strcmp(names[i], item->string) == 0;
                for (size_t i = 0; common[i] && !known; i++)
                        known = strcmp(common[i], item->string) == 0;
                if (!known) {
                        decision_reject(decision, CODE_UNKNOWN_FIELD, "%.40s", check_is_name(item->string) ? item->string : "?");
                        return false;
                }
        }
        return true;
}

const char *admin_read_hash(Decision *decision, const cJSON *object, const char *name) {
        const char *hash = json_string(object, name);
        if (!hash)
                decision_reject(decision, CODE_MISSING, "%s", name);
        else if (strlen(hash) != 64 || strspn(hash, "0123456789abcdef") != 64 || strspn(hash, "0") == 64)
                decision_reject(decision, CODE_RANGE, "%s: 须为64位小写十六进制 / must be 64 lower-case hex digits", name);
        else
                return hash;
        return NULL;
}

const MemberRecord *admin_read_member(Decision *decision) {
        const char *id = json_string(decision_body(decision), "member");
        const MemberRecord *record = id ? organisation_record(decision_organisation(decision), id) : NULL;
        if (!id)
                decision_reject(decision, CODE_MISSING, "member");
        else if (!record)
                decision_reject(decision, CODE_UNKNOWN_MEMBER, "member");
        return record;
}

bool admin_keeps_admin(Decision *decision, const char *member, const char *unit) {
        size_t cursor = 0;
        const Organisation *organisation = decision_organisation(decision);
        for (const Member *other; (other = organisation_next_member(organisation, &cursor));)
                for (size_t i = 0; i < other->n_seats && !other->revoked; i++) {
                        const Seat *seat = &other->seats[i];
                        bool lost = strcmp(other->id, member) == 0 && (!unit || strcmp(unit, seat->unit ? seat->unit->id : "") == 0);
                        /* One that runs out by itself would leave nobody. */
                        if (!lost && seat->role == ROLE_ADMIN && seat_is_current(seat, decision->at) && seat->until == INT64_MAX)
                                return true;
                }
        return false;
}

static bool is_seatless(Decision *decision, const Task *task) {
        if (task->assignee[0] == '\0' || task_state_is_terminal(task->state))
                return false;
        const Organisation *organisation = decision_organisation(decision);
        const Member *member = organisation_member(organisation, task->assignee);
        const Unit *unit = organisation_unit(organisation, task->unit), *handler = organisation_unit(organisation, task->handler);
        if (!member)
                return true;
        return !(unit && member_seat(member, unit, decision->at)) && !(handler && member_seat(member, handler, decision->at));
}

static void unassign_escalations(Decision *decision) {
        const Organisation *organisation = decision_organisation(decision);
        size_t cursor = 0;
        for (const Escalation *escalation; (escalation = state_next_escalation(decision->state, &cursor));) {
                if (escalation->assignee[0] == '\0' || !escalation_is_open(escalation->state))
                        continue;
                const Member *member = organisation_member(organisation, escalation->assignee);
                const Unit *unit = organisation_unit(organisation, escalation->to);
                if (!member || !unit || !member_seat(member, unit, decision->at))
                        escalation_unassign(decision, escalation);
        }
}

void admin_unassign(Decision *decision) {
        const Task **tasks = NULL;
        size_t n = 0, capacity = 0, cursor = 0;
        for (const Task *task; (task = state_next_task(decision->state, &cursor));) {
                if (!is_seatless(decision, task))
                        continue;
                if (n == capacity) {
                        capacity = capacity * 2 + 16;
                        tasks = realloc(tasks, capacity * sizeof *tasks);
                        if (!tasks)
                                abort();
                }
                tasks[n++] = task;
        }
        for (size_t i = 0; i < n; i++)
                work_unassign(decision, tasks[i]);
        free(tasks);
        unassign_escalations(decision);
}

/* ---- verbs that the daemon carries out once they are recorded ---- */

static void admin_clock_confirm(Decision *decision) {
        static const char *const names[] = {NULL};
        if (admin_check_fields(decision, decision_body(decision), names))
                decision_fact(decision, fact_new("clock_confirmed"));
}

static void admin_quarantine_retry(Decision *decision) {
        static const char *const names[] = {"quarantine", NULL};
        const cJSON *body = decision_body(decision);
        if (!admin_check_fields(decision, body, names))
                return;
        int64_t id = json_int(body, "quarantine", 0);
        if (id < 1)
                return (void)decision_reject(decision, CODE_MISSING, "quarantine");
        cJSON *fact = fact_new("quarantine_retried");
        json_add_int(fact, "quarantine", id);
        decision_fact(decision, fact);
}

/* ---- the table ---- */

typedef struct AdminVerb {
        const char *name;
        DecisionHandler *decide;
        bool security; /* the security administrator may, too */
} AdminVerb;

static const AdminVerb verbs[] = {
        {"organisation-apply", admin_organisation_apply, false},
        {"member-add", admin_member_add, false},
        {"member-import", admin_member_import, false},
        {"member-revoke", admin_member_revoke, true},
        {"member-enrol", admin_member_enrol, true},
        {"seat-start", admin_seat_start, false},
        {"seat-end", admin_seat_end, false},
        {"playbook-apply", admin_playbook_apply, false},
        {"catalogue-apply", admin_catalogue_apply, false},
        {"roster-apply", shift_admin_apply, false},
        {"figures-import", admin_figures_import, false},
        {"clock-confirm", admin_clock_confirm, false},
        {"quarantine-retry", admin_quarantine_retry, false},
};

void admin_decide(Decision *decision) {
        const Member *member = decision_member(decision);
        const char *name = decision->command->topic.name;
        for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++) {
                if (strcmp(verbs[i].name, name) != 0)
                        continue;
                bool allowed = member && (member_has_role(member, ROLE_ADMIN, decision->at) ||
                                          (verbs[i].security && member_has_role(member, ROLE_SECURITY_ADMIN, decision->at)));
                if (!allowed)
                        return (void)decision_reject(decision, CODE_DENIED, "%s", name);
                return verbs[i].decide(decision);
        }
        decision_reject(decision, CODE_UNKNOWN_KIND, "%s", name);
}
