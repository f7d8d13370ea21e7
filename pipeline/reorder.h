// Results back into frame order: workers finish when they finish.
#pragma once

#include <stdint.h>

#include "base/error.h"

struct pipeline_reorder;

// Room for capacity items that wait for an earlier one. Thread: loop, all of it.
struct pipeline_reorder *pipeline_reorder_create(int capacity, struct mc_error *err) MC_MUST_USE;
void pipeline_reorder_destroy(struct pipeline_reorder *reorder);

// Item number sequence is there. Numbers start at 0, come once each, and are
// less than capacity ahead of the one that is due.
void pipeline_reorder_put(struct pipeline_reorder *reorder, uint64_t sequence, void *item);

// The item that is due, or NULL while it is missing.
void *pipeline_reorder_pop(struct pipeline_reorder *reorder);
