#include "ctl/cap_foreign.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/cap_address.h"
#include "engine/warning/cap.h"
#include "proto/identifier.h"
#include "proto/json.h"
#include "proto/mask.h"
#include "proto/timestamp.h"

#define MESSAGE_BYTES_MAX ((size_t)60 << 10)
#define PAIRS_MAX 16
#define WORDS_MAX 16

typedef struct Work {
        cJSON *alert;
        const CapForeignOptions *options;
        Text *left_out;
        char *where;
        size_t n_where;
} Work;

static CapForeignOutcome refuse(Work *work, CapForeignOutcome outcome, const char *where)
{
        snprintf(work->where, work->n_where, "%s", where);
        return outcome;
}

void cap_leave_out(Text *left_out, const char *name)
{
        text_append_format(left_out, "%s%.40s", left_out->n > 0 ? " " : "", name);
}

static void drop(Work *work, cJSON *object, const char *name)
{
        if (!json_has(object, name))
                return;
        cap_leave_out(work->left_out, name);
        cJSON_DeleteItemFromObjectCaseSensitive(object, name);
}

/* At most n characters, the last one "…" where something was cut. */
static void shorten(Work *work, cJSON *object, const char *name, size_t n)
{
        cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);
        const char *at;
        char *cut;

        if (!cJSON_IsString(item) || text_count_characters(item->valuestring) <= n)
                return;
        for (at = item->valuestring; n > 1; n--)
                for (at++; ((unsigned char)*at & 0xc0) == 0x80; at++)
                        ;
        if (asprintf(&cut, "%.*s…", (int)(at - item->valuestring), item->valuestring) < 0)
                abort();
        cJSON_SetValuestring(item, cut);
        free(cut);
        text_append_format(work->left_out, "%s%s(…)", work->left_out->n > 0 ? " " : "", name);
}

static bool word_fits(const char *text)
{
        size_t n = strlen(text);

        return n > 0 && n <= MESSAGE_ID_MAX && strpbrk(text, " \t\r\n,<&\x7f") == NULL;
}

/* His identifier as ours may look; else a digest, the same each time. */
static cJSON *identifier_make(const char *sender, const char *identifier)
{
        unsigned char hash[16];
        char hex[2 * sizeof hash + 1], made[sizeof hex + 4];
        crypto_generichash_state hashing;

        if (word_fits(identifier))
                return cJSON_CreateString(identifier);
        crypto_generichash_init(&hashing, NULL, 0, sizeof hash);
        crypto_generichash_update(&hashing, (const unsigned char *)sender, strlen(sender) + 1);
        crypto_generichash_update(&hashing, (const unsigned char *)identifier, strlen(identifier));
        crypto_generichash_final(&hashing, hash, sizeof hash);
        sodium_bin2hex(hex, sizeof hex, hash, sizeof hash);
        snprintf(made, sizeof made, "cap-%s", hex);
        return cJSON_CreateString(made);
}

/* ---- the message ---- */

static CapForeignOutcome check_head(Work *work)
{
        static const char *const required[] = {"identifier", "sender", "sent", "status", "msgType", "scope"};
        const char *status, *type, *sent;
        int64_t ms;

        for (size_t i = 0; i < sizeof required / sizeof required[0]; i++)
                if (json_string(work->alert, required[i]) == NULL || json_string(work->alert, required[i])[0] == '\0')
                        return refuse(work, CAP_FOREIGN_E_FIELD, required[i]);
        status = json_string(work->alert, "status");
        type = json_string(work->alert, "msgType");
        sent = json_string(work->alert, "sent");
        if (strcmp(status, "Actual") != 0 && strcmp(status, "Exercise") != 0 && strcmp(status, "Test") != 0)
                return refuse(work, CAP_FOREIGN_E_STATUS, "status");
        if (strcmp(type, "Alert") != 0 && strcmp(type, "Update") != 0 && strcmp(type, "Cancel") != 0)
                return refuse(work, CAP_FOREIGN_E_TYPE, "msgType");
        return timestamp_parse(sent, strlen(sent), &ms) ? CAP_FOREIGN_OK : refuse(work, CAP_FOREIGN_E_FIELD, "sent");
}

