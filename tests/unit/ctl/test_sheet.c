/* the weekly sheet: what it says, in both languages and both forms. */
#include "ctl/sheet.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "proto/json.h"
#include "proto/timestamp.h"

static const char TASKS[] =
        "{\"total\":3,\"overdue\":1,\"today\":0,\"week\":1,\"truncated\":true,\"tasks\":["
        "{\"number\":\"2026-0007\",\"kind\":\"fraud\",\"title\":\"入户提醒 <b>\",\"title_en\":\"Tell every household\",\"due\":\"overdue\","
        "\"due_at\":\"2026-11-20T02:30:00+00:00\",\"member\":\"140802100-k3f8\",\"state\":\"accepted\",\"card\":\"red\"},"
        "{\"number\":\"2026-0009\",\"kind\":\"check\",\"title\":\"检查\",\"due\":\"week\",\"due_at\":\"2026-11-22T09:00:00+08:00\",\"state\":\"issued\",\"card\":\"none\"}]}";
static const char RESULTS[] =
        "{\"total\":2,\"truncated\":false,\"counted\":{\"check\":{\"done\":2,\"sums\":{\"hazards\":7,\"amount_fen\":920000000}}},"
        "\"titles\":{\"check\":{\"zh\":\"九小场所检查\",\"en\":\"Premises check\",\"fields\":{\"hazards\":{\"zh\":\"隐患\",\"en\":\"hazards\"}}}},\"results\":["
        "{\"number\":\"2026-0003\",\"title\":\"检查\",\"status\":\"Actual\",\"ended_at\":\"2026-11-19T10:00:00+08:00\",\"by\":\"140802100-k3f8\",\"in_time\":false,\"returns\":1,\"points\":12},"
        "{\"number\":\"2026-0004\",\"title\":\"检查\",\"status\":\"Exercise\",\"ended_at\":\"2026-11-18T10:00:00+08:00\"}]}";
static const char DUTIES[] = "{\"total\":1,\"duties\":[{\"title\":\"每周巡逻\",\"title_en\":\"Patrol\",\"quota\":3,\"done\":1,\"ends_at\":\"2026-11-22T23:59:59+08:00\"}]}";

static char *write_sheet(Language language, bool html, bool empty)
{
        _cleanup_json_ cJSON *duties = cJSON_Parse(DUTIES), *tasks = cJSON_Parse(empty ? "{\"total\":0,\"tasks\":[]}" : TASKS);
        _cleanup_json_ cJSON *results = cJSON_Parse(empty ? "{\"total\":0,\"results\":[]}" : RESULTS);
        Text text = {0};
        Sheet sheet = {.unit = "village-02", .title = language == LANGUAGE_ZH ? "车盘村" : "Chepan", .monday = day_from_civil(2026, 11, 16),
                       .printed_at = INT64_C(1795255200000), .zone_minutes = 480, .language = language, .html = html,
                       .duties = empty ? NULL : duties, .tasks = tasks, .results = results};

        sheet_write(&sheet, &text);
        return text_steal(&text);
}

#define HAS(text, words) assert_non_null(strstr(text, words))
#define LACKS(text, words) assert_null(strstr(text, words))

static void test_text(void **state)
{
        (void)state;
        char *zh = write_sheet(LANGUAGE_ZH, false, false), *en = write_sheet(LANGUAGE_EN, false, false);

        HAS(zh, "周工作单 · 车盘村(village-02)");
        HAS(zh, "2026-11-16 至 2026-11-22  打印时间 2026-11-21 18:00");
        HAS(zh, "每周巡逻");
        HAS(zh, "未结 3:逾期 1,今日到期 0,本周到期 1");
        HAS(zh, "11-20 10:30"); /* in the town's zone */
        HAS(zh, "红牌");
        HAS(zh, "另有 1 条未列出");
        HAS(zh, "九小场所检查:办结 2;隐患 7;amount_fen 920000000");
        HAS(zh, "[演练] 检查");
        assert_true(strstr(zh, "逾期\n") < strstr(zh, "本周\n"));
        HAS(en, "Weekly sheet · Chepan (village-02)");
        HAS(en, "Premises check: 2 done; hazards 7; amount_fen 920000000");
        HAS(en, "Tell every household");
        HAS(en, "[exercise] 检查");
        LACKS(en, "今日");
        free(zh);
        free(en);
}

static void test_html(void **state)
{
        (void)state;
        char *page = write_sheet(LANGUAGE_ZH, true, false);

        HAS(page, "<!DOCTYPE html>");
        HAS(page, "<td>入户提醒 &lt;b&gt;</td>");
        LACKS(page, "<b>");
        HAS(page, "</body></html>");
        free(page);
}

static void test_an_empty_week(void **state)
{
        (void)state;
        char *page = write_sheet(LANGUAGE_ZH, false, true);

        HAS(page, "未结 0");
        HAS(page, "本周尚无办结");
        LACKS(page, "职责");
        LACKS(page, "另有");
        free(page);
}

static void test_weeks_begin_on_monday(void **state)
{
        (void)state;
        int64_t monday = day_from_civil(2026, 11, 16);

        for (int i = 0; i < 7; i++)
                assert_int_equal(sheet_monday(monday + i), monday);
        assert_int_equal(sheet_monday(monday - 1), monday - 7);
        assert_int_equal(sheet_monday(-1), -3); /* 1969-12-31 was a Wednesday */
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_text), cmocka_unit_test(test_html), cmocka_unit_test(test_an_empty_week), cmocka_unit_test(test_weeks_begin_on_monday),
        };
        return cmocka_run_group_tests_name("sheet", tests, NULL, NULL);
}
