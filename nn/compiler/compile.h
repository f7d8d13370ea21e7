// Compiles a graph into a program: folds batch norms into convolutions; fuses bias,
// activations, residual and channel shuffle into the operator before them; turns slices and
// concats into views; packs weights; plans all maps into one arena.
#pragma once

#include "base/error.h"
#include "nn/precision.h"

struct nn_graph;
struct nn_kernels;
struct nn_program;
struct nn_ranges;

struct nn_compile_options {
    enum nn_precision precision; // AUTO is F32
    // For INT8; must be the network's whatever the precision. May be NULL: no map becomes bytes.
    // Borrowed for the call.
    const struct nn_ranges *ranges;
};

// Keeps no reference to the graph or its weights. Returns NULL and sets err on failure: the
// graph's own first error, FORMAT for ranges of another network, or MEMORY. Free with
// nn_program_destroy. Any thread.
struct nn_program *nn_compile(const struct nn_graph *graph, const struct nn_kernels *kernels,
                              const struct nn_compile_options *options,
                              struct mc_error *err) MC_MUST_USE;
