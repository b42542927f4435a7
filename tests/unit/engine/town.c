#include "town.h"

#include <assert.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char PREFIX[] = "grid/v1/" AREA "/";

const char TOWN_ORGANISATION[] =
        "{'organisation':'town','area':'" AREA "','version':1,'title':{'zh':'镇','en':'Town'},'utc_offset':'+08:00',"
        "'calendar':'cn','calendars':[{'name':'cn','day':{'from':'08:00','until':'18:00'},'holidays':[],'workdays':[],"
        "'loaded_until':'2028-12-31'}],"
        "'units':["
        "{'id':'town','type':'command','tier':1,'title':{'zh':'镇','en':'Town'},'code':'140802100',"
        "'links':[{'type':'mediation.judicial','to':['court']},{'type':'mediation.people','to':['east','west']}]},"
        "{'id':'court','type':'court','tier':1,'parent':'town','title':{'zh':'法庭','en':'Court'}},"
        "{'id':'east','type':'room','tier':2,'parent':'town','title':{'zh':'东','en':'East'}},"
        "{'id':'west','type':'room','tier':2,'parent':'town','title':{'zh':'西','en':'West'}},"
        "{'id':'empty','type':'room','tier':2,'parent':'town','title':{'zh':'空','en':'Empty'}},"
        "{'id':'e1','type':'village','tier':3,'parent':'east','title':{'zh':'东一','en':'E1'}},"
        "{'id':'e2','type':'village','tier':3,'parent':'east','title':{'zh':'东二','en':'E2'}},"
        "{'id':'e3','type':'village','tier':3,'parent':'east','staffed_by':'east','title':{'zh':'东三','en':'E3'}},"
        "{'id':'w1','type':'village','tier':3,'parent':'west','title':{'zh':'西一','en':'W1'}},"
        "{'id':'w2','type':'village','tier':3,'parent':'west','title':{'zh':'西二','en':'W2'}},"
        "{'id':'n1','type':'village','tier':3,'parent':'empty','title':{'zh':'北一','en':'N1'}}],"
        "'places':[{'id':'shop-1','kind':'shop','unit':'e1','title':{'zh':'店','en':'Shop'}}],"
        "'devices':[{'id':'panic-1','kind':'panic','unit':'e1','silence':'PT10M'},"
        "{'id':'gate-1','kind':'gateway','unit':'town','silence':'PT10M'}]}";

const char TOWN_CATALOGUE[] =
        "{'catalogue':'town','version':1,'points':{'goods':{'soap':{'title':{'zh':'肥皂','en':'Soap'},'points':20},"
        "'rice':{'title':{'zh':'大米','en':'Rice'},'points':60,'units':['w1']}},'honours':{'star':{'title':{'zh':'星','en':'Star'},'points':50}},"
        "'limits':{'day':200}},'figures':{'criminal':{},'order':{}}}";

#define TITLE "'title':{'zh':'事','en':'Work'}"

