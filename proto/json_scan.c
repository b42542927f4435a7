/*
 * JSON scan: see json_scan.h. A recursive descent over RFC 8259's grammar that keeps nothing: no values, no positions, only the first
 * fault's code. Its recursion is bounded by JSON_DEPTH_MAX.
 */
#include "proto/json_scan.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "proto/json.h"

#define WHOLE_MAX ((double)(INT64_C(1) << 53))
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
                return isfinite(value) && fabs(value) < WHOLE_MAX;
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

Code json_scan_object(const char *data, size_t n_data) {
        Code code = scan_bytes((const unsigned char *)data, n_data);
        Scanner scanner = {.at = (const unsigned char *)data, .end = (const unsigned char *)data + n_data};

        if (code != CODE_NONE)
                return code;
        scan_space(&scanner);
        if (scan_peek(&scanner) != '{')
                return CODE_MALFORMED;
        if (!scan_value(&scanner))
                return scanner.code;
        scan_space(&scanner);
        return scanner.at == scanner.end ? CODE_NONE : CODE_MALFORMED;
}
