/*
 * Splits into levels once (memchr), then matches the few shapes that DESIGN.md lists. A level that is no name of ours makes the whole
 * text no topic of ours. Wildcards are known only in the places named in access.c; anywhere else they reach too far.
 */
#include "proto/access_shape.h"

#include <string.h>

#define LEVELS_MAX 5 /* below the area: tier, unit, word, id, verb */

/* Character classes of names: [a-z0-9-], [A-Za-z0-9-]. */
enum { LOWER = 1, WORD = 2 };

static const uint8_t class_of[256] = {
        ['-'] = LOWER | WORD,
#define DIGIT(c) [c] = LOWER | WORD
        DIGIT('0'), DIGIT('1'), DIGIT('2'), DIGIT('3'), DIGIT('4'), DIGIT('5'), DIGIT('6'), DIGIT('7'), DIGIT('8'), DIGIT('9'),
        DIGIT('a'), DIGIT('b'), DIGIT('c'), DIGIT('d'), DIGIT('e'), DIGIT('f'), DIGIT('g'), DIGIT('h'), DIGIT('i'), DIGIT('j'),
        DIGIT('k'), DIGIT('l'), DIGIT('m'), DIGIT('n'), DIGIT('o'), DIGIT('p'), DIGIT('q'), DIGIT('r'), DIGIT('s'), DIGIT('t'),
        DIGIT('u'), DIGIT('v'), DIGIT('w'), DIGIT('x'), DIGIT('y'), DIGIT('z'),
#undef DIGIT
#define UPPER(c) [c] = WORD
        UPPER('A'), UPPER('B'), UPPER('C'), UPPER('D'), UPPER('E'), UPPER('F'), UPPER('G'), UPPER('H'), UPPER('I'), UPPER('J'),
        UPPER('K'), UPPER('L'), UPPER('M'), UPPER('N'), UPPER('O'), UPPER('P'), UPPER('Q'), UPPER('R'), UPPER('S'), UPPER('T'),
        UPPER('U'), UPPER('V'), UPPER('W'), UPPER('X'), UPPER('Y'), UPPER('Z'),
#undef UPPER
};

static bool span_is_of(const Span *span, uint8_t class, size_t max) {
        if (span->n == 0 || span->n > max || span->text[0] == '-')
                return false;
        unsigned common = class;
        const uint8_t *at = (const uint8_t *)span->text, *end = at + span->n;
        for (; end - at >= 4; at += 4)
                common &= class_of[at[0]] & class_of[at[1]] & class_of[at[2]] & class_of[at[3]];
        for (; at < end; at++)
                common &= class_of[*at];
        return common != 0;
}

static bool span_is_name(const Span *span) { return span_is_of(span, LOWER, NAME_MAX_GRID); }
static bool span_is_target(const Span *span) { return span_is_of(span, WORD, TARGET_MAX); }
static bool span_is_plus(const Span *span) { return span->n == 1 && span->text[0] == '+'; }
static bool span_is_hash(const Span *span) { return span->n == 1 && span->text[0] == '#'; }

typedef struct Levels {
        const char *prefix;  /* the area's, to know its members by */
        size_t n_prefix;
        bool filter;
        unsigned n;
        Span level[LEVELS_MAX];
} Levels;

/* `{area}-` and 1..40 of [a-z0-9] */
static bool levels_is_member(const Levels *levels, const Span *span) {
        size_t n_root = sizeof "grid/v1/" - 1;
        size_t n_area = levels->n_prefix - n_root - 1;
        if (span->n < n_area + 2 || span->n > n_area + 41 || memcmp(span->text, levels->prefix + n_root, n_area) != 0 ||
            span->text[n_area] != '-')
                return false;
        Span letters = {span->text + n_area + 1, span->n - n_area - 1};
        return span_is_of(&letters, LOWER, 40) && memchr(letters.text, '-', letters.n) == NULL;
}

/* A level that may be `+` in a filter: any name there is as good as another. */
static bool level_is_target(const Levels *levels, const Span *span) {
        return span_is_target(span) || (levels->filter && span_is_plus(span));
}

static AccessAnswer read_audience(const Levels *levels, TopicKind kind, Shape *ret) {
        const Span *audience = &levels->level[3];
        ret->kind = kind;
        if (levels->filter && levels->n == 4 && span_is_hash(audience)) {
                ret->every_audience = true;
                return ACCESS_ALLOWED;
        }
        if (levels->n != 5 || !level_is_target(levels, &levels->level[4]))
                return ACCESS_DENIED_TOPIC;
        if (span_is(audience, "all"))
                ret->audience = AUDIENCE_ALL;
        else if (span_is(audience, "staff"))
                ret->audience = AUDIENCE_STAFF;
        else if (span_is(audience, "named"))
                ret->audience = AUDIENCE_NAMED;
        else if (!levels->filter || !span_is_plus(audience))
                return ACCESS_DENIED_TOPIC;
        return ACCESS_ALLOWED;
}

