/* Stamps: every byte that a stamp speaks for is covered, and nothing but the one spelling is read (I5). */
#include "proto/stamp.h"

#include <stdio.h>
#include <string.h>

#include "cmocka_headers.h"

#define TOPIC "grid/v1/140802100/tier3/v1/report"
#define PAYLOAD "{\"id\":\"20261121-1\"}"

static const Stamp sample = {.member = "140802100-ab3", .client = "140802100-ab3/phone", .received_at = INT64_C(1795219200123)};
static uint8_t key[STAMP_KEY_BYTES] = {1, 2, 3};

static size_t make(char *text) {
        return stamp_format(&sample, key, TOPIC, PAYLOAD, strlen(PAYLOAD), text);
}

static int verify(const char *text, Stamp *ret) {
        return stamp_verify(text, key, TOPIC, PAYLOAD, strlen(PAYLOAD), ret);
}

static void test_round_trip(void **state) {
        (void)state;
        char text[STAMP_TEXT_MAX];
        Stamp stamp;
        size_t n = make(text);
        assert_int_equal(n, strlen(text));
        assert_int_equal(verify(text, &stamp), 0);
        assert_string_equal(stamp.member, sample.member);
        assert_string_equal(stamp.client, sample.client);
        assert_true(stamp.received_at == sample.received_at);
}

static void test_empty_payload(void **state) {
        (void)state;
        char text[STAMP_TEXT_MAX];
        Stamp stamp;
        assert_true(stamp_format(&sample, key, TOPIC, NULL, 0, text) > 0);
        assert_int_equal(stamp_verify(text, key, TOPIC, NULL, 0, &stamp), 0);
        assert_int_equal(stamp_verify(text, key, TOPIC, "x", 1, &stamp), STAMP_E_FORGED);
}

/* No change of one character, wherever it stands, gives a stamp that is believed. */
static void test_every_character_counts(void **state) {
        (void)state;
        char text[STAMP_TEXT_MAX];
        Stamp stamp = {0};
        size_t n = make(text);
        for (size_t i = 0; i < n; i++) {
                char before = text[i];
                for (int c = 1; c < 256; c++) {
                        if ((char)c == before)
                                continue;
                        text[i] = (char)c;
                        if (verify(text, &stamp) == 0)
                                fail_msg("believed: %s", text);
                        assert_int_equal(stamp.received_at, 0);
                }
                text[i] = before;
        }
        for (size_t i = 0; i < n; i++) {
                char shorter[STAMP_TEXT_MAX];
                (void)snprintf(shorter, sizeof shorter, "%.*s", (int)i, text);
                assert_int_not_equal(verify(shorter, &stamp), 0);
        }
        text[n] = ' ';
        text[n + 1] = '\0';
        assert_int_equal(verify(text, &stamp), STAMP_E_MALFORMED);
        text[n] = 'a';
        assert_int_equal(verify(text, &stamp), STAMP_E_MALFORMED);
}

static void test_covers_topic_payload_and_key(void **state) {
        (void)state;
        char text[STAMP_TEXT_MAX];
        Stamp stamp;
        uint8_t other[STAMP_KEY_BYTES] = {1, 2, 4};
        (void)make(text);
        assert_int_equal(stamp_verify(text, key, TOPIC "x", PAYLOAD, strlen(PAYLOAD), &stamp), STAMP_E_FORGED);
        assert_int_equal(stamp_verify(text, key, TOPIC, PAYLOAD, strlen(PAYLOAD) - 1, &stamp), STAMP_E_FORGED);
        assert_int_equal(stamp_verify(text, other, TOPIC, PAYLOAD, strlen(PAYLOAD), &stamp), STAMP_E_FORGED);
}

