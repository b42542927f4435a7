/* Catalogue: whatever bytes come, it is refused with a place and a reason, or every section has been checked and reads the same again. */
#include "engine/catalogue/catalogue.h"

#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        char detail[48], again_detail[160]; /* the short one: details are cut, at a character's end */
        char *copy = fuzz_copy(data, size);
        Catalogue *catalogue = catalogue_new(copy, size, detail, sizeof detail);
        if (!catalogue) {
                fuzz_check(detail[0] != '\0' && memchr(detail, '\0', sizeof detail));
                free(copy);
                return 0;
        }
        detail[0] = '\0';
        bool fits = catalogue_fits(catalogue, NULL, NULL, detail, sizeof detail);
        fuzz_check(fits || (detail[0] != '\0' && memchr(detail, '\0', sizeof detail)));
        const char *text = catalogue_text(catalogue);
        Catalogue *again = catalogue_new(text, strlen(text), again_detail, sizeof again_detail);
        fuzz_check(again && catalogue_equals(again, catalogue) && strcmp(catalogue_hash(again), catalogue_hash(catalogue)) == 0);
        fuzz_check(catalogue_fits(again, NULL, NULL, again_detail, sizeof again_detail) == fits);
        catalogue_free(again);
        catalogue_free(catalogue);
        free(copy);
        return 0;
}
