/* The fact of a new catalogue applied: its row, the end of the one before, and the swap (state.h). */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "engine/catalogue/catalogue.h"
#include "engine/facts.h"
#include "proto/json.h"

static void write_row(const FactContext *context, const Catalogue *catalogue, bool current) {
        char version[24], at[24], seq[24];
        snprintf(version, sizeof version, "%lld", (long long)catalogue_version(catalogue));
        snprintf(at, sizeof at, "%lld", (long long)catalogue_applied_at(catalogue));
        snprintf(seq, sizeof seq, "%llu", (unsigned long long)context->seq);
        const char *const cells[] = {version, catalogue_hash(catalogue), current ? "t" : "f", catalogue_text(catalogue),
                                     catalogue_applied_by(catalogue), at, seq};
        state_journal(context->state, TABLE_CATALOGUE, cells, sizeof cells / sizeof *cells);
}

/* {"fact":"catalogue","name","version","hash","text"} */
static void apply_catalogue(const FactContext *context, const cJSON *fact) {
        const char *text = json_string(fact, "text");
        char detail[160];
        Catalogue *catalogue = catalogue_new(text, strlen(text), detail, sizeof detail);
        assert(catalogue && strcmp(catalogue_hash(catalogue), json_string(fact, "hash")) == 0);
        catalogue_set_applied(catalogue, context->sender, context->at);
        const Catalogue *before = state_catalogue(context->state);
        if (catalogue_version(before) > 0)
                write_row(context, before, false);
        write_row(context, catalogue, true);
        state_replace_catalogue(context->state, catalogue);
}

const FactRule catalogue_fact_rules[] = {{"catalogue", apply_catalogue}, {NULL, NULL}};
