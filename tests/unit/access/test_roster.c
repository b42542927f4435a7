/* Roster: what the builder refuses, what the bytes keep, and that no torn byte gets in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "world.h"

static RosterUnit unit_of(const char *id, uint8_t tier, uint32_t parent) {
        RosterUnit unit = {.tier = tier, .parent = parent, .staffed_by = ROSTER_NONE};
        snprintf(unit.id, sizeof unit.id, "%s", id);
        return unit;
}

static RosterMember member_of(const char *letters, uint8_t n_seats) {
        RosterMember member = {.n_seats = n_seats};
        snprintf(member.id, sizeof member.id, WORLD_AREA "-%s", letters);
        return member;
}

static int add_unit(RosterBuilder *builder, const char *id, uint8_t tier, uint32_t parent) {
        RosterUnit unit = unit_of(id, tier, parent);
        return roster_builder_add_unit(builder, &unit);
}

static int add_member(RosterBuilder *builder, const char *letters, RosterSeat seat) {
        RosterMember member = member_of(letters, 1);
        return roster_builder_add_member(builder, &member, &seat);
}

#define SEAT(u, r) ((RosterSeat){.unit = (u), .role = (r), .from = INT64_MIN, .until = INT64_MAX})

static void test_roles(void **state) {
        (void)state;
        for (unsigned role = ROLE_NONE + 1; role < ROLE_COUNT; role++)
                assert_int_equal(role_parse(role_name((Role)role)), role);
        assert_int_equal(role_parse(""), ROLE_NONE);
        assert_int_equal(role_parse("chief"), ROLE_NONE);
}

static void test_units_refused(void **state) {
        (void)state;
        RosterBuilder *builder = roster_builder_new(WORLD_AREA);
        assert_int_equal(add_unit(builder, "town", 1, ROSTER_NONE), 0);
        assert_int_equal(add_unit(builder, "town", 1, ROSTER_NONE), ROSTER_E_DUPLICATE);
        assert_int_equal(add_unit(builder, "Room", 2, 0), ROSTER_E_MALFORMED);
        assert_int_equal(add_unit(builder, "", 2, 0), ROSTER_E_MALFORMED);
        assert_int_equal(add_unit(builder, "+", 2, 0), ROSTER_E_MALFORMED);
        assert_int_equal(add_unit(builder, "room", 0, 0), ROSTER_E_MALFORMED);
        assert_int_equal(add_unit(builder, "room", 4, 0), ROSTER_E_MALFORMED);
        assert_int_equal(add_unit(builder, "room", 2, 1), ROSTER_E_REFERENCE);
        assert_int_equal(add_unit(builder, "village", 3, 0), ROSTER_E_TIER);
        assert_int_equal(add_unit(builder, "room", 2, 0), 0);
        assert_int_equal(add_unit(builder, "upside", 1, 1), ROSTER_E_TIER);
        assert_int_equal(add_unit(builder, "same", 2, 1), 0);
        roster_builder_free(builder);
}

static void test_depth(void **state) {
        (void)state;
        RosterBuilder *builder = roster_builder_new(WORLD_AREA);
        static const char *const names[] = {"a", "b", "c", "d", "e", "f", "g"};
        for (uint32_t i = 0; i < 6; i++)
                assert_int_equal(add_unit(builder, names[i], 3, i == 0 ? ROSTER_NONE : i - 1), 0);
        assert_int_equal(add_unit(builder, "g", 3, 5), ROSTER_E_LIMIT);
        roster_builder_free(builder);
}

static void test_members_refused(void **state) {
        (void)state;
        RosterBuilder *builder = roster_builder_new(WORLD_AREA);
        assert_int_equal(add_unit(builder, "town", 1, ROSTER_NONE), 0);
        assert_int_equal(add_member(builder, "a", SEAT(0, ROLE_OFFICER)), 0);
        assert_int_equal(add_member(builder, "a", SEAT(0, ROLE_OFFICER)), ROSTER_E_DUPLICATE);
        assert_int_equal(add_member(builder, "b", SEAT(1, ROLE_OFFICER)), ROSTER_E_REFERENCE);
        assert_int_equal(add_member(builder, "b", SEAT(0, ROLE_NONE)), ROSTER_E_MALFORMED);
        assert_int_equal(add_member(builder, "b", SEAT(0, ROLE_COUNT)), ROSTER_E_MALFORMED);
        assert_int_equal(add_member(builder, "b/c", SEAT(0, ROLE_OFFICER)), ROSTER_E_MALFORMED);
        assert_int_equal(add_member(builder, "+", SEAT(0, ROLE_OFFICER)), ROSTER_E_MALFORMED);
        assert_int_equal(add_member(builder, "B", SEAT(0, ROLE_OFFICER)), ROSTER_E_MALFORMED);
        RosterMember foreign = {.n_seats = 0, .id = WORLD_OTHER "-a"};
        assert_int_equal(roster_builder_add_member(builder, &foreign, NULL), ROSTER_E_MALFORMED);
        RosterSeat backwards = {.unit = 0, .role = ROLE_OFFICER, .from = 2, .until = 2};
        assert_int_equal(add_member(builder, "b", backwards), ROSTER_E_MALFORMED);
        RosterMember many = member_of("b", ROSTER_SEATS_MAX + 1);
        RosterSeat seats[ROSTER_SEATS_MAX + 1];
        for (size_t i = 0; i <= ROSTER_SEATS_MAX; i++)
                seats[i] = SEAT(0, ROLE_OFFICER);
        assert_int_equal(roster_builder_add_member(builder, &many, seats), ROSTER_E_LIMIT);
        many.n_seats = ROSTER_SEATS_MAX;
        assert_int_equal(roster_builder_add_member(builder, &many, seats), 0);
        roster_builder_free(builder);
}

/* Only these three may sit at the area itself. */
static void test_seats_at_the_area(void **state) {
        (void)state;
        RosterBuilder *builder = roster_builder_new(WORLD_AREA);
        for (unsigned role = ROLE_NONE + 1; role < ROLE_COUNT; role++) {
                char letters[8];
                snprintf(letters, sizeof letters, "m%u", role);
                bool may = role == ROLE_ADMIN || role == ROLE_SECURITY_ADMIN || role == ROLE_AUDITOR;
                assert_int_equal(add_member(builder, letters, SEAT(ROSTER_NONE, (uint8_t)role)), may ? 0 : ROSTER_E_REFERENCE);
        }
        roster_builder_free(builder);
}

