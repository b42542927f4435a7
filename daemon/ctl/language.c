#include "ctl/language.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool language_parse(const char *text, Language *ret)
{
        if (text == NULL)
                return false;
        if (strcmp(text, "zh") == 0)
                *ret = LANGUAGE_ZH;
        else if (strcmp(text, "en") == 0)
                *ret = LANGUAGE_EN;
        else
                return false;
        return true;
}

Language language_from_environment(void)
{
        static const char *const names[] = {"LC_ALL", "LC_MESSAGES", "LANG"};

        for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
                const char *value = getenv(names[i]);

                if (value != NULL && value[0] != '\0')
                        return strncmp(value, "zh", 2) == 0 ? LANGUAGE_ZH : LANGUAGE_EN;
        }
        return LANGUAGE_EN;
}

void language_half(Language language, const char *both, char *buffer, unsigned long size)
{
        const char *boundary = strstr(both, " / ");
        const char *place = boundary != NULL ? strstr(both, ": ") : NULL;

        if (boundary == NULL)
                snprintf(buffer, size, "%s", both);
        else if (language == LANGUAGE_ZH)
                snprintf(buffer, size, "%.*s", (int)(boundary - both), both);
        else if (place != NULL && place < boundary)
                snprintf(buffer, size, "%.*s%s", (int)(place + 2 - both), both, boundary + 3);
        else
                snprintf(buffer, size, "%s", boundary + 3);
}

void language_receipt(Language language, const char *detail, char *words, unsigned long n_words, char *extra, unsigned long n_extra)
{
        const char *boundary = strstr(detail, "。 / ");
        const char *bracket = boundary != NULL ? strstr(boundary, ". (") : NULL;
        size_t n = strlen(detail);
        char sentence[1024], inner[1024] = "";

        if (bracket != NULL && detail[n - 1] == ')') {
                snprintf(inner, sizeof inner, "%.*s", (int)(n - 1 - (size_t)(bracket + 3 - detail)), bracket + 3);
                n = (size_t)(bracket + 1 - detail);
        }
        snprintf(sentence, sizeof sentence, "%.*s", (int)n, detail);
        language_half(language, sentence, words, n_words);
        language_half(language, inner, extra, n_extra);
}
