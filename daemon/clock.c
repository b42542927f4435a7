/*
 * Clock. CLOCK_BOOTTIME is the monotonic clock: it counts a suspended machine's time too, so that waking up is no departure.
 */
#include "clock.h"

#include <stdlib.h>
#include <time.h>

void clock_init(Clock *clock, int64_t bound_ms) { *clock = (Clock){.bound_ms = bound_ms}; }

bool clock_check(Clock *clock, int64_t wall_ms, int64_t monotonic_ms, int64_t database_ms) {
        if (!clock->has_base) {
                clock->base_ms = wall_ms - monotonic_ms;
                clock->has_base = true;
        }
        if (clock->departed)
                return false;
        int64_t moved = wall_ms - monotonic_ms - clock->base_ms;
        int64_t apart = database_ms - clock->accepted_database_ms;

        if (llabs(moved) <= clock->bound_ms && llabs(apart) <= clock->bound_ms)
                return false;
        clock->departed = true;
        clock->by_database = llabs(moved) <= clock->bound_ms;
        clock->departure_ms = clock->by_database ? apart : moved;
        return true;
}

void clock_confirm(Clock *clock, int64_t wall_ms, int64_t monotonic_ms, int64_t database_ms) {
        clock->base_ms = wall_ms - monotonic_ms;
        clock->has_base = true;
        clock->accepted_database_ms = database_ms;
        clock->departed = false;
}

static int64_t clock_read(clockid_t id) {
        struct timespec now;

        clock_gettime(id, &now);
        return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t clock_wall_ms(void) { return clock_read(CLOCK_REALTIME); }
int64_t clock_monotonic_ms(void) { return clock_read(CLOCK_BOOTTIME); }
