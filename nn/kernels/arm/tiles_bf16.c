// Convolution microkernels for bfloat16: BFMMLA multiplies two pixels of four inputs by four
// weights of two output channels and adds in float32.
#if !defined(__ARM_FEATURE_BF16_VECTOR_ARITHMETIC)
#error "compile this file with -march=armv8.2-a+bf16"
#endif

#include "nn/kernels/arm/vec128.h"
#include "nn/kernels/microkernel.h"

// A word is two adjacent channels; a sum is a float.
typedef bfloat16x8_t word;
typedef vec acc;

static inline word word_load(const char *p)
{
    int bits; // bfloat16 maps need not be aligned
    memcpy(&bits, p, sizeof bits);
    return vreinterpretq_bf16_s32(ivec_set1(bits));
}

static inline acc acc_start(const float *bias)
{
    (void)bias; // acc_value adds it
    return vec_zero();
}

static inline acc acc_add(word input, vec weights, acc sum)
{
    return vbfdotq_f32(sum, input, vreinterpretq_bf16_f32(weights));
}

static inline vec acc_value(acc sum, const struct nn_tile *tile, int channel)
{
    return vec_add(sum, vec_load(tile->bias + channel));
}

#define NARROW INLINE
#include "nn/kernels/arm/kernels_arm.h"
#include "nn/kernels/arm/microkernel_set.h"
#include "nn/kernels/conv_tile.h"

#define acc_zero() vec_zero()
#define acc_bits(v) (v)
#define vec_bits(v) (v)

static inline acc mmla(acc sums, vec input, vec weights)
{
    return vbfmmlaq_f32(sums, vreinterpretq_bf16_f32(input), vreinterpretq_bf16_f32(weights));
}

#include "nn/kernels/arm/mmla_tile.h"

static float dot(const void *weights, const void *in, int count)
{
    const uint16_t *a = weights, *b = in;
    vec sum = vec_zero();
    for (int i = 0; i < count; i += LANES) {
        sum = vec_fma(vec_load_bf16(a + i, count - i), vec_load_bf16(b + i, count - i), sum);
    }
    return vec_sum(sum);
}

ARM_SET(nn_microkernels_arm_bf16, mmla, 12, 8, 6, .pairs_rows = true)
