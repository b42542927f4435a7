/*
 * Books: months that close, and what is corrected in them since. The database counts (month_books in its migrations); what it found
 * becomes a fact here, so that a closed month says for ever what it said, and each correction has its day in the log.
 */
#include <stdio.h>
#include <string.h>

#include "engine/facts.h"
#include "engine/internal.h"
#include "engine/statistics/statistics.h"
#include "proto/json.h"
#include "proto/timestamp.h"

/* {"unit": {"figure": [amount, rows]}}: figures of units that the organisation has or had. */
static bool figures_are_sound(const cJSON *figures) {
        const cJSON *figure, *number;
        if (!cJSON_IsObject(figures))
                return false;
        cJSON_ArrayForEach(figure, figures) {
                if (!cJSON_IsArray(figure) || cJSON_GetArraySize(figure) != 2)
                        return false;
                cJSON_ArrayForEach(number, figure)
                        if (!json_is_whole(number))
                                return false;
        }
        return true;
}

static bool month_is_sound(const cJSON *month) {
        int64_t first;
        return month_parse(json_string(month, "month"), &first) && json_object(month, "units");
}

static cJSON *month_fact(const char *name, const cJSON *month) {
        cJSON *fact = fact_new(name);
        json_add_string(fact, "month", json_string(month, "month"));
        return fact;
}

static bool close_month(Decision *decision, const cJSON *month) {
        const cJSON *unit, *units = json_object(month, "units");
        if (!month_is_sound(month))
                return false;
        cJSON_ArrayForEach(unit, units)
                if (!figures_are_sound(unit))
                        return false;
        cJSON *fact = month_fact("month_closed", month);
        cJSON_AddItemToObject(fact, "units", cJSON_Duplicate(units, true));
        decision_fact(decision, fact);
        return true;
}

/* {"closed_at" in ms, "closed": figures then, "now": figures} a unit: the row is written whole. */
static bool correct_month(Decision *decision, const cJSON *month) {
        const cJSON *unit, *units = json_object(month, "units");
        if (!month_is_sound(month))
                return false;
        cJSON_ArrayForEach(unit, units)
                if (!figures_are_sound(json_object(unit, "closed")) || !figures_are_sound(json_object(unit, "now")) ||
                    json_int(unit, "closed_at", TIMESTAMP_NONE) == TIMESTAMP_NONE)
                        return false;
        cJSON *fact = month_fact("month_corrected", month);
        cJSON_AddItemToObject(fact, "units", cJSON_Duplicate(units, true));
        decision_fact(decision, fact);
        return true;
}

static void keep_books(Decision *decision, void *argument) {
        const cJSON *books = argument, *close = json_object(books, "close"), *correct = json_object(books, "correct");
        if ((close && !close_month(decision, close)) || (correct && !correct_month(decision, correct)))
                decision_reject(decision, CODE_INTERNAL, "month_books");
}

bool engine_books_are_due(const cJSON *books) { return json_object(books, "close") || json_object(books, "correct"); }

Code engine_keep_books(Engine *engine, cJSON *books, int64_t at_ms, char *ret_detail, size_t n_detail) {
        return engine_run(engine, at_ms, keep_books, books, ret_detail, n_detail);
}

/* ---- questions ---- */

static void add_text(EngineQuery *query, const char *value) {
        size_t used = 0;
        for (size_t i = 0; i < query->n_parameters; i++)
                used += strlen(query->parameters[i]) + 1;
        snprintf(query->storage + used, sizeof query->storage - used, "%s", value);
        query->parameters[query->n_parameters++] = query->storage + used;
}

void engine_month_question(Engine *engine, MonthQuestion which, int64_t now_ms, int back, EngineQuery *ret) {
        int year, month, day, offset = engine_offset_minutes(engine);
        char text[48];
        *ret = (EngineQuery){.name = which == MONTH_QUESTION_BOOKS ? "month_books" : "month_documents", .offset_minutes = offset};
        add_text(ret, engine_area(engine));
        day_civil(timestamp_day(now_ms, offset), &year, &month, &day);
        if (which == MONTH_QUESTION_BOOKS)
                snprintf(text, sizeof text, "%lld", (long long)now_ms);
        else
                snprintf(text, sizeof text, "%04d-%02d", year, month);
        add_text(ret, text);
        snprintf(text, sizeof text, "%d", back);
        add_text(ret, text);
}
