/*
 * member: who works here, with which secret.
 */
#include "ctl/command.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/card.h"
#include "ctl/exchange.h"
#include "ctl/file.h"
#include "ctl/import.h"
#include "ctl/table.h"
#include "ctl/when.h"
#include "proto/json.h"

#define IMPORT_BYTES_MAX ((size_t)8 << 20)

static const OptionSpec add_options[] = {
        {"unit", "UNIT", false, "单位(管理员、安全管理员、审计员可以不属于单位)", "unit (admin, security_admin and auditor may have none)"},
        {"role", "ROLE", false, "角色,如 grid_worker", "role, e.g. grid_worker"},
        {"position", "NAME", false, "岗位", "position"},
        {"device", "DEVICE", false, "设备号(角色为 device 时)", "the device that it is (role device)"},
        {"cards", "FILE.html", false, "登记码写成可打印的卡片", "write the enrolment code as a card to print"},
        {"secrets", "FILE", false, "直接生成密钥写入这个文件(0600),不用登记码", "make a secret at once and put it into this file (0600), no enrolment"},
        {"link", "URL", false, "二维码所指的链接", "what the QR code points at"},
};

static const OptionSpec import_options[] = {
        {"cards", "FILE.html", false, "生成一次性登记码,写成可打印的卡片", "make one-time codes and cards to print"},
        {"secrets", "FILE", false, "直接生成密钥,写入这个文件(0600,connection.json 的格式)", "make secrets and put them into this file (0600, like connection.json)"},
        {"link", "URL", false, "二维码所指的链接", "what the QR codes point at"},
};

static const OptionSpec list_options[] = {
        {"unit", "UNIT", false, "只看这个单位", "only of this unit"},
        {"role", "ROLE", false, "只看这个角色", "only of this role"},
};

static const char *or_empty(const char *text)
{
        return text != NULL ? text : "";
}

static int target_read(const Context *context, const Arguments *arguments, ImportTarget *ret)
{
        *ret = (ImportTarget){
                .secrets = arguments_value(arguments, "secrets"),
                .cards = arguments_value(arguments, "cards"),
                .link = arguments_value(arguments, "link"),
        };
        if (ret->link == NULL)
                ret->link = CARD_LINK_DEFAULT;
        if ((ret->secrets == NULL) == (ret->cards == NULL)) {
                context_complain(context, "--cards 和 --secrets 要选一个", "give one of --cards and --secrets");
                return EXIT_USAGE;
        }
        return EXIT_DONE;
}

static int seats_send(Context *context, Seats *seats, bool good, const Text *faults, const ImportTarget *target)
{
        int code;

        if (!good) {
                fputs(text_string(faults), stderr);
                context_complain(context, "一个成员也没有建", "no member was made");
                return EXIT_LOCAL;
        }
        code = context_connect(context, ROLE_ADMIN, NULL, 0);
        return code == EXIT_DONE ? import_run(context, seats, target) : code;
}

static int member_add(Context *context, const CommandVerb *verb, const Arguments *arguments)
{
        _cleanup_text_ Text faults = {0};
        Seats seats = {0};
        ImportTarget target;
        bool good;
        int code = target_read(context, arguments, &target);

        (void)verb;
        if (code != EXIT_DONE)
                return code;
        good = seats_add(&seats, 1, or_empty(arguments_value(arguments, "unit")), or_empty(arguments_value(arguments, "role")),
                         or_empty(arguments_value(arguments, "position")), or_empty(arguments_value(arguments, "device")), context->language, &faults);
        code = seats_send(context, &seats, good, &faults, &target);
        if (code == EXIT_DONE && !context->json)
                printf("%s\n", seats.items[0].member);
        seats_deinit(&seats);
        return code;
}

static int member_import(Context *context, const CommandVerb *verb, const Arguments *arguments)
{
        _cleanup_text_ Text faults = {0};
        const char *path = arguments_positional(arguments, 0);
        Seats seats = {0};
        ImportTarget target;
        size_t n;
        char *text;
        bool good;
        int code = target_read(context, arguments, &target);

        (void)verb;
        if (code != EXIT_DONE)
                return code;
        text = file_read(path, IMPORT_BYTES_MAX, &n);
        if (text == NULL) {
                context_complain(context, "读不了 %s:%s", "cannot read %s: %s", path, strerror(errno));
                return EXIT_LOCAL;
        }
        if (text[strspn(text, " \t\r\n")] == '{' || text[strspn(text, " \t\r\n")] == '[')
                good = seats_read_json(&seats, text, n, context->language, &faults);
        else
                good = seats_read_csv(&seats, text, context->language, &faults);
        code = seats_send(context, &seats, good, &faults, &target);
        seats_deinit(&seats);
        free(text);
        return code;
}

static int member_revoke(Context *context, const CommandVerb *verb, const Arguments *arguments)
{
        int code = context_connect(context, ROLE_ADMIN, NULL, 0);

        (void)verb;
        for (size_t i = 0; code == EXIT_DONE && arguments_positional(arguments, i) != NULL; i++) {
                cJSON *body = cJSON_CreateObject();

                cJSON_AddStringToObject(body, "member", arguments_positional(arguments, i));
                code = exchange_command(context, "admin/member-revoke", body, NULL);
                cJSON_Delete(body);
        }
        return code;
}

