/* Privacy: names of persons as field names, in any spelling, at any depth (I12). */
#include "proto/privacy.h"

#include "proto/json.h"

#include <stdio.h>
#include <string.h>

#include "cmocka_headers.h"

static const char *found(const char *text, bool with_names) {
        static char name[64];
        _cleanup_json_ cJSON *tree = cJSON_Parse(text);
        assert_non_null(tree);
        const char *field = privacy_find_name(tree, with_names);
        if (!field)
                return NULL;
        (void)strncpy(name, field, sizeof name - 1);
        return name;
}

static void test_found(void **state) {
        (void)state;
        static const char *const names[] = {"name", "Name", "NAME", "id_number", "idNumber", "ID-Number", "idcard", "id_card", "phone",
                                            "Phone Number", "mobile", "plate", "licence_plate", "face", "姓名", "身份证", "身份证号",
                                            "电话", "手机", "手机号", "车牌", "车牌号", "bank_card", "home_address", "birthday"};
        for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
                char text[128];
                (void)snprintf(text, sizeof text, "{\"a\":[{\"b\":{\"%s\":1}}]}", names[i]);
                const char *name = found(text, false);
                if (!name)
                        fail_msg("not found: %s", names[i]);
                assert_string_equal(name, names[i]);
        }
}

static void test_names_of_cap_parameters(void **state) {
        (void)state;
        assert_string_equal(found("{\"parameter\":[{\"valueName\":\"ID number\",\"value\":\"x\"}]}", false), "ID number");
        assert_string_equal(found("{\"parameter\":[{\"valueName\":\"手机号\",\"value\":\"x\"}]}", true), "手机号");
        assert_null(found("{\"eventCode\":[{\"valueName\":\"policegrid\",\"value\":\"phone\"}]}", false));
        assert_null(found("{\"valueName\":7}", false));
}

static void test_allowed(void **state) {
        (void)state;
        assert_null(found("{\"headline\":1,\"senderName\":1,\"areaDesc\":1,\"valueName\":1,\"contact\":1,\"households\":1}", false));
        assert_null(found("{\"a_very_long_field_name_that_is_on_no_list_phone\":1,\"\":2,\"placename\":3}", false));
        assert_null(found("{}", false));
        assert_null(found("{\"a\":\"name\"}", false));
}

static void test_names_of_units(void **state) {
        (void)state;
        assert_null(found("{\"units\":[{\"name\":\"x\"}]}", true));
        assert_string_equal(found("{\"units\":[{\"name\":\"x\",\"phone\":\"1\"}]}", true), "phone");
        assert_string_equal(found("{\"units\":[{\"real_name\":\"x\"}]}", true), "real_name");
}

static void test_identity_in_a_value(void **state) {
        (void)state;
        assert_true(privacy_text_is_identity("13912345678"));
        assert_false(privacy_text_is_identity("labour"));
        assert_false(privacy_text_is_identity(""));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_found),
                cmocka_unit_test(test_names_of_cap_parameters),
                cmocka_unit_test(test_allowed),
                cmocka_unit_test(test_names_of_units),
                cmocka_unit_test(test_identity_in_a_value),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
