/*
 * Secret: what a member proves itself with. Made here, at random, and never sent: the town keeps only its SHA-256.
 */
#ifndef POLICEGRID_CTL_SECRET_H
#define POLICEGRID_CTL_SECRET_H

#include <stdbool.h>
#include <stddef.h>

#define SECRET_LENGTH 26      /* of 32 letters: 130 bits */
#define SECRET_HASH_LENGTH 64 /* hex digits */
#define AREA_SECRET_LENGTH 64 /* hex digits: 32 bytes */

/* Random characters of [a-z2-7] (RFC 4648 base32, lower case). For secrets and one-time codes alike. */
void secret_generate(char ret[static SECRET_LENGTH + 1]);
/* SHA-256 of the secret's characters as lower-case hex. */
void secret_hash(const char *secret, char ret[static SECRET_HASH_LENGTH + 1]);
/* The area's secret, shared by broker and daemon: 64 hex digits. */
void secret_generate_area(char ret[static AREA_SECRET_LENGTH + 1]);
/* n random letters of [a-z2-7] for member ids. `ret` holds n + 1. */
void secret_letters(char *ret, size_t n);

#endif
