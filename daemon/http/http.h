/*
 * Http: answers for health checks and metrics on loopback, over libmicrohttpd, on the loop: whoever asks also learns whether the
 * loop turns. GET and HEAD only. Knows nothing of what it tells.
 */
#ifndef POLICEGRID_HTTP_HTTP_H
#define POLICEGRID_HTTP_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <uv.h>

#include "proto/text.h"

typedef struct Http Http;

typedef struct HttpAnswer {
        int status;        /* 200 when the handler leaves it */
        const char *type;  /* media type; static */
        Text body;
} HttpAnswer;

/* Fill the answer for a path; false = 404. Called on the loop. */
typedef bool HttpHandler(void *userdata, const char *path, HttpAnswer *answer);

/* Listen on `address` (an IPv4 or IPv6 literal of loopback) and `port`. NULL and a reason in ret_why when that fails. */
Http *http_new(uv_loop_t *loop, const char *address, unsigned port, HttpHandler *handler, void *userdata, char *ret_why, size_t n_why);
/* Stop; on_closed when no handle is left, after which http_free. */
void http_stop(Http *http, void (*on_closed)(void *userdata));
Http *http_free(Http *http);

#endif
