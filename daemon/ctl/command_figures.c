/*
 * figures: what the town has counted, and monthly figures from before the software, out of a spreadsheet: that file is checked whole before
 * anything is sent, and taken whole or not at all; a fault is told with its line.
 */
#include "ctl/command.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/exchange.h"
#include "ctl/figures.h"
#include "ctl/file.h"
#include "ctl/table.h"
#include "proto/json.h"
#include "proto/text.h"

#define FILE_BYTES_MAX ((size_t)4 << 20)

/* "rows[12]: …" in the receipt's detail is the 12th row that was sent: say its line. */
static void line_tell(const Context *context, const Figures *figures, const cJSON *receipt)
{
        const char *detail = json_string(receipt, "detail");
        const char *at = detail != NULL ? strstr(detail, "rows[") : NULL;
        unsigned long row = at != NULL ? strtoul(at + strlen("rows["), NULL, 10) : figures->n_rows;

        if (row < figures->n_rows)
                context_complain(context, "出错的是第 %u 行", "the fault is in line %u", figures->lines[row]);
}

static int figures_send(Context *context, const Figures *figures)
{
        cJSON *body = cJSON_Duplicate(figures->body, 1), *receipt = NULL;
        char *text = cJSON_PrintUnformatted(body);
        bool fits = text != NULL && strlen(text) + 64 <= JSON_BYTES_MAX; /* the id comes to it */
        int code = EXIT_REJECTED;

        free(text);
        if (!fits)
                context_complain(context, "数字太多,一条消息放不下(64 KiB):请按年份分成几个文件", "too many figures for one message (64 KiB): split the file by years");
        else
                code = context_connect(context, ROLE_ADMIN, NULL, 0);
        if (fits && code == EXIT_DONE) {
                code = exchange_command(context, "admin/figures-import", body, &receipt);
                if (code == EXIT_REJECTED)
                        line_tell(context, figures, receipt);
        }
        cJSON_Delete(receipt);
        cJSON_Delete(body);
        return code;
}

static int figures_import(Context *context, const CommandVerb *verb, const Arguments *arguments)
{
        _cleanup_text_ Text faults = TEXT_INIT(8192);
        const char *path = arguments_positional(arguments, 0);
        Figures figures = {0};
        size_t n = 0;
        char *text = file_read(path, FILE_BYTES_MAX, &n);
        int code;

        (void)verb;
        if (text == NULL) {
                context_complain(context, "读不了 %s:%s", "cannot read %s: %s", path, strerror(errno));
                return EXIT_LOCAL;
        }
        if (figures_read(text, context->language, &figures, &faults))
                code = figures_send(context, &figures);
        else {
                context_complain(context, "%s 有误,什么都没有导入:\n%s", "%s is wrong, nothing was imported:\n%s", path, text_string(&faults));
                code = EXIT_LOCAL;
        }
        figures_deinit(&figures);
        free(text);
        return code;
}

/* ---- questions ---- */
static const OptionSpec options[] = {
        {"unit", "UNIT", false, "只看这个单位(含下级)", "of this unit and all below it"},
        {"month", "2026-11", false, "月份(本月)", "the month (this one)"},
        {"from", "2026-01-01", false, "首日(元旦)", "the first day (New Year)"},
        {"until", "2026-11-21", false, "末日,含当日(今天)", "the last day, counted (today)"},
        {"by", "WORD", false, "分组:source、unit、kind、subject、month、place_kind", "grouped: source, unit, kind, subject, month, place_kind"},
        {"kind", "KIND", false, "只看这一类上报", "only reports of this kind"},
        {"tier", "1|2|3", false, "层级(3)", "the tier (3)"},
        {"limit", "N", false, "最多几行(100)", "at most so many rows (100)"},
};

static void number_text(const cJSON *item, char *ret, size_t size)
{
        if (cJSON_IsString(item))
                snprintf(ret, size, "%s", item->valuestring);
        else if (cJSON_IsNumber(item))
                snprintf(ret, size, "%.15g", item->valuedouble);
        else
                snprintf(ret, size, "%s", cJSON_IsTrue(item) ? "*" : "");
}

/* A table of an array's objects: one column for each name. */
static void list_print(const cJSON *list, const char *const *names, size_t n_names)
{
        TextTable *table = text_table_new(n_names, names);
        const cJSON *item;

        cJSON_ArrayForEach(item, list) {
                char texts[TERMINAL_COLUMNS_MAX][200];
                const char *cells[TERMINAL_COLUMNS_MAX];

                for (size_t i = 0; i < n_names; i++) {
                        number_text(cJSON_GetObjectItemCaseSensitive(item, names[i]), texts[i], sizeof texts[i]);
                        cells[i] = texts[i];
                }
                text_table_add(table, cells);
        }
        text_table_print(table);
}

static void month_print(const Context *context, const cJSON *data)
{
        static const char *const names[] = {"figure", "value", "own", "of", "month_before", "change_month", "year_before", "change", "closed", "withheld"};
        const cJSON *unit;

        cJSON_ArrayForEach(unit, json_array(data, "units")) {
                printf("%s %s (%s)\n", json_string(data, "month"), json_string(unit, language_pick(context->language, "title", "title_en")),
                       json_string(unit, "unit"));
                list_print(json_array(unit, "figures"), names, COMMAND_LENGTH(names));
        }
}

static void period_print(const Context *context, const cJSON *data)
{
        static const char *const names[] = {"figure", "value", "of", "withheld"};

        (void)context;
        list_print(json_array(data, "figures"), names, COMMAND_LENGTH(names));
}

static void rate_print(const Context *context, const cJSON *data)
{
        static const char *const names[] = {"group", "received", "settled", "open", "rate"};

        (void)context;
        list_print(json_array(data, "rows"), names, COMMAND_LENGTH(names));
}

