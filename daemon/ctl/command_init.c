/*
 * init: everything that an area needs before its first start: the secret that broker and daemon share, the first administrator, and
 * configuration files made from the templates of deploy/. Secrets are made once and never overwritten; the configuration is made
 * anew with --rewrite.
 */
#include "ctl/command.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "ctl/exchange.h"
#include "ctl/file.h"
#include "ctl/secret.h"
#include "ctl/template.h"
#include "proto/json.h"

#define TEMPLATE_BYTES_MAX ((size_t)1 << 20)
#define CONNECTION_BYTES_MAX ((size_t)64 << 20)

static const OptionSpec init_options[] = {
        {"state", "DIR", false, "服务所用的文件夹(必填)", "the servers' folder (required)"},
        {"area", "CODE", false, "区划代码,2–12 位数字(必填)", "division code, 2–12 digits (required)"},
        {"templates", "DIR", false, "配置模板所在,默认 " POLICEGRID_TEMPLATES, "where the templates are, by default " POLICEGRID_TEMPLATES},
        {"plugin", "FILE", false, "mosquitto_policegrid.so 的位置", "where mosquitto_policegrid.so is"},
        {"playbooks", "DIR", false, "预案所在", "where the playbooks are"},
        {"database", "CONNINFO", false, "守护进程所用的 PostgreSQL 连接串", "PostgreSQL connection of the daemon"},
        {"reader", "CONNINFO", false, "只读连接串,写入连接文件", "read-only connection, put into the connection file"},
        {"mqtt-port", "PORT", false, "默认 1883", "default 1883"},
        {"websocket-port", "PORT", false, "默认 8083", "default 8083"},
        {"http-port", "PORT", false, "默认 8081", "default 8081"},
        {"rewrite", NULL, false, "重写已有的配置文件(密钥从不重写)", "write existing configuration files anew (secrets never)"},
};

typedef struct Setup {
        const Context *context;
        const Arguments *arguments;
        const char *state, *area;
        const char *mqtt_port, *websocket_port, *http_port;
        char connection_path[4096];
        char full_state[4096];
        bool rewrite;
} Setup;

static const char *option_or(const Arguments *arguments, const char *name, const char *fallback)
{
        const char *value = arguments_value(arguments, name);

        return value != NULL ? value : fallback;
}

static int file_fail(const Setup *setup, const char *path)
{
        context_complain(setup->context, "%s:%s", "%s: %s", path, strerror(errno));
        return EXIT_LOCAL;
}

static void path_in_state(const Setup *setup, const char *name, char *buffer, size_t size)
{
        snprintf(buffer, size, "%s/%s", setup->full_state, name);
}

static int folders_make(Setup *setup)
{
        static const char *const names[] = {"snapshots", "broker", "daemon"};
        char path[4200];

        if (mkdir(setup->state, 0755) != 0 && errno != EEXIST)
                return file_fail(setup, setup->state);
        if (realpath(setup->state, setup->full_state) == NULL)
                return file_fail(setup, setup->state);
        for (size_t i = 0; i < COMMAND_LENGTH(names); i++) {
                path_in_state(setup, names[i], path, sizeof path);
                if (mkdir(path, 0700) != 0 && errno != EEXIST)
                        return file_fail(setup, path);
        }
        return EXIT_DONE;
}

static int secret_write(const Setup *setup)
{
        char path[4200], secret[AREA_SECRET_LENGTH + 2];

        path_in_state(setup, "area.secret", path, sizeof path);
        if (file_exists(path))
                return EXIT_DONE;
        secret_generate_area(secret);
        strcat(secret, "\n");
        return file_replace(path, secret, strlen(secret), 0600) ? EXIT_DONE : file_fail(setup, path);
}

