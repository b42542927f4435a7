/*
 * Memory: allocation that does not fail. The store's own memory is small and bounded; where it is refused, the process ends and
 * the service manager starts it again, which loses nothing (I1).
 */
#ifndef POLICEGRID_STORE_MEMORY_H
#define POLICEGRID_STORE_MEMORY_H

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static inline _Noreturn void memory_exhausted(void) {
        fputs("policegridd: out of memory\n", stderr);
        abort();
}

/* Zeroed; free() it. */
static inline void *memory_new(size_t size) {
        void *data = calloc(1, size);
        if (!data)
                memory_exhausted();
        return data;
}

/* NULL stays NULL. */
static inline char *memory_string(const char *text) {
        if (!text)
                return NULL;
        char *copy = strdup(text);
        if (!copy)
                memory_exhausted();
        return copy;
}

#endif
