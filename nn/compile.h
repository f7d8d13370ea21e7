// Turns a graph into a program: batch norm folded into convolutions; bias,
// residual, ReLU and channel shuffle fused into the operator before them; slices
// and concats made views; weights packed; maps planned into one arena.
#pragma once

#include "base/error.h"

struct nn_graph;
struct nn_kernels;
struct nn_program;

// Needs nothing of the graph or its weights afterwards. NULL and err on
// failure, which is the graph's own first, or memory.
struct nn_program *nn_compile(const struct nn_graph *graph, const struct nn_kernels *kernels,
                              struct mc_error *err) MC_MUST_USE;
