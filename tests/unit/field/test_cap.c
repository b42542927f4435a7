/* cap: what a warning's body must be. Each test changes one thing in a good message and names the field that is told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "engine/warning/cap.h"
#include "proto/json.h"

#define NOW 1795255200000 /* 2026-11-21T10:00:00Z */

static const char GOOD[] =
        "{\"id\":\"20261121-1\",\"seat\":\"command\",\"identifier\":\"JZ-1\",\"sent\":\"2026-11-21T18:00:00+08:00\",\"status\":\"Actual\","
        "\"msgType\":\"Alert\",\"scope\":\"Restricted\",\"restriction\":\"grid\",\"info\":[{\"language\":\"en-US\",\"event\":\"fraud\","
        "\"urgency\":\"Immediate\",\"severity\":\"Minor\",\"certainty\":\"Observed\",\"headline\":\"Fraud calls\"},"
        "{\"language\":\"zh-CN\",\"category\":[\"Security\",\"Safety\"],\"event\":\"电信诈骗\",\"responseType\":[\"Execute\"],"
        "\"eventCode\":[{\"valueName\":\"policegrid\",\"value\":\"telecom-fraud\"}],\"urgency\":\"Immediate\",\"severity\":\"Extreme\","
        "\"certainty\":\"Likely\",\"headline\":\"冒充公检法\",\"instruction\":\"入户劝阻\",\"expires\":\"2026-11-23T18:00:00+08:00\","
        "\"area\":[{\"areaDesc\":\"河东\",\"geocode\":[{\"valueName\":\"tag\",\"value\":\"riverside\"},{\"valueName\":\"tier\",\"value\":\"3\"}]}]}]}";

typedef struct Sample {
        cJSON *body;
        Cap cap;
        char detail[160];
} Sample;

static cJSON *good(void) {
        cJSON *body = cJSON_Parse(GOOD);
        assert_non_null(body);
        return body;
}

static cJSON *info_of(cJSON *body, int index) { return cJSON_GetArrayItem(cJSON_GetObjectItem(body, "info"), index); }

static void replace(cJSON *object, const char *name, const char *json) {
        cJSON_DeleteItemFromObjectCaseSensitive(object, name);
        if (!json)
                return;
        cJSON *value = cJSON_Parse(json);
        assert_non_null(value);
        cJSON_AddItemToObject(object, name, value);
}

/* `where`: -1 = the message, else the info of that index. Checks code and that the detail names the field. Consumes nothing. */
static void expect(int where, const char *name, const char *json, Code code) {
        cJSON *body = good();
        char detail[160];
        Cap cap;
        replace(where < 0 ? body : info_of(body, where), name, json);
        Code found = cap_check(body, NOW, &cap, detail, sizeof(detail));
        if (found != code)
                print_error("%s = %s: code %d, detail %s\n", name, json ? json : "(absent)", found, detail);
        assert_int_equal(found, code);
        if (code != CODE_NONE)
                assert_non_null(strstr(detail, name));
        cap_deinit(&cap);
        cJSON_Delete(body);
}

static void test_good(void **state) {
        (void)state;
        cJSON *body = good();
        Cap cap;
        char detail[160];
        assert_int_equal(cap_check(body, NOW, &cap, detail, sizeof(detail)), CODE_NONE);
        assert_int_equal(cap.type, CAP_ALERT);
        assert_int_equal(cap.reality, REALITY_ACTUAL);
        assert_int_equal(cap.sent, NOW);
        assert_int_equal(cap.severity, SEVERITY_EXTREME); /* the zh info's, though it stands second */
        assert_string_equal(cap.headline, "冒充公检法");
        assert_string_equal(cap.headline_en, "Fraud calls");
        assert_string_equal(cap.event_code, "telecom-fraud");
        assert_int_equal(cap.expires, TIMESTAMP_NONE); /* the English info is open-ended */
        assert_int_equal(cap.n_geocodes, 2);
        assert_int_equal(cap.geocodes[0].kind, CAP_GEOCODE_TAG);
        assert_string_equal(cap.geocodes[1].value, "3");
        cap_deinit(&cap);
        cJSON_Delete(body);
}

