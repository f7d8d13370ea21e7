// Compares networks with vectors from other implementations.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "nn/tensor.h"

struct nn_backbone;
struct nn_graph;
struct nn_program;
struct nn_weight;
struct nn_weights;

// Opens a file of vectors. Returns NULL, having printed a message, if it doesn't exist (then
// skip the test); any other failure fails the test.
struct nn_weights *golden_open(const char *path);

// A tensor of the file; fails the test if there is none.
const struct nn_weight *golden_get(const struct nn_weights *file, const char *name);

// Copies channels x height x width numbers into a map, which is height x width x channels.
void golden_fill(const struct nn_tensor *map, const float *planar);

// Fails the test unless map equals want ([1,]channels x height x width): no number may differ
// by more than tolerance times the largest one, or by more than floor, whichever is larger.
// Prints the largest difference.
void golden_compare(const char *name, const struct nn_tensor *map, const struct nn_weight *want,
                    double tolerance, double floor);

// A compiled backbone, its output resized to the input's size if smaller.
struct golden_net {
    struct nn_graph *graph;
    struct nn_program *program;
    float *arena;
};

// Fails the test on errors. With blocks, every block's map is a result as well, before the
// last.
struct golden_net golden_net_create(const struct nn_backbone *backbone, struct nn_weights *weights,
                                    int height, int width, int features, bool blocks,
                                    unsigned cpu_flags);
void golden_net_run(struct golden_net *net, const float *planar);
struct nn_tensor golden_net_output(const struct golden_net *net, int index);
void golden_net_destroy(struct golden_net *net);

// Calls check with the flags of every instruction set that this processor has.
void golden_each_level(void (*check)(unsigned cpu_flags));
