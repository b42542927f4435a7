/*
 * Points: opting in, earning, redemption with a confirmation, never below zero whoever races, replays, hostile input; the ledger's chain
 * after thousands of random commands.
 */
#include "random_town.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CODE "abcdefgh-1234"

static const char *commander(void) { return member_of("town", "commander"); }
static const char *worker(void) { return member_of("e1", "grid_worker"); }
static const char *volunteer(void) { return member_of("e1", "volunteer"); }
static const char *shop(void) { return member_of("e1", "shop"); }
static const char *other_shop(void) { return member_of("w1", "shop"); }

static const cJSON *ask(Town *town, const char *member, const char *format, ...) __attribute__((format(printf, 3, 4)));
static const cJSON *ask(Town *town, const char *member, const char *format, ...) {
        char body[1024], topic[TOPIC_MAX + 1];
        va_list arguments;
        va_start(arguments, format);
        vsnprintf(body, sizeof body, format, arguments);
        va_end(arguments);
        snprintf(topic, sizeof topic, "member/%s/request", member);
        return say(town, member, topic, "%s", body);
}

static const Holder *holder_of(const Town *town, const char *card) { return state_holder(engine_state(town->engine), card); }

static void join(Town *town, const char *member, const char *card) {
        assert_ok(ask(town, member, "{'request':'points-join','card':'%s'}", card));
}

static void award(Town *town, const char *card, int points) {
        assert_ok(ask(town, commander(), "{'request':'points-award','card':'%s','points':%d,'reason':'helped'}", card, points));
}

static const char *redeem(Town *town, const char *by, const char *card, int count) {
        static char ring[4][UUID_LENGTH + 1];
        static unsigned at;
        char *id = ring[at++ % 4];
        const cJSON *receipt = ask(town, by, "{'request':'redeem','card':'%s','goods':'soap','count':%d}", card, count);
        assert_ok(receipt);
        snprintf(id, UUID_LENGTH + 1, "%s", json_string(json_object(receipt, "created"), "redemption"));
        return id;
}

static void assert_points(const Town *town, const char *card, int64_t balance, int64_t reserved) {
        assert_int_equal(holder_of(town, card)->balance, balance);
        assert_int_equal(holder_of(town, card)->reserved, reserved);
}

/* ---- opting in ---- */
static void test_join(void **state) {
        Town *town = *state;
        static const struct { const char *body, *code; } wrong[] = {
                {"{'request':'points-join'}", "missing"},
                {"{'request':'points-join','card':1234}", "type"},
                {"{'request':'points-join','card':'123'}", "range"},
                {"{'request':'points-join','card':'1234567890123'}", "range"},
                {"{'request':'points-join','card':'12a4'}", "range"},
                {"{'request':'points-join','card':'13800138000'}", "privacy"}, /* somebody's telephone is no card */
                {"{'request':'points-join','card':'1001','holder':'x'}", "unknown_field"},
                {"{'request':'points-join','card':'1001','code':'short'}", "range"},
                {"{'request':'points-join','card':'1001','code':'11010519491231002X'}", "privacy"},
                {"{'request':'points-join','card':'1001','own':'no'}", "type"},
                {"{'request':'points-join','card':'1001','own':false}", "missing"}, /* without its code it would be nobody's own word */
        };
        for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
                assert_code(ask(town, worker(), "%s", wrong[i].body), wrong[i].code);
        assert_code(ask(town, volunteer(), "{'request':'points-join','card':'1001','own':false,'code':'" CODE "'}"), "denied");
        assert_code(ask(town, town->admin, "{'request':'points-join','card':'1001'}"), "seat");
        assert_int_equal(database_count(&town->database, TABLE_POINTS_HOLDER), 0);
        join(town, volunteer(), "1001");
        assert_string_equal(holder_of(town, "1001")->member, volunteer());
        assert_string_equal(holder_of(town, "1001")->unit, "e1");
        assert_code(ask(town, volunteer(), "{'request':'points-join','card':'1002'}"), "conflict"); /* one card a member */
        assert_code(ask(town, worker(), "{'request':'points-join','card':'1001'}"), "conflict");
        assert_ok(ask(town, worker(), "{'request':'points-join','card':'2001','own':false,'code':'" CODE "'}"));
        assert_string_equal(holder_of(town, "2001")->member, "");
        assert_int_equal(strlen(holder_of(town, "2001")->code), 64);
        assert_null(strstr(holder_of(town, "2001")->code, CODE));
}

