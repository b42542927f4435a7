/*
 * Document: what an object shows on its retained topics. The same function of a kind tells the topics before a change, the topics
 * and payloads after it (a topic that is gone is cleared), and everything again for a rebuild (I10).
 */
#ifndef POLICEGRID_ENGINE_DOCUMENT_H
#define POLICEGRID_ENGINE_DOCUMENT_H

#include <stdbool.h>

#include "engine/engine.h"
#include "engine/state.h"
#include "proto/text.h"

typedef struct DocumentSink DocumentSink;

/*
 * One retained document of the object on `topic` (its area is filled in). Returns the text to append the JSON payload to, or NULL when
 * only topics are wanted; the text is finished by the next sink_add or by the function's return.
 */
Text *sink_add(DocumentSink *sink, const Topic *topic);
/* The engine whose state the object belongs to. */
const Engine *sink_engine(const DocumentSink *sink);

/* Each kind's; called for live objects only. */
void task_documents(const Task *task, DocumentSink *sink);             /* task_document.c */
void escalation_documents(const Escalation *escalation, DocumentSink *sink); /* escalation_document.c */
void notice_documents(const Notice *notice, DocumentSink *sink);       /* warning.c */
void device_documents(const DeviceStatus *device, DocumentSink *sink); /* device.c */

/* A document that is not retained (gateway/{gateway}/notify), sent once, after the commit of what is being decided. */
void document_send(const Engine *engine, uint64_t seq, const Topic *topic, const char *payload);

#endif
