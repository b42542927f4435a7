/*
 * Foreign: an alert of another publisher made into one that this town can post: the same words in the same languages, our units in place of
 * his polygons, circles and codes. Pure. What is shortened or left out is named; nothing that he writes chooses a playbook or keeps an
 * identity from being masked, since only a commander may.
 */
#ifndef POLICEGRID_CTL_CAP_FOREIGN_H
#define POLICEGRID_CTL_CAP_FOREIGN_H

#include <stdbool.h>
#include <stddef.h>
#include <cjson/cJSON.h>

#include "ctl/geometry.h"
#include "proto/text.h"
#include "proto/topic.h"

typedef enum CapForeignOutcome {
        CAP_FOREIGN_OK = 0,
        CAP_FOREIGN_E_FIELD,      /* a required element is missing or malformed; named */
        CAP_FOREIGN_E_STATUS,     /* System or Draft: not for people */
        CAP_FOREIGN_E_TYPE,       /* Ack or Error: not for people */
        CAP_FOREIGN_E_REFERENCES, /* an Update or Cancel that refers to nothing */
        CAP_FOREIGN_E_GEOMETRY,   /* a polygon or circle that is none */
        CAP_FOREIGN_E_ADDRESS,    /* an area, but nothing says which of our units lie in it */
        CAP_FOREIGN_E_ELSEWHERE,  /* none of our units lies in it */
        CAP_FOREIGN_E_SCOPE,      /* Restricted or Private: whom it may be passed on to must be said */
        CAP_FOREIGN_E_SIZE,       /* more than a message may hold, even with one language */
} CapForeignOutcome;

typedef struct UnitPoint { char unit[NAME_MAX_GRID + 1]; Point at; } UnitPoint;

typedef struct CapForeignOptions {
        const char *area;             /* the town's division code */
        const char *event_code;       /* chooses our playbook; NULL = the event's text does */
        const cJSON *geocodes;        /* [{"valueName","value"}] that a person chose; decides alone when it has any; may be NULL */
        bool everyone;                /* every unit below the sender */
        const UnitPoint *points; size_t n_points; /* where our units are; 0 = unknown */
        int zone_minutes;             /* times are written in this zone */
} CapForeignOptions;

/*
 * Change `alert` (cap_xml_read_all) in place. The identifier stays where ours may look so, else it becomes "cap-" and a digest of publisher and
 * identifier, references likewise, so that his Updates and Cancels find what was imported before. `ret_left_out`: names, with blanks
 * between; `ret_where`: the element or word that a refusal speaks of ("" when none).
 */
CapForeignOutcome cap_foreign(cJSON *alert, const CapForeignOptions *options, Text *ret_left_out, char *ret_where, size_t n_where);
const char *cap_foreign_text(CapForeignOutcome outcome, bool zh);

/*
 * The other way: complete one of ours for everybody else. CAP requires what the wire may leave out (category, areaDesc) and wants references as
 * "sender,identifier,sent" and times with an offset and without fractions. `sender`, `sent`: of the chain, for references by identifier alone.
 */
void cap_complete(cJSON *alert, const char *sender, const char *sent, int zone_minutes);

#endif
