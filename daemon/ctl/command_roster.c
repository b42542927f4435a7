/*
 * roster: who is on duty and when; planning, swaps, handover.
 */
#include "ctl/command.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/exchange.h"
#include "ctl/file.h"
#include "ctl/table.h"
#include "ctl/when.h"
#include "proto/json.h"

static const OptionSpec show_options[] = {
        {"unit", "UNIT", false, "只看这个单位的", "only this unit's"},
        {"roster", "NAME", false, "只看这份值班表", "only this roster"},
        {"from", "DATE", false, "从何时起(默认现在)", "from then on (now)"},
        {"until", "DATE", false, "到何时止(不含)", "up to before then"},
        {"limit", "N", false, "最多几条(100)", "at most so many (100)"},
};

static const OptionSpec swap_options[] = {
        {"with", "MEMBER", false, "请谁替(必填)", "who is asked (required)"},
        {"their-shift", "SHIFT", false, "换他的哪一班;不写则只请他代班", "which of his is taken in return; without it he only stands in"},
};

static const OptionSpec agree_options[] = {
        {"member", "MEMBER", false, "谁提出的(必填)", "who asked (required)"},
        {"refuse", NULL, false, "不同意", "do not agree"},
};

static const OptionSpec item_options[] = {
        {"item", "NAME=N", true, "清点的物品与数量,如 radio=2", "a counted item, like radio=2"},
        {"note", "WORDS", false, "备注(可不写)", "a note (optional)"},
};

static void members_show(const cJSON *item, Text *ret)
{
        const cJSON *member;

        cJSON_ArrayForEach(member, json_array(item, "members"))
                text_append_format(ret, "%s%s", ret->n > 0 ? " " : "", cJSON_IsString(member) ? member->valuestring : "?");
}

static void shifts_print(const Context *context, const cJSON *data)
{
        static const char *const zh[] = {"", "值班表", "单位", "班次", "自", "至", "人员", "交接差异", "班次号"};
        static const char *const en[] = {"", "roster", "unit", "slot", "from", "until", "members", "differs", "shift"};
        TextTable *table = text_table_new(9, context->language == LANGUAGE_ZH ? zh : en);
        const cJSON *item;

        cJSON_ArrayForEach(item, reply_list(data, "shifts")) {
                _cleanup_text_ Text members = {0};
                const cJSON *takeover = json_object(item, "takeover");
                char from[40], until[40], differs[24] = "";
                const char *cells[] = {json_bool(item, "now", false) ? "*" : "", json_string(item, "roster"), json_string(item, "unit"), json_string(item, "slot"),
                                       from, until, NULL, differs, json_string(item, "shift")};

                members_show(item, &members);
                cells[6] = text_string(&members);
                when_show(json_string(item, "starts_at"), context->zone_minutes, from, sizeof from);
                when_show(json_string(item, "ends_at"), context->zone_minutes, until, sizeof until);
                if (json_has(takeover, "differs"))
                        snprintf(differs, sizeof differs, "%lld", (long long)json_int(takeover, "differs", 0));
                text_table_add(table, cells);
        }
        text_table_print(table);
}

static int roster_show(Context *context, const CommandVerb *verb, const Arguments *arguments)
{
        static const char *const names[] = {"unit", "roster", "from", "until"};
        const char *limit = arguments_value(arguments, "limit");
        cJSON *body = cJSON_CreateObject();

        (void)verb;
        for (size_t i = 0; i < COMMAND_LENGTH(names); i++)
                if (arguments_value(arguments, names[i]) != NULL)
                        cJSON_AddStringToObject(body, names[i], arguments_value(arguments, names[i]));
        cJSON_AddNumberToObject(body, "limit", limit != NULL ? atoi(limit) : 100);
        return exchange_ask(context, "roster", body, shifts_print);
}

/* Speaks for the member himself; `body` is consumed. */
static int request_send(Context *context, const char *request, cJSON *body)
{
        char tail[128];
        int code = context_connect(context, ROLE_COMMANDER, NULL, 0);

        if (code == EXIT_DONE) {
                cJSON_AddStringToObject(body, "request", request);
                snprintf(tail, sizeof tail, "member/%s/request", context->connection.member);
                code = exchange_command(context, tail, body, NULL);
        }
        cJSON_Delete(body);
        return code;
}

/* A file {"roster", "shifts": [{"date","slot","members":[…]}]}. */
static cJSON *plan_read(const Context *context, const char *path)
{
        size_t n;
        char *text = file_read(path, JSON_BYTES_MAX, &n);
        cJSON *plan = NULL;
        Code code;

        if (text == NULL) {
                context_complain(context, "读不了 %s:%s", "cannot read %s: %s", path, strerror(errno));
                return NULL;
        }
        code = json_parse_object(text, n, JSON_BYTES_MAX, &plan);
        if (code != CODE_NONE)
                context_complain(context, "%s:%s", "%s: %s", path, context->language == LANGUAGE_ZH ? code_sentence_zh(code) : code_sentence_en(code));
        free(text);
        return plan;
}

