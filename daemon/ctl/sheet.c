#include "ctl/sheet.h"

#include <stdio.h>
#include <string.h>

#include "ctl/exchange.h"
#include "ctl/html.h"
#include "ctl/table.h"
#include "ctl/when.h"
#include "proto/json.h"
#include "proto/timestamp.h"

#define COLUMNS_MAX 8

static const char page_style[] =
        "<style>\n@page{size:A4;margin:14mm}body{font:10.5pt/1.4 sans-serif;margin:0}h1{font-size:15pt;margin:0 0 2mm}h2{font-size:12pt;margin:5mm 0 1mm}\n"
        "h3{font-size:10.5pt;margin:3mm 0 1mm}table{border-collapse:collapse;width:100%}th,td{border:1px solid #777;padding:1mm 2mm;text-align:left}\n"
        "tr{page-break-inside:avoid}.small{font-size:9pt;color:#444}.overdue{font-weight:bold}\n</style>";

/* ---- one way to write, two forms ---- */

typedef struct Writer {
        const Sheet *sheet;
        Text *ret;
        TextTable *table; /* of the text form, while a table is open */
        size_t n_columns;
} Writer;

static const char *pick(const Writer *writer, const char *zh, const char *en) { return language_pick(writer->sheet->language, zh, en); }

/* A heading of level 1 to 3, or (0) a line. */
static void write_line(Writer *writer, int level, const char *words)
{
        static const char *const tags[] = {"p", "h1", "h2", "h3"};
        bool ruled = level == 1 || level == 2;

        if (writer->sheet->html) {
                text_append_format(writer->ret, "<%s>", tags[level]);
                html_append(writer->ret, words);
                text_append_format(writer->ret, "</%s>\n", tags[level]);
                return;
        }
        text_append_format(writer->ret, "%s%s\n", ruled ? "\n" : "", words);
        for (size_t i = ruled ? text_width(words) : 0; i > 0; i--)
                text_append_char(writer->ret, level == 1 ? '=' : '-');
        if (ruled)
                text_append_char(writer->ret, '\n');
}

static void write_cells(Writer *writer, const char *tag, const char *const *cells)
{
        text_append_string(writer->ret, "<tr>");
        for (size_t i = 0; i < writer->n_columns; i++) {
                text_append_format(writer->ret, "<%s>", tag);
                html_append(writer->ret, cells[i] != NULL ? cells[i] : "");
                text_append_format(writer->ret, "</%s>", tag);
        }
        text_append_string(writer->ret, "</tr>\n");
}

static void table_open(Writer *writer, size_t n, const char *const *zh, const char *const *en)
{
        const char *const *headings = writer->sheet->language == LANGUAGE_ZH ? zh : en;

        writer->n_columns = n;
        if (!writer->sheet->html) {
                writer->table = text_table_new(n, headings);
                return;
        }
        text_append_string(writer->ret, "<table>\n");
        write_cells(writer, "th", headings);
}

static void table_row(Writer *writer, const char *const *cells)
{
        if (writer->sheet->html)
                write_cells(writer, "td", cells);
        else
                text_table_add(writer->table, cells);
}

static void table_close(Writer *writer)
{
        if (writer->sheet->html) {
                text_append_string(writer->ret, "</table>\n");
                return;
        }
        text_table_write(writer->table, writer->ret);
        writer->table = text_table_free(writer->table);
}

/* What the town left out of a list that was too long for one reply. */
static void write_missing(Writer *writer, const cJSON *data, const cJSON *list)
{
        char words[120];
        long long total = json_int(data, "total", 0), shown = cJSON_GetArraySize(list);

        if (total <= shown)
                return;
        snprintf(words, sizeof words, pick(writer, "另有 %lld 条未列出", "%lld more are not listed"), total - shown);
        write_line(writer, 0, words);
}

static const char *title_of(const Writer *writer, const cJSON *item)
{
        const char *en = json_string(item, "title_en"), *zh = json_string(item, "title");

        if (writer->sheet->language == LANGUAGE_EN && en != NULL)
                return en;
        return zh != NULL ? zh : json_string(item, "kind");
}

static void when_cell(const Writer *writer, const cJSON *item, const char *name, char *buffer, size_t size)
{
        when_show(json_string(item, name), writer->sheet->zone_minutes, buffer, size);
        buffer[strlen(buffer) >= 11 ? 11 : strlen(buffer)] = '\0'; /* without seconds */
}

/* The word of a table of {code, zh, en}; the code itself when it is none of them. */
typedef struct Word { const char *code, *zh, *en; } Word;

