/*
 * Engine: puts the parts together: batches, decisions of commands and timers, receipts. What a command means is in the modules
 * (work.h); what a fact does is in their apply functions (facts.h).
 */
#include "engine/engine.h"

#include <assert.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/document/document.h"
#include "engine/engine_private.h"
#include "engine/facts.h"
#include "engine/state/field.h"
#include "engine/organisation/organisation_rows.h"
#include "engine/document/status.h"
#include "engine/task/work.h"
#include "proto/access.h"
#include "proto/json.h"

#define DAY_MS ((int64_t)24 * 60 * 60 * 1000)
#define DAEMON_SENDER "daemon"

/* ---- life ---- */
void batch_init(Batch *batch) {
        *batch = (Batch){0};
        for (int table = 0; table < TABLE_COUNT; table++)
                rows_init(&batch->rows[table], (TableId)table);
}

void batch_deinit(Batch *batch) {
        for (int table = 0; table < TABLE_COUNT; table++)
                rows_deinit(&batch->rows[table]);
        documents_deinit(&batch->documents);
}

Engine *engine_new(const EngineConfig *config) {
        Engine *engine = calloc(1, sizeof *engine);
        if (engine == NULL)
                abort();
        engine->config = *config;
        snprintf(engine->area, sizeof engine->area, "%s", config->area);
        engine->config.area = engine->area;
        if (engine->config.unit_tasks_max == 0)
                engine->config.unit_tasks_max = 2000;
        if (engine->config.terminal_keep_ms == 0)
                engine->config.terminal_keep_ms = 7 * DAY_MS;
        if (engine->config.note_keep_ms == 0)
                engine->config.note_keep_ms = 90 * DAY_MS;
        if (engine->config.contact_keep_ms == 0)
                engine->config.contact_keep_ms = 30 * DAY_MS;
        engine->state = state_new(engine->area);
        state_set_organisation(engine->state, organisation_new(engine->area, 8 * 60));
        engine->outcomes = outcomes_new(config->outcomes_max);
        engine->status = status_new();
        engine->asked = map_new();
        return engine;
}

Engine *engine_free(Engine *engine) {
        if (engine == NULL)
                return NULL;
        state_free(engine->state);
        outcomes_free(engine->outcomes);
        status_free(engine->status);
        map_free(engine->asked);
        organisation_loader_free(engine->loader);
        documents_deinit(&engine->messages);
        documents_deinit(&engine->receipts);
        free(engine);
        return NULL;
}

const char *engine_area(const Engine *engine) { return engine->area; }
const EngineConfig *engine_config(const Engine *engine) { return &engine->config; }
State *engine_state(const Engine *engine) { return engine->state; }
Status *engine_status(const Engine *engine) { return engine->status; }
uint64_t engine_seq(const Engine *engine) { return state_counters(engine->state)->seq; }
int engine_offset_minutes(const Engine *engine) { return organisation_offset_minutes(state_organisation(engine->state)); }

const Roster *engine_roster(const Engine *engine) {
        return organisation_roster(state_organisation(engine->state), state_epoch(engine->state));
}

/* What is due next: an object's timer or, behind those of the same instant, a seat that runs out. It fires at `from`, as of `at`. */
typedef struct Due { int64_t from, at; Object *object; TimerKind kind; const Member *member; } Due;

static void engine_find_due(const Engine *engine, Due *ret) {
        Timer timer;
        const Member *member;
        int64_t from = INT64_MAX, run_out = organisation_next_run_out(state_organisation(engine->state), &member);
        Object *object = state_next_timer(engine->state, &timer, &from);
        if (object != NULL && from <= run_out)
                *ret = (Due){.from = from, .at = timer.due, .object = object, .kind = timer.kind};
        else
                *ret = (Due){.from = run_out, .at = run_out, .member = member};
}

int64_t engine_next_due(const Engine *engine) {
        Due due;
        engine_find_due(engine, &due);
        return due.from;
}

