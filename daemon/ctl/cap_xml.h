/*
 * CAP XML (OASIS CAP-v1.2) in and out. The wire carries CAP as JSON under the same names; other systems speak XML. Nothing of XML
 * that could reach outside is allowed: no network, no document type, no entities of one's own.
 */
#ifndef POLICEGRID_CTL_CAP_XML_H
#define POLICEGRID_CTL_CAP_XML_H

#include <stddef.h>
#include <cjson/cJSON.h>

#include "proto/text.h"

#define CAP_XML_BYTES_MAX ((size_t)1 << 20)

typedef enum CapXmlOutcome {
        CAP_XML_OK = 0,
        CAP_XML_E_MALFORMED, /* no well-formed XML */
        CAP_XML_E_UNSAFE,    /* a document type, an entity, too deep, too many elements, a tag or a file too long */
        CAP_XML_E_OTHER,     /* no CAP 1.2 alert */
} CapXmlOutcome;

/*
 * Read one alert. *ret is its JSON (owned by the caller, NULL on failure). What our wire does not carry (polygons, circles,
 * heights, resources, code, signatures) is left out and named in *ret_left_out, separated by blanks.
 */
CapXmlOutcome cap_xml_read(const char *data, size_t n_data, cJSON **ret, Text *ret_left_out);
/* The same with `code`, and with polygons and circles as CAP writes them: for cap_foreign, which makes units of them. */
CapXmlOutcome cap_xml_read_all(const char *data, size_t n_data, cJSON **ret, Text *ret_left_out);
/* Append the alert as XML, elements in the order that CAP's schema requires; our own additions (id, seat…) do not go out. */
void cap_xml_write(const cJSON *alert, Text *ret);

#endif
