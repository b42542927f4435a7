/*
 * Map: strings to pointers, hashed with a secret key (hostile keys cannot make it slow). Iteration is in order of insertion, never
 * in order of hashes (invariant I11). The map copies its keys and does not own its values.
 */
#ifndef POLICEGRID_PROTO_MAP_H
#define POLICEGRID_PROTO_MAP_H

#include <stdbool.h>
#include <stddef.h>

typedef struct Map Map;

/* Returns NULL when memory is exhausted. */
Map *map_new(void);
/* Frees the map and its keys, not the values. NULL is allowed. */
Map *map_free(Map *map);
size_t map_count(const Map *map);
/* Returns the value or NULL. */
void *map_find(const Map *map, const char *key);
/* Inserts or replaces. Returns false when memory is exhausted (map unchanged). `value` must not be NULL. */
bool map_set(Map *map, const char *key, void *value);
/* Removes and returns the value, NULL when there was none. */
void *map_remove(Map *map, const char *key);
/*
 * Iterate in order of insertion: start with *cursor = 0; returns the next value or NULL at the end. Removing the entry just
 * returned is allowed, inserting while iterating is not.
 */
void *map_next(const Map *map, size_t *cursor, const char **ret_key);

#endif
