/*
 * points: cards, the ranking of a month, redemptions, and the ledger as CSV. Cards are numbers; nothing here knows whose they are.
 */
#include "ctl/command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/exchange.h"
#include "ctl/exit_code.h"
#include "ctl/table.h"
#include "ctl/when.h"
#include "proto/json.h"

#define PAGE_ROWS 500      /* of one question */
#define PAGES_MAX 2000     /* a ledger of a million entries */

static const OptionSpec limit_options[] = {{"limit", "N", false, "最多几条(100)", "at most so many (100)"}};
static const OptionSpec redemption_options[] = {
        {"open", NULL, false, "只看未确认的", "only those that wait for their holder"},
        {"limit", "N", false, "最多几条(100)", "at most so many (100)"},
};
static const OptionSpec period_options[] = {
        {"period", "MONTH", false, "哪个月,如 2026-11(默认本月)", "which month, like 2026-11 (this month)"},
        {"limit", "N", false, "最多几条(100)", "at most so many (100)"},
};
static const OptionSpec export_options[] = {{"period", "MONTH", false, "只要这个月的,如 2026-11", "only this month's, like 2026-11"}};

static cJSON *body_of(const Arguments *arguments)
{
        const char *period = arguments_value(arguments, "period"), *limit = arguments_value(arguments, "limit");
        cJSON *body = cJSON_CreateObject();

        if (period != NULL)
                cJSON_AddStringToObject(body, "period", period);
        cJSON_AddNumberToObject(body, "limit", limit != NULL ? atoi(limit) : 100);
        return body;
}

static const char *number_show(const cJSON *item, const char *name, char ret[static 24])
{
        snprintf(ret, 24, "%lld", (long long)json_int(item, name, 0));
        return ret;
}

static void card_print(const Context *context, const cJSON *data)
{
        static const char *const zh[] = {"时间", "种类", "分", "余额", "来自", "单位"}, *const en[] = {"at", "kind", "points", "balance", "from", "unit"};
        TextTable *table = text_table_new(6, context->language == LANGUAGE_ZH ? zh : en);
        const cJSON *item;

        printf(language_pick(context->language, "卡 %s(%s):余额 %lld,已预留 %lld\n", "card %s (%s): balance %lld, reserved %lld\n"),
               json_string(data, "card"), json_string(data, "unit"), (long long)json_int(data, "balance", 0), (long long)json_int(data, "reserved", 0));
        cJSON_ArrayForEach(item, reply_list(data, "entries")) {
                char at[40], points[24], balance[24];
                const char *cells[] = {at, json_string(item, "kind"), number_show(item, "points", points), number_show(item, "balance", balance),
                                       json_string(item, "origin_type"), json_string(item, "unit")};

                when_show(json_string(item, "at"), context->zone_minutes, at, sizeof at);
                text_table_add(table, cells);
        }
        text_table_print(table);
}

static void ranking_print(const Context *context, const cJSON *data)
{
        static const char *const zh[] = {"名次", "卡", "单位", "得分", "笔数", "已兑换"}, *const en[] = {"rank", "card", "unit", "earned", "bookings", "redeemed"};
        TextTable *table = text_table_new(6, context->language == LANGUAGE_ZH ? zh : en);
        const cJSON *item;

        cJSON_ArrayForEach(item, reply_list(data, "ranking")) {
                char rank[24], earned[24], bookings[24], redeemed[24];
                const char *cells[] = {number_show(item, "rank", rank), json_string(item, "card"), json_string(item, "unit"), number_show(item, "earned", earned),
                                       number_show(item, "bookings", bookings), number_show(item, "redeemed", redeemed)};

                text_table_add(table, cells);
        }
        text_table_print(table);
}

