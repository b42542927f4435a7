/*
 * Checks a warning's body by tables: one row a field (CAP 1.2, section 3.2), the same loop for the message, its infos and their
 * areas. What a row cannot say (references, geocodes, order of times) stands below the tables, one function a rule.
 */
#include "engine/warning/cap.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/json.h"
#include "proto/mask.h"
#include "proto/timestamp.h"

typedef enum RuleType {
        RULE_TEXT,   /* free text of at most `max` characters */
        RULE_WORD,   /* no space, comma, `<` or `&`; at most `max` bytes (CAP: identifier, sender) */
        RULE_ENUM,   /* one of `values` */
        RULE_ENUMS,  /* array of these */
        RULE_TIME,
        RULE_OTHER,  /* checked by a function of its own */
} RuleType;

typedef struct Rule {
        const char *name;
        RuleType type;
        bool required;
        size_t max;
        const char *const *values; /* NULL-terminated */
} Rule;

typedef struct Check {
        int64_t now;
        Code code;
        char *detail;
        size_t n_detail;
        char path[64]; /* prefix of field names, "info[0]." */
} Check;

static const char *const STATUSES[] = {"Actual", "Exercise", "Test", NULL};           /* = Reality */
static const char *const TYPES[] = {"Alert", "Update", "Cancel", NULL};               /* = CapType */
static const char *const SCOPES[] = {"Public", "Restricted", "Private", NULL};
static const char *const CATEGORIES[] = {"Geo", "Met", "Safety", "Security", "Rescue", "Fire", "Health", "Env", "Transport",
                                         "Infra", "CBRNE", "Other", NULL};
static const char *const RESPONSES[] = {"Shelter", "Evacuate", "Prepare", "Execute", "Avoid", "Monitor", "Assess", "AllClear",
                                        "None", NULL};
static const char *const URGENCIES[] = {"Immediate", "Expected", "Future", "Past", "Unknown", NULL};
static const char *const SEVERITIES[] = {"Unknown", "Minor", "Moderate", "Severe", "Extreme", NULL}; /* = Severity */
static const char *const CERTAINTIES[] = {"Observed", "Likely", "Possible", "Unlikely", "Unknown", NULL};
static const char *const GEOCODES[] = {"unit", "tag", "tier", "code", NULL};          /* = CapGeocodeKind */

static const Rule MESSAGE_FIELDS[] = {
        {"identifier", RULE_WORD, true, MESSAGE_ID_MAX},
        {"sent", RULE_TIME, true},
        {"status", RULE_ENUM, true, 0, STATUSES},
        {"msgType", RULE_ENUM, true, 0, TYPES},
        {"scope", RULE_ENUM, true, 0, SCOPES},
        {"sender", RULE_WORD, false, CAP_WORD_MAX},
        {"source", RULE_TEXT, false, CAP_WORD_MAX},
        {"restriction", RULE_TEXT, false, CAP_WORD_MAX},
        {"addresses", RULE_TEXT, false, CAP_WORD_MAX},
        {"note", RULE_TEXT, false, NOTE_CHARACTERS_MAX},
        {"incidents", RULE_TEXT, false, CAP_WORD_MAX},
        {"references", RULE_OTHER},
        {"info", RULE_OTHER},
        /* our own additions, checked by proto/message */
        {"id", RULE_OTHER}, {"occurred_at", RULE_OTHER}, {"revision", RULE_OTHER}, {"seat", RULE_OTHER},
        {NULL},
};

static const Rule INFO_FIELDS[] = {
        {"event", RULE_TEXT, true, CAP_EVENT_MAX},
        {"urgency", RULE_ENUM, true, 0, URGENCIES},
        {"severity", RULE_ENUM, true, 0, SEVERITIES},
        {"certainty", RULE_ENUM, true, 0, CERTAINTIES},
        {"headline", RULE_TEXT, true, CAP_HEADLINE_MAX},
        {"language", RULE_WORD, false, 16},
        {"category", RULE_ENUMS, false, 0, CATEGORIES},
        {"responseType", RULE_ENUMS, false, 0, RESPONSES},
        {"audience", RULE_TEXT, false, CAP_WORD_MAX},
        {"effective", RULE_TIME},
        {"onset", RULE_TIME},
        {"expires", RULE_TIME},
        {"senderName", RULE_TEXT, false, CAP_WORD_MAX},
        {"description", RULE_TEXT, false, CAP_DESCRIPTION_MAX},
        {"instruction", RULE_TEXT, false, CAP_INSTRUCTION_MAX},
        {"web", RULE_TEXT, false, CAP_WORD_MAX},
        {"contact", RULE_TEXT, false, CAP_WORD_MAX},
        {"eventCode", RULE_OTHER},
        {"parameter", RULE_OTHER},
        {"area", RULE_OTHER},
        {NULL},
};

