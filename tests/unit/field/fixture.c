#include "fixture.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/document/status.h"

static const uint8_t KEY[STAMP_KEY_BYTES] = {1, 2, 3};
static const char PREFIX[] = "grid/v1/" AREA "/";

const char FIELD_ORGANISATION[] =
        "{\"organisation\":\"field\",\"area\":\"" AREA "\",\"version\":1,\"title\":{\"zh\":\"镇\",\"en\":\"Town\"},\"utc_offset\":\"+08:00\","
        "\"dictionaries\":{\"tag\":{\"river\":{\"zh\":\"河边\",\"en\":\"riverside\"}}},"
        "\"units\":["
        "{\"id\":\"town\",\"type\":\"command\",\"tier\":1,\"title\":{\"zh\":\"镇\",\"en\":\"Town\"},\"code\":\"140802100\"},"
        "{\"id\":\"east\",\"type\":\"room\",\"tier\":2,\"parent\":\"town\",\"title\":{\"zh\":\"东\",\"en\":\"East\"}},"
        "{\"id\":\"west\",\"type\":\"room\",\"tier\":2,\"parent\":\"town\",\"title\":{\"zh\":\"西\",\"en\":\"West\"}},"
        "{\"id\":\"e1\",\"type\":\"village\",\"tier\":3,\"parent\":\"east\",\"title\":{\"zh\":\"东一\",\"en\":\"E1\"},\"code\":\"140802100201\",\"tags\":[\"river\"]},"
        "{\"id\":\"e2\",\"type\":\"village\",\"tier\":3,\"parent\":\"east\",\"title\":{\"zh\":\"东二\",\"en\":\"E2\"},\"code\":\"140802100202\",\"tags\":[\"river\"]},"
        "{\"id\":\"e3\",\"type\":\"village\",\"tier\":3,\"parent\":\"east\",\"staffed_by\":\"east\",\"title\":{\"zh\":\"东三\",\"en\":\"E3\"},\"code\":\"140802100203\"},"
        "{\"id\":\"w1\",\"type\":\"village\",\"tier\":3,\"parent\":\"west\",\"title\":{\"zh\":\"西一\",\"en\":\"W1\"},\"code\":\"140802100301\",\"tags\":[\"river\"]}],"
        "\"places\":[{\"id\":\"shop-1\",\"kind\":\"shop\",\"unit\":\"e1\",\"title\":{\"zh\":\"店\",\"en\":\"Shop\"}}],"
        "\"devices\":[{\"id\":\"panic-1\",\"kind\":\"panic\",\"unit\":\"e1\",\"silence\":\"PT10M\"},"
        "{\"id\":\"gateway-1\",\"kind\":\"gateway\",\"unit\":\"west\",\"silence\":\"PT10M\"},"
        "{\"id\":\"meter-1\",\"kind\":\"alarm\",\"unit\":\"w1\",\"gateway\":\"gateway-1\",\"silence\":\"PT10M\"}]}";

#define TITLE "\"title\":{\"zh\":\"事\",\"en\":\"Work\"}"

