/*
 * The Mosquitto plugin of policegrid: makes the root object, registers the callbacks, wires the files. Callbacks are registered before
 * anything is read, and deny until everything is: a broker with no ACL callback allows everything. See README.md.
 */
#include "plugin/plugin.h"

#include <mosquitto.h>
#include <mosquitto_broker.h>
#include <mosquitto_plugin.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "plugin/acl.h"
#include "plugin/authentication.h"
#include "plugin/control.h"
#include "plugin/message.h"
#include "plugin/option.h"
#include "plugin/presence.h"
#include "plugin/revocation.h"
#include "plugin/snapshot.h"

#define BACKWARDS_MAX_MS 60000

int64_t plugin_now(Plugin *plugin) {
        struct timespec now;
        clock_gettime(CLOCK_REALTIME, &now);
        int64_t now_ms = (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
        if (now_ms > plugin->last_ms || plugin->last_ms - now_ms > BACKWARDS_MAX_MS)
                plugin->last_ms = now_ms;
        return plugin->last_ms;
}

Area *plugin_find_area(Plugin *plugin, const char *code, size_t n_code) {
        for (size_t i = 0; i < plugin->n_areas; i++)
                if (strlen(plugin->areas[i].code) == n_code && memcmp(plugin->areas[i].code, code, n_code) == 0)
                        return &plugin->areas[i];
        return NULL;
}

Area *plugin_area_of_member(Plugin *plugin, const char *member) {
        const char *dash = strchr(member, '-');
        return dash != NULL ? plugin_find_area(plugin, member, (size_t)(dash - member)) : NULL;
}

Area *plugin_area_of_daemon(Plugin *plugin, const char *user) {
        size_t n = strlen(DAEMON_USER_PREFIX);
        return strncmp(user, DAEMON_USER_PREFIX, n) == 0 ? plugin_find_area(plugin, user + n, strlen(user + n)) : NULL;
}

void plugin_swap_roster(Plugin *plugin, Area *area, Roster *roster) {
        presence_follow_roster(plugin, area, roster);
        roster_free(area->roster);
        area->roster = roster;
        area->generation++;
        area->newest_epoch = roster_epoch(roster);
        area->newest_version = roster_version(roster);
        plugin->sweep_all = true;
}

static void take_result(Plugin *plugin, SnapshotResult *result) {
        Area *area = plugin_find_area(plugin, result->area, strlen(result->area));
        if (result->roster == NULL) {
                mosquitto_log_printf(MOSQ_LOG_WARNING, "policegrid: %s: roster update refused: %s", result->area, result->why);
                area->newest_epoch = area->roster != NULL ? roster_epoch(area->roster) : 0;
                area->newest_version = area->roster != NULL ? roster_version(area->roster) : 0;
                control_roster_done(plugin, area);
                control_send_held(area, result->client_id, CONTROL_HELD_REFUSED);
                return;
        }
        if (result->why[0] != '\0')
                mosquitto_log_printf(MOSQ_LOG_ERR, "policegrid: %s: roster %s", result->area, result->why);
        plugin_swap_roster(plugin, area, result->roster);
        mosquitto_log_printf(MOSQ_LOG_INFO, "policegrid: %s: roster %llu.%llu, %zu members", area->code,
                             (unsigned long long)roster_epoch(area->roster), (unsigned long long)roster_version(area->roster),
                             roster_count_members(area->roster));
        control_roster_done(plugin, area);
        control_send_held(area, result->client_id, CONTROL_HELD_OK);
}

static int on_basic_auth(int event, void *data, void *userdata) {
        Plugin *plugin = userdata;
        (void)event;
        return plugin->ready ? authentication_check(plugin, data) : MOSQ_ERR_AUTH;
}

static int on_acl_check(int event, void *data, void *userdata) {
        Plugin *plugin = userdata;
        (void)event;
        return plugin->ready ? acl_check(plugin, data) : MOSQ_ERR_ACL_DENIED;
}

static int on_message(int event, void *data, void *userdata) {
        Plugin *plugin = userdata;
        (void)event;
        return plugin->ready ? message_check(plugin, data) : MOSQ_ERR_ACL_DENIED;
}

static int on_control(int event, void *data, void *userdata) {
        Plugin *plugin = userdata;
        (void)event;
        return plugin->ready ? control_check(plugin, data) : MOSQ_ERR_INVAL;
}

/* Also fires with a NULL id after a failed CONNECT: then no session is known. */
static int on_disconnect(int event, void *data, void *userdata) {
        Plugin *plugin = userdata;
        const struct mosquitto_evt_disconnect *disconnect = data;
        (void)event;
        Session *session = plugin->ready && disconnect->client != NULL ? session_find(&plugin->sessions, disconnect->client) : NULL;
        if (session == NULL || !session->connected)
                return MOSQ_ERR_SUCCESS;
        presence_session_closed(plugin, session);
        session->connected = false;
        session->disconnected_ms = plugin_now(plugin);
        return MOSQ_ERR_SUCCESS;
}

static int on_tick(int event, void *data, void *userdata) {
        Plugin *plugin = userdata;
        (void)event;
        (void)data;
        if (!plugin->ready)
                return MOSQ_ERR_SUCCESS;
        SnapshotResult result;
        while (snapshot_collect(plugin->snapshot, &result))
                take_result(plugin, &result);
        int64_t now_ms = plugin_now(plugin);
        revocation_tick(plugin, now_ms);
        presence_tick(plugin, now_ms);
        counter_tell(&plugin->counters, now_ms);
        return MOSQ_ERR_SUCCESS;
}

static const struct {
        int event;
        MOSQ_FUNC_generic_callback callback;
        const char *data;
} callbacks[] = {
        {MOSQ_EVT_ACL_CHECK, on_acl_check, NULL}, {MOSQ_EVT_BASIC_AUTH, on_basic_auth, NULL}, {MOSQ_EVT_MESSAGE, on_message, NULL},
        {MOSQ_EVT_CONTROL, on_control, CONTROL_TOPIC}, {MOSQ_EVT_DISCONNECT, on_disconnect, NULL}, {MOSQ_EVT_TICK, on_tick, NULL},
};

static void load_rosters(Plugin *plugin) {
        for (size_t i = 0; i < plugin->n_areas; i++) {
                Area *area = &plugin->areas[i];
                char why[160];
                Roster *roster = snapshot_load(plugin->options.snapshot_dir, area->code, why, sizeof why);
                if (roster != NULL)
                        plugin_swap_roster(plugin, area, roster);
                else
                        mosquitto_log_printf(why[0] != '\0' ? MOSQ_LOG_ERR : MOSQ_LOG_NOTICE,
                                             "policegrid: %s: no roster%s%s: only the daemon gets in", area->code,
                                             why[0] != '\0' ? ": snapshot refused: " : "", why);
        }
}

static bool plugin_start(Plugin *plugin, const struct mosquitto_opt *options, int n_options) {
        if (sodium_init() < 0 || !option_read(plugin, options, n_options))
                return false;
        plugin->snapshot = snapshot_new(plugin->options.snapshot_dir);
        if (plugin->snapshot == NULL)
                return false;
        do
                randombytes_buf(&plugin->instance, sizeof plugin->instance);
        while (plugin->instance == 0);
        plugin->started_ms = plugin_now(plugin);
        load_rosters(plugin);
        return true;
}

/* The only symbols that leave the module. */
#define EXPORTED __attribute__((visibility("default")))

EXPORTED int mosquitto_plugin_version(int n_versions, const int *versions) {
        for (int i = 0; i < n_versions; i++)
                if (versions[i] == 5)
                        return 5;
        return -1;
}

EXPORTED int mosquitto_plugin_init(mosquitto_plugin_id_t *identifier, void **userdata, struct mosquitto_opt *options, int n_options) {
        Plugin *plugin = calloc(1, sizeof *plugin);
        if (plugin == NULL)
                return MOSQ_ERR_NOMEM;
        *userdata = plugin;
        plugin->identifier = identifier;
        for (size_t i = 0; i < sizeof callbacks / sizeof *callbacks; i++) {
                int r = mosquitto_callback_register(identifier, callbacks[i].event, callbacks[i].callback, callbacks[i].data, plugin);
                if (r != MOSQ_ERR_SUCCESS)
                        return r;
        }
        if (!plugin_start(plugin, options, n_options))
                return MOSQ_ERR_INVAL;
        plugin->ready = true;
        return MOSQ_ERR_SUCCESS;
}

EXPORTED int mosquitto_plugin_cleanup(void *userdata, struct mosquitto_opt *options, int n_options) {
        Plugin *plugin = userdata;
        (void)options;
        (void)n_options;
        if (plugin == NULL)
                return MOSQ_ERR_SUCCESS;
        plugin->ready = false;
        for (size_t i = 0; i < sizeof callbacks / sizeof *callbacks; i++)
                mosquitto_callback_unregister(plugin->identifier, callbacks[i].event, callbacks[i].callback, callbacks[i].data);
        snapshot_free(plugin->snapshot);
        presence_deinit(plugin);
        sessions_deinit(&plugin->sessions);
        for (size_t i = 0; i < plugin->n_areas; i++) {
                control_deinit(&plugin->areas[i]);
                roster_free(plugin->areas[i].roster);
        }
        sodium_memzero(plugin, sizeof *plugin);
        free(plugin);
        return MOSQ_ERR_SUCCESS;
}
