#include "ctl/exchange.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ctl/repeat.h"
#include "proto/code.h"
#include "proto/identifier.h"
#include "proto/json.h"
#include "proto/topic.h"

static void id_ensure(cJSON *body)
{
        char id[UUID_LENGTH + 1];

        if (json_string(body, "id") != NULL)
                return;
        uuid_random(context_now_ms(), id);
        cJSON_AddStringToObject(body, "id", id);
}

/* Publish and pump until the answer is here or the time is over. Reconnects, and repeats after each reconnect. */
static void answer_await(Context *context, const char *topic, const char *payload, long long until)
{
        unsigned n_sent = 0;
        long long next = 0;

        while (context->answer == NULL && link_clock_ms() < until) {
                if (!link_is_open(context->link)) {
                        if (context_reconnect(context) != EXIT_DONE)
                                nanosleep(&(struct timespec){.tv_nsec = 500000000}, NULL);
                        next = 0;
                        continue;
                }
                if (link_clock_ms() >= next && link_publish(context->link, topic, payload, strlen(payload)))
                        next = link_clock_ms() + repeat_delay_ms(++n_sent);
                link_pump(context->link, 100);
        }
}

static int answer_get(Context *context, const char *tail, cJSON *body, cJSON **ret)
{
        char topic[TOPIC_MAX + 1];
        char *payload;

        *ret = NULL;
        id_ensure(body);
        snprintf(topic, sizeof topic, "grid/v1/%s/%s", context->connection.area, tail);
        snprintf(context->awaited, sizeof context->awaited, "%s", json_string(body, "id"));
        payload = cJSON_PrintUnformatted(body);
        if (payload == NULL)
                abort();
        answer_await(context, topic, payload, link_clock_ms() + (long long)context->timeout_s * 1000);
        free(payload);
        *ret = context->answer;
        context->answer = NULL;
        context->awaited[0] = '\0';
        if (*ret != NULL)
                return EXIT_DONE;
        if (link_is_open(context->link)) {
                context_complain(context, "%d 秒内没有回执(消息 %s)", "no receipt within %d s (message %s)", context->timeout_s, json_string(body, "id"));
                return EXIT_TIMEOUT;
        }
        context_complain(context, "与消息服务器的连接断了,还没有回执(消息 %s)", "the connection to the broker is cut, no receipt yet (message %s)", json_string(body, "id"));
        return EXIT_CONNECTION;
}

int exchange_send(Context *context, const char *tail, cJSON *body, cJSON **ret)
{
        return answer_get(context, tail, body, ret);
}

void data_print(const Context *context, const cJSON *data)
{
        char *text = context->json ? cJSON_PrintUnformatted(data) : cJSON_Print(data);

        puts(text != NULL ? text : "null");
        free(text);
}

/* A rejection in the chosen language: the code, its sentence, and what the receipt adds ("中文。 / English. (what)"). */
static void code_tell(const Context *context, const cJSON *answer, FILE *stream)
{
        const char *code = json_string(answer, "code"), *detail = json_string(answer, "detail");
        char words[1024], extra[512] = "";

        if (code == NULL)
                return;
        if (detail != NULL)
                language_receipt(context->language, detail, words, sizeof words, extra, sizeof extra);
        else
                snprintf(words, sizeof words, "%s",
                         language_pick(context->language, code_sentence_zh(code_parse(code)), code_sentence_en(code_parse(code))));
        fprintf(stream, "%s: %s%s%s%s\n", code, words, extra[0] != '\0' ? " (" : "", extra, extra[0] != '\0' ? ")" : "");
}

int exchange_query(Context *context, const char *name, cJSON *body, cJSON **ret)
{
        char tail[TOPIC_MAX + 1];
        cJSON *reply;
        int code;

        *ret = NULL;
        if (body == NULL)
                body = cJSON_CreateObject();
        cJSON_AddStringToObject(body, "query", name);
        snprintf(tail, sizeof tail, "member/%s/query", context->connection.member);
        code = answer_get(context, tail, body, &reply);
        cJSON_Delete(body);
        if (code != EXIT_DONE)
                return code;
        if (json_string(reply, "code") != NULL) {
                fputs("policegridctl: ", stderr);
                code_tell(context, reply, stderr);
                code = EXIT_REJECTED;
        } else
                *ret = cJSON_DetachItemFromObjectCaseSensitive(reply, "data");
        cJSON_Delete(reply);
        return code;
}