static void test_bindings(void **state) {
        (void)state;
        RosterBuilder *builder = roster_builder_new(WORLD_AREA);
        assert_int_equal(add_unit(builder, "town", 1, ROSTER_NONE), 0);
        assert_int_equal(add_member(builder, "g", SEAT(0, ROLE_GATEWAY)), 0);
        static const char *const devices[] = {"m", "c", "z", "a"};
        for (size_t i = 0; i < 4; i++) {
                RosterBinding binding = {.unit = 0, .gateway = ROSTER_NONE};
                snprintf(binding.device, sizeof binding.device, "%s", devices[i]);
                assert_int_equal(roster_builder_add_binding(builder, &binding), 0);
                assert_int_equal(roster_builder_add_binding(builder, &binding), ROSTER_E_DUPLICATE);
        }
        RosterBinding odd = {.device = "q", .unit = 1, .gateway = ROSTER_NONE};
        assert_int_equal(roster_builder_add_binding(builder, &odd), ROSTER_E_REFERENCE);
        odd = (RosterBinding){.device = "q", .unit = 0, .gateway = 1};
        assert_int_equal(roster_builder_add_binding(builder, &odd), ROSTER_E_REFERENCE);
        odd = (RosterBinding){.device = "q/", .unit = 0, .gateway = 0};
        assert_int_equal(roster_builder_add_binding(builder, &odd), ROSTER_E_MALFORMED);
        Roster *roster = NULL;
        assert_int_equal(roster_builder_finish(builder, 1, 1, &roster), 0);
        assert_string_equal(roster_binding_at(roster, 0)->device, "a");
        assert_string_equal(roster_binding_at(roster, 3)->device, "z");
        assert_null(roster_binding_at(roster, 4));
        assert_non_null(roster_find_device(roster, "m"));
        assert_null(roster_find_device(roster, "b"));
        roster_free(roster);
}