/* Nobody is credited who has not opted in. */
static void test_no_card_no_points(void **state) {
        Town *town = *state;
        assert_code(ask(town, commander(), "{'request':'points-award','card':'1001','points':5,'reason':'x'}"), "unknown_card");
        assert_code(ask(town, shop(), "{'request':'redeem','card':'1001','goods':'soap'}"), "unknown_card");
        assert_int_equal(database_count(&town->database, TABLE_POINTS_ENTRY), 0);
}

/* A card that was given up is nobody's, worth nothing, and never used again; also when it has left memory. */
static void test_leave(void **state) {
        Town *town = *state;
        join(town, volunteer(), "1001");
        award(town, "1001", 90);
        const char *open = redeem(town, shop(), "1001", 2);
        assert_code(ask(town, worker(), "{'request':'points-leave','card':'1001','code':'" CODE "'}"), "card_code");
        assert_ok(ask(town, volunteer(), "{'request':'points-leave','card':'1001'}"));
        assert_null(holder_of(town, "1001"));
        assert_code(ask(town, shop(), "{'request':'redeem-confirm','redemption':'%s'}", open), "closed");
        assert_code(ask(town, commander(), "{'request':'points-award','card':'1001','points':5,'reason':'x'}"), "unknown_card");
        assert_code(ask(town, worker(), "{'request':'points-join','card':'1001'}"), "conflict");
        const Row *row = map_find(town->database.tables[TABLE_POINTS_HOLDER], AREA " 1001 ");
        assert_null(row_cell(TABLE_POINTS_HOLDER, row, "member"));
        assert_string_equal(row_cell(TABLE_POINTS_HOLDER, row, "balance"), "0");
        row = map_find(town->database.tables[TABLE_POINTS_ENTRY], AREA " 1001 2 ");
        assert_string_equal(row_cell(TABLE_POINTS_ENTRY, row, "kind"), "forfeit");
        assert_string_equal(row_cell(TABLE_POINTS_ENTRY, row, "points"), "-90");
        join(town, volunteer(), "1002");
}

/* ---- earning ---- */
static const Task *fraud_done(Town *town, const char *member, int dissuaded, const char *status) {
        warn(town, "fraud", "Severe");
        const Task *task = task_of(town, "e1");
        char topic[TOPIC_MAX + 1];
        (void)status;
        snprintf(topic, sizeof topic, "tier3/e1/action/%s/accept", task->id);
        assert_ok(say(town, member, topic, "{}"));
        snprintf(topic, sizeof topic, "tier3/e1/action/%s/complete", task->id);
        assert_ok(say(town, member, topic, "{'result':{'households':9,'dissuaded':%d}}", dissuaded));
        assert_ok(act(town, "east", task->id, "verify", "{}"));
        return task;
}

static void test_earned_by_a_task(void **state) {
        Town *town = *state;
        fraud_done(town, worker(), 1, "Actual"); /* no card yet: nothing, and nothing later either */
        join(town, worker(), "1001");
        fraud_done(town, worker(), 0, "Actual");
        assert_points(town, "1001", 2, 0);
        fraud_done(town, worker(), 3, "Actual");
        assert_points(town, "1001", 7, 0);
        assert_int_equal(json_int(holder_of(town, "1001")->periods, "2026-11", 0), 7);
        assert_int_equal(database_count(&town->database, TABLE_POINTS_ENTRY), 3); /* base, base, bonus */
}

