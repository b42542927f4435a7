/*
 * Control: what daemon and plugin say to each other on `$CONTROL/policegrid/v1` (binary; see wire.h). The area is that of the
 * daemon's user name, never of the payload.
 *
 * Daemon to plugin: PUBLISH (a batch of documents, published in order), ROSTER_ASK, ROSTER_BEGIN, ROSTER_CHUNK…, ROSTER_COMMIT, FENCE.
 * Plugin to daemon (published straight to the client that spoke, QoS 1, same topic): HELD, FENCE.
 *
 * FENCE: the plugin puts its answer into the asking session's queue, behind every message queued before. When the answer arrives,
 * the daemon has seen everything that the broker received up to `at` on that session: timers due by then may fire (I9), and the
 * plugin learns from `drained` how much upward work is outstanding (I13, `busy`).
 */
#ifndef POLICEGRID_PROTO_CONTROL_H
#define POLICEGRID_PROTO_CONTROL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/roster.h"
#include "proto/wire.h"

#define CONTROL_TOPIC "$CONTROL/policegrid/v1"
#define CONTROL_PUBLISH_BYTES ((size_t)1 << 20) /* a PUBLISH message is cut at this size */
#define CONTROL_CHUNK_BYTES ((size_t)64 << 10)
#define CONTROL_CORRELATION_MAX 256

typedef enum ControlType {
        CONTROL_PUBLISH = 1,
        CONTROL_ROSTER_ASK,
        CONTROL_ROSTER_BEGIN,
        CONTROL_ROSTER_CHUNK,
        CONTROL_ROSTER_COMMIT,
        CONTROL_FENCE,
        CONTROL_HELD,
} ControlType;

/* One document of a PUBLISH. Pointers borrowed. */
typedef struct ControlDocument {
        const char *topic;        /* NUL-terminated after decoding too (copied into topic_buffer) */
        const void *payload;      /* n_payload 0 with retain = clear */
        size_t n_payload;
        const void *correlation;  /* MQTT 5 correlation data, NULL when none */
        size_t n_correlation;
        bool retain;
        char topic_buffer[TOPIC_MAX + 1];
} ControlDocument;

typedef struct ControlRosterBegin {
        uint64_t epoch, version;
        uint32_t n_bytes;                 /* of the encoded roster */
        uint32_t n_chunks;
        uint8_t hash[ROSTER_HASH_BYTES];
} ControlRosterBegin;

typedef struct ControlFence {
        uint64_t token;    /* the asker's, echoed */
        uint64_t instance; /* plugin's random number of this broker run; in a question: of the last answer seen, else 0 */
        uint64_t counter;  /* answer: upward messages the plugin has let through for this session's kind; question: of the last answer seen */
        int64_t at;        /* answer: the broker's clock, Unix ms */
} ControlFence;

typedef enum ControlHeldStatus { CONTROL_HELD_NONE = 0, CONTROL_HELD_OK, CONTROL_HELD_REFUSED } ControlHeldStatus;
typedef struct ControlHeld {
        ControlHeldStatus status;         /* REFUSED: the last update was torn, older or foreign; what is held is unchanged */
        uint64_t epoch, version;          /* of the roster held; 0 when none */
        uint32_t n_members;
        uint8_t hash[ROSTER_HASH_BYTES];
} ControlHeld;

/* Writers append a whole message to *text. Documents: start, add…, then the text is the payload. */
void control_publish_start(Text *text);
void control_publish_add(Text *text, const ControlDocument *document);
void control_write_roster_ask(Text *text);
void control_write_roster_begin(Text *text, const ControlRosterBegin *begin);
void control_write_roster_chunk(Text *text, uint64_t version, uint32_t index, const void *data, size_t n_data);
void control_write_roster_commit(Text *text, uint64_t version);
void control_write_fence(Text *text, const ControlFence *fence);
void control_write_held(Text *text, const ControlHeld *held);

/* Readers: take the type first, then the body of that type. Return false on malformed bytes. */
bool control_read_type(WireReader *reader, ControlType *ret);
/* true with a document, false at the end (check wire_is_done). */
bool control_read_document(WireReader *reader, ControlDocument *ret);
bool control_read_roster_begin(WireReader *reader, ControlRosterBegin *ret);
bool control_read_roster_chunk(WireReader *reader, uint64_t *ret_version, uint32_t *ret_index, const void **ret_data, size_t *ret_n);
bool control_read_roster_commit(WireReader *reader, uint64_t *ret_version);
bool control_read_fence(WireReader *reader, ControlFence *ret);
bool control_read_held(WireReader *reader, ControlHeld *ret);

#endif
