/* Topics: what parses is written back byte for byte, and parses again to the same topic. */
#include "proto/topic.h"

#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        Topic topic, again;
        char text[TOPIC_MAX + 1];

        memset(&topic, 0, sizeof topic);
        memset(&again, 0, sizeof again);
        if (topic_parse((const char *)data, size, &topic) != 0)
                return 0;
        fuzz_check(topic.kind > TOPIC_NONE && topic.kind < TOPIC_KIND_COUNT);
        fuzz_check(topic_format(&topic, text) == size);
        fuzz_check(memcmp(text, data, size) == 0);
        fuzz_check(topic_parse(text, size, &again) == 0);
        fuzz_check(memcmp(&topic, &again, sizeof topic) == 0);
        for (size_t i = 0; i < size; i++)
                fuzz_check(data[i] > 0x20 && data[i] < 0x7f && data[i] != '+' && data[i] != '#' && data[i] != '$');
        return 0;
}