static void ranking_print(const Context *context, const cJSON *data)
{
        static const char *const names[] = {"place", "unit", "title", "value", "withheld"};

        (void)context;
        list_print(json_array(data, "rows"), names, COMMAND_LENGTH(names));
}

static void hazards_print(const Context *context, const cJSON *data)
{
        static const char *const names[] = {"group", "checked", "with_hazard", "notices", "hazards", "rectified", "open"};

        (void)context;
        list_print(json_array(data, "rows"), names, COMMAND_LENGTH(names));
}

static void campaigns_print(const Context *context, const cJSON *data)
{
        const cJSON *campaign;

        cJSON_ArrayForEach(campaign, json_array(data, "campaigns")) {
                printf("%s %s – %s\n", json_string(campaign, language_pick(context->language, "title", "title_en")), json_string(campaign, "from"),
                       json_string(campaign, "until"));
                period_print(context, campaign);
        }
}

static void zero_days_print(const Context *context, const cJSON *data)
{
        static const char *const names[] = {"counter", "title", "unit", "days", "since"};

        (void)context;
        list_print(json_array(data, "counters"), names, COMMAND_LENGTH(names));
}

static void trace_print(const Context *context, const cJSON *data)
{
        static const char *const names[] = {"source", "number", "unit", "at", "amount", "id"};
        char value[40];

        number_text(cJSON_GetObjectItemCaseSensitive(data, "value"), value, sizeof value);
        printf(language_pick(context->language, "%s %s = %s,共 %lld 行\n", "%s %s = %s, %lld rows\n"), json_string(data, "month"), json_string(data, "figure"),
               value, (long long)json_int(data, "total", 0));
        list_print(json_array(data, "rows"), names, COMMAND_LENGTH(names));
}

/* What each verb asks, which options go with it, and how the answer is shown. */
static const struct Question {
        const char *verb, *query, *options[6];
        const char *positional; /* field that the operand fills; NULL = none */
        DataPrint *print;
} questions[] = {
        {"month", "month", {"unit", "month"}, NULL, month_print},
        {"period", "period", {"unit", "from", "until"}, NULL, period_print},
        {"rate", "rate", {"unit", "from", "until", "by", "kind"}, NULL, rate_print},
        {"ranking", "ranking", {"unit", "month", "tier"}, "figure", ranking_print},
        {"hazards", "hazards", {"unit", "from", "until", "by"}, NULL, hazards_print},
        {"campaigns", "campaigns", {"unit"}, "campaign", campaigns_print},
        {"zero-days", "zero_days", {"unit"}, NULL, zero_days_print},
        {"trace", "trace", {"unit", "month", "limit"}, "figure", trace_print},
};

static void option_put(cJSON *body, const char *name, const char *value)
{
        if (strcmp(name, "tier") == 0 || strcmp(name, "limit") == 0)
                cJSON_AddNumberToObject(body, name, atoi(value));
        else
                cJSON_AddStringToObject(body, name, value);
}

static int figures_ask(Context *context, const CommandVerb *verb, const Arguments *arguments)
{
        const struct Question *question = questions;
        cJSON *body;
        int code = context_connect(context, ROLE_COMMANDER, NULL, 0);

        if (code != EXIT_DONE)
                return code;
        while (strcmp(question->verb, verb->name) != 0)
                question++;
        body = cJSON_CreateObject();
        if (question->positional != NULL && arguments_positional(arguments, 0) != NULL)
                cJSON_AddStringToObject(body, question->positional, arguments_positional(arguments, 0));
        for (size_t i = 0; i < COMMAND_LENGTH(question->options) && question->options[i] != NULL; i++)
                if (arguments_value(arguments, question->options[i]) != NULL)
                        option_put(body, question->options[i], arguments_value(arguments, question->options[i]));
        return exchange_query_show(context, question->query, body, question->print);
}

#define ASK(name, operands, min, max, zh, en) {name, operands, min, max, options, COMMAND_LENGTH(options), zh, en, figures_ask}

static const CommandVerb verbs[] = {
        {"import", "FILE.csv", 1, 1, NULL, 0,
         "导入历史月度数字。表头 unit,month,数字名…(目录 figures 里的名称);每行一个单位一个月,空格为无;全部受理或全部拒绝",
         "import figures of past months. Heading unit,month,NAME… (names of the catalogue's figures); a row for each unit and month, empty = none; all or nothing",
         figures_import},
        ASK("month", "", 0, 0, "一个月的数字,含环比、同比(--unit --month)", "figures of a month, beside the month and the year before (--unit --month)"),
        ASK("period", "", 0, 0, "任意时段合计(--unit --from --until)", "totals of any days (--unit --from --until)"),
        ASK("rate", "", 0, 0, "化解率(--by --kind --from --until)", "rate of what is settled (--by --kind --from --until)"),
        ASK("ranking", "FIGURE", 1, 1, "单位排名(--month --tier)", "units by a figure (--month --tier)"),
        ASK("hazards", "", 0, 0, "检查链:检查、有隐患、通知书、隐患、已整改(--by --from --until)", "inspections: checked, with hazards, notices, hazards, rectified (--by --from --until)"),
        ASK("campaigns", "[NAME]", 0, 1, "专项行动合计", "totals of campaigns"),
        ASK("zero-days", "", 0, 0, "连续未发天数", "days without"),
        ASK("trace", "FIGURE", 1, 1, "一个数字由哪些行构成(--month --unit --limit)", "the rows that a figure counts (--month --unit --limit)"),
};

const CommandEntry command_figures = {"figures", "统计数字:月度、化解率、排名、专项、追溯;导入历史", "figures: months, rates, ranking, campaigns, trace; import of past ones", verbs, COMMAND_LENGTH(verbs)};
