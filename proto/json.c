/*
 * JSON: see json.h. A scanner of our own walks the bytes once and decides; only what it accepts is given to cJSON, whose decoded
 * keys are then compared for duplicates (so that "a" and "\u0061" are the same key). Printing is ours as well: cJSON prints
 * whole numbers beyond 10^15 with 15 digits. When memory is exhausted the helpers abort: nothing outside decides that.
 */
#include "proto/json.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "proto/text.h"
#include "proto/timestamp.h"

#define JSON_WHOLE_MAX ((double)(INT64_C(1) << 53))
#define JSON_NUMBER_CHARACTERS_MAX 60 /* cJSON reads numbers through a buffer of 64 bytes */

typedef struct Scanner {
        const unsigned char *at, *end;
        unsigned depth;
        unsigned n_values;
        Code code; /* the first fault; CODE_NONE until then */
} Scanner;

static bool scan_fail(Scanner *scanner, Code code) {
        if (scanner->code == CODE_NONE)
                scanner->code = code;
        return false;
}

/* The byte at the cursor; 0 at the end (a NUL byte itself was refused before). */
static int scan_peek(const Scanner *scanner) {
        return scanner->at < scanner->end ? *scanner->at : 0;
}

static void scan_space(Scanner *scanner) {
        while (scanner->at < scanner->end && memchr(" \t\n\r", *scanner->at, 4))
                scanner->at++;
}

/* Length of the well-formed UTF-8 sequence at `at` (RFC 3629: no overlong forms, no surrogates, up to U+10FFFF), or 0. */
static size_t utf8_sequence(const unsigned char *at, const unsigned char *end) {
        unsigned char first = *at, low = 0x80, high = 0xbf;
        size_t n;

        if (first < 0x80)
                return 1;
        if (first >= 0xc2 && first <= 0xdf)
                n = 2;
        else if (first >= 0xe0 && first <= 0xef)
                n = 3;
        else if (first >= 0xf0 && first <= 0xf4)
                n = 4;
        else
                return 0;
        if ((size_t)(end - at) < n)
                return 0;
        if (first == 0xe0)
                low = 0xa0;
        else if (first == 0xed)
                high = 0x9f;
        else if (first == 0xf0)
                low = 0x90;
        else if (first == 0xf4)
                high = 0x8f;
        if (at[1] < low || at[1] > high)
                return 0;
        for (size_t i = 2; i < n; i++)
                if (at[i] < 0x80 || at[i] > 0xbf)
                        return 0;
        return n;
}

static Code scan_bytes(const unsigned char *data, size_t n_data) {
        for (size_t i = 0; i < n_data;) {
                size_t n = utf8_sequence(data + i, data + n_data);
                if (!n)
                        return CODE_UTF8;
                if (!data[i])
                        return CODE_NUL;
                i += n;
        }
        return CODE_NONE;
}

/* Four hexadecimal digits of `\uXXXX`; -1 when they are not. */
static int scan_unit(Scanner *scanner) {
        int value = 0;

        if (scanner->end - scanner->at < 4)
                return -1;
        for (int i = 0; i < 4; i++) {
                int c = *scanner->at++;
                if (c >= '0' && c <= '9')
                        value = value << 4 | (c - '0');
                else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
                        value = value << 4 | ((c | 0x20) - 'a' + 10);
                else
                        return -1;
        }
        return value;
}

static bool scan_escape(Scanner *scanner) {
        int c = scan_peek(scanner);

        scanner->at += c != 0;
        if (c && strchr("\"\\/bfnrt", c))
                return true;
        if (c != 'u')
                return scan_fail(scanner, CODE_MALFORMED);
        int unit = scan_unit(scanner);
        if (unit < 0)
                return scan_fail(scanner, CODE_MALFORMED);
        if (unit == 0)
                return scan_fail(scanner, CODE_NUL);
        if (unit >= 0xdc00 && unit <= 0xdfff)
                return scan_fail(scanner, CODE_UTF8);
        if (unit < 0xd800 || unit > 0xdbff)
                return true;
        if (scanner->end - scanner->at < 6 || scanner->at[0] != '\\' || scanner->at[1] != 'u')
                return scan_fail(scanner, CODE_UTF8);
        scanner->at += 2;
        unit = scan_unit(scanner);
        return (unit >= 0xdc00 && unit <= 0xdfff) || scan_fail(scanner, unit < 0 ? CODE_MALFORMED : CODE_UTF8);
}

static bool scan_string(Scanner *scanner) {
        if (scan_peek(scanner) != '"')
                return scan_fail(scanner, CODE_MALFORMED);
        scanner->at++;
        while (scanner->at < scanner->end) {
                unsigned char c = *scanner->at++;
                if (c == '"')
                        return true;
                if (c < 0x20)
                        return scan_fail(scanner, CODE_MALFORMED);
                if (c == '\\' && !scan_escape(scanner))
                        return false;
        }
        return scan_fail(scanner, CODE_MALFORMED);
}

static size_t scan_digits(Scanner *scanner) {
        const unsigned char *start = scanner->at;
        while (scanner->at < scanner->end && *scanner->at >= '0' && *scanner->at <= '9')
                scanner->at++;
        return (size_t)(scanner->at - start);
}

