/*
 * Map: see map.h. Entries stand in an array in order of insertion; an open-addressed index of entry numbers finds them. A removed
 * entry leaves a hole, and holes are closed when the index is rebuilt, which only an insertion does: so a cursor stays good while
 * entries are removed. Keys are hashed by SipHash with a random key for each map.
 */
#include "proto/map.h"

#include <assert.h>
#include <sodium.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define MAP_SLOT_EMPTY 0u
#define MAP_SLOT_REMOVED UINT32_MAX
#define MAP_SLOTS_MIN 16u
#define MAP_ENTRIES_MAX ((size_t)1 << 30)

typedef struct MapEntry {
        char *key;     /* owned; NULL = hole */
        void *value;   /* borrowed */
        uint64_t hash;
} MapEntry;

struct Map {
        MapEntry *entries;
        size_t n_entries;  /* holes included */
        size_t capacity;
        size_t count;      /* holes excluded */
        uint32_t *slots;   /* entry number + 1, or one of the two marks above */
        size_t n_slots;    /* a power of two, or 0 before the first insertion */
        size_t n_filled;   /* slots that are not empty */
        unsigned char secret[crypto_shorthash_KEYBYTES];
};

static uint64_t map_hash(const Map *map, const char *key) {
        unsigned char bytes[crypto_shorthash_BYTES];
        uint64_t hash;

        (void)crypto_shorthash(bytes, (const unsigned char *)key, strlen(key), map->secret);
        memcpy(&hash, bytes, sizeof hash);
        return hash;
}

/* The slot that holds `key`, or NULL. */
static uint32_t *map_slot(const Map *map, const char *key, uint64_t hash) {
        if (!map->n_slots)
                return NULL;
        for (size_t at = hash & (map->n_slots - 1);; at = (at + 1) & (map->n_slots - 1)) {
                uint32_t *slot = &map->slots[at];
                if (*slot == MAP_SLOT_EMPTY)
                        return NULL;
                if (*slot == MAP_SLOT_REMOVED)
                        continue;
                const MapEntry *entry = &map->entries[*slot - 1];
                if (entry->hash == hash && strcmp(entry->key, key) == 0)
                        return slot;
        }
}

static void map_index(Map *map, size_t number) {
        size_t at = map->entries[number].hash & (map->n_slots - 1);
        while (map->slots[at] != MAP_SLOT_EMPTY)
                at = (at + 1) & (map->n_slots - 1);
        map->slots[at] = (uint32_t)number + 1;
        map->n_filled++;
}

/* Close the holes and build an index with room for one more entry. Returns false, with the map unchanged, without memory. */
static bool map_rebuild(Map *map) {
        size_t n_slots = MAP_SLOTS_MIN;
        while (n_slots < (map->count + 1) * 2)
                n_slots *= 2;
        uint32_t *slots = calloc(n_slots, sizeof *slots);
        if (!slots)
                return false;
        free(map->slots);
        map->slots = slots;
        map->n_slots = n_slots;
        map->n_filled = 0;
        size_t n_kept = 0;
        for (size_t i = 0; i < map->n_entries; i++) {
                if (!map->entries[i].key)
                        continue;
                map->entries[n_kept] = map->entries[i];
                map_index(map, n_kept++);
        }
        map->n_entries = n_kept;
        return true;
}

static bool map_grow_entries(Map *map) {
        size_t capacity = map->capacity ? map->capacity * 2 : 8;
        if (capacity > MAP_ENTRIES_MAX)
                return false;
        MapEntry *entries = realloc(map->entries, capacity * sizeof *entries);
        if (!entries)
                return false;
        map->entries = entries;
        map->capacity = capacity;
        return true;
}

Map *map_new(void) {
        Map *map = calloc(1, sizeof *map);
        if (map)
                randombytes_buf(map->secret, sizeof map->secret);
        return map;
}

Map *map_free(Map *map) {
        if (!map)
                return NULL;
        for (size_t i = 0; i < map->n_entries; i++)
                free(map->entries[i].key);
        free(map->entries);
        free(map->slots);
        free(map);
        return NULL;
}

size_t map_count(const Map *map) {
        return map->count;
}

void *map_find(const Map *map, const char *key) {
        const uint32_t *slot = map_slot(map, key, map_hash(map, key));
        return slot ? map->entries[*slot - 1].value : NULL;
}

bool map_set(Map *map, const char *key, void *value) {
        assert(value);
        uint64_t hash = map_hash(map, key);
        const uint32_t *slot = map_slot(map, key, hash);
        if (slot) {
                map->entries[*slot - 1].value = value;
                return true;
        }
        char *copy = strdup(key);
        if (!copy)
                return false;
        bool crowded = (map->n_filled + 1) * 4 > map->n_slots * 3;
        bool full = map->n_entries == map->capacity;
        if ((crowded || (full && map->count < map->n_entries / 2)) && !map_rebuild(map)) {
                free(copy);
                return false;
        }
        if (map->n_entries == map->capacity && !map_grow_entries(map)) {
                free(copy);
                return false;
        }
        map->entries[map->n_entries] = (MapEntry){.key = copy, .value = value, .hash = hash};
        map_index(map, map->n_entries++);
        map->count++;
        return true;
}

void *map_remove(Map *map, const char *key) {
        uint32_t *slot = map_slot(map, key, map_hash(map, key));
        if (!slot)
                return NULL;
        MapEntry *entry = &map->entries[*slot - 1];
        void *value = entry->value;
        free(entry->key);
        *entry = (MapEntry){0};
        *slot = MAP_SLOT_REMOVED;
        map->count--;
        return value;
}

void *map_next(const Map *map, size_t *cursor, const char **ret_key) {
        while (*cursor < map->n_entries) {
                const MapEntry *entry = &map->entries[(*cursor)++];
                if (!entry->key)
                        continue;
                if (ret_key)
                        *ret_key = entry->key;
                return entry->value;
        }
        return NULL;
}
