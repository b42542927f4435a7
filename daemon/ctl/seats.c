#include "ctl/seats.h"

#include <stdlib.h>
#include <string.h>

#include "ctl/csv.h"
#include "proto/json.h"

void seats_deinit(Seats *seats)
{
        if (seats->items != NULL)
                memset(seats->items, 0, seats->capacity * sizeof *seats->items);
        free(seats->items);
        *seats = (Seats){0};
}

static bool fault_add(Text *faults, Language language, unsigned line, const char *zh, const char *en, const char *value)
{
        text_append_format(faults, language_pick(language, "第 %u 行:", "line %u: "), line);
        text_append_format(faults, "%s%s%s\n", language_pick(language, zh, en), value[0] != '\0' ? ": " : "", value);
        return false;
}

static bool role_is_of_area(Role role)
{
        return role == ROLE_ADMIN || role == ROLE_SECURITY_ADMIN || role == ROLE_AUDITOR;
}

/* Positions are code words of the organisation file: small letters, digits, `-` and `_`. */
static bool position_is_valid(const char *text)
{
        size_t n = strlen(text);

        return n <= NAME_MAX_GRID && strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_-") == n && text[0] != '_' && text[0] != '-';
}

/* What is wrong with the row, if anything. */
static bool row_check(const SeatWanted *seat, const char *role, const char *unit, const char *position, const char *device, Language language, Text *faults)
{
        if (seat->role == ROLE_NONE)
                return fault_add(faults, language, seat->line, "没有这个角色", "no such role", role);
        if (unit[0] == '\0' && !role_is_of_area(seat->role))
                return fault_add(faults, language, seat->line, "缺单位", "the unit is missing", "");
        if (unit[0] != '\0' && !unit_name_is_valid(unit, strlen(unit)))
                return fault_add(faults, language, seat->line, "单位代号只能用小写字母、数字和连字符", "a unit's name has small letters, digits and hyphens", unit);
        if (position[0] != '\0' && !position_is_valid(position))
                return fault_add(faults, language, seat->line, "岗位代号只能用小写字母、数字、- 和 _,至多 32 个", "a position has at most 32 small letters, digits, - and _", position);
        if (seat->role == ROLE_DEVICE && device[0] == '\0')
                return fault_add(faults, language, seat->line, "设备成员要写设备号", "a member that is a device needs its device", "");
        if (seat->role != ROLE_DEVICE && seat->role != ROLE_GATEWAY && device[0] != '\0')
                return fault_add(faults, language, seat->line, "只有设备和网关才写设备号", "only a device or a gateway has a device", device);
        if (device[0] != '\0' && !unit_name_is_valid(device, strlen(device)))
                return fault_add(faults, language, seat->line, "设备号只能用小写字母、数字和连字符", "a device has small letters, digits and hyphens", device);
        return true;
}

bool seats_add(Seats *seats, unsigned line, const char *unit, const char *role, const char *position, const char *device, Language language,
               Text *faults)
{
        SeatWanted seat = {.role = role_parse(role), .line = line};

        if (!row_check(&seat, role, unit, position, device, language, faults))
                return false;
        if (seats->n == SEATS_MAX)
                return fault_add(faults, language, line, "行数太多", "too many rows", "");
        memcpy(seat.unit, unit, strlen(unit) + 1);
        memcpy(seat.position, position, strlen(position) + 1);
        memcpy(seat.device, device, strlen(device) + 1);
        if (seats->n == seats->capacity) {
                seats->capacity = seats->capacity * 2 + 64;
                seats->items = realloc(seats->items, seats->capacity * sizeof *seats->items);
                if (seats->items == NULL)
                        abort();
        }
        seats->items[seats->n++] = seat;
        return true;
}

enum { COLUMN_UNIT, COLUMN_ROLE, COLUMN_POSITION, COLUMN_DEVICE, COLUMN_COUNT };

/* Which cell holds which column; unit and role are required. */
static bool header_read(const CsvRow *row, size_t ret_at[static COLUMN_COUNT], Language language, Text *faults)
{
        static const char *const names[COLUMN_COUNT] = {"unit", "role", "position", "device"};
        bool good = true;

        for (size_t column = 0; column < COLUMN_COUNT; column++)
                ret_at[column] = CSV_CELLS_MAX;
        for (size_t i = 0; i < row->n; i++) {
                size_t column = 0;

                while (column < COLUMN_COUNT && strcmp(row->cells[i], names[column]) != 0)
                        column++;
                if (column == COLUMN_COUNT || ret_at[column] != CSV_CELLS_MAX)
                        good = fault_add(faults, language, row->line, "标题行应为 unit,role,position[,device]", "the header is unit,role,position[,device]", row->cells[i]);
                else
                        ret_at[column] = i;
        }
        if (good && (ret_at[COLUMN_UNIT] == CSV_CELLS_MAX || ret_at[COLUMN_ROLE] == CSV_CELLS_MAX))
                good = fault_add(faults, language, row->line, "标题行缺 unit 或 role", "the header lacks unit or role", "");
        return good;
}

