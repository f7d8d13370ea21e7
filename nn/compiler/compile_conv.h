// Pass 5, for each convolution: its taps, its weights with the norm folded in, packed, and
// its activations.
#pragma once

#include <stdbool.h>

#include "nn/compiler/program.h"

struct nn_compiler;
struct nn_fusion_candidate;
struct nn_op;

// Fills in step->conv and step->macs. Full and depthwise convolutions. Returns false when
// out of memory.
bool nn_compiler_build_conv(struct nn_compiler *compiler,
                            const struct nn_fusion_candidate *candidate, struct nn_step *step);

// The part of a map's view that the candidate's phase writes; all of it without phases.
struct nn_view nn_compiler_phase_view(const struct nn_fusion_candidate *candidate,
                                      struct nn_view view);

// The number of taps in the candidate's convolution; 0 for other operators.
int nn_compiler_tap_count(const struct nn_fusion_candidate *candidate);

// The slopes of an activation per channel (zeros for a ReLU), repeated `copies` times and
// padded like biases. NULL when out of memory.
const float *nn_compiler_alloc_slopes(struct nn_compiler *compiler, const struct nn_op *act,
                                      int channels, int copies);
