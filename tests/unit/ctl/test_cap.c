/* CAP 1.2 XML of others: what is read of it, whom it is for, what is never let in; and ours, complete for everybody else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "ctl/cap_foreign.h"
#include "ctl/cap_xml.h"
#include "ctl/file.h"
#include "engine/warning/cap.h"
#include "proto/json.h"

#define NOW INT64_C(1795219200000) /* 2026-11-21T08:00:00+08:00 */
#define OPEN "<alert xmlns=\"urn:oasis:names:tc:emergency:cap:1.2\">"

static const UnitPoint points[] = {{"zhongao", {34.90, 110.85}}, {"chepan", {34.90, 110.92}}, {"village-02", {35.10, 111.20}}};
static const CapForeignOptions with_points = {.area = "140802100", .points = points, .n_points = 3, .zone_minutes = 480};
static const CapForeignOptions without = {.area = "140802100", .zone_minutes = 480};

static cJSON *sample(const char *name)
{
        _cleanup_text_ Text left_out = {0};
        char path[512];
        cJSON *alert;
        size_t n;
        char *text;

        snprintf(path, sizeof path, "%s/tests/unit/ctl/cap/%s", TEST_SOURCE_ROOT, name);
        text = file_read(path, CAP_XML_BYTES_MAX, &n);
        assert_non_null(text);
        assert_int_equal(cap_xml_read_all(text, n, &alert, &left_out), CAP_XML_OK);
        free(text);
        return alert;
}

static CapForeignOutcome take(cJSON *alert, const CapForeignOptions *options, Text *left_out)
{
        char where[80];

        return cap_foreign(alert, options, left_out, where, sizeof where);
}

/* What came of it is a warning that the daemon accepts. */
static void assert_accepted(const cJSON *alert)
{
        char detail[160];
        Cap cap;
        Code code = cap_check(alert, NOW, &cap, detail, sizeof detail);

        if (code != CODE_NONE)
                fail_msg("%s: %s", code_name(code), detail);
        cap_deinit(&cap);
}

static void assert_geocodes(const cJSON *alert, const char *expected)
{
        const cJSON *info, *area, *geocode;
        _cleanup_text_ Text found = {0};

        cJSON_ArrayForEach(info, json_array(alert, "info"))
                cJSON_ArrayForEach(area, json_array(info, "area"))
                        cJSON_ArrayForEach(geocode, json_array(area, "geocode"))
                                text_append_format(&found, "%s:%s ", json_string(geocode, "valueName"), json_string(geocode, "value"));
        assert_string_equal(text_string(&found), expected);
}

static void a_storm_reaches_the_units_in_its_polygon(void **state)
{
        _cleanup_text_ Text left_out = {0};
        _cleanup_json_ cJSON *alert = sample("storm.xml");
        const cJSON *info;

        (void)state;
        assert_int_equal(take(alert, &with_points, &left_out), CAP_FOREIGN_OK);
        assert_accepted(alert);
        assert_geocodes(alert, "unit:zhongao unit:chepan ");
        assert_int_equal(strncmp(json_string(alert, "identifier"), "cap-", 4), 0);
        assert_string_equal(json_string(alert, "source"), "w-weather.office@example.org");
        info = cJSON_GetArrayItem(json_array(alert, "info"), 0);
        assert_string_equal(json_string(info, "headline"), "Severe thunderstorm until 8:45");
        assert_int_equal(cJSON_GetArraySize(json_array(info, "eventCode")), 2); /* his may not choose our playbook */
        assert_int_equal(cJSON_GetArraySize(json_array(info, "parameter")), 2); /* nor keep a number from being masked */
        assert_non_null(strstr(text_string(&left_out), "policegrid:public"));
        assert_non_null(strstr(text_string(&left_out), "note"));
}

