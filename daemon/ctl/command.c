#include "ctl/command.h"

#include <assert.h>
#include <string.h>

#include "ctl/globals.h"
#include "ctl/table.h"

#define VERB_OPTIONS_MAX 32

static const CommandEntry *const commands[] = {
        &command_init, &command_organisation, &command_member, &command_enrol, &command_warn, &command_cap, &command_task,
        &command_escalations, &command_duty, &command_roster, &command_figures, &command_sheet, &command_device, &command_points,
        &command_watch, &command_quarantine, &command_playbook, &command_catalogue, &command_clock,
};

const CommandEntry *command_find(const char *name)
{
        for (size_t i = 0; i < COMMAND_LENGTH(commands); i++)
                if (strcmp(commands[i]->name, name) == 0)
                        return commands[i];
        return NULL;
}

const CommandVerb *command_verb_find(const CommandEntry *entry, const char *name)
{
        if (entry->verbs[0].name == NULL)
                return &entry->verbs[0];
        for (size_t i = 0; name != NULL && i < entry->n_verbs; i++)
                if (strcmp(entry->verbs[i].name, name) == 0)
                        return &entry->verbs[i];
        return NULL;
}

static void padded_print(FILE *stream, const char *text, size_t width)
{
        size_t own = text_width(text);

        fprintf(stream, "%s%*s", text, own < width ? (int)(width - own) : 0, "");
}

static void verb_help(Language language, const CommandEntry *entry, const CommandVerb *verb, FILE *stream)
{
        fprintf(stream, "  policegridctl %s%s%s%s%s%s\n      %s\n", entry->name, verb->name != NULL ? " " : "", verb->name != NULL ? verb->name : "",
                verb->operands[0] != '\0' ? " " : "", verb->operands, verb->n_options > 0 ? language_pick(language, " [选项]", " [options]") : "",
                language_pick(language, verb->help_zh, verb->help_en));
        for (size_t i = 0; i < verb->n_options; i++) {
                const OptionSpec *option = &verb->options[i];
                char left[96];

                snprintf(left, sizeof left, "        --%s%s%s%s", option->name, option->value != NULL ? " " : "", option->value != NULL ? option->value : "",
                         option->repeats ? " …" : "");
                padded_print(stream, left, 34);
                fprintf(stream, " %s\n", language_pick(language, option->help_zh, option->help_en));
        }
}

void command_help(Language language, const CommandEntry *entry, const CommandVerb *verb, FILE *stream)
{
        fprintf(stream, "%s\n\n", language_pick(language, entry->help_zh, entry->help_en));
        for (size_t i = 0; i < entry->n_verbs; i++)
                if (verb == NULL || verb == &entry->verbs[i])
                        verb_help(language, entry, &entry->verbs[i], stream);
}

static void verb_names_print(FILE *stream, const CommandEntry *entry)
{
        for (size_t i = 0; i < entry->n_verbs && entry->verbs[i].name != NULL; i++)
                fprintf(stream, "%s%s", i == 0 ? "" : "|", entry->verbs[i].name);
}

void command_help_all(Language language, FILE *stream)
{
        fputs(language_pick(language,
                "policegridctl:一个镇的警网工具\n\n用法: policegridctl [全局选项] 命令 [动作] [选项] …\n\n命令(policegridctl 命令 --help 看详情):\n",
                "policegridctl: the tool of a town's police grid\n\nUsage: policegridctl [global options] COMMAND [VERB] [options] …\n\nCommands (details: policegridctl COMMAND --help):\n"), stream);
        for (size_t i = 0; i < COMMAND_LENGTH(commands); i++) {
                fputs("  ", stream);
                padded_print(stream, commands[i]->name, 14);
                fprintf(stream, "%s\n", language_pick(language, commands[i]->help_zh, commands[i]->help_en));
                if (commands[i]->n_verbs > 1 && commands[i]->n_verbs < 10) {
                        fputs("                  ", stream);
                        verb_names_print(stream, commands[i]);
                        fputc('\n', stream);
                }
        }
        fputs(language_pick(language,
                "\n全局选项(写在命令前后均可):\n"
                "  --connection FILE  连接文件 connection.json(也可写 --config;或环境变量 POLICEGRID_CONNECTION)\n"
                "  --as WHO           以谁的身份:成员号、角色、或 角色@单位(如 officer@room-1)\n"
                "  --json             输出 JSON,每行一个\n"
                "  --lang zh|en       语言\n"
                "  --zone +08:00      读写时间所用的时区\n"
                "  --timeout SECONDS  等待回执的秒数(60)\n"
                "\n退出码: 0 已受理 · 1 未受理 · 2 用法错误 · 3 连不上 · 4 超时无回执(可用同一消息重发) · 5 本地文件问题\n",
                "\nGlobal options (before the command or behind it):\n"
                "  --connection FILE  connection.json (--config means the same; or the environment's POLICEGRID_CONNECTION)\n"
                "  --as WHO           speak as: a member's id, a role, or role@unit (officer@room-1)\n"
                "  --json             print JSON, one a line\n"
                "  --lang zh|en       language\n"
                "  --zone +08:00      the zone that times are read and shown in\n"
                "  --timeout SECONDS  how long to wait for a receipt (60)\n"
                "\nExit codes: 0 accepted · 1 rejected · 2 wrong usage · 3 no connection · 4 no receipt in time (the same may be sent again) · 5 a local file\n"), stream);
}

