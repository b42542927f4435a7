/*
 * Daemon: construction and teardown, and what the rooms tell. Order of life: files and keys, loop, store, pump, bus, http; torn down
 * in reverse. The store leads: with its lock and rows a fresh engine is made, only then is the broker connected (I7); whenever the
 * store is lost, the broker is dropped without acknowledging anything and the engine thrown away.
 */
#include "daemon.h"

#include <assert.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon_internal.h"
#include "notify.h"

#define HANDSHAKE_MS 10000
#define DAY_MS (INT64_C(24) * 3600 * 1000)
#define STOP_PATIENCE_MS 10000 /* a commit that does not come back does not hold up the end for longer */

/* ---- the store tells ---- */
static void on_load_start(void *userdata, uint64_t epoch) {
        Daemon *daemon = userdata;
        EngineConfig config = {.area = daemon->config.area, .outcomes_max = (size_t)daemon->config.outcomes,
                               .unit_tasks_max = (size_t)daemon->config.unit_tasks,
                               .terminal_keep_ms = daemon->config.terminal_keep_s * 1000,
                               .note_keep_ms = daemon->config.notes_days * DAY_MS,
                               .contact_keep_ms = daemon->config.contact_days * DAY_MS};

        memcpy(config.commitment_key, daemon->commitment_key, sizeof config.commitment_key);
        assert(!daemon->loaded);
        engine_free(daemon->engine);
        daemon->engine = engine_new(&config);
        daemon->epoch = epoch;
        log_write(LOG_LEVEL_INFO, "daemon", "lock held epoch=%llu, loading", (unsigned long long)epoch);
}

static int on_row(void *userdata, TableId table, const char *const *cells) {
        Daemon *daemon = userdata;
        const char *why = "";
        int outcome = engine_load_row(daemon->engine, table, cells, &why);

        if (outcome)
                log_write(LOG_LEVEL_ERROR, "daemon", "row refused table=%s key=%s: %s", table_describe(table)->name,
                          cells[1] ? cells[1] : "", why ? why : "");
        return outcome;
}

static void daemon_fail(Daemon *daemon, int code) {
        daemon->exit_code = code;
        daemon->stopping = true;
        daemon_close(daemon);
}

static void on_store_ready(void *userdata) {
        Daemon *daemon = userdata;
        const char *why = "";

        if (engine_load_finish(daemon->engine, daemon->epoch, &why)) {
                log_write(LOG_LEVEL_ERROR, "daemon", "the rows do not fit together: %s", why ? why : "");
                daemon_fail(daemon, EXIT_CODE_DATABASE);
                return;
        }
        daemon->loaded = true;
        pump_set_engine(daemon->pump, daemon->engine, daemon->epoch);
        daemon->bootstrap_wanted = *daemon->config.bootstrap && roster_count_members(engine_roster(daemon->engine)) == 0;
        daemon_read_playbooks(daemon);
        log_write(LOG_LEVEL_INFO, "daemon", "state loaded epoch=%llu seq=%llu members=%zu", (unsigned long long)daemon->epoch,
                  (unsigned long long)engine_seq(daemon->engine), roster_count_members(engine_roster(daemon->engine)));
        daemon_wish(daemon);
}

/* Nothing in memory may be believed any more, and nothing may be acknowledged. */
static void daemon_unload(Daemon *daemon) {
        bus_drop(daemon->bus);
        daemon->bus_started = false;
        daemon->loaded = daemon->burst_waits = false;
        daemon_forget_broker(daemon);
        pump_set_engine(daemon->pump, NULL, 0);
        daemon->engine = engine_free(daemon->engine);
}

static void on_store_lost(void *userdata, const char *why) {
        Daemon *daemon = userdata;

        daemon->counters.database_lost++;
        log_write_limited(&daemon->limit_lost, (uint64_t)clock_monotonic_ms(), LOG_LEVEL_WARNING, "daemon", "database lost: %s", why);
        daemon_unload(daemon);
        daemon_wish(daemon);
}

