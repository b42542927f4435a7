/*
 * JSON: see json.h. A scanner of our own (json_scan.c) decides; only what it accepts is given to cJSON, whose decoded keys are then
 * compared for duplicates (so that "a" and "\u0061" are the same key). Printing is ours as well: cJSON prints whole numbers beyond
 * 10^15 with 15 digits. When memory is exhausted the helpers abort: the size of what comes from outside is bounded before.
 */
#include "proto/json.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "proto/json_scan.h"
#include "proto/text.h"
#include "proto/timestamp.h"

#define JSON_WHOLE_MAX ((double)(INT64_C(1) << 53))

static int key_compare(const void *a, const void *b) {
        return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool object_has_duplicate(const cJSON *object) {
        size_t n_keys = (size_t)cJSON_GetArraySize(object), i = 0;
        const cJSON *item;
        bool found = false;

        if (n_keys < 2)
                return false;
        const char **keys = malloc(n_keys * sizeof *keys);
        if (!keys)
                abort();
        cJSON_ArrayForEach(item, object)
                keys[i++] = item->string;
        qsort(keys, n_keys, sizeof *keys, key_compare);
        for (i = 1; i < n_keys && !found; i++)
                found = strcmp(keys[i - 1], keys[i]) == 0;
        free(keys);
        return found;
}

/* At any depth; the scanner has bounded it. */
static bool tree_has_duplicate(const cJSON *item) {
        const cJSON *child;

        if (cJSON_IsObject(item) && object_has_duplicate(item))
                return true;
        cJSON_ArrayForEach(child, item)
                if (tree_has_duplicate(child))
                        return true;
        return false;
}

Code json_parse_object(const char *data, size_t n_data, size_t bytes_max, cJSON **ret) {
        *ret = NULL;
        if (n_data > bytes_max)
                return CODE_TOO_LARGE;
        Code code = json_scan_object(data, n_data);
        if (code != CODE_NONE)
                return code;
        cJSON *tree = cJSON_ParseWithLength(data, n_data);
        if (!cJSON_IsObject(tree)) {
                cJSON_Delete(tree);
                return CODE_MALFORMED;
        }
        if (tree_has_duplicate(tree)) {
                cJSON_Delete(tree);
                return CODE_DUPLICATE_KEY;
        }
        *ret = tree;
        return CODE_NONE;
}

/* Past the string that starts at `at` (on its quote); `end` when it does not end. */
static size_t skip_string(const char *data, size_t n_data, size_t at) {
        for (at++; at < n_data && data[at] != '"'; at++)
                at += data[at] == '\\';
        return at < n_data ? at + 1 : n_data;
}

static size_t skip_space(const char *data, size_t n_data, size_t at) {
        while (at < n_data && memchr(" \t\n\r", data[at], 4))
                at++;
        return at;
}

size_t json_salvage_string(const char *data, size_t n_data, const char *name, char *ret, size_t size) {
        size_t n_name = strlen(name), n_found = 0;
        int depth = 0;

        assert(size > 0);
        ret[0] = '\0';
        for (size_t at = 0; at < n_data;) {
                if (data[at] != '"') {
                        depth += (data[at] == '{' || data[at] == '[') - (data[at] == '}' || data[at] == ']');
                        at++;
                        continue;
                }
                size_t start = at + 1;
                at = skip_string(data, n_data, at);
                size_t after = skip_space(data, n_data, at);
                bool is_name = depth == 1 && at - start == n_name + 1 && memcmp(data + start, name, n_name) == 0 &&
                               after < n_data && data[after] == ':';
                if (!is_name)
                        continue;
                start = skip_space(data, n_data, after + 1);
                if (n_found || start >= n_data || data[start] != '"') {
                        ret[0] = '\0'; /* twice, or no string: nothing to rely on */
                        return 0;
                }
                at = skip_string(data, n_data, start);
                n_found = at - start - 2;
                if (at < start + 3 || data[at - 1] != '"' || n_found >= size || memchr(data + start + 1, '\\', n_found))
                        return 0;
                memcpy(ret, data + start + 1, n_found);
                ret[n_found] = '\0';
        }
        return n_found;
}

static const cJSON *json_item(const cJSON *object, const char *name) {
        return cJSON_GetObjectItemCaseSensitive(object, name);
}

const char *json_string(const cJSON *object, const char *name) {
        return cJSON_GetStringValue(json_item(object, name));
}

bool json_is_whole(const cJSON *item) {
        return cJSON_IsNumber(item) && fabs(item->valuedouble) <= JSON_WHOLE_MAX && item->valuedouble == trunc(item->valuedouble);
}

int64_t json_int(const cJSON *object, const char *name, int64_t fallback) {
        const cJSON *item = json_item(object, name);
        return json_is_whole(item) ? (int64_t)item->valuedouble : fallback;
}

bool json_bool(const cJSON *object, const char *name, bool fallback) {
        const cJSON *item = json_item(object, name);
        return cJSON_IsBool(item) ? cJSON_IsTrue(item) : fallback;
}

cJSON *json_object(const cJSON *object, const char *name) {
        cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);
        return cJSON_IsObject(item) ? item : NULL;
}

