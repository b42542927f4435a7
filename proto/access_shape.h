/*
 * Shape: a topic or filter of one area taken apart for the access check, without copying. The grammar is that of topic.c; a test
 * holds the two against each other.
 */
#ifndef POLICEGRID_PROTO_ACCESS_SHAPE_H
#define POLICEGRID_PROTO_ACCESS_SHAPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "proto/access.h"
#include "proto/topic.h"

/* Bytes within the topic. */
typedef struct Span {
        const char *text;
        size_t n;
} Span;

typedef struct Shape {
        TopicKind kind;
        uint8_t tier;         /* 1..3; 0 with any_tier, or where the topic has none */
        bool any_tier;        /* `+` */
        bool any_unit;        /* `+` */
        bool every_audience;  /* `#` below task or escalation */
        Audience audience;    /* AUDIENCE_NONE: `+` */
        Verb verb;            /* VERB_NONE when unknown */
        Span unit;            /* empty with any_unit */
        Span name;            /* member, device, gateway, admin's name */
} Shape;

static inline bool span_is(const Span *span, const char *word) {
        size_t n = strlen(word);
        return n > 0 && span->n == n && memcmp(span->text, word, n) == 0;
}

/*
 * `prefix` is `grid/v1/{area}/`. `filter`: wildcards may stand where access.c says, and `$share/{group}/` before. Returns
 * ACCESS_ALLOWED and fills *ret, or why the text is no topic or filter that anybody may use.
 */
AccessAnswer shape_read(const char *prefix, size_t n_prefix, bool filter, const char *text, size_t n_text, Shape *ret);

#endif
