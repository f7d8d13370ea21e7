#include "nn/kernels/conv_winograd.h"

#include <string.h>

enum {
    LINE_MIN = 6,         // every dilation'th pixel: on shorter lines, skipped taps save more
    CHANNELS_MIN = 24,    // of input: with fewer, the transform costs what it saves
    BATCH_FLOATS = 12288, // of transformed input: a small part of the L2 cache
    BATCH_MAX = 96,       // tiles
    BATCH_MULTIPLE = 24,  // a multiple of every tiles_max
};

static bool is_vertical(const struct nn_conv *conv)
{
    return conv->taps[2].dy != 0;
}

static int dilation_of(const struct nn_conv *conv)
{
    return conv->taps[2].dy + conv->taps[2].dx;
}

bool nn_winograd_f23_pays(const struct nn_conv *conv)
{
    if (conv->type != NN_F32 || conv->out_type != NN_F32 || conv->in_channels < CHANNELS_MIN ||
        conv->out_channels == 1 || !nn_conv_is_1d(conv)) {
        return false;
    }
    const int edge = is_vertical(conv) ? conv->out_height : conv->out_width;
    return edge / dilation_of(conv) >= LINE_MIN;
}

// ---- weights ------------------------------------------------------------------

static int round_up(int count, int multiple)
{
    return (count + multiple - 1) / multiple * multiple;
}

size_t nn_winograd_f23_weights(const struct nn_winograd_f23_set *set, const struct nn_conv *conv)
{
    return (size_t)NN_WINOGRAD_F23_PRODUCTS * (size_t)conv->in_channels *
           (size_t)round_up(conv->out_channels, set->lanes);
}

// The right factor of product m. g points to the first tap's weight; the other two follow
// at distances of tap_floats.
static float right_factor(int m, const float *g, size_t tap_floats)
{
    const float g0 = g[0], g1 = g[tap_floats], g2 = g[2 * tap_floats];
    switch (m) {
    case 0:
        return g0;
    case 1:
        return (g0 + g1 + g2) / 2;
    case 2:
        return (g0 - g1 + g2) / 2;
    default:
        return g2;
    }
}

void nn_winograd_f23_pack(const struct nn_winograd_f23_set *set, const struct nn_conv *conv,
                          const float *plain, float *packed)
{
    const size_t outs = (size_t)conv->out_channels, tap_floats = (size_t)conv->in_channels * outs;
    for (int left = round_up(conv->out_channels, set->lanes) / set->lanes, first = 0; left > 0;) {
        const int vectors = nn_tile_block_vectors(left), width = vectors * set->lanes;
        for (int m = 0; m < NN_WINOGRAD_F23_PRODUCTS; m++) {
            for (int ci = 0; ci < conv->in_channels; ci++) {
                for (int co = first; co < first + width; co++) {
                    const float *g = plain + (size_t)ci * outs + (size_t)co;
                    *packed++ = co < conv->out_channels ? right_factor(m, g, tap_floats) : 0;
                }
            }
        }
        left -= vectors;
        first += width;
    }
}

// ---- batches ------------------------------------------------------------------

// Tiles collected until they fill the scratch.
struct batch {
    const struct nn_winograd_f23_set *set;
    const struct nn_conv *conv;
    const struct nn_conv_maps *maps;
    float *zeros, *transformed; // in scratch
    int capacity;               // tiles that `transformed` can hold
    int count;
    struct nn_winograd_f23_tile tiles[BATCH_MAX];
};

static int batch_capacity(const struct nn_winograd_f23_set *set, const struct nn_conv *conv)
{
    const int tile_floats = NN_WINOGRAD_F23_PRODUCTS * round_up(conv->in_channels, set->lanes);
    const int capacity = BATCH_FLOATS / tile_floats / BATCH_MULTIPLE * BATCH_MULTIPLE;
    return capacity < BATCH_MULTIPLE ? BATCH_MULTIPLE : capacity > BATCH_MAX ? BATCH_MAX : capacity;
}

size_t nn_winograd_f23_scratch(const struct nn_winograd_f23_set *set, const struct nn_conv *conv)
{
    const size_t channels = (size_t)round_up(conv->in_channels, set->lanes);
    return channels * (1 + NN_WINOGRAD_F23_PRODUCTS * (size_t)batch_capacity(set, conv));
}

// Bytes from a tile's first output to its second.
static size_t step_of(const struct nn_tensor *map, const struct nn_conv *conv)
{
    const size_t stride = is_vertical(conv) ? map->row_stride : map->pixel_stride;
    return (size_t)dilation_of(conv) * stride * sizeof(float);
}

