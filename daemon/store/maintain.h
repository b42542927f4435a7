/*
 * Maintain: what must be done to the tables as time passes: partitions ahead of time, retention behind it. Private to the store.
 */
#ifndef POLICEGRID_STORE_MAINTAIN_H
#define POLICEGRID_STORE_MAINTAIN_H

#include <stdbool.h>

#include "store/connection.h"
#include "store/store.h"

typedef struct Maintainer {
        Connection connection;
        const StoreConfig *config;
        void (*on_stopped)(void *store);
        void *store;
        char name[64];        /* application_name */
        uv_timer_t due;       /* next run */
        size_t step;          /* of this run */
        bool failed;          /* in this run */
        long n_rows;          /* that the latest step took */
        unsigned n_repeats;   /* of the last step, in this run */
        unsigned n_open;      /* of connection and timer, while stopping */
        uint64_t n_runs;      /* successful ones */
} Maintainer;

void maintainer_init(Maintainer *maintainer, uv_loop_t *loop, const StoreConfig *config);
void maintainer_start(Maintainer *maintainer);
void maintainer_stop(Maintainer *maintainer, void (*on_stopped)(void *store), void *store);

#endif