static const Rule AREA_FIELDS[] = {
        {"areaDesc", RULE_TEXT, false, CAP_WORD_MAX},
        {"geocode", RULE_OTHER},
        {NULL},
};

static const Rule PAIR_FIELDS[] = { /* eventCode, parameter, geocode */
        {"valueName", RULE_TEXT, true, CAP_EVENT_MAX},
        {"value", RULE_TEXT, true, CAP_WORD_MAX},
        {NULL},
};

/* Always false, so that a check can `return check_refuse(…)`. */
__attribute__((format(printf, 4, 5)))
static bool check_refuse(Check *check, Code code, const char *name, const char *format, ...) {
        char why[96];
        va_list arguments;
        va_start(arguments, format);
        vsnprintf(why, sizeof(why), format, arguments);
        va_end(arguments);
        check->code = code;
        snprintf(check->detail, check->n_detail, "%s%s%s%s", check->path, name, why[0] ? ": " : "", why);
        return false;
}

static int find_value(const char *const *values, const char *value) {
        for (int i = 0; values[i]; ++i)
                if (strcmp(values[i], value) == 0)
                        return i;
        return -1;
}

static bool word_is_valid(const char *text, size_t n, size_t n_max) {
        if (n == 0 || n > n_max)
                return false;
        for (size_t i = 0; i < n; ++i)
                if ((unsigned char)text[i] <= ' ' || strchr(",<&\x7f", text[i]))
                        return false;
        return true;
}

static bool name_is_valid(const char *text) { /* what a playbook's `when` may name */
        size_t n = strlen(text);
        return n > 0 && n <= NAME_MAX_GRID &&
               strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-") == n;
}

static bool check_text(Check *check, const Rule *rule, const cJSON *item) {
        if (!cJSON_IsString(item))
                return check_refuse(check, CODE_TYPE, rule->name, "string");
        if (rule->required && item->valuestring[strspn(item->valuestring, " \t\r\n")] == '\0')
                return check_refuse(check, CODE_RANGE, rule->name, "empty");
        if (text_count_characters(item->valuestring) > rule->max)
                return check_refuse(check, CODE_RANGE, rule->name, "> %zu", rule->max);
        return true;
}

static bool check_word(Check *check, const Rule *rule, const cJSON *item) {
        if (!cJSON_IsString(item))
                return check_refuse(check, CODE_TYPE, rule->name, "string");
        if (!word_is_valid(item->valuestring, strlen(item->valuestring), rule->max))
                return check_refuse(check, CODE_RANGE, rule->name, "1-%zu, no space , < &", rule->max);
        return true;
}

static bool check_enum(Check *check, const Rule *rule, const cJSON *item) {
        if (!cJSON_IsString(item))
                return check_refuse(check, CODE_TYPE, rule->name, "string");
        if (find_value(rule->values, item->valuestring) < 0)
                return check_refuse(check, CODE_RANGE, rule->name, "%s, %s…", rule->values[0], rule->values[1]);
        return true;
}

static bool check_enums(Check *check, const Rule *rule, const cJSON *items) {
        if (!cJSON_IsArray(items))
                return check_refuse(check, CODE_TYPE, rule->name, "array");
        if (cJSON_GetArraySize(items) > 16)
                return check_refuse(check, CODE_RANGE, rule->name, "> 16");
        const cJSON *item;
        cJSON_ArrayForEach(item, items)
                if (!check_enum(check, rule, item))
                        return false;
        return true;
}

static bool check_time(Check *check, const Rule *rule, const cJSON *item) {
        int64_t ms;
        if (!cJSON_IsString(item))
                return check_refuse(check, CODE_TYPE, rule->name, "string");
        if (!timestamp_parse(item->valuestring, strlen(item->valuestring), &ms))
                return check_refuse(check, CODE_TIME, rule->name, "RFC 3339, +08:00");
        return true;
}

static bool check_field(Check *check, const Rule *rule, const cJSON *item) {
        switch (rule->type) {
        case RULE_TEXT: return check_text(check, rule, item);
        case RULE_WORD: return check_word(check, rule, item);
        case RULE_ENUM: return check_enum(check, rule, item);
        case RULE_ENUMS: return check_enums(check, rule, item);
        case RULE_TIME: return check_time(check, rule, item);
        case RULE_OTHER: return true;
        }
        assert(false);
        return false;
}