static const char *const PLAYBOOKS[] = {
        "{'playbook':'fraud','version':1,'priority':50,'start':'tell'," TITLE ",'when':{'warning':{'eventCode':'fraud'}},"
        "'steps':{'tell':{" TITLE ",'to':[{'addressed':{'tier':3}}],'each':'unit','roles':['grid_worker','grid_head'],'quorum':1,"
        "'form':{'households':{'int':[0,2000]},'dissuaded':{'int':[0,{'of':'households'}]}},"
        "'points':{'base':2,'bonus':[{'if':{'dissuaded':{'min':1}},'points':3}]},"
        "'clocks':{'*':{'accept':'PT2H','finish':'PT8H','verify':'PT4H','hours':'always'},"
        "'Extreme':{'accept':'PT15M','finish':'PT4H','hours':'always'}},"
        "'ladder':[{'after':['accept','finish','escalate'],'to':[{'parent':1}],'clocks':{'accept':'PT30M'},'notify':'sms'},"
        "{'after':['accept','escalate'],'to':[{'tier':1}]}],"
        "'verify':{'by':'parent'},'then':[{'end':'done'}]}}}",
        /* every member of the unit; two steps and a way back; what is declined goes to the room */
        "{'playbook':'chain','version':1,'priority':50,'start':'look'," TITLE ",'when':{'warning':{'eventCode':'chain'}},"
        "'steps':{'look':{" TITLE ",'to':[{'addressed':{'tier':3}}],'each':'unit','quorum':'all',"
        "'form':{'found':{'int':[0,50]}},'checklist':[{'name':'doors'},{'name':'lights'}],"
        "'clocks':{'*':{'accept':'PT1H','start':'PT2H','finish':{'workdays':3},'hours':'day'}},"
        "'then':[{'if':{'found':0},'end':'clean'},{'step':'mend'},{'if':{'how':'declined'},'step':'mend'}]},"
        "'mend':{" TITLE ",'to':[{'parent':1}],'form':{'left':{'int':[0,{'of':'look.found'}]}},"
        "'clocks':{'*':{'finish':{'workdays':5}}},'ladder':[{'after':['finish'],'to':[{'tier':1}]}],"
        "'then':[{'if':{'left':0},'end':'mended'},{'step':'mend','times':2},{'end':'handed_over','to':[{'tier':1}]}]}}}",
        "{'playbook':'joint','version':1,'priority':50,'start':'meet'," TITLE ",'when':{'warning':{'eventCode':'joint'}},"
        "'steps':{'meet':{" TITLE ",'to':[{'tier':1}],'participants':[{'link':'mediation.people'}],'inform':[{'link':'mediation.judicial'}],"
        "'consent':'all','form':{'result':{'choice':['agreed','failed']}},"
        "'clocks':{'*':{'finish':{'workdays':5}}},"
        "'then':[{'if':{'how':'refused'},'end':'litigation'},{'end':'settled'}]}}}",
        /* only adds: whom an alarm's task and a grave fraud warning are shown to besides */
        "{'playbook':'also-panic','version':1," TITLE ",'adds':true,'when':{'device':{'event':'panic'}},'inform':[{'unit':'court'}]}",
        "{'playbook':'also-fraud','version':1," TITLE ",'adds':true,'when':{'warning':{'eventCode':'fraud','severity':'Extreme'}},"
        "'inform':[{'unit':'court'}]}",
        /* what moves here is known next door at once, and to the room, which also has to look */
        "{'playbook':'next-door','version':1,'priority':50,'start':'look'," TITLE ",'when':{'device':{'event':'intruder'}},"
        "'steps':{'look':{" TITLE ",'to':[{'parent':1}],'dedup':['device'],'warn':{'to':[{'unit':'e2'},{'tier':1}],'expires':'PT30M',"
        "'headline':{'zh':'有人','en':'Somebody'}},'then':[{'step':'again'}]},"
        "'again':{'tasks':false,'warn':{'to':[{'same':1}],'expires':'PT5M','headline':{'zh':'又','en':'Again'}}}}}",
        /* a device that is out, alone or with others of its gateway; back by itself, the task ends unless somebody is on the way */
        "{'playbook':'mend-device','version':1,'priority':50,'start':'look'," TITLE ",'when':{'device':{'event':['offline','fault']}},"
        "'steps':{'look':{" TITLE ",'to':[{'parent':1}],'dedup':['gateway'],'ends_on':'restored',"
        "'clocks':{'*':{'accept':'PT2H','finish':{'workdays':2}}},'then':[{'if':{'how':'restored'},'end':'restored'},{'end':'mended'}]}}}",
        "{'playbook':'panic','version':1,'priority':50,'start':'go'," TITLE ",'when':{'device':{'event':'panic'}},"
        "'steps':{'go':{" TITLE ",'to':[{'origin':true}],'each':'unit','dedup':['device'],'notify':'voice',"
        "'clocks':{'*':{'accept':'PT1M','start':'PT3M','finish':'PT5M','hours':'always'}},"
        "'ladder':[{'after':['accept','start','finish','escalate'],'to':[{'parent':1}],'clocks':{'accept':'PT1M'}},"
        "{'after':['accept'],'to':[{'tier':1}]}],'then':[{'end':'done'}]}}}",
};

Seated seats[SEATS] = {
        {"town", "commander", ""}, {"town", "officer", ""},     {"east", "officer", ""},     {"east", "auxiliary", ""},
        {"west", "officer", ""},   {"court", "partner", ""},    {"e1", "grid_head", ""},     {"e1", "grid_worker", ""},
        {"e2", "grid_head", ""},   {"e2", "grid_worker", ""},   {"w1", "grid_worker", ""},   {"w2", "grid_worker", ""},
        {"n1", "grid_worker", ""}, {"e1", "device", ""},        {"town", "gateway", ""},     {"e1", "volunteer", ""},
        {"e1", "shop", ""},        {"w1", "shop", ""},
};

const char *member_of(const char *unit, const char *role) {
        if (strcmp(unit, "e3") == 0)
                unit = "east";
        for (size_t i = 0; i < SEATS; i++)
                if (strcmp(seats[i].unit, unit) == 0 && (role == NULL || strcmp(seats[i].role, role) == 0))
                        return seats[i].member;
        return seats[0].member;
}

