/*
 * Index: lists of live objects by what they belong to (unit, origin, case, warning, bundle, …), each in order of birth. An object
 * remembers the keys that it stands under, packed, so that nothing is done when a change did not touch them.
 */
#include "engine/state/state_batch.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/json.h"
#include "proto/map.h"
#include "proto/text.h"

struct Index {
        const State *state; /* borrowed */
        Map *lists;  /* kind and key → ObjectList, owned */
        Text keys;   /* scratch */
};

Index *index_new(const State *state) {
        Index *index = calloc(1, sizeof *index);
        if (index == NULL || (index->lists = map_new()) == NULL)
                abort();
        index->state = state;
        return index;
}

static void list_free(ObjectList *list) {
        free(list->items);
        free(list);
}

Index *index_free(Index *index) {
        if (index == NULL)
                return NULL;
        size_t cursor = 0;
        for (ObjectList *list; (list = map_next(index->lists, &cursor, NULL)) != NULL;)
                list_free(list);
        map_free(index->lists);
        text_deinit(&index->keys);
        free(index);
        return NULL;
}

static bool keys_hold(const char *keys, const char *key) {
        for (; keys != NULL && *keys != '\0'; keys += strlen(keys) + 1)
                if (strcmp(keys, key) == 0)
                        return true;
        return false;
}

static void key_add(Text *keys, char kind, const char *key) {
        if (*key == '\0')
                return;
        for (const char *before = text_string(keys); before < text_string(keys) + keys->n; before += strlen(before) + 1)
                if (*before == kind && strcmp(before + 1, key) == 0)
                        return;
        text_append_char(keys, kind);
        text_append(keys, key, strlen(key) + 1);
}

/* Whose task it is: who is to do it or, when nobody was named, has taken it on; who did it. */
static void task_member_keys(const Task *task, Text *keys) {
        const cJSON *member;
        const char *doer = json_string(task->body, "completed_by");
        if (doer != NULL)
                key_add(keys, 'm', doer);
        if (task_state_is_terminal(task->state))
                return;
        key_add(keys, 'm', task->assignee);
        if (*task->assignee != '\0')
                return;
        cJSON_ArrayForEach(member, json_array(task->body, "accepted"))
                if (cJSON_IsString(member))
                        key_add(keys, 'm', member->valuestring);
}

static void task_keys(const Task *task, Text *keys) {
        key_add(keys, 'u', task->unit);
        const cJSON *part;
        cJSON_ArrayForEach(part, json_array(task->body, "participants")) {
                const char *unit = json_string(part, "unit");
                if (unit != NULL && strcmp(unit, task->unit) != 0)
                        key_add(keys, 'u', unit);
        }
        const char *offered = json_string(json_object(task->body, "transfer"), "to");
        if (offered != NULL)
                key_add(keys, 'u', offered);
        key_add(keys, 'o', task->origin_id);
        key_add(keys, 'c', task->case_id);
        key_add(keys, 'd', task->dedup);
        task_member_keys(task, keys);
        cJSON_ArrayForEach(part, json_array(task->body, "devices"))
                key_add(keys, 'v', part->valuestring);
}

static void escalation_keys(const State *state, const Escalation *escalation, Text *keys) {
        key_add(keys, 't', escalation->task);
        key_add(keys, 'e', escalation->to);
        const Task *task = state_task(state, escalation->task);
        char bundle[TARGET_MAX + NAME_MAX_GRID + 2];
        snprintf(bundle, sizeof bundle, "%s %s", task == NULL ? "" : task->origin_id, escalation->to);
        key_add(keys, 'b', bundle);
}

static void round_keys(const Round *round, Text *keys) {
        char target[NAME_MAX_GRID + MEMBER_MAX + 2];
        snprintf(target, sizeof target, "%s %s", round->duty, *round->member ? round->member : *round->place ? round->place : round->unit);
        key_add(keys, 'R', round->duty);
        key_add(keys, 'U', round->unit);
        key_add(keys, 'M', round->member);
        key_add(keys, 'T', target);
}

static void shift_keys(const Shift *shift, Text *keys) {
        const cJSON *member;
        key_add(keys, 'H', shift->roster);
        key_add(keys, 'S', shift->unit);
        cJSON_ArrayForEach(member, shift->members)
                key_add(keys, 'P', member->valuestring);
}

