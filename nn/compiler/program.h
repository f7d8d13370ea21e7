// A program: the steps that compute a graph, with all their constants and the layout of
// their maps. Made by nn_compile and immutable afterwards, so all threads share one. Each
// run works in an arena of its own.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "nn/kernels/kernels.h"
#include "nn/tensor.h"

// Where a map lies in the arena: an nn_tensor with an offset in place of a pointer. Strides
// of 0 broadcast one pixel.
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
    char name[96]; // of its first operator, for reports
    struct nn_view in, out;
    struct nn_view second; // MULTIPLY, SCALE: factor; SHUFFLE: odd channels; UNPOOL: index
    struct nn_view residual, partner;
    bool has_residual, has_partner, partner_first;
    struct nn_conv conv;         // CONV, DEPTHWISE
    struct nn_pool pool;         // pools; ANTIALIAS: its stride
    struct nn_epilogue epilogue; // COMBINE, MAX_POOL
    uint64_t macs;               // multiply-adds
};

struct nn_program {
    struct nn_kernels kernels;
    struct nn_step *steps;
    int step_count;
    struct nn_view input;
    struct nn_view *outputs; // in the order of nn_graph_output
    int output_count;
    // Maps, and scratch for one part. Each further part that runs concurrently needs another
    // scratch_floats.
    size_t arena_floats;
    size_t scratch_offset; // floats
    size_t scratch_floats; // per part
    size_t weight_floats;  // packed weights and other constants
    uint64_t macs;
    float **blocks; // the constants; owned
    int block_count;
    struct nn_tap *taps; // of all convolutions; owned
};

// NULL does nothing.
void nn_program_destroy(struct nn_program *program);

// The tensor for a view in this arena.
struct nn_tensor nn_view_tensor(const struct nn_view *view, float *arena);

// Runs all steps on the caller's thread. Reads the input's view and leaves the results in
// the outputs' views. Neither allocates nor fails. Thread: the arena's user.
void nn_program_run(const struct nn_program *program, float *arena);

// Runs one of several parts of a step: an equal share of its rows. Parts may run
// concurrently; all must have finished before the next step starts.
void nn_program_run_step(const struct nn_program *program, const struct nn_step *step, float *arena,
                         int part, int parts);
