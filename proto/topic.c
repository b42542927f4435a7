/*
 * Topic: see topic.h. A topic is cut at its slashes into at most eight levels; one table says what each kind looks like, and both
 * parsing and writing walk it, so what is parsed is what is written.
 */
#include "proto/topic.h"

#include <assert.h>
#include <string.h>

#define TOPIC_ROOT_LEVELS 3 /* grid, v1, area */
#define TOPIC_LEVELS_MAX 8

/* One level of a kind, after the area. A word stands for itself; the others are fields. */
typedef enum LevelType {
        LEVEL_END = 0,
        LEVEL_WORD,
        LEVEL_TIER,
        LEVEL_UNIT,
        LEVEL_TARGET,
        LEVEL_VERB,
        LEVEL_AUDIENCE,
        LEVEL_DEVICE,
        LEVEL_MEMBER,
        LEVEL_NAME,
        LEVEL_UNIT_LIST,
        LEVEL_MEMBER_LIST,
} LevelType;

typedef struct Level {
        LevelType type;
        const char *word;
} Level;

#define WORD(text) {LEVEL_WORD, text}
#define FIELD(name) {LEVEL_##name, NULL}

static const Level topic_levels[TOPIC_KIND_COUNT][TOPIC_LEVELS_MAX - TOPIC_ROOT_LEVELS + 1] = {
        [TOPIC_WARNING] = {FIELD(TIER), FIELD(UNIT), WORD("warning")},
        [TOPIC_REPORT] = {FIELD(TIER), FIELD(UNIT), WORD("report")},
        [TOPIC_ACTION] = {FIELD(TIER), FIELD(UNIT), WORD("action"), FIELD(TARGET), FIELD(VERB)},
        [TOPIC_DEVICE_HEARTBEAT] = {WORD("device"), FIELD(DEVICE), WORD("heartbeat")},
        [TOPIC_DEVICE_EVENT] = {WORD("device"), FIELD(DEVICE), WORD("event")},
        [TOPIC_QUERY] = {WORD("member"), FIELD(MEMBER), WORD("query")},
        [TOPIC_REQUEST] = {WORD("member"), FIELD(MEMBER), WORD("request")},
        [TOPIC_ADMIN] = {WORD("admin"), FIELD(NAME)},
        [TOPIC_TASK] = {FIELD(TIER), FIELD(UNIT), WORD("task"), FIELD(AUDIENCE), FIELD(TARGET)},
        [TOPIC_ESCALATION] = {FIELD(TIER), FIELD(UNIT), WORD("escalation"), FIELD(AUDIENCE), FIELD(TARGET)},
        [TOPIC_NOTICE] = {FIELD(TIER), FIELD(UNIT), WORD("notice"), FIELD(TARGET)},
        [TOPIC_LIST] = {FIELD(TIER), FIELD(UNIT), WORD("list"), FIELD(UNIT_LIST)},
        [TOPIC_STATUS] = {FIELD(TIER), FIELD(UNIT), WORD("status")},
        [TOPIC_PRESENCE] = {FIELD(TIER), FIELD(UNIT), WORD("presence"), FIELD(MEMBER)},
        [TOPIC_DEVICE] = {FIELD(TIER), FIELD(UNIT), WORD("device"), FIELD(DEVICE)},
        [TOPIC_RECEIPT] = {WORD("member"), FIELD(MEMBER), WORD("receipt")},
        [TOPIC_REPLY] = {WORD("member"), FIELD(MEMBER), WORD("reply")},
        [TOPIC_MEMBER_LIST] = {WORD("member"), FIELD(MEMBER), WORD("list"), FIELD(MEMBER_LIST)},
        [TOPIC_NOTIFY] = {WORD("gateway"), FIELD(MEMBER), WORD("notify")},
        [TOPIC_MARK] = {WORD("daemon"), WORD("mark")},
};

typedef struct Slice {
        const char *text;
        size_t n;
} Slice;

static bool slice_is(Slice slice, const char *word) {
        return slice.n == strlen(word) && memcmp(slice.text, word, slice.n) == 0;
}

static void slice_copy(Slice slice, char *buffer) {
        memcpy(buffer, slice.text, slice.n);
        buffer[slice.n] = '\0';
}

static bool is_digit(char c) {
        return c >= '0' && c <= '9';
}

static bool is_lower(char c) {
        return c >= 'a' && c <= 'z';
}

static bool is_upper(char c) {
        return c >= 'A' && c <= 'Z';
}

bool unit_name_is_valid(const char *text, size_t n) {
        if (n < 1 || n > NAME_MAX_GRID || text[0] == '-')
                return false;
        for (size_t i = 0; i < n; i++)
                if (!is_lower(text[i]) && !is_digit(text[i]) && text[i] != '-')
                        return false;
        return true;
}

