#include "engine/state/state.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/catalogue/catalogue.h"
#include "engine/state/field.h"
#include "engine/organisation/organisation.h"
#include "engine/state/state_batch.h"
#include "engine/state/state_private.h"
#include "proto/json.h"
#include "proto/map.h"

/* ---- life ---- */
State *state_new(const char *area) {
        State *state = calloc(1, sizeof *state);
        if (state == NULL)
                abort();
        snprintf(state->area, sizeof state->area, "%s", area);
        for (int kind = 0; kind < OBJECT_KIND_COUNT; kind++)
                state->objects[kind] = map_new();
        state->briefs = map_new();
        state->playbooks = playbook_set_new();
        state->catalogue = catalogue_new_empty();
        state->index = index_new(state);
        state->heap = heap_new();
        return state;
}

void undo_release(const Undo *undo) {
        if (undo->object != NULL && undo->copy != NULL)
                object_discard(undo->copy);
        else if (undo->object == NULL && undo->release != NULL)
                undo->release(undo->data);
}

State *state_free(State *state) {
        if (state == NULL)
                return NULL;
        while (state->n_undo > 0)
                undo_release(&state->undo[--state->n_undo]);
        while (state->n_journal > 0)
                free(state->journal[--state->n_journal].packed);
        for (int kind = 0; kind < OBJECT_KIND_COUNT; kind++) {
                size_t cursor = 0;
                for (void *object; (object = map_next(state->objects[kind], &cursor, NULL)) != NULL;)
                        object_discard(object);
                map_free(state->objects[kind]);
        }
        map_free(state->briefs);
        index_free(state->index);
        heap_free(state->heap);
        playbook_set_free(state->playbooks);
        catalogue_free(state->catalogue);
        organisation_free(state->organisation);
        free(state->undo);
        free(state->changed);
        free(state->dirty);
        free(state->visitors);
        free(state->journal);
        free(state);
        return NULL;
}

const char *state_area(const State *state) { return state->area; }
const Organisation *state_organisation(const State *state) { return state->organisation; }
PlaybookSet *state_playbooks(const State *state) { return state->playbooks; }
const Catalogue *state_catalogue(const State *state) { return state->catalogue; }
uint64_t state_epoch(const State *state) { return state->epoch; }
void state_set_epoch(State *state, uint64_t epoch) { state->epoch = epoch; }
Area *state_counters(State *state) { return &state->counters; }

/* ---- briefs ---- */
Brief *brief_acquire(State *state, const char *text) {
        Brief *brief = map_find(state->briefs, text);
        if (brief != NULL)
                return brief_reference(brief);
        cJSON *json = cJSON_Parse(text);
        if (json == NULL)
                return NULL;
        brief = calloc(1, sizeof *brief);
        if (brief == NULL || (brief->text = strdup(text)) == NULL || !map_set(state->briefs, text, brief))
                abort();
        brief->home = state->briefs;
        brief->json = json;
        brief->n_references = 1;
        return brief;
}

Brief *brief_reference(Brief *brief) {
        brief->n_references++;
        return brief;
}

void brief_release(Brief *brief) {
        if (brief == NULL || --brief->n_references > 0)
                return;
        map_remove(brief->home, brief->text);
        free(brief->text);
        cJSON_Delete(brief->json);
        free(brief);
}

static const char *brief_word(const Task *task, const char *name) {
        const char *word = task->brief == NULL ? NULL : json_string(task->brief->json, name);
        return word == NULL ? "" : word;
}

const char *task_title_zh(const Task *task) { return brief_word(task, "title"); }
const char *task_title_en(const Task *task) { return brief_word(task, "title_en"); }
const char *task_instruction(const Task *task) { return brief_word(task, "instruction"); }

/* ---- keys ---- */
const char *object_id(const Object *object) {
        const void *any = object;
        switch (object->kind) {
        case OBJECT_WARNING: return ((const Warning *)any)->id;
        case OBJECT_NOTICE: return ((const Notice *)any)->warning;
        case OBJECT_REPORT: return ((const Report *)any)->id;
        case OBJECT_CASE: return ((const WorkCase *)any)->id;
        case OBJECT_TASK: return ((const Task *)any)->id;
        case OBJECT_ESCALATION: return ((const Escalation *)any)->id;
        case OBJECT_DEVICE: return ((const DeviceStatus *)any)->id;
        case OBJECT_HOLDER: return ((const Holder *)any)->card;
        case OBJECT_REDEMPTION: return ((const Redemption *)any)->id;
        case OBJECT_DUTY: return ((const Duty *)any)->name;
        case OBJECT_ROUND: return ((const Round *)any)->id;
        case OBJECT_SHIFT: return ((const Shift *)any)->id;
        case OBJECT_CONTACT: return ((const Contact *)any)->id;
        case OBJECT_KIND_COUNT: break;
        }
        abort();
}

