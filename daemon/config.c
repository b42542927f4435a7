/*
 * Config. The table is the only place that knows an option: parser, checks, reload and help walk it.
 */
#include "config.h"

#include <errno.h>
#include <ini.h>
#include <stdlib.h>
#include <string.h>

#include "proto/topic.h"

typedef enum OptionType { OPTION_TEXT = 0, OPTION_WHOLE, OPTION_LEVEL, OPTION_AREA } OptionType;
typedef enum OptionReload { RELOAD_RESTART = 0, RELOAD_NOW } OptionReload;

typedef struct Option {
        const char *section, *name;
        OptionType type;
        size_t offset, size;     /* in Config; size of a text field */
        int64_t min, max;        /* of a whole number; for a text, min 1 = required */
        const char *fallback;    /* default, as written in a file; NULL = required */
        OptionReload reload;
        const char *zh, *en;
} Option;

#define TEXT(field) offsetof(Config, field), sizeof((Config *)0)->field
#define WHOLE(field) offsetof(Config, field), 0

static const Option options[] = {
        {"area", "code", OPTION_AREA, TEXT(area), 1, 0, NULL, RELOAD_RESTART,
         "辖区的区划代码，2–12 位数字", "division code of the area, 2 to 12 digits"},
        {"area", "secret_file", OPTION_TEXT, TEXT(secret_file), 1, 0, NULL, RELOAD_RESTART,
         "辖区密钥文件，64 位十六进制，与消息代理共用", "file with the area's secret, 64 hex digits, shared with the broker"},
        {"database", "conninfo", OPTION_TEXT, TEXT(conninfo), 1, 0, NULL, RELOAD_RESTART,
         "PostgreSQL 连接串（角色 policegrid_daemon）", "PostgreSQL connection string (role policegrid_daemon)"},
        {"database", "retry_ms", OPTION_WHOLE, WHOLE(database_retry_ms), 50, 60000, "500", RELOAD_RESTART,
         "重连与抢锁的间隔，毫秒", "between attempts to connect or to get the lock, ms"},
        {"database", "query_timeout_ms", OPTION_WHOLE, WHOLE(query_timeout_ms), 100, 600000, "5000", RELOAD_RESTART,
         "成员查询的时限，毫秒", "bound of a member's query, ms"},
        {"broker", "host", OPTION_TEXT, TEXT(broker_host), 0, 0, "127.0.0.1", RELOAD_RESTART,
         "消息代理的地址", "address of the broker"},
        {"broker", "port", OPTION_WHOLE, WHOLE(broker_port), 1, 65535, "1883", RELOAD_RESTART,
         "消息代理的端口", "port of the broker"},
        {"broker", "socket", OPTION_TEXT, TEXT(broker_socket), 0, 0, "", RELOAD_RESTART,
         "消息代理的 Unix 套接字；给出时不用地址和端口", "the broker's Unix socket; replaces host and port"},
        {"broker", "keepalive_s", OPTION_WHOLE, WHOLE(keepalive_s), 10, 3600, "60", RELOAD_RESTART,
         "MQTT 保活，秒；须长于最长的一次提交", "MQTT keepalive, seconds; longer than the longest commit"},
        {"broker", "receive_maximum", OPTION_WHOLE, WHOLE(receive_maximum), 1, 65535, "1000", RELOAD_RESTART,
         "每个会话在途消息的上限", "messages in flight to each session"},
        {"broker", "retry_ms", OPTION_WHOLE, WHOLE(broker_retry_ms), 50, 60000, "500", RELOAD_RESTART,
         "重连的间隔，毫秒", "between attempts to connect, ms"},
        {"http", "address", OPTION_TEXT, TEXT(http_address), 0, 0, "127.0.0.1", RELOAD_RESTART,
         "健康检查与指标的监听地址", "address of health checks and metrics"},
        {"http", "port", OPTION_WHOLE, WHOLE(http_port), 0, 65535, "0", RELOAD_RESTART,
         "健康检查与指标的端口；0 为不开", "port of health checks and metrics; 0 = none"},
        {"files", "playbooks", OPTION_TEXT, TEXT(playbooks), 0, 0, "", RELOAD_NOW,
         "预案文件夹（*.json），启动与 SIGHUP 时载入", "folder of playbooks (*.json), applied at start and on SIGHUP"},
        {"files", "bootstrap", OPTION_TEXT, TEXT(bootstrap), 0, 0, "", RELOAD_RESTART,
         "首个管理员的文件，辖区为空时用一次", "file with the first administrators, used once while the area is empty"},
        {"files", "state", OPTION_TEXT, TEXT(state), 0, 0, "", RELOAD_RESTART,
         "状态文件夹（处理中消息的记录）；空为不用", "folder for the memory of messages in work; empty = none"},
        {"limits", "burst_messages", OPTION_WHOLE, WHOLE(burst_messages), 1, 4096, "512", RELOAD_RESTART,
         "一批至多读多少条消息", "messages read for one batch"},
        {"limits", "burst_bytes", OPTION_WHOLE, WHOLE(burst_bytes), 65536, 67108864, "4194304", RELOAD_RESTART,
         "一批至多读多少字节", "bytes read for one batch"},
        {"limits", "outcomes", OPTION_WHOLE, WHOLE(outcomes), 100, 10000000, "100000", RELOAD_RESTART,
         "内存里记住多少条消息的结果", "outcomes of messages kept in memory"},
        {"limits", "unit_tasks", OPTION_WHOLE, WHOLE(unit_tasks), 10, 100000, "2000", RELOAD_RESTART,
         "一个单位至多保留多少项任务", "retained tasks of one unit"},
        {"limits", "terminal_keep_s", OPTION_WHOLE, WHOLE(terminal_keep_s), 1, 34560000, "604800", RELOAD_RESTART,
         "办结任务的文档保留多久，秒", "how long documents of ended tasks stay, seconds"},
        {"limits", "drain_ms", OPTION_WHOLE, WHOLE(drain_ms), 1000, 3600000, "300000", RELOAD_NOW,
         "计时之前至多等积压消息多久，毫秒", "how long timers wait for the backlog, ms"},
        {"limits", "status_ms", OPTION_WHOLE, WHOLE(status_ms), 100, 60000, "1000", RELOAD_NOW,
         "单位状态合并发布的间隔，毫秒", "units' lists and counters are published this often, ms"},
        {"limits", "months_ms", OPTION_WHOLE, WHOLE(months_ms), 100, 3600000, "30000", RELOAD_NOW,
         "月度数字至多多久统计一次，毫秒", "figures of months are counted at most this often, ms"},
        {"limits", "clock_departure_s", OPTION_WHOLE, WHOLE(clock_departure_s), 1, 86400, "60", RELOAD_RESTART,
         "时钟偏离多少秒就停止计时", "timers stop when clocks depart by more, seconds"},
        {"retention", "notes_days", OPTION_WHOLE, WHOLE(notes_days), 1, 365, "90", RELOAD_RESTART,
         "自由文字保留多少天", "free text is erased after so many days"},
        {"retention", "contact_days", OPTION_WHOLE, WHOLE(contact_days), 1, 90, "30", RELOAD_RESTART,
         "联系方式至多保留多少天（办结即清除）", "a contact is erased when its work ends, at the latest after so many days"},
        {"retention", "quarantine_days", OPTION_WHOLE, WHOLE(quarantine_days), 1, 365, "90", RELOAD_RESTART,
         "被隔离消息的内容保留多少天", "contents of quarantined messages are erased after so many days"},
        {"retention", "device_days", OPTION_WHOLE, WHOLE(device_days), 31, 3650, "400", RELOAD_RESTART,
         "设备经过保留多少天", "history of devices is deleted after so many days"},
        {"retention", "audit_days", OPTION_WHOLE, WHOLE(audit_days), 183, 36500, "1095", RELOAD_RESTART,
         "事实日志与查阅记录保留多少天，至少六个月", "the log and the grants are deleted after so many days; at least six months"},
        {"log", "level", OPTION_LEVEL, WHOLE(log_level), 0, 0, "info", RELOAD_NOW,
         "日志级别：error、warning、info、debug", "error, warning, info or debug"},
};
#define N_OPTIONS (sizeof options / sizeof options[0])

