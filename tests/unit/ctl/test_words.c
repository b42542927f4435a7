/* What people read and write: languages, times, widths, cards, templates, the live view. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/card.h"
#include "ctl/language.h"
#include "ctl/table.h"
#include "ctl/template.h"
#include "ctl/view.h"
#include "ctl/when.h"
#include "proto/timestamp.h"

static void receipts_in_one_language(void **state)
{
        static const char detail[] = "处置预案有误,未采用。 / The playbook was refused. (steps.tell: 没有步骤 / no such step)";
        char words[128], extra[128];

        (void)state;
        language_receipt(LANGUAGE_ZH, detail, words, sizeof words, extra, sizeof extra);
        assert_string_equal(words, "处置预案有误,未采用。");
        assert_string_equal(extra, "steps.tell: 没有步骤");
        language_receipt(LANGUAGE_EN, detail, words, sizeof words, extra, sizeof extra);
        assert_string_equal(words, "The playbook was refused.");
        assert_string_equal(extra, "steps.tell: no such step");
        language_receipt(LANGUAGE_EN, "没有权限。 / You are not allowed to do this.", words, sizeof words, extra, sizeof extra);
        assert_string_equal(words, "You are not allowed to do this.");
        assert_string_equal(extra, "");
        language_receipt(LANGUAGE_EN, "plain", words, sizeof words, extra, sizeof extra);
        assert_string_equal(words, "plain");
}

static void languages(void **state)
{
        Language language;

        (void)state;
        assert_true(language_parse("zh", &language) && language == LANGUAGE_ZH);
        assert_false(language_parse("de", &language));
        assert_false(language_parse(NULL, &language));
        setenv("LC_ALL", "zh_CN.UTF-8", 1);
        assert_int_equal(language_from_environment(), LANGUAGE_ZH);
        setenv("LC_ALL", "C.UTF-8", 1);
        assert_int_equal(language_from_environment(), LANGUAGE_EN);
}

static void times(void **state)
{
        int64_t at, now = INT64_C(1795248000000);
        char text[40];
        int zone;

        (void)state;
        assert_true(zone_parse("+08:00", &zone) && zone == 480);
        assert_true(zone_parse("-03:30", &zone) && zone == -210);
        assert_true(zone_parse("Z", &zone) && zone == 0);
        assert_false(zone_parse("08:00", &zone) || zone_parse("+8:00", &zone) || zone_parse("+15:00", &zone) || zone_parse("+08:000", &zone));
        assert_true(when_parse("2026-11-21T18:00", 480, now, &at));
        when_format_wire(at, 480, text);
        assert_string_equal(text, "2026-11-21T18:00:00+08:00");
        assert_true(when_parse("2026-11-21 18:00:05", 480, now, &at));
        assert_true(when_parse("2026-11-21T10:00:00Z", 480, now, &at));
        when_format_wire(at, 480, text);
        assert_string_equal(text, "2026-11-21T18:00:00+08:00");
        assert_true(when_parse("PT2H", 480, now, &at) && at == now + 7200000);
        assert_false(when_parse("tomorrow", 480, now, &at) || when_parse("2026-11-21", 480, now, &at) || when_parse("2026-13-21T18:00", 480, now, &at) || when_parse("P1Y", 480, now, &at) || when_parse("", 480, now, &at));
        when_show("2026-11-21T10:00:05.250Z", 480, text, sizeof text);
        assert_string_equal(text, "11-21 18:00:05");
        when_show("soon", 480, text, sizeof text);
        assert_string_equal(text, "soon");
        when_show(NULL, 480, text, sizeof text);
        assert_string_equal(text, "");
}

static void widths(void **state)
{
        static const char *const headings[] = {"单位", "n"}, *const row[] = {"a", NULL};
        _cleanup_text_ Text out = {0};
        TextTable *table = text_table_new(2, headings);
        char clipped[32];

        (void)state;
        assert_int_equal(text_width("解州 ok"), 7);
        assert_int_equal(text_width("e\xcc\x81"), 1);
        text_clip("解州镇", 5, clipped, sizeof clipped);
        assert_string_equal(clipped, "解州…");
        text_clip("a\tb\033[2J", 20, clipped, sizeof clipped);
        assert_string_equal(clipped, "a?b?[2J"); /* nothing in a document steers the terminal */
        text_clip("\xff\xe8\xa7", 20, clipped, sizeof clipped);
        assert_null(strchr(clipped, '\xff'));
        text_table_add(table, row);
        assert_int_equal(text_table_count(table), 1);
        text_table_write(table, &out);
        assert_string_equal(text_string(&out), "单位  n\n────  ─\na     \n");
        text_table_free(table);
}