/* Bytes moved from one part to the next must not give the same MAC. */
static void test_parts_do_not_run_together(void **state) {
        (void)state;
        char text[STAMP_TEXT_MAX], other[STAMP_TEXT_MAX];
        Stamp shifted = {.member = "140802100-ab", .client = "3140802100-ab3/phone", .received_at = sample.received_at};
        (void)make(text);
        (void)stamp_format(&shifted, key, TOPIC, PAYLOAD, strlen(PAYLOAD), other);
        assert_string_not_equal(strrchr(text, ' '), strrchr(other, ' '));
        (void)stamp_format(&sample, key, TOPIC "{", &PAYLOAD[1], strlen(PAYLOAD) - 1, other);
        assert_string_not_equal(strrchr(text, ' '), strrchr(other, ' '));
}

static void test_refuses_to_write(void **state) {
        (void)state;
        char text[STAMP_TEXT_MAX];
        Stamp stamp = sample;
        memcpy(stamp.client, "a b", 4);
        assert_int_equal(stamp_format(&stamp, key, TOPIC, PAYLOAD, 2, text), 0);
        memcpy(stamp.client, "a\nb", 4);
        assert_int_equal(stamp_format(&stamp, key, TOPIC, PAYLOAD, 2, text), 0);
        memcpy(stamp.client, "", 1);
        assert_int_equal(stamp_format(&stamp, key, TOPIC, PAYLOAD, 2, text), 0);
        memset(stamp.client, 'c', sizeof stamp.client);
        assert_int_equal(stamp_format(&stamp, key, TOPIC, PAYLOAD, 2, text), 0);
        stamp.client[STAMP_CLIENT_MAX] = '\0';
        assert_true(stamp_format(&stamp, key, TOPIC, PAYLOAD, 2, text) > 0);
        stamp.received_at = -1;
        assert_int_equal(stamp_format(&stamp, key, TOPIC, PAYLOAD, 2, text), 0);
}

static void test_malformed(void **state) {
        (void)state;
        static const char *const texts[] = {
                "", "1", "1 ", "2 1 a b c", "1  1 a b", "1 x a b 00", "1 01 a b 00", "1 1 a b", "1 1 a b 00",
                "1 1234567890123456 a b 0000000000000000000000000000000000000000000000000000000000000000",
                "1 -1 a b 0000000000000000000000000000000000000000000000000000000000000000",
                "1 1 a b 000000000000000000000000000000000000000000000000000000000000000G",
                "1 1 a b 000000000000000000000000000000000000000000000000000000000000000A",
                "1 1 a b 0000000000000000000000000000000000000000000000000000000000000000 x",
        };
        Stamp stamp;
        for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
                assert_int_equal(verify(texts[i], &stamp), STAMP_E_MALFORMED);
        char long_text[2000];
        memset(long_text, '1', sizeof long_text);
        long_text[1] = ' ';
        long_text[1999] = '\0';
        assert_int_equal(verify(long_text, &stamp), STAMP_E_MALFORMED);
        assert_int_equal(verify("1 1 a b 0000000000000000000000000000000000000000000000000000000000000000", &stamp), STAMP_E_FORGED);
}

static void test_keys_are_separate(void **state) {
        (void)state;
        uint8_t secret[SECRET_FILE_BYTES] = {9}, first[STAMP_KEY_BYTES], other[STAMP_KEY_BYTES];
        char password[65], hex[65] = "";
        stamp_key_derive(secret, first);
        daemon_password_derive(secret, password);
        assert_int_equal(strlen(password), 64);
        for (int i = 0; i < STAMP_KEY_BYTES; i++)
                (void)snprintf(hex + 2 * i, 3, "%02x", first[i]);
        assert_string_not_equal(hex, password);
        secret[31] = 1;
        stamp_key_derive(secret, other);
        assert_memory_not_equal(first, other, sizeof first);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_round_trip),
                cmocka_unit_test(test_empty_payload),
                cmocka_unit_test(test_every_character_counts),
                cmocka_unit_test(test_covers_topic_payload_and_key),
                cmocka_unit_test(test_parts_do_not_run_together),
                cmocka_unit_test(test_refuses_to_write),
                cmocka_unit_test(test_malformed),
                cmocka_unit_test(test_keys_are_separate),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