static void on_store_fatal(void *userdata, const char *why) {
        Daemon *daemon = userdata;

        log_write(LOG_LEVEL_ERROR, "daemon", "database: %s", why);
        bus_drop(daemon->bus);
        daemon_fail(daemon, EXIT_CODE_DATABASE);
}

static void on_looked_up(void *userdata, bool ok) { pump_on_looked_up(((Daemon *)userdata)->pump, ok); }

static void on_written(void *userdata, StoreWrite outcome, const char *sqlstate, const char *why) {
        Daemon *daemon = userdata;

        if (outcome == STORE_WRITE_UNKNOWN || outcome == STORE_WRITE_FOREIGN) {
                log_write(LOG_LEVEL_WARNING, "daemon", "commit not confirmed sqlstate=%s why=%s", sqlstate, why);
                bus_drop(daemon->bus);
        }
        pump_on_written(daemon->pump, outcome, sqlstate, why);
}

static void on_quarantined(void *userdata, bool ok) { pump_on_quarantined(((Daemon *)userdata)->pump, ok); }

/* ---- the pump asks ---- */
static void pump_lookup(void *userdata, const EngineNeed *needs, size_t n_needs) {
        store_lookup(((Daemon *)userdata)->store, needs, n_needs, on_looked_up);
}

static void pump_store(void *userdata, Batch *batch) { store_write(((Daemon *)userdata)->store, batch, on_written); }

static void pump_quarantine(void *userdata, const StoreQuarantine *message) {
        store_quarantine(((Daemon *)userdata)->store, message, on_quarantined);
}

static void on_found(void *userdata, bool answered, bool found) { pump_on_found(((Daemon *)userdata)->pump, answered, found); }

static void pump_find(void *userdata, int64_t entry) { store_quarantine_find(((Daemon *)userdata)->store, entry, on_found); }

static void pump_committed(void *userdata, const Batch *batch) { daemon_publish(userdata, &batch->documents); }

static void pump_query(void *userdata, const Command *command) { daemon_query(userdata, command); }

static void daemon_want_retry(Daemon *daemon, const cJSON *id) {
        if (daemon->n_retries == RETRIES_MAX || !id) {
                log_write(LOG_LEVEL_WARNING, "daemon", "too many quarantine retries at once");
                return;
        }
        char *slot = daemon->retries[daemon->n_retries++];

        if (cJSON_IsString(id))
                snprintf(slot, sizeof daemon->retries[0], "%s", id->valuestring);
        else
                snprintf(slot, sizeof daemon->retries[0], "%.0f", cJSON_IsNumber(id) ? id->valuedouble : -1.0);
}

static void pump_accepted(void *userdata, const Command *command) {
        Daemon *daemon = userdata;

        if (strcmp(command->topic.name, "clock-confirm") == 0)
                daemon_confirm_clock(daemon, command->stamp.member);
        else
                daemon_want_retry(daemon, cJSON_GetObjectItemCaseSensitive(command->body, "quarantine"));
}

static void pump_idle(void *userdata, bool acknowledge) {
        Daemon *daemon = userdata;

        (void)acknowledge;
        bus_flush(daemon->bus);
        daemon_wish(daemon);
}

/* ---- the bus tells ---- */
static void on_connected(void *userdata) {
        Daemon *daemon = userdata;

        log_write(LOG_LEVEL_INFO, "daemon", "broker connected");
        daemon_forget_broker(daemon);
        daemon_wish(daemon);
}

static void on_bus_lost(void *userdata, const char *why) {
        Daemon *daemon = userdata;

        daemon->counters.broker_lost++;
        log_write_limited(&daemon->limit_lost, (uint64_t)clock_monotonic_ms(), LOG_LEVEL_WARNING, "daemon", "broker lost: %s", why);
        daemon->burst_waits = false;
        pump_lost(daemon->pump);
        if (pump_is_idle(daemon->pump))
                bus_flush(daemon->bus); /* nobody works on what was held */
        daemon_forget_broker(daemon);
        daemon_wish(daemon);
}

