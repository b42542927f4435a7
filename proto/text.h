/*
 * Text: a growing, bounded byte string, always NUL-terminated.
 *
 * Used wherever something is written out (JSON, topics, SQL arrays). Reaching the limit or running out of memory sets `failed`
 * and makes every later append a no-op, so that a writer checks once, at the end.
 */
#ifndef POLICEGRID_PROTO_TEXT_H
#define POLICEGRID_PROTO_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct Text {
        char *data;      /* owned; NULL until the first append */
        size_t n;        /* bytes in use, without the NUL */
        size_t capacity; /* bytes allocated */
        size_t limit;    /* bytes it may grow to, without the NUL; 0 = TEXT_LIMIT_DEFAULT */
        bool failed;     /* limit reached or memory exhausted; contents are then incomplete */
} Text;

#define TEXT_LIMIT_DEFAULT ((size_t)256 << 20)
#define TEXT_INIT(bytes) ((Text){.limit = (bytes)})

void text_deinit(Text *text);
/* Forget the contents, keep the memory; clears `failed`. */
void text_reset(Text *text);
/* Forget all behind the first `n` bytes; nothing when there are no more. */
void text_cut(Text *text, size_t n);
void text_append(Text *text, const char *data, size_t n_data);
void text_append_string(Text *text, const char *string);
void text_append_char(Text *text, char c);
void text_append_int(Text *text, int64_t value);
void text_append_format(Text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Append `string` as a JSON string with its quotes (RFC 8259); NULL appends `null`. */
void text_append_json_string(Text *text, const char *string);
/* Contents, never NULL. Valid until the next append. */
const char *text_string(const Text *text);
/* Give the buffer away (caller frees with free()); NULL when `failed`. */
char *text_steal(Text *text);

#define _cleanup_text_ __attribute__((cleanup(text_deinit)))

#endif