/* The keys that an object ought to stand under, packed and ended by an empty one. */
static void object_keys(const State *state, const Object *object, Text *keys) {
        const void *any = object;
        switch (object->kind) {
        case OBJECT_WARNING: {
                const cJSON *item;
                cJSON_ArrayForEach(item, ((const Warning *)any)->identifiers)
                        if (cJSON_IsString(item))
                                key_add(keys, 'i', item->valuestring);
                if (((const Warning *)any)->state == WARNING_ACTIVE)
                        key_add(keys, 'D', ((const Warning *)any)->dedup);
                break;
        }
        case OBJECT_NOTICE:
                key_add(keys, 'w', ((const Notice *)any)->warning);
                key_add(keys, 'n', ((const Notice *)any)->unit);
                break;
        case OBJECT_TASK:
                task_keys(any, keys);
                break;
        case OBJECT_ESCALATION:
                escalation_keys(state, any, keys);
                break;
        case OBJECT_CONTACT:
                key_add(keys, 'k', ((const Contact *)any)->owner);
                break;
        case OBJECT_HOLDER:
                key_add(keys, 'h', ((const Holder *)any)->member);
                break;
        case OBJECT_REDEMPTION:
                key_add(keys, 'r', ((const Redemption *)any)->card);
                break;
        case OBJECT_ROUND:
                round_keys(any, keys);
                break;
        case OBJECT_SHIFT:
                shift_keys(any, keys);
                break;
        case OBJECT_DUTY:
        case OBJECT_REPORT:
        case OBJECT_CASE:
        case OBJECT_DEVICE:
        case OBJECT_KIND_COUNT:
                break;
        }
        text_append_char(keys, '\0');
}

static size_t keys_length(const char *keys) {
        size_t n = 0;
        while (keys[n] != '\0')
                n += strlen(keys + n) + 1;
        return n + 1;
}

static void list_insert(ObjectList *list, Object *object) {
        if (list->n == list->capacity) {
                list->capacity = list->capacity == 0 ? 4 : list->capacity * 2;
                list->items = realloc(list->items, list->capacity * sizeof(Object *));
                if (list->items == NULL)
                        abort();
        }
        size_t at = list->n++;
        for (; at > 0 && list->items[at - 1]->born > object->born; at--)
                list->items[at] = list->items[at - 1];
        list->items[at] = object;
}

static void index_add(Index *index, const char *key, Object *object) {
        ObjectList *list = map_find(index->lists, key);
        if (list == NULL) {
                list = calloc(1, sizeof *list);
                if (list == NULL || !map_set(index->lists, key, list))
                        abort();
        }
        list_insert(list, object);
}

static void index_remove(Index *index, const char *key, const Object *object) {
        ObjectList *list = map_find(index->lists, key);
        assert(list != NULL);
        size_t at = 0;
        while (list->items[at] != object)
                at++;
        list->n--;
        memmove(&list->items[at], &list->items[at + 1], (list->n - at) * sizeof(Object *));
        if (list->n == 0) {
                map_remove(index->lists, key);
                list_free(list);
        }
}

void index_update(Index *index, Object *object, bool remove) {
        /* A warning that is looked up must be found by the identifiers of its chain, or they could be used again. */
        bool found = object->live || (object->visiting && object->kind == OBJECT_WARNING);
        text_reset(&index->keys);
        if (found && !remove)
                object_keys(index->state, object, &index->keys);
        else
                text_append_char(&index->keys, '\0');
        const char *now = text_string(&index->keys);
        size_t n = index->keys.n;
        if (object->keys != NULL && keys_length(object->keys) == n && memcmp(object->keys, now, n) == 0)
                return;
        for (const char *key = object->keys; key != NULL && *key != '\0'; key += strlen(key) + 1)
                if (!keys_hold(now, key))
                        index_remove(index, key, object);
        for (const char *key = now; *key != '\0'; key += strlen(key) + 1)
                if (!keys_hold(object->keys, key))
                        index_add(index, key, object);
        free(object->keys);
        object->keys = malloc(n);
        if (object->keys == NULL)
                abort();
        memcpy(object->keys, now, n);
}

const ObjectList *index_find(const Index *index, char kind, const char *key) {
        char packed[256];
        size_t n = strlen(key);
        if (n + 2 > sizeof packed)
                return NULL;
        packed[0] = kind;
        memcpy(packed + 1, key, n + 1);
        return map_find(index->lists, packed);
}
