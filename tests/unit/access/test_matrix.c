/*
 * The access table against the tables written by hand: every role x relation x topic x action, and every topic x role named once.
 * Arguments: matrix.txt matrix_member.txt filters.txt
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "world.h"

static const char *matrix_path, *member_path, *filters_path;
static Roster *roster;

#define TASK "0190a0b2-0c7e-7c22-8a54-2f7d1f0e9a11"
#define COLUMNS_MAX 9
#define LINES_MAX 400

typedef struct Line {
        unsigned number;
        char topic[40];
        char roles[160]; /* comma-separated, or "else" */
        char cells[COLUMNS_MAX];
} Line;

static Line lines[LINES_MAX];
static size_t n_lines;

static void matrix_load(const char *path, size_t n_cells) {
        FILE *file = fopen(path, "r");
        assert_non_null(file);
        char text[512];
        n_lines = 0;
        for (unsigned number = 1; fgets(text, sizeof text, file) != NULL; number++) {
                char *save = NULL;
                char *topic = strtok_r(text, " \n", &save);
                if (topic == NULL || topic[0] == '#')
                        continue;
                Line *line = &lines[n_lines++];
                assert_true(n_lines <= LINES_MAX);
                line->number = number;
                snprintf(line->topic, sizeof line->topic, "%s", topic);
                snprintf(line->roles, sizeof line->roles, "%s", strtok_r(NULL, " \n", &save));
                for (size_t i = 0; i < n_cells; i++) {
                        char *cell = strtok_r(NULL, " \n", &save);
                        if (cell == NULL || strlen(cell) != 1 || strchr("-PR", cell[0]) == NULL)
                                fail_msg("%s:%u: cell %zu", path, number, i);
                        line->cells[i] = cell[0];
                }
                assert_null(strtok_r(NULL, " \n", &save));
        }
        fclose(file);
}

static bool line_names(const Line *line, Role role) {
        char roles[sizeof line->roles], *save = NULL;
        memcpy(roles, line->roles, sizeof roles);
        for (char *word = strtok_r(roles, ",", &save); word != NULL; word = strtok_r(NULL, ",", &save)) {
                if (strcmp(word, "else") != 0 && role_parse(word) == ROLE_NONE)
                        fail_msg("line %u: role %s", line->number, word);
                if (role_parse(word) == role)
                        return true;
        }
        return false;
}

/* The one line for that topic and role; fails when there is none or more than one. */
static const Line *line_find(const char *topic, Role role) {
        const Line *found = NULL, *rest = NULL;
        for (size_t i = 0; i < n_lines; i++) {
                if (strcmp(lines[i].topic, topic) != 0)
                        continue;
                if (strcmp(lines[i].roles, "else") == 0) {
                        assert_null(rest);
                        rest = &lines[i];
                } else if (line_names(&lines[i], role)) {
                        assert_null(found);
                        found = &lines[i];
                }
        }
        if (found == NULL && rest == NULL)
                fail_msg("no line for %s %s", topic, role_name(role));
        return found != NULL ? found : rest;
}

static unsigned cells_checked;

static void cell_check(const RosterMember *member, const char *topic, char cell, const Line *line) {
        static const AccessAction actions[] = {ACCESS_PUBLISH, ACCESS_RECEIVE, ACCESS_SUBSCRIBE};
        assert_non_null(member);
        for (size_t i = 0; i < 3; i++) {
                bool expected = cell == (actions[i] == ACCESS_PUBLISH ? 'P' : 'R');
                AccessAnswer answer = access_check(roster, member, actions[i], topic, strlen(topic), WORLD_NOW);
                cells_checked++;
                if ((answer == ACCESS_ALLOWED) != expected)
                        fail_msg("line %u: %s, action %zu on %s: %s", line->number, member->id, i, topic, access_answer_name(answer));
        }
}

/* The topic of a matrix row for a unit. */
static void unit_topic(const char *row, const char *area, unsigned tier, const char *unit, char *buffer, size_t size) {
        char tail[96];
        if (strncmp(row, "action/", 7) == 0)
                snprintf(tail, sizeof tail, "action/" TASK "/%s", row + 7);
        else if (strncmp(row, "task/", 5) == 0 || strncmp(row, "escalation/", 11) == 0)
                snprintf(tail, sizeof tail, "%s/" TASK, row);
        else if (strcmp(row, "notice") == 0)
                snprintf(tail, sizeof tail, "notice/" TASK);
        else if (strcmp(row, "presence") == 0)
                snprintf(tail, sizeof tail, "presence/%s-qweasd", area);
        else if (strcmp(row, "device") == 0)
                snprintf(tail, sizeof tail, "device/camera-1");
        else
                snprintf(tail, sizeof tail, "%s", row);
        snprintf(buffer, size, "grid/v1/%s/tier%u/%s/%s", area, tier, unit, tail);
}

