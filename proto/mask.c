/*
 * Mask: see mask.h. The text is first folded: one entry a character, full-width forms and small letters made plain, dashes and
 * blanks made one separator. The detectors walk the digits of that row and mark characters; marked ones become `*` at the end.
 * A detector prefers to hide a number too many: a note is read by people, who can ask.
 */
#include "proto/mask.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "proto/timestamp.h"

#define SEPARATOR '-'
#define OTHER '\x01'     /* a character that no detector cares for */
#define PROVINCE '\x02'  /* a province's character on a plate */
#define SUFFIX '\x03'    /* the last character of special plates */
#define SEPARATORS_MAX 2 /* between two digits of one number */
#define NO_DIGIT SIZE_MAX

#define IDENTITY_DIGITS 18
#define IDENTITY_DIGITS_OLD 15
#define MOBILE_DIGITS 11
#define CARD_DIGITS_MIN 16
#define CARD_DIGITS_MAX 19

typedef struct Letter {
        uint32_t start;    /* byte offset */
        uint8_t n_bytes;
        char folded;       /* digit, upper-case letter, '+', or one of the marks above */
        bool masked;
} Letter;

typedef struct Row {
        Letter *letters;
        size_t n;
        size_t *digits;    /* indices of letters that are digits */
        size_t n_digits;
} Row;

size_t text_count_characters(const char *text) {
        size_t n = 0;
        for (; *text; text++)
                n += ((unsigned char)*text & 0xc0) != 0x80;
        return n;
}

/* One code point of valid UTF-8; a byte that begins none stands for itself. */
static uint32_t read_code_point(const char *text, uint8_t *ret_n) {
        const unsigned char *at = (const unsigned char *)text;
        int n = at[0] < 0xc0 ? 1 : at[0] < 0xe0 ? 2 : at[0] < 0xf0 ? 3 : 4;
        uint32_t value = n == 1 ? at[0] : at[0] & (0xffu >> (n + 1));

        for (int i = 1; i < n; i++) {
                if ((at[i] & 0xc0) != 0x80) {
                        *ret_n = 1;
                        return at[0];
                }
                value = value << 6 | (at[i] & 0x3f);
        }
        *ret_n = (uint8_t)n;
        return value;
}

static bool is_one_of(const char *text, size_t n, const char *characters) {
        for (; *characters; characters += n)
                if (strncmp(characters, text, n) == 0)
                        return true;
        return false;
}

static bool is_separator(uint32_t c) {
        return c == ' ' || c == '-' || c == '.' || c == '_' || c == 0xa0 || c == 0xb7 || (c >= 0x2000 && c <= 0x2015) ||
               c == 0x2022 || c == 0x2027 || c == 0x202f || c == 0x2212 || c == 0x2500 || c == 0x3000 || c == 0x30fb;
}

static char fold_code_point(uint32_t c, const char *text, size_t n) {
        static const char provinces[] = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼使领";
        static const char suffixes[] = "挂学警港澳领使试超";

        if (c >= 0xff01 && c <= 0xff5e) /* full-width forms of ASCII */
                c -= 0xfee0;
        if (is_separator(c))
                return SEPARATOR;
        if (c >= 'a' && c <= 'z')
                return (char)(c - 'a' + 'A');
        if ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || c == '+')
                return (char)c;
        if (n != 3)
                return OTHER;
        if (is_one_of(text, 3, suffixes))
                return is_one_of(text, 3, provinces) ? PROVINCE : SUFFIX;
        return is_one_of(text, 3, provinces) ? PROVINCE : OTHER;
}

static bool is_digit(char c) {
        return c >= '0' && c <= '9';
}

static Row row_new(const char *text) {
        size_t n_bytes = strlen(text);
        Row row = {.letters = calloc(n_bytes + 1, sizeof(Letter)), .digits = calloc(n_bytes + 1, sizeof(size_t))};

        if (!row.letters || !row.digits)
                abort();
        for (size_t at = 0; at < n_bytes; at += row.letters[row.n++].n_bytes) {
                Letter *letter = &row.letters[row.n];
                uint32_t c = read_code_point(text + at, &letter->n_bytes);
                letter->start = (uint32_t)at;
                letter->folded = fold_code_point(c, text + at, letter->n_bytes);
                if (is_digit(letter->folded))
                        row.digits[row.n_digits++] = row.n;
        }
        return row;
}

static void row_free(Row *row) {
        free(row->letters);
        free(row->digits);
}

static char row_at(const Row *row, size_t index) {
        return index < row->n ? row->letters[index].folded : OTHER;
}

