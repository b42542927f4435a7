/*
 * Admin: what the administrator's verbs share. admin.c dispatches; admin_organisation.c, admin_member.c, admin_seat.c and
 * admin_playbook.c decide; admin_apply.c applies their facts; admin_bootstrap.c makes the first members.
 */
#ifndef POLICEGRID_ENGINE_ADMIN_H
#define POLICEGRID_ENGINE_ADMIN_H

#include "engine/decision.h"
#include "engine/organisation/organisation_internal.h"

#define ENROLMENT_MS (INT64_C(24) * 3600 * 1000) /* how long a one-time code lives; so does a rotated secret */
#define MEMBERS_IMPORT_MAX 500

DecisionHandler admin_organisation_apply;
DecisionHandler admin_member_add, admin_member_import, admin_member_revoke, admin_member_enrol;
DecisionHandler admin_seat_start, admin_seat_end;
DecisionHandler admin_playbook_apply;
DecisionHandler admin_catalogue_apply;

/* Refuses members of `object` that are neither in `names` (NULL-terminated) nor of every message. False after decision_reject. */
bool admin_check_fields(Decision *decision, const cJSON *object, const char *const *names);
/* 64 hex digits, lower case; NULL after decision_reject. */
const char *admin_read_hash(Decision *decision, const cJSON *object, const char *name);
/* The member that the body names, not revoked; NULL after decision_reject. */
const MemberRecord *admin_read_member(Decision *decision);
/* A member as a fact: checked, with its generated id, which must differ from those in `taken`; NULL after decision_reject. */
cJSON *admin_read_new_member(Decision *decision, const cJSON *item, const cJSON *taken);
/* A seat's unit, role and position; false after decision_reject. *ret_unit NULL = the area. */
bool admin_read_seat(Decision *decision, const cJSON *item, const Unit **ret_unit, Role *ret_role, const char **ret_position);
/* Whether another member, not revoked, would still hold the role admin, and not just for a time. */
bool admin_keeps_admin(Decision *decision, const char *member, const char *unit);
/* Tasks whose assignee no longer has a seat that speaks for them go back to their units; after facts that end seats. */
void admin_unassign(Decision *decision);

#endif