/* Every field known, every required one there, each of its type. JSON null counts as absent. */
static bool check_fields(Check *check, const Rule *fields, const cJSON *object) {
        for (const Rule *rule = fields; rule->name; ++rule) {
                const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, rule->name);
                if (!item || cJSON_IsNull(item)) {
                        if (rule->required)
                                return check_refuse(check, CODE_MISSING, rule->name, "%s", "");
                } else if (!check_field(check, rule, item))
                        return false;
        }
        const cJSON *item;
        cJSON_ArrayForEach(item, object) {
                const Rule *rule = fields;
                while (rule->name && strcmp(rule->name, item->string) != 0)
                        ++rule;
                if (!rule->name)
                        return check_refuse(check, CODE_UNKNOWN_FIELD, "", "\"%.40s\"", item->string);
        }
        return true;
}

/* An array of {"valueName","value"}; absent is fine. */
static bool check_pairs(Check *check, const cJSON *object, const char *name, int n_max) {
        const cJSON *pairs = cJSON_GetObjectItemCaseSensitive(object, name);
        if (!pairs || cJSON_IsNull(pairs))
                return true;
        if (!cJSON_IsArray(pairs))
                return check_refuse(check, CODE_TYPE, name, "array");
        if (cJSON_GetArraySize(pairs) > n_max)
                return check_refuse(check, CODE_RANGE, name, "> %d", n_max);
        char prefix[sizeof(check->path)];
        memcpy(prefix, check->path, sizeof(prefix));
        int i = 0;
        const cJSON *pair;
        cJSON_ArrayForEach(pair, pairs) {
                snprintf(check->path, sizeof(check->path), "%.32s%s[%d].", prefix, name, i++);
                if (!cJSON_IsObject(pair))
                        return check_refuse(check, CODE_TYPE, "", "object");
                if (!check_fields(check, PAIR_FIELDS, pair))
                        return false;
        }
        memcpy(check->path, prefix, sizeof(prefix));
        return true;
}

/* ---- where it goes ---- */

static bool geocode_value_is_valid(CapGeocodeKind kind, const char *value) {
        size_t n = strlen(value);
        switch (kind) {
        case CAP_GEOCODE_UNIT: return unit_name_is_valid(value, n);
        case CAP_GEOCODE_TAG: return name_is_valid(value);
        case CAP_GEOCODE_TIER: return n == 1 && value[0] >= '1' && value[0] <= '3';
        case CAP_GEOCODE_CODE: return area_is_valid(value, n);
        }
        return false;
}

static bool add_geocode(Check *check, Cap *cap, CapGeocodeKind kind, const char *value) {
        if (!geocode_value_is_valid(kind, value))
                return check_refuse(check, CODE_RANGE, "geocode", "%s %.32s", GEOCODES[kind], value);
        for (size_t i = 0; i < cap->n_geocodes; ++i)
                if (cap->geocodes[i].kind == kind && strcmp(cap->geocodes[i].value, value) == 0)
                        return true;
        if (cap->n_geocodes == CAP_GEOCODES_MAX)
                return check_refuse(check, CODE_RANGE, "geocode", "> %d", CAP_GEOCODES_MAX);
        if (!cap->geocodes && !(cap->geocodes = calloc(CAP_GEOCODES_MAX, sizeof(*cap->geocodes))))
                abort();
        CapGeocode *geocode = &cap->geocodes[cap->n_geocodes++];
        geocode->kind = kind;
        snprintf(geocode->value, sizeof(geocode->value), "%s", value);
        return true;
}

static bool check_area(Check *check, const cJSON *area, Cap *cap) {
        if (!cJSON_IsObject(area))
                return check_refuse(check, CODE_TYPE, "", "object");
        if (!check_fields(check, AREA_FIELDS, area) || !check_pairs(check, area, "geocode", CAP_GEOCODES_MAX))
                return false;
        const cJSON *geocode;
        cJSON_ArrayForEach(geocode, json_array(area, "geocode")) {
                int kind = find_value(GEOCODES, json_string(geocode, "valueName"));
                if (kind < 0)
                        return check_refuse(check, CODE_RANGE, "geocode.valueName", "unit, tag, tier, code");
                if (!add_geocode(check, cap, (CapGeocodeKind)kind, json_string(geocode, "value")))
                        return false;
        }
        return true;
}