static const struct {
        const char *seat, *area;
        unsigned tier;
        const char *unit;
} relations[COLUMNS_MAX] = {
        {"room", WORLD_AREA, 2, "room"},       {"village", WORLD_AREA, 3, "village"}, {"room", WORLD_AREA, 3, "village"},
        {"room", WORLD_AREA, 3, "cell"},       {"room", WORLD_AREA, 3, "hall"},       {"room", WORLD_AREA, 1, "town"},
        {"room", WORLD_AREA, 2, "roomtwo"},    {"room", WORLD_AREA, 3, "villagetwo"}, {"room", WORLD_OTHER, 2, "room"},
};

static void test_every_unit_topic(void **state) {
        (void)state;
        matrix_load(matrix_path, COLUMNS_MAX);
        cells_checked = 0;
        for (size_t i = 0; i < n_lines; i++)
                for (unsigned role = ROLE_NONE + 1; role < ROLE_COUNT; role++) {
                        const Line *line = line_find(lines[i].topic, (Role)role);
                        for (size_t column = 0; column < COLUMNS_MAX; column++) {
                                char topic[TOPIC_MAX + 1];
                                unit_topic(line->topic, relations[column].area, relations[column].tier, relations[column].unit, topic,
                                           sizeof topic);
                                cell_check(world_member(roster, relations[column].seat, (Role)role), topic, line->cells[column], line);
                        }
                }
        assert_true(cells_checked >= 14 * 9 * 3 * 40);
}

/* Every verb and every word of DESIGN.md's list has its row. */
static void test_matrix_is_whole(void **state) {
        (void)state;
        static const char *const rows[] = {"warning", "report", "task/all", "task/staff", "task/named", "escalation/all", "escalation/staff",
                                           "escalation/named", "notice", "list/duty", "list/task", "list/result", "list/month", "status", "presence", "device"};
        matrix_load(matrix_path, COLUMNS_MAX);
        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
                line_find(rows[i], ROLE_SHOP);
        for (unsigned verb = VERB_NONE + 1; verb < VERB_COUNT; verb++) {
                char row[64];
                snprintf(row, sizeof row, "action/%s", verb_name((Verb)verb));
                line_find(row, ROLE_SHOP);
        }
}

static void test_administrators_of_the_area(void **state) {
        (void)state;
        static const Role roles[] = {ROLE_ADMIN, ROLE_SECURITY_ADMIN, ROLE_AUDITOR};
        matrix_load(matrix_path, COLUMNS_MAX);
        for (size_t i = 0; i < n_lines; i++)
                for (size_t r = 0; r < 3; r++) {
                        const Line *line = line_find(lines[i].topic, roles[r]);
                        for (size_t column = 0; column < COLUMNS_MAX; column++) {
                                char topic[TOPIC_MAX + 1];
                                unit_topic(line->topic, relations[column].area, relations[column].tier, relations[column].unit, topic,
                                           sizeof topic);
                                cell_check(world_member(roster, "area", roles[r]), topic, line->cells[column], line);
                        }
                }
}

