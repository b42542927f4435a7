#include "ctl/connection.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/file.h"
#include "proto/json.h"

#define CONNECTION_BYTES_MAX ((size_t)64 << 20) /* 200,000 members */

void connection_path(const char *given, char *buffer, size_t size)
{
        const char *home = getenv("HOME");
        const char *environment = getenv("POLICEGRID_CONNECTION");

        if (given != NULL || (environment != NULL && environment[0] != '\0')) {
                snprintf(buffer, size, "%s", given != NULL ? given : environment);
                return;
        }
        snprintf(buffer, size, "%s/.config/policegrid/connection.json", home != NULL ? home : "");
        if (!file_exists(buffer) && file_exists("build/state/connection.json"))
                snprintf(buffer, size, "build/state/connection.json");
}

/* Whether a member of the file fits `as`: its id, `role` or `role@unit`. */
static bool member_fits(const cJSON *member, const char *as)
{
        const char *role = json_string(member, "role"), *unit = json_string(member, "unit");
        const char *at = strchr(as, '@');

        if (strcmp(member->string, as) == 0)
                return true;
        if (role == NULL)
                return false;
        if (at == NULL)
                return strcmp(role, as) == 0;
        return strlen(role) == (size_t)(at - as) && strncmp(role, as, (size_t)(at - as)) == 0 && unit != NULL &&
               strcmp(unit, at + 1) == 0;
}

static ConnectionOutcome member_choose(Connection *connection, const char *as)
{
        const cJSON *member;

        cJSON_ArrayForEach(member, json_object(connection->file, "members")) {
                const char *unit;

                if (!cJSON_IsObject(member) || !member_fits(member, as))
                        continue;
                unit = json_string(member, "unit");
                connection->member = member->string;
                connection->secret = json_string(member, "secret");
                connection->unit = unit != NULL ? unit : "";
                connection->tier = (int)json_int(member, "tier", 0);
                connection->role = json_string(member, "role") != NULL ? role_parse(json_string(member, "role")) : ROLE_NONE;
                return connection->secret != NULL ? CONNECTION_OK : CONNECTION_E_SHAPE;
        }
        return CONNECTION_E_MEMBER;
}

ConnectionOutcome connection_load(const char *path, const char *as, Role role_default, Connection *ret)
{
        size_t n;
        char *data;
        const cJSON *mqtt;

        memset(ret, 0, sizeof *ret);
        data = file_read(path, CONNECTION_BYTES_MAX, &n);
        if (data == NULL)
                return CONNECTION_E_FILE;
        ret->file = cJSON_ParseWithLength(data, n);
        free(data);
        ret->area = json_string(ret->file, "area");
        mqtt = json_object(ret->file, "mqtt");
        ret->host = json_string(mqtt, "host");
        ret->port = (int)json_int(mqtt, "port", 0);
        if (ret->area == NULL || !area_is_valid(ret->area, strlen(ret->area)) || ret->host == NULL || ret->port <= 0 || ret->port > 65535)
                return CONNECTION_E_SHAPE;
        return member_choose(ret, as != NULL ? as : role_name(role_default));
}

void connection_deinit(Connection *connection)
{
        cJSON_Delete(connection->file);
        memset(connection, 0, sizeof *connection);
}