static void on_message(void *userdata, BusSession session, const RawMessage *raw) {
        Daemon *daemon = userdata;

        if (!pump_message(daemon->pump, session == BUS_URGENT ? HORIZON_URGENT : HORIZON_BULK, raw, clock_wall_ms()))
                log_write_limited(&daemon->limit_dropped, (uint64_t)clock_monotonic_ms(), LOG_LEVEL_WARNING, "audit",
                                  "message without a valid stamp dropped topic=%s stamps=%u bytes=%zu", raw->topic, raw->n_stamps,
                                  raw->n_payload);
}

static void on_burst(void *userdata) {
        Daemon *daemon = userdata;

        daemon->burst_waits = pump_in_work(daemon->pump) > 0;
        if (!daemon->burst_waits)
                bus_flush(daemon->bus); /* everything in it was dropped */
        daemon_wish(daemon);
}

static void on_fence(void *userdata, BusSession session, const ControlFence *fence) {
        Daemon *daemon = userdata;

        daemon->fence_at[session] = clock_monotonic_ms();
        horizon_fence(pump_horizon(daemon->pump), session == BUS_URGENT ? HORIZON_URGENT : HORIZON_BULK, fence->at);
        daemon_wish(daemon);
}

static void on_held(void *userdata, const ControlHeld *held) {
        Daemon *daemon = userdata;

        daemon->held = *held;
        daemon->roster_known = true;
        daemon_wish(daemon);
}

static void on_retained(void *userdata, const char *topic, const void *payload, size_t n_payload) {
        reconcile_take(&((Daemon *)userdata)->reconcile, topic, payload, n_payload);
}

static void on_survey_done(void *userdata) {
        reconcile_surveyed(&((Daemon *)userdata)->reconcile);
        daemon_wish(userdata);
}

static void on_remark(void *userdata, const char *text) {
        Daemon *daemon = userdata;

        log_write_limited(&daemon->limit_remark, (uint64_t)clock_monotonic_ms(), LOG_LEVEL_WARNING, "bus", "%s", text);
}

/* ---- time and signals ---- */
void daemon_confirm_clock(Daemon *daemon, const char *who) {
        bool was = clock_is_trusted(&daemon->clock);

        clock_confirm(&daemon->clock, clock_wall_ms(), clock_monotonic_ms(), store_clock_offset_ms(daemon->store));
        pump_allow_timers(daemon->pump, true);
        if (!was)
                log_write(LOG_LEVEL_WARNING, "daemon", "clock confirmed by=%s", who);
}

void daemon_check_clock(Daemon *daemon) {
        if (!clock_check(&daemon->clock, clock_wall_ms(), clock_monotonic_ms(), store_clock_offset_ms(daemon->store)))
                return;
        pump_allow_timers(daemon->pump, false);
        log_write(LOG_LEVEL_ERROR, "daemon", "clock departed by %lld ms from %s: timers stand still until it is confirmed",
                  (long long)daemon->clock.departure_ms, daemon->clock.by_database ? "PostgreSQL's" : "the monotonic clock");
}

static void on_second(uv_timer_t *timer) {
        Daemon *daemon = timer->data;
        int64_t monotonic = clock_monotonic_ms();

        if (store_state(daemon->store) != STORE_READY && !daemon->stopping)
                log_write_limited(&daemon->limit_waiting, (uint64_t)monotonic, LOG_LEVEL_INFO, "daemon", "waiting for the database: %s",
                                  store_why(daemon->store));

        daemon_check_clock(daemon);
        if (daemon->stopping && monotonic - daemon->stop_at > STOP_PATIENCE_MS && !daemon->closing) {
                log_write(LOG_LEVEL_WARNING, "daemon", "the batch in work does not end; stopping without it");
                bus_drop(daemon->bus);
                daemon_close(daemon);
        }
        for (int i = 0; i < BUS_SESSIONS; i++)
                if (daemon->counters.messages[i] != daemon->fenced[i] && bus_is_connected(daemon->bus)) {
                        daemon->fenced[i] = daemon->counters.messages[i];
                        bus_fence(daemon->bus, (BusSession)i);
                }
        daemon_wish(daemon);
}

