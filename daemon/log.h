/*
 * Log: one line per event on stderr, `room: words key=value …`, with a level that journald understands. What can repeat without
 * bound goes through a LogLimit: one line a window, with the number of those that were left out.
 */
#ifndef POLICEGRID_DAEMON_LOG_H
#define POLICEGRID_DAEMON_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum LogLevel { LOG_LEVEL_ERROR = 0, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG, LOG_LEVEL_COUNT } LogLevel;

const char *log_level_name(LogLevel level);
/* "error", "warning", "info", "debug"; returns false for another word. */
bool log_level_parse(const char *text, LogLevel *ret);
void log_set_level(LogLevel level);
/* Lines go to `fd` (2 at start). Under journald (`journal`) each begins with its priority, `<6>`; else with the time in UTC. */
void log_set_output(int fd, bool journal);
/* Lines written since the start, by level. */
uint64_t log_count(LogLevel level);

/* Control characters and what comes from outside are made harmless: bytes below 0x20 and 0x7f become `?`. Lines are cut at 1 KiB. */
void log_write(LogLevel level, const char *room, const char *format, ...) __attribute__((format(printf, 3, 4)));

#define LOG_WINDOW_MS 10000
typedef struct LogLimit {
        uint64_t window_at;   /* monotonic ms at which the window began; 0 = none yet */
        uint64_t n_left_out;  /* in this window */
} LogLimit;
/* At most one line each LOG_WINDOW_MS. `now_ms` is monotonic. Returns whether a line was written. */
bool log_write_limited(LogLimit *limit, uint64_t now_ms, LogLevel level, const char *room, const char *format, ...)
        __attribute__((format(printf, 5, 6)));

#endif