static void an_operator_chooses_the_playbook_and_the_units(void **state)
{
        _cleanup_text_ Text left_out = {0};
        _cleanup_json_ cJSON *alert = sample("storm.xml"), *geocodes = cJSON_Parse("[{\"valueName\":\"tag\",\"value\":\"river\"}]");
        CapForeignOptions options = with_points;

        (void)state;
        options.event_code = "flood";
        options.geocodes = geocodes;
        assert_int_equal(take(alert, &options, &left_out), CAP_FOREIGN_OK);
        assert_accepted(alert);
        assert_geocodes(alert, "tag:river ");
        assert_string_equal(json_string(cJSON_GetArrayItem(json_array(cJSON_GetArrayItem(json_array(alert, "info"), 0), "eventCode"), 2), "value"), "flood");
}

static void updates_and_cancels_find_their_alert(void **state)
{
        _cleanup_text_ Text left_out = {0};
        _cleanup_json_ cJSON *alert = sample("storm.xml"), *update = sample("storm-update.xml"), *cancel = sample("storm-cancel.xml");
        const cJSON *references;

        (void)state;
        assert_int_equal(take(alert, &with_points, &left_out), CAP_FOREIGN_OK);
        assert_int_equal(take(update, &with_points, &left_out), CAP_FOREIGN_OK);
        assert_int_equal(take(cancel, &without, &left_out), CAP_FOREIGN_OK); /* it goes wherever the alert went */
        assert_accepted(update);
        assert_accepted(cancel);
        assert_geocodes(update, "unit:chepan ");
        assert_string_equal(cJSON_GetArrayItem(json_array(update, "references"), 0)->valuestring, json_string(alert, "identifier"));
        references = json_array(cancel, "references");
        assert_int_equal(cJSON_GetArraySize(references), 2);
        assert_string_equal(cJSON_GetArrayItem(references, 0)->valuestring, json_string(alert, "identifier"));
        assert_string_equal(cJSON_GetArrayItem(references, 1)->valuestring, json_string(update, "identifier"));
        /* CAP assumes English where no language is said; a headline is made of the event where there is none */
        assert_string_equal(json_string(cJSON_GetArrayItem(json_array(update, "info"), 0), "language"), "en-US");
        assert_string_equal(json_string(cJSON_GetArrayItem(json_array(update, "info"), 0), "headline"), "Severe Thunderstorm Warning");
}

static void several_languages_stay(void **state)
{
        _cleanup_text_ Text left_out = {0};
        _cleanup_json_ cJSON *alert = sample("rain-languages.xml"), *again = sample("rain-languages.xml");
        CapForeignOptions everyone = without;

        (void)state;
        assert_int_equal(take(again, &without, &left_out), CAP_FOREIGN_E_ADDRESS); /* words and foreign codes say nothing of our units */
        everyone.everyone = true;
        assert_int_equal(take(alert, &everyone, &left_out), CAP_FOREIGN_OK);
        assert_accepted(alert);
        assert_geocodes(alert, "");
        assert_int_equal(cJSON_GetArraySize(json_array(alert, "info")), 3);
        assert_string_equal(json_string(cap_info_chosen(alert), "headline"), "强降雨");
        assert_string_equal(json_string(cap_info(alert, "en"), "headline"), "Heavy rain");
        assert_string_equal(json_string(alert, "identifier"), "2.49.0.0.40.0.AT.261121.7");
        assert_string_equal(json_string(alert, "sent"), "2026-11-21T13:00:00+08:00");
}

static void a_circle_and_a_foreign_vocabulary(void **state)
{
        _cleanup_text_ Text left_out = {0};
        _cleanup_json_ cJSON *alert = sample("earthquake.xml");

        (void)state;
        assert_int_equal(cJSON_GetArraySize(json_array(alert, "info")), 1);
        assert_int_equal(take(alert, &with_points, &left_out), CAP_FOREIGN_OK);
        assert_accepted(alert);
        assert_geocodes(alert, "unit:zhongao unit:chepan ");
        assert_string_equal(json_string(alert, "status"), "Exercise");
        assert_string_equal(json_string(cJSON_GetArrayItem(json_array(alert, "info"), 0), "headline"), "Magnitude 4.6 <near> the lake");
}