/* Tests write ' for " in JSON. */
char *quoted(const char *text) {
        char *copy = strdup(text);
        for (char *at = copy; *at != '\0'; at++)
                if (*at == '\'')
                        *at = '"';
        return copy;
}

Engine *town_engine(void) {
        const EngineConfig config = {.area = AREA, .commitment_key = {7}, .outcomes_max = 1000, .unit_tasks_max = 60};
        return engine_new(&config);
}

/* ---- batches ---- */
void town_begin(Town *town) {
        engine_batch_begin(town->engine, &town->batch);
}

static void document_keep(Town *town, const Document *document) {
        assert_memory_equal(document->topic, PREFIX, sizeof PREFIX - 1);
        const char *topic = document->topic + sizeof PREFIX - 1;
        if (document->retain) {
                cJSON_DeleteItemFromObjectCaseSensitive(town->retained, topic);
                if (document->n_payload > 0)
                        cJSON_AddStringToObject(town->retained, topic, document->payload);
        } else if (strstr(topic, "/receipt") != NULL) {
                cJSON_Delete(town->receipt);
                town->receipt = cJSON_Parse(document->payload);
                assert_non_null(town->receipt);
        } else {
                cJSON_AddItemToArray(town->notes, cJSON_Parse(document->payload));
        }
}

void town_keep(Town *town) {
        const Documents *documents = &town->batch.documents;
        cJSON_Delete(town->notes);
        town->notes = cJSON_CreateArray();
        for (size_t i = 0; i < documents->n; i++) {
                assert_true(i == 0 || documents->items[i - 1].seq <= documents->items[i].seq);
                document_keep(town, &documents->items[i]);
        }
        database_apply(&town->database, &town->batch);
}

void town_finish(Town *town) {
        engine_batch_finish(town->engine);
        town_keep(town);
        engine_batch_commit(town->engine);
}

static bool fire_one(Town *town, int64_t horizon) {
        town_begin(town);
        bool fired = engine_fire(town->engine, horizon);
        town_finish(town);
        return fired;
}

void pass(Town *town, int64_t ms) {
        town->now += ms;
        while (fire_one(town, town->now))
                continue;
}

void pass_until(Town *town, int64_t at) {
        town->now = at;
        while (fire_one(town, at - 1))
                continue;
}

/* ---- speaking ---- */
void command_make(Town *town, const char *member, const char *topic, const char *body, Command *ret) {
        char full[TOPIC_MAX + 1];
        *ret = (Command){.revision = -1, .occurred_at = TIMESTAMP_NONE, .stamp.received_at = town->now};
        snprintf(full, sizeof full, "%s%s", PREFIX, topic);
        if (topic_parse(full, strlen(full), &ret->topic) != 0)
                fail_msg("topic: %s", full);
        snprintf(ret->stamp.member, sizeof ret->stamp.member, "%s", member);
        char *text = quoted(body);
        ret->body = cJSON_Parse(text);
        if (ret->body == NULL)
                fail_msg("JSON: %s", text);
        free(text);
        const char *id = json_string(ret->body, "id");
        if (id != NULL)
                snprintf(ret->id, sizeof ret->id, "%s", id);
        else
                snprintf(ret->id, sizeof ret->id, "20261123-%u", ++town->n_messages);
        ret->revision = json_int(ret->body, "revision", -1);
        const char *occurred = json_string(ret->body, "occurred_at");
        if (occurred != NULL && !timestamp_parse(occurred, strlen(occurred), &ret->occurred_at))
                fail_msg("occurred_at: %s", occurred);
        char *hashed = json_print(ret->body);
        crypto_generichash_state hash;
        crypto_generichash_init(&hash, NULL, 0, BODY_HASH_BYTES);
        crypto_generichash_update(&hash, (const unsigned char *)full, strlen(full));
        crypto_generichash_update(&hash, (const unsigned char *)hashed, strlen(hashed));
        crypto_generichash_final(&hash, ret->body_hash, BODY_HASH_BYTES);
        free(hashed);
}

static void need_lookup(Town *town, const EngineNeed *need) {
        char key[256];
        const char *why;
        snprintf(key, sizeof key, "%s %s %s%s", AREA, need->key[0], need->key[1] == NULL ? "" : need->key[1], need->key[1] == NULL ? "" : " ");
        const Row *row = map_find(town->database.tables[need->table], key);
        if (row != NULL && engine_load_row(town->engine, need->table, (const char *const *)row->cells, &why) != 0)
                fail_msg("%s: %s", key, why);
}

