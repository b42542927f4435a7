/*
 * Log. A line is composed in a buffer and written by one call, so that lines of several processes on one stderr do not mix.
 */
#include "log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LINE_MAX_BYTES 1024

static const struct {
        const char *name;
        int priority; /* syslog(3) */
} levels[LOG_LEVEL_COUNT] = {
        [LOG_LEVEL_ERROR] = {"error", 3},
        [LOG_LEVEL_WARNING] = {"warning", 4},
        [LOG_LEVEL_INFO] = {"info", 6},
        [LOG_LEVEL_DEBUG] = {"debug", 7},
};

static LogLevel log_level = LOG_LEVEL_INFO;
static int log_fd = STDERR_FILENO;
static bool log_journal;
static uint64_t log_counts[LOG_LEVEL_COUNT];

const char *log_level_name(LogLevel level) { return levels[level].name; }

bool log_level_parse(const char *text, LogLevel *ret) {
        for (int i = 0; i < LOG_LEVEL_COUNT; i++)
                if (strcmp(text, levels[i].name) == 0) {
                        *ret = (LogLevel)i;
                        return true;
                }
        return false;
}

void log_set_level(LogLevel level) { log_level = level; }

void log_set_output(int fd, bool journal) {
        log_fd = fd;
        log_journal = journal;
}

uint64_t log_count(LogLevel level) { return log_counts[level]; }

static size_t log_prefix(LogLevel level, char *line, size_t size) {
        struct timespec now;
        struct tm utc;
        char text[32];

        if (log_journal)
                return (size_t)snprintf(line, size, "<%d>", levels[level].priority);
        clock_gettime(CLOCK_REALTIME, &now);
        gmtime_r(&now.tv_sec, &utc);
        strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &utc);
        return (size_t)snprintf(line, size, "%s.%03ldZ %s ", text, now.tv_nsec / 1000000, levels[level].name);
}

static void log_write_list(LogLevel level, const char *room, const char *suffix, const char *format, va_list arguments) {
        char line[LINE_MAX_BYTES];
        size_t n = log_prefix(level, line, sizeof line), start = n;

        log_counts[level]++;
        if (level > log_level)
                return;
        n += (size_t)snprintf(line + n, sizeof line - n, "%s: ", room);
        if (n < sizeof line)
                n += (size_t)vsnprintf(line + n, sizeof line - n, format, arguments);
        if (n < sizeof line)
                n += (size_t)snprintf(line + n, sizeof line - n, "%s", suffix);
        if (n > sizeof line - 2)
                n = sizeof line - 2;
        for (size_t i = start; i < n; i++)
                if ((unsigned char)line[i] < 0x20 || line[i] == 0x7f)
                        line[i] = '?';
        line[n++] = '\n';
        if (write(log_fd, line, n) < 0)
                return; /* nowhere left to tell it */
}

void log_write(LogLevel level, const char *room, const char *format, ...) {
        va_list arguments;

        va_start(arguments, format);
        log_write_list(level, room, "", format, arguments);
        va_end(arguments);
}

bool log_write_limited(LogLimit *limit, uint64_t now_ms, LogLevel level, const char *room, const char *format, ...) {
        char suffix[48] = "";
        va_list arguments;

        if (limit->window_at != 0 && now_ms - limit->window_at < LOG_WINDOW_MS) {
                limit->n_left_out++;
                return false;
        }
        if (limit->n_left_out > 0)
                snprintf(suffix, sizeof suffix, " left_out=%llu", (unsigned long long)limit->n_left_out);
        limit->window_at = now_ms ? now_ms : 1;
        limit->n_left_out = 0;
        va_start(arguments, format);
        log_write_list(level, room, suffix, format, arguments);
        va_end(arguments);
        return true;
}
