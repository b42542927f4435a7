/*
 * Access: who may do what on which topic. One pure function, used by the plugin for every check and by the daemon for every
 * upward message, so that the broker's answer is the daemon's answer. The table is in access.c, on one page.
 */
#ifndef POLICEGRID_PROTO_ACCESS_H
#define POLICEGRID_PROTO_ACCESS_H

#include <stddef.h>
#include <stdint.h>

#include "proto/roster.h"

typedef enum AccessAction {
        ACCESS_PUBLISH,   /* to a topic */
        ACCESS_RECEIVE,   /* a message of a topic */
        ACCESS_SUBSCRIBE, /* to a filter; `$share/{group}/{filter}` included */
} AccessAction;

typedef enum AccessAnswer {
        ACCESS_ALLOWED = 0,
        ACCESS_DENIED_TOPIC,   /* no topic or filter of ours (also $SYS, $CONTROL, odd $share) */
        ACCESS_DENIED_AREA,    /* of another area */
        ACCESS_DENIED_ROLE,    /* no seat whose role may do this */
        ACCESS_DENIED_UNIT,    /* a role that may, but not for this unit */
        ACCESS_DENIED_TIER,    /* the tier in the path is not the unit's */
        ACCESS_DENIED_MEMBER,  /* another member's, device's or gateway's topic */
        ACCESS_DENIED_SUBSET,  /* the filter reaches further than what may be read */
        ACCESS_ANSWER_COUNT
} AccessAnswer;

/*
 * `member` must belong to `roster`. `topic` is n_topic bytes, need not be NUL-terminated. `now_ms` decides which seats count.
 * Allocates nothing.
 */
AccessAnswer access_check(const Roster *roster, const RosterMember *member, AccessAction action, const char *topic,
                          size_t n_topic, int64_t now_ms);
/* A session that connected with an enrolment code may publish `member/{own}/request` and receive its own receipt; nothing else. */
AccessAnswer access_check_enrolling(const char *area, const char *member, AccessAction action, const char *topic, size_t n_topic);
/*
 * The daemon of `area`: reads its whole area (upward topics, retained documents for the survey), publishes `daemon/mark` (its will)
 * and speaks on `$CONTROL/policegrid/v1`.
 */
AccessAnswer access_check_daemon(const char *area, AccessAction action, const char *topic, size_t n_topic);
/* The word for logs, e.g. "role". */
const char *access_answer_name(AccessAnswer answer);

#endif
