/* Members made, imported, revoked and given a new one-time code. Ids are generated here; secrets come as hashes only. */
#include "engine/admin/admin.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/check.h"
#include "proto/json.h"
#include "proto/timestamp.h"

#define ID_LETTERS 10

static bool is_taken(const Organisation *organisation, const cJSON *taken, const char *id) {
        const cJSON *item;
        if (organisation_record(organisation, id))
                return true;
        cJSON_ArrayForEach(item, taken)
                if (strcmp(json_string(item, "member"), id) == 0)
                        return true;
        return false;
}

/* `{area}-` and letters that are a hash of (area, event, index): the same event makes the same ids, and no two members share one. */
static void make_id(const Decision *decision, const cJSON *taken, char ret[static MEMBER_MAX + 1]) {
        static const char letters[] = "abcdefghjkmnpqrstuvwxyz"; /* without i, l and o, which are misread */
        const Organisation *organisation = decision_organisation(decision);
        const char *area = organisation_area(organisation);
        for (unsigned attempt = 0;; attempt++) {
                char name[96];
                uint8_t hash[ID_LETTERS * 2];
                int n = snprintf(name, sizeof name, "member %s %llu %d %u", area, (unsigned long long)decision->seq, cJSON_GetArraySize(taken),
                                 attempt);
                crypto_generichash(hash, sizeof hash, (const uint8_t *)name, (size_t)n, NULL, 0);
                int at = snprintf(ret, MEMBER_MAX + 1, "%s-", area);
                for (size_t i = 0; i < ID_LETTERS; i++)
                        ret[at++] = letters[((unsigned)hash[2 * i] << 8 | hash[2 * i + 1]) % (sizeof letters - 1)];
                ret[at] = '\0';
                if (!is_taken(organisation, taken, ret))
                        return;
        }
}

/* ---- a seat and a member from outside ---- */

bool admin_read_seat(Decision *decision, const cJSON *item, const Unit **ret_unit, Role *ret_role, const char **ret_position) {
        const char *unit = json_string(item, "unit"), *role = json_string(item, "role"), *position = json_string(item, "position");
        const char *zh, *en;
        *ret_unit = unit && unit[0] ? organisation_unit(decision_organisation(decision), unit) : NULL;
        *ret_role = role ? role_parse(role) : ROLE_NONE;
        *ret_position = position ? position : "";
        if (!role)
                decision_reject(decision, CODE_MISSING, "role");
        else if ((json_has(item, "unit") && !unit) || (json_has(item, "position") && !position))
                decision_reject(decision, CODE_TYPE, "unit, position");
        else if (unit && unit[0] && !*ret_unit)
                decision_reject(decision, CODE_UNKNOWN_UNIT, "%s", check_is_name(unit) ? unit : "?");
        else if (*ret_position[0] && !check_is_name(*ret_position))
                decision_reject(decision, CODE_RANGE, "position");
        else if (!seat_is_allowed(*ret_unit, *ret_role, *ret_position, &zh, &en))
                decision_reject(decision, CODE_RANGE, "role: %s / %s", zh, en);
        else
                return true;
        return false;
}

/* Devices and gateways are members that are a device; nobody else is. One member a device. */
static bool check_device(Decision *decision, const char *device, Role role, const Unit *unit, const cJSON *taken) {
        const Organisation *organisation = decision_organisation(decision);
        bool wanted = role == ROLE_DEVICE || role == ROLE_GATEWAY;
        if (!device || !wanted) {
                if (device || wanted)
                        decision_reject(decision, wanted ? CODE_MISSING : CODE_RANGE, "device");
                return !device && !wanted;
        }
        const Device *known = organisation_device(organisation, device);
        if (!known || known->unit != unit || (strcmp(known->kind, "gateway") == 0) != (role == ROLE_GATEWAY)) {
                decision_reject(decision, CODE_RANGE, "device: 该单位没有此设备 / not a device of this unit and role");
                return false;
        }
        size_t cursor = 0;
        bool duplicate = false;
        for (const Member *member; (member = organisation_next_member(organisation, &cursor));)
                duplicate = duplicate || (!member->revoked && strcmp(member->device, device) == 0);
        const cJSON *other;
        cJSON_ArrayForEach(other, taken)
                duplicate = duplicate || (json_string(other, "device") && strcmp(json_string(other, "device"), device) == 0);
        if (duplicate)
                decision_reject(decision, CODE_DUPLICATE, "device");
        return !duplicate;
}

static bool read_secrets(Decision *decision, const cJSON *item, const char **ret_secret, const char **ret_enrolment) {
        *ret_secret = *ret_enrolment = NULL;
        if (json_has(item, "secret_hash") == json_has(item, "enrolment_hash")) {
                decision_reject(decision, CODE_MISSING, "secret_hash | enrolment_hash");
                return false;
        }
        if (json_has(item, "secret_hash"))
                return (*ret_secret = admin_read_hash(decision, item, "secret_hash")) != NULL;
        return (*ret_enrolment = admin_read_hash(decision, item, "enrolment_hash")) != NULL;
}

static cJSON *seat_fact(Decision *decision, const Unit *unit, Role role, const char *position) {
        char id[UUID_LENGTH + 1];
        decision_uuid(decision, id);
        cJSON *seat = cJSON_CreateObject();
        json_add_string(seat, "seat", id);
        json_add_string(seat, "unit", unit ? unit->id : NULL);
        json_add_string(seat, "role", role_name(role));
        json_add_string(seat, "position", position[0] ? position : NULL);
        return seat;
}

