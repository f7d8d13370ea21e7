#include "pipeline/reorder.h"

#include <assert.h>
#include <stdlib.h>

struct pipeline_reorder {
    uint64_t due, capacity;
    void *items[]; // item n at n % capacity
};

struct pipeline_reorder *pipeline_reorder_create(int capacity, struct mc_error *err)
{
    assert(capacity > 0);
    struct pipeline_reorder *reorder =
        calloc(1, sizeof *reorder + (size_t)capacity * sizeof reorder->items[0]);
    if (reorder == NULL) {
        mc_error_set(err, MC_ERROR_MEMORY, 0, "out of memory for putting results in order");
        return NULL;
    }
    reorder->capacity = (uint64_t)capacity;
    return reorder;
}

void pipeline_reorder_destroy(struct pipeline_reorder *reorder)
{
    free(reorder);
}

void pipeline_reorder_put(struct pipeline_reorder *reorder, uint64_t sequence, void *item)
{
    void **slot = &reorder->items[sequence % reorder->capacity];
    assert(sequence >= reorder->due && sequence - reorder->due < reorder->capacity);
    assert(item != NULL && *slot == NULL);
    *slot = item;
}

void *pipeline_reorder_pop(struct pipeline_reorder *reorder)
{
    void **slot = &reorder->items[reorder->due % reorder->capacity];
    void *item = *slot;
    if (item != NULL) {
        *slot = NULL;
        reorder->due++;
    }
    return item;
}