static void test_required(void **state) {
        (void)state;
        static const char *const MESSAGE[] = {"identifier", "sent", "status", "msgType", "scope", "info"};
        static const char *const INFO[] = {"event", "urgency", "severity", "certainty", "headline"};
        for (size_t i = 0; i < sizeof(MESSAGE) / sizeof(MESSAGE[0]); ++i)
                expect(-1, MESSAGE[i], NULL, CODE_MISSING);
        for (size_t i = 0; i < sizeof(INFO) / sizeof(INFO[0]); ++i) {
                expect(0, INFO[i], NULL, CODE_MISSING);
                expect(1, INFO[i], NULL, CODE_MISSING);
        }
        expect(-1, "info", "[]", CODE_MISSING);
        expect(1, "headline", "\"  \"", CODE_RANGE);
}

static void test_types_and_enumerations(void **state) {
        (void)state;
        static const char *const ENUMS[] = {"urgency", "severity", "certainty"};
        for (size_t i = 0; i < 3; ++i) {
                expect(1, ENUMS[i], "7", CODE_TYPE);
                expect(1, ENUMS[i], "\"severe\"", CODE_RANGE); /* case counts */
        }
        expect(-1, "status", "\"Draft\"", CODE_RANGE);
        expect(-1, "status", "\"System\"", CODE_RANGE);
        expect(-1, "status", "\"Exercise\"", CODE_NONE);
        expect(-1, "msgType", "\"Ack\"", CODE_RANGE);
        expect(-1, "scope", "\"public\"", CODE_RANGE);
        expect(-1, "info", "{}", CODE_TYPE);
        expect(-1, "info", "[7]", CODE_TYPE);
        expect(1, "category", "\"Safety\"", CODE_TYPE);
        expect(1, "category", "[\"Safety\",\"Crime\"]", CODE_RANGE);
        expect(1, "responseType", "[\"Run\"]", CODE_RANGE);
        expect(1, "eventCode", "{}", CODE_TYPE);
        expect(1, "eventCode", "[{\"valueName\":\"policegrid\",\"value\":\"a b\"}]", CODE_RANGE);
        expect(1, "headline", "[]", CODE_TYPE);
}

static void test_identifiers(void **state) {
        (void)state;
        static const char *const BAD[] = {"\"\"", "\"a b\"", "\"a,b\"", "\"a<b\"", "\"a&b\"",
                                          "\"00000000011111111112222222222333333333344444444445555555555666665\""};
        for (size_t i = 0; i < sizeof(BAD) / sizeof(BAD[0]); ++i)
                expect(-1, "identifier", BAD[i], CODE_RANGE);
        expect(-1, "identifier", "\"0000000001111111111222222222233333333334444444444555555555566666\"", CODE_NONE);
        expect(-1, "identifier", "5", CODE_TYPE);
        expect(-1, "sender", "\"a b\"", CODE_RANGE);
}

static void test_times(void **state) {
        (void)state;
        expect(-1, "sent", "\"2026-11-21T18:00:00\"", CODE_TIME);      /* no offset */
        expect(-1, "sent", "\"yesterday\"", CODE_TIME);
        expect(-1, "sent", "20261121", CODE_TYPE);
        expect(-1, "sent", "\"2026-11-22T18:00:00+08:00\"", CODE_NONE); /* exactly one day ahead */
        expect(-1, "sent", "\"2026-11-22T18:00:01+08:00\"", CODE_TIME);
        expect(-1, "sent", "\"2026-10-22T18:00:00+08:00\"", CODE_NONE); /* exactly 30 days ago */
        expect(-1, "sent", "\"2026-10-22T17:59:59+08:00\"", CODE_TIME);
        expect(1, "expires", "\"2026-11-21T18:00:00+08:00\"", CODE_TIME); /* not after sent */
        expect(1, "expires", "\"2026-11-22T18:00:00\"", CODE_TIME);
        expect(1, "expires", "\"2029-11-22T18:00:00Z\"", CODE_TIME);
        expect(1, "effective", "\"2026-11-23T18:00:00+08:00\"", CODE_TIME); /* as late as expires */
        expect(1, "onset", "\"2020-01-01T00:00:00Z\"", CODE_TIME);
}

