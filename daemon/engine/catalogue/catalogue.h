/*
 * Catalogue: the data that mechanisms need beside organisation and playbooks, one JSON file an area. Immutable: a new version replaces
 * the one before, whole. Each section belongs to a room of the engine, which checks it (catalogue_check.c) and reads it. Pure.
 */
#ifndef POLICEGRID_ENGINE_CATALOGUE_H
#define POLICEGRID_ENGINE_CATALOGUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cjson/cJSON.h>

#include "engine/check.h"
#include "engine/decision.h"
#include "engine/organisation/organisation.h"
#include "engine/playbook/playbook.h"

#define CATALOGUE_BYTES_MAX ((size_t)60 << 10) /* of the text: a message holds 64 KiB */
#define CATALOGUE_ITEMS_MAX 256                /* members of one section */

typedef struct Catalogue Catalogue;

/* The catalogue of an area that has none: version 0, no section. Never NULL. */
Catalogue *catalogue_new_empty(void);
/*
 * Reads a text: one JSON object with name, version and known sections, each an object of at most CATALOGUE_ITEMS_MAX members. NULL with
 * place and reason in ret_detail. What the sections say is catalogue_fits' to check.
 */
Catalogue *catalogue_new(const char *text, size_t n_text, char *ret_detail, size_t n_detail);
Catalogue *catalogue_free(Catalogue *catalogue);
/*
 * Whether every section is right by itself and names only what is there. False with place and reason. `organisation` NULL or without
 * units: nothing is asked of it; `playbooks` NULL: nothing is asked of them.
 */
bool catalogue_fits(const Catalogue *catalogue, const Organisation *organisation, const PlaybookSet *playbooks, char *ret_detail,
                    size_t n_detail);
/* Whether they say the same, however their texts are spaced and ordered. */
bool catalogue_equals(const Catalogue *catalogue, const Catalogue *other);

const char *catalogue_name(const Catalogue *catalogue);    /* "" of the empty one */
int64_t catalogue_version(const Catalogue *catalogue);     /* 0 of the empty one */
const char *catalogue_hash(const Catalogue *catalogue);    /* 64 hex digits of BLAKE2b-256 of the text */
const char *catalogue_text(const Catalogue *catalogue);
/* Who applied it, and when (Unix ms): kept for its row in the database only. */
void catalogue_set_applied(Catalogue *catalogue, const char *by, int64_t at_ms);
const char *catalogue_applied_by(const Catalogue *catalogue);
int64_t catalogue_applied_at(const Catalogue *catalogue);

/* A section, an entry of a section: objects in the order of the file, borrowed; NULL when there is none. */
const cJSON *catalogue_section(const Catalogue *catalogue, const char *section);
const cJSON *catalogue_item(const Catalogue *catalogue, const char *section, const char *name);
const cJSON *catalogue_report_kind(const Catalogue *catalogue, const char *name);

/*
 * Section checker of a room: the section is an object of at most CATALOGUE_ITEMS_MAX members; the checker says of everything in it whether
 * it is right, standing at the section's place in the file. `organisation`, `playbooks`: NULL when nothing is to be asked of them.
 * False after check_fail.
 */
typedef bool CatalogueCheck(Check *check, const cJSON *section, const Organisation *organisation, const PlaybookSet *playbooks);
/*
 * After a new catalogue has been applied (state_catalogue is the new one): a room appends what follows from it as further facts of the
 * same event. `before`: the catalogue until now, never NULL. May not reject. Called in the order of the table, also for sections that
 * neither catalogue has.
 */
typedef void CatalogueChanged(Decision *decision, const Catalogue *before);

/* A new catalogue has been applied in this decision: every room's CatalogueChanged. */
void catalogue_changed(Decision *decision, const Catalogue *before);

/* Whether `name` is a section of catalogues; calls the room's checker. For catalogue.c. */
bool catalogue_section_is_known(const char *name);

#endif
