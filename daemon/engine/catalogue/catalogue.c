/* A catalogue's life: read, known by its hash, looked into. */
#include "engine/catalogue/catalogue.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/identifier.h"
#include "proto/json.h"
#include "proto/timestamp.h"

struct Catalogue {
        char name[NAME_MAX_GRID + 1];
        int64_t version;
        char hash[65];
        char *text;                       /* owned */
        cJSON *tree;                      /* owned */
        char applied_by[MEMBER_MAX + 1];
        int64_t applied_at;               /* Unix ms, TIMESTAMP_NONE when unknown */
};

static Catalogue *make(const char *text, size_t n_text) {
        Catalogue *catalogue = calloc(1, sizeof *catalogue);
        if (!catalogue || !(catalogue->text = strndup(text, n_text)))
                abort();
        catalogue_set_applied(catalogue, "daemon", TIMESTAMP_NONE);
        return catalogue;
}

Catalogue *catalogue_new_empty(void) {
        Catalogue *catalogue = make("{}", 2);
        if (!(catalogue->tree = cJSON_CreateObject()))
                abort();
        return catalogue;
}

Catalogue *catalogue_free(Catalogue *catalogue) {
        if (!catalogue)
                return NULL;
        cJSON_Delete(catalogue->tree);
        free(catalogue->text);
        free(catalogue);
        return NULL;
}

/* ---- reading ---- */

static bool is_head(const char *name) {
        return strcmp(name, "catalogue") == 0 || strcmp(name, "version") == 0 || strcmp(name, "title") == 0;
}

static bool check_section(Check *check, const cJSON *section) {
        if (!catalogue_section_is_known(section->string))
                return check_fail_word(check, "未知的部分", "unknown section", section->string);
        size_t mark = check_enter(check, section->string);
        if (!cJSON_IsObject(section))
                return check_fail(check, "应为对象", "must be an object");
        if (cJSON_GetArraySize(section) > CATALOGUE_ITEMS_MAX)
                return check_fail(check, "条目过多", "too many entries");
        check_leave(check, mark);
        return true;
}

static bool parse(Check *check, Catalogue *catalogue) {
        const char *zh, *en, *name = check_name(check, catalogue->tree, "catalogue", true);
        if (!name || !check_title(check, catalogue->tree, name, &zh, &en))
                return false;
        snprintf(catalogue->name, sizeof catalogue->name, "%s", name);
        size_t mark = check_enter(check, "version");
        const cJSON *item = cJSON_GetObjectItemCaseSensitive(catalogue->tree, "version");
        if (!check_int(check, item, 1, INT32_MAX, &catalogue->version))
                return false;
        check_leave(check, mark);
        cJSON_ArrayForEach(item, catalogue->tree)
                if (!is_head(item->string) && !check_section(check, item))
                        return false;
        return true;
}

Catalogue *catalogue_new(const char *text, size_t n_text, char *ret_detail, size_t n_detail) {
        Check check;
        check_init(&check, ret_detail, n_detail);
        Catalogue *catalogue = make(text, n_text);
        Code code = json_parse_object(text, n_text, CATALOGUE_BYTES_MAX, &catalogue->tree);
        if (code != CODE_NONE)
                check_fail(&check, code_sentence_zh(code), code_sentence_en(code));
        if (code != CODE_NONE || !parse(&check, catalogue))
                return catalogue_free(catalogue);
        uint8_t hash[32];
        crypto_generichash(hash, sizeof hash, (const uint8_t *)text, n_text, NULL, 0);
        sodium_bin2hex(catalogue->hash, sizeof catalogue->hash, hash, sizeof hash);
        return catalogue;
}

/* ---- what it says ---- */

bool catalogue_equals(const Catalogue *catalogue, const Catalogue *other) { return cJSON_Compare(catalogue->tree, other->tree, true); }
const char *catalogue_name(const Catalogue *catalogue) { return catalogue->name; }
int64_t catalogue_version(const Catalogue *catalogue) { return catalogue->version; }
const char *catalogue_hash(const Catalogue *catalogue) { return catalogue->hash; }
const char *catalogue_text(const Catalogue *catalogue) { return catalogue->text; }

void catalogue_set_applied(Catalogue *catalogue, const char *by, int64_t at_ms) {
        snprintf(catalogue->applied_by, sizeof catalogue->applied_by, "%s", by);
        catalogue->applied_at = at_ms;
}

const char *catalogue_applied_by(const Catalogue *catalogue) { return catalogue->applied_by; }
int64_t catalogue_applied_at(const Catalogue *catalogue) { return catalogue->applied_at; }

const cJSON *catalogue_section(const Catalogue *catalogue, const char *section) {
        return is_head(section) ? NULL : json_object(catalogue->tree, section);
}

const cJSON *catalogue_item(const Catalogue *catalogue, const char *section, const char *name) {
        return json_object(catalogue_section(catalogue, section), name);
}

const cJSON *catalogue_report_kind(const Catalogue *catalogue, const char *name) {
        return catalogue_item(catalogue, "report_kinds", name);
}