static void run_tiles(const struct batch *batch, struct nn_tile *args, int vectors)
{
    const struct nn_winograd_f23_set *set = batch->set;
    const int tiles_max = set->tiles_max[vectors - 1];
    int calls = (batch->count + tiles_max - 1) / tiles_max;
    args->in = (const char *)batch->transformed;
    for (int done = 0; done < batch->count; calls--) {
        const int count = (batch->count - done + calls - 1) / calls;
        set->microkernels[vectors - 1][count - 1](args, batch->tiles + done,
                                                  (size_t)batch->capacity * args->in_step);
        args->in += (size_t)count * args->in_step;
        done += count;
    }
}

static void run_batch(struct batch *batch)
{
    const struct nn_conv *conv = batch->conv;
    const struct nn_conv_maps *maps = batch->maps;
    const int lanes = batch->set->lanes;
    const size_t channels = (size_t)round_up(conv->in_channels, lanes);
    batch->set->transform(batch->tiles, batch->count, conv->in_channels, batch->transformed,
                          (size_t)batch->capacity * channels);
    struct nn_tile args;
    nn_tile_init(&args, conv, maps);
    args.in_step = channels * sizeof(float);
    args.out_step = step_of(&maps->out, conv);
    args.residual_step = step_of(&maps->residual, conv);
    args.partner_step = step_of(&maps->partner, conv);
    for (int left = round_up(conv->out_channels, lanes) / lanes; left > 0;) {
        const int vectors = nn_tile_block_vectors(left);
        run_tiles(batch, &args, vectors);
        nn_tile_next_block(&args, (size_t)NN_WINOGRAD_F23_PRODUCTS * (size_t)conv->in_channels,
                           vectors * lanes);
        left -= vectors;
    }
    batch->count = 0;
}

static ptrdiff_t offset_of(const struct nn_tensor *map, int y, int x)
{
    return ((ptrdiff_t)y * (ptrdiff_t)map->row_stride +
            (ptrdiff_t)x * (ptrdiff_t)map->pixel_stride) *
           (ptrdiff_t)sizeof(float);
}

// Adds the tile whose first output is y, x. Along the axis, outputs begin to end - 1 are to
// be stored.
static void add_tile(struct batch *batch, int y, int x, int begin, int end)
{
    const struct nn_conv_maps *maps = batch->maps;
    const struct nn_tap *step = &batch->conv->taps[2];
    const int at = is_vertical(batch->conv) ? y : x;
    struct nn_winograd_f23_tile *tile = &batch->tiles[batch->count++];
    for (int i = 0; i < NN_WINOGRAD_F23_PRODUCTS; i++) {
        const int iy = y + (i - 1) * step->dy, ix = x + (i - 1) * step->dx;
        tile->in[i] =
            nn_tensor_has(&maps->in, iy, ix) ? nn_tensor_at(&maps->in, iy, ix) : batch->zeros;
    }
    tile->out = offset_of(&maps->out, y, x);
    tile->residual = offset_of(&maps->residual, y, x);
    tile->partner = offset_of(&maps->partner, y, x);
    tile->has_first = at >= begin;
    tile->has_second = at + dilation_of(batch->conv) < end;
    if (batch->count == batch->capacity) {
        run_batch(batch);
    }
}

// Whether output `at` is the first of its tile: of every 2 * dilation outputs, the first
// half are. Counted from the map's edge, so that results are bit-identical however the rows
// are divided.
static bool is_first(int at, int dilation)
{
    return at % (2 * dilation) < dilation;
}

static void add_rows(struct batch *batch, struct nn_rows rows, int dilation)
{
    const int from = rows.begin < dilation ? 0 : rows.begin - dilation;
    for (int y = from; y < rows.end; y++) {
        for (int x = 0; is_first(y, dilation) && x < batch->maps->out.width; x++) {
            add_tile(batch, y, x, rows.begin, rows.end);
        }
    }
}

static void add_columns(struct batch *batch, struct nn_rows rows, int dilation)
{
    const int width = batch->maps->out.width;
    for (int y = rows.begin; y < rows.end; y++) {
        for (int x = 0; x < width; x++) {
            if (is_first(x, dilation)) {
                add_tile(batch, y, x, 0, width);
            }
        }
    }
}

void nn_winograd_f23(const struct nn_winograd_f23_set *set, const struct nn_conv *conv,
                     const struct nn_conv_maps *maps, struct nn_rows rows, float *scratch)
{
    struct batch batch;
    batch.set = set;
    batch.conv = conv;
    batch.maps = maps;
    batch.count = 0;
    batch.capacity = batch_capacity(set, conv);
    batch.zeros = scratch;
    batch.transformed = scratch + round_up(conv->in_channels, set->lanes);
    memset(scratch, 0, (size_t)conv->in_channels * sizeof *scratch);
    if (is_vertical(conv)) {
        add_rows(&batch, rows, dilation_of(conv));
    } else {
        add_columns(&batch, rows, dilation_of(conv));
    }
    if (batch.count > 0) {
        run_batch(&batch);
    }
}
