/* figures-import: monthly figures from before the software, so that a year-on-year figure exists from the first day. */
#include "engine/statistics/statistics.h"

#include <stdio.h>
#include <string.h>

#include "engine/admin/admin.h"
#include "engine/state/state.h"
#include "proto/json.h"
#include "proto/map.h"
#include "proto/timestamp.h"

bool month_parse(const char *text, int64_t *ret_first) {
        int year, month;
        if (!text || strlen(text) != 7 || text[4] != '-' || strspn(text, "0123456789") != 4 || strspn(text + 5, "0123456789") != 2)
                return false;
        sscanf(text, "%d-%d", &year, &month);
        if (year < 2000 || year > 2099 || month < 1 || month > 12)
                return false;
        *ret_first = day_from_civil(year, month, 1);
        return true;
}

typedef struct Import {
        Decision *decision;
        const cJSON *figures, *rows;
        int n_figures;
        int64_t this_month;  /* first day of the month in which the import arrives, in the town */
        Map *seen;           /* "unit/month" that have come */
        int64_t n_amounts;
} Import;

static void close_seen(Import *import) { import->seen = map_free(import->seen); }

static bool refuse(Import *import, Code code, int row, const char *zh, const char *en) {
        decision_reject(import->decision, code, "rows[%d]: %s / %s", row, zh, en);
        return false;
}

static bool read_figures(Import *import) {
        const Catalogue *catalogue = state_catalogue(import->decision->state);
        import->n_figures = cJSON_GetArraySize(import->figures);
        if (import->n_figures < 1 || import->n_figures > FIGURES_COLUMNS_MAX) {
                decision_reject(import->decision, CODE_RANGE, "figures: 1–%d", FIGURES_COLUMNS_MAX);
                return false;
        }
        for (int i = 0; i < import->n_figures; i++) {
                const cJSON *item = cJSON_GetArrayItem(import->figures, i);
                bool known = cJSON_IsString(item) && catalogue_item(catalogue, "figures", item->valuestring), twice = false;
                for (int k = 0; k < i && known; k++)
                        twice = twice || strcmp(cJSON_GetArrayItem(import->figures, k)->valuestring, item->valuestring) == 0;
                if (known && !twice)
                        continue;
                decision_reject(import->decision, known ? CODE_DUPLICATE : CODE_UNKNOWN_TARGET, "figures[%d]: %s", i,
                                known ? "重复 / twice" : "目录的 figures 里没有 / not in the catalogue's figures");
                return false;
        }
        return true;
}

static bool read_amount(Import *import, int row, const cJSON *amount) {
        if (cJSON_IsNull(amount))
                return true;
        if (!json_is_whole(amount) || amount->valuedouble < 0 || amount->valuedouble > (double)FIGURES_AMOUNT_MAX)
                return refuse(import, CODE_RANGE, row, "数字须为不小于 0 的整数", "an amount must be a whole number, 0 or more");
        import->n_amounts++;
        return true;
}

static bool read_place(Import *import, int row, const char *unit, const char *month) {
        int64_t first;
        char key[NAME_MAX_GRID + 16];
        if (!unit || !organisation_unit(decision_organisation(import->decision), unit))
                return refuse(import, CODE_UNKNOWN_UNIT, row, "没有这个单位", "no such unit");
        if (!month_parse(month, &first))
                return refuse(import, CODE_TIME, row, "月份须写作 2025-11", "a month reads 2025-11");
        if (first >= import->this_month)
                return refuse(import, CODE_TIME, row, "这个月还没有过完", "the month has not ended");
        snprintf(key, sizeof key, "%s/%s", unit, month);
        if (map_find(import->seen, key))
                return refuse(import, CODE_DUPLICATE, row, "这个单位这个月已出现过", "this unit's month has come before");
        return map_set(import->seen, key, import);
}

static bool read_row(Import *import, int row, const cJSON *item) {
        if (!cJSON_IsArray(item) || cJSON_GetArraySize(item) != import->n_figures + 2)
                return refuse(import, CODE_TYPE, row, "列数不符", "the number of cells differs");
        const cJSON *cell = item->child;
        const char *unit = cJSON_GetStringValue(cell), *month = cJSON_GetStringValue(cell->next);
        if (!read_place(import, row, unit, month))
                return false;
        for (cell = cell->next->next; cell; cell = cell->next)
                if (!read_amount(import, row, cell))
                        return false;
        return true;
}

static bool read_rows(Import *import) {
        int n = cJSON_GetArraySize(import->rows), row = 0;
        const cJSON *item;
        if (n < 1 || n > FIGURES_ROWS_MAX) {
                decision_reject(import->decision, CODE_RANGE, "rows: 1–%d", FIGURES_ROWS_MAX);
                return false;
        }
        cJSON_ArrayForEach(item, import->rows)
                if (!read_row(import, row++, item))
                        return false;
        if (import->n_amounts == 0)
                decision_reject(import->decision, CODE_MISSING, "rows: 没有数字 / no amount");
        return import->n_amounts > 0;
}

static int64_t month_of(int64_t at_ms, int offset_minutes) {
        int year, month, day;
        day_civil(timestamp_day(at_ms, offset_minutes), &year, &month, &day);
        return day_from_civil(year, month, 1);
}

void admin_figures_import(Decision *decision) {
        static const char *const names[] = {"figures", "rows", NULL};
        const cJSON *body = decision_body(decision);
        if (!admin_check_fields(decision, body, names))
                return;
        __attribute__((cleanup(close_seen))) Import import = {.decision = decision, .figures = json_array(body, "figures"), .rows = json_array(body, "rows"),
                         .this_month = month_of(decision->at, organisation_offset_minutes(decision_organisation(decision))), .seen = map_new()};
        if (!import.figures || !import.rows) {
                const char *missing = import.figures ? "rows" : "figures";
                return (void)decision_reject(decision, json_has(body, missing) ? CODE_TYPE : CODE_MISSING, "%s", missing);
        }
        if (!read_figures(&import) || !read_rows(&import))
                return;
        cJSON *fact = fact_new("figures_imported");
        cJSON_AddItemToObject(fact, "figures", cJSON_Duplicate(import.figures, true));
        cJSON_AddItemToObject(fact, "rows", cJSON_Duplicate(import.rows, true));
        decision_fact(decision, fact);
        decision_created_int(decision, "figures", import.n_amounts);
}
