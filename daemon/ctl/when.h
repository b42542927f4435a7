/*
 * When: times as people write them on a command line, and times as they are shown.
 */
#ifndef POLICEGRID_CTL_WHEN_H
#define POLICEGRID_CTL_WHEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* `+08:00`, `-03:30`, `Z`. */
bool zone_parse(const char *text, int *ret_minutes);
/*
 * RFC 3339 with offset; the same without offset or seconds (`2026-11-21T18:00`, `2026-11-21 18:00`), in the zone given; or an
 * ISO 8601 duration from `now_ms` (`PT2H`, `P1D`).
 */
bool when_parse(const char *text, int zone_minutes, int64_t now_ms, int64_t *ret_ms);
/* RFC 3339 in that zone. `ret` of TIMESTAMP_TEXT_MAX bytes. */
void when_format_wire(int64_t ms, int zone_minutes, char *ret);
/* `11-21 18:00:05` of a time on the wire, in the zone; "" for NULL; the text itself where it is no time. */
void when_show(const char *wire, int zone_minutes, char *buffer, size_t size);

#endif
