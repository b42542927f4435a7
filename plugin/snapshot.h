/*
 * Snapshot: rosters on disk, and the worker thread that decodes and writes them, so that the broker's loop never waits for a hash, a
 * parse or an fsync. One thread, started with the first job; jobs end in the order in which they came.
 */
#ifndef POLICEGRID_PLUGIN_SNAPSHOT_H
#define POLICEGRID_PLUGIN_SNAPSHOT_H

#include <stdbool.h>

#include "proto/control.h"
#include "proto/roster.h"
#include "proto/stamp.h"

typedef struct Snapshot Snapshot;

typedef struct SnapshotResult {
        char area[AREA_MAX + 1];
        char client_id[STAMP_CLIENT_MAX + 1]; /* who is to be told */
        Roster *roster;                       /* owned by the receiver; NULL: refused */
        char why[160];                        /* of a refusal, or of a file that could not be written */
} SnapshotResult;

/* NULL when memory is exhausted. `directory` is copied. */
Snapshot *snapshot_new(const char *directory);
/* Finishes what was submitted, ends the thread. NULL is allowed. */
Snapshot *snapshot_free(Snapshot *snapshot);
/* `bytes` gives its contents away on success. False when memory or a thread is missing. */
bool snapshot_submit(Snapshot *snapshot, const char *area, const char *client_id, const ControlRosterBegin *begin, Text *bytes);
/* Never waits. True with a finished job in *ret. */
bool snapshot_collect(Snapshot *snapshot, SnapshotResult *ret);
/* At start: the area's roster from its file. NULL with a reason in `why` (not logged when there is no file: why is then ""). */
Roster *snapshot_load(const char *directory, const char *area, char *why, size_t n_why);

#endif
