/*
 * Duty: standing duties as they run. The catalogue says them (duty_definition.h); here each has an object with the time of its next
 * occurrence, which starts the playbook `when: {"duty": name}`, or, where the duty names what meets it, opens a round for each target.
 * Recorded work meets rounds; a round that ends says what was missed.
 */
#ifndef POLICEGRID_ENGINE_DUTY_H
#define POLICEGRID_ENGINE_DUTY_H

#include "engine/catalogue/catalogue.h"
#include "engine/duty/duty_definition.h"
#include "engine/record.h"
#include "engine/state/state.h"

#define DUTY_CATCH_UP_MAX 5        /* occurrences of a downtime that still happen, the latest ones; the others are counted as skipped */
#define ROUND_TARGETS_MAX 2000     /* of one round; beyond: left_out */
#define ROUND_MARKS_MAX 400        /* work that one round remembers; more changes nothing */
#define ROUND_KEPT_MS (INT64_C(7) * 24 * 3600 * 1000) /* a closed round still takes work that was done in time but arrived late */
#define DIGEST_NAMES_MAX 20        /* units and places that a digest names; it counts all */

/* After a new catalogue: duties begin, change or end (catalogue_check.c). */
CatalogueChanged duty_catalogue_changed;
/* Work that is done is told to the rounds that it meets (record.c). */
void duty_record(Decision *decision, const Record *record);

/* ---- duty_round.c ---- */
/* Opens a round for every target, from decision->at. `ends_at`: when it ends. Appends the fact with `set`, the duty's patch, which it owns. */
void round_open(Decision *decision, const Duty *duty, const DutyDefinition *definition, int64_t ends_at, cJSON *set);
/* The open round has ended: what was missed is counted, told to the unit above or made a task, as the duty says. */
void round_close(Decision *decision, const Duty *duty, const DutyDefinition *definition);
/* The duty is no longer in the catalogue: its rounds ask for nothing more. */
void round_waive(Decision *decision, const Duty *duty);

#endif
