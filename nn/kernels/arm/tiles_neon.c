// Convolution microkernels for NEON in float32. There are 32 vector registers; tile sizes
// leave room for four channels of each pixel and a vector of weights.

// First, since the microkernels are written in terms of it.
#include "nn/kernels/arm/vec128.h"

typedef vec words, acc;

static inline words words_load(const char *p)
{
    return vec_load((const float *)p);
}

static inline words words_load_first(const char *p)
{
    return vec_load_first((const float *)p, 1);
}

#define acc_add_lane(input, lane, weights, sum) vfmaq_laneq_f32(sum, weights, input, lane)

#include "nn/kernels/arm/lane_words.h"

#define NARROW CALLED // from float32 input, only a network's first maps are narrow

#include "nn/kernels/arm/kernels_arm.h"
#include "nn/kernels/arm/microkernel_set.h"
#include "nn/kernels/winograd_tile.h"

ARM_SET(nn_microkernels_neon, generic, 14, 9, 6, .pairs_rows = false)
WINOGRAD_SET(nn_winograd_neon, 12, 8, 6)
