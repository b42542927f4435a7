/*
 * Mask: identities taken out of free text before it is written anywhere (DOMAIN.md, Privacy): identity numbers (GB 11643, by
 * checksum), mobile numbers, licence plates (GA 36), bank cards (Luhn). Full-width digits count as digits.
 */
#ifndef POLICEGRID_PROTO_MASK_H
#define POLICEGRID_PROTO_MASK_H

#include <stdbool.h>
#include <stddef.h>

#define NOTE_CHARACTERS_MAX 200 /* Unicode characters of a note */

/* Masks in place (same byte length or shorter, `*` per character). Returns whether something was masked. Valid UTF-8 expected. */
bool mask_text(char *text);
/* The same for a contact: telephone numbers stay, since that is what it is for. */
bool mask_contact(char *text);
/* Number of Unicode characters of valid UTF-8. */
size_t text_count_characters(const char *text);

#endif
