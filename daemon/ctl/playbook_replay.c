/*
 * playbook replay: asks the town for its organisation, the playbooks in force and, day by day, what happened; plays the changed playbook
 * on it with the engine's own code, and shows by unit what was and what would have been. Nothing is changed anywhere.
 */
#include "ctl/playbook_tools.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/exchange.h"
#include "ctl/file.h"
#include "ctl/table.h"
#include "ctl/when.h"
#include "engine/playbook/replay.h"
#include "proto/json.h"
#include "proto/timestamp.h"

#define PLAYBOOK_BYTES_MAX ((size_t)1 << 20)
#define DAY_MS ((int64_t)24 * 60 * 60 * 1000)
#define DAYS_MAX 400
#define TRIGGERS_A_DAY 500

typedef struct Past {
        Organisation *organisation;
        PlaybookSet *set;
        Playbook *changed;       /* owned by the set once it is in it */
        bool taken;
} Past;

static void past_deinit(Past *past)
{
        playbook_set_free(past->set);
        if (!past->taken)
                playbook_free(past->changed);
        organisation_free(past->organisation);
}

static int changed_read(const Context *context, const char *path, Past *past)
{
        char detail[512] = "";
        size_t n;
        char *text = file_read(path, PLAYBOOK_BYTES_MAX, &n);

        if (text == NULL) {
                context_complain(context, "读不了 %s:%s", "cannot read %s: %s", path, strerror(errno));
                return EXIT_LOCAL;
        }
        past->changed = playbook_new(text, n, detail, sizeof detail);
        free(text);
        if (past->changed == NULL)
                context_complain(context, "%s:%s", "%s: %s", path, detail);
        else if (playbook_adds(past->changed))
                context_complain(context, "%s 只作补充(adds),不产生任务", "%s only adds: it makes no tasks", path);
        return past->changed == NULL || playbook_adds(past->changed) ? EXIT_LOCAL : EXIT_DONE;
}

static int organisation_ask(Context *context, Past *past)
{
        char detail[512] = "";
        cJSON *data;
        int code = exchange_query(context, "organisation", NULL, &data);

        if (code != EXIT_DONE)
                return code;
        const cJSON *body = json_object(data, "organisation");
        Organisation *empty = organisation_new(json_string(body, "area") != NULL ? json_string(body, "area") : "", 0);

        past->organisation = organisation_apply_file(empty, body, 1, 0, detail, sizeof detail);
        organisation_free(empty);
        cJSON_Delete(data);
        if (past->organisation == NULL)
                context_complain(context, "组织文件:%s", "organisation: %s", detail);
        return past->organisation != NULL ? EXIT_DONE : EXIT_LOCAL;
}

/* Those in force, but for the one that the changed playbook replaces; then the changed one, which must not overlap. */
static int playbooks_ask(Context *context, Past *past)
{
        char detail[512] = "";
        cJSON *data;
        const cJSON *item;
        int code = exchange_query(context, "playbook_texts", NULL, &data);

        if (code != EXIT_DONE)
                return code;
        past->set = playbook_set_new();
        cJSON_ArrayForEach(item, reply_list(data, "playbooks")) {
                const char *text = json_string(item, "text"), *name = json_string(item, "name");
                Playbook *playbook = name != NULL && strcmp(name, playbook_name(past->changed)) != 0 ? playbook_new(text, strlen(text), detail, sizeof detail) : NULL;

                if (playbook != NULL && playbook_set_add(past->set, playbook, true, detail, sizeof detail) != CODE_NONE)
                        playbook_free(playbook);
        }
        cJSON_Delete(data);
        if (!playbook_fits(past->changed, past->organisation, detail, sizeof detail) ||
            playbook_set_add(past->set, past->changed, true, detail, sizeof detail) != CODE_NONE) {
                context_complain(context, "不能采用:%s", "could not be applied: %s", detail);
                return EXIT_LOCAL;
        }
        past->taken = true;
        return EXIT_DONE;
}

