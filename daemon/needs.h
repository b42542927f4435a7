/*
 * Needs: what must be looked up before the commands of a range can be decided, each key once.
 */
#ifndef POLICEGRID_DAEMON_NEEDS_H
#define POLICEGRID_DAEMON_NEEDS_H

#include <stddef.h>

#include "engine/engine.h"
#include "proto/map.h"

typedef struct Needs {
        EngineNeed *items;     /* of the latest collecting */
        size_t n, capacity;
        Map *asked;            /* keys collected since needs_start */
} Needs;

/* A new range: nothing was asked for yet. */
void needs_start(Needs *needs);
/* Forget the latest items; the keys stay. */
void needs_next(Needs *needs);
/* Add what the engine needs for this command and was not asked for yet. Keys are borrowed from command and engine. */
void needs_collect(Needs *needs, Engine *engine, const Command *command);
void needs_deinit(Needs *needs);

#endif
