/*
 * Engine, inside: shared by engine.c (deciding) and load.c (rows from the database). Nobody else.
 */
#ifndef POLICEGRID_ENGINE_ENGINE_PRIVATE_H
#define POLICEGRID_ENGINE_ENGINE_PRIVATE_H

#include "engine/document/document.h"
#include "engine/internal.h"
#include "engine/outcome.h"
#include "engine/state/state_batch.h"
#include "proto/map.h"

typedef struct OrganisationLoader OrganisationLoader;

struct Engine {
        EngineConfig config;
        char area[AREA_MAX + 1];
        State *state;                /* owned */
        Outcomes *outcomes;          /* owned */
        Status *status;              /* owned; status.c */
        Map *asked;                  /* what engine_needs has named since the last batch; values are marks */
        OrganisationLoader *loader;  /* owned; NULL unless rows are being loaded */
        char load_detail[256];       /* why loading was refused */
        Batch *batch;                /* borrowed; NULL between batches */
        Documents messages, receipts; /* documents that are not retained, of this batch: to gateways, to senders */
};

#endif
