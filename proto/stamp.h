/*
 * Stamp: what the broker knows about a message and the client cannot forge: member, client id, time of receipt, and a keyed
 * BLAKE2b over these, the topic and the payload (I5). Carried as one MQTT 5 user property.
 */
#ifndef POLICEGRID_PROTO_STAMP_H
#define POLICEGRID_PROTO_STAMP_H

#include <stddef.h>
#include <stdint.h>

#include "proto/topic.h"

#define STAMP_PROPERTY "policegrid-stamp"
#define STAMP_KEY_BYTES 32
#define STAMP_CLIENT_MAX 128
#define STAMP_TEXT_MAX 512
#define SECRET_FILE_BYTES 32 /* the area's secret file holds 64 hex digits */

typedef struct Stamp {
        char member[MEMBER_MAX + 1];
        char client[STAMP_CLIENT_MAX + 1];
        int64_t received_at; /* Unix ms, the broker's clock */
} Stamp;

/* Keys derived from the area's secret (crypto_kdf-like, context-separated BLAKE2b): the stamp's, and the daemon's password (hex). */
void stamp_key_derive(const uint8_t secret[static SECRET_FILE_BYTES], uint8_t ret[static STAMP_KEY_BYTES]);
void daemon_password_derive(const uint8_t secret[static SECRET_FILE_BYTES], char ret[static 65]);
/* MQTT user name of an area's daemon: `daemon-{area}`; client ids `daemon-{area}/urgent`, `daemon-{area}/bulk`. */
#define DAEMON_USER_PREFIX "daemon-"

/* Writes the property's value; returns its length, or 0 when client or member are too long or hold bytes outside 0x21–0x7e. */
size_t stamp_format(const Stamp *stamp, const uint8_t key[static STAMP_KEY_BYTES], const char *topic, const void *payload,
                    size_t n_payload, char ret[static STAMP_TEXT_MAX]);
enum { STAMP_E_MALFORMED = 1, STAMP_E_FORGED };
/* Parse and verify in constant time. 0, or an outcome; *ret is filled only on 0. */
int stamp_verify(const char *text, const uint8_t key[static STAMP_KEY_BYTES], const char *topic, const void *payload,
                 size_t n_payload, Stamp *ret);

#endif
