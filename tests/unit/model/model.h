/* What the tests of the model rooms share: a small organisation, files read, refusals compared. */
#ifndef POLICEGRID_TESTS_MODEL_H
#define POLICEGRID_TESTS_MODEL_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "engine/organisation/organisation.h"
#include "engine/playbook/playbook.h"

#define AREA "140802100"

/* A file below the source tree; the caller frees. */
char *read_source(const char *path, size_t *ret_n);
/* JSON with `'` in place of `"`; the caller deletes. */
cJSON *json_of(const char *text);
/* The organisation `small.json`: 1 command, 2 rooms, 3 villages, a court. */
Organisation *small_organisation(void);
/* Milliseconds of an RFC 3339 time. */
int64_t at(const char *text);

#endif
