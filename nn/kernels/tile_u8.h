// The case of bytes of conv_tile.h, the same for all vector widths: a word is four
// neighbouring channels, a sum is a whole number, exact. Wants what conv_tile.h wants
// of vec, and ivec, a vector of int32, with ivec_set1, ivec_zero, ivec_of(vec),
// vec_of(ivec); ivec_dot(sum, bytes, weights), which multiplies four unsigned bytes by
// four signed ones and adds.

#include <string.h>

#include "nn/kernels/conv_direct.h"

typedef ivec word, acc;

static inline word word_load(const char *p)
{
    int bits; // maps of small numbers may lie at any address
    memcpy(&bits, p, sizeof bits);
    return ivec_set1(bits);
}

static inline acc acc_start(const float *bias)
{
    (void)bias; // added in acc_value
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
#include "nn/kernels/conv_tile.h"
