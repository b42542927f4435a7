/*
 * Wire: a bounded reader and writer of binary records (big-endian integers, length-prefixed strings) for what daemon and plugin
 * say to each other. A reader past its end sets `failed` and returns zeroes; check once, at the end.
 */
#ifndef POLICEGRID_PROTO_WIRE_H
#define POLICEGRID_PROTO_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/text.h"

typedef struct WireReader {
        const uint8_t *data; /* borrowed */
        size_t n;
        size_t at;
        bool failed;
} WireReader;

uint8_t wire_read_u8(WireReader *reader);
uint16_t wire_read_u16(WireReader *reader);
uint32_t wire_read_u32(WireReader *reader);
uint64_t wire_read_u64(WireReader *reader);
const uint8_t *wire_read_bytes(WireReader *reader, size_t n);
/* u16 length and bytes into buffer[size], NUL-terminated; fails when it does not fit or holds a NUL. */
void wire_read_string(WireReader *reader, char *buffer, size_t size);
bool wire_is_done(const WireReader *reader); /* everything read, nothing failed */

void wire_write_u8(Text *text, uint8_t value);
void wire_write_u16(Text *text, uint16_t value);
void wire_write_u32(Text *text, uint32_t value);
void wire_write_u64(Text *text, uint64_t value);
void wire_write_bytes(Text *text, const void *data, size_t n);
void wire_write_string(Text *text, const char *string);

#endif
