/*
 * Heap: the next timer of every object, ordered by (due, kind, id), so that equal instants fire in the same order after a restart.
 * Each object knows its place, so that a change moves it in O(log n). What was put off stands where it may fire, its due time unchanged.
 */
#include "engine/state/state_batch.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

typedef struct HeapItem { int64_t at; Timer timer; Object *object; } HeapItem;

struct Heap {
        HeapItem *items;
        size_t n, capacity;
};

Heap *heap_new(void) {
        Heap *heap = calloc(1, sizeof *heap);
        if (heap == NULL)
                abort();
        return heap;
}

Heap *heap_free(Heap *heap) {
        if (heap != NULL)
                free(heap->items);
        free(heap);
        return NULL;
}

static bool item_precedes(const HeapItem *a, const HeapItem *b) {
        if (a->at != b->at)
                return a->at < b->at;
        if (a->timer.kind != b->timer.kind)
                return a->timer.kind < b->timer.kind;
        int order = strcmp(object_id(a->object), object_id(b->object));
        return order != 0 ? order < 0 : a->object->kind < b->object->kind;
}

static void heap_place(Heap *heap, size_t at, HeapItem item) {
        heap->items[at] = item;
        item.object->heap_at = at + 1;
}

static void heap_up(Heap *heap, size_t at) {
        HeapItem item = heap->items[at];
        while (at > 0 && item_precedes(&item, &heap->items[(at - 1) / 2])) {
                heap_place(heap, at, heap->items[(at - 1) / 2]);
                at = (at - 1) / 2;
        }
        heap_place(heap, at, item);
}

static void heap_down(Heap *heap, size_t at) {
        HeapItem item = heap->items[at];
        for (;;) {
                size_t child = 2 * at + 1;
                if (child >= heap->n)
                        break;
                if (child + 1 < heap->n && item_precedes(&heap->items[child + 1], &heap->items[child]))
                        child++;
                if (!item_precedes(&heap->items[child], &item))
                        break;
                heap_place(heap, at, heap->items[child]);
                at = child;
        }
        heap_place(heap, at, item);
}

static void heap_remove(Heap *heap, Object *object) {
        size_t at = object->heap_at - 1;
        object->heap_at = 0;
        heap->n--;
        if (at == heap->n)
                return;
        heap_place(heap, at, heap->items[heap->n]);
        heap_up(heap, at);
        heap_down(heap, heap->items[at].object->heap_at - 1);
}

static bool object_is_paused(const Object *object) {
        return object->kind == OBJECT_TASK && ((const Task *)(const void *)object)->state == TASK_STATE_SUSPENDED;
}

void heap_update(Heap *heap, Object *object, bool remove) {
        Timer next;
        if (remove || !object->live || !timer_next(&object->timers, object_is_paused(object), &next)) {
                if (object->heap_at != 0)
                        heap_remove(heap, object);
                return;
        }
        int64_t at_ms = next.due < object->put_off ? object->put_off : next.due;
        if (object->heap_at == 0) {
                if (heap->n == heap->capacity) {
                        heap->capacity = heap->capacity == 0 ? 64 : heap->capacity * 2;
                        heap->items = realloc(heap->items, heap->capacity * sizeof(HeapItem));
                        if (heap->items == NULL)
                                abort();
                }
                heap->items[heap->n] = (HeapItem){.at = at_ms, .timer = next, .object = object};
                object->heap_at = ++heap->n;
                heap_up(heap, heap->n - 1);
                return;
        }
        size_t at = object->heap_at - 1;
        heap->items[at].timer = next;
        heap->items[at].at = at_ms;
        heap_up(heap, at);
        heap_down(heap, object->heap_at - 1);
}

Object *heap_first(const Heap *heap, Timer *ret, int64_t *ret_at) {
        if (heap->n == 0)
                return NULL;
        *ret = heap->items[0].timer;
        *ret_at = heap->items[0].at;
        return heap->items[0].object;
}
