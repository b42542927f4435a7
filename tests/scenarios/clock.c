/*
 * A clock that the test owns, put before the C library's (LD_PRELOAD) in broker, daemon and PostgreSQL, so that a month passes in
 * minutes and a deadline can be waited for to the second. No code of the product knows of it.
 *
 * The file named by SCENARIO_CLOCK holds four numbers that the test writes and everybody maps. Wall time is what the test has set,
 * going on at a fraction of the real pace, so that what a scenario says at nine o'clock is received at nine o'clock. The daemon's
 * CLOCK_BOOTTIME leaps along, or it would rightly take the leap for a departed clock (I9); elsewhere it stays the machine's, because the
 * broker counts keepalives by it. CLOCK_MONOTONIC, by which the loops wait, is always the machine's.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define SECOND INT64_C(1000000000)

typedef struct Shared {
        volatile int64_t version; /* odd while the test writes */
        int64_t real;             /* CLOCK_MONOTONIC at the last setting, ns */
        int64_t wall;             /* what was set, Unix ns */
        int64_t leapt;            /* all leaps together, ns */
        int64_t pace;             /* real nanoseconds in one of the wall's */
} Shared;

static const Shared *shared;
static int boot_leaps;

static int64_t machine_time(clockid_t id) {
        struct timespec now;
        syscall(SYS_clock_gettime, id, &now);
        return now.tv_sec * SECOND + now.tv_nsec;
}

static void clock_open(void) {
        const char *name = getenv("SCENARIO_CLOCK");
        int file = name == NULL ? -1 : open(name, O_RDONLY | O_CLOEXEC);
        void *at = file < 0 ? MAP_FAILED : mmap(NULL, sizeof *shared, PROT_READ, MAP_SHARED, file, 0);
        if (file >= 0)
                close(file);
        if (at == MAP_FAILED)
                _exit(3);
        boot_leaps = strcmp(program_invocation_short_name, "policegridd") == 0;
        shared = at;
}

static Shared clock_take(void) {
        Shared copy;
        if (shared == NULL)
                clock_open();
        do {
                copy = *shared;
                __sync_synchronize();
        } while ((copy.version & 1) != 0 || copy.version != shared->version);
        return copy;
}

static int64_t wall_time(void) {
        const Shared now = clock_take();
        return now.wall + (machine_time(CLOCK_MONOTONIC) - now.real) / now.pace;
}

int clock_gettime(clockid_t id, struct timespec *ret) {
        int64_t ns;
        if (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE)
                ns = wall_time();
        else if (id == CLOCK_BOOTTIME && (clock_take(), boot_leaps))
                ns = machine_time(id) + clock_take().leapt;
        else
                return (int)syscall(SYS_clock_gettime, id, ret);
        ret->tv_sec = ns / SECOND;
        ret->tv_nsec = ns % SECOND;
        return 0;
}

int gettimeofday(struct timeval *restrict ret, void *restrict zone) {
        int64_t ns = wall_time();
        (void)zone;
        ret->tv_sec = ns / SECOND;
        ret->tv_usec = ns % SECOND / 1000;
        return 0;
}

time_t time(time_t *ret) {
        time_t now = wall_time() / SECOND;
        if (ret != NULL)
                *ret = now;
        return now;
}
