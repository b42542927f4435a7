/* seat-start and seat-end: where a member sits, from when to when, and who acts for whom. */
#include "engine/admin/admin.h"

#include <string.h>

#include "engine/task/work.h"
#include "proto/json.h"
#include "proto/timestamp.h"

static bool read_time(Decision *decision, const cJSON *body, const char *name, int64_t none, int64_t *ret) {
        const char *text = json_string(body, name);
        *ret = none;
        if (!json_has(body, name))
                return true;
        if (text && timestamp_parse(text, strlen(text), ret))
                return true;
        decision_reject(decision, CODE_TIME, "%s", name);
        return false;
}

static bool is_judicial(const Unit *unit) {
        return unit && (strcmp(unit->type, "court") == 0 || strcmp(unit->type, "justice") == 0);
}

static bool is_police(Role role) { return role == ROLE_COMMANDER || role == ROLE_OFFICER || role == ROLE_AUXILIARY; }

/* Who polices does not judge: no member holds a police seat and a court or justice seat at once. */
static bool mixes_powers(const Member *member, const Unit *unit, Role role, int64_t at_ms) {
        for (size_t i = 0; i < member->n_seats; i++) {
                const Seat *seat = &member->seats[i];
                if (seat->until <= at_ms)
                        continue;
                if ((is_judicial(unit) && is_police(seat->role)) || (is_police(role) && is_judicial(seat->unit)))
                        return true;
        }
        return false;
}

static bool has_same(const Member *member, const Unit *unit, Role role, int64_t from, int64_t until) {
        for (size_t i = 0; i < member->n_seats; i++) {
                const Seat *seat = &member->seats[i];
                if (seat->unit == unit && seat->role == role && seat->from < until && from < seat->until)
                        return true;
        }
        return false;
}

/* Seats that have run out by `at_ms`. */
static cJSON *expired_seats(const Member *member, int64_t at_ms) {
        cJSON *list = cJSON_CreateArray();
        for (size_t i = 0; i < member->n_seats; i++)
                if (member->seats[i].until <= at_ms)
                        cJSON_AddItemToArray(list, cJSON_CreateString(member->seats[i].id));
        return list;
}

typedef struct NewSeat { const Unit *unit; Role role; const char *position, *acting_for; int64_t from, until; } NewSeat;

static bool read_seat(Decision *decision, const Member *member, NewSeat *ret) {
        const cJSON *body = decision_body(decision);
        if (!admin_read_seat(decision, body, &ret->unit, &ret->role, &ret->position) ||
            !read_time(decision, body, "from", INT64_MIN, &ret->from) || !read_time(decision, body, "until", INT64_MAX, &ret->until))
                return false;
        ret->acting_for = json_string(body, "acting_for");
        if (ret->until <= ret->from || ret->until <= decision->at)
                decision_reject(decision, CODE_TIME, "until");
        else if (member->revoked)
                decision_reject(decision, CODE_STATE, "revoked");
        else if (member->device[0] || ret->role == ROLE_DEVICE || ret->role == ROLE_GATEWAY)
                decision_reject(decision, CODE_RANGE, "role: 设备只有一个岗位 / a device has one seat");
        else if (json_has(body, "acting_for") && (!ret->acting_for || !organisation_member(decision_organisation(decision), ret->acting_for)))
                decision_reject(decision, CODE_UNKNOWN_MEMBER, "acting_for");
        else if (mixes_powers(member, ret->unit, ret->role, decision->at))
                decision_reject(decision, CODE_RANGE, "role: 公安岗位不可兼任法庭、司法所岗位 / police cannot sit in court or justice seats");
        else if (has_same(member, ret->unit, ret->role, ret->from > decision->at ? ret->from : decision->at, ret->until))
                decision_reject(decision, CODE_DUPLICATE, "seat");
        else
                return true;
        return false;
}

void admin_seat_start(Decision *decision) {
        static const char *const names[] = {"member", "unit", "role", "position", "from", "until", "acting_for", NULL};
        if (!admin_check_fields(decision, decision_body(decision), names))
                return;
        const MemberRecord *record = admin_read_member(decision);
        NewSeat new_seat;
        if (!record || !read_seat(decision, &record->member, &new_seat))
                return;
        cJSON *ended = expired_seats(&record->member, decision->at);
        if (record->member.n_seats - (size_t)cJSON_GetArraySize(ended) >= ROSTER_SEATS_MAX) {
                cJSON_Delete(ended);
                return (void)decision_reject(decision, CODE_LIMIT, "seats: %d", ROSTER_SEATS_MAX);
        }
        char id[UUID_LENGTH + 1];
        decision_uuid(decision, id);
        cJSON *fact = fact_new("seat_started"), *seat = cJSON_AddObjectToObject(fact, "seat");
        json_add_string(fact, "member", record->member.id);
        cJSON_AddItemToObject(fact, "ended", ended);
        json_add_string(seat, "seat", id);
        json_add_string(seat, "unit", new_seat.unit ? new_seat.unit->id : NULL);
        json_add_string(seat, "role", role_name(new_seat.role));
        json_add_string(seat, "position", new_seat.position[0] ? new_seat.position : NULL);
        json_add_string(seat, "acting_for", new_seat.acting_for);
        if (new_seat.from != INT64_MIN)
                json_add_int(seat, "from", new_seat.from);
        if (new_seat.until != INT64_MAX)
                json_add_int(seat, "until", new_seat.until);
        decision_fact(decision, fact);
        decision_created(decision, "seat", id);
}

/* Every seat of the member in that unit ends now; what it was assigned there goes back to the unit. */
void admin_seat_end(Decision *decision) {
        static const char *const names[] = {"member", "unit", NULL};
        const cJSON *body = decision_body(decision);
        if (!admin_check_fields(decision, body, names))
                return;
        const MemberRecord *record = admin_read_member(decision);
        if (!record)
                return;
        const char *unit = json_string(body, "unit") ? json_string(body, "unit") : "";
        cJSON *ended = cJSON_CreateArray();
        bool admin = false;
        for (size_t i = 0; i < record->member.n_seats; i++) {
                const Seat *seat = &record->member.seats[i];
                if (strcmp(seat->unit ? seat->unit->id : "", unit) != 0)
                        continue;
                admin = admin || (seat->role == ROLE_ADMIN && seat_is_current(seat, decision->at));
                cJSON_AddItemToArray(ended, cJSON_CreateString(seat->id));
        }
        Code refused = cJSON_GetArraySize(ended) == 0                                     ? CODE_SEAT
                       : admin && !admin_keeps_admin(decision, record->member.id, unit) ? CODE_CONFLICT
                                                                                          : CODE_NONE;
        if (refused != CODE_NONE) {
                cJSON_Delete(ended);
                return (void)decision_reject(decision, refused, refused == CODE_SEAT ? "unit" : "最后一名管理员 / the last administrator");
        }
        cJSON *fact = fact_new("seats_ended");
        json_add_string(fact, "member", record->member.id);
        cJSON_AddItemToObject(fact, "ended", ended);
        decision_fact(decision, fact);
        admin_unassign(decision);
}

void admin_seat_run_out(Decision *decision, const Member *member) {
        cJSON *fact = fact_new("seats_ended");
        json_add_string(fact, "member", member->id);
        cJSON_AddItemToObject(fact, "ended", expired_seats(member, decision->at));
        decision_fact(decision, fact);
        admin_unassign(decision);
}