static bool check_areas(Check *check, const cJSON *info, Cap *cap) {
        const cJSON *areas = cJSON_GetObjectItemCaseSensitive(info, "area"), *area;
        if (!areas || cJSON_IsNull(areas))
                return true;
        if (!cJSON_IsArray(areas))
                return check_refuse(check, CODE_TYPE, "area", "array");
        if (cJSON_GetArraySize(areas) > CAP_AREAS_MAX)
                return check_refuse(check, CODE_RANGE, "area", "> %d", CAP_AREAS_MAX);
        char prefix[sizeof(check->path)];
        memcpy(prefix, check->path, sizeof(prefix));
        int i = 0;
        cJSON_ArrayForEach(area, areas) {
                snprintf(check->path, sizeof(check->path), "%.32sarea[%d].", prefix, i++);
                if (!check_area(check, area, cap))
                        return false;
        }
        memcpy(check->path, prefix, sizeof(prefix));
        return true;
}

/* CAP 1.2, 3.2.1: `addresses` are required with Private; `restriction` may go with Restricted. Addresses are units of ours. */
static bool check_scope(Check *check, const cJSON *body, Cap *cap) {
        const char *scope = json_string(body, "scope"), *addresses = json_string(body, "addresses");
        if (strcmp(scope, "Private") == 0 && !addresses)
                return check_refuse(check, CODE_MISSING, "addresses", "scope Private");
        for (const char *at = addresses; at && *at;) {
                size_t n = strcspn(at, " ");
                char unit[NAME_MAX_GRID + 1];
                if (n > NAME_MAX_GRID)
                        return check_refuse(check, CODE_RANGE, "addresses", "%.32s", at);
                snprintf(unit, sizeof(unit), "%.*s", (int)n, at);
                if (n > 0 && !add_geocode(check, cap, CAP_GEOCODE_UNIT, unit))
                        return false;
                at += n + strspn(at + n, " ");
        }
        return true;
}

/* ---- what it refers to ---- */

static bool add_reference(Check *check, Cap *cap, const char *text, size_t n) {
        if (!word_is_valid(text, n, MESSAGE_ID_MAX))
                return check_refuse(check, CODE_RANGE, "references", "sender,identifier,sent");
        if (cap->n_references == CAP_REFERENCES_MAX)
                return check_refuse(check, CODE_RANGE, "references", "> %d", CAP_REFERENCES_MAX);
        if (!cap->references && !(cap->references = calloc(CAP_REFERENCES_MAX, sizeof(*cap->references))))
                abort();
        memcpy(cap->references[cap->n_references], text, n);
        cap->references[cap->n_references++][n] = '\0';
        return true;
}

/* One reference of CAP's form "sender,identifier,sent" (`sent` is not looked at), or a bare identifier. */
static bool check_reference(Check *check, Cap *cap, const char *text, size_t n) {
        const char *comma = memchr(text, ',', n);
        if (!comma)
                return add_reference(check, cap, text, n);
        const char *identifier = comma + 1;
        size_t n_rest = n - (size_t)(identifier - text);
        const char *end = memchr(identifier, ',', n_rest);
        return add_reference(check, cap, identifier, end ? (size_t)(end - identifier) : n_rest);
}

static bool check_references(Check *check, const cJSON *body, Cap *cap) {
        const cJSON *references = cJSON_GetObjectItemCaseSensitive(body, "references"), *item;
        if (cJSON_IsString(references)) {
                for (const char *at = references->valuestring; *(at += strspn(at, " "));) {
                        size_t n = strcspn(at, " ");
                        if (!check_reference(check, cap, at, n))
                                return false;
                        at += n;
                }
        } else if (cJSON_IsArray(references)) {
                cJSON_ArrayForEach(item, references) {
                        if (!cJSON_IsString(item))
                                return check_refuse(check, CODE_TYPE, "references", "string");
                        if (!check_reference(check, cap, item->valuestring, strlen(item->valuestring)))
                                return false;
                }
        } else if (references && !cJSON_IsNull(references))
                return check_refuse(check, CODE_TYPE, "references", "string");
        if (cap->type != CAP_ALERT && cap->n_references == 0)
                return check_refuse(check, CODE_MISSING, "references", "%s", TYPES[cap->type]);
        return true;
}

/* ---- when ---- */

static int64_t read_time(const cJSON *object, const char *name) {
        int64_t ms = TIMESTAMP_NONE;
        const char *text = json_string(object, name);
        if (text && !timestamp_parse(text, strlen(text), &ms))
                return TIMESTAMP_NONE;
        return ms;
}