static void notice_key(const char *warning, const char *unit, char ret[static OBJECT_KEY_MAX]) {
        snprintf(ret, OBJECT_KEY_MAX, "%s %s", warning, unit);
}

void object_key(const Object *object, char ret[static OBJECT_KEY_MAX]) {
        const void *any = object;
        if (object->kind == OBJECT_NOTICE)
                notice_key(((const Notice *)any)->warning, ((const Notice *)any)->unit, ret);
        else
                strcpy(ret, object_id(object));
}

/* ---- finding ---- */
Warning *state_warning(const State *state, const char *id) { return map_find(state->objects[OBJECT_WARNING], id); }
Report *state_report(const State *state, const char *id) { return map_find(state->objects[OBJECT_REPORT], id); }
WorkCase *state_case(const State *state, const char *id) { return map_find(state->objects[OBJECT_CASE], id); }
Task *state_task(const State *state, const char *id) { return map_find(state->objects[OBJECT_TASK], id); }
Escalation *state_escalation(const State *state, const char *id) { return map_find(state->objects[OBJECT_ESCALATION], id); }
DeviceStatus *state_device(const State *state, const char *id) { return map_find(state->objects[OBJECT_DEVICE], id); }
Holder *state_holder(const State *state, const char *card) { return map_find(state->objects[OBJECT_HOLDER], card); }
Redemption *state_redemption(const State *state, const char *id) { return map_find(state->objects[OBJECT_REDEMPTION], id); }
Duty *state_duty(const State *state, const char *name) { return map_find(state->objects[OBJECT_DUTY], name); }
Round *state_round(const State *state, const char *id) { return map_find(state->objects[OBJECT_ROUND], id); }
Shift *state_shift(const State *state, const char *id) { return map_find(state->objects[OBJECT_SHIFT], id); }
Contact *state_contact(const State *state, const char *id) { return map_find(state->objects[OBJECT_CONTACT], id); }

Notice *state_notice(const State *state, const char *warning, const char *unit) {
        char key[OBJECT_KEY_MAX];
        notice_key(warning, unit, key);
        return map_find(state->objects[OBJECT_NOTICE], key);
}

static void *list_first(const State *state, char kind, const char *key) {
        const ObjectList *list = index_find(state->index, kind, key);
        return list == NULL ? NULL : list->items[0];
}

Warning *state_warning_by_identifier(const State *state, const char *identifier) { return list_first(state, 'i', identifier); }
Holder *state_holder_of_member(const State *state, const char *member) { return *member == '\0' ? NULL : list_first(state, 'h', member); }
Contact *state_contact_of(const State *state, const char *owner) { return list_first(state, 'k', owner); }
Task *state_task_by_dedup(const State *state, const char *key) { return *key == '\0' ? NULL : list_first(state, 'd', key); }

Warning *state_warning_by_dedup(const State *state, const char *key) { return *key == '\0' ? NULL : list_first(state, 'D', key); }

static size_t list_items(const State *state, char kind, const char *key, void *ret_items) {
        const ObjectList *list = index_find(state->index, kind, key);
        void *items = list == NULL ? NULL : list->items;
        memcpy(ret_items, &items, sizeof items);
        return list == NULL ? 0 : list->n;
}