/* One day's triggers. */
static int day_ask(Context *context, Replay *replay, int64_t from_ms, int64_t until_ms, bool *ret_truncated)
{
        char from[TIMESTAMP_TEXT_MAX], until[TIMESTAMP_TEXT_MAX];
        cJSON *body = cJSON_CreateObject(), *data;
        const cJSON *trigger;

        timestamp_format(from_ms, 0, from);
        timestamp_format(until_ms, 0, until);
        cJSON_AddStringToObject(body, "from", from);
        cJSON_AddStringToObject(body, "until", until);
        cJSON_AddNumberToObject(body, "limit", TRIGGERS_A_DAY);
        int code = exchange_query(context, "triggers", body, &data);

        if (code != EXIT_DONE)
                return code;
        cJSON_ArrayForEach(trigger, reply_list(data, "triggers"))
                (void)replay_take(replay, trigger);
        *ret_truncated |= json_bool(data, "truncated", false);
        cJSON_Delete(data);
        return EXIT_DONE;
}

static void units_print(const Context *context, const Replay *replay)
{
        static const char *const zh[] = {"单位", "原任务", "将有任务", "原上报", "将有上报", "未知"};
        static const char *const en[] = {"unit", "tasks", "would be", "escalations", "would be", "unknown"};
        TextTable *table = text_table_new(6, context->language == LANGUAGE_ZH ? zh : en);
        size_t cursor = 0;

        for (const ReplayUnit *unit; (unit = replay_next(replay, &cursor)) != NULL;) {
                const int64_t numbers[] = {unit->tasks_was, unit->tasks_would, unit->escalations_was, unit->escalations_would, unit->unknown};
                char texts[5][24];
                const char *cells[6] = {unit->unit->id};

                for (size_t i = 0; i < 5; i++) {
                        snprintf(texts[i], sizeof texts[i], "%lld", (long long)numbers[i]);
                        cells[i + 1] = texts[i];
                }
                text_table_add(table, cells);
        }
        text_table_print(table);
}

static void units_print_json(const Replay *replay)
{
        size_t cursor = 0;

        for (const ReplayUnit *unit; (unit = replay_next(replay, &cursor)) != NULL;)
                printf("{\"unit\":\"%s\",\"tasks_was\":%lld,\"tasks_would\":%lld,\"escalations_was\":%lld,\"escalations_would\":%lld,\"unknown\":%lld}\n",
                       unit->unit->id, (long long)unit->tasks_was, (long long)unit->tasks_would, (long long)unit->escalations_was,
                       (long long)unit->escalations_would, (long long)unit->unknown);
}

static int past_play(Context *context, const Past *past, int64_t since_ms)
{
        int64_t now_ms = context_now_ms();
        Replay *replay = replay_new(past->organisation, past->set, past->changed, now_ms);
        bool truncated = false;
        int code = EXIT_DONE;

        for (int64_t from = since_ms; code == EXIT_DONE && from < now_ms; from += DAY_MS)
                code = day_ask(context, replay, from, from + DAY_MS, &truncated);
        if (code == EXIT_DONE && context->json)
                units_print_json(replay);
        else if (code == EXIT_DONE) {
                printf(language_pick(context->language, "启动过 %zu 次,改后将启动 %zu 次\n", "started %zu times, would have started %zu times\n"),
                       replay_started(replay), replay_would_start(replay));
                units_print(context, replay);
        }
        if (truncated)
                context_complain(context, "有的日子超过 %d 件,只计了前面的", "some days had more than %d triggers: only the first ones are counted", TRIGGERS_A_DAY);
        replay_free(replay);
        return code;
}

int playbook_replay(Context *context, const CommandVerb *verb, const Arguments *arguments)
{
        const char *since = arguments_value(arguments, "since");
        int64_t length_ms = 30 * DAY_MS;
        Past past = {0};
        int code;

        (void)verb;
        if (since != NULL && (!duration_parse(since, strlen(since), &length_ms) || length_ms <= 0 || length_ms > DAYS_MAX * DAY_MS)) {
                context_complain(context, "--since 应为时长,如 P30D,至多 P%dD", "--since wants a duration like P30D, at most P%dD", DAYS_MAX);
                return EXIT_USAGE;
        }
        code = changed_read(context, arguments_positional(arguments, 0), &past);
        if (code == EXIT_DONE)
                code = context_connect(context, ROLE_COMMANDER, NULL, 0);
        if (code == EXIT_DONE)
                code = organisation_ask(context, &past);
        if (code == EXIT_DONE)
                code = playbooks_ask(context, &past);
        if (code == EXIT_DONE)
                code = past_play(context, &past, context_now_ms() - length_ms);
        past_deinit(&past);
        return code;
}
