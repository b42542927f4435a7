/*
 * policegridd: arguments and exit codes. Everything else is daemon.c's.
 */
#include <getopt.h>
#include <locale.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "config.h"
#include "daemon.h"
#include "log.h"
#include "store/store.h"

typedef struct Arguments {
        const char *config;   /* --config */
        const char *owner;    /* --owner */
        bool migrate, check, help, version;
} Arguments;

static bool speaks_chinese(void) {
        static const char *const names[] = {"LC_ALL", "LC_MESSAGES", "LANG"};

        for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
                const char *value = getenv(names[i]);

                if (value && *value)
                        return strncmp(value, "zh", 2) == 0;
        }
        return false;
}

static void print_usage(FILE *file, bool chinese) {
        if (chinese)
                fputs("用法：\n"
                      "  policegridd --config 文件                         运行\n"
                      "  policegridd --config 文件 --check-config          只检查配置\n"
                      "  policegridd [--config 文件] --migrate --owner 连接串  以属主身份升级数据库结构\n"
                      "  policegridd --version | --help\n\n"
                      "信号：SIGTERM 完成手头一批后退出；SIGHUP 重读配置与预案，并确认时钟。\n"
                      "退出码：0 正常；1 用法；2 配置或其文件；3 端口；4 数据库（不可重试）；5 升级失败；6 程序缺陷。\n\n",
                      file);
        else
                fputs("Usage:\n"
                      "  policegridd --config FILE                         run\n"
                      "  policegridd --config FILE --check-config          check the configuration only\n"
                      "  policegridd [--config FILE] --migrate --owner CONNINFO  bring the database's schema up to date, as its owner\n"
                      "  policegridd --version | --help\n\n"
                      "Signals: SIGTERM finishes the batch in work and ends; SIGHUP reads configuration and playbooks again and confirms\n"
                      "the clock.\n"
                      "Exit codes: 0 fine; 1 usage; 2 configuration or a file it names; 3 port; 4 database, nothing to retry; 5 migration\n"
                      "failed; 6 our own fault.\n\n",
                      file);
        fputs(chinese ? "配置文件（INI）的全部选项：\n\n" : "Options of the configuration file (INI):\n\n", file);
        config_print(file, chinese);
}

static bool arguments_parse(int argc, char **argv, Arguments *ret) {
        static const struct option options[] = {{"config", required_argument, NULL, 'c'}, {"owner", required_argument, NULL, 'o'},
                                                {"migrate", no_argument, NULL, 'm'},      {"check-config", no_argument, NULL, 'k'},
                                                {"help", no_argument, NULL, 'h'},         {"version", no_argument, NULL, 'v'},
                                                {0}};
        int option;

        *ret = (Arguments){0};
        while ((option = getopt_long(argc, argv, "c:h", options, NULL)) >= 0) {
                switch (option) {
                case 'c': ret->config = optarg; break;
                case 'o': ret->owner = optarg; break;
                case 'm': ret->migrate = true; break;
                case 'k': ret->check = true; break;
                case 'h': ret->help = true; break;
                case 'v': ret->version = true; break;
                default: return false;
                }
        }
        if (optind != argc)
                return false;
        return ret->help || ret->version || (ret->migrate ? ret->owner != NULL : ret->config != NULL);
}

static int run_migrate(const Arguments *arguments, const Config *config) {
        switch (store_migrate(arguments->owner, arguments->config ? config->area : NULL)) {
        case 0: return EXIT_CODE_OK;
        case MIGRATE_E_NEWER: return EXIT_CODE_DATABASE;
        default: return EXIT_CODE_MIGRATE;
        }
}

/* Under journald, stderr is its stream: JOURNAL_STREAM names it by device and inode (systemd.exec(5)). */
static bool stderr_is_journal(void) {
        const char *stream = getenv("JOURNAL_STREAM");
        unsigned long long device, inode;
        struct stat status;

        return stream && sscanf(stream, "%llu:%llu", &device, &inode) == 2 && fstat(2, &status) == 0 && status.st_dev == device &&
               status.st_ino == inode;
}

int main(int argc, char **argv) {
        Arguments arguments;
        Config config;
        char why[512];
        bool chinese = speaks_chinese();

        setlocale(LC_CTYPE, "C.UTF-8");
        signal(SIGPIPE, SIG_IGN);
        log_set_output(2, stderr_is_journal());
        if (!arguments_parse(argc, argv, &arguments)) {
                print_usage(stderr, chinese);
                return EXIT_CODE_USAGE;
        }
        if (arguments.help) {
                print_usage(stdout, chinese);
                return EXIT_CODE_OK;
        }
        if (arguments.version) {
                printf("policegridd %s (schema %u)\n", POLICEGRID_VERSION, store_schema_version());
                return EXIT_CODE_OK;
        }
        if (sodium_init() < 0) {
                fputs("policegridd: no random numbers\n", stderr);
                return EXIT_CODE_LEAK;
        }
        if (arguments.config && !config_read(arguments.config, &config, why, sizeof why)) {
                fprintf(stderr, "policegridd: %s\n", why);
                return EXIT_CODE_CONFIG;
        }
        if (arguments.migrate)
                return run_migrate(&arguments, &config);
        if (arguments.check) {
                puts(chinese ? "配置无误" : "configuration is fine");
                return EXIT_CODE_OK;
        }
        log_set_level(config.log_level);
        return daemon_run(&config, arguments.config);
}
