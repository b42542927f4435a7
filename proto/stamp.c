/*
 * Stamp: see stamp.h. On the wire: `1 {received_at} {member} {client} {mac}`, one space between, the MAC as 64 hexadecimal digits.
 * The MAC covers every part with its length before it, so that no two different messages feed it the same bytes.
 */
#include "proto/stamp.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define STAMP_MAC_BYTES 32
#define STAMP_MAC_DIGITS 64
#define STAMP_TIME_DIGITS_MAX 15

static void key_derive(const uint8_t secret[static SECRET_FILE_BYTES], const char *purpose, uint8_t ret[static 32]) {
        (void)crypto_generichash(ret, 32, (const unsigned char *)purpose, strlen(purpose), secret, SECRET_FILE_BYTES);
}

void stamp_key_derive(const uint8_t secret[static SECRET_FILE_BYTES], uint8_t ret[static STAMP_KEY_BYTES]) {
        key_derive(secret, "policegrid v1 stamp", ret);
}

void daemon_password_derive(const uint8_t secret[static SECRET_FILE_BYTES], char ret[static 65]) {
        uint8_t bytes[32];

        key_derive(secret, "policegrid v1 daemon password", bytes);
        (void)sodium_bin2hex(ret, 65, bytes, sizeof bytes);
        sodium_memzero(bytes, sizeof bytes);
}

static void mac_number(crypto_generichash_state *state, uint64_t number) {
        uint8_t bytes[8];

        for (int i = 0; i < 8; i++)
                bytes[i] = (uint8_t)(number >> 8 * (7 - i));
        (void)crypto_generichash_update(state, bytes, sizeof bytes);
}

static void mac_part(crypto_generichash_state *state, const void *data, size_t n) {
        mac_number(state, n);
        if (n)
                (void)crypto_generichash_update(state, data, n);
}

static void stamp_mac(const Stamp *stamp, const uint8_t key[static STAMP_KEY_BYTES], const char *topic, const void *payload,
                      size_t n_payload, uint8_t ret[static STAMP_MAC_BYTES]) {
        crypto_generichash_state state;

        (void)crypto_generichash_init(&state, key, STAMP_KEY_BYTES, STAMP_MAC_BYTES);
        mac_number(&state, (uint64_t)stamp->received_at);
        mac_part(&state, stamp->member, strlen(stamp->member));
        mac_part(&state, stamp->client, strlen(stamp->client));
        mac_part(&state, topic, strlen(topic));
        mac_part(&state, payload, n_payload);
        (void)crypto_generichash_final(&state, ret, STAMP_MAC_BYTES);
}

static bool word_is_plain(const char *word, size_t n, size_t max) {
        if (n < 1 || n > max)
                return false;
        for (size_t i = 0; i < n; i++)
                if (word[i] < 0x21 || word[i] > 0x7e)
                        return false;
        return true;
}

size_t stamp_format(const Stamp *stamp, const uint8_t key[static STAMP_KEY_BYTES], const char *topic, const void *payload,
                    size_t n_payload, char ret[static STAMP_TEXT_MAX]) {
        uint8_t mac[STAMP_MAC_BYTES];
        char digits[STAMP_MAC_DIGITS + 1];

        if (!word_is_plain(stamp->member, strnlen(stamp->member, sizeof stamp->member), MEMBER_MAX) ||
            !word_is_plain(stamp->client, strnlen(stamp->client, sizeof stamp->client), STAMP_CLIENT_MAX) ||
            stamp->received_at < 0 || stamp->received_at > INT64_C(999999999999999))
                return 0;
        stamp_mac(stamp, key, topic, payload, n_payload, mac);
        (void)sodium_bin2hex(digits, sizeof digits, mac, sizeof mac);
        int n = snprintf(ret, STAMP_TEXT_MAX, "1 %" PRId64 " %s %s %s", stamp->received_at, stamp->member, stamp->client, digits);
        return n > 0 && n < STAMP_TEXT_MAX ? (size_t)n : 0;
}

/* The word at *at, which ends at a space or at the end. */
static const char *take_word(const char **at, size_t *ret_n) {
        const char *word = *at;
        *ret_n = strcspn(word, " ");
        *at = word + *ret_n + (word[*ret_n] == ' ');
        return word;
}

static bool take_time(const char **at, int64_t *ret) {
        size_t n;
        const char *word = take_word(at, &n);
        int64_t value = 0;

        if (n < 1 || n > STAMP_TIME_DIGITS_MAX || (n > 1 && word[0] == '0'))
                return false;
        for (size_t i = 0; i < n; i++) {
                if (word[i] < '0' || word[i] > '9')
                        return false;
                value = value * 10 + (word[i] - '0');
        }
        *ret = value;
        return true;
}

static bool take_plain(const char **at, char *buffer, size_t max) {
        size_t n;
        const char *word = take_word(at, &n);

        if (!word_is_plain(word, n, max))
                return false;
        memcpy(buffer, word, n);
        buffer[n] = '\0';
        return true;
}

/* Lower-case hexadecimal digits only: one stamp has one spelling. */
static bool take_mac(const char **at, uint8_t ret[static STAMP_MAC_BYTES]) {
        size_t n, n_bytes;
        const char *word = take_word(at, &n);

        if (n != STAMP_MAC_DIGITS || strspn(word, "0123456789abcdef") < n)
                return false;
        return sodium_hex2bin(ret, STAMP_MAC_BYTES, word, n, NULL, &n_bytes, NULL) == 0 && n_bytes == STAMP_MAC_BYTES;
}

int stamp_verify(const char *text, const uint8_t key[static STAMP_KEY_BYTES], const char *topic, const void *payload,
                 size_t n_payload, Stamp *ret) {
        uint8_t mac[STAMP_MAC_BYTES], expected[STAMP_MAC_BYTES];
        Stamp stamp = {0};
        const char *at = text + 2;

        size_t n_text = strnlen(text, STAMP_TEXT_MAX);
        if (n_text == STAMP_TEXT_MAX || strncmp(text, "1 ", 2) != 0 || text[n_text - 1] == ' ')
                return STAMP_E_MALFORMED;
        if (!take_time(&at, &stamp.received_at) || !take_plain(&at, stamp.member, MEMBER_MAX) ||
            !take_plain(&at, stamp.client, STAMP_CLIENT_MAX) || !take_mac(&at, mac) || *at)
                return STAMP_E_MALFORMED;
        stamp_mac(&stamp, key, topic, payload, n_payload, expected);
        if (sodium_memcmp(mac, expected, sizeof mac) != 0)
                return STAMP_E_FORGED;
        *ret = stamp;
        return 0;
}