cJSON *json_array(const cJSON *object, const char *name) {
        cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);
        return cJSON_IsArray(item) ? item : NULL;
}

bool json_has(const cJSON *object, const char *name) {
        const cJSON *item = json_item(object, name);
        return item && !cJSON_IsNull(item);
}

void json_add_string(cJSON *object, const char *name, const char *value) {
        if (value && !cJSON_AddStringToObject(object, name, value))
                abort();
}

void json_add_int(cJSON *object, const char *name, int64_t value) {
        if (!cJSON_AddNumberToObject(object, name, (double)value))
                abort();
}

void json_add_time(cJSON *object, const char *name, int64_t ms, int offset_minutes) {
        char text[TIMESTAMP_TEXT_MAX];

        if (ms == TIMESTAMP_NONE)
                return;
        (void)timestamp_format(ms, offset_minutes, text);
        json_add_string(object, name, text);
}

static void print_number(double value, Text *text) {
        if (!isfinite(value))
                text_append_string(text, "null");
        else if (fabs(value) <= JSON_WHOLE_MAX && value == trunc(value))
                text_append_int(text, (int64_t)value);
        else
                text_append_format(text, "%.17g", value);
}

static void print_item(const cJSON *item, Text *text);

static void print_children(const cJSON *item, Text *text) {
        const cJSON *child;

        cJSON_ArrayForEach(child, item) {
                if (child != item->child)
                        text_append_char(text, ',');
                if (cJSON_IsObject(item)) {
                        text_append_json_string(text, child->string);
                        text_append_char(text, ':');
                }
                print_item(child, text);
        }
}

static void print_item(const cJSON *item, Text *text) {
        switch (item->type & 0xff) {
        case cJSON_False:
                text_append_string(text, "false");
                return;
        case cJSON_True:
                text_append_string(text, "true");
                return;
        case cJSON_Number:
                print_number(item->valuedouble, text);
                return;
        case cJSON_String:
                text_append_json_string(text, item->valuestring);
                return;
        case cJSON_Raw:
                text_append_string(text, item->valuestring);
                return;
        case cJSON_Array:
                text_append_char(text, '[');
                print_children(item, text);
                text_append_char(text, ']');
                return;
        case cJSON_Object:
                text_append_char(text, '{');
                print_children(item, text);
                text_append_char(text, '}');
                return;
        default:
                text_append_string(text, "null");
        }
}

void json_append(Text *text, const cJSON *item) {
        print_item(item, text);
}

char *json_print(const cJSON *item) {
        Text text = {0};

        print_item(item, &text);
        char *printed = text_steal(&text);
        if (!printed)
                abort();
        return printed;
}
