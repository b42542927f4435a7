/* Identifiers: see identifier.h. */
#include "proto/identifier.h"

#include <sodium.h>
#include <string.h>

#include "proto/timestamp.h"

#define DAY_MS ((int64_t)86400000)
#define FUTURE_DAYS 2 /* a phone may be a day ahead by its zone, and a little wrong beside */

static bool is_hex(char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

static bool uuid_is_dash(size_t i) {
        return i == 8 || i == 13 || i == 18 || i == 23;
}

bool uuid_is_valid(const char *text, size_t n) {
        if (n != UUID_LENGTH)
                return false;
        for (size_t i = 0; i < n; i++)
                if (uuid_is_dash(i) ? text[i] != '-' : !is_hex(text[i]))
                        return false;
        return true;
}

/* 16 bytes, of which the first six become the time and eight bits version and variant (RFC 9562, 5.7). */
static void uuid_write(int64_t at_ms, uint8_t bytes[static 16], char ret[static UUID_LENGTH + 1]) {
        static const char hex[] = "0123456789abcdef";
        uint64_t ms = at_ms > 0 ? (uint64_t)at_ms : 0;
        char *at = ret;

        for (int i = 0; i < 6; i++)
                bytes[i] = (uint8_t)(ms >> 8 * (5 - i));
        bytes[6] = (uint8_t)((bytes[6] & 0x0f) | 0x70);
        bytes[8] = (uint8_t)((bytes[8] & 0x3f) | 0x80);
        for (int i = 0; i < 16; i++) {
                if (i == 4 || i == 6 || i == 8 || i == 10)
                        *at++ = '-';
                *at++ = hex[bytes[i] >> 4];
                *at++ = hex[bytes[i] & 15];
        }
        *at = '\0';
}

void uuid_make(int64_t at_ms, const char *area, uint64_t seq, uint32_t index, char ret[static UUID_LENGTH + 1]) {
        crypto_generichash_state state;
        uint8_t numbers[12], bytes[16];

        for (int i = 0; i < 8; i++)
                numbers[i] = (uint8_t)(seq >> 8 * (7 - i));
        for (int i = 0; i < 4; i++)
                numbers[8 + i] = (uint8_t)(index >> 8 * (3 - i));
        (void)crypto_generichash_init(&state, NULL, 0, sizeof bytes);
        (void)crypto_generichash_update(&state, numbers, sizeof numbers);
        (void)crypto_generichash_update(&state, (const unsigned char *)area, strlen(area));
        (void)crypto_generichash_final(&state, bytes, sizeof bytes);
        uuid_write(at_ms, bytes, ret);
}

void uuid_random(int64_t at_ms, char ret[static UUID_LENGTH + 1]) {
        uint8_t bytes[16];

        randombytes_buf(bytes, sizeof bytes);
        uuid_write(at_ms, bytes, ret);
}

/* -1 when it is no hexadecimal digit. Senders' ids may be in either case. */
static int hex_value(char c) {
        if (c >= '0' && c <= '9')
                return c - '0';
        if (c >= 'a' && c <= 'f')
                return c - 'a' + 10;
        if (c >= 'A' && c <= 'F')
                return c - 'A' + 10;
        return -1;
}

/* The time of a UUIDv7. False when it is none. */
static bool uuid_time(const char *id, size_t n, int64_t *ret_ms) {
        int64_t ms = 0;

        if (n != UUID_LENGTH || id[14] != '7' || (hex_value(id[19]) & 0xc) != 8)
                return false;
        for (size_t i = 0; i < n; i++) {
                if (uuid_is_dash(i) ? id[i] != '-' : hex_value(id[i]) < 0)
                        return false;
                if (i < 13 && !uuid_is_dash(i))
                        ms = ms << 4 | hex_value(id[i]);
        }
        *ret_ms = ms;
        return true;
}

static bool leading_date(const char *id, size_t n, int64_t *ret_ms) {
        int digits[8], year, month, day;

        if (n < 8)
                return false;
        for (int i = 0; i < 8; i++) {
                if (id[i] < '0' || id[i] > '9')
                        return false;
                digits[i] = id[i] - '0';
        }
        year = digits[0] * 1000 + digits[1] * 100 + digits[2] * 10 + digits[3];
        month = digits[4] * 10 + digits[5];
        day = digits[6] * 10 + digits[7];
        if (year < 2000 || month < 1 || month > 12 || day < 1 || day > 31)
                return false;
        int64_t number = day_from_civil(year, month, day);
        int back_year, back_month, back_day;
        day_civil(number, &back_year, &back_month, &back_day);
        if (back_month != month || back_day != day)
                return false;
        *ret_ms = number * DAY_MS;
        return true;
}

MessageIdOutcome message_id_check(const char *id, size_t n, int64_t now_ms) {
        int64_t dated;

        if (n < 1 || n > MESSAGE_ID_MAX)
                return MESSAGE_ID_INVALID;
        for (size_t i = 0; i < n; i++)
                if (id[i] < 0x21 || id[i] > 0x7e || id[i] == '"' || id[i] == '\'' || id[i] == '\\')
                        return MESSAGE_ID_INVALID;
        if (!uuid_time(id, n, &dated) && !leading_date(id, n, &dated))
                return MESSAGE_ID_UNDATED;
        if (dated < now_ms - MESSAGE_ID_AGE_DAYS * DAY_MS)
                return MESSAGE_ID_TOO_OLD;
        if (dated > now_ms + FUTURE_DAYS * DAY_MS)
                return MESSAGE_ID_FUTURE;
        return MESSAGE_ID_OK;
}
