/*
 * Daemon: the root object of policegridd. The only place where bus, store, http and engine meet. daemon.c builds it, wires the
 * rooms' events and takes it down again; turn.c decides what is done next when nothing is in work; answers.c answers queries and
 * health checks.
 */
#ifndef POLICEGRID_DAEMON_DAEMON_H
#define POLICEGRID_DAEMON_DAEMON_H

#include "config.h"

/* Exit codes of policegridd (README). */
enum {
        EXIT_CODE_OK = 0,
        EXIT_CODE_USAGE = 1,
        EXIT_CODE_CONFIG = 2,     /* the configuration, or a file that it names */
        EXIT_CODE_LISTEN = 3,     /* the http port */
        EXIT_CODE_DATABASE = 4,   /* wrong schema, another writer, rows that do not fit: nothing to retry */
        EXIT_CODE_MIGRATE = 5,
        EXIT_CODE_LEAK = 6,       /* a handle was left at the end: our own bug */
};

/* Run until SIGTERM or SIGINT, or until nothing can be retried. `config_path` is read again on SIGHUP. Returns the exit code. */
int daemon_run(const Config *config, const char *config_path);

#endif
