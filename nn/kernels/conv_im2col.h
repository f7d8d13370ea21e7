// im2col: the windows of a convolution copied next to each other, as the pixels of a map.
// Used for maps of a few pixels and many channels; see conv_direct.h.
#pragma once

#include "nn/kernels/kernels.h"

// Whether it is faster than reading the map in place.
bool nn_conv_im2col_pays(const struct nn_conv *conv);

// Words in a window, all taps together.
int nn_conv_im2col_words(const struct nn_conv *conv);

// Floats of scratch that nn_conv_im2col needs; 0 where it doesn't pay.
size_t nn_conv_im2col_scratch(const struct nn_conv *conv);

// Copies the window of output pixel y, x; outside the map there are zeros.
void nn_conv_im2col_window(const struct nn_conv *conv, const struct nn_tensor *in, int y, int x,
                           float *window);

// Returns a map of the output's height and width whose pixels are windows. It lies in
// scratch; only the pixels of `rows` are written.
struct nn_tensor nn_conv_im2col(const struct nn_conv *conv, const struct nn_tensor *in,
                                struct nn_rows rows, float *scratch);
