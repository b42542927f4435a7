/* Stamps: hostile text is never believed, and a true stamp of any topic and payload always is. */
#include "proto/stamp.h"

#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        static const uint8_t key[STAMP_KEY_BYTES] = {1}, other[STAMP_KEY_BYTES] = {2};
        Stamp stamp = {.member = "140802100-ab3", .client = "c", .received_at = (int64_t)size}, read;
        char made[STAMP_TEXT_MAX];
        char *text = fuzz_copy(data, size);

        fuzz_check(stamp_verify(text, key, "t", data, size, &read) != 0);
        size_t n = stamp_format(&stamp, key, "t", data, size, made);
        fuzz_check(n == strlen(made) && n > 0);
        fuzz_check(stamp_verify(made, key, "t", data, size, &read) == 0);
        fuzz_check(read.received_at == (int64_t)size && strcmp(read.member, stamp.member) == 0);
        fuzz_check(stamp_verify(made, other, "t", data, size, &read) == STAMP_E_FORGED);
        strncpy(stamp.client, text, sizeof stamp.client - 1);
        n = stamp_format(&stamp, key, "t", data, size, made);
        fuzz_check(n == 0 || stamp_verify(made, key, "t", data, size, &read) == 0);
        fuzz_check(n == 0 || strcmp(read.client, stamp.client) == 0);
        free(text);
        return 0;
}