static void test_expired_on_arrival(void **state) {
        (void)state;
        cJSON *body = good();
        Cap cap;
        char detail[160];
        int64_t later = NOW + 2 * 24 * 3600 * (int64_t)1000;
        assert_int_equal(cap_check(body, later, &cap, detail, sizeof(detail)), CODE_TIME);
        assert_non_null(strstr(detail, "info[1].expires"));
        cap_deinit(&cap);
        replace(body, "msgType", "\"Cancel\"");
        replace(body, "references", "[\"JZ-0\"]");
        assert_int_equal(cap_check(body, later, &cap, detail, sizeof(detail)), CODE_NONE);
        cap_deinit(&cap);
        cJSON_Delete(body);
}

static void test_expires_before_sent(void **state) {
        (void)state;
        cJSON *body = good();
        Cap cap;
        char detail[160];
        replace(body, "sent", "\"2026-11-22T14:00:00+08:00\"");
        replace(info_of(body, 1), "expires", "\"2026-11-22T13:00:00+08:00\""); /* not past yet, and before it is sent */
        assert_int_equal(cap_check(body, NOW, &cap, detail, sizeof(detail)), CODE_TIME);
        cap_deinit(&cap);
        cJSON_Delete(body);
}

static void test_sizes_and_unknown_fields(void **state) {
        (void)state;
        char text[CAP_HEADLINE_MAX * 3 + 16];
        size_t n = 0;
        text[n++] = '"';
        for (int i = 0; i < CAP_HEADLINE_MAX; ++i, n += 3)
                memcpy(text + n, "警", 3);
        memcpy(text + n, "\"", 2);
        expect(1, "headline", text, CODE_NONE); /* characters are counted, not bytes */
        memcpy(text + n, "!\"", 3);
        expect(1, "headline", text, CODE_RANGE);
        expect(-1, "resident", "\"x\"", CODE_UNKNOWN_FIELD);
        expect(1, "resource", "[]", CODE_UNKNOWN_FIELD);
        expect(1, "area", "[{\"polygon\":\"1,2\"}]", CODE_UNKNOWN_FIELD);
}

static void test_geocodes(void **state) {
        (void)state;
        expect(1, "area", "[{\"geocode\":[{\"valueName\":\"unit\",\"value\":\"v27\"}]}]", CODE_NONE);
        static const char *const BAD[] = {
                "[{\"geocode\":[{\"valueName\":\"FIPS6\",\"value\":\"1\"}]}]", "[{\"geocode\":[{\"valueName\":\"tier\",\"value\":\"4\"}]}]",
                "[{\"geocode\":[{\"valueName\":\"code\",\"value\":\"14a\"}]}]", "[{\"geocode\":[{\"valueName\":\"unit\",\"value\":\"V+1\"}]}]",
                "[{\"geocode\":[{\"valueName\":\"unit\",\"value\":\"00000000001111111111222222222233333333334444\"}]}]"};
        for (size_t i = 0; i < sizeof(BAD) / sizeof(BAD[0]); ++i)
                expect(1, "area", BAD[i], CODE_RANGE);
        expect(1, "area", "[{\"geocode\":[{\"valueName\":\"tier\",\"value\":3}]}]", CODE_TYPE);
        expect(1, "area", "[{\"geocode\":[{\"valueName\":\"tier\"}]}]", CODE_MISSING);
        expect(1, "area", "{}", CODE_TYPE);
}

static void test_private_scope(void **state) {
        (void)state;
        cJSON *body = good();
        Cap cap;
        char detail[160];
        replace(body, "scope", "\"Private\"");
        assert_int_equal(cap_check(body, NOW, &cap, detail, sizeof(detail)), CODE_MISSING);
        assert_non_null(strstr(detail, "addresses"));
        cap_deinit(&cap);
        replace(body, "addresses", "\"v01  v02\"");
        assert_int_equal(cap_check(body, NOW, &cap, detail, sizeof(detail)), CODE_NONE);
        assert_int_equal(cap.geocodes[0].kind, CAP_GEOCODE_UNIT);
        assert_string_equal(cap.geocodes[1].value, "v02");
        cap_deinit(&cap);
        cJSON_Delete(body);
}

