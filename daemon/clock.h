/*
 * Clock: whether wall time can be believed (I9). It departs when it moves against the monotonic clock, or away from PostgreSQL's,
 * by more than the bound; from then on timers stand still and readiness fails until a person confirms the time. Pure: times are given.
 */
#ifndef POLICEGRID_DAEMON_CLOCK_H
#define POLICEGRID_DAEMON_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

typedef struct Clock {
        int64_t bound_ms;
        int64_t base_ms;        /* wall minus monotonic, as last confirmed */
        bool has_base;
        int64_t accepted_database_ms; /* offset of PostgreSQL's clock that was confirmed */
        bool departed;
        int64_t departure_ms;   /* what was measured when it departed */
        bool by_database;       /* it departed from PostgreSQL's clock */
} Clock;

void clock_init(Clock *clock, int64_t bound_ms);
/*
 * Compare. `wall_ms` Unix, `monotonic_ms` of a clock that also counts suspended time, `database_ms` PostgreSQL's clock minus ours
 * (0 when unknown). Returns true when this call found a departure (not when it had already departed).
 */
bool clock_check(Clock *clock, int64_t wall_ms, int64_t monotonic_ms, int64_t database_ms);
/* A person says that wall time is right. */
void clock_confirm(Clock *clock, int64_t wall_ms, int64_t monotonic_ms, int64_t database_ms);
static inline bool clock_is_trusted(const Clock *clock) { return !clock->departed; }

/* The machine's clocks. */
int64_t clock_wall_ms(void);
int64_t clock_monotonic_ms(void);

#endif
