/* playbook-apply: a new version of a mechanism, from a message or from a file of the daemon's. Work in progress keeps its version. */
#include "engine/admin/admin.h"

#include <stdlib.h>
#include <string.h>

#include "engine/internal.h"
#include "engine/playbook/playbook.h"
#include "engine/report/report.h"
#include "engine/state/state.h"
#include "proto/json.h"

/* Whether the version may become the current one; false after decision_reject, and when it is already (nothing is to be done). */
static bool can_apply(Decision *decision, const Playbook *playbook) {
        const PlaybookSet *set = state_playbooks(decision->state);
        const Playbook *current = playbook_set_current(set, playbook_name(playbook));
        char detail[sizeof decision->detail];
        if (current && playbook_equals(current, playbook))
                return false;
        if (current && playbook_version(playbook) <= playbook_version(current))
                decision_reject(decision, CODE_CONFLICT, "version: 当前为 / current is %lld", (long long)playbook_version(current));
        else if (!playbook_fits(playbook, decision_organisation(decision), detail, sizeof detail) ||
                 !report_playbook_check(state_catalogue(decision->state), playbook, detail, sizeof detail))
                decision_reject(decision, CODE_PLAYBOOK, "%s", detail);
        else {
                Code code = playbook_set_check(set, playbook, detail, sizeof detail);
                return code == CODE_NONE || decision_reject(decision, code, "%s", detail) == CODE_NONE;
        }
        return false;
}

static void apply_text(Decision *decision, const char *text, size_t n_text, bool from_file) {
        char detail[sizeof decision->detail];
        Playbook *playbook = playbook_new(text, n_text, detail, sizeof detail);
        if (!playbook)
                return (void)decision_reject(decision, CODE_PLAYBOOK, "%s", detail);
        /* A file that was applied once stays in its folder when a newer version comes by message. */
        bool known = from_file && playbook_set_find(state_playbooks(decision->state), playbook_hash(playbook));
        if (!known && can_apply(decision, playbook)) {
                cJSON *fact = fact_new("playbook");
                json_add_string(fact, "hash", playbook_hash(playbook));
                json_add_string(fact, "name", playbook_name(playbook));
                json_add_int(fact, "version", playbook_version(playbook));
                json_add_string(fact, "text", playbook_text(playbook));
                decision_fact(decision, fact);
        }
        if (decision->code == CODE_NONE) {
                decision_created(decision, "playbook", playbook_name(playbook));
                decision_created(decision, "hash", playbook_hash(playbook));
        }
        playbook_free(playbook);
}

void admin_playbook_apply(Decision *decision) {
        static const char *const names[] = {"playbook", "text", NULL};
        const cJSON *body = decision_body(decision);
        if (!admin_check_fields(decision, body, names))
                return;
        const char *text = json_string(body, "text");
        const cJSON *playbook = json_object(body, "playbook");
        if ((text != NULL) == (playbook != NULL))
                return (void)decision_reject(decision, CODE_MISSING, "playbook | text");
        char *printed = playbook ? json_print(playbook) : NULL;
        if (printed)
                text = printed;
        apply_text(decision, text, strlen(text), false);
        free(printed);
}

/* ---- as the daemon ---- */

typedef struct PlaybookFile { const char *text; size_t n; } PlaybookFile;

static void run_file(Decision *decision, void *argument) {
        const PlaybookFile *file = argument;
        apply_text(decision, file->text, file->n, true);
}

Code engine_apply_playbook(Engine *engine, const char *text, size_t n_text, int64_t at_ms, char *ret_detail, size_t n_detail) {
        PlaybookFile file = {.text = text, .n = n_text};
        return engine_run(engine, at_ms, run_file, &file, ret_detail, n_detail);
}
