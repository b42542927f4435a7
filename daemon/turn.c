/*
 * Turn: what is done next when nothing is in work, one thing a turn, in this order: stopping; files to apply; connecting; a message
 * back from quarantine; the roster; reconciling the broker; timers; months; status documents. Everything that needs a quiet engine is here,
 * so no callback of a room ever changes the state in the middle of a batch.
 */
#include "daemon_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "notify.h"
#include "proto/timestamp.h"

#define FENCE_AGAIN_MS 50      /* a fence that came back too early is asked again after this */
#define ROSTER_AGAIN_MS 5000
#define DUE_MAX_MS 3600000     /* the due timer is looked at this often at least */

void daemon_wish(Daemon *daemon) {
        if (!daemon->closing)
                uv_timer_start(&daemon->turn, on_turn, 0, 0);
}

void daemon_mark(const Daemon *daemon, bool alive, char *ret, size_t n) {
        char at[TIMESTAMP_TEXT_MAX];

        timestamp_format(clock_wall_ms(), engine_offset_minutes(daemon->engine), at);
        snprintf(ret, n, "{\"epoch\":%llu,\"seq\":%llu,\"at\":\"%s\",\"alive\":%s}", (unsigned long long)daemon->epoch,
                 (unsigned long long)engine_seq(daemon->engine), at, alive ? "true" : "false");
}

/* ---- roster ---- */
static void roster_send(Daemon *daemon, const Roster *roster) {
        daemon->roster_was_sent = true;
        daemon->roster_sent = roster_version(roster);
        daemon->roster_at = clock_monotonic_ms();
        bus_roster_send(daemon->bus, roster);
}

static bool roster_is_held(const Daemon *daemon, const Roster *roster) {
        return daemon->held.epoch == roster_epoch(roster) && daemon->held.version == roster_version(roster) &&
               memcmp(daemon->held.hash, roster_hash(roster), ROSTER_HASH_BYTES) == 0;
}

/* Ask once a connection, then send until the plugin says that it holds ours. */
static void turn_roster(Daemon *daemon) {
        const Roster *roster = engine_roster(daemon->engine);
        int64_t now = clock_monotonic_ms();

        if (!daemon->roster_asked) {
                daemon->roster_asked = true;
                daemon->roster_at = now;
                bus_roster_ask(daemon->bus);
                return;
        }
        if (!daemon->roster_known) {
                if (now - daemon->roster_at >= ROSTER_AGAIN_MS)
                        daemon->roster_asked = false;
                return;
        }
        if (roster_is_held(daemon, roster)) {
                daemon->roster_synced = true;
                return;
        }
        bool again = daemon->roster_was_sent && daemon->roster_sent == roster_version(roster);

        if (again && now - daemon->roster_at < ROSTER_AGAIN_MS)
                return;
        if (again) {
                daemon->roster_synced = false;
                log_write_limited(&daemon->limit_roster, (uint64_t)now, LOG_LEVEL_WARNING, "daemon",
                                  "broker does not hold the roster version=%llu held=%llu/%llu refused=%d",
                                  (unsigned long long)roster_version(roster), (unsigned long long)daemon->held.epoch,
                                  (unsigned long long)daemon->held.version, daemon->held.status == CONTROL_HELD_REFUSED);
        }
        roster_send(daemon, roster);
}

void daemon_publish(Daemon *daemon, const Documents *documents) {
        const Roster *roster = engine_roster(daemon->engine);
        char mark[192];

        if (!bus_is_connected(daemon->bus))
                return;
        if (daemon->roster_known && !(daemon->roster_was_sent && daemon->roster_sent == roster_version(roster)) && !roster_is_held(daemon, roster))
                roster_send(daemon, roster); /* who may read the documents, before the documents */
        daemon_mark(daemon, true, mark, sizeof mark);
        bus_publish(daemon->bus, documents, daemon->reconcile.state == RECONCILE_DONE ? mark : NULL);
}

