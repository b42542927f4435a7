/*
 * Fixture: a small town in a real engine, spoken to through message_read as the broker would, with a clock that the test turns.
 *
 *   town (tier 1) ── east (tier 2) ── e1, e2, e3 (tier 3; e1 and e2 tagged `river`; e3 staffed by east)
 *                 └─ west (tier 2) ── w1 (tier 3, tagged `river`)
 *   device panic-1 at e1, silent after 10 minutes; meter-1 at w1, spoken for by gateway-1; place shop-1 at e1
 */
#ifndef POLICEGRID_TESTS_FIELD_FIXTURE_H
#define POLICEGRID_TESTS_FIELD_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "engine/engine.h"
#include "engine/internal.h"
#include "proto/json.h"

#define AREA "140802100"
#define MINUTE ((int64_t)60000)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)
#define START 1795255200000 /* Saturday 2026-11-21T10:00:00Z = 18:00 in town */

typedef enum Who { ADMIN = 0, COMMANDER, EAST_OFFICER, WEST_OFFICER, E1_HEAD, E1_WORKER, E1_VOLUNTEER, E2_WORKER, W1_WORKER, EAST_WORKER,
                   DASHBOARD, AUDITOR, PANIC, GATEWAY, WHO_COUNT } Who;

typedef struct Fixture {
        Engine *engine;
        Batch batch;
        int64_t now;
        unsigned n_messages;
        char members[WHO_COUNT][MEMBER_MAX + 1];
        cJSON *retained;   /* topic without `grid/v1/{area}/` → document */
        cJSON *receipt;    /* of the last message */
        size_t n_published;/* documents of the last batch, receipts included */
        size_t n_rows[TABLE_COUNT]; /* of the last batch */
} Fixture;

extern const char FIELD_ORGANISATION[]; /* version 1, as applied */
int fixture_setup(void **state);
int fixture_teardown(void **state);

/*
 * Say `body` (JSON text; `id` is added when it has none) on `topic` (without `grid/v1/{area}/`), in a batch of its own. Returns the
 * receipt, borrowed until the next message; NULL when there was none.
 */
const cJSON *say(Fixture *fixture, Who who, const char *topic, const char *format, ...) __attribute__((format(printf, 4, 5)));
/* The same and assert: accepted, or rejected with that code. */
const cJSON *say_ok(Fixture *fixture, Who who, const char *topic, const char *format, ...) __attribute__((format(printf, 4, 5)));
void say_refused(Fixture *fixture, Code code, Who who, const char *topic, const char *format, ...) __attribute__((format(printf, 5, 6)));
/* Plan a query of `who` as the daemon would; engine_query_deinit it. */
Code ask(Fixture *fixture, Who who, EngineQuery *ret, const char *format, ...) __attribute__((format(printf, 4, 5)));
/* Turn the clock, firing every timer on the way; each in a batch of its own. */
void pass(Fixture *fixture, int64_t ms);
/* Make unit lists and counters and keep them as retained. Returns how many documents were made. */
size_t refresh(Fixture *fixture);
/* Retained document on a topic (printf), NULL when there is none. */
const cJSON *document(Fixture *fixture, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* How many retained topics contain this text. */
size_t count_topics(Fixture *fixture, const char *part);
/* The first open (or, if none, last) task document of a unit, any audience; NULL when there is none. */
const cJSON *task_at(Fixture *fixture, int tier, const char *unit);
/* RFC 3339 time of the fixture's clock plus `ms`, in a ring of buffers. */
const char *when(Fixture *fixture, int64_t ms);
const char *created(const cJSON *receipt, const char *name);

/* A CAP message: {"id",…} with these differences; see fixture.c. */
typedef struct Post {
        const char *identifier, *type, *status, *severity, *headline, *instruction, *references, *area, *event_code;
        int64_t sent, expires; /* ms from now; expires 0 = none */
} Post;
const cJSON *post(Fixture *fixture, Who who, const char *topic, const Post *post);

#endif
