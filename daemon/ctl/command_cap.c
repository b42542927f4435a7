/*
 * cap: alerts between this town and other systems, as CAP 1.2 XML: theirs in, ours out.
 */
#include "ctl/command.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/cap_foreign.h"
#include "ctl/cap_xml.h"
#include "ctl/csv.h"
#include "ctl/exchange.h"
#include "ctl/file.h"
#include "ctl/units.h"
#include "proto/json.h"

#define POINTS_MAX 4096
#define POINTS_BYTES_MAX ((size_t)1 << 20)

static const OptionSpec import_options[] = {
        {"points", "FILE.csv", false, "单位坐标(unit,latitude,longitude),用来判断多边形和圆", "where the units are (unit,latitude,longitude), for polygons and circles"},
        {"unit", "UNIT", true, "指定发给这个单位(以下四种可重复,优先于坐标)", "to this unit (these four repeat and go before positions)"},
        {"tag", "TAG", true, "发给带此标签的单位", "to units with this tag"},
        {"tier", "1|2|3", true, "发给这一层", "to this tier"},
        {"code", "PREFIX", true, "发给区划代码以此开头的单位", "to units whose division code begins so"},
        {"everyone", NULL, false, "发给全部下级单位", "to every unit below"},
        {"event", "CODE", false, "事件代码,选择本镇预案", "event code; chooses the town's playbook"},
        {"from", "UNIT", false, "以这个单位的名义", "speak as this unit"},
        {"show", NULL, false, "只显示转换结果,不发送", "only show what it becomes; send nothing"},
};
static const OptionSpec export_options[] = {{"out", "FILE", false, "写入文件(默认标准输出)", "write to a file (standard output by default)"}};

static cJSON *geocodes_of(const Arguments *arguments)
{
        static const char *const names[] = {"unit", "tag", "tier", "code"};
        cJSON *geocodes = cJSON_CreateArray();

        for (size_t i = 0; i < COMMAND_LENGTH(names); i++)
                for (size_t n = 0; arguments_nth(arguments, names[i], n) != NULL; n++) {
                        cJSON *pair = cJSON_CreateObject();

                        cJSON_AddStringToObject(pair, "valueName", names[i]);
                        cJSON_AddStringToObject(pair, "value", arguments_nth(arguments, names[i], n));
                        cJSON_AddItemToArray(geocodes, pair);
                }
        return geocodes;
}

static bool row_read(const CsvRow *row, UnitPoint *ret)
{
        char pair[80];
        int n;

        if (row->n != 3 || !unit_name_is_valid(row->cells[0], strlen(row->cells[0])))
                return false;
        n = snprintf(pair, sizeof pair, "%s,%s", row->cells[1], row->cells[2]);
        snprintf(ret->unit, sizeof ret->unit, "%s", row->cells[0]);
        return n > 0 && (size_t)n < sizeof pair && point_parse(pair, (size_t)n, &ret->at);
}

/* Whole or not at all; a bad line is named. 0 or an exit code. */
static int points_read(const Context *context, const char *path, UnitPoint **ret, size_t *ret_n)
{
        size_t n_text;
        char *text = file_read(path, POINTS_BYTES_MAX, &n_text);
        UnitPoint *points = calloc(POINTS_MAX, sizeof *points);
        CsvReader reader;
        CsvRow row;
        CsvOutcome outcome = CSV_END;
        size_t n = 0;
        bool fine = text != NULL && points != NULL;

        if (text == NULL)
                context_complain(context, "读不了 %s:%s", "cannot read %s: %s", path, strerror(errno));
        else
                csv_start(&reader, text);
        while (fine && (outcome = csv_next(&reader, &row)) == CSV_ROW) {
                if (n == 0 && row.n > 0 && strcmp(row.cells[0], "unit") == 0)
                        continue;
                fine = n < POINTS_MAX && row_read(&row, &points[n]);
                if (!fine)
                        context_complain(context, "%s 第 %u 行须为 unit,latitude,longitude", "%s line %u: must be unit,latitude,longitude", path, row.line);
                n++;
        }
        if (fine && outcome != CSV_END) {
                context_complain(context, "%s 不是 CSV", "%s is no CSV", path);
                fine = false;
        }
        free(text);
        *ret = fine ? points : NULL;
        *ret_n = fine ? n : 0;
        if (!fine)
                free(points);
        return fine ? EXIT_DONE : EXIT_LOCAL;
}

/* NULL after a complaint. */
static cJSON *foreign_read(const Context *context, const char *path, Text *left_out)
{
        CapXmlOutcome outcome;
        cJSON *alert = NULL;
        size_t n;
        char *text = file_read(path, CAP_XML_BYTES_MAX, &n);

        if (text == NULL) {
                context_complain(context, "读不了 %s:%s", "cannot read %s: %s", path, strerror(errno));
                return NULL;
        }
        outcome = cap_xml_read_all(text, n, &alert, left_out);
        free(text);
        if (outcome == CAP_XML_E_UNSAFE)
                context_complain(context, "%s 含有文档类型、实体或过深过长的结构,不接收", "%s has a document type, entities, or is nested or long beyond reason: not accepted", path);
        else if (outcome != CAP_XML_OK)
                context_complain(context, "%s 不是 CAP 1.2 XML 预警", "%s is no CAP 1.2 alert in XML", path);
        return alert;
}

