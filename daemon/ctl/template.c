#include "ctl/template.h"

#include <stdio.h>
#include <string.h>

static const char *value_find(const TemplateValue *values, size_t n_values, const char *name, size_t n_name)
{
        for (size_t i = 0; i < n_values; i++)
                if (strlen(values[i].name) == n_name && memcmp(values[i].name, name, n_name) == 0)
                        return values[i].value;
        return NULL;
}

bool template_fill(const char *text, const TemplateValue *values, size_t n_values, Text *ret, char *ret_missing)
{
        while (*text != '\0') {
                size_t n_plain = strcspn(text, "@");
                size_t n_name = text[n_plain] == '@' ? strspn(text + n_plain + 1, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_") : 0;
                const char *name = text + n_plain + 1;
                const char *value;

                text_append(ret, text, n_plain);
                text += n_plain;
                if (*text == '\0')
                        break;
                if (n_name == 0 || name[n_name] != '@') {
                        text_append_char(ret, *text++);
                        continue;
                }
                value = value_find(values, n_values, name, n_name);
                if (value == NULL) {
                        snprintf(ret_missing, 64, "%.*s", (int)n_name, name);
                        return false;
                }
                text_append_string(ret, value);
                text = name + n_name + 1;
        }
        return true;
}