bool engine_put_off(Engine *engine, int64_t until_ms) {
        Due due;
        assert(engine->batch == NULL);
        engine_find_due(engine, &due);
        if (due.object != NULL)
                state_put_off(engine->state, due.object, until_ms);
        return due.object != NULL;
}

/* ---- batches ---- */
void engine_batch_begin(Engine *engine, Batch *batch) {
        assert(engine->batch == NULL);
        for (int table = 0; table < TABLE_COUNT; table++)
                rows_reset(&batch->rows[table]);
        documents_reset(&batch->documents);
        batch->seq_first = batch->seq_last = 0;
        batch->n_decided = batch->n_accepted = batch->n_rejected = batch->n_repeated = 0;
        memset(batch->n_codes, 0, sizeof batch->n_codes);
        engine->batch = batch;
        state_begin(engine->state);
        outcomes_begin(engine->outcomes);
        documents_reset(&engine->messages);
        documents_reset(&engine->receipts);
}

static void area_write_row(Engine *engine) {
        const Area *area = state_counters(engine->state);
        Text numbers = {0};
        document_open(&numbers, NULL, '{');
        for (size_t i = 0; i < area->n_numbers; i++) {
                char year[16];
                snprintf(year, sizeof year, "%d", area->numbers[i].year);
                document_int(&numbers, year, area->numbers[i].n);
        }
        document_close(&numbers, '}');
        Rows *rows = &engine->batch->rows[TABLE_AREA];
        rows_text(rows, engine->area);
        rows_int(rows, (int64_t)area->seq);
        rows_text(rows, text_string(&numbers));
        rows_end(rows);
        text_deinit(&numbers);
}

void engine_batch_finish(Engine *engine) {
        Batch *batch = engine->batch;
        const Changed *changed;
        size_t n = state_changed(engine->state, &changed);
        if (batch->seq_last != 0)
                area_write_row(engine);
        for (size_t i = 0; i < n; i++) {
                Object *object = changed[i].object;
                object_write_row(object, engine->area, &batch->rows[object_rule(object->kind)->table]);
                if (object->kind == OBJECT_TASK)
                        task_write_parts((const Task *)(void *)object, engine->area, &batch->rows[TABLE_TASK_PART]);
        }
        state_write_journal(engine->state, batch->rows);
        /* What an event shows comes before its receipt. */
        documents_of_changes(engine, batch->seq_last, &batch->documents);
        documents_append(&batch->documents, &engine->messages);
        documents_append(&batch->documents, &engine->receipts);
        documents_sort(&batch->documents);
}

static void batch_end(Engine *engine) {
        engine->batch = NULL;
        documents_reset(&engine->messages);
        documents_reset(&engine->receipts);
        if (map_count(engine->asked) > 0) {
                map_free(engine->asked);
                engine->asked = map_new();
        }
}

void engine_batch_commit(Engine *engine) {
        assert(engine->batch != NULL);
        state_commit(engine->state, engine->status);
        outcomes_commit(engine->outcomes);
        batch_end(engine);
}

void engine_batch_rollback(Engine *engine) {
        assert(engine->batch != NULL);
        state_rollback(engine->state);
        outcomes_rollback(engine->outcomes);
        batch_end(engine);
}

/* ---- documents ---- */
void engine_documents(Engine *engine, Documents *ret) {
        documents_of_state(engine, ret);
        status_renew(engine->status);
}

bool engine_expects_topic(const Engine *engine, const Topic *topic) {
        if (topic->kind == TOPIC_STATUS || topic->kind == TOPIC_LIST)
                return organisation_unit(state_organisation(engine->state), topic->unit) != NULL;
        if (topic->kind == TOPIC_MEMBER_LIST)
                return status_expects_member(engine->state, topic->name, topic->target);
        return topic->kind == TOPIC_PRESENCE || topic->kind == TOPIC_MARK || documents_expect(engine, topic);
}

