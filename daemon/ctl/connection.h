/*
 * Connection file: where the town's broker is and as whom this machine may speak (connection.json, mode 0600). Written by
 * `policegridctl init` and by deploy/quickstart; any program may read it:
 *   {"area", "mqtt":{"host","port"}, "websocket":{"url"}, "postgres":{"conninfo"}, "http":{"url"},
 *    "members":{"<member>":{"secret","role","tier","unit"}}}
 */
#ifndef POLICEGRID_CTL_CONNECTION_H
#define POLICEGRID_CTL_CONNECTION_H

#include <stdbool.h>
#include <stddef.h>
#include <cjson/cJSON.h>

#include "proto/roster.h"

typedef struct Connection {
        cJSON *file;          /* owned: the whole file */
        const char *area;     /* these point into `file` */
        const char *host;
        int port;
        const char *member;   /* as whom we speak */
        const char *secret;
        const char *unit;     /* "" for members of the area itself */
        int tier;             /* 0 where unit is "" */
        Role role;
} Connection;

typedef enum ConnectionOutcome {
        CONNECTION_OK = 0,
        CONNECTION_E_FILE,    /* missing or unreadable: errno */
        CONNECTION_E_SHAPE,   /* no JSON object of that shape */
        CONNECTION_E_MEMBER,  /* nobody in it fits `as` */
} ConnectionOutcome;

/*
 * Path to use: `given`, else $POLICEGRID_CONNECTION, else the first that exists of ~/.config/policegrid/connection.json and
 * build/state/connection.json (the quickstart's). Writes the first candidate's path when none exists.
 */
void connection_path(const char *given, char *buffer, size_t size);
/*
 * `as`: a member's id, `role` or `role@unit`; NULL = `role_default`'s first. The choice is the first in the file that fits.
 * *ret must be released with connection_deinit, also after a failure.
 */
ConnectionOutcome connection_load(const char *path, const char *as, Role role_default, Connection *ret);
void connection_deinit(Connection *connection);

#endif