static void catalogue_apply(Town *town, int version, const char *sections) {
        char *text = quoted(sections);
        assert_ok(say(town, town->admin, "admin/catalogue-apply", "{'catalogue':{'catalogue':'town','version':%d%s}}", version, text));
        free(text);
}

static const char KINDS[] = ",'report_kinds':{'patrol':{'form':{'people':{'int':[1,20]}},'points':{'base':4,'bonus':[{'if':{'people':{'min':3}},"
                            "'points':6}]}}},'points':{'limits':{'day':25}}";

static const cJSON *patrol(Town *town, const char *member, int people, const char *status) {
        return say(town, member, "tier3/e1/report", "{'kind':'patrol','status':'%s','fields':{'people':%d}}", status, people);
}

static void test_earned_by_reports(void **state) {
        Town *town = *state;
        catalogue_apply(town, 2, KINDS);
        join(town, volunteer(), "1001");
        const cJSON *receipt = patrol(town, volunteer(), 2, "Actual");
        assert_ok(receipt);
        assert_int_equal(json_int(json_object(receipt, "created"), "points", 0), 4);
        assert_ok(patrol(town, volunteer(), 3, "Exercise")); /* counts nowhere */
        assert_points(town, "1001", 4, 0);
        assert_ok(patrol(town, volunteer(), 3, "Actual"));
        assert_points(town, "1001", 14, 0);
        /* the day's limit: what is left of it, then nothing, until the day turns */
        assert_ok(patrol(town, volunteer(), 9, "Actual"));
        assert_points(town, "1001", 24, 0);
        assert_ok(patrol(town, volunteer(), 9, "Actual"));
        assert_points(town, "1001", 25, 0);
        receipt = patrol(town, volunteer(), 9, "Actual");
        assert_ok(receipt);
        assert_null(cJSON_GetObjectItem(json_object(receipt, "created"), "points"));
        assert_points(town, "1001", 25, 0);
        assert_code(ask(town, commander(), "{'request':'points-award','card':'1001','points':1,'reason':'x'}"), "limit");
        pass(town, DAY);
        assert_ok(patrol(town, volunteer(), 1, "Actual"));
        assert_points(town, "1001", 29, 0);
}

/* A playbook that only adds: points beside what the kind earns, within the same day's limit, and none of its own trigger's making. */
static void test_added_by_playbooks(void **state) {
        Town *town = *state;
        catalogue_apply(town, 2, KINDS);
        join(town, volunteer(), "1001");
        assert_ok(say(town, town->admin, "admin/playbook-apply",
                      "{'playbook':{'playbook':'crowd','version':1,'adds':true,'when':{'report':{'kind':'patrol','fields':{'people':{'min':3}}}},"
                      "'points':{'base':5}}}"));
        const cJSON *receipt = patrol(town, volunteer(), 2, "Actual");
        assert_int_equal(json_int(json_object(receipt, "created"), "points", 0), 4);
        receipt = patrol(town, volunteer(), 3, "Actual");
        assert_int_equal(json_int(json_object(receipt, "created"), "points", 0), 15); /* 4 and 6 of the kind, 5 besides: said as one */
        assert_points(town, "1001", 19, 0);
        assert_ok(patrol(town, volunteer(), 3, "Actual"));
        assert_points(town, "1001", 25, 0); /* the day's limit holds for all of it */
}

