/*
 * The whole plugin against a small broker made of paper: the input is a script of connects, questions, messages, control messages,
 * disconnects and ticks. Whatever comes: only the answers that 2.0.11 can bear, one true stamp on what passes, no RETAIN upward,
 * nothing of `$SYS` to anybody.
 */
#include <fcntl.h>
#include <mosquitto.h>
#include <mosquitto_broker.h>
#include <mosquitto_plugin.h>
#include <mqtt_protocol.h>
#include <sodium.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "plugin/plugin.h"

#include "fuzz.h"

#define AREA "140802100"
#define DAEMON "daemon-140802100"
#define CLIENTS 6

struct mosquitto {
        char id[200];
        char user[200];
        bool known, has_address;
        int subscriptions;
};

static struct mosquitto clients[CLIENTS];
static struct {
        MOSQ_FUNC_generic_callback call;
        void *userdata;
} callbacks[16];
static char folder[] = "/tmp/fuzz-plugin-XXXXXX", secret_path[64];
static uint8_t secret[SECRET_FILE_BYTES];

/* -- the broker made of paper -- */

int mosquitto_callback_register(mosquitto_plugin_id_t *identifier, int event, MOSQ_FUNC_generic_callback call, const void *data, void *userdata) {
        (void)identifier;
        (void)data;
        callbacks[event].call = call;
        callbacks[event].userdata = userdata;
        return MOSQ_ERR_SUCCESS;
}
int mosquitto_callback_unregister(mosquitto_plugin_id_t *identifier, int event, MOSQ_FUNC_generic_callback call, const void *data) {
        (void)identifier;
        (void)data;
        fuzz_check(callbacks[event].call == call);
        return MOSQ_ERR_SUCCESS;
}
void *mosquitto_malloc(size_t n) { return malloc(n); }
void mosquitto_free(void *memory) { free(memory); }
void mosquitto_log_printf(int level, const char *format, ...) { (void)level, (void)format; }
const char *mosquitto_client_id(const struct mosquitto *client) { return client->known ? client->id : NULL; }
const char *mosquitto_client_address(const struct mosquitto *client) { return client->has_address ? "127.0.0.1" : NULL; }
int mosquitto_client_protocol_version(const struct mosquitto *client) { return 4 + client->id[0] % 2; }
bool mosquitto_client_clean_session(const struct mosquitto *client) { return client->has_address; }
int mosquitto_client_sub_count(const struct mosquitto *client) { return client->subscriptions; }
int mosquitto_broker_publish(const char *client_id, const char *topic, int n, void *payload, int qos, bool retain, mosquitto_property *properties) {
        (void)retain;
        fuzz_check(topic[0] != '\0' && n >= 0 && qos == 1 && (client_id != NULL || strncmp(topic, "grid/v1/" AREA "/", 18) == 0));
        free(payload);
        mosquitto_property_free_all(&properties);
        return MOSQ_ERR_SUCCESS;
}
static void happen(int event, void *data) { callbacks[event].call(event, data, callbacks[event].userdata); }
int mosquitto_kick_client_by_clientid(const char *id, bool with_will) {
        (void)with_will;
        for (size_t i = 0; i < CLIENTS; i++)
                if (clients[i].known && strcmp(clients[i].id, id) == 0) {
                        struct mosquitto_evt_disconnect event = {.client = &clients[i]};
                        happen(MOSQ_EVT_DISCONNECT, &event);
                }
        return MOSQ_ERR_SUCCESS;
}

/* -- the script -- */

typedef struct Script {
        const uint8_t *data;
        size_t n;
} Script;

static uint8_t take(Script *script) {
        if (script->n == 0)
                return 0;
        script->n--;
        return *script->data++;
}

