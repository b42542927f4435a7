#include "plugin/session.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static size_t bucket_of_client(const Sessions *sessions, const struct mosquitto *client) {
        uint64_t key = (uint64_t)(uintptr_t)client;
        key = (key >> 4) * 0x9e3779b97f4a7c15u;
        return (size_t)(key >> 32) & (sessions->n_buckets - 1);
}

/* Client ids are chosen by members within `{member}/…`: a keyed hash, so that no choice of theirs makes one bucket long. */
static size_t bucket_of_id(const Sessions *sessions, const char *id) {
        static uint8_t key[crypto_shorthash_KEYBYTES];
        static bool keyed;
        if (!keyed) {
                randombytes_buf(key, sizeof key);
                keyed = true;
        }
        uint64_t hash;
        crypto_shorthash((uint8_t *)&hash, (const uint8_t *)id, strlen(id), key);
        return (size_t)hash & (sessions->n_buckets - 1);
}

static void session_link(Sessions *sessions, Session *session) {
        Session **client = &sessions->by_client[bucket_of_client(sessions, session->client)];
        Session **id = &sessions->by_id[bucket_of_id(sessions, session->id)];
        session->next_by_client = *client;
        *client = session;
        session->next_by_id = *id;
        *id = session;
}

static bool sessions_grow(Sessions *sessions) {
        if (sessions->n == sessions->capacity) {
                size_t capacity = sessions->capacity == 0 ? 64 : sessions->capacity * 2;
                Session **all = realloc(sessions->all, capacity * sizeof *all);
                if (all == NULL)
                        return false;
                sessions->all = all;
                sessions->capacity = capacity;
        }
        if (sessions->n < sessions->n_buckets)
                return true;
        size_t n_buckets = sessions->n_buckets == 0 ? 64 : sessions->n_buckets * 2;
        Session **by_client = calloc(n_buckets, sizeof *by_client), **by_id = calloc(n_buckets, sizeof *by_id);
        if (by_client == NULL || by_id == NULL) {
                free(by_client);
                free(by_id);
                return false;
        }
        free(sessions->by_client);
        free(sessions->by_id);
        sessions->by_client = by_client;
        sessions->by_id = by_id;
        sessions->n_buckets = n_buckets;
        for (size_t i = 0; i < sessions->n; i++)
                session_link(sessions, sessions->all[i]);
        return true;
}

Session *session_find(const Sessions *sessions, const struct mosquitto *client) {
        if (sessions->n_buckets == 0)
                return NULL;
        Session *session = sessions->by_client[bucket_of_client(sessions, client)];
        while (session != NULL && session->client != client)
                session = session->next_by_client;
        return session;
}

Session *session_next_by_id(const Sessions *sessions, const char *id, const Session *after) {
        if (sessions->n_buckets == 0)
                return NULL;
        Session *session = after != NULL ? after->next_by_id : sessions->by_id[bucket_of_id(sessions, id)];
        while (session != NULL && strcmp(session->id, id) != 0)
                session = session->next_by_id;
        return session;
}

void session_drop(Sessions *sessions, Session *session) {
        Session **at = &sessions->by_client[bucket_of_client(sessions, session->client)];
        while (*at != session)
                at = &(*at)->next_by_client;
        *at = session->next_by_client;
        at = &sessions->by_id[bucket_of_id(sessions, session->id)];
        while (*at != session)
                at = &(*at)->next_by_id;
        *at = session->next_by_id;
        sessions->all[session->index] = sessions->all[--sessions->n];
        sessions->all[session->index]->index = session->index;
        sodium_memzero(session, sizeof *session);
        free(session);
}

/* Drops the longest gone of some offline sessions. */
static bool sessions_make_room(Sessions *sessions) {
        Session *oldest = NULL;
        for (unsigned i = 0; i < 256; i++) {
                Session *session = sessions->all[randombytes_uniform((uint32_t)sessions->n)];
                if (!session->connected && (oldest == NULL || session->disconnected_ms < oldest->disconnected_ms))
                        oldest = session;
        }
        if (oldest == NULL)
                return false;
        session_drop(sessions, oldest);
        return true;
}

Session *session_add(Sessions *sessions, const struct mosquitto *client, const char *id) {
        if (strlen(id) > STAMP_CLIENT_MAX || (sessions->n >= SESSIONS_MAX && !sessions_make_room(sessions)) || !sessions_grow(sessions))
                return NULL;
        Session *session = calloc(1, sizeof *session);
        if (session == NULL)
                return NULL;
        session->client = client;
        snprintf(session->id, sizeof session->id, "%s", id);
        session->index = sessions->n;
        sessions->all[sessions->n++] = session;
        session_link(sessions, session);
        return session;
}

void sessions_deinit(Sessions *sessions) {
        while (sessions->n > 0)
                session_drop(sessions, sessions->all[sessions->n - 1]);
        free(sessions->all);
        free(sessions->by_client);
        free(sessions->by_id);
        *sessions = (Sessions){0};
}
