// Convolution microkernels for bytes: vpdpbusd multiplies four unsigned inputs by four
// signed weights and adds in int32, exactly; tdpbusd does so for whole tile registers.
#if !(defined(__AVX512VNNI__) && (defined(__AMX_INT8__) || defined(__AMXINT8__)))
#error "compile this file with -mavx512vnni -mamx-tile -mamx-int8 and the flags of tiles_avx512.c"
#endif

#include "nn/kernels/x86/vec512.h"

static inline ivec ivec_dot(ivec sum, ivec bytes, ivec weights)
{
    return _mm512_dpbusd_epi32(sum, bytes, weights);
}

#include "nn/kernels/tile_u8.h"
#include "nn/kernels/x86/kernels_x86.h"

static float dot(const void *weights, const void *in, int count)
{
    const uint8_t *a = in, *b = weights;
    __m512i sum = _mm512_setzero_si512();
    for (int i = 0; i < count; i += 64) {
        __mmask64 mask = count - i >= 64 ? ~UINT64_C(0) : (UINT64_C(1) << (count - i)) - 1;
        sum = _mm512_dpbusd_epi32(sum, _mm512_maskz_loadu_epi8(mask, a + i),
                                  _mm512_maskz_loadu_epi8(mask, b + i));
    }
    return (float)_mm512_reduce_add_epi32(sum);
}

MICROKERNEL_SET(nn_microkernels_avx512_u8, 24, 14, 9, 20, 10, 6)

#define amx_multiply(sums, input, weights) _tile_dpbusd(sums, input, weights)

static inline vec amx_value(const float *sums, const struct nn_tile *tile, int channel)
{
    return acc_value(_mm512_loadu_si512(sums), tile, channel);
}

#include "nn/kernels/x86/amx_tile.h"

AMX_SET(nn_microkernels_amx_u8)