/* The same message again books nothing. */
static void test_repeats(void **state) {
        Town *town = *state;
        join(town, volunteer(), "1001");
        for (int i = 0; i < 3; i++)
                assert_ok(ask(town, commander(), "{'id':'20261123-award','request':'points-award','card':'1001','points':50,'reason':'helped'}"));
        assert_points(town, "1001", 50, 0);
        for (int i = 0; i < 3; i++)
                assert_ok(ask(town, shop(), "{'id':'20261123-soap','request':'redeem','card':'1001','goods':'soap'}"));
        assert_points(town, "1001", 50, 20);
        assert_int_equal(database_count(&town->database, TABLE_POINTS_REDEMPTION), 1);
        assert_code(ask(town, shop(), "{'id':'20261123-soap','request':'redeem','card':'1001','goods':'soap','count':2}"), "id_reused");
}

/* ---- by hand ---- */
static void test_by_hand(void **state) {
        Town *town = *state;
        join(town, volunteer(), "1001");
        join(town, commander(), "1009");
        static const char *const bad[] = {"0", "-5", "1001", "2.5", "'7'"};
        for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
                assert_string_equal(json_string(ask(town, commander(), "{'request':'points-award','card':'1001','points':%s,'reason':'x'}", bad[i]), "outcome"),
                                    "rejected");
        assert_code(ask(town, commander(), "{'request':'points-award','card':'1001','points':5}"), "reason");
        assert_code(ask(town, commander(), "{'request':'points-award','card':'1001','points':5,'reason':'Because he'}"), "range");
        assert_code(ask(town, commander(), "{'request':'points-award','card':'1009','points':5,'reason':'x'}"), "forbidden"); /* his own */
        assert_code(ask(town, worker(), "{'request':'points-award','card':'1001','points':5,'reason':'x'}"), "denied");
        assert_code(ask(town, member_of("west", "officer"), "{'request':'points-award','card':'1001','points':5,'reason':'x'}"), "forbidden");
        assert_ok(ask(town, member_of("east", "officer"), "{'request':'points-award','card':'1001','points':50,'reason':'x'}"));
        redeem(town, shop(), "1001", 2);
        assert_code(ask(town, commander(), "{'request':'points-correct','card':'1001','points':11,'reason':'wrong'}"), "balance"); /* 40 are reserved */
        assert_ok(ask(town, commander(), "{'request':'points-correct','card':'1001','points':10,'reason':'wrong'}"));
        assert_points(town, "1001", 40, 40);
        assert_int_equal(json_int(holder_of(town, "1001")->periods, "2026-11", 0), 40);
}

static void test_honour(void **state) {
        Town *town = *state;
        join(town, volunteer(), "1001");
        award(town, "1001", 49);
        assert_code(ask(town, commander(), "{'request':'points-honour','card':'1001','honour':'star'}"), "balance");
        assert_code(ask(town, commander(), "{'request':'points-honour','card':'1001','honour':'moon'}"), "unknown_kind");
        award(town, "1001", 1);
        assert_code(ask(town, commander(), "{'request':'points-honour','card':'1001','honour':'star','period':'2026-13'}"), "range");
        assert_code(ask(town, commander(), "{'request':'points-honour','card':'1001','honour':'star','period':'2026-10'}"), "balance");
        assert_ok(ask(town, commander(), "{'request':'points-honour','card':'1001','honour':'star'}"));
        assert_code(ask(town, commander(), "{'request':'points-honour','card':'1001','honour':'star'}"), "duplicate");
        assert_points(town, "1001", 50, 0); /* an honour takes nothing */
}

