/*
 * An organisation in the database: its rows as a difference between two, and an organisation made again from loaded rows. Units,
 * places and devices are rebuilt from the file in TABLE_ORGANISATION; their own rows are for foreign keys and dashboards.
 */
#ifndef POLICEGRID_ENGINE_ORGANISATION_ROWS_H
#define POLICEGRID_ENGINE_ORGANISATION_ROWS_H

#include <stddef.h>
#include <stdint.h>

#include "engine/organisation/organisation.h"
#include "engine/state/table.h"

/* `cells` in the table's column order without `area`, as state_journal takes them; borrowed. */
typedef void OrganisationRow(void *userdata, TableId table, const char *const *cells, size_t n_cells);

/* Tells a row for all that differs; `before` NULL = everything is new. One row a key, referenced ones first. */
void organisation_differences(const Organisation *before, const Organisation *now, OrganisationRow *tell, void *userdata);

typedef struct OrganisationLoader OrganisationLoader;
OrganisationLoader *organisation_loader_new(const char *area);
OrganisationLoader *organisation_loader_free(OrganisationLoader *loader);
/* One row of TABLE_ORGANISATION, TABLE_MEMBER or TABLE_SEAT, `area` included, in any order. NULL, or the column that does not fit. */
const char *organisation_loader_row(OrganisationLoader *loader, TableId table, const char *const *cells);
/* NULL when the rows do not fit together; the loader is still to be freed. */
Organisation *organisation_loader_finish(OrganisationLoader *loader, char *ret_detail, size_t n_detail);

#endif
