/* The organisation file: what is taken, what is refused and where; lookups; members and their seats; the roster; rows there and back. */
#include "model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/organisation/organisation_internal.h"
#include "engine/organisation/organisation_rows.h"
#include "proto/json.h"

static cJSON *small_file(void) {
        char *text = read_source("tests/unit/model/small.json", NULL);
        cJSON *file = cJSON_Parse(text);
        free(text);
        return file;
}

/* A member by hand, as admin_apply.c would. */
static Organisation *with_member(const Organisation *base, const char *id, const char *unit, Role role) {
        static unsigned counter;
        Organisation *copy = organisation_copy(base, organisation_version(base) + 1);
        MemberRecord *record = member_record_new(id);
        Seat seat = {.unit = unit ? organisation_unit(copy, unit) : NULL, .role = role, .from = INT64_MIN, .until = INT64_MAX};
        snprintf(seat.id, sizeof seat.id, "01900000-0000-7000-8000-%012u", ++counter);
        member_record_add_seat(record, &seat, organisation_version(copy));
        record->made_at = 1000;
        record->changed_seq = organisation_version(copy);
        memset(record->secret, 'a', 64);
        organisation_add(copy, record);
        return copy;
}

static void test_lookups(void **state) {
        (void)state;
        Organisation *organisation = small_organisation();
        const Unit *village = organisation_unit(organisation, "village-a"), *room = organisation_unit(organisation, "room-1");
        assert_string_equal(organisation_root(organisation)->id, "town");
        assert_ptr_equal(village->parent, room);
        assert_ptr_equal(unit_worker(village), room);
        assert_ptr_equal(unit_above(village, 1), organisation_root(organisation)); /* staffed by its room: above the room */
        assert_ptr_equal(unit_above(organisation_unit(organisation, "village-b"), 1), room);
        assert_null(unit_above(organisation_root(organisation), 1));
        assert_true(unit_is_below(village, organisation_root(organisation)));
        assert_false(unit_is_below(room, village));
        assert_true(unit_has_tag(village, "complex"));
        assert_string_equal(village->title_zh, "village-a"); /* no title: its id */
        assert_int_equal(organisation_offset_minutes(organisation), 480);
        assert_int_equal(organisation_file_version(organisation), 3);
        assert_string_equal(organisation_device(organisation, "alarm-1")->gateway, "gate-1");
        assert_int_equal(organisation_device(organisation, "panic-1")->silence_ms, 600000);
        assert_string_equal(organisation_place(organisation, "shop-2")->unit->id, "village-c");
        assert_null(organisation_unit(organisation, "village-z"));
        assert_ptr_equal(organisation_calendar(organisation, NULL), organisation_calendar(organisation, "cn"));
        assert_ptr_equal(organisation_calendar(organisation, "no-such"), organisation_calendar(organisation, ""));
        organisation_free(organisation);
}

typedef struct Refusal { const char *pointer, *value, *detail; } Refusal;

/* `pointer`: members and numbers apart by `/`; the value replaces (or adds) what is there, or removes it when it is "". */
static void change(cJSON *file, const char *pointer, const char *value) {
        char path[128];
        snprintf(path, sizeof path, "%s", pointer);
        cJSON *at = file;
        char *part = strtok(path, "/"), *next;
        while ((next = strtok(NULL, "/"))) {
                at = cJSON_IsArray(at) ? cJSON_GetArrayItem(at, atoi(part)) : cJSON_GetObjectItem(at, part);
                part = next;
        }
        if (cJSON_IsArray(at)) {
                if (atoi(part) < cJSON_GetArraySize(at))
                        cJSON_ReplaceItemInArray(at, atoi(part), json_of(value));
                else
                        cJSON_AddItemToArray(at, json_of(value));
                return;
        }
        cJSON_DeleteItemFromObject(at, part);
        if (value[0])
                cJSON_AddItemToObject(at, part, json_of(value));
}

