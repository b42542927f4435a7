/*
 * What a Store is made of. Private to the store.
 */
#ifndef POLICEGRID_STORE_STORE_PRIVATE_H
#define POLICEGRID_STORE_STORE_PRIVATE_H

#include "store/maintain.h"
#include "store/query.h"
#include "store/writer.h"

struct Store {
        StoreConfig config;      /* its texts are owned */
        StoreEvents events;
        void *userdata;
        Writer writer;
        Reader reader;
        Maintainer maintainer;
        unsigned n_running;      /* of the three, not yet stopped */
        bool started;
        bool stopping, stopped;
        void (*on_closed)(void *userdata);
};

#endif