static void test_staffed_by_refused(void **state) {
        (void)state;
        static const uint32_t wrong[] = {0, 1, 19999};
        for (size_t i = 0; i < 3; i++) {
                RosterBuilder *builder = roster_builder_new(WORLD_AREA);
                RosterUnit unit = unit_of("town", 1, ROSTER_NONE);
                unit.staffed_by = wrong[i];
                assert_int_equal(roster_builder_add_unit(builder, &unit), 0);
                Roster *roster = NULL;
                assert_int_equal(roster_builder_finish(builder, 1, 1, &roster), ROSTER_E_REFERENCE);
                assert_null(roster);
        }
}

static void test_lookups(void **state) {
        (void)state;
        Roster *roster = world_new();
        assert_string_equal(roster_area(roster), WORLD_AREA);
        assert_int_equal(roster_epoch(roster), 1);
        assert_int_equal(roster_version(roster), 7);
        for (uint32_t i = 0; i < roster_count_units(roster); i++)
                assert_int_equal(roster_find_unit(roster, roster_unit(roster, i)->id), i);
        for (uint32_t i = 0; i < roster_count_members(roster); i++) {
                const RosterMember *member = roster_member_at(roster, i);
                assert_ptr_equal(roster_find_member(roster, member->id, strlen(member->id)), member);
                assert_int_equal(roster_member_index(roster, member), i);
        }
        assert_int_equal(roster_find_unit(roster, "roo"), ROSTER_NONE);
        assert_int_equal(roster_find_unit(roster, "roomt"), ROSTER_NONE);
        assert_int_equal(roster_find_unit(roster, ""), ROSTER_NONE);
        assert_null(roster_find_member(roster, WORLD_AREA, strlen(WORLD_AREA)));
        uint32_t town = roster_find_unit(roster, "town"), room = roster_find_unit(roster, "room"), cell = roster_find_unit(roster, "cell");
        assert_int_equal(roster_root(roster), town);
        assert_true(roster_is_above(roster, town, cell));
        assert_true(roster_is_above(roster, room, cell));
        assert_true(roster_is_above(roster, room, room));
        assert_false(roster_is_above(roster, cell, room));
        assert_false(roster_is_above(roster, roster_find_unit(roster, "roomtwo"), cell));
        roster_free(roster);
}

/* Two roots: nobody is above everything. */
static void test_two_roots(void **state) {
        (void)state;
        RosterBuilder *builder = roster_builder_new(WORLD_AREA);
        assert_int_equal(add_unit(builder, "a", 1, ROSTER_NONE), 0);
        assert_int_equal(add_unit(builder, "b", 1, ROSTER_NONE), 0);
        assert_int_equal(add_member(builder, "a", SEAT(0, ROLE_COMMANDER)), 0);
        Roster *roster = NULL;
        assert_int_equal(roster_builder_finish(builder, 1, 1, &roster), 0);
        assert_int_equal(roster_root(roster), ROSTER_NONE);
        const char *filter = "grid/v1/" WORLD_AREA "/tier1/+/status";
        assert_int_equal(access_check(roster, roster_member_at(roster, 0), ACCESS_SUBSCRIBE, filter, strlen(filter), 0), ACCESS_DENIED_SUBSET);
        roster_free(roster);
}

