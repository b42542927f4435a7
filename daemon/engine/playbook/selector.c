/*
 * Selectors: who gets a step's work, evaluated over an organisation. A list of selectors is an order of preference: the first one
 * that yields a unit decides. Deterministic: the organisation's order, links in their own.
 */
#include "engine/playbook/playbook_internal.h"

#include <stdlib.h>
#include <string.h>

#include "proto/json.h"

typedef struct Units { const Unit **items; size_t n, capacity; } Units;

static bool units_contain(const Unit *const *items, size_t n, const Unit *unit) {
        for (size_t i = 0; i < n; i++)
                if (strcmp(items[i]->id, unit->id) == 0)
                        return true;
        return false;
}

static void units_add(Units *units, const Unit *unit) {
        if (!unit || units_contain(units->items, units->n, unit))
                return;
        if (units->n == units->capacity) {
                units->capacity = units->capacity * 2 + 8;
                const Unit **items = realloc(units->items, units->capacity * sizeof *items);
                if (!items)
                        abort();
                units->items = items;
        }
        units->items[units->n++] = unit;
}

/* Where "parent", "tier" and "link" look from. */
static const Unit *reference_of(const SelectorContext *context) { return context->current ? context->current : context->origin; }

/* ---- one way to choose each ---- */

static bool passes(const Unit *unit, const cJSON *filter) {
        const char *tag = json_string(filter, "tag"), *type = json_string(filter, "type");
        int64_t tier = json_int(filter, "tier", 0);
        return (tier == 0 || unit->tier == tier) && (!tag || unit_has_tag(unit, tag)) && (!type || strcmp(unit->type, type) == 0);
}

static void select_addressed(const cJSON *filter, const SelectorContext *context, Units *ret) {
        for (size_t i = 0; i < context->n_addressed; i++)
                if (!cJSON_IsObject(filter) || passes(context->addressed[i], filter))
                        units_add(ret, context->addressed[i]);
}

/* Upwards (or level): the highest unit of that tier on the line above. Downwards: every unit of that tier below. */
static void select_tier(int64_t tier, const SelectorContext *context, Units *ret) {
        const Unit *from = reference_of(context), *found = NULL;
        if (!from)
                return;
        if (tier <= from->tier) {
                for (const Unit *unit = from; unit; unit = unit->parent)
                        if (unit->tier == tier)
                                found = unit;
                units_add(ret, found);
                return;
        }
        size_t cursor = 0;
        for (const Unit *unit; (unit = organisation_next_unit(context->organisation, &cursor));)
                if (unit->tier == tier && unit_is_below(unit, from))
                        units_add(ret, unit);
}

static void select_tag(const cJSON *selector, const SelectorContext *context, Units *ret) {
        size_t cursor = 0;
        for (const Unit *unit; (unit = organisation_next_unit(context->organisation, &cursor));)
                if (passes(unit, selector))
                        units_add(ret, unit);
}

static void follow_links(const cJSON *links, const char *type, const SelectorContext *context, Units *ret) {
        size_t n = strlen(type);
        const cJSON *link, *id;
        cJSON_ArrayForEach(link, links) {
                const char *name = json_string(link, "type");
                if (strncmp(name, type, n) != 0 || (name[n] != '\0' && name[n] != '.'))
                        continue;
                const cJSON *to = json_array(link, "to");
                cJSON_ArrayForEach(id, to)
                        units_add(ret, organisation_unit(context->organisation, id->valuestring));
        }
}

/* A unit's links, or else those of the nearest unit above that has such links. */
static void follow_unit(const Unit *unit, const char *type, const SelectorContext *context, Units *ret) {
        size_t before = ret->n;
        for (; unit && ret->n == before; unit = unit->parent)
                follow_links(unit->links, type, context, ret);
}

/*
 * Links of the place, of the unit that asks, of the units that worked on the case before (latest first), of the origin. Without
 * `all`, the first of these that has such a link decides.
 */
