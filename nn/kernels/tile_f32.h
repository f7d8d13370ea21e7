// conv_tile.h for float32 inputs: a word is a float, a sum is a float. Requires of vec what
// conv_tile.h does, and vec_sum.

#include "nn/kernels/microkernel.h"

typedef vec word, acc;

static inline word word_load(const char *p)
{
    return vec_set1(*(const float *)p);
}

static inline acc acc_start(const float *bias)
{
    return vec_load(bias);
}

static inline acc acc_add(word input, vec weights, acc sum)
{
    return vec_fma(input, weights, sum);
}

static inline vec acc_value(acc sum, const struct nn_tile *tile, int channel)
{
    (void)tile;
    (void)channel;
    return sum;
}

#define FLOAT_INPUT
#include "nn/kernels/conv_tile.h"

static float dot(const void *weights, const void *in, int count)
{
    enum { SUMS = 4 }; // independent ones hide the latency of a multiply-add
    const float *a = weights, *b = in;
    vec sum[SUMS] = { vec_zero(), vec_zero(), vec_zero(), vec_zero() };
    int i = 0;
    for (; i + SUMS * LANES <= count; i += SUMS * LANES) {
        UNROLL
        for (int s = 0; s < SUMS; s++) {
            sum[s] = vec_fma(vec_load(a + i + s * LANES), vec_load(b + i + s * LANES), sum[s]);
        }
    }
    for (; i < count; i += LANES) {
        sum[0] = vec_fma(load_part(a + i, count - i), load_part(b + i, count - i), sum[0]);
    }
    return vec_sum(vec_add(vec_add(sum[0], sum[1]), vec_add(sum[2], sum[3])));
}