static void on_watchdog(uv_timer_t *timer) {
        (void)timer;
        notify_send("WATCHDOG=1");
}

static void daemon_reload(Daemon *daemon) {
        Config fresh;
        char why[512], restart[512];

        notify_send("RELOADING=1");
        if (!config_read(daemon->config_path, &fresh, why, sizeof why)) {
                log_write(LOG_LEVEL_ERROR, "daemon", "configuration not reloaded: %s", why);
        } else {
                config_reload(&daemon->config, &fresh, restart, sizeof restart);
                log_set_level(daemon->config.log_level);
                log_write(LOG_LEVEL_INFO, "daemon", "configuration reloaded%s%s", restart[0] ? " needs_restart=" : "", restart);
        }
        daemon_confirm_clock(daemon, "SIGHUP");
        if (daemon->loaded && daemon->next_playbook >= daemon->playbooks.n)
                daemon_read_playbooks(daemon);
        notify_send("READY=1");
        daemon_wish(daemon);
}

static void on_signal(uv_signal_t *signal, int number) {
        Daemon *daemon = signal->data;

        if (number == SIGHUP) {
                daemon_reload(daemon);
                return;
        }
        if (daemon->stopping)
                return;
        log_write(LOG_LEVEL_INFO, "daemon", "stopping on %s", number == SIGTERM ? "SIGTERM" : "SIGINT");
        notify_send("STOPPING=1");
        daemon->stopping = true;
        daemon->stop_at = clock_monotonic_ms();
        bus_hold(daemon->bus); /* nothing new; what is in work ends */
        daemon_wish(daemon);
}

/* ---- the end: bus, store, http, own handles, one after the other ---- */
static void on_handle_closed(uv_handle_t *handle) { ((Daemon *)handle->data)->n_handles--; }

/* The signals that are answered. */
static sigset_t signals_answered(void) {
        sigset_t set;

        sigemptyset(&set);
        sigaddset(&set, SIGTERM);
        sigaddset(&set, SIGINT);
        sigaddset(&set, SIGHUP);
        return set;
}

static void on_pool_started(uv_work_t *work) { (void)work; }

/* The pool's threads are made with our signals blocked, so that they are this thread's alone and it can refuse them at the end. */
static void daemon_start_pool(Daemon *daemon) {
        sigset_t set = signals_answered(), before;

        pthread_sigmask(SIG_BLOCK, &set, &before);
        uv_queue_work(&daemon->loop, &daemon->pool_started, on_pool_started, NULL);
        pthread_sigmask(SIG_SETMASK, &before, NULL);
}

static void on_http_closed(void *userdata) {
        Daemon *daemon = userdata;
        sigset_t set = signals_answered();

        /* libuv puts back the default, by which an impatient second SIGTERM would turn a clean end into a kill */
        pthread_sigmask(SIG_BLOCK, &set, NULL);
        uv_close((uv_handle_t *)&daemon->turn, on_handle_closed);
        uv_close((uv_handle_t *)&daemon->due, on_handle_closed);
        uv_close((uv_handle_t *)&daemon->second, on_handle_closed);
        uv_close((uv_handle_t *)&daemon->watchdog, on_handle_closed);
        for (size_t i = 0; i < sizeof daemon->signals / sizeof daemon->signals[0]; i++)
                uv_close((uv_handle_t *)&daemon->signals[i], on_handle_closed);
}

static void on_store_closed(void *userdata) {
        Daemon *daemon = userdata;

        if (daemon->http)
                http_stop(daemon->http, on_http_closed);
        else
                on_http_closed(daemon);
}

static void on_bus_closed(void *userdata) {
        Daemon *daemon = userdata;

        store_stop(daemon->store, on_store_closed);
}

