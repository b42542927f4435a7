#include "engine/decision.h"

#include <assert.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/facts.h"
#include "engine/internal.h"
#include "engine/state/state_batch.h"
#include "proto/json.h"
#include "proto/mask.h"
#include "proto/privacy.h"

#define NOTE_BYTES_MAX (NOTE_CHARACTERS_MAX * 4)

/* Bytes of the UTF-8 character at `text`; 0 when there is none (RFC 3629, the outer bounds of it). */
static size_t character_length(const char *text) {
        unsigned char lead = (unsigned char)*text;
        size_t n = lead < 0x80 ? 1 : lead >= 0xc2 && lead < 0xe0 ? 2 : lead >= 0xe0 && lead < 0xf0 ? 3 : lead >= 0xf0 && lead < 0xf5 ? 4 : 0;
        for (size_t i = 1; i < n; i++)
                if (((unsigned char)text[i] & 0xc0) != 0x80)
                        return 0;
        return n;
}

/* A detail may have been cut within a character; half of one would be refused by the database. */
static void detail_mend(char *detail) {
        while (*detail != '\0') {
                size_t n = character_length(detail);
                if (n == 0)
                        *detail = '?';
                detail += n == 0 ? 1 : n;
        }
}

/* Codes whose detail repeats the sender's own words, where a name could stand; the others speak of configuration, in two languages. */
static bool code_quotes(Code code) {
        switch (code) {
        case CODE_MISSING:
        case CODE_TYPE:
        case CODE_TIME:
        case CODE_UNKNOWN_FIELD:
        case CODE_UNKNOWN_KIND:
        case CODE_UNKNOWN_UNIT:
        case CODE_UNKNOWN_MEMBER:
        case CODE_UNKNOWN_TARGET:
        case CODE_UNKNOWN_REFERENCE:
        case CODE_DUPLICATE:
        case CODE_SEAT:
        case CODE_REASON:
                return true;
        default:
                return false;
        }
}

/* Names of fields, kinds and units are ASCII: whatever else was quoted is left out. */
static void detail_unquote(char *detail) {
        char *to = detail;
        for (const char *at = detail; *at != '\0'; at++)
                if ((unsigned char)*at < 0x80)
                        *to++ = *at;
                else if (to == detail || to[-1] != '?')
                        *to++ = '?';
        *to = '\0';
}

Code decision_reject(Decision *decision, Code code, const char *format, ...) {
        assert(code != CODE_NONE);
        va_list arguments;
        va_start(arguments, format);
        vsnprintf(decision->detail, sizeof decision->detail, format, arguments);
        va_end(arguments);
        detail_mend(decision->detail);
        /* what is refused is stored nowhere, not even by being quoted (I12) */
        bool is_admin = decision->command != NULL && decision->command->topic.kind == TOPIC_ADMIN; /* told in two languages (check.c) */
        if (!is_admin && code_quotes(code))
                detail_unquote(decision->detail);
        mask_text(decision->detail);
        decision->code = code;
        return code;
}

cJSON *fact_new(const char *name) {
        cJSON *fact = cJSON_CreateObject();
        cJSON_AddStringToObject(fact, "fact", name);
        return fact;
}

void decision_fact(Decision *decision, cJSON *fact) {
        cJSON_AddItemToArray(decision->facts, fact);
        FactContext context = {.engine = decision->engine, .state = decision->state, .seq = decision->seq, .at = decision->at,
                               .sender = decision->sender, .unit = decision->unit, .n_history = &decision->n_history};
        fact_apply(&context, fact);
}

void decision_uuid(Decision *decision, char ret[static UUID_LENGTH + 1]) {
        uuid_make(decision->at, engine_area(decision->engine), decision->seq, decision->n_ids++, ret);
}

void decision_number(Decision *decision, char ret[static 24]) {
        int year, month, day;
        day_civil(timestamp_day(decision->at, engine_offset_minutes(decision->engine)), &year, &month, &day);
        Area *area = state_counters(decision->state);
        uint32_t n = area_number(area, year) + 1;
        area_raise(area, year, n);
        snprintf(ret, 24, "%04d-%04u", year, n);
}

static cJSON *created(Decision *decision) {
        if (decision->created == NULL)
                decision->created = cJSON_CreateObject();
        return decision->created;
}

void decision_created(Decision *decision, const char *name, const char *value) {
        json_add_string(created(decision), name, value);
}

void decision_created_int(Decision *decision, const char *name, int64_t value) {
        json_add_int(created(decision), name, value);
}

const Organisation *decision_organisation(const Decision *decision) {
        return state_organisation(decision->state);
}

const Member *decision_member(const Decision *decision) {
        return organisation_member(decision_organisation(decision), decision->sender);
}

const cJSON *decision_body(const Decision *decision) {
        return decision->command == NULL ? NULL : decision->command->body;
}

static bool word_is_valid(const char *word) {
        size_t n = strspn(word, "abcdefghijklmnopqrstuvwxyz0123456789_-");
        return word[n] == '\0' && n >= 1 && n <= NAME_MAX_GRID;
}