void town_lookup(Town *town, const Command *command) {
        EngineNeed needs[ENGINE_NEEDS_MAX];
        for (size_t n; (n = engine_needs(town->engine, command, needs)) > 0;)
                for (size_t i = 0; i < n; i++)
                        need_lookup(town, &needs[i]);
}

static const cJSON *speak(Town *town, const char *member, const char *topic, const char *body) {
        Command command;
        while (fire_one(town, town->now - 1))
                continue;
        command_make(town, member, topic, body, &command);
        cJSON_Delete(town->receipt);
        town->receipt = NULL;
        town_begin(town);
        town_lookup(town, &command);
        engine_decide(town->engine, &command, 1);
        town_finish(town);
        command_deinit(&command);
        return town->receipt;
}

#define SPEAK_BODY(text)                                                                                                        \
        char text[4096];                                                                                                        \
        va_list arguments;                                                                                                      \
        va_start(arguments, format);                                                                                            \
        vsnprintf(text, sizeof text, format, arguments);                                                                        \
        va_end(arguments);

const cJSON *say(Town *town, const char *member, const char *topic, const char *format, ...) {
        SPEAK_BODY(body)
        return speak(town, member, topic, body);
}

static int tier_of(const Town *town, const char *unit) {
        return organisation_unit(state_organisation(engine_state(town->engine)), unit)->tier;
}

const cJSON *act(Town *town, const char *unit, const char *task, const char *verb, const char *format, ...) {
        SPEAK_BODY(body)
        char topic[TOPIC_MAX + 1];
        snprintf(topic, sizeof topic, "tier%d/%s/action/%s/%s", tier_of(town, unit), unit, task, verb);
        return speak(town, member_of(unit, NULL), topic, body);
}

const char *code_of(const cJSON *receipt) {
        assert_non_null(receipt);
        return json_string(receipt, "code");
}

void assert_ok(const cJSON *receipt) {
        const char *outcome = json_string(receipt, "outcome");
        if (outcome == NULL || strcmp(outcome, "accepted") != 0)
                fail_msg("%s: %s", json_string(receipt, "code"), json_string(receipt, "detail"));
}

void assert_code(const cJSON *receipt, const char *code) {
        assert_string_equal(json_string(receipt, "outcome"), "rejected");
        if (strcmp(json_string(receipt, "code"), code) != 0)
                fail_msg("expected %s, not %s: %s", code, json_string(receipt, "code"), json_string(receipt, "detail"));
}

const char *iso(int64_t ms) {
        static char ring[8][TIMESTAMP_TEXT_MAX];
        static unsigned at;
        char *text = ring[at++ % 8];
        timestamp_format(ms, 480, text);
        return text;
}

const char *warn(Town *town, const char *code, const char *severity) {
        static char id[UUID_LENGTH + 1];
        const cJSON *receipt =
                say(town, member_of("town", "commander"), "tier1/town/warning",
                    "{'identifier':'W%u','sent':'%s','status':'Actual','msgType':'Alert','scope':'Public','info':[{'event':'%s',"
                    "'urgency':'Immediate','severity':'%s','certainty':'Observed','headline':'注意','instruction':'入户',"
                    "'eventCode':[{'valueName':'policegrid','value':'%s'}]}]}",
                    town->n_messages + 1, iso(town->now), code, severity, code);
        assert_ok(receipt);
        snprintf(id, sizeof id, "%s", json_string(json_object(receipt, "created"), "warning"));
        return id;
}

const Task *task_of(const Town *town, const char *unit) {
        Task *const *tasks;
        size_t n = state_tasks_of_unit(engine_state(town->engine), unit, &tasks);
        return n == 0 ? NULL : tasks[n - 1];
}

const Escalation *escalation_of(const Town *town, const Task *task) {
        return state_escalation(engine_state(town->engine), task->escalation);
}

const char *hand(Town *town, const char *from, const char *to, const char *more) {
        static char ring[8][UUID_LENGTH + 1];
        static unsigned at;
        char *id = ring[at++ % 8];
        uuid_make(town->now, "hand", town->n_messages + 1, 0, id);
        assert_ok(act(town, from, id, "issue", "{'title':'查看','to':'%s'%s}", to, more));
        return id;
}

cJSON *document_at(const Town *town, const char *topic) {
        const char *text = json_string(town->retained, topic);
        return text == NULL ? NULL : cJSON_Parse(text);
}