/* ---- redemption ---- */
static void test_redeem(void **state) {
        Town *town = *state;
        join(town, volunteer(), "1001");
        award(town, "1001", 100);
        assert_code(ask(town, worker(), "{'request':'redeem','card':'1001','goods':'soap'}"), "denied");
        assert_code(ask(town, shop(), "{'request':'redeem','card':'1001','goods':'gold'}"), "unknown_kind");
        assert_code(ask(town, shop(), "{'request':'redeem','card':'1001','goods':'rice'}"), "unknown_kind"); /* another unit's shops have it */
        assert_code(ask(town, shop(), "{'request':'redeem','card':'1001','goods':'soap','count':0}"), "range");
        assert_code(ask(town, shop(), "{'request':'redeem','card':'1001','goods':'soap','count':6}"), "balance");
        const char *id = redeem(town, shop(), "1001", 3);
        assert_points(town, "1001", 100, 60);
        assert_int_equal(database_count(&town->database, TABLE_POINTS_ENTRY), 1); /* reserved is not booked */
        assert_code(ask(town, other_shop(), "{'request':'redeem-confirm','redemption':'%s'}", id), "forbidden");
        assert_code(ask(town, worker(), "{'request':'redeem-confirm','redemption':'%s'}", id), "forbidden");
        assert_code(ask(town, shop(), "{'request':'redeem-confirm','redemption':'%s'}", id), "missing");          /* the shop alone: no */
        assert_code(ask(town, shop(), "{'request':'redeem-confirm','redemption':'%s','code':'" CODE "'}", id), "card_code"); /* it has none */
        assert_ok(ask(town, volunteer(), "{'request':'redeem-confirm','redemption':'%s'}", id));
        assert_points(town, "1001", 40, 0);
        assert_code(ask(town, volunteer(), "{'request':'redeem-confirm','redemption':'%s'}", id), "closed"); /* once */
        assert_code(ask(town, shop(), "{'request':'redeem-cancel','redemption':'%s'}", id), "closed");
        assert_points(town, "1001", 40, 0);
        assert_code(ask(town, shop(), "{'request':'redeem-cancel','redemption':'0197b4e0-0000-7000-8000-000000000000'}"), "unknown_target");
}

static void test_redeem_by_code(void **state) {
        Town *town = *state;
        assert_ok(ask(town, worker(), "{'request':'points-join','card':'2001','own':false,'code':'" CODE "'}"));
        award(town, "2001", 100);
        assert_code(ask(town, shop(), "{'request':'redeem','card':'2001','goods':'soap','code':'abcdefgh-1235'}"), "card_code");
        assert_points(town, "2001", 100, 0); /* a wrong code reserves nothing */
        const cJSON *receipt = ask(town, shop(), "{'request':'redeem','card':'2001','goods':'soap','code':'" CODE "'}");
        assert_ok(receipt);
        assert_string_equal(json_string(json_object(receipt, "created"), "state"), "confirmed");
        assert_points(town, "2001", 80, 0);
        const char *id = redeem(town, shop(), "2001", 1);
        assert_code(ask(town, other_shop(), "{'request':'redeem-confirm','redemption':'%s','code':'" CODE "'}", id), "forbidden");
        assert_code(ask(town, shop(), "{'request':'redeem-confirm','redemption':'%s','code':'" CODE "x'}", id), "card_code");
        assert_ok(ask(town, shop(), "{'request':'redeem-confirm','redemption':'%s','code':'" CODE "'}", id));
        assert_points(town, "2001", 60, 0);
        /* a code is the card's, not another card's: the hash is over both */
        assert_ok(ask(town, worker(), "{'request':'points-join','card':'2002','own':false,'code':'" CODE "'}"));
        assert_string_not_equal(holder_of(town, "2001")->code, holder_of(town, "2002")->code);
}

/* Ten minutes, to the millisecond; a restart in between loses nothing. */
static void test_expiry(void **state) {
        Town *town = *state;
        join(town, volunteer(), "1001");
        award(town, "1001", 100);
        const char *id = redeem(town, shop(), "1001", 5);
        const int64_t made = town->now;
        pass_until(town, made + 10 * MINUTE);
        assert_points(town, "1001", 100, 100);
        Engine *loaded = town_engine();
        database_load(&town->database, loaded);
        engine_free(town->engine);
        town->engine = loaded;
        assert_points(town, "1001", 100, 100);
        pass(town, 0);
        assert_points(town, "1001", 100, 0);
        assert_code(ask(town, volunteer(), "{'request':'redeem-confirm','redemption':'%s'}", id), "closed");
        assert_points(town, "1001", 100, 0);
        const Row *row = map_find(town->database.tables[TABLE_POINTS_REDEMPTION], AREA " 00000000-0000-0000-0000-000000000000 ");
        assert_null(row);
}

