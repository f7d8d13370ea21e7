// The inner loops of nn/kernels/conv_winograd.h, written once for every vector width.
// Wants what nn/kernels/tile_f32.h gives, and vec_sub.

#include "nn/kernels/conv_winograd.h"
#include "nn/kernels/tile_f32.h"

static void spread(const struct nn_pair *pairs, int count, int channels, float *to,
                   size_t part_floats)
{
    for (int i = 0; i < count; i++) {
        const float *const *in = pairs[i].in;
        for (int c = 0; c < channels; c += LANES, to += LANES) {
            const vec d0 = load_part(in[0] + c, channels - c);
            const vec d1 = load_part(in[1] + c, channels - c);
            const vec d2 = load_part(in[2] + c, channels - c);
            const vec d3 = load_part(in[3] + c, channels - c);
            vec_store(to, vec_sub(d0, d2));
            vec_store(to + part_floats, vec_add(d1, d2));
            vec_store(to + 2 * part_floats, vec_sub(d2, d1));
            vec_store(to + 3 * part_floats, vec_sub(d1, d3));
        }
    }
}

// One product of all pairs.
INLINE void pair_product(const struct nn_tile *tile, const char *in, const float *weights, acc *sum,
                         const int pairs, const int vectors)
{
    const char *base[NN_TILE_PIXELS_MAX / 4];
    line_start(base, in, tile->in_step, pairs);
    for (ptrdiff_t c = 0; c < tile->in_words; c++, weights += vectors * LANES) {
        vec weight[NN_TILE_VECTORS_MAX];
        UNROLL
        for (int v = 0; v < vectors; v++) {
            weight[v] = vec_load(weights + v * LANES);
        }
        UNROLL
        for (int p = 0; p < pairs; p++) {
            word input = line_get(base, tile->in_step, p, c);
            UNROLL
            for (int v = 0; v < vectors; v++) {
                sum[p * vectors + v] = acc_add(input, weight[v], sum[p * vectors + v]);
            }
        }
    }
}

INLINE void pair_store(const struct nn_tile *tile, const struct nn_pair *pair, int c,
                       const vec *product)
{
    struct nn_tile at = *tile;
    at.out += pair->out;
    at.residual = at.residual == NULL ? NULL : at.residual + pair->residual;
    at.partner = at.partner == NULL ? NULL : at.partner + pair->partner;
    if (pair->first) {
        tile_store(&at, tile, 0, c, vec_add(vec_add(product[0], product[1]), product[2]));
    }
    if (pair->second) {
        tile_store(&at, tile, 1, c, vec_sub(vec_sub(product[1], product[2]), product[3]));
    }
}

INLINE void tile_pairs(const struct nn_tile *tile, const struct nn_pair *pairs, size_t part_bytes,
                       const int count, const int vectors)
{
    vec product[SUMS_MAX][NN_PAIR_PARTS];
    const size_t part_weights = (size_t)tile->in_words * (size_t)vectors * LANES;
    for (int part = 0; part < NN_PAIR_PARTS; part++) {
        acc sum[SUMS_MAX];
        UNROLL
        for (int i = 0; i < count * vectors; i++) {
            // Both outputs have m1 in them: with it, the bias.
            sum[i] = part == 1 ? vec_load(tile->bias + i % vectors * LANES) : vec_zero();
        }
        pair_product(tile, tile->in + (size_t)part * part_bytes,
                     tile->weights + (size_t)part * part_weights, sum, count, vectors);
        UNROLL
        for (int i = 0; i < count * vectors; i++) {
            product[i][part] = sum[i];
        }
    }
    for (int p = 0; p < count; p++) {
        UNROLL
        for (int v = 0; v < vectors; v++) {
            pair_store(tile, &pairs[p], v * LANES, product[p * vectors + v]);
        }
    }
}

#define PAIR_TILE_NAME(kind, vectors, count) kind##_##vectors##_##count,
#define PAIR_TILE(kind, vectors, count)                                                            \
    static void kind##_##vectors##_##count(const struct nn_tile *tile,                             \
                                           const struct nn_pair *pairs, size_t part_bytes)         \
    {                                                                                              \
        tile_pairs(tile, pairs, part_bytes, count, vectors);                                       \
    }
#define PAIR_TILES(vectors, up_to)                                                                 \
    up_to(PAIR_TILE, pairs, vectors) static nn_pair_tile_fn *const pairs_##vectors[] = { up_to(    \
        PAIR_TILE_NAME, pairs, vectors) };

// Defines the set called name: its tiles have up to p1, p2, p3 pairs, by number of
// vectors.
#define PAIR_SET(name, p1, p2, p3)                                                                 \
    PAIR_TILES(1, UP_TO_##p1)                                                                      \
    PAIR_TILES(2, UP_TO_##p2)                                                                      \
    PAIR_TILES(3, UP_TO_##p3)                                                                      \
    const struct nn_pair_set name = {                                                              \
        .lanes = LANES,                                                                            \
        .most = { p1, p2, p3 },                                                                    \
        .tiles = { pairs_1, pairs_2, pairs_3 },                                                    \
        .spread = spread,                                                                          \
    };