static bool option_set(const Option *option, Config *config, const char *value, char *why, size_t n_why) {
        void *field = (char *)config + option->offset;
        char *end;

        switch (option->type) {
        case OPTION_AREA:
                if (!area_is_valid(value, strlen(value))) {
                        snprintf(why, n_why, "%s.%s: not 2 to 12 digits", option->section, option->name);
                        return false;
                }
                /* fall through */
        case OPTION_TEXT:
                if (strlen(value) >= option->size || (option->min > 0 && !*value)) {
                        snprintf(why, n_why, "%s.%s: %s", option->section, option->name, *value ? "too long" : "empty");
                        return false;
                }
                memcpy(field, value, strlen(value) + 1);
                return true;
        case OPTION_LEVEL:
                if (log_level_parse(value, field))
                        return true;
                snprintf(why, n_why, "%s.%s: not error, warning, info or debug", option->section, option->name);
                return false;
        case OPTION_WHOLE:
                errno = 0;
                int64_t number = strtoll(value, &end, 10);

                if (*value && !*end && errno == 0 && number >= option->min && number <= option->max) {
                        *(int64_t *)field = number;
                        return true;
                }
                snprintf(why, n_why, "%s.%s: not a whole number from %lld to %lld", option->section, option->name,
                         (long long)option->min, (long long)option->max);
                return false;
        }
        return false;
}

typedef struct Parse {
        Config *config;
        bool given[N_OPTIONS];
        char *why;
        size_t n_why;
} Parse;

