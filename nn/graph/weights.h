// Weight files: safetensors, read and checked, with tensors looked up by name.
//
// The format is an 8-byte little-endian header length, a JSON header with each tensor's
// dtype, shape and byte range, and the raw little-endian data. The file is read, not mapped:
// if it shrinks while in use, that must not raise SIGBUS. Loading checks everything: the
// header's size and JSON, dtypes and shapes, that the ranges cover the data without gaps or
// overlaps, and that all numbers are finite.
// Source: github.com/huggingface/safetensors, "Format".
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum { NN_WEIGHT_DIMS_MAX = 4, NN_WEIGHT_NAME_BYTES = 96 };

struct nn_weight {
    char name[NN_WEIGHT_NAME_BYTES];
    int dims[NN_WEIGHT_DIMS_MAX]; // outermost first; 1 beyond rank
    int rank;
    size_t count; // of numbers: the product of dims
    float *data;  // float32, whatever the file's dtype
};

struct nn_weights;

// Reads dtypes F32, F16 and BF16, and refuses tensors of any other. Returns NULL and sets err on
// failure. Free with nn_weights_destroy. Any thread.
struct nn_weights *nn_weights_load(const char *path, struct mc_error *err) MC_MUST_USE;

// The same from bytes in memory, borrowed for the call.
struct nn_weights *nn_weights_parse(const uint8_t *bytes, size_t size,
                                    struct mc_error *err) MC_MUST_USE;

// Random weights: every tensor that is asked for is made up, as noise from a seed, at a scale
// that keeps activations near one. For benchmarks and tests of networks without a file.
struct nn_weights *nn_weights_create_random(uint32_t seed, struct mc_error *err) MC_MUST_USE;

// NULL does nothing.
void nn_weights_destroy(struct nn_weights *weights);

// The tensor called name, which must have this shape. Returns NULL and sets err to the name
// and both shapes if there is none. Borrowed from the weights. One thread.
const struct nn_weight *nn_weights_get(struct nn_weights *weights, const char *name,
                                       const int *dims, int rank, struct mc_error *err) MC_MUST_USE;

// The tensor called name, or NULL. Borrowed from the weights.
const struct nn_weight *nn_weights_find(const struct nn_weights *weights, const char *name);

// The value of key in the file's __metadata__, or NULL. Borrowed from the weights.
const char *nn_weights_metadata(const struct nn_weights *weights, const char *key);

// Sets key in memory. False and err when out of memory.
bool nn_weights_set_metadata(struct nn_weights *weights, const char *key, const char *value,
                             struct mc_error *err) MC_MUST_USE;

// Writes the file at source, which the weights were loaded from, to target, which may be the same,
// with the metadata of the weights: atomically, and no tensor changes. False and err, which names
// the file, on failure.
bool nn_weights_save_metadata(const struct nn_weights *weights, const char *source,
                              const char *target, struct mc_error *err) MC_MUST_USE;

// The name of the first tensor that no nn_weights_get has asked for, or NULL. Such a tensor
// is a sign that the file is for another network.
const char *nn_weights_unused(const struct nn_weights *weights);

// Numbers in all tensors that were asked for, except batch norms' statistics: the usual count
// of trained parameters.
size_t nn_weights_parameter_count(const struct nn_weights *weights);

// Calls each with every key and value of __metadata__, in the file's order.
void nn_weights_each_metadata(const struct nn_weights *weights,
                              void (*each)(void *user, const char *key, const char *value),
                              void *user);