static AccessAnswer read_action(const Levels *levels, Shape *ret) {
        if (levels->n != 5 || !span_is_target(&levels->level[3]) || !span_is_name(&levels->level[4]))
                return ACCESS_DENIED_TOPIC;
        ret->kind = TOPIC_ACTION;
        ret->verb = verb_parse(levels->level[4].text, levels->level[4].n);
        return ACCESS_ALLOWED;
}

static AccessAnswer read_list(const Levels *levels, Shape *ret) {
        const Span *name = &levels->level[3];
        if (levels->n != 4 || !(span_is(name, "duty") || span_is(name, "task") || span_is(name, "result") || span_is(name, "month") ||
                                (levels->filter && span_is_plus(name))))
                return ACCESS_DENIED_TOPIC;
        /* `+/{unit}/list/…` would reach `member/{member}/list/…` too */
        if (ret->any_tier)
                return ACCESS_DENIED_SUBSET;
        ret->kind = TOPIC_LIST;
        return ACCESS_ALLOWED;
}

static AccessAnswer read_leaf(const Levels *levels, TopicKind kind, Shape *ret) {
        ret->kind = kind;
        return levels->n == 3 ? ACCESS_ALLOWED : ACCESS_DENIED_TOPIC;
}

static AccessAnswer read_one(const Levels *levels, TopicKind kind, Shape *ret) {
        if (levels->n != 4)
                return ACCESS_DENIED_TOPIC;
        const Span *last = &levels->level[3];
        bool plus = levels->filter && span_is_plus(last);
        bool fits = kind == TOPIC_NOTICE     ? span_is_target(last)
                    : kind == TOPIC_PRESENCE ? levels_is_member(levels, last)
                                             : span_is_name(last);
        ret->kind = kind;
        return plus || fits ? ACCESS_ALLOWED : ACCESS_DENIED_TOPIC;
}

/* tier{1,2,3}/{unit}/… */
static AccessAnswer read_unit(const Levels *levels, Shape *ret) {
        const Span *tier = &levels->level[0], *unit = &levels->level[1], *word = &levels->level[2];
        if (levels->n < 3)
                return ACCESS_DENIED_TOPIC;
        ret->any_tier = span_is_plus(tier);
        ret->tier = ret->any_tier ? 0 : (uint8_t)(tier->text[4] - '0');
        ret->any_unit = levels->filter && span_is_plus(unit);
        if (ret->any_unit)
                ret->unit = (Span){"", 0};
        else if (span_is_name(unit))
                ret->unit = *unit;
        else
                return ACCESS_DENIED_TOPIC;
        if (span_is(word, "task"))
                return read_audience(levels, TOPIC_TASK, ret);
        if (span_is(word, "action"))
                return read_action(levels, ret);
        if (span_is(word, "escalation"))
                return read_audience(levels, TOPIC_ESCALATION, ret);
        if (span_is(word, "notice"))
                return read_one(levels, TOPIC_NOTICE, ret);
        if (span_is(word, "list"))
                return read_list(levels, ret);
        if (span_is(word, "status"))
                return read_leaf(levels, TOPIC_STATUS, ret);
        if (span_is(word, "presence"))
                return read_one(levels, TOPIC_PRESENCE, ret);
        if (span_is(word, "device"))
                return read_one(levels, TOPIC_DEVICE, ret);
        if (span_is(word, "report"))
                return read_leaf(levels, TOPIC_REPORT, ret);
        if (span_is(word, "warning"))
                return read_leaf(levels, TOPIC_WARNING, ret);
        return ACCESS_DENIED_TOPIC;
}

static AccessAnswer read_member(const Levels *levels, Shape *ret) {
        if (levels->n < 3 || !levels_is_member(levels, &levels->level[1]))
                return ACCESS_DENIED_TOPIC;
        const Span *word = &levels->level[2];
        ret->name = levels->level[1];
        if (span_is(word, "list") && levels->n == 4) {
                const Span *name = &levels->level[3];
                ret->kind = TOPIC_MEMBER_LIST;
                return span_is_name(name) || (levels->filter && span_is_plus(name)) ? ACCESS_ALLOWED : ACCESS_DENIED_TOPIC;
        }
        if (span_is(word, "receipt"))
                return read_leaf(levels, TOPIC_RECEIPT, ret);
        if (span_is(word, "reply"))
                return read_leaf(levels, TOPIC_REPLY, ret);
        if (span_is(word, "query"))
                return read_leaf(levels, TOPIC_QUERY, ret);
        if (span_is(word, "request"))
                return read_leaf(levels, TOPIC_REQUEST, ret);
        return ACCESS_DENIED_TOPIC;
}

