#include "plugin/presence.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plugin/outlet.h"
#include "proto/timestamp.h"

#define LEFTOVERS_PER_TICK 50
#define LEFTOVERS_AFTER_MS 15000 /* after a start: clients need time to come back */

typedef struct PresenceMember {
        Area *area;
        char id[MEMBER_MAX + 1];
        unsigned n_sessions;
        bool queued;          /* stands in the queue */
        bool published;       /* something stands under the member's seats */
        bool published_state;
        int64_t due_ms;
        int64_t since_ms;     /* of the present state */
} PresenceMember;

static bool role_works(uint8_t role) { return role >= ROLE_COMMANDER && role <= ROLE_PARTNER; }

/* A seat that shows presence; its topic goes into `buffer`. */
static bool seat_topic(const Roster *roster, const RosterSeat *seat, const char *member, int64_t now_ms, char buffer[static TOPIC_MAX + 1]) {
        if (!role_works(seat->role) || seat->unit == ROSTER_NONE || now_ms < seat->from || now_ms >= seat->until)
                return false;
        const RosterUnit *unit = roster_unit(roster, seat->unit);
        Topic topic = {.kind = TOPIC_PRESENCE, .tier = unit->tier};
        snprintf(topic.area, sizeof topic.area, "%s", roster_area(roster));
        snprintf(topic.unit, sizeof topic.unit, "%s", unit->id);
        snprintf(topic.name, sizeof topic.name, "%s", member);
        topic_format(&topic, buffer);
        return true;
}

static void publish_seats(const Roster *roster, const char *member, int64_t now_ms, const char *payload, size_t n_payload) {
        const RosterMember *found = roster != NULL ? roster_find_member(roster, member, strlen(member)) : NULL;
        char topic[TOPIC_MAX + 1];
        for (unsigned i = 0; found != NULL && i < found->n_seats; i++)
                if (seat_topic(roster, &roster_seats(roster, found)[i], member, now_ms, topic))
                        outlet_publish(topic, payload, n_payload, true, NULL, 0);
}

static void publish_state(PresenceMember *presence, const Roster *roster, int64_t now_ms) {
        bool connected = presence->n_sessions > 0;
        char since[TIMESTAMP_TEXT_MAX];
        timestamp_format(presence->since_ms, 0, since);
        _cleanup_text_ Text text = TEXT_INIT(512);
        text_append_format(&text, "{\"member\":\"%s\",\"connected\":%s,\"since\":\"%s\"}", presence->id, connected ? "true" : "false", since);
        publish_seats(roster, presence->id, now_ms, text_string(&text), text.n);
        presence->published = true;
        presence->published_state = connected;
}

static bool queue_push(PresenceQueue *queue, PresenceMember *presence) {
        if (queue->head > 0 && queue->head * 2 >= queue->n) {
                memmove(queue->waiting, queue->waiting + queue->head, (queue->n - queue->head) * sizeof *queue->waiting);
                queue->n -= queue->head;
                queue->head = 0;
        }
        if (queue->n == queue->capacity) {
                size_t capacity = queue->capacity == 0 ? 64 : queue->capacity * 2;
                PresenceMember **waiting = realloc(queue->waiting, capacity * sizeof *waiting);
                if (waiting == NULL)
                        return false;
                queue->waiting = waiting;
                queue->capacity = capacity;
        }
        queue->waiting[queue->n++] = presence;
        return true;
}

/* Every wait is equally long, so that the queue is in order of due times by itself. */
static void note_change(Plugin *plugin, PresenceMember *presence) {
        int64_t now_ms = plugin_now(plugin);
        presence->since_ms = now_ms;
        if (presence->queued)
                return;
        presence->due_ms = now_ms + plugin->options.presence_ms;
        presence->queued = queue_push(&plugin->presence_queue, presence);
}

void presence_session_opened(Plugin *plugin, const Session *session) {
        Area *area = session->area;
        PresenceMember *presence = map_find(area->presence, session->user);
        if (presence == NULL) {
                presence = calloc(1, sizeof *presence);
                if (presence == NULL)
                        return;
                presence->area = area;
                snprintf(presence->id, sizeof presence->id, "%s", session->user);
                if (!map_set(area->presence, presence->id, presence)) {
                        free(presence);
                        return;
                }
        }
        if (presence->n_sessions++ == 0)
                note_change(plugin, presence);
}

