// Puts results back into frame order, because workers finish in any order.
#pragma once

#include <stdint.h>

#include "base/error.h"

struct pipeline_reorder;

// Room for capacity items that wait for an earlier one. Returns NULL and sets err when
// out of memory. Thread: loop, for all functions.
struct pipeline_reorder *pipeline_reorder_create(int capacity, struct mc_error *err) MC_MUST_USE;
void pipeline_reorder_destroy(struct pipeline_reorder *reorder);

// Stores item number sequence. Numbers start at 0, come once each, and are less than
// capacity ahead of the item that is due.
void pipeline_reorder_put(struct pipeline_reorder *reorder, uint64_t sequence, void *item);

// Takes the item that is due, or returns NULL while it is missing.
void *pipeline_reorder_pop(struct pipeline_reorder *reorder);