/* Column 0 self, 1 bound, 2 another, 3 other area. */
static void member_topic(const char *row, Role role, size_t column, char *buffer, size_t size) {
        const char *area = column == 3 ? WORLD_OTHER : WORLD_AREA;
        char member[MEMBER_MAX + 1], device[NAME_MAX_GRID + 1];
        if (column == 3)
                snprintf(member, sizeof member, "%s-room", WORLD_OTHER);
        else
                world_member_id(column == 2 ? "roomtwo" : "room", column != 1 ? role : role == ROLE_OFFICER ? ROLE_SHOP : ROLE_OFFICER, member);
        /* for a gateway, another device is one that is bound, but to another gateway */
        if (column == 1)
                world_bound_device("room", device);
        else if (column == 0 && role == ROLE_GATEWAY)
                world_gateway("room", device);
        else if (column == 2 && role == ROLE_GATEWAY)
                world_bound_device("roomtwo", device);
        else
                world_device(column == 0 ? "room" : "roomtwo", device);
        if (strcmp(row, "heartbeat") == 0 || strcmp(row, "event") == 0)
                snprintf(buffer, size, "grid/v1/%s/device/%s/%s", area, device, row);
        else if (strncmp(row, "admin/", 6) == 0)
                snprintf(buffer, size, "grid/v1/%s/%s", area, row);
        else if (strcmp(row, "mark") == 0)
                snprintf(buffer, size, "grid/v1/%s/daemon/mark", area);
        else if (strcmp(row, "notify") == 0)
                snprintf(buffer, size, "grid/v1/%s/gateway/%s/notify", area, member);
        else if (strcmp(row, "member-list") == 0)
                snprintf(buffer, size, "grid/v1/%s/member/%s/list/points", area, member);
        else
                snprintf(buffer, size, "grid/v1/%s/member/%s/%s", area, member, row);
}

static void test_every_other_topic(void **state) {
        (void)state;
        matrix_load(member_path, 4);
        for (size_t i = 0; i < n_lines; i++)
                for (unsigned role = ROLE_NONE + 1; role < ROLE_COUNT; role++) {
                        const Line *line = line_find(lines[i].topic, (Role)role);
                        for (size_t column = 0; column < 4; column++) {
                                char topic[TOPIC_MAX + 1];
                                member_topic(line->topic, (Role)role, column, topic, sizeof topic);
                                cell_check(world_member(roster, "room", (Role)role), topic, line->cells[column], line);
                        }
                }
}

/* `~` stands for `grid/v1/{area}`, the word `self` between slashes for the member's id. */
static void filter_expand(const char *word, const char *member, char *buffer, size_t size) {
        size_t n = 0;
        for (const char *at = word; *at != '\0' && n < size - 80; at++) {
                if (*at == '~')
                        n += (size_t)snprintf(buffer + n, size - n, "grid/v1/" WORLD_AREA);
                else if (strncmp(at, "/self/", 6) == 0) {
                        n += (size_t)snprintf(buffer + n, size - n, "/%s", member);
                        at += 4;
                } else
                        buffer[n++] = *at;
        }
        buffer[n] = '\0';
}

static void filter_check(unsigned number, const char *who, const char *action, const char *word, const char *expected) {
        char unit[16], text[512];
        const char *dash = strchr(who, '-');
        snprintf(unit, sizeof unit, "%.*s", (int)(dash - who), who);
        const RosterMember *member = world_member(roster, unit, role_parse(dash + 1));
        assert_non_null(member);
        AccessAction asked = strcmp(action, "publish") == 0 ? ACCESS_PUBLISH : strcmp(action, "receive") == 0 ? ACCESS_RECEIVE : ACCESS_SUBSCRIBE;
        filter_expand(word, member->id, text, sizeof text);
        AccessAnswer answer = access_check(roster, member, asked, text, strlen(text), WORLD_NOW);
        if (strcmp(access_answer_name(answer), expected) != 0)
                fail_msg("filters.txt:%u: %s %s %s: %s", number, who, action, text, access_answer_name(answer));
}

static void test_filters(void **state) {
        (void)state;
        FILE *file = fopen(filters_path, "r");
        assert_non_null(file);
        char text[512];
        unsigned checked = 0;
        for (unsigned number = 1; fgets(text, sizeof text, file) != NULL; number++) {
                char *save = NULL, *word[4];
                for (size_t i = 0; i < 4; i++)
                        word[i] = strtok_r(i == 0 ? text : NULL, " \n", &save);
                if (word[0] == NULL || strcmp(word[0], "#") == 0)
                        continue;
                assert_non_null(word[3]);
                filter_check(number, word[0], word[1], word[2], word[3]);
                checked++;
        }
        fclose(file);
        assert_true(checked > 100);
}

int main(int argc, char **argv) {
        assert_true(argc == 4);
        matrix_path = argv[1];
        member_path = argv[2];
        filters_path = argv[3];
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_matrix_is_whole),         cmocka_unit_test(test_every_unit_topic),
                cmocka_unit_test(test_administrators_of_the_area), cmocka_unit_test(test_every_other_topic),
                cmocka_unit_test(test_filters),
        };
        roster = world_new();
        int failed = cmocka_run_group_tests(tests, NULL, NULL);
        roster_free(roster);
        return failed;
}
