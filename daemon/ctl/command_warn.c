/*
 * warn: a warning or guidance, posted by a unit's command: new, updated, withdrawn.
 */
#include "ctl/command.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/alert.h"
#include "ctl/cap_xml.h"
#include "ctl/exchange.h"
#include "ctl/file.h"
#include "ctl/table.h"
#include "ctl/units.h"
#include "ctl/when.h"
#include "proto/identifier.h"
#include "proto/json.h"
#include "proto/topic.h"

#define ADDRESS_OPTIONS \
        {"unit", "UNIT", true, "发给这个单位(以下四种可重复;都不给=全部下级单位)", "to this unit (these four repeat; none = every unit below)"}, \
        {"tag", "TAG", true, "发给带此标签的单位", "to units with this tag"}, \
        {"tier", "1|2|3", true, "发给这一层", "to this tier"}, \
        {"code", "PREFIX", true, "发给区划代码以此开头的单位", "to units whose division code begins so"}, \
        {"area", "TEXT", false, "地域的说法", "the area in words"}

#define TEXT_OPTIONS \
        {"event", "CODE", false, "事件代码,选择预案,如 telecom-fraud", "event code; chooses the playbook, e.g. telecom-fraud"}, \
        {"event-text", "TEXT", false, "事件的说法", "the event in words"}, \
        {"severity", "WORD", false, "Extreme、Severe、Moderate(默认)、Minor", "Extreme, Severe, Moderate (default), Minor"}, \
        {"urgency", "WORD", false, "Immediate、Expected(默认)、Future", "Immediate, Expected (default), Future"}, \
        {"certainty", "WORD", false, "Observed、Likely(默认)、Possible", "Observed, Likely (default), Possible"}, \
        {"headline", "TEXT", false, "一句话,不超过 160 字", "one sentence of at most 160 characters"}, \
        {"description", "TEXT", false, "情况", "what it is about"}, \
        {"instruction", "TEXT", false, "要做什么", "what to do"}, \
        {"expires", "TIME", false, "到期,如 2026-11-21T18:00 或 PT6H", "until, like 2026-11-21T18:00 or PT6H"}, \
        {"language", "TAG", false, "文字的语言,默认 zh-CN", "language of the words, by default zh-CN"}, \
        {"status", "WORD", false, "Actual(默认)、Exercise、Test", "Actual (default), Exercise, Test"}, \
        {"identifier", "ID", false, "CAP 标识,默认同消息号", "CAP identifier, by default the message's id"}, \
        {"from", "UNIT", false, "以这个单位的名义", "speak as this unit"}

static const OptionSpec full_options[] = {TEXT_OPTIONS, ADDRESS_OPTIONS};
static const OptionSpec cancel_options[] = {TEXT_OPTIONS};
static const OptionSpec send_options[] = {{"from", "UNIT", false, "以这个单位的名义", "speak as this unit"}};
static const OptionSpec show_options[] = {{"xml", NULL, false, "显示为 CAP 1.2 XML", "as CAP 1.2 XML"}};
static const OptionSpec list_options[] = {
        {"limit", "N", false, "最多几条", "at most so many"},
};

/* Send the alert (consumed) as the unit that --from names, or the own one. */
static int alert_send(Context *context, const Arguments *arguments, cJSON *alert)
{
        char path[64], tail[96];
        int code = context_connect(context, ROLE_COMMANDER, NULL, 0);

        if (code == EXIT_DONE)
                code = unit_path(context, arguments_value(arguments, "from"), path, sizeof path);
        if (code == EXIT_DONE) {
                snprintf(tail, sizeof tail, "%s/warning", path);
                code = exchange_command(context, tail, alert, NULL);
                if (code == EXIT_DONE && !context->json)
                        printf("  identifier: %s\n", json_string(alert, "identifier"));
        }
        cJSON_Delete(alert);
        return code;
}

static int warn_build(Context *context, const Arguments *arguments, const char *type, const char *references)
{
        char id[UUID_LENGTH + 1];
        AlertOutcome outcome;
        cJSON *alert;

        uuid_random(context_now_ms(), id);
        outcome = alert_build(arguments, type, references, id, context_now_ms(), context->zone_minutes, &alert);
        if (outcome != ALERT_OK) {
                context_complain(context, "%s", "%s", alert_outcome_text(outcome, context->language == LANGUAGE_ZH));
                return EXIT_USAGE;
        }
        return alert_send(context, arguments, alert);
}

static int warn_post(Context *context, const CommandVerb *verb, const Arguments *arguments)
{
        (void)verb;
        return warn_build(context, arguments, "Alert", NULL);
}

static int warn_update(Context *context, const CommandVerb *verb, const Arguments *arguments)
{
        (void)verb;
        return warn_build(context, arguments, "Update", arguments_positional(arguments, 0));
}

static int warn_cancel(Context *context, const CommandVerb *verb, const Arguments *arguments)
{
        (void)verb;
        return warn_build(context, arguments, "Cancel", arguments_positional(arguments, 0));
}