static int row_digit(const Row *row, size_t number) {
        return row->letters[row->digits[number]].folded - '0';
}

static void row_mark(Row *row, size_t from, size_t to) {
        for (size_t i = from; i <= to; i++)
                if (row->letters[i].folded != SEPARATOR)
                        row->letters[i].masked = true;
}

/* Whether `count` digits from digit `first` on belong together: at most two separators between neighbours, nothing else. */
static bool digits_join(const Row *row, size_t first, size_t count) {
        if (first + count > row->n_digits)
                return false;
        for (size_t i = first + 1; i < first + count; i++) {
                size_t before = row->digits[i - 1], here = row->digits[i];
                if (here - before > SEPARATORS_MAX + 1)
                        return false;
                for (size_t k = before + 1; k < here; k++)
                        if (row->letters[k].folded != SEPARATOR)
                                return false;
        }
        return true;
}

/* No separators at all, groups of three digits and more (the last may be shorter), or every digit alone. */
static bool digits_are_grouped(const Row *row, size_t first, size_t count) {
        size_t group = 1, n_groups = 1;
        bool short_group = false;

        for (size_t i = first + 1; i < first + count; i++, group++) {
                if (row->digits[i] == row->digits[i - 1] + 1)
                        continue;
                short_group = short_group || group < 3;
                group = 0;
                n_groups++;
        }
        return !short_group || n_groups == count;
}

static bool digits_start_here(const Row *row, size_t first) {
        size_t index = row->digits[first];
        return index == 0 || !is_digit(row_at(row, index - 1));
}

static bool digits_end_here(const Row *row, size_t last) {
        return !is_digit(row_at(row, row->digits[last] + 1));
}

static bool date_is_plausible(int year, int month, int day) {
        int back_year, back_month, back_day;

        if (year < 1850 || year > 2099 || month < 1 || month > 12 || day < 1 || day > 31)
                return false;
        day_civil(day_from_civil(year, month, day), &back_year, &back_month, &back_day);
        return back_month == month && back_day == day;
}

static int two_digits(const Row *row, size_t first) {
        return row_digit(row, first) * 10 + row_digit(row, first + 1);
}

/* GB 11643-1999: weights 2^(17-i) mod 11 over 17 digits, check character from "10X98765432". */
static char identity_check_character(const Row *row, size_t first) {
        static const int weights[] = {7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2};
        int sum = 0;

        for (size_t i = 0; i < IDENTITY_DIGITS - 1; i++)
                sum += row_digit(row, first + i) * weights[i];
        return "10X98765432"[sum % 11];
}

/* The letter after the 17th digit that may be an X, behind at most two separators. NO_DIGIT when there is none. */
static size_t letter_after(const Row *row, size_t last) {
        size_t index = row->digits[last] + 1;
        for (int i = 0; i < SEPARATORS_MAX && row_at(row, index) == SEPARATOR; i++)
                index++;
        return index < row->n ? index : NO_DIGIT;
}

static bool mask_identity(Row *row, size_t first) {
        if (!row_digit(row, first) || !digits_join(row, first, IDENTITY_DIGITS - 1) ||
            !digits_are_grouped(row, first, IDENTITY_DIGITS - 1))
                return false;
        if (!date_is_plausible(two_digits(row, first + 6) * 100 + two_digits(row, first + 8), two_digits(row, first + 10),
                               two_digits(row, first + 12)))
                return false;
        size_t last = letter_after(row, first + IDENTITY_DIGITS - 2);
        if (last == NO_DIGIT || row_at(row, last) != identity_check_character(row, first))
                return false;
        row_mark(row, row->digits[first], last);
        return true;
}

/* 15 digits (issued until 1999): no check digit, so the region, the date and the ends decide. */
static bool mask_identity_old(Row *row, size_t first) {
        size_t last = first + IDENTITY_DIGITS_OLD - 1;

        if (!digits_join(row, first, IDENTITY_DIGITS_OLD) || !digits_are_grouped(row, first, IDENTITY_DIGITS_OLD) ||
            !digits_start_here(row, first) || !digits_end_here(row, last))
                return false;
        int region = two_digits(row, first);
        if (region < 11 || region > 65 ||
            !date_is_plausible(1900 + two_digits(row, first + 6), two_digits(row, first + 8), two_digits(row, first + 10)))
                return false;
        row_mark(row, row->digits[first], row->digits[last]);
        return true;
}

