/* CSV, the members that it wants, and what is kept while an import is under way. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/csv.h"
#include "ctl/import.h"
#include "ctl/seats.h"
#include "proto/json.h"

static bool csv(const char *text, Seats *seats, Text *faults)
{
        char copy[4096];

        strcpy(copy, text);
        return seats_read_csv(seats, copy, LANGUAGE_EN, faults);
}

static void cells_and_lines(void **state)
{
        char text[] = "\xef\xbb\xbf" "a, b ,\"c \"\"d\"\", e\"\r\n\r\n\"two\nlines\",x\n,\nlast";
        CsvReader reader;
        CsvRow row;

        (void)state;
        csv_start(&reader, text);
        assert_int_equal(csv_next(&reader, &row), CSV_ROW);
        assert_int_equal(row.n, 3);
        assert_string_equal(row.cells[0], "a");
        assert_string_equal(row.cells[1], "b");
        assert_string_equal(row.cells[2], "c \"d\", e");
        assert_int_equal(csv_next(&reader, &row), CSV_ROW);
        assert_int_equal(row.line, 3);
        assert_string_equal(row.cells[0], "two\nlines");
        assert_int_equal(csv_next(&reader, &row), CSV_ROW);
        assert_int_equal(row.line, 5);
        assert_int_equal(row.n, 2);
        assert_int_equal(csv_next(&reader, &row), CSV_ROW);
        assert_int_equal(row.line, 6);
        assert_string_equal(row.cells[0], "last");
        assert_int_equal(csv_next(&reader, &row), CSV_END);
}

static void open_quotes_and_too_many_cells(void **state)
{
        char quote[] = "\"a", behind[] = "\"a\"b,c\n", many[128];
        CsvReader reader;
        CsvRow row;

        (void)state;
        csv_start(&reader, quote);
        assert_int_equal(csv_next(&reader, &row), CSV_E_QUOTE);
        csv_start(&reader, behind);
        assert_int_equal(csv_next(&reader, &row), CSV_E_QUOTE);
        memset(many, ',', sizeof many);
        many[CSV_CELLS_MAX] = '\0';
        csv_start(&reader, many);
        assert_int_equal(csv_next(&reader, &row), CSV_E_CELLS);
}

static void good_rows(void **state)
{
        _cleanup_text_ Text faults = {0};
        Seats seats = {0};

        (void)state;
        assert_true(csv("role,unit,position,device\ngrid_worker,chepan,,\nofficer,room-3,community_officer,\ndevice,chepan,,button-1\nadmin,,,\n", &seats, &faults));
        assert_int_equal(seats.n, 4);
        assert_int_equal(seats.items[0].role, ROLE_GRID_WORKER);
        assert_int_equal(seats.items[0].line, 2);
        assert_string_equal(seats.items[1].position, "community_officer");
        assert_string_equal(seats.items[2].device, "button-1");
        assert_string_equal(seats.items[3].unit, "");
        assert_int_equal(faults.n, 0);
        seats_deinit(&seats);
}

static void every_fault_is_told_with_its_line(void **state)
{
        _cleanup_text_ Text faults = {0};
        Seats seats = {0};

        (void)state;
        assert_false(csv("unit,role,position\nchepan,grid_worker,\nchepan,flyer,\n,grid_worker,\nChepan,officer,\nchepan,device,\nchepan,officer\nchepan,officer,A\n", &seats, &faults));
        assert_null(strstr(text_string(&faults), "line 2:"));
        assert_non_null(strstr(text_string(&faults), "line 3: no such role: flyer"));
        assert_non_null(strstr(text_string(&faults), "line 4: the unit is missing"));
        assert_non_null(strstr(text_string(&faults), "line 5: "));
        assert_non_null(strstr(text_string(&faults), "line 6: "));
        assert_non_null(strstr(text_string(&faults), "line 7: not as many cells"));
        assert_non_null(strstr(text_string(&faults), "line 8: "));
        seats_deinit(&seats);
}

static void headers(void **state)
{
        static const char *const wrong[] = {"", "unit,position\na,b\n", "unit,role,name\na,officer,c\n", "unit,role,role\na,officer,officer\n", "unit,role\n", "unit,role\n\"a"};

        (void)state;
        for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
                _cleanup_text_ Text faults = {0};
                Seats seats = {0};

                assert_false(csv(wrong[i], &seats, &faults));
                assert_true(faults.n > 0);
                seats_deinit(&seats);
        }
}

static void seats_wanted_of_an_organisation(void **state)
{
        static const char text[] = "{\"units\":[{\"id\":\"v1\",\"type\":\"village\"},{\"id\":\"r\",\"type\":\"room\"},{\"id\":\"v2\",\"type\":\"village\"}],"
                                   "\"seats_wanted\":[{\"type\":\"village\",\"role\":\"volunteer\",\"count\":2},{\"unit\":\"r\",\"role\":\"officer\"}]}";
        _cleanup_text_ Text faults = {0};
        Seats seats = {0};

        (void)state;
        assert_true(seats_read_json(&seats, text, strlen(text), LANGUAGE_ZH, &faults));
        assert_int_equal(seats.n, 5);
        assert_string_equal(seats.items[0].unit, "v1");
        assert_string_equal(seats.items[3].unit, "v2");
        assert_string_equal(seats.items[4].unit, "r");
        seats_deinit(&seats);
        assert_false(seats_read_json(&seats, "{\"seats_wanted\":[]}", 19, LANGUAGE_ZH, &faults));
        assert_false(seats_read_json(&seats, "[{\"unit\":\"r\",\"role\":\"officer\",\"count\":0}]", 41, LANGUAGE_ZH, &faults));
        assert_false(seats_read_json(&seats, "[{\"type\":\"moon\",\"role\":\"officer\"}]", 34, LANGUAGE_ZH, &faults));
        assert_false(seats_read_json(&seats, "[{\"unit\":\"r\"", 12, LANGUAGE_ZH, &faults));
        seats_deinit(&seats);
}

static void only_hashes_are_sent(void **state)
{
        _cleanup_text_ Text faults = {0};
        Seats seats = {0};
        char *text, hash[SECRET_HASH_LENGTH + 1];
        cJSON *body;

        (void)state;
        assert_true(csv("unit,role\nchepan,grid_worker\n", &seats, &faults));
        strcpy(seats.items[0].secret, "abcdefghijklmnopqrstuvwxyz");
        secret_hash("abcdefghijklmnopqrstuvwxyz", hash);
        assert_string_equal(hash, "71c480df93d6ae2f1efad1447c66c9525e316218cf51fc8d9ed832f2daf18b73"); /* sha256sum */
        body = import_body(&seats, "0193", true);
        text = cJSON_PrintUnformatted(body);
        assert_null(strstr(text, seats.items[0].secret));
        assert_non_null(strstr(text, "\"enrolment_hash\":\"71c480df"));
        assert_null(strstr(text, "secret_hash"));
        free(text);
        cJSON_Delete(body);
        body = import_body(&seats, "0193", false);
        text = cJSON_PrintUnformatted(body);
        assert_non_null(strstr(text, "\"secret_hash\":\"71c480df"));
        free(text);
        cJSON_Delete(body);
        seats_deinit(&seats);
}