static const char *const PLAYBOOKS[] = {
        "{\"playbook\":\"fraud\",\"version\":1,\"priority\":50,\"start\":\"tell\"," TITLE ",\"when\":{\"warning\":{\"eventCode\":\"fraud\"}},"
        "\"steps\":{\"tell\":{" TITLE ",\"to\":[{\"addressed\":{\"tier\":3}}],\"each\":\"unit\",\"quorum\":1,"
        "\"form\":{\"households\":{\"int\":[0,2000]}},\"clocks\":{\"*\":{\"accept\":\"PT2H\",\"finish\":\"PT8H\",\"hours\":\"always\"}},"
        "\"then\":[{\"end\":\"done\"}]}}}",
        "{\"playbook\":\"gas\",\"version\":1,\"priority\":50,\"start\":\"look\"," TITLE ",\"when\":{\"warning\":{\"eventCode\":\"gas\"}},"
        "\"steps\":{\"look\":{" TITLE ",\"to\":[{\"addressed\":{\"tier\":3}}],\"each\":\"unit\",\"verify\":{\"by\":\"parent\"},"
        "\"form\":{\"households\":{\"int\":[0,2000]}},\"clocks\":{\"*\":{\"finish\":\"PT8H\",\"hours\":\"always\"}},"
        "\"then\":[{\"end\":\"done\"}]}}}",
        "{\"playbook\":\"quarrel\",\"version\":1,\"priority\":50,\"start\":\"sort\"," TITLE ",\"when\":{\"report\":{\"kind\":\"dispute\"}},"
        "\"steps\":{\"sort\":{" TITLE ",\"to\":[{\"origin\":true}],\"each\":\"unit\",\"clocks\":{\"*\":{\"finish\":\"PT8H\",\"hours\":\"always\"}},"
        "\"then\":[{\"end\":\"done\"}]}}}",
        "{\"playbook\":\"river\",\"version\":1,\"priority\":50,\"start\":\"go\"," TITLE ",\"when\":{\"report\":{\"kind\":\"high-water\",\"fields\":{\"level\":{\"min\":3}}}},"
        "\"steps\":{\"go\":{" TITLE ",\"to\":[{\"parent\":1}],\"each\":\"unit\",\"clocks\":{\"*\":{\"finish\":\"PT8H\",\"hours\":\"always\"}},"
        "\"then\":[{\"end\":\"done\"}]}}}",
        "{\"playbook\":\"panic\",\"version\":1,\"priority\":50,\"start\":\"go\"," TITLE ",\"when\":{\"device\":{\"event\":\"panic\"}},"
        "\"steps\":{\"go\":{" TITLE ",\"to\":[{\"origin\":true}],\"each\":\"unit\",\"dedup\":[\"device\"],"
        "\"clocks\":{\"*\":{\"accept\":\"PT1M\",\"finish\":\"PT5M\",\"hours\":\"always\"}},\"then\":[{\"end\":\"done\"}]}}}",
};

static const struct { Who who; const char *unit, *role, *device; } SEATS[] = {
        {COMMANDER, "town", "commander", NULL},   {EAST_OFFICER, "east", "officer", NULL},  {WEST_OFFICER, "west", "officer", NULL},
        {E1_HEAD, "e1", "grid_head", NULL},       {E1_WORKER, "e1", "grid_worker", NULL},   {E1_VOLUNTEER, "e1", "volunteer", NULL},
        {E2_WORKER, "e2", "grid_worker", NULL},   {W1_WORKER, "w1", "grid_worker", NULL},   {EAST_WORKER, "east", "grid_worker", NULL},
        {DASHBOARD, "town", "dashboard", NULL},   {AUDITOR, NULL, "auditor", NULL},         {PANIC, "e1", "device", "panic-1"},
        {GATEWAY, "west", "gateway", "gateway-1"},
};

/* ---- batches ---- */

static const char *short_topic(const char *topic) {
        assert_memory_equal(topic, PREFIX, sizeof(PREFIX) - 1);
        return topic + sizeof(PREFIX) - 1;
}

static cJSON *parse_document(const Document *document) {
        cJSON *tree = cJSON_ParseWithLength(document->payload, document->n_payload);
        if (!tree)
                fail_msg("not JSON on %s: %.*s", document->topic, (int)document->n_payload, document->payload);
        return tree;
}

static void keep(Fixture *fixture, const Documents *documents) {
        for (size_t i = 0; i < documents->n; ++i) {
                const Document *document = &documents->items[i];
                const char *topic = short_topic(document->topic);
                if (strstr(topic, "/receipt")) {
                        cJSON_Delete(fixture->receipt);
                        fixture->receipt = parse_document(document);
                } else if (document->retain) {
                        cJSON_DeleteItemFromObjectCaseSensitive(fixture->retained, topic);
                        if (document->payload && document->n_payload > 0)
                                cJSON_AddItemToObject(fixture->retained, topic, parse_document(document));
                }
        }
        fixture->n_published = documents->n;
}

