// The inner loops of nn/kernels/conv_winograd.h, written once for all vector widths.
// Requires what nn/kernels/tile_f32.h requires, and vec_sub.

#include "nn/kernels/conv_winograd.h"
#include "nn/kernels/tile_f32.h"

// a * b + c for a number a.
INLINE vec vec_times(float a, vec b, vec c)
{
    return vec_fma(vec_set1(a), b, c);
}

static void f23_input(const struct nn_winograd_tile *tiles, int count, int channels, float *to,
                      size_t product_floats)
{
    for (int i = 0; i < count; i++) {
        const float *const *in = tiles[i].in;
        for (int c = 0; c < channels; c += LANES, to += LANES) {
            const vec d0 = load_part(in[0] + c, channels - c);
            const vec d1 = load_part(in[1] + c, channels - c);
            const vec d2 = load_part(in[2] + c, channels - c);
            const vec d3 = load_part(in[3] + c, channels - c);
            vec_store(to, vec_sub(d0, d2));
            vec_store(to + product_floats, vec_add(d1, d2));
            vec_store(to + 2 * product_floats, vec_sub(d2, d1));
            vec_store(to + 3 * product_floats, vec_sub(d1, d3));
        }
    }
}

static void f43_input(const struct nn_winograd_tile *tiles, int count, int channels, float *to,
                      size_t product_floats)
{
    const float a = NN_WINOGRAD_A, b = NN_WINOGRAD_B;
    for (int i = 0; i < count; i++) {
        const float *const *in = tiles[i].in;
        for (int c = 0; c < channels; c += LANES, to += LANES) {
            const vec d0 = load_part(in[0] + c, channels - c);
            const vec d1 = load_part(in[1] + c, channels - c);
            const vec d2 = load_part(in[2] + c, channels - c);
            const vec d3 = load_part(in[3] + c, channels - c);
            const vec d4 = load_part(in[4] + c, channels - c);
            const vec d5 = load_part(in[5] + c, channels - c);
            const vec even_a = vec_times(-b * b, d2, d4), odd_a = vec_times(-b * b, d1, d3);
            const vec even_b = vec_times(-a * a, d2, d4), odd_b = vec_times(-a * a, d1, d3);
            vec_store(to, vec_times(a * a * b * b, d0, vec_times(-(a * a + b * b), d2, d4)));
            vec_store(to + product_floats, vec_times(a, odd_a, even_a));
            vec_store(to + 2 * product_floats, vec_times(-a, odd_a, even_a));
            vec_store(to + 3 * product_floats, vec_times(b, odd_b, even_b));
            vec_store(to + 4 * product_floats, vec_times(-b, odd_b, even_b));
            vec_store(to + 5 * product_floats,
                      vec_times(a * a * b * b, d1, vec_times(-(a * a + b * b), d3, d5)));
        }
    }
}

// count and vectors are constants in every call.
INLINE void winograd_product(const float *in, size_t in_step, int channels, const float *weights,
                             float *sums, size_t sum_step, const int count, const int vectors)
{
    acc sum[SUMS_MAX];
    UNROLL
    for (int i = 0; i < count * vectors; i++) {
        sum[i] = vec_zero();
    }
    add_words((const char *)in, in_step * sizeof *in, channels, weights, sum, count, vectors);
    UNROLL
    for (int p = 0; p < count; p++) {
        UNROLL
        for (int v = 0; v < vectors; v++) {
            vec_store(sums + v * LANES, sum[p * vectors + v]);
        }
        sums += sum_step;
    }
}

// The outputs of one tile and vector. step: floats from one product's sums to the next's.
INLINE void f23_outputs(const float *sums, size_t step, vec bias, vec *out)
{
    const vec m1 = vec_add(vec_load(sums + step), bias), m2 = vec_load(sums + 2 * step);
    out[0] = vec_add(vec_add(vec_load(sums), m1), m2);
    out[1] = vec_sub(vec_sub(m1, m2), vec_load(sums + 3 * step));
}

INLINE void f43_outputs(const float *sums, size_t step, vec bias, vec *out)
{
    const float a = NN_WINOGRAD_A, b = NN_WINOGRAD_B;
    const vec m1 = vec_load(sums + step), m2 = vec_load(sums + 2 * step);
    const vec m3 = vec_load(sums + 3 * step), m4 = vec_load(sums + 4 * step);
    const vec sum12 = vec_add(m1, m2), difference12 = vec_sub(m1, m2);
    const vec sum34 = vec_add(m3, m4), difference34 = vec_sub(m3, m4);
    out[0] = vec_add(vec_add(vec_load(sums), bias), vec_add(sum12, sum34));
    out[1] = vec_times(b, difference34, vec_times(a, difference12, bias));
    out[2] = vec_times(b * b, sum34, vec_times(a * a, sum12, bias));
    out[3] =
        vec_times(b * b * b, difference34,
                  vec_times(a * a * a, difference12, vec_add(vec_load(sums + 5 * step), bias)));
}