bool decision_word(Decision *decision, const char *field, char ret[static NAME_MAX_GRID + 1]) {
        const cJSON *body = decision_body(decision);
        ret[0] = '\0';
        if (!json_has(body, field))
                return true;
        const char *word = json_string(body, field);
        if (word == NULL || !word_is_valid(word)) {
                decision_reject(decision, word == NULL ? CODE_TYPE : CODE_RANGE, "%s: [a-z0-9_-]{1,32}", field);
                return false;
        }
        if (privacy_text_is_identity(word)) {
                decision_reject(decision, CODE_PRIVACY, "%s", field);
                return false;
        }
        strcpy(ret, word);
        return true;
}

/* The log keeps what proves the text later, without the text: keyed BLAKE2b over id and text. */
static void text_commit(Decision *decision, const char *id, const char *owner_kind, const char *owner_id, const char *text) {
        unsigned char hash[crypto_generichash_BYTES];
        char hex[crypto_generichash_BYTES * 2 + 1];
        crypto_generichash_state hashing;
        const EngineConfig *config = engine_config(decision->engine);
        crypto_generichash_init(&hashing, config->commitment_key, sizeof config->commitment_key, sizeof hash);
        crypto_generichash_update(&hashing, (const unsigned char *)id, UUID_LENGTH);
        crypto_generichash_update(&hashing, (const unsigned char *)text, strlen(text));
        crypto_generichash_final(&hashing, hash, sizeof hash);
        sodium_bin2hex(hex, sizeof hex, hash, sizeof hash);
        cJSON *fact = fact_new("text");
        cJSON_AddStringToObject(fact, "id", id);
        cJSON_AddStringToObject(fact, "owner_kind", owner_kind);
        cJSON_AddStringToObject(fact, "owner_id", owner_id);
        cJSON_AddStringToObject(fact, "commitment", hex);
        decision_fact(decision, fact);
}

/* The text of a field: NULL and true when absent or empty; false after decision_reject. */
static bool text_read(Decision *decision, const char *field, const char **ret) {
        const cJSON *body = decision_body(decision);
        *ret = NULL;
        if (!json_has(body, field))
                return true;
        const char *given = json_string(body, field);
        if (given == NULL) {
                decision_reject(decision, CODE_TYPE, "%s", field);
                return false;
        }
        if (text_count_characters(given) > NOTE_CHARACTERS_MAX || strlen(given) > NOTE_BYTES_MAX) {
                decision_reject(decision, CODE_RANGE, "%s: %d", field, NOTE_CHARACTERS_MAX);
                return false;
        }
        if (*given != '\0')
                *ret = given;
        return true;
}

/* Mask `text` in place and keep it. */
static void text_keep(Decision *decision, char *text, const char *owner_kind, const char *owner_id, const char *unit,
                      char ret_id[static UUID_LENGTH + 1]) {
        if (mask_text(text))
                decision->masked = true;
        decision_uuid(decision, ret_id);
        char at[24], erase_at[24];
        snprintf(at, sizeof at, "%lld", (long long)decision->at);
        snprintf(erase_at, sizeof erase_at, "%lld", (long long)(decision->at + engine_config(decision->engine)->note_keep_ms));
        const char *cells[] = {ret_id, owner_kind, owner_id, *unit == '\0' ? NULL : unit, at, erase_at, text};
        state_journal(decision->state, TABLE_PRIVATE_TEXT, cells, sizeof cells / sizeof cells[0]);
        text_commit(decision, ret_id, owner_kind, owner_id, text);
}

bool decision_private_text(Decision *decision, const char *field, const char *owner_kind, const char *owner_id, const char *unit,
                           char ret_id[static UUID_LENGTH + 1]) {
        const char *given;
        char text[NOTE_BYTES_MAX + 1];
        ret_id[0] = '\0';
        if (!text_read(decision, field, &given))
                return false;
        if (given != NULL) {
                strcpy(text, given);
                text_keep(decision, text, owner_kind, owner_id, unit, ret_id);
        }
        return true;
}

/* DESIGN.md's word for a completion that says too little has a space in it. */
static bool reason_is_brief(const char *reason) {
        return strcmp(reason, "too brief") == 0 || strcmp(reason, "too_brief") == 0 || strcmp(reason, "too-brief") == 0;
}

bool decision_reason(Decision *decision, bool required, const char *owner_kind, const char *owner_id, const char *unit,
                     char ret_reason[static NAME_MAX_GRID + 1], char ret_note[static UUID_LENGTH + 1]) {
        const char *reason, *note;
        char text[2 * NOTE_BYTES_MAX + 8];
        ret_reason[0] = ret_note[0] = '\0';
        if (!text_read(decision, "reason", &reason) || !text_read(decision, "note", &note))
                return false;
        if (reason == NULL && required) {
                decision_reject(decision, CODE_REASON, "reason");
                return false;
        }
        if (reason != NULL && (reason_is_brief(reason) || (word_is_valid(reason) && !privacy_text_is_identity(reason))))
                strcpy(ret_reason, reason_is_brief(reason) ? "brief" : reason);
        else if (reason != NULL)
                strcpy(ret_reason, REASON_WORDS);
        bool in_words = strcmp(ret_reason, REASON_WORDS) == 0 && strcmp(reason, REASON_WORDS) != 0;
        if (in_words || note != NULL) {
                snprintf(text, sizeof text, "%s%s%s", in_words ? reason : "", in_words && note != NULL ? "\xef\xbc\x9b" : "",
                         note != NULL ? note : "");
                text_keep(decision, text, owner_kind, owner_id, unit, ret_note);
        }
        return true;
}
