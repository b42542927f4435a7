/*
 * Topic: every topic of `grid/v1/{area}/…` taken apart and put together. The list in DESIGN.md is the contract; anything else is
 * not a topic of ours. Pure, allocates nothing.
 */
#ifndef POLICEGRID_PROTO_TOPIC_H
#define POLICEGRID_PROTO_TOPIC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/verb.h"

#define AREA_MAX 12        /* digits of a division code */
#define NAME_MAX_GRID 32   /* unit, device, list, admin verb */
#define MEMBER_MAX 64      /* `{area}-` and letters */
#define TARGET_MAX 64      /* task, escalation, report, warning: a UUID or an identifier of its shape */
#define TOPIC_MAX 256      /* bytes of the longest topic of ours */

typedef enum TopicKind {
        TOPIC_NONE = 0,
        /* upward; only the daemon reads these */
        TOPIC_WARNING,          /* tier{t}/{unit}/warning */
        TOPIC_REPORT,           /* tier{t}/{unit}/report */
        TOPIC_ACTION,           /* tier{t}/{unit}/action/{target}/{verb} */
        TOPIC_DEVICE_HEARTBEAT, /* device/{device}/heartbeat */
        TOPIC_DEVICE_EVENT,     /* device/{device}/event */
        TOPIC_QUERY,            /* member/{member}/query */
        TOPIC_REQUEST,          /* member/{member}/request */
        TOPIC_ADMIN,            /* admin/{name} */
        TOPIC_UPWARD_LAST = TOPIC_ADMIN,
        /* downward */
        TOPIC_TASK,             /* tier{t}/{unit}/task/{audience}/{target}, retained */
        TOPIC_ESCALATION,       /* tier{t}/{unit}/escalation/{audience}/{target}, retained */
        TOPIC_NOTICE,           /* tier{t}/{unit}/notice/{target}, retained */
        TOPIC_LIST,             /* tier{t}/{unit}/list/{name: duty, task, result, month}, retained */
        TOPIC_STATUS,           /* tier{t}/{unit}/status, retained */
        TOPIC_PRESENCE,         /* tier{t}/{unit}/presence/{member}, retained, the plugin's */
        TOPIC_DEVICE,           /* tier{t}/{unit}/device/{device}, retained */
        TOPIC_RECEIPT,          /* member/{member}/receipt */
        TOPIC_REPLY,            /* member/{member}/reply */
        TOPIC_MEMBER_LIST,      /* member/{member}/list/{name} */
        TOPIC_NOTIFY,           /* gateway/{name}/notify */
        TOPIC_MARK,             /* daemon/mark, retained */
        TOPIC_KIND_COUNT
} TopicKind;

typedef enum Audience {
        AUDIENCE_NONE = 0,
        AUDIENCE_ALL,
        AUDIENCE_STAFF,
        AUDIENCE_NAMED,
} Audience;

typedef struct Topic {
        TopicKind kind;
        char area[AREA_MAX + 1];
        uint8_t tier;                   /* 1..3, 0 where the topic has none */
        char unit[NAME_MAX_GRID + 1];   /* "" where the topic has none */
        char name[MEMBER_MAX + 1];      /* member, device, gateway, list or admin verb, as the kind says */
        char target[TARGET_MAX + 1];    /* of TOPIC_MEMBER_LIST the list's name; "" where the topic has none */
        Audience audience;
        Verb verb;                      /* VERB_NONE unless TOPIC_ACTION; an unknown verb still parses, see verb_text */
        char verb_text[NAME_MAX_GRID + 1];
} Topic;

/*
 * Parse `n_text` bytes. Returns 0 and fills *ret, or TOPIC_E_UNKNOWN when it is no topic of ours (wildcards, control characters,
 * empty levels, `$`-topics, bad names: all of these). *ret is untouched on failure.
 */
enum { TOPIC_E_UNKNOWN = 1 };
int topic_parse(const char *text, size_t n_text, Topic *ret);
/* Write the topic into buffer[TOPIC_MAX + 1]. Asserts that the fields its kind needs are set. Returns its length. */
size_t topic_format(const Topic *topic, char *buffer);
bool topic_is_upward(TopicKind kind);
/* Urgent kinds (warning, admin, device event) travel on their own session. */
bool topic_is_urgent(TopicKind kind);

Audience audience_parse(const char *text);
const char *audience_name(Audience audience);

/* `[a-z0-9][a-z0-9-]{0,31}` */
bool unit_name_is_valid(const char *text, size_t n);
/* 2–12 digits */
bool area_is_valid(const char *text, size_t n);
/* `{area}-` and 1..40 of [a-z0-9]; the area is checked when not NULL */
bool member_is_valid(const char *text, size_t n, const char *area);
/* `[A-Za-z0-9][A-Za-z0-9-]{0,63}` */
bool target_is_valid(const char *text, size_t n);

#endif