static void pending_comes_back_the_same(void **state)
{
        _cleanup_text_ Text faults = {0};
        static const char id[] = "0193a0f0-0000-7000-8000-000000000001";
        Seats seats = {0}, back = {0};
        char *text, read_id[37];
        cJSON *one, *two;

        (void)state;
        assert_true(csv("unit,role,device\nchepan,grid_worker,\nchepan,device,b-1\n", &seats, &faults));
        for (size_t i = 0; i < seats.n; i++)
                secret_generate(seats.items[i].secret);
        assert_string_not_equal(seats.items[0].secret, seats.items[1].secret);
        text = import_pending_text(&seats, id);
        assert_true(import_pending_read(text, strlen(text), &back, read_id));
        assert_string_equal(read_id, id);
        one = import_body(&seats, id, false);
        two = import_body(&back, id, false);
        assert_true(cJSON_Compare(one, two, true)); /* the same message again (I3) */
        cJSON_Delete(one);
        cJSON_Delete(two);
        seats_deinit(&back);
        assert_false(import_pending_read(text, strlen(text) / 2, &back, read_id)); /* torn */
        free(text);
        seats_deinit(&seats);
        seats_deinit(&back);
        assert_false(import_pending_read("{}", 2, &back, read_id));
        text = strdup("{\"id\":\"x\",\"seats\":[{\"unit\":\"chepan\",\"role\":\"officer\",\"position\":\"\",\"device\":\"\",\"secret\":\"abcdefghijklmnopqrstuvwxyz\"}]}");
        assert_false(import_pending_read(text, strlen(text), &back, read_id)); /* an id that is none of ours */
        free(text);
        seats_deinit(&back);
}

static void members_are_put_as_connection_json_wants(void **state)
{
        _cleanup_text_ Text faults = {0};
        cJSON *units = cJSON_Parse("{\"units\":[{\"id\":\"chepan\",\"tier\":3}]}"), *file = cJSON_Parse("{\"members\":{\"a\":{}}}");
        const cJSON *member;
        Seats seats = {0};

        (void)state;
        assert_true(csv("unit,role\nchepan,grid_worker\n", &seats, &faults));
        strcpy(seats.items[0].member, "140802100-x");
        strcpy(seats.items[0].secret, "s");
        import_members_put(file, &seats, units);
        member = json_object(json_object(file, "members"), "140802100-x");
        assert_string_equal(json_string(member, "secret"), "s");
        assert_string_equal(json_string(member, "role"), "grid_worker");
        assert_string_equal(json_string(member, "unit"), "chepan");
        assert_int_equal(json_int(member, "tier", 0), 3);
        assert_non_null(json_object(json_object(file, "members"), "a"));
        cJSON_Delete(units);
        cJSON_Delete(file);
        seats_deinit(&seats);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(cells_and_lines), cmocka_unit_test(open_quotes_and_too_many_cells), cmocka_unit_test(good_rows),
                cmocka_unit_test(every_fault_is_told_with_its_line), cmocka_unit_test(headers), cmocka_unit_test(seats_wanted_of_an_organisation),
                cmocka_unit_test(only_hashes_are_sent), cmocka_unit_test(pending_comes_back_the_same), cmocka_unit_test(members_are_put_as_connection_json_wants),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
