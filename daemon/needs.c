/*
 * Needs. A burst of one member's messages, or of many members' on one task, asks for the same rows again and again; a row that does
 * not exist must not be asked for in every round.
 */
#include "needs.h"

#include <stdio.h>
#include <stdlib.h>

void needs_start(Needs *needs) {
        map_free(needs->asked);
        needs->asked = map_new();
        if (!needs->asked)
                abort();
        needs->n = 0;
}

void needs_next(Needs *needs) { needs->n = 0; }

static void needs_add(Needs *needs, const EngineNeed *need) {
        char key[512];

        snprintf(key, sizeof key, "%d\x1f%s\x1f%s\x1f%s", (int)need->table, need->key[0] ? need->key[0] : "",
                 need->key[1] ? need->key[1] : "", need->key[2] ? need->key[2] : "");
        if (map_find(needs->asked, key))
                return;
        if (!map_set(needs->asked, key, needs))
                abort();
        if (needs->n == needs->capacity) {
                needs->capacity = needs->capacity ? needs->capacity * 2 : 64;
                needs->items = realloc(needs->items, needs->capacity * sizeof *needs->items);
                if (!needs->items)
                        abort();
        }
        needs->items[needs->n++] = *need;
}

void needs_collect(Needs *needs, Engine *engine, const Command *command) {
        EngineNeed found[ENGINE_NEEDS_MAX];
        size_t n = engine_needs(engine, command, found);

        for (size_t i = 0; i < n; i++)
                needs_add(needs, &found[i]);
}

void needs_deinit(Needs *needs) {
        map_free(needs->asked);
        free(needs->items);
        *needs = (Needs){0};
}