static int member_code(Context *context, const CommandVerb *verb, const Arguments *arguments)
{
        char code_text[SECRET_LENGTH + 1], hash[SECRET_HASH_LENGTH + 1], grouped[64];
        cJSON *body;
        int code = context_connect(context, ROLE_ADMIN, NULL, 0);

        (void)verb;
        if (code != EXIT_DONE)
                return code;
        secret_generate(code_text);
        secret_hash(code_text, hash);
        body = cJSON_CreateObject();
        cJSON_AddStringToObject(body, "member", arguments_positional(arguments, 0));
        cJSON_AddStringToObject(body, "enrolment_hash", hash);
        code = exchange_command(context, "admin/member-enrol", body, NULL);
        cJSON_Delete(body);
        if (code == EXIT_DONE) {
                card_code_grouped(code_text, grouped, sizeof grouped);
                if (context->json)
                        printf("{\"member\":\"%s\",\"code\":\"%s\"}\n", arguments_positional(arguments, 0), code_text);
                else
                        printf("%s\n", grouped);
        }
        return code;
}

/* A member of the reply: its first seat, or the fields beside its id. */
static void member_row(TextTable *table, const cJSON *member)
{
        const cJSON *seat = cJSON_GetArrayItem(json_array(member, "seats"), 0);
        const cJSON *place = seat != NULL ? seat : member;
        const char *id = json_string(member, "member") != NULL ? json_string(member, "member") : json_string(member, "id");
        const char *cells[] = {id, json_string(place, "unit"), json_string(place, "role"), json_string(place, "position"),
                               json_bool(member, "revoked", false) ? "revoked" : ""};

        text_table_add(table, cells);
}

static bool member_is_wanted(const cJSON *member, const char *unit, const char *role)
{
        const cJSON *seats = json_array(member, "seats"), *seat;

        if (unit == NULL && role == NULL)
                return true;
        cJSON_ArrayForEach(seat, seats)
                if ((unit == NULL || strcmp(or_empty(json_string(seat, "unit")), unit) == 0) &&
                    (role == NULL || strcmp(or_empty(json_string(seat, "role")), role) == 0))
                        return true;
        return seats == NULL && (unit == NULL || strcmp(or_empty(json_string(member, "unit")), unit) == 0) &&
               (role == NULL || strcmp(or_empty(json_string(member, "role")), role) == 0);
}

static int member_list(Context *context, const CommandVerb *verb, const Arguments *arguments)
{
        static const char *const zh[] = {"成员", "单位", "角色", "岗位", ""}, *const en[] = {"member", "unit", "role", "position", ""};
        _cleanup_text_ Text out = {0};
        cJSON *members;
        const cJSON *member;
        TextTable *table;
        int code = context_connect(context, ROLE_ADMIN, NULL, 0);

        (void)verb;
        if (code == EXIT_DONE)
                code = exchange_query(context, "members", NULL, &members);
        if (code != EXIT_DONE)
                return code;
        table = text_table_new(5, context->language == LANGUAGE_ZH ? zh : en);
        cJSON_ArrayForEach(member, reply_list(members, "members")) {
                char *line;

                if (!member_is_wanted(member, arguments_value(arguments, "unit"), arguments_value(arguments, "role")))
                        continue;
                member_row(table, member);
                if (context->json && (line = cJSON_PrintUnformatted(member)) != NULL) {
                        puts(line);
                        free(line);
                }
        }
        if (!context->json) {
                text_table_write(table, &out);
                fputs(text_string(&out), stdout);
        }
        text_table_free(table);
        cJSON_Delete(members);
        return EXIT_DONE;
}

static const CommandVerb verbs[] = {
        {"add", "", 0, 0, add_options, COMMAND_LENGTH(add_options), "加一个成员", "add one member", member_add},
        {"import", "FILE", 1, 1, import_options, COMMAND_LENGTH(import_options),
         "从 CSV(标题行 unit,role,position[,device])或组织文件的 seats_wanted 导入成员:全部成功,或一个不建",
         "import members from a CSV (header unit,role,position[,device]) or an organisation file's seats_wanted: all or none", member_import},
        {"revoke", "MEMBER…", 1, ARGUMENTS_MAX, NULL, 0, "撤销成员:在线的立刻断开,离线的不能再进", "revoke members: live sessions end at once, offline ones stay out", member_revoke},
        {"code", "MEMBER", 1, 1, NULL, 0, "给成员一个新的一次性登记码(换手机)", "give a member a new one-time code (a new phone)", member_code},
        {"list", "", 0, 0, list_options, COMMAND_LENGTH(list_options), "列出成员", "list members", member_list},
};

const CommandEntry command_member = {"member", "成员:加入、导入、撤销、登记码、列表", "members: add, import, revoke, codes, list", verbs, COMMAND_LENGTH(verbs)};