void document_send(Engine *engine, uint64_t seq, const Topic *topic, const char *payload) {
        Topic full = *topic;
        snprintf(full.area, sizeof full.area, "%s", engine->area);
        char *copy = strdup(payload);
        if (copy == NULL)
                abort();
        documents_add(&engine->messages, seq, &full, copy, strlen(copy), false);
}

/* ---- the log ---- */
static void event_write_row(Engine *engine, const Decision *decision, const char *kind, const char *message_id) {
        Rows *rows = &engine->batch->rows[TABLE_EVENT];
        rows_text(rows, engine->area);
        rows_int(rows, (int64_t)decision->seq);
        rows_time(rows, decision->at);
        rows_text(rows, kind);
        rows_text(rows, decision->sender);
        rows_text(rows, *decision->unit == '\0' ? NULL : decision->unit);
        rows_text(rows, message_id == NULL || *message_id == '\0' ? NULL : message_id);
        rows_int(rows, FACT_SCHEMA_VERSION);
        rows_json(rows, decision->facts);
        rows_end(rows);
}

static void batch_count(Engine *engine, uint64_t seq) {
        if (engine->batch->seq_first == 0)
                engine->batch->seq_first = seq;
        engine->batch->seq_last = seq;
}

static Decision decision_start(Engine *engine, const Command *command, const char *sender, const char *unit, int64_t at) {
        return (Decision){.engine = engine, .state = engine->state, .command = command, .sender = sender, .unit = unit, .at = at, .horizon = at,
                          .seq = ++state_counters(engine->state)->seq, .facts = cJSON_CreateArray(), .revision = -1};
}

static void decision_end(Decision *decision) {
        cJSON_Delete(decision->facts);
        cJSON_Delete(decision->created);
}

/* ---- timers ---- */
static const char *const object_words[OBJECT_KIND_COUNT] = {
        [OBJECT_WARNING] = "warning", [OBJECT_NOTICE] = "notice", [OBJECT_REPORT] = "report", [OBJECT_CASE] = "case",
        [OBJECT_TASK] = "task", [OBJECT_ESCALATION] = "escalation", [OBJECT_DEVICE] = "device",
        [OBJECT_HOLDER] = "holder", [OBJECT_REDEMPTION] = "redemption",
        [OBJECT_DUTY] = "duty", [OBJECT_ROUND] = "round", [OBJECT_SHIFT] = "shift",
        [OBJECT_CONTACT] = "contact",
};

static void timer_fire(Decision *decision, Object *object, TimerKind kind) {
        void *any = object;
        cJSON *fact = fact_new(kind == TIMER_CLEAR ? "clear" : "timer");
        cJSON_AddStringToObject(fact, "of", object_words[object->kind]);
        cJSON_AddStringToObject(fact, "id", object_id(object));
        if (kind != TIMER_CLEAR)
                cJSON_AddStringToObject(fact, "timer", timer_kind_name(kind));
        decision_fact(decision, fact);
        switch (object->kind) {
        case OBJECT_TASK:
                task_fire(decision, any, kind);
                break;
        case OBJECT_ESCALATION:
                escalation_fire(decision, any, kind);
                break;
        case OBJECT_WARNING:
                warning_fire(decision, any, kind);
                break;
        case OBJECT_DEVICE:
                device_fire(decision, any, kind);
                break;
        case OBJECT_REDEMPTION:
                redemption_fire(decision, any, kind);
                break;
        case OBJECT_DUTY:
                duty_fire(decision, any, kind);
                break;
        case OBJECT_SHIFT:
                break; /* the fact `clear` has done it */
        case OBJECT_CONTACT:
                contact_fire(decision, any, kind);
                break;
        case OBJECT_NOTICE:
        case OBJECT_REPORT:
        case OBJECT_CASE:
        case OBJECT_HOLDER:
        case OBJECT_ROUND:
        case OBJECT_KIND_COUNT:
                assert(!"object has timers");
        }
}

