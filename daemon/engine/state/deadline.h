/*
 * Deadline: the clocks of tasks, escalations, warnings and devices. A clock is a due time with up to three timers: yellow before
 * it, the ladder at it, red after it. Timers sit in their object (and so in its row and its undo); a heap ordered by
 * (due, kind, id) finds the next. Event time of a timer is its due time, and what it starts counts from there (I9).
 */
#ifndef POLICEGRID_ENGINE_DEADLINE_H
#define POLICEGRID_ENGINE_DEADLINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cjson/cJSON.h>

#include "engine/playbook/playbook.h"

/* In the order in which they fire at the same instant: yellow, red, ladder, the rest. */
typedef enum TimerKind {
        TIMER_NONE = 0,
        TIMER_ACCEPT_YELLOW, TIMER_START_YELLOW, TIMER_FINISH_YELLOW, TIMER_VERIFY_YELLOW,
        TIMER_ACCEPT_RED, TIMER_START_RED, TIMER_FINISH_RED, TIMER_VERIFY_RED,
        TIMER_ACCEPT, TIMER_START, TIMER_FINISH, TIMER_VERIFY, /* the deadline itself: up the ladder */
        TIMER_RESUME,   /* end of a suspension */
        TIMER_EXPIRE,   /* of a warning, or of a task that lives no longer than its warning */
        TIMER_SILENCE,  /* a device was not heard of for too long */
        TIMER_ROUND,    /* a duty's round ends; before the next one of the same instant begins */
        TIMER_DUTY,     /* a duty's next occurrence */
        TIMER_CLEAR,    /* the final document leaves the broker */
        TIMER_KIND_COUNT
} TimerKind;
#define TIMERS_MAX 16

typedef struct Timer { TimerKind kind; int64_t due; } Timer;
typedef struct TimerSet {
        Timer items[TIMERS_MAX];
        uint8_t n;
} TimerSet;

const char *timer_kind_name(TimerKind kind);
TimerKind timer_kind_parse(const char *name);  /* TIMER_NONE when unknown */
/* A clock's timers stand still while its task is suspended; the others run on. */
bool timer_kind_is_clock(TimerKind kind);

/* Replaces the timer of that kind; TIMESTAMP_NONE removes it. Apply functions only. */
void timer_set(TimerSet *timers, TimerKind kind, int64_t due);
int64_t timer_due(const TimerSet *timers, TimerKind kind); /* TIMESTAMP_NONE when not set */
/* The next one to fire; clocks are passed over when `paused`. False when none. */
bool timer_next(const TimerSet *timers, bool paused, Timer *ret);
/* {"accept_yellow": Unix ms, …}; a patch sets (number) or removes (null) kind by kind. Returns false when it is no such object. */
cJSON *timers_to_json(const TimerSet *timers);
bool timers_patch(TimerSet *timers, const cJSON *patch);

/* One clock, resolved. TIMESTAMP_NONE for a card that is never shown. */
typedef struct Deadline { int64_t yellow, due, red; bool beyond; /* the limit lies past the loaded calendar */ } Deadline;
/*
 * The clock's span after `base_ms` by the clocks' hours and calendar; all TIMESTAMP_NONE when that clock does not run. Yellow is `remind`
 * before (default one working day; half way for a clock shorter than two working days, and where `remind` is as long as the clock), red
 * `supervise` after (default one working day after clocks of at least one working day, else at the deadline itself): practice of
 * provincial hotlines, DOMAIN.md.
 */
void deadline_compute(const Calendar *calendar, const Clocks *clocks, Clock clock, int64_t base_ms, Deadline *ret);
/* The handling clock's cards around a deadline that was set by hand (an extension); a yellow one that is past comes at `now_ms`. */
void deadline_around(const Calendar *calendar, const Clocks *clocks, int64_t base_ms, int64_t due_ms, int64_t now_ms, Deadline *ret);

#endif
