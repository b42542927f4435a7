/* CAP XML: whatever bytes come, they are refused, or an alert that can be written as XML and is then read again the same. */
#include "ctl/cap_xml.h"

#include "fuzz.h"

static void write_again(const cJSON *alert) {
        Text text = {0};
        cap_xml_write(alert, &text);
        cJSON *again = NULL;
        Text left_out = {0};
        fuzz_check(text.failed || cap_xml_read(text_string(&text), text.n, &again, &left_out) == CAP_XML_OK);
        cJSON_Delete(again);
        text_deinit(&left_out);
        text_deinit(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        char *copy = fuzz_copy(data, size);
        cJSON *alert = NULL;
        Text left_out = {0};
        if (cap_xml_read(copy, size, &alert, &left_out) == CAP_XML_OK) {
                fuzz_check(cJSON_IsObject(alert));
                write_again(alert);
        } else
                fuzz_check(alert == NULL);
        cJSON_Delete(alert);
        text_deinit(&left_out);
        left_out = (Text){0};
        alert = NULL;
        if (cap_xml_read_all(copy, size, &alert, &left_out) != CAP_XML_OK)
                fuzz_check(alert == NULL);
        cJSON_Delete(alert);
        text_deinit(&left_out);
        free(copy);
        return 0;
}
