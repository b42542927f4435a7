#include "ctl/import.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctl/card.h"
#include "ctl/exchange.h"
#include "ctl/file.h"
#include "ctl/units.h"
#include "ctl/when.h"
#include "proto/identifier.h"
#include "proto/json.h"
#include "proto/timestamp.h"

#define PENDING_BYTES_MAX ((size_t)16 << 20)
#define SECRETS_BYTES_MAX ((size_t)64 << 20)
#define CODE_HOURS 24

static void string_put(cJSON *object, const char *name, const char *value)
{
        if (value[0] != '\0')
                cJSON_AddStringToObject(object, name, value);
}

cJSON *import_body(const Seats *seats, const char *id, bool codes)
{
        cJSON *body = cJSON_CreateObject();
        cJSON *members;

        cJSON_AddStringToObject(body, "id", id);
        members = cJSON_AddArrayToObject(body, "members");
        for (size_t i = 0; i < seats->n; i++) {
                const SeatWanted *seat = &seats->items[i];
                cJSON *member = cJSON_CreateObject();
                char hash[SECRET_HASH_LENGTH + 1];

                secret_hash(seat->secret, hash);
                cJSON_AddStringToObject(member, "unit", seat->unit);
                cJSON_AddStringToObject(member, "role", role_name(seat->role));
                string_put(member, "position", seat->position);
                string_put(member, "device", seat->device);
                cJSON_AddStringToObject(member, codes ? "enrolment_hash" : "secret_hash", hash);
                cJSON_AddItemToArray(members, member);
        }
        return body;
}

char *import_pending_text(const Seats *seats, const char *id)
{
        _cleanup_json_ cJSON *file = cJSON_CreateObject();
        cJSON *list;

        cJSON_AddStringToObject(file, "id", id);
        list = cJSON_AddArrayToObject(file, "seats");
        for (size_t i = 0; i < seats->n; i++) {
                const SeatWanted *seat = &seats->items[i];
                cJSON *item = cJSON_CreateObject();

                cJSON_AddNumberToObject(item, "line", seat->line);
                cJSON_AddStringToObject(item, "unit", seat->unit);
                cJSON_AddStringToObject(item, "role", role_name(seat->role));
                cJSON_AddStringToObject(item, "position", seat->position);
                cJSON_AddStringToObject(item, "device", seat->device);
                cJSON_AddStringToObject(item, "secret", seat->secret);
                cJSON_AddItemToArray(list, item);
        }
        return cJSON_PrintUnformatted(file);
}

static bool pending_item_read(const cJSON *item, Seats *ret)
{
        _cleanup_text_ Text faults = TEXT_INIT(4096);
        const char *secret = json_string(item, "secret"), *unit = json_string(item, "unit"), *role = json_string(item, "role");
        const char *position = json_string(item, "position"), *device = json_string(item, "device");

        if (secret == NULL || strlen(secret) != SECRET_LENGTH || unit == NULL || role == NULL || position == NULL || device == NULL)
                return false;
        if (!seats_add(ret, (unsigned)json_int(item, "line", 0), unit, role, position, device, LANGUAGE_EN, &faults))
                return false;
        memcpy(ret->items[ret->n - 1].secret, secret, SECRET_LENGTH + 1);
        return true;
}

bool import_pending_read(const char *text, size_t n_text, Seats *ret, char ret_id[static 37])
{
        _cleanup_json_ cJSON *file = cJSON_ParseWithLength(text, n_text);
        const char *id = json_string(file, "id");
        const cJSON *item;

        if (id == NULL || !uuid_is_valid(id, strlen(id)))
                return false;
        memcpy(ret_id, id, UUID_LENGTH + 1);
        cJSON_ArrayForEach(item, json_array(file, "seats"))
                if (!pending_item_read(item, ret))
                        return false;
        return ret->n > 0;
}

void import_members_put(cJSON *file, const Seats *seats, const cJSON *units)
{
        cJSON *members = json_object(file, "members");

        if (members == NULL)
                members = cJSON_AddObjectToObject(file, "members");
        for (size_t i = 0; i < seats->n; i++) {
                const SeatWanted *seat = &seats->items[i];
                cJSON *member = cJSON_CreateObject();

                cJSON_AddStringToObject(member, "secret", seat->secret);
                cJSON_AddStringToObject(member, "role", role_name(seat->role));
                cJSON_AddNumberToObject(member, "tier", units_tier(units, seat->unit));
                cJSON_AddStringToObject(member, "unit", seat->unit);
                string_put(member, "device", seat->device);
                cJSON_DeleteItemFromObjectCaseSensitive(members, seat->member);
                cJSON_AddItemToObject(members, seat->member, member);
        }
}

static int write_fail(const Context *context, const char *path)
{
        context_complain(context, "写不了 %s:%s", "cannot write %s: %s", path, strerror(errno));
        return EXIT_LOCAL;
}