static const Refusal refusals[] = {
        {"area", "'999'", "not of this area"},
        {"version", "0", "version: "},
        {"version", "1.5", "version: "},
        {"organisation", "'Small Town'", "organisation: "},
        {"colour", "1", "unknown field colour"},
        {"utc_offset", "'+8'", "utc_offset: "},
        {"utc_offset", "'+15:00'", "utc_offset: "},
        {"calendar", "'de'", "no calendar de"},
        {"calendars/0/holidays", "['x']", "calendars[0].holidays[0]"},
        {"calendars/0/workdays", "['2026-10-01']", "calendars[0].workdays[0]: 同一天既是假日又是工作日"},
        {"calendars", "[{'name':'cn'},{'name':'cn'}]", "calendars[1]: 标识重复 cn / the same id twice: cn"},
        {"dictionaries/tag/complex", "'x'", "dictionaries.tag.complex: "},
        {"units", "[]", "units: "},
        {"units/0/parent", "'room-9'", "units[0].parent: "},
        {"units/0/parent", "'court'", "one higher: court"}, /* tier 3 below tier 1 */
        {"units/3/parent", "'village-c'", "one higher: village-c"},
        {"units/0/tier", "4", "units[0].tier: "},
        {"units/0/id", "'Village A'", "units[0].id: "},
        {"units/0/id", "'village-b'", "the same id twice: village-b"},
        {"units/0/id", "7", "units[0].id: "},
        {"units/0/tags", "['unheard']", "dictionary tag lacks unheard"},
        {"units/0/tags", "['complex','complex']", "same tag twice"},
        {"units/0/code", "'14080x'", "units[0].code: "},
        {"units/0/staffed_by", "'room-9'", "no unit room-9"},
        {"units/3/staffed_by", "'village-b'", "a lower tier"},
        {"units/0/title", "{'zh':'村','name':'x'}", "units[0].title: "},
        {"units/3/links/0/type", "'friend'", "unknown link type friend"},
        {"units/3/links/0/to", "['room-9']", "no unit room-9"},
        {"units/3/links/0/to", "[]", "must not be empty"},
        {"units/2/parent", "", "only one unit may have no parent"},
        {"units/1/parent", "'court'", "cycle"}, /* town -> court -> town */
        {"units/1/parent", "'town'", "cycle"},
        {"places/0/unit", "'village-z'", "no unit village-z"},
        {"places/0/id", "'shop-2'", "the same id twice: shop-2"},
        {"devices/0/unit", "'village-z'", "no unit village-z"},
        {"devices/2/gateway", "'panic-1'", "no device of kind gateway: panic-1"},
        {"devices/2/gateway", "'gate-9'", "no device of kind gateway: gate-9"},
        {"devices/0/silence", "'10 minutes'", "devices[0].silence: "},
        {"devices/0/silence", "{'workdays':1}", "devices[0].silence: "},
        {"seats_wanted/0/role", "'emperor'", "unknown role"},
        {"seats_wanted/0/unit", "'court'", "police cannot sit in court"},
        {"seats_wanted/1/type", "'hamlet'", "no unit of type hamlet"},
        {"seats_wanted/1/count", "0", "seats_wanted[1]"},
};

static void test_refusals(void **state) {
        (void)state;
        Organisation *empty = organisation_new(AREA, 0);
        for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
                cJSON *file = small_file();
                change(file, refusals[i].pointer, refusals[i].value);
                char detail[160];
                Organisation *made = organisation_apply_file(empty, file, 1, 0, detail, sizeof detail);
                if (made)
                        fail_msg("taken: %s = %s", refusals[i].pointer, refusals[i].value);
                if (!strstr(detail, refusals[i].detail) || !strstr(detail, " / "))
                        fail_msg("%s = %s: %s", refusals[i].pointer, refusals[i].value, detail);
                cJSON_Delete(file);
        }
        organisation_free(empty);
}

/* Six levels are allowed, seven are not. */
static void test_depth(void **state) {
        (void)state;
        Organisation *empty = organisation_new(AREA, 0);
        cJSON *file = small_file();
        char previous[32] = "village-b", detail[160];
        for (int level = 4; level <= 7; level++) {
                char unit[128];
                snprintf(unit, sizeof unit, "{'id':'cell-%d','type':'cell','tier':3,'parent':'%s'}", level, previous);
                cJSON_AddItemToArray(cJSON_GetObjectItem(file, "units"), json_of(unit));
                snprintf(previous, sizeof previous, "cell-%d", level);
                Organisation *made = organisation_apply_file(empty, file, 1, 0, detail, sizeof detail);
                assert_int_equal(made != NULL, level <= 6);
                organisation_free(made);
        }
        assert_non_null(strstr(detail, "too deep"));
        cJSON_Delete(file);
        organisation_free(empty);
}

