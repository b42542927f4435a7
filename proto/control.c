/* Control: see control.h. Each message is a type byte and that type's fields in the order in which they are written here. */
#include "proto/control.h"

#include <assert.h>
#include <string.h>

enum { DOCUMENT_RETAIN = 1, DOCUMENT_CORRELATION = 2, DOCUMENT_FLAGS = 3 };

void control_publish_start(Text *text) {
        wire_write_u8(text, CONTROL_PUBLISH);
}

void control_publish_add(Text *text, const ControlDocument *document) {
        size_t n_topic = strlen(document->topic);
        bool correlated = document->correlation != NULL;
        assert(n_topic > 0 && n_topic <= TOPIC_MAX && document->n_payload <= UINT32_MAX);
        assert(!correlated || document->n_correlation <= CONTROL_CORRELATION_MAX);

        wire_write_u8(text, (uint8_t)((document->retain ? DOCUMENT_RETAIN : 0) | (correlated ? DOCUMENT_CORRELATION : 0)));
        wire_write_string(text, document->topic);
        if (correlated) {
                wire_write_u16(text, (uint16_t)document->n_correlation);
                wire_write_bytes(text, document->correlation, document->n_correlation);
        }
        wire_write_u32(text, (uint32_t)document->n_payload);
        wire_write_bytes(text, document->payload, document->n_payload);
}

void control_write_roster_ask(Text *text) {
        wire_write_u8(text, CONTROL_ROSTER_ASK);
}

void control_write_roster_begin(Text *text, const ControlRosterBegin *begin) {
        wire_write_u8(text, CONTROL_ROSTER_BEGIN);
        wire_write_u64(text, begin->epoch);
        wire_write_u64(text, begin->version);
        wire_write_u32(text, begin->n_bytes);
        wire_write_u32(text, begin->n_chunks);
        wire_write_bytes(text, begin->hash, sizeof begin->hash);
}

void control_write_roster_chunk(Text *text, uint64_t version, uint32_t index, const void *data, size_t n_data) {
        assert(n_data <= CONTROL_CHUNK_BYTES);
        wire_write_u8(text, CONTROL_ROSTER_CHUNK);
        wire_write_u64(text, version);
        wire_write_u32(text, index);
        wire_write_u32(text, (uint32_t)n_data);
        wire_write_bytes(text, data, n_data);
}

void control_write_roster_commit(Text *text, uint64_t version) {
        wire_write_u8(text, CONTROL_ROSTER_COMMIT);
        wire_write_u64(text, version);
}

void control_write_fence(Text *text, const ControlFence *fence) {
        wire_write_u8(text, CONTROL_FENCE);
        wire_write_u64(text, fence->token);
        wire_write_u64(text, fence->instance);
        wire_write_u64(text, fence->counter);
        wire_write_u64(text, (uint64_t)fence->at);
}

void control_write_held(Text *text, const ControlHeld *held) {
        wire_write_u8(text, CONTROL_HELD);
        wire_write_u8(text, (uint8_t)held->status);
        wire_write_u64(text, held->epoch);
        wire_write_u64(text, held->version);
        wire_write_u32(text, held->n_members);
        wire_write_bytes(text, held->hash, sizeof held->hash);
}

bool control_read_type(WireReader *reader, ControlType *ret) {
        uint8_t type = wire_read_u8(reader);
        if (reader->failed || type < CONTROL_PUBLISH || type > CONTROL_HELD) {
                reader->failed = true;
                return false;
        }
        *ret = (ControlType)type;
        return true;
}

bool control_read_document(WireReader *reader, ControlDocument *ret) {
        if (reader->failed || wire_is_done(reader))
                return false;
        memset(ret, 0, sizeof *ret);
        uint8_t flags = wire_read_u8(reader);
        wire_read_string(reader, ret->topic_buffer, sizeof ret->topic_buffer);
        if (flags & DOCUMENT_CORRELATION) {
                ret->n_correlation = wire_read_u16(reader);
                ret->correlation = wire_read_bytes(reader, ret->n_correlation);
        }
        ret->n_payload = wire_read_u32(reader);
        ret->payload = wire_read_bytes(reader, ret->n_payload);
        ret->topic = ret->topic_buffer;
        ret->retain = flags & DOCUMENT_RETAIN;
        if (flags > DOCUMENT_FLAGS || !ret->topic_buffer[0] || ret->n_correlation > CONTROL_CORRELATION_MAX)
                reader->failed = true;
        return !reader->failed;
}

static void read_hash(WireReader *reader, uint8_t hash[static ROSTER_HASH_BYTES]) {
        const uint8_t *bytes = wire_read_bytes(reader, ROSTER_HASH_BYTES);
        if (bytes)
                memcpy(hash, bytes, ROSTER_HASH_BYTES);
}

bool control_read_roster_begin(WireReader *reader, ControlRosterBegin *ret) {
        memset(ret, 0, sizeof *ret);
        ret->epoch = wire_read_u64(reader);
        ret->version = wire_read_u64(reader);
        ret->n_bytes = wire_read_u32(reader);
        ret->n_chunks = wire_read_u32(reader);
        read_hash(reader, ret->hash);
        return wire_is_done(reader);
}

bool control_read_roster_chunk(WireReader *reader, uint64_t *ret_version, uint32_t *ret_index, const void **ret_data, size_t *ret_n) {
        *ret_version = wire_read_u64(reader);
        *ret_index = wire_read_u32(reader);
        *ret_n = wire_read_u32(reader);
        *ret_data = wire_read_bytes(reader, *ret_n);
        return wire_is_done(reader) && *ret_n <= CONTROL_CHUNK_BYTES;
}

bool control_read_roster_commit(WireReader *reader, uint64_t *ret_version) {
        *ret_version = wire_read_u64(reader);
        return wire_is_done(reader);
}

bool control_read_fence(WireReader *reader, ControlFence *ret) {
        ret->token = wire_read_u64(reader);
        ret->instance = wire_read_u64(reader);
        ret->counter = wire_read_u64(reader);
        ret->at = (int64_t)wire_read_u64(reader);
        return wire_is_done(reader);
}

bool control_read_held(WireReader *reader, ControlHeld *ret) {
        memset(ret, 0, sizeof *ret);
        uint8_t status = wire_read_u8(reader);
        ret->epoch = wire_read_u64(reader);
        ret->version = wire_read_u64(reader);
        ret->n_members = wire_read_u32(reader);
        read_hash(reader, ret->hash);
        if (status > CONTROL_HELD_REFUSED)
                return false;
        ret->status = (ControlHeldStatus)status;
        return wire_is_done(reader);
}