static int secrets_write(Context *context, const Seats *seats, const char *path)
{
        _cleanup_json_ cJSON *units = NULL;
        _cleanup_json_ cJSON *file = NULL;
        size_t n = 0;
        char *text = file_read(path, SECRETS_BYTES_MAX, &n);
        int code = units_ask(context, &units);
        bool written;

        if (code == EXIT_DONE) {
                file = text != NULL ? cJSON_ParseWithLength(text, n) : cJSON_CreateObject();
                free(text);
                if (!cJSON_IsObject(file)) {
                        context_complain(context, "%s 不是 JSON 对象,不动它", "%s is no JSON object; it stays as it is", path);
                        return EXIT_LOCAL;
                }
                import_members_put(file, seats, units);
                text = cJSON_Print(file);
                written = text != NULL && file_replace(path, text, strlen(text), 0600);
                code = written ? EXIT_DONE : write_fail(context, path);
        }
        free(text);
        return code;
}

static int cards_write(const Context *context, const Seats *seats, const ImportTarget *target)
{
        _cleanup_text_ Text page = {0};
        char until[TIMESTAMP_TEXT_MAX], shown[32];

        when_format_wire(context_now_ms() + CODE_HOURS * 3600 * INT64_C(1000), context->zone_minutes, until);
        when_show(until, context->zone_minutes, shown, sizeof shown);
        cards_write_html(context->connection.area, target->link, seats, shown, &page);
        if (page.failed || !file_replace(target->cards, text_string(&page), page.n, 0600))
                return write_fail(context, target->cards);
        return EXIT_DONE;
}

/* The receipt's ids, in the order of the rows. */
static bool ids_take(Seats *seats, const cJSON *receipt)
{
        const cJSON *ids = json_array(json_object(receipt, "created"), "members");

        if ((size_t)cJSON_GetArraySize(ids) != seats->n)
                return false;
        for (size_t i = 0; i < seats->n; i++) {
                const cJSON *id = cJSON_GetArrayItem(ids, (int)i);

                if (!cJSON_IsString(id) || strlen(id->valuestring) > MEMBER_MAX)
                        return false;
                memcpy(seats->items[i].member, id->valuestring, strlen(id->valuestring) + 1);
        }
        return true;
}

/* Take up what a former run left, or make new secrets and put them there. */
static int pending_ensure(Context *context, Seats *seats, const char *path, char id[static 37])
{
        size_t n;
        char *text = file_read(path, PENDING_BYTES_MAX, &n);
        bool good;

        if (text != NULL) {
                Seats kept = {0};

                good = import_pending_read(text, n, &kept, id);
                free(text);
                if (!good) {
                        seats_deinit(&kept);
                        context_complain(context, "%s 读不懂;确认没有导入在进行后删去它", "%s makes no sense; delete it when no import is under way", path);
                        return EXIT_LOCAL;
                }
                context_complain(context, "接着做上次没做完的导入(%s)", "going on with the import that was not finished (%s)", path);
                seats_deinit(seats);
                *seats = kept;
                return EXIT_DONE;
        }
        for (size_t i = 0; i < seats->n; i++)
                secret_generate(seats->items[i].secret);
        uuid_random(context_now_ms(), id);
        text = import_pending_text(seats, id);
        good = text != NULL && file_replace(path, text, strlen(text), 0600);
        free(text);
        return good ? EXIT_DONE : write_fail(context, path);
}

/* "([12] …)" in the receipt's detail is entry 12 of what was sent: say its line. */
static void line_tell(const Context *context, const Seats *seats, const cJSON *receipt)
{
        const char *detail = json_string(receipt, "detail");
        const char *at = detail != NULL ? strstr(detail, "([") : NULL;
        unsigned long row = at != NULL ? strtoul(at + strlen("(["), NULL, 10) : seats->n;

        if (row < seats->n)
                context_complain(context, "出错的是第 %u 行", "the fault is in line %u", seats->items[row].line);
}

/* All or none means one message, and a message has its bound. */
static int import_send(Context *context, cJSON *body, cJSON **ret)
{
        char *text = cJSON_PrintUnformatted(body);
        bool fits = text != NULL && strlen(text) <= JSON_BYTES_MAX;

        free(text);
        *ret = NULL;
        if (fits)
                return exchange_command(context, "admin/member-import", body, ret);
        context_complain(context, "成员太多,一条消息放不下(64 KiB,约 400 人):请分成几个文件", "too many members for one message (64 KiB, about 400): split the file");
        return EXIT_REJECTED;
}

int import_run(Context *context, Seats *seats, const ImportTarget *target)
{
        char pending[4096], id[UUID_LENGTH + 1];
        cJSON *body, *receipt = NULL;
        int code;

        snprintf(pending, sizeof pending, "%s.pending", target->secrets != NULL ? target->secrets : target->cards);
        code = pending_ensure(context, seats, pending, id);
        if (code != EXIT_DONE)
                return code;
        body = import_body(seats, id, target->secrets == NULL);
        code = import_send(context, body, &receipt);
        cJSON_Delete(body);
        if (code == EXIT_REJECTED) {
                line_tell(context, seats, receipt); /* nothing was made: nothing to go on with */
                unlink(pending);
        } else if (code != EXIT_DONE)
                context_complain(context, "再运行一次同一命令即可接着做", "run the same command again to go on");
        else if (!ids_take(seats, receipt)) {
                context_complain(context, "回执里的成员数与文件不符", "the receipt does not name as many members as the file");
                code = EXIT_LOCAL;
        } else {
                code = target->secrets != NULL ? secrets_write(context, seats, target->secrets) : cards_write(context, seats, target);
                if (code == EXIT_DONE)
                        unlink(pending);
        }
        cJSON_Delete(receipt);
        return code;
}