/* One of the usual words, or bytes of the script; NUL-terminated, at most size - 1. */
static void take_word(Script *script, const char *const *usual, size_t n_usual, char *buffer, size_t size) {
        uint8_t choice = take(script);
        size_t n = 0;
        if (choice < n_usual * 8)
                n = (size_t)snprintf(buffer, size, "%s", usual[choice / 8]);
        if (choice >= n_usual * 8 || choice % 8 == 7)
                for (unsigned more = take(script) % 48; more > 0 && script->n > 0 && n + 1 < size; more--)
                        buffer[n++] = (char)take(script);
        buffer[n] = '\0';
}

static const char *const users[] = {AREA "-a", AREA "-b", AREA "-c", DAEMON, "420625102-a", ""};
static const char *const ids[] = {AREA "-a", AREA "-a/1", AREA "-b/1", AREA "-c", DAEMON "/bulk", DAEMON "/urgent", ""};
static const char *const topics[] = {"grid/v1/" AREA "/tier3/b/report", "grid/v1/" AREA "/tier1/a/task/+/+", "grid/v1/" AREA "/member/" AREA "-a/request",
                                     "grid/v1/" AREA "/", "$SYS/broker/uptime", "$share/g/grid/v1/" AREA "/tier1/a/status", "#", CONTROL_TOPIC,
                                     "grid/v1/" AREA "/member/" AREA "-a/receipt", "grid/v1/" AREA "/tier1/a/warning", "grid/v1/" AREA "/daemon/mark"};
#define COUNT(array) (sizeof(array) / sizeof *(array))

static struct mosquitto *take_client(Script *script) { return &clients[take(script) % CLIENTS]; }

/* A connection ends before its place is taken by another. */
static void leave(struct mosquitto *client) {
        struct mosquitto_evt_disconnect event = {.client = client, .reason = -1};
        if (client->known)
                happen(MOSQ_EVT_DISCONNECT, &event);
}

/* SIGHUP: the broker asks again about a client that it has. */
static void op_again(Script *script) {
        struct mosquitto *client = take_client(script);
        if (!client->known)
                return;
        client->subscriptions = take(script) % 3;
        struct mosquitto_evt_basic_auth event = {.client = client, .username = client->user};
        int r = callbacks[MOSQ_EVT_BASIC_AUTH].call(MOSQ_EVT_BASIC_AUTH, &event, callbacks[MOSQ_EVT_BASIC_AUTH].userdata);
        fuzz_check(r == MOSQ_ERR_SUCCESS || r == MOSQ_ERR_AUTH);
        if (r != MOSQ_ERR_SUCCESS)
                leave(client);
}

static void op_connect(Script *script) {
        char password[80];
        char daemon_password[65];
        daemon_password_derive(secret, daemon_password);
        const char *const passwords[] = {"sa", "sb", "code", daemon_password, ""};
        struct mosquitto *client = take_client(script);
        leave(client);
        take_word(script, users, COUNT(users), client->user, sizeof client->user);
        take_word(script, ids, COUNT(ids), client->id, sizeof client->id);
        take_word(script, passwords, COUNT(passwords), password, sizeof password);
        client->known = client->has_address = true;
        client->subscriptions = 0;
        struct mosquitto_evt_basic_auth event = {.client = client, .username = client->user[0] != '\0' ? client->user : NULL,
                                                 .password = password[0] != '\0' ? password : NULL};
        int r = callbacks[MOSQ_EVT_BASIC_AUTH].call(MOSQ_EVT_BASIC_AUTH, &event, callbacks[MOSQ_EVT_BASIC_AUTH].userdata);
        fuzz_check(r == MOSQ_ERR_SUCCESS || r == MOSQ_ERR_AUTH);
        client->known = r == MOSQ_ERR_SUCCESS;
}

static int ask(struct mosquitto *client, const char *topic, int access, uint8_t qos, const uint8_t *payload, size_t n) {
        struct mosquitto_evt_acl_check event = {.client = client, .topic = topic, .payload = payload, .payloadlen = (uint32_t)n, .access = access, .qos = qos};
        int r = callbacks[MOSQ_EVT_ACL_CHECK].call(MOSQ_EVT_ACL_CHECK, &event, callbacks[MOSQ_EVT_ACL_CHECK].userdata);
        fuzz_check(r == MOSQ_ERR_SUCCESS || r == MOSQ_ERR_ACL_DENIED);
        fuzz_check(r != MOSQ_ERR_SUCCESS || (strncmp(topic, "$SYS", 4) != 0 && topic[0] != '#' && topic[0] != '+'));
        return r;
}

