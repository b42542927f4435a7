/* Control: any bytes are read within their bounds; documents that are read are written back byte for byte. */
#include "proto/control.h"

#include "fuzz.h"

static void check_publish(WireReader *reader, const uint8_t *data, size_t size) {
        _cleanup_text_ Text text = {0};
        ControlDocument document;

        control_publish_start(&text);
        while (control_read_document(reader, &document)) {
                fuzz_check(document.topic[0] && strlen(document.topic) <= TOPIC_MAX);
                fuzz_check(document.n_correlation <= CONTROL_CORRELATION_MAX);
                control_publish_add(&text, &document);
        }
        if (wire_is_done(reader))
                fuzz_check(text.n == size && memcmp(text.data, data, size) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        WireReader reader = {.data = data, .n = size};
        ControlType type;
        ControlRosterBegin begin;
        ControlFence fence;
        ControlHeld held;
        uint64_t version;
        uint32_t index;
        const void *chunk;
        size_t n_chunk;

        if (!control_read_type(&reader, &type))
                return 0;
        switch (type) {
        case CONTROL_PUBLISH:
                check_publish(&reader, data, size);
                break;
        case CONTROL_ROSTER_BEGIN:
                (void)control_read_roster_begin(&reader, &begin);
                break;
        case CONTROL_ROSTER_CHUNK:
                if (control_read_roster_chunk(&reader, &version, &index, &chunk, &n_chunk))
                        fuzz_check(n_chunk == size - 17 && n_chunk <= CONTROL_CHUNK_BYTES);
                break;
        case CONTROL_ROSTER_COMMIT:
                (void)control_read_roster_commit(&reader, &version);
                break;
        case CONTROL_FENCE:
                (void)control_read_fence(&reader, &fence);
                break;
        case CONTROL_HELD:
                if (control_read_held(&reader, &held))
                        fuzz_check(held.status <= CONTROL_HELD_REFUSED);
                break;
        case CONTROL_ROSTER_ASK:
                break;
        }
        return 0;
}
