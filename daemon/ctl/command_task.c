/*
 * task: the tasks that one may see, and every verb on them. A verb on a task whose escalation lies with the speaking unit is meant
 * for the escalation.
 */
#include "ctl/command.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/action.h"
#include "ctl/exchange.h"
#include "ctl/table.h"
#include "ctl/units.h"
#include "ctl/when.h"
#include "proto/identifier.h"
#include "proto/json.h"
#include "proto/topic.h"

#define COMMON_OPTIONS \
        {"unit", "UNIT", false, "以这个单位的名义(默认:自己的单位)", "speak as this unit (by default the own one)"}, \
        {"revision", "N", false, "看到的 state_revision:任务已变化则不受理", "state_revision that was seen: refused when the task has changed since"}, \
        {"note", "TEXT", false, "一句话,至多 200 字;不要写居民身份", "a sentence of at most 200 characters; nothing that names a resident"}

static const OptionSpec plain_options[] = {COMMON_OPTIONS};
static const OptionSpec assign_options[] = {COMMON_OPTIONS, {"assignee", "MEMBER", false, "交给谁", "to whom"}};
static const OptionSpec result_options[] = {
        COMMON_OPTIONS, {"result", "FIELD=VALUE", true, "结果,按表单", "the result, as the form says"},
        {"checked", "ITEM", true, "做过的清单项", "an item of the checklist that was done"},
};
static const OptionSpec resolve_options[] = {
        COMMON_OPTIONS, {"result", "FIELD=VALUE", true, "结果", "the result"}, {"outcome", "WORD", false, "怎样解决的", "how it was solved"},
};
static const OptionSpec reason_options[] = {COMMON_OPTIONS, {"reason", "TEXT", false, "理由:代码词,或一句话", "reason: a code word, or a sentence"}};
static const OptionSpec transfer_options[] = {COMMON_OPTIONS, {"to", "UNIT", false, "转给哪个单位", "to which unit"}, {"reason", "TEXT", false, "理由:代码词,或一句话", "reason: a code word, or a sentence"}};
static const OptionSpec extend_options[] = {
        COMMON_OPTIONS, {"until", "TIME", false, "延到", "until"}, {"by", "DURATION", false, "延长多久,如 P1D", "by how much, like P1D"},
        {"reason", "TEXT", false, "理由:代码词,或一句话", "reason: a code word, or a sentence"},
};
static const OptionSpec suspend_options[] = {COMMON_OPTIONS, {"until", "TIME", false, "挂起到", "until"}, {"reason", "TEXT", false, "理由:代码词,或一句话", "reason: a code word, or a sentence"}};
static const OptionSpec issue_options[] = {
        COMMON_OPTIONS, {"title", "TEXT", false, "任务名称(必填)", "what it is called (required)"}, {"to", "UNIT", false, "派给哪个单位", "to which unit"},
        {"instruction", "TEXT", false, "要做什么", "what to do"}, {"severity", "WORD", false, "程度", "severity"}, {"finish-by", "TIME", false, "办结期限", "to be finished by"},
        {"assignee", "MEMBER", false, "交给谁", "to whom"}, {"audience", "all|staff|named", false, "谁能看", "who may read it"},
};
static const OptionSpec list_options[] = {
        {"unit", "UNIT", false, "只看这个单位", "only of this unit"}, {"state", "STATE", false, "只看这个状态", "only in this state"},
        {"limit", "N", false, "最多几条(100)", "at most so many (100)"},
};

