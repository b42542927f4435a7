/*
 * Language: every sentence that a person reads exists in Chinese and in English; this picks one.
 */
#ifndef POLICEGRID_CTL_LANGUAGE_H
#define POLICEGRID_CTL_LANGUAGE_H

#include <stdbool.h>

typedef enum Language { LANGUAGE_ZH = 0, LANGUAGE_EN } Language;

/* "zh" or "en"; false for anything else (and NULL). */
bool language_parse(const char *text, Language *ret);
/* From LC_ALL, LC_MESSAGES, LANG, in this order: Chinese when the first that is set starts with "zh", else English. */
Language language_from_environment(void);
static inline const char *language_pick(Language language, const char *zh, const char *en)
{
        return language == LANGUAGE_ZH ? zh : en;
}
/*
 * Text in both languages, "中文 / English", where a place in a file may stand before both: "steps.tell: 中文 / English". Copies the
 * half in `language` (with the place) into buffer[size]; the whole where there is no " / ".
 */
void language_half(Language language, const char *both, char *buffer, unsigned long size);
/*
 * A receipt's detail (proto/message.h): "中文。 / English." and, in brackets, what the sentence leaves open. Both in `language`;
 * `extra` is "" where there is none.
 */
void language_receipt(Language language, const char *detail, char *words, unsigned long n_words, char *extra, unsigned long n_extra);

#endif
