/*
 * JSON from outside: checked strictly before cJSON sees it (cJSON 1.7 accepts invalid UTF-8, duplicate keys, trailing bytes and
 * unbounded depth), and small helpers to read checked objects.
 */
#ifndef POLICEGRID_PROTO_JSON_H
#define POLICEGRID_PROTO_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cjson/cJSON.h>

#include "proto/code.h"
#include "proto/text.h"

#define JSON_BYTES_MAX ((size_t)64 << 10)
#define JSON_DEPTH_MAX 16
#define JSON_VALUES_MAX 20000

/*
 * One JSON object (RFC 8259), UTF-8, no `\u0000`, no lone surrogates, no duplicate keys in one object, depth ≤ JSON_DEPTH_MAX,
 * numbers finite and integers within ±2^53, nothing after it. `bytes_max` bounds the size. Returns CODE_NONE and a tree that the
 * caller owns (cJSON_Delete), or the code.
 */
Code json_parse_object(const char *data, size_t n_data, size_t bytes_max, cJSON **ret);
/*
 * From text that was refused: the plain string (no escapes) of the one top-level member `name`, so that a rejection can still name
 * the message's id. Copied into ret[size] and NUL-terminated; returns its length, 0 when there is none that can be relied on.
 */
size_t json_salvage_string(const char *data, size_t n_data, const char *name, char *ret, size_t size);

/* NULL when absent or not a string. Valid as long as the object. */
const char *json_string(const cJSON *object, const char *name);
/* `fallback` when absent or not a whole number. */
int64_t json_int(const cJSON *object, const char *name, int64_t fallback);
bool json_bool(const cJSON *object, const char *name, bool fallback);
/* NULL when absent or of another type. */
cJSON *json_object(const cJSON *object, const char *name);
cJSON *json_array(const cJSON *object, const char *name);
/* Whether the member exists and is not null. */
bool json_has(const cJSON *object, const char *name);
bool json_is_whole(const cJSON *item);
/* Add helpers: no-ops for NULL strings and TIMESTAMP_NONE. cJSON allocation failure aborts: see json.c. */
void json_add_string(cJSON *object, const char *name, const char *value);
void json_add_int(cJSON *object, const char *name, int64_t value);
/* RFC 3339 at that offset (minutes); nothing for TIMESTAMP_NONE. */
void json_add_time(cJSON *object, const char *name, int64_t ms, int offset_minutes);
/* Unformatted text, whole numbers exact, caller frees with free(). Never NULL. */
char *json_print(const cJSON *item);
/* The same, appended. */
void json_append(Text *text, const cJSON *item);

static inline void json_free_cleanup(cJSON **item) { cJSON_Delete(*item); }
#define _cleanup_json_ __attribute__((cleanup(json_free_cleanup)))

#endif