/* "sender,identifier,sent sender,identifier,sent …" */
static CapForeignOutcome change_references(Work *work)
{
        const char *at = json_string(work->alert, "references");
        cJSON *list = cJSON_CreateArray();
        CapForeignOutcome outcome = CAP_FOREIGN_OK;

        for (at = at != NULL ? at : ""; outcome == CAP_FOREIGN_OK && *(at += strspn(at, " \t\r\n")) != '\0';) {
                size_t n = strcspn(at, " \t\r\n");
                char *triple = strndup(at, n), *rest = triple, *sender = strsep(&rest, ","), *identifier = strsep(&rest, ",");

                if (identifier == NULL || rest == NULL || *identifier == '\0' || cJSON_GetArraySize(list) >= CAP_REFERENCES_MAX)
                        outcome = refuse(work, CAP_FOREIGN_E_FIELD, "references");
                else
                        cJSON_AddItemToArray(list, identifier_make(sender, identifier));
                free(triple);
                at += n;
        }
        if (outcome == CAP_FOREIGN_OK && strcmp(json_string(work->alert, "msgType"), "Alert") != 0 && cJSON_GetArraySize(list) == 0)
                outcome = refuse(work, CAP_FOREIGN_E_REFERENCES, "references");
        cJSON_DeleteItemFromObjectCaseSensitive(work->alert, "references");
        if (outcome == CAP_FOREIGN_OK && cJSON_GetArraySize(list) > 0)
                cJSON_AddItemToObject(work->alert, "references", list);
        else
                cJSON_Delete(list);
        return outcome;
}

static void time_change(const Work *work, cJSON *object, const char *name)
{
        const char *text = json_string(object, name);
        char formatted[TIMESTAMP_TEXT_MAX];
        int64_t ms;

        if (text == NULL || !timestamp_parse(text, strlen(text), &ms))
                return;
        timestamp_format(ms, work->options->zone_minutes, formatted);
        cJSON_ReplaceItemInObjectCaseSensitive(object, name, cJSON_CreateString(formatted));
}

/* Who published it stays readable: the wire's `sender` is whoever posts it here. */
static void change_head(Work *work)
{
        cJSON *alert = work->alert, *made = identifier_make(json_string(alert, "sender"), json_string(alert, "identifier"));
        const char *source = json_string(alert, "source");
        char *both;

        cJSON_ReplaceItemInObjectCaseSensitive(alert, "identifier", made);
        if (asprintf(&both, "%s%s%s", json_string(alert, "sender"), source != NULL && *source != '\0' ? "; " : "", source != NULL ? source : "") < 0)
                abort();
        cJSON_DeleteItemFromObjectCaseSensitive(alert, "source");
        cJSON_AddStringToObject(alert, "source", both);
        free(both);
        cJSON_DeleteItemFromObjectCaseSensitive(alert, "sender");
        drop(work, alert, "note");
        drop(work, alert, "code");
        drop(work, alert, "addresses");
        shorten(work, alert, "source", CAP_WORD_MAX);
        shorten(work, alert, "restriction", CAP_WORD_MAX);
        shorten(work, alert, "incidents", CAP_WORD_MAX);
        time_change(work, alert, "sent");
}

/* Public goes to whom it concerns; anything else only to whom a person says. */
static CapForeignOutcome change_scope(Work *work)
{
        const char *scope = json_string(work->alert, "scope");
        bool chosen = work->options->everyone || cJSON_GetArraySize(work->options->geocodes) > 0;

        if (strcmp(scope, "Public") == 0)
                return CAP_FOREIGN_OK;
        if (strcmp(scope, "Restricted") != 0 && strcmp(scope, "Private") != 0)
                return refuse(work, CAP_FOREIGN_E_FIELD, "scope");
        if (!chosen && strcmp(json_string(work->alert, "msgType"), "Cancel") != 0)
                return refuse(work, CAP_FOREIGN_E_SCOPE, scope);
        cJSON_ReplaceItemInObjectCaseSensitive(work->alert, "scope", cJSON_CreateString("Restricted"));
        if (!json_has(work->alert, "restriction"))
                cJSON_AddStringToObject(work->alert, "restriction", "policegrid");
        return CAP_FOREIGN_OK;
}

/* ---- its infos ---- */

static bool name_is_ours(const cJSON *pair)
{
        const char *name = json_string(pair, "valueName");

        return name != NULL && strncmp(name, "policegrid", strlen("policegrid")) == 0;
}

