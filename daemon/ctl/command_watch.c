/*
 * watch: the town as it happens. On a terminal a screen that is drawn anew once a second; into a pipe, or with --json, one line a
 * change.
 */
#include "ctl/command.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "ctl/exchange.h"
#include "ctl/units.h"
#include "ctl/view.h"
#include "proto/json.h"
#include "proto/topic.h"

static const OptionSpec options[] = {
        {"seconds", "N", false, "看这么久就结束(默认一直看,Ctrl-C 结束)", "end after so long (by default Ctrl-C ends it)"},
};

static volatile sig_atomic_t stopped;

static void on_signal(int number)
{
        (void)number;
        stopped = 1;
}

typedef struct Watch {
        Context *context;
        View *view;
        bool draws; /* a screen, not lines */
} Watch;

static void on_document(void *userdata, const char *topic, const void *payload, size_t n_payload, bool retained)
{
        Watch *watch = userdata;
        _cleanup_text_ Text line = TEXT_INIT(4096);

        if (watch->context->json) {
                printf("{\"topic\":\"%s\",\"retained\":%s,\"payload\":%.*s}\n", topic, retained ? "true" : "false", n_payload > 0 ? (int)n_payload : 4,
                       n_payload > 0 ? (const char *)payload : "null");
                return;
        }
        view_take(watch->view, topic, payload, n_payload, retained, &line);
        if (!watch->draws && line.n > 0)
                puts(text_string(&line));
}

static void screen_draw(const Watch *watch)
{
        _cleanup_text_ Text screen = {0};
        struct winsize size = {.ws_row = 40};

        (void)ioctl(STDOUT_FILENO, TIOCGWINSZ, &size);
        view_write(watch->view, size.ws_row > 12 ? (size_t)size.ws_row * 2 / 3 : 10, &screen);
        printf("\033[H\033[2J%s", text_string(&screen)); /* cursor home, clear */
        fflush(stdout);
}

static const char *const tails[] = {"task/+/+", "escalation/+/+", "notice/+", "status"};
#define TAILS COMMAND_LENGTH(tails)

/* The whole area in four filters, where the member sits at its root. */
static int area_subscribe(Context *context)
{
        char filters[TAILS][TOPIC_MAX + 1];
        const char *wanted[TAILS];

        for (size_t i = 0; i < TAILS; i++) {
                snprintf(filters[i], sizeof filters[i], "grid/v1/%s/+/+/%s", context->connection.area, tails[i]);
                wanted[i] = filters[i];
        }
        return context_subscribe(context, wanted, TAILS);
}

/* Administrators and auditors read notices and counters of the area, tier by tier, and no tasks. */
static int counters_subscribe(Context *context)
{
        static const char *const counters[] = {"notice/+", "status"};
        char filters[6][TOPIC_MAX + 1];
        const char *wanted[6];

        for (size_t i = 0; i < 6; i++) {
                snprintf(filters[i], sizeof filters[i], "grid/v1/%s/tier%zu/+/%s", context->connection.area, i / 2 + 1, counters[i % 2]);
                wanted[i] = filters[i];
        }
        return context_subscribe(context, wanted, 6);
}

static int unit_subscribe(Context *context, const char *unit, int tier)
{
        char filters[TAILS][TOPIC_MAX + 1];
        const char *wanted[TAILS];

        for (size_t i = 0; i < TAILS; i++) {
                snprintf(filters[i], sizeof filters[i], "grid/v1/%s/tier%d/%s/%s", context->connection.area, tier, unit, tails[i]);
                wanted[i] = filters[i];
        }
        return context_subscribe(context, wanted, TAILS);
}

/* The own unit and, for the roles that read below it, every unit there. */
static int line_subscribe(Context *context)
{
        const Connection *connection = &context->connection;
        bool reads_below = connection->role == ROLE_COMMANDER || connection->role == ROLE_OFFICER || connection->role == ROLE_AUXILIARY ||
                           connection->role == ROLE_GRID_HEAD || connection->role == ROLE_DASHBOARD;
        cJSON *units = NULL;
        const cJSON *unit;
        int code = unit_subscribe(context, connection->unit, connection->tier);

        if (code == EXIT_DONE && reads_below)
                code = units_ask(context, &units);
        cJSON_ArrayForEach(unit, reply_list(units, "units")) {
                const char *id = json_string(unit, "id");

                if (code == EXIT_DONE && id != NULL && strcmp(id, connection->unit) != 0 && units_is_below(units, id, connection->unit))
                        code = unit_subscribe(context, id, (int)json_int(unit, "tier", 0));
        }
        cJSON_Delete(units);
        return code;
}

static int documents_subscribe(Context *context)
{
        Role role = context->connection.role;

        if (role == ROLE_ADMIN || role == ROLE_SECURITY_ADMIN || role == ROLE_AUDITOR)
                return counters_subscribe(context);
        return context->connection.tier == 1 && (role == ROLE_COMMANDER || role == ROLE_OFFICER || role == ROLE_DASHBOARD) ? area_subscribe(context) : line_subscribe(context);
}

static int watch_loop(Watch *watch, long long until)
{
        long long drawn = 0;

        while (!stopped && (until == 0 || link_clock_ms() < until)) {
                if (!link_pump(watch->context->link, 200)) {
                        context_complain(watch->context, "连接断了,正在重连", "the connection is cut, connecting again");
                        while (!stopped && (until == 0 || link_clock_ms() < until) && context_reconnect(watch->context) != EXIT_DONE)
                                sleep(1);
                }
                if (watch->draws && link_clock_ms() - drawn >= 1000) {
                        screen_draw(watch);
                        drawn = link_clock_ms();
                }
        }
        return EXIT_DONE;
}

static int watch_run(Context *context, const CommandVerb *verb, const Arguments *arguments)
{
        const char *seconds = arguments_value(arguments, "seconds");
        Watch watch = {.context = context, .draws = isatty(STDOUT_FILENO) && !context->json};
        char mark[TOPIC_MAX + 1];
        const char *wanted = mark;
        int code = context_choose(context, ROLE_COMMANDER);

        (void)verb;
        if (code != EXIT_DONE)
                return code;
        snprintf(mark, sizeof mark, "grid/v1/%s/daemon/mark", context->connection.area);
        connection_deinit(&context->connection);
        watch.view = view_new(context->language, context->zone_minutes);
        context->on_document = on_document;
        context->document_userdata = &watch;
        signal(SIGINT, on_signal);
        signal(SIGTERM, on_signal);
        code = context_connect(context, ROLE_COMMANDER, &wanted, 1);
        if (code == EXIT_DONE)
                code = documents_subscribe(context);
        if (code == EXIT_DONE)
                code = watch_loop(&watch, seconds != NULL ? link_clock_ms() + atoll(seconds) * 1000 : 0);
        view_free(watch.view);
        return code;
}

static const CommandVerb verbs[] = {
        {NULL, "", 0, 0, options, COMMAND_LENGTH(options), "实时查看:各单位的计数和最近的变化", "live view: every unit's counters and the latest changes", watch_run},
};

const CommandEntry command_watch = {"watch", "实时查看", "live view", verbs, COMMAND_LENGTH(verbs)};