static void stamp_must_hold(const struct mosquitto *client, const struct mosquitto_evt_message *event) {
        uint8_t key[STAMP_KEY_BYTES];
        stamp_key_derive(secret, key);
        char *name = NULL, *value = NULL;
        const mosquitto_property *at = mosquitto_property_read_string_pair(event->properties, MQTT_PROP_USER_PROPERTY, &name, &value, false);
        Stamp stamp;
        fuzz_check(at != NULL && strcmp(name, STAMP_PROPERTY) == 0);
        fuzz_check(stamp_verify(value, key, event->topic, event->payload, event->payloadlen, &stamp) == 0);
        fuzz_check(strcmp(stamp.member, client->user) == 0 && strcmp(stamp.client, client->id) == 0 && !event->retain);
        free(name);
        free(value);
        fuzz_check(mosquitto_property_read_string_pair(at, MQTT_PROP_USER_PROPERTY, NULL, NULL, true) == NULL);
}

static void op_publish(Script *script) {
        char topic[300];
        struct mosquitto *client = take_client(script);
        take_word(script, topics, COUNT(topics), topic, sizeof topic);
        uint8_t qos = take(script) % 3, odd = take(script);
        size_t n = script->n < odd ? script->n : odd;
        const uint8_t *payload = script->data;
        script->data += n;
        script->n -= n;
        if (ask(client, topic, MOSQ_ACL_WRITE, qos, payload, n) != MOSQ_ERR_SUCCESS)
                return;
        if (strncmp(topic, "$CONTROL/", 9) == 0) {
                struct mosquitto_evt_control event = {.client = client, .topic = topic, .payload = payload, .payloadlen = (uint32_t)n};
                int r = callbacks[MOSQ_EVT_CONTROL].call(MOSQ_EVT_CONTROL, &event, callbacks[MOSQ_EVT_CONTROL].userdata);
                fuzz_check(r == MOSQ_ERR_SUCCESS || r == MOSQ_ERR_INVAL);
                return;
        }
        struct mosquitto_evt_message event = {.client = client, .topic = topic, .payload = (void *)(uintptr_t)payload, .payloadlen = (uint32_t)n, .retain = odd & 1};
        if (odd & 2)
                mosquitto_property_add_string_pair(&event.properties, MQTT_PROP_USER_PROPERTY, STAMP_PROPERTY, "forged");
        if (odd & 4)
                mosquitto_property_add_binary(&event.properties, MQTT_PROP_CORRELATION_DATA, payload, (uint16_t)n);
        int r = callbacks[MOSQ_EVT_MESSAGE].call(MOSQ_EVT_MESSAGE, &event, callbacks[MOSQ_EVT_MESSAGE].userdata);
        fuzz_check(r == MOSQ_ERR_SUCCESS || r == MOSQ_ERR_ACL_DENIED);
        if (r == MOSQ_ERR_SUCCESS && strncmp(client->user, "daemon-", 7) != 0)
                stamp_must_hold(client, &event);
        mosquitto_property_free_all(&event.properties);
}

static void op_ask(Script *script) {
        static const int access[] = {MOSQ_ACL_READ, MOSQ_ACL_SUBSCRIBE, MOSQ_ACL_WRITE, MOSQ_ACL_READ};
        char topic[300];
        struct mosquitto *client = take_client(script);
        take_word(script, topics, COUNT(topics), topic, sizeof topic);
        client->has_address = take(script) % 8 != 0;
        ask(client, topic, access[take(script) % 4], 1, NULL, 0);
}

