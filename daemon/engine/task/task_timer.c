/*
 * What a task's timers do: yellow and red cards, the ladder, the end of a suspension, expiry. The timer has been taken off already.
 */
#include <assert.h>

#include "engine/internal.h"
#include "engine/task/task.h"
#include "engine/task/work.h"

static void fire_card(Decision *decision, const Task *task, Card card, TimerKind clock) {
        if (task->card >= card)
                return;
        TaskChange change;
        task_change_start(&change, decision, task, card_name(card));
        task_change_text(&change, "card", card_name(card));
        task_change_text(&change, "card_clock", clock_name(clock));
        task_change_commit(&change);
}

static void fire_ladder(Decision *decision, const Task *task, TimerKind clock, unsigned after) {
        if (*task->escalation != '\0')
                return; /* it is above already; that rung has clocks of its own */
        EscalationCall call = {.cause = clock_name(clock), .after = after, .reason = "", .note = ""};
        escalation_open(decision, task, &call);
}

static void fire_resume(Decision *decision, const Task *task) {
        TaskChange change;
        task_change_start(&change, decision, task, "resume");
        task_change_resume(&change);
        task_change_commit(&change);
}

static void fire_expire(Decision *decision, const Task *task) {
        TaskChange change;
        task_change_start(&change, decision, task, "expire");
        task_change_end(&change, TASK_STATE_EXPIRED, "expired");
        task_change_commit(&change);
        escalation_withdraw(decision, task, "expired");
        work_ended(decision, task, "expired");
}

void task_fire(Decision *decision, Task *task, TimerKind kind) {
        switch (kind) {
        case TIMER_ACCEPT_YELLOW:
        case TIMER_START_YELLOW:
        case TIMER_FINISH_YELLOW:
        case TIMER_VERIFY_YELLOW:
                return fire_card(decision, task, CARD_YELLOW, (TimerKind)(TIMER_ACCEPT + (kind - TIMER_ACCEPT_YELLOW)));
        case TIMER_ACCEPT_RED:
        case TIMER_START_RED:
        case TIMER_FINISH_RED:
        case TIMER_VERIFY_RED:
                return fire_card(decision, task, CARD_RED, (TimerKind)(TIMER_ACCEPT + (kind - TIMER_ACCEPT_RED)));
        case TIMER_ACCEPT:
                return fire_ladder(decision, task, kind, AFTER_ACCEPT);
        case TIMER_START:
                return fire_ladder(decision, task, kind, AFTER_START);
        case TIMER_FINISH:
                return fire_ladder(decision, task, kind, AFTER_FINISH);
        case TIMER_VERIFY:
                return fire_ladder(decision, task, kind, AFTER_VERIFY);
        case TIMER_RESUME:
                return fire_resume(decision, task);
        case TIMER_EXPIRE:
                return fire_expire(decision, task);
        case TIMER_CLEAR:
                return; /* the fact `clear` has done it */
        case TIMER_NONE:
        case TIMER_SILENCE:
        case TIMER_ROUND:
        case TIMER_DUTY:
        case TIMER_KIND_COUNT:
                assert(!"a task has this timer");
        }
}
