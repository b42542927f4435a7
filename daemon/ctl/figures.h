/*
 * Figures: a CSV file of past months made into the body of admin/figures-import. Pure: text in, body and faults out.
 */
#ifndef POLICEGRID_CTL_FIGURES_H
#define POLICEGRID_CTL_FIGURES_H

#include <stdbool.h>
#include <stddef.h>
#include <cjson/cJSON.h>

#include "ctl/language.h"
#include "proto/text.h"

typedef struct Figures {
        cJSON *body;        /* {"figures": […], "rows": […]}, owned */
        unsigned *lines;    /* of each row, from 1; owned */
        size_t n_rows, capacity;
} Figures;

/*
 * `text` (NUL-terminated) is taken apart in place. Heading `unit,month,NAME…`; then a row a unit and month, amounts whole numbers of 0 or
 * more, empty where there is none. False with every fault and its line in *ret_faults. What only the town knows (units, names) is its
 * to refuse. Either way the caller calls figures_deinit.
 */
bool figures_read(char *text, Language language, Figures *ret, Text *ret_faults);
void figures_deinit(Figures *figures);

#endif