static void redemptions_print(const Context *context, const cJSON *data)
{
        static const char *const zh[] = {"时间", "卡", "单位", "礼品", "件", "分", "状态"}, *const en[] = {"at", "card", "unit", "goods", "count", "points", "state"};
        TextTable *table = text_table_new(7, context->language == LANGUAGE_ZH ? zh : en);
        const cJSON *item;

        cJSON_ArrayForEach(item, reply_list(data, "redemptions")) {
                char at[40], count[24], points[24];
                const char *cells[] = {at, json_string(item, "card"), json_string(item, "unit"), json_string(item, "goods"), number_show(item, "count", count),
                                       number_show(item, "points", points), json_string(item, "state")};

                when_show(json_string(item, "reserved_at"), context->zone_minutes, at, sizeof at);
                text_table_add(table, cells);
        }
        text_table_print(table);
}

static int points_card(Context *context, const CommandVerb *verb, const Arguments *arguments)
{
        cJSON *body = body_of(arguments);

        (void)verb;
        cJSON_AddStringToObject(body, "card", arguments_positional(arguments, 0));
        return exchange_ask(context, "points", body, card_print);
}

static int points_ranking(Context *context, const CommandVerb *verb, const Arguments *arguments)
{
        (void)verb;
        return exchange_ask(context, "points_ranking", body_of(arguments), ranking_print);
}

static int points_redemptions(Context *context, const CommandVerb *verb, const Arguments *arguments)
{
        cJSON *body = body_of(arguments);

        (void)verb;
        if (arguments_has(arguments, "open"))
                cJSON_AddTrueToObject(body, "open");
        return exchange_ask(context, "redemptions", body, redemptions_print);
}

/* Texts of the ledger are numbers, ids and code words: nothing in them has to be quoted. */
static void entries_print(const cJSON *data)
{
        static const char *const texts[] = {"at", "period", "kind", "unit", "origin_type", "origin_id", "by", "reason"};
        const cJSON *item;

        cJSON_ArrayForEach(item, reply_list(data, "entries")) {
                printf("%s,%lld,%lld,%lld", json_string(item, "card"), (long long)json_int(item, "number", 0), (long long)json_int(item, "points", 0),
                       (long long)json_int(item, "balance", 0));
                for (size_t i = 0; i < COMMAND_LENGTH(texts); i++) {
                        const char *text = json_string(item, texts[i]);

                        printf(",%s", text == NULL ? "" : text);
                }
                putchar('\n');
        }
}

/* Page by page, in the order of the log. */
static int points_export(Context *context, const CommandVerb *verb, const Arguments *arguments)
{
        char next[80] = "";
        int code = context_connect(context, ROLE_COMMANDER, NULL, 0);

        (void)verb;
        if (code == EXIT_DONE)
                puts("card,number,points,balance,at,period,kind,unit,origin_type,origin_id,by,reason");
        for (unsigned page = 0; code == EXIT_DONE && page < PAGES_MAX; page++) {
                cJSON *body = body_of(arguments), *data = NULL;
                const char *more;

                cJSON_ReplaceItemInObjectCaseSensitive(body, "limit", cJSON_CreateNumber(PAGE_ROWS));
                if (*next != '\0')
                        cJSON_AddStringToObject(body, "after", next);
                code = exchange_query(context, "points_ledger", body, &data);
                if (code != EXIT_DONE)
                        break;
                entries_print(data);
                more = json_string(data, "next");
                snprintf(next, sizeof next, "%s", more == NULL ? "" : more);
                cJSON_Delete(data);
                if (*next == '\0')
                        return EXIT_DONE;
        }
        return code;
}

static const CommandVerb verbs[] = {
        {"card", "CARD", 1, 1, limit_options, COMMAND_LENGTH(limit_options), "一张卡的余额和明细", "a card's balance and entries", points_card},
        {"ranking", "", 0, 0, period_options, COMMAND_LENGTH(period_options), "一个月的积分排名", "the ranking of a month", points_ranking},
        {"redemptions", "", 0, 0, redemption_options, COMMAND_LENGTH(redemption_options), "兑换记录", "redemptions", points_redemptions},
        {"export", "", 0, 0, export_options, COMMAND_LENGTH(export_options), "全部明细,CSV 格式写到标准输出", "the ledger as CSV on standard output", points_export},
};

const CommandEntry command_points = {"points", "积分:卡、排名、兑换、导出", "points: card, ranking, redemptions, export", verbs, COMMAND_LENGTH(verbs)};
