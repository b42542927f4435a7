/*
 * device: how devices stand, what one of them did, and how much of a period each served.
 */
#include "ctl/command.h"

#include <stdio.h>
#include <stdlib.h>

#include "ctl/exchange.h"
#include "ctl/table.h"
#include "ctl/when.h"
#include "proto/json.h"

#define COMMON_OPTIONS \
        {"unit", "UNIT", false, "只看这个单位的", "only this unit's"}, \
        {"limit", "N", false, "最多几条(100)", "at most so many (100)"}
#define PERIOD_OPTIONS \
        {"from", "DAY", false, "从这天(或时刻)起", "from this day or time on"}, \
        {"until", "DAY", false, "到这天(或时刻)前", "up to this day or time"}

static const OptionSpec list_options[] = {
        {"kind", "KIND", false, "只看这类设备", "only devices of this kind"},
        {"state", "STATE", false, "online、offline、fault、never(从未收到)", "online, offline, fault, never (nothing heard yet)"},
        COMMON_OPTIONS,
};
static const OptionSpec history_options[] = {PERIOD_OPTIONS, {"limit", "N", false, "最多几条(100)", "at most so many (100)"}};
static const OptionSpec availability_options[] = {{"kind", "KIND", false, "只看这类设备", "only devices of this kind"}, PERIOD_OPTIONS, COMMON_OPTIONS};

static cJSON *body_of(const Arguments *arguments)
{
        static const char *const names[] = {"unit", "kind", "state", "from", "until"};
        const char *limit = arguments_value(arguments, "limit");
        cJSON *body = cJSON_CreateObject();

        for (size_t i = 0; i < COMMAND_LENGTH(names); i++)
                if (arguments_value(arguments, names[i]) != NULL)
                        cJSON_AddStringToObject(body, names[i], arguments_value(arguments, names[i]));
        cJSON_AddNumberToObject(body, "limit", limit != NULL ? atoi(limit) : 100);
        return body;
}

static void devices_print(const Context *context, const cJSON *data)
{
        static const char *const zh[] = {"设备", "类别", "单位", "状态", "故障", "始于", "网关"}, *const en[] = {"device", "kind", "unit", "state", "fault", "since", "gateway"};
        TextTable *table = text_table_new(7, context->language == LANGUAGE_ZH ? zh : en);
        const cJSON *item;

        printf(language_pick(context->language, "共 %lld:在线 %lld,故障 %lld,离线 %lld,从未收到 %lld\n", "%lld: online %lld, fault %lld, offline %lld, never heard of %lld\n"),
               (long long)json_int(data, "total", 0), (long long)json_int(data, "online", 0), (long long)json_int(data, "fault", 0),
               (long long)json_int(data, "offline", 0), (long long)json_int(data, "never", 0));
        cJSON_ArrayForEach(item, reply_list(data, "devices")) {
                char since[40];
                const char *cells[] = {json_string(item, "device"), json_string(item, "kind"), json_string(item, "unit"), json_string(item, "state"),
                                       json_string(item, "fault_code"), since, json_string(item, "gateway")};

                when_show(json_string(item, "since"), context->zone_minutes, since, sizeof since);
                text_table_add(table, cells);
        }
        text_table_print(table);
}

static void history_print(const Context *context, const cJSON *data)
{
        static const char *const zh[] = {"时间", "经过", "单位", "故障"}, *const en[] = {"at", "what", "unit", "fault"};
        TextTable *table = text_table_new(4, context->language == LANGUAGE_ZH ? zh : en);
        const cJSON *item;

        cJSON_ArrayForEach(item, reply_list(data, "history")) {
                char at[40];
                const char *cells[] = {at, json_string(item, "what"), json_string(item, "unit"), json_string(item, "fault_code")};

                when_show(json_string(item, "at"), context->zone_minutes, at, sizeof at);
                text_table_add(table, cells);
        }
        text_table_print(table);
}

static double percent_of(const cJSON *item)
{
        const cJSON *percent = cJSON_GetObjectItemCaseSensitive(item, "percent");

        return cJSON_IsNumber(percent) ? percent->valuedouble : 0;
}

static void availability_print(const Context *context, const cJSON *data)
{
        static const char *const zh[] = {"设备", "类别", "单位", "可用率%", "中断", "离线分钟", "最长分钟"},
                                 *const en[] = {"device", "kind", "unit", "served %", "outages", "offline min", "longest min"};
        TextTable *table = text_table_new(7, context->language == LANGUAGE_ZH ? zh : en);
        const cJSON *item;

        printf(language_pick(context->language, "%lld 台,可用率 %.2f%%\n", "%lld devices, %.2f %% served\n"), (long long)json_int(data, "total", 0), percent_of(data));
        cJSON_ArrayForEach(item, reply_list(data, "devices")) {
                char percent[16], outages[24], offline[24], longest[24];
                const char *cells[] = {json_string(item, "device"), json_string(item, "kind"), json_string(item, "unit"), percent, outages, offline, longest};

                snprintf(percent, sizeof percent, "%.2f", percent_of(item));
                snprintf(outages, sizeof outages, "%lld", (long long)json_int(item, "outages", 0));
                snprintf(offline, sizeof offline, "%lld", (long long)json_int(item, "offline_s", 0) / 60);
                snprintf(longest, sizeof longest, "%lld", (long long)json_int(item, "longest_s", 0) / 60);
                text_table_add(table, cells);
        }
        text_table_print(table);
}

static int device_list(Context *context, const CommandVerb *verb, const Arguments *arguments)
{
        (void)verb;
        return exchange_ask(context, "devices", body_of(arguments), devices_print);
}

static int device_history(Context *context, const CommandVerb *verb, const Arguments *arguments)
{
        cJSON *body = body_of(arguments);

        (void)verb;
        cJSON_AddStringToObject(body, "device", arguments_positional(arguments, 0));
        return exchange_ask(context, "device_history", body, history_print);
}

static int device_availability(Context *context, const CommandVerb *verb, const Arguments *arguments)
{
        (void)verb;
        return exchange_ask(context, "availability", body_of(arguments), availability_print);
}

static const CommandVerb verbs[] = {
        {"list", "", 0, 0, list_options, COMMAND_LENGTH(list_options), "列出设备现状,离线与故障在前", "list devices as they stand, those out of order first", device_list},
        {"history", "DEVICE", 1, 1, history_options, COMMAND_LENGTH(history_options), "一台设备的经过", "what one device did", device_history},
        {"availability", "", 0, 0, availability_options, COMMAND_LENGTH(availability_options),
         "可用率(默认本月),最差的在前", "how much of a period (this month by default) each served, the worst first", device_availability},
};

const CommandEntry command_device = {"device", "设备:现状、经过、可用率", "devices: list, history, availability", verbs, COMMAND_LENGTH(verbs)};