static Roster *rich_new(void) {
        RosterBuilder *builder = roster_builder_new(WORLD_AREA);
        assert_int_equal(add_unit(builder, "town", 1, ROSTER_NONE), 0);
        RosterMember member = member_of("full", 2);
        memset(member.secret[0], 0x11, 32);
        memset(member.secret[1], 0x22, 32);
        memset(member.enrolment, 0x33, 32);
        member.secret_until[0] = INT64_MAX;
        member.secret_until[1] = 5000;
        member.enrolment_until = 6000;
        strcpy(member.device, "camera-1");
        RosterSeat seats[2] = {{.unit = 0, .role = ROLE_DEVICE, .from = -5, .until = 99}, {.unit = ROSTER_NONE, .role = ROLE_AUDITOR, .from = INT64_MIN, .until = INT64_MAX}};
        assert_int_equal(roster_builder_add_member(builder, &member, seats), 0);
        member = member_of("bare", 0);
        assert_int_equal(roster_builder_add_member(builder, &member, NULL), 0);
        RosterBinding binding = {.device = "button", .unit = 0, .gateway = 0};
        assert_int_equal(roster_builder_add_binding(builder, &binding), 0);
        Roster *roster = NULL;
        assert_int_equal(roster_builder_finish(builder, 3, 9, &roster), 0);
        return roster;
}

static void test_round_trip(void **state) {
        (void)state;
        Roster *before = rich_new(), *after = NULL;
        _cleanup_text_ Text bytes = TEXT_INIT(0), again = TEXT_INIT(0);
        roster_encode(before, &bytes);
        assert_false(bytes.failed);
        assert_int_equal(roster_decode(bytes.data, bytes.n, WORLD_AREA, &after), 0);
        assert_memory_equal(roster_hash(before), roster_hash(after), ROSTER_HASH_BYTES);
        assert_int_equal(roster_epoch(after), 3);
        assert_int_equal(roster_version(after), 9);
        const RosterMember *member = roster_member_at(after, 0);
        assert_int_equal(member->secret_until[1], 5000);
        assert_int_equal(member->enrolment_until, 6000);
        assert_int_equal(member->secret[1][31], 0x22);
        assert_string_equal(member->device, "camera-1");
        assert_int_equal(roster_seats(after, member)[0].from, -5);
        assert_int_equal(roster_seats(after, member)[1].unit, ROSTER_NONE);
        roster_encode(after, &again);
        assert_int_equal(bytes.n, again.n);
        assert_memory_equal(bytes.data, again.data, bytes.n);
        roster_free(before);
        roster_free(after);
}

/* The hash is of the contents alone: who wrote it and how often does not matter. */
static void test_hash_without_version(void **state) {
        (void)state;
        RosterBuilder *one = roster_builder_new(WORLD_AREA), *two = roster_builder_new(WORLD_AREA);
        Roster *first = NULL, *second = NULL;
        assert_int_equal(roster_builder_finish(one, 1, 1, &first), 0);
        assert_int_equal(roster_builder_finish(two, 2, 8, &second), 0);
        assert_memory_equal(roster_hash(first), roster_hash(second), ROSTER_HASH_BYTES);
        roster_free(first);
        roster_free(second);
}

static void test_torn_bytes(void **state) {
        (void)state;
        Roster *roster = rich_new(), *got = NULL;
        _cleanup_text_ Text bytes = TEXT_INIT(0);
        roster_encode(roster, &bytes);
        for (size_t n = 0; n < bytes.n; n++)
                assert_int_not_equal(roster_decode(bytes.data, n, NULL, &got), 0);
        for (size_t i = 0; i < bytes.n * 8; i++) {
                bytes.data[i / 8] ^= (char)(1 << i % 8);
                assert_int_not_equal(roster_decode(bytes.data, bytes.n, NULL, &got), 0);
                bytes.data[i / 8] ^= (char)(1 << i % 8);
        }
        text_append_char(&bytes, 'x');
        assert_int_not_equal(roster_decode(bytes.data, bytes.n, NULL, &got), 0);
        assert_null(got);
        roster_free(roster);
}

