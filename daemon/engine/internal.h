/*
 * Internal: what the modules of the engine need of each other beyond engine.h. Not for other rooms.
 */
#ifndef POLICEGRID_ENGINE_INTERNAL_H
#define POLICEGRID_ENGINE_INTERNAL_H

#include "engine/decision.h"
#include "engine/engine.h"
#include "engine/state/state.h"

typedef struct Status Status;

const char *engine_area(const Engine *engine);
const EngineConfig *engine_config(const Engine *engine);
State *engine_state(const Engine *engine);
Status *engine_status(const Engine *engine);

/*
 * A decision of the daemon's own (a file it was given, SIGHUP), inside a batch: an event of kind `daemon` when facts came of it.
 * CODE_NONE, or the handler's rejection with its detail.
 */
typedef void EngineRun(Decision *decision, void *argument);
Code engine_run(Engine *engine, int64_t at_ms, EngineRun *run, void *argument, char *ret_detail, size_t n_detail);

/* Timers that have come due; the timer is already taken off the object. Owners of the kinds implement these. */
void task_fire(Decision *decision, Task *task, TimerKind kind);
void escalation_fire(Decision *decision, Escalation *escalation, TimerKind kind);
void warning_fire(Decision *decision, Warning *warning, TimerKind kind);       /* warning.c */
void device_fire(Decision *decision, DeviceStatus *device, TimerKind kind);    /* device.c */
void contact_fire(Decision *decision, Contact *contact, TimerKind kind); /* privacy/contact.c */
void redemption_fire(Decision *decision, Redemption *redemption, TimerKind kind); /* points/redemption.c */
void duty_fire(Decision *decision, Duty *duty, TimerKind kind);                /* duty.c */

/* Rows of a joint task's participants (task_document.c). */
void task_write_parts(const Task *task, const char *area, Rows *rows);

/* Counters and lists (status.c): told of every committed change; `before` NULL = made, `after` NULL = left memory. */
Status *status_new(void);
Status *status_free(Status *status);
void status_note(Status *status, const Object *before, const Object *after);

#endif