static const char *cell_of(const CsvRow *row, size_t at)
{
        return at < row->n ? row->cells[at] : "";
}

static bool rows_read(Seats *seats, CsvReader *reader, size_t n_header, const size_t *at, Language language, Text *faults)
{
        CsvOutcome outcome;
        CsvRow row;
        bool good = true;

        while ((outcome = csv_next(reader, &row)) == CSV_ROW) {
                if (row.n != n_header)
                        good = fault_add(faults, language, row.line, "格数与标题行不同", "not as many cells as the header has", "");
                else if (!seats_add(seats, row.line, cell_of(&row, at[COLUMN_UNIT]), cell_of(&row, at[COLUMN_ROLE]), cell_of(&row, at[COLUMN_POSITION]),
                                    cell_of(&row, at[COLUMN_DEVICE]), language, faults))
                        good = false;
        }
        if (outcome != CSV_END)
                return fault_add(faults, language, reader->line, "引号没有配对,或格子太多", "a quote that does not end, or too many cells", "");
        return good;
}

bool seats_read_csv(Seats *seats, char *text, Language language, Text *faults)
{
        size_t at[COLUMN_COUNT];
        CsvReader reader;
        CsvRow header;
        bool good;

        csv_start(&reader, text);
        if (csv_next(&reader, &header) != CSV_ROW)
                return fault_add(faults, language, 1, "文件是空的", "the file is empty", "");
        if (!header_read(&header, at, language, faults))
                return false;
        good = rows_read(seats, &reader, header.n, at, language, faults);
        if (good && seats->n == 0)
                return fault_add(faults, language, reader.line, "标题行下面没有成员", "no members under the header", "");
        return good;
}

static const char *string_or_empty(const cJSON *item, const char *name)
{
        const char *value = json_string(item, name);

        return value != NULL ? value : "";
}

/* `count` seats of one entry in one unit. */
static bool entry_add(Seats *seats, const cJSON *entry, const char *unit, unsigned number, Language language, Text *faults)
{
        int64_t count = json_int(entry, "count", 1);
        bool good = count >= 1 && count <= SEATS_MAX;

        if (!good)
                return fault_add(faults, language, number, "count 不对", "count is wrong", "");
        for (int64_t i = 0; good && i < count; i++)
                good = seats_add(seats, number, unit, string_or_empty(entry, "role"), string_or_empty(entry, "position"),
                                 string_or_empty(entry, "device"), language, faults);
        return good;
}

static bool entry_read(Seats *seats, const cJSON *file, const cJSON *entry, unsigned number, Language language, Text *faults)
{
        const char *type = json_string(entry, "type");
        const cJSON *unit;
        bool good = true, found = false;

        if (type == NULL || json_string(entry, "unit") != NULL)
                return entry_add(seats, entry, string_or_empty(entry, "unit"), number, language, faults);
        cJSON_ArrayForEach(unit, json_array(file, "units"))
                if (strcmp(string_or_empty(unit, "type"), type) == 0) {
                        found = true;
                        good &= entry_add(seats, entry, string_or_empty(unit, "id"), number, language, faults);
                }
        return found ? good : fault_add(faults, language, number, "没有这种单位", "no units of this type", type);
}

bool seats_read_json(Seats *seats, const char *text, size_t n_text, Language language, Text *faults)
{
        _cleanup_json_ cJSON *file = cJSON_ParseWithLength(text, n_text);
        const cJSON *wanted = cJSON_IsArray(file) ? file : json_array(file, "seats_wanted");
        const cJSON *item;
        unsigned number = 0;
        bool good = true;

        if (wanted == NULL || cJSON_GetArraySize(wanted) == 0)
                return fault_add(faults, language, 1, "没有 seats_wanted", "no seats_wanted in it", "");
        cJSON_ArrayForEach(item, wanted)
                good &= entry_read(seats, file, item, ++number, language, faults);
        return good;
}
