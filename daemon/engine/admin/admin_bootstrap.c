/*
 * The first members of an area, from the file that `policegridctl init` wrote: without them nobody could be let in to make others.
 * Applied once, to an empty area only.
 */
#include "engine/admin/admin.h"

#include <stdio.h>
#include <string.h>

#include "engine/internal.h"
#include "proto/json.h"

#define BOOTSTRAP_MEMBERS_MAX 20

static bool read_offset(Decision *decision, const cJSON *file, int *ret) {
        const char *text = json_string(file, "utc_offset");
        int hours, minutes;
        char sign;
        if (text && strlen(text) == 6 && sscanf(text, "%c%2d:%2d", &sign, &hours, &minutes) == 3 && (sign == '+' || sign == '-') &&
            hours >= 0 && hours <= 14 && minutes >= 0 && minutes < 60) {
                *ret = (hours * 60 + minutes) * (sign == '-' ? -1 : 1);
                return true;
        }
        decision_reject(decision, CODE_RANGE, "utc_offset");
        return false;
}

/* The id that the file names (`policegridctl init` has told it to the administrator already), or a generated one. */
static cJSON *read_member(Decision *decision, const cJSON *item, const cJSON *taken) {
        const Unit *unit;
        Role role;
        const char *position, *id = json_string(item, "member"), *area = organisation_area(decision_organisation(decision));
        if (!admin_read_seat(decision, item, &unit, &role, &position))
                return NULL;
        if (unit || (role != ROLE_ADMIN && role != ROLE_SECURITY_ADMIN && role != ROLE_AUDITOR)) {
                decision_reject(decision, CODE_RANGE, "role");
                return NULL;
        }
        if (json_has(item, "member") && (!id || !member_is_valid(id, strlen(id), area))) {
                decision_reject(decision, CODE_RANGE, "member");
                return NULL;
        }
        cJSON *copy = cJSON_Duplicate(item, true);
        cJSON_DeleteItemFromObjectCaseSensitive(copy, "member");
        cJSON *member = admin_read_new_member(decision, copy, taken);
        cJSON_Delete(copy);
        if (member && id)
                cJSON_ReplaceItemInObjectCaseSensitive(member, "member", cJSON_CreateString(id));
        return member;
}

static cJSON *read_members(Decision *decision, const cJSON *file) {
        const cJSON *items = json_array(file, "members"), *item, *other;
        cJSON *members = cJSON_CreateArray();
        if (cJSON_GetArraySize(items) < 1 || cJSON_GetArraySize(items) > BOOTSTRAP_MEMBERS_MAX)
                decision_reject(decision, CODE_MISSING, "members");
        cJSON_ArrayForEach(item, items) {
                cJSON *member = decision->code == CODE_NONE ? read_member(decision, item, members) : NULL;
                if (!member)
                        break;
                cJSON_ArrayForEach(other, members)
                        if (strcmp(json_string(other, "member"), json_string(member, "member")) == 0)
                                decision_reject(decision, CODE_DUPLICATE, "member");
                cJSON_AddItemToArray(members, member);
        }
        if (decision->code == CODE_NONE)
                return members;
        cJSON_Delete(members);
        return NULL;
}

static void bootstrap(Decision *decision, const cJSON *file) {
        static const char *const names[] = {"area", "utc_offset", "members", NULL};
        const Organisation *organisation = decision_organisation(decision);
        const char *area = json_string(file, "area");
        size_t cursor = 0;
        int offset;
        if (!admin_check_fields(decision, file, names) || !read_offset(decision, file, &offset))
                return;
        if (!area || strcmp(area, organisation_area(organisation)) != 0)
                return (void)decision_reject(decision, CODE_RANGE, "area");
        if (organisation_next_member(organisation, &cursor) || organisation_count_units(organisation) > 0)
                return (void)decision_reject(decision, CODE_CONFLICT, "辖区已启用 / the area is in use");
        cJSON *members = read_members(decision, file);
        if (!members)
                return;
        cJSON *fact = fact_new("area");
        json_add_int(fact, "utc_offset", offset);
        decision_fact(decision, fact);
        fact = fact_new("members_added");
        cJSON_AddItemToObject(fact, "members", members);
        decision_fact(decision, fact);
}

typedef struct BootstrapFile { const char *text; size_t n; } BootstrapFile;

static void run_bootstrap(Decision *decision, void *argument) {
        const BootstrapFile *file = argument;
        _cleanup_json_ cJSON *tree = NULL;
        Code code = json_parse_object(file->text, file->n, JSON_BYTES_MAX, &tree);
        if (code != CODE_NONE)
                return (void)decision_reject(decision, code, "bootstrap");
        bootstrap(decision, tree);
}

Code engine_apply_bootstrap(Engine *engine, const char *text, size_t n_text, int64_t at_ms, char *ret_detail, size_t n_detail) {
        BootstrapFile file = {.text = text, .n = n_text};
        return engine_run(engine, at_ms, run_bootstrap, &file, ret_detail, n_detail);
}
