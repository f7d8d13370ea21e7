// Memory blocks that are aligned for the widest vector loads. Any thread.
#pragma once

#include <stddef.h>

#include "base/compiler.h"

enum { MC_ALIGNMENT = 64 }; // bytes: a cache line, and one AVX-512 register

// Allocates size bytes, zeroed, aligned and padded to MC_ALIGNMENT. Returns NULL when there is
// no memory. Free with mc_memory_free.
void *mc_memory_alloc(size_t size) MC_MUST_USE;

// NULL does nothing.
void mc_memory_free(void *block);

// Returns size rounded up to a multiple of MC_ALIGNMENT.
size_t mc_memory_round_up(size_t size);
