/* What cmocka.h needs to have been included before it, in the order that it asks for. */
#ifndef POLICEGRID_TESTS_CMOCKA_HEADERS_H
#define POLICEGRID_TESTS_CMOCKA_HEADERS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#endif
