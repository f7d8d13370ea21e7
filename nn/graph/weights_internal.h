// The fields of nn_weights, for the code that reads, makes up and saves weights.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "nn/graph/weights.h"

// The most numbers in one tensor, so that no product of sizes overflows.
#define NN_WEIGHT_COUNT_MAX (INT64_C(1) << 30)

struct nn_weight_entry {
    struct nn_weight weight;
    size_t begin, end; // of its bytes in the file's data
    int dtype;         // in the file; see safetensors.c
    bool used;         // by nn_weights_get
};

struct nn_weights {
    struct nn_weight_entry **entries; // allocated one by one, since borrowed pointers must not move
    size_t count, capacity;
    json_t *metadata; // an object of strings, or NULL
    bool random;
    uint32_t seed;
};

// Adds an entry without shape or data, which the weights own. NULL and err when out of
// memory.
struct nn_weight_entry *nn_weight_entry_add(struct nn_weights *weights, const char *name,
                                            struct mc_error *err);

// The entry of that name, or NULL.
struct nn_weight_entry *nn_weight_entry_find(const struct nn_weights *weights, const char *name);

// NULL does nothing.
void nn_weight_entry_destroy(struct nn_weight_entry *entry);

// False and err if there would be more than NN_WEIGHT_COUNT_MAX numbers.
bool nn_weight_entry_set_shape(struct nn_weight_entry *entry, const int *dims, int rank,
                               struct mc_error *err);

// The bytes of the file at path, to be freed. NULL and err, which names path, on failure.
uint8_t *nn_safetensors_read(const char *path, size_t *size, struct mc_error *err);

// The JSON header of a file's bytes, and where the tensors' bytes begin. NULL and err on failure.
json_t *nn_safetensors_header(const uint8_t *bytes, size_t size, size_t *data_offset,
                              struct mc_error *err);
