#include "base/reserve.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
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

static void *take(size_t size)
{
    const size_t rounded = (size + _Alignof(max_align_t) - 1) & ~(_Alignof(max_align_t) - 1);
    void *block = NULL;
    pthread_mutex_lock(&lock);
    if (size <= sizeof reserve && rounded <= sizeof reserve - used) {
        block = reserve + used;
        used += rounded;
        blocks++;
    }
    pthread_mutex_unlock(&lock);
    return block;
}

void *mc_reserve_alloc(size_t size)
{
    if (size == 0) {
        size = 1;
    }
    void *block = malloc(size);
    if (block == NULL) {
        block = take(size);
    }
    if (block == NULL) {
        mc_log(MC_LOG_ERROR, "out of memory");
        _exit(EXIT_FAILURE);
    }
    return block;
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
