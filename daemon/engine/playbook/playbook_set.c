/*
 * The playbooks of an area: every version that work runs on, and per name the one that new work starts with. Which one a trigger
 * starts is never a matter of order: two that could claim the same trigger at the same priority cannot both be current.
 */
#include "engine/playbook/playbook_internal.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "proto/map.h"

struct PlaybookSet {
        Map *by_hash;    /* owns the playbooks */
        Map *current;    /* by name */
};

PlaybookSet *playbook_set_new(void) {
        PlaybookSet *set = calloc(1, sizeof *set);
        if (!set || !(set->by_hash = map_new()) || !(set->current = map_new()))
                abort();
        return set;
}

PlaybookSet *playbook_set_free(PlaybookSet *set) {
        if (!set)
                return NULL;
        size_t cursor = 0;
        for (Playbook *playbook; (playbook = map_next(set->by_hash, &cursor, NULL));)
                playbook_free(playbook);
        map_free(set->by_hash);
        map_free(set->current);
        free(set);
        return NULL;
}

/* Whether something exists that would start both. A field that only one of them asks for excludes nothing. */
static bool whens_overlap(const When *left, const When *right) {
        if (left->trigger != right->trigger || !(left->severities & right->severities))
                return false;
        if (left->names && right->names && !condition_overlaps(left->names, right->names))
                return false;
        const cJSON *condition;
        cJSON_ArrayForEach(condition, left->fields) {
                const cJSON *other = cJSON_GetObjectItemCaseSensitive(right->fields, condition->string);
                if (other && !condition_overlaps(condition, other))
                        return false;
        }
        return true;
}

static const Playbook *find_overlap(const PlaybookSet *set, const Playbook *playbook) {
        size_t cursor = 0;
        for (const Playbook *other; (other = map_next(set->current, &cursor, NULL));)
                if (strcmp(other->name, playbook->name) != 0 && !other->adds && other->priority == playbook->priority &&
                    whens_overlap(&other->when, &playbook->when))
                        return other;
        return NULL;
}

static void set_current(PlaybookSet *set, Playbook *playbook) {
        if (!map_set(set->current, playbook->name, playbook))
                abort();
}

/* The others that add; one of the same name is replaced. */
static size_t count_adding(const PlaybookSet *set, const Playbook *playbook) {
        size_t cursor = 0, n = 0;
        for (const Playbook *other; (other = map_next(set->current, &cursor, NULL));)
                n += other->adds && strcmp(other->name, playbook->name) != 0;
        return n;
}

Code playbook_set_check(const PlaybookSet *set, const Playbook *playbook, char *ret_detail, size_t n_detail) {
        const Playbook *overlap = playbook->adds ? NULL : find_overlap(set, playbook);
        Check check;
        check_init(&check, ret_detail, n_detail);
        if (playbook->adds && count_adding(set, playbook) >= ADDS_MAX) {
                check_fail(&check, "adds 预案至多32个", "at most 32 playbooks that add");
                return CODE_LIMIT;
        }
        if (!overlap)
                return CODE_NONE;
        check_fail_word(&check, "同一优先级上与其重叠：", "overlaps at the same priority with", overlap->name);
        return CODE_CONFLICT;
}

Code playbook_set_add(PlaybookSet *set, Playbook *playbook, bool current, char *ret_detail, size_t n_detail) {
        assert(playbook->hash[0] != '\0');
        Code code = current ? playbook_set_check(set, playbook, ret_detail, n_detail) : CODE_NONE;
        if (code != CODE_NONE)
                return code;
        Playbook *known = map_find(set->by_hash, playbook->hash);
        if (known) {
                playbook_free(playbook);
                playbook = known;
        } else if (!map_set(set->by_hash, playbook->hash, playbook)) {
                abort();
        }
        if (current)
                set_current(set, playbook);
        return CODE_NONE;
}

const Playbook *playbook_set_find(const PlaybookSet *set, const char *hash) { return map_find(set->by_hash, hash); }
const Playbook *playbook_set_current(const PlaybookSet *set, const char *name) { return map_find(set->current, name); }
const Playbook *playbook_set_next(const PlaybookSet *set, size_t *cursor) { return map_next(set->current, cursor, NULL); }

void playbook_set_forget(PlaybookSet *set, const char *hash, const char *previous_hash) {
        Playbook *playbook = map_find(set->by_hash, hash);
        assert(playbook);
        Playbook *previous = previous_hash && previous_hash[0] ? map_find(set->by_hash, previous_hash) : NULL;
        if (previous)
                set_current(set, previous);
        else
                map_remove(set->current, playbook->name);
        map_remove(set->by_hash, hash);
        playbook_free(playbook);
}

static bool name_matches(const When *when, Trigger trigger, const char *name) {
        if (when->trigger != trigger)
                return false;
        if (!when->names)
                return true;
        cJSON value = {.type = cJSON_String, .valuestring = (char *)name};
        return name && condition_holds(when->names, &value);
}

bool playbook_fits_form(Check *check, const Playbook *playbook, const char *kind, const cJSON *form) {
        const cJSON *condition;
        if (!form || !name_matches(&playbook->when, TRIGGER_REPORT, kind))
                return true;
        cJSON_ArrayForEach(condition, playbook->when.fields) {
                const cJSON *field = cJSON_GetObjectItemCaseSensitive(form, condition->string);
                size_t mark = check_enter(check, condition->string);
                if (!field)
                        return check_fail_word(check, "表单没有这个字段，预案却要它：", "the form has no such field, which is asked for by playbook", playbook->name);
                if (!condition_fits_field(check, condition, field))
                        return false;
                check_leave(check, mark);
        }
        return true;
}

static bool when_matches(const When *when, Trigger trigger, const char *name, Severity severity, const cJSON *fields) {
        if (!name_matches(when, trigger, name) || !(when->severities & (1u << severity)))
                return false;
        const cJSON *condition;
        cJSON_ArrayForEach(condition, when->fields)
                if (!condition_holds(condition, cJSON_GetObjectItemCaseSensitive(fields, condition->string)))
                        return false;
        return true;
}

const Playbook *playbook_set_match(const PlaybookSet *set, Trigger trigger, const char *name, Severity severity, const cJSON *fields) {
        const Playbook *best = NULL;
        size_t cursor = 0;
        for (const Playbook *playbook; (playbook = map_next(set->current, &cursor, NULL));)
                if (!playbook->adds && (!best || playbook->priority > best->priority) && when_matches(&playbook->when, trigger, name, severity, fields))
                        best = playbook;
        return best ? best : playbook_builtin(trigger);
}

bool playbook_set_names(const PlaybookSet *set, Trigger trigger, const char *name) {
        size_t cursor = 0;
        for (const Playbook *playbook; (playbook = map_next(set->current, &cursor, NULL));)
                if (!playbook->adds && name_matches(&playbook->when, trigger, name))
                        return true;
        return false;
}

size_t playbook_set_adding(const PlaybookSet *set, Trigger trigger, const char *name, Severity severity, const cJSON *fields,
                           const Playbook *ret[static ADDS_MAX]) {
        size_t cursor = 0, n = 0;
        for (const Playbook *playbook; (playbook = map_next(set->current, &cursor, NULL));) {
                if (!playbook->adds || n == ADDS_MAX || !when_matches(&playbook->when, trigger, name, severity, fields))
                        continue;
                size_t at = n++;
                for (; at > 0 && strcmp(ret[at - 1]->name, playbook->name) > 0; at--)
                        ret[at] = ret[at - 1];
                ret[at] = playbook;
        }
        return n;
}