static void finish(Fixture *fixture) {
        engine_batch_finish(fixture->engine);
        keep(fixture, &fixture->batch.documents);
        for (int table = 0; table < TABLE_COUNT; ++table)
                fixture->n_rows[table] = fixture->batch.rows[table].n;
        engine_batch_commit(fixture->engine);
}

void pass(Fixture *fixture, int64_t ms) {
        fixture->now += ms;
        for (bool fired = true; fired;) {
                engine_batch_begin(fixture->engine, &fixture->batch);
                fired = engine_fire(fixture->engine, fixture->now);
                finish(fixture);
        }
}

size_t refresh(Fixture *fixture) {
        Documents documents = {0};
        engine_status_documents(fixture->engine, fixture->now, &documents);
        size_t n = documents.n;
        keep(fixture, &documents);
        documents_deinit(&documents);
        return n;
}

/* ---- speaking ---- */

static void add_id(Fixture *fixture, cJSON *body) {
        char id[32];
        snprintf(id, sizeof(id), "20261121-%u", ++fixture->n_messages);
        if (!cJSON_GetObjectItem(body, "id"))
                cJSON_AddStringToObject(body, "id", id);
}

/* As it comes from the broker: topic, payload and stamp, read by message_read. Consumes the body. */
static void read_message(Fixture *fixture, Who who, const char *topic_rest, cJSON *body, Command *ret) {
        char topic[TOPIC_MAX + 1], stamp_text[STAMP_TEXT_MAX];
        Stamp stamp = {.received_at = fixture->now};
        if (!strstr(topic_rest, "/heartbeat"))
                add_id(fixture, body);
        char *payload = json_print(body);
        snprintf(topic, sizeof(topic), "%s%s", PREFIX, topic_rest);
        snprintf(stamp.member, sizeof(stamp.member), "%s", fixture->members[who]);
        snprintf(stamp.client, sizeof(stamp.client), "%s", fixture->members[who]);
        assert_true(stamp_format(&stamp, KEY, topic, payload, strlen(payload), stamp_text) > 0);
        const RawMessage raw = {.topic = topic, .payload = payload, .n_payload = strlen(payload), .stamp = stamp_text, .n_stamps = 1};
        assert_int_equal(message_read(&raw, AREA, KEY, fixture->now, ret), MESSAGE_OK);
        free(payload);
        cJSON_Delete(body);
}

static const cJSON *speak(Fixture *fixture, Who who, const char *topic, cJSON *body) {
        Command command;
        read_message(fixture, who, topic, body, &command);
        cJSON_Delete(fixture->receipt);
        fixture->receipt = NULL;
        engine_batch_begin(fixture->engine, &fixture->batch);
        engine_decide(fixture->engine, &command, 1);
        finish(fixture);
        command_deinit(&command);
        return fixture->receipt;
}

static cJSON *format_body(const char *format, va_list arguments) {
        char *text = NULL;
        assert_true(vasprintf(&text, format, arguments) >= 0);
        cJSON *body = cJSON_Parse(text);
        if (!body)
                fail_msg("the test's own JSON: %s", text);
        free(text);
        return body;
}

#define SPEAK(format)                                                                                                           \
        va_list arguments;                                                                                                      \
        va_start(arguments, format);                                                                                            \
        cJSON *body = format_body(format, arguments);                                                                           \
        va_end(arguments);                                                                                                      \
        const cJSON *receipt = speak(fixture, who, topic, body);

const cJSON *say(Fixture *fixture, Who who, const char *topic, const char *format, ...) {
        SPEAK(format)
        return receipt;
}

Code ask(Fixture *fixture, Who who, EngineQuery *ret, const char *format, ...) {
        char topic[TOPIC_MAX];
        Command command;
        va_list arguments;
        va_start(arguments, format);
        cJSON *body = format_body(format, arguments);
        va_end(arguments);
        snprintf(topic, sizeof(topic), "member/%s/query", fixture->members[who]);
        read_message(fixture, who, topic, body, &command);
        Code code = engine_query_plan(fixture->engine, &command, ret);
        command_deinit(&command);
        return code;
}

