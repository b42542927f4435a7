/*
 * Message: see message.h. The order of the checks is the order of trust: who sent it (topic, stamp), then whether it can be read
 * (JSON), then which message it is (id), then what all kinds have in common. What a kind alone asks for is the engine's.
 */
#include "proto/message.h"

#include <math.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/json.h"
#include "proto/mask.h"
#include "proto/privacy.h"

#define DAY_MS ((int64_t)86400000)
#define OCCURRED_AGE_DAYS 400
#define OCCURRED_FUTURE_DAYS 2
#define FIELDS_MAX 64
#define FIELD_CHARACTERS_MAX 64

/* The first rejection stays. */
static bool command_reject(Command *command, Code code, const char *format, ...) __attribute__((format(printf, 3, 4)));
static bool command_reject(Command *command, Code code, const char *format, ...) {
        va_list arguments;

        if (command->code != CODE_NONE)
                return false;
        command->code = code;
        va_start(arguments, format);
        (void)vsnprintf(command->detail, sizeof command->detail, format, arguments);
        va_end(arguments);
        return false;
}

/* What can be answered: an upward topic of the area, with exactly one true stamp of a member of the area. */
static bool message_is_ours(const RawMessage *raw, const char *area, const uint8_t stamp_key[static STAMP_KEY_BYTES], Command *ret) {
        if (topic_parse(raw->topic, strlen(raw->topic), &ret->topic) != 0 || !topic_is_upward(ret->topic.kind))
                return false;
        if (strcmp(ret->topic.area, area) != 0)
                return false;
        if (raw->n_stamps != 1 || !raw->stamp)
                return false;
        if (stamp_verify(raw->stamp, stamp_key, raw->topic, raw->payload, raw->n_payload, &ret->stamp) != 0)
                return false;
        return member_is_valid(ret->stamp.member, strlen(ret->stamp.member), area);
}

static void command_hash(const RawMessage *raw, uint8_t ret[static BODY_HASH_BYTES]) {
        crypto_generichash_state state;

        (void)crypto_generichash_init(&state, NULL, 0, BODY_HASH_BYTES);
        (void)crypto_generichash_update(&state, (const unsigned char *)raw->topic, strlen(raw->topic) + 1);
        if (raw->n_payload)
                (void)crypto_generichash_update(&state, raw->payload, raw->n_payload);
        (void)crypto_generichash_final(&state, ret, BODY_HASH_BYTES);
}

/* MQTT 5: the correlation data comes back with the answer; the response topic counts when it is the member's own. */
static bool command_read_answer(const RawMessage *raw, Command *command) {
        Topic topic;

        if (raw->response_topic && topic_parse(raw->response_topic, strlen(raw->response_topic), &topic) == 0 &&
            (topic.kind == TOPIC_RECEIPT || topic.kind == TOPIC_REPLY) && strcmp(topic.name, command->stamp.member) == 0)
                command->answer = topic.kind;
        if (raw->n_correlation > sizeof command->correlation)
                return command_reject(command, CODE_RANGE, "correlation data");
        command->n_correlation = raw->correlation ? raw->n_correlation : 0;
        if (command->n_correlation)
                memcpy(command->correlation, raw->correlation, command->n_correlation);
        return true;
}

bool command_wants_receipt(const Command *command) {
        return command->topic.kind != TOPIC_DEVICE_HEARTBEAT && command->topic.kind != TOPIC_QUERY;
}

/* `n` bytes as the command's id, when they can be one. */
static bool command_take_id(Command *command, const char *id, size_t n, int64_t now_ms) {
        MessageIdOutcome outcome = message_id_check(id, n, now_ms);

        if (outcome == MESSAGE_ID_INVALID)
                return command_reject(command, CODE_BAD_ID, "id");
        memcpy(command->id, id, n);
        command->id[n] = '\0';
        if (!command_wants_receipt(command) || outcome == MESSAGE_ID_OK)
                return true;
        if (outcome == MESSAGE_ID_TOO_OLD)
                return command_reject(command, CODE_TOO_OLD, "id");
        return command_reject(command, CODE_BAD_ID, outcome == MESSAGE_ID_FUTURE ? "id: date in the future" : "id: no date in it");
}

static bool command_read_id(Command *command, int64_t now_ms) {
        const char *id = json_string(command->body, "id");

        if (id)
                return command_take_id(command, id, strlen(id), now_ms);
        if (json_has(command->body, "id") || command_wants_receipt(command))
                return command_reject(command, CODE_BAD_ID, "id");
        return true;
}

/* A body that was refused may still tell its id. */
static void command_salvage_id(const RawMessage *raw, Command *command, int64_t now_ms) {
        char id[MESSAGE_ID_MAX + 1];
        size_t n_read = raw->n_payload < JSON_BYTES_MAX ? raw->n_payload : JSON_BYTES_MAX;

        if (!raw->payload)
                return;
        size_t n = json_salvage_string(raw->payload, n_read, "id", id, sizeof id);
        if (n)
                (void)command_take_id(command, id, n, now_ms);
}