static void tasks_print(const Context *context, const cJSON *tasks)
{
        static const char *const zh[] = {"编号", "单位", "状态", "程度", "牌", "办结期限", "名称", "任务"};
        static const char *const en[] = {"number", "unit", "state", "severity", "card", "finish by", "title", "task"};
        TextTable *table = text_table_new(8, context->language == LANGUAGE_ZH ? zh : en);
        const cJSON *item;

        cJSON_ArrayForEach(item, reply_list(tasks, "tasks")) {
                const char *title = json_string(item, context->language == LANGUAGE_EN ? "title_en" : "title");
                char finish[40];
                const char *cells[] = {json_string(item, "number"), json_string(item, "unit"), json_string(item, "state"), json_string(item, "severity"),
                                       json_string(item, "card"), finish, title != NULL ? title : json_string(item, "title"),
                                       json_string(item, "id") != NULL ? json_string(item, "id") : json_string(item, "task")};

                when_show(json_string(item, "finish_by"), context->zone_minutes, finish, sizeof finish);
                text_table_add(table, cells);
        }
        text_table_print(table);
}

static int tasks_ask(Context *context, const char *unit, const char *state, int limit, cJSON **ret)
{
        cJSON *body = cJSON_CreateObject();

        if (unit != NULL)
                cJSON_AddStringToObject(body, "unit", unit);
        if (state != NULL)
                cJSON_AddStringToObject(body, "state", state);
        cJSON_AddNumberToObject(body, "limit", limit);
        return exchange_query(context, "tasks", body, ret);
}

static int task_list(Context *context, const CommandVerb *verb, const Arguments *arguments)
{
        const char *limit = arguments_value(arguments, "limit");
        cJSON *tasks;
        int code = context_connect(context, ROLE_COMMANDER, NULL, 0);

        (void)verb;
        if (code == EXIT_DONE)
                code = tasks_ask(context, arguments_value(arguments, "unit"), arguments_value(arguments, "state"), limit != NULL ? atoi(limit) : 100, &tasks);
        if (code != EXIT_DONE)
                return code;
        if (context->json)
                data_print(context, tasks);
        else
                tasks_print(context, tasks);
        cJSON_Delete(tasks);
        return EXIT_DONE;
}

/* `2026-0312` is how a task is spoken of; anything else is taken as its id. */
static bool number_is(const char *text)
{
        return strlen(text) >= 6 && strspn(text, "0123456789") == 4 && text[4] == '-' && strspn(text + 5, "0123456789") == strlen(text + 5);
}

/* The task's id. 0 or an exit code, complained about. */
static int task_resolve(Context *context, const char *text, char ret[static TARGET_MAX + 1])
{
        cJSON *tasks;
        const cJSON *item;
        int code;

        ret[0] = '\0';
        if (!number_is(text)) {
                if (!target_is_valid(text, strlen(text))) {
                        context_complain(context, "%s 不是任务号", "%s is no task", text);
                        return EXIT_USAGE;
                }
                strcpy(ret, text);
                return EXIT_DONE;
        }
        code = tasks_ask(context, NULL, NULL, 500, &tasks);
        if (code != EXIT_DONE)
                return code;
        cJSON_ArrayForEach(item, reply_list(tasks, "tasks"))
                if (json_string(item, "number") != NULL && strcmp(json_string(item, "number"), text) == 0 && json_string(item, "id") != NULL)
                        snprintf(ret, TARGET_MAX + 1, "%s", json_string(item, "id"));
        cJSON_Delete(tasks);
        if (ret[0] == '\0')
                context_complain(context, "看不到任务 %s", "task %s is not to be seen", text);
        return ret[0] != '\0' ? EXIT_DONE : EXIT_USAGE;
}

static int task_show(Context *context, const CommandVerb *verb, const Arguments *arguments)
{
        char task[TARGET_MAX + 1];
        cJSON *body;
        int code = context_connect(context, ROLE_COMMANDER, NULL, 0);

        (void)verb;
        if (code == EXIT_DONE)
                code = task_resolve(context, arguments_positional(arguments, 0), task);
        if (code != EXIT_DONE)
                return code;
        body = cJSON_CreateObject();
        cJSON_AddStringToObject(body, "task", task);
        return exchange_query_show(context, arguments_has(arguments, "history") ? "history" : "task", body, NULL);
}