static void cards(void **state)
{
        _cleanup_text_ Text link = {0}, page = {0};
        Card card = {.area = "140802100", .member = "140802100-x", .unit = "chepan", .role = "grid_worker", .position = "", .code = "abcdefghijklmnopqrstuvwxyz"};
        SeatWanted seat = {.role = ROLE_GRID_WORKER, .unit = "chepan", .secret = "abcdefghijklmnopqrstuvwxyz", .member = "140802100-x"};
        Seats seats = {.items = &seat, .n = 1};
        char grouped[64];

        (void)state;
        card_link("https://x/enrol", &card, &link);
        assert_string_equal(text_string(&link), "https://x/enrol#area=140802100&member=140802100-x&code=abcdefghijklmnopqrstuvwxyz"); /* behind the #: opening it sends no code */
        card_code_grouped(card.code, grouped, sizeof grouped);
        assert_string_equal(grouped, "abcd efgh ijkl mnop qrst uvwx yz");
        cards_write_html("140802100", "https://x/<enrol>", &seats, "11-22 18:00", &page);
        assert_false(page.failed);
        assert_non_null(strstr(text_string(&page), "<svg"));
        assert_non_null(strstr(text_string(&page), "abcd efgh"));
        assert_null(strstr(text_string(&page), "<enrol>"));
        assert_null(strstr(text_string(&page), "<script"));
}

static void templates(void **state)
{
        const TemplateValue values[] = {{"PORT", "1883"}, {"AREA", "140802100"}};
        _cleanup_text_ Text out = {0}, rest = {0};
        char missing[64];

        (void)state;
        assert_true(template_fill("listener @PORT@\nplugin_opt_secret_@AREA@ a@b @ @x@ 100%@", values, 2, &out, missing));
        assert_string_equal(text_string(&out), "listener 1883\nplugin_opt_secret_140802100 a@b @ @x@ 100%@");
        assert_false(template_fill("@HOST@", values, 2, &rest, missing));
        assert_string_equal(missing, "HOST");
}

static void take(View *view, const char *topic, const char *payload, bool retained, Text *line)
{
        view_take(view, topic, payload, strlen(payload), retained, line);
}

static void live_view(void **state)
{
        View *view = view_new(LANGUAGE_EN, 480);
        _cleanup_text_ Text line = {0}, screen = {0};

        (void)state;
        take(view, "grid/v1/140802100/tier3/chepan/status", "{\"open\":2,\"red\":1}", true, &line);
        take(view, "grid/v1/140802100/tier3/chepan/task/all/0193", "{\"number\":\"2026-0001\",\"state\":\"issued\"}", true, &line);
        assert_int_equal(line.n, 0); /* what was there before is no news */
        take(view, "grid/v1/140802100/tier3/chepan/task/all/0193", "{\"number\":\"2026-0001\",\"state\":\"accepted\",\"card\":\"yellow\"}", false, &line);
        assert_string_equal(text_string(&line), "chepan task 2026-0001: accepted · yellow");
        take(view, "grid/v1/140802100/daemon/mark", "{\"alive\":true,\"seq\":7}", true, &line);
        take(view, "grid/v1/140802100/tier3/chepan/status", "[", false, &line);
        take(view, "elsewhere", "{}", false, &line);
        take(view, "grid/v1/140802100/tier3/chepan/task/all/0193", "", false, &line);
        view_write(view, 20, &screen);
        assert_non_null(strstr(text_string(&screen), "alive"));
        assert_non_null(strstr(text_string(&screen), "sequence 7"));
        assert_non_null(strstr(text_string(&screen), "chepan"));
        assert_non_null(strstr(text_string(&screen), "2026-0001: accepted"));
        view_free(view);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(receipts_in_one_language), cmocka_unit_test(languages), cmocka_unit_test(times), cmocka_unit_test(widths),
                cmocka_unit_test(cards), cmocka_unit_test(templates), cmocka_unit_test(live_view),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