bool engine_fire(Engine *engine, int64_t horizon_ms) {
        assert(engine->batch != NULL);
        Due due;
        engine_find_due(engine, &due);
        if (due.from == INT64_MAX || due.from > horizon_ms)
                return false;
        StateMark mark = state_mark(engine->state);
        Decision decision = decision_start(engine, NULL, DAEMON_SENDER, "", due.at);
        decision.horizon = horizon_ms;
        if (due.object != NULL)
                timer_fire(&decision, due.object, due.kind);
        else
                admin_seat_run_out(&decision, due.member);
        assert(decision.code == CODE_NONE);
        batch_count(engine, decision.seq);
        event_write_row(engine, &decision, "timer", NULL);
        state_seal(engine->state, &mark);
        engine->batch->n_decided++;
        engine->batch->n_accepted++;
        decision_end(&decision);
        return true;
}

Code engine_run(Engine *engine, int64_t at_ms, EngineRun *run, void *argument, char *ret_detail, size_t n_detail) {
        assert(engine->batch != NULL);
        StateMark mark = state_mark(engine->state);
        size_t n_messages = engine->messages.n;
        Decision decision = decision_start(engine, NULL, DAEMON_SENDER, "", at_ms);
        run(&decision, argument);
        Code code = decision.code;
        if (n_detail > 0)
                snprintf(ret_detail, n_detail, "%s", decision.detail);
        if (code != CODE_NONE || cJSON_GetArraySize(decision.facts) == 0) {
                state_undo(engine->state, &mark);
                documents_cut(&engine->messages, n_messages);
        } else {
                batch_count(engine, decision.seq);
                event_write_row(engine, &decision, "daemon", NULL);
                state_seal(engine->state, &mark);
        }
        decision_end(&decision);
        return code;
}

void engine_replay(Engine *engine, uint64_t seq, int64_t at_ms, const char *sender, const char *unit, const cJSON *facts) {
        assert(engine->batch != NULL);
        StateMark mark = state_mark(engine->state);
        uint32_t n_history = 0;
        state_keep_all(engine->state);
        FactContext context = {.engine = engine, .state = engine->state, .seq = seq, .at = at_ms, .sender = sender, .unit = unit,
                               .n_history = &n_history};
        if (state_counters(engine->state)->seq < seq)
                state_counters(engine->state)->seq = seq;
        const cJSON *fact;
        cJSON_ArrayForEach(fact, facts)
                fact_apply(&context, fact);
        batch_count(engine, seq);
        state_seal(engine->state, &mark);
}

/* ---- commands ---- */
/* To the sender, if the broker's name of it is a member's at all. */
static void receipt_add(Engine *engine, const Command *command, const Outcome *outcome, bool repeat, uint64_t order) {
        if (!member_is_valid(command->stamp.member, strlen(command->stamp.member), NULL))
                return;
        Receipt receipt = {.id = *command->id == '\0' ? NULL : command->id, .accepted = outcome->accepted, .repeat = repeat,
                           .late = outcome->late, .masked = outcome->masked, .code = outcome->code,
                           .detail = *outcome->detail == '\0' ? NULL : outcome->detail, .event = outcome->event,
                           .epoch = outcome->epoch, .at = outcome->at, .offset_minutes = engine_offset_minutes(engine),
                           .created = outcome->created, .revision = outcome->revision};
        Topic topic = {.kind = TOPIC_RECEIPT};
        snprintf(topic.area, sizeof topic.area, "%s", engine->area);
        snprintf(topic.name, sizeof topic.name, "%s", command->stamp.member);
        Text text = {0};
        receipt_format(&receipt, &text);
        size_t n = text.n;
        char *payload = text_steal(&text);
        if (payload == NULL)
                abort();
        Document *document = documents_add(&engine->receipts, order, &topic, payload, n, false);
        assert(command->n_correlation <= sizeof document->correlation);
        memcpy(document->correlation, command->correlation, command->n_correlation);
        document->n_correlation = command->n_correlation;
}

