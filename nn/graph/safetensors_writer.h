// Writes weight files in the safetensors format; see nn/graph/weights.h.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "base/error.h"
#include "nn/graph/weights.h"

struct nn_safetensors_writer;

// A file without tensors. metadata: an object of strings, which becomes __metadata__;
// borrowed for the call. NULL and err when out of memory. One thread.
struct nn_safetensors_writer *nn_safetensors_writer_create(json_t *metadata,
                                                           struct mc_error *err) MC_MUST_USE;

// NULL does nothing.
void nn_safetensors_writer_destroy(struct nn_safetensors_writer *writer);

// Appends the tensor as F32. False and err when out of memory.
bool nn_safetensors_writer_add_f32(struct nn_safetensors_writer *writer,
                                   const struct nn_weight *weight,
                                   struct mc_error *err) MC_MUST_USE;

// Appends the tensor as I8 with a symmetric scale for each index of its outermost dimension:
// whole numbers from -127 to 127, and the tensor "<name>.scale". False and err when out of
// memory.
bool nn_safetensors_writer_add_i8(struct nn_safetensors_writer *writer,
                                  const struct nn_weight *weight, struct mc_error *err) MC_MUST_USE;

// Writes the file, replacing what is at path atomically. False and err, which names path, on
// failure.
bool nn_safetensors_writer_write(const struct nn_safetensors_writer *writer, const char *path,
                                 struct mc_error *err) MC_MUST_USE;
