/* Wire: see wire.h. */
#include "proto/wire.h"

#include <assert.h>
#include <string.h>

/* The next `n` bytes, or NULL with `failed` set. */
const uint8_t *wire_read_bytes(WireReader *reader, size_t n) {
        if (reader->failed || n > reader->n - reader->at) {
                reader->failed = true;
                return NULL;
        }
        const uint8_t *bytes = reader->data + reader->at;
        reader->at += n;
        return bytes;
}

static uint64_t wire_read_integer(WireReader *reader, size_t n) {
        const uint8_t *bytes = wire_read_bytes(reader, n);
        uint64_t value = 0;

        for (size_t i = 0; bytes && i < n; i++)
                value = value << 8 | bytes[i];
        return value;
}

uint8_t wire_read_u8(WireReader *reader) {
        return (uint8_t)wire_read_integer(reader, 1);
}

uint16_t wire_read_u16(WireReader *reader) {
        return (uint16_t)wire_read_integer(reader, 2);
}

uint32_t wire_read_u32(WireReader *reader) {
        return (uint32_t)wire_read_integer(reader, 4);
}

uint64_t wire_read_u64(WireReader *reader) {
        return wire_read_integer(reader, 8);
}

void wire_read_string(WireReader *reader, char *buffer, size_t size) {
        assert(size > 0);
        buffer[0] = '\0';
        size_t n = wire_read_u16(reader);
        const uint8_t *bytes = wire_read_bytes(reader, n);
        if (!bytes)
                return;
        if (n >= size || (n && memchr(bytes, '\0', n))) {
                reader->failed = true;
                return;
        }
        if (n)
                memcpy(buffer, bytes, n);
        buffer[n] = '\0';
}

bool wire_is_done(const WireReader *reader) {
        return !reader->failed && reader->at == reader->n;
}

static void wire_write_integer(Text *text, uint64_t value, size_t n) {
        char bytes[8];

        for (size_t i = 0; i < n; i++)
                bytes[i] = (char)(uint8_t)(value >> 8 * (n - 1 - i));
        text_append(text, bytes, n);
}

void wire_write_u8(Text *text, uint8_t value) {
        wire_write_integer(text, value, 1);
}

void wire_write_u16(Text *text, uint16_t value) {
        wire_write_integer(text, value, 2);
}

void wire_write_u32(Text *text, uint32_t value) {
        wire_write_integer(text, value, 4);
}

void wire_write_u64(Text *text, uint64_t value) {
        wire_write_integer(text, value, 8);
}

void wire_write_bytes(Text *text, const void *data, size_t n) {
        text_append(text, data, n);
}

void wire_write_string(Text *text, const char *string) {
        size_t n = strlen(string);
        assert(n <= UINT16_MAX);
        wire_write_u16(text, (uint16_t)n);
        text_append(text, string, n);
}
