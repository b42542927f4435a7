/* Identifiers: the same arguments give the same UUID, and a message id is dated or refused (I3). */
#include "proto/identifier.h"

#include <stdio.h>
#include <string.h>

#include "cmocka_headers.h"

#define NOW INT64_C(1795219200000) /* 2026-11-21T00:00:00Z */
#define DAY INT64_C(86400000)

static MessageIdOutcome check(const char *id) {
        return message_id_check(id, strlen(id), NOW);
}

static void test_made_uuid(void **state) {
        (void)state;
        char first[UUID_LENGTH + 1], again[UUID_LENGTH + 1], other[UUID_LENGTH + 1];
        uuid_make(NOW, "140802100", 7, 0, first);
        uuid_make(NOW, "140802100", 7, 0, again);
        assert_string_equal(first, again);
        assert_true(uuid_is_valid(first, strlen(first)));
        assert_int_equal(first[14], '7');
        assert_non_null(strchr("89ab", first[19]));
        assert_int_equal(check(first), MESSAGE_ID_OK);
        uuid_make(NOW, "140802100", 7, 1, other);
        assert_string_not_equal(first, other);
        uuid_make(NOW, "140802100", 8, 0, other);
        assert_string_not_equal(first, other);
        uuid_make(NOW, "140802101", 7, 0, other);
        assert_string_not_equal(first, other);
        assert_memory_equal(first, other, 13); /* the time */
        uuid_make(NOW + 1, "140802100", 7, 0, other);
        assert_true(strcmp(other, first) > 0);
}

static void test_random_uuid(void **state) {
        (void)state;
        char first[UUID_LENGTH + 1], other[UUID_LENGTH + 1];
        uuid_random(NOW, first);
        uuid_random(NOW, other);
        assert_true(uuid_is_valid(first, UUID_LENGTH));
        assert_string_not_equal(first, other);
        assert_int_equal(check(first), MESSAGE_ID_OK);
}

static void test_uuid_shape(void **state) {
        (void)state;
        assert_true(uuid_is_valid("018f3b1c-7a2e-7c11-8d1e-0123456789ab", 36));
        assert_false(uuid_is_valid("018F3B1C-7A2E-7C11-8D1E-0123456789AB", 36));
        assert_false(uuid_is_valid("018f3b1c-7a2e-7c11-8d1e-0123456789a", 35));
        assert_false(uuid_is_valid("018f3b1c07a2e-7c11-8d1e-0123456789ab", 36));
        assert_false(uuid_is_valid("018f3b1c-7a2e-7c11-8d1e-0123456789ag", 36));
        assert_false(uuid_is_valid("018f3b1c-7a2e-7c11-8d1e--123456789ab", 36));
        assert_false(uuid_is_valid("", 0));
}

static void uuid_at(int64_t ms, char *ret) {
        uuid_make(ms, "140802100", 1, 1, ret);
}

static void test_dated_by_uuid(void **state) {
        (void)state;
        char id[UUID_LENGTH + 1];
        uuid_at(NOW - 400 * DAY, id);
        assert_int_equal(check(id), MESSAGE_ID_OK);
        uuid_at(NOW - 400 * DAY - 1, id);
        assert_int_equal(check(id), MESSAGE_ID_TOO_OLD);
        uuid_at(NOW + 2 * DAY, id);
        assert_int_equal(check(id), MESSAGE_ID_OK);
        uuid_at(NOW + 2 * DAY + 1, id);
        assert_int_equal(check(id), MESSAGE_ID_FUTURE);
        uuid_at(NOW, id);
        for (char *c = id; *c; c++)
                *c = (char)(*c >= 'a' && *c <= 'f' ? *c - 32 : *c);
        assert_int_equal(check(id), MESSAGE_ID_OK); /* phones write capitals */
        id[14] = '4';
        assert_int_equal(check(id), MESSAGE_ID_UNDATED);
        id[14] = '7';
        id[19] = 'F';
        assert_int_equal(check(id), MESSAGE_ID_UNDATED);
}

static void test_dated_by_day(void **state) {
        (void)state;
        assert_int_equal(check("20261121"), MESSAGE_ID_OK);
        assert_int_equal(check("20261121-0001"), MESSAGE_ID_OK);
        assert_int_equal(check("20261123x"), MESSAGE_ID_OK);
        assert_int_equal(check("20261124"), MESSAGE_ID_FUTURE);
        assert_int_equal(check("20251017"), MESSAGE_ID_OK);
        assert_int_equal(check("20251016"), MESSAGE_ID_TOO_OLD);
        assert_int_equal(check("20000101"), MESSAGE_ID_TOO_OLD);
        assert_int_equal(check("19991231"), MESSAGE_ID_UNDATED);
        assert_int_equal(check("20260229"), MESSAGE_ID_UNDATED);
        assert_int_equal(check("20261301"), MESSAGE_ID_UNDATED);
        assert_int_equal(check("20261100"), MESSAGE_ID_UNDATED);
        assert_int_equal(check("2026112"), MESSAGE_ID_UNDATED);
        assert_int_equal(check("x20261121"), MESSAGE_ID_UNDATED);
}

static void test_characters(void **state) {
        (void)state;
        char id[80];
        assert_int_equal(check(""), MESSAGE_ID_INVALID);
        memset(id, '1', sizeof id);
        memcpy(id, "20261121", 8);
        assert_int_equal(message_id_check(id, 64, NOW), MESSAGE_ID_OK);
        assert_int_equal(message_id_check(id, 65, NOW), MESSAGE_ID_INVALID);
        for (int c = 0; c < 256; c++) {
                char text[] = "20261121-?";
                text[9] = (char)c;
                bool allowed = c > 0x20 && c < 0x7f && c != '"' && c != '\'' && c != '\\';
                assert_int_equal(message_id_check(text, 10, NOW), allowed ? MESSAGE_ID_OK : MESSAGE_ID_INVALID);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_made_uuid),
                cmocka_unit_test(test_random_uuid),
                cmocka_unit_test(test_uuid_shape),
                cmocka_unit_test(test_dated_by_uuid),
                cmocka_unit_test(test_dated_by_day),
                cmocka_unit_test(test_characters),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