size_t state_tasks_of_unit(const State *state, const char *unit, Task *const **ret) { return list_items(state, 'u', unit, ret); }
size_t state_tasks_of_origin(const State *state, const char *origin_id, Task *const **ret) {
        return list_items(state, 'o', origin_id, ret);
}
size_t state_tasks_of_member(const State *state, const char *member, Task *const **ret) { return list_items(state, 'm', member, ret); }
size_t state_tasks_of_device(const State *state, const char *device, Task *const **ret) { return list_items(state, 'v', device, ret); }
size_t state_tasks_of_case(const State *state, const char *case_id, Task *const **ret) { return list_items(state, 'c', case_id, ret); }
size_t state_notices_of_warning(const State *state, const char *warning, Notice *const **ret) {
        return list_items(state, 'w', warning, ret);
}
size_t state_notices_of_unit(const State *state, const char *unit, Notice *const **ret) { return list_items(state, 'n', unit, ret); }
size_t state_escalations_to(const State *state, const char *unit, Escalation *const **ret) {
        return list_items(state, 'e', unit, ret);
}
size_t state_escalations_of_task(const State *state, const char *task, Escalation *const **ret) {
        return list_items(state, 't', task, ret);
}
size_t state_escalations_of_bundle(const State *state, const char *origin_id, const char *to, Escalation *const **ret) {
        char key[TARGET_MAX + NAME_MAX_GRID + 2];
        snprintf(key, sizeof key, "%s %s", origin_id, to);
        return list_items(state, 'b', key, ret);
}

size_t state_redemptions_of_card(const State *state, const char *card, Redemption *const **ret) {
        return list_items(state, 'r', card, ret);
}

size_t state_rounds_of_duty(const State *state, const char *duty, Round *const **ret) { return list_items(state, 'R', duty, ret); }
size_t state_rounds_of_unit(const State *state, const char *unit, Round *const **ret) { return list_items(state, 'U', unit, ret); }
size_t state_rounds_of_member(const State *state, const char *member, Round *const **ret) { return list_items(state, 'M', member, ret); }
size_t state_shifts_of_roster(const State *state, const char *roster, Shift *const **ret) { return list_items(state, 'H', roster, ret); }
size_t state_shifts_of_unit(const State *state, const char *unit, Shift *const **ret) { return list_items(state, 'S', unit, ret); }
size_t state_shifts_of_member(const State *state, const char *member, Shift *const **ret) { return list_items(state, 'P', member, ret); }
size_t state_rounds_of_target(const State *state, const char *duty, const char *target, Round *const **ret) {
        char key[NAME_MAX_GRID + MEMBER_MAX + 2];
        snprintf(key, sizeof key, "%s %s", duty, target);
        return list_items(state, 'T', key, ret);
}

static void *next_live(const State *state, ObjectKind kind, size_t *cursor) {
        Object *object;
        while ((object = map_next(state->objects[kind], cursor, NULL)) != NULL && !object->live)
                continue;
        return object;
}

Warning *state_next_warning(const State *state, size_t *cursor) { return next_live(state, OBJECT_WARNING, cursor); }
Notice *state_next_notice(const State *state, size_t *cursor) { return next_live(state, OBJECT_NOTICE, cursor); }
Report *state_next_report(const State *state, size_t *cursor) { return next_live(state, OBJECT_REPORT, cursor); }
Task *state_next_task(const State *state, size_t *cursor) { return next_live(state, OBJECT_TASK, cursor); }
Escalation *state_next_escalation(const State *state, size_t *cursor) { return next_live(state, OBJECT_ESCALATION, cursor); }
DeviceStatus *state_next_device(const State *state, size_t *cursor) { return next_live(state, OBJECT_DEVICE, cursor); }
Holder *state_next_holder(const State *state, size_t *cursor) { return next_live(state, OBJECT_HOLDER, cursor); }
Redemption *state_next_redemption(const State *state, size_t *cursor) { return next_live(state, OBJECT_REDEMPTION, cursor); }
Duty *state_next_duty(const State *state, size_t *cursor) { return next_live(state, OBJECT_DUTY, cursor); }
Round *state_next_round(const State *state, size_t *cursor) { return next_live(state, OBJECT_ROUND, cursor); }
Shift *state_next_shift(const State *state, size_t *cursor) { return next_live(state, OBJECT_SHIFT, cursor); }
Contact *state_next_contact(const State *state, size_t *cursor) { return next_live(state, OBJECT_CONTACT, cursor); }

/* ---- changing ---- */
static Undo *undo_add(State *state) {
        state->undo = state_grow(state->undo, state->n_undo, &state->undo_capacity, sizeof *state->undo);
        Undo *undo = &state->undo[state->n_undo++];
        *undo = (Undo){0};
        return undo;
}

void object_is_dirty(State *state, Object *object) {
        if (object->dirty)
                return;
        object->dirty = true;
        state->dirty = state_grow(state->dirty, state->n_dirty, &state->dirty_capacity, sizeof *state->dirty);
        state->dirty[state->n_dirty++] = object;
}

