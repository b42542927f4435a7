/*
 * Template: configuration files are made from deploy/ by replacing @NAME@. A name without a value is a fault, so that no half-filled
 * file is ever written.
 */
#ifndef POLICEGRID_CTL_TEMPLATE_H
#define POLICEGRID_CTL_TEMPLATE_H

#include <stdbool.h>
#include <stddef.h>
#include "proto/text.h"

typedef struct TemplateValue { const char *name, *value; } TemplateValue;

/* Appends the filled text. False when a @NAME@ ([A-Z_]+) has no value: *ret_missing (64 bytes) is its name. */
bool template_fill(const char *text, const TemplateValue *values, size_t n_values, Text *ret, char *ret_missing);

#endif
