// The inner loops of nn/kernels/conv_winograd.h, written once for all vector widths.
// Requires what nn/kernels/tile_f32.h requires, and vec_sub.

#include "nn/kernels/conv_winograd.h"
#include "nn/kernels/tile_f32.h"

static void f23_transform(const struct nn_winograd_f23_tile *tiles, int count, int channels,
                          float *to, size_t product_floats)
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

// The output transform of one tile: channels c to c + LANES - 1.
INLINE void f23_store(const struct nn_tile *args, const struct nn_winograd_f23_tile *tile, int c,
                      const vec *product)
{
    struct nn_tile at = *args;
    at.out += tile->out;
    at.residual = at.residual == NULL ? NULL : at.residual + tile->residual;
    at.partner = at.partner == NULL ? NULL : at.partner + tile->partner;
    if (tile->has_first) {
        tile_store(&at, args, 0, c, vec_add(vec_add(product[0], product[1]), product[2]));
    }
    if (tile->has_second) {
        tile_store(&at, args, 1, c, vec_sub(vec_sub(product[1], product[2]), product[3]));
    }
}

INLINE void f23_tiles(const struct nn_tile *args, const struct nn_winograd_f23_tile *tiles,
                      size_t product_bytes, const int count, const int vectors)
{
    vec product[SUMS_MAX][NN_WINOGRAD_F23_PRODUCTS];
    const size_t product_weights = (size_t)args->in_words * (size_t)vectors * LANES;
    for (int m = 0; m < NN_WINOGRAD_F23_PRODUCTS; m++) {
        acc sum[SUMS_MAX];
        UNROLL
        for (int i = 0; i < count * vectors; i++) {
            // Both outputs contain m1, so the bias is added there.
            sum[i] = m == 1 ? vec_load(args->bias + i % vectors * LANES) : vec_zero();
        }
        add_words(args->in + (size_t)m * product_bytes, args->in_step, args->in_words,
                  args->weights + (size_t)m * product_weights, sum, count, vectors);
        UNROLL
        for (int i = 0; i < count * vectors; i++) {
            product[i][m] = sum[i];
        }
    }
    for (int p = 0; p < count; p++) {
        UNROLL
        for (int v = 0; v < vectors; v++) {
            f23_store(args, &tiles[p], v * LANES, product[p * vectors + v]);
        }
    }
}

#define F23_NAME(kind, vectors, count) kind##_##vectors##_##count,
#define F23_FUNCTION(kind, vectors, count)                                                         \
    static void kind##_##vectors##_##count(const struct nn_tile *args,                             \
                                           const struct nn_winograd_f23_tile *tiles,               \
                                           size_t product_bytes)                                   \
    {                                                                                              \
        f23_tiles(args, tiles, product_bytes, count, vectors);                                     \
    }
#define F23_FUNCTIONS(vectors, up_to)                                                              \
    up_to(F23_FUNCTION, f23, vectors) static nn_winograd_f23_fn *const f23_##vectors[] = { up_to(  \
        F23_NAME, f23, vectors) };

// Defines the set called name, with up to t1, t2, t3 tiles per call for one, two and three
// vectors.
#define WINOGRAD_F23_SET(name, t1, t2, t3)                                                         \
    F23_FUNCTIONS(1, UP_TO_##t1)                                                                   \
    F23_FUNCTIONS(2, UP_TO_##t2)                                                                   \
    F23_FUNCTIONS(3, UP_TO_##t3)                                                                   \
    const struct nn_winograd_f23_set name = {                                                      \
        .lanes = LANES,                                                                            \
        .tiles_max = { t1, t2, t3 },                                                               \
        .microkernels = { f23_1, f23_2, f23_3 },                                                   \
        .transform = f23_transform,                                                                \
    };