static bool command_parse(const RawMessage *raw, Command *command, int64_t now_ms) {
        const char *payload = raw->payload ? raw->payload : "";
        Code code = json_parse_object(payload, raw->payload ? raw->n_payload : 0, JSON_BYTES_MAX, &command->body);

        if (code == CODE_NONE)
                return true;
        (void)command_reject(command, code, "%s", "");
        command_salvage_id(raw, command, now_ms);
        return false;
}

/* NULL when absent; rejects another type. */
static const char *command_take_string(Command *command, const char *name) {
        const char *value = json_string(command->body, name);

        if (!value && json_has(command->body, name))
                (void)command_reject(command, CODE_TYPE, "%s", name);
        return value;
}

static bool command_read_occurred(Command *command, int64_t now_ms) {
        const char *text = command_take_string(command, "occurred_at");

        if (!text)
                return command->code == CODE_NONE;
        int64_t at;
        if (!timestamp_parse(text, strlen(text), &at) || at < now_ms - OCCURRED_AGE_DAYS * DAY_MS ||
            at > now_ms + OCCURRED_FUTURE_DAYS * DAY_MS)
                return command_reject(command, CODE_TIME, "occurred_at");
        command->occurred_at = at;
        return true;
}

static bool command_read_revision(Command *command) {
        const cJSON *item = cJSON_GetObjectItemCaseSensitive(command->body, "revision");

        if (!item || cJSON_IsNull(item))
                return true;
        if (!json_is_whole(item))
                return command_reject(command, CODE_TYPE, "revision");
        if (item->valuedouble < 0)
                return command_reject(command, CODE_RANGE, "revision");
        command->revision = (int64_t)item->valuedouble;
        return true;
}

static bool command_read_seat(Command *command) {
        const char *seat = command_take_string(command, "seat");

        if (!seat)
                return command->code == CODE_NONE;
        if (!unit_name_is_valid(seat, strlen(seat)))
                return command_reject(command, CODE_RANGE, "seat");
        memcpy(command->seat, seat, strlen(seat) + 1);
        return true;
}

static bool command_check_note(Command *command) {
        const char *note = command_take_string(command, "note");

        if (!note)
                return command->code == CODE_NONE;
        return text_count_characters(note) <= NOTE_CHARACTERS_MAX || command_reject(command, CODE_RANGE, "note");
}

/* An identity number, a mobile number or a card is one as a number, too. */
/* A field's name as a refusal may repeat it: ours are ASCII, whatever else was written there stays unsaid. */
static const char *field_shown(const char *name) {
        for (const char *at = name; *at; at++)
                if ((unsigned char)*at >= 0x80)
                        return "?";
        return name;
}

static bool number_is_identity(const cJSON *item) {
        char digits[32];

        (void)snprintf(digits, sizeof digits, "%.0f", fabs(item->valuedouble));
        return privacy_text_is_identity(digits);
}

/*
 * A value of `fields`: a whole number, yes or no, or a short code. What is an identity, its name included, is refused, not masked,
 * and not quoted either.
 */
static bool command_check_field(Command *command, const char *of, const cJSON *item) {
        if (privacy_text_is_identity(item->string))
                return command_reject(command, CODE_PRIVACY, "%s", of);
        if (cJSON_IsBool(item))
                return true;
        if (json_is_whole(item))
                return !number_is_identity(item) || command_reject(command, CODE_PRIVACY, "%s.%.64s", of, field_shown(item->string));
        if (!cJSON_IsString(item))
                return command_reject(command, CODE_TYPE, "%s.%.64s", of, field_shown(item->string));
        if (text_count_characters(item->valuestring) > FIELD_CHARACTERS_MAX)
                return command_reject(command, CODE_RANGE, "%s.%.64s", of, field_shown(item->string));
        if (privacy_text_is_identity(item->valuestring))
                return command_reject(command, CODE_PRIVACY, "%s.%.64s", of, field_shown(item->string));
        return true;
}

/* Reports, devices and results count and choose; they do not tell. */
static bool command_check_counted(Command *command, const char *name) {
        const cJSON *fields = cJSON_GetObjectItemCaseSensitive(command->body, name), *item;

        if (!fields || cJSON_IsNull(fields))
                return true;
        if (!cJSON_IsObject(fields))
                return command_reject(command, CODE_TYPE, "%s", name);
        if (cJSON_GetArraySize(fields) > FIELDS_MAX)
                return command_reject(command, CODE_RANGE, "%s", name);
        cJSON_ArrayForEach(item, fields)
                if (!command_check_field(command, name, item))
                        return false;
        return true;
}

