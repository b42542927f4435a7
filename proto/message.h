/*
 * Message: an upward MQTT message made into a typed command, or a rejection. Pure: checks stamp, topic and JSON; does not know the
 * organisation (that is the engine's) and does no I/O.
 */
#ifndef POLICEGRID_PROTO_MESSAGE_H
#define POLICEGRID_PROTO_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cjson/cJSON.h>

#include "proto/code.h"
#include "proto/control.h"
#include "proto/identifier.h"
#include "proto/stamp.h"
#include "proto/timestamp.h"
#include "proto/topic.h"

#define BODY_HASH_BYTES 32

/* As it came off the wire; everything borrowed. */
typedef struct RawMessage {
        const char *topic;           /* NUL-terminated */
        const void *payload;
        size_t n_payload;
        const char *stamp;           /* value of the stamp property, NULL when there is none (wills) */
        unsigned n_stamps;           /* how many such properties: anything but 1 is forged */
        const char *response_topic;  /* MQTT 5, NULL when none */
        const void *correlation;     /* MQTT 5, NULL when none */
        size_t n_correlation;
} RawMessage;

typedef struct Command {
        Topic topic;
        Stamp stamp;
        char id[MESSAGE_ID_MAX + 1];          /* "" when there is none or it was unreadable; kept when undated, too old or of the future */
        uint8_t body_hash[BODY_HASH_BYTES];   /* BLAKE2b of topic and payload: a repeat has the same */
        int64_t occurred_at;                  /* Unix ms or TIMESTAMP_NONE */
        int64_t revision;                     /* -1 when the sender named none */
        char seat[NAME_MAX_GRID + 1];         /* unit of the seat named by the sender, "" when none */
        cJSON *body;                          /* owned; the whole object; NULL when unparseable */
        uint8_t correlation[CONTROL_CORRELATION_MAX];
        size_t n_correlation;
        TopicKind answer;                     /* where the sender wants its answer: TOPIC_RECEIPT or TOPIC_REPLY of its own, TOPIC_NONE = default */
        Code code;                            /* CODE_NONE, or why the message is rejected */
        char detail[160];                     /* which field, for `code`; "" when nothing to add */
} Command;

typedef enum MessageOutcome {
        MESSAGE_OK = 0,    /* a command, or a rejection to be told to the sender: look at command->code */
        MESSAGE_DROP,      /* no or forged stamp, or no upward topic of ours: audit and drop, nobody to answer */
} MessageOutcome;

/*
 * `now_ms` is the daemon's clock, for the plausibility of ids and occurred_at. *ret is always initialised; command_deinit it.
 * `privacy`: fields that name a person are refused with CODE_PRIVACY anywhere in the body (see message.c for the list).
 */
MessageOutcome message_read(const RawMessage *raw, const char *area, const uint8_t stamp_key[static STAMP_KEY_BYTES],
                            int64_t now_ms, Command *ret);
void command_deinit(Command *command);

/* Whether a receipt is owed: not for heartbeats and queries. */
bool command_wants_receipt(const Command *command);

/* A receipt on the wire (DESIGN.md, Topics). Strings borrowed; what is NULL or negative is left out, the three flags are always said. */
typedef struct Receipt {
        const char *id;        /* NULL when unreadable */
        bool accepted;
        bool repeat, late, masked;
        Code code;
        const char *detail;    /* extra words after the code's sentence; NULL = none */
        int64_t event;         /* sequence, -1 when none */
        uint64_t epoch;
        int64_t at;            /* Unix ms */
        int offset_minutes;    /* town's zone */
        const char *created;   /* JSON object text, NULL when nothing was created */
        int64_t revision;      /* -1 when none */
} Receipt;
void receipt_format(const Receipt *receipt, Text *ret);

#endif