void daemon_close(Daemon *daemon) {
        static const Documents nothing;
        char mark[192];

        if (daemon->closing)
                return;
        daemon->closing = true;
        if (daemon->loaded && daemon->reconcile.state == RECONCILE_DONE && daemon->exit_code == EXIT_CODE_OK) {
                daemon_mark(daemon, false, mark, sizeof mark);
                bus_publish(daemon->bus, &nothing, mark);
        }
        if (pump_is_idle(daemon->pump) && pump_in_work(daemon->pump) == 0)
                bus_flush(daemon->bus);
        bus_stop(daemon->bus, on_bus_closed);
}

/* ---- the beginning ---- */
static bool daemon_read_keys(Daemon *daemon) {
        static const char context[] = "policegrid commitment";
        uint8_t secret[SECRET_FILE_BYTES];
        char why[600];

        if (!file_read_secret(daemon->config.secret_file, secret, why, sizeof why)) {
                log_write(LOG_LEVEL_ERROR, "daemon", "%s", why);
                return false;
        }
        stamp_key_derive(secret, daemon->stamp_key);
        daemon_password_derive(secret, daemon->password);
        crypto_generichash(daemon->commitment_key, sizeof daemon->commitment_key, (const uint8_t *)context, sizeof context - 1, secret,
                           sizeof secret);
        sodium_memzero(secret, sizeof secret);
        return true;
}

static void daemon_open_inflight(Daemon *daemon) {
        char path[CONFIG_TEXT_MAX + 32];

        if (!*daemon->config.state)
                return;
        snprintf(path, sizeof path, "%s/inflight-%s", daemon->config.state, daemon->config.area);
        daemon->inflight = inflight_open(path);
        if (!daemon->inflight)
                log_write(LOG_LEVEL_ERROR, "daemon", "%s: cannot be opened; messages in work at a crash will not be known", path);
        else if (inflight_count(daemon->inflight) > 0)
                log_write(LOG_LEVEL_WARNING, "daemon", "messages were in work at a crash n=%zu", inflight_count(daemon->inflight));
}

static void daemon_init_handles(Daemon *daemon) {
        static const int numbers[] = {SIGTERM, SIGINT, SIGHUP};
        daemon_start_pool(daemon);
        uv_timer_t *timers[] = {&daemon->turn, &daemon->due, &daemon->second, &daemon->watchdog};

        for (size_t i = 0; i < sizeof timers / sizeof timers[0]; i++) {
                uv_timer_init(&daemon->loop, timers[i]);
                timers[i]->data = daemon;
                daemon->n_handles++;
        }
        for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
                uv_signal_init(&daemon->loop, &daemon->signals[i]);
                daemon->signals[i].data = daemon;
                uv_signal_start(&daemon->signals[i], on_signal, numbers[i]);
                daemon->n_handles++;
        }
        uv_timer_start(&daemon->second, on_second, 250, 250);
        if (notify_watchdog_ms() > 0)
                uv_timer_start(&daemon->watchdog, on_watchdog, notify_watchdog_ms(), notify_watchdog_ms());
}

static void daemon_make_store(Daemon *daemon) {
        static const StoreEvents events = {.on_load_start = on_load_start, .on_row = on_row, .on_ready = on_store_ready,
                                           .on_lost = on_store_lost, .on_fatal = on_store_fatal};
        StoreConfig config = {.conninfo = daemon->config.conninfo, .area = daemon->config.area,
                              .retry_ms = (uint64_t)daemon->config.database_retry_ms,
                              .query_timeout_ms = (uint64_t)daemon->config.query_timeout_ms,
                              .retention = {.notes = daemon->config.notes_days, .contacts = daemon->config.contact_days,
                                            .quarantine = daemon->config.quarantine_days, .devices = daemon->config.device_days,
                                            .audit = daemon->config.audit_days}};

        daemon->store = store_new(&daemon->loop, &config, &events, daemon);
}