/* Addresses are written anew each time: ports may have moved. Members stay. */
static void addresses_put(const Setup *setup, cJSON *file)
{
        const char *reader = arguments_value(setup->arguments, "reader");
        char url[64];
        cJSON *item;

        cJSON_DeleteItemFromObjectCaseSensitive(file, "area");
        cJSON_DeleteItemFromObjectCaseSensitive(file, "mqtt");
        cJSON_DeleteItemFromObjectCaseSensitive(file, "websocket");
        cJSON_DeleteItemFromObjectCaseSensitive(file, "http");
        cJSON_AddStringToObject(file, "area", setup->area);
        item = cJSON_AddObjectToObject(file, "mqtt");
        cJSON_AddStringToObject(item, "host", "127.0.0.1");
        cJSON_AddNumberToObject(item, "port", atoi(setup->mqtt_port));
        snprintf(url, sizeof url, "ws://127.0.0.1:%d/mqtt", atoi(setup->websocket_port));
        cJSON_AddStringToObject(cJSON_AddObjectToObject(file, "websocket"), "url", url);
        snprintf(url, sizeof url, "http://127.0.0.1:%d", atoi(setup->http_port));
        cJSON_AddStringToObject(cJSON_AddObjectToObject(file, "http"), "url", url);
        if (reader != NULL) {
                cJSON_DeleteItemFromObjectCaseSensitive(file, "postgres");
                cJSON_AddStringToObject(cJSON_AddObjectToObject(file, "postgres"), "conninfo", reader);
        }
}

/* The first administrator in the file, made where there is none. */
static const cJSON *admin_ensure(const Setup *setup, cJSON *file)
{
        char id[MEMBER_MAX + 1], letters[13], secret[SECRET_LENGTH + 1];
        cJSON *members = json_object(file, "members"), *member;

        if (members == NULL)
                members = cJSON_AddObjectToObject(file, "members");
        cJSON_ArrayForEach(member, members)
                if (json_string(member, "role") != NULL && strcmp(json_string(member, "role"), "admin") == 0 && json_string(member, "secret") != NULL)
                        return member;
        secret_letters(letters, 12);
        snprintf(id, sizeof id, "%s-%s", setup->area, letters);
        secret_generate(secret);
        member = cJSON_AddObjectToObject(members, id);
        cJSON_AddStringToObject(member, "secret", secret);
        cJSON_AddStringToObject(member, "role", "admin");
        cJSON_AddNumberToObject(member, "tier", 0);
        cJSON_AddStringToObject(member, "unit", "");
        return member;
}

static int json_write(const Setup *setup, const char *path, const cJSON *json, mode_t mode)
{
        char *text = cJSON_Print(json);
        bool written = text != NULL && file_replace(path, text, strlen(text), mode);

        free(text);
        return written ? EXIT_DONE : file_fail(setup, path);
}

static int bootstrap_write(const Setup *setup, const cJSON *admin)
{
        _cleanup_json_ cJSON *bootstrap = NULL;
        char path[4200], hash[SECRET_HASH_LENGTH + 1], offset[16];
        int zone = setup->context->zone_minutes;
        cJSON *member;

        path_in_state(setup, "bootstrap.json", path, sizeof path);
        if (file_exists(path))
                return EXIT_DONE;
        bootstrap = cJSON_CreateObject();
        secret_hash(json_string(admin, "secret"), hash);
        snprintf(offset, sizeof offset, "%c%02d:%02d", zone < 0 ? '-' : '+', abs(zone) / 60 % 24, abs(zone) % 60);
        cJSON_AddStringToObject(bootstrap, "area", setup->area);
        cJSON_AddStringToObject(bootstrap, "utc_offset", offset);
        member = cJSON_CreateObject();
        cJSON_AddItemToArray(cJSON_AddArrayToObject(bootstrap, "members"), member);
        cJSON_AddStringToObject(member, "member", admin->string);
        cJSON_AddStringToObject(member, "role", "admin");
        cJSON_AddStringToObject(member, "secret_hash", hash);
        return json_write(setup, path, bootstrap, 0600);
}

static int identities_write(const Setup *setup)
{
        _cleanup_json_ cJSON *file = NULL;
        const cJSON *admin;
        size_t n = 0;
        char *text = file_read(setup->connection_path, CONNECTION_BYTES_MAX, &n);
        int code;

        file = text != NULL ? cJSON_ParseWithLength(text, n) : cJSON_CreateObject();
        free(text);
        if (!cJSON_IsObject(file)) {
                context_complain(setup->context, "%s 不是连接文件,不动它", "%s is no connection file; it stays as it is", setup->connection_path);
                return EXIT_LOCAL;
        }
        addresses_put(setup, file);
        admin = admin_ensure(setup, file);
        code = json_write(setup, setup->connection_path, file, 0600);
        return code == EXIT_DONE ? bootstrap_write(setup, admin) : code;
}