/* What an administrator sends is configuration: names and titles of units, steps and forms, where no identity has any place. */
static bool command_check_tree(Command *command, const cJSON *tree) {
        const cJSON *item;

        cJSON_ArrayForEach(item, tree) {
                const char *name = item->string ? item->string : "";
                bool hash = strcmp(name, "secret_hash") == 0;

                if (privacy_text_is_identity(name) || (cJSON_IsString(item) && !hash && privacy_text_is_identity(item->valuestring)) ||
                    (cJSON_IsNumber(item) && number_is_identity(item)))
                        return command_reject(command, CODE_PRIVACY, "%s", "configuration");
                if (!command_check_tree(command, item))
                        return false;
        }
        return true;
}

static bool command_check_fields(Command *command) {
        if (command->topic.kind == TOPIC_ADMIN) {
                const cJSON *item;
                cJSON_ArrayForEach(item, command->body) /* the id is the sender's */
                        if ((cJSON_IsObject(item) || cJSON_IsArray(item)) && !command_check_tree(command, item))
                                return false;
                return true;
        }
        return command_check_counted(command, "fields") && command_check_counted(command, "result");
}

static bool command_check_privacy(Command *command) {
        const char *name = privacy_find_name(command->body, command->topic.kind == TOPIC_ADMIN);
        return !name || command_reject(command, CODE_PRIVACY, "%.64s", name);
}

static bool command_check_topic(Command *command) {
        if (command->topic.kind == TOPIC_ACTION && command->topic.verb == VERB_NONE)
                return command_reject(command, CODE_UNKNOWN_VERB, "%s", command->topic.verb_text);
        return true;
}

MessageOutcome message_read(const RawMessage *raw, const char *area, const uint8_t stamp_key[static STAMP_KEY_BYTES],
                            int64_t now_ms, Command *ret) {
        *ret = (Command){.occurred_at = TIMESTAMP_NONE, .revision = -1};
        if (!message_is_ours(raw, area, stamp_key, ret))
                return MESSAGE_DROP;
        command_hash(raw, ret->body_hash);
        bool answerable = command_read_answer(raw, ret);
        if (!command_parse(raw, ret, now_ms) || !command_read_id(ret, now_ms) || !answerable)
                return MESSAGE_OK;
        (void)(command_check_topic(ret) && command_check_privacy(ret) && command_read_occurred(ret, now_ms) &&
               command_read_revision(ret) && command_read_seat(ret) && command_check_note(ret) && command_check_fields(ret));
        return MESSAGE_OK;
}

void command_deinit(Command *command) {
        cJSON_Delete(command->body);
        *command = (Command){.occurred_at = TIMESTAMP_NONE, .revision = -1};
}

static void receipt_format_code(const Receipt *receipt, Text *text) {
        _cleanup_text_ Text detail = {0};
        const char *extra = receipt->detail && receipt->detail[0] ? receipt->detail : NULL;

        if (receipt->code != CODE_NONE) {
                text_append_string(text, ",\"code\":");
                text_append_json_string(text, code_name(receipt->code));
                text_append_format(&detail, "%s / %s", code_sentence_zh(receipt->code), code_sentence_en(receipt->code));
        }
        if (extra)
                text_append_format(&detail, receipt->code != CODE_NONE ? " (%s)" : "%s", extra);
        if (!detail.n)
                return;
        text_append_string(text, ",\"detail\":");
        text_append_json_string(text, text_string(&detail));
}

void receipt_format(const Receipt *receipt, Text *ret) {
        char at[TIMESTAMP_TEXT_MAX];

        text_append_char(ret, '{');
        if (receipt->id && receipt->id[0]) {
                text_append_string(ret, "\"id\":");
                text_append_json_string(ret, receipt->id);
                text_append_char(ret, ',');
        }
        text_append_format(ret, "\"outcome\":\"%s\"", receipt->accepted ? "accepted" : "rejected");
        text_append_format(ret, ",\"repeat\":%s,\"late\":%s,\"masked\":%s", receipt->repeat ? "true" : "false",
                           receipt->late ? "true" : "false", receipt->masked ? "true" : "false");
        receipt_format_code(receipt, ret);
        if (receipt->event >= 0)
                text_append_format(ret, ",\"event\":%lld", (long long)receipt->event);
        text_append_format(ret, ",\"epoch\":%llu", (unsigned long long)receipt->epoch);
        (void)timestamp_format(receipt->at, receipt->offset_minutes, at);
        text_append_format(ret, ",\"at\":\"%s\"", at);
        if (receipt->created && receipt->created[0]) {
                text_append_string(ret, ",\"created\":");
                text_append_string(ret, receipt->created);
        }
        if (receipt->revision >= 0)
                text_append_format(ret, ",\"revision\":%lld", (long long)receipt->revision);
        text_append_char(ret, '}');
}