static int task_verb(Context *context, const CommandVerb *verb, const Arguments *arguments)
{
        char path[64], tail[TOPIC_MAX], target[TARGET_MAX + 1];
        ActionOutcome outcome;
        cJSON *body;
        int code;

        outcome = action_build(arguments, context_now_ms(), context->zone_minutes, &body);
        if (outcome != ACTION_OK) {
                context_complain(context, "%s", "%s", action_outcome_text(outcome, context->language == LANGUAGE_ZH));
                return EXIT_USAGE;
        }
        code = context_connect(context, ROLE_COMMANDER, NULL, 0);
        if (code == EXIT_DONE) {
                if (strcmp(verb->name, "issue") == 0)
                        uuid_random(context_now_ms(), target);
                else
                        code = task_resolve(context, arguments_positional(arguments, 0), target);
        }
        if (code == EXIT_DONE)
                code = unit_path(context, arguments_value(arguments, "unit"), path, sizeof path);
        if (code == EXIT_DONE) {
                snprintf(tail, sizeof tail, "%s/action/%s/%s", path, target, verb->name);
                code = exchange_command(context, tail, body, NULL);
        }
        cJSON_Delete(body);
        return code;
}

static const OptionSpec show_options[] = {{"history", NULL, false, "连同经过", "with its history"}};

#define VERB(name, options, zh, en) {name, "TASK", 1, 1, options, COMMAND_LENGTH(options), zh, en, task_verb}
static const CommandVerb verbs[] = {
        {"list", "", 0, 0, list_options, COMMAND_LENGTH(list_options), "列出看得到的任务", "list the tasks that may be seen", task_list},
        {"show", "TASK", 1, 1, show_options, COMMAND_LENGTH(show_options), "显示一个任务(编号如 2026-0312,或任务号)", "show one task (its number like 2026-0312, or its id)", task_show},
        {"issue", "", 0, 0, issue_options, COMMAND_LENGTH(issue_options), "派一个任务", "issue a task by hand", task_verb},
        VERB("accept", plain_options, "签收", "accept"),
        VERB("assign", assign_options, "指派给成员", "assign to a member"),
        VERB("start", plain_options, "开始办理", "start"),
        VERB("progress", result_options, "进展", "progress"),
        VERB("complete", result_options, "办结", "complete"),
        VERB("verify", plain_options, "核查通过,结案", "verify: the task is closed"),
        VERB("return", reason_options, "回退:partial、brief、wrong;上报件退回下级", "return poor work: partial, brief, wrong; or an escalation to the unit below"),
        VERB("decline", reason_options, "不属于本单位", "decline: not ours"),
        VERB("escalate", reason_options, "上报", "escalate"),
        VERB("resolve", resolve_options, "解决上报件", "resolve an escalation"),
        VERB("transfer", transfer_options, "转办", "transfer"),
        VERB("extend", extend_options, "申请延期", "ask for an extension"),
        VERB("suspend", suspend_options, "申请挂起", "ask for a suspension"),
        VERB("grant", plain_options, "同意申请", "grant what was asked"),
        VERB("refuse", plain_options, "不同意申请", "refuse what was asked"),
        VERB("resume", plain_options, "恢复办理", "resume"),
        VERB("cancel", reason_options, "撤销", "cancel"),
        VERB("reopen", reason_options, "重新立办(同一案件的后续任务)", "reopen: a successor in the same case"),
        VERB("remind", plain_options, "催办", "remind"),
        VERB("supervise", plain_options, "督办", "supervise"),
        VERB("seen", plain_options, "已阅", "seen"),
        VERB("comment", plain_options, "留言(--note)", "comment (--note)"),
};

const CommandEntry command_task = {"task", "任务:列表、查看、签收、办结、上报、核查等全部动作", "tasks: list, show, accept, complete, escalate, verify and every other verb", verbs, COMMAND_LENGTH(verbs)};
