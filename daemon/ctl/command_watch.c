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
#include "ctl/view.h"

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

/* What this member may subscribe to: the whole area from its root, else the own unit. */
static size_t filters_choose(const Connection *connection, char filters[5][128])
{
        static const char *const tails[] = {"task/+/+", "escalation/+/+", "notice/+", "status"};
        bool root = connection->tier == 1;
        size_t n = 0;

        for (size_t i = 0; i < COMMAND_LENGTH(tails); i++) {
                if (root)
                        snprintf(filters[n++], 128, "grid/v1/%s/+/+/%s", connection->area, tails[i]);
                else
                        snprintf(filters[n++], 128, "grid/v1/%s/tier%d/%s/%s", connection->area, connection->tier, connection->unit, tails[i]);
        }
        snprintf(filters[n++], 128, "grid/v1/%s/daemon/mark", connection->area);
        return n;
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
        char filters[5][128];
        const char *wanted[5];
        size_t n_filters;
        int code = context_choose(context, ROLE_COMMANDER);

        (void)verb;
        if (code != EXIT_DONE)
                return code;
        n_filters = filters_choose(&context->connection, filters);
        for (size_t i = 0; i < n_filters; i++)
                wanted[i] = filters[i];
        connection_deinit(&context->connection);
        watch.view = view_new(context->language, context->zone_minutes);
        context->on_document = on_document;
        context->document_userdata = &watch;
        signal(SIGINT, on_signal);
        signal(SIGTERM, on_signal);
        code = context_connect(context, ROLE_COMMANDER, wanted, n_filters);
        if (code == EXIT_DONE)
                code = watch_loop(&watch, seconds != NULL ? link_clock_ms() + atoll(seconds) * 1000 : 0);
        view_free(watch.view);
        return code;
}

static const CommandVerb verbs[] = {
        {NULL, "", 0, 0, options, COMMAND_LENGTH(options), "实时查看:各单位的计数和最近的变化", "live view: every unit's counters and the latest changes", watch_run},
};

const CommandEntry command_watch = {"watch", "实时查看", "live view", verbs, COMMAND_LENGTH(verbs)};