static void test_seats(void **state) {
        (void)state;
        Organisation *small = small_organisation();
        Organisation *organisation = with_member(small, AREA "-aa", "room-1", ROLE_OFFICER);
        const Member *officer = organisation_member(organisation, AREA "-aa");
        const Unit *village = organisation_unit(organisation, "village-a");
        assert_null(organisation_member(small, AREA "-aa")); /* the one before is as it was */
        assert_non_null(member_seat(officer, organisation_unit(organisation, "room-1"), 0));
        assert_non_null(member_seat(officer, village, 0)); /* its room staffs it */
        assert_null(member_seat(officer, organisation_unit(organisation, "village-b"), 0));
        assert_true(unit_is_manned(organisation, village, NULL, 0, 0));
        assert_false(unit_is_manned(organisation, organisation_unit(organisation, "village-b"), NULL, 0, 0));
        Role head = ROLE_GRID_HEAD;
        assert_false(unit_is_manned(organisation, village, &head, 1, 0));
        assert_true(member_has_role(officer, ROLE_OFFICER, 0));
        size_t cursor = 0;
        assert_ptr_equal(unit_next_member(organisation, organisation_unit(organisation, "room-1"), &cursor), officer);
        assert_null(unit_next_member(organisation, organisation_unit(organisation, "room-1"), &cursor));
        organisation_free(small);
        organisation_free(organisation);
}

static void test_seat_rules(void **state) {
        (void)state;
        const char *zh, *en;
        Unit court = {.type = "court"}, room = {.type = "room"};
        for (Role role = ROLE_COMMANDER; role <= ROLE_AUXILIARY; role++) {
                assert_false(seat_is_allowed(&court, role, "", &zh, &en));
                assert_false(seat_is_allowed(&room, role, "justice_head", &zh, &en));
                assert_true(seat_is_allowed(&room, role, "station_chief", &zh, &en));
        }
        assert_true(seat_is_allowed(&court, ROLE_PARTNER, "court_head", &zh, &en));
        assert_true(seat_is_allowed(NULL, ROLE_AUDITOR, "", &zh, &en));
        assert_false(seat_is_allowed(NULL, ROLE_OFFICER, "", &zh, &en));
}

static void count_row(void *userdata, TableId table, const char *const *cells, size_t n_cells) {
        assert_int_equal(n_cells + 1, table_describe(table)->n_columns);
        assert_non_null(cells[0]);
        ((size_t *)userdata)[table]++;
}

/* A unit that leaves the file takes its seats along; one that turns into a court is refused while officers sit in it. */
static void test_new_file(void **state) {
        (void)state;
        Organisation *small = small_organisation();
        Organisation *one = with_member(small, AREA "-aa", "village-c", ROLE_GRID_HEAD);
        Organisation *two = with_member(one, AREA "-bb", "room-2", ROLE_OFFICER);
        cJSON *file = small_file();
        char detail[160];
        change(file, "units/4/type", "'court'");
        assert_null(organisation_apply_file(two, file, 20, 5000, detail, sizeof detail));
        assert_non_null(strstr(detail, "units.room-2"));
        change(file, "units/4/type", "'room'");
        cJSON_DeleteItemFromArray(cJSON_GetObjectItem(file, "units"), 6); /* village-c */
        cJSON_DeleteItemFromArray(cJSON_GetObjectItem(file, "places"), 1);
        change(file, "units/5/links", "");
        change(file, "places/0/links", "");
        Organisation *next = organisation_apply_file(two, file, 20, 5000, detail, sizeof detail);
        if (!next)
                fail_msg("%s", detail);
        assert_int_equal(organisation_member(next, AREA "-aa")->n_seats, 0);
        assert_int_equal(organisation_member(next, AREA "-bb")->n_seats, 1);
        assert_ptr_equal(organisation_member(next, AREA "-bb")->seats[0].unit, organisation_unit(next, "room-2"));
        assert_int_equal(organisation_version(next), 20);
        /* rows: the ended seat, the inactive unit, the old file no longer current */
        size_t n[TABLE_COUNT] = {0};
        organisation_differences(two, next, count_row, n);
        assert_int_equal(n[TABLE_UNIT], 7);
        assert_int_equal(n[TABLE_SEAT], 1);
        assert_int_equal(n[TABLE_MEMBER], 0);
        assert_int_equal(n[TABLE_ORGANISATION], 1); /* the same version: one row, current */
        cJSON_Delete(file);
        organisation_free(next);
        organisation_free(two);
        organisation_free(one);
        organisation_free(small);
}