/* A forger can compute the hash: the contents must hold by themselves. */
static void resealed(Text *bytes) {
        size_t n = bytes->n - ROSTER_HASH_BYTES;
        crypto_generichash((uint8_t *)bytes->data + n, ROSTER_HASH_BYTES, (const uint8_t *)bytes->data, n, NULL, 0);
}

static void test_hostile_bytes(void **state) {
        (void)state;
        Roster *roster = rich_new();
        _cleanup_text_ Text bytes = TEXT_INIT(0);
        roster_encode(roster, &bytes);
        size_t counts = 8 + 16 + 2 + strlen(WORLD_AREA);
        for (size_t at = counts; at < bytes.n - ROSTER_HASH_BYTES; at++) {
                char kept = bytes.data[at];
                static const uint8_t values[] = {0, 1, 0x7f, 0x80, 0xff};
                for (size_t v = 0; v < sizeof values; v++) {
                        Roster *got = NULL;
                        bytes.data[at] = (char)values[v];
                        resealed(&bytes);
                        int r = roster_decode(bytes.data, bytes.n, NULL, &got);
                        assert_true((r == 0) == (got != NULL));
                        if (at < counts + 12 && bytes.data[at] != kept)
                                assert_int_not_equal(r, 0);
                        roster_free(got);
                }
                bytes.data[at] = kept;
        }
        roster_free(roster);
}

static void test_foreign_area(void **state) {
        (void)state;
        Roster *roster = world_new(), *got = NULL;
        _cleanup_text_ Text bytes = TEXT_INIT(0);
        roster_encode(roster, &bytes);
        assert_int_equal(roster_decode(bytes.data, bytes.n, WORLD_OTHER, &got), ROSTER_E_AREA);
        assert_null(got);
        assert_int_equal(roster_decode(bytes.data, bytes.n, WORLD_AREA, &got), 0);
        roster_free(got);
        roster_free(roster);
}

static void test_many_members(void **state) {
        (void)state;
        RosterBuilder *builder = roster_builder_new(WORLD_AREA);
        assert_int_equal(add_unit(builder, "town", 1, ROSTER_NONE), 0);
        for (unsigned i = 0; i < 20000; i++) {
                char letters[16];
                snprintf(letters, sizeof letters, "m%u", i);
                assert_int_equal(add_member(builder, letters, SEAT(0, ROLE_GRID_WORKER)), 0);
        }
        Roster *roster = NULL, *got = NULL;
        assert_int_equal(roster_builder_finish(builder, 1, 1, &roster), 0);
        _cleanup_text_ Text bytes = TEXT_INIT(0);
        roster_encode(roster, &bytes);
        assert_int_equal(roster_decode(bytes.data, bytes.n, WORLD_AREA, &got), 0);
        assert_int_equal(roster_count_members(got), 20000);
        const char *last = WORLD_AREA "-m19999";
        assert_non_null(roster_find_member(got, last, strlen(last)));
        roster_free(roster);
        roster_free(got);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_roles),          cmocka_unit_test(test_units_refused),
                cmocka_unit_test(test_depth),          cmocka_unit_test(test_members_refused),
                cmocka_unit_test(test_seats_at_the_area), cmocka_unit_test(test_bindings),
                cmocka_unit_test(test_staffed_by_refused), cmocka_unit_test(test_lookups),
                cmocka_unit_test(test_two_roots),      cmocka_unit_test(test_round_trip),
                cmocka_unit_test(test_hash_without_version), cmocka_unit_test(test_torn_bytes),
                cmocka_unit_test(test_hostile_bytes),  cmocka_unit_test(test_foreign_area),
                cmocka_unit_test(test_many_members),
        };
        assert_true(sodium_init() >= 0);
        return cmocka_run_group_tests(tests, NULL, NULL);
}