/* Whether the number's text is a value that a double holds exactly where it must: finite, whole numbers within ±2^53. */
static bool number_is_kept(const char *text, size_t n, bool has_fraction) {
        char buffer[JSON_NUMBER_CHARACTERS_MAX + 1];

        if (n > JSON_NUMBER_CHARACTERS_MAX)
                return false;
        memcpy(buffer, text, n);
        buffer[n] = '\0';
        if (has_fraction) {
                double value = strtod(buffer, NULL);
                return isfinite(value) && fabs(value) < JSON_WHOLE_MAX;
        }
        const char *digits = buffer + (buffer[0] == '-');
        static const char limit[] = "9007199254740992"; /* 2^53 */
        size_t n_digits = strlen(digits);
        return n_digits < sizeof limit - 1 || (n_digits == sizeof limit - 1 && strcmp(digits, limit) <= 0);
}

static bool scan_number(Scanner *scanner) {
        const unsigned char *start = scanner->at;
        bool has_fraction = false;

        scanner->at += scan_peek(scanner) == '-';
        if (scan_peek(scanner) == '0')
                scanner->at++;
        else if (!scan_digits(scanner))
                return scan_fail(scanner, CODE_MALFORMED);
        if (scan_peek(scanner) == '.') {
                has_fraction = true;
                scanner->at++;
                if (!scan_digits(scanner))
                        return scan_fail(scanner, CODE_MALFORMED);
        }
        if ((scan_peek(scanner) | 0x20) == 'e') {
                has_fraction = true;
                scanner->at++;
                scanner->at += scan_peek(scanner) == '+' || scan_peek(scanner) == '-';
                if (!scan_digits(scanner))
                        return scan_fail(scanner, CODE_MALFORMED);
        }
        size_t n = (size_t)(scanner->at - start);
        return number_is_kept((const char *)start, n, has_fraction) || scan_fail(scanner, CODE_RANGE);
}

static bool scan_word(Scanner *scanner, const char *word) {
        size_t n = strlen(word);
        if ((size_t)(scanner->end - scanner->at) < n || memcmp(scanner->at, word, n) != 0)
                return scan_fail(scanner, CODE_MALFORMED);
        scanner->at += n;
        return true;
}

static bool scan_value(Scanner *scanner);

static bool scan_member(Scanner *scanner) {
        if (!scan_string(scanner))
                return false;
        scan_space(scanner);
        if (scan_peek(scanner) != ':')
                return scan_fail(scanner, CODE_MALFORMED);
        scanner->at++;
        scan_space(scanner);
        return scan_value(scanner);
}

/* An object or array: opened by the byte at the cursor, closed by `close`. */
static bool scan_container(Scanner *scanner, int close, bool (*scan_element)(Scanner *)) {
        if (++scanner->depth > JSON_DEPTH_MAX)
                return scan_fail(scanner, CODE_TOO_DEEP);
        scanner->at++;
        scan_space(scanner);
        if (scan_peek(scanner) == close) {
                scanner->at++;
                scanner->depth--;
                return true;
        }
        for (;;) {
                if (!scan_element(scanner))
                        return false;
                scan_space(scanner);
                int c = scan_peek(scanner);
                scanner->at += c != 0;
                if (c == close)
                        break;
                if (c != ',')
                        return scan_fail(scanner, CODE_MALFORMED);
                scan_space(scanner);
        }
        scanner->depth--;
        return true;
}

static bool scan_value(Scanner *scanner) {
        if (++scanner->n_values > JSON_VALUES_MAX)
                return scan_fail(scanner, CODE_TOO_LARGE);
        switch (scan_peek(scanner)) {
        case '{':
                return scan_container(scanner, '}', scan_member);
        case '[':
                return scan_container(scanner, ']', scan_value);
        case '"':
                return scan_string(scanner);
        case 't':
                return scan_word(scanner, "true");
        case 'f':
                return scan_word(scanner, "false");
        case 'n':
                return scan_word(scanner, "null");
        default:
                return scan_number(scanner);
        }
}

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

static Code scan_object(const char *data, size_t n_data) {
        Scanner scanner = {.at = (const unsigned char *)data, .end = (const unsigned char *)data + n_data};

        scan_space(&scanner);
        if (scan_peek(&scanner) != '{')
                return CODE_MALFORMED;
        if (!scan_value(&scanner))
                return scanner.code;
        scan_space(&scanner);
        return scanner.at == scanner.end ? CODE_NONE : CODE_MALFORMED;
}

Code json_parse_object(const char *data, size_t n_data, size_t bytes_max, cJSON **ret) {
        *ret = NULL;
        if (n_data > bytes_max)
                return CODE_TOO_LARGE;
        Code code = scan_bytes((const unsigned char *)data, n_data);
        if (code == CODE_NONE)
                code = scan_object(data, n_data);
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

char *json_print(const cJSON *item) {
        Text text = {0};

        print_item(item, &text);
        char *printed = text_steal(&text);
        if (!printed)
                abort();
        return printed;
}
