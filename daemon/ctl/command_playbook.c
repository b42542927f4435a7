/*
 * playbook: mechanisms as data. `check` reads them with the engine's own parser, offline; `apply` sends one to the town.
 */
#include "ctl/command.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/exchange.h"
#include "ctl/file.h"
#include "ctl/playbook_tools.h"
#include "engine/playbook/playbook.h"
#include "proto/json.h"

#define PLAYBOOK_BYTES_MAX ((size_t)1 << 20)

static void check_tell(const Context *context, const char *path, const char *fault, const Playbook *playbook)
{
        if (context->json) {
                cJSON *line = cJSON_CreateObject();
                char *text;

                cJSON_AddStringToObject(line, "file", path);
                cJSON_AddBoolToObject(line, "good", fault == NULL);
                json_add_string(line, "fault", fault);
                if (playbook != NULL) {
                        cJSON_AddStringToObject(line, "playbook", playbook_name(playbook));
                        cJSON_AddNumberToObject(line, "version", (double)playbook_version(playbook));
                        cJSON_AddStringToObject(line, "hash", playbook_hash(playbook));
                }
                text = cJSON_PrintUnformatted(line);
                puts(text != NULL ? text : "null");
                free(text);
                cJSON_Delete(line);
        } else if (fault != NULL)
                printf("✗ %s: %s\n", path, fault);
        else
                printf("✓ %s: %s %lld\n", path, playbook_name(playbook), (long long)playbook_version(playbook));
}

/* Check one file and, for overlaps, against those before it. */
static bool file_check(const Context *context, PlaybookSet *set, const char *path)
{
        char detail[512] = "";
        size_t n;
        char *text = file_read(path, PLAYBOOK_BYTES_MAX, &n);
        Playbook *playbook;

        if (text == NULL) {
                check_tell(context, path, strerror(errno), NULL);
                return false;
        }
        playbook = playbook_new(text, n, detail, sizeof detail);
        free(text);
        if (playbook == NULL) {
                check_tell(context, path, detail, NULL);
                return false;
        }
        if (playbook_set_add(set, playbook, true, detail, sizeof detail) != CODE_NONE) {
                check_tell(context, path, detail, playbook);
                playbook_free(playbook);
                return false;
        }
        check_tell(context, path, NULL, playbook);
        return true;
}

static int playbook_check(Context *context, const CommandVerb *verb, const Arguments *arguments)
{
        PlaybookSet *set = playbook_set_new();
        bool good = true;

        (void)verb;
        for (size_t i = 0; arguments_positional(arguments, i) != NULL; i++)
                good &= file_check(context, set, arguments_positional(arguments, i));
        playbook_set_free(set);
        return good ? EXIT_DONE : EXIT_LOCAL;
}

static int playbook_apply(Context *context, const CommandVerb *verb, const Arguments *arguments)
{
        const char *path = arguments_positional(arguments, 0);
        char detail[512] = "";
        Playbook *playbook;
        size_t n;
        char *text = file_read(path, PLAYBOOK_BYTES_MAX, &n);
        cJSON *body;

        (void)verb;
        if (text == NULL) {
                context_complain(context, "读不了 %s:%s", "cannot read %s: %s", path, strerror(errno));
                return EXIT_LOCAL;
        }
        playbook = playbook_new(text, n, detail, sizeof detail);
        if (playbook == NULL) {
                context_complain(context, "%s:%s", "%s: %s", path, detail);
                free(text);
                return EXIT_LOCAL;
        }
        playbook_free(playbook);
        body = cJSON_CreateObject();
        cJSON_AddStringToObject(body, "text", text);
        free(text);
        return exchange_administer(context, "admin/playbook-apply", body);
}

static int playbook_list(Context *context, const CommandVerb *verb, const Arguments *arguments)
{
        (void)verb, (void)arguments;
        return exchange_show(context, "playbooks");
}

static const OptionSpec replay_options[] = {
        {"since", "DURATION", false, "回放多久以来的情况(P30D)", "how far back (P30D)"},
};

static const CommandVerb verbs[] = {
        {"check", "FILE…", 1, ARGUMENTS_MAX, NULL, 0, "检查预案(不联网;一起给出的文件也检查有无重叠)", "check playbooks (offline; files given together are checked for overlap too)", playbook_check},
        {"test", "FILE…", 1, ARGUMENTS_MAX, NULL, 0, "逐步显示预案自带的走查(不联网)", "show a playbook's own walks step by step (offline)", playbook_test},
        {"replay", "FILE", 1, 1, replay_options, COMMAND_LENGTH(replay_options), "改后的预案放到过去会怎样:按单位列出任务与上报(不改动任何数据)",
         "what a changed playbook would have made of the past: tasks and escalations by unit (changes nothing)", playbook_replay},
        {"apply", "FILE", 1, 1, NULL, 0, "采用一份预案(版本须更新)", "apply a playbook (its version must be newer)", playbook_apply},
        {"list", "", 0, 0, NULL, 0, "列出现行预案", "list those in force", playbook_list},
};

const CommandEntry command_playbook = {"playbook", "预案:检查、走查、回放、采用、列表", "playbooks: check, test, replay, apply, list", verbs, COMMAND_LENGTH(verbs)};
