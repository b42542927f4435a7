/*
 * Inflight: the memory of which messages were in work when the process died (I14). A small file, mapped, so that a kill at any
 * instruction leaves it behind; it is a guard against a message that kills the daemon, and no record: a machine that loses power
 * may lose it.
 *
 * A message that was in work at one crash is processed by itself when it is delivered again; one that was in work at two goes to
 * quarantine. Whether it was still being parsed is kept apart: then not even its body may be looked at.
 */
#ifndef POLICEGRID_DAEMON_INFLIGHT_H
#define POLICEGRID_DAEMON_INFLIGHT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define INFLIGHT_HASH_BYTES 16
#define INFLIGHT_MAX 8192 /* messages in work at a time, and remembered from crashes */

typedef struct Inflight Inflight;
typedef struct InflightHash { uint8_t bytes[INFLIGHT_HASH_BYTES]; } InflightHash;

/* Hash of topic, payload and stamp: the same delivery of the same message, whoever reads it. `stamp` may be NULL. */
void inflight_hash(const char *topic, const void *payload, size_t n_payload, const char *stamp, InflightHash *ret);

/*
 * Open or make `path`. What the file holds as in work becomes a suspicion. An unreadable or foreign file is begun anew. NULL and
 * errno when it cannot be had: the caller runs without (every function takes NULL).
 */
Inflight *inflight_open(const char *path);
/* A clean end: nothing is in work. Suspicions stay. */
Inflight *inflight_close(Inflight *inflight);

/* Crashes that the message was in work at: 0, 1, 2… *ret_parsing: whether it was being parsed at one of them. */
unsigned inflight_crashes(const Inflight *inflight, const InflightHash *hash, bool *ret_parsing);
/* Messages suspected now. */
size_t inflight_count(const Inflight *inflight);

/* Enter a message that is about to be parsed; leave when it has been. */
void inflight_parse_begin(Inflight *inflight, const InflightHash *hash);
void inflight_parse_end(Inflight *inflight);
/* What is in work now: replaces what was. n = 0: nothing. More than INFLIGHT_MAX: the first ones. */
void inflight_work(Inflight *inflight, const InflightHash *hashes, size_t n);
/* The message has its outcome: no suspicion any more. */
void inflight_forget(Inflight *inflight, const InflightHash *hash);

#endif