static void outcome_start(const Engine *engine, const Command *command, uint64_t epoch, Outcome *ret) {
        *ret = (Outcome){.seq = engine_seq(engine), .epoch = epoch, .at = command->stamp.received_at, .revision = -1, .event = -1};
        snprintf(ret->sender, sizeof ret->sender, "%s", command->stamp.member);
        snprintf(ret->id, sizeof ret->id, "%s", command->id);
        sodium_bin2hex(ret->body_hash, sizeof ret->body_hash, command->body_hash, sizeof command->body_hash);
}

/* An id that can be remembered: readable, dated, not too old, and of a message that is owed an answer. */
static bool command_is_remembered(const Command *command) {
        return command_wants_receipt(command) && *command->id != '\0' && command->code != CODE_BAD_ID && command->code != CODE_TOO_OLD;
}

/* Answered before: the first outcome again, or `id_reused`. True when that was it. */
static bool command_repeat(Engine *engine, const Command *command, uint64_t epoch) {
        if (!command_is_remembered(command))
                return false;
        const Outcome *first = outcomes_find(engine->outcomes, command->stamp.member, command->id);
        if (first == NULL)
                return false;
        Outcome now;
        outcome_start(engine, command, epoch, &now);
        if (strcmp(now.body_hash, first->body_hash) == 0) {
                receipt_add(engine, command, first, true, now.seq);
                engine->batch->n_repeated++;
                return true;
        }
        now.code = CODE_ID_REUSED;
        receipt_add(engine, command, &now, false, now.seq);
        engine->batch->n_rejected++;
        engine->batch->n_codes[CODE_ID_REUSED]++;
        return true;
}

static void command_check(Decision *decision) {
        const Command *command = decision->command;
        if (command->code != CODE_NONE)
                return (void)decision_reject(decision, command->code, "%s", command->detail);
        const Roster *roster = engine_roster(decision->engine);
        const RosterMember *member = roster_find_member(roster, decision->sender, strlen(decision->sender));
        if (member == NULL)
                return (void)decision_reject(decision, CODE_DENIED, "%s", "member");
        char topic[TOPIC_MAX + 1];
        size_t n = topic_format(&command->topic, topic);
        AccessAnswer answer = access_check(roster, member, ACCESS_PUBLISH, topic, n, decision->at);
        if (answer != ACCESS_ALLOWED)
                return (void)decision_reject(decision, CODE_DENIED, "%s", access_answer_name(answer));
        if (*command->seat == '\0')
                return;
        const Unit *unit = organisation_unit(decision_organisation(decision), command->seat);
        const Member *speaker = decision_member(decision);
        if (unit == NULL || speaker == NULL || member_seat(speaker, unit, decision->at) == NULL)
                decision_reject(decision, CODE_SEAT, "%s", command->seat);
}

static void action_decide(Decision *decision) {
        const Topic *topic = &decision->command->topic;
        if (topic->verb == VERB_ISSUE)
                task_issue(decision);
        else if (state_task(decision->state, topic->target) != NULL)
                task_decide(decision);
        else if (state_escalation(decision->state, topic->target) != NULL)
                escalation_decide(decision);
        else if (state_report(decision->state, topic->target) != NULL)
                report_action_decide(decision);
        else if (state_warning(decision->state, topic->target) != NULL)
                notice_decide(decision);
        else
                decision_reject(decision, CODE_UNKNOWN_TARGET, "%s", topic->target);
}

static void command_decide(Decision *decision) {
        switch (decision->command->topic.kind) {
        case TOPIC_WARNING:
                return warning_decide(decision);
        case TOPIC_REPORT:
                return report_decide(decision);
        case TOPIC_ACTION:
                return action_decide(decision);
        case TOPIC_DEVICE_HEARTBEAT:
        case TOPIC_DEVICE_EVENT:
                return device_decide(decision);
        case TOPIC_REQUEST:
                return request_decide(decision);
        case TOPIC_ADMIN:
                return admin_decide(decision);
        default:
                decision_reject(decision, CODE_UNKNOWN_KIND, "%s", "topic");
        }
}

