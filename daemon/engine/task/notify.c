#include "engine/task/notify.h"

#include <stdio.h>
#include <string.h>

#include "engine/document/document.h"
#include "engine/internal.h"
#include "engine/organisation/calendar.h"
#include "engine/shift/shift.h"
#include "engine/task/task.h"

#define NOTIFIED_MAX 20 /* members of one unit for one alert */

/* Work whose clocks rest outside day hours can wait until they run again. */
static bool work_rests(const Decision *decision, const Task *task) {
        Clocks clocks;
        task_clocks(decision->state, task, &clocks);
        return clocks.hours == HOURS_DAY && calendar_next_open(task_calendar(decision->state, &clocks), decision->at) > decision->at;
}

static bool seat_keeps_watch(const Seat *seat) { return strncmp(seat->position, "duty", strlen("duty")) == 0; }

/*
 * While the unit's shift runs, only its people are called: whoever is off duty sleeps. Without one, for work that rests at that hour only
 * those whose position is a watch (duty_officer); the others find it in the morning.
 */
static bool is_called(const Decision *decision, const Member *member, const Unit *unit, bool rests) {
        const Seat *seat = member_seat(member, unit, decision->at);
        if (seat == NULL || seat->role < ROLE_COMMANDER || seat->role > ROLE_GRID_WORKER)
                return false;
        if (shift_of_unit(decision->state, unit, decision->at) == NULL)
                return !rests || seat_keeps_watch(seat);
        return member_is_on_duty(decision->state, member, unit, decision->at);
}

static void notify_members(Decision *decision, const Member *gateway, const Unit *unit, const Task *task, const char *channel,
                           uint32_t level) {
        Topic topic = {.kind = TOPIC_NOTIFY};
        size_t cursor = 0, n = 0;
        bool rests = work_rests(decision, task);
        snprintf(topic.name, sizeof topic.name, "%s", gateway->id);
        for (const Member *member; n < NOTIFIED_MAX &&
             (member = unit_next_member(decision_organisation(decision), unit, &cursor)) != NULL;) {
                if (!is_called(decision, member, unit, rests))
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
