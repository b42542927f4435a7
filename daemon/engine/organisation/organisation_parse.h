/*
 * What the readers of the organisation file share: organisation_parse.c (the whole, dictionaries, calendars, places, devices),
 * organisation_units.c (units and their tree), organisation_seats.c (seats: what is wanted, what is allowed).
 */
#ifndef POLICEGRID_ENGINE_ORGANISATION_PARSE_H
#define POLICEGRID_ENGINE_ORGANISATION_PARSE_H

#include "engine/check.h"
#include "engine/organisation/organisation_internal.h"

typedef struct Parser {
        Check check;
        Structure *structure;
        const cJSON *dictionaries; /* NULL when none */
} Parser;

/* Zeroed memory; aborts when there is none. */
void *parser_allocate(size_t n, size_t size);
/* Member `name` as the id of something; absent gives "" where it is not required; NULL after a refusal. */
const char *parser_id(Parser *parser, const cJSON *object, const char *name, bool required);
/* NULL after a refusal at member `name`. */
const Unit *parser_unit(Parser *parser, const char *name, const char *id);
/* Refuses an id that is there already. */
bool parser_index(Parser *parser, Map *map, const char *id, void *value);
/* Entry of a dictionary; NULL when there is none. */
const cJSON *parser_code(const Parser *parser, const char *dictionary, const char *code);

bool parser_units(Parser *parser, const cJSON *file);
bool parser_links(Parser *parser, const cJSON *item, const cJSON **ret);
bool parser_seats_wanted(Parser *parser, const cJSON *file);

#endif
