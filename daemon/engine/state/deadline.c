#include "engine/state/deadline.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "proto/timestamp.h"

#define DAY_MS ((int64_t)24 * 60 * 60 * 1000)

static const char *const timer_names[TIMER_KIND_COUNT] = {
        [TIMER_NONE] = "",
        [TIMER_ACCEPT_YELLOW] = "accept_yellow", [TIMER_START_YELLOW] = "start_yellow",
        [TIMER_FINISH_YELLOW] = "finish_yellow", [TIMER_VERIFY_YELLOW] = "verify_yellow",
        [TIMER_ACCEPT_RED] = "accept_red", [TIMER_START_RED] = "start_red",
        [TIMER_FINISH_RED] = "finish_red", [TIMER_VERIFY_RED] = "verify_red",
        [TIMER_ACCEPT] = "accept", [TIMER_START] = "start", [TIMER_FINISH] = "finish", [TIMER_VERIFY] = "verify",
        [TIMER_RESUME] = "resume", [TIMER_EXPIRE] = "expire", [TIMER_SILENCE] = "silence",
        [TIMER_ROUND] = "round", [TIMER_DUTY] = "duty", [TIMER_CLEAR] = "clear",
};

const char *timer_kind_name(TimerKind kind) {
        assert(kind < TIMER_KIND_COUNT);
        return timer_names[kind];
}

TimerKind timer_kind_parse(const char *name) {
        for (int kind = 1; kind < TIMER_KIND_COUNT; kind++)
                if (strcmp(timer_names[kind], name) == 0)
                        return (TimerKind)kind;
        return TIMER_NONE;
}

bool timer_kind_is_clock(TimerKind kind) {
        return kind >= TIMER_ACCEPT_YELLOW && kind <= TIMER_VERIFY;
}

/* Kept in order of kind, so that equal sets are written equally. */
void timer_set(TimerSet *timers, TimerKind kind, int64_t due) {
        assert(kind > TIMER_NONE && kind < TIMER_KIND_COUNT);
        size_t at = 0;
        while (at < timers->n && timers->items[at].kind < kind)
                at++;
        bool found = at < timers->n && timers->items[at].kind == kind;
        if (due == TIMESTAMP_NONE) {
                if (found) {
                        timers->n--;
                        memmove(&timers->items[at], &timers->items[at + 1], (timers->n - at) * sizeof(Timer));
                }
                return;
        }
        if (!found) {
                assert(timers->n < TIMERS_MAX);
                memmove(&timers->items[at + 1], &timers->items[at], (timers->n - at) * sizeof(Timer));
                timers->n++;
        }
        timers->items[at] = (Timer){.kind = kind, .due = due};
}

int64_t timer_due(const TimerSet *timers, TimerKind kind) {
        for (size_t i = 0; i < timers->n; i++)
                if (timers->items[i].kind == kind)
                        return timers->items[i].due;
        return TIMESTAMP_NONE;
}

bool timer_next(const TimerSet *timers, bool paused, Timer *ret) {
        bool found = false;
        for (size_t i = 0; i < timers->n; i++) {
                if (paused && timer_kind_is_clock(timers->items[i].kind))
                        continue;
                if (!found || timers->items[i].due < ret->due)
                        *ret = timers->items[i];
                found = true;
        }
        return found;
}

cJSON *timers_to_json(const TimerSet *timers) {
        cJSON *json = cJSON_CreateObject();
        for (size_t i = 0; i < timers->n; i++)
                cJSON_AddNumberToObject(json, timer_names[timers->items[i].kind], (double)timers->items[i].due);
        return json;
}

bool timers_patch(TimerSet *timers, const cJSON *patch) {
        if (!cJSON_IsObject(patch))
                return false;
        for (const cJSON *item = patch->child; item != NULL; item = item->next) {
                TimerKind kind = timer_kind_parse(item->string);
                if (kind == TIMER_NONE || !(cJSON_IsNull(item) || cJSON_IsNumber(item)))
                        return false;
                if (cJSON_IsNumber(item) && (item->valuedouble != floor(item->valuedouble) || fabs(item->valuedouble) > 9e15))
                        return false;
                timer_set(timers, kind, cJSON_IsNull(item) ? TIMESTAMP_NONE : (int64_t)item->valuedouble);
        }
        return true;
}

/* A reminder that would come with the work itself reminds of nothing: half way then. */
static int64_t yellow_of(const Calendar *calendar, const Clocks *clocks, const Reminder *remind, bool is_long, int64_t due, int64_t base_ms) {
        static const Span workday = {.workdays = 1, .set = true};
        int64_t yellow = base_ms;
        if (remind->never)
                return TIMESTAMP_NONE;
        if (remind->span.set)
                yellow = calendar_subtract(calendar, due, &remind->span, clocks->hours, base_ms);
        else if (is_long)
                yellow = calendar_subtract(calendar, due, &workday, clocks->hours, base_ms);
        return yellow > base_ms ? yellow : base_ms + (due - base_ms) / 2;
}

static void deadline_cards(const Calendar *calendar, const Clocks *clocks, Clock clock, bool is_long, bool is_day, Deadline *deadline,
                           int64_t base_ms) {
        static const Span workday = {.workdays = 1, .set = true};
        const Reminder *supervise = &clocks->supervise[clock];
        bool beyond = false;
        deadline->yellow = yellow_of(calendar, clocks, &clocks->remind[clock], is_long, deadline->due, base_ms);
        if (supervise->never)
                deadline->red = TIMESTAMP_NONE;
        else if (supervise->span.set)
                deadline->red = calendar_add(calendar, deadline->due, &supervise->span, clocks->hours, &beyond);
        else if (is_day)
                deadline->red = calendar_add(calendar, deadline->due, &workday, clocks->hours, &beyond);
        else
                deadline->red = deadline->due;
}

void deadline_compute(const Calendar *calendar, const Clocks *clocks, Clock clock, int64_t base_ms, Deadline *ret) {
        const Span *span = clocks_span(clocks, clock);
        *ret = (Deadline){.yellow = TIMESTAMP_NONE, .due = TIMESTAMP_NONE, .red = TIMESTAMP_NONE};
        if (!span->set)
                return;
        ret->due = calendar_add(calendar, base_ms, span, clocks->hours, &ret->beyond);
        deadline_cards(calendar, clocks, clock, span->workdays >= 2 || span->ms >= 2 * DAY_MS,
                       span->workdays >= 1 || span->ms >= DAY_MS, ret, base_ms);
}

void deadline_around(const Calendar *calendar, const Clocks *clocks, int64_t base_ms, int64_t due_ms, int64_t now_ms, Deadline *ret) {
        *ret = (Deadline){.due = due_ms};
        deadline_cards(calendar, clocks, CLOCK_FINISH, due_ms - base_ms >= 2 * DAY_MS, due_ms - base_ms >= DAY_MS, ret, base_ms);
        if (ret->yellow != TIMESTAMP_NONE && ret->yellow < now_ms)
                ret->yellow = now_ms;
}