static int configuration_write(const Setup *setup, const char *name)
{
        _cleanup_text_ Text filled = {0};
        const char *templates = option_or(setup->arguments, "templates", POLICEGRID_TEMPLATES);
        const TemplateValue values[] = {
                {"AREA", setup->area}, {"STATE", setup->full_state},
                {"MQTT_PORT", setup->mqtt_port}, {"WEBSOCKET_PORT", setup->websocket_port}, {"HTTP_PORT", setup->http_port},
                {"PLUGIN", option_or(setup->arguments, "plugin", POLICEGRID_PLUGIN)},
                {"PLAYBOOKS", option_or(setup->arguments, "playbooks", POLICEGRID_TEMPLATES "/playbooks")},
                {"DATABASE", option_or(setup->arguments, "database", "host=127.0.0.1 dbname=policegrid user=policegrid_daemon")},
        };
        char from[4200], to[4200], missing[64];
        size_t n;
        char *text;
        bool good;

        path_in_state(setup, name, to, sizeof to);
        if (file_exists(to) && !setup->rewrite)
                return EXIT_DONE;
        snprintf(from, sizeof from, "%s/%s", templates, name);
        text = file_read(from, TEMPLATE_BYTES_MAX, &n);
        if (text == NULL)
                return file_fail(setup, from);
        good = template_fill(text, values, COMMAND_LENGTH(values), &filled, missing);
        free(text);
        if (!good) {
                context_complain(setup->context, "%s:没有 @%s@ 的值", "%s: no value for @%s@", from, missing);
                return EXIT_LOCAL;
        }
        return file_replace(to, text_string(&filled), filled.n, 0600) ? EXIT_DONE : file_fail(setup, to);
}

static bool port_is_valid(const char *text)
{
        char *end;
        long port = strtol(text, &end, 10);

        return end != text && *end == '\0' && port >= 1 && port <= 65535;
}

static int setup_read(Setup *setup, Context *context, const Arguments *arguments)
{
        *setup = (Setup){
                .context = context, .arguments = arguments,
                .state = arguments_value(arguments, "state"), .area = arguments_value(arguments, "area"),
                .mqtt_port = option_or(arguments, "mqtt-port", "1883"), .websocket_port = option_or(arguments, "websocket-port", "8083"),
                .http_port = option_or(arguments, "http-port", "8081"), .rewrite = arguments_has(arguments, "rewrite"),
        };
        if (setup->state == NULL || setup->area == NULL || !area_is_valid(setup->area, strlen(setup->area))) {
                context_complain(context, "要有 --state 文件夹和 --area 区划代码(2–12 位数字)", "--state DIR and --area CODE (2–12 digits) are needed");
                return EXIT_USAGE;
        }
        if (!port_is_valid(setup->mqtt_port) || !port_is_valid(setup->websocket_port) || !port_is_valid(setup->http_port)) {
                context_complain(context, "端口是 1 到 65535", "a port is 1 to 65535");
                return EXIT_USAGE;
        }
        return EXIT_DONE;
}

static int init_run(Context *context, const CommandVerb *verb, const Arguments *arguments)
{
        Setup setup;
        int code = setup_read(&setup, context, arguments);

        (void)verb;
        if (code == EXIT_DONE)
                code = folders_make(&setup);
        if (code == EXIT_DONE) {
                if (context->connection_file != NULL)
                        snprintf(setup.connection_path, sizeof setup.connection_path, "%s", context->connection_file);
                else
                        snprintf(setup.connection_path, sizeof setup.connection_path, "%.4000s/connection.json", setup.full_state);
                code = secret_write(&setup);
        }
        if (code == EXIT_DONE)
                code = identities_write(&setup);
        if (code == EXIT_DONE)
                code = configuration_write(&setup, "policegridd.conf");
        if (code == EXIT_DONE)
                code = configuration_write(&setup, "mosquitto.conf");
        if (code == EXIT_DONE && !context->json)
                printf(language_pick(context->language, "已就绪:%s。管理员的密钥在 %s(只有您能读)\n", "ready: %s. The administrator's secret is in %s (only you can read it)\n"),
                       setup.full_state, setup.connection_path);
        if (code == EXIT_DONE && context->json)
                printf("{\"state\":\"%s\",\"connection\":\"%s\"}\n", setup.full_state, setup.connection_path);
        return code;
}

static const CommandVerb verbs[] = {
        {NULL, "", 0, 0, init_options, COMMAND_LENGTH(init_options), "为一个区域准备密钥、首位管理员和配置文件",
         "make an area's secret, first administrator and configuration files", init_run},
};

const CommandEntry command_init = {"init", "初始化:密钥、首位管理员、配置文件", "prepare: secret, first administrator, configuration", verbs, COMMAND_LENGTH(verbs)};
