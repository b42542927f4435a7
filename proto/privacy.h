/*
 * Privacy: field names that would carry a person's identity are refused wherever they stand (I12; DOMAIN.md, Privacy). What such a
 * field would hold has no place in policegrid, so there is nothing to mask.
 */
#ifndef POLICEGRID_PROTO_PRIVACY_H
#define POLICEGRID_PROTO_PRIVACY_H

#include <stdbool.h>
#include <cjson/cJSON.h>

/*
 * The first field name (or CAP `valueName`), at any depth, that names a person; NULL when there is none. Case, `_`, `-` and blanks do not matter.
 * `with_names`: organisation and playbook files name units and steps, so a bare `name` is allowed there. Valid as long as the tree.
 */
const char *privacy_find_name(const cJSON *tree, bool with_names);
/* Whether the text holds an identity number, mobile number, plate or bank card (mask.h). */
bool privacy_text_is_identity(const char *text);

#endif
