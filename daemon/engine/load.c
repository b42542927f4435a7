/*
 * Load: rows of the database into memory, at the start and when something is looked up; and what must be looked up for a command.
 */
#include "engine/engine.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/catalogue/catalogue.h"
#include "engine/engine_private.h"
#include "engine/state/field.h"
#include "engine/organisation/organisation_rows.h"
#include "proto/json.h"

static const char *area_load(Engine *engine, const char *const *cells) {
        Area *area = state_counters(engine->state);
        int64_t seq;
        if (cells[1] == NULL || sscanf(cells[1], "%" SCNd64, &seq) != 1 || seq < 0)
                return "seq";
        _cleanup_json_ cJSON *numbers = cells[2] == NULL ? NULL : cJSON_Parse(cells[2]);
        if (!cJSON_IsObject(numbers))
                return "numbers";
        area->seq = (uint64_t)seq;
        const cJSON *item;
        cJSON_ArrayForEach(item, numbers)
                if (json_is_whole(item))
                        area_raise(area, atoi(item->string), (uint32_t)item->valuedouble);
        return NULL;
}

static const char *playbook_load(Engine *engine, const char *const *cells) {
        const char *body = cells[6];
        char detail[256];
        if (body == NULL || cells[7] == NULL)
                return "body";
        Playbook *playbook = playbook_new(body, strlen(body), detail, sizeof detail);
        if (playbook == NULL)
                return "body";
        if (cells[8] != NULL && cells[9] != NULL)
                playbook_set_applied(playbook, cells[8], strtoll(cells[9], NULL, 10));
        if (playbook_set_add(state_playbooks(engine->state), playbook, *cells[7] == 't', detail, sizeof detail) != CODE_NONE) {
                playbook_free(playbook);
                return "is_current";
        }
        return NULL;
}

static const char *catalogue_load(Engine *engine, const char *const *cells) {
        char detail[256];
        Catalogue *catalogue = cells[4] == NULL ? NULL : catalogue_new(cells[4], strlen(cells[4]), detail, sizeof detail);
        if (catalogue == NULL)
                return "body";
        if (cells[5] != NULL && cells[6] != NULL)
                catalogue_set_applied(catalogue, cells[5], strtoll(cells[6], NULL, 10));
        state_set_catalogue(engine->state, catalogue);
        return NULL;
}

int engine_load_row(Engine *engine, TableId table, const char *const *cells, const char **ret_why) {
        const char *why = NULL;
        ObjectKind kind;
        if (object_kind_of_table(table, &kind)) {
                why = state_load(engine->state, kind, cells + 1);
        } else if (table == TABLE_AREA) {
                why = area_load(engine, cells);
        } else if (table == TABLE_OUTCOME) {
                why = outcome_load(engine->outcomes, cells);
        } else if (table == TABLE_PLAYBOOK) {
                why = playbook_load(engine, cells);
        } else if (table == TABLE_CATALOGUE) {
                why = catalogue_load(engine, cells);
        } else if (table == TABLE_ORGANISATION || table == TABLE_MEMBER || table == TABLE_SEAT) {
                if (engine->loader == NULL)
                        engine->loader = organisation_loader_new(engine->area);
                why = organisation_loader_row(engine->loader, table, cells);
        }
        if (why == NULL)
                return 0;
        *ret_why = why;
        return ENGINE_E_ROW;
}

int engine_load_finish(Engine *engine, uint64_t epoch, const char **ret_why) {
        state_set_epoch(engine->state, epoch);
        if (engine->loader != NULL) {
                Organisation *organisation = organisation_loader_finish(engine->loader, engine->load_detail, sizeof engine->load_detail);
                engine->loader = organisation_loader_free(engine->loader);
                if (organisation == NULL) {
                        *ret_why = engine->load_detail;
                        return ENGINE_E_ROW;
                }
                state_set_organisation(engine->state, organisation);
        }
        return 0;
}

/* ---- lookups ---- */
typedef struct Needs { Engine *engine; EngineNeed *items; size_t n; } Needs;