void daemon_forget_broker(Daemon *daemon) {
        reconcile_reset(&daemon->reconcile, daemon->loaded ? engine_seq(daemon->engine) : 0);
        daemon->roster_asked = daemon->roster_known = daemon->roster_synced = false;
        daemon->roster_was_sent = false;
        daemon->held = (ControlHeld){0};
        months_forget(&daemon->months);
        for (int i = 0; i < BUS_SESSIONS; i++)
                daemon->fence_at[i] = 0;
        horizon_reset(pump_horizon(daemon->pump));
}

/* ---- reconciling ---- */
static void turn_compare(Daemon *daemon) {
        Documents documents = {0};
        size_t republished = 0, cleared = 0;

        reconcile_compare(&daemon->reconcile, daemon->engine, &documents, &republished, &cleared);
        daemon->counters.surveys++;
        daemon->counters.republished += republished;
        daemon->counters.cleared += cleared;
        daemon->counters.documents += documents.n;
        log_write(LOG_LEVEL_INFO, "daemon", "broker reconciled seq=%llu republished=%zu cleared=%zu",
                  (unsigned long long)engine_seq(daemon->engine), republished, cleared);
        daemon_publish(daemon, &documents);
        documents_deinit(&documents);
}

static void turn_reconcile(Daemon *daemon) {
        static const Documents nothing;
        Reconcile *reconcile = &daemon->reconcile;

        switch (reconcile->state) {
        case RECONCILE_NEEDED:
                reconcile->state = RECONCILE_MARK;
                bus_survey(daemon->bus, BUS_SURVEY_MARK);
                break;
        case RECONCILE_JUDGE:
                if (reconcile_is_current(reconcile)) {
                        reconcile->state = RECONCILE_DONE;
                        daemon_publish(daemon, &nothing);
                } else {
                        reconcile->state = RECONCILE_ALL;
                        bus_survey(daemon->bus, BUS_SURVEY_ALL);
                }
                break;
        case RECONCILE_COMPARE:
                turn_compare(daemon);
                break;
        case RECONCILE_MARK:
        case RECONCILE_ALL:
        case RECONCILE_DONE:
                break;
        }
}

/* ---- timers ---- */
static void due_in(Daemon *daemon, int64_t ms) {
        uv_timer_start(&daemon->due, on_turn, (uint64_t)(ms < 1 ? 1 : ms > DUE_MAX_MS ? DUE_MAX_MS : ms), 0);
}

static void ask_fences(Daemon *daemon, int64_t wanted) {
        const Horizon *horizon = pump_horizon(daemon->pump);
        int64_t now = clock_monotonic_ms();

        for (int i = 0; i < BUS_SESSIONS; i++)
                if (horizon->fence[i] < wanted && now - daemon->fence_at[i] >= FENCE_AGAIN_MS)
                        bus_fence(daemon->bus, (BusSession)i);
        due_in(daemon, FENCE_AGAIN_MS);
}

/* Fire what is due as far as it is proven; true when a batch was begun. */
static bool turn_timers(Daemon *daemon) {
        int64_t due = engine_next_due(daemon->engine), now = clock_wall_ms();
        bool impatient;

        if (!clock_is_trusted(&daemon->clock) || due == INT64_MAX)
                return false;
        if (pump_blocked_until(daemon->pump)) {
                due_in(daemon, pump_blocked_until(daemon->pump) - clock_monotonic_ms());
                return false;
        }
        if (due > now) {
                due_in(daemon, due - now);
                return false;
        }
        int64_t horizon = horizon_wait(pump_horizon(daemon->pump), due, now, clock_monotonic_ms(), daemon->config.drain_ms, &impatient);

        if (impatient) {
                daemon->counters.horizon_impatient++;
                log_write_limited(&daemon->limit_horizon, (uint64_t)clock_monotonic_ms(), LOG_LEVEL_WARNING, "daemon",
                                  "timers do not wait for the backlog any longer drain_ms=%lld", (long long)daemon->config.drain_ms);
        }
        if (horizon < due) {
                ask_fences(daemon, due);
                return false;
        }
        bus_hold(daemon->bus);
        pump_fire(daemon->pump, horizon < now ? horizon : now);
        return true;
}