static void division_codes(void **state)
{
        static const struct { const char *code, *geocodes; CapForeignOutcome outcome; } cases[] = {
                {"140802100227", "code:140802100227 ", CAP_FOREIGN_OK}, {"140802100", "", CAP_FOREIGN_OK}, {"140802", "", CAP_FOREIGN_OK},
                {"140802000000", "", CAP_FOREIGN_OK}, {"140800", "", CAP_FOREIGN_OK}, {"140000", "", CAP_FOREIGN_OK},
                {"140802101", NULL, CAP_FOREIGN_E_ELSEWHERE}, {"140829", NULL, CAP_FOREIGN_E_ELSEWHERE}, {"141000", NULL, CAP_FOREIGN_E_ELSEWHERE},
                {"1408", "", CAP_FOREIGN_OK}, {"AB", NULL, CAP_FOREIGN_E_ADDRESS}, {"1", NULL, CAP_FOREIGN_E_ADDRESS},
        };

        (void)state;
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
                _cleanup_text_ Text left_out = {0};
                _cleanup_json_ cJSON *alert = sample("rainstorm-cn.xml");
                cJSON *area = cJSON_GetArrayItem(json_array(cJSON_GetArrayItem(json_array(alert, "info"), 0), "area"), 0);
                cJSON *geocodes = cJSON_GetObjectItem(area, "geocode");

                cJSON_ReplaceItemInObject(cJSON_GetArrayItem(geocodes, 0), "value", cJSON_CreateString(cases[i].code));
                cJSON_DeleteItemFromArray(geocodes, 1);
                if (take(alert, &without, &left_out) != cases[i].outcome)
                        fail_msg("%s", cases[i].code);
                if (cases[i].outcome == CAP_FOREIGN_OK) {
                        assert_geocodes(alert, cases[i].geocodes);
                        assert_accepted(alert);
                }
        }
}

static void what_is_not_public_is_not_passed_on_by_itself(void **state)
{
        _cleanup_text_ Text left_out = {0};
        _cleanup_json_ cJSON *alert = sample("private.xml"), *chosen = sample("private.xml"),
                             *geocodes = cJSON_Parse("[{\"valueName\":\"unit\",\"value\":\"room-3\"}]");
        CapForeignOptions options = without;

        (void)state;
        assert_int_equal(take(alert, &without, &left_out), CAP_FOREIGN_E_SCOPE);
        options.geocodes = geocodes;
        assert_int_equal(take(chosen, &options, &left_out), CAP_FOREIGN_OK);
        assert_accepted(chosen);
        assert_string_equal(json_string(chosen, "scope"), "Restricted");
        assert_geocodes(chosen, "unit:room-3 ");
}

static void elsewhere_is_not_ours(void **state)
{
        static const UnitPoint far[] = {{"village-02", {35.10, 111.20}}};
        CapForeignOptions options = without;

        (void)state;
        options.points = far;
        options.n_points = 1;
        for (int i = 0; i < 2; i++) {
                _cleanup_text_ Text left_out = {0};
                _cleanup_json_ cJSON *alert = sample(i == 0 ? "storm.xml" : "earthquake.xml");

                assert_int_equal(take(alert, &options, &left_out), CAP_FOREIGN_E_ELSEWHERE);
        }
}

