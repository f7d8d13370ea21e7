// An allocator that goes on when memory ends, for libraries that do not: jansson asserts, libuv
// aborts.
//
// What the system has no memory for comes from a reserve of MC_RESERVE_BYTES, enough for any
// request of the protocol; it is whole again once all of it is freed. When that is used up, too,
// the process logs an error and exits. Any thread.
#pragma once

#include <stddef.h>

enum { MC_RESERVE_BYTES = 1 << 20 };

// As malloc, calloc, realloc and free, but never return NULL.
void *mc_reserve_alloc(size_t size);
void *mc_reserve_calloc(size_t count, size_t size);
void *mc_reserve_realloc(void *block, size_t size);
void mc_reserve_free(void *block);