static void select_link(const char *type, bool all, const SelectorContext *context, Units *ret) {
        const Place *place = context->place ? organisation_place(context->organisation, context->place) : NULL;
        if (place)
                follow_links(place->links, type, context, ret);
        if (context->current && (all || ret->n == 0))
                follow_unit(context->current, type, context, ret);
        for (size_t i = 0; i < context->n_same && (all || ret->n == 0); i++)
                follow_unit(context->same[i], type, context, ret);
        if (context->origin && (all || ret->n == 0))
                follow_unit(context->origin, type, context, ret);
}

static void select_all(const cJSON *selector, const SelectorContext *context, Units *ret) {
        const cJSON *addressed = cJSON_GetObjectItemCaseSensitive(selector, "addressed");
        const char *link = json_string(selector, "link"), *unit = json_string(selector, "unit");
        int64_t same = json_int(selector, "same", 0), parent = json_int(selector, "parent", 0);
        if (addressed)
                select_addressed(addressed, context, ret);
        else if (json_has(selector, "origin"))
                units_add(ret, context->origin);
        else if (same > 0)
                units_add(ret, (size_t)same <= context->n_same ? context->same[same - 1] : NULL);
        else if (parent > 0)
                units_add(ret, reference_of(context) ? unit_above(reference_of(context), (unsigned)parent) : NULL);
        else if (link)
                select_link(link, json_has(selector, "next"), context, ret);
        else if (unit)
                units_add(ret, organisation_unit(context->organisation, unit));
        else if (json_has(selector, "tag"))
                select_tag(selector, context, ret);
        else
                select_tier(json_int(selector, "tier", 0), context, ret);
}

static bool is_on_duty(const SelectorContext *context, const Unit *unit) {
        return context->is_on_duty ? context->is_on_duty(context->state, unit, context->roles, context->n_roles, context->at)
                                   : unit_is_manned(context->organisation, unit, context->roles, context->n_roles, context->at);
}

/* `on_duty` keeps units with somebody in a fitting seat now; `next` the first one that had no task of this case yet. */
static void narrow(const cJSON *selector, const SelectorContext *context, Units *units) {
        bool on_duty = json_has(selector, "on_duty"), next = json_has(selector, "next");
        size_t n = 0;
        for (size_t i = 0; i < units->n; i++) {
                const Unit *unit = units->items[i];
                if (on_duty && !is_on_duty(context, unit))
                        continue;
                if (next && (n > 0 || units_contain(context->same, context->n_same, unit) ||
                             (context->current && strcmp(context->current->id, unit->id) == 0)))
                        continue;
                units->items[n++] = unit;
        }
        units->n = n;
}

const Unit **selector_units(const cJSON *selectors, const SelectorContext *context, size_t *ret_n) {
        Units units = {0};
        const cJSON *selector;
        cJSON_ArrayForEach(selector, selectors) {
                select_all(selector, context, &units);
                narrow(selector, context, &units);
                if (units.n > 0) {
                        *ret_n = units.n;
                        return units.items;
                }
        }
        free(units.items);
        *ret_n = 0;
        return NULL;
}

const Place **selector_places(const cJSON *places, const SelectorContext *context, size_t *ret_n) {
        const char *kind = json_string(places, "kind"), *tag = json_string(places, "tag");
        const Place **list = NULL;
        size_t n = 0, cursor = 0;
        for (const Place *place; (place = organisation_next_place(context->organisation, &cursor));) {
                if (strcmp(place->kind, kind) != 0 || (tag && !unit_has_tag(place->unit, tag)) ||
                    (context->origin && !unit_is_below(place->unit, context->origin)))
                        continue;
                const Place **grown = realloc(list, (n + 1) * sizeof *grown);
                if (!grown)
                        abort();
                list = grown;
                list[n++] = place;
        }
        *ret_n = n;
        return list;
}
