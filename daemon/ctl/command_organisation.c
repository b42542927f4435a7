/*
 * organisation: the town's units, links, places, devices and calendars, as one file.
 */
#include "ctl/command.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/exchange.h"
#include "ctl/file.h"
#include "proto/json.h"

#define ORGANISATION_BYTES_MAX ((size_t)8 << 20)

static int organisation_apply(Context *context, const CommandVerb *verb, const Arguments *arguments)
{
        const char *path = arguments_positional(arguments, 0);
        size_t n;
        char *text = file_read(path, ORGANISATION_BYTES_MAX, &n);
        cJSON *organisation, *body;

        (void)verb;
        if (text == NULL) {
                context_complain(context, "读不了 %s:%s", "cannot read %s: %s", path, strerror(errno));
                return EXIT_LOCAL;
        }
        organisation = cJSON_ParseWithLength(text, n);
        free(text);
        if (!cJSON_IsObject(organisation)) {
                context_complain(context, "%s 不是 JSON 对象", "%s is no JSON object", path);
                cJSON_Delete(organisation);
                return EXIT_LOCAL;
        }
        cJSON_DeleteItemFromObjectCaseSensitive(organisation, "seats_wanted"); /* `member import` reads these */
        body = cJSON_CreateObject();
        cJSON_AddItemToObject(body, "organisation", organisation);
        return exchange_administer(context, "admin/organisation-apply", body);
}

static int organisation_show(Context *context, const CommandVerb *verb, const Arguments *arguments)
{
        (void)verb, (void)arguments;
        return exchange_show(context, "organisation");
}

static const CommandVerb verbs[] = {
        {"apply", "FILE", 1, 1, NULL, 0, "采用一份组织文件(整份;会使未结任务失去承办单位的变更不被受理)",
         "apply an organisation file (the whole; refused where open tasks would lose their unit)", organisation_apply},
        {"show", "", 0, 0, NULL, 0, "显示现行的组织文件", "show the one in force", organisation_show},
};

const CommandEntry command_organisation = {"organisation", "组织:采用、显示", "organisation: apply, show", verbs, COMMAND_LENGTH(verbs)};
