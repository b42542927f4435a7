/*
 * Statistics: figures of past months as imported, closed months and their corrections, and the catalogue's sections `figures`,
 * `campaigns` and `zero_days`. What is counted from rows is the database's; only what must stand in the log is here. Pure.
 */
#ifndef POLICEGRID_ENGINE_STATISTICS_H
#define POLICEGRID_ENGINE_STATISTICS_H

#include "engine/catalogue/catalogue.h"
#include "engine/decision.h"

#define FIGURES_COLUMNS_MAX 30          /* figures of one import */
#define FIGURES_ROWS_MAX 4000           /* rows of one import; a message holds about 1,500 */
#define FIGURES_AMOUNT_MAX INT64_C(1000000000000000) /* fen, too: ten trillion yuan */

/*
 * admin/figures-import {"figures": [name…], "rows": [[unit, "2025-11", amount|null…]…]}: whole or not at all. Figures are named in the
 * catalogue, months have ended, units are known, a month of a unit comes once. An amount replaces the one imported before. A
 * refusal's detail begins with the row, `rows[12]: `.
 */
DecisionHandler admin_figures_import;

/* Sections of the catalogue. */
CatalogueCheck figures_catalogue_check, campaigns_catalogue_check, zero_days_catalogue_check;

/* `2026-11`, from 2000 on; *ret_first its first day (days since 1970-01-01). */
bool month_parse(const char *text, int64_t *ret_first);

#endif
