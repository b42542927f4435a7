/*
 * View: what `watch` shows, kept from the documents that arrive: counters of each unit, and the latest changes. Pure: text in, text out.
 */
#ifndef POLICEGRID_CTL_VIEW_H
#define POLICEGRID_CTL_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ctl/language.h"
#include "proto/text.h"

typedef struct View View;

View *view_new(Language language, int zone_minutes);
View *view_free(View *view);
/*
 * One document of ours. `retained`: it was there before we looked, so it is no news. Appends a line to *ret_line where it is news
 * (a task, escalation or notice that changed); malformed documents are ignored.
 */
void view_take(View *view, const char *topic, const void *payload, size_t n_payload, bool retained, Text *ret_line);
/* The whole screen: units with open work first come in the order of their names; `rows` lines at most. */
void view_write(const View *view, size_t rows, Text *ret);

#endif