/* How the verb is used; of a command without one, only what verbs there are. */
static int usage_fail(const Context *context, const CommandEntry *entry, const CommandVerb *verb)
{
        if (verb != NULL) {
                fputs(language_pick(context->language, "用法:\n", "Usage:\n"), stderr);
                verb_help(context->language, entry, verb, stderr);
                return EXIT_USAGE;
        }
        fprintf(stderr, "%spolicegridctl %s ", language_pick(context->language, "用法: ", "Usage: "), entry->name);
        verb_names_print(stderr, entry);
        fputs(language_pick(context->language, " …(--help 看详情)\n", " … (--help says more)\n"), stderr);
        return EXIT_USAGE;
}

static bool help_is_asked(int argc, char *const *argv)
{
        for (int i = 0; i < argc && strcmp(argv[i], "--") != 0; i++)
                if (strcmp(argv[i], "--help") == 0)
                        return true;
        return false;
}

/* Help is given whatever else stands on the line, in the language that it names. */
static void help_print(const Context *context, const CommandEntry *entry, int argc, char *const *argv)
{
        Language language = context->language;

        for (int i = 0; i < argc; i++) {
                if (strcmp(argv[i], "--lang") == 0 && i + 1 < argc)
                        (void)language_parse(argv[i + 1], &language);
                else if (strncmp(argv[i], "--lang=", 7) == 0)
                        (void)language_parse(argv[i] + 7, &language);
        }
        command_help(language, entry, command_verb_find(entry, argc > 0 ? argv[0] : NULL), stdout);
}

static int verb_run(Context *context, const CommandEntry *entry, const CommandVerb *verb, int argc, char *const *argv)
{
        OptionSpec options[VERB_OPTIONS_MAX + GLOBALS_COUNT];
        Arguments arguments;
        const char *culprit;
        int used;
        ArgumentsOutcome outcome;

        assert(verb->n_options <= VERB_OPTIONS_MAX);
        if (verb->n_options > 0)
                memcpy(options, verb->options, verb->n_options * sizeof options[0]);
        memcpy(options + verb->n_options, global_options, sizeof global_options);
        outcome = arguments_parse(options, verb->n_options + GLOBALS_COUNT, argc, argv, false, &arguments, &used, &culprit);
        if (outcome != ARGUMENTS_OK) {
                context_complain(context, "%s:%s", "%s: %s", culprit, arguments_outcome_text(outcome, context->language == LANGUAGE_ZH));
                return usage_fail(context, entry, verb);
        }
        if (arguments.n_positional < verb->n_operands_min || arguments.n_positional > verb->n_operands_max) {
                context_complain(context, "操作数应为:%s", "operands wanted: %s", verb->operands[0] != '\0' ? verb->operands : "-");
                return usage_fail(context, entry, verb);
        }
        if (globals_apply(context, &arguments) != EXIT_DONE)
                return EXIT_USAGE;
        return verb->run(context, verb, &arguments);
}

int command_run(Context *context, int argc, char *const *argv)
{
        const CommandEntry *entry = argc > 0 ? command_find(argv[0]) : NULL;
        const CommandVerb *verb;
        int skip;

        if (entry == NULL) {
                if (argc > 0)
                        context_complain(context, "没有命令 %s", "no command %s", argv[0]);
                command_help_all(context->language, stderr);
                return EXIT_USAGE;
        }
        if (help_is_asked(argc - 1, argv + 1)) {
                help_print(context, entry, argc - 1, argv + 1);
                return EXIT_DONE;
        }
        verb = command_verb_find(entry, argc > 1 ? argv[1] : NULL);
        if (verb == NULL) {
                if (argc > 1)
                        context_complain(context, "%s 没有动作 %s", "%s has no verb %s", entry->name, argv[1]);
                return usage_fail(context, entry, NULL);
        }
        skip = verb->name != NULL ? 2 : 1;
        return verb_run(context, entry, verb, argc - skip, argv + skip);
}
