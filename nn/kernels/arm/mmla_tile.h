// The microkernel for instructions that multiply matrices: two pixels of two words by two
// words of two output channels, into 2 x 2 sums. Weights are packed with pairs_rows
// (microkernel.h), so that a vector of them holds two words of each of two channels.
//
// Requires conv_tile.h; acc_zero(); mmla(sums, input, weights), where input and weights are
// bits in a vec; vec_bits and acc_bits, which turn an acc into a vec and back, bit by bit.

// Sums of two pixels and one vector of output channels: pixel 0's channels 0 and 1, then
// pixel 1's; channels 2 and 3 likewise.
struct mmla_sums {
    acc low, high;
};

// Words of two pixels: the first two, or the last two, of each.
INLINE vec first_words(vec a, vec b)
{
    return vreinterpretq_f32_f64(vzip1q_f64(vreinterpretq_f64_f32(a), vreinterpretq_f64_f32(b)));
}

INLINE vec last_words(vec a, vec b)
{
    return vreinterpretq_f32_f64(vzip2q_f64(vreinterpretq_f64_f32(a), vreinterpretq_f64_f32(b)));
}

// Four words, which need not be aligned.
INLINE vec load_words(const char *p)
{
    return vreinterpretq_f32_u8(vld1q_u8((const uint8_t *)p));
}

// The first `bytes` bytes, at most 8, of two pixels.
INLINE vec load_pair(const char *a, const char *b, size_t bytes)
{
    return vreinterpretq_f32_u8(vcombine_u8(load_bytes(a, bytes), load_bytes(b, bytes)));
}

// Adds the products of two words of each pixel.
INLINE void add_pairs(const vec *input, const float *weights, struct mmla_sums *sum,
                      const int pairs, const int vectors)
{
    UNROLL
    for (int v = 0; v < vectors; v++) {
        const vec low = vec_load(weights + 2 * v * LANES);
        const vec high = vec_load(weights + (2 * v + 1) * LANES);
        UNROLL
        for (int p = 0; p < pairs; p++) {
            struct mmla_sums *to = &sum[p * vectors + v];
            to->low = mmla(to->low, input[p], low);
            to->high = mmla(to->high, input[p], high);
        }
    }
}

// Adds the products of one word of each pixel: with zeros for the second.
INLINE void add_single(const vec *input, const float *weights, struct mmla_sums *sum,
                       const int pairs, const int vectors)
{
    UNROLL
    for (int v = 0; v < vectors; v++) {
        const vec weight = vec_load(weights + v * LANES);
        const vec low = vzip1q_f32(weight, vec_zero()), high = vzip2q_f32(weight, vec_zero());
        UNROLL
        for (int p = 0; p < pairs; p++) {
            struct mmla_sums *to = &sum[p * vectors + v];
            to->low = mmla(to->low, input[p], low);
            to->high = mmla(to->high, input[p], high);
        }
    }
}

// Adds the products of one tap. pixel: two per pair.
INLINE void add_tap(const char *const *pixel, ptrdiff_t at, ptrdiff_t words, const float *weights,
                    struct mmla_sums *sum, const int pairs, const int vectors)
{
    enum { PAIR = 2 * sizeof(float) };
    const int width = vectors * LANES;
    vec first[NN_TILE_PIXELS_MAX / 2], second[NN_TILE_PIXELS_MAX / 2];
    for (; words >= 4; words -= 4, at += 2 * PAIR, weights += 4 * width) {
        UNROLL
        for (int p = 0; p < pairs; p++) {
            const vec a = load_words(pixel[2 * p] + at), b = load_words(pixel[2 * p + 1] + at);
            first[p] = first_words(a, b);
            second[p] = last_words(a, b);
        }
        add_pairs(first, weights, sum, pairs, vectors);
        add_pairs(second, weights + 2 * width, sum, pairs, vectors);
    }
    if (words >= 2) {
        UNROLL
        for (int p = 0; p < pairs; p++) {
            first[p] = load_pair(pixel[2 * p] + at, pixel[2 * p + 1] + at, PAIR);
        }
        add_pairs(first, weights, sum, pairs, vectors);
        words -= 2;
        at += PAIR;
        weights += 2 * width;
    }
    if (words > 0) {
        UNROLL
        for (int p = 0; p < pairs; p++) {
            first[p] = load_pair(pixel[2 * p] + at, pixel[2 * p + 1] + at, PAIR / 2);
        }
        add_single(first, weights, sum, pairs, vectors);
    }
}

// With an odd number of pixels the last pair holds the last pixel twice.
INLINE void tile_mmla(const struct nn_tile *tile, const int pixels, const int vectors)
{
    const int pairs = (pixels + 1) / 2;
    const ptrdiff_t in_words = tile->in_words;
    struct mmla_sums sum[SUMS_MAX / 2];
    UNROLL
    for (int i = 0; i < pairs * vectors; i++) {
        sum[i].low = sum[i].high = acc_zero();
    }
    for (int t = 0; t < tile->valid_tap_count; t++) {
        const struct nn_valid_tap *tap = &tile->valid_taps[t];
        const float *weights = tile->weights + tap->tap * in_words * vectors * LANES;
        const char *pixel[NN_TILE_PIXELS_MAX];
        UNROLL
        for (int p = 0; p < 2 * pairs; p++) {
            const int last = p < pixels ? p : pixels - 1;
            pixel[p] = tile->in + tap->offset + (size_t)last * tile->in_step;
        }
        // Merged taps one by one, since rows are paired within a tap.
        for (ptrdiff_t at = 0; at < tap->words; at += in_words) {
            add_tap(pixel, at * (ptrdiff_t)sizeof(float), in_words, weights, sum, pairs, vectors);
            weights += in_words * vectors * LANES;
        }
    }
    acc pixel_sum[SUMS_MAX];
    UNROLL
    for (int p = 0; p < pixels; p++) {
        UNROLL
        for (int v = 0; v < vectors; v++) {
            const struct mmla_sums *from = &sum[p / 2 * vectors + v];
            const vec low = vec_bits(from->low), high = vec_bits(from->high);
            pixel_sum[p * vectors + v] =
                acc_bits(p % 2 == 0 ? first_words(low, high) : last_words(low, high));
        }
    }
    sums_store(tile, pixel_sum, pixels, vectors);
}
