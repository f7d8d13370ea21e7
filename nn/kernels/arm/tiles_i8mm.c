// Convolution microkernels for bytes: USMMLA multiplies two pixels of eight unsigned inputs by
// eight signed weights of two output channels and adds in int32, exactly.
#if !defined(__ARM_FEATURE_MATMUL_INT8)
#error "compile this file with -march=armv8.2-a+dotprod+i8mm"
#endif

#include "nn/kernels/arm/vec128.h"

static inline ivec ivec_dot(ivec sum, ivec bytes, ivec weights)
{
    return vusdotq_s32(sum, vreinterpretq_u8_s32(bytes), vreinterpretq_s8_s32(weights));
}

#include "nn/kernels/arm/kernels_arm.h"
#include "nn/kernels/arm/microkernel_set.h"
#include "nn/kernels/tile_u8.h"

#define acc_zero() ivec_zero()
#define acc_bits(v) vreinterpretq_s32_f32(v)
#define vec_bits(v) vreinterpretq_f32_s32(v)

static inline acc mmla(acc sums, vec input, vec weights)
{
    return vusmmlaq_s32(sums, vreinterpretq_u8_f32(input), vreinterpretq_s8_f32(weights));
}

#include "nn/kernels/arm/dot_u8.h"
#include "nn/kernels/arm/mmla_tile.h"

ARM_SET(nn_microkernels_i8mm, mmla, 12, 8, 6, .pairs_rows = true)