static void op_disconnect(Script *script) {
        struct mosquitto_evt_disconnect event = {.client = take_client(script), .reason = -1};
        happen(MOSQ_EVT_DISCONNECT, &event);
        if (take(script) % 2)
                event.client->known = false;
}

static void secret_set(RosterMember *member, size_t which, const char *text) {
        crypto_hash_sha256(which < 2 ? member->secret[which] : member->enrolment, (const uint8_t *)text, strlen(text));
        *(which < 2 ? &member->secret_until[which] : &member->enrolment_until) = INT64_MAX;
}

static void op_roster(Plugin *plugin, Script *script) {
        uint8_t shape = take(script);
        RosterBuilder *builder = roster_builder_new(AREA);
        RosterUnit a = {.id = "a", .tier = 1, .parent = ROSTER_NONE, .staffed_by = ROSTER_NONE}, b = {.id = "b", .tier = 3, .parent = ROSTER_NONE, .staffed_by = 0};
        fuzz_check(roster_builder_add_unit(builder, &a) == 0 && roster_builder_add_unit(builder, &b) == 0);
        for (unsigned i = 0; i < 3; i++) {
                if (shape >> i & 1)
                        continue;
                RosterMember member = {.n_seats = 1};
                snprintf(member.id, sizeof member.id, AREA "-%c", 'a' + (int)i);
                RosterSeat seat = {.unit = (shape >> 3) % 2, .role = (uint8_t)(1 + (shape >> 4) % 7), .from = INT64_MIN, .until = INT64_MAX};
                secret_set(&member, i == 2 ? 2 : 0, i == 0 ? "sa" : i == 1 ? "sb" : "code");
                fuzz_check(roster_builder_add_member(builder, &member, &seat) == 0);
        }
        Roster *roster = NULL;
        fuzz_check(roster_builder_finish(builder, 1, 1, &roster) == 0);
        plugin_swap_roster(plugin, &plugin->areas[0], roster);
}

/* What one input left on disk is not the next one's. */
static void snapshot_forget(void) {
        char path[64];
        snprintf(path, sizeof path, "%s/" AREA ".roster", folder);
        unlink(path);
}

static void clean(void) {
        snapshot_forget();
        unlink(secret_path);
        rmdir(folder);
}

static void prepare(void) {
        fuzz_check(sodium_init() >= 0 && mkdtemp(folder) != NULL);
        memset(secret, 7, sizeof secret);
        snprintf(secret_path, sizeof secret_path, "%s/secret", folder);
        int fd = open(secret_path, O_WRONLY | O_CREAT, 0600);
        fuzz_check(fd >= 0);
        for (size_t i = 0; i < sizeof secret; i++)
                fuzz_check(write(fd, "07", 2) == 2);
        close(fd);
        fuzz_check(atexit(clean) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        static bool prepared;
        if (!prepared)
                prepare();
        prepared = true;
        snapshot_forget();
        struct mosquitto_opt options[] = {{"secret_" AREA, secret_path}, {"snapshot_dir", folder}, {"busy_messages", "20"}, {"presence_ms", "0"}};
        void *userdata = NULL;
        memset(clients, 0, sizeof clients);
        fuzz_check(mosquitto_plugin_init(NULL, &userdata, options, COUNT(options)) == MOSQ_ERR_SUCCESS);
        Script script = {data, size};
        while (script.n > 0)
                switch (take(&script) % 9) {
                case 0:
                case 1:
                        op_connect(&script);
                        break;
                case 2:
                case 3:
                        op_publish(&script);
                        break;
                case 4:
                        op_ask(&script);
                        break;
                case 5:
                        op_disconnect(&script);
                        break;
                case 7:
                        op_again(&script);
                        break;
                case 6:
                        op_roster(userdata, &script);
                        break;
                default: {
                        struct mosquitto_evt_tick tick = {0};
                        happen(MOSQ_EVT_TICK, &tick);
                }
                }
        fuzz_check(mosquitto_plugin_cleanup(userdata, NULL, 0) == MOSQ_ERR_SUCCESS);
        return 0;
}