static int alert_post(Context *context, const Arguments *arguments, cJSON *alert)
{
        char path[64], tail[96];
        int code = unit_path(context, arguments_value(arguments, "from"), path, sizeof path);

        if (code != EXIT_DONE)
                return code;
        snprintf(tail, sizeof tail, "%s/warning", path);
        code = exchange_command(context, tail, alert, NULL);
        if (code == EXIT_DONE && !context->json)
                printf("  identifier: %s\n", json_string(alert, "identifier"));
        return code;
}

static int alert_change(Context *context, const Arguments *arguments, cJSON *alert, Text *left_out)
{
        _cleanup_json_ cJSON *geocodes = geocodes_of(arguments);
        UnitPoint *points = NULL;
        CapForeignOptions options = {.area = context->connection.area, .event_code = arguments_value(arguments, "event"), .geocodes = geocodes,
                                     .everyone = arguments_has(arguments, "everyone"), .zone_minutes = context->zone_minutes};
        const char *file = arguments_value(arguments, "points");
        CapForeignOutcome outcome;
        char where[80];
        int code = file != NULL ? points_read(context, file, &points, &options.n_points) : EXIT_DONE;

        if (code != EXIT_DONE)
                return code;
        options.points = points;
        outcome = cap_foreign(alert, &options, left_out, where, sizeof where);
        free(points);
        if (left_out->n > 0)
                context_complain(context, "警网不传递,已略去:%s", "left out, since it is not carried here: %s", text_string(left_out));
        if (outcome == CAP_FOREIGN_OK)
                return EXIT_DONE;
        context_complain(context, "%s%s%s", "%s%s%s", cap_foreign_text(outcome, context->language == LANGUAGE_ZH), *where != '\0' ? ": " : "", where);
        return outcome == CAP_FOREIGN_E_ADDRESS || outcome == CAP_FOREIGN_E_SCOPE ? EXIT_USAGE : EXIT_LOCAL;
}

static int cap_import(Context *context, const CommandVerb *verb, const Arguments *arguments)
{
        _cleanup_text_ Text left_out = {0};
        cJSON *alert;
        int code = context_connect(context, ROLE_COMMANDER, NULL, 0);

        (void)verb;
        if (code != EXIT_DONE)
                return code;
        alert = foreign_read(context, arguments_positional(arguments, 0), &left_out);
        if (alert == NULL)
                return EXIT_LOCAL;
        code = alert_change(context, arguments, alert, &left_out);
        if (code == EXIT_DONE && arguments_has(arguments, "show"))
                data_print(context, alert);
        else if (code == EXIT_DONE)
                code = alert_post(context, arguments, alert);
        cJSON_Delete(alert);
        return code;
}

static int xml_write(const Context *context, const char *path, const Text *xml)
{
        if (path == NULL) {
                fputs(text_string(xml), stdout);
                return EXIT_DONE;
        }
        if (file_replace(path, text_string(xml), xml->n, 0644))
                return EXIT_DONE;
        context_complain(context, "写不了 %s:%s", "cannot write %s: %s", path, strerror(errno));
        return EXIT_LOCAL;
}

static int cap_export(Context *context, const CommandVerb *verb, const Arguments *arguments)
{
        _cleanup_text_ Text xml = {0};
        cJSON *body, *data, *alert;
        int code = context_connect(context, ROLE_COMMANDER, NULL, 0);

        (void)verb;
        if (code != EXIT_DONE)
                return code;
        body = cJSON_CreateObject();
        cJSON_AddStringToObject(body, "warning", arguments_positional(arguments, 0));
        code = exchange_query(context, "warning", body, &data);
        if (code != EXIT_DONE)
                return code;
        alert = cJSON_GetObjectItemCaseSensitive(data, "cap");
        if (!cJSON_IsObject(alert)) {
                context_complain(context, "没有这条预警:%s", "no such warning: %s", arguments_positional(arguments, 0));
                code = EXIT_REJECTED;
        } else {
                cap_complete(alert, json_string(data, "sender"), json_string(data, "posted_at"), context->zone_minutes);
                cap_xml_write(alert, &xml);
                code = xml_write(context, arguments_value(arguments, "out"), &xml);
        }
        cJSON_Delete(data);
        return code;
}

static const CommandVerb verbs[] = {
        {"import", "FILE.xml", 1, 1, import_options, COMMAND_LENGTH(import_options),
         "把其他发布者的 CAP 1.2 预警转发到本镇(更新、解除随其引用)", "pass another publisher's CAP 1.2 alert on to this town (his Updates and Cancels find theirs)", cap_import},
        {"export", "IDENTIFIER", 1, 1, export_options, COMMAND_LENGTH(export_options), "把本镇的预警输出为 CAP 1.2 XML", "write one of our warnings as CAP 1.2 XML", cap_export},
};

const CommandEntry command_cap = {"cap", "CAP 1.2 XML 预警的导入与导出", "alerts as CAP 1.2 XML: import, export", verbs, COMMAND_LENGTH(verbs)};
