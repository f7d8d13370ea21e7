// Where each feature map lives in the arena: maps whose lives don't overlap
// share memory.
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct nn_span {
    size_t floats; // a multiple of the alignment
    int first;     // the step that writes it first; -1: before all steps
    int last;      // the last step that reads or writes it
    size_t offset; // the answer, floats
};

// Sets every span's offset so that no two spans that live at the same step
// overlap. Returns how many floats that takes; SIZE_MAX when there is no memory.
size_t nn_plan(struct nn_span *spans, int count);