/* Two shops at once, in one batch and in any order: what the one has, the other has not. */
static void test_two_shops(void **state) {
        Town *town = *state;
        join(town, volunteer(), "1001");
        award(town, "1001", 50);
        Command commands[4];
        for (int i = 0; i < 4; i++) {
                char topic[TOPIC_MAX + 1];
                const char *by = i % 2 ? other_shop() : shop();
                snprintf(topic, sizeof topic, "member/%s/request", by);
                command_make(town, by, topic, "{'request':'redeem','card':'1001','goods':'soap'}", &commands[i]);
        }
        town_begin(town);
        for (int i = 0; i < 4; i++)
                engine_decide(town->engine, &commands[i], 1);
        assert_int_equal(town->batch.n_accepted, 2);
        assert_int_equal(town->batch.n_codes[CODE_BALANCE], 2);
        town_finish(town);
        for (int i = 0; i < 4; i++)
                command_deinit(&commands[i]);
        assert_points(town, "1001", 50, 40);
        pass(town, 10 * MINUTE);
        assert_points(town, "1001", 50, 0);
}

static void test_open_redemptions_are_bounded(void **state) {
        Town *town = *state;
        join(town, volunteer(), "1001");
        award(town, "1001", 200);
        for (int i = 0; i < 5; i++)
                redeem(town, shop(), "1001", 1);
        assert_code(ask(town, shop(), "{'request':'redeem','card':'1001','goods':'soap'}"), "limit");
        Redemption *const *open;
        assert_int_equal(state_redemptions_of_card(engine_state(town->engine), "1001", &open), 5);
        assert_ok(ask(town, volunteer(), "{'request':'redeem-cancel','redemption':'%s'}", open[0]->id));
        assert_points(town, "1001", 200, 80);
}

/* A shop that has a card itself cannot redeem on it. */
static void test_shop_is_no_customer_of_its_own(void **state) {
        Town *town = *state;
        join(town, shop(), "1001");
        award(town, "1001", 50);
        assert_code(ask(town, shop(), "{'request':'redeem','card':'1001','goods':'soap'}"), "forbidden");
        redeem(town, other_shop(), "1001", 1);
}

static cJSON *points_list(Town *town, const char *member) {
        Documents documents = {0};
        char topic[TOPIC_MAX + 1];
        cJSON *list = NULL;
        snprintf(topic, sizeof topic, "grid/v1/" AREA "/member/%s/list/points", member);
        engine_status_documents(town->engine, town->now, &documents);
        for (size_t i = 0; i < documents.n; i++)
                if (strcmp(documents.items[i].topic, topic) == 0)
                        list = cJSON_Parse(documents.items[i].payload);
        documents_deinit(&documents);
        return list;
}

/* The holder's phone is told of a reservation, with what he needs to confirm it. */
static void test_personal_list(void **state) {
        Town *town = *state;
        assert_null(points_list(town, volunteer()));
        join(town, volunteer(), "1001");
        award(town, "1001", 50);
        const char *id = redeem(town, shop(), "1001", 1);
        _cleanup_json_ cJSON *list = points_list(town, volunteer());
        assert_string_equal(json_string(list, "member"), volunteer());
        assert_int_equal(json_int(list, "reserved", -1), 20);
        assert_string_equal(json_string(cJSON_GetArrayItem(json_array(list, "entries"), 0), "redemption"), id);
        pass(town, 10 * MINUTE);
        _cleanup_json_ cJSON *after = points_list(town, volunteer());
        assert_int_equal(json_int(after, "reserved", -1), 0);
        assert_int_equal(cJSON_GetArraySize(json_array(after, "entries")), 0);
        assert_ok(ask(town, volunteer(), "{'request':'points-leave','card':'1001'}"));
        assert_null(points_list(town, volunteer()));
}

