#include "model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/json.h"
#include "proto/timestamp.h"

char *read_source(const char *path, size_t *ret_n) {
        char name[512];
        snprintf(name, sizeof name, "%s/%s", TEST_SOURCE_ROOT, path);
        FILE *file = fopen(name, "rb");
        assert_non_null(file);
        char *data = malloc(1 << 20);
        size_t n = fread(data, 1, (1 << 20) - 1, file);
        fclose(file);
        data[n] = '\0';
        if (ret_n)
                *ret_n = n;
        return data;
}

cJSON *json_of(const char *text) {
        char *copy = strdup(text);
        for (char *c = copy; *c; c++)
                if (*c == '\'')
                        *c = '"';
        cJSON *tree = cJSON_Parse(copy);
        if (!tree)
                fail_msg("test JSON is malformed: %s", copy);
        free(copy);
        return tree;
}

Organisation *small_organisation(void) {
        char *text = read_source("tests/unit/model/small.json", NULL);
        cJSON *file = cJSON_Parse(text);
        assert_non_null(file);
        Organisation *empty = organisation_new(AREA, 480);
        char detail[160];
        Organisation *organisation = organisation_apply_file(empty, file, 7, at("2026-03-02T08:00:00+08:00"), detail, sizeof detail);
        if (!organisation)
                fail_msg("small.json refused: %s", detail);
        organisation_free(empty);
        cJSON_Delete(file);
        free(text);
        return organisation;
}

int64_t at(const char *text) {
        int64_t ms;
        assert_true(timestamp_parse(text, strlen(text), &ms));
        return ms;
}