void presence_session_closed(Plugin *plugin, const Session *session) {
        if (session->kind != SESSION_MEMBER)
                return;
        PresenceMember *presence = map_find(session->area->presence, session->user);
        if (presence != NULL && presence->n_sessions > 0 && --presence->n_sessions == 0)
                note_change(plugin, presence);
}

/* Whether `topic` is among the member's in that roster. */
static bool roster_shows(const Roster *roster, const RosterMember *member, int64_t now_ms, const char *topic) {
        char other[TOPIC_MAX + 1];
        for (unsigned i = 0; member != NULL && i < member->n_seats; i++)
                if (seat_topic(roster, &roster_seats(roster, member)[i], member->id, now_ms, other) && strcmp(topic, other) == 0)
                        return true;
        return false;
}

/* Clears or publishes what stands in `from` and not in `to`. Returns whether there was any. */
static bool difference(const Roster *from, const Roster *to, const char *id, int64_t now_ms, bool clear) {
        const RosterMember *member = from != NULL ? roster_find_member(from, id, strlen(id)) : NULL;
        const RosterMember *other = to != NULL ? roster_find_member(to, id, strlen(id)) : NULL;
        bool any = false;
        char topic[TOPIC_MAX + 1];
        for (unsigned i = 0; member != NULL && i < member->n_seats; i++) {
                if (!seat_topic(from, &roster_seats(from, member)[i], id, now_ms, topic) || roster_shows(to, other, now_ms, topic))
                        continue;
                any = true;
                if (clear)
                        outlet_publish(topic, NULL, 0, true, NULL, 0);
        }
        return any;
}

void presence_follow_roster(Plugin *plugin, Area *area, const Roster *next) {
        int64_t now_ms = plugin_now(plugin);
        size_t cursor = 0;
        const char *id;
        for (PresenceMember *presence; (presence = map_next(area->presence, &cursor, &id)) != NULL;) {
                if (presence->n_sessions == 0 && !presence->queued && (next == NULL || roster_find_member(next, id, strlen(id)) == NULL)) {
                        difference(area->roster, NULL, id, now_ms, presence->published);
                        free(map_remove(area->presence, id));
                        continue;
                }
                if (!presence->published)
                        continue;
                difference(area->roster, next, id, now_ms, true);
                if (difference(next, area->roster, id, now_ms, false))
                        publish_state(presence, next, now_ms);
        }
        if (area->roster == NULL)
                area->clear_cursor = 0;
}

/* What the broker kept from before its start, of members who have not come back. A clear where nothing stands costs nothing. */
static void clear_leftovers(Plugin *plugin, Area *area, int64_t now_ms) {
        if (area->roster == NULL || now_ms - plugin->started_ms < LEFTOVERS_AFTER_MS)
                return;
        uint32_t n_members = (uint32_t)roster_count_members(area->roster);
        for (unsigned i = 0; i < LEFTOVERS_PER_TICK && area->clear_cursor < n_members; i++) {
                const RosterMember *member = roster_member_at(area->roster, area->clear_cursor++);
                if (map_find(area->presence, member->id) == NULL)
                        publish_seats(area->roster, member->id, now_ms, NULL, 0);
        }
}

void presence_tick(Plugin *plugin, int64_t now_ms) {
        PresenceQueue *queue = &plugin->presence_queue;
        while (queue->head < queue->n && queue->waiting[queue->head]->due_ms <= now_ms) {
                PresenceMember *presence = queue->waiting[queue->head++];
                presence->queued = false;
                bool connected = presence->n_sessions > 0;
                if (!presence->published || presence->published_state != connected)
                        publish_state(presence, presence->area->roster, now_ms);
        }
        for (size_t i = 0; i < plugin->n_areas; i++)
                clear_leftovers(plugin, &plugin->areas[i], now_ms);
}

void presence_deinit(Plugin *plugin) {
        for (size_t i = 0; i < plugin->n_areas; i++) {
                Area *area = &plugin->areas[i];
                size_t cursor = 0;
                const char *id;
                for (PresenceMember *presence; area->presence != NULL && (presence = map_next(area->presence, &cursor, &id)) != NULL;)
                        free(presence);
                area->presence = map_free(area->presence);
        }
        free(plugin->presence_queue.waiting);
        plugin->presence_queue = (PresenceQueue){0};
}
