/* Figures: whatever text a CSV file holds, it is refused with its lines named, or a body of rows that all have every figure. */
#include "ctl/figures.h"
#include "proto/json.h"

#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        char *copy = fuzz_copy(data, size);
        Figures figures = {0};
        Text faults = {0};
        if (figures_read(copy, LANGUAGE_EN, &figures, &faults)) {
                int n = cJSON_GetArraySize(json_array(figures.body, "figures"));
                const cJSON *row;
                cJSON_ArrayForEach(row, json_array(figures.body, "rows"))
                        fuzz_check(cJSON_GetArraySize(row) == n + 2);
        } else
                fuzz_check(faults.n > 0 || faults.failed);
        figures_deinit(&figures);
        text_deinit(&faults);
        free(copy);
        return 0;
}