/* A country or trunk prefix written without a blank: 86, 0086, +86, 0, 17951. */
static bool mobile_prefix_is_allowed(const Row *row, size_t first) {
        static const char *const prefixes[] = {"86", "0086", "086", "0", "17951"};
        size_t index = row->digits[first], n = 0;

        while (n < index && is_digit(row_at(row, index - 1 - n)))
                n++;
        for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++) {
                if (strlen(prefixes[i]) != n)
                        continue;
                size_t k = 0;
                while (k < n && row_at(row, index - n + k) == prefixes[i][k])
                        k++;
                if (k == n)
                        return true;
        }
        return false;
}

static bool mask_mobile(Row *row, size_t first) {
        size_t last = first + MOBILE_DIGITS - 1;

        if (!digits_join(row, first, MOBILE_DIGITS) || !digits_are_grouped(row, first, MOBILE_DIGITS) || row_digit(row, first) != 1 ||
            row_digit(row, first + 1) < 3)
                return false;
        if (!digits_end_here(row, last) || (!digits_start_here(row, first) && !mobile_prefix_is_allowed(row, first)))
                return false;
        row_mark(row, row->digits[first], row->digits[last]);
        return true;
}

static bool luhn_is_valid(const Row *row, size_t first, size_t count) {
        int sum = 0;

        for (size_t i = 0; i < count; i++) {
                int digit = row_digit(row, first + count - 1 - i);
                if (i % 2) {
                        digit *= 2;
                        digit -= digit > 9 ? 9 : 0;
                }
                sum += digit;
        }
        return sum % 10 == 0;
}

/* ISO/IEC 7812: 16–19 digits with a Luhn check digit; banks' numbers begin with 3 to 9. The longest that fits counts. */
static bool mask_card(Row *row, size_t first) {
        if (row_digit(row, first) < 3 || !digits_start_here(row, first))
                return false;
        for (size_t count = CARD_DIGITS_MAX; count >= CARD_DIGITS_MIN; count--) {
                if (!digits_join(row, first, count) || !digits_are_grouped(row, first, count) ||
                    !digits_end_here(row, first + count - 1) || !luhn_is_valid(row, first, count))
                        continue;
                row_mark(row, row->digits[first], row->digits[first + count - 1]);
                return true;
        }
        return false;
}

static bool is_plate_character(char c) {
        return is_digit(c) || (c >= 'A' && c <= 'Z');
}

/*
 * GA 36-2018: province, letter, then five characters, six on new-energy plates, the last perhaps a special one. At least three
 * digits, so that a word in Latin letters after such a character is no plate.
 */
static bool mask_plate(Row *row, size_t at) {
        size_t index = at, n = 0, n_digits = 0;

        if (row_at(row, index++) != PROVINCE)
                return false;
        for (int i = 0; i < SEPARATORS_MAX && row_at(row, index) == SEPARATOR; i++)
                index++;
        if (row_at(row, index) < 'A' || row_at(row, index) > 'Z')
                return false;
        index++;
        for (int i = 0; i < SEPARATORS_MAX && row_at(row, index) == SEPARATOR; i++)
                index++;
        for (; n < 8 && is_plate_character(row_at(row, index + n)); n++)
                n_digits += is_digit(row_at(row, index + n));
        char after = row_at(row, index + n);
        if (n == 4 && (after == SUFFIX || after == PROVINCE))
                n++;
        if (n < 5 || n_digits < 3)
                return false;
        row_mark(row, at, index + n - 1);
        return true;
}

static bool row_detect(Row *row, bool with_mobiles) {
        bool found = false;

        for (size_t i = 0; i < row->n; i++)
                found = mask_plate(row, i) || found;
        for (size_t i = 0; i < row->n_digits; i++) {
                found = mask_identity(row, i) || found;
                found = mask_identity_old(row, i) || found;
                found = (with_mobiles && mask_mobile(row, i)) || found;
                found = mask_card(row, i) || found;
        }
        return found;
}

static bool mask(char *text, bool with_mobiles) {
        Row row = row_new(text);
        bool found = row_detect(&row, with_mobiles);
        size_t n = 0;

        for (size_t i = 0; found && i < row.n; i++) {
                const Letter *letter = &row.letters[i];
                if (letter->masked) {
                        text[n++] = '*';
                        continue;
                }
                memmove(text + n, text + letter->start, letter->n_bytes);
                n += letter->n_bytes;
        }
        if (found)
                text[n] = '\0';
        row_free(&row);
        return found;
}

bool mask_text(char *text) { return mask(text, true); }
bool mask_contact(char *text) { return mask(text, false); }
