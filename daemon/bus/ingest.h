/*
 * Ingest: what libmosquitto hands over made into a RawMessage: stamp, response topic and correlation taken out of the MQTT 5
 * properties. Judges nothing: how many stamps there were is told, not decided.
 */
#ifndef POLICEGRID_BUS_INGEST_H
#define POLICEGRID_BUS_INGEST_H

#include <mosquitto.h>

#include "proto/message.h"

typedef struct Ingest {
        RawMessage raw;      /* points into the message and into what follows */
        char *stamp;         /* owned; NULL when there is none */
        char *response;      /* owned */
        void *correlation;   /* owned */
} Ingest;

void ingest_init(Ingest *ingest, const struct mosquitto_message *message, const mosquitto_property *properties);
void ingest_deinit(Ingest *ingest);

#endif