static void check_receipt(const cJSON *receipt, Code code) {
        assert_non_null(receipt);
        const char *found = json_string(receipt, "code");
        const char *expected = code == CODE_NONE || code == CODE_LATE ? "accepted" : "rejected";
        if (strcmp(json_string(receipt, "outcome"), expected) != 0 ||
            (code != CODE_NONE && code != CODE_LATE && strcmp(found ? found : "", code_name(code)) != 0)) {
                char *text = json_print(receipt);
                fail_msg("expected %s %s, receipt %s", expected, code_name(code), text);
        }
}

const cJSON *say_ok(Fixture *fixture, Who who, const char *topic, const char *format, ...) {
        SPEAK(format)
        check_receipt(receipt, CODE_NONE);
        return receipt;
}

void say_refused(Fixture *fixture, Code code, Who who, const char *topic, const char *format, ...) {
        SPEAK(format)
        check_receipt(receipt, code);
}

const char *when(Fixture *fixture, int64_t ms) {
        static char ring[8][TIMESTAMP_TEXT_MAX];
        static unsigned at;
        char *text = ring[at++ % 8];
        timestamp_format(fixture->now + ms, 480, text);
        return text;
}

const cJSON *post(Fixture *fixture, Who who, const char *topic, const Post *post) {
        cJSON *body = cJSON_CreateObject();
        cJSON_AddStringToObject(body, "identifier", post->identifier);
        cJSON_AddStringToObject(body, "sent", when(fixture, post->sent));
        cJSON_AddStringToObject(body, "status", post->status ? post->status : "Actual");
        cJSON_AddStringToObject(body, "msgType", post->type ? post->type : "Alert");
        cJSON_AddStringToObject(body, "scope", "Public");
        if (post->references)
                cJSON_AddStringToObject(body, "references", post->references);
        cJSON *info = cJSON_CreateObject();
        cJSON_AddItemToArray(cJSON_AddArrayToObject(body, "info"), info);
        cJSON_AddStringToObject(info, "event", "fraud");
        cJSON_AddStringToObject(info, "urgency", "Immediate");
        cJSON_AddStringToObject(info, "severity", post->severity ? post->severity : "Severe");
        cJSON_AddStringToObject(info, "certainty", "Observed");
        cJSON_AddStringToObject(info, "headline", post->headline ? post->headline : "冒充公检法");
        json_add_string(info, "instruction", post->instruction);
        if (post->expires)
                cJSON_AddStringToObject(info, "expires", when(fixture, post->expires));
        cJSON *code = cJSON_CreateObject();
        cJSON_AddStringToObject(code, "valueName", "policegrid");
        cJSON_AddStringToObject(code, "value", post->event_code ? post->event_code : "fraud");
        cJSON_AddItemToArray(cJSON_AddArrayToObject(info, "eventCode"), code);
        if (post->area)
                cJSON_AddItemToObject(info, "area", cJSON_Parse(post->area));
        return speak(fixture, who, topic, body);
}

const char *created(const cJSON *receipt, const char *name) {
        const char *value = json_string(json_object(receipt, "created"), name);
        assert_non_null(value);
        return value;
}

/* ---- looking ---- */

const cJSON *document(Fixture *fixture, const char *format, ...) {
        char topic[TOPIC_MAX + 1];
        va_list arguments;
        va_start(arguments, format);
        vsnprintf(topic, sizeof(topic), format, arguments);
        va_end(arguments);
        return cJSON_GetObjectItemCaseSensitive(fixture->retained, topic);
}

size_t count_topics(Fixture *fixture, const char *part) {
        size_t n = 0;
        const cJSON *item;
        cJSON_ArrayForEach(item, fixture->retained)
                n += strstr(item->string, part) != NULL;
        return n;
}

