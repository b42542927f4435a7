/*
 * What every fuzz target shares: libFuzzer's entry, a check that stays on in every build, and a NUL-terminated copy of the input
 * that is exactly as long as the input, so that the sanitizers see a read past it.
 */
#ifndef POLICEGRID_TESTS_FUZZ_H
#define POLICEGRID_TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define fuzz_check(condition)                                                                                                      \
        do {                                                                                                                       \
                if (!(condition))                                                                                                  \
                        __builtin_trap();                                                                                          \
        } while (0)

/* Caller frees. */
static inline char *fuzz_copy(const uint8_t *data, size_t size) {
        char *copy = malloc(size + 1);
        fuzz_check(copy);
        if (size)
                memcpy(copy, data, size);
        copy[size] = '\0';
        return copy;
}

#endif
