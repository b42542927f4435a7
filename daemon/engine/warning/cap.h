/*
 * Cap: the check of a warning's body: the Common Alerting Protocol 1.2 (OASIS, 2010) in JSON under CAP's own names, as DESIGN.md
 * lists them. Pure: knows neither the organisation nor the state.
 *
 * Narrower than CAP where the daemon could not keep what a wider message promises: status Actual, Exercise or Test; msgType Alert,
 * Update or Cancel; geocodes that name our units; no resources (no imagery is kept). Wider in one point: `sender` may be left out,
 * since the broker's stamp says who it is.
 */
#ifndef POLICEGRID_ENGINE_CAP_H
#define POLICEGRID_ENGINE_CAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cjson/cJSON.h>

#include "engine/playbook/playbook.h"
#include "engine/state/state.h"
#include "proto/code.h"

#define CAP_INFOS_MAX 8
#define CAP_AREAS_MAX 16
#define CAP_GEOCODES_MAX 512    /* of the whole message */
#define CAP_REFERENCES_MAX 32
#define CAP_HEADLINE_MAX 160    /* characters; CAP 1.2 recommends it */
#define CAP_EVENT_MAX 64
#define CAP_DESCRIPTION_MAX 4000
#define CAP_INSTRUCTION_MAX 2000
#define CAP_WORD_MAX 500        /* every other text */
#define CAP_SENT_FUTURE_MS ((int64_t)24 * 3600 * 1000)
#define CAP_SENT_PAST_MS ((int64_t)30 * 24 * 3600 * 1000)
#define CAP_SPAN_MS ((int64_t)400 * 24 * 3600 * 1000) /* effective, onset and expires lie within this distance of `sent` */

typedef enum CapType { CAP_ALERT = 0, CAP_UPDATE, CAP_CANCEL } CapType;

typedef enum CapGeocodeKind { CAP_GEOCODE_UNIT = 0, CAP_GEOCODE_TAG, CAP_GEOCODE_TIER, CAP_GEOCODE_CODE } CapGeocodeKind;

typedef struct CapGeocode {
        CapGeocodeKind kind;
        char value[NAME_MAX_GRID + 1];
} CapGeocode;

/* A checked message. Pointers are borrowed from the body, arrays are owned (cap_deinit). */
typedef struct Cap {
        CapType type;
        Reality reality;
        const char *identifier;
        int64_t sent;
        int64_t expires;          /* the latest of the infos', TIMESTAMP_NONE when one of them is open */
        Severity severity;        /* of the chosen info */
        const char *event;        /* NULL in a Cancel without info, as all that follow */
        char event_code[NAME_MAX_GRID + 1]; /* eventCode of valueName policegrid; "" when there is none */
        const char *headline, *headline_en; /* headline_en: of the first English info, NULL when none */
        const char *description, *instruction; /* NULL when absent */
        char (*references)[MESSAGE_ID_MAX + 1]; size_t n_references; /* identifiers only */
        CapGeocode *geocodes; size_t n_geocodes;   /* union of all infos' areas, as CAP unites the parts of an area */
} Cap;

/*
 * Check `body` (a checked JSON object). `now_ms`: when the broker received it; decides what is too old, too far ahead or expired.
 * CODE_NONE and *ret, to be given to cap_deinit in either case; or why it is refused, with the field's path in `ret_detail`:
 *   CODE_MISSING, CODE_TYPE, CODE_RANGE (enumerations, sizes), CODE_TIME, CODE_UNKNOWN_FIELD.
 */
Code cap_check(const cJSON *body, int64_t now_ms, Cap *ret, char *ret_detail, size_t n_detail);
void cap_deinit(Cap *cap);

/*
 * The message as it is kept and shown: a copy with our own additions (`id`, `occurred_at`, `revision`, `seat`) and the private `note` taken out, `sender`
 * set to who really sent it, and identities masked in every free text (DOMAIN.md, Privacy) except parameters that the commander
 * names `policegrid:public`, which the log keeps as his. The caller owns it. *ret_masked says whether something was masked.
 */
cJSON *cap_keep(const cJSON *body, const char *sender, bool *ret_masked);

/*
 * Take severity, event, headlines, description, instruction and expiry from `message`: cap_check does so from the body; whoever shows
 * words does it again from what cap_keep made, in which they are masked. Pointers are borrowed from it.
 */
void cap_take_words(Cap *cap, const cJSON *message);

/* The info that a reader of `language` ("zh", "en") sees: the first of that language; NULL when none. No language = zh. */
const cJSON *cap_info(const cJSON *cap, const char *language);
/* What titles, severity and instruction come from: the first zh info, else the first; NULL when there is none. */
const cJSON *cap_info_chosen(const cJSON *cap);

#endif
