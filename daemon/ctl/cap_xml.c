#include "ctl/cap_xml.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <libxml/SAX2.h>
#include <libxml/parser.h>
#include <libxml/tree.h>

/* An alert is five deep; a signature in it (XML-DSig) seven. Real ones have some hundred elements. */
#define DEPTH_MAX 12
#define ELEMENTS_MAX 8192
#define TAG_BYTES_MAX 4096 /* CAP has no attributes; thousands of them would be a way to keep the parser busy */

#define CAP_NAMESPACE "urn:oasis:names:tc:emergency:cap:1.2"

typedef enum Shape { SHAPE_TEXT = 0, SHAPE_LIST, SHAPE_PAIRS, SHAPE_INFO, SHAPE_AREA } Shape;

typedef struct Element {
        const char *name;
        Shape shape;  /* LIST: repeated text; PAIRS: repeated {valueName, value}; INFO, AREA: repeated structures */
} Element;

/* In the order of CAP's schema; JSON and XML have the same names. */
static const Element alert_elements[] = {
        {"identifier", SHAPE_TEXT}, {"sender", SHAPE_TEXT}, {"sent", SHAPE_TEXT}, {"status", SHAPE_TEXT}, {"msgType", SHAPE_TEXT}, {"source", SHAPE_TEXT}, {"scope", SHAPE_TEXT},
        {"restriction", SHAPE_TEXT}, {"addresses", SHAPE_TEXT}, {"code", SHAPE_LIST}, {"note", SHAPE_TEXT}, {"references", SHAPE_TEXT}, {"incidents", SHAPE_TEXT},
        {"info", SHAPE_INFO}, {NULL, SHAPE_TEXT},
};
static const Element info_elements[] = {
        {"language", SHAPE_TEXT}, {"category", SHAPE_LIST}, {"event", SHAPE_TEXT}, {"responseType", SHAPE_LIST}, {"urgency", SHAPE_TEXT},
        {"severity", SHAPE_TEXT}, {"certainty", SHAPE_TEXT}, {"audience", SHAPE_TEXT}, {"eventCode", SHAPE_PAIRS}, {"effective", SHAPE_TEXT},
        {"onset", SHAPE_TEXT}, {"expires", SHAPE_TEXT}, {"senderName", SHAPE_TEXT}, {"headline", SHAPE_TEXT}, {"description", SHAPE_TEXT},
        {"instruction", SHAPE_TEXT}, {"web", SHAPE_TEXT}, {"contact", SHAPE_TEXT}, {"parameter", SHAPE_PAIRS}, {"area", SHAPE_AREA}, {NULL, SHAPE_TEXT},
};
static const Element area_elements[] = {{"areaDesc", SHAPE_TEXT}, {"polygon", SHAPE_LIST}, {"circle", SHAPE_LIST}, {"geocode", SHAPE_PAIRS},
        {NULL, SHAPE_TEXT}};
static const Element pair_elements[] = {{"valueName", SHAPE_TEXT}, {"value", SHAPE_TEXT}, {NULL, SHAPE_TEXT}};

static const Element *elements_of(Shape shape)
{
        return shape == SHAPE_INFO ? info_elements : shape == SHAPE_AREA ? area_elements : pair_elements;
}

static const Element *element_find(const Element *elements, const char *name)
{
        for (; elements->name != NULL; elements++)
                if (strcmp(elements->name, name) == 0)
                        return elements;
        return NULL;
}

/* ---- reading ---- */

static cJSON *structure_read(const xmlNode *node, const Element *elements, Text *left_out);

/* Another vocabulary's element may have a name of ours. */
static bool node_is_cap(const xmlNode *node)
{
        return node->ns != NULL && strcmp((const char *)node->ns->href, CAP_NAMESPACE) == 0;
}

static cJSON *text_read(xmlNode *node)
{
        xmlChar *content = xmlNodeGetContent(node);
        char *start = (char *)content, *end;
        cJSON *text;

        if (content == NULL)
                return cJSON_CreateString("");
        start += strspn(start, " \t\r\n");
        for (end = start + strlen(start); end > start && strchr(" \t\r\n", end[-1]) != NULL; end--)
                ;
        *end = '\0';
        text = cJSON_CreateString(start);
        xmlFree(content);
        return text;
}