const cJSON *reply_list(const cJSON *data, const char *name)
{
        return cJSON_IsArray(data) ? data : json_array(data, name);
}

static void created_print(const cJSON *created)
{
        const cJSON *item;

        cJSON_ArrayForEach(item, created) {
                if (cJSON_IsArray(item))
                        printf("  %s: %d\n", item->string, cJSON_GetArraySize(item));
                else if (cJSON_IsNumber(item))
                        printf("  %s: %.0f\n", item->string, item->valuedouble);
                else if (cJSON_IsString(item))
                        printf("  %s: %s\n", item->string, item->valuestring);
        }
}

int receipt_print(const Context *context, const cJSON *receipt)
{
        const char *outcome = json_string(receipt, "outcome");
        bool accepted = outcome != NULL && strcmp(outcome, "accepted") == 0;

        if (context->json) {
                char *text = cJSON_PrintUnformatted(receipt);

                puts(text != NULL ? text : "null");
                free(text);
                return accepted ? EXIT_DONE : EXIT_REJECTED;
        }
        if (!accepted) {
                printf("%s ", language_pick(context->language, "✗ 未受理:", "✗ rejected:"));
                code_tell(context, receipt, stdout);
                return EXIT_REJECTED;
        }
        printf("%s%s%s%s\n", language_pick(context->language, "✓ 已受理", "✓ accepted"),
               json_bool(receipt, "repeat", false) ? language_pick(context->language, "(重复,沿用先前结果)", " (a repeat: the first outcome stands)") : "",
               json_bool(receipt, "late", false) ? language_pick(context->language, "(迟到,已计数,状态不变)", " (late: counted, state unchanged)") : "",
               json_bool(receipt, "masked", false) ? language_pick(context->language, "(文字已遮盖)", " (text masked)") : "");
        created_print(json_object(receipt, "created"));
        if (json_has(json_object(receipt, "created"), "beyond"))
                puts(language_pick(context->language, "! 有时限超出已载入的节假日历,可能不准:请载入下一年的日历(organisation apply)",
                                   "! a limit lies past the loaded calendar and may be off: load the next year (organisation apply)"));
        return EXIT_DONE;
}

int exchange_command(Context *context, const char *tail, cJSON *body, cJSON **ret)
{
        cJSON *receipt;
        int code = exchange_send(context, tail, body, &receipt);

        if (code == EXIT_DONE)
                code = receipt_print(context, receipt);
        if (ret != NULL)
                *ret = receipt;
        else
                cJSON_Delete(receipt);
        return code;
}

int exchange_administer(Context *context, const char *tail, cJSON *body)
{
        int code = context_connect(context, ROLE_ADMIN, NULL, 0);

        if (code == EXIT_DONE)
                code = exchange_command(context, tail, body, NULL);
        cJSON_Delete(body);
        return code;
}

int exchange_query_show(Context *context, const char *name, cJSON *body, DataPrint *print)
{
        cJSON *data;
        int code = exchange_query(context, name, body, &data);

        if (code != EXIT_DONE)
                return code;
        if (context->json || print == NULL)
                data_print(context, data);
        else
                print(context, data);
        cJSON_Delete(data);
        return EXIT_DONE;
}

int exchange_ask(Context *context, const char *name, cJSON *body, DataPrint *print)
{
        int code = context_connect(context, ROLE_COMMANDER, NULL, 0);

        if (code == EXIT_DONE)
                return exchange_query_show(context, name, body, print);
        cJSON_Delete(body);
        return code;
}

int exchange_show(Context *context, const char *name)
{
        int code = context_connect(context, ROLE_ADMIN, NULL, 0);

        return code == EXIT_DONE ? exchange_query_show(context, name, NULL, NULL) : code;
}
