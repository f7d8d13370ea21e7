// A program: the steps that compute a graph, with all that they need laid out.
// Made by nn_compile, never changed afterwards: all threads share one. Each run
// works in an arena of its own, so a program is re-entrant.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "nn/kernels/kernels.h"
#include "nn/tensor.h"

// Where a map lies in the arena: as nn_tensor, with an offset for its data.
// Strides of 0 repeat one pixel.
struct nn_view {
    size_t offset; // bytes from the arena's start
    int height, width, channels;
    size_t pixel_stride, row_stride; // numbers
    enum nn_type type;
    float scale; // U8
};

enum nn_step_kind {
    NN_STEP_CONV,
    NN_STEP_DEPTHWISE,
    NN_STEP_COMBINE,
    NN_STEP_MAX_POOL,
    NN_STEP_AVERAGE_POOL,
    NN_STEP_POOL_INDEX,
    NN_STEP_UNPOOL,
    NN_STEP_GLOBAL_POOL,
    NN_STEP_BILINEAR,
    NN_STEP_NEAREST,
    NN_STEP_ANTIALIAS,
    NN_STEP_SIGMOID,
    NN_STEP_MULTIPLY,
    NN_STEP_SCALE,
    NN_STEP_SHUFFLE,
};

struct nn_step {
    enum nn_step_kind kind;
    char name[96];          // of the first operator in it, for people
    struct nn_view in, out; //
    struct nn_view second;  // MULTIPLY, SCALE: factor; SHUFFLE: odd channels; UNPOOL: index
    struct nn_view residual, partner;
    bool has_residual, has_partner, partner_first;
    struct nn_conv conv;       // CONV, DEPTHWISE
    struct nn_pool pool;       // pools; ANTIALIAS: its stride
    struct nn_epilogue finish; // COMBINE, MAX_POOL
    uint64_t macs;             // multiply-adds
};

struct nn_program {
    struct nn_kernels kernels;
    struct nn_step *steps;
    int step_count;
    struct nn_view input;
    struct nn_view *outputs; // in the order of nn_graph_output
    int output_count;
    size_t arena_floats;   // maps and scratch for one part; more parts want scratch_floats each
    size_t scratch_offset; // floats
    size_t scratch_floats; // of each part
    size_t weight_floats;  // packed
    uint64_t macs;
    float **blocks; // packed weights and constants; owned
    int block_count;
    struct nn_tap *taps; // of all convolutions; owned
};

void nn_program_destroy(struct nn_program *program);

// The view of a map in this arena.
struct nn_tensor nn_view_tensor(const struct nn_view *view, float *arena);

// Runs all steps. The input must be in place; results are in the outputs' views.
// Neither allocates nor fails.
void nn_program_run(const struct nn_program *program, float *arena);

// Runs part `part` of `parts` of one step: a share of its rows. The parts may run
// at the same time; all must be done before the next step begins.
void nn_program_run_step(const struct nn_program *program, const struct nn_step *step, float *arena,
                         int part, int parts);
