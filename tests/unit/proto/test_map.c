/* Map: order of insertion whatever happens, and a comparison with a plain list over many operations. */
#include "proto/map.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmocka_headers.h"

static char values[5000];

static void test_empty(void **state) {
        (void)state;
        Map *map = map_new();
        size_t cursor = 0;
        assert_int_equal(map_count(map), 0);
        assert_null(map_find(map, "x"));
        assert_null(map_remove(map, "x"));
        assert_null(map_next(map, &cursor, NULL));
        assert_null(map_free(map));
        assert_null(map_free(NULL));
}

static void test_replace_and_remove(void **state) {
        (void)state;
        Map *map = map_new();
        char key[] = "unit";
        assert_true(map_set(map, key, &values[0]));
        key[0] = 'X'; /* the map has its own copy */
        assert_ptr_equal(map_find(map, "unit"), &values[0]);
        assert_true(map_set(map, "unit", &values[1]));
        assert_int_equal(map_count(map), 1);
        assert_ptr_equal(map_remove(map, "unit"), &values[1]);
        assert_null(map_find(map, "unit"));
        assert_int_equal(map_count(map), 0);
        assert_true(map_set(map, "", &values[2]));
        assert_ptr_equal(map_find(map, ""), &values[2]);
        map_free(map);
}

static void test_order_of_insertion(void **state) {
        (void)state;
        Map *map = map_new();
        char key[16];
        for (int i = 0; i < 1000; i++) {
                (void)snprintf(key, sizeof key, "k%d", i * 7919 % 1000);
                assert_true(map_set(map, key, &values[i]));
        }
        for (int i = 0; i < 1000; i += 3) {
                (void)snprintf(key, sizeof key, "k%d", i * 7919 % 1000);
                assert_ptr_equal(map_remove(map, key), &values[i]);
        }
        assert_true(map_set(map, "last", &values[1000]));
        size_t cursor = 0;
        const char *name;
        void *previous = NULL, *value;
        size_t n = 0;
        while ((value = map_next(map, &cursor, &name))) {
                assert_true((char *)value > (char *)previous);
                previous = value;
                n++;
        }
        assert_int_equal(n, map_count(map));
        assert_string_equal(name, "last");
        map_free(map);
}

static void test_remove_while_iterating(void **state) {
        (void)state;
        Map *map = map_new();
        char key[16];
        for (int i = 0; i < 100; i++) {
                (void)snprintf(key, sizeof key, "%d", i);
                assert_true(map_set(map, key, &values[i]));
        }
        size_t cursor = 0;
        const char *name;
        int seen = 0;
        for (void *value; (value = map_next(map, &cursor, &name)); seen++)
                if (seen % 2) {
                        (void)snprintf(key, sizeof key, "%s", name);
                        assert_ptr_equal(map_remove(map, key), value);
                }
        assert_int_equal(seen, 100);
        assert_int_equal(map_count(map), 50);
        map_free(map);
}

/* Insertions and removals by a fixed pseudo-random walk, beside an array that is certainly right. */
static void test_against_a_list(void **state) {
        (void)state;
        Map *map = map_new();
        bool present[200] = {false};
        size_t count = 0;
        unsigned random = 1;
        char key[16];
        for (int step = 0; step < 200000; step++) {
                random = random * 1103515245u + 12345u;
                unsigned number = random >> 16 & 0x7fff;
                unsigned which = number % 200;
                (void)snprintf(key, sizeof key, "unit-%u", which);
                if (number & 0x4000) {
                        assert_true(map_set(map, key, &values[which]));
                        count += !present[which];
                        present[which] = true;
                } else {
                        assert_ptr_equal(map_remove(map, key), present[which] ? &values[which] : NULL);
                        count -= present[which];
                        present[which] = false;
                }
                assert_int_equal(map_count(map), count);
        }
        for (unsigned which = 0; which < 200; which++) {
                (void)snprintf(key, sizeof key, "unit-%u", which);
                assert_ptr_equal(map_find(map, key), present[which] ? &values[which] : NULL);
        }
        map_free(map);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_empty),
                cmocka_unit_test(test_replace_and_remove),
                cmocka_unit_test(test_order_of_insertion),
                cmocka_unit_test(test_remove_while_iterating),
                cmocka_unit_test(test_against_a_list),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
