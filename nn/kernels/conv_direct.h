// The direct convolution: an implicit matrix product that pads nothing, and skips taps
// outside the map. This is its geometry, common to all vector widths; the inner loops are
// the microkernels (microkernel.h).
//
// The output is cut into rectangles, and those into lines, such that along each line every
// tap is either within the map for all pixels or outside it for all. Exceptions: a single
// output channel is a dot product per pixel (conv_dot.h); a map of a few pixels and many
// channels spends its time on fetching weights, so its windows are copied next to each
// other (conv_im2col.h) and each weight is fetched once for all pixels.
#pragma once

#include <stddef.h>

#include "nn/kernels/kernels.h"
#include "nn/kernels/microkernel.h"

// Computes the given output rows. scratch: nn_conv_direct_scratch floats. Any thread.
void nn_conv_direct(const struct nn_microkernel_set *set, const struct nn_conv *conv,
                    const struct nn_conv_maps *maps, struct nn_rows rows, float *scratch);
size_t nn_conv_direct_scratch(const struct nn_conv *conv);

// See nn_conv_size_fn and nn_conv_pack_fn in kernels.h.
size_t nn_conv_direct_weights(const struct nn_microkernel_set *set, const struct nn_conv *conv);
void nn_conv_direct_pack(const struct nn_microkernel_set *set, const struct nn_conv *conv,
                         const float *plain, float *packed);
