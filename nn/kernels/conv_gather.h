// The windows of a convolution side by side, as a map: for maps of a few pixels and
// many channels (see conv_direct.h).
#pragma once

#include "nn/kernels/kernels.h"

// Whether that pays.
bool nn_conv_is_gathered(const struct nn_conv *conv);

// Words of a window: those of all taps.
int nn_conv_gather_words(const struct nn_conv *conv);

// Floats that nn_conv_gather wants; 0 where it doesn't pay.
size_t nn_conv_gather_scratch(const struct nn_conv *conv);

// A map as large as the output, whose pixels are windows. It lies in scratch; of it
// only `rows` are written.
struct nn_tensor nn_conv_gather(const struct nn_conv *conv, const struct nn_tensor *in,
                                struct nn_rows rows, float *scratch);