// simple: all outputs exist, in whole vectors, and there are no slopes.
INLINE void winograd_store(const struct nn_tile *at, const struct nn_tile *args,
                           const struct nn_winograd_tile *tile, const vec *out, const int outputs,
                           int c, const bool simple)
{
    UNROLL
    for (int p = 0; p < outputs; p++) {
        if (simple && at->partner == NULL) {
            vec value = out[p];
            if (at->residual != NULL) {
                const char *residual = at->residual + (size_t)p * at->residual_step;
                value = vec_add(value, vec_load((const float *)(const void *)residual + c));
            }
            char *to = at->out + (size_t)p * at->out_step;
            vec_store((float *)(void *)to + c, at->relu ? vec_max(value, vec_zero()) : value);
        } else if (tile->has[p]) {
            tile_store(at, args, p, c, out[p]);
        }
    }
}

INLINE void winograd_output(const struct nn_tile *args, const struct nn_winograd_tile *tiles,
                            int count, const float *sums, const int outputs, const int vectors)
{
    const size_t step = (size_t)(vectors * LANES);
    struct nn_tile at = *args; // a copy that no store can alias
    const bool simple = at.channels >= vectors * LANES && at.pre_slope == NULL &&
                        (at.slope == NULL || at.relu) &&
                        (at.residual == NULL || at.residual_channels >= vectors * LANES);
    for (int i = 0; i < count; i++, sums += (size_t)(outputs + 2) * step) {
        bool whole = simple;
        UNROLL
        for (int p = 0; p < outputs; p++) {
            whole = whole && tiles[i].has[p];
        }
        at.out = args->out + tiles[i].out;
        at.residual = args->residual == NULL ? NULL : args->residual + tiles[i].residual;
        at.partner = args->partner == NULL ? NULL : args->partner + tiles[i].partner;
        for (int v = 0; v < vectors; v++) {
            vec out[NN_WINOGRAD_OUTPUTS_MAX];
            const vec bias = vec_load(at.bias + v * LANES);
            if (outputs == 4) {
                f43_outputs(sums + v * LANES, step, bias, out);
            } else {
                f23_outputs(sums + v * LANES, step, bias, out);
            }
            if (whole) {
                winograd_store(&at, args, &tiles[i], out, outputs, v * LANES, true);
            } else {
                winograd_store(&at, args, &tiles[i], out, outputs, v * LANES, false);
            }
        }
    }
}

#define WINOGRAD_NAME(kind, vectors, count) kind##_##vectors##_##count,
#define WINOGRAD_PRODUCT(kind, vectors, count)                                                     \
    static void kind##_##vectors##_##count(const float *in, size_t in_step, int channels,          \
                                           const float *weights, float *sums, size_t sum_step)     \
    {                                                                                              \
        winograd_product(in, in_step, channels, weights, sums, sum_step, count, vectors);          \
    }
#define WINOGRAD_PRODUCTS(vectors, up_to)                                                          \
    up_to(WINOGRAD_PRODUCT, product,                                                               \
          vectors) static nn_winograd_product_fn *const product_##vectors[] = {                    \
        up_to(WINOGRAD_NAME, product, vectors)                                                     \
    };
#define WINOGRAD_OUTPUT(name, outputs, vectors)                                                    \
    static void name##_output_##vectors(const struct nn_tile *args,                                \
                                        const struct nn_winograd_tile *tiles, int count,           \
                                        const float *sums)                                         \
    {                                                                                              \
        winograd_output(args, tiles, count, sums, outputs, vectors);                               \
    }

// Defines the set called name, with up to t1, t2, t3 tiles per call for one, two and three
// vectors.
#define WINOGRAD_SET(name, t1, t2, t3)                                                             \
    WINOGRAD_PRODUCTS(1, UP_TO_##t1)                                                               \
    WINOGRAD_PRODUCTS(2, UP_TO_##t2)                                                               \
    WINOGRAD_PRODUCTS(3, UP_TO_##t3)                                                               \
    WINOGRAD_OUTPUT(f23, 2, 1)                                                                     \
    WINOGRAD_OUTPUT(f23, 2, 2)                                                                     \
    WINOGRAD_OUTPUT(f23, 2, 3)                                                                     \
    WINOGRAD_OUTPUT(f43, 4, 1)                                                                     \
    WINOGRAD_OUTPUT(f43, 4, 2)                                                                     \
    WINOGRAD_OUTPUT(f43, 4, 3)                                                                     \
    const struct nn_winograd_set name = {                                                          \
        .lanes = LANES,                                                                            \
        .input = { f23_input, f43_input },                                                         \
        .tiles_max = { t1, t2, t3 },                                                               \
        .product = { product_1, product_2, product_3 },                                            \
        .output = { { f23_output_1, f23_output_2, f23_output_3 },                                  \
                    { f43_output_1, f43_output_2, f43_output_3 } },                                \
    };