/* {valueName, value} pairs: ours are a commander's to say; empty or endless ones go. */
static void change_pairs(Work *work, cJSON *info, const char *name, int n_max)
{
        cJSON *pairs = cJSON_GetObjectItemCaseSensitive(info, name), *pair, *next;
        int n = 0;

        for (pair = pairs != NULL ? pairs->child : NULL; pair != NULL; pair = next) {
                const char *value_name = json_string(pair, "valueName"), *value = json_string(pair, "value");
                bool fits = value_name != NULL && value != NULL && *value_name != '\0' && *value != '\0' && !name_is_ours(pair) &&
                            text_count_characters(value_name) <= CAP_EVENT_MAX && text_count_characters(value) <= CAP_WORD_MAX;

                next = pair->next;
                if (fits && ++n <= n_max)
                        continue;
                cap_leave_out(work->left_out, value_name != NULL && *value_name != '\0' ? value_name : name);
                cJSON_Delete(cJSON_DetachItemViaPointer(pairs, pair));
        }
}

static void change_words(Work *work, cJSON *info)
{
        static const struct { const char *name; size_t n; } words[] = {
                {"event", CAP_EVENT_MAX}, {"headline", CAP_HEADLINE_MAX}, {"description", CAP_DESCRIPTION_MAX}, {"instruction", CAP_INSTRUCTION_MAX},
                {"audience", CAP_WORD_MAX}, {"senderName", CAP_WORD_MAX}, {"contact", CAP_WORD_MAX},
        };
        const char *language = json_string(info, "language"), *web = json_string(info, "web");

        if (json_string(info, "headline") == NULL || *json_string(info, "headline") == '\0') {
                cJSON_DeleteItemFromObjectCaseSensitive(info, "headline");
                cJSON_AddStringToObject(info, "headline", json_string(info, "event"));
        }
        for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
                shorten(work, info, words[i].name, words[i].n);
        if (language != NULL && (strlen(language) > WORDS_MAX || !word_fits(language)))
                drop(work, info, "language");
        if (web != NULL && strlen(web) > CAP_WORD_MAX)
                drop(work, info, "web");
        if (language == NULL) /* CAP 1.2, 3.2.2: assumed when absent; ours would assume zh-CN */
                cJSON_AddStringToObject(info, "language", "en-US");
}

static void change_list(Work *work, cJSON *info, const char *name)
{
        cJSON *list = cJSON_GetObjectItemCaseSensitive(info, name);

        while (cJSON_GetArraySize(list) > WORDS_MAX) {
                cap_leave_out(work->left_out, name);
                cJSON_DeleteItemFromArray(list, WORDS_MAX);
        }
}

static CapForeignOutcome change_info(Work *work, cJSON *info)
{
        static const char *const required[] = {"event", "urgency", "severity", "certainty"};
        static const char *const times[] = {"effective", "onset", "expires"};
        int64_t ms;

        for (size_t i = 0; i < sizeof required / sizeof required[0]; i++)
                if (json_string(info, required[i]) == NULL || *json_string(info, required[i]) == '\0')
                        return refuse(work, CAP_FOREIGN_E_FIELD, required[i]);
        for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
                const char *text = json_string(info, times[i]);

                if (text != NULL && !timestamp_parse(text, strlen(text), &ms))
                        return refuse(work, CAP_FOREIGN_E_FIELD, times[i]);
                time_change(work, info, times[i]);
        }
        change_words(work, info);
        change_list(work, info, "category");
        change_list(work, info, "responseType");
        change_pairs(work, info, "eventCode", PAIRS_MAX - 1);
        change_pairs(work, info, "parameter", 64);
        if (work->options->event_code != NULL) {
                cJSON *codes = cJSON_GetObjectItemCaseSensitive(info, "eventCode");

                cap_pair_add(codes != NULL ? codes : cJSON_AddArrayToObject(info, "eventCode"), "policegrid", work->options->event_code);
        }
        return CAP_FOREIGN_OK;
}

/* Chinese and English stand first in what is kept; the others in their order, while there is room. */
static int info_rank(const cJSON *info)
{
        const char *language = json_string(info, "language");

        return language != NULL && strncasecmp(language, "zh", 2) == 0 ? 0 : language == NULL || strncasecmp(language, "en", 2) == 0 ? 1 : 2;
}