static void test_roster(void **state) {
        (void)state;
        Organisation *small = small_organisation();
        Organisation *one = with_member(small, AREA "-zz", "room-1", ROLE_OFFICER);
        Organisation *two = with_member(one, AREA "-aa", NULL, ROLE_ADMIN);
        Organisation *three = with_member(two, AREA "-mm", "room-1", ROLE_GATEWAY);
        strcpy(organisation_edit(three, AREA "-mm", 11)->member.device, "gate-1");
        const Roster *roster = organisation_roster(three, 4);
        assert_int_equal(roster_count_units(roster), 7);
        assert_int_equal(roster_count_members(roster), 3);
        assert_int_equal(roster_epoch(roster), 4);
        assert_int_equal(roster_version(roster), organisation_version(three));
        const RosterMember *admin = roster_find_member(roster, AREA "-aa", strlen(AREA "-aa"));
        assert_int_equal(roster_seats(roster, admin)[0].unit, ROSTER_NONE);
        assert_int_equal(admin->secret[0][0], 0xaa);
        const RosterBinding *binding = roster_find_device(roster, "alarm-1");
        assert_string_equal(roster_member_at(roster, binding->gateway)->id, AREA "-mm");
        uint32_t village = roster_find_unit(roster, "village-a");
        assert_int_equal(roster_unit(roster, village)->staffed_by, roster_find_unit(roster, "room-1"));
        /* a revoked member is not in it */
        Organisation *four = organisation_copy(three, 30);
        organisation_edit(four, AREA "-zz", 30)->member.revoked = true;
        assert_null(roster_find_member(organisation_roster(four, 4), AREA "-zz", strlen(AREA "-zz")));
        assert_ptr_equal(organisation_roster(three, 4), roster); /* made once */
        organisation_free(four);
        organisation_free(three);
        organisation_free(two);
        organisation_free(one);
        organisation_free(small);
}

/* What was written makes the same organisation again: same roster, byte for byte, although the rows come in another order. */
static void test_load(void **state) {
        (void)state;
        Organisation *small = small_organisation();
        Organisation *one = with_member(small, AREA "-zz", "room-1", ROLE_OFFICER);
        Organisation *two = with_member(one, AREA "-aa", NULL, ROLE_ADMIN);
        const char *secret = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
        const char *const members[][13] = {
                {AREA, AREA "-aa", NULL, "f", secret, NULL, NULL, NULL, NULL, NULL, "1000", NULL, "9"},
                {AREA, AREA "-zz", NULL, "f", secret, NULL, NULL, NULL, NULL, NULL, "1000", NULL, "8"}};
        const char *const seats[][11] = {
                {AREA, "01900000-0000-7000-8000-000000000901", AREA "-zz", "room-1", "officer", NULL, NULL, NULL, NULL, "f", "8"},
                {AREA, "01900000-0000-7000-8000-000000000902", AREA "-aa", NULL, "admin", NULL, NULL, NULL, NULL, "f", "9"}};
        const char *file[] = {AREA, "3", "小镇", "Small town", "480", organisation_file_text(two), "t", AREA "-aa", "5", "7"};
        OrganisationLoader *loader = organisation_loader_new(AREA);
        for (size_t i = 0; i < 2; i++) {
                assert_null(organisation_loader_row(loader, TABLE_MEMBER, members[i]));
                assert_null(organisation_loader_row(loader, TABLE_SEAT, seats[i]));
        }
        assert_null(organisation_loader_row(loader, TABLE_ORGANISATION, file));
        char detail[160];
        Organisation *loaded = organisation_loader_finish(loader, detail, sizeof detail);
        if (!loaded)
                fail_msg("%s", detail);
        organisation_loader_free(loader);
        assert_int_equal(organisation_version(loaded), organisation_version(two));
        assert_memory_equal(roster_hash(organisation_roster(loaded, 1)), roster_hash(organisation_roster(two, 1)), ROSTER_HASH_BYTES);
        Organisation *both[] = {loaded, two, one, small};
        for (size_t i = 0; i < 4; i++)
                organisation_free(both[i]);
}

