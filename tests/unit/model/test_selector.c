/* Selectors over a small town: who gets the work, in which order, and who comes next. */
#include "model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/organisation/organisation_internal.h"

static Organisation *organisation;

static int setup(void **state) {
        (void)state;
        organisation = small_organisation();
        return 0;
}

static int teardown(void **state) {
        (void)state;
        organisation = organisation_free(organisation);
        return 0;
}

static const Unit *unit(const char *id) { return id ? organisation_unit(organisation, id) : NULL; }

/* The units' ids with spaces between. */
static void expect(const char *selectors, const SelectorContext *context, const char *expected) {
        cJSON *list = json_of(selectors);
        size_t n;
        const Unit **units = selector_units(list, context, &n);
        char found[256] = "";
        for (size_t i = 0; i < n; i++)
                snprintf(found + strlen(found), sizeof found - strlen(found), "%s%s", i > 0 ? " " : "", units[i]->id);
        if (strcmp(found, expected) != 0)
                fail_msg("%s: %s instead of %s", selectors, found, expected);
        assert_int_equal(units == NULL, n == 0);
        free(units);
        cJSON_Delete(list);
}

static SelectorContext context_of(const char *origin, const char *current) {
        return (SelectorContext){.organisation = organisation, .origin = unit(origin), .current = unit(current)};
}

static void test_addressed(void **state) {
        (void)state;
        const Unit *addressed[] = {unit("room-1"), unit("village-a"), unit("village-c"), unit("village-a")};
        SelectorContext context = context_of("town", NULL);
        context.addressed = addressed;
        context.n_addressed = 4;
        expect("[{'addressed':true}]", &context, "room-1 village-a village-c");
        expect("[{'addressed':{'tier':3}}]", &context, "village-a village-c");
        expect("[{'addressed':{'tier':3,'tag':'complex'}}]", &context, "village-a");
        expect("[{'addressed':{'type':'room'}}]", &context, "room-1");
        expect("[{'addressed':{'tier':1}},{'addressed':{'tier':2}}]", &context, "room-1"); /* the first that yields somebody */
        expect("[{'addressed':{'tier':1}}]", &context, "");
}

static void test_tree(void **state) {
        (void)state;
        SelectorContext town = context_of("town", NULL), village = context_of("village-b", NULL), task = context_of("town", "village-a");
        expect("[{'origin':true}]", &village, "village-b");
        expect("[{'parent':1}]", &village, "room-1");
        expect("[{'parent':2}]", &village, "town");
        expect("[{'parent':3}]", &village, "");
        expect("[{'parent':1}]", &task, "town"); /* village-a is staffed by room-1: above that */
        expect("[{'tier':1}]", &village, "town");
        expect("[{'tier':2}]", &village, "room-1");
        expect("[{'tier':3}]", &town, "village-a village-b village-c");
        expect("[{'tier':1}]", &town, "town");
        expect("[{'tag':'complex'}]", &town, "village-a");
        expect("[{'tag':'complex','tier':2}]", &town, "");
        expect("[{'unit':'room-2'}]", &town, "room-2");
        expect("[{'unit':'room-9'},{'unit':'room-1'}]", &town, "room-1");
        SelectorContext court = context_of("court", NULL);
        expect("[{'tier':1}]", &court, "town"); /* the head of the tier */
}

static void test_same(void **state) {
        (void)state;
        const Unit *same[] = {unit("room-2"), unit("village-b")};
        SelectorContext context = context_of("town", NULL);
        context.same = same;
        context.n_same = 2;
        expect("[{'same':1}]", &context, "room-2");
        expect("[{'same':2}]", &context, "village-b");
        expect("[{'same':3}]", &context, "");
}

static void test_links(void **state) {
        (void)state;
        SelectorContext village = context_of("village-b", NULL);
        expect("[{'link':'neighbour'}]", &village, "village-a village-c");
        expect("[{'link':'responder'}]", &village, "room-1 room-2"); /* from the room above; in the link's order */
        expect("[{'link':'mediation'}]", &village, "room-2 room-1 court");
        expect("[{'link':'mediation.judicial'}]", &village, "court");
        expect("[{'link':'mediat'}]", &village, "");
        expect("[{'link':'keeper'},{'origin':true}]", &village, "village-b");
        village.place = "shop-1";
        expect("[{'link':'keeper'}]", &village, "village-c"); /* the place's own */
}

/* `next`: who had no task of this case yet; one after the other until nobody is left. */
static void test_next(void **state) {
        (void)state;
        const Unit *same[4] = {unit("village-b")};
        SelectorContext context = context_of("village-b", "village-b");
        context.same = same;
        context.n_same = 1;
        const char *const order[] = {"room-2", "room-1", "court", ""};
        for (size_t i = 0; i < 4; i++) {
                expect("[{'link':'mediation','next':true}]", &context, order[i]);
                if (!order[i][0])
                        break;
                memmove(&same[1], &same[0], context.n_same * sizeof *same);
                same[0] = unit(order[i]);
                context.n_same = context.n_same < 4 ? context.n_same + 1 : 4;
                context.current = unit(order[i]);
        }
}

static void seat_somebody(const char *where, Role role, int64_t until) {
        Organisation *copy = organisation_copy(organisation, organisation_version(organisation) + 1);
        MemberRecord *record = member_record_new(AREA "-ab");
        Seat seat = {.id = "01900000-0000-7000-8000-000000000001", .unit = organisation_unit(copy, where), .role = role, .from = 0, .until = until};
        member_record_add_seat(record, &seat, 1);
        organisation_add(copy, record);
        organisation_free(organisation);
        organisation = copy;
}

static void test_on_duty(void **state) {
        (void)state;
        seat_somebody("room-2", ROLE_OFFICER, 1000);
        SelectorContext context = context_of("village-b", NULL);
        Role officer = ROLE_OFFICER, worker = ROLE_GRID_WORKER;
        context.at = 500;
        expect("[{'link':'responder','on_duty':true}]", &context, "room-2");
        expect("[{'link':'responder','on_duty':true,'next':true},{'tier':1}]", &context, "room-2");
        context.roles = &officer;
        context.n_roles = 1;
        expect("[{'link':'responder','on_duty':true}]", &context, "room-2");
        context.roles = &worker;
        expect("[{'link':'responder','on_duty':true},{'tier':1}]", &context, "town"); /* nobody in such a seat */
        context.roles = NULL;
        context.n_roles = 0;
        context.at = 1000; /* the seat has ended */
        expect("[{'link':'responder','on_duty':true},{'tier':1}]", &context, "town");
}

static void test_places(void **state) {
        (void)state;
        cJSON *places = json_of("{'kind':'nine-small'}");
        SelectorContext town = context_of("town", NULL), room = context_of("room-2", NULL);
        size_t n;
        const Place **list = selector_places(places, &town, &n);
        assert_int_equal(n, 2);
        assert_string_equal(list[0]->id, "shop-1");
        free(list);
        list = selector_places(places, &room, &n);
        assert_int_equal(n, 1);
        assert_string_equal(list[0]->id, "shop-2");
        free(list);
        cJSON_Delete(places);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_addressed, setup, teardown), cmocka_unit_test_setup_teardown(test_tree, setup, teardown),
                cmocka_unit_test_setup_teardown(test_same, setup, teardown),      cmocka_unit_test_setup_teardown(test_links, setup, teardown),
                cmocka_unit_test_setup_teardown(test_next, setup, teardown),      cmocka_unit_test_setup_teardown(test_on_duty, setup, teardown),
                cmocka_unit_test_setup_teardown(test_places, setup, teardown),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
