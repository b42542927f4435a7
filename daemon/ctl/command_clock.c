/*
 * clock: after wall time has jumped, timers stand still until somebody says that the clock is right (invariant I9).
 */
#include "ctl/command.h"

#include "ctl/exchange.h"

static int clock_confirm(Context *context, const CommandVerb *verb, const Arguments *arguments)
{
        cJSON *body;
        int code = context_connect(context, ROLE_ADMIN, NULL, 0);

        (void)verb, (void)arguments;
        if (code != EXIT_DONE)
                return code;
        body = cJSON_CreateObject();
        code = exchange_command(context, "admin/clock-confirm", body, NULL);
        cJSON_Delete(body);
        return code;
}

static const CommandVerb verbs[] = {
        {"confirm", "", 0, 0, NULL, 0, "确认服务器的时钟是对的,时限继续计时", "confirm that the server's clock is right: deadlines go on", clock_confirm},
};

const CommandEntry command_clock = {"clock", "时钟:跳变后确认", "clock: confirm after a jump", verbs, COMMAND_LENGTH(verbs)};
