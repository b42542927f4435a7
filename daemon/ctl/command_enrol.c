/*
 * enrol: turn a one-time code into this machine's own secret and put it into the connection file. For gateways and desks; a phone
 * does the same over the same topic.
 */
#include "ctl/command.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/exchange.h"
#include "ctl/file.h"
#include "ctl/secret.h"
#include "proto/json.h"

#define FILE_BYTES_MAX ((size_t)64 << 20)

/* The code without the blanks that cards show it with. */
static void code_tighten(const char *text, char ret[static SECRET_LENGTH + 2])
{
        size_t n = 0;

        for (; *text != '\0' && n <= SECRET_LENGTH; text++)
                if (*text != ' ')
                        ret[n++] = *text;
        ret[n] = '\0';
}

static cJSON *connection_file_read(const char *path)
{
        size_t n;
        char *text = file_read(path, FILE_BYTES_MAX, &n);
        cJSON *file = text != NULL ? cJSON_ParseWithLength(text, n) : NULL;

        free(text);
        return file;
}

static cJSON *member_put(cJSON *file, const char *member)
{
        cJSON *members = json_object(file, "members");
        cJSON *item;

        if (members == NULL)
                members = cJSON_AddObjectToObject(file, "members");
        item = json_object(members, member);
        return item != NULL ? item : cJSON_AddObjectToObject(members, member);
}

static void secret_put(cJSON *file, const char *member, const char *secret)
{
        cJSON *item = member_put(file, member);

        cJSON_DeleteItemFromObjectCaseSensitive(item, "secret");
        cJSON_AddStringToObject(item, "secret", secret);
}

static bool file_write(const char *path, const cJSON *file)
{
        char *text = cJSON_Print(file);
        bool written = text != NULL && file_replace(path, text, strlen(text), 0600);

        free(text);
        return written;
}

/* The new secret is kept (as `next`) before its hash is sent, so that it cannot be lost between receipt and disk. */
static int enrol_send(Context *context, const char *path, cJSON *file, const char *member, const char *code)
{
        char secret[SECRET_LENGTH + 1], hash[SECRET_HASH_LENGTH + 1], tail[128];
        cJSON *body;
        int outcome;

        secret_generate(secret);
        secret_put(file, member, code);
        cJSON_DeleteItemFromObjectCaseSensitive(member_put(file, member), "next");
        cJSON_AddStringToObject(member_put(file, member), "next", secret);
        if (!file_write(path, file)) {
                context_complain(context, "写不了 %s:%s", "cannot write %s: %s", path, strerror(errno));
                return EXIT_LOCAL;
        }
        context->as = member;
        context->connection_file = path;
        context->receipts_only = true;
        outcome = context_connect(context, ROLE_ADMIN, NULL, 0);
        if (outcome != EXIT_DONE)
                return outcome;
        body = cJSON_CreateObject();
        secret_hash(secret, hash);
        cJSON_AddStringToObject(body, "request", "enrol");
        cJSON_AddStringToObject(body, "secret_hash", hash);
        snprintf(tail, sizeof tail, "member/%s/request", member);
        outcome = exchange_command(context, tail, body, NULL);
        cJSON_Delete(body);
        if (outcome == EXIT_DONE) {
                secret_put(file, member, secret);
                cJSON_DeleteItemFromObjectCaseSensitive(member_put(file, member), "next");
                if (!file_write(path, file))
                        outcome = EXIT_LOCAL;
        }
        return outcome;
}

static int enrol_run(Context *context, const CommandVerb *verb, const Arguments *arguments)
{
        const char *member = arguments_positional(arguments, 0);
        char path[4096], code[SECRET_LENGTH + 2];
        cJSON *file;
        int outcome;

        (void)verb;
        connection_path(context->connection_file, path, sizeof path);
        code_tighten(arguments_positional(arguments, 1), code);
        if (!member_is_valid(member, strlen(member), NULL) || strlen(code) != SECRET_LENGTH) {
                context_complain(context, "要有成员号和 %d 个字符的登记码", "a member's id and a code of %d characters are needed", SECRET_LENGTH);
                return EXIT_USAGE;
        }
        file = connection_file_read(path);
        if (!cJSON_IsObject(file)) {
                context_complain(context, "%s 要有 area 和 mqtt 地址", "%s must hold the area and the address of mqtt", path);
                cJSON_Delete(file);
                return EXIT_LOCAL;
        }
        outcome = enrol_send(context, path, file, member, code);
        cJSON_Delete(file);
        return outcome;
}

static const CommandVerb verbs[] = {
        {NULL, "MEMBER CODE", 2, 2, NULL, 0, "用一次性登记码换成本机自己的密钥,存入连接文件", "turn a one-time code into this machine's own secret, kept in the connection file", enrol_run},
};

const CommandEntry command_enrol = {"enrol", "登记:用登记码换密钥", "enrol: turn a code into a secret", verbs, COMMAND_LENGTH(verbs)};