/* One member of the storm changed; "" removes it. `in`: info or area, NULL = the alert. */
static void one_wrong(const char *in, const char *name, const char *value, CapForeignOutcome outcome)
{
        _cleanup_text_ Text left_out = {0};
        _cleanup_json_ cJSON *alert = sample(strcmp(name, "references") == 0 ? "storm-update.xml" : "storm.xml");
        cJSON *object = alert;

        if (in != NULL)
                object = cJSON_GetArrayItem(json_array(alert, "info"), 0);
        if (in != NULL && strcmp(in, "area") == 0)
                object = cJSON_GetArrayItem(json_array(object, "area"), 0);
        cJSON_DeleteItemFromObject(object, name);
        if (*value != '\0' && cJSON_IsObject(object) && in != NULL && strcmp(in, "area") == 0)
                cJSON_AddItemToArray(cJSON_AddArrayToObject(object, name), cJSON_CreateString(value));
        else if (*value != '\0')
                cJSON_AddStringToObject(object, name, value);
        if (take(alert, &with_points, &left_out) != outcome)
                fail_msg("%s: %s", name, value);
}

static void mistakes(void **state)
{
        static const char *const polygons[] = {"1,1 2,2 1,1", "1,1 2,2 3,3 4,4", "1,1 2,2 91,3 1,1", "1,1 2,2 3,181 1,1", "a,b c,d e,f a,b", "1 1 2 2",
                                               "1,1 2,2 3,x 1,1", "1e1,1 2,2 3,3 1e1,1", "0x1,1 2,2 3,3 0x1,1", ",, ,, ,, ,,", "nan,1 2,2 3,3 nan,1"};
        static const char *const circles[] = {"1,1", "1,1 -5", "1,1 99999", "1,1 2 3", "1 2", "x,1 2"};

        (void)state;
        one_wrong(NULL, "identifier", "", CAP_FOREIGN_E_FIELD);
        one_wrong(NULL, "sender", "", CAP_FOREIGN_E_FIELD);
        one_wrong(NULL, "sent", "yesterday", CAP_FOREIGN_E_FIELD);
        one_wrong(NULL, "status", "System", CAP_FOREIGN_E_STATUS);
        one_wrong(NULL, "status", "Draft", CAP_FOREIGN_E_STATUS);
        one_wrong(NULL, "msgType", "Ack", CAP_FOREIGN_E_TYPE);
        one_wrong(NULL, "msgType", "Error", CAP_FOREIGN_E_TYPE);
        one_wrong(NULL, "scope", "Secret", CAP_FOREIGN_E_FIELD);
        one_wrong(NULL, "info", "", CAP_FOREIGN_E_ADDRESS);
        one_wrong(NULL, "references", "", CAP_FOREIGN_E_REFERENCES);
        one_wrong(NULL, "references", "only-an-identifier", CAP_FOREIGN_E_FIELD);
        one_wrong("info", "severity", "", CAP_FOREIGN_E_FIELD);
        one_wrong("info", "expires", "2026-13-01T00:00:00+08:00", CAP_FOREIGN_E_FIELD);
        for (size_t i = 0; i < sizeof polygons / sizeof polygons[0]; i++)
                one_wrong("area", "polygon", polygons[i], CAP_FOREIGN_E_GEOMETRY);
        for (size_t i = 0; i < sizeof circles / sizeof circles[0]; i++)
                one_wrong("area", "circle", circles[i], CAP_FOREIGN_E_GEOMETRY);
}

/* Too long is made to fit, and said; what cannot fit is refused. */
static void long_words_are_cut(void **state)
{
        _cleanup_text_ Text left_out = {0};
        _cleanup_json_ cJSON *alert = sample("storm.xml");
        cJSON *info = cJSON_GetArrayItem(json_array(alert, "info"), 0);
        char *words = malloc(30001);

        (void)state;
        for (size_t i = 0; i < 30000; i += 3)
                memcpy(words + i, "雨", 3);
        words[30000] = '\0';
        cJSON_ReplaceItemInObject(info, "description", cJSON_CreateString(words));
        cJSON_ReplaceItemInObject(info, "headline", cJSON_CreateString(words));
        for (int i = 0; i < 20; i++)
                cJSON_AddItemToArray(cJSON_GetObjectItem(alert, "info"), cJSON_Duplicate(info, true));
        assert_int_equal(take(alert, &with_points, &left_out), CAP_FOREIGN_OK);
        assert_accepted(alert);
        assert_true(cJSON_GetArraySize(json_array(alert, "info")) >= 1 && cJSON_GetArraySize(json_array(alert, "info")) <= 5);
        assert_non_null(strstr(text_string(&left_out), "description(…)"));
        free(words);
}