static void daemon_make_pump(Daemon *daemon) {
        static const PumpOps ops = {.lookup = pump_lookup, .write = pump_store, .quarantine = pump_quarantine, .find = pump_find,
                                    .committed = pump_committed, .query = pump_query, .accepted = pump_accepted, .idle = pump_idle};
        PumpConfig config = {.area = daemon->config.area, .stamp_key = daemon->stamp_key, .inflight = daemon->inflight,
                             .counters = &daemon->counters};

        daemon->pump = pump_new(&config, &ops, daemon);
}

static void daemon_make_bus(Daemon *daemon) {
        static const BusEvents events = {.on_connected = on_connected, .on_lost = on_bus_lost, .on_message = on_message,
                                         .on_burst = on_burst, .on_fence = on_fence, .on_held = on_held, .on_retained = on_retained,
                                         .on_survey_done = on_survey_done, .on_remark = on_remark};
        bool local = *daemon->config.broker_socket;
        BusConfig config = {.host = local ? daemon->config.broker_socket : daemon->config.broker_host,
                            .port = local ? 0 : (int)daemon->config.broker_port, .area = daemon->config.area, .password = daemon->password,
                            .keepalive_s = (unsigned)daemon->config.keepalive_s,
                            .receive_maximum = (unsigned)daemon->config.receive_maximum,
                            .burst_messages = (unsigned)daemon->config.burst_messages, .burst_bytes = (size_t)daemon->config.burst_bytes,
                            .retry_ms = (uint64_t)daemon->config.broker_retry_ms, .handshake_ms = HANDSHAKE_MS};

        daemon->bus = bus_new(&daemon->loop, &config, &events, daemon);
}

static bool daemon_init(Daemon *daemon, const Config *config, const char *config_path) {
        char why[256];

        daemon->config = *config;
        daemon->config_path = config_path;
        if (!daemon_read_keys(daemon)) {
                daemon->exit_code = EXIT_CODE_CONFIG;
                return false;
        }
        uv_loop_init(&daemon->loop);
        if (config->http_port > 0 && !(daemon->http = http_new(&daemon->loop, config->http_address, (unsigned)config->http_port,
                                                               daemon_answer_http, daemon, why, sizeof why))) {
                log_write(LOG_LEVEL_ERROR, "http", "%s", why);
                daemon->exit_code = EXIT_CODE_LISTEN;
                uv_loop_close(&daemon->loop);
                return false;
        }
        clock_init(&daemon->clock, config->clock_departure_s * 1000);
        daemon_open_inflight(daemon);
        daemon_init_handles(daemon);
        daemon_make_store(daemon);
        daemon_make_pump(daemon);
        daemon_make_bus(daemon);
        daemon_forget_broker(daemon);
        if (!daemon->store || !daemon->bus)
                abort();
        return true;
}

static void daemon_deinit(Daemon *daemon) {
        bus_free(daemon->bus);
        pump_free(daemon->pump);
        engine_free(daemon->engine);
        store_free(daemon->store);
        http_free(daemon->http);
        inflight_close(daemon->inflight);
        reconcile_reset(&daemon->reconcile, 0);
        months_forget(&daemon->months);
        file_texts_deinit(&daemon->playbooks);
        free(daemon->retry.topic);
        free(daemon->retry.payload);
        if (uv_loop_close(&daemon->loop) != 0) {
                log_write(LOG_LEVEL_ERROR, "daemon", "a handle was left open");
                daemon->exit_code = EXIT_CODE_LEAK;
        }
        sodium_memzero(daemon->stamp_key, sizeof daemon->stamp_key);
        sodium_memzero(daemon->password, sizeof daemon->password);
}

int daemon_run(const Config *config, const char *config_path) {
        Daemon *daemon = calloc(1, sizeof *daemon);

        if (!daemon)
                abort();
        if (daemon_init(daemon, config, config_path)) {
                store_start(daemon->store);
                uv_run(&daemon->loop, UV_RUN_DEFAULT);
                daemon_deinit(daemon);
                log_write(LOG_LEVEL_INFO, "daemon", "stopped");
        }
        int code = daemon->exit_code;

        free(daemon);
        return code;
}
