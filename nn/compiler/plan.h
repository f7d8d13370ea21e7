// The arena plan: where each feature map is stored. Maps whose lifetimes don't overlap share
// memory.
#pragma once

#include <stddef.h>

struct nn_span {
    size_t floats; // a multiple of the alignment
    int first;     // the step that writes it first; -1: before the first step
    int last;      // the last step that reads or writes it
    size_t offset; // set by nn_plan; floats
};

// Places all spans such that no two that are alive at the same step overlap. Returns the
// arena's size in floats, or SIZE_MAX when out of memory. Any thread.
size_t nn_plan(struct nn_span *spans, int count);
