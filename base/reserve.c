#include "base/reserve.h"

#include <malloc.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; // guards all below
static _Alignas(max_align_t) unsigned char reserve[MC_RESERVE_BYTES];
static size_t used; // bytes from the start
static int blocks;  // that are not freed

static bool is_in_reserve(const void *block)
{
    const uintptr_t at = (uintptr_t)block, start = (uintptr_t)reserve;
    return at >= start && at < start + sizeof reserve;
}

struct block {
    _Alignas(max_align_t) size_t size;
    _Alignas(max_align_t) unsigned char bytes[];
};

static void *take(size_t size)
{
    struct block *block = NULL;
    pthread_mutex_lock(&lock);
    const size_t left = sizeof reserve - used;
    if (left >= sizeof *block && size <= left - sizeof *block) {
        block = (struct block *)(void *)(reserve + used);
        block->size = size;
        const size_t whole = sizeof *block + size;
        const size_t rounded = (whole + _Alignof(max_align_t) - 1) & ~(_Alignof(max_align_t) - 1);
        used += rounded < left ? rounded : left;
        blocks++;
    }
    pthread_mutex_unlock(&lock);
    if (block == NULL) {
        mc_log(MC_LOG_ERROR, "out of memory");
        _exit(EXIT_FAILURE);
    }
    return block->bytes;
}

static size_t block_size(void *block)
{
    const unsigned char *bytes = block;
    return is_in_reserve(block)
               ? ((const struct block *)(const void *)(bytes - offsetof(struct block, bytes)))->size
               : malloc_usable_size(block);
}

void *mc_reserve_alloc(size_t size)
{
    void *block = malloc(size == 0 ? 1 : size);
    if (block == NULL) {
        block = take(size);
    }
    return block;
}

void *mc_reserve_calloc(size_t count, size_t size)
{
    void *block = calloc(count == 0 ? 1 : count, size == 0 ? 1 : size);
    if (block == NULL) {
        size_t bytes;
        block = take(__builtin_mul_overflow(count, size, &bytes) ? SIZE_MAX : bytes);
        memset(block, 0, bytes);
    }
    return block;
}

void *mc_reserve_realloc(void *block, size_t size)
{
    if (block == NULL) {
        return mc_reserve_alloc(size);
    }
    if (!is_in_reserve(block)) {
        void *grown = realloc(block, size == 0 ? 1 : size);
        if (grown != NULL) {
            return grown;
        }
    }
    void *moved = mc_reserve_alloc(size);
    const size_t before = block_size(block);
    memcpy(moved, block, before < size ? before : size);
    mc_reserve_free(block);
    return moved;
}

void mc_reserve_free(void *block)
{
    if (!is_in_reserve(block)) {
        free(block);
        return;
    }
    pthread_mutex_lock(&lock);
    if (--blocks == 0) {
        used = 0;
    }
    pthread_mutex_unlock(&lock);
}
