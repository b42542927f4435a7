/* JSON: what the scanner accepts cJSON accepts too, and printing it gives text that parses to the same text again. */
#include "proto/json.h"

#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        cJSON *tree = NULL, *again = NULL;
        char salvaged[65];
        char *copy = malloc(size ? size : 1);

        fuzz_check(copy);
        if (size)
                memcpy(copy, data, size);
        (void)json_salvage_string(copy, size, "id", salvaged, sizeof salvaged);
        fuzz_check(!strchr(salvaged, '"'));
        Code code = json_parse_object(copy, size, JSON_BYTES_MAX, &tree);
        fuzz_check((code == CODE_NONE) == (tree != NULL));
        if (tree) {
                char *text = json_print(tree);
                fuzz_check(json_parse_object(text, strlen(text), (size_t)1 << 20, &again) == CODE_NONE);
                char *text_again = json_print(again);
                fuzz_check(strcmp(text, text_again) == 0);
                free(text);
                free(text_again);
        }
        cJSON_Delete(tree);
        cJSON_Delete(again);
        free(copy);
        return 0;
}