static void drop_last_info(Work *work, cJSON *infos)
{
        int n = cJSON_GetArraySize(infos), last = n - 1;

        for (int i = n - 1; i >= 0; i--)
                if (info_rank(cJSON_GetArrayItem(infos, i)) > info_rank(cJSON_GetArrayItem(infos, last)))
                        last = i;
        cap_leave_out(work->left_out, "info");
        cJSON_DeleteItemFromArray(infos, last);
}

static CapForeignOutcome change_infos(Work *work)
{
        cJSON *infos = cJSON_GetObjectItemCaseSensitive(work->alert, "info"), *info;
        CapForeignOutcome outcome = CAP_FOREIGN_OK;

        if (cJSON_GetArraySize(infos) == 0 && strcmp(json_string(work->alert, "msgType"), "Cancel") != 0)
                return refuse(work, CAP_FOREIGN_E_FIELD, "info");
        while (cJSON_GetArraySize(infos) > CAP_INFOS_MAX)
                drop_last_info(work, infos);
        for (info = infos != NULL ? infos->child : NULL; info != NULL && outcome == CAP_FOREIGN_OK; info = info->next)
                outcome = change_info(work, info);
        return outcome;
}

static CapForeignOutcome change_size(Work *work)
{
        cJSON *infos = cJSON_GetObjectItemCaseSensitive(work->alert, "info");

        for (;;) {
                char *text = cJSON_PrintUnformatted(work->alert);
                size_t n = text != NULL ? strlen(text) : SIZE_MAX;

                cJSON_free(text);
                if (n <= MESSAGE_BYTES_MAX)
                        return CAP_FOREIGN_OK;
                if (cJSON_GetArraySize(infos) < 2)
                        return refuse(work, CAP_FOREIGN_E_SIZE, "info");
                drop_last_info(work, infos);
        }
}

CapForeignOutcome cap_foreign(cJSON *alert, const CapForeignOptions *options, Text *ret_left_out, char *ret_where, size_t n_where)
{
        Work work = {.alert = alert, .options = options, .left_out = ret_left_out, .where = ret_where, .n_where = n_where};
        CapForeignOutcome outcome;

        ret_where[0] = '\0';
        outcome = check_head(&work);
        if (outcome == CAP_FOREIGN_OK)
                outcome = change_references(&work);
        if (outcome == CAP_FOREIGN_OK)
                outcome = change_scope(&work);
        if (outcome == CAP_FOREIGN_OK)
                outcome = cap_address(alert, options, ret_left_out);
        if (outcome == CAP_FOREIGN_OK)
                outcome = change_infos(&work);
        if (outcome != CAP_FOREIGN_OK)
                return outcome;
        change_head(&work);
        return change_size(&work);
}

const char *cap_foreign_text(CapForeignOutcome outcome, bool zh)
{
        static const char *const texts[][2] = {
                [CAP_FOREIGN_OK] = {"", ""},
                [CAP_FOREIGN_E_FIELD] = {"缺少或不合规的元素", "an element is missing or malformed"},
                [CAP_FOREIGN_E_STATUS] = {"状态不是 Actual、Exercise 或 Test", "its status is not Actual, Exercise or Test"},
                [CAP_FOREIGN_E_TYPE] = {"不是 Alert、Update 或 Cancel", "it is no Alert, Update or Cancel"},
                [CAP_FOREIGN_E_REFERENCES] = {"更新或解除却没有指明哪一条", "an Update or Cancel that refers to nothing"},
                [CAP_FOREIGN_E_GEOMETRY] = {"多边形或圆不合规", "a polygon or circle that is none"},
                [CAP_FOREIGN_E_ADDRESS] = {"不知道本镇哪些单位在其范围内,请用 --points 给出单位坐标,或用 --unit --tag --tier --code --everyone 指定",
                                           "nothing says which of our units lie in its area: give their positions (--points) or name them (--unit --tag --tier --code --everyone)"},
                [CAP_FOREIGN_E_ELSEWHERE] = {"其范围不涉及本镇任何单位,没有发送", "none of our units lies in its area; nothing was sent"},
                [CAP_FOREIGN_E_SCOPE] = {"不是公开预警,须用 --unit --tag --tier --code --everyone 说明转发给谁",
                                         "it is not public: say whom it may be passed on to (--unit --tag --tier --code --everyone)"},
                [CAP_FOREIGN_E_SIZE] = {"超过一条消息的长度", "it is longer than a message may be"},
        };

        return texts[outcome][zh ? 0 : 1];
}
