// Turns a graph into a program: batch norm folded into convolutions; bias,
// residual, ReLU and channel shuffle fused into the operator before them; slices
// and concats made views; weights packed; maps planned into one arena.
#pragma once

#include "base/error.h"
#include "nn/precision.h"

struct nn_graph;
struct nn_kernels;
struct nn_program;
struct nn_weights;

struct nn_compile_options {
    enum nn_precision precision; // not AUTO
    // INT8: holds "range.<step>", the largest value that each step writes. Steps
    // without one stay float32. Borrowed for the call; else NULL.
    const struct nn_weights *ranges;
};

// Needs nothing of the graph or its weights afterwards. NULL and err on
// failure, which is the graph's own first, or memory.
struct nn_program *nn_compile(const struct nn_graph *graph, const struct nn_kernels *kernels,
                              const struct nn_compile_options *options,
                              struct mc_error *err) MC_MUST_USE;