static void object_is_changed(State *state, Object *object, const Object *before) {
        if (object->listed)
                return;
        object->listed = true;
        state->changed = state_grow(state->changed, state->n_changed, &state->changed_capacity, sizeof *state->changed);
        state->changed[state->n_changed++] = (Changed){.object = object, .before = before};
}

void state_touch(State *state, void *any, uint64_t seq) {
        Object *object = any;
        if (object->undo == NULL) {
                Undo *undo = undo_add(state);
                undo->object = object;
                undo->copy = object_copy(object);
                object->undo = undo->copy;
                object_is_changed(state, object, undo->copy);
        }
        object->changed_seq = seq;
        object_is_dirty(state, object);
}

void *state_make(State *state, ObjectKind kind) {
        (void)state;
        const ObjectRule *rule = object_rule(kind);
        char *object = calloc(1, rule->size);
        if (object == NULL)
                abort();
        for (size_t i = 0; i < rule->n_fields; i++) {
                void *at = object + rule->fields[i].offset;
                if (rule->fields[i].type == FIELD_TIME)
                        *(int64_t *)at = TIMESTAMP_NONE;
                else if (rule->fields[i].type == FIELD_JSON)
                        *(cJSON **)at = cJSON_CreateObject();
        }
        ((Object *)(void *)object)->kind = kind;
        ((Object *)(void *)object)->live = true;
        return object;
}

void state_register(State *state, Object *object) {
        char key[OBJECT_KEY_MAX];
        object_key(object, key);
        assert(map_find(state->objects[object->kind], key) == NULL);
        if (!map_set(state->objects[object->kind], key, object))
                abort();
}

void state_insert(State *state, void *any, uint64_t seq) {
        Object *object = any;
        if (state->born_seq != seq) {
                state->born_seq = seq;
                state->born_n = 0;
        }
        object->born = seq << BORN_SHIFT | state->born_n++;
        assert(state->born_n >> BORN_SHIFT == 0);
        object->changed_seq = seq;
        state_register(state, object);
        Undo *undo = undo_add(state);
        undo->object = object;
        object->undo = object;
        object_is_changed(state, object, NULL);
        object_is_dirty(state, object);
}

void state_on_undo(State *state, void (*undo)(State *state, void *data), void (*release)(void *data), void *data) {
        Undo *entry = undo_add(state);
        entry->undo = undo;
        entry->release = release;
        entry->data = data;
}

/* ---- organisation ---- */
typedef struct Replaced { Organisation *other; } Replaced;

static void organisation_undo(State *state, void *data) {
        Replaced *replaced = data;
        Organisation *now = state->organisation;
        state->organisation = replaced->other;
        replaced->other = now;
        if (state->organisation == state->organisation_before)
                state->organisation_before = NULL;
}

static void organisation_release(void *data) {
        organisation_free(((Replaced *)data)->other);
        free(data);
}

void state_replace_organisation(State *state, Organisation *organisation) {
        Replaced *replaced = malloc(sizeof *replaced);
        if (replaced == NULL)
                abort();
        replaced->other = state->organisation;
        if (state->organisation_before == NULL)
                state->organisation_before = state->organisation;
        state->organisation = organisation;
        state_on_undo(state, organisation_undo, organisation_release, replaced);
}

void state_set_organisation(State *state, Organisation *organisation) {
        organisation_free(state->organisation);
        state->organisation = organisation;
}

const Organisation *state_organisation_before(const State *state) {
        return state->organisation_before == NULL ? state->organisation : state->organisation_before;
}

/* ---- catalogue ---- */
typedef struct ReplacedCatalogue { Catalogue *other; } ReplacedCatalogue;

static void catalogue_undo(State *state, void *data) {
        ReplacedCatalogue *replaced = data;
        Catalogue *now = state->catalogue;
        state->catalogue = replaced->other;
        replaced->other = now;
}

static void catalogue_release(void *data) {
        catalogue_free(((ReplacedCatalogue *)data)->other);
        free(data);
}

void state_replace_catalogue(State *state, Catalogue *catalogue) {
        ReplacedCatalogue *replaced = malloc(sizeof *replaced);
        if (replaced == NULL)
                abort();
        replaced->other = state->catalogue;
        state->catalogue = catalogue;
        state_on_undo(state, catalogue_undo, catalogue_release, replaced);
}

void state_set_catalogue(State *state, Catalogue *catalogue) {
        catalogue_free(state->catalogue);
        state->catalogue = catalogue;
}