static void geometry(void **state)
{
        Point *square;
        size_t n;

        (void)state;
        assert_true(polygon_parse(" 0,0\n0,10 10,10\t10,0 0,0 ", &square, &n));
        assert_int_equal(n, 5);
        assert_true(polygon_contains(square, n, (Point){5, 5}));
        assert_false(polygon_contains(square, n, (Point){5, 11}));
        assert_false(polygon_contains(square, n, (Point){-1, 5}));
        free(square);
        assert_true(circle_contains((Point){34.92, 110.86}, 10, (Point){34.92, 110.96})); /* a tenth of a degree there: 9.1 km */
        assert_false(circle_contains((Point){34.92, 110.86}, 9, (Point){34.92, 110.96}));
        assert_true(circle_contains((Point){34.92, 110.86}, 0, (Point){34.92, 110.86}));
}

/* ---- what is not let in ---- */

static void assert_refused(const char *text, size_t n, CapXmlOutcome outcome)
{
        _cleanup_text_ Text left_out = {0};
        cJSON *alert;

        assert_int_equal(cap_xml_read_all(text, n, &alert, &left_out), outcome);
        assert_null(alert);
}

static char *repeated(const char *head, const char *part, size_t n_times, const char *tail)
{
        size_t n = strlen(head), n_part = strlen(part);
        char *text = malloc(n + n_part * n_times + strlen(tail) + 1);

        memcpy(text, head, n);
        for (size_t i = 0; i < n_times; i++, n += n_part)
                memcpy(text + n, part, n_part);
        strcpy(text + n, tail);
        return text;
}

static void entities_are_refused(void **state)
{
        static const char *const texts[] = {
                "<!DOCTYPE alert [<!ENTITY a \"lol\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;\"><!ENTITY c \"&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;\">"
                "<!ENTITY d \"&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;\"><!ENTITY e \"&d;&d;&d;&d;&d;&d;&d;&d;&d;&d;\"><!ENTITY f \"&e;&e;&e;&e;&e;&e;&e;&e;&e;&e;\">]>"
                OPEN "<note>&f;&f;&f;&f;</note></alert>",
                "<!DOCTYPE alert [<!ENTITY x SYSTEM \"file:///etc/passwd\">]>" OPEN "<note>&x;</note></alert>",
                "<!DOCTYPE alert [<!ENTITY % p SYSTEM \"http://127.0.0.1:1/p\"> %p;]>" OPEN "</alert>",
                "<!DOCTYPE alert PUBLIC \"x\" \"http://127.0.0.1:1/x.dtd\">" OPEN "</alert>",
                "<!DOCTYPE alert>" OPEN "</alert>",
        };

        (void)state;
        for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
                assert_refused(texts[i], strlen(texts[i]), CAP_XML_E_UNSAFE);
        assert_refused(OPEN "<note>&x;</note></alert>", strlen(OPEN "<note>&x;</note></alert>"), CAP_XML_E_MALFORMED);
}

/* The same document type in another encoding is the same document type. */
static void encodings_hide_nothing(void **state)
{
        static const char text[] = "<?xml version=\"1.0\" encoding=\"UTF-16\"?><!DOCTYPE alert [<!ENTITY x \"y\">]>" OPEN "<note>&x;</note></alert>";
        char wide[2 * sizeof text + 2] = {(char)0xff, (char)0xfe};

        (void)state;
        for (size_t i = 0; i < sizeof text - 1; i++)
                wide[2 + 2 * i] = text[i];
        assert_refused(wide, 2 + 2 * (sizeof text - 1), CAP_XML_E_UNSAFE);
}

