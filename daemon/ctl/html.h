/* HTML: text made safe to stand in a page. */
#ifndef POLICEGRID_CTL_HTML_H
#define POLICEGRID_CTL_HTML_H

#include "proto/text.h"

/* Append `string` with the characters that mean something in HTML escaped. */
void html_append(Text *text, const char *string);

#endif
