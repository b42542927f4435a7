/*
 * Identifiers: UUIDs that the engine makes from event time, sequence and index (I11), and the date that a message id carries (I3).
 */
#ifndef POLICEGRID_PROTO_IDENTIFIER_H
#define POLICEGRID_PROTO_IDENTIFIER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define UUID_LENGTH 36
#define MESSAGE_ID_MAX 64
#define MESSAGE_ID_AGE_DAYS 400

/* Any version, lower case only: two spellings of one UUID would be two ids in memory and one in the database. */
bool uuid_is_valid(const char *text, size_t n);
/*
 * A UUIDv7 (RFC 9562, 5.7): `at_ms` Unix milliseconds, the rest a hash of (area, seq, index). Same arguments, same UUID.
 */
void uuid_make(int64_t at_ms, const char *area, uint64_t seq, uint32_t index, char ret[static UUID_LENGTH + 1]);
/* A random UUIDv7, for programs that send messages (not for the engine). */
void uuid_random(int64_t at_ms, char ret[static UUID_LENGTH + 1]);

/*
 * The date of a message id: a UUIDv7's time, or a leading YYYYMMDD (a valid date from 2000 on, taken at 00:00 UTC).
 * 1–64 printable ASCII characters without space, quote, backslash. Outcomes below.
 */
typedef enum MessageIdOutcome {
        MESSAGE_ID_OK = 0,
        MESSAGE_ID_INVALID, /* empty, too long, other characters */
        MESSAGE_ID_UNDATED, /* no date in it */
        MESSAGE_ID_TOO_OLD, /* more than 400 days before now */
        MESSAGE_ID_FUTURE,  /* more than 2 days after now */
} MessageIdOutcome;
MessageIdOutcome message_id_check(const char *id, size_t n, int64_t now_ms);

#endif
