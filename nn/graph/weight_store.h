// How weights are kept. Of use to weights.c and safetensors.c alone.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "nn/graph/weights.h"

// Numbers in one tensor, so that no product of sizes overflows.
#define NN_WEIGHT_COUNT_MAX (INT64_C(1) << 30)

struct nn_weight_entry {
    struct nn_weight weight;
    size_t begin, end; // bytes, from the start of the data
    int dtype;         // of these, until they are scaled: safetensors.c
    bool used;
};

struct nn_weights {
    struct nn_weight_entry **entries; // each on its own, since lent pointers must not move
    size_t count, capacity;
    json_t *metadata; // an object of strings, or NULL
    bool random;
    uint32_t seed;
};

// A new entry without shape and data; the weights own it.
struct nn_weight_entry *nn_weight_entry_add(struct nn_weights *weights, const char *name,
                                            struct mc_error *err);
bool nn_weight_entry_set_shape(struct nn_weight_entry *entry, const int *dims, int rank,
                               struct mc_error *err);
