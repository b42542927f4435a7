/*
 * duty: standing duties and how far their rounds are.
 */
#include "ctl/command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/exchange.h"
#include "ctl/table.h"
#include "ctl/when.h"
#include "proto/json.h"

static const OptionSpec list_options[] = {
        {"unit", "UNIT", false, "只看这个单位的", "only this unit's"},
        {"limit", "N", false, "最多几条(100)", "at most so many (100)"},
};

static const OptionSpec round_options[] = {
        {"unit", "UNIT", false, "只看这个单位的", "only this unit's"},
        {"duty", "NAME", false, "只看这项职责的", "only this duty's"},
        {"from", "DATE", false, "从何日起(默认本周一)", "from that day on (this week's Monday)"},
        {"until", "DATE", false, "到何日止(不含)", "up to before that day"},
        {"limit", "N", false, "最多几条(100)", "at most so many (100)"},
};

static void number_show(const cJSON *item, const char *name, char buffer[24])
{
        buffer[0] = '\0';
        if (json_has(item, name))
                snprintf(buffer, 24, "%lld", (long long)json_int(item, name, 0));
}

static const char *title_of(const Context *context, const cJSON *item)
{
        return json_string(item, context->language == LANGUAGE_ZH ? "title" : "title_en");
}

static void duties_print(const Context *context, const cJSON *data)
{
        static const char *const zh[] = {"职责", "名称", "状态", "下次", "本轮至", "对象", "要求", "已完成", "未完成对象", "停机略过"};
        static const char *const en[] = {"duty", "title", "state", "next", "round until", "targets", "asked", "done", "missed", "skipped"};
        TextTable *table = text_table_new(10, context->language == LANGUAGE_ZH ? zh : en);
        const cJSON *item;

        cJSON_ArrayForEach(item, reply_list(data, "duties")) {
                char next[40], until[40], targets[24], quota[24], done[24], missed[24], skipped[24];
                const char *cells[] = {json_string(item, "duty"), title_of(context, item), json_string(item, "state"), next, until, targets, quota, done,
                                       missed, skipped};

                when_show(json_string(item, "next_at"), context->zone_minutes, next, sizeof next);
                when_show(json_string(item, "ends_at"), context->zone_minutes, until, sizeof until);
                number_show(item, "targets", targets);
                number_show(item, "quota", quota);
                number_show(item, "done", done);
                number_show(item, "missed", missed);
                number_show(item, "skipped", skipped);
                text_table_add(table, cells);
        }
        text_table_print(table);
}

static void rounds_print(const Context *context, const cJSON *data)
{
        static const char *const zh[] = {"职责", "单位", "对象", "状态", "自", "至", "要求", "已完成"};
        static const char *const en[] = {"duty", "unit", "target", "state", "from", "until", "asked", "done"};
        TextTable *table = text_table_new(8, context->language == LANGUAGE_ZH ? zh : en);
        const cJSON *item;

        cJSON_ArrayForEach(item, reply_list(data, "rounds")) {
                char from[40], until[40], quota[24], done[24];
                const char *target = json_string(item, "member") != NULL ? json_string(item, "member") : json_string(item, "place");
                const char *cells[] = {json_string(item, "duty"), json_string(item, "unit"), target, json_string(item, "state"), from, until, quota, done};

                when_show(json_string(item, "starts_at"), context->zone_minutes, from, sizeof from);
                when_show(json_string(item, "ends_at"), context->zone_minutes, until, sizeof until);
                number_show(item, "quota", quota);
                number_show(item, "done", done);
                text_table_add(table, cells);
        }
        text_table_print(table);
}

static cJSON *body_of(const Arguments *arguments)
{
        static const char *const names[] = {"unit", "duty", "from", "until"};
        const char *limit = arguments_value(arguments, "limit");
        cJSON *body = cJSON_CreateObject();

        for (size_t i = 0; i < COMMAND_LENGTH(names); i++)
                if (arguments_value(arguments, names[i]) != NULL)
                        cJSON_AddStringToObject(body, names[i], arguments_value(arguments, names[i]));
        cJSON_AddNumberToObject(body, "limit", limit != NULL ? atoi(limit) : 100);
        return body;
}

static int duty_run(Context *context, const CommandVerb *verb, const Arguments *arguments)
{
        bool rounds = strcmp(verb->name, "rounds") == 0;

        return exchange_ask(context, rounds ? "rounds" : "duties", body_of(arguments), rounds ? rounds_print : duties_print);
}

static const CommandVerb verbs[] = {
        {"list", "", 0, 0, list_options, COMMAND_LENGTH(list_options), "列出职责:下次何时、本轮完成多少", "list duties: when next, how far the round is",
         duty_run},
        {"rounds", "", 0, 0, round_options, COMMAND_LENGTH(round_options), "列出各轮:每个单位、人员或场所要求多少、完成多少",
         "list rounds: what each unit, member or place was asked and did", duty_run},
};

const CommandEntry command_duty = {"duty", "常设职责与各轮完成情况", "standing duties and their rounds", verbs, COMMAND_LENGTH(verbs)};