static void element_read(cJSON *object, const Element *element, xmlNode *node, Text *left_out)
{
        cJSON *list;

        if (element->shape == SHAPE_TEXT) {
                if (cJSON_GetObjectItemCaseSensitive(object, element->name) == NULL)
                        cJSON_AddItemToObject(object, element->name, text_read(node));
                return;
        }
        list = cJSON_GetObjectItemCaseSensitive(object, element->name);
        if (list == NULL)
                list = cJSON_AddArrayToObject(object, element->name);
        cJSON_AddItemToArray(list, element->shape == SHAPE_LIST ? text_read(node) : structure_read(node, elements_of(element->shape), left_out));
}

static cJSON *structure_read(const xmlNode *node, const Element *elements, Text *left_out)
{
        cJSON *object = cJSON_CreateObject();

        for (xmlNode *child = node->children; child != NULL; child = child->next) {
                const Element *element;

                if (child->type != XML_ELEMENT_NODE)
                        continue;
                element = node_is_cap(child) ? element_find(elements, (const char *)child->name) : NULL;
                if (element != NULL)
                        element_read(object, element, child, left_out);
                else
                        text_append_format(left_out, "%s%.40s", left_out->n > 0 ? " " : "", (const char *)child->name);
        }
        return object;
}

static bool tree_is_plain(const xmlNode *node)
{
        for (; node != NULL; node = node->next)
                if (node->type == XML_ENTITY_REF_NODE || node->type == XML_DTD_NODE || !tree_is_plain(node->type == XML_ELEMENT_NODE ? node->children : NULL))
                        return false;
        return true;
}

/* ---- what is not even parsed to its end ---- */

typedef struct Guard {
        unsigned depth, n_elements;
        bool unsafe;
} Guard;

static void guard_trip(xmlParserCtxt *parser, Guard *guard)
{
        guard->unsafe = true;
        xmlStopParser(parser);
}

/* <!DOCTYPE: stopped before a single entity is declared. */
static void on_document_type(void *ctx, const xmlChar *name, const xmlChar *external_id, const xmlChar *system_id)
{
        xmlParserCtxt *parser = ctx;

        (void)name, (void)external_id, (void)system_id;
        guard_trip(parser, parser->_private);
}

static void on_element(void *ctx, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri, int n_namespaces, const xmlChar **namespaces,
                       int n_attributes, int n_defaulted, const xmlChar **attributes)
{
        xmlParserCtxt *parser = ctx;
        Guard *guard = parser->_private;

        if (++guard->depth > DEPTH_MAX || ++guard->n_elements > ELEMENTS_MAX)
                guard_trip(parser, guard);
        else
                xmlSAX2StartElementNs(ctx, name, prefix, uri, n_namespaces, namespaces, n_attributes, n_defaulted, attributes);
}

static void on_element_end(void *ctx, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri)
{
        xmlParserCtxt *parser = ctx;
        Guard *guard = parser->_private;

        guard->depth--;
        xmlSAX2EndElementNs(ctx, name, prefix, uri);
}

static bool tags_are_short(const char *data, size_t n_data)
{
        size_t since = 0;
        bool within = false;

        for (size_t i = 0; i < n_data; i++) {
                if (data[i] == '<' && i + 1 < n_data && data[i + 1] != '!' && data[i + 1] != '?') {
                        within = true;
                        since = i;
                } else if (data[i] == '>')
                        within = false;
                if (within && i - since > TAG_BYTES_MAX)
                        return false;
        }
        return true;
}

static xmlDoc *document_parse(const char *data, size_t n_data, Guard *guard)
{
        xmlParserCtxt *parser = xmlNewParserCtxt();
        xmlDoc *document;

        if (parser == NULL)
                abort();
        parser->_private = guard;
        parser->sax->internalSubset = on_document_type;
        parser->sax->startElementNs = on_element;
        parser->sax->endElementNs = on_element_end;
        document = xmlCtxtReadMemory(parser, data, (int)n_data, "cap.xml", NULL,
                                     XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING | XML_PARSE_NOCDATA);
        xmlFreeParserCtxt(parser);
        return document;
}

CapXmlOutcome cap_xml_read_all(const char *data, size_t n_data, cJSON **ret, Text *ret_left_out)
{
        Guard guard = {0};
        xmlDoc *document;
        const xmlNode *root;
        CapXmlOutcome outcome = CAP_XML_OK;

        *ret = NULL;
        if (n_data > CAP_XML_BYTES_MAX || !tags_are_short(data, n_data))
                return CAP_XML_E_UNSAFE;
        document = document_parse(data, n_data, &guard);
        root = document != NULL ? xmlDocGetRootElement(document) : NULL;
        if (guard.unsafe)
                outcome = CAP_XML_E_UNSAFE;
        else if (document == NULL)
                outcome = CAP_XML_E_MALFORMED;
        else if (document->intSubset != NULL || document->extSubset != NULL || !tree_is_plain(document->children))
                outcome = CAP_XML_E_UNSAFE;
        else if (root == NULL || strcmp((const char *)root->name, "alert") != 0 || !node_is_cap(root))
                outcome = CAP_XML_E_OTHER;
        else
                *ret = structure_read(root, alert_elements, ret_left_out);
        if (document != NULL)
                xmlFreeDoc(document);
        return outcome;
}