/* ---- status ---- */
static void turn_status(Daemon *daemon) {
        Documents documents = {0};
        int64_t now = clock_monotonic_ms();

        if (daemon->reconcile.state != RECONCILE_DONE || now - daemon->status_at < daemon->config.status_ms)
                return;
        daemon->status_at = now;
        engine_status_documents(daemon->engine, clock_wall_ms(), &documents);
        if (documents.n > 0) {
                daemon->counters.documents += documents.n;
                bus_publish(daemon->bus, &documents, NULL);
        }
        documents_deinit(&documents);
}

/* ---- files ---- */
void daemon_read_playbooks(Daemon *daemon) {
        char why[512];

        file_texts_deinit(&daemon->playbooks);
        daemon->next_playbook = 0;
        if (!*daemon->config.playbooks)
                return;
        folder_read(daemon->config.playbooks, &daemon->playbooks, why, sizeof why);
        if (why[0])
                log_write(LOG_LEVEL_ERROR, "daemon", "playbooks: %s", why);
}

static Code job_bootstrap(Engine *engine, void *argument) {
        Daemon *daemon = argument;
        char *text;
        size_t n;
        Code code = CODE_INTERNAL;

        if (file_read(daemon->config.bootstrap, &text, &n, daemon->job_detail, sizeof daemon->job_detail)) {
                code = engine_apply_bootstrap(engine, text, n, clock_wall_ms(), daemon->job_detail, sizeof daemon->job_detail);
                free(text);
        }
        return code;
}

static void job_bootstrap_done(void *argument, Code code) {
        Daemon *daemon = argument;

        if (code == CODE_NONE)
                log_write(LOG_LEVEL_INFO, "daemon", "bootstrap applied file=%s", daemon->config.bootstrap);
        else
                log_write(LOG_LEVEL_ERROR, "daemon", "bootstrap refused file=%s code=%s: %s", daemon->config.bootstrap, code_name(code),
                          daemon->job_detail);
}

static Code job_playbook(Engine *engine, void *argument) {
        Daemon *daemon = argument;
        const FileText *file = &daemon->playbooks.items[daemon->next_playbook];

        return engine_apply_playbook(engine, file->text, file->n, clock_wall_ms(), daemon->job_detail, sizeof daemon->job_detail);
}

static void job_playbook_done(void *argument, Code code) {
        Daemon *daemon = argument;
        const char *name = daemon->playbooks.items[daemon->next_playbook++].name;

        if (code != CODE_NONE)
                log_write(LOG_LEVEL_ERROR, "daemon", "playbook refused file=%s code=%s: %s", name, code_name(code), daemon->job_detail);
        else
                log_write(LOG_LEVEL_DEBUG, "daemon", "playbook applied file=%s", name);
        if (daemon->next_playbook == daemon->playbooks.n) {
                log_write(LOG_LEVEL_INFO, "daemon", "playbooks read folder=%s files=%zu", daemon->config.playbooks, daemon->playbooks.n);
                file_texts_deinit(&daemon->playbooks);
                daemon->next_playbook = 0;
        }
}

/* One file a batch; true when one was begun. */
static bool turn_files(Daemon *daemon) {
        bool bootstrap = daemon->bootstrap_wanted;

        if (!bootstrap && daemon->next_playbook >= daemon->playbooks.n)
                return false;
        daemon->job_detail[0] = 0;
        daemon->bootstrap_wanted = false;
        bus_hold(daemon->bus);
        if (bootstrap)
                pump_run(daemon->pump, job_bootstrap, job_bootstrap_done, daemon);
        else
                pump_run(daemon->pump, job_playbook, job_playbook_done, daemon);
        return true;
}

