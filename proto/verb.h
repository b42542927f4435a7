/*
 * The verbs that a member may speak on a task, escalation, report or notice: last level of `…/action/{id}/{verb}`.
 */
#ifndef POLICEGRID_PROTO_VERB_H
#define POLICEGRID_PROTO_VERB_H

typedef enum Verb {
        VERB_NONE = 0,
        VERB_ISSUE,     /* a task by hand; {id} is the new task's UUID, chosen by the sender */
        VERB_ACCEPT,    /* 签收: task, escalation */
        VERB_ASSIGN,    /* to a member of the unit; body: assignee */
        VERB_START,
        VERB_PROGRESS,  /* body: note, result (partial) */
        VERB_COMPLETE,  /* 办结; body: result, note */
        VERB_VERIFY,    /* 核查: completed -> closed; escalation untouched */
        VERB_RETURN,    /* 回退: poor work back to the doer (reason partial|brief|wrong); escalation back to the unit below */
        VERB_DECLINE,   /* not ours; body: reason */
        VERB_ESCALATE,  /* 上报; body: reason */
        VERB_RESOLVE,   /* of an escalation: the unit above solved it */
        VERB_TRANSFER,  /* 转办; body: to (unit), reason */
        VERB_EXTEND,    /* 延期 request; body: until | by (duration), reason */
        VERB_SUSPEND,   /* 挂起 request; body: until, reason */
        VERB_GRANT,     /* of a request */
        VERB_REFUSE,    /* of a request */
        VERB_RESUME,
        VERB_CANCEL,
        VERB_REOPEN,    /* a successor in the same case */
        VERB_REMIND,    /* 催办 */
        VERB_SUPERVISE, /* 督办 */
        VERB_SEEN,
        VERB_COMMENT,
        VERB_DISPATCH,  /* 派单: a report becomes a task; body: to (unit), playbook? */
        VERB_MERGE,     /* a report into another's; body: into */
        VERB_DISMISS,   /* a report */
        VERB_ACK,       /* a notice */
        VERB_COUNT
} Verb;

/* Returns VERB_NONE for an unknown word. `n` in bytes. */
Verb verb_parse(const char *text, unsigned long n);
/* The word on the wire; never NULL; "" for VERB_NONE. */
const char *verb_name(Verb verb);

#endif