static void member_drop(cJSON *object, const char *name, Text *left_out)
{
        if (cJSON_GetObjectItemCaseSensitive(object, name) == NULL)
                return;
        text_append_format(left_out, "%s%s", left_out->n > 0 ? " " : "", name);
        cJSON_DeleteItemFromObjectCaseSensitive(object, name);
}

CapXmlOutcome cap_xml_read(const char *data, size_t n_data, cJSON **ret, Text *ret_left_out)
{
        CapXmlOutcome outcome = cap_xml_read_all(data, n_data, ret, ret_left_out);
        const cJSON *info, *area;

        if (outcome != CAP_XML_OK)
                return outcome;
        member_drop(*ret, "code", ret_left_out);
        cJSON_ArrayForEach(info, cJSON_GetObjectItemCaseSensitive(*ret, "info"))
                cJSON_ArrayForEach(area, cJSON_GetObjectItemCaseSensitive(info, "area")) {
                        member_drop((cJSON *)area, "polygon", ret_left_out);
                        member_drop((cJSON *)area, "circle", ret_left_out);
                }
        return CAP_XML_OK;
}

/* ---- writing ---- */

static void xml_text_append(Text *text, const char *string)
{
        for (; *string != '\0'; string++) {
                if (*string == '<')
                        text_append_string(text, "&lt;");
                else if (*string == '>')
                        text_append_string(text, "&gt;");
                else if (*string == '&')
                        text_append_string(text, "&amp;");
                else if ((unsigned char)*string >= 0x20 || strchr("\t\r\n", *string) != NULL)
                        text_append_char(text, *string); /* other control characters are none in XML 1.0 */
        }
}

static void indent_append(Text *text, unsigned depth)
{
        text_append_format(text, "%*s", (int)depth * 2, "");
}

static void line_append(Text *ret, unsigned depth, const char *name, const char *value)
{
        indent_append(ret, depth);
        text_append_format(ret, "<%s>", name);
        xml_text_append(ret, value);
        text_append_format(ret, "</%s>\n", name);
}

static void structure_write(const cJSON *object, const Element *elements, unsigned depth, Text *ret);

static void item_write(const cJSON *item, const Element *element, unsigned depth, Text *ret)
{
        if (cJSON_IsString(item))
                line_append(ret, depth, element->name, item->valuestring);
        else if (cJSON_IsObject(item) && element->shape >= SHAPE_PAIRS) {
                indent_append(ret, depth);
                text_append_format(ret, "<%s>\n", element->name);
                structure_write(item, elements_of(element->shape), depth + 1, ret);
                indent_append(ret, depth);
                text_append_format(ret, "</%s>\n", element->name);
        }
}

/* Our references may be an array of identifiers; CAP's are "sender,identifier,sent" with blanks between. */
static void references_write(const cJSON *list, unsigned depth, Text *ret)
{
        _cleanup_text_ Text joined = {0};
        const cJSON *item;

        cJSON_ArrayForEach(item, list)
                if (cJSON_IsString(item))
                        text_append_format(&joined, "%s%s", joined.n > 0 ? " " : "", item->valuestring);
        line_append(ret, depth, "references", text_string(&joined));
}

static void structure_write(const cJSON *object, const Element *elements, unsigned depth, Text *ret)
{
        for (; elements->name != NULL; elements++) {
                const cJSON *value = cJSON_GetObjectItemCaseSensitive(object, elements->name), *item;

                if (cJSON_IsArray(value) && strcmp(elements->name, "references") == 0)
                        references_write(value, depth, ret);
                else if (cJSON_IsArray(value))
                        cJSON_ArrayForEach(item, value)
                                item_write(item, elements, depth, ret);
                else if (value != NULL)
                        item_write(value, elements, depth, ret);
        }
}

void cap_xml_write(const cJSON *alert, Text *ret)
{
        text_append_string(ret, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<alert xmlns=\"" CAP_NAMESPACE "\">\n");
        structure_write(alert, alert_elements, 1, ret);
        text_append_string(ret, "</alert>\n");
}
