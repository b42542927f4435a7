/*
 * Burst. A message that was being parsed when the process died twice is not parsed again: its stamp and topic are read, which is
 * little code over bounded bytes, and it goes to quarantine as a command without a body.
 */
#include "burst.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/json.h"

#define CRASHES_TO_QUARANTINE 2

static BurstMessage *burst_push(Burst *burst) {
        if (burst->n == burst->capacity) {
                burst->capacity = burst->capacity ? burst->capacity * 2 : 64;
                burst->items = realloc(burst->items, burst->capacity * sizeof *burst->items);
                if (!burst->items)
                        abort();
        }
        burst->items[burst->n] = (BurstMessage){0};
        return &burst->items[burst->n++];
}

static void message_deinit(BurstMessage *message) {
        command_deinit(&message->command);
        free(message->topic);
        free(message->payload);
}

static MessageOutcome message_read_unparsed(const RawMessage *raw, const char *area, const uint8_t key[static STAMP_KEY_BYTES],
                                            Command *ret) {
        *ret = (Command){.occurred_at = TIMESTAMP_NONE, .revision = -1};
        if (raw->n_stamps != 1 || !raw->stamp || topic_parse(raw->topic, strlen(raw->topic), &ret->topic) != 0 ||
            !topic_is_upward(ret->topic.kind) || strcmp(ret->topic.area, area) != 0 ||
            stamp_verify(raw->stamp, key, raw->topic, raw->payload, raw->n_payload, &ret->stamp) != 0)
                return MESSAGE_DROP;
        ret->code = CODE_INTERNAL;
        return MESSAGE_OK;
}

static bool burst_keep(BurstMessage *message, HorizonSession session, const RawMessage *raw) {
        message->session = session;
        message->topic = strdup(raw->topic);
        message->payload = malloc(raw->n_payload + 1);
        if (!message->topic || !message->payload)
                abort();
        memcpy(message->payload, raw->payload, raw->n_payload);
        message->n_payload = raw->n_payload;
        return true;
}

/* What must be seen by itself: its acceptance changes what the daemon does next. */
static bool command_is_ours(const Command *command) {
        return command->topic.kind == TOPIC_ADMIN &&
               (strcmp(command->topic.name, "clock-confirm") == 0 || strcmp(command->topic.name, "quarantine-retry") == 0);
}

int64_t burst_retries(const BurstMessage *message) {
        const Command *command = &message->command;

        if (!message->alone || command->code != CODE_NONE || command->topic.kind != TOPIC_ADMIN ||
            strcmp(command->topic.name, "quarantine-retry") != 0)
                return 0;
        int64_t entry = json_int(command->body, "quarantine", 0);

        return entry < 0 ? 0 : entry;
}

bool burst_add(Burst *burst, HorizonSession session, const RawMessage *raw, const char *area, const uint8_t key[static STAMP_KEY_BYTES],
               int64_t now_ms, Inflight *inflight) {
        BurstMessage *message = burst_push(burst);
        MessageOutcome outcome;
        bool parsing;

        inflight_hash(raw->topic, raw->payload, raw->n_payload, raw->stamp, &message->hash);
        message->crashes = inflight_crashes(inflight, &message->hash, &parsing);
        if (message->crashes >= CRASHES_TO_QUARANTINE && parsing) {
                outcome = message_read_unparsed(raw, area, key, &message->command);
        } else {
                inflight_parse_begin(inflight, &message->hash);
                outcome = message_read(raw, area, key, now_ms, &message->command);
                inflight_parse_end(inflight);
        }
        if (outcome == MESSAGE_DROP) {
                inflight_forget(inflight, &message->hash);
                message_deinit(message);
                burst->n--;
                return false;
        }
        message->alone = message->crashes > 0 || command_is_ours(&message->command);
        return burst_keep(message, session, raw);
}

bool burst_add_again(Burst *burst, const RawMessage *raw, const char *id, const char *area, const uint8_t key[static STAMP_KEY_BYTES],
                     int64_t now_ms) {
        BurstMessage *message = burst_push(burst);

        if (message_read(raw, area, key, now_ms, &message->command) == MESSAGE_DROP) {
                message_deinit(message);
                burst->n--;
                return false;
        }
        snprintf(message->command.id, sizeof message->command.id, "%s", id);
        message->alone = message->again = true;
        return burst_keep(message, HORIZON_BULK, raw);
}

void burst_merge(Burst *burst) {
        BurstMessage *merged = burst->n ? malloc(burst->n * sizeof *merged) : NULL;
        size_t at[HORIZON_SESSIONS] = {0}, n = 0;

        if (!merged)
                return;
        while (n < burst->n) {
                for (int s = 0; s < HORIZON_SESSIONS; s++)
                        while (at[s] < burst->n && burst->items[at[s]].session != (HorizonSession)s)
                                at[s]++;
                int first = HORIZON_URGENT;

                if (at[HORIZON_URGENT] == burst->n ||
                    (at[HORIZON_BULK] < burst->n &&
                     burst->items[at[HORIZON_BULK]].command.stamp.received_at < burst->items[at[HORIZON_URGENT]].command.stamp.received_at))
                        first = HORIZON_BULK;
                merged[n++] = burst->items[at[first]++];
        }
        free(burst->items);
        burst->items = merged;
        burst->capacity = burst->n;
}

void burst_reset(Burst *burst) {
        for (size_t i = 0; i < burst->n; i++)
                message_deinit(&burst->items[i]);
        burst->n = 0;
}

void burst_deinit(Burst *burst) {
        burst_reset(burst);
        free(burst->items);
        *burst = (Burst){0};
}
