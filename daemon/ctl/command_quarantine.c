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

static void quarantine_print(const Context *context, const cJSON *messages)
{
        static const char *const zh[] = {"号", "收到", "发送者", "主题", "原因"}, *const en[] = {"id", "received", "sender", "topic", "why"};
        _cleanup_text_ Text out = {0};
        TextTable *table = text_table_new(5, context->language == LANGUAGE_ZH ? zh : en);
        const cJSON *item;

        cJSON_ArrayForEach(item, reply_list(messages, "quarantine")) {
                const cJSON *id = cJSON_GetObjectItemCaseSensitive(item, "id");
                char number[32] = "", received[40];
                const char *cells[] = {number, received, json_string(item, "sender"), json_string(item, "topic"), json_string(item, "why")};

                if (cJSON_IsNumber(id))
                        snprintf(number, sizeof number, "%.0f", id->valuedouble);
                else if (cJSON_IsString(id))
                        snprintf(number, sizeof number, "%.31s", id->valuestring);
                when_show(json_string(item, "received_at"), context->zone_minutes, received, sizeof received);
                text_table_add(table, cells);
        }
        text_table_write(table, &out);
        fputs(text_string(&out), stdout);
        text_table_free(table);
}

static int quarantine_list(Context *context, const CommandVerb *verb, const Arguments *arguments)
{
        cJSON *data;
        int code = context_connect(context, ROLE_ADMIN, NULL, 0);

        (void)verb, (void)arguments;
        if (code == EXIT_DONE)
                code = exchange_query(context, "quarantine", NULL, &data);
        if (code != EXIT_DONE)
                return code;
        if (context->json)
                data_print(context, data);
        else
                quarantine_print(context, data);
        cJSON_Delete(data);
        return EXIT_DONE;
}

static int quarantine_retry(Context *context, const CommandVerb *verb, const Arguments *arguments)
{
        int code = context_connect(context, ROLE_ADMIN, NULL, 0);

        (void)verb;
        for (size_t i = 0; code == EXIT_DONE && arguments_positional(arguments, i) != NULL; i++) {
                const char *id = arguments_positional(arguments, i);
                cJSON *body = cJSON_CreateObject();

                if (id[strspn(id, "0123456789")] == '\0')
                        cJSON_AddNumberToObject(body, "quarantine", atof(id));
                else
                        cJSON_AddStringToObject(body, "quarantine", id);
                code = exchange_command(context, "admin/quarantine-retry", body, NULL);
                cJSON_Delete(body);
        }
        return code;
}

static const CommandVerb verbs[] = {
        {"list", "", 0, 0, NULL, 0, "列出隔离的消息", "list what was put aside", quarantine_list},
        {"retry", "ID…", 1, ARGUMENTS_MAX, NULL, 0, "再处理一次", "try again", quarantine_retry},
};

const CommandEntry command_quarantine = {"quarantine", "隔离区:列表、重试", "quarantine: list, retry", verbs, COMMAND_LENGTH(verbs)};