/* ---- quarantine ---- */
static void on_found(void *userdata, const StoreQuarantine *message) {
        Daemon *daemon = userdata;
        char digits[24];

        memcpy(digits, daemon->retries[0], sizeof digits);
        memmove(daemon->retries[0], daemon->retries[1], sizeof daemon->retries - sizeof daemon->retries[0]);
        daemon->n_retries--;
        daemon->retry_reading = false;
        if (!message) {
                log_write(LOG_LEVEL_WARNING, "daemon", "quarantine entry cannot be retried id=%s", digits);
                return;
        }
        int year, month, day;

        day_civil(timestamp_day(clock_wall_ms(), 0), &year, &month, &day);
        snprintf(daemon->retry.id, sizeof daemon->retry.id, "%04d%02d%02d-retry-%s-%llx", year, month, day, digits,
                 (unsigned long long)clock_wall_ms());
        snprintf(daemon->retry.sender, sizeof daemon->retry.sender, "%s", message->sender ? message->sender : "");
        daemon->retry.topic = strdup(message->topic);
        daemon->retry.payload = malloc(message->n_payload + 1);
        if (!daemon->retry.topic || !daemon->retry.payload)
                abort();
        memcpy(daemon->retry.payload, message->payload, message->n_payload);
        daemon->retry.n_payload = message->n_payload;
        daemon_wish(daemon);
}

static bool turn_retry(Daemon *daemon) {
        Stamp stamp = {.client = "quarantine", .received_at = clock_wall_ms()};
        char text[STAMP_TEXT_MAX] = "";
        bool begun = false;

        if (!daemon->retry.topic) {
                if (daemon->n_retries > 0 && !daemon->retry_reading) {
                        daemon->retry_reading = true;
                        store_quarantine_read(daemon->store, daemon->retries[0], on_found);
                }
                return false;
        }
        memcpy(stamp.member, daemon->retry.sender, sizeof stamp.member);
        RawMessage raw = {.topic = daemon->retry.topic, .payload = daemon->retry.payload, .n_payload = daemon->retry.n_payload,
                          .stamp = text, .n_stamps = 1};

        bus_hold(daemon->bus);
        if (stamp_format(&stamp, daemon->stamp_key, raw.topic, raw.payload, raw.n_payload, text) > 0)
                begun = pump_again(daemon->pump, &raw, daemon->retry.id, stamp.received_at);
        log_write(begun ? LOG_LEVEL_INFO : LOG_LEVEL_WARNING, "daemon", "quarantine retry id=%s begun=%d", daemon->retry.id, begun);
        free(daemon->retry.topic);
        free(daemon->retry.payload);
        memset(&daemon->retry, 0, sizeof daemon->retry);
        if (!begun)
                bus_flush(daemon->bus);
        return begun;
}

/* ---- the turn ---- */
static void turn_tell_ready(Daemon *daemon) {
        bool ready = daemon_is_ready(daemon);

        if (ready == daemon->told_ready)
                return;
        daemon->told_ready = ready;
        if (ready) {
                log_write(LOG_LEVEL_INFO, "daemon", "ready area=%s epoch=%llu seq=%llu", daemon->config.area,
                          (unsigned long long)daemon->epoch, (unsigned long long)engine_seq(daemon->engine));
                notify_send("READY=1\nSTATUS=ready");
        } else {
                log_write(LOG_LEVEL_WARNING, "daemon", "not ready");
                notify_send("STATUS=not ready");
        }
}

static void turn_broker(Daemon *daemon) {
        turn_roster(daemon);
        turn_reconcile(daemon);
        turn_tell_ready(daemon);
        if (!turn_timers(daemon) && !months_turn(daemon))
                turn_status(daemon);
}

void on_turn(uv_timer_t *timer) {
        Daemon *daemon = timer->data;
        bool quiet = daemon->loaded && pump_is_idle(daemon->pump);

        if (daemon->closing)
                return;
        daemon_check_clock(daemon);
        if (quiet && daemon->burst_waits) {
                daemon->burst_waits = false;
                pump_burst(daemon->pump);
                return;
        }
        if (daemon->stopping && (quiet || !daemon->loaded)) {
                daemon_close(daemon);
                return;
        }
        if (!quiet || pump_in_work(daemon->pump) > 0) { /* in work, or a first burst that is not complete yet */
                turn_tell_ready(daemon);
                return;
        }
        if (turn_files(daemon))
                return;
        if (!daemon->bus_started) {
                daemon->bus_started = true;
                bus_start(daemon->bus);
        }
        if (turn_retry(daemon))
                return;
        if (bus_is_connected(daemon->bus))
                turn_broker(daemon);
        else
                turn_tell_ready(daemon);
}
