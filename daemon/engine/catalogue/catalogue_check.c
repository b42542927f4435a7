/* The sections of a catalogue: whose each is, who checks it, what is done when it has changed. */
#include "engine/catalogue/catalogue.h"

#include <string.h>

#include "engine/duty/duty.h"
#include "engine/points/points.h"
#include "engine/report/report.h"
#include "engine/shift/shift.h"
#include "engine/statistics/statistics.h"

typedef struct Section {
        const char *name;
        CatalogueCheck *check;
        CatalogueChanged *changed; /* NULL when nothing follows */
} Section;

static const Section sections[] = {
        {"report_kinds", report_catalogue_check, NULL},
        {"duties", duty_catalogue_check, duty_catalogue_changed},
        {"rosters", shift_catalogue_check, shift_catalogue_changed},
        {"points", points_catalogue_check, NULL},
        {"figures", figures_catalogue_check, NULL},
        {"campaigns", campaigns_catalogue_check, NULL},
        {"zero_days", zero_days_catalogue_check, NULL},
};
#define N_SECTIONS (sizeof sections / sizeof sections[0])

bool catalogue_section_is_known(const char *name) {
        for (size_t i = 0; i < N_SECTIONS; i++)
                if (strcmp(sections[i].name, name) == 0)
                        return true;
        return false;
}

bool catalogue_fits(const Catalogue *catalogue, const Organisation *organisation, const PlaybookSet *playbooks, char *ret_detail,
                    size_t n_detail) {
        Check check;
        check_init(&check, ret_detail, n_detail);
        if (organisation && organisation_count_units(organisation) == 0)
                organisation = NULL;
        for (size_t i = 0; i < N_SECTIONS; i++) {
                const cJSON *section = catalogue_section(catalogue, sections[i].name);
                if (!section)
                        continue;
                size_t mark = check_enter(&check, sections[i].name);
                if (!sections[i].check(&check, section, organisation, playbooks))
                        return false;
                check_leave(&check, mark);
        }
        return true;
}

void catalogue_changed(Decision *decision, const Catalogue *before) {
        for (size_t i = 0; i < N_SECTIONS; i++)
                if (sections[i].changed)
                        sections[i].changed(decision, before);
}