const cJSON *task_at(Fixture *fixture, int tier, const char *unit) {
        char prefix[64];
        const cJSON *item, *found = NULL;
        snprintf(prefix, sizeof(prefix), "tier%d/%s/task/", tier, unit);
        cJSON_ArrayForEach(item, fixture->retained) {
                if (strncmp(item->string, prefix, strlen(prefix)) != 0)
                        continue;
                const char *state = json_string(item, "state");
                found = item;
                if (strcmp(state, "cancelled") != 0 && strcmp(state, "closed") != 0 && strcmp(state, "expired") != 0)
                        break;
        }
        return found;
}

/* ---- life ---- */

static void configure(Fixture *fixture) {
        char detail[200] = "", bootstrap[256];
        snprintf(fixture->members[ADMIN], sizeof(fixture->members[ADMIN]), AREA "-admin");
        snprintf(bootstrap, sizeof(bootstrap), "{\"area\":\"" AREA "\",\"utc_offset\":\"+08:00\",\"members\":[{\"member\":\"" AREA
                 "-admin\",\"role\":\"admin\",\"secret_hash\":\"%064d\"}]}", 1);
        engine_batch_begin(fixture->engine, &fixture->batch);
        if (engine_apply_bootstrap(fixture->engine, bootstrap, strlen(bootstrap), fixture->now, detail, sizeof(detail)) != CODE_NONE)
                fail_msg("bootstrap: %s", detail);
        finish(fixture);
        say_ok(fixture, ADMIN, "admin/organisation-apply", "{\"organisation\":%s}", FIELD_ORGANISATION);
        for (size_t i = 0; i < sizeof(PLAYBOOKS) / sizeof(PLAYBOOKS[0]); ++i) {
                engine_batch_begin(fixture->engine, &fixture->batch);
                if (engine_apply_playbook(fixture->engine, PLAYBOOKS[i], strlen(PLAYBOOKS[i]), fixture->now, detail, sizeof(detail)) != CODE_NONE)
                        fail_msg("playbook %zu: %s", i, detail);
                finish(fixture);
        }
}

static void hire(Fixture *fixture) {
        for (size_t i = 0; i < sizeof(SEATS) / sizeof(SEATS[0]); ++i) {
                cJSON *body = cJSON_CreateObject();
                char hash[65];
                snprintf(hash, sizeof(hash), "%064zu", i + 2);
                json_add_string(body, "unit", SEATS[i].unit);
                json_add_string(body, "role", SEATS[i].role);
                json_add_string(body, "device", SEATS[i].device);
                json_add_string(body, "secret_hash", hash);
                const cJSON *receipt = speak(fixture, ADMIN, "admin/member-add", body);
                check_receipt(receipt, CODE_NONE);
                snprintf(fixture->members[SEATS[i].who], sizeof(fixture->members[0]), "%s", created(receipt, "member"));
        }
}

static Engine *make_engine(void) {
        static const EngineConfig config = {.area = AREA, .outcomes_max = 1000, .unit_tasks_max = 60, .terminal_keep_ms = 7 * DAY,
                                            .note_keep_ms = 90 * DAY};
        Engine *engine = engine_new(&config);
        assert_non_null(engine);
        return engine;
}

int fixture_setup(void **state) {
        Fixture *fixture = calloc(1, sizeof(*fixture));
        const char *why = NULL;
        *state = fixture;
        fixture->now = START;
        fixture->engine = make_engine();
        fixture->retained = cJSON_CreateObject();
        batch_init(&fixture->batch);
        assert_int_equal(engine_load_finish(fixture->engine, 1, &why), 0);
        configure(fixture);
        hire(fixture);
        refresh(fixture);
        return 0;
}

int fixture_teardown(void **state) {
        Fixture *fixture = *state;
        batch_deinit(&fixture->batch);
        engine_free(fixture->engine);
        cJSON_Delete(fixture->retained);
        cJSON_Delete(fixture->receipt);
        free(fixture);
        return 0;
}