static const char *event_kind(TopicKind kind) {
        switch (kind) {
        case TOPIC_WARNING: return "warning";
        case TOPIC_REPORT: return "report";
        case TOPIC_ACTION: return "action";
        case TOPIC_DEVICE_HEARTBEAT:
        case TOPIC_DEVICE_EVENT: return "device";
        case TOPIC_REQUEST: return "request";
        case TOPIC_ADMIN: return "admin";
        default: return "other";
        }
}

/* Remember and answer. `outcome->created` is taken over or freed. */
static void command_answer(Engine *engine, const Command *command, Outcome *outcome) {
        bool remembered = command_is_remembered(command);
        if (remembered)
                outcome_write_row(outcome, engine->area, &engine->batch->rows[TABLE_OUTCOME]);
        if (command_wants_receipt(command))
                receipt_add(engine, command, outcome, false, outcome->seq);
        if (remembered)
                outcomes_add(engine->outcomes, outcome);
        else
                free(outcome->created);
        if (outcome->accepted) {
                engine->batch->n_accepted++;
        } else {
                engine->batch->n_rejected++;
                engine->batch->n_codes[outcome->code]++;
        }
}

void engine_decide(Engine *engine, const Command *command, uint64_t daemon_epoch) {
        assert(engine->batch != NULL);
        engine->batch->n_decided++;
        if (command_repeat(engine, command, daemon_epoch))
                return;
        StateMark mark = state_mark(engine->state);
        size_t n_messages = engine->messages.n;
        Decision decision = decision_start(engine, command, command->stamp.member, command->topic.unit, command->stamp.received_at);
        command_check(&decision);
        if (decision.code == CODE_NONE)
                command_decide(&decision);
        bool accepted = decision.code == CODE_NONE || decision.code == CODE_LATE;
        bool changed = accepted && cJSON_GetArraySize(decision.facts) > 0;
        if (!accepted) {
                state_undo(engine->state, &mark);
                documents_cut(&engine->messages, n_messages);
        }
        bool counted = command_is_remembered(command) || changed;
        state_counters(engine->state)->seq = counted ? decision.seq : decision.seq - 1;
        Outcome outcome;
        outcome_start(engine, command, daemon_epoch, &outcome);
        outcome.accepted = accepted;
        outcome.code = decision.code;
        memcpy(outcome.detail, decision.detail, sizeof outcome.detail);
        /* Who comes too late is told where it stands now. */
        if (accepted || decision.code == CODE_STALE || decision.code == CODE_STATE || decision.code == CODE_CLOSED)
                outcome.revision = decision.revision;
        if (accepted) {
                outcome.late = decision.late;
                outcome.masked = decision.masked;
                if (decision.n_beyond > 0)
                        decision_created_int(&decision, "beyond", decision.n_beyond);
                outcome.event = counted ? (int64_t)decision.seq : -1;
                outcome.created = decision.created == NULL ? NULL : json_print(decision.created);
        }
        if (counted)
                batch_count(engine, decision.seq);
        if (accepted && counted)
                event_write_row(engine, &decision, event_kind(command->topic.kind), command->id);
        command_answer(engine, command, &outcome);
        state_seal(engine->state, &mark);
        decision_end(&decision);
}

void engine_quarantine(Engine *engine, const Command *command, const char *why) {
        assert(engine->batch != NULL);
        engine->batch->n_decided++;
        if (command_repeat(engine, command, state_epoch(engine->state)))
                return;
        if (command_is_remembered(command))
                batch_count(engine, ++state_counters(engine->state)->seq);
        Outcome outcome;
        outcome_start(engine, command, state_epoch(engine->state), &outcome);
        outcome.code = CODE_INTERNAL;
        snprintf(outcome.detail, sizeof outcome.detail, "%s", why);
        command_answer(engine, command, &outcome);
}
