/* Verb: see verb.h. The words of the wire, in the order of the enumeration. */
#include "proto/verb.h"

#include <assert.h>
#include <string.h>

static const char *const verb_names[VERB_COUNT] = {
        [VERB_NONE] = "",
        [VERB_ISSUE] = "issue",
        [VERB_ACCEPT] = "accept",
        [VERB_ASSIGN] = "assign",
        [VERB_START] = "start",
        [VERB_PROGRESS] = "progress",
        [VERB_COMPLETE] = "complete",
        [VERB_VERIFY] = "verify",
        [VERB_RETURN] = "return",
        [VERB_DECLINE] = "decline",
        [VERB_ESCALATE] = "escalate",
        [VERB_RESOLVE] = "resolve",
        [VERB_TRANSFER] = "transfer",
        [VERB_EXTEND] = "extend",
        [VERB_SUSPEND] = "suspend",
        [VERB_GRANT] = "grant",
        [VERB_REFUSE] = "refuse",
        [VERB_RESUME] = "resume",
        [VERB_CANCEL] = "cancel",
        [VERB_REOPEN] = "reopen",
        [VERB_REMIND] = "remind",
        [VERB_SUPERVISE] = "supervise",
        [VERB_SEEN] = "seen",
        [VERB_COMMENT] = "comment",
        [VERB_DISPATCH] = "dispatch",
        [VERB_MERGE] = "merge",
        [VERB_DISMISS] = "dismiss",
        [VERB_ACK] = "ack",
};

Verb verb_parse(const char *text, unsigned long n) {
        for (int verb = VERB_NONE + 1; verb < VERB_COUNT; verb++)
                if (strlen(verb_names[verb]) == n && memcmp(verb_names[verb], text, n) == 0)
                        return (Verb)verb;
        return VERB_NONE;
}

const char *verb_name(Verb verb) {
        assert(verb >= VERB_NONE && verb < VERB_COUNT);
        return verb_names[verb];
}