static const char *word_of(const Writer *writer, const Word *words, size_t n, const char *code)
{
        for (size_t i = 0; code != NULL && i < n; i++)
                if (strcmp(words[i].code, code) == 0)
                        return pick(writer, words[i].zh, words[i].en);
        return code;
}

#define WORD(writer, words, code) word_of(writer, words, sizeof(words) / sizeof((words)[0]), code)

/* ---- duties ---- */

static void write_duties(Writer *writer)
{
        static const char *const zh[] = {"职责", "要求", "已完成", "到期"}, *const en[] = {"duty", "asked", "done", "by"};
        const cJSON *list = reply_list(writer->sheet->duties, "duties"), *item;

        write_line(writer, 2, pick(writer, "一、职责清单", "1. Duty list"));
        if (cJSON_GetArraySize(list) == 0)
                return write_line(writer, 0, pick(writer, "无", "none"));
        table_open(writer, 4, zh, en);
        cJSON_ArrayForEach(item, list) {
                char asked[24] = "", done[24] = "", by[40];
                const char *cells[] = {title_of(writer, item), asked, done, by};

                if (json_has(item, "quota"))
                        snprintf(asked, sizeof asked, "%lld", (long long)json_int(item, "quota", 0));
                if (json_has(item, "done"))
                        snprintf(done, sizeof done, "%lld", (long long)json_int(item, "done", 0));
                when_cell(writer, item, json_has(item, "ends_at") ? "ends_at" : "next_at", by, sizeof by);
                table_row(writer, cells);
        }
        table_close(writer);
        write_missing(writer, writer->sheet->duties, list);
}

/* ---- tasks ---- */

static const Word dues[] = {{"overdue", "逾期", "overdue"}, {"today", "今日", "today"}, {"week", "本周", "this week"},
                            {"later", "以后", "later"}, {"open", "不限期", "without a limit"}};
static const Word states[] = {{"issued", "待签收", "issued"}, {"accepted", "已签收", "accepted"}, {"in_progress", "办理中", "in progress"},
                              {"completed", "待核查", "completed"}, {"suspended", "挂起", "suspended"}};
static const Word cards[] = {{"none", "", ""}, {"yellow", "黄牌", "yellow"}, {"red", "红牌", "red"}};

static size_t write_due_group(Writer *writer, const cJSON *list, const char *due)
{
        static const char *const zh[] = {"编号", "事项", "承办人", "期限", "状态", "牌"}, *const en[] = {"number", "task", "who", "due", "state", "card"};
        const cJSON *item;
        size_t n = 0;

        cJSON_ArrayForEach(item, list) {
                char by[40];
                const char *found = json_string(item, "due");
                const char *cells[] = {json_string(item, "number"), title_of(writer, item), json_string(item, "member"), by,
                                       WORD(writer, states, json_string(item, "state")), WORD(writer, cards, json_string(item, "card"))};

                if (found == NULL || strcmp(found, due) != 0)
                        continue;
                if (n++ == 0) {
                        write_line(writer, 3, WORD(writer, dues, due));
                        table_open(writer, 6, zh, en);
                }
                when_cell(writer, item, "due_at", by, sizeof by);
                table_row(writer, cells);
        }
        if (n > 0)
                table_close(writer);
        return n;
}

static void write_tasks(Writer *writer)
{
        const cJSON *data = writer->sheet->tasks, *list = reply_list(data, "tasks");
        char words[160];
        size_t n = 0;

        write_line(writer, 2, pick(writer, "二、任务清单", "2. Task list"));
        snprintf(words, sizeof words, pick(writer, "未结 %lld:逾期 %lld,今日到期 %lld,本周到期 %lld", "%lld open: %lld overdue, %lld due today, %lld due this week"),
                 (long long)json_int(data, "total", 0), (long long)json_int(data, "overdue", 0), (long long)json_int(data, "today", 0),
                 (long long)json_int(data, "week", 0));
        write_line(writer, 0, words);
        for (size_t i = 0; i < sizeof dues / sizeof dues[0]; i++)
                n += write_due_group(writer, list, dues[i].code);
        if (n > 0)
                write_missing(writer, data, list);
}

/* ---- results ---- */

static const char *title_pair(const Writer *writer, const cJSON *titles, const char *name)
{
        const cJSON *pair = cJSON_GetObjectItemCaseSensitive(titles, name);
        const char *words = json_string(pair, writer->sheet->language == LANGUAGE_ZH ? "zh" : "en");

        return words != NULL ? words : name;
}

