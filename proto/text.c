/* Text: see text.h. One growth rule for every writer; nothing here knows what is written. */
#include "proto/text.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static size_t text_limit(const Text *text) {
        return text->limit ? text->limit : TEXT_LIMIT_DEFAULT;
}

/* Room for `n_more` bytes and the NUL. Returns false, and marks the text as failed, when there is none. */
static bool text_reserve(Text *text, size_t n_more) {
        if (text->failed)
                return false;
        if (n_more > text_limit(text) - text->n) {
                text->failed = true;
                return false;
        }
        size_t needed = text->n + n_more + 1;
        if (needed <= text->capacity)
                return true;
        size_t capacity = text->capacity ? text->capacity : 64;
        while (capacity < needed)
                capacity *= 2;
        char *data = realloc(text->data, capacity);
        if (!data) {
                text->failed = true;
                return false;
        }
        text->data = data;
        text->capacity = capacity;
        return true;
}

void text_deinit(Text *text) {
        free(text->data);
        *text = (Text){.limit = text->limit};
}

void text_reset(Text *text) {
        text->n = 0;
        text->failed = false;
        if (text->data)
                text->data[0] = '\0';
}

void text_cut(Text *text, size_t n) {
        if (n >= text->n)
                return;
        text->n = n;
        text->data[n] = '\0';
}

void text_append(Text *text, const char *data, size_t n_data) {
        if (!text_reserve(text, n_data))
                return;
        if (n_data)
                memcpy(text->data + text->n, data, n_data);
        text->n += n_data;
        text->data[text->n] = '\0';
}

void text_append_string(Text *text, const char *string) {
        text_append(text, string, strlen(string));
}

void text_append_char(Text *text, char c) {
        if (!text_reserve(text, 1))
                return;
        text->data[text->n++] = c;
        text->data[text->n] = '\0';
}

void text_append_int(Text *text, int64_t value) {
        char digits[24], *at = digits + sizeof digits;
        uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
        do
                *--at = (char)('0' + rest % 10);
        while ((rest /= 10) > 0);
        if (value < 0)
                *--at = '-';
        text_append(text, at, (size_t)(digits + sizeof digits - at));
}

void text_append_format(Text *text, const char *format, ...) {
        char small[256];
        va_list arguments;

        va_start(arguments, format);
        int n = vsnprintf(small, sizeof small, format, arguments);
        va_end(arguments);
        assert(n >= 0);
        if ((size_t)n < sizeof small) {
                text_append(text, small, (size_t)n);
                return;
        }
        if (!text_reserve(text, (size_t)n))
                return;
        va_start(arguments, format);
        (void)vsnprintf(text->data + text->n, (size_t)n + 1, format, arguments);
        va_end(arguments);
        text->n += (size_t)n;
}

void text_append_json_string(Text *text, const char *string) {
        static const char hex[] = "0123456789abcdef";

        if (!string) {
                text_append_string(text, "null");
                return;
        }
        text_append_char(text, '"');
        const char *start = string;
        for (const char *at = string; *at; at++) {
                unsigned char c = (unsigned char)*at;
                if (c >= 0x20 && c != '"' && c != '\\')
                        continue;
                text_append(text, start, (size_t)(at - start));
                start = at + 1;
                if (c == '"' || c == '\\') {
                        text_append(text, (char[]){'\\', (char)c}, 2);
                } else if (c == '\n') {
                        text_append(text, "\\n", 2);
                } else {
                        text_append(text, (char[]){'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]}, 6);
                }
        }
        text_append_string(text, start);
        text_append_char(text, '"');
}

const char *text_string(const Text *text) {
        return text->data ? text->data : "";
}

char *text_steal(Text *text) {
        char *data = NULL;

        if (text->failed || !text_reserve(text, 0)) {
                text_deinit(text);
                return NULL;
        }
        text->data[text->n] = '\0';
        data = text->data;
        *text = (Text){.limit = text->limit};
        return data;
}
