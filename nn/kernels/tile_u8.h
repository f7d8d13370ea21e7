// conv_tile.h for byte inputs: a word is four adjacent channels, a sum is an exact int32.
// Requires of vec what conv_tile.h does, and ivec, a vector of int32, with ivec_set1,
// ivec_zero, ivec_of(vec), vec_of(ivec), and ivec_dot(sum, bytes, weights), which
// multiplies four unsigned bytes by four signed ones and adds the products to sum.

#include <string.h>

#include "nn/kernels/microkernel.h"

typedef ivec word, acc;

static inline word word_load(const char *p)
{
    int bits; // byte maps need not be aligned
    memcpy(&bits, p, sizeof bits);
    return ivec_set1(bits);
}

static inline acc acc_start(const float *bias)
{
    (void)bias; // acc_value adds it
    return ivec_zero();
}

static inline acc acc_add(word input, vec weights, acc sum)
{
    return ivec_dot(sum, input, ivec_of(weights));
}

static inline vec acc_value(acc sum, const struct nn_tile *tile, int channel)
{
    return vec_fma(vec_of(sum), vec_load(tile->scale + channel), vec_load(tile->bias + channel));
}

#define NARROW INLINE
#define BYTE_INPUT
#include "nn/kernels/conv_tile.h"
