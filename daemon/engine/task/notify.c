#include "engine/task/notify.h"

#include <stdio.h>

#include "engine/document/document.h"
#include "engine/internal.h"
#include "engine/shift/shift.h"

#define NOTIFIED_MAX 20 /* members of one unit for one alert */

/* While the unit's shift runs, only its people are called: whoever is off duty sleeps. */
static bool is_called(const State *state, const Member *member, const Unit *unit, int64_t at) {
        const Seat *seat = member_seat(member, unit, at);
        return seat != NULL && seat->role >= ROLE_COMMANDER && seat->role <= ROLE_GRID_WORKER && member_is_on_duty(state, member, unit, at);
}

static void notify_members(Decision *decision, const Member *gateway, const Unit *unit, const Task *task, const char *channel,
                           uint32_t level) {
        Topic topic = {.kind = TOPIC_NOTIFY};
        size_t cursor = 0, n = 0;
        snprintf(topic.name, sizeof topic.name, "%s", gateway->id);
        for (const Member *member; n < NOTIFIED_MAX &&
             (member = unit_next_member(decision_organisation(decision), unit, &cursor)) != NULL;) {
                if (!is_called(decision->state, member, unit, decision->at))
                        continue;
                Text text = {0};
                document_open(&text, NULL, '{');
                document_string(&text, "member", member->id);
                document_int(&text, "level", level);
                document_string(&text, "number", task->number);
                document_string(&text, "channel", channel);
                document_close(&text, '}');
                document_send(decision->engine, decision->seq, &topic, text_string(&text));
                text_deinit(&text);
                n++;
        }
}

void notify_unit(Decision *decision, const Unit *unit, const Task *task, const char *channel, uint32_t level) {
        const Organisation *organisation = decision_organisation(decision);
        size_t cursor = 0;
        for (const Member *member; (member = organisation_next_member(organisation, &cursor)) != NULL;)
                if (member_has_role(member, ROLE_GATEWAY, decision->at))
                        notify_members(decision, member, unit_worker(unit), task, channel, level);
}