/* `九小场所检查:办结 3;隐患 7` */
static void write_counted(Writer *writer)
{
        const cJSON *kind, *sum, *titles = json_object(writer->sheet->results, "titles");

        cJSON_ArrayForEach(kind, json_object(writer->sheet->results, "counted")) {
                _cleanup_text_ Text line = TEXT_INIT(8192);
                const cJSON *fields = json_object(cJSON_GetObjectItemCaseSensitive(titles, kind->string), "fields");

                text_append_format(&line, pick(writer, "%s:办结 %lld", "%s: %lld done"), title_pair(writer, titles, kind->string),
                                   (long long)json_int(kind, "done", 0));
                cJSON_ArrayForEach(sum, json_object(kind, "sums"))
                        text_append_format(&line, pick(writer, ";%s %.0f", "; %s %.0f"), title_pair(writer, fields, sum->string), sum->valuedouble);
                write_line(writer, 0, text_string(&line));
        }
}

static const char *yes_no(const Writer *writer, const cJSON *item, const char *name)
{
        const cJSON *value = cJSON_GetObjectItemCaseSensitive(item, name);

        if (!cJSON_IsBool(value))
                return "";
        return cJSON_IsTrue(value) ? pick(writer, "是", "yes") : pick(writer, "否", "no");
}

static void write_results(Writer *writer)
{
        static const char *const zh[] = {"编号", "事项", "办结人", "办结时间", "按期", "退回", "积分"};
        static const char *const en[] = {"number", "task", "done by", "closed", "in time", "returned", "points"};
        static const Word drills[] = {{"Exercise", "[演练] ", "[exercise] "}, {"Test", "[测试] ", "[test] "}, {"Actual", "", ""}};
        const cJSON *list = reply_list(writer->sheet->results, "results"), *item;

        write_line(writer, 2, pick(writer, "三、成绩清单", "3. Results list"));
        if (cJSON_GetArraySize(list) == 0)
                return write_line(writer, 0, pick(writer, "本周尚无办结", "nothing was done this week"));
        write_counted(writer);
        table_open(writer, 7, zh, en);
        cJSON_ArrayForEach(item, list) {
                char at[40], returns[24] = "", points[24] = "", title[320];
                const char *cells[] = {json_string(item, "number"), title, json_string(item, "by"), at, yes_no(writer, item, "in_time"), returns, points};

                snprintf(title, sizeof title, "%s%s", WORD(writer, drills, json_string(item, "status")), title_of(writer, item));
                when_cell(writer, item, "ended_at", at, sizeof at);
                if (json_int(item, "returns", 0) > 0)
                        snprintf(returns, sizeof returns, "%lld", (long long)json_int(item, "returns", 0));
                if (json_has(item, "points"))
                        snprintf(points, sizeof points, "%lld", (long long)json_int(item, "points", 0));
                table_row(writer, cells);
        }
        table_close(writer);
        write_missing(writer, writer->sheet->results, list);
}

/* ---- the whole ---- */

int64_t sheet_monday(int64_t day)
{
        int64_t since = (day + 3) % 7; /* 1970-01-01 was a Thursday */

        return day - (since < 0 ? since + 7 : since);
}

static void day_text(int64_t day, char *buffer, size_t size)
{
        int year, month, of_month;

        day_civil(day, &year, &month, &of_month);
        snprintf(buffer, size, "%04d-%02d-%02d", year, month, of_month);
}

void sheet_write(const Sheet *sheet, Text *ret)
{
        Writer writer = {.sheet = sheet, .ret = ret};
        char words[400], first[40], last[40], at[TIMESTAMP_TEXT_MAX];

        day_text(sheet->monday, first, sizeof first);
        day_text(sheet->monday + 6, last, sizeof last);
        timestamp_format(sheet->printed_at, sheet->zone_minutes, at);
        if (sheet->html)
                text_append_format(ret, "<!DOCTYPE html>\n<html lang=\"%s\"><head><meta charset=\"utf-8\"><title>%s %s</title>\n%s</head><body>\n",
                                   pick(&writer, "zh", "en"), sheet->unit, first, page_style);
        snprintf(words, sizeof words, pick(&writer, "周工作单 · %s(%s)", "Weekly sheet · %s (%s)"), sheet->title, sheet->unit);
        write_line(&writer, 1, words);
        snprintf(words, sizeof words, pick(&writer, "%s 至 %s  打印时间 %.10s %.5s", "%s to %s  printed %.10s %.5s"), first, last, at, at + 11);
        write_line(&writer, 0, words);
        if (sheet->duties != NULL)
                write_duties(&writer);
        if (sheet->tasks != NULL)
                write_tasks(&writer);
        if (sheet->results != NULL)
                write_results(&writer);
        if (!sheet->html)
                text_append_char(ret, '\n');
        write_line(&writer, 0, pick(&writer, "填报:____________  审核:____________  日期:____________", "filled in: ____________  checked: ____________  date: ____________"));
        if (sheet->html)
                text_append_string(ret, "</body></html>\n");
}
