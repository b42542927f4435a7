#include "ctl/html.h"

void html_append(Text *text, const char *string)
{
        for (; *string != '\0'; string++) {
                switch (*string) {
                case '<': text_append_string(text, "&lt;"); break;
                case '>': text_append_string(text, "&gt;"); break;
                case '&': text_append_string(text, "&amp;"); break;
                case '"': text_append_string(text, "&quot;"); break;
                default: text_append_char(text, *string);
                }
        }
}