/* ---- setting up ---- */
static void bootstrap_run(Town *town) {
        char detail[256], *text = quoted("{'area':'" AREA "','utc_offset':'+08:00','members':[{'member':'" AREA "-admin','role':'admin',"
                                         "'secret_hash':'1000000000000000000000000000000000000000000000000000000000000000'}]}");
        town_begin(town);
        Code code = engine_apply_bootstrap(town->engine, text, strlen(text), town->now, detail, sizeof detail);
        if (code != CODE_NONE)
                fail_msg("%s: %s", code_name(code), detail);
        town_finish(town);
        free(text);
        strcpy(town->admin, AREA "-admin");
}

static void playbooks_apply(Town *town) {
        for (size_t i = 0; i < sizeof PLAYBOOKS / sizeof PLAYBOOKS[0]; i++) {
                char detail[256], *text = quoted(PLAYBOOKS[i]);
                town_begin(town);
                Code code = engine_apply_playbook(town->engine, text, strlen(text), town->now, detail, sizeof detail);
                if (code != CODE_NONE)
                        fail_msg("playbook %zu: %s: %s", i, code_name(code), detail);
                town_finish(town);
                free(text);
        }
}

static void hire(Town *town) {
        for (size_t i = 0; i < SEATS; i++) {
                char hash[65], device[64] = "";
                for (int k = 0; k < 64; k++)
                        hash[k] = "0123456789abcdef"[(k + (int)i) % 16];
                hash[64] = '\0';
                if (strcmp(seats[i].role, "device") == 0)
                        strcpy(device, ",'device':'panic-1'");
                else if (strcmp(seats[i].role, "gateway") == 0)
                        strcpy(device, ",'device':'gate-1'");
                const cJSON *receipt = say(town, town->admin, "admin/member-add", "{'unit':'%s','role':'%s','secret_hash':'%s'%s}",
                                           seats[i].unit, seats[i].role, hash, device);
                assert_ok(receipt);
                snprintf(seats[i].member, sizeof seats[i].member, "%s", json_string(json_object(receipt, "created"), "member"));
        }
}

int town_setup(void **state) {
        Town *town = calloc(1, sizeof *town);
        const char *why;
        *state = town;
        assert_true(sodium_init() >= 0);
        town->now = START;
        town->engine = town_engine();
        town->retained = cJSON_CreateObject();
        batch_init(&town->batch);
        database_init(&town->database);
        assert_int_equal(engine_load_finish(town->engine, 1, &why), 0);
        bootstrap_run(town);
        char *organisation = quoted(TOWN_ORGANISATION);
        assert_ok(say(town, town->admin, "admin/organisation-apply", "{'organisation':%s}", organisation));
        free(organisation);
        playbooks_apply(town);
        hire(town);
        char *catalogue = quoted(TOWN_CATALOGUE);
        assert_ok(say(town, town->admin, "admin/catalogue-apply", "{'catalogue':%s}", catalogue));
        free(catalogue);
        return 0;
}

int town_teardown(void **state) {
        Town *town = *state;
        batch_deinit(&town->batch);
        engine_free(town->engine);
        database_deinit(&town->database);
        cJSON_Delete(town->retained);
        cJSON_Delete(town->receipt);
        cJSON_Delete(town->notes);
        free(town);
        return 0;
}

void town_assert_documents(Town *town) {
        Documents documents = {0};
        Map *rebuilt = map_new();
        engine_documents(town->engine, &documents);
        for (size_t i = 0; i < documents.n; i++)
                map_set(rebuilt, documents.items[i].topic + sizeof PREFIX - 1, &documents.items[i]);
        const cJSON *kept;
        size_t n_kept = 0;
        cJSON_ArrayForEach(kept, town->retained) {
                char full[TOPIC_MAX + 1];
                Topic topic;
                const Document *document = map_find(rebuilt, kept->string);
                snprintf(full, sizeof full, "%s%s", PREFIX, kept->string);
                assert_int_equal(topic_parse(full, strlen(full), &topic), 0);
                if (topic.kind != TOPIC_TASK && topic.kind != TOPIC_ESCALATION && topic.kind != TOPIC_NOTICE && topic.kind != TOPIC_DEVICE)
                        continue;
                n_kept++;
                if (document == NULL)
                        fail_msg("retained, but not to be: %s", kept->string);
                assert_true(engine_expects_topic(town->engine, &topic));
                if (topic.kind == TOPIC_TASK)
                        assert_string_equal(document->payload, kept->valuestring);
        }
        assert_int_equal(map_count(rebuilt), n_kept);
        map_free(rebuilt);
        documents_deinit(&documents);
}
