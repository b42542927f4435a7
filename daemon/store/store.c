#include "store/store.h"

#include <assert.h>
#include <stdlib.h>

#include "store/memory.h"
#include "store/store_private.h"

Store *store_new(uv_loop_t *loop, const StoreConfig *config, const StoreEvents *events, void *userdata) {
        Store *store = memory_new(sizeof *store);
        store->config = *config;
        store->config.conninfo = memory_string(config->conninfo);
        store->config.area = memory_string(config->area);
        store->events = *events;
        store->userdata = userdata;
        store->n_running = 3;
        writer_init(&store->writer, loop, &store->config, &store->events, userdata);
        reader_init(&store->reader, loop, &store->config, userdata);
        maintainer_init(&store->maintainer, loop, &store->config);
        return store;
}

void store_start(Store *store) {
        assert(!store->started);
        store->started = true;
        writer_start(&store->writer);
        reader_start(&store->reader);
        maintainer_start(&store->maintainer);
}

StoreState store_state(const Store *store) {
        switch (store->writer.state) {
        case WRITER_DOWN:
                return STORE_CONNECTING;
        case WRITER_LOCKING:
                return STORE_WAITING_LOCK;
        case WRITER_CLAIMING:
        case WRITER_LOADING:
                return STORE_LOADING;
        case WRITER_READY:
                return connection_is_open(&store->writer.connection) ? STORE_READY : STORE_CONNECTING;
        case WRITER_FATAL:
        case WRITER_STOPPED:
                break;
        }
        return STORE_STOPPED;
}

const char *store_why(const Store *store) {
        return store->writer.why;
}

void store_reset(Store *store) {
        writer_reset(&store->writer);
}

int64_t store_clock_offset_ms(const Store *store) {
        return store->writer.offset_ms;
}

static void on_part_stopped(void *userdata) {
        Store *store = userdata;
        assert(store->n_running > 0);
        if (--store->n_running > 0)
                return;
        store->stopped = true;
        store->on_closed(store->userdata);
}

void store_stop(Store *store, void (*on_closed)(void *userdata)) {
        assert(!store->stopping && on_closed);
        store->stopping = true;
        store->on_closed = on_closed;
        writer_stop(&store->writer, on_part_stopped, store);
        reader_stop(&store->reader, on_part_stopped, store);
        maintainer_stop(&store->maintainer, on_part_stopped, store);
}

Store *store_free(Store *store) {
        if (!store)
                return NULL;
        assert(store->stopped);
        writer_deinit(&store->writer);
        reader_deinit(&store->reader);
        free((char *)store->config.conninfo);
        free((char *)store->config.area);
        free(store);
        return NULL;
}