static void references_give(const char *json, Code code, size_t n, const char *last) {
        cJSON *body = good();
        Cap cap;
        char detail[160];
        replace(body, "msgType", "\"Update\"");
        replace(body, "references", json);
        assert_int_equal(cap_check(body, NOW, &cap, detail, sizeof(detail)), code);
        if (code == CODE_NONE) {
                assert_int_equal(cap.n_references, n);
                assert_string_equal(cap.references[n - 1], last);
        } else
                assert_non_null(strstr(detail, "references"));
        cap_deinit(&cap);
        cJSON_Delete(body);
}

static void test_references(void **state) {
        (void)state;
        references_give("\"m,JZ-1,2026-11-21T18:00:00+08:00\"", CODE_NONE, 1, "JZ-1");
        references_give("\"m,JZ-1,x  m,JZ-2\"", CODE_NONE, 2, "JZ-2");
        references_give("[\"JZ-1\",\"m,JZ-3,\"]", CODE_NONE, 2, "JZ-3");
        references_give("\"\"", CODE_MISSING, 0, "");
        references_give("[]", CODE_MISSING, 0, "");
        references_give(NULL, CODE_MISSING, 0, "");
        references_give("7", CODE_TYPE, 0, "");
        references_give("[7]", CODE_TYPE, 0, "");
        references_give("\"m,,x\"", CODE_RANGE, 0, "");
}

static void test_cancel_needs_no_info(void **state) {
        (void)state;
        cJSON *body = good();
        Cap cap;
        char detail[160];
        replace(body, "msgType", "\"Cancel\"");
        replace(body, "references", "\"JZ-1\"");
        replace(body, "info", NULL);
        assert_int_equal(cap_check(body, NOW, &cap, detail, sizeof(detail)), CODE_NONE);
        assert_null(cap.headline);
        cap_deinit(&cap);
        cJSON_Delete(body);
}

static void test_keep(void **state) {
        (void)state;
        cJSON *body = good();
        bool masked = false;
        replace(info_of(body, 1), "description", "\"回拨13800138000\"");
        replace(body, "sender", "\"somebody\"");
        cJSON *cap = cap_keep(body, "140802100-aaaa", &masked);
        assert_true(masked);
        assert_null(cJSON_GetObjectItem(cap, "id"));
        assert_null(cJSON_GetObjectItem(cap, "seat"));
        assert_string_equal(json_string(cap, "sender"), "140802100-aaaa"); /* I5: not what the client wrote */
        assert_null(strstr(json_string(info_of(cap, 1), "description"), "13800138000"));
        assert_non_null(strstr(json_string(info_of(body, 1), "description"), "13800138000")); /* the original is left alone */
        cJSON_Delete(cap);
        replace(info_of(body, 1), "description", NULL);
        replace(info_of(body, 1), "parameter", "[{\"valueName\":\"policegrid:public\",\"value\":\"13800138000\"}]");
        cap = cap_keep(body, "140802100-aaaa", &masked);
        assert_false(masked);
        cJSON_Delete(cap);
        static const char *const HIDING[] = {"unit", "policegrid", "tel"}; /* only that one name makes a parameter public */
        for (size_t i = 0; i < 3; ++i) {
                char parameter[96];
                snprintf(parameter, sizeof(parameter), "[{\"valueName\":\"%s\",\"value\":\"13800138000\"}]", HIDING[i]);
                replace(info_of(body, 1), "parameter", parameter);
                cap = cap_keep(body, "140802100-aaaa", &masked);
                assert_true(masked);
                cJSON_Delete(cap);
        }
        cJSON_Delete(body);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_good), cmocka_unit_test(test_required), cmocka_unit_test(test_types_and_enumerations),
                cmocka_unit_test(test_identifiers), cmocka_unit_test(test_times), cmocka_unit_test(test_expired_on_arrival),
                cmocka_unit_test(test_expires_before_sent),
                cmocka_unit_test(test_sizes_and_unknown_fields), cmocka_unit_test(test_geocodes), cmocka_unit_test(test_private_scope),
                cmocka_unit_test(test_references), cmocka_unit_test(test_cancel_needs_no_info), cmocka_unit_test(test_keep),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