/* XML or JSON, told by the first character. NULL after a complaint. */
static cJSON *alert_file_read(const Context *context, const char *path)
{
        _cleanup_text_ Text left_out = {0};
        CapXmlOutcome outcome;
        cJSON *alert = NULL;
        size_t n;
        char *text = file_read(path, CAP_XML_BYTES_MAX, &n);

        if (text == NULL) {
                context_complain(context, "读不了 %s:%s", "cannot read %s: %s", path, strerror(errno));
                return NULL;
        }
        if (text[strspn(text, " \t\r\n")] == '{')
                alert = cJSON_ParseWithLength(text, n);
        else if ((outcome = cap_xml_read(text, n, &alert, &left_out)) == CAP_XML_E_UNSAFE)
                context_complain(context, "%s 含有文档类型或实体,不接收", "%s has a document type or entities: not accepted", path);
        if (left_out.n > 0)
                context_complain(context, "警网不传递,已略去:%s", "left out, since it is not carried here: %s", text_string(&left_out));
        free(text);
        if (alert == NULL)
                context_complain(context, "%s 不是 CAP 1.2 预警", "%s is no CAP 1.2 alert", path);
        return alert;
}

static int warn_send(Context *context, const CommandVerb *verb, const Arguments *arguments)
{
        cJSON *alert = alert_file_read(context, arguments_positional(arguments, 0));

        (void)verb;
        return alert != NULL ? alert_send(context, arguments, alert) : EXIT_LOCAL;
}

static int warn_show(Context *context, const CommandVerb *verb, const Arguments *arguments)
{
        _cleanup_text_ Text xml = {0};
        cJSON *body, *data;
        int code = context_connect(context, ROLE_COMMANDER, NULL, 0);

        (void)verb;
        if (code != EXIT_DONE)
                return code;
        body = cJSON_CreateObject();
        cJSON_AddStringToObject(body, "warning", arguments_positional(arguments, 0));
        code = exchange_query(context, "warning", body, &data);
        if (code != EXIT_DONE)
                return code;
        if (arguments_has(arguments, "xml")) {
                cap_xml_write(json_object(data, "cap"), &xml);
                fputs(text_string(&xml), stdout);
        } else
                data_print(context, data);
        cJSON_Delete(data);
        return EXIT_DONE;
}

static void warnings_print(const Context *context, const cJSON *warnings)
{
        static const char *const zh[] = {"标识", "状态", "程度", "事件", "发出", "标题"}, *const en[] = {"identifier", "state", "severity", "event", "sent", "headline"};
        TextTable *table = text_table_new(6, context->language == LANGUAGE_ZH ? zh : en);
        const cJSON *item;

        cJSON_ArrayForEach(item, reply_list(warnings, "warnings")) {
                char sent[40];
                const char *cells[] = {json_string(item, "identifier"), json_string(item, "state"), json_string(item, "severity"),
                                       json_string(item, "event_code") != NULL ? json_string(item, "event_code") : json_string(item, "event"), sent, json_string(item, "headline")};

                when_show(json_string(item, "sent"), context->zone_minutes, sent, sizeof sent);
                text_table_add(table, cells);
        }
        text_table_print(table);
}

static int warn_list(Context *context, const CommandVerb *verb, const Arguments *arguments)
{
        const char *limit = arguments_value(arguments, "limit");
        cJSON *body = cJSON_CreateObject();
        int code = context_connect(context, ROLE_COMMANDER, NULL, 0);

        (void)verb;
        if (limit != NULL)
                cJSON_AddNumberToObject(body, "limit", atoi(limit));
        if (code != EXIT_DONE) {
                cJSON_Delete(body);
                return code;
        }
        return exchange_query_show(context, "warnings", body, warnings_print);
}

static const CommandVerb verbs[] = {
        {"post", "", 0, 0, full_options, COMMAND_LENGTH(full_options), "发布预警", "post a warning", warn_post},
        {"update", "IDENTIFIER", 1, 1, full_options, COMMAND_LENGTH(full_options),
         "更新预警(给出新的完整内容;增加的单位得到任务,去掉的被撤销)", "update a warning (give its whole new content; added units get tasks, removed ones are cancelled)", warn_update},
        {"cancel", "IDENTIFIER", 1, 1, cancel_options, COMMAND_LENGTH(cancel_options), "解除预警,未办结的任务随之撤销", "withdraw a warning; unfinished tasks go with it", warn_cancel},
        {"send", "FILE", 1, 1, send_options, COMMAND_LENGTH(send_options), "原样发送一份 CAP 1.2 消息(XML 或 JSON)", "send a CAP 1.2 message as it is (XML or JSON)", warn_send},
        {"show", "IDENTIFIER", 1, 1, show_options, COMMAND_LENGTH(show_options), "显示一条预警及其进展", "show a warning and how far it is", warn_show},
        {"list", "", 0, 0, list_options, COMMAND_LENGTH(list_options), "列出预警", "list warnings", warn_list},
};

const CommandEntry command_warn = {"warn", "预警:发布、更新、解除、显示、列表", "warnings: post, update, cancel, send, show, list", verbs, COMMAND_LENGTH(verbs)};
