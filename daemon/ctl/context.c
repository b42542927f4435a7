#include "ctl/context.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "proto/json.h"
#include "proto/topic.h"

#define FILTERS_MAX 512
#define CONNECT_MS 10000

/* The filters of the one link of this process, for reconnecting. */
static char filters_kept[FILTERS_MAX][TOPIC_MAX + 1];
static size_t n_filters_kept;

int64_t context_now_ms(void)
{
        struct timespec now;

        clock_gettime(CLOCK_REALTIME, &now);
        return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void context_complain(const Context *context, const char *zh, const char *en, ...)
{
        va_list arguments;

        fputs("policegridctl: ", stderr);
        va_start(arguments, en);
        vfprintf(stderr, language_pick(context->language, zh, en), arguments);
        va_end(arguments);
        fputc('\n', stderr);
}

int context_choose(Context *context, Role role_default)
{
        char path[4096];

        connection_path(context->connection_file, path, sizeof path);
        switch (connection_load(path, context->as, role_default, &context->connection)) {
        case CONNECTION_OK:
                return EXIT_DONE;
        case CONNECTION_E_FILE:
                context_complain(context, "读不了连接文件 %s:%s。用 --connection 指出它在哪里", "cannot read the connection file %s: %s. Say where it is with --connection",
                                 path, strerror(errno));
                return EXIT_LOCAL;
        case CONNECTION_E_SHAPE:
                context_complain(context, "%s 不是连接文件(需要 area、mqtt.host、mqtt.port、members)", "%s is no connection file (area, mqtt.host, mqtt.port, members are needed)", path);
                return EXIT_LOCAL;
        case CONNECTION_E_MEMBER:
                context_complain(context, "连接文件里没有成员 %s", "the connection file has no member %s", context->as != NULL ? context->as : role_name(role_default));
                return EXIT_USAGE;
        }
        return EXIT_LOCAL;
}

static void on_message(void *userdata, const char *topic, const void *payload, size_t n_payload, bool retained)
{
        Context *context = userdata;
        Topic parsed;

        if (topic_parse(topic, strlen(topic), &parsed) != 0)
                return;
        if (parsed.kind == TOPIC_RECEIPT || parsed.kind == TOPIC_REPLY) {
                cJSON *answer = cJSON_ParseWithLength(payload, n_payload);
                const char *id = json_string(answer, "id");

                if (context->awaited[0] != '\0' && context->answer == NULL && id != NULL && strcmp(id, context->awaited) == 0)
                        context->answer = answer;
                else
                        cJSON_Delete(answer);
                return;
        }
        if (context->on_document != NULL)
                context->on_document(context->document_userdata, topic, payload, n_payload, retained);
}

int context_reconnect(Context *context)
{
        const char *filters[FILTERS_MAX];

        for (size_t i = 0; i < n_filters_kept; i++)
                filters[i] = filters_kept[i];
        return link_open(context->link, filters, n_filters_kept, CONNECT_MS) == LINK_OK ? EXIT_DONE : EXIT_CONNECTION;
}

static void filters_keep(const Context *context, const char *const *filters, size_t n_filters)
{
        const Connection *connection = &context->connection;

        n_filters_kept = 0;
        snprintf(filters_kept[n_filters_kept++], sizeof filters_kept[0], "grid/v1/%s/member/%s/receipt", connection->area, connection->member);
        if (!context->receipts_only)
                snprintf(filters_kept[n_filters_kept++], sizeof filters_kept[0], "grid/v1/%s/member/%s/reply", connection->area, connection->member);
        for (size_t i = 0; i < n_filters && n_filters_kept < FILTERS_MAX; i++)
                snprintf(filters_kept[n_filters_kept++], sizeof filters_kept[0], "%s", filters[i]);
}

static int link_outcome_tell(const Context *context, LinkOutcome outcome)
{
        const Connection *connection = &context->connection;

        if (outcome == LINK_REFUSED)
                context_complain(context, "消息服务器 %s:%d 不让成员 %s 进入:密钥不对,或者已被撤销", "the broker %s:%d does not let member %s in: wrong secret, or revoked",
                                 connection->host, connection->port, connection->member);
        else if (outcome == LINK_DENIED)
                context_complain(context, "%s:%d 不允许成员 %s 订阅所需的主题", "%s:%d does not let member %s subscribe to what is needed", connection->host, connection->port, connection->member);
        else
                context_complain(context, "连不上消息服务器 %s:%d:它在运行吗?(快速启动时用 deploy/quickstart 启动)", "no connection to the broker %s:%d: is it running? (with the quickstart: deploy/quickstart)",
                                 connection->host, connection->port);
        return EXIT_CONNECTION;
}

int context_subscribe(Context *context, const char *const *filters, size_t n_filters)
{
        LinkOutcome outcome;

        for (size_t i = 0; i < n_filters && n_filters_kept < FILTERS_MAX; i++)
                snprintf(filters_kept[n_filters_kept++], sizeof filters_kept[0], "%s", filters[i]);
        outcome = link_subscribe(context->link, filters, n_filters, CONNECT_MS);
        return outcome == LINK_OK ? EXIT_DONE : link_outcome_tell(context, outcome);
}

int context_connect(Context *context, Role role_default, const char *const *filters, size_t n_filters)
{
        const Connection *connection = &context->connection;
        const char *wanted[FILTERS_MAX];
        LinkOutcome outcome;
        int code = context_choose(context, role_default);

        if (code != EXIT_DONE)
                return code;
        filters_keep(context, filters, n_filters);
        for (size_t i = 0; i < n_filters_kept; i++)
                wanted[i] = filters_kept[i];
        context->link = link_new(connection->host, connection->port, connection->member, connection->secret, on_message, context);
        if (context->link == NULL) {
                context_complain(context, "内存不够", "out of memory");
                return EXIT_LOCAL;
        }
        outcome = link_open(context->link, wanted, n_filters_kept, CONNECT_MS);
        return outcome == LINK_OK ? EXIT_DONE : link_outcome_tell(context, outcome);
}

void context_deinit(Context *context)
{
        context->link = link_free(context->link);
        cJSON_Delete(context->answer);
        context->answer = NULL;
        connection_deinit(&context->connection);
}