static int roster_plan(Context *context, const CommandVerb *verb, const Arguments *arguments)
{
        cJSON *plan = plan_read(context, arguments_positional(arguments, 0));

        if (plan == NULL)
                return EXIT_LOCAL;
        if (strcmp(verb->name, "apply") == 0)
                return exchange_administer(context, "admin/roster-apply", plan);
        return request_send(context, "roster", plan);
}

static int roster_swap(Context *context, const CommandVerb *verb, const Arguments *arguments)
{
        bool agree = strcmp(verb->name, "agree") == 0;
        const char *who = arguments_value(arguments, agree ? "member" : "with"), *their = arguments_value(arguments, "their-shift");
        cJSON *body;

        if (who == NULL) {
                context_complain(context, "缺少 --%s", "--%s is missing", agree ? "member" : "with");
                return EXIT_USAGE;
        }
        body = cJSON_CreateObject();
        cJSON_AddStringToObject(body, "shift", arguments_positional(arguments, 0));
        cJSON_AddStringToObject(body, agree ? "member" : "with", who);
        if (agree)
                cJSON_AddBoolToObject(body, "agree", !arguments_has(arguments, "refuse"));
        else if (their != NULL)
                cJSON_AddStringToObject(body, "their_shift", their);
        return request_send(context, agree ? "swap-agree" : "swap", body);
}

static bool item_add(cJSON *items, const char *value)
{
        char name[40], *end;
        const char *equals = strchr(value, '=');
        long n;

        if (equals == NULL || equals == value || (size_t)(equals - value) >= sizeof name)
                return false;
        memcpy(name, value, (size_t)(equals - value));
        name[equals - value] = '\0';
        n = strtol(equals + 1, &end, 10);
        if (equals[1] == '\0' || *end != '\0')
                return false;
        cJSON_AddNumberToObject(items, name, (double)n);
        return true;
}

static int roster_count(Context *context, const CommandVerb *verb, const Arguments *arguments)
{
        cJSON *body = cJSON_CreateObject(), *items = cJSON_AddObjectToObject(body, "items");

        for (size_t i = 0; i < arguments->n; i++) {
                const Argument *argument = &arguments->items[i];
                if (argument->option != NULL && strcmp(argument->option->name, "item") == 0 && !item_add(items, argument->value)) {
                        context_complain(context, "应为 名称=数量:%s", "must be NAME=N: %s", argument->value);
                        cJSON_Delete(body);
                        return EXIT_USAGE;
                }
        }
        cJSON_AddStringToObject(body, "shift", arguments_positional(arguments, 0));
        if (arguments_value(arguments, "note") != NULL)
                cJSON_AddStringToObject(body, "note", arguments_value(arguments, "note"));
        return request_send(context, verb->name, body);
}

static const CommandVerb verbs[] = {
        {"show", "", 0, 0, show_options, COMMAND_LENGTH(show_options), "谁在值班(*)、之后谁值班", "who is on duty (*), and who comes next", roster_show},
        {"plan", "FILE", 1, 1, NULL, 0, "按文件排班(本单位或上级的指挥员、民警、网格长)", "plan shifts from a file (commander, officer, grid head of the unit or above)",
         roster_plan},
        {"apply", "FILE", 1, 1, NULL, 0, "按文件排班(管理员)", "plan shifts from a file (administrator)", roster_plan},
        {"swap", "SHIFT", 1, 1, swap_options, COMMAND_LENGTH(swap_options), "请人换班或代班(对方同意后生效)", "ask somebody to swap or stand in (he has to agree)",
         roster_swap},
        {"agree", "SHIFT", 1, 1, agree_options, COMMAND_LENGTH(agree_options), "同意(或不同意)换班", "agree to a swap, or refuse it", roster_swap},
        {"handover", "SHIFT", 1, 1, item_options, COMMAND_LENGTH(item_options), "交班并清点物品", "hand over, items counted", roster_count},
        {"takeover", "SHIFT", 1, 1, item_options, COMMAND_LENGTH(item_options), "接班并清点物品(与交班数不符会留痕)",
         "take over, items counted (what differs stays visible)", roster_count},
};

const CommandEntry command_roster = {"roster", "值班表:谁在岗、排班、换班、交接", "rosters: who is on duty, planning, swaps, handover", verbs, COMMAND_LENGTH(verbs)};
