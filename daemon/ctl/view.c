#include "ctl/view.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/table.h"
#include "ctl/when.h"
#include "proto/json.h"
#include "proto/topic.h"

#define NEWS_MAX 64
#define UNITS_MAX 20000

typedef struct ViewUnit {
        char id[NAME_MAX_GRID + 1];
        int tier;
        int64_t open, accepted, completed, overdue, yellow, red, escalated, coming; /* coming: escalations open towards this unit */
} ViewUnit;

struct View {
        Language language;
        int zone_minutes;
        ViewUnit *units; /* owned, by name */
        size_t n_units, capacity;
        char *news[NEWS_MAX]; /* owned; a ring */
        size_t n_news;        /* ever */
        bool alive, marked;
        int64_t seq;
};

View *view_new(Language language, int zone_minutes)
{
        View *view = calloc(1, sizeof *view);

        if (view == NULL)
                abort();
        view->language = language;
        view->zone_minutes = zone_minutes;
        return view;
}

View *view_free(View *view)
{
        if (view == NULL)
                return NULL;
        for (size_t i = 0; i < NEWS_MAX; i++)
                free(view->news[i]);
        free(view->units);
        free(view);
        return NULL;
}

/* The unit's place, made where it is new; NULL beyond the bound. */
static ViewUnit *unit_at(View *view, const char *id)
{
        size_t low = 0, high = view->n_units;

        while (low < high) {
                size_t middle = (low + high) / 2;
                int order = strcmp(view->units[middle].id, id);

                if (order == 0)
                        return &view->units[middle];
                if (order < 0)
                        low = middle + 1;
                else
                        high = middle;
        }
        if (view->n_units == UNITS_MAX)
                return NULL;
        if (view->n_units == view->capacity) {
                view->capacity = view->capacity * 2 + 32;
                view->units = realloc(view->units, view->capacity * sizeof *view->units);
                if (view->units == NULL)
                        abort();
        }
        memmove(&view->units[low + 1], &view->units[low], (view->n_units - low) * sizeof *view->units);
        view->n_units++;
        view->units[low] = (ViewUnit){0};
        snprintf(view->units[low].id, sizeof view->units[low].id, "%s", id);
        return &view->units[low];
}

static void status_take(View *view, const Topic *topic, const cJSON *document)
{
        ViewUnit *unit = unit_at(view, topic->unit);

        if (unit == NULL)
                return;
        unit->tier = topic->tier;
        unit->open = json_int(document, "open", 0);
        unit->accepted = json_int(document, "accepted", 0) + json_int(document, "in_progress", 0);
        unit->completed = json_int(document, "completed", 0);
        unit->overdue = json_int(document, "overdue", 0);
        unit->yellow = json_int(document, "yellow", 0);
        unit->red = json_int(document, "red", 0);
        unit->escalated = json_int(document, "escalated", 0);
        unit->coming = json_int(document, "escalations_open", 0);
}

static const char *or_dash(const char *text)
{
        return text != NULL ? text : "-";
}

static void news_write(const View *view, const Topic *topic, const cJSON *document, Text *ret)
{
        const char *card = json_string(document, "card");

        if (topic->kind == TOPIC_TASK)
                text_append_format(ret, "%s %s %s: %s%s%s", topic->unit, language_pick(view->language, "任务", "task"), or_dash(json_string(document, "number")),
                                   or_dash(json_string(document, "state")), card != NULL && strcmp(card, "none") != 0 ? " · " : "",
                                   card != NULL && strcmp(card, "none") != 0 ? card : "");
        else if (topic->kind == TOPIC_ESCALATION)
                text_append_format(ret, "%s %s %s: %s (%s → %s, %s)", topic->unit, language_pick(view->language, "上报", "escalation"), or_dash(json_string(document, "number")),
                                   or_dash(json_string(document, "state")), or_dash(json_string(document, "from")), or_dash(json_string(document, "to")),
                                   or_dash(json_string(document, "cause")));
        else
                text_append_format(ret, "%s %s %s: %s", topic->unit, language_pick(view->language, "预警", "warning"), or_dash(json_string(document, "headline")),
                                   or_dash(json_string(document, "state")));
}

static void news_keep(View *view, const char *line)
{
        size_t at = view->n_news++ % NEWS_MAX;

        free(view->news[at]);
        view->news[at] = strdup(line);
}

void view_take(View *view, const char *topic, const void *payload, size_t n_payload, bool retained, Text *ret_line)
{
        _cleanup_json_ cJSON *document = NULL;
        Topic parsed;
        size_t before = ret_line->n;

        if (topic_parse(topic, strlen(topic), &parsed) != 0 || n_payload == 0)
                return;
        document = cJSON_ParseWithLength(payload, n_payload);
        if (!cJSON_IsObject(document))
                return;
        if (parsed.kind == TOPIC_STATUS)
                status_take(view, &parsed, document);
        else if (parsed.kind == TOPIC_MARK) {
                view->marked = true;
                view->alive = json_bool(document, "alive", false);
                view->seq = json_int(document, "seq", view->seq);
        } else if (!retained && (parsed.kind == TOPIC_TASK || parsed.kind == TOPIC_ESCALATION || parsed.kind == TOPIC_NOTICE)) {
                news_write(view, &parsed, document, ret_line);
                news_keep(view, text_string(ret_line) + before);
        }
}

static void units_write(const View *view, size_t rows, Text *ret)
{
        static const char *const zh[] = {"单位", "层", "未结", "在办", "办结", "超时", "黄牌", "红牌", "上报", "待处理上报"};
        static const char *const en[] = {"unit", "tier", "open", "working", "completed", "overdue", "yellow", "red", "escalated", "to solve"};
        TextTable *table = text_table_new(10, view->language == LANGUAGE_ZH ? zh : en);

        for (size_t i = 0; i < view->n_units && text_table_count(table) < rows; i++) {
                const ViewUnit *unit = &view->units[i];
                const int64_t numbers[] = {unit->tier, unit->open, unit->accepted, unit->completed, unit->overdue, unit->yellow, unit->red, unit->escalated, unit->coming};
                char texts[9][24];
                const char *cells[10] = {unit->id};

                for (size_t k = 0; k < 9; k++) {
                        snprintf(texts[k], sizeof texts[k], "%lld", (long long)numbers[k]);
                        cells[k + 1] = numbers[k] == 0 && k > 0 ? "·" : texts[k];
                }
                text_table_add(table, cells);
        }
        text_table_write(table, ret);
        text_table_free(table);
}

void view_write(const View *view, size_t rows, Text *ret)
{
        size_t n_lines = rows / 3 > 3 ? rows / 3 : 3;
        size_t n_kept = view->n_news < NEWS_MAX ? view->n_news : NEWS_MAX;

        if (n_lines > n_kept)
                n_lines = n_kept;
        if (!view->marked)
                text_append_string(ret, language_pick(view->language, "尚无守护进程的标记\n", "no mark of the daemon yet\n"));
        else
                text_append_format(ret, language_pick(view->language, "守护进程:%s · 序号 %lld\n", "daemon: %s · sequence %lld\n"),
                                   view->alive ? language_pick(view->language, "在线", "alive") : language_pick(view->language, "离线,以下内容可能过时", "gone: what follows may be stale"),
                                   (long long)view->seq);
        units_write(view, rows, ret);
        text_append_char(ret, '\n');
        for (size_t i = view->n_news - n_lines; i < view->n_news; i++)
                text_append_format(ret, "%s\n", view->news[i % NEWS_MAX]);
}