/* An area that was set up and has no file yet keeps its zone and its first members. */
static void test_load_empty(void **state) {
        (void)state;
        const char *file[] = {AREA, "0", AREA, AREA, "390", "{}", "t", "daemon", "5", "1"};
        const char *const old[] = {AREA, "1", AREA, AREA, "480", "{}", "f", "daemon", "5", "2"};
        const char *const member[13] = {AREA, AREA "-aa", NULL, "f", NULL, NULL, NULL, NULL, NULL, NULL, "1000", NULL, "1"};
        const char *const seat[11] = {AREA, "01900000-0000-7000-8000-000000000001", AREA "-aa", NULL, "admin", NULL, NULL, NULL, NULL, "f", "1"};
        OrganisationLoader *loader = organisation_loader_new(AREA);
        assert_null(organisation_loader_row(loader, TABLE_ORGANISATION, file));
        assert_null(organisation_loader_row(loader, TABLE_ORGANISATION, old)); /* not current: passed over */
        assert_null(organisation_loader_row(loader, TABLE_MEMBER, member));
        assert_null(organisation_loader_row(loader, TABLE_SEAT, seat));
        char detail[160];
        Organisation *loaded = organisation_loader_finish(loader, detail, sizeof detail);
        assert_non_null(loaded);
        assert_int_equal(organisation_offset_minutes(loaded), 390);
        assert_int_equal(organisation_file_version(loaded), 0);
        assert_null(organisation_root(loaded));
        assert_true(member_has_role(organisation_member(loaded, AREA "-aa"), ROLE_ADMIN, 0));
        assert_int_equal(roster_count_members(organisation_roster(loaded, 2)), 1);
        organisation_loader_free(loader);
        organisation_free(loaded);
}

/* Rows that were changed by hand are refused with the column. */
static void test_load_refusals(void **state) {
        (void)state;
        const char *good[13] = {AREA, AREA "-aa", NULL, "f", NULL, NULL, NULL, NULL, NULL, NULL, "1000", NULL, "9"};
        static const struct { size_t i; const char *cell, *why; } bad[] = {
                {1, "999-aa", "id"}, {1, NULL, "id"}, {3, NULL, "revoked"}, {3, "yes", "revoked"}, {4, "abc", "secret"},
                {8, "zz", "enrolment"}, {10, "now", "made_at"}, {12, NULL, "changed_seq"}, {12, "-4", "changed_seq"}};
        OrganisationLoader *loader = organisation_loader_new(AREA);
        for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
                const char *cells[13];
                memcpy(cells, good, sizeof cells);
                cells[bad[i].i] = bad[i].cell;
                assert_string_equal(organisation_loader_row(loader, TABLE_MEMBER, cells), bad[i].why);
        }
        assert_null(organisation_loader_row(loader, TABLE_MEMBER, good));
        assert_string_equal(organisation_loader_row(loader, TABLE_MEMBER, good), "id"); /* twice */
        const char *seat[11] = {AREA, "01900000-0000-7000-8000-000000000001", AREA "-aa", "room-1", "officer", NULL, NULL, NULL, NULL, "f", "8"};
        assert_null(organisation_loader_row(loader, TABLE_SEAT, seat));
        char detail[160];
        assert_null(organisation_loader_finish(loader, detail, sizeof detail)); /* no file: no such unit */
        assert_non_null(strstr(detail, "room-1"));
        organisation_loader_free(loader);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_lookups), cmocka_unit_test(test_refusals), cmocka_unit_test(test_depth),
                cmocka_unit_test(test_seats), cmocka_unit_test(test_seat_rules), cmocka_unit_test(test_new_file),
                cmocka_unit_test(test_roster), cmocka_unit_test(test_load), cmocka_unit_test(test_load_empty),
                cmocka_unit_test(test_load_refusals),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
