/*
 * JSON scan: decides whether bytes are one JSON object that cJSON may be given. Of its rules only duplicate keys are left to json.c,
 * which needs the decoded keys for it.
 */
#ifndef POLICEGRID_PROTO_JSON_SCAN_H
#define POLICEGRID_PROTO_JSON_SCAN_H

#include <stddef.h>

#include "proto/code.h"

/* CODE_NONE, or CODE_MALFORMED, CODE_UTF8, CODE_NUL, CODE_TOO_DEEP, CODE_TOO_LARGE (too many values), CODE_RANGE (a number). */
Code json_scan_object(const char *data, size_t n_data);

#endif
