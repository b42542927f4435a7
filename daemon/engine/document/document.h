/*
 * Document: what an object shows on its retained topics. The same function of a kind tells the topics before a change, the topics
 * and payloads after it (a topic that is gone is cleared), and everything again for a rebuild (I10).
 */
#ifndef POLICEGRID_ENGINE_DOCUMENT_H
#define POLICEGRID_ENGINE_DOCUMENT_H

#include <stdbool.h>

#include "engine/engine.h"
#include "engine/state/state.h"
#include "proto/text.h"

typedef struct DocumentSink DocumentSink;

/*
 * One retained document of the object on `topic` (its area is filled in). Returns the text to append the JSON payload to, or NULL when
 * only topics are wanted; the text is finished by the next sink_add or by the function's return.
 */
Text *sink_add(DocumentSink *sink, const Topic *topic);
/* The engine whose state the object belongs to. */
const Engine *sink_engine(const DocumentSink *sink);
/* The organisation that topics are to be made by: that before the batch while its topics are told. */
const Organisation *sink_organisation(const DocumentSink *sink);

/* The text of a tree that many documents of one batch carry, printed once; valid until the next call. */
const char *sink_json(DocumentSink *sink, const cJSON *value);

/* Each kind's; called for live objects only. */
void task_documents(const Task *task, DocumentSink *sink);             /* task_document.c */
void escalation_documents(const Escalation *escalation, DocumentSink *sink); /* escalation_document.c */
void notice_documents(const Notice *notice, DocumentSink *sink);       /* warning.c */
void device_documents(const DeviceStatus *device, DocumentSink *sink); /* device.c */

/* A document that is not retained (gateway/{gateway}/notify), sent once, after the commit. Its place among others is by `seq`. */
void document_send(Engine *engine, uint64_t seq, const Topic *topic, const char *payload);

/* ---- writing JSON objects; a comma comes by itself ---- */
void document_open(Text *text, const char *name, char bracket);  /* name NULL within arrays and at the top; bracket { or [ */
void document_close(Text *text, char bracket);                   /* } or ] */
void document_string(Text *text, const char *name, const char *value);  /* nothing for NULL or "" */
void document_int(Text *text, const char *name, int64_t value);
void document_bool(Text *text, const char *name, bool value);
void document_time(Text *text, const char *name, int64_t ms, int offset_minutes); /* nothing for TIMESTAMP_NONE */
void document_json(Text *text, const char *name, const cJSON *value);   /* nothing for NULL */
void document_raw(Text *text, const char *name, const char *json);      /* nothing for NULL */

/* ---- the engine's side ---- */
/*
 * Documents of what has changed (clearing topics that are gone) or of everything that is live; appended to *ret. `seq`: of what moved
 * with a change of the organisation.
 */
void documents_of_changes(Engine *engine, uint64_t seq, Documents *ret);
void documents_of_state(Engine *engine, Documents *ret);
bool documents_expect(const Engine *engine, const Topic *topic);
/* Appends one; takes `payload` over. */
Document *documents_add(Documents *documents, uint64_t seq, const Topic *topic, char *payload, size_t n_payload, bool retain);
/* Forgets all but the first n. */
void documents_cut(Documents *documents, size_t n);
/* Moves the documents of `from` to the end of `to`. */
void documents_append(Documents *to, Documents *from);
/* By seq, else as they were added. */
void documents_sort(Documents *documents);

#endif
