/*
 * Config: policegridd's options, one row each in config.c: section, name, type, range, default, help in Chinese and English, and
 * what a reload (SIGHUP) does with it. Read from an INI file; whatever is unknown, repeated or out of range is refused with its line.
 */
#ifndef POLICEGRID_DAEMON_CONFIG_H
#define POLICEGRID_DAEMON_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "log.h"

#define CONFIG_TEXT_MAX 512

typedef struct Config {
        /* [area] */
        char area[16];
        char secret_file[CONFIG_TEXT_MAX];
        /* [database] */
        char conninfo[CONFIG_TEXT_MAX];
        int64_t database_retry_ms, query_timeout_ms;
        /* [broker] */
        char broker_host[CONFIG_TEXT_MAX];
        int64_t broker_port;
        char broker_socket[CONFIG_TEXT_MAX];   /* "" = host and port */
        int64_t keepalive_s, receive_maximum, broker_retry_ms;
        /* [http] */
        char http_address[64];
        int64_t http_port;                     /* 0 = none */
        /* [files] */
        char playbooks[CONFIG_TEXT_MAX];       /* folder; "" = none */
        char bootstrap[CONFIG_TEXT_MAX];       /* "" = none */
        char state[CONFIG_TEXT_MAX];           /* folder */
        /* [limits] */
        int64_t burst_messages, burst_bytes, outcomes, unit_tasks, terminal_keep_s, drain_ms, status_ms, months_ms, clock_departure_s;
        /* [retention], days */
        int64_t notes_days, contact_days, quarantine_days, device_days, audit_days;
        /* [log] */
        LogLevel log_level;
} Config;

/*
 * Read `path` into *ret. Returns true, or false with "file:line: reason" in ret_why.
 */
bool config_read(const char *path, Config *ret, char *ret_why, size_t n_why);
/* The same from text (tests); `name` stands for the file. */
bool config_parse(const char *text, const char *name, Config *ret, char *ret_why, size_t n_why);
/*
 * Take over from `fresh` what a reload may change. Writes the names of the options that differ but need a restart into ret_restart
 * ("broker.port http.port", "" when none).
 */
void config_reload(Config *config, const Config *fresh, char *ret_restart, size_t n_restart);
/* Every option with its help, as a commented configuration file. `chinese` chooses the language. */
void config_print(FILE *file, bool chinese);

#endif
