// Comparing networks with vectors that others computed.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "nn/tensor.h"

struct nn_backbone;
struct nn_graph;
struct nn_program;
struct nn_weight;
struct nn_weights;

// The file, or NULL with a message when it is not there (then skip the test);
// any other failure ends the test.
struct nn_weights *golden_open(const char *path);

// A tensor of the file; a missing one ends the test.
const struct nn_weight *golden_get(const struct nn_weights *file, const char *name);

// Copies channels x height x width numbers into a map.
void golden_fill(const struct nn_tensor *map, const float *planar);

// Ends the test unless map equals want ([1,]channels x height x width): no
// number may differ by more than tolerance times the largest one, or by more
// than floor. Prints the largest difference.
void golden_compare(const char *name, const struct nn_tensor *map, const struct nn_weight *want,
                    double tolerance, double floor);

// A backbone, resized to the input's size where it is smaller.
struct golden_net {
    struct nn_graph *graph;
    struct nn_program *program;
    float *arena;
};

// Wants it to succeed. With blocks, every block's map is a result as well, before the last.
struct golden_net golden_net_create(const struct nn_backbone *backbone, struct nn_weights *weights,
                                    int height, int width, int features, bool blocks,
                                    unsigned cpu_flags);
void golden_net_run(struct golden_net *net, const float *planar);
struct nn_tensor golden_net_output(const struct golden_net *net, int index);
void golden_net_destroy(struct golden_net *net);

// Calls check with the flags of every level that this processor has.
void golden_each_level(void (*check)(unsigned cpu_flags));