static int on_option(void *userdata, const char *section, const char *name, const char *value) {
        Parse *parse = userdata;

        if (parse->why[0])
                return 0; /* the first mistake is the one that is told */
        for (size_t i = 0; i < N_OPTIONS; i++) {
                if (strcmp(options[i].section, section) != 0 || strcmp(options[i].name, name) != 0)
                        continue;
                if (parse->given[i]) {
                        snprintf(parse->why, parse->n_why, "%s.%s: given twice", section, name);
                        return 0;
                }
                parse->given[i] = true;
                return option_set(&options[i], parse->config, value, parse->why, parse->n_why);
        }
        snprintf(parse->why, parse->n_why, "%s.%s: no such option", section, name);
        return 0;
}

static bool config_finish(Parse *parse, int line, const char *name, char *ret_why, size_t n_why) {
        char why[256];

        if (line < 0) {
                snprintf(ret_why, n_why, "%s: cannot be read: %s", name, strerror(errno));
                return false;
        }
        if (line > 0) {
                snprintf(ret_why, n_why, "%s:%d: %s", name, line, parse->why[0] ? parse->why : "not `name = value`");
                return false;
        }
        for (size_t i = 0; i < N_OPTIONS; i++)
                if (!parse->given[i] && !options[i].fallback) {
                        snprintf(ret_why, n_why, "%s: %s.%s is missing", name, options[i].section, options[i].name);
                        return false;
                }
        if (parse->config->http_port != 0 && strcmp(parse->config->http_address, "127.0.0.1") != 0 &&
            strcmp(parse->config->http_address, "::1") != 0) {
                snprintf(why, sizeof why, "%s: http.address: only 127.0.0.1 or ::1", name);
                snprintf(ret_why, n_why, "%s", why);
                return false;
        }
        return true;
}

static void config_start(Config *config) {
        char why[256];

        memset(config, 0, sizeof *config);
        for (size_t i = 0; i < N_OPTIONS; i++)
                if (options[i].fallback && !option_set(&options[i], config, options[i].fallback, why, sizeof why))
                        abort(); /* the table contradicts itself */
}

bool config_read(const char *path, Config *ret, char *ret_why, size_t n_why) {
        char why[256] = "";
        Parse parse = {.config = ret, .why = why, .n_why = sizeof why};

        config_start(ret);
        return config_finish(&parse, ini_parse(path, on_option, &parse), path, ret_why, n_why);
}

bool config_parse(const char *text, const char *name, Config *ret, char *ret_why, size_t n_why) {
        char why[256] = "";
        Parse parse = {.config = ret, .why = why, .n_why = sizeof why};

        config_start(ret);
        return config_finish(&parse, ini_parse_string(text, on_option, &parse), name, ret_why, n_why);
}

static bool option_differs(const Option *option, const Config *one, const Config *other) {
        const char *a = (const char *)one + option->offset, *b = (const char *)other + option->offset;

        switch (option->type) {
        case OPTION_WHOLE: return *(const int64_t *)a != *(const int64_t *)b;
        case OPTION_LEVEL: return *(const LogLevel *)a != *(const LogLevel *)b;
        default: return strcmp(a, b) != 0;
        }
}

void config_reload(Config *config, const Config *fresh, char *ret_restart, size_t n_restart) {
        size_t n = 0;

        ret_restart[0] = 0;
        for (size_t i = 0; i < N_OPTIONS; i++) {
                const Option *option = &options[i];

                if (!option_differs(option, config, fresh))
                        continue;
                if (option->reload == RELOAD_NOW) {
                        size_t size = option->type == OPTION_WHOLE ? sizeof(int64_t) : option->type == OPTION_LEVEL ? sizeof(LogLevel) : option->size;

                        memcpy((char *)config + option->offset, (const char *)fresh + option->offset, size);
                } else if (n < n_restart) {
                        n += (size_t)snprintf(ret_restart + n, n_restart - n, "%s%s.%s", n ? " " : "", option->section, option->name);
                }
        }
}

void config_print(FILE *file, bool chinese) {
        const char *section = "";

        for (size_t i = 0; i < N_OPTIONS; i++) {
                const Option *option = &options[i];

                if (strcmp(section, option->section) != 0)
                        fprintf(file, "%s[%s]\n", *section ? "\n" : "", option->section);
                section = option->section;
                fprintf(file, "; %s", chinese ? option->zh : option->en);
                if (option->type == OPTION_WHOLE)
                        fprintf(file, " (%lld–%lld)", (long long)option->min, (long long)option->max);
                if (option->reload == RELOAD_NOW)
                        fprintf(file, chinese ? "；重载即生效" : "; reload takes effect");
                fprintf(file, "\n%s%s = %s\n", option->fallback ? ";" : "", option->name, option->fallback ? option->fallback : "…");
        }
}
