/*
 * quarantine: messages that could not be worked on. Nothing is lost: they can be looked at and tried again.
 */
#include "ctl/command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/exchange.h"
#include "ctl/table.h"
#include "ctl/when.h"
#include "proto/json.h"

#define QUERY_ROWS_MAX 500 /* the daemon answers no more */

/* The id as text, "" where there is none. */
static void id_read(const cJSON *item, char ret[static 32])
{
        const cJSON *id = cJSON_GetObjectItemCaseSensitive(item, "id");

        ret[0] = '\0';
        if (cJSON_IsNumber(id))
                snprintf(ret, 32, "%.0f", id->valuedouble);
        else if (cJSON_IsString(id))
                snprintf(ret, 32, "%.31s", id->valuestring);
}

static void quarantine_print(const Context *context, const cJSON *messages)
{
        static const char *const zh[] = {"号", "收到", "发送者", "主题", "原因"}, *const en[] = {"id", "received", "sender", "topic", "why"};
        TextTable *table = text_table_new(5, context->language == LANGUAGE_ZH ? zh : en);
        const cJSON *item;

        cJSON_ArrayForEach(item, reply_list(messages, "quarantine")) {
                char number[32], received[40];
                const char *cells[] = {number, received, json_string(item, "sender"), json_string(item, "topic"), json_string(item, "why")};

                id_read(item, number);
                when_show(json_string(item, "received_at"), context->zone_minutes, received, sizeof received);
                text_table_add(table, cells);
        }
        text_table_print(table);
}

static int quarantine_ask(Context *context, cJSON **ret)
{
        cJSON *body = cJSON_CreateObject();

        cJSON_AddNumberToObject(body, "limit", QUERY_ROWS_MAX);
        return exchange_query(context, "quarantine", body, ret);
}

static int quarantine_list(Context *context, const CommandVerb *verb, const Arguments *arguments)
{
        cJSON *data;
        int code = context_connect(context, ROLE_ADMIN, NULL, 0);

        (void)verb, (void)arguments;
        if (code == EXIT_DONE)
                code = quarantine_ask(context, &data);
        if (code != EXIT_DONE)
                return code;
        if (context->json)
                data_print(context, data);
        else
                quarantine_print(context, data);
        cJSON_Delete(data);
        return EXIT_DONE;
}

/* The daemon takes up what it finds and says nothing of what it does not: so look first. */
static bool message_is_there(const cJSON *data, const char *id)
{
        const cJSON *item;
        char number[32];

        cJSON_ArrayForEach(item, reply_list(data, "quarantine")) {
                id_read(item, number);
                if (strcmp(number, id) == 0)
                        return true;
        }
        return json_bool(data, "truncated", false);
}

static int message_retry(Context *context, const cJSON *data, const char *id)
{
        cJSON *body;
        int code;

        if (!message_is_there(data, id)) {
                context_complain(context, "隔离区里没有 %s", "there is no %s in the quarantine", id);
                return EXIT_REJECTED;
        }
        body = cJSON_CreateObject();
        cJSON_AddNumberToObject(body, "quarantine", atof(id));
        code = exchange_command(context, "admin/quarantine-retry", body, NULL);
        cJSON_Delete(body);
        return code;
}

static int quarantine_retry(Context *context, const CommandVerb *verb, const Arguments *arguments)
{
        cJSON *data;
        int code = context_connect(context, ROLE_ADMIN, NULL, 0);

        (void)verb;
        if (code == EXIT_DONE)
                code = quarantine_ask(context, &data);
        if (code != EXIT_DONE)
                return code;
        for (size_t i = 0; code == EXIT_DONE && arguments_positional(arguments, i) != NULL; i++)
                code = message_retry(context, data, arguments_positional(arguments, i));
        cJSON_Delete(data);
        return code;
}

static const CommandVerb verbs[] = {
        {"list", "", 0, 0, NULL, 0, "列出隔离的消息", "list what was put aside", quarantine_list},
        {"retry", "ID…", 1, ARGUMENTS_MAX, NULL, 0, "再处理一次", "try again", quarantine_retry},
};

const CommandEntry command_quarantine = {"quarantine", "隔离区:列表、重试", "quarantine: list, retry", verbs, COMMAND_LENGTH(verbs)};
