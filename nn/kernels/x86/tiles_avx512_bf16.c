// Convolution microkernels for bfloat16: vdpbf16ps multiplies two by two and adds in
// float32; tdpbf16ps does so for whole tile registers.
#if !(defined(__AVX512BF16__) && (defined(__AMX_BF16__) || defined(__AMXBF16__)))
#error "compile this file with -mavx512bf16 -mamx-tile -mamx-bf16 and the flags of tiles_avx512.c"
#endif

#include <string.h>

#include "nn/kernels/microkernel.h"
#include "nn/kernels/x86/vec512.h"

// A word is two adjacent channels; a sum is a float.
typedef __m512bh word;
typedef vec acc;

static inline word word_load(const char *p)
{
    int bits; // bfloat16 maps need not be aligned
    memcpy(&bits, p, sizeof bits);
    return (__m512bh)_mm512_set1_epi32(bits);
}

static inline acc acc_start(const float *bias)
{
    return vec_load(bias);
}

static inline acc acc_add(word input, vec weights, acc sum)
{
    return _mm512_dpbf16_ps(sum, input, (__m512bh)weights);
}

static inline vec acc_value(acc sum, const struct nn_tile *tile, int channel)
{
    (void)tile;
    (void)channel;
    return sum;
}

#define NARROW INLINE
#include "nn/kernels/conv_tile.h"
#include "nn/kernels/x86/kernels_x86.h"

static float dot(const void *weights, const void *in, int count)
{
    const uint16_t *a = weights, *b = in;
    vec sum = vec_zero();
    for (int i = 0; i < count; i += LANES) {
        sum = vec_fma(vec_load_bf16(a + i, count - i), vec_load_bf16(b + i, count - i), sum);
    }
    return vec_sum(sum);
}

MICROKERNEL_SET(nn_microkernels_avx512_bf16, 24, 14, 9, 20, 10, 6)

#define amx_multiply(sums, input, weights) _tile_dpbf16ps(sums, input, weights)

static inline vec amx_value(const float *sums, const struct nn_tile *tile, int channel)
{
    return vec_add(vec_load(sums), vec_load(tile->bias + channel));
}

#include "nn/kernels/x86/amx_tile.h"

AMX_SET(nn_microkernels_amx_bf16)
