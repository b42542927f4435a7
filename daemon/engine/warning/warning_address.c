#include "engine/warning/warning_address.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int compare_units(const void *a, const void *b) {
        uintptr_t x = (uintptr_t) * (const Unit *const *)a, y = (uintptr_t) * (const Unit *const *)b;
        return (x > y) - (x < y);
}

/* The units that are named one by one, sorted by address for bsearch; the order of the result is the organisation's. */
static Code find_named(const Organisation *organisation, const Unit *speaker, const Cap *cap, const Unit **ret, size_t *ret_n,
                       char *ret_detail, size_t n_detail) {
        *ret_n = 0;
        for (size_t i = 0; i < cap->n_geocodes; ++i) {
                const CapGeocode *geocode = &cap->geocodes[i];
                if (geocode->kind != CAP_GEOCODE_UNIT)
                        continue;
                const Unit *unit = organisation_unit(organisation, geocode->value);
                snprintf(ret_detail, n_detail, "geocode unit %s", geocode->value);
                if (!unit)
                        return CODE_UNKNOWN_UNIT;
                if (!unit_is_below(unit, speaker))
                        return CODE_FORBIDDEN;
                ret[(*ret_n)++] = unit;
        }
        qsort(ret, *ret_n, sizeof(*ret), compare_units);
        ret_detail[0] = '\0';
        return CODE_NONE;
}

static bool geocode_matches(const CapGeocode *geocode, const Unit *unit) {
        switch (geocode->kind) {
        case CAP_GEOCODE_TAG: return unit_has_tag(unit, geocode->value);
        case CAP_GEOCODE_TIER: return unit->tier == geocode->value[0] - '0';
        case CAP_GEOCODE_CODE: return strncmp(unit->code, geocode->value, strlen(geocode->value)) == 0;
        case CAP_GEOCODE_UNIT: return false; /* by find_named */
        }
        return false;
}

static bool unit_is_addressed(const Unit *unit, const Unit *base, const Cap *cap, const Unit *const *named, size_t n_named) {
        if (cap->n_geocodes == 0)
                return unit != base && unit_is_below(unit, base);
        if (n_named > 0 && bsearch(&unit, named, n_named, sizeof(*named), compare_units))
                return true;
        if (unit == base || !unit_is_below(unit, base)) /* a tag, tier or prefix means those below, never the sender itself */
                return false;
        for (size_t i = 0; i < cap->n_geocodes; ++i)
                if (geocode_matches(&cap->geocodes[i], unit))
                        return true;
        return false;
}

static size_t count_units(const Organisation *organisation) {
        size_t cursor = 0, n = 0;
        while (organisation_next_unit(organisation, &cursor))
                ++n;
        return n;
}

static const Unit **units_new(size_t n) {
        const Unit **units = calloc(n + 1, sizeof(*units));
        if (!units)
                abort();
        return units;
}

Code warning_address(const Organisation *organisation, const Unit *speaker, const Unit *base, const Cap *cap, const Unit ***ret,
                     size_t *ret_n, char *ret_detail, size_t n_detail) {
        *ret = NULL;
        *ret_n = 0;
        const Unit **named = units_new(cap->n_geocodes);
        size_t n_named;
        Code code = find_named(organisation, speaker, cap, named, &n_named, ret_detail, n_detail);
        if (code == CODE_NONE) {
                const Unit **units = units_new(count_units(organisation));
                size_t cursor = 0;
                for (const Unit *unit; (unit = organisation_next_unit(organisation, &cursor));)
                        if (unit_is_addressed(unit, base, cap, named, n_named))
                                units[(*ret_n)++] = unit;
                if (*ret_n > 0)
                        *ret = units;
                else {
                        free(units);
                        code = CODE_NOBODY;
                }
        }
        free(named);
        return code;
}