/* ---- the ledger ---- */
static void assert_ledger(const Town *town) {
        size_t cursor = 0, n_entries = 0;
        for (const Row *row; (row = map_next(town->database.tables[TABLE_POINTS_HOLDER], &cursor, NULL)) != NULL;) {
                int64_t balance = 0, entries = strtoll(row_cell(TABLE_POINTS_HOLDER, row, "entries"), NULL, 10);
                for (int64_t number = 1; number <= entries; number++) {
                        char key[64];
                        snprintf(key, sizeof key, AREA " %s %" PRId64 " ", row_cell(TABLE_POINTS_HOLDER, row, "card"), number);
                        const Row *entry = map_find(town->database.tables[TABLE_POINTS_ENTRY], key);
                        assert_non_null(entry);
                        balance += strtoll(row_cell(TABLE_POINTS_ENTRY, entry, "points"), NULL, 10);
                        assert_int_equal(strtoll(row_cell(TABLE_POINTS_ENTRY, entry, "balance"), NULL, 10), balance);
                        assert_true(balance >= 0);
                        n_entries++;
                }
                assert_int_equal(strtoll(row_cell(TABLE_POINTS_HOLDER, row, "balance"), NULL, 10), balance);
        }
        assert_int_equal(n_entries, database_count(&town->database, TABLE_POINTS_ENTRY));
}

/* What is reserved is what the open redemptions ask for. */
static void assert_reserved(const Town *town) {
        size_t cursor = 0;
        for (const Holder *holder; (holder = state_next_holder(engine_state(town->engine), &cursor)) != NULL;) {
                Redemption *const *open;
                size_t n = state_redemptions_of_card(engine_state(town->engine), holder->card, &open);
                int64_t reserved = 0;
                for (size_t i = 0; i < n; i++)
                        reserved += open[i]->points;
                assert_int_equal(holder->reserved, reserved);
                assert_true(holder->reserved <= holder->balance);
        }
}

static void test_ledger_of_random_commands(void **state) {
        Town *town = *state;
        Random random = {.state = 99};
        size_t n_accepted = 0;
        for (int i = 0; i < 4000; i++) {
                char member[MEMBER_MAX + 1], topic[TOPIC_MAX + 1], body[1024];
                Command command;
                town->n_messages++;
                town->now += (int64_t)random_below(&random, 120) * SECOND;
                random_points(town, &random, member, topic, body, sizeof body);
                command_make(town, member, topic, body, &command);
                town_begin(town);
                while (engine_fire(town->engine, town->now - 1))
                        continue;
                town_lookup(town, &command);
                engine_decide(town->engine, &command, 1);
                n_accepted += town->batch.n_accepted;
                town_finish(town);
                command_deinit(&command);
                if (i % 100 == 0)
                        assert_reserved(town);
        }
        if (n_accepted < 500)
                fail_msg("only %zu accepted", n_accepted);
        assert_true(database_count(&town->database, TABLE_POINTS_REDEMPTION) > 100);
        assert_ledger(town);
        assert_reserved(town);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, town_setup, town_teardown)
        const struct CMUnitTest tests[] = {
                TEST(test_join), TEST(test_no_card_no_points), TEST(test_leave), TEST(test_earned_by_a_task), TEST(test_earned_by_reports), TEST(test_added_by_playbooks),
                TEST(test_repeats), TEST(test_by_hand), TEST(test_honour), TEST(test_redeem), TEST(test_redeem_by_code), TEST(test_expiry),
                TEST(test_two_shops), TEST(test_open_redemptions_are_bounded), TEST(test_shop_is_no_customer_of_its_own),
                TEST(test_personal_list), TEST(test_ledger_of_random_commands),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