static AccessAnswer read_other(const Levels *levels, Shape *ret) {
        const Span *first = &levels->level[0];
        ret->name = levels->level[1];
        if (levels->n == 3 && span_is(first, "device") && span_is_name(&ret->name)) {
                if (span_is(&levels->level[2], "heartbeat"))
                        return read_leaf(levels, TOPIC_DEVICE_HEARTBEAT, ret);
                if (span_is(&levels->level[2], "event"))
                        return read_leaf(levels, TOPIC_DEVICE_EVENT, ret);
        }
        ret->kind = TOPIC_ADMIN;
        if (levels->n == 2 && span_is(first, "admin") && span_is_name(&ret->name))
                return ACCESS_ALLOWED;
        ret->kind = TOPIC_MARK;
        if (levels->n == 2 && span_is(first, "daemon") && span_is(&ret->name, "mark"))
                return ACCESS_ALLOWED;
        ret->kind = TOPIC_NOTIFY;
        if (levels->n == 3 && span_is(first, "gateway") && levels_is_member(levels, &ret->name) &&
            span_is(&levels->level[2], "notify"))
                return ACCESS_ALLOWED;
        return ACCESS_DENIED_TOPIC;
}

/* `$share/{group}/{filter}`: anything else that begins with `$share` is refused (2.0.11 hands over every odd form). */
static bool share_strip(const char **text, size_t *n_text) {
        static const char share[] = "$share/";
        size_t n_share = sizeof share - 1;
        if (*n_text <= n_share || memcmp(*text, share, n_share) != 0)
                return false;
        const char *group = *text + n_share;
        const char *slash = memchr(group, '/', *n_text - n_share);
        if (slash == NULL || slash == group)
                return false;
        for (const char *at = group; at < slash; at++)
                if ((class_of[(uint8_t)*at] & WORD) == 0)
                        return false;
        *n_text -= (size_t)(slash + 1 - *text);
        *text = slash + 1;
        return *n_text > 0;
}

/* Not under the prefix: another area's, a filter that could reach ours and more, or nothing of ours. */
static AccessAnswer foreign(bool filter, const char *text, size_t n_text) {
        static const char root[] = "grid/v1/";
        if (filter && n_text > 0 && text[0] != '$' && (memchr(text, '+', n_text) != NULL || memchr(text, '#', n_text) != NULL))
                return ACCESS_DENIED_SUBSET;
        size_t n_root = sizeof root - 1;
        return n_text > n_root && memcmp(text, root, n_root) == 0 ? ACCESS_DENIED_AREA : ACCESS_DENIED_TOPIC;
}

static bool levels_split(Levels *levels, const char *text, size_t n_text) {
        const char *end = text + n_text;
        for (;;) {
                if (levels->n == LEVELS_MAX)
                        return false;
                const char *slash = memchr(text, '/', (size_t)(end - text));
                const char *stop = slash != NULL ? slash : end;
                levels->level[levels->n++] = (Span){text, (size_t)(stop - text)};
                if (slash == NULL)
                        return true;
                text = slash + 1;
        }
}

static AccessAnswer levels_read(const Levels *levels, Shape *ret) {
        const Span *first = &levels->level[0];
        if (first->n == 5 && memcmp(first->text, "tier", 4) == 0 && first->text[4] >= '1' && first->text[4] <= '3')
                return read_unit(levels, ret);
        if (levels->n < 2)
                return ACCESS_DENIED_TOPIC;
        if (levels->filter && span_is_plus(first))
                return read_unit(levels, ret);
        if (span_is(first, "member"))
                return read_member(levels, ret);
        return read_other(levels, ret);
}

AccessAnswer shape_read(const char *prefix, size_t n_prefix, bool filter, const char *text, size_t n_text, Shape *ret) {
        if (filter && n_text > 0 && text[0] == '$' && !share_strip(&text, &n_text))
                return ACCESS_DENIED_TOPIC;
        if (n_text <= n_prefix || memcmp(text, prefix, n_prefix) != 0)
                return foreign(filter, text, n_text);
        Levels levels;
        levels.prefix = prefix;
        levels.n_prefix = n_prefix;
        levels.filter = filter;
        levels.n = 0;
        *ret = (Shape){0};
        AccessAnswer answer = n_text <= TOPIC_MAX && levels_split(&levels, text + n_prefix, n_text - n_prefix)
                                      ? levels_read(&levels, ret)
                                      : ACCESS_DENIED_TOPIC;
        if (answer == ACCESS_DENIED_TOPIC && filter && memchr(text, '\0', n_text) == NULL &&
            (memchr(text, '+', n_text) != NULL || memchr(text, '#', n_text) != NULL))
                return ACCESS_DENIED_SUBSET;
        return answer;
}