static void floods_are_refused(void **state)
{
        char *deep = repeated(OPEN, "<info>", 20000, ""), *many = repeated(OPEN, "<info/>", 20000, "</alert>"),
             *wide = repeated("<alert xmlns=\"urn:oasis:names:tc:emergency:cap:1.2\"", " a=\"b\"", 2000, "/>"),
             *huge = repeated(OPEN "<note>", "0123456789abcdef", (CAP_XML_BYTES_MAX >> 4) + 1, "</note></alert>"),
             *cut = repeated(OPEN, "<info>", 3, "");

        (void)state;
        assert_refused(deep, strlen(deep), CAP_XML_E_UNSAFE);
        assert_refused(many, strlen(many), CAP_XML_E_UNSAFE);
        assert_refused(wide, strlen(wide), CAP_XML_E_UNSAFE);
        assert_refused(huge, strlen(huge), CAP_XML_E_UNSAFE);
        assert_refused(cut, strlen(cut), CAP_XML_E_MALFORMED);
        free(deep);
        free(many);
        free(wide);
        free(huge);
        free(cut);
}

/* ---- out ---- */

static void ours_is_complete(void **state)
{
        _cleanup_json_ cJSON *alert = cJSON_Parse(
                "{\"identifier\":\"W-2\",\"sender\":\"140802100-a\",\"sent\":\"2026-11-21T00:00:00.500Z\",\"status\":\"Actual\",\"msgType\":\"Update\",\"scope\":\"Public\","
                "\"references\":[\"W-1\",\"x@example.org,W-0,2026-11-20T08:00:00+08:00\"],\"info\":[{\"event\":\"反诈\",\"urgency\":\"Immediate\",\"severity\":\"Severe\","
                "\"certainty\":\"Observed\",\"headline\":\"a < b\",\"expires\":\"2026-11-21T04:00:00Z\",\"area\":[{\"geocode\":[{\"valueName\":\"tier\",\"value\":\"3\"}]}]}]}");
        _cleanup_text_ Text xml = {0}, left_out = {0};
        cJSON *back;

        (void)state;
        cap_complete(alert, "140802100-a", "2026-11-20T09:00:00+08:00", 480);
        cap_xml_write(alert, &xml);
        assert_non_null(strstr(text_string(&xml), "<sent>2026-11-21T08:00:00+08:00</sent>"));
        assert_non_null(strstr(text_string(&xml), "<category>Other</category>"));
        assert_non_null(strstr(text_string(&xml), "<areaDesc>3</areaDesc>"));
        assert_non_null(strstr(text_string(&xml), "<references>140802100-a,W-1,2026-11-20T09:00:00+08:00 x@example.org,W-0,2026-11-20T08:00:00+08:00</references>"));
        assert_non_null(strstr(text_string(&xml), "<headline>a &lt; b</headline>"));
        /* and another town that reads it has the same words */
        assert_int_equal(cap_xml_read_all(text_string(&xml), xml.n, &back, &left_out), CAP_XML_OK);
        assert_string_equal(json_string(cJSON_GetArrayItem(json_array(back, "info"), 0), "event"), "反诈");
        cJSON_Delete(back);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_storm_reaches_the_units_in_its_polygon), cmocka_unit_test(an_operator_chooses_the_playbook_and_the_units),
                cmocka_unit_test(updates_and_cancels_find_their_alert), cmocka_unit_test(several_languages_stay),
                cmocka_unit_test(a_circle_and_a_foreign_vocabulary), cmocka_unit_test(division_codes),
                cmocka_unit_test(what_is_not_public_is_not_passed_on_by_itself), cmocka_unit_test(elsewhere_is_not_ours), cmocka_unit_test(mistakes),
                cmocka_unit_test(long_words_are_cut), cmocka_unit_test(geometry), cmocka_unit_test(entities_are_refused),
                cmocka_unit_test(encodings_hide_nothing), cmocka_unit_test(floods_are_refused), cmocka_unit_test(ours_is_complete),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