cJSON *admin_read_new_member(Decision *decision, const cJSON *item, const cJSON *taken) {
        static const char *const names[] = {"unit", "role", "position", "device", "secret_hash", "enrolment_hash", NULL};
        const Unit *unit;
        Role role;
        const char *position, *secret, *enrolment, *device = json_string(item, "device");
        if (!admin_check_fields(decision, item, names) || !admin_read_seat(decision, item, &unit, &role, &position))
                return NULL;
        if (!check_device(decision, device, role, unit, taken) || !read_secrets(decision, item, &secret, &enrolment))
                return NULL;
        char id[MEMBER_MAX + 1];
        make_id(decision, taken, id);
        cJSON *member = cJSON_CreateObject(), *seats;
        json_add_string(member, "member", id);
        json_add_string(member, "device", device);
        json_add_string(member, "secret", secret);
        json_add_string(member, "enrolment", enrolment);
        if (enrolment)
                json_add_int(member, "enrolment_until", decision->at + ENROLMENT_MS);
        seats = cJSON_AddArrayToObject(member, "seats");
        cJSON_AddItemToArray(seats, seat_fact(decision, unit, role, position));
        return member;
}

/* ---- verbs ---- */

/* All of them as facts, or none: the refusal then says which one, by its place in the list. */
static cJSON *make_members(Decision *decision, const cJSON *items) {
        const Organisation *organisation = decision_organisation(decision);
        cJSON *members = cJSON_CreateArray();
        const cJSON *item;
        size_t i = 0, n_known = 0, cursor = 0;
        while (organisation_next_member(organisation, &cursor))
                n_known++;
        if (n_known + (size_t)cJSON_GetArraySize(items) > ROSTER_MEMBERS_MAX)
                decision_reject(decision, CODE_LIMIT, "members: %d", ROSTER_MEMBERS_MAX);
        cJSON_ArrayForEach(item, items) {
                cJSON *member = decision->code == CODE_NONE ? admin_read_new_member(decision, item, members) : NULL;
                if (!member)
                        break;
                cJSON_AddItemToArray(members, member);
                i++;
        }
        if (decision->code == CODE_NONE)
                return members;
        char detail[sizeof decision->detail];
        snprintf(detail, sizeof detail, "[%zu] %.*s", i, (int)sizeof detail - 32, decision->detail);
        decision_reject(decision, decision->code, "%s", detail);
        cJSON_Delete(members);
        return NULL;
}

static void add_members(Decision *decision, cJSON *members) {
        cJSON *fact = fact_new("members_added");
        cJSON_AddItemToObject(fact, "members", members);
        decision_fact(decision, fact);
}

void admin_member_add(Decision *decision) {
        cJSON *member = admin_read_new_member(decision, decision_body(decision), NULL);
        if (!member)
                return;
        decision_created(decision, "member", json_string(member, "member"));
        cJSON *members = cJSON_CreateArray();
        cJSON_AddItemToArray(members, member);
        add_members(decision, members);
}

void admin_member_import(Decision *decision) {
        static const char *const names[] = {"members", NULL};
        const cJSON *body = decision_body(decision);
        if (!admin_check_fields(decision, body, names))
                return;
        const cJSON *items = json_array(body, "members");
        int n = cJSON_GetArraySize(items);
        if (n < 1)
                return (void)decision_reject(decision, CODE_MISSING, "members");
        if (n > MEMBERS_IMPORT_MAX)
                return (void)decision_reject(decision, CODE_LIMIT, "members: %d", MEMBERS_IMPORT_MAX);
        cJSON *members = make_members(decision, items);
        if (!members)
                return;
        if (!decision->created)
                decision->created = cJSON_CreateObject();
        cJSON *ids = cJSON_AddArrayToObject(decision->created, "members"), *member;
        cJSON_ArrayForEach(member, members)
                cJSON_AddItemToArray(ids, cJSON_CreateString(json_string(member, "member")));
        add_members(decision, members);
}

void admin_member_revoke(Decision *decision) {
        static const char *const names[] = {"member", NULL};
        if (!admin_check_fields(decision, decision_body(decision), names))
                return;
        const MemberRecord *record = admin_read_member(decision);
        if (!record || record->member.revoked)
                return; /* revoked already: the same again is accepted */
        if (member_has_role(&record->member, ROLE_ADMIN, decision->at) && !admin_keeps_admin(decision, record->member.id, NULL))
                return (void)decision_reject(decision, CODE_CONFLICT, "最后一名管理员 / the last administrator");
        cJSON *fact = fact_new("member_revoked");
        json_add_string(fact, "member", record->member.id);
        decision_fact(decision, fact);
        admin_unassign(decision);
}

void admin_member_enrol(Decision *decision) {
        static const char *const names[] = {"member", "enrolment_hash", NULL};
        const cJSON *body = decision_body(decision);
        if (!admin_check_fields(decision, body, names))
                return;
        const MemberRecord *record = admin_read_member(decision);
        if (!record)
                return;
        if (record->member.revoked)
                return (void)decision_reject(decision, CODE_STATE, "revoked");
        /* A code for an administrator makes whoever holds it one: the security administrator alone must not. */
        if (member_has_role(&record->member, ROLE_ADMIN, decision->at) && !member_has_role(decision_member(decision), ROLE_ADMIN, decision->at))
                return (void)decision_reject(decision, CODE_DENIED, "member");
        const char *enrolment = admin_read_hash(decision, body, "enrolment_hash");
        if (!enrolment)
                return;
        cJSON *fact = fact_new("member_enrolment");
        json_add_string(fact, "member", record->member.id);
        json_add_string(fact, "enrolment", enrolment);
        json_add_int(fact, "enrolment_until", decision->at + ENROLMENT_MS);
        decision_fact(decision, fact);
}