static bool check_sent(Check *check, const cJSON *body, Cap *cap) {
        cap->sent = read_time(body, "sent");
        if (cap->sent > check->now + CAP_SENT_FUTURE_MS)
                return check_refuse(check, CODE_TIME, "sent", "> 1 d ahead");
        if (cap->sent < check->now - CAP_SENT_PAST_MS)
                return check_refuse(check, CODE_TIME, "sent", "> 30 d ago");
        return true;
}

static bool check_info_times(Check *check, const cJSON *info, const Cap *cap) {
        static const char *const NAMES[] = {"effective", "onset", "expires"};
        for (size_t i = 0; i < 3; ++i) {
                int64_t ms = read_time(info, NAMES[i]);
                if (ms != TIMESTAMP_NONE && (ms > cap->sent + CAP_SPAN_MS || ms < cap->sent - CAP_SPAN_MS))
                        return check_refuse(check, CODE_TIME, NAMES[i], "> 400 d");
        }
        int64_t expires = read_time(info, "expires"), effective = read_time(info, "effective");
        if (expires == TIMESTAMP_NONE)
                return true;
        if (expires <= cap->sent || (effective != TIMESTAMP_NONE && expires <= effective))
                return check_refuse(check, CODE_TIME, "expires", "<= sent, effective");
        if (expires <= check->now && cap->type != CAP_CANCEL)
                return check_refuse(check, CODE_TIME, "expires", "past");
        return true;
}

/* ---- infos ---- */

static bool check_event_codes(Check *check, const cJSON *info, Cap *cap) {
        if (!check_pairs(check, info, "eventCode", 16))
                return false;
        const cJSON *pair;
        cJSON_ArrayForEach(pair, json_array(info, "eventCode")) {
                const char *value = json_string(pair, "value");
                if (strcmp(json_string(pair, "valueName"), "policegrid") != 0)
                        continue;
                if (!name_is_valid(value))
                        return check_refuse(check, CODE_RANGE, "eventCode", "%.40s", value);
                if (cap->event_code[0] && strcmp(cap->event_code, value) != 0)
                        return check_refuse(check, CODE_RANGE, "eventCode", "%s, %s", cap->event_code, value);
                snprintf(cap->event_code, sizeof(cap->event_code), "%s", value);
        }
        return true;
}

static bool check_info(Check *check, const cJSON *info, Cap *cap) {
        if (!cJSON_IsObject(info))
                return check_refuse(check, CODE_TYPE, "", "object");
        return check_fields(check, INFO_FIELDS, info) && check_event_codes(check, info, cap) &&
               check_pairs(check, info, "parameter", 64) && check_areas(check, info, cap) && check_info_times(check, info, cap);
}

static bool check_infos(Check *check, const cJSON *body, Cap *cap) {
        const cJSON *infos = cJSON_GetObjectItemCaseSensitive(body, "info"), *info;
        int n = cJSON_IsArray(infos) ? cJSON_GetArraySize(infos) : 0, i = 0;
        if (infos && !cJSON_IsNull(infos) && !cJSON_IsArray(infos))
                return check_refuse(check, CODE_TYPE, "info", "array");
        if (n == 0 && cap->type != CAP_CANCEL) /* CAP 1.2: info is optional; a Cancel needs none */
                return check_refuse(check, CODE_MISSING, "info", "%s", "");
        if (n > CAP_INFOS_MAX)
                return check_refuse(check, CODE_RANGE, "info", "> %d", CAP_INFOS_MAX);
        cJSON_ArrayForEach(info, infos) {
                snprintf(check->path, sizeof(check->path), "info[%d].", i++);
                if (!check_info(check, info, cap))
                        return false;
        }
        check->path[0] = '\0';
        cap_take_words(cap, body);
        return true;
}

Code cap_check(const cJSON *body, int64_t now_ms, Cap *ret, char *ret_detail, size_t n_detail) {
        Check check = {.now = now_ms, .detail = ret_detail, .n_detail = n_detail};
        *ret = (Cap){.expires = TIMESTAMP_NONE};
        ret_detail[0] = '\0';
        if (!check_fields(&check, MESSAGE_FIELDS, body))
                return check.code;
        ret->identifier = json_string(body, "identifier");
        ret->type = (CapType)find_value(TYPES, json_string(body, "msgType"));
        ret->reality = (Reality)find_value(STATUSES, json_string(body, "status"));
        if (check_sent(&check, body, ret) && check_references(&check, body, ret) && check_scope(&check, body, ret))
                (void)check_infos(&check, body, ret);
        return check.code;
}

void cap_deinit(Cap *cap) {
        free(cap->references);
        free(cap->geocodes);
        *cap = (Cap){0};
}
