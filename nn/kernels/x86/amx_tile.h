// The generic microkernel on AMX: a register of up to 16 pixels x 16 words of input, times
// one of 16 words x 16 output channels, into one of 16 pixels x 16 sums. Packed weights
// have the same layout as for the other microkernels.
// Source: Intel 64 and IA-32 Architectures Software Developer's Manual, volume 1,
// chapter 18.
//
// Requires conv_tile.h; amx_multiply(sums, input, weights), which takes numbers of tile
// registers; amx_value(sums, tile, channel), which turns 16 sums in memory into a vec.

#include <stdint.h>

enum { AMX_EDGE = 16 }; // rows of a register, and words of a row

// Register numbers. 0 to 2 are the sums of up to three vectors. The words of a tap beyond
// the last multiple of 16 have registers of their own, which are shaped for them.
#define AMX_INPUT 3
#define AMX_INPUT_REST 4
#define AMX_WEIGHTS 5
#define AMX_WEIGHTS_REST 6

// What LDTILECFG reads.
struct amx_config {
    uint8_t palette, start_row, reserved[14];
    uint16_t row_bytes[16];
    uint8_t rows[16];
};

// How this thread's registers are configured; doing so takes as long as a dozen products.
// 0 pixels: they are released.
static _Thread_local struct {
    int pixels, rest;
} amx_configured;

static void amx_release(void)
{
    if (amx_configured.pixels != 0) {
        _tile_release();
        amx_configured.pixels = 0;
    }
}

static void shape_register(struct amx_config *config, int number, int rows, int words)
{
    config->rows[number] = (uint8_t)rows;
    config->row_bytes[number] = (uint16_t)(words * (int)sizeof(float));
}

// rest: words of a tap beyond the last multiple of 16.
static void amx_configure(int pixels, int rest)
{
    if (amx_configured.pixels == pixels && amx_configured.rest == rest) {
        return;
    }
    struct amx_config config = { .palette = 1 };
    for (int i = 0; i < NN_TILE_VECTORS_MAX; i++) {
        shape_register(&config, i, pixels, AMX_EDGE);
    }
    shape_register(&config, AMX_INPUT, pixels, AMX_EDGE);
    shape_register(&config, AMX_WEIGHTS, AMX_EDGE, AMX_EDGE);
    if (rest > 0) {
        shape_register(&config, AMX_INPUT_REST, pixels, rest);
        shape_register(&config, AMX_WEIGHTS_REST, rest, AMX_EDGE);
    }
    _tile_loadconfig(&config);
    amx_configured.pixels = pixels;
    amx_configured.rest = rest;
}

// Multiplies one register of input by the weights of each vector.
#define AMX_PRODUCTS(input, held, in, step, weights, vectors)                                      \
    do {                                                                                           \
        _tile_loadd(input, in, step);                                                              \
        _tile_loadd(held, weights, (vectors)*LANES * sizeof(float));                               \
        amx_multiply(0, input, held);                                                              \
        if ((vectors) > 1) {                                                                       \
            _tile_loadd(held, (weights) + LANES, (vectors)*LANES * sizeof(float));                 \
            amx_multiply(1, input, held);                                                          \
        }                                                                                          \
        if ((vectors) > 2) {                                                                       \
            _tile_loadd(held, (weights) + 2 * LANES, (vectors)*LANES * sizeof(float));             \
            amx_multiply(2, input, held);                                                          \
        }                                                                                          \
    } while (0)

// Adds all products of one tap; returns the next tap's weights.
INLINE const float *amx_tap(const char *in, size_t step, const float *weights, ptrdiff_t words,
                            const int vectors)
{
    for (; words >= AMX_EDGE; words -= AMX_EDGE, in += AMX_EDGE * sizeof(float)) {
        AMX_PRODUCTS(AMX_INPUT, AMX_WEIGHTS, in, step, weights, vectors);
        weights += AMX_EDGE * vectors * LANES;
    }
    if (words > 0) {
        AMX_PRODUCTS(AMX_INPUT_REST, AMX_WEIGHTS_REST, in, step, weights, vectors);
        weights += words * vectors * LANES;
    }
    return weights;
}

INLINE void amx_sums(const struct nn_tile *tile, const int pixels, const int vectors)
{
    float sums[NN_TILE_VECTORS_MAX][AMX_EDGE * AMX_EDGE];
    const ptrdiff_t in_words = tile->in_words;
    amx_configure(pixels, (int)(in_words % AMX_EDGE));
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    for (int t = 0; t < tile->valid_tap_count; t++) {
        const struct nn_valid_tap *tap = &tile->valid_taps[t];
        const char *in = tile->in + tap->offset;
        const float *weights = tile->weights + tap->tap * in_words * vectors * LANES;
        // Merged taps one by one, so that the rest is the same for all.
        for (ptrdiff_t words = tap->words; words > 0; words -= in_words) {
            weights = amx_tap(in, tile->in_step, weights, in_words, vectors);
            in += in_words * (ptrdiff_t)sizeof(float);
        }
    }
    _tile_stored(0, sums[0], AMX_EDGE * sizeof(float));
    if (vectors > 1) {
        _tile_stored(1, sums[1], AMX_EDGE * sizeof(float));
    }
    if (vectors > 2) {
        _tile_stored(2, sums[2], AMX_EDGE * sizeof(float));
    }
    const struct nn_tile at = *tile;
    for (int p = 0; p < pixels; p++) {
        UNROLL
        for (int v = 0; v < vectors; v++) {
            tile_store(&at, tile, p, v * LANES, amx_value(sums[v] + p * AMX_EDGE, &at, v * LANES));
        }
    }
}

static void amx_sums_1(const struct nn_tile *tile, int pixels)
{
    amx_sums(tile, pixels, 1);
}

static void amx_sums_2(const struct nn_tile *tile, int pixels)
{
    amx_sums(tile, pixels, 2);
}

static void amx_sums_3(const struct nn_tile *tile, int pixels)
{
    amx_sums(tile, pixels, 3);
}

#define tile_amx(tile, pixels, vectors) amx_sums_##vectors(tile, pixels)

// Defines the set called name. Requires dot.
#define AMX_SET(name)                                                                              \
    MICROKERNELS(amx, 1, UP_TO_16)                                                                 \
    MICROKERNELS(amx, 2, UP_TO_16)                                                                 \
    MICROKERNELS(amx, 3, UP_TO_16)                                                                 \
    const struct nn_microkernel_set name = {                                                       \
        .lanes = LANES,                                                                            \
        .generic_pixels = { AMX_EDGE, AMX_EDGE, AMX_EDGE },                                        \
        .generic = { amx_1, amx_2, amx_3 },                                                        \
        .dot = dot,                                                                                \
        .release = amx_release,                                                                    \
    };
