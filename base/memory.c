#include "base/memory.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

size_t mc_memory_round_up(size_t size)
{
    return (size + MC_ALIGNMENT - 1) / MC_ALIGNMENT * MC_ALIGNMENT;
}

void *mc_memory_alloc(size_t size)
{
    if (size > SIZE_MAX - MC_ALIGNMENT) {
        return NULL;
    }
    size_t rounded = size == 0 ? MC_ALIGNMENT : mc_memory_round_up(size);
    void *block = aligned_alloc(MC_ALIGNMENT, rounded);
    if (block != NULL) {
        memset(block, 0, rounded);
    }
    return block;
}

void mc_memory_free(void *block)
{
    free(block);
}