static void need(Needs *needs, TableId table, const char *first, const char *second) {
        static char mark;
        char key[MEMBER_MAX + MESSAGE_ID_MAX + 16];
        snprintf(key, sizeof key, "%d %s %s", (int)table, first, second == NULL ? "" : second);
        if (needs->n == ENGINE_NEEDS_MAX || map_find(needs->engine->asked, key) != NULL)
                return;
        if (!map_set(needs->engine->asked, key, &mark))
                abort();
        needs->items[needs->n++] = (EngineNeed){.table = table, .key = {first, second}};
}

static bool is_known(const State *state, const char *target) {
        return state_task(state, target) != NULL || state_escalation(state, target) != NULL || state_report(state, target) != NULL ||
               state_warning(state, target) != NULL;
}

static void target_needs(Needs *needs, const Topic *topic) {
        const State *state = needs->engine->state;
        if (!uuid_is_valid(topic->target, strlen(topic->target)))
                return;
        if (!is_known(state, topic->target)) {
                need(needs, TABLE_TASK, topic->target, NULL);
                if (topic->verb == VERB_ISSUE)
                        return;
                need(needs, TABLE_ESCALATION, topic->target, NULL);
                need(needs, TABLE_REPORT, topic->target, NULL);
                need(needs, TABLE_WARNING, topic->target, NULL);
        }
        const Task *task = state_task(state, topic->target);
        if (task != NULL && *task->case_id != '\0' && state_case(state, task->case_id) == NULL)
                need(needs, TABLE_WORK_CASE, task->case_id, NULL);
        const Escalation *escalation = state_escalation(state, topic->target);
        if (escalation != NULL && state_task(state, escalation->task) == NULL)
                need(needs, TABLE_TASK, escalation->task, NULL);
        if (state_warning(state, topic->target) != NULL && state_notice(state, topic->target, topic->unit) == NULL)
                need(needs, TABLE_NOTICE, topic->target, topic->unit);
}

/* A CAP identifier is unique in the area for good; chains that were cleared are no longer in memory. */
static void warning_needs(Needs *needs, const Command *command) {
        const char *identifier = json_string(command->body, "identifier");
        if (identifier != NULL && *identifier != '\0' && strlen(identifier) <= MESSAGE_ID_MAX &&
            state_warning_by_identifier(needs->engine->state, identifier) == NULL)
                need(needs, TABLE_WARNING, identifier, NULL);
}

/* A redemption that has ended is told so; a card that was given up is not made anew. */
static void request_needs(Needs *needs, const cJSON *body) {
        const char *redemption = json_string(body, "redemption"), *card = json_string(body, "card");
        if (redemption != NULL && uuid_is_valid(redemption, strlen(redemption)) &&
            state_redemption(needs->engine->state, redemption) == NULL)
                need(needs, TABLE_POINTS_REDEMPTION, redemption, NULL);
        if (card != NULL && strlen(card) <= CARD_MAX && state_holder(needs->engine->state, card) == NULL)
                need(needs, TABLE_POINTS_HOLDER, card, NULL);
}

size_t engine_needs(Engine *engine, const Command *command, EngineNeed ret[static ENGINE_NEEDS_MAX]) {
        Needs needs = {.engine = engine, .items = ret};
        if (command_wants_receipt(command) && *command->id != '\0' && command->code != CODE_BAD_ID && command->code != CODE_TOO_OLD &&
            outcomes_find(engine->outcomes, command->stamp.member, command->id) == NULL)
                need(&needs, TABLE_OUTCOME, command->stamp.member, command->id);
        if (command->code == CODE_NONE && command->topic.kind == TOPIC_ACTION)
                target_needs(&needs, &command->topic);
        if (command->code == CODE_NONE && command->topic.kind == TOPIC_WARNING)
                warning_needs(&needs, command);
        if (command->code == CODE_NONE && command->topic.kind == TOPIC_REQUEST)
                request_needs(&needs, command->body);
        const char *into = command->topic.verb == VERB_MERGE ? json_string(command->body, "into") : NULL;
        if (command->code == CODE_NONE && into != NULL && uuid_is_valid(into, strlen(into)) && state_report(engine->state, into) == NULL)
                need(&needs, TABLE_REPORT, into, NULL);
        return needs.n;
}
