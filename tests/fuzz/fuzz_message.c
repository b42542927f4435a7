/*
 * Messages: the first line of the input is the topic under the area's root, the rest the payload; the stamp is a true one. A
 * message is dropped, rejected with a code, or a command whose common fields hold what message.h promises.
 */
#include "proto/message.h"

#include "proto/json.h"

#include "fuzz.h"

#define NOW INT64_C(1795219200000)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        static const uint8_t key[STAMP_KEY_BYTES] = {1};
        static const Stamp stamp = {.member = "140802100-ab3", .client = "140802100-ab3", .received_at = NOW};
        char topic[TOPIC_MAX + 64] = "grid/v1/140802100/", text[STAMP_TEXT_MAX];
        const uint8_t *line = size ? memchr(data, '\n', size) : NULL;
        Command command;

        if (!line || line - data > TOPIC_MAX || memchr(data, '\0', (size_t)(line - data)))
                return 0;
        size_t n_root = strlen(topic), n_line = (size_t)(line - data), n_payload = size - n_line - 1;
        memcpy(topic + n_root, data, n_line);
        topic[n_root + n_line] = '\0';
        char *payload = fuzz_copy(line + 1, n_payload);
        fuzz_check(stamp_format(&stamp, key, topic, payload, n_payload, text) > 0);
        RawMessage raw = {.topic = topic, .payload = payload, .n_payload = n_payload, .stamp = text, .n_stamps = 1,
                          .response_topic = payload, .correlation = payload, .n_correlation = n_payload % 300};
        if (raw.n_correlation > n_payload)
                raw.n_correlation = n_payload;
        if (message_read(&raw, "140802100", key, NOW, &command) == MESSAGE_OK) {
                fuzz_check(topic_is_upward(command.topic.kind));
                fuzz_check(command.code >= CODE_NONE && command.code < CODE_COUNT);
                fuzz_check(command.code != CODE_NONE || command.body);
                fuzz_check(!command.id[0] || message_id_check(command.id, strlen(command.id), NOW) != MESSAGE_ID_INVALID);
                fuzz_check(command.code != CODE_NONE || command.id[0] || !command_wants_receipt(&command));
                fuzz_check(command.revision >= -1);
                fuzz_check(strlen(command.detail) < sizeof command.detail);
        }
        command_deinit(&command);
        free(payload);
        return 0;
}