bool area_is_valid(const char *text, size_t n) {
        if (n < 2 || n > AREA_MAX)
                return false;
        for (size_t i = 0; i < n; i++)
                if (!is_digit(text[i]))
                        return false;
        return true;
}

bool member_is_valid(const char *text, size_t n, const char *area) {
        const char *dash = memchr(text, '-', n);
        if (!dash || !area_is_valid(text, (size_t)(dash - text)))
                return false;
        if (area && !slice_is((Slice){text, (size_t)(dash - text)}, area))
                return false;
        size_t n_letters = n - (size_t)(dash - text) - 1;
        if (n_letters < 1 || n_letters > 40)
                return false;
        for (size_t i = 1; i <= n_letters; i++)
                if (!is_lower(dash[i]) && !is_digit(dash[i]))
                        return false;
        return true;
}

bool target_is_valid(const char *text, size_t n) {
        if (n < 1 || n > TARGET_MAX || text[0] == '-')
                return false;
        for (size_t i = 0; i < n; i++)
                if (!is_lower(text[i]) && !is_upper(text[i]) && !is_digit(text[i]) && text[i] != '-')
                        return false;
        return true;
}

static bool unit_list_is_valid(Slice slice) {
        return slice_is(slice, "duty") || slice_is(slice, "task") || slice_is(slice, "result") || slice_is(slice, "month");
}

static bool slice_is_tier(Slice slice) {
        return slice.n == 5 && memcmp(slice.text, "tier", 4) == 0 && slice.text[4] >= '1' && slice.text[4] <= '3';
}

static bool topic_read_tier(Slice slice, Topic *topic) {
        if (!slice_is_tier(slice))
                return false;
        topic->tier = (uint8_t)(slice.text[4] - '0');
        return true;
}

static bool topic_read_audience(Slice slice, Topic *topic) {
        for (Audience audience = AUDIENCE_ALL; audience <= AUDIENCE_NAMED; audience++)
                if (slice_is(slice, audience_name(audience))) {
                        topic->audience = audience;
                        return true;
                }
        return false;
}

/* One level into its field. False when it does not fit. */
static bool topic_read_level(const Level *level, Slice slice, Topic *topic) {
        switch (level->type) {
        case LEVEL_WORD:
                return slice_is(slice, level->word);
        case LEVEL_TIER:
                return topic_read_tier(slice, topic);
        case LEVEL_AUDIENCE:
                return topic_read_audience(slice, topic);
        case LEVEL_UNIT:
                if (!unit_name_is_valid(slice.text, slice.n))
                        return false;
                slice_copy(slice, topic->unit);
                return true;
        case LEVEL_TARGET:
                if (!target_is_valid(slice.text, slice.n))
                        return false;
                slice_copy(slice, topic->target);
                return true;
        case LEVEL_VERB:
                if (!unit_name_is_valid(slice.text, slice.n))
                        return false;
                topic->verb = verb_parse(slice.text, slice.n);
                slice_copy(slice, topic->verb_text);
                return true;
        case LEVEL_MEMBER:
                if (!member_is_valid(slice.text, slice.n, topic->area))
                        return false;
                slice_copy(slice, topic->name);
                return true;
        case LEVEL_DEVICE:
        case LEVEL_NAME:
        case LEVEL_UNIT_LIST:
                if (!unit_name_is_valid(slice.text, slice.n) || (level->type == LEVEL_UNIT_LIST && !unit_list_is_valid(slice)))
                        return false;
                slice_copy(slice, topic->name);
                return true;
        case LEVEL_MEMBER_LIST:
                if (!unit_name_is_valid(slice.text, slice.n))
                        return false;
                slice_copy(slice, topic->target);
                return true;
        case LEVEL_END:
                break;
        }
        return false;
}

/* Cut at slashes. Returns the number of levels, 0 when there are too many. */
static size_t topic_split(const char *text, size_t n_text, Slice levels[static TOPIC_LEVELS_MAX]) {
        size_t n_levels = 0, start = 0;

        for (size_t i = 0; i <= n_text; i++) {
                if (i < n_text && text[i] != '/')
                        continue;
                if (n_levels == TOPIC_LEVELS_MAX)
                        return 0;
                levels[n_levels++] = (Slice){text + start, i - start};
                start = i + 1;
        }
        return n_levels;
}

