/*
 * escalations: what the units below could not solve, or did not answer.
 */
#include "ctl/command.h"

#include <stdio.h>
#include <stdlib.h>

#include "ctl/exchange.h"
#include "ctl/table.h"
#include "ctl/when.h"
#include "proto/json.h"

static const OptionSpec options[] = {
        {"unit", "UNIT", false, "只看报到这个单位的", "only those addressed to this unit"},
        {"all", NULL, false, "连已结束的", "the ended ones too"},
        {"limit", "N", false, "最多几条(100)", "at most so many (100)"},
};

static void escalations_print(const Context *context, const cJSON *escalations)
{
        static const char *const zh[] = {"编号", "自", "至", "级", "状态", "起因", "理由", "上报时间", "签收期限", "任务"};
        static const char *const en[] = {"number", "from", "to", "level", "state", "cause", "reason", "opened", "accept by", "task"};
        TextTable *table = text_table_new(10, context->language == LANGUAGE_ZH ? zh : en);
        const cJSON *item;

        cJSON_ArrayForEach(item, reply_list(escalations, "escalations")) {
                char opened[40], accept[40], level[24];
                const char *cells[] = {json_string(item, "number"), json_string(item, "from"), json_string(item, "to"), level, json_string(item, "state"),
                                       json_string(item, "cause"), json_string(item, "reason"), opened, accept, json_string(item, "task")};

                snprintf(level, sizeof level, "%lld", (long long)json_int(item, "level", 0));
                when_show(json_string(item, "opened_at"), context->zone_minutes, opened, sizeof opened);
                when_show(json_string(item, "accept_by"), context->zone_minutes, accept, sizeof accept);
                text_table_add(table, cells);
        }
        text_table_print(table);
}

static int escalations_run(Context *context, const CommandVerb *verb, const Arguments *arguments)
{
        const char *limit = arguments_value(arguments, "limit");
        cJSON *body;
        int code = context_connect(context, ROLE_COMMANDER, NULL, 0);

        (void)verb;
        if (code != EXIT_DONE)
                return code;
        body = cJSON_CreateObject();
        if (arguments_value(arguments, "unit") != NULL)
                cJSON_AddStringToObject(body, "unit", arguments_value(arguments, "unit"));
        if (!arguments_has(arguments, "all"))
                cJSON_AddTrueToObject(body, "open");
        cJSON_AddNumberToObject(body, "limit", limit != NULL ? atoi(limit) : 100);
        return exchange_query_show(context, "escalations", body, escalations_print);
}

static const CommandVerb verbs[] = {
        {NULL, "", 0, 0, options, COMMAND_LENGTH(options), "列出上报件(办理用 task accept|resolve|return|escalate)",
         "list escalations (work on them with task accept|resolve|return|escalate)", escalations_run},
};

const CommandEntry command_escalations = {"escalations", "上报件", "escalations", verbs, COMMAND_LENGTH(verbs)};
