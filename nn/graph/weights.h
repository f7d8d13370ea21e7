// The weight file: safetensors, read, checked, lent out by name.
//
// The format is an 8-byte little-endian header length, a JSON header that
// gives each tensor's dtype, shape and byte range, and the raw little-endian
// data. The file is read, not mapped: one that shrinks while in use must not
// raise SIGBUS. Everything is checked at load: the header's size, the JSON,
// dtypes, shapes, that the ranges cover the data without gap or overlap, and
// that no number is NaN or infinite.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum { NN_WEIGHT_DIMS_MAX = 4, NN_WEIGHT_NAME_BYTES = 96 };

struct nn_weight {
    char name[NN_WEIGHT_NAME_BYTES];
    int dims[NN_WEIGHT_DIMS_MAX]; // outermost first; 1 beyond rank
    int rank;
    size_t count; // of numbers: the product of dims
    float *data;  // float32, whatever the file stores
};

struct nn_weights;

// Reads dtypes F32, F16, BF16 and I8; tensors of other dtypes are refused. An I8
// tensor "x" comes with a tensor "x.scale", one number for each of x's outermost
// dimension: it is lent out as their products. Returns
// NULL and sets err on failure. Free with nn_weights_destroy; NULL does nothing.
struct nn_weights *nn_weights_load(const char *path, struct mc_error *err) MC_MUST_USE;
struct nn_weights *nn_weights_parse(const uint8_t *bytes, size_t size,
                                    struct mc_error *err) MC_MUST_USE;

// Weights that invent every tensor that is asked for: seeded noise at a scale
// that keeps activations near one. For measuring and testing networks without a file.
struct nn_weights *nn_weights_create_random(uint32_t seed, struct mc_error *err) MC_MUST_USE;
void nn_weights_destroy(struct nn_weights *weights);

// The tensor called name, which must have this shape: rank dims. Returns NULL
// and sets err, with the name and both shapes, when there is none. Borrowed.
const struct nn_weight *nn_weights_get(struct nn_weights *weights, const char *name,
                                       const int *dims, int rank, struct mc_error *err) MC_MUST_USE;

// The tensor called name, or NULL. Borrowed.
const struct nn_weight *nn_weights_find(const struct nn_weights *weights, const char *name);

// The value of key in the file's __metadata__, or NULL. Borrowed.
const char *nn_weights_metadata(const struct nn_weights *weights, const char *key);

// Tensors that no nn_weights_get has asked for: a sign that the file is for
// another network. Returns the name of the first, or NULL. Calibrated ranges
// ("range.…") don't count: only some precisions want them.
const char *nn_weights_unused(const struct nn_weights *weights);

// Numbers in all tensors that were asked for, statistics of batch norms left out
// (the usual count of trained parameters).
size_t nn_weights_parameter_count(const struct nn_weights *weights);

// Calls each with every key and value of __metadata__, in the file's order.
void nn_weights_each_metadata(const struct nn_weights *weights,
                              void (*each)(void *user, const char *key, const char *value),
                              void *user);
