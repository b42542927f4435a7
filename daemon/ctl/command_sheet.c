/*
 * sheet: a unit's weekly sheet, to print or to send on: duties, open tasks, results.
 */
#include "ctl/command.h"

#include <stdio.h>
#include <string.h>

#include "ctl/exchange.h"
#include "ctl/sheet.h"
#include "ctl/units.h"
#include "proto/json.h"
#include "proto/timestamp.h"

static const OptionSpec options[] = {
        {"week", "DATE", false, "这一天所在的一周(默认本周),如 2026-11-16", "the week of this day (this week), like 2026-11-16"},
        {"html", NULL, false, "输出可打印的网页", "as a page of HTML, to print"},
};

/* Monday of the week asked for. */
static bool monday_read(const Context *context, const char *text, int64_t *ret)
{
        int year, month, day, y, m, d, used = 0;

        if (text == NULL) {
                *ret = sheet_monday(timestamp_day(context_now_ms(), context->zone_minutes));
                return true;
        }
        if (strlen(text) != 10 || sscanf(text, "%4d-%2d-%2d%n", &year, &month, &day, &used) != 3 || used != 10 || year < 1970 || month < 1 || month > 12)
                return false;
        day_civil(day_from_civil(year, month, day), &y, &m, &d);
        *ret = sheet_monday(day_from_civil(year, month, day));
        return y == year && m == month && d == day;
}

static cJSON *body_of(const char *unit)
{
        cJSON *body = cJSON_CreateObject();

        cJSON_AddStringToObject(body, "unit", unit);
        cJSON_AddNumberToObject(body, "limit", 500);
        return body;
}

static cJSON *results_body(const char *unit, int64_t monday, int zone_minutes)
{
        cJSON *body = body_of(unit);

        json_add_time(body, "from", timestamp_of_day(monday, zone_minutes), zone_minutes);
        json_add_time(body, "until", timestamp_of_day(monday + 7, zone_minutes), zone_minutes);
        return body;
}

static void sheet_show(const Context *context, const Sheet *sheet)
{
        _cleanup_text_ Text out = {0};

        if (context->json) {
                _cleanup_json_ cJSON *whole = cJSON_CreateObject();

                if (sheet->duties != NULL)
                        cJSON_AddItemToObject(whole, "duties", cJSON_Duplicate(sheet->duties, true));
                cJSON_AddItemToObject(whole, "tasks", cJSON_Duplicate(sheet->tasks, true));
                cJSON_AddItemToObject(whole, "results", cJSON_Duplicate(sheet->results, true));
                data_print(context, whole);
                return;
        }
        sheet_write(sheet, &out);
        fputs(text_string(&out), stdout);
}

/* Who may not read duties has a sheet without them, and is told so on standard error. */
static int duties_ask(Context *context, const char *unit, cJSON **ret)
{
        int code = exchange_query(context, "duties", body_of(unit), ret);

        return code == EXIT_REJECTED ? EXIT_DONE : code;
}

static int sheet_run(Context *context, const CommandVerb *verb, const Arguments *arguments)
{
        const char *unit = arguments_positional(arguments, 0);
        _cleanup_json_ cJSON *units = NULL, *duties = NULL, *tasks = NULL, *results = NULL;
        Sheet sheet = {.unit = unit, .language = context->language, .zone_minutes = context->zone_minutes, .html = arguments_has(arguments, "html")};
        int code;

        (void)verb;
        if (!monday_read(context, arguments_value(arguments, "week"), &sheet.monday)) {
                context_complain(context, "--week 须为日期,如 2026-11-16", "--week needs a date like 2026-11-16");
                return EXIT_USAGE;
        }
        code = context_connect(context, ROLE_COMMANDER, NULL, 0);
        if (code == EXIT_DONE)
                code = units_ask(context, &units);
        if (code == EXIT_DONE)
                code = duties_ask(context, unit, &duties);
        if (code == EXIT_DONE)
                code = exchange_query(context, "task_list", body_of(unit), &tasks);
        if (code == EXIT_DONE)
                code = exchange_query(context, "results", results_body(unit, sheet.monday, context->zone_minutes), &results);
        if (code != EXIT_DONE)
                return code;
        sheet.title = units_title(units, unit, context->language);
        sheet.printed_at = context_now_ms();
        sheet.duties = duties;
        sheet.tasks = tasks;
        sheet.results = results;
        sheet_show(context, &sheet);
        return EXIT_DONE;
}

static const CommandVerb verbs[] = {
        {NULL, "UNIT", 1, 1, options, COMMAND_LENGTH(options), "打印一个单位的周工作单:职责、任务、成绩", "print a unit's weekly sheet: duties, tasks, results", sheet_run},
};

const CommandEntry command_sheet = {"sheet", "周工作单", "weekly sheet", verbs, COMMAND_LENGTH(verbs)};
