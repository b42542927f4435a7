/*
 * Http. libmicrohttpd offers its epoll descriptor; the loop polls that and a timer, and calls MHD_run when either says so. Nothing
 * here blocks, and no thread is made. Bounds: connections, seconds of silence, bytes a connection.
 */
#include "http/http.h"

#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CONNECTIONS_MAX 32u
#define SILENCE_MAX_S 10u
#define CONNECTION_BYTES ((size_t)16 << 10)
#define BODY_BYTES_MAX ((size_t)1 << 20)
#define TURN_MAX_MS 1000u /* MHD's own timeouts are looked at this often at least */

struct Http {
        struct MHD_Daemon *daemon;
        HttpHandler *handler;
        void *userdata;
        uv_poll_t poll;
        uv_timer_t timer;
        int n_open;
        void (*on_closed)(void *userdata);
};

static void http_run(Http *http);

static void on_timer(uv_timer_t *timer) { http_run(timer->data); }

static void on_poll(uv_poll_t *poll, int status, int events) {
        (void)status, (void)events;
        http_run(poll->data);
}

static void http_run(Http *http) {
        MHD_UNSIGNED_LONG_LONG wait = TURN_MAX_MS;

        MHD_run(http->daemon);
        if (MHD_get_timeout(http->daemon, &wait) != MHD_YES || wait > TURN_MAX_MS)
                wait = TURN_MAX_MS;
        uv_timer_start(&http->timer, on_timer, wait, 0);
}

static enum MHD_Result http_send(struct MHD_Connection *connection, HttpAnswer *answer, const char *type) {
        struct MHD_Response *response =
                MHD_create_response_from_buffer(answer->body.n, (void *)(uintptr_t)text_string(&answer->body), MHD_RESPMEM_MUST_COPY);

        if (!response)
                return MHD_NO;
        MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
        MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
        enum MHD_Result result = MHD_queue_response(connection, (unsigned)answer->status, response);

        MHD_destroy_response(response);
        return result;
}

static enum MHD_Result on_request(void *userdata, struct MHD_Connection *connection, const char *url, const char *method,
                                  const char *version, const char *upload, size_t *n_upload, void **context) {
        static const int seen = 1;
        Http *http = userdata;
        HttpAnswer answer = {.status = MHD_HTTP_OK, .type = "text/plain; charset=utf-8", .body = TEXT_INIT(BODY_BYTES_MAX)};

        (void)version, (void)upload;
        if (!*context) { /* headers only so far: wait for the rest before answering */
                *context = (void *)(uintptr_t)&seen;
                return MHD_YES;
        }
        if (*n_upload > 0)
                return MHD_NO;
        if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0)
                answer.status = MHD_HTTP_METHOD_NOT_ALLOWED;
        else if (!http->handler(http->userdata, url, &answer))
                answer.status = MHD_HTTP_NOT_FOUND;
        if (answer.body.failed)
                answer.status = MHD_HTTP_INTERNAL_SERVER_ERROR;
        enum MHD_Result result = http_send(connection, &answer, answer.type);

        text_deinit(&answer.body);
        return result;
}

static bool address_parse(const char *text, unsigned port, struct sockaddr_storage *ret) {
        struct sockaddr_in *four = (struct sockaddr_in *)ret;
        struct sockaddr_in6 *six = (struct sockaddr_in6 *)ret;

        memset(ret, 0, sizeof *ret);
        if (inet_pton(AF_INET, text, &four->sin_addr) == 1) {
                four->sin_family = AF_INET;
                four->sin_port = htons((uint16_t)port);
                return true;
        }
        if (inet_pton(AF_INET6, text, &six->sin6_addr) == 1) {
                six->sin6_family = AF_INET6;
                six->sin6_port = htons((uint16_t)port);
                return true;
        }
        return false;
}

static bool http_listen(Http *http, const struct sockaddr_storage *address) {
        unsigned flags = MHD_USE_EPOLL | (address->ss_family == AF_INET6 ? MHD_USE_IPv6 : 0);

        http->daemon = MHD_start_daemon(flags, 0, NULL, NULL, on_request, http, MHD_OPTION_SOCK_ADDR, (const struct sockaddr *)address,
                                        MHD_OPTION_CONNECTION_LIMIT, CONNECTIONS_MAX, MHD_OPTION_CONNECTION_TIMEOUT, SILENCE_MAX_S,
                                        MHD_OPTION_CONNECTION_MEMORY_LIMIT, CONNECTION_BYTES, MHD_OPTION_END);
        return http->daemon != NULL;
}

Http *http_new(uv_loop_t *loop, const char *address, unsigned port, HttpHandler *handler, void *userdata, char *ret_why, size_t n_why) {
        struct sockaddr_storage where;
        Http *http = calloc(1, sizeof *http);

        if (!http)
                abort();
        http->handler = handler;
        http->userdata = userdata;
        errno = 0;
        if (!address_parse(address, port, &where) || !http_listen(http, &where)) {
                snprintf(ret_why, n_why, "cannot listen on %s port %u: %s", address, port, errno ? strerror(errno) : "refused");
                free(http);
                return NULL;
        }
        const union MHD_DaemonInfo *info = MHD_get_daemon_info(http->daemon, MHD_DAEMON_INFO_EPOLL_FD);

        uv_poll_init(loop, &http->poll, info->epoll_fd);
        uv_timer_init(loop, &http->timer);
        http->poll.data = http->timer.data = http;
        http->n_open = 2;
        uv_poll_start(&http->poll, UV_READABLE, on_poll);
        http_run(http);
        return http;
}

static void on_handle_closed(uv_handle_t *handle) {
        Http *http = handle->data;

        if (--http->n_open > 0)
                return;
        MHD_stop_daemon(http->daemon);
        http->on_closed(http->userdata);
}

void http_stop(Http *http, void (*on_closed)(void *userdata)) {
        http->on_closed = on_closed;
        uv_close((uv_handle_t *)&http->poll, on_handle_closed);
        uv_close((uv_handle_t *)&http->timer, on_handle_closed);
}

Http *http_free(Http *http) {
        free(http);
        return NULL;
}