/* Number of levels, words and tier only: cheap, and true for at most one kind. */
static bool kind_fits(TopicKind kind, const Slice *levels, size_t n_levels) {
        const Level *expected = topic_levels[kind];
        size_t i = 0;

        for (; i < n_levels && expected[i].type != LEVEL_END; i++) {
                if (expected[i].type == LEVEL_WORD && !slice_is(levels[i], expected[i].word))
                        return false;
                if (expected[i].type == LEVEL_TIER && !slice_is_tier(levels[i]))
                        return false;
        }
        return i == n_levels && expected[i].type == LEVEL_END;
}

static TopicKind find_kind(const Slice *levels, size_t n_levels) {
        for (TopicKind kind = TOPIC_NONE + 1; kind < TOPIC_KIND_COUNT; kind++)
                if (kind_fits(kind, levels, n_levels))
                        return kind;
        return TOPIC_NONE;
}

static bool topic_read_fields(const Slice *levels, size_t n_levels, Topic *topic) {
        for (size_t i = 0; i < n_levels; i++)
                if (!topic_read_level(&topic_levels[topic->kind][i], levels[i], topic))
                        return false;
        return true;
}

int topic_parse(const char *text, size_t n_text, Topic *ret) {
        Slice levels[TOPIC_LEVELS_MAX];

        if (n_text > TOPIC_MAX)
                return TOPIC_E_UNKNOWN;
        size_t n_levels = topic_split(text, n_text, levels);
        if (n_levels <= TOPIC_ROOT_LEVELS || !slice_is(levels[0], "grid") || !slice_is(levels[1], "v1") ||
            !area_is_valid(levels[2].text, levels[2].n))
                return TOPIC_E_UNKNOWN;
        const Slice *under = levels + TOPIC_ROOT_LEVELS;
        size_t n_under = n_levels - TOPIC_ROOT_LEVELS;
        Topic topic = {.kind = find_kind(under, n_under)};
        slice_copy(levels[2], topic.area);
        if (topic.kind == TOPIC_NONE || !topic_read_fields(under, n_under, &topic))
                return TOPIC_E_UNKNOWN;
        *ret = topic;
        return 0;
}

/* The text of a level's field. */
static const char *topic_level_text(const Level *level, const Topic *topic) {
        static const char *const tiers[] = {"", "tier1", "tier2", "tier3"};

        switch (level->type) {
        case LEVEL_WORD:
                return level->word;
        case LEVEL_TIER:
                assert(topic->tier >= 1 && topic->tier <= 3);
                return tiers[topic->tier];
        case LEVEL_UNIT:
                return topic->unit;
        case LEVEL_TARGET:
        case LEVEL_MEMBER_LIST:
                return topic->target;
        case LEVEL_VERB:
                return topic->verb != VERB_NONE ? verb_name(topic->verb) : topic->verb_text;
        case LEVEL_AUDIENCE:
                return audience_name(topic->audience);
        case LEVEL_DEVICE:
        case LEVEL_MEMBER:
        case LEVEL_NAME:
        case LEVEL_UNIT_LIST:
                return topic->name;
        case LEVEL_END:
                break;
        }
        return "";
}

static char *append_word(char *at, const char *end, const char *word) {
        size_t n = strlen(word);
        assert(n > 0 && n <= (size_t)(end - at));
        memcpy(at, word, n);
        return at + n;
}

size_t topic_format(const Topic *topic, char *buffer) {
        assert(topic->kind > TOPIC_NONE && topic->kind < TOPIC_KIND_COUNT);
        const char *end = buffer + TOPIC_MAX;
        char *at = append_word(buffer, end, "grid/v1/");
        at = append_word(at, end, topic->area);
        for (const Level *level = topic_levels[topic->kind]; level->type != LEVEL_END; level++) {
                at = append_word(at, end, "/");
                at = append_word(at, end, topic_level_text(level, topic));
        }
        *at = '\0';
        return (size_t)(at - buffer);
}

bool topic_is_upward(TopicKind kind) {
        return kind > TOPIC_NONE && kind <= TOPIC_UPWARD_LAST;
}

bool topic_is_urgent(TopicKind kind) {
        return kind == TOPIC_WARNING || kind == TOPIC_ADMIN || kind == TOPIC_DEVICE_EVENT;
}

Audience audience_parse(const char *text) {
        for (Audience audience = AUDIENCE_ALL; audience <= AUDIENCE_NAMED; audience++)
                if (strcmp(text, audience_name(audience)) == 0)
                        return audience;
        return AUDIENCE_NONE;
}

const char *audience_name(Audience audience) {
        static const char *const names[] = {[AUDIENCE_NONE] = "", [AUDIENCE_ALL] = "all", [AUDIENCE_STAFF] = "staff",
                                            [AUDIENCE_NAMED] = "named"};
        assert(audience >= AUDIENCE_NONE && audience <= AUDIENCE_NAMED);
        return names[audience];
}
